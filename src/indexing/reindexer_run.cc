#include "indexing/reindexer_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "catalog/asset_records.h"
#include "catalog/buckets.h"
#include "indexing/reindexer_proof.h"
#include "tables/system_tables.h"

namespace vams::indexing {

namespace json = boost::json;
using search::Document;
using search::Kind;
using search::KindSet;

namespace {

// A part is what an interruption costs.
constexpr std::uint64_t kDocumentsOfPart = 20'000;
constexpr std::uint64_t kMostParts = 64;
constexpr std::size_t kBuckets = 1000;
constexpr int kRetries = 3;  // of documents that could not be made while catching up

Status LogWasCut() {
  return Error(Code::kNotFound,
               "the change log does not reach back to where the build of the search index began; "
               "the old one serves on; reindex again");
}

// Documents into one segment of a build, each id once.
class SegmentSink final : public PartSink {
 public:
  SegmentSink(search::Segment& segment, KindSet kinds, IdTable& seen, ReindexBoard& board,
              const std::atomic<bool>& stop)
      : segment_(segment), kinds_(kinds), seen_(seen), board_(board), stop_(stop) {}

  Wanted wanted() const override {
    if (stop_) return {.assets = false, .files = false};
    return {.assets = Has(kinds_, Kind::kAsset), .files = Has(kinds_, Kind::kFile)};
  }
  Status Add(OpContext& op, std::vector<Document> documents) override {
    // An id comes twice when an asset was archived between two views.  Following the log puts
    // right which one it is.
    std::erase_if(documents,
                  [&](const Document& document) { return !seen_.Insert(document.id, 0); });
    TRY_OK(segment_.Add(op, documents));
    for (const Document& document : documents) board_.Made(document.kind, 1);
    return Ok();
  }
  Status Failed(OpContext&, Kind kind, const Failure& failure) override {
    board_.Failed(kind, failure.id, failure.error);
    return Ok();
  }

 private:
  search::Segment& segment_;
  const KindSet kinds_;
  IdTable& seen_;
  ReindexBoard& board_;
  const std::atomic<bool>& stop_;
};

// At most `limit` of each kind, put into an index or only counted.
class LimitedSink final : public PartSink {
 public:
  LimitedSink(const ReindexOptions& options, search::Index* index, ReindexBoard& board)
      : options_(options), index_(index), board_(board) {}

  Wanted wanted() const override {
    return {.assets = Wants(Kind::kAsset), .files = Wants(Kind::kFile)};
  }
  Status Add(OpContext& op, std::vector<Document> documents) override {
    std::vector<search::Write> writes;
    for (Document& document : documents) {
      if (!Wants(document.kind)) continue;
      board_.Made(document.kind, 1);
      writes.push_back(search::Write::Put(std::move(document)));
    }
    if (index_ == nullptr || writes.empty()) return Ok();
    TRY(const auto position, index_->GetPosition(op));
    return index_->Apply(op, writes, position);
  }
  Status Failed(OpContext&, Kind kind, const Failure& failure) override {
    if (Wants(kind)) board_.Failed(kind, failure.id, failure.error);
    return Ok();
  }

 private:
  bool Wants(Kind kind) const {
    return Has(options_.kinds, kind) &&
           (options_.limit == 0 || board_.made(kind) + board_.failed(kind) < options_.limit);
  }

