#include "search/xapian/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "search/xapian/guard.h"
#include "search/xapian/terms.h"

namespace vams::search::xapian {
namespace {

constexpr std::size_t kMaxNameBytes = 512;
constexpr char kNameKey[] = "segment";
constexpr std::string_view kOpenSuffix = ".open";
// The library collects changes in trees: beyond what the processor's caches hold they get slow.
constexpr std::size_t kCommitDocuments = 1000;

Error NotNow() {
  return {Code::kConflict, "the build of the search index is not in a state for that",
          "segments come before Finish, everything else behind it"};
}

files::Path SegmentFolder(const files::Path& build, std::string_view name) {
  return build / ("s-" + HexEncode(Md5(name)));
}

// ---- Segments
// ---------------------------------------------------------------------------------------

class XapianSegment final : public Segment {
 public:
  XapianSegment(std::shared_ptr<Build> build, std::string name, files::Path folder)
      : build_(std::move(build)), name_(std::move(name)), folder_(std::move(folder)) {}

  ~XapianSegment() override {
    writer_.reset();
    if (!closed_) (void)files::RemoveTree(OpenFolder());
    const std::lock_guard lock(build_->mutex);
    build_->open.erase(name_);
  }

  Status Begin() {
    TRY_OK(files::RemoveTree(OpenFolder()));
    return Guarded("beginning a part of the search index", [&]() -> Status {
      writer_ = std::make_unique<Writer>(OpenFolder(), Durability::kLater);
      writer_->SetMetadata(kNameKey, name_);
      return Ok();
    });
  }

  Status Add(OpContext& op, std::span<const Document> documents) override {
    if (closed_ || !writer_) return NotNow();
    for (const Document& document : documents) {
      TRY_OK(op.Check());
      if (document.id.empty() || document.id.size() > kMaxIdBytes)
        return Error(Code::kInvalid, "a document has no id, or too long a one", document.id);
      const Status added = Guarded("adding to the search index", [&]() -> Status {
        writer_->Add(Prepared(document));
        if (++pending_ % kCommitDocuments == 0) writer_->Commit();
        return Ok();
      });
      if (!added.ok()) {
        writer_.reset();  // what it holds is no longer known
        return added;
      }
    }
    return Ok();
  }

  Status Close(OpContext& op) override {
    TRY_OK(op.Check());
    {
      const std::lock_guard lock(build_->mutex);
      if (closed_ || !writer_ || build_->over || build_->store || build_->finishing)
        return NotNow();
    }
    TRY_OK(Guarded("writing a part of the search index", [&]() -> Status {
      writer_->Commit();
      return Ok();
    }));
    writer_.reset();
    TRY_OK(SyncFiles(OpenFolder()));
    VAMS_POINT("search.segment_written");
    TRY_OK(files::RenameDurably(OpenFolder(), folder_));
    closed_ = true;
    const std::lock_guard lock(build_->mutex);
    build_->open.erase(name_);
    return Ok();
  }

 private:
  files::Path OpenFolder() const { return files::Path(folder_) += kOpenSuffix; }

  const std::shared_ptr<Build> build_;
  const std::string name_;
  const files::Path folder_;
  std::unique_ptr<Writer> writer_;
  std::size_t pending_ = 0;
  bool closed_ = false;
};

// An id that two documents have; empty: none.
std::string RepeatedId(const files::Path& folder) {
  const Reader reader(folder);
  const std::string repeated = reader.FindRepeated(std::string(1, kIdPrefix));
  return repeated.empty() ? reader.FindRepeated(std::string(1, kLongId)) : repeated;
}

}  // namespace

// ---- The index's side
// ---------------------------------------------------------------------------------------

Result<std::string> Shared::NewGeneration() {
  const std::lock_guard guard(mutex);
  TRY(const std::uint64_t greatest, catalogue.GreatestNumber());
  last_number = std::max(last_number, greatest) + 1;
  return Catalogue::NameOf(last_number);
}

Status Shared::Serve(const std::string& generation, std::shared_ptr<Store> store) {
  TRY_OK(catalogue.SetCurrent(generation));
  std::shared_ptr<Store> old = Serving();
  {
    const std::lock_guard guard(mutex);
    serving = std::move(store);
  }
  // Its last search removes it.
  if (old) old->Retire();
  return Ok();
}

// ---- The builder
// ---------------------------------------------------------------------------------------

XapianBuilder::XapianBuilder(std::shared_ptr<Shared> shared, Manifest manifest)
    : folder_(shared->catalogue.build()),
      build_(std::make_shared<Build>()),
      shared_(std::move(shared)),
      manifest_(std::move(manifest)) {}

Result<std::unique_ptr<Builder>> XapianBuilder::Open(std::shared_ptr<Shared> shared,
                                                     Manifest manifest) {
  // What was not closed is gone.
  const files::Path folder = shared->catalogue.build();
  std::error_code error;
  std::vector<files::Path> open;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().filename().string().ends_with(kOpenSuffix)) open.push_back(entry.path());
  if (error) return files::ErrnoError("read", folder, error.value());
  for (const files::Path& left : open) TRY_OK(files::RemoveTree(left));
  std::shared_ptr<Store> store;
  if (!manifest.generation.empty()) {
    TRY(store,
        Store::Open(shared->catalogue.GenerationFolder(manifest.generation), shared->options));
  }
  std::unique_ptr<XapianBuilder> builder(new XapianBuilder(std::move(shared), std::move(manifest)));
  builder->build_->store = std::move(store);
  return std::unique_ptr<Builder>(std::move(builder));
}

