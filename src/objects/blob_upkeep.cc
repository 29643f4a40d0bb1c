#include "objects/blob_upkeep.h"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/fault_point.h"
#include "objects/blob_files.h"
#include "objects/encryption.h"
#include "objects/pack_store.h"

namespace vams::objects {

namespace {

// Digests in order, each once; sorted whenever they have doubled.
class DigestSet {
 public:
  Status Add(std::string_view sha256) {
    TRY(const auto digest, DigestFromHex(sha256));
    digests_.push_back(digest);
    if (digests_.size() >= sort_at_) Sort();
    return Ok();
  }
  void Sort() {
    std::sort(digests_.begin(), digests_.end());
    digests_.erase(std::unique(digests_.begin(), digests_.end()), digests_.end());
    sort_at_ = std::max(kFirst, 2 * digests_.size());
  }
  // After Sort.
  bool Has(const Digest& digest) const {
    return std::binary_search(digests_.begin(), digests_.end(), digest);
  }
  bool Has(std::string_view sha256) const {
    const auto digest = DigestFromHex(sha256);
    return digest.ok() && Has(*digest);
  }
  std::size_t size() const { return digests_.size(); }

 private:
  static constexpr std::size_t kFirst = 1 << 16;
  std::vector<Digest> digests_;
  std::size_t sort_at_ = kFirst;
};

Result<DigestSet> ReadReferences(const BlobReferenceSource& references) {
  DigestSet set;
  TRY_OK(references([&](std::string_view sha256, std::uint64_t) { return set.Add(sha256); }));
  set.Sort();
  return set;
}

class Checker {
 public:
  Checker(OpContext& op, const BlobStore& store, PackStore& packs,
          const BlobReferenceSource& references, bool read_data,
          const std::function<void(const BlobFinding&)>& found)
      : op_(op),
        store_(store),
        packs_(packs),
        references_(references),
        read_data_(read_data),
        found_(found) {}

  Result<BlobCheck> Run(std::int64_t started_millis) {
    started_millis_ = started_millis;
    TRY(used_, ReadReferences(references_));
    check_.references = used_.size();
    TRY_OK(VisitBlobFiles(op_, store_.folder(), [&](const BlobFile& file) { return File(file); }));
    TRY_OK(Packed());
    TRY_OK(PackFiles());
    TRY_OK(References());
    return check_;
  }

 private:
  using Kind = BlobFinding::Kind;

  void Find(Kind kind, std::uint64_t& count, std::string what, std::string detail) {
    ++count;
    found_({kind, std::move(what), std::move(detail)});
  }

  Status File(const BlobFile& file) {
    if (file.sha256.empty()) {
      Find(Kind::kStray, check_.stray, file.path.string(), "this file does not belong there");
      return Ok();
    }
    return Blob(file.sha256, ContentSize(packs_.keys(), file.size), file.modified_millis);
  }

  Status Packed() {
    TRY(const auto entries, packs_.Entries());
    for (const auto& [digest, entry] : entries) {
      TRY_OK(op_.Check());
      TRY_OK(Blob(HexOf(digest), ContentSize(packs_.keys(), entry.length), entry.time_millis));
    }
    return Ok();
  }

  Status Blob(const std::string& sha256, std::uint64_t size, std::int64_t time_millis) {
    ++check_.blobs;
    check_.bytes += size;
    // What came after the references were read has its own there by now.
    if (!used_.Has(sha256) && time_millis < started_millis_) {
      check_.extra_bytes += size;
      Find(Kind::kExtra, check_.extra, sha256, fmt::format("{} bytes, nothing refers to it", size));
    }
    if (!read_data_) return Ok();
    const auto read = store_.Read(sha256, [&](std::string_view) { return op_.Check(); });
    if (read.ok() || read.error().code == Code::kNotFound) return Ok();
    if (read.error().code == Code::kCancelled || read.error().code == Code::kTimeout) return read;
    if (damaged_.insert(sha256).second)
      Find(Kind::kDamaged, check_.damaged, sha256, read.error().message);
    return Ok();
  }

  // Headers are read again, whatever an index says.
  Status PackFiles() {
    TRY(const auto packs, packs_.Packs());
    for (const auto& pack : packs) {
      TRY_OK(op_.Check());
      ++check_.packs;
      auto scan = ScanPack(pack, 0, packs_.keys());
      if (!scan.ok() && scan.error().code == Code::kNotFound) continue;
      if (!scan.ok()) {
        Find(Kind::kPack, check_.damaged_packs, pack.string(), scan.error().message);
        continue;
      }
      for (const auto& gap : scan->gaps)
        Find(Kind::kPack, check_.damaged_packs, pack.string(),
             fmt::format("the bytes from {} to {} are no record; what lay there is lost: restore "
                         "the pack from a backup",
                         gap.from, gap.to));
      TRY_OK(Index(pack, *scan));
    }
    return Ok();
  }

