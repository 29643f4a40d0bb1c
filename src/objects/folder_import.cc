// Bytes from a synced bucket.
#include <algorithm>
#include <chrono>
#include <map>

#include "base/encoding.h"
#include "base/hash.h"
#include "objects/import_work.h"
#include "objects/staged_file.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

namespace fs = std::filesystem;

// Files whose blobs are synced together.
constexpr std::size_t kFilesPerBatch = 1000;
constexpr std::uint64_t kBytesPerBatch = std::uint64_t{1} << 30;
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

struct FolderFile {
  files::Path path;
  ObjectName name;
  std::uint64_t size = 0;
  std::int64_t modified_millis = 0;
  bool folder = false;
  std::optional<BlobInfo> blob;  // once it is in the blob store
};

struct Existing {
  std::optional<ObjectRecord> record;
  std::optional<ObjectVersion> content;  // the newest version that is no delete marker
};

std::string FileName(const FolderFile& file) { return file.name.first + "/" + file.name.second; }

std::int64_t Millis(fs::file_time_type time) {
  const auto system = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::milliseconds>(system.time_since_epoch()).count();
}

// Whether the file is what the version's blobs are.
Result<bool> SameContent(const ObjectVersion& version, const files::Path& path) {
  TRY(auto input, InputStream::Open(path));
  if (input.size() != version.size) return false;
  std::string chunk(kCopyBytes, '\0');
  for (const BlobRef& blob : BlobsOf(version)) {
    Hasher hasher(HashKind::kSha256);
    for (std::uint64_t left = blob.size; left > 0;) {
      TRY(const std::size_t count,
          input.Read(chunk.data(), std::min<std::uint64_t>(left, kCopyBytes)));
      if (count == 0) return false;
      hasher.Update(std::string_view(chunk).substr(0, count));
      left -= count;
    }
    if (HexEncode(hasher.Finish()) != blob.sha256) return false;
  }
  return true;
}

class FolderImport {
 public:
  FolderImport(OpContext& op, ImportWork& work) : op_(op), work_(work) {}