XapianBuilder::~XapianBuilder() { End(); }

void XapianBuilder::End() {
  std::shared_ptr<Shared> shared;
  {
    const std::lock_guard lock(build_->mutex);
    build_->over = true;
    shared = std::move(shared_);
  }
  if (!shared) return;
  const std::lock_guard lock(shared->mutex);
  shared->building = false;
}

Result<std::shared_ptr<Shared>> XapianBuilder::Live() const {
  const std::lock_guard lock(build_->mutex);
  if (build_->over) return NotNow();
  return shared_;
}

bool XapianBuilder::finished() const {
  const std::lock_guard lock(build_->mutex);
  return build_->over || build_->store;
}

Result<std::shared_ptr<Store>> XapianBuilder::Finished() const {
  const std::lock_guard lock(build_->mutex);
  if (build_->over || !build_->store) return NotNow();
  return build_->store;
}

Result<std::unique_ptr<Segment>> XapianBuilder::OpenSegment(OpContext& op, std::string name) {
  TRY_OK(op.Check());
  if (name.size() > kMaxNameBytes)
    return Error(Code::kInvalid, "the name of a segment is too long", name);
  files::Path folder = SegmentFolder(folder_, name);
  {
    const std::lock_guard lock(build_->mutex);
    if (build_->over || build_->store || build_->finishing) return NotNow();
    if (std::filesystem::exists(folder) || !build_->open.insert(name).second)
      return Error(Code::kConflict, "there is such a segment already", name);
  }
  auto segment = std::make_unique<XapianSegment>(build_, std::move(name), std::move(folder));
  TRY_OK(segment->Begin());
  return std::unique_ptr<Segment>(std::move(segment));
}

Result<std::vector<std::pair<std::string, files::Path>>> XapianBuilder::Segments() const {
  std::vector<std::pair<std::string, files::Path>> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with("s-") || file.ends_with(kOpenSuffix)) continue;
    TRY(std::string name,
        Guarded("reading a part of the search index",
                [&]() -> Result<std::string> { return Reader(entry.path()).Metadata(kNameKey); }));
    found.emplace_back(std::move(name), entry.path());
  }
  if (error) return files::ErrnoError("read", folder_, error.value());
  std::ranges::sort(found);
  return found;
}

Result<std::vector<std::string>> XapianBuilder::ClosedSegments(OpContext& op) {
  TRY_OK(op.Check());
  {
    const std::lock_guard lock(build_->mutex);
    if (build_->over) return NotNow();
    if (build_->store) return std::vector<std::string>();
  }
  TRY(const auto segments, Segments());
  std::vector<std::string> names;
  for (const auto& [name, folder] : segments) names.push_back(name);
  return names;
}

Result<bool> XapianBuilder::CarryOver(OpContext& op, const Shared& shared,
                                      const std::vector<files::Path>& segments,
                                      const files::Path& folder) const {
  const auto others = static_cast<KindSet>(static_cast<unsigned>(KindSet::kBoth) &
                                           ~static_cast<unsigned>(manifest_.options.kinds));
  if (static_cast<unsigned>(others) == 0) return false;
  TRY_OK(files::RemoveTree(folder));
  std::vector<std::unique_ptr<Reader>> readers;
  for (const files::Path& segment : segments) readers.push_back(std::make_unique<Reader>(segment));
  Writer writer(folder, Durability::kLater);
  TRY_OK(shared.Serving()->ForEachDocument(op, others, [&](const Document& document) -> Status {
    const std::string term = IdTerm(document.id);
    for (const auto& reader : readers)
      if (reader->DocumentOf(term)) return Ok();  // it is of another kind now
    writer.Add(Prepared(document));
    return Ok();
  }));
  writer.Commit();
  return true;
}

