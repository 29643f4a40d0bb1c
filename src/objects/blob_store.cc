#include "objects/blob_store.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include <chrono>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "objects/blob_format.h"
#include "objects/pack_store.h"
#include "objects/staged_file.h"

namespace vams::objects {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::string_view kIncoming = "incoming";
// What a batch keeps in memory for packs; more of it waits in files.
constexpr std::size_t kBatchMemory = std::size_t{32} << 20;
// How often a blob may be moved by a collection while it is being opened.
constexpr int kMoves = 5;
// A temporary file that nobody has written to for so long is of a process that died.
constexpr std::chrono::hours kStale{24};

class Digests {
 public:
  void Update(std::string_view chunk) {
    sha256_.Update(chunk);
    md5_.Update(chunk);
    size_ += chunk.size();
  }
  BlobInfo Finish() { return {HexEncode(sha256_.Finish()), HexEncode(md5_.Finish()), size_}; }

 private:
  Hasher sha256_{HashKind::kSha256};
  Hasher md5_{HashKind::kMd5};
  std::uint64_t size_ = 0;
};

Status ReadChunks(const files::Path& path, const BlobStore::Sink& sink) {
  TRY(auto input, InputStream::Open(path));
  std::string chunk(kChunk, '\0');
  for (;;) {
    TRY(const std::size_t count, input.Read(chunk.data(), chunk.size()));
    if (count == 0) return Ok();
    TRY_OK(sink(std::string_view(chunk).substr(0, count)));
  }
}

Status CheckExpected(const files::Path& path, const BlobInfo& info, const BlobExpectation& wanted) {
  if (wanted.size && *wanted.size != info.size)
    return Error(Code::kConflict, fmt::format("{} has {} bytes instead of {}", path.string(),
                                              info.size, *wanted.size));
  if (wanted.md5 && *wanted.md5 != info.md5)
    return Error(Code::kConflict, fmt::format("{} has the MD5 digest {} instead of {}",
                                              path.string(), info.md5, *wanted.md5));
  return Ok();
}

void DropStale(const files::Path& incoming) {
  std::error_code ec;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator it(incoming, ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code time_error;
    const auto written = it->last_write_time(time_error);
    if (!time_error && now - written > kStale) fs::remove(it->path(), time_error);
  }
}

// Creates the two folders above a blob.
Status MakeShards(const files::Path& blob) {
  std::error_code ec;
  fs::create_directories(blob.parent_path(), ec);
  if (ec) return files::ErrnoError("create folder", blob.parent_path(), ec.value());
  return Ok();
}

struct Staged {
  StagedFile file;
  std::uint64_t size;
};

}  // namespace

Result<BlobInfo> DigestFile(const files::Path& path) {
  Digests digests;
  TRY_OK(ReadChunks(path, [&](std::string_view chunk) {
    digests.Update(chunk);
    return Ok();
  }));
  return digests.Finish();
}

BlobInfo DigestBytes(std::string_view bytes) {
  Digests digests;
  digests.Update(bytes);
  return digests.Finish();
}

// ---- BlobStore ----

BlobStore::BlobStore(files::Path folder, const BlobStoreOptions& options,
                     std::unique_ptr<const SealKeys> keys)
    : folder_(std::move(folder)),
      keys_(std::move(keys)),
      pack_below_(options.pack_below),
      clock_(options.clock != nullptr ? *options.clock : SystemClock()),
      packs_(std::make_unique<PackStore>(
          folder_,
          PackStore::Options{.seal_at = options.seal_at,
                             .clock = &clock_,
                             .keys = keys_.get(),
                             .may_write = [this] { return CheckSameFormat(folder_, keys_.get()); },
                             .before_first_pack = [this] { return AllowPacks(folder_); }})) {}
BlobStore::~BlobStore() = default;

Result<std::unique_ptr<BlobStore>> BlobStore::Open(const files::Path& folder,
                                                   const BlobStoreOptions& options) {
  TRY_OK(files::MakeFolders(folder));
  TRY(auto keys, OpenBlobFormat(folder, options.key));
  std::unique_ptr<BlobStore> store(new BlobStore(folder, options, std::move(keys)));
  TRY_OK(files::MakeFolders(store->incoming()));
  DropStale(store->incoming());
  return store;
}

files::Path BlobStore::incoming() const { return folder_ / kIncoming; }

Result<StagedFile> BlobStore::Stage() {
  return StagedFile::Create(incoming(), sealed() ? std::make_unique<Sealer>(*keys_) : nullptr);
}

