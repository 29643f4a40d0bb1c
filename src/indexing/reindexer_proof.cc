#include "indexing/reindexer_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/asset_records.h"
#include "indexing/documents.h"
#include "indexing/reindexer_read.h"

namespace vams::indexing {

using search::Document;
using search::Kind;
using search::KindSet;

namespace {

constexpr std::size_t kScanIds = 5000;
constexpr std::size_t kSamples = 1000;
constexpr int kRounds = 20;            // of looking again at what keeps changing
constexpr std::size_t kMostNamed = 5;  // in the message

// Digests of all documents that the store makes.
class DigestSink final : public PartSink {
 public:
  DigestSink(KindSet kinds, IdTable& table, IdTable& failed, ReindexBoard& board,
             const std::atomic<bool>& stop)
      : kinds_(kinds), table_(table), failed_(failed), board_(board), stop_(stop) {}

  Wanted wanted() const override {
    if (stop_) return {.assets = false, .files = false};
    return {.assets = Has(kinds_, Kind::kAsset), .files = Has(kinds_, Kind::kFile)};
  }
  Status Add(OpContext&, std::vector<Document> documents) override {
    for (const Document& document : documents)
      if (table_.Insert(document.id, search::Digest(document))) board_.Made(document.kind, 1);
    return Ok();
  }
  Status Failed(OpContext&, Kind kind, const Failure& failure) override {
    if (failed_.Insert(failure.id, 0)) board_.Failed(kind, failure.id, failure.error);
    return Ok();
  }

 private:
  const KindSet kinds_;
  IdTable &table_, &failed_;
  ReindexBoard& board_;
  const std::atomic<bool>& stop_;
};

// Collects the ids that are in the table, and stops when it has them all.
class FindSink final : public PartSink {
 public:
  FindSink(KindSet kinds, const IdTable& table, std::set<std::string>& found)
      : kinds_(kinds), table_(table), found_(found) {}

  Wanted wanted() const override {
    if (found_.size() >= table_.size()) return {.assets = false, .files = false};
    return {.assets = Has(kinds_, Kind::kAsset), .files = Has(kinds_, Kind::kFile)};
  }
  Status Add(OpContext&, std::vector<Document> documents) override {
    for (const Document& document : documents)
      if (table_.Has(document.id)) found_.insert(document.id);
    return Ok();
  }
  Status Failed(OpContext&, Kind, const Failure&) override { return Ok(); }

 private:
  const KindSet kinds_;
  const IdTable& table_;
  std::set<std::string>& found_;
};

class Proof {
 public:
  Proof(const ProofTask& task, ReindexBoard& board)
      : t_(task),
        board_(board),
        views_(std::in_place, task.stores.items),
        live_(task.stores.items) {}

  Status Do(OpContext& op) {
    TRY_OK(MakeAnew(op));
    TRY_OK(Compare(op));
    TRY_OK(FindTheRest(op));
    views_.reset();
    return LookAgain(op);
  }

 private:
  // Every record is read once, whatever way the table is cut.
  Status MakeAnew(OpContext& op) {
    board_.BeginPass(false);
    TRY(const auto view, views_->Get(op));
    TRY(const std::uint64_t expected, view->Count(op, catalog::kAssetsTable));
    TRY(const auto parts, view->SplitScan(op, catalog::kAssetsTable, t_.workers * std::size_t{4}));
    std::atomic<std::size_t> next = 0;
    std::atomic<std::uint64_t> records = 0;
    std::atomic<bool> stop = false;
    TRY_OK(OnThreads(t_.workers, t_.low_priority, stop, [&]() -> Status {
      for (std::size_t part = next++; part < parts.size() && !stop; part = next++) {
        DigestSink sink(t_.kinds, store_, failed_, board_, stop);
        TRY(const PartRead read, ReadPart(op, *view, parts[part], sink));
        records += read.records;
        board_.Scanned(read.objects);
      }
      return Ok();
    }));
    if (t_.stores.items.traits().snapshots && records != expected)
      return Error(
          Code::kCorrupt,
          fmt::format("the table of assets has {} records, and reading all of it came upon "
                      "{}; the new search index cannot be proven",
                      expected, records.load()));
    return Ok();
  }

  Status Compare(OpContext& op) {
    TRY(const search::Counts counts, t_.build.Count(op));
    const std::uint64_t every =
        std::max<std::uint64_t>((counts.assets + counts.files) / kSamples, 1);
    std::string after;
    do {
      TRY(const auto page, t_.build.ScanIds(op, after, kScanIds));
      for (const auto& entry : page.entries) {
        const auto parts = ParseDocumentId(entry.id);
        if (parts && !Has(t_.kinds, parts->kind())) continue;
        const auto digest = store_.Take(entry.id);
        if (!digest || *digest != entry.digest) differ_.insert(entry.id);
        if (compared_++ % every == 0) TRY_OK(Sample(op, entry));
      }
      after = page.next;
    } while (!after.empty());
    return Ok();
  }

