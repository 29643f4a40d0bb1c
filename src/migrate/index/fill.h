// Fills the search indexes of a release on an OpenSearch server from an item store, and proves that
// they hold every document: created where they are absent, filled in bulk, resumable through a
// journal, every document read again.  Spec: lifecycle.md section 4, search.md section 8,
// migrations.md section 8; docs/operations/migrate-aws.md.
//
// Not thread-safe.  Blocks on the network, the store and the journal's disk for as long as there
// are documents.  Memory does not depend on how many there are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "items/store.h"
#include "migrate/index/reader.h"
#include "migrate/index/schema.h"
#include "migrate/journal.h"
#include "migrate/phase_run.h"

namespace vams::migrate::index {

struct FillJob {
  items::ItemSource& source;
  search::RawIndexes& server;
  Journal& journal;
  files::Path scratch;          // of a store that is made with `clear`, and removed at the end
  tables::DataVersion version;  // of the source, and of the documents
  IndexNames names;
  Part part = Part::kBoth;  // which documents are made
  // When the documents are proved, those are removed that were there before and that nothing makes.
  bool clear = false;
  std::uint64_t limit = 0;  // at most about so many documents; 0: all
  std::size_t batch = 1000;
  OnProgress on_progress;
};

struct Found {
  std::string name;      // as asked for
  std::string physical;  // behind it
  Recognised recognised;
  std::uint64_t documents = 0;
};

struct Survey {
  std::vector<Found> found;         // under the names of all releases, and the ones asked for
  std::vector<std::string> absent;  // of the ones asked for: they would be created
};

// Looks at what is there, and changes nothing.  kConflict: an index under a name of `names` is of
// another release, of other software, or an alias of several.
Result<Survey> LookAt(OpContext& op, search::RawIndexes& server, tables::DataVersion version,
                      const IndexNames& names, Part part);

struct FillOutcome {
  std::uint64_t assets = 0, files = 0;  // documents made, and put but for the refused ones
  std::vector<search::RefusedDocument> refused;
  std::uint64_t proved = 0;          // read again, and equal
  std::uint64_t changed = 0;         // read again, and different: written by somebody else since
  std::uint64_t shared = 0;          // 2.2: another asset's document is under their id
  std::uint64_t removed = 0;         // with `clear`
  std::uint64_t others = 0;          // documents that are there and were not made here
  std::uint64_t without_bucket = 0;  // assets without documents
  std::vector<std::string> samples;  // ids of what `changed` and `shared` count, the first few

  // One sentence: how many of what, and what went wrong.
  std::string Summary() const;
  // "" if every document is there.
  std::string Failure() const;
};

// Creates, fills and proves.  After an error, the same call with the same journal goes on where it
// stopped, and a call after the end returns what came of it.  kConflict as for LookAt; kInvalid:
// the server refuses one document after the other; kUnavailable: it is too busy, or has lost
// documents that it had accepted.
Result<FillOutcome> Fill(OpContext& op, const FillJob& job);

struct Proof {
  std::uint64_t documents = 0, missing = 0, changed = 0, shared = 0;
  std::uint64_t count = 0;           // of documents in the indexes
  std::vector<std::string> samples;  // ids of what is missing or changed, the first few
};
// Makes all documents again and compares each with what the server has; changes nothing.
Result<Proof> Prove(OpContext& op, const FillJob& job);

// How many documents there would be; nothing is asked of a server.
struct Tally {
  std::uint64_t assets = 0, files = 0, without_bucket = 0;
};
Result<Tally> CountDocuments(OpContext& op, items::ItemSource& source, tables::DataVersion version,
                             Part part, const OnProgress& on_progress);

}  // namespace vams::migrate::index
