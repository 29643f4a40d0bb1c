#include "cli/download_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/local_names.h"
#include "cli/stoppable.h"
#include "cli/terminal.h"
#include "cli/transfer_progress.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

using Outcome = DownloadedFile::Outcome;

struct DownloadTotals {
  std::size_t ok = 0, failed = 0, unchanged = 0, skipped = 0, verified = 0, continued = 0;
  std::uint64_t bytes = 0, fetched = 0;

  explicit DownloadTotals(const std::vector<DownloadedFile>& files) {
    for (const auto& file : files) {
      ++(file.outcome == Outcome::kFailed ? failed : ok);
      if (file.outcome == Outcome::kUnchanged) ++unchanged;
      if (file.outcome == Outcome::kSkipped) ++skipped;
      if (file.verified) ++verified;
      if (file.continued > 0 && file.outcome == Outcome::kFetched) ++continued;
      bytes += file.size;
      if (file.outcome == Outcome::kFetched)
        fetched += file.size - std::min(file.size, file.continued);
    }
  }
};

json::object ToJson(const DownloadReport& report, const DownloadTotals& totals) {
  json::array good, bad, unverified;
  for (const auto& file : report.files) {
    json::object one{{"relative_key", file.key}, {"local_path", file.target.string()}};
    if (file.outcome == Outcome::kFailed) {
      one["error"] = file.error;
      bad.push_back(std::move(one));
      continue;
    }
    one["size"] = file.size;
    if (file.outcome == Outcome::kFetched && !file.verified)
      unverified.push_back(json::string(file.key));
    good.push_back(std::move(one));
  }
  const double speed = static_cast<double>(totals.fetched) / std::max(report.seconds, 0.001);
  return {{"overall_success", totals.failed == 0},
          {"total_files", report.files.size()},
          {"successful_files", totals.ok},
          {"failed_files", totals.failed},
          {"total_size", totals.bytes},
          {"total_size_formatted", ByteText(totals.bytes)},
          {"download_duration", report.seconds},
          {"average_speed", speed},
          {"average_speed_formatted", ByteText(static_cast<std::uint64_t>(speed)) + "/s"},
          {"successful_downloads", std::move(good)},
          {"failed_downloads", std::move(bad)},
          {"verified_files", totals.verified},
          {"verification_failures", json::array()},
          {"size_only_files", std::move(unverified)},
          {"unchanged_files", totals.unchanged},
          {"skipped_files", totals.skipped},
          {"continued_files", totals.continued},
          {"interrupted", report.interrupted}};
}

void Print(const DownloadReport& report, const DownloadTotals& totals) {
  const double speed = static_cast<double>(totals.fetched) / std::max(report.seconds, 0.001);
  fmt::print("downloaded {} of {}, {}, in {} ({}/s)\n",
             Thousands(totals.ok - totals.unchanged - totals.skipped),
             FileText(report.files.size()), ByteText(totals.fetched),
             TimeText(std::chrono::seconds(static_cast<std::int64_t>(report.seconds + 0.5))),
             ByteText(static_cast<std::uint64_t>(speed)));
  if (totals.unchanged > 0)
    fmt::print("{} already there with the same content\n", FileText(totals.unchanged));
  if (totals.skipped > 0) fmt::print("{} already there, left alone\n", FileText(totals.skipped));
  if (totals.continued > 0)
    fmt::print("{} continued where an earlier run was interrupted\n", FileText(totals.continued));
  const auto by_size = totals.ok - totals.verified - totals.skipped;
  if (by_size > 0) fmt::print("{} checked by size only\n", FileText(by_size));
  for (const auto& file : report.files)
    if (file.outcome == Outcome::kFetched && file.key.ends_with('/') == false &&
        file.target.filename() != files::Path(file.key).filename())
      fmt::print("{} is now \"{}\"\n", Printable(file.key), Printable(file.target.string()));
  if (report.interrupted)
    fmt::print(stderr, "vams: interrupted; the same command continues where it was\n");
  if (report.stopped_by) fmt::print(stderr, "vams: {}\n", report.stopped_by->message);
  if (report.interrupted) return;
  for (const auto& file : report.files)
    if (file.outcome == Outcome::kFailed &&
        !(report.stopped_by && file.error == report.stopped_by->message))
      fmt::print(stderr, "failed: {}: {}\n", Printable(file.key), file.error);
}

}  // namespace

void DownloadOptions::AddOptions(CLI::App& command, const char* progress_flag,
                                 const char* timeout_option) {
  command.add_option("--parallel-downloads", parallel, "Files under way at once (default: 5)")
      ->check(CLI::Range(1, 64));
  command.add_option("--retry-attempts", retries, "Further tries of a file (default: 3)")
      ->check(CLI::Range(0, 1000));
  command
      .add_option(timeout_option, timeout,
                  "Seconds without a byte after which a connection is given up (default: 60)")
      ->check(CLI::Range(1, 86400));
  command
      .add_option("--existing", existing,
                  "What to do with a local file of that name: overwrite (default), skip or fail")
      ->check(CLI::IsMember({"overwrite", "skip", "fail"}));
  command.add_flag(progress_flag, hide_progress, "Show nothing while it runs");
}

DownloadJob DownloadOptions::Job(const Context& context) const {
  return {.parallel = parallel,
          .retries = static_cast<int>(std::min<std::size_t>(retries, 1000)),
          .idle = std::chrono::seconds(std::clamp<std::size_t>(timeout, 1, 86'400)),
          .existing = existing == "skip"   ? Existing::kSkip
                      : existing == "fail" ? Existing::kFail
                                           : Existing::kReplace,
          .show_progress = !context.json && !hide_progress};
}

void DownloadList::AddFailure(const std::string& key, const std::string& why) {
  failures.push_back({.key = key, .error = why});
}

void DownloadList::Add(DownloadItem item, const std::string& local_key) {
  const files::Path name = LocalNameOf(local_key);
  if (name.empty()) return AddFailure(item.key, "it has no name");
  item.target /= name;
  AddAt(std::move(item));
}

void DownloadList::AddAt(DownloadItem item) {
  const auto [found, is_new] = taken_.emplace(item.target, item.key);
  if (!is_new)
    return AddFailure(item.key, fmt::format("its local name would be \"{}\", which is that of {}",
                                            item.target.string(), found->second));
  items.push_back(std::move(item));
}

Result<int> Download(RestClient& client, DownloadList list, const DownloadOptions& options,
                     json::object& report, bool print) {
  DownloadJob job = options.Job(client.context());
  job.items = std::move(list.items);
  const Stoppable stoppable(client.op());
  DownloadReport done = RunDownload(client, job);
  for (auto& failure : list.failures) done.files.push_back(std::move(failure));
  const DownloadTotals totals(done.files);
  report = ToJson(done, totals);
  if (print) Print(done, totals);
  return totals.failed == 0 ? static_cast<int>(kDone)
                            : PartlyDone(client.context(), totals.ok > 0 || done.interrupted);
}

}  // namespace vams::cli