  // The document itself is what the digest beside it says.
  Status Sample(OpContext& op, const search::IdPage::Entry& entry) {
    TRY(const auto document, t_.build.Find(op, entry.id));
    if (!document || search::Digest(*document) != entry.digest)
      return Error(Code::kCorrupt,
                   fmt::format("the new search index gives another document for {} than it was "
                               "given; the old one serves on; check the disk, and reindex again",
                               entry.id));
    return Ok();
  }

  // What was made since the build had caught up is in it when it has caught up again.
  Status TakeWhatCame(OpContext& op) {
    if (store_.size() == 0) return Ok();
    TRY_OK(t_.catch_up(op));
    std::string after;
    do {
      TRY(const auto page, t_.build.ScanIds(op, after, kScanIds));
      for (const auto& entry : page.entries) {
        const auto digest = store_.Take(entry.id);
        if (digest && *digest != entry.digest) differ_.insert(entry.id);
      }
      after = page.next;
    } while (!after.empty());
    return Ok();
  }

  // Names of what the store has and the build has not.
  Status FindTheRest(OpContext& op) {
    TRY_OK(TakeWhatCame(op));
    if (store_.size() == 0) return Ok();
    TRY(const auto view, views_->Get(op));
    std::set<std::string> found;
    FindSink sink(t_.kinds, store_, found);
    TRY([[maybe_unused]] const PartRead read, ReadPart(op, *view, {}, sink));
    differ_.merge(found);
    return Ok();
  }

  // Whether the build and the store agree on the document now.  Data that no document can be made
  // of is told, and proves nothing against the build.
  Result<bool> Agree(OpContext& op, const std::string& id) {
    const auto parts = ParseDocumentId(id);
    if (!parts) return false;
    std::vector<search::Write> writes;
    std::vector<Failure> failures;
    if (parts->path.empty()) {
      TRY_OK(live_.AddAsset(op, parts->asset, writes, failures));
    } else {
      const std::string paths[] = {parts->path};
      TRY(const auto records, live_.FindRecords(op, parts->asset));
      TRY_OK(live_.AddFiles(op, parts->asset, records, paths, writes, failures));
    }
    for (const Failure& failure : failures)
      if (failure.id == id) {
        if (failed_.Insert(id, 0)) board_.Failed(parts->kind(), id, failure.error);
        return true;
      }
    const auto made = std::ranges::find(writes, id, &search::Write::id);
    if (made == writes.end()) return false;
    TRY(const auto found, t_.build.Find(op, id));
    if (!made->document || !found) return made->document.has_value() == found.has_value();
    return search::Digest(*made->document) == search::Digest(*found);
  }

  // What is changed all the time may never be seen in the same state twice.  But a document that
  // following the log has made anew since was made of what the store has.
  Status LookAgain(OpContext& op) {
    std::map<std::string, std::optional<std::uint64_t>> before;
    for (int round = 0; round < kRounds && !differ_.empty(); ++round) {
      TRY_OK(t_.catch_up(op));
      TRY(const auto position, t_.build.GetPosition(op));
      std::set<std::string> still;
      for (const std::string& id : differ_) {
        TRY_OK(op.Check());
        TRY(const auto found, t_.build.Find(op, id));
        std::optional<std::uint64_t> digest;
        if (found) digest = search::Digest(*found);
        const auto [known, first] = before.try_emplace(id, digest);
        if (!first && known->second != digest) continue;
        TRY(const bool agree, Agree(op, id));
        if (!agree) still.insert(id);
      }
      differ_ = std::move(still);
      TRY(const auto last, t_.stores.items.LastChange(op));
      if (last == position) break;  // nothing changed meanwhile
    }
    if (differ_.empty()) return Ok();
    std::vector<std::string_view> named;
    for (const std::string& id : differ_)
      if (named.size() < kMostNamed) named.push_back(id);
    return Error(Code::kCorrupt,
                 fmt::format("{} of the documents in the new search index are not what the store "
                             "has ({}{}); it was not taken",
                             differ_.size(), fmt::join(named, ", "),
                             differ_.size() > named.size() ? ", …" : ""));
  }

  const ProofTask& t_;
  ReindexBoard& board_;
  std::optional<Views> views_;  // a snapshot is not held longer than it is read
  DocumentMaker live_;
  IdTable store_, failed_;
  std::uint64_t compared_ = 0;
  std::set<std::string> differ_;
};

}  // namespace

Status Prove(OpContext& op, const ProofTask& task, ReindexBoard& board) {
  return Proof(task, board).Do(op);
}

}  // namespace vams::indexing
