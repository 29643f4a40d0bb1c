#include "search/xapian/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "search/xapian/guard.h"
#include "search/xapian/terms.h"

namespace vams::search::xapian {
namespace {

constexpr char kPositionKey[] = "position";
constexpr char kFormatKey[] = "format";
constexpr std::size_t kMaxIdleReaders = 32;
// How often an overtaken read is repeated: each time it starts from the newest commit.
constexpr int kMaxAttempts = 100;
constexpr auto kPublishWait = std::chrono::milliseconds(20);

Result<Position> ParsePosition(const std::string& text) {
  Position position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || end != text.data() + text.size())
    return Corrupt("no position: " + text);
  return position;
}

}  // namespace

Status SyncFiles(const files::Path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return files::ErrnoError("open", entry.path(), errno);
    const int failed = ::fsync(fd) != 0 ? errno : 0;
    ::close(fd);
    if (failed != 0) return files::ErrnoError("write", entry.path(), failed);
  }
  if (error) return files::ErrnoError("read", folder, error.value());
  return files::SyncFolder(folder);
}

std::uint64_t DiskBytes(const files::Path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::error_code no_size;
    const auto size = entry.file_size(no_size);
    if (!no_size) bytes += size;
  }
  return bytes;
}

// ---- Opening
// ---------------------------------------------------------------------------------------

Status Store::Create(const files::Path& folder, Position position) {
  return Guarded("making the search index", [&]() -> Status {
    Writer writer(folder, Durability::kEachCommit);
    writer.Begin();
    writer.SetMetadata(kFormatKey, std::string(kFormat));
    writer.SetMetadata(kPositionKey, std::to_string(position));
    writer.Commit();
    return Ok();
  });
}

Result<std::shared_ptr<Store>> Store::Open(files::Path folder, const XapianOptions& options) {
  std::shared_ptr<Store> store(new Store(std::move(folder), options));
  const std::lock_guard lock(store->write_mutex_);
  TRY_OK(Guarded("opening the search index", [&] { return store->Load(); }));
  return store;
}

Store::~Store() {
  writer_.reset();
  idle_.clear();
  if (retired_.load()) (void)files::RemoveTree(folder_);
}

Status Store::Load() {
  auto reader = std::make_unique<Reader>(folder_);
  if (const std::string format = reader->Metadata(kFormatKey); format != kFormat)
    return Corrupt("its format is \"" + format + "\"");
  TRY(const Position position, ParsePosition(reader->Metadata(kPositionKey)));
  Snapshot next{.number = snapshot_ ? snapshot_->number + 1 : 1, .position = position};
  next.columns.Grow(reader->last_doc() + 1);
  std::string unreadable;
  reader->ForEachValue(kRowSlot, [&](DocId doc, const std::string& bytes) {
    const auto row = DecodeRow(bytes);
    if (row)
      next.columns.Put(doc, *row);
    else
      unreadable = fmt::format("the row of document {} cannot be read", doc);
  });
  if (!unreadable.empty()) return Corrupt(unreadable);
  if (next.columns.collection.documents != reader->document_count())
    return Corrupt(fmt::format("{} documents have {} rows", reader->document_count(),
                               next.columns.collection.documents));
  for (const char group : {kCoreWord, kMetadataWord}) {
    std::vector<std::string> words;
    reader->ForEachTerm(std::string(1, group), {}, [&](const std::string& term) {
      words.push_back(term.substr(1));
      return true;
    });
    (group == kCoreWord ? next.core_words : next.metadata_words).Add(std::move(words));
  }
  GiveBack(std::move(reader));
  Publish(std::move(next), {});
  return Ok();
}

// ---- Reading
// ---------------------------------------------------------------------------------------

std::unique_ptr<Reader> Store::TakeReader() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return std::make_unique<Reader>(folder_);
}

void Store::GiveBack(std::unique_ptr<Reader> reader) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdleReaders) idle_.push_back(std::move(reader));
}

