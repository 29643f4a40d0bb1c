// Follows a source into the stack it is the standby of: first a copy of everything into a new
// generation, then the source's change log from where the copy began, continuously.
//
// The copy reads pages while the source is written: what a page missed or saw too early, the log
// has, because it is applied from before the first page on and every change carries its whole item.
// So the state is the source's once it has come to where the log was at the end of the copy, and
// the source need not keep a view open for as long as that takes.
//
// Every page of changes and the position behind it are one commit (kTable): after a crash nothing
// is missed or counted twice.  Contents are there before the records that refer to them.
//
// One thread.  Everything blocks.  The caller holds the stack's lock.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lifecycle/ab/crossing.h"
#include "lifecycle/ab/source.h"
#include "lifecycle/backup/rows.h"
#include "objects/encryption_keys.h"

namespace vams::lifecycle::ab {

struct FollowSetup {
  const StackRegistry& registry;
  Stack stack;  // the standby
  State state;  // its ab.json
  objects::EncryptionChoice encryption;
  const Clock& clock;
};

struct ValidateOptions {
  bool read_contents = false;  // compare every content with its digest
};

class Follower {
 public:
  // Goes on where the stack's store says it stopped, or copies everything first (`anew`: in any
  // case).  A source with older data is taken through the migration steps.
  static Result<std::unique_ptr<Follower>> Open(OpContext& op, Source& source, FollowSetup setup,
                                                bool anew = false);
  ~Follower();

  // Applies the next page of changes, waiting up to `wait` for one.  False: there was none.
  // kNotFound or kConflict: the log does not lead there any more, copy anew.
  Result<bool> Step(OpContext& op, std::chrono::milliseconds wait);
  // Until everything up to `position` is applied, and nothing behind it.
  Status DrainTo(OpContext& op, items::Position position);

  // Brings both sides to a common position and compares them: rows by count and digest, samples
  // value by value, contents.  {"result": "same" | "different", "position", "tables", "samples",
  // "contents", "millis"}.
  Result<boost::json::object> Validate(OpContext& op, const ValidateOptions& options);

  // With the generation that is followed into.
  const Stack& stack() const { return setup_.stack; }
  items::ItemStore& store() { return *store_; }
  objects::BlobStore& blobs() { return *blobs_; }
  items::Position position() const { return position_; }
  Progress& progress() { return progress_; }
  // Writes the progress down, at most some times a second unless `now`.
  void Tell(std::string_view phase, bool now = false);

 private:
  class Copier;
  Follower(Source& source, FollowSetup setup) : source_(source), setup_(std::move(setup)) {}
  Result<bool> Resume(OpContext& op, const SourceLook& look);
  Status Copy(OpContext& op, const SourceLook& look);
  Status OpenStore();
  Status CommitPosition(OpContext& op, items::ItemStore& store, std::uint64_t generation,
                        items::Position position) const;
  // Across data versions (across.cc).
  Status CopyThroughSteps(OpContext& op, const SourceLook& look);
  Status FetchReferred(OpContext& op, items::ItemStore& store);
  Status CarryTo(OpContext& op, items::ItemSource& source, items::Position to);
  Result<bool> StepAcross(OpContext& op, std::chrono::milliseconds wait);
  Status DrainAcross(OpContext& op, items::Position position);
  Result<std::vector<std::string>> CommonNames(OpContext& op,
                                               const std::vector<items::TableSpec>& specs);
  Result<Inventory> InventoryAcross(OpContext& op, std::vector<std::string>& names);
  Status Apply(OpContext& op, std::vector<items::Change> changes, items::Position to);
  Status FetchMissing(OpContext& op, std::vector<backup::Content> contents);
  Status CompareContents(OpContext& op, const ValidateOptions& options, boost::json::object& report,
                         bool& same);

  Source& source_;
  FollowSetup setup_;
  std::unique_ptr<items::ItemStore> store_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<Crossing> crossing_;         // null where both sides have one data version
  std::set<std::string, std::less<>> tables_;  // that the store has
  items::Position position_ = 0;
  std::uint64_t generation_ = 0;               // of the source
  std::set<std::string, std::less<>> absent_;  // contents that the source did not have
  Progress progress_;
  std::chrono::steady_clock::time_point told_{}, looked_{}, rate_since_{};
  std::uint64_t rate_from_ = 0;
};

// Copies contents that are missing, on several threads.  Those that the source does not have come
// back.
Result<std::vector<std::string>> FetchContents(
    OpContext& op, Source& source, const std::vector<std::string>& missing, objects::BlobStore& to,
    const std::function<void(std::uint64_t done)>& progress);

}  // namespace vams::lifecycle::ab
