// The writing half of PackStore: groups, the pack that is written, sealing.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/random.h"
#include "objects/pack_store.h"
#include "objects/staged_file.h"

namespace vams::objects {

namespace {

// Bytes of contents that are written and synced together.
constexpr std::size_t kGroupBytes = std::size_t{8} << 20;

Status WriteAt(int fd, std::uint64_t offset, std::string_view bytes, const files::Path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return files::ErrnoError("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return Ok();
}

}  // namespace

struct PackStore::Request {
  std::span<const PackedContent> contents;
  std::size_t bytes = 0;
  bool done = false;
  Status status = Ok();
};

Status PackStore::Add(std::span<const PackedContent> contents) {
  TRY_OK(EnterWriting());
  while (!contents.empty()) {
    Request request;
    std::size_t count = 0;
    while (count < contents.size() && (count == 0 || request.bytes < kGroupBytes))
      request.bytes += kRecordHeaderSize + contents[count++].bytes.size();
    request.contents = contents.first(count);
    contents = contents.subspan(count);

    std::unique_lock lock(queue_mutex_);
    queue_.push_back(&request);
    while (!request.done) {
      if (leading_)
        wake_.wait(lock);
      else
        Lead(lock);
    }
    TRY_OK(request.status);
  }
  return Ok();
}

// Writes one group for all who wait.  The lock is held before and after.
void PackStore::Lead(std::unique_lock<std::mutex>& lock) {
  leading_ = true;
  std::vector<Request*> group;
  std::size_t bytes = 0;
  while (group.size() < queue_.size() && (group.empty() || bytes < kGroupBytes)) {
    bytes += queue_[group.size()]->bytes;
    group.push_back(queue_[group.size()]);
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(group.size()));
  lock.unlock();
  const Status status = WriteGroup(group);
  lock.lock();
  for (Request* request : group) {
    request->status = status;
    request->done = true;
  }
  leading_ = false;
  wake_.notify_all();
}

Status PackStore::WriteGroup(const std::vector<Request*>& group) {
  if (writer_.fd < 0) TRY_OK(OpenWriter());
  std::string bytes;
  std::vector<std::pair<PackRecord, bool>> records;
  std::set<Digest> taken;
  const std::int64_t now = Now();
  for (const Request* request : group) {
    for (const PackedContent& content : request->contents) {
      if (!content.again && !content.mark && !taken.insert(content.sha256).second) continue;
      PackRecord record{.sha256 = content.sha256,
                        .offset = writer_.size + bytes.size(),
                        .length = static_cast<std::uint32_t>(content.bytes.size()),
                        .mark = content.mark,
                        .time_millis = content.time_millis == 0 ? now : content.time_millis,
                        .synced = writer_.size};
      AppendRecord(bytes, record, content.bytes);
      records.emplace_back(record, content.again);
    }
  }
  // After a failure nobody knows what is on disk: another pack takes the next group.
  if (auto appended = Append(bytes); !appended.ok()) {
    DropWriter();
    adopt_ = false;
    return appended;
  }
  writer_.size += bytes.size();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [record, replace] : records) ApplyRecord(writer_.slot, record, replace);
    packs_[writer_.slot].scanned = packs_[writer_.slot].durable = writer_.size;
  }
  for (const auto& [record, replace] : records) writer_.records.push_back(record);
  // What was added is durable, whatever becomes of the index: without it the pack is read.
  if (writer_.size >= seal_at_ && !SealWriter().ok()) DropWriter();
  return Ok();
}

Status PackStore::Append(std::string_view bytes) {
  VAMS_POINT("objects.packs.before_write");
  TRY_OK(WriteAt(writer_.fd, writer_.size, bytes, writer_.path));
  VAMS_POINT("objects.packs.before_sync");
  if (::fdatasync(writer_.fd) != 0) return files::ErrnoError("write", writer_.path, errno);
  VAMS_POINT("objects.packs.after_sync");
  return Ok();
}