Status Store::Read(OpContext& op, std::string_view doing,
                   const std::function<Status(const View& view)>& read) {
  Status result = Ok();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    TRY_OK(op.Check());
    const SnapshotPtr now = snapshot();
    try {
      auto reader = TakeReader();
      if (reader->revision() != now->revision) reader->Reopen();
      if (reader->revision() != now->revision) {
        // The commit is there, its columns are about to be.
        GiveBack(std::move(reader));
        std::unique_lock lock(mutex_);
        published_.wait_for(lock, kPublishWait, [&] { return snapshot_ != now; });
        continue;
      }
      result = read({*now, *reader, access_, texts_, shorts_, changes_});
      GiveBack(std::move(reader));
      return result;
    } catch (...) {
      bool stale = false;
      result = ErrorOfException(doing, &stale);
      // What looks damaged may be blocks that a later commit wrote over.
      if (!stale && snapshot() == now) return result;
    }
  }
  if (result.ok())
    return Error(Code::kUnavailable, fmt::format("{} was overtaken by changes of the search index "
                                                 "too often; repeat it",
                                                 doing));
  return result;
}

Result<std::optional<Document>> Store::Find(OpContext& op, std::string_view id) {
  std::optional<Document> found;
  TRY_OK(Read(op, "reading a document", [&](const View& view) -> Status {
    found.reset();
    const auto doc = view.reader.DocumentOf(IdTerm(id));
    if (!doc) return Ok();
    found = view.reader.FindDocument(*doc);
    if (!found) return Corrupt(fmt::format("document {} cannot be read", *doc));
    return Ok();
  }));
  return found;
}

Result<Counts> Store::Count(OpContext& op) {
  TRY_OK(op.Check());
  const SnapshotPtr now = snapshot();
  const Columns& columns = now->columns;
  Counts counts{.generation = folder_.filename().string()};
  counts.files = columns.files.Count();
  counts.assets = columns.live.Count() - counts.files;
  counts.archived = columns.archived.Count();
  counts.disk_bytes = DiskBytes(folder_);
  counts.memory_bytes = columns.bytes() + now->core_words.bytes() + now->metadata_words.bytes() +
                        now->hot->bytes() + access_.bytes() + texts_.bytes() + shorts_.bytes();
  return counts;
}

Result<IdPage> Store::ScanIds(OpContext& op, std::string_view after, std::size_t limit) {
  const auto from = HexDecode(after);
  if (!from) return Error(Code::kInvalid, "this is no place to continue a scan from");
  IdPage page;
  TRY_OK(Read(op, "scanning the search index", [&](const View& view) -> Status {
    page = {};
    std::string last;
    Status status = Ok();
    for (const char prefix : {kIdPrefix, kLongId})
      view.reader.ForEachTerm(std::string(1, prefix), *from, [&](const std::string& term) {
        if (term <= *from) return true;
        if (page.entries.size() == limit) {
          page.next = HexEncode(last);
          return false;
        }
        const auto doc = view.reader.DocumentOf(term);
        const auto row = doc ? view.reader.FindRow(*doc) : std::nullopt;
        const auto texts = doc ? view.reader.FindTexts(*doc) : std::nullopt;
        if (!row || !texts) {
          status = Corrupt("the id " + term + " has no document that can be read");
          return false;
        }
        page.entries.push_back({.id = texts->id, .digest = row->digest});
        last = term;
        return true;
      });
    return status;
  }));
  return page;
}

Result<std::vector<std::string>> Store::DynamicFields(OpContext& op, Kind kind) {
  std::vector<std::string> names;
  TRY_OK(Read(op, "reading the fields of the search index", [&](const View& view) -> Status {
    names.clear();
    const std::string prefix = DynamicPrefix(kind);
    view.reader.ForEachTerm(prefix, {}, [&](const std::string& term) {
      names.push_back(term.substr(prefix.size()));
      return true;
    });
    return Ok();
  }));
  return names;
}

Status Store::ForEachDocument(OpContext& op, KindSet kinds,
                              const std::function<Status(const Document&)>& visit) {
  DocId next = 1;
  for (bool more = true; more;)
    // In pieces, so that commits meanwhile overtake little.
    TRY_OK(Read(op, "reading the search index", [&](const View& view) -> Status {
      const Columns& columns = view.snapshot.columns;
      constexpr DocId kPiece = 1000;
      for (const DocId end = next + kPiece; next < end; ++next) {
        if (next >= columns.size()) {
          more = false;
          return Ok();
        }
        const Kind kind = columns.files.Get(next) ? Kind::kFile : Kind::kAsset;
        if (!columns.live.Get(next) || !Has(kinds, kind)) continue;
        const auto document = view.reader.FindDocument(next);
        if (!document) return Corrupt(fmt::format("document {} cannot be read", next));
        TRY_OK(visit(*document));
      }
      return Ok();
    }));
  return Ok();
}