  Status Index(const files::Path& pack, const PackScan& scan) {
    const auto index = ReadPackIndex(pack, scan.size);
    if (!index.ok() && index.error().code == Code::kNotFound) return Ok();
    std::string fault;
    if (!index.ok())
      fault = index.error().message;
    else if (!std::equal(index->begin(), index->end(), scan.records.begin(), scan.records.end(),
                         [](const PackRecord& a, const PackRecord& b) {
                           return a.sha256 == b.sha256 && a.offset == b.offset &&
                                  a.length == b.length && a.mark == b.mark;
                         }))
      fault =
          "it has other records than its pack; restore the pack, or remove the index so that "
          "the pack is read";
    if (!fault.empty())
      Find(Kind::kPack, check_.damaged_packs, IndexOf(pack).string(), std::move(fault));
    return Ok();
  }

  // Missing blobs, and blobs of another size.
  Status References() {
    std::set<std::string, std::less<>> missing;
    TRY_OK(references_([&](std::string_view sha256, std::uint64_t size) -> Status {
      TRY_OK(op_.Check());
      if (!used_.Has(sha256)) return Ok();  // newer than this check
      const auto there = store_.Size(sha256);
      if (!there.ok() && there.error().code == Code::kNotFound) {
        missing.emplace(sha256);
        return Ok();
      }
      if (!there.ok()) return there.error();
      if (*there != size && damaged_.emplace(sha256).second)
        Find(Kind::kDamaged, check_.damaged, std::string(sha256),
             fmt::format("it has {} bytes instead of {}; restore it from a backup", *there, size));
      return Ok();
    }));
    for (const auto& sha256 : missing)
      Find(Kind::kMissing, check_.missing, sha256,
           "records refer to it; import the bytes again, or restore a backup");
    return Ok();
  }

  OpContext& op_;
  const BlobStore& store_;
  PackStore& packs_;
  const BlobReferenceSource& references_;
  const bool read_data_;
  const std::function<void(const BlobFinding&)>& found_;

  std::int64_t started_millis_ = 0;
  DigestSet used_;
  BlobCheck check_;
  std::set<std::string, std::less<>> damaged_;
};

struct EndOfCollection {
  explicit EndOfCollection(PackStore* packs) : packs_(packs) {}
  ~EndOfCollection() {
    if (packs_ != nullptr) packs_->EndCollection();
  }
  EndOfCollection(const EndOfCollection&) = delete;
  EndOfCollection& operator=(const EndOfCollection&) = delete;

 private:
  PackStore* const packs_;
};

}  // namespace

std::string_view KindName(BlobFinding::Kind kind) {
  switch (kind) {
    case BlobFinding::Kind::kMissing:
      return "missing";
    case BlobFinding::Kind::kDamaged:
      return "damaged";
    case BlobFinding::Kind::kPack:
      return "damaged-pack";
    case BlobFinding::Kind::kExtra:
      return "extra";
    case BlobFinding::Kind::kStray:
      break;
  }
  return "stray";
}

Result<BlobCheck> BlobUpkeep::Check(OpContext& op, const BlobStore& store,
                                    const BlobReferenceSource& references, bool read_data,
                                    const std::function<void(const BlobFinding&)>& found) {
  Checker checker(op, store, *store.packs_, references, read_data, found);
  return checker.Run(store.clock_.NowMillis());
}

Result<BlobCollection> BlobUpkeep::Collect(OpContext& op, BlobStore& store,
                                           const BlobReferenceSource& references,
                                           const CollectOptions& options) {
  PackStore& packs = *store.packs_;
  if (!options.dry_run) TRY_OK(packs.BeginCollection());
  const EndOfCollection end(options.dry_run ? nullptr : &packs);
  // Before the references are read: what is added from here on is young.
  const std::int64_t cutoff = store.clock_.NowMillis() - options.grace.count();
  TRY(const auto used, ReadReferences(references));
  BlobCollection report;
  report.references = used.size();
  TRY_OK(CollectFiles(
      op, store, [&](const std::string& sha256) { return used.Has(sha256); }, cutoff,
      options.dry_run, report));
  TRY(const auto packed,
      packs.Collect(
          op, [&](const Digest& digest) { return used.Has(digest); }, cutoff, options.dry_run));
  report.removed += packed.removed;
  report.removed_bytes += packed.removed_bytes;
  report.freed_bytes += packed.freed_bytes;
  report.waiting = packed.waiting;
  report.waiting_bytes = packed.waiting_bytes;
  report.packs_rewritten = packed.packs_rewritten;
  report.problems = packed.problems;
  return report;
}

Status BlobUpkeep::CollectFiles(OpContext& op, BlobStore& store,
                                const std::function<bool(const std::string&)>& used,
                                std::int64_t cutoff_millis, bool dry_run, BlobCollection& report) {
  return VisitBlobFiles(op, store.folder_, [&](const BlobFile& seen) -> Status {
    if (seen.sha256.empty() || seen.modified_millis >= cutoff_millis || used(seen.sha256))
      return Ok();
    if (!dry_run) {
      VAMS_POINT("objects.collect.before_unlink");
      const std::lock_guard lock(store.age_mutex_);
      // Somebody may have added it again since.
      BlobFile file = seen;
      TRY(const bool there, StatBlobFile(file));
      if (!there || file.modified_millis >= cutoff_millis) return Ok();
      if (::unlink(file.path.c_str()) != 0) return files::ErrnoError("remove", file.path, errno);
    }
    ++report.removed;
    report.removed_bytes += ContentSize(store.packs_->keys(), seen.size);
    report.freed_bytes += seen.size;
    return Ok();
  });
}

}  // namespace vams::objects