Status PackStore::OpenWriter() {
  TRY_OK(before_first_pack_());
  TRY_OK(files::MakeFolders(Folder()));
  if (adopt_) {
    adopt_ = false;
    TRY(const auto packs, Packs());
    for (const auto& pack : packs) {
      std::error_code ec;
      if (std::filesystem::exists(IndexOf(pack), ec)) continue;
      TRY(const bool adopted, Adopt(pack));
      if (adopted) return Ok();
    }
  }
  return CreatePack();
}

// Goes on with a pack that another left, or seals it.
Result<bool> PackStore::Adopt(const files::Path& pack) {
  const int fd = ::open(pack.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {  // it is being written
    ::close(fd);
    return false;
  }
  const auto scan = ScanPack(pack, 0, keys_);
  const bool clean = scan.ok() && scan->end == scan->size && scan->size >= kPackHeaderSize &&
                     scan->gaps.empty() && !scan->torn;
  if (!scan.ok() || !scan->gaps.empty() || ::fdatasync(fd) != 0) {
    ::close(fd);
    return false;
  }
  // A short group behind the last whole record: never answered for, never written over.
  if (!clean || scan->size >= seal_at_) {
    const auto sealed = WritePackIndex(pack, scan->size, scan->records);
    ::close(fd);
    if (!sealed.ok()) return sealed.error();
    return false;
  }
  const std::lock_guard order(refresh_mutex_);
  auto refreshed = RefreshLocked();
  if (!refreshed.ok() || !slots_.contains(pack)) {
    ::close(fd);
    if (!refreshed.ok()) return std::move(refreshed).error();
    return false;
  }
  writer_ = {.fd = fd,
             .slot = slots_.at(pack),
             .path = pack,
             .size = scan->size,
             .records = scan->records};
  const std::lock_guard lock(mutex_);
  packs_[writer_.slot].own = true;
  packs_[writer_.slot].durable = writer_.size;
  return true;
}

Status PackStore::CreatePack() {
  std::array<char, 8> id;
  SystemRandom().Fill(id.data(), id.size());
  const auto path = Folder() / (HexEncode(std::string_view(id.data(), id.size())) + ".pack");
  const std::lock_guard order(refresh_mutex_);
  // Others see it only when it is locked: they would take it for one that was left.
  const files::Path hidden = files::Path(path) += kBegunSuffix;
  const int fd = ::open(hidden.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return files::ErrnoError("create", hidden, errno);
  auto begun = [&]() -> Status {
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return files::ErrnoError("lock", hidden, errno);
    TRY_OK(WriteAt(fd, 0, PackHeader(), hidden));
    if (::rename(hidden.c_str(), path.c_str()) != 0)
      return files::ErrnoError("create", path, errno);
    VAMS_POINT("objects.packs.created");
    return files::SyncFolder(Folder());
  }();
  if (!begun.ok()) {
    ::unlink(hidden.c_str());
    ::unlink(path.c_str());
    ::close(fd);
    return begun;
  }
  const std::lock_guard lock(mutex_);
  const auto slot = static_cast<std::uint32_t>(packs_.size());
  packs_.push_back({.path = path, .own = true, .scanned = kPackHeaderSize});
  slots_.emplace(path, slot);
  writer_ = {.fd = fd, .slot = slot, .path = path, .size = kPackHeaderSize};
  return Ok();
}

Status PackStore::SealWriter() {
  VAMS_POINT("objects.packs.before_seal");
  TRY_OK(WritePackIndex(writer_.path, writer_.size, writer_.records));
  VAMS_POINT("objects.packs.after_seal");
  {
    const std::lock_guard lock(mutex_);
    packs_[writer_.slot].sealed = true;
  }
  DropWriter();
  return Ok();
}

void PackStore::DropWriter() {
  if (writer_.fd < 0) return;
  ::close(writer_.fd);
  {
    const std::lock_guard lock(mutex_);
    packs_[writer_.slot].own = false;
  }
  writer_ = {};
}

}  // namespace vams::objects
