#include "search/memory/memory_builder.h"

#include <utility>

namespace vams::search {
namespace {

constexpr std::size_t kMaxNameBytes = 512;

Error NotNow() {
  return {Code::kConflict, "the build of the index is not in a state for that",
          "segments come before Finish, everything else behind it"};
}

}  // namespace

// ---- Segments
// ---------------------------------------------------------------------------------------

MemorySegment::~MemorySegment() {
  const std::lock_guard lock(index_.mutex_);
  build_->open.erase(name_);
}

Status MemorySegment::Add(OpContext& op, std::span<const Document> documents) {
  TRY_OK(op.Check());
  if (closed_) return NotNow();
  for (const Document& document : documents) {
    if (document.id.empty() || document.id.size() > kMaxIdBytes)
      return Error(Code::kInvalid, "a document has no id, or too long a one", document.id);
    documents_.push_back(document);
  }
  return Ok();
}

Status MemorySegment::Close(OpContext& op) {
  TRY_OK(op.Check());
  const std::lock_guard lock(index_.mutex_);
  if (closed_ || build_->state || index_.build_ != build_) return NotNow();
  closed_ = true;
  build_->open.erase(name_);
  build_->closed[name_] = std::move(documents_);
  return Ok();
}

// ---- The build
// ---------------------------------------------------------------------------------------

MemoryBuilder::~MemoryBuilder() {
  const std::lock_guard lock(index_.mutex_);
  if (build_) build_->in_use = false;
}

bool MemoryBuilder::finished() const {
  const std::lock_guard lock(index_.mutex_);
  return !build_ || build_->state;
}

Result<std::unique_ptr<Segment>> MemoryBuilder::OpenSegment(OpContext& op, std::string name) {
  TRY_OK(op.Check());
  if (name.size() > kMaxNameBytes)
    return Error(Code::kInvalid, "the name of a segment is too long", name);
  const std::lock_guard lock(index_.mutex_);
  if (!build_ || build_->state) return NotNow();
  if (build_->closed.contains(name) || !build_->open.insert(name).second)
    return Error(Code::kConflict, "there is such a segment already", name);
  return std::make_unique<MemorySegment>(index_, build_, std::move(name));
}

Result<std::vector<std::string>> MemoryBuilder::ClosedSegments(OpContext&) {
  const std::lock_guard lock(index_.mutex_);
  if (!build_) return NotNow();
  std::vector<std::string> names;
  for (const auto& [name, documents] : build_->closed) names.push_back(name);
  return names;
}

Status MemoryBuilder::Finish(OpContext& op) {
  TRY_OK(op.Check());
  const std::lock_guard lock(index_.mutex_);
  if (!build_ || build_->state || !build_->open.empty()) return NotNow();
  auto state = std::make_shared<MemoryIndex::State>();
  state->position = options_.position;
  state->generation = index_.state_->generation + 1;
  for (const auto& [name, documents] : build_->closed)
    for (const Document& document : documents)
      if (!state->entries.emplace(document.id, MemoryIndex::MakeEntry(document)).second)
        return Error(Code::kInvalid, "a new index was given a document twice", document.id);
  for (const auto& [id, entry] : index_.state_->entries)
    if (!Has(options_.kinds, entry->document.kind)) state->entries.emplace(id, entry);
  build_->closed.clear();
  build_->state = std::move(state);
  return Ok();
}

Status MemoryBuilder::Swap(OpContext& op) {
  TRY_OK(op.Check());
  const std::lock_guard lock(index_.mutex_);
  if (!build_ || !build_->state) return NotNow();
  if (build_->state->position < index_.state_->position)
    return Error(Code::kConflict,
                 "the new index has not caught up with the one that serves; apply the changes "
                 "since then first");
  index_.state_ = build_->state;
  index_.build_.reset();
  build_.reset();
  return Ok();
}

Status MemoryBuilder::Drop(OpContext&) {
  const std::lock_guard lock(index_.mutex_);
  if (!build_) return NotNow();
  index_.build_.reset();
  build_.reset();
  return Ok();
}

Result<MemoryIndex::StatePtr> MemoryBuilder::Finished() const {
  const std::lock_guard lock(index_.mutex_);
  if (!build_ || !build_->state) return NotNow();
  return build_->state;
}

Result<Position> MemoryBuilder::GetPosition(OpContext&) {
  TRY(const auto state, Finished());
  return state->position;
}

Status MemoryBuilder::Apply(OpContext& op, std::span<const Write> writes, Position position) {
  TRY_OK(op.Check());
  TRY_OK(CheckWrites(writes));
  const std::lock_guard lock(index_.mutex_);
  if (!build_ || !build_->state) return NotNow();
  build_->state = MemoryIndex::Applied(*build_->state, writes, position);
  return Ok();
}

Result<std::optional<Document>> MemoryBuilder::Find(OpContext&, std::string_view id) {
  TRY(const auto state, Finished());
  return MemoryIndex::FindIn(*state, id);
}

Result<Counts> MemoryBuilder::Count(OpContext&) {
  TRY(const auto state, Finished());
  return MemoryIndex::CountsOf(*state);
}

Result<IdPage> MemoryBuilder::ScanIds(OpContext&, std::string_view after, std::size_t limit) {
  TRY(const auto state, Finished());
  return MemoryIndex::IdsOf(*state, after, limit);
}

Result<std::vector<std::string>> MemoryBuilder::Check(OpContext&) {
  TRY_OK(Finished());
  return std::vector<std::string>();
}

}  // namespace vams::search
