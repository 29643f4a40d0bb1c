#include "objects/blob_store.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "objects/staged_file.h"

namespace vams::objects {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::size_t kShaDigits = 64;
constexpr std::string_view kFormatFile = "format";
constexpr std::string_view kFormat = "vams-blobs 1\n";
constexpr std::string_view kFormatName = "vams-blobs ";
constexpr std::string_view kIncoming = "incoming";
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

Status CheckFormat(const files::Path& folder) {
  const auto path = folder / kFormatFile;
  auto format = files::ReadAll(path, 4096);
  if (format.ok() && *format == kFormat) return Ok();
  if (format.ok() && format->starts_with(kFormatName))
    return Error(Code::kNotSupported,
                 fmt::format("the blobs in {} are kept in a form that this release does not know; "
                             "use the release that wrote them, or a newer one",
                             folder.string()));
  if (format.ok() || format.error().code != Code::kNotFound)
    return Error(Code::kInvalid, fmt::format("{} is not the format file of a blob folder; choose "
                                             "another folder",
                                             path.string()));
  std::error_code ec;
  for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    // What a creation that was cut off leaves behind.
    if (it->path().filename().native().starts_with(kFormatFile)) continue;
    return Error(Code::kInvalid,
                 fmt::format("{} is not empty and no blob folder; choose an empty or a new folder",
                             folder.string()));
  }
  if (ec) return files::ErrnoError("read folder", folder, ec.value());
  return files::WriteAtomically(path, kFormat);
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

// ---- BlobStore ----

Result<std::unique_ptr<BlobStore>> BlobStore::Open(const files::Path& folder) {
  TRY_OK(files::MakeFolders(folder));
  TRY_OK(CheckFormat(folder));
  std::unique_ptr<BlobStore> store(new BlobStore(folder));
  TRY_OK(files::MakeFolders(store->Incoming()));
  DropStale(store->Incoming());
  return store;
}

files::Path BlobStore::Incoming() const { return folder_ / kIncoming; }

Result<files::Path> BlobStore::PathOf(std::string_view sha256) const {
  if (sha256.size() != kShaDigits || sha256.find_first_not_of("0123456789abcdef") != sha256.npos)
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" is no SHA-256 digest in lower-case hexadecimal", sha256));
  return folder_ / sha256.substr(0, 2) / sha256.substr(2, 2) / sha256;
}

Result<std::uint64_t> BlobStore::Size(std::string_view sha256) const {
  TRY(const auto path, PathOf(sha256));
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return static_cast<std::uint64_t>(info.st_size);
  if (errno != ENOENT) return files::ErrnoError("read", path, errno);
  return Error(Code::kNotFound,
               fmt::format("there is no blob {} in {}; import the bytes again, or restore a backup",
                           sha256, folder_.string()));
}

Result<bool> BlobStore::Has(std::string_view sha256) const {
  const auto size = Size(sha256);
  if (size.ok()) return true;
  if (size.error().code == Code::kNotFound) return false;
  return size.error();
}

Status BlobStore::Read(std::string_view sha256, const Sink& sink) const {
  TRY_OK(Size(sha256));  // tells what is missing
  TRY(const auto path, PathOf(sha256));
  Hasher hasher(HashKind::kSha256);
  TRY_OK(ReadChunks(path, [&](std::string_view chunk) {
    hasher.Update(chunk);
    return sink(chunk);
  }));
  if (HexEncode(hasher.Finish()) == sha256) return Ok();
  return Error(Code::kCorrupt,
               fmt::format("the blob {} is damaged: its content has another digest; "
                           "restore {} from a backup",
                           sha256, path.string()));
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

// ---- BlobBatch ----

struct BlobBatch::Impl {
  explicit Impl(BlobStore& blobs) : store(blobs) {}

  // Keeps the staged content unless the store or the batch has it.
  Status Take(StagedFile file, const BlobInfo& info);
  Status SyncContents();
  Status CommitAll();

  BlobStore& store;
  std::map<std::string, Staged> staged;  // by digest
  // Blobs that are there already: whoever stored them may not have synced their names yet.
  std::set<std::string> found;
  std::uint64_t bytes = 0;
};

Status BlobBatch::Impl::Take(StagedFile file, const BlobInfo& info) {
  if (staged.contains(info.sha256)) return Ok();
  auto size = store.Size(info.sha256);
  if (size.ok() && *size == info.size) {
    found.insert(info.sha256);
    return Ok();
  }
  // One of another size is damaged: this one replaces it.
  if (!size.ok() && size.error().code != Code::kNotFound) return std::move(size).error();
  TRY_OK(file.Close(0444));
  staged.emplace(info.sha256, Staged{std::move(file), info.size});
  bytes += info.size;
  return Ok();
}

// One content is synced alone; more of them cheaper with everything else on the file system.
Status BlobBatch::Impl::SyncContents() {
  if (staged.empty()) return Ok();
  if (staged.size() > 1) return SyncFileSystem(store.folder_);
  return SyncFile(staged.begin()->second.file.path());
}

Status BlobBatch::Impl::CommitAll() {
  VAMS_POINT("objects.blobs.before_sync");
  TRY_OK(SyncContents());
  VAMS_POINT("objects.blobs.before_rename");
  std::set<files::Path> changed;
  for (auto& [sha256, content] : staged) {
    TRY(const auto path, store.PathOf(sha256));
    TRY_OK(MakeShards(path));
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

std::size_t BlobBatch::count() const { return impl_->staged.size(); }
std::uint64_t BlobBatch::bytes() const { return impl_->bytes; }

Result<BlobInfo> BlobBatch::AddFile(const files::Path& path, const BlobExpectation& expected) {
  TRY(auto staged, StagedFile::Create(impl_->store.Incoming()));
  Digests digests;
  TRY_OK(ReadChunks(path, [&](std::string_view chunk) {
    digests.Update(chunk);
    return staged.Write(chunk);
  }));
  BlobInfo info = digests.Finish();
  TRY_OK(CheckExpected(path, info, expected));
  TRY_OK(impl_->Take(std::move(staged), info));
  return info;
}

Result<BlobInfo> BlobBatch::AddBytes(std::string_view bytes) {
  TRY(auto staged, StagedFile::Create(impl_->store.Incoming()));
  Digests digests;
  digests.Update(bytes);
  TRY_OK(staged.Write(bytes));
  const BlobInfo info = digests.Finish();
  TRY_OK(impl_->Take(std::move(staged), info));
  return info;
}

Status BlobBatch::Commit() {
  auto status = impl_->CommitAll();
  impl_->staged.clear();
  impl_->found.clear();
  impl_->bytes = 0;
  return status;
}

// ---- BlobReader ----

struct BlobReader::Impl {
  InputStream input;
};

BlobReader::BlobReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobReader::~BlobReader() = default;
std::uint64_t BlobReader::size() const { return impl_->input.size(); }

Result<std::size_t> BlobReader::ReadAt(std::uint64_t offset, char* to, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    TRY(const std::size_t count, impl_->input.ReadAt(offset + done, to + done, size - done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

Result<std::unique_ptr<BlobReader>> BlobStore::OpenForReading(std::string_view sha256) const {
  TRY_OK(Size(sha256));
  TRY(const auto path, PathOf(sha256));
  TRY(auto input, InputStream::Open(path));
  return std::unique_ptr<BlobReader>(
      new BlobReader(std::make_unique<BlobReader::Impl>(BlobReader::Impl{std::move(input)})));
}

}  // namespace vams::objects
