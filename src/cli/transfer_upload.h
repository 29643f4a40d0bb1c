// Sending files to an asset: in sequences of requests, their parts side by side, each part checked
// against the checksum that the server answers with, and an interrupted job continued where it was.
// api-assets.md section 5, cli.md sections 11.1 and 16.
//
// One job at a time.  Blocks on network and disk until all is sent, given up or cancelled
// (RestClient::op).
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "cli/rest_client.h"
#include "cli/transfer_files.h"

namespace vams::cli {

struct UploadJob {
  std::string database, asset;
  bool asset_preview = false;
  std::vector<UploadFile> files;  // with their part sizes; their keys differ
  std::size_t parallel = 10;      // parts under way
  int retries = 3;                // of a part, after the first try
  bool show_progress = true;
  bool fresh = false;   // forget what an interrupted run left
  std::string sources;  // what was asked for: the same text continues the same job
};

struct UploadedFile {
  UploadFile file;
  bool ok = false;
  bool earlier = false;  // an interrupted run had brought it
  std::string error;     // if not ok
};

struct UploadReport {
  std::vector<UploadedFile> files;
  boost::json::array sequences;  // cli.md section 11.1, "sequence_results"
  double seconds = 0;
  bool large_files_later = false;     // the server is still joining some
  bool interrupted = false;           // Ctrl-C
  std::optional<Error> stopped_by;    // why the rest was not tried
  std::uint64_t continued_parts = 0;  // that an interrupted run had sent
};

// Errors are those that stop everything before anything is sent.
Result<UploadReport> RunUpload(RestClient& client, const UploadJob& job);

}  // namespace vams::cli