Status XapianBuilder::MakeGeneration(OpContext& op, const Shared& shared,
                                     const std::string& name) const {
  TRY(const auto segments, Segments());
  std::vector<files::Path> sources;
  for (const auto& [segment, folder] : segments) sources.push_back(folder);
  const files::Path carried = folder_ / "carried.tmp";
  TRY(const bool carries, CarryOver(op, shared, sources, carried));
  if (carries) sources.push_back(carried);
  // The library merges nothing that has no documents.
  std::erase_if(sources,
                [](const files::Path& source) { return Reader(source).document_count() == 0; });
  const files::Path target = shared.catalogue.root() / (name + ".tmp");
  TRY_OK(files::RemoveTree(target));
  if (!sources.empty()) Merge(sources, target);
  TRY_OK(Store::Create(target, manifest_.options.position));
  if (const std::string repeated = RepeatedId(target); !repeated.empty()) {
    TRY_OK(files::RemoveTree(target));
    return Error(Code::kInvalid, "a new search index was given a document twice", repeated);
  }
  TRY_OK(op.Check());
  TRY_OK(SyncFiles(target));
  VAMS_POINT("search.merged");
  return files::RenameDurably(target, shared.catalogue.GenerationFolder(name));
}

Status XapianBuilder::FinishAlone(OpContext& op, Shared& shared) {
  TRY(std::string name, shared.NewGeneration());
  TRY_OK(Guarded("joining the parts of the search index",
                 [&] { return MakeGeneration(op, shared, name); }));
  TRY(auto store, Store::Open(shared.catalogue.GenerationFolder(name), shared.options));
  manifest_.generation = std::move(name);
  const Status written = shared.catalogue.WriteManifest(manifest_);
  if (!written.ok()) {
    manifest_.generation.clear();
    store->Retire();
    return written;
  }
  VAMS_POINT("search.finished");
  const std::lock_guard lock(build_->mutex);
  build_->store = std::move(store);
  return Ok();
}

Status XapianBuilder::Finish(OpContext& op) {
  TRY_OK(op.Check());
  TRY(const auto shared, Live());
  {
    const std::lock_guard lock(build_->mutex);
    if (build_->store || build_->finishing || !build_->open.empty()) return NotNow();
    build_->finishing = true;
  }
  const Status done = FinishAlone(op, *shared);
  {
    const std::lock_guard lock(build_->mutex);
    build_->finishing = false;
  }
  TRY_OK(done);
  // Their documents are in the generation; what stays behind goes with the build.
  TRY(const auto segments, Segments());
  for (const auto& [name, folder] : segments) (void)files::RemoveTree(folder);
  (void)files::RemoveTree(folder_ / "carried.tmp");
  return Ok();
}

Status XapianBuilder::Swap(OpContext& op) {
  TRY_OK(op.Check());
  TRY(const auto shared, Live());
  TRY(auto store, Finished());
  {
    const std::lock_guard writing(shared->write_mutex);
    if (store->position() < shared->Serving()->position())
      return Error(Code::kConflict,
                   "the new search index has not caught up with the one that serves; apply the "
                   "changes since then first");
    VAMS_POINT("search.before_swap");
    TRY_OK(shared->Serve(manifest_.generation, std::move(store)));
  }
  VAMS_POINT("search.after_swap");
  {
    const std::lock_guard lock(build_->mutex);
    build_->store.reset();
  }
  // If this fails, the next opening tidies up.
  (void)files::RemoveTree(folder_);
  End();
  return Ok();
}

Status XapianBuilder::Drop(OpContext& op) {
  TRY_OK(op.Check());
  TRY_OK(Live());
  {
    const std::lock_guard lock(build_->mutex);
    if (build_->finishing) return NotNow();
    build_->over = true;
    // Goes with its last reader.
    if (build_->store) build_->store->Retire();
    build_->store.reset();
  }
  const Status removed = files::RemoveTree(folder_);
  End();
  return removed;
}

// ---- Once finished
// ---------------------------------------------------------------------------------------

Result<Position> XapianBuilder::GetPosition(OpContext& op) {
  TRY_OK(op.Check());
  TRY(const auto store, Finished());
  return store->position();
}

Status XapianBuilder::Apply(OpContext& op, std::span<const Write> writes, Position position) {
  TRY(const auto store, Finished());
  return store->Apply(op, writes, position);
}

Result<std::optional<Document>> XapianBuilder::Find(OpContext& op, std::string_view id) {
  TRY(const auto store, Finished());
  return store->Find(op, id);
}

Result<Counts> XapianBuilder::Count(OpContext& op) {
  TRY(const auto store, Finished());
  return store->Count(op);
}

Result<IdPage> XapianBuilder::ScanIds(OpContext& op, std::string_view after, std::size_t limit) {
  TRY(const auto store, Finished());
  return store->ScanIds(op, after, limit);
}

Result<std::vector<std::string>> XapianBuilder::Check(OpContext& op) {
  TRY(const auto store, Finished());
  return store->Check(op);
}

}  // namespace vams::search::xapian
