#include "indexing/follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "indexing/affected.h"
#include "indexing/follow_pass.h"

namespace vams::indexing {

using search::Generation;

Follower::Follower(items::ItemStore& store, const FollowOptions& options)
    : store_(store), options_(options), memory_(std::make_unique<FollowMemory>()) {}
Follower::~Follower() = default;

void Follower::Forget() { *memory_ = {}; }

Result<FollowStep> Follower::Step(OpContext& op, Generation& target) {
  if (!memory_->jobs.empty()) return StepFrom(op, target, memory_->next);
  TRY(const auto position, target.GetPosition(op));
  return StepFrom(op, target, position);
}

Result<FollowStep> Follower::StepFrom(OpContext& op, Generation& target, search::Position from,
                                      Move move) {
  // A step that fails has not been.
  FollowMemory before = *memory_;
  auto step = TryStep(op, target, from, move);
  if (!step.ok()) *memory_ = std::move(before);
  return step;
}

Result<FollowStep> Follower::TryStep(OpContext& op, Generation& target, search::Position from,
                                     Move move) {
  TRY(const auto position, target.GetPosition(op));
  TRY(const auto page, store_.ReadChanges(op, from, options_.changes));
  // Before anything is read: what changed up to here is in it.
  TRY(const auto end, store_.LastChange(op));
  if (from > end)
    return Error(Code::kNotFound,
                 fmt::format("the search index is true for change {} and the log ends at {}: they "
                             "belong to different states; build the index anew (vams reindex)",
                             from, end));
  FollowMemory& memory = *memory_;
  const search::Position first = std::min(from, memory.hold().value_or(from));
  Affected affected;
  for (const items::Change& change : page.changes) affected.Add(change);
  Pass pass(store_, target, options_, memory, position, from, end);
  TRY_OK(pass.Run(op, std::move(affected)));
  TRY_OK(pass.RunJob(op));
  const search::Position shown = std::min(page.next, memory.hold().value_or(page.next));
  TRY_OK(pass.Finish(op, shown, move));
  memory.next = page.next;
  std::erase_if(memory.shown, [&](const auto& known) { return known.second <= page.next; });
  FollowStep step = std::move(pass.step());
  step.from = first;
  step.position = shown;
  step.next = page.next;
  step.changes = page.changes.size();
  if (!page.changes.empty()) {
    step.first_at = page.changes.front().at_millis;
    step.last_at = page.changes.back().at_millis;
  }
  step.more = page.next < end || !memory.jobs.empty();
  return step;
}

Result<FollowStep> Follower::Retry(OpContext& op, Generation& target, const DocumentRef& ref) {
  TRY(const auto position, target.GetPosition(op));
  Affected affected;
  switch (ref.kind) {
    case DocumentRef::Kind::kAsset:
      affected.assets[ref.asset];
      break;
    case DocumentRef::Kind::kFiles:
      affected.assets[ref.asset].files = true;
      break;
    case DocumentRef::Kind::kFile:
      affected.files[ref.asset][ref.path] = 0;
      break;
  }
  FollowMemory none;
  Pass pass(store_, target, options_, none, position, position, 0);
  TRY_OK(pass.Run(op, std::move(affected)));
  TRY_OK(pass.Finish(op, position, Move::kAlways));
  FollowStep step = std::move(pass.step());
  step.from = step.position = step.next = position;
  return step;
}

}  // namespace vams::indexing
