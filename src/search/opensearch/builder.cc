#include "search/opensearch/builder.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "search/opensearch/terms.h"

namespace vams::search::opensearch {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::size_t kMaxNameBytes = 512;

Error NotNow() {
  return {Code::kConflict, "the build of the index is not in a state for that",
          "segments come before Finish, everything else behind it"};
}

std::optional<std::uint64_t> GenerationOf(std::string_view index, std::string_view alias) {
  if (!index.starts_with(alias)) return std::nullopt;
  index.remove_prefix(alias.size());
  if (!index.starts_with('-')) return std::nullopt;
  index.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  if (error != std::errc() || end != index.data() + index.size()) return std::nullopt;
  return number;
}

Status DeleteIndex(OpContext& op, Client& client, const std::string& name) {
  TRY(const Reply reply, client.Send(op, "DELETE", "/" + name));
  if (!reply.ok() && reply.status != 404)
    return RefusalError("removing index " + name, reply.status, FailureOf(reply.body));
  return Ok();
}

}  // namespace

// ---- Generations
// ---------------------------------------------------------------------------------------

Names NamesOf(const Names& aliases, std::uint64_t generation) {
  return {.assets = fmt::format("{}-{:06}", aliases.assets, generation),
          .files = fmt::format("{}-{:06}", aliases.files, generation)};
}

Result<Layout> ReadLayout(OpContext& op, Client& client, const Names& aliases) {
  Layout layout;
  for (const Kind kind : {Kind::kAsset, Kind::kFile}) {
    const std::string& alias = aliases.Of(kind);
    std::string& serving = kind == Kind::kAsset ? layout.serving.assets : layout.serving.files;
    TRY(const object found,
        client.Call(op, "GET", fmt::format("/{0},{0}-*/_alias?ignore_unavailable=true", alias)));
    for (const auto& member : found) {
      const std::string_view name = member.key();
      if (name == alias) {
        (kind == Kind::kAsset ? layout.foreign_assets : layout.foreign_files) = true;
        serving = alias;
        continue;
      }
      const auto generation = GenerationOf(name, alias);
      if (!generation) continue;
      layout.generations.insert(*generation);
      const auto* names = opensearch::Find(member.value(), "aliases");
      if (names && opensearch::Find(*names, alias)) serving = name;
    }
  }
  return layout;
}

Status CreateIndexes(OpContext& op, Client& client, const Names& names) {
  for (const Kind kind : {Kind::kAsset, Kind::kFile})
    TRY_OK(client.Call(op, "PUT", "/" + names.Of(kind), IndexBody(kind)));
  return Ok();
}

Status DeleteIndexes(OpContext& op, Client& client, const Names& names) {
  // The assets' index, which holds the state, last: until then the rest can be found again.
  TRY_OK(DeleteIndex(op, client, names.files));
  return DeleteIndex(op, client, names.assets);
}

Status ServeIndexes(OpContext& op, Client& client, const Names& aliases, const Names& names) {
  TRY(const Layout layout, ReadLayout(op, client, aliases));
  array actions;
  for (const Kind kind : {Kind::kAsset, Kind::kFile}) {
    if (const std::string& old = layout.serving.Of(kind); !old.empty() && old != names.Of(kind))
      actions.push_back(object{{"remove_index", {{"index", old}}}});
    actions.push_back(object{{"add", {{"index", names.Of(kind)}, {"alias", aliases.Of(kind)}}}});
  }
  TRY_OK(client.Call(op, "POST", "/_aliases", object{{"actions", std::move(actions)}}));
  return Ok();
}

// ---- The build
// ---------------------------------------------------------------------------------------

struct OpenSearchBuilder::Work {
  Work(std::shared_ptr<Shared> with, Names names, State begun)
      : shared(std::move(with)),
        stored(*shared->client, shared->classes, std::move(names)),
        state(std::move(begun)) {}

  // A segment's mark is one that still counts.
  bool IsLive(std::string_view mark) {
    const std::lock_guard lock(mutex);
    for (const auto& [name, of] : open)
      if (of == mark) return true;
    if (state.build)
      for (const auto& [name, of] : state.build->closed)
        if (of == mark) return true;
    return false;
  }

  const std::shared_ptr<Shared> shared;
  Stored stored;
  std::mutex write_mutex;    // writing the state, and documents of a finished build
  mutable std::mutex mutex;  // guards what follows
  State state;
  bool ended = false;
  std::map<std::string, std::string> open;  // by name, with their marks
};

