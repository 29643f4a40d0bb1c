#include "indexing/reindexer_board.h"

#include <fmt/format.h>

#include <utility>

namespace vams::indexing {

namespace json = boost::json;
using Phase = ReindexProgress::Phase;

namespace {

constexpr std::string_view kDocumentsHelp = "Documents made by building the search index anew";
constexpr std::string_view kRunsHelp = "Runs that build the search index anew, by their end";

}  // namespace

ReindexMetrics::ReindexMetrics(Metrics& metrics)
    : running(metrics.GetGauge("vams_search_reindex_running",
                               "Whether the search index is being built anew")),
      assets(metrics.GetCounter("vams_search_reindex_documents_total", kDocumentsHelp,
                                {{"kind", "asset"}})),
      files(metrics.GetCounter("vams_search_reindex_documents_total", kDocumentsHelp,
                               {{"kind", "file"}})),
      failures(metrics.GetCounter("vams_search_reindex_failures_total",
                                  "Documents that could not be made when building the search "
                                  "index anew")),
      done(metrics.GetCounter("vams_search_reindex_runs_total", kRunsHelp, {{"result", "done"}})),
      failed(
          metrics.GetCounter("vams_search_reindex_runs_total", kRunsHelp, {{"result", "failed"}})),
      cancelled(metrics.GetCounter("vams_search_reindex_runs_total", kRunsHelp,
                                   {{"result", "cancelled"}})),
      seconds(metrics.GetGauge("vams_search_reindex_seconds",
                               "How long the last complete build of the search index took")),
      swap_seconds(metrics.GetGauge("vams_search_reindex_swap_seconds",
                                    "How long following changes stood still for the last swap")) {}

ReindexBoard::ReindexBoard(std::string id, const ReindexOptions& options, const Clock& clock,
                           ReindexMetrics& metrics)
    : clock_(clock), metrics_(metrics) {
  told_.id = std::move(id);
  told_.options = options;
  told_.phase = Phase::kReading;
  told_.started_at = Now();
  metrics_.running.Set(1);
}

std::string ReindexBoard::Now() const { return IsoMillis(clock_.NowMillis()); }

void ReindexBoard::Enter(Phase phase) {
  const std::lock_guard lock(mutex_);
  told_.phase = phase;
}

void ReindexBoard::Resumed(bool resumed) {
  const std::lock_guard lock(mutex_);
  told_.resumed = resumed;
}

void ReindexBoard::SwappedIn(std::chrono::microseconds still) {
  const std::lock_guard lock(mutex_);
  told_.swap_micros = still.count();
  metrics_.swap_seconds.Set(static_cast<double>(still.count()) / 1e6);
  metrics_.seconds.Set(std::chrono::duration<double>(SteadyClock::now() - began_).count());
}

void ReindexBoard::Widen() {
  const std::lock_guard lock(mutex_);
  told_.options.kinds = search::KindSet::kBoth;
}

void ReindexBoard::BeginPass(bool makes) {
  objects_ = 0;
  makes_ = makes;
  const std::lock_guard lock(mutex_);
  for (Counts* counts : {&assets_, &files_}) {
    counts->made = 0;
    counts->failed = 0;
    counts->errors.clear();
  }
  pass_began_ = SteadyClock::now();
}

void ReindexBoard::Made(search::Kind kind, std::uint64_t documents) {
  Of(kind).made += documents;
  if (makes_) (kind == search::Kind::kAsset ? metrics_.assets : metrics_.files).Add(documents);
}

void ReindexBoard::Failed(search::Kind kind, std::string_view id, const Error& error) {
  Counts& counts = Of(kind);
  ++counts.failed;
  if (makes_) metrics_.failures.Add();
  const std::lock_guard lock(mutex_);
  if (counts.errors.size() < kMostErrors)
    counts.errors.push_back(fmt::format("{}: {}", id, error.message));
}

void ReindexBoard::Cleared(json::object cleared, const std::string& error) {
  const std::lock_guard lock(mutex_);
  cleared_ = std::move(cleared);
  clear_error_ = error;
}

json::object ReindexBoard::ResultOf(const Counts& counts, bool written) const {
  json::array errors;
  for (const std::string& error : counts.errors) errors.emplace_back(error);
  return {{"success_count", written ? counts.made.load() : 0},
          {"failed_count", counts.failed.load()},
          {"total_count", counts.made + counts.failed},
          {"errors", std::move(errors)},
          {"start_time", told_.started_at},
          {"end_time", Now()}};
}

json::object ReindexBoard::Results(bool written, std::uint64_t buckets) const {
  const std::lock_guard lock(mutex_);
  json::object results;
  if (!cleared_.empty()) results["clear_indexes"] = cleared_;
  if (!clear_error_.empty()) results["clear_indexes_error"] = clear_error_;
  if (Has(told_.options.kinds, search::Kind::kAsset))
    results["assets"] = ResultOf(assets_, written);
  if (Has(told_.options.kinds, search::Kind::kFile)) {
    json::object files = ResultOf(files_, written);
    files["buckets_processed"] = buckets;
    files["objects_scanned"] = objects_.load();
    results["files"] = std::move(files);
  }
  return results;
}

void ReindexBoard::Done(json::object results) {
  const std::lock_guard lock(mutex_);
  told_.phase = Phase::kDone;
  told_.results = std::move(results);
  told_.ended_at = Now();
  metrics_.running.Set(0);
  metrics_.done.Add();
}

void ReindexBoard::Ended(const Error& error, bool cancelled) {
  const std::lock_guard lock(mutex_);
  told_.phase = cancelled ? Phase::kCancelled : Phase::kFailed;
  told_.error = error.message;
  told_.ended_at = Now();
  metrics_.running.Set(0);
  (cancelled ? metrics_.cancelled : metrics_.failed).Add();
}

ReindexProgress ReindexBoard::Read() const {
  const std::lock_guard lock(mutex_);
  ReindexProgress progress = told_;
  progress.assets = assets_.made;
  progress.files = files_.made;
  progress.failed = assets_.failed + files_.failed;
  progress.expected = expected_;
  const std::uint64_t seen = progress.assets + progress.files + progress.failed;
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - pass_began_).count();
  if (progress.phase != Phase::kReading && progress.phase != Phase::kProving) return progress;
  if (seconds > 0) progress.per_second = static_cast<double>(seen) / seconds;
  if (progress.per_second >= 1 && progress.expected >= seen)
    progress.seconds_left = static_cast<std::int64_t>(
        static_cast<double>(progress.expected - seen) / progress.per_second);
  return progress;
}

}  // namespace vams::indexing
