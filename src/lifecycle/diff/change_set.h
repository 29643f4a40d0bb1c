// A change set: what an update does to the resources of a stack, what data lies in each, what is
// carried over and what would be lost.  For `vams diff`, `vams update` and the Updates page.
// Spec: lifecycle.md sections 3 and 5.3; guide: docs/operations/diff.md.
//
// Compare, Refusals and ApprovalNeeded are pure; Measure reads the store and blocks for as long as
// it has many rows.  Plain values.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "config/config.h"
#include "items/store.h"
#include "lifecycle/stack.h"
#include "migrate/steps.h"
#include "tables/data_version.h"

namespace vams::lifecycle::diff {

// ---- What is compared --------------------------------------------------------------------------

// Rows and bytes of something.
struct Extent {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};

// What a stack holds, as far as a change of resources can touch it.
struct Usage {
  std::map<std::string, Extent, std::less<>> tables;   // of items, system tables included
  std::map<std::string, Extent, std::less<>> buckets;  // object versions and their bytes
  bool bytes_estimated = false;                        // large tables are sampled
};

// Reads one snapshot.  Everything is counted exactly; bytes of tables with many rows are estimated.
Result<Usage> Measure(OpContext& op, items::ItemStore& store);
Result<Usage> Measure(OpContext& op, const Stack& stack);

// One side of a comparison.
struct Side {
  config::Config config;
  tables::DataVersion data_version;
  std::string stack;  // its name, of which names of buckets come
};

// ---- What comes of it --------------------------------------------------------------------------

enum class ResourceType : std::uint8_t {
  kTable,
  kIndex,  // of a table
  kBucket,
  kSearchIndex,
  kAccounts,
  kFeature,
  kPipeline,
  kListener,
  kEncryption,
  kEngine,
  kSetting,  // any other field of the configuration
};
std::string_view NameOf(ResourceType type);  // "table", "search-index", …

enum class ChangeKind : std::uint8_t { kAdded, kChanged, kReplaced, kRemoved };
std::string_view NameOf(ChangeKind kind);

struct ResourceChange {
  ResourceType type = ResourceType::kSetting;
  std::string name;  // "AssetVersionsStorageTable", "app.pipelines.useConversion3dBasic"
  ChangeKind kind = ChangeKind::kChanged;
  std::string before, after;  // short texts for people; empty where there is nothing

  // Data that lies in the resource, and what becomes of it.  rows = carried + kept + lost.
  Extent holds;
  Extent carried;          // by a migration step, or rebuilt from other data
  Extent lost;             // would be gone after an update in place
  std::string carried_by;  // "2.4-2.5 up, asset-versions: to AssetVersionsStorageTableV2"
  std::string note;        // a sentence for the operator

  // A loss that nobody can accept, because an update in place cannot make the change at all; the
  // note says which way there is.
  bool impossible_in_place = false;

  bool loses_data() const { return lost.rows > 0 || lost.bytes > 0; }
  // As --accept-loss names it: "table/AssetVersionsStorageTable".
  std::string resource() const;
};

struct ChangeSet {
  std::string stack;
  tables::DataVersion from, to;
  std::vector<std::string> path;  // names of the steps, "2.4-2.5 up"
  std::vector<ResourceChange> changes;
  bool bytes_estimated = false;

  bool empty() const { return changes.empty(); }
  bool loses_data() const;
  bool destructive() const;  // something that holds data is replaced or removed
};

// kNotSupported if no steps lead from one data version to the other.
Result<ChangeSet> Compare(const Side& before, const Side& after, const Usage& usage);

// ---- What an update must refuse ----------------------------------------------------------------

struct Refusal {
  std::string resource;  // as ResourceChange::resource
  std::string reason;    // what would be lost, and what would make it pass
};

// Every change that would lose data, unless its resource is among `accepted` and a backup of the
// data was verified.  What is impossible in place stays refused whatever was accepted.
std::vector<Refusal> Refusals(const ChangeSet& set, const std::set<std::string>& accepted,
                              bool backup_verified);

// Changes that no update in place makes, even where nothing would be lost: of the engines of items
// and contents, and of encryption.  Each says which way there is.  Those that Refusals has because
// nobody can accept them are left out.
std::vector<Refusal> NotInPlace(const ChangeSet& set);

// --require-approval.
enum class Approval : std::uint8_t { kNever, kDestructive, kAlways };
// kInvalid names the three.
Result<Approval> ApprovalFrom(std::string_view text);
bool ApprovalNeeded(const ChangeSet& set, Approval approval);

boost::json::object ToJson(const ResourceChange& change);
boost::json::object ToJson(const ChangeSet& set);
// A table for people; several lines, ends in a newline.
std::string ToText(const ChangeSet& set);

}  // namespace vams::lifecycle::diff
