#include "testing/dynamodb_server.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

namespace vams::testing {

namespace {

// The same as in tools/fetch_dynamodb_local.
constexpr const char* kDynamoDbLocalFolder = "dynamodb-local-2.5.4";
constexpr const char* kDynaliteFolder = "dynalite-4.0.0";

Result<std::unique_ptr<LocalServer>> StartServer(DynamoDbServer::Kind kind) {
  const bool local = kind == DynamoDbServer::Kind::kDynamoDbLocal;
  const auto folder = CacheFolder() / (local ? kDynamoDbLocalFolder : kDynaliteFolder);
  std::error_code ec;
  if (!std::filesystem::exists(folder, ec))
    return Error(Code::kNotFound, fmt::format("{} is not there, so there is no server to test "
                                              "against; run tools/setup and "
                                              "tools/fetch_dynamodb_local",
                                              folder.string()));
  if (!local)
    return LocalServer::Start([&](std::uint16_t port) {
      return std::vector<std::string>{"node",
                                      folder / "node_modules" / "dynalite" / "cli.js",
                                      "--host",
                                      "127.0.0.1",
                                      "--port",
                                      std::to_string(port),
                                      "--createTableMs",
                                      "0",
                                      "--deleteTableMs",
                                      "0"};
    });
  const std::string lib = folder / "lib";
  // A small heap and the first-level compiler: the tests are short and share their machine.
  return LocalServer::Start([&](std::uint16_t port) {
    return std::vector<std::string>{"java",
                                    "-Xmx768m",
                                    "-XX:+UseSerialGC",
                                    "-XX:TieredStopAtLevel=1",
                                    "-Xshare:auto",
                                    "-Djava.library.path=" + lib,
                                    "-cp",
                                    lib + "/*",
                                    "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
                                    "-inMemory",
                                    "-sharedDb",
                                    "-disableTelemetry",
                                    "-port",
                                    std::to_string(port)};
  });
}

}  // namespace

LocalServer& DynamoDbServer::Shared(Kind kind) {
  static std::unique_ptr<LocalServer> servers[2];
  return SharedServer(servers[static_cast<int>(kind)], [&] { return StartServer(kind); });
}

}  // namespace vams::testing
