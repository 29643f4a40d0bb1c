#include "indexing/indexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "catalog/asset_records.h"
#include "indexing/follow.h"
#include "indexing/indexer_gauges.h"
#include "indexing/troubles.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kPollHere{25};
constexpr milliseconds kPollFar{300};
constexpr milliseconds kFirstPause{100};  // after a failure of everything
constexpr milliseconds kLongestPause{10'000};
constexpr milliseconds kLookAnew{500};       // for an index that was built anew
constexpr milliseconds kCountEvery{10'000};  // documents, for the metrics
constexpr std::chrono::seconds kLastCommit{5};
constexpr std::size_t kRetriesAtOnce = 20;

}  // namespace

struct Indexer::Impl {
  Impl(const catalog::Stores& the_stores, search::Index& the_index, Metrics& metrics,
       const IndexerOptions& the_options)
      : stores(the_stores),
        index(the_index),
        options(the_options),
        gauges(metrics, the_stores.clock, state),
        follower(the_stores.items),
        troubles(the_options.first_retry, the_options.longest_retry) {}

  milliseconds Poll() const;
  // On the thread, or before there is one:
  Status Register(OpContext& op);
  Status LookWhere(OpContext& op, bool begin);
  Result<bool> HoldsNothing(OpContext& op);
  Status ForgetForeign(OpContext& op, search::Position last);
  void Loop();
  Result<bool> Round(OpContext& op);
  Result<bool> Follow(OpContext& op);
  Status RetryDue(OpContext& op);
  Status StorePositions(OpContext& op, bool now);
  void CountDocuments(OpContext& op);
  void Note(const FollowStep& step);
  void Failed(const Error& error);
  void TellTroubles();
  void SetReindex(bool needed);

  const catalog::Stores stores;
  search::Index& index;
  const IndexerOptions options;
  const std::shared_ptr<FollowState> state = std::make_shared<FollowState>();
  IndexerGauges gauges;

  // The thread's own.
  Follower follower;
  Troubles troubles;
  search::Position followed = 0;  // the log was read up to here
  search::Position shown = 0;     // everything up to here is applied
  search::Position stored = 0;    // the index's position
  bool unfinished = false;        // the last step was not all that there was to do
  search::Position consumer = 0;
  std::string generation;
  bool look = true;  // where the index stands has to be looked at
  int failures = 0;  // of everything, in a row
  SteadyClock::time_point looked, settled, advanced, counted;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  bool stopping = false;
  bool nudged = false;   // somebody waits
  bool working = false;  // a round is under way
  int pauses = 0;
  bool paused = false;  // since the last round
  OpContext* running = nullptr;
  std::string problem;
  std::uint64_t applied = 0;
  std::vector<IndexerStatus::Trouble> told;
  std::uint64_t trouble_count = 0;
  std::thread thread;
};

milliseconds Indexer::Impl::Poll() const {
  if (options.poll.count() > 0) return options.poll;
  return stores.items.traits().snapshots ? kPollHere : kPollFar;
}

// ---- Where to begin.

// From now on the log keeps what the index has not seen.
Status Indexer::Impl::Register(OpContext& op) {
  if (!stores.items.traits().change_log)
    return Error(Code::kNotSupported,
                 "the item store keeps no change log, so that no search index can follow it; set "
                 "engines.search.kind to \"none\"");
  TRY(const auto position, index.GetPosition(op));
  TRY(const auto last, stores.items.LastChange(op));
  const search::Position first = position == 0 ? last : std::min(position, last);
  Status added = stores.items.AddConsumer(op, kConsumer, first);
  // Trimmed away is what is trimmed away; LookWhere sees that.
  if (!added.ok() && added.error().code != Code::kConflict && first < last)
    added = stores.items.AddConsumer(op, kConsumer, last);
  if (!added.ok() && added.error().code != Code::kConflict) return added;
  TRY(const auto consumers, stores.items.Consumers(op));
  const auto found = std::ranges::find(consumers, kConsumer, &items::Consumer::name);
  consumer = found == consumers.end() ? first : found->position;
  return Ok();
}

// Whether the store has neither assets nor objects.
Result<bool> Indexer::Impl::HoldsNothing(OpContext& op) {
  for (const std::string_view table :
       {std::string_view(catalog::kAssetsTable), tables::kObjectsTable}) {
    std::string after;
    do {
      TRY(const auto page, stores.items.Scan(op, table, {}, after, 1));
      if (!page.items.empty()) return false;
      after = page.next;
    } while (!after.empty());
  }
  return true;
}

// The index is ahead of the log: the store is an older one than it was made from.
Status Indexer::Impl::ForgetForeign(OpContext& op, search::Position last) {
  LogWarning(fmt::format(
      "the search index shows change {} and the log ends at {}: it was made from another state of "
      "the data and is emptied; it has to be built anew",
      stored, last));
  TRY_OK(index.Clear(op, search::KindSet::kBoth));
  TRY_OK(index.Apply(op, {}, 0));
  stored = 0;
  return Ok();
}

void Indexer::Impl::SetReindex(bool needed) {
  if (needed && state->behind_since == 0) state->behind_since = stores.clock.NowMillis();
  if (needed && !state->needs_reindex)
    LogWarning(
        "the search index does not show what the store holds, and the change log cannot tell it: "
        "searches find little until the index was built anew (vams reindex)");
  state->needs_reindex = needed;
}

// Finds out whether the index can be followed up, and from where.  `begin`: with what an earlier
// Indexer could not index.
Status Indexer::Impl::LookWhere(OpContext& op, bool begin) {
  looked = SteadyClock::now();
  TRY(stored, index.GetPosition(op));
  TRY(const auto last, stores.items.LastChange(op));
  if (stored > last) TRY_OK(ForgetForeign(op, last));
  TRY(const auto counts, index.Count(op));
  if (stored == 0 && counts.assets + counts.files == 0) {
    TRY(const bool nothing, HoldsNothing(op));
    if (!nothing) {
      SetReindex(true);
      look = false;
      return Ok();
    }
    // Nothing up to the change that was the last before that look has a document.
    if (last > 0) TRY_OK(index.Apply(op, {}, last));
    stored = last;
  }
  search::Position from = stored;
  if (begin && consumer < stored) from = consumer;
  auto page = stores.items.ReadChanges(op, from, 1);
  if (!page.ok() && page.error().code == Code::kNotFound && from != stored) {
    from = stored;
    page = stores.items.ReadChanges(op, from, 1);
  }
  if (!page.ok() && page.error().code != Code::kNotFound) return page.error();
  SetReindex(!page.ok());
  look = false;
  if (!page.ok()) return Ok();
  const bool same = !begin && counts.generation == generation;
  generation = counts.generation;
  if (same) return Ok();
  follower.Forget();
  followed = shown = from;
  unfinished = false;
  state->position = std::max(shown, stored);
  state->last_change = last;
  state->behind_since = page->changes.empty() ? 0 : page->changes.front().at_millis;
  return Ok();
}

// ---- Following.

void Indexer::Impl::Note(const FollowStep& step) {
  gauges.applied.Add(step.changes);
  gauges.put.Add(step.put);
  gauges.removed.Add(step.removed);
  gauges.failures.Add(step.troubles.size());
  if (step.changes > 0) {
    const std::int64_t took = stores.clock.NowMillis() - step.first_at;
    gauges.visible.Observe(static_cast<double>(std::max<std::int64_t>(took, 0)) / 1000);
  }
  const std::lock_guard lock(mutex);
  applied += step.changes;
}

void Indexer::Impl::TellTroubles() {
  std::vector<IndexerStatus::Trouble> now;
  for (const auto& [id, entry] : troubles.entries()) {
    if (now.size() == kMostTroubles) break;
    now.push_back({.id = id, .message = entry.trouble.error.message, .attempts = entry.attempts});
  }
  gauges.troubles.Set(static_cast<double>(troubles.size()));
  const std::lock_guard lock(mutex);
  told = std::move(now);
  trouble_count = troubles.size();
}

// Whether there may be more.
Result<bool> Indexer::Impl::Follow(OpContext& op) {
  TRY(const auto last, stores.items.LastChange(op));
  state->last_change = last;
  if (last == followed && !unfinished) {
    state->behind_since = 0;
    return false;
  }
  if (state->behind_since == 0) state->behind_since = stores.clock.NowMillis();
  auto step = follower.StepFrom(op, index, followed, Follower::Move::kWithDocuments);
  if (!step.ok()) {
    if (step.error().code != Code::kNotFound) return step.error();
    look = true;
    // What was to be tried again lies before the beginning of the log.
    if (followed < stored) followed = shown = stored;
    unfinished = false;
    return false;
  }
  followed = step->next;
  shown = step->position;
  unfinished = step->more;
  if (step->put + step->removed > 0) {
    stored = std::max(stored, shown);
    settled = SteadyClock::now();
  }
  state->position = std::max(shown, stored);
  if (!unfinished)
    state->behind_since = 0;
  else if (shown == followed)
    state->behind_since = step->last_at;
  Note(*step);
  for (const Trouble& trouble : step->troubles)
    LogWarning(fmt::format("{} could not be indexed and is tried again: {}", trouble.id,
                           trouble.error.message));
  if (!step->troubles.empty()) {
    troubles.Add(std::move(step->troubles), step->from, SteadyClock::now());
    TellTroubles();
  }
  return step->more;
}

Status Indexer::Impl::RetryDue(OpContext& op) {
  if (const auto from = troubles.TakeOverflow(SteadyClock::now())) {
    followed = std::min(followed, *from);
    shown = std::min(shown, followed);
  }
  const auto due = troubles.Due(SteadyClock::now(), kRetriesAtOnce);
  for (const auto& [id, ref] : due) {
    auto step = follower.Retry(op, index, ref);
    if (!step.ok()) {
      if (step.error().code == Code::kCancelled) return step.error();
      gauges.failures.Add();
      troubles.Failed(id, step.error(), SteadyClock::now());
      break;
    }
    Note(*step);
    const search::Position from = troubles.entries().at(id).from;
    if (std::ranges::find(step->troubles, id, &Trouble::id) == step->troubles.end()) {
      troubles.Solved(id);
      LogInfo(fmt::format("{} is indexed now", id));
    }
    troubles.Add(std::move(step->troubles), from, SteadyClock::now());
  }
  if (!due.empty()) TellTroubles();
  return Ok();
}

// The index's position where there were no documents to apply with it, and then the consumer's,
// which is never ahead of the index nor of what has to be tried again.
Status Indexer::Impl::StorePositions(OpContext& op, bool now) {
  const auto time = SteadyClock::now();
  if (shown > stored && (now || time - settled >= options.settle)) {
    TRY_OK(index.Apply(op, {}, shown));
    stored = shown;
    settled = time;
  }
  if (!now && time - advanced < options.advance) return Ok();
  advanced = time;
  const search::Position to = std::min({stored, shown, troubles.hold().value_or(stored)});
  if (to <= consumer) return Ok();
  TRY_OK(stores.items.AdvanceConsumer(op, {kConsumer, to}));
  consumer = to;
  return Ok();
}

void Indexer::Impl::CountDocuments(OpContext& op) {
  const auto now = SteadyClock::now();
  if (counted != SteadyClock::time_point() && now - counted < kCountEvery) return;
  counted = now;
  const auto counts = index.Count(op);
  if (!counts.ok()) return;
  gauges.assets.Set(static_cast<double>(counts->assets));
  gauges.files.Set(static_cast<double>(counts->files));
}

// Whether there is more to do at once.
Result<bool> Indexer::Impl::Round(OpContext& op) {
  if (look || (state->needs_reindex && SteadyClock::now() - looked >= kLookAnew)) {
    TRY_OK(LookWhere(op, false));
  }
  if (state->needs_reindex) {
    TRY(state->last_change, stores.items.LastChange(op));
    return false;
  }
  TRY(const bool more, Follow(op));
  TRY_OK(RetryDue(op));
  TRY_OK(StorePositions(op, false));
  CountDocuments(op);
  return more;
}

void Indexer::Impl::Failed(const Error& error) {
  if (failures++ == 0)
    LogWarning(fmt::format("the search index falls behind, and indexing is tried again: {}",
                           error.message));
  gauges.failures.Add();
}

void Indexer::Impl::Loop() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (pauses > 0) {
      paused = true;
      changed.wait(lock, [this] { return stopping || pauses == 0; });
      continue;
    }
    look |= std::exchange(paused, false);
    nudged = false;
    OpContext op;
    running = &op;
    working = true;
    lock.unlock();
    const auto more = Round(op);
    if (more.ok()) {
      failures = 0;
    } else if (more.error().code != Code::kCancelled) {
      Failed(more.error());
    }
    lock.lock();
    running = nullptr;
    working = false;
    if (more.ok())
      problem.clear();
    else
      problem = more.error().message;
    changed.notify_all();
    if (more.ok() && *more) continue;
    const milliseconds pause =
        more.ok() ? Poll()
                  : std::min<milliseconds>(kLongestPause,
                                           kFirstPause * (1 << std::min(failures, 10)) / 2);
    changed.wait_for(lock, pause, [this] { return stopping || nudged || pauses > 0; });
  }
  lock.unlock();
  // Best effort: what is lost of it is followed once more.
  OpContext op(OpContext::SteadyClock::now() + kLastCommit);
  if (!state->needs_reindex && !look) (void)StorePositions(op, true);
}

