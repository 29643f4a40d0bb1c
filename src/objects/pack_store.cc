#include "objects/pack_store.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "objects/staged_file.h"

namespace vams::objects {

namespace {
constexpr std::string_view kPackSuffix = ".pack";
// Every ten minutes at most one mark is written for a content that is added again and again.
constexpr std::int64_t kMarkAfterMillis = std::int64_t{10} * 60 * 1000;
}  // namespace

PackStore::PackStore(files::Path folder, const Options& options)
    : folder_(std::move(folder)),
      seal_at_(options.seal_at),
      clock_(options.clock != nullptr ? *options.clock : SystemClock()),
      keys_(options.keys),
      may_write_(options.may_write),
      before_first_pack_(options.before_first_pack) {}

PackStore::~PackStore() {
  DropWriter();
  if (writers_fd_ >= 0) ::close(writers_fd_);
}

files::Path PackStore::Folder() const { return folder_ / "packs"; }

Result<std::vector<files::Path>> PackStore::Packs() const {
  std::vector<files::Path> packs;
  std::error_code ec;
  std::filesystem::directory_iterator it(Folder(), ec);
  if (ec == std::errc::no_such_file_or_directory) return packs;
  for (const std::filesystem::directory_iterator end; !ec && it != end; it.increment(ec))
    if (it->path().extension() == kPackSuffix) packs.push_back(it->path());
  if (ec) return files::ErrnoError("read folder", Folder(), ec.value());
  std::sort(packs.begin(), packs.end());
  return packs;
}

// ---- The map ----

Status PackStore::Load() {
  if (loaded_.load(std::memory_order_acquire)) return Ok();
  return Refresh();
}

Status PackStore::Refresh() {
  const std::lock_guard order(refresh_mutex_);
  TRY_OK(RefreshLocked());
  loaded_.store(true, std::memory_order_release);
  return Ok();
}

Status PackStore::RefreshLocked() {
  TRY(const auto present, Packs());
  // Another process collected: what it moved may lie in packs that were read long ago.
  const std::set<files::Path> still(present.begin(), present.end());
  if (std::any_of(slots_.begin(), slots_.end(),
                  [&](const auto& known) { return !still.contains(known.first); })) {
    const std::lock_guard lock(mutex_);
    index_.clear();
    slots_.clear();
  }
  Scans scans;
  for (const auto& path : present) TRY_OK(ScanMore(path, scans));
  const std::lock_guard lock(mutex_);
  for (const auto& [slot, scan] : scans) Apply(slot, scan);
  // A mark may lie in a pack that is read before that of its content.
  for (const auto& [slot, scan] : scans)
    for (const auto& record : scan.records)
      if (record.mark) ApplyRecord(slot, record, false);
  return Ok();
}

// Adds what a pack has that was not read before.
Status PackStore::ScanMore(const files::Path& path, Scans& scans) {
  const auto known = slots_.find(path);
  Result<PackScan> scan = PackScan{};
  if (known == slots_.end()) {
    scan = LoadPack(path, keys_);
  } else {
    std::uint64_t scanned;
    {
      const std::lock_guard lock(mutex_);
      const Pack& pack = packs_[known->second];
      if (pack.sealed || pack.own) return Ok();
      scanned = pack.scanned;
    }
    std::error_code ec;
    if (std::filesystem::file_size(path, ec) <= scanned || ec) return Ok();
    scan = ScanPack(path, scanned, keys_);
  }
  if (!scan.ok() && scan.error().code == Code::kNotFound) return Ok();  // collected meanwhile
  if (!scan.ok()) return std::move(scan).error();
  const std::lock_guard lock(mutex_);
  const auto slot =
      known == slots_.end() ? static_cast<std::uint32_t>(packs_.size()) : known->second;
  if (known == slots_.end()) {
    packs_.push_back({.path = path});
    slots_.emplace(path, slot);
  }
  scans.emplace_back(slot, *std::move(scan));
  return Ok();
}

void PackStore::Apply(std::uint32_t slot, const PackScan& scan) {
  Pack& pack = packs_[slot];
  pack.sealed = scan.from_index;
  pack.scanned = std::max(pack.scanned, scan.end);
  if (scan.from_index) pack.durable = scan.size;
  for (const auto& record : scan.records) {
    pack.durable = std::max(pack.durable, record.synced);
    if (!record.mark) ApplyRecord(slot, record, false);
  }
}

void PackStore::ApplyRecord(std::uint32_t slot, const PackRecord& record, bool replace) {
  if (record.mark) {
    const auto at = index_.find(record.sha256);
    if (at == index_.end()) return;
    at->second.time_millis = std::max(at->second.time_millis, record.time_millis);
    at->second.stored_millis = std::max(at->second.stored_millis, record.time_millis);
    return;
  }
  auto [at, added] = index_.try_emplace(record.sha256);
  Entry& entry = at->second;
  if (added || replace || entry.length != record.length) {
    entry.slot = slot;
    entry.offset = record.offset;
    entry.length = record.length;
  }
  entry.time_millis = std::max(entry.time_millis, record.time_millis);
  entry.stored_millis = std::max(entry.stored_millis, record.time_millis);
}

std::optional<PackStore::Entry> PackStore::Lookup(const Digest& sha256) const {
  const std::lock_guard lock(mutex_);
  const auto at = index_.find(sha256);
  if (at == index_.end()) return std::nullopt;
  return at->second;
}

// What is whole in the page cache may not be on disk: its writer waits for that, or died.
Status PackStore::MakeDurable(std::uint32_t slot) {
  files::Path path;
  {
    const std::lock_guard lock(mutex_);
    path = packs_[slot].path;
  }
  std::error_code ec;
  const auto written = std::filesystem::file_size(path, ec);
  TRY_OK(SyncFile(path));
  TRY_OK(files::SyncFolder(Folder()));
  const std::lock_guard lock(mutex_);
  if (!ec) packs_[slot].durable = std::max(packs_[slot].durable, std::uint64_t{written});
  return Ok();
}

// ---- Looking up ----

Result<std::optional<PackStore::Found>> PackStore::Find(const Digest& sha256, bool durable) {
  TRY_OK(Load());
  auto entry = Lookup(sha256);
  if (!entry) {
    TRY_OK(Refresh());
    entry = Lookup(sha256);
  }
  if (!entry) return std::optional<Found>();
  bool sync = false;
  Found found{.offset = entry->offset + kRecordHeaderSize, .length = entry->length};
  {
    const std::lock_guard lock(mutex_);
    found.pack = packs_[entry->slot].path;
    sync = durable && entry->end() > packs_[entry->slot].durable;
  }
  std::error_code ec;
  if (!std::filesystem::exists(found.pack, ec)) {  // collected by another process
    TRY_OK(Refresh());
    entry = Lookup(sha256);
    if (!entry) return std::optional<Found>();
    const std::lock_guard lock(mutex_);
    found = {packs_[entry->slot].path, entry->offset + kRecordHeaderSize, entry->length};
    sync = durable && entry->end() > packs_[entry->slot].durable;
  }
  if (sync) TRY_OK(MakeDurable(entry->slot));
  return std::optional<Found>(std::move(found));
}

Result<bool> PackStore::Reuse(const Digest& sha256, std::uint64_t length) {
  TRY_OK(Load());
  std::optional<std::uint32_t> sync;
  bool mark = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = index_.find(sha256);
    if (at == index_.end() || at->second.length != length) return false;
    Entry& entry = at->second;
    // From here on a collection sees that it is young.
    entry.time_millis = std::max(entry.time_millis, Now());
    if (entry.end() > packs_[entry.slot].durable) sync = entry.slot;
    if (entry.time_millis - entry.stored_millis > kMarkAfterMillis) {
      mark = true;
      entry.stored_millis = entry.time_millis;
    }
  }
  if (sync) {
    auto synced = MakeDurable(*sync);
    if (!synced.ok() && synced.error().code == Code::kNotFound) return false;
    if (!synced.ok()) return std::move(synced).error();
  }
  if (mark) {
    const PackedContent content{.sha256 = sha256, .mark = true};
    TRY_OK(Add({&content, 1}));
  }
  return true;
}

