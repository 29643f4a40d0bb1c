// Fetching files of the server: side by side, each into a partial file beside its target that is
// renamed when it is whole and its checksum is right; what an interrupted run left of it is
// continued if the server's file is still the same.  cli.md sections 11.2 and 16.
//
// One job at a time.  Blocks on network and disk until all is there, given up or cancelled
// (RestClient::op).
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/rest_client.h"
#include "files/files.h"

namespace vams::cli {

struct DownloadItem {
  std::string database, asset;
  std::string key;  // path in the asset; for an asset's preview only shown
  bool asset_preview = false;
  std::string full_key;        // as the store has it; empty: `key` says enough
  std::string version, alias;  // of the asset; at most one
  std::string url;             // if it is known already
  files::Path target;
  std::optional<std::uint64_t> size;
};

// What to do with a local file that is there already.
enum class Existing : std::uint8_t {
  kReplace,  // unless it has the same content
  kSkip,
  kFail,
};

struct DownloadJob {
  std::vector<DownloadItem> items;
  std::size_t parallel = 5;
  int retries = 3;
  std::chrono::seconds idle{60};
  Existing existing = Existing::kReplace;
  bool show_progress = true;
};

struct DownloadedFile {
  enum class Outcome : std::uint8_t { kFetched, kUnchanged, kSkipped, kFailed };
  std::string key;
  files::Path target;
  Outcome outcome = Outcome::kFailed;
  std::uint64_t size = 0;
  bool verified = false;        // by a checksum, not by its size alone
  std::uint64_t continued = 0;  // bytes that an earlier run had fetched
  std::string error;
};

struct DownloadReport {
  std::vector<DownloadedFile> files;  // in the job's order
  double seconds = 0;
  bool interrupted = false;
  std::optional<Error> stopped_by;  // why the rest was not tried
};

// The server's answer of api-assets.md section 8.1.
Result<boost::json::value> AskForDownload(RestClient& client, const DownloadItem& item);

DownloadReport RunDownload(RestClient& client, const DownloadJob& job);

}  // namespace vams::cli