// ---- Writing
// ---------------------------------------------------------------------------------------

void Store::Publish(Snapshot next, std::vector<DocId> changed) {
  auto reader = TakeReader();
  reader->Reopen();
  next.revision = reader->revision();
  GiveBack(std::move(reader));
  next.columns.NoteSizes();
  if (!next.hot) next.hot = std::make_shared<HotLists>(options_.hot_list_bytes);
  changes_.Note(next.number, std::move(changed));
  auto shared = std::make_shared<const Snapshot>(std::move(next));
  {
    const std::lock_guard lock(mutex_);
    // The old one goes outside of the lock: it may be the last to hold much memory.
    snapshot_.swap(shared);
  }
  published_.notify_all();
}

void Store::Recover() {
  writer_.reset();
  const SnapshotPtr now = snapshot();
  // Whether the commit took place before things failed only the files know.
  const Status loaded = Guarded("reading the search index", [&]() -> Status {
    const Reader reader(folder_);
    return reader.revision() == now->revision ? Ok() : Load();
  });
  // If they cannot be read now, the commit that serves goes on to; the next write tries again.
  (void)loaded;
}

Status Store::Apply(OpContext& op, std::span<const Write> writes, Position position) {
  TRY_OK(op.Check());
  TRY_OK(CheckWrites(writes));
  // The last write for an id counts.
  std::map<std::string_view, const Write*> last;
  for (const Write& write : writes) last[write.id] = &write;
  std::vector<const Write*> batch;
  for (const Write& write : writes)
    if (last[write.id] == &write) batch.push_back(&write);
  const std::lock_guard lock(write_mutex_);
  return Commit(op, batch, position);
}

Status Store::Clear(OpContext& op, KindSet kinds) {
  TRY_OK(op.Check());
  std::vector<Write> writes;
  const std::lock_guard lock(write_mutex_);
  TRY_OK(Read(op, "clearing the search index", [&](const View& view) -> Status {
    writes.clear();
    const Columns& columns = view.snapshot.columns;
    Status status = Ok();
    view.reader.ForEachValue(kTextsSlot, [&](DocId doc, const std::string& bytes) {
      if (!Has(kinds, columns.files.Get(doc) ? Kind::kFile : Kind::kAsset)) return;
      auto texts = DecodeTexts(bytes);
      if (texts)
        writes.push_back(Write::Remove(std::move(texts->id)));
      else
        status = Corrupt(fmt::format("the texts of document {} cannot be read", doc));
    });
    return status;
  }));
  std::vector<const Write*> batch;
  for (const Write& write : writes) batch.push_back(&write);
  return Commit(op, batch, snapshot()->position);
}

Status Store::Commit(OpContext& op, const std::vector<const Write*>& writes, Position position) {
  const Status done =
      Guarded("changing the search index", [&] { return CommitGuarded(op, writes, position); });
  if (!done.ok()) Recover();
  return done;
}

Status Store::CommitGuarded(OpContext& op, const std::vector<const Write*>& writes,
                            Position position) {
  const SnapshotPtr now = snapshot();
  auto reader = TakeReader();
  reader->Reopen();
  if (reader->revision() != now->revision) {
    // An earlier failure left a commit that is not served yet.
    GiveBack(std::move(reader));
    TRY_OK(Load());
    return CommitGuarded(op, writes, position);
  }
  if (!writer_) writer_ = std::make_unique<Writer>(folder_, Durability::kEachCommit);
  Snapshot next{.number = now->number + 1,
                .position = position,
                .columns = now->columns,
                .core_words = now->core_words,
                .metadata_words = now->metadata_words};
  std::vector<DocId> changed;
  std::vector<std::string> core_words;
  std::vector<std::string> metadata_words;
  const auto list_changes = std::make_shared<ListChanges>(now->hot->Kept());
  writer_->Begin();
  for (const Write* write : writes) {
    TRY_OK(op.Check());
    const auto existing = reader->DocumentOf(IdTerm(write->id));
    if (!write->document) {
      if (!existing) continue;
      writer_->Delete(*existing);
      next.columns.Remove(*existing);
      changed.push_back(*existing);
      list_changes->Put(*existing, {});
      continue;
    }
    Prepared prepared(*write->document);
    if (existing) writer_->Replace(*existing, prepared);
    const DocId doc = existing ? *existing : writer_->Add(prepared);
    next.columns.Put(doc, prepared.row);
    changed.push_back(doc);
    list_changes->Put(doc, prepared.terms);
    std::ranges::move(prepared.core_words, std::back_inserter(core_words));
    std::ranges::move(prepared.metadata_words, std::back_inserter(metadata_words));
  }
  GiveBack(std::move(reader));
  next.core_words.Add(std::move(core_words));
  next.metadata_words.Add(std::move(metadata_words));
  writer_->SetMetadata(kPositionKey, std::to_string(position));
  VAMS_POINT("search.before_commit");
  writer_->Commit();
  VAMS_POINT("search.after_commit");
  list_changes->Sort();
  next.hot = std::make_shared<HotLists>(*now->hot, list_changes);
  Publish(std::move(next), std::move(changed));
  return Ok();
}