Result<files::Path> BlobStore::PathOf(std::string_view sha256) const {
  TRY_OK(DigestFromHex(sha256));
  return folder_ / sha256.substr(0, 2) / sha256.substr(2, 2) / sha256;
}

Result<BlobLocation> BlobStore::Locate(std::string_view sha256) const {
  TRY(auto at, Find(sha256));
  if (!sealed()) return at;
  return Error(Code::kNotSupported, fmt::format("the blob {} is encrypted; its bytes lie nowhere "
                                                "as they are: read them instead",
                                                sha256));
}

Result<BlobLocation> BlobStore::Find(std::string_view sha256) const {
  TRY(auto path, PathOf(sha256));
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0)
    return BlobLocation{std::move(path), 0, static_cast<std::uint64_t>(info.st_size)};
  if (errno != ENOENT) return files::ErrnoError("read", path, errno);
  TRY(const auto digest, DigestFromHex(sha256));
  TRY(const auto found, packs_->Find(digest));
  if (found) return BlobLocation{found->pack, found->offset, found->length, true};
  return Error(Code::kNotFound,
               fmt::format("there is no blob {} in {}; import the bytes again, or restore a backup",
                           sha256, folder_.string()));
}

Result<std::uint64_t> BlobStore::Size(std::string_view sha256) const {
  TRY(const auto at, Find(sha256));
  return ContentSize(keys_.get(), at.length);
}

Result<bool> BlobStore::Has(std::string_view sha256) const {
  const auto at = Find(sha256);
  if (!at.ok() && at.error().code == Code::kNotFound) return false;
  if (!at.ok()) return at.error();
  if (!at->packed) return true;
  TRY(const auto digest, DigestFromHex(sha256));
  TRY(const auto durable, packs_->Find(digest, true));
  return durable.has_value();
}

Result<bool> BlobStore::ReuseFile(std::string_view sha256, std::uint64_t size) {
  TRY(const auto path, PathOf(sha256));
  const std::lock_guard lock(age_mutex_);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    return files::ErrnoError("read", path, errno);
  }
  // One of another size is damaged; one of another user cannot be made young.  Both are replaced.
  if (static_cast<std::uint64_t>(info.st_size) != StoredSize(keys_.get(), size)) return false;
  return MakeYoung(path);
}

bool BlobStore::MakeYoung(const files::Path& path) const {
  const std::int64_t now = clock_.NowMillis();
  const timespec time{.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1'000'000};
  const timespec times[] = {time, time};
  return ::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0;
}

Status BlobStore::Read(std::string_view sha256, const Sink& sink) const {
  TRY(const auto reader, OpenForReading(sha256));
  Hasher hasher(HashKind::kSha256);
  std::string chunk(std::min<std::uint64_t>(kChunk, reader->size() + 1), '\0');
  for (std::uint64_t at = 0;;) {
    TRY(const std::size_t count, reader->ReadAt(at, chunk.data(), chunk.size()));
    if (count == 0) break;
    const auto read = std::string_view(chunk).substr(0, count);
    hasher.Update(read);
    TRY_OK(sink(read));
    at += count;
  }
  if (HexEncode(hasher.Finish()) == sha256) return Ok();
  TRY(const auto at, Find(sha256));
  return Error(Code::kCorrupt,
               fmt::format("the blob {} is damaged: its content has another digest; "
                           "restore {} from a backup",
                           sha256, at.file.string()));
}

Status BlobStore::CopyTo(std::string_view sha256, const files::Path& path) const {
  const auto folder = path.has_parent_path() ? path.parent_path() : files::Path(".");
  TRY(auto staged, StagedFile::Create(folder));
  TRY_OK(Read(sha256, [&](std::string_view chunk) { return staged.Write(chunk); }));
  TRY_OK(staged.Sync());
  TRY_OK(staged.Close());
  TRY_OK(staged.RenameTo(path));
  return files::SyncFolder(folder);
}

Result<BlobInfo> BlobStore::AddFile(const files::Path& path, const BlobExpectation& expected) {
  BlobBatch batch(*this);
  TRY(auto info, batch.AddFile(path, expected));
  TRY_OK(batch.Commit());
  return info;
}

Result<BlobInfo> BlobStore::AddBytes(std::string_view bytes) {
  BlobBatch batch(*this);
  TRY(auto info, batch.AddBytes(bytes));
  TRY_OK(batch.Commit());
  return info;
}