class OpenSearchBuilder::Part final : public Segment {
 public:
  Part(std::shared_ptr<Work> work, std::string name, std::string mark)
      : work_(std::move(work)), name_(std::move(name)), mark_(std::move(mark)) {}
  ~Part() override {
    const std::lock_guard lock(work_->mutex);
    work_->open.erase(name_);
  }

  Status Add(OpContext& op, std::span<const Document> documents) override {
    TRY_OK(op.Check());
    if (closed_) return NotNow();
    for (const Document& document : documents)
      if (document.id.empty() || document.id.size() > kMaxIdBytes)
        return Error(Code::kInvalid, "a document has no id, or too long a one", document.id);
    return work_->stored.Add(op, documents, mark_,
                             [this](std::string_view mark) { return work_->IsLive(mark); });
  }

  Status Close(OpContext& op) override {
    TRY_OK(op.Check());
    if (closed_) return NotNow();
    const std::lock_guard writing(work_->write_mutex);
    State next;
    {
      const std::lock_guard lock(work_->mutex);
      if (work_->ended || !work_->state.build || work_->state.build->finished) return NotNow();
      next = work_->state;
    }
    if (next.build) next.build->closed[name_] = mark_;
    TRY_OK(work_->stored.WriteState(op, next));
    const std::lock_guard lock(work_->mutex);
    work_->state = std::move(next);
    work_->open.erase(name_);
    closed_ = true;
    return Ok();
  }

 private:
  const std::shared_ptr<Work> work_;
  const std::string name_;
  const std::string mark_;
  bool closed_ = false;
};

OpenSearchBuilder::OpenSearchBuilder(std::shared_ptr<Shared> shared, Names names,
                                     BuildOptions options, State state)
    : work_(std::make_shared<Work>(std::move(shared), std::move(names), std::move(state))),
      options_(options) {}

OpenSearchBuilder::~OpenSearchBuilder() {
  const std::lock_guard lock(work_->mutex);
  if (work_->ended) return;  // the place was free then, and may be another's now
  const std::lock_guard shared_lock(work_->shared->mutex);
  work_->shared->building = false;
}

bool OpenSearchBuilder::finished() const {
  const std::lock_guard lock(work_->mutex);
  return work_->ended || (work_->state.build && work_->state.build->finished);
}

Status OpenSearchBuilder::Finished() const {
  const std::lock_guard lock(work_->mutex);
  if (work_->ended || !work_->state.build || !work_->state.build->finished) return NotNow();
  return Ok();
}

Result<std::unique_ptr<Segment>> OpenSearchBuilder::OpenSegment(OpContext& op, std::string name) {
  TRY_OK(op.Check());
  if (name.size() > kMaxNameBytes)
    return Error(Code::kInvalid, "the name of a segment is too long", name);
  std::string nonce(8, '\0');
  work_->shared->client->random().Fill(nonce.data(), nonce.size());
  std::string mark = HexEncode(nonce);
  const std::lock_guard lock(work_->mutex);
  if (work_->ended || !work_->state.build || work_->state.build->finished) return NotNow();
  if (work_->state.build->closed.contains(name) || !work_->open.emplace(name, mark).second)
    return Error(Code::kConflict, "there is such a segment already", name);
  return std::make_unique<Part>(work_, std::move(name), std::move(mark));
}

Result<std::vector<std::string>> OpenSearchBuilder::ClosedSegments(OpContext&) {
  const std::lock_guard lock(work_->mutex);
  if (work_->ended || !work_->state.build) return NotNow();
  std::vector<std::string> names;
  for (const auto& [name, mark] : work_->state.build->closed) names.push_back(name);
  return names;
}

Status OpenSearchBuilder::RemoveUnclosed(OpContext& op) {
  array marks;
  {
    const std::lock_guard lock(work_->mutex);
    if (!work_->state.build || work_->state.build->finished) return Ok();
    for (const auto& [name, mark] : work_->state.build->closed) marks.emplace_back(mark);
  }
  return work_->stored.Remove(
      op, AllOf({Ours(KindSet::kBoth),
                 Query{{"bool", {{"must_not", TermsQuery(field::kSegment, std::move(marks))}}}}}));
}

// What the build is not about, as it is in the index that serves.
Status OpenSearchBuilder::TakeOver(OpContext& op) {
  if (options_.kinds == KindSet::kBoth) return Ok();
  Stored serving(*work_->shared->client, work_->shared->classes, work_->shared->aliases);
  TRY_OK(serving.Refresh(op));
  const KindSet rest = options_.kinds == KindSet::kAssets ? KindSet::kFiles : KindSet::kAssets;
  return serving.Scan(op, Ours(rest), [&](std::span<Document> documents) -> Status {
    std::vector<Write> writes;
    for (Document& document : documents) writes.push_back(Write::Put(std::move(document)));
    return work_->stored.Write(op, writes);
  });
}

