// The collecting half of PackStore: packs that are mostly unused are written anew.
#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/fault_point.h"
#include "objects/encryption.h"
#include "objects/pack_store.h"
#include "objects/staged_file.h"

namespace vams::objects {

namespace {

// Contents that are copied together.
constexpr std::size_t kMoveBytes = std::size_t{4} << 20;

Result<std::string> ReadContent(const InputStream& pack, const PackRecord& record) {
  std::string content(record.length, '\0');
  for (std::size_t have = 0; have < content.size();) {
    TRY(const std::size_t count,
        pack.ReadAt(record.content() + have, content.data() + have, content.size() - have));
    if (count == 0) break;
    have += count;
  }
  return content;
}

}  // namespace

Result<PackCollection> PackStore::Collect(OpContext& op, const Used& used,
                                          std::int64_t cutoff_millis, bool dry_run) {
  Work work{
      .op = op, .used = used, .cutoff_millis = cutoff_millis, .dry_run = dry_run, .report = {}};
  if (!dry_run) TRY_OK(Rotate());
  TRY_OK(Refresh());
  std::vector<std::uint32_t> slots;
  {
    const std::lock_guard order(refresh_mutex_);
    const std::lock_guard lock(mutex_);
    for (const auto& [path, slot] : slots_)
      if (dry_run || !packs_[slot].own) slots.push_back(slot);
  }
  for (const auto slot : slots) {
    TRY_OK(op.Check());
    TRY_OK(CollectPack(slot, work));
  }
  if (!dry_run) DropLeftovers();
  return std::move(work.report);
}

// What is added from now on goes to a pack that this collection does not touch.
Status PackStore::Rotate() {
  std::unique_lock lock(queue_mutex_);
  wake_.wait(lock, [&] { return !leading_; });
  leading_ = true;
  lock.unlock();
  const Status sealed = writer_.fd >= 0 ? SealWriter() : Ok();
  if (!sealed.ok()) DropWriter();
  lock.lock();
  adopt_ = false;
  leading_ = false;
  wake_.notify_all();
  return sealed;
}

PackStore::Sorted PackStore::Sort(std::uint32_t slot, const PackScan& scan,
                                  const Work& work) const {
  Sorted sorted;
  const std::lock_guard lock(mutex_);
  for (const auto& record : scan.records) {
    if (record.mark) {
      if (record.time_millis >= work.cutoff_millis) sorted.marks.push_back(record);
      continue;
    }
    const auto at = index_.find(record.sha256);
    if (at == index_.end() || at->second.slot != slot || at->second.offset != record.offset)
      continue;  // it lies elsewhere as well
    PackRecord kept = record;
    kept.time_millis = at->second.time_millis;
    const bool keep = kept.time_millis >= work.cutoff_millis || work.used(record.sha256);
    (keep ? sorted.used : sorted.unused).push_back(kept);
    (keep ? sorted.used_bytes : sorted.unused_bytes) +=
        keep ? record.size() : ContentSize(keys_, record.length);
  }
  return sorted;
}

Status PackStore::CollectPack(std::uint32_t slot, Work& work) {
  files::Path pack;
  {
    const std::lock_guard lock(mutex_);
    pack = packs_[slot].path;
  }
  TRY(const auto scan, LoadPack(pack, keys_));
  const Sorted sorted = Sort(slot, scan, work);
  PackCollection& report = work.report;
  if (!scan.gaps.empty()) {
    report.problems.push_back(fmt::format(
        "{} is damaged and stays as it is; look at it with a check of the blobs", pack.string()));
    return Ok();
  }
  if (scan.size > kPackHeaderSize && sorted.used_bytes * 2 > scan.size) {
    report.waiting += sorted.unused.size();
    report.waiting_bytes += sorted.unused_bytes;
    return Ok();
  }
  if (!work.dry_run) {
    auto moved = Move(slot, pack, sorted.used, work);
    if (!moved.ok() && moved.error().code == Code::kCorrupt) {
      report.problems.push_back(std::move(moved).error().message);
      return Ok();
    }
    TRY_OK(moved);
    TRY_OK(Drop(slot, pack, sorted, work));
  }
  report.removed += sorted.unused.size();
  report.removed_bytes += sorted.unused_bytes;
  report.freed_bytes += scan.size - std::min(scan.size, sorted.used_bytes);
  ++report.packs_rewritten;
  return Ok();
}

// Appends the contents to the pack that is written; the map then points there.
Status PackStore::Move(std::uint32_t slot, const files::Path& pack,
                       const std::vector<PackRecord>& records, Work& work) {
  TRY(const auto input, InputStream::Open(pack));
  for (auto at = records.begin(); at != records.end();) {
    TRY_OK(work.op.Check());
    std::vector<std::string> contents;
    std::vector<PackedContent> group;
    for (std::size_t bytes = 0; at != records.end() && bytes < kMoveBytes; ++at) {
      TRY(auto content, ReadContent(input, *at));
      if (!IsStoredContent(keys_, at->sha256, content))
        return Error(Code::kCorrupt,
                     fmt::format("the blob {} in {} is damaged; the pack stays as it is; restore "
                                 "it from a backup",
                                 HexOf(at->sha256), pack.string()));
      bytes += content.size() + kRecordHeaderSize;
      contents.push_back(std::move(content));
      group.push_back({.sha256 = at->sha256, .time_millis = at->time_millis, .again = true});
    }
    for (std::size_t i = 0; i < group.size(); ++i) group[i].bytes = contents[i];
    VAMS_POINT("objects.packs.before_move");
    TRY_OK(Add(group));
  }
  const std::lock_guard lock(mutex_);
  packs_[slot].sealed = true;  // nothing more is looked for in it
  return Ok();
}

// Forgets the pack and removes it.  Contents that were added again meanwhile are moved first.
Status PackStore::Drop(std::uint32_t slot, const files::Path& pack, const Sorted& sorted,
                       Work& work) {
  // Marks of contents in other packs; their times would be lost with this pack.
  std::vector<PackedContent> marks;
  for (const auto& mark : sorted.marks)
    marks.push_back({.sha256 = mark.sha256, .mark = true, .time_millis = mark.time_millis});
  TRY_OK(Add(marks));
  for (;;) {
    std::vector<PackRecord> revived;
    {
      // Who looks for packs must not find this one again.
      const std::lock_guard order(refresh_mutex_);
      std::unique_lock lock(mutex_);
      for (const auto& record : sorted.unused) {
        const auto at = index_.find(record.sha256);
        if (at == index_.end() || at->second.slot != slot) continue;
        if (at->second.time_millis < work.cutoff_millis) continue;
        revived.push_back(record);
        revived.back().time_millis = at->second.time_millis;
      }
      if (revived.empty()) {
        for (const auto& record : sorted.unused) {
          const auto at = index_.find(record.sha256);
          if (at != index_.end() && at->second.slot == slot) index_.erase(at);
        }
        slots_.erase(pack);
        lock.unlock();
        VAMS_POINT("objects.packs.before_unlink");
        if (::unlink(pack.c_str()) != 0) return files::ErrnoError("remove", pack, errno);
        VAMS_POINT("objects.packs.after_unlink");
        if (::unlink(IndexOf(pack).c_str()) != 0 && errno != ENOENT)
          return files::ErrnoError("remove", IndexOf(pack), errno);
        return Ok();
      }
    }
    for (const auto& record : revived) {
      work.report.removed -= 1;
      work.report.removed_bytes -= ContentSize(keys_, record.length);
    }
    TRY_OK(Move(slot, pack, revived, work));
  }
}

void PackStore::DropLeftovers() {
  // Nobody begins a pack now: another process cannot while this one collects.
  const std::lock_guard order(refresh_mutex_);
  std::error_code ec;
  for (std::filesystem::directory_iterator it(Folder(), ec), end; !ec && it != end;
       it.increment(ec)) {
    files::Path pack = it->path();
    std::error_code error;
    if (pack.extension() == kBegunSuffix) std::filesystem::remove(pack, error);
    if (pack.extension() != ".index") continue;
    if (!std::filesystem::exists(pack.replace_extension(".pack"), error) && !error)
      std::filesystem::remove(it->path(), error);
  }
}

}  // namespace vams::objects
