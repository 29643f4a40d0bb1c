#include "indexing/troubles.h"

#include <algorithm>

namespace vams::indexing {

std::chrono::milliseconds Troubles::PauseAfter(int attempts) const {
  constexpr int kMostDoublings = 20;
  return std::min<std::chrono::milliseconds>(
      longest_, first_ * (std::int64_t{1} << std::min(attempts - 1, kMostDoublings)));
}

void Troubles::Add(std::vector<Trouble> troubles, search::Position from, Time now) {
  for (Trouble& trouble : troubles) {
    const std::string id = trouble.id;
    const auto found = entries_.find(id);
    if (found != entries_.end()) {
      // All files of an asset go with its own document.
      if (found->second.trouble.ref.kind != DocumentRef::Kind::kFiles)
        found->second.trouble.ref = std::move(trouble.ref);
      found->second.from = std::min(found->second.from, from);
      Failed(id, std::move(trouble.error), now);
    } else if (entries_.size() < kMost) {
      entries_.emplace(id, Entry{.trouble = std::move(trouble),
                                 .attempts = 1,
                                 .from = from,
                                 .due = now + PauseAfter(1)});
    } else {
      if (!overflow_from_) overflow_due_ = now + longest_;
      ++overflow_;
      overflow_from_ = std::min(overflow_from_.value_or(from), from);
    }
  }
}

std::vector<std::pair<std::string, DocumentRef>> Troubles::Due(Time now, std::size_t limit) const {
  std::vector<std::pair<std::string, DocumentRef>> due;
  for (const auto& [id, entry] : entries_) {
    if (due.size() == limit) break;
    if (entry.due <= now) due.emplace_back(id, entry.trouble.ref);
  }
  return due;
}

void Troubles::Failed(const std::string& id, Error error, Time now) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.trouble.error = std::move(error);
  ++entry.attempts;
  entry.due = now + PauseAfter(entry.attempts);
}

std::optional<search::Position> Troubles::TakeOverflow(Time now) {
  if (!overflow_from_ || overflow_due_ > now) return std::nullopt;
  const auto from = overflow_from_;
  overflow_from_.reset();
  overflow_ = 0;
  return from;
}

std::optional<search::Position> Troubles::hold() const {
  std::optional<search::Position> hold = overflow_from_;
  for (const auto& [id, entry] : entries_) hold = std::min(hold.value_or(entry.from), entry.from);
  return hold;
}

std::optional<Troubles::Time> Troubles::next_due() const {
  std::optional<Time> next;
  if (overflow_from_) next = overflow_due_;
  for (const auto& [id, entry] : entries_) next = std::min(next.value_or(entry.due), entry.due);
  return next;
}

void Troubles::Clear() {
  entries_.clear();
  overflow_ = 0;
  overflow_from_.reset();
}

}  // namespace vams::indexing
