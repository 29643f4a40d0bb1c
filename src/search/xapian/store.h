// One generation of the index: a Xapian database with the columns and dictionaries beside it.
//
// Thread rule: thread-safe; writes take turns.  Searches use what the last commit published, and
// are repeated when it is overtaken while they read.  Every call may block on disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/xapian/access_bits.h"
#include "search/xapian/reader.h"
#include "search/xapian/short_sets.h"
#include "search/xapian/snapshot.h"
#include "search/xapian/text_columns.h"
#include "search/xapian/writer.h"
#include "search/xapian/xapian_index.h"

namespace vams::search::xapian {

inline constexpr std::string_view kFormat = "1";

class Store {
 public:
  // Creates an empty one in a folder that does not exist.  kCorrupt: what is there cannot be used.
  static Result<std::shared_ptr<Store>> Open(files::Path folder, const XapianOptions& options);
  static Status Create(const files::Path& folder, Position position);
  // Removes the folder if Retire was called.
  ~Store();

  const files::Path& folder() const { return folder_; }
  void Retire() { retired_.store(true); }

  Position position() const { return snapshot()->position; }
  Status Apply(OpContext& op, std::span<const Write> writes, Position position);
  // Removes the documents of these kinds; the position stays.
  Status Clear(OpContext& op, KindSet kinds);
  Result<std::optional<Document>> Find(OpContext& op, std::string_view id);
  Result<Counts> Count(OpContext& op);
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit);
  Result<std::vector<std::string>> Check(OpContext& op);
  Result<std::vector<std::string>> DynamicFields(OpContext& op, Kind kind);
  // Calls visit with every document of these kinds.
  Status ForEachDocument(OpContext& op, KindSet kinds,
                         const std::function<Status(const Document&)>& visit);

  // What a search reads: one commit.
  struct View {
    const Snapshot& snapshot;
    const Reader& reader;
    AccessBits& access;
    TextColumns& texts;
    ShortSets& shorts;
    const Changes& changes;
  };
  // Calls read with the newest commit, again if it was overtaken.
  Status Read(OpContext& op, std::string_view doing,
              const std::function<Status(const View& view)>& read);

 private:
  using SnapshotPtr = std::shared_ptr<const Snapshot>;

  Store(files::Path folder, const XapianOptions& options)
      : folder_(std::move(folder)), options_(options) {}

  SnapshotPtr snapshot() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  std::unique_ptr<Reader> TakeReader();
  void GiveBack(std::unique_ptr<Reader> reader);

  // With write_mutex_ held:
  Status Load();
  Status Commit(OpContext& op, const std::vector<const Write*>& writes, Position position);
  Status CommitGuarded(OpContext& op, const std::vector<const Write*>& writes, Position position);
  void Publish(Snapshot next, std::vector<DocId> changed);
  // After a failure: the last commit, whatever it is, is what serves.
  void Recover();

  const files::Path folder_;
  const XapianOptions options_;
  std::atomic<bool> retired_ = false;

  std::mutex write_mutex_;
  std::unique_ptr<Writer> writer_;  // guarded by write_mutex_; made when first needed

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable published_;
  SnapshotPtr snapshot_;
  std::vector<std::unique_ptr<Reader>> idle_;

  AccessBits access_;
  TextColumns texts_;
  ShortSets shorts_;
  Changes changes_;
};

// Makes every file of the folder durable, and the folder.
Status SyncFiles(const files::Path& folder);
std::uint64_t DiskBytes(const files::Path& folder);

}  // namespace vams::search::xapian
