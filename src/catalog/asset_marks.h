// What the product remembers of an asset beside its record: how often something of it was changed,
// and which objects its archiving marked.  Internal to catalog.
// Format: docs/formats/system-tables.md, "Assets".
//
// Whoever archives or deletes an asset reads the marks, looks for all that belongs to it, and
// commits with Unedited().  For that to be enough, every commit that adds something to an asset
// holds Touch() and a check that the asset is there; AssetEdit does both.
//
// Rows of metadata have counters of their own, one for a share of the paths each (a stripe), so
// that those who write metadata of different files of an asset are seldom in each other's way.
// Whoever changes rows, or follows what rows there are, reads the marks, then the rows, and commits
// with what MetadataStripes gives for the paths: of two who did that at once, one begins anew.
// Databases and links, which have no path, use "/" in marks of their own.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

struct AssetMarks {
  std::string asset;  // "db:asset", or another name of something that is counted
  std::optional<items::Value> edits;
  std::optional<items::Value> removals;
  std::optional<std::string> archived_at;
  std::map<std::string, items::Value> stripes;  // counters of metadata, by attribute
};

// The names of the marks of a database's and a link's metadata.  No asset's, whose name has a colon
// and no slash in front of it.
std::string DatabaseMarks(std::string_view database_id);
std::string LinkMarks(std::string_view link_id);

Result<AssetMarks> ReadMarks(OpContext& op, items::ItemSource& source, std::string_view asset);

items::Condition Unedited(const AssetMarks& marks);
// No file was archived, moved away or deleted since, whatever else was changed.
items::Condition NothingRemoved(const AssetMarks& marks);
// One more edit.  `more` are further mutations of the marks, `conditions` what they have to be.
items::Write Touch(std::string_view asset, std::vector<items::Mutation> more = {},
                   std::vector<items::Condition> conditions = {});
// A further mutation for a commit that removes or hides files.
items::Mutation OneRemoval();
items::Write DropMarks(const AssetMarks& marks);
// Changes nothing; the commit fails unless the conditions hold.
items::Write CheckMarks(const AssetMarks& marks, std::vector<items::Condition> conditions);

// The counters that the metadata of some paths ("/scan/a.e57", "/" for the asset) has.
class MetadataStripes {
 public:
  static constexpr std::size_t kCount = 32;

  void Add(std::string_view path);
  void AddAll() { stripes_.set(); }
  // For Touch: nobody changed rows of these paths since the marks were read, and others notice that
  // somebody does now.
  std::vector<items::Condition> Unchanged(const AssetMarks& marks) const;
  std::vector<items::Mutation> Raised() const;

 private:
  std::bitset<kCount> stripes_;
};

// The keys that the archiving of the asset marked, in order.
Result<std::vector<std::string>> ArchivedKeys(OpContext& op, items::ItemSource& source,
                                              std::string_view asset);
items::Write PutArchivedKey(std::string_view asset, std::string_view key);
items::Write DeleteArchivedKey(std::string_view asset, std::string_view key);

}  // namespace vams::catalog