  // Walks one bucket's folder.
  Status AddBucket(const files::Path& dir, const std::string& bucket) {
    std::error_code ec;
    fs::recursive_directory_iterator it(dir, ec);
    for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
      TRY_OK(op_.Check());
      TRY_OK(AddEntry(dir, bucket, *it));
    }
    if (ec) return files::ErrnoError("read folder", dir, ec.value());
    return Ok();
  }

  Status Flush() {
    if (files_.empty()) return Ok();
    TRY(const auto existing, Read());
    BlobBatch batch(work_.blobs);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      TRY_OK(op_.Check());
      TRY_OK(Take(files_[i], existing[i], batch));
    }
    TRY_OK(batch.Commit());
    TRY_OK(Write());
    files_.clear();
    bytes_ = 0;
    return Ok();
  }

 private:
  Status AddEntry(const files::Path& dir, const std::string& bucket,
                  const fs::directory_entry& entry) {
    std::error_code ec;
    const auto status = entry.symlink_status(ec);
    const std::string& path = entry.path().native();
    FolderFile file{.path = entry.path(), .name = {bucket, path.substr(dir.native().size() + 1)}};
    file.folder = fs::is_directory(status);
    if (file.folder) {
      file.name.second += '/';
    } else {
      ++work_.report.files;
      if (!fs::is_regular_file(status)) {
        work_.Problem(
            fmt::format("{} is no regular file; it is left out: put the file itself there", path));
        return Ok();
      }
      file.size = entry.file_size(ec);
      if (!ec) file.modified_millis = Millis(entry.last_write_time(ec));
      if (ec) return files::ErrnoError("read", entry.path(), ec.value());
    }
    if (auto named = tables::CheckObjectName(bucket, file.name.second); !named.ok()) {
      if (!file.folder)
        work_.Problem(fmt::format("{} is left out: {}", path, named.error().message));
      return Ok();
    }
    bytes_ += file.size;
    files_.push_back(std::move(file));
    return files_.size() >= kFilesPerBatch || bytes_ >= kBytesPerBatch ? Flush() : Ok();
  }

  Result<std::vector<Existing>> Read() {
    std::vector<ObjectName> names;
    for (const auto& file : files_) names.push_back(file.name);
    TRY(auto records, ReadRecords(op_, work_.store, names));
    std::vector<Existing> existing;
    for (auto& record : records) {
      existing.push_back({std::move(record), {}});
      if (existing.back().record) {
        TRY(existing.back().content, NewestContent(op_, work_.store, *existing.back().record));
      }
    }
    return existing;
  }

  // Puts the file's bytes into the batch if there is a version for them.
  Status Take(FolderFile& file, const Existing& existing, BlobBatch& batch) {
    if (file.folder && (!existing.content || existing.content->size != 0)) return Ok();
    if (!existing.record) return TakeUnrecorded(file, batch);
    if (!existing.content) {
      Reject(file, "is deleted in the recorded history");
      return Ok();
    }
    const ObjectVersion& version = *existing.content;
    if (version.size != file.size) {
      Reject(file, fmt::format("has {} bytes, but version {} has {}", file.size, version.version_id,
                               version.size));
      return Ok();
    }
    if (version.present()) {
      if (file.folder) return Ok();
      TRY(const bool same, SameContent(version, file.path));
      if (!same)
        Reject(file, fmt::format("has not the bytes that version {} has", version.version_id));
      return Ok();
    }
    return Store(file, batch, {.size = version.size, .md5 = WantedMd5(version)});
  }

  Status TakeUnrecorded(FolderFile& file, BlobBatch& batch) {
    TRY(const bool listed, IsListed(file.name.first));
    if (!listed) return Store(file, batch, {.size = file.size});
    Reject(file, "is in no listing of its bucket; import a listing that has it");
    return Ok();
  }

  Status Store(FolderFile& file, BlobBatch& batch, const BlobExpectation& expected) {
    auto stored = file.folder ? batch.AddBytes("") : batch.AddFile(file.path, expected);
    if (stored.ok()) {
      file.blob = *std::move(stored);
      return Ok();
    }
    if (stored.error().code != Code::kConflict && stored.error().code != Code::kInvalid)
      return std::move(stored).error();
    Reject(file, "is not what is recorded: " + stored.error().message + EtagAdvice(expected));
    return Ok();
  }

  std::optional<std::string> WantedMd5(const ObjectVersion& version) const {
    if (!work_.options.etags_are_md5 || !version.etag || !IsSinglePartEtag(*version.etag))
      return std::nullopt;
    return version.etag;
  }
  static std::string EtagAdvice(const BlobExpectation& expected) {
    return expected.md5 ? "; if the bucket is encrypted with KMS keys its ETags are no digests: "
                          "import without comparing them"
                        : "";
  }

  void Reject(const FolderFile& file, std::string_view why) {
    work_.Problem(fmt::format("{} {}; nothing was changed", FileName(file), why));
  }

  // Records what is in the blob store now.
  Status Write() {
    std::erase_if(files_, [](const FolderFile& file) { return !file.blob; });
    return PlanAndCommit(
        op_, work_, [&] { return Plan(); },
        [&](const Committed& committed) {
          work_.report.created += committed.added;
          work_.report.filled += committed.changed;
          work_.report.bytes += committed.bytes;
        });
  }

  Result<ChangePlan> Plan() {
    TRY(const auto existing, Read());
    ChangePlan plan;
    for (std::size_t i = 0; i < files_.size(); ++i) PlanFile(files_[i], existing[i], plan);
    return plan;
  }

  // Another writer may have been here since Take looked.
  static void PlanFile(const FolderFile& file, const Existing& existing, ChangePlan& plan) {
    ObjectChange change{file.name.first, file.name.second, existing.record, {}};
    ObjectVersion version;
    if (existing.content) {
      version = *existing.content;
      if (version.present() && version.sha256 == file.blob->sha256) return;
      if (version.present() || version.size != file.blob->size) {
        plan.problems.push_back(fmt::format(
            "{} was written by somebody else meanwhile; nothing was changed", FileName(file)));
        return;
      }
    } else if (existing.record) {
      plan.problems.push_back(fmt::format(
          "{} was deleted by somebody else meanwhile; nothing was changed", FileName(file)));
      return;
    } else {
      version.bucket = file.name.first;
      version.key = file.name.second;
      version.version_id = kNullVersion;
      version.size = file.blob->size;
      version.etag = file.blob->md5;
      version.last_modified_millis = file.modified_millis;
    }
    version.state = ObjectVersion::State::kPresent;
    version.sha256 = file.blob->sha256;
    change.puts.push_back(std::move(version));
    plan.changes.push_back(std::move(change));
  }

  // Whether a listing told the bucket's version ids.
  Result<bool> IsListed(const std::string& bucket) {
    if (const auto known = listed_.find(bucket); known != listed_.end()) return known->second;
    bool listed = false;
    auto status = VisitBucket(op_, work_.store, bucket, [&](const ObjectRecord& record) -> Status {
      if (record.newest.version_id == kNullVersion) return Ok();
      listed = true;
      return Error(Code::kCancelled, "seen enough");
    });
    if (!status.ok() && !listed) return std::move(status).error();
    listed_[bucket] = listed;
    return listed;
  }

  OpContext& op_;
  ImportWork& work_;
  std::vector<FolderFile> files_;
  std::uint64_t bytes_ = 0;
  std::map<std::string, bool> listed_;
};

// Without a slash at its end, so that what follows it in a path is "/<key>".
files::Path Trimmed(const files::Path& dir) {
  std::string text = dir.native();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

bool IsSinglePartEtag(std::string_view etag) {
  return etag.size() == 32 && etag.find_first_not_of("0123456789abcdef") == etag.npos;
}

Status ImportFolder(OpContext& op, ImportWork& work, const files::Path& dir,
                    std::string_view bucket) {
  const files::Path root = Trimmed(dir);
  TRY_OK(MakeObjectTables(op, work.store));
  FolderImport import(op, work);
  if (!bucket.empty()) {
    TRY_OK(import.AddBucket(root, std::string(bucket)));
    return import.Flush();
  }
  std::error_code ec;
  std::vector<files::Path> buckets;
  for (fs::directory_iterator it(root, ec), end; !ec && it != end; it.increment(ec)) {
    if (it->is_directory(ec) && !it->is_symlink(ec)) {
      buckets.push_back(it->path());
    } else {
      ++work.report.files;
      work.Problem(
          fmt::format("{} is in no bucket's folder; it is left out: name the bucket of {}, "
                      "or put a folder for each bucket there",
                      it->path().string(), root.string()));
    }
  }
  if (ec) return files::ErrnoError("read folder", root, ec.value());
  std::ranges::sort(buckets);
  for (const auto& folder : buckets) TRY_OK(import.AddBucket(folder, folder.filename().native()));
  return import.Flush();
}

}  // namespace vams::objects