Status BlobStore::AddStaged(StagedFile file, const BlobInfo& info) {
  BlobBatch batch(*this);
  TRY_OK(batch.AddStaged(std::move(file), info));
  return batch.Commit();
}

// ---- BlobBatch ----

struct BlobBatch::Impl {
  explicit Impl(BlobStore& blobs) : store(blobs) {}

  // Whether the store or the batch has the content already.
  Result<bool> HasAlready(const BlobInfo& info);
  Status TakeBytes(std::string bytes, const BlobInfo& info);
  Status TakeFile(StagedFile file, const BlobInfo& info);
  bool IsSmall(std::uint64_t size) const { return size < store.pack_below_; }
  Status SyncContents();
  Status CommitFiles();
  Status CommitSmall();

  BlobStore& store;
  std::map<std::string, Staged> staged;      // by digest
  std::map<std::string, std::string> small;  // by digest
  std::size_t memory = 0;                    // of them
  // Blobs that are there already: whoever stored them may not have synced their names yet.
  std::set<std::string> found;
  std::uint64_t bytes = 0;
};

Result<bool> BlobBatch::Impl::HasAlready(const BlobInfo& info) {
  if (staged.contains(info.sha256) || small.contains(info.sha256)) return true;
  TRY_OK(store.packs_->EnterWriting());
  TRY(const bool file, store.ReuseFile(info.sha256, info.size));
  if (file) {
    found.insert(info.sha256);
    return true;
  }
  TRY(const auto digest, DigestFromHex(info.sha256));
  return store.packs_->Reuse(digest, StoredSize(store.keys_.get(), info.size));
}

Status BlobBatch::Impl::TakeBytes(std::string content, const BlobInfo& info) {
  TRY(const bool there, HasAlready(info));
  if (there) return Ok();
  if (IsSmall(info.size) && memory < kBatchMemory) {
    memory += content.size();
    bytes += info.size;
    small.emplace(info.sha256, std::move(content));
    return Ok();
  }
  TRY(auto file, store.Stage());
  TRY_OK(file.Write(content));
  return TakeFile(std::move(file), info);
}

Status BlobBatch::Impl::TakeFile(StagedFile file, const BlobInfo& info) {
  VAMS_CHECK(file.sealed() == store.sealed());
  TRY(const auto digest, DigestFromHex(info.sha256));
  TRY_OK(file.Seal(digest));
  TRY_OK(file.Close(0444));
  staged.emplace(info.sha256, Staged{std::move(file), info.size});
  bytes += info.size;
  return Ok();
}

Status BlobBatch::Impl::CommitSmall() {
  std::vector<PackedContent> contents;
  for (auto& [sha256, content] : small) {
    TRY(const auto digest, DigestFromHex(sha256));
    if (store.sealed()) content = objects::Seal(*store.keys_, digest, content);
    contents.push_back({.sha256 = digest, .bytes = content});
  }
  return contents.empty() ? Ok() : store.packs_->Add(contents);
}

// One content is synced alone; more of them cheaper with everything else on the file system.
Status BlobBatch::Impl::SyncContents() {
  if (staged.empty()) return Ok();
  if (staged.size() > 1) return SyncFileSystem(store.folder_);
  return SyncFile(staged.begin()->second.file.path());
}

Status BlobBatch::Impl::CommitFiles() {
  if (staged.empty() && found.empty()) return Ok();
  VAMS_POINT("objects.blobs.before_sync");
  TRY_OK(SyncContents());
  VAMS_POINT("objects.blobs.before_rename");
  std::set<files::Path> changed;
  for (auto& [sha256, content] : staged) {
    TRY(const auto path, store.PathOf(sha256));
    TRY_OK(MakeShards(path));
    // A batch may have been long under way; under its name the content must be young.
    const std::lock_guard lock(store.age_mutex_);
    if (!store.MakeYoung(content.file.path()))
      return files::ErrnoError("write", content.file.path(), errno);
    TRY_OK(content.file.RenameTo(path));
    changed.insert(path.parent_path());
  }
  for (const auto& sha256 : found) {
    TRY(const auto path, store.PathOf(sha256));
    changed.insert(path.parent_path());
  }
  VAMS_POINT("objects.blobs.after_rename");
  if (changed.size() > 1) return SyncFileSystem(store.folder_);
  for (const auto& inner : changed) {
    TRY_OK(files::SyncFolder(inner));
    TRY_OK(files::SyncFolder(inner.parent_path()));
    TRY_OK(files::SyncFolder(store.folder_));
  }
  return Ok();
}

