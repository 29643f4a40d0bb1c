// What of an item store belongs to one database or one asset.  Internal to backup.
// Spec: data-model.md section 4 (keys of the tables of 2.5), docs/formats/system-tables.md.
//
// One owner.  Of blocks on the store; Has does not.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::lifecycle::backup {

inline constexpr char kDatabases[] = "DatabaseStorageTable";
inline constexpr char kAssets[] = "AssetStorageTable";
inline constexpr char kBuckets[] = "S3AssetBucketsStorageTable";
inline constexpr char kLinks[] = "AssetLinksStorageTableV2.2";

struct Part {
  std::string database, asset;  // the asset may be empty: the whole database
};

class Belongings {
 public:
  // Reads assets, buckets and links.
  static Result<Belongings> Of(OpContext& op, items::ItemSource& source, const Part& part);

  // Whether there is anything that goes by the name: the database's record, or an asset.
  bool empty() const { return !has_database_ && assets_.empty(); }
  bool has_database() const { return has_database_; }
  const std::set<std::string>& assets() const { return assets_; }  // ids
  // Ids of assets of other databases.
  const std::set<std::string>& ids_of_others() const { return ids_of_others_; }
  // Where files of assets lie, by "bucket/prefix": of these, and the assets of others by it.
  const std::set<std::string>& places() const { return places_; }
  const std::map<std::string, std::string>& places_of_others() const { return places_of_others_; }
  // The bucket records that these assets and the database name.
  const std::set<std::string>& bucket_ids() const { return bucket_ids_; }
  // Whether the store has such an asset, active or archived.
  bool HasAsset(std::string_view database, std::string_view asset) const;

  // The assets, places and links of the other side count here too: of one whose record is gone, the
  // rest may still be there.
  void Adopt(const Belongings& other);
  // What these assets have by their id alone is not only theirs, so it is nobody's.
  void Share(std::set<std::string> ids) { shared_ = std::move(ids); }

  // The tables that hold something which may belong to it.
  static const std::vector<std::string_view>& Tables();
  bool Has(std::string_view table, const items::Item& item) const;

  // Both ends of a link, as "database:asset".
  static std::pair<std::string, std::string> EndsOf(const items::Item& link);

 private:
  explicit Belongings(Part part) : part_(std::move(part)) {}
  Status ReadAssets(OpContext& op, items::ItemSource& source);
  Status ReadLinks(OpContext& op, items::ItemSource& source);
  Result<std::map<std::string, std::string>> ReadBuckets(OpContext& op, items::ItemSource& source);
  bool HasPair(std::string_view composite) const;
  bool HasObject(std::string_view bucket, std::string_view key) const;

  Part part_;
  bool has_database_ = false;
  std::set<std::string> assets_, known_, ids_of_others_, shared_, places_, bucket_ids_, links_,
      previews_;
  std::set<std::string, std::less<>> roots_;       // folders of their files, whatever the bucket
  std::set<std::string, std::less<>> all_assets_;  // "database:asset" of the whole store
  std::map<std::string, std::string> places_of_others_;
};

// Every row of a table that belongs to it.
Status VisitBelongings(OpContext& op, items::ItemSource& source, const Belongings& belongings,
                       std::string_view table,
                       const std::function<Status(items::Item item)>& visit);

}  // namespace vams::lifecycle::backup
