// PackStore keeps small contents in packs: many writers share one fdatasync, and a map in memory
// says where each content lies.  Internal to BlobStore; format and rules: docs/formats/blobs.md.
//
// Thread-safe; several processes may use one folder.  Every call may block on disk.  The map takes
// about 100 bytes a content, and is filled at first use.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "objects/pack_file.h"

namespace vams::objects {

struct PackedContent {
  Digest sha256{};
  std::string_view bytes;  // as they are to lie there; live until Add returns
  bool mark = false;
  std::int64_t time_millis = 0;  // 0: now
  bool again = false;            // also if it lies in another pack
};

// What one collection did, or would do.
struct PackCollection {
  std::uint64_t removed = 0, removed_bytes = 0;  // contents
  std::uint64_t waiting = 0, waiting_bytes = 0;  // unused, in packs that are mostly used
  std::uint64_t packs_rewritten = 0;
  std::uint64_t freed_bytes = 0;  // of packs, less what was written anew
  std::vector<std::string> problems;
};

class PackStore {
 public:
  struct Options {
    std::uint64_t seal_at = std::uint64_t{64} << 20;
    const Clock* clock = nullptr;
    const SealKeys* keys = nullptr;  // of contents that are sealed; nullptr: they are plain
    // Whether this process may write, asked once when nobody can change the folder's format.
    std::function<Status()> may_write;
    // Makes the folder one that may have packs.
    std::function<Status()> before_first_pack;
  };
  // Where a content lies.  `slot` is this object's number for the pack.
  struct Entry {
    std::uint32_t slot = 0;
    std::uint32_t length = 0;
    std::uint64_t offset = 0;  // of the header
    std::int64_t time_millis = 0;
    std::int64_t stored_millis = 0;  // the time that another process would find
    std::uint64_t end() const { return offset + kRecordHeaderSize + length; }
  };
  struct Found {
    files::Path pack;
    std::uint64_t offset = 0;  // of the content
    std::uint32_t length = 0;
  };

  PackStore(files::Path folder, const Options& options);
  ~PackStore();

  // Looks at what other processes wrote if it has to.  The content is durable if `durable`.
  Result<std::optional<Found>> Find(const Digest& sha256, bool durable = false);
  // Whether the content is there, durably; if so it is young again.
  Result<bool> Reuse(const Digest& sha256, std::uint64_t length);
  // Durable on return.  Contents that are there already are left out.
  Status Add(std::span<const PackedContent> contents);

  // Registers this process as a writer of the folder; waits while another collects.
  Status EnterWriting();
  // kConflict while another process, or another store of this one, is a writer.
  Status BeginCollection();
  void EndCollection();

  using Used = std::function<bool(const Digest& sha256)>;
  // Between Begin and End unless `dry_run`.  Contents that are not used and were last added before
  // `cutoff_millis` are removed.
  Result<PackCollection> Collect(OpContext& op, const Used& used, std::int64_t cutoff_millis,
                                 bool dry_run);

  // A consistent copy of what is known after looking once more; by digest.
  Result<std::vector<std::pair<Digest, Entry>>> Entries();
  // The packs there are.
  Result<std::vector<files::Path>> Packs() const;
  const SealKeys* keys() const { return keys_; }

 private:
  struct Pack {
    files::Path path;
    bool sealed = false;
    bool own = false;           // this object writes it
    std::uint64_t scanned = 0;  // where to look for more
    std::uint64_t durable = 0;  // everything before is
  };
  // The pack that is written; only whoever leads touches it.
  struct Writer {
    int fd = -1;
    std::uint32_t slot = 0;
    files::Path path;
    std::uint64_t size = 0;
    std::vector<PackRecord> records;
  };
  struct Request;
  // A pack that a collection looks at: by what its contents are.
  struct Sorted {
    std::vector<PackRecord> used, unused, marks;
    std::uint64_t used_bytes = 0, unused_bytes = 0;
  };
  struct Work {
    OpContext& op;
    const Used& used;
    std::int64_t cutoff_millis;
    bool dry_run;
    PackCollection report;
  };

  files::Path Folder() const;
  std::int64_t Now() const { return clock_.NowMillis(); }

  // Reading (pack_store.cc).
  Status Load();
  Status Refresh();
  using Scans = std::vector<std::pair<std::uint32_t, PackScan>>;
  Status RefreshLocked();  // refresh_mutex_ is held
  Status ScanMore(const files::Path& path, Scans& scans);
  void Apply(std::uint32_t slot, const PackScan& scan);
  void ApplyRecord(std::uint32_t slot, const PackRecord& record, bool replace);
  Status MakeDurable(std::uint32_t slot);
  std::optional<Entry> Lookup(const Digest& sha256) const;

  // Writing (pack_write.cc).
  void Lead(std::unique_lock<std::mutex>& lock);
  Status WriteGroup(const std::vector<Request*>& group);
  Status Append(std::string_view bytes);
  Status OpenWriter();
  Result<bool> Adopt(const files::Path& pack);
  Status CreatePack();
  Status SealWriter();
  void DropWriter();

  // Collecting (pack_collect.cc).
  Status Rotate();
  Status CollectPack(std::uint32_t slot, Work& work);
  Sorted Sort(std::uint32_t slot, const PackScan& scan, const Work& work) const;
  Status Move(std::uint32_t slot, const files::Path& pack, const std::vector<PackRecord>& records,
              Work& work);
  Status Drop(std::uint32_t slot, const files::Path& pack, const Sorted& sorted, Work& work);
  void DropLeftovers();  // indexes whose packs are gone, packs that were never shown

  const files::Path folder_;
  const std::uint64_t seal_at_;
  const Clock& clock_;
  const SealKeys* const keys_;
  const std::function<Status()> may_write_, before_first_pack_;

  // Guards index_ and packs_; never held over I/O.
  mutable std::mutex mutex_;
  std::unordered_map<Digest, Entry, DigestHash> index_;
  std::vector<Pack> packs_;  // by slot; slots are not used again

  // Orders those who look for new packs and who removes one.  Taken before mutex_, held over I/O.
  std::mutex refresh_mutex_;
  std::map<files::Path, std::uint32_t> slots_;
  std::atomic<bool> loaded_ = false;

  // Guards the queue of those who want to write.
  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::vector<Request*> queue_;
  bool leading_ = false;
  bool adopt_ = true;  // the leader's: look for a pack to go on with
  Writer writer_;      // the leader's

  // Guards the registration as writer.  Held over I/O.
  std::mutex writers_mutex_;
  int writers_fd_ = -1;
  std::atomic<bool> writing_ = false;
};

}  // namespace vams::objects