// ---- Proof
// ---------------------------------------------------------------------------------------

namespace {

// A number for one occurrence of a term; their sum does not depend on the order.
std::uint64_t TraceOf(std::string_view term, DocId doc, std::uint32_t count) {
  return StableHash(fmt::format("{}:{}:{}", doc, count, term));
}

// What is wrong with one document; adds its terms to `traces`.
std::vector<std::string> CheckDocument(const Store::View& view, DocId doc, std::uint64_t& traces) {
  const auto document = view.reader.FindDocument(doc);
  const auto row = view.reader.FindRow(doc);
  const auto texts = view.reader.FindTexts(doc);
  if (!document || !row || !texts) return {fmt::format("document {} cannot be read", doc)};
  std::vector<std::string> findings;
  const auto find = [&](std::string_view what) {
    findings.push_back(fmt::format("{} (document {}) {}", document->id, doc, what));
  };
  if (Digest(*document) != row->digest) find("is not what its digest says");
  if (texts->id != document->id) find("has the texts of " + texts->id);
  if (view.reader.DocumentOf(IdTerm(document->id)) != doc) find("is not found by its id");
  std::vector<std::pair<std::string, std::uint32_t>> expected;
  for (Term& term : TermsOf(*document).terms)
    expected.emplace_back(std::move(term.name), term.count);
  std::ranges::sort(expected);
  auto stored = view.reader.Terms(doc);
  std::ranges::sort(stored);
  if (stored != expected) find("has other terms than it should");
  for (const auto& [term, count] : stored) traces += TraceOf(term, doc, count);
  const Chunk& chunk = view.snapshot.columns.chunk_of(doc);
  if (chunk.order[doc % kChunkDocuments] != row->order) find("has another row in memory");
  return findings;
}

}  // namespace

// The library's own check is not called: it is not clean under sanitizers, and knows nothing of
// what the terms should be.
Result<std::vector<std::string>> Store::Check(OpContext& op) {
  // Commits wait, so that one is looked at from its beginning to its end.
  const std::lock_guard lock(write_mutex_);
  std::vector<std::string> findings;
  const Status read = Read(op, "checking the search index", [&](const View& view) -> Status {
    findings.clear();
    const Columns& columns = view.snapshot.columns;
    std::uint64_t by_document = 0;
    for (DocId doc = 0; doc < columns.size(); ++doc) {
      if (!columns.live.Get(doc)) continue;
      TRY_OK(op.Check());
      std::ranges::move(CheckDocument(view, doc, by_document), std::back_inserter(findings));
    }
    std::uint64_t by_term = 0;
    Status status = Ok();
    view.reader.ForEachTerm({}, {}, [&](const std::string& term) {
      status = op.Check();
      PostingRun run = view.reader.Postings(term);
      for (auto batch = run.Next(); !batch.empty(); batch = run.Next())
        for (const Posting posting : batch) by_term += TraceOf(term, posting.doc, posting.count);
      return status.ok();
    });
    if (status.ok() && by_term != by_document)
      findings.emplace_back("lists of documents by term do not agree with the documents' terms");
    return status;
  });
  if (read.ok()) return findings;
  if (read.error().code != Code::kCorrupt) return read.error();
  findings.push_back(read.error().details);
  return findings;
}

}  // namespace vams::search::xapian
