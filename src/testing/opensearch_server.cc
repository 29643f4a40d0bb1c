#include "testing/opensearch_server.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vams::testing {

namespace {

// The same as in tools/fetch_opensearch.
files::Path Folder() { return CacheFolder() / "opensearch-2.19.3"; }

}  // namespace

bool OpenSearchServer::IsThere() {
  std::error_code ec;
  return std::filesystem::exists(Folder(), ec);
}

LocalServer& OpenSearchServer::Shared() {
  static std::optional<files::TempFolder> home;  // outlives the server, which writes there
  static std::unique_ptr<LocalServer> server;
  return SharedServer(server, []() -> Result<std::unique_ptr<LocalServer>> {
    TRY(auto folder,
        files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-opensearch-"));
    home.emplace(std::move(folder));
    TRY_OK(files::MakeFolders(home->path() / "config"));
    return LocalServer::Start([](std::uint16_t port) {
      return std::vector<std::string>{
          "java",
          "-Xms512m",
          "-Xmx512m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xshare:auto",
          "-cp",
          (Folder() / "lib").string() + "/*:" + (Folder() / "classes").string(),
          "OpenSearchNode",
          home->path().string(),
          std::to_string(port)};
    });
  });
}

}  // namespace vams::testing
