#include "search/memory/memory_index.h"

#include <algorithm>
#include <utility>

#include "search/analyse.h"
#include "search/memory/memory_builder.h"

namespace vams::search {
namespace {

bool Contains(KindSet kinds, const Document& document) { return Has(kinds, document.kind); }

}  // namespace

std::shared_ptr<const MemoryIndex::Entry> MemoryIndex::MakeEntry(Document document) {
  Entry entry{.document = std::move(document)};
  entry.lengths = LengthsOf(entry.document);
  for (const Field& field : Fields()) {
    const bool flat = field.type == FieldType::kFlat;
    if (!flat && field.weight == 0) continue;
    AnyValue(entry.document.source, {.name = std::string(field.name)},
             [&](std::string_view, std::string_view value) {
               for (std::string& word : Words(value))
                 (flat ? entry.metadata_words : entry.core_words).insert(std::move(word));
               return false;
             });
  }
  return std::make_shared<const Entry>(std::move(entry));
}

MemoryIndex::StatePtr MemoryIndex::Applied(const State& state, std::span<const Write> writes,
                                           Position position) {
  auto next = std::make_shared<State>(state);
  next->position = position;
  for (const Write& write : writes) {
    if (write.document)
      next->entries[write.id] = MakeEntry(*write.document);
    else
      next->entries.erase(write.id);
  }
  return next;
}

Counts MemoryIndex::CountsOf(const State& state) {
  Counts counts{.generation = std::to_string(state.generation)};
  for (const auto& [id, entry] : state.entries) {
    (entry->document.kind == Kind::kAsset ? counts.assets : counts.files) += 1;
    if (entry->document.archived) counts.archived += 1;
  }
  return counts;
}

IdPage MemoryIndex::IdsOf(const State& state, std::string_view after, std::size_t limit) {
  IdPage page;
  for (auto at = state.entries.upper_bound(after); at != state.entries.end(); ++at) {
    if (page.entries.size() == limit) {
      page.next = page.entries.back().id;
      break;
    }
    page.entries.push_back({.id = at->first, .digest = Digest(at->second->document)});
  }
  return page;
}

std::optional<Document> MemoryIndex::FindIn(const State& state, std::string_view id) {
  const auto found = state.entries.find(id);
  return found == state.entries.end() ? std::nullopt : std::optional(found->second->document);
}

Result<Position> MemoryIndex::GetPosition(OpContext&) { return state()->position; }

Status MemoryIndex::Apply(OpContext& op, std::span<const Write> writes, Position position) {
  TRY_OK(op.Check());
  TRY_OK(CheckWrites(writes));
  const std::lock_guard lock(mutex_);
  state_ = Applied(*state_, writes, position);
  return Ok();
}

Result<std::optional<Document>> MemoryIndex::Find(OpContext&, std::string_view id) {
  return FindIn(*state(), id);
}

Result<Counts> MemoryIndex::Count(OpContext&) { return CountsOf(*state()); }

Result<IdPage> MemoryIndex::ScanIds(OpContext&, std::string_view after, std::size_t limit) {
  return IdsOf(*state(), after, limit);
}

Result<std::vector<std::string>> MemoryIndex::Check(OpContext&) {
  return std::vector<std::string>();
}

Status MemoryIndex::Clear(OpContext& op, KindSet kinds) {
  TRY_OK(op.Check());
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<State>(*state_);
  std::erase_if(next->entries,
                [&](const auto& entry) { return Contains(kinds, entry.second->document); });
  state_ = std::move(next);
  return Ok();
}

Result<std::vector<std::string>> MemoryIndex::DynamicFields(OpContext&, Kind kind) {
  std::set<std::string> names;
  const StatePtr now = state();
  for (const auto& [id, entry] : now->entries) {
    if (entry->document.kind != kind) continue;
    for (const auto& member : entry->document.source)
      if (!FindField(member.key())) names.emplace(member.key());
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::unique_ptr<Builder>> MemoryIndex::StartBuild(OpContext& op, BuildOptions options) {
  TRY_OK(op.Check());
  const std::lock_guard lock(mutex_);
  if (build_ && build_->in_use)
    return Error(Code::kConflict, "a new index is being built already; wait for it to end");
  build_ = std::make_shared<Build>(Build{.options = options, .in_use = true});
  return std::make_unique<MemoryBuilder>(*this, build_);
}

Result<std::unique_ptr<Builder>> MemoryIndex::ResumeBuild(OpContext& op) {
  TRY_OK(op.Check());
  const std::lock_guard lock(mutex_);
  if (!build_) return Error(Code::kNotFound, "no build of an index was interrupted");
  if (build_->in_use)
    return Error(Code::kConflict, "a new index is being built already; wait for it to end");
  build_->in_use = true;
  return std::make_unique<MemoryBuilder>(*this, build_);
}

}  // namespace vams::search