BlobBatch::BlobBatch(BlobStore& store) : impl_(std::make_unique<Impl>(store)) {}
BlobBatch::~BlobBatch() = default;

std::size_t BlobBatch::count() const { return impl_->staged.size() + impl_->small.size(); }
std::uint64_t BlobBatch::bytes() const { return impl_->bytes; }

Result<BlobInfo> BlobBatch::AddFile(const files::Path& path, const BlobExpectation& expected) {
  TRY(auto input, InputStream::Open(path));
  // A content for a pack is kept in memory; one that turns out to be larger is staged from there.
  std::string head(std::min<std::uint64_t>(impl_->store.pack_below_, input.size() + 1), '\0');
  std::size_t have = 0;
  while (have < head.size()) {
    TRY(const std::size_t count, input.Read(head.data() + have, head.size() - have));
    if (count == 0) break;
    have += count;
  }
  Digests digests;
  digests.Update(std::string_view(head).substr(0, have));
  if (have < head.size()) {
    head.resize(have);
    const BlobInfo info = digests.Finish();
    TRY_OK(CheckExpected(path, info, expected));
    TRY_OK(impl_->TakeBytes(std::move(head), info));
    return info;
  }
  TRY(auto staged, impl_->store.Stage());
  TRY_OK(staged.Write(head));
  std::string chunk(kChunk, '\0');
  for (;;) {
    TRY(const std::size_t count, input.Read(chunk.data(), chunk.size()));
    if (count == 0) break;
    digests.Update(std::string_view(chunk).substr(0, count));
    TRY_OK(staged.Write(std::string_view(chunk).substr(0, count)));
  }
  const BlobInfo info = digests.Finish();
  TRY_OK(CheckExpected(path, info, expected));
  TRY_OK(AddStaged(std::move(staged), info));
  return info;
}

Status BlobBatch::AddStaged(StagedFile file, const BlobInfo& info) {
  TRY(const bool there, impl_->HasAlready(info));
  return there ? Ok() : impl_->TakeFile(std::move(file), info);
}

Result<BlobInfo> BlobBatch::AddBytes(std::string_view bytes) {
  const BlobInfo info = DigestBytes(bytes);
  TRY_OK(AddBytes(bytes, info));
  return info;
}

Status BlobBatch::AddBytes(std::string_view bytes, const BlobInfo& info) {
  return impl_->TakeBytes(std::string(bytes), info);
}

Status BlobBatch::Commit() {
  auto status = impl_->CommitFiles();
  if (status.ok()) status = impl_->CommitSmall();
  impl_->staged.clear();
  impl_->small.clear();
  impl_->found.clear();
  impl_->bytes = impl_->memory = 0;
  return status;
}

// ---- BlobReader ----

struct BlobReader::Impl {
  std::optional<InputStream> plain;
  std::unique_ptr<SealedContent> sealed;  // else
  std::uint64_t offset = 0, length = 0;
};

BlobReader::BlobReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobReader::~BlobReader() = default;
std::uint64_t BlobReader::size() const { return impl_->length; }

Result<std::size_t> BlobReader::ReadAt(std::uint64_t offset, char* to, std::size_t size) const {
  if (impl_->sealed != nullptr) return impl_->sealed->ReadAt(offset, to, size);
  if (offset >= impl_->length) return std::size_t{0};
  size = std::min<std::uint64_t>(size, impl_->length - offset);
  std::size_t done = 0;
  while (done < size) {
    TRY(const std::size_t count,
        impl_->plain->ReadAt(impl_->offset + offset + done, to + done, size - done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

Result<std::unique_ptr<BlobReader>> BlobStore::OpenForReading(std::string_view sha256) const {
  for (int moves = 0;; ++moves) {
    TRY(const auto at, Find(sha256));
    auto input = InputStream::Open(at.file);
    // Collected, or moved by a collection, after it was located.
    if (!input.ok() && (input.error().code != Code::kNotFound || moves == kMoves))
      return std::move(input).error();
    if (!input.ok()) continue;
    auto reader = std::make_unique<BlobReader::Impl>();
    if (sealed()) {
      TRY(const auto digest, DigestFromHex(sha256));
      TRY(reader->sealed,
          SealedContent::Open(*keys_, digest, *std::move(input), at.offset, at.length));
      reader->length = reader->sealed->size();
    } else {
      reader->plain.emplace(*std::move(input));
      reader->offset = at.offset;
      reader->length = at.length;
    }
    return std::unique_ptr<BlobReader>(new BlobReader(std::move(reader)));
  }
}

}  // namespace vams::objects