  const ReindexOptions& options_;
  search::Index* const index_;  // null: only counted
  ReindexBoard& board_;
};

}  // namespace

ReindexRun::ReindexRun(const ReindexTools& tools, const ReindexOptions& options,
                       std::function<bool()> dropped)
    : t_(tools), options_(options), dropped_(std::move(dropped)), follower_(tools.stores.items) {}

void ReindexRun::Enter(Phase phase) {
  t_.board.Enter(phase);
  if (t_.setup.on_phase) t_.setup.on_phase(phase);
}

Result<json::object> ReindexRun::Do(OpContext& op) {
  if (options_.dry_run) return CountOnly(op);
  if (options_.limit > 0) return Refresh(op);
  return Rebuild(op);
}

Result<std::uint64_t> ReindexRun::BucketCount(OpContext& op) {
  std::uint64_t count = 0;
  std::string after;
  do {
    TRY(auto page, catalog::ListBuckets(op, t_.stores.items, after, kBuckets));
    count += page.buckets.size();
    after = std::move(page.next);
  } while (!after.empty());
  return count;
}

// ---- Without a build
// ---------------------------------------------------------------------------------------

Result<json::object> ReindexRun::CountOnly(OpContext& op) {
  Enter(Phase::kReading);
  t_.board.BeginPass(false);
  Views views(t_.stores.items);
  TRY(const auto view, views.Get(op));
  std::atomic<bool> stop = false;
  TRY_OK(OnThreads(1, options_.low_priority, stop, [&]() -> Status {
    LimitedSink sink(options_, nullptr, t_.board);
    TRY(const PartRead read, ReadPart(op, *view, {}, sink));
    t_.board.Scanned(read.objects);
    return Ok();
  }));
  TRY(const auto buckets, BucketCount(op));
  return t_.board.Results(false, buckets);
}

// Documents of the present at the position that the index has: following the log from there makes
// them again, so no change is lost.
Result<json::object> ReindexRun::Refresh(OpContext& op) {
  if (options_.clear)
    return Error(Code::kInvalid,
                 "clearing the search index and making only some of its documents anew would leave "
                 "it incomplete; nothing was done; leave out one of clear and limit");
  Enter(Phase::kReading);
  t_.board.BeginPass(true);
  std::optional<Indexer::Pause> pause;
  if (t_.indexer != nullptr) pause.emplace(*t_.indexer);
  LimitedSink sink(options_, &t_.index, t_.board);
  TRY(const PartRead read, ReadPart(op, t_.stores.items, {}, sink));
  t_.board.Scanned(read.objects);
  pause.reset();
  TRY(const auto buckets, BucketCount(op));
  return t_.board.Results(true, buckets);
}

// ---- The log
// ---------------------------------------------------------------------------------------

Result<bool> ReindexRun::LogReaches(OpContext& op, search::Position position) {
  TRY(const auto last, t_.stores.items.LastChange(op));
  if (position > last) return false;
  if (!t_.stores.items.traits().change_log) return true;
  const auto page = t_.stores.items.ReadChanges(op, position, 1);
  if (page.ok()) return true;
  if (page.error().code == Code::kNotFound) return false;
  return page.error();
}

Status ForgetRebuildConsumer(OpContext& op, items::ItemStore& items) {
  if (!items.traits().change_log) return Ok();
  TRY(const auto consumers, items.Consumers(op));
  if (std::ranges::find(consumers, kRebuildConsumer, &items::Consumer::name) == consumers.end())
    return Ok();
  return items.RemoveConsumer(op, kRebuildConsumer);
}

Status ReindexRun::KeepLog(OpContext& op, search::Position position) {
  if (!t_.stores.items.traits().change_log) return Ok();
  TRY_OK(ForgetRebuildConsumer(op, t_.stores.items));
  return t_.stores.items.AddConsumer(op, kRebuildConsumer, position);
}

void ReindexRun::ForgetLog() {
  OpContext op;
  if (const Status done = ForgetRebuildConsumer(op, t_.stores.items); !done.ok())
    LogWarning(fmt::format("the change log is kept longer than needed, until the next start: {}",
                           done.error().message));
}

// ---- Beginning and going on
// ---------------------------------------------------------------------------------------

Result<search::Position> ReindexRun::BeginningOf(OpContext& op) {
  TRY(const auto last, t_.stores.items.LastChange(op));
  if (options_.kinds == KindSet::kBoth) return last;
  // Documents of the other kind are taken over as they are, so the log has to be followed from
  // where they stand.
  TRY(const auto serving, t_.index.GetPosition(op));
  TRY(const bool reaches, LogReaches(op, serving));
  if (serving > 0 && reaches) return serving;
  options_.kinds = KindSet::kBoth;
  t_.board.Widen();
  LogInfo("the search index that serves is not complete, so both kinds are built");
  return last;
}

Status ReindexRun::Begin(OpContext& op) {
  TRY(const auto position, BeginningOf(op));
  TRY_OK(KeepLog(op, position));
  TRY(build_, t_.index.StartBuild(op, {.kinds = options_.kinds, .position = position}));
  items::ItemStore& store = t_.stores.items;
  TRY(const auto assets, store.Count(op, catalog::kAssetsTable));
  TRY(const auto objects, store.Count(op, tables::kObjectsTable));
  const std::uint64_t expected = (Has(options_.kinds, Kind::kAsset) ? assets : 0) +
                                 (Has(options_.kinds, Kind::kFile) ? objects : 0);
  const std::uint64_t parts =
      std::clamp<std::uint64_t>(expected / kDocumentsOfPart + 1, options_.workers, kMostParts);
  plan_.release = t_.setup.release;
  TRY(plan_.parts, store.SplitScan(op, catalog::kAssetsTable, parts));
  for (std::string& name : PlanNames(plan_)) {
    TRY(const auto segment, build_->OpenSegment(op, std::move(name)));
    TRY_OK(segment->Close(op));
  }
  parts_left_.resize(plan_.parts.size());
  for (std::size_t part = 0; part < parts_left_.size(); ++part) parts_left_[part] = part;
  t_.board.Expect(expected);
  return Ok();
}

// What was interrupted is of the same release, and the log has what follows it.
Result<bool> ReindexRun::CanGoOn(OpContext& op) {
  if (build_->options().kinds != options_.kinds) {
    // The interrupted run may have emptied the index that serves, of kinds that this one would take
    // over from there.
    options_.kinds = KindSet::kBoth;
    t_.board.Widen();
    if (build_->options().kinds != KindSet::kBoth) return false;
  }
  search::Position position = build_->options().position;
  if (build_->finished()) {
    TRY(position, build_->GetPosition(op));
    return LogReaches(op, position);
  }
  TRY(const bool reaches, LogReaches(op, position));
  if (!reaches) return false;
  TRY(const auto closed, build_->ClosedSegments(op));
  auto plan = PlanOf(closed);
  if (!plan || plan->release != t_.setup.release) return false;
  plan_ = *std::move(plan);
  const std::set<std::string> done(closed.begin(), closed.end());
  parts_left_.clear();
  for (std::size_t part = 0; part < plan_.parts.size(); ++part)
    if (!done.contains(PartName(part))) parts_left_.push_back(part);
  return true;
}

Result<bool> ReindexRun::Resume(OpContext& op) {
  auto found = t_.index.ResumeBuild(op);
  if (!found.ok()) {
    if (found.error().code == Code::kNotFound) return false;
    return found.error();
  }
  build_ = *std::move(found);
  TRY(const bool good, CanGoOn(op));
  if (!good) {
    DropBuild();
    return false;
  }
  resumed_ = true;
  t_.board.Resumed(true);
  LogInfo(fmt::format("building the search index goes on where it was interrupted{}",
                      build_->finished() ? std::string()
                                         : fmt::format(": {} of {} parts are left",
                                                       parts_left_.size(), plan_.parts.size())));
  return true;
}

// Upstream empties both indexes before it begins; a failure does not stop the run (section 8.1).
// The build is there already, so that an interruption does not leave it at that.
void ReindexRun::Clear(OpContext& op) {
  const auto told = [&](Kind kind, bool success, std::uint64_t count) {
    return json::object{{"success", success},
                        {"deleted_count", Has(options_.kinds, kind) ? count : 0}};
  };
  std::optional<Indexer::Pause> pause;
  if (t_.indexer != nullptr) pause.emplace(*t_.indexer);
  const auto counts = t_.index.Count(op);
  const Status done = counts.ok() ? t_.index.Clear(op, options_.kinds) : Status(counts.error());
  cleared_ = cleared_ || done.ok();
  json::object cleared;
  const search::Counts none;
  const search::Counts& deleted = done.ok() ? *counts : none;
  if (Has(options_.kinds, Kind::kAsset))
    cleared["asset_index"] = told(Kind::kAsset, done.ok(), deleted.assets);
  if (Has(options_.kinds, Kind::kFile))
    cleared["file_index"] = told(Kind::kFile, done.ok(), deleted.files);
  t_.board.Cleared(std::move(cleared), done.ok() ? std::string() : done.error().message);
}

Result<json::object> ReindexRun::Rebuild(OpContext& op) {
  auto gone_on = Resume(op);
  Status built = gone_on.ok() ? Ok() : Status(gone_on.error());
  if (built.ok() && !*gone_on) built = Begin(op);
  if (built.ok() && options_.clear) Clear(op);
  if (built.ok()) built = Build(op);
  // What is wrong with it may have come from before the interruption.
  if (!built.ok() && resumed_ && !op.cancelled() && !built.error().retryable) {
    LogWarning(
        fmt::format("the interrupted build of the search index is dropped and begun anew: {}",
                    built.error().message));
    DropBuild();
    resumed_ = false;
    t_.board.Resumed(false);
    built = Begin(op);
    if (built.ok()) built = Build(op);
  }
  if (!built.ok()) {
    Error error = std::move(built).error();
    error.message += "; " + GiveUp(error);
    return error;
  }
  TRY(const auto buckets, BucketCount(op));
  return t_.board.Results(true, buckets);
}

void ReindexRun::DropBuild() {
  // The run's own operation may be cancelled.
  OpContext op;
  if (build_ != nullptr)
    if (const Status dropped = build_->Drop(op); !dropped.ok())
      LogWarning(fmt::format("what was built of the search index is still on the disk: {}",
                             dropped.error().message));
  build_.reset();
  troubles_.clear();
  follower_.Forget();
  ForgetLog();
}

std::string ReindexRun::GiveUp(const Error& error) {
  const bool interrupted = error.code == Code::kCancelled && !dropped_();
  const bool stays = build_ != nullptr && (interrupted || error.retryable || cleared_);
  if (stays)
    build_.reset();
  else
    DropBuild();
  const std::string_view serves = cleared_ ? "the index that serves was emptied and is not complete"
                                           : "the old index serves on";
  return fmt::format("{}; {}", serves,
                     stays ? "the next reindex goes on from here" : "nothing is left of the build");
}

// ---- The build
// ---------------------------------------------------------------------------------------

Status ReindexRun::Build(OpContext& op) {
  VAMS_POINT("reindex.begun");
  if (!build_->finished()) {
    Enter(Phase::kReading);
    TRY_OK(ReadAll(op));
    VAMS_POINT("reindex.read");
    Enter(Phase::kMerging);
    std::atomic<bool> stop = false;
    TRY_OK(OnThreads(1, options_.low_priority, stop, [&] { return build_->Finish(op); }));
    VAMS_POINT("reindex.merged");
  }
  Enter(Phase::kCatchingUp);
  TRY_OK(CatchUp(op));
  VAMS_POINT("reindex.caught_up");
  Enter(Phase::kProving);
  TRY_OK(Prove(op,
               {.stores = t_.stores,
                .build = *build_,
                .kinds = options_.kinds,
                .workers = options_.workers,
                .low_priority = options_.low_priority,
                .catch_up = [this](OpContext& same) { return CatchUp(same); }},
               t_.board));
  VAMS_POINT("reindex.proved");
  Enter(Phase::kSwapping);
  return Swap(op);
}

Status ReindexRun::ReadAll(OpContext& op) {
  t_.board.BeginPass(true);
  Views views(t_.stores.items);
  IdTable seen;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  return OnThreads(options_.workers, options_.low_priority, stop, [&]() -> Status {
    for (std::size_t i = next++; i < parts_left_.size() && !stop; i = next++) {
      const std::size_t part = parts_left_[i];
      TRY(const auto view, views.Get(op));
      TRY(const auto segment, build_->OpenSegment(op, PartName(part)));
      SegmentSink sink(*segment, options_.kinds, seen, t_.board, stop);
      TRY(const PartRead read, ReadPart(op, *view, plan_.parts[part], sink));
      // Another worker has failed, and this part is not whole.
      if (stop) break;
      t_.board.Scanned(read.objects);
      TRY_OK(segment->Close(op));
      VAMS_POINT("reindex.part");
    }
    return Ok();
  });
}

Status ReindexRun::CatchUp(OpContext& op) {
  for (;;) {
    TRY_OK(op.Check());
    auto step = follower_.Step(op, *build_);
    if (!step.ok()) {
      if (step.error().code == Code::kNotFound) return LogWasCut();
      return step.error();
    }
    std::ranges::move(step->troubles, std::back_inserter(troubles_));
    if (!step->more) break;
  }
  return RetryTroubles(op);
}

// Data that nothing can be made of is left to the proof, which tells it.
Status ReindexRun::RetryTroubles(OpContext& op) {
  for (int round = 0; round < kRetries && !troubles_.empty(); ++round)
    for (const Trouble& trouble : std::exchange(troubles_, {})) {
      TRY_OK(op.Check());
      TRY(FollowStep step, follower_.Retry(op, *build_, trouble.ref));
      std::ranges::move(step.troubles, std::back_inserter(troubles_));
    }
  const auto bad = std::ranges::find_if(
      troubles_, [](const Trouble& trouble) { return !IsOfData(trouble.error); });
  if (bad != troubles_.end()) return Error(bad->error).With(bad->id);
  troubles_.clear();
  return Ok();
}

Status ReindexRun::Swap(OpContext& op) {
  TRY_OK(CatchUp(op));
  {
    std::optional<Indexer::Pause> pause;
    const auto begin = std::chrono::steady_clock::now();
    if (t_.indexer != nullptr) pause.emplace(*t_.indexer);
    TRY_OK(CatchUp(op));
    TRY(const auto position, build_->GetPosition(op));
    TRY(const auto serving, t_.index.GetPosition(op));
    // The index is ahead of the log: the items were put back to an earlier state.
    if (serving > position) TRY_OK(t_.index.Apply(op, {}, position));
    VAMS_POINT("reindex.before_swap");
    TRY_OK(build_->Swap(op));
    build_.reset();
    t_.board.SwappedIn(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begin));
  }
  if (const Status done = AfterSwap(op); !done.ok())
    LogWarning(fmt::format("the new search index serves; tidying up after it failed: {}",
                           done.error().message));
  return Ok();
}

Status ReindexRun::AfterSwap(OpContext& op) {
  VAMS_POINT("reindex.swapped");
  if (t_.setup.on_swapped) t_.setup.on_swapped(options_.kinds);
  if (!t_.stores.items.traits().change_log) return Ok();
  // Where nobody has followed the log yet, it is kept from here on.
  TRY(const auto position, t_.index.GetPosition(op));
  const Status added = t_.stores.items.AddConsumer(op, kConsumer, position);
  if (!added.ok() && added.error().code != Code::kConflict) return added;
  return ForgetRebuildConsumer(op, t_.stores.items);
}

}  // namespace vams::indexing