Status OpenSearchBuilder::Finish(OpContext& op) {
  TRY_OK(op.Check());
  const std::lock_guard writing(work_->write_mutex);
  State next;
  {
    const std::lock_guard lock(work_->mutex);
    if (work_->ended || !work_->state.build || work_->state.build->finished || !work_->open.empty())
      return NotNow();
    next = work_->state;
  }
  TRY_OK(RemoveUnclosed(op));
  // A change that comes while these are read is applied to the build later.
  TRY_OK(TakeOver(op));
  TRY_OK(work_->stored.Refresh(op));
  next.position = options_.position;
  if (next.build) next.build->finished = true;
  TRY_OK(work_->stored.WriteState(op, next));
  const std::lock_guard lock(work_->mutex);
  work_->state = std::move(next);
  return Ok();
}

Status OpenSearchBuilder::Swap(OpContext& op) {
  TRY_OK(op.Check());
  TRY_OK(Finished());
  Shared& shared = *work_->shared;
  const std::lock_guard serving(shared.write_mutex);
  const std::lock_guard writing(work_->write_mutex);
  State next;
  {
    const std::lock_guard lock(work_->mutex);
    next = work_->state;
  }
  if (next.position < shared.serving_position())
    return Error(Code::kConflict,
                 "the new index has not caught up with the one that serves; apply the changes "
                 "since then first");
  TRY_OK(work_->stored.Refresh(op));
  const State finished = next;
  next.build.reset();
  // Before the aliases: a build without its mark is one that nobody resumes, which is what it is if
  // the next step does not happen; it is removed by the next build.
  TRY_OK(work_->stored.WriteState(op, next));
  if (const Status served = ServeIndexes(op, *shared.client, shared.aliases, work_->stored.names());
      !served.ok()) {
    TRY_OK(work_->stored.WriteState(op, finished));
    return served;
  }
  const std::lock_guard lock(work_->mutex);
  work_->ended = true;
  const std::lock_guard shared_lock(shared.mutex);
  shared.position = next.position;
  shared.building = false;
  return Ok();
}

Status OpenSearchBuilder::Drop(OpContext& op) {
  {
    const std::lock_guard lock(work_->mutex);
    if (work_->ended) return NotNow();
  }
  TRY_OK(DeleteIndexes(op, *work_->shared->client, work_->stored.names()));
  const std::lock_guard lock(work_->mutex);
  work_->ended = true;
  const std::lock_guard shared_lock(work_->shared->mutex);
  work_->shared->building = false;
  return Ok();
}

Result<Position> OpenSearchBuilder::GetPosition(OpContext&) {
  TRY_OK(Finished());
  const std::lock_guard lock(work_->mutex);
  return work_->state.position;
}

Status OpenSearchBuilder::Apply(OpContext& op, std::span<const Write> writes, Position position) {
  TRY_OK(op.Check());
  TRY_OK(CheckWrites(writes));
  TRY_OK(Finished());
  const std::lock_guard writing(work_->write_mutex);
  TRY_OK(work_->stored.Write(op, writes));
  State next;
  {
    const std::lock_guard lock(work_->mutex);
    next = work_->state;
  }
  next.position = position;
  TRY_OK(work_->stored.WriteState(op, next));
  const std::lock_guard lock(work_->mutex);
  work_->state = std::move(next);
  return Ok();
}

Result<std::optional<Document>> OpenSearchBuilder::Find(OpContext& op, std::string_view id) {
  TRY_OK(Finished());
  return work_->stored.Find(op, id);
}

Result<Counts> OpenSearchBuilder::Count(OpContext& op) {
  TRY_OK(Finished());
  TRY(Counts counts, work_->stored.Count(op));
  counts.generation = work_->stored.names().assets;
  return counts;
}

Result<IdPage> OpenSearchBuilder::ScanIds(OpContext& op, std::string_view after,
                                          std::size_t limit) {
  TRY_OK(Finished());
  return work_->stored.ScanIds(op, after, limit);
}

Result<std::vector<std::string>> OpenSearchBuilder::Check(OpContext& op) {
  TRY_OK(Finished());
  return work_->stored.Check(op);
}

}  // namespace vams::search::opensearch
