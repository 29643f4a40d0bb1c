// Following the change log: which documents a piece of it is about, and making these anew from what
// is there now.  For the Indexer, whose target is the serving index, and for the Reindexer, whose
// target is a build that has to catch up.  Spec: search.md sections 7.1 to 7.3.
//
// Documents are whole and show the present, so that following a change twice, or one whose effects
// were seen already, does no harm.
//
// Thread rule: a Follower belongs to one thread, and nobody else writes to its target meanwhile.
// Calls block on the item store and the index.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "indexing/documents.h"
#include "items/store.h"
#include "search/search.h"

namespace vams::indexing {

// What a document is made from, or may be.
struct DocumentRef {
  enum class Kind : std::uint8_t {
    kAsset,  // its own document
    kFile,   // `path`
    kFiles,  // all that is in its folder now
  } kind = Kind::kAsset;
  AssetRef asset;
  std::string path;
  auto operator<=>(const DocumentRef&) const = default;
};

struct Trouble {
  DocumentRef ref;  // what to try again
  std::string id;   // of the document, as far as it is known
  Error error;
};

struct FollowStep {
  // Everything up to here is applied.  The changes up to `next` were followed as well, but for
  // files of assets that have many; then there is more.
  search::Position position = 0;
  search::Position next = 0;               // where the log goes on
  search::Position from = 0;               // what the troubles are about is behind it
  std::uint64_t changes = 0;               // looked at
  std::int64_t first_at = 0, last_at = 0;  // when they were committed, in milliseconds
  std::uint64_t put = 0, removed = 0;
  bool more = false;  // there may be more already
  std::vector<Trouble> troubles;
};

struct FollowOptions {
  std::size_t changes = 1000;  // of the log that a step reads
  std::size_t piece = 500;     // documents that are handed to the target at once, about
  // An asset with more objects is gone through in later steps, a piece in each, and other changes
  // are followed in between.
  std::size_t files_at_once = 1000;
};

struct FollowMemory;

class Follower {
 public:
  explicit Follower(items::ItemStore& store, const FollowOptions& options = {});
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Applies the changes behind target.GetPosition to it, and moves the position.  Where they are
  // about many documents, these are applied in pieces, and the position moves with the last one,
  // which may be several steps later.  What could not be made or applied for its own sake is told
  // as a trouble and passed over.  After an error the next step does it again. kNotFound: the log
  // does not reach back to the position, or not up to it.
  Result<FollowStep> Step(OpContext& op, search::Generation& target);

  enum class Move : std::uint8_t {
    kAlways,
    kWithDocuments,  // the target's position stays behind where there is nothing else to apply
  };
  // The same from another place in the log: the last step's `next`, or an earlier one.  The
  // target's position never goes back.
  Result<FollowStep> StepFrom(OpContext& op, search::Generation& target, search::Position from,
                              Move move = Move::kAlways);
  // Makes anew what the trouble was about; the position stays.  Troubles: it failed again.
  Result<FollowStep> Retry(OpContext& op, search::Generation& target, const DocumentRef& ref);
  // The target is another one from now on.
  void Forget();

 private:
  Result<FollowStep> TryStep(OpContext& op, search::Generation& target, search::Position from,
                             Move move);

  items::ItemStore& store_;
  const FollowOptions options_;
  const std::unique_ptr<FollowMemory> memory_;
};

}  // namespace vams::indexing