// ---- The class.

Indexer::Indexer(const catalog::Stores& stores, search::Index& index, Metrics& metrics,
                 const IndexerOptions& options)
    : impl_(std::make_unique<Impl>(stores, index, metrics, options)) {}

Indexer::~Indexer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    if (impl_->running != nullptr) impl_->running->Cancel();
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Status Indexer::Start(OpContext& op) {
  VAMS_CHECK(!impl_->thread.joinable());
  TRY_OK(impl_->Register(op));
  TRY_OK(impl_->LookWhere(op, true));
  impl_->thread = std::thread([this] { impl_->Loop(); });
  return Ok();
}

IndexerStatus Indexer::status() const {
  IndexerStatus status;
  const FollowState& state = *impl_->state;
  status.position = state.position;
  status.last_change = std::max<search::Position>(state.last_change, status.position);
  status.behind_millis = state.BehindMillis(impl_->stores.clock.NowMillis());
  status.needs_reindex = state.needs_reindex;
  const std::lock_guard lock(impl_->mutex);
  status.applied = impl_->applied;
  status.troubles = impl_->told;
  status.trouble_count = impl_->trouble_count;
  status.problem = impl_->problem;
  return status;
}

Status Indexer::CatchUp(OpContext& op) {
  TRY(const auto last, impl_->stores.items.LastChange(op));
  std::unique_lock lock(impl_->mutex);
  while (impl_->state->position < last) {
    if (!impl_->thread.joinable() || impl_->stopping)
      return Error(Code::kUnavailable, "the search index is not followed up; start the indexer");
    if (impl_->state->needs_reindex)
      return Error(Code::kUnavailable,
                   "the search index has to be built anew before it can show what changed; run "
                   "vams reindex");
    if (const Status wanted = op.Check(); !wanted.ok()) {
      if (impl_->problem.empty()) return wanted.error();
      return Error(wanted.error().code,
                   fmt::format("{}; indexing fails: {}", wanted.error().message, impl_->problem));
    }
    impl_->nudged = true;
    impl_->changed.notify_all();
    impl_->changed.wait_for(lock, kPollHere);
  }
  return Ok();
}

Indexer::Pause::Pause(Indexer& indexer) : indexer_(indexer) {
  Impl& impl = *indexer_.impl_;
  std::unique_lock lock(impl.mutex);
  ++impl.pauses;
  impl.paused = true;
  impl.changed.notify_all();
  impl.changed.wait(lock, [&] { return !impl.working; });
}

Indexer::Pause::~Pause() {
  Impl& impl = *indexer_.impl_;
  const std::lock_guard lock(impl.mutex);
  --impl.pauses;
  impl.changed.notify_all();
}

}  // namespace vams::indexing
