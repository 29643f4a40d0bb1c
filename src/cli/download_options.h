// What the commands that download have in common: options, targets that cannot clash, and reports.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "cli/client_input.h"
#include "cli/transfer_download.h"

namespace vams::cli {

struct DownloadOptions {
  std::size_t parallel = 5, retries = 3, timeout = 60;
  std::string existing = "overwrite";
  bool hide_progress = false;

  // `progress_flag` and `timeout_option`: the names that upstream's command has for them.
  void AddOptions(CLI::App& command, const char* progress_flag, const char* timeout_option);
  DownloadJob Job(const Context& context) const;
};

// Files to fetch, and what cannot be.  Every local path is taken once.
class DownloadList {
 public:
  // `item.target` is the folder; the file's path in it becomes that of `local_key`.
  void Add(DownloadItem item, const std::string& local_key);
  // To this very path.
  void AddAt(DownloadItem item);
  void AddFailure(const std::string& key, const std::string& why);

  std::vector<DownloadItem> items;
  std::vector<DownloadedFile> failures;

 private:
  std::map<files::Path, std::string> taken_;  // the key of each target
};

// Fetches the list.  `report` becomes what upstream's client prints with --json-output; with
// `print`, a person gets it on standard output, what failed on standard error.  The exit status.
Result<int> Download(RestClient& client, DownloadList list, const DownloadOptions& options,
                     boost::json::object& report, bool print);

}  // namespace vams::cli