Result<std::vector<std::pair<Digest, PackStore::Entry>>> PackStore::Entries() {
  TRY_OK(Refresh());
  const std::lock_guard lock(mutex_);
  return std::vector<std::pair<Digest, Entry>>(index_.begin(), index_.end());
}

// ---- Writers of the folder ----

Status PackStore::EnterWriting() {
  if (writing_.load(std::memory_order_acquire)) return Ok();
  const std::lock_guard lock(writers_mutex_);
  if (writing_.load(std::memory_order_acquire)) return Ok();
  const auto path = folder_ / "writers";
  if (writers_fd_ < 0) writers_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (writers_fd_ < 0) return files::ErrnoError("open lock", path, errno);
  while (::flock(writers_fd_, LOCK_SH) != 0)
    if (errno != EINTR) return files::ErrnoError("lock", path, errno);
  TRY_OK(may_write_());
  // A collection by another process may have removed what this one knows.
  TRY_OK(Refresh());
  writing_.store(true, std::memory_order_release);
  return Ok();
}

Status PackStore::BeginCollection() {
  TRY_OK(EnterWriting());
  const std::lock_guard lock(writers_mutex_);
  if (::flock(writers_fd_, LOCK_EX | LOCK_NB) == 0) return Ok();
  const int error = errno;
  // A conversion that fails gives up what was held.
  writing_.store(false, std::memory_order_release);
  while (::flock(writers_fd_, LOCK_SH) != 0)
    if (errno != EINTR) return files::ErrnoError("lock", folder_ / "writers", errno);
  writing_.store(true, std::memory_order_release);
  if (error != EWOULDBLOCK) return files::ErrnoError("lock", folder_ / "writers", error);
  return Error(Code::kConflict,
               fmt::format("another process writes blobs into {}; nothing was collected; try again "
                           "when it has ended",
                           folder_.string()));
}

void PackStore::EndCollection() {
  const std::lock_guard lock(writers_mutex_);
  while (::flock(writers_fd_, LOCK_SH) != 0)
    if (errno != EINTR) break;
}

}  // namespace vams::objects
