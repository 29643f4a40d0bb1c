#include "migrate/carry/subjects.h"

#include <algorithm>
#include <array>

#include "items/codec.h"
#include "migrate/keys.h"
#include "migrate/unit.h"
#include "tables/tables.h"

namespace vams::migrate::carry {

using items::Item;

namespace {

// "db:asset…" in its parts; no database in it: all of it is the asset.
struct AssetKey {
  std::string_view database, rest;
};
AssetKey SplitFirst(std::string_view key) {
  const auto colon = key.find(':');
  if (colon == key.npos) return {{}, key};
  return {key.substr(0, colon), key.substr(colon + 1)};
}
// "asset:version": version ids have no colon, asset ids may.
AssetKey SplitLast(std::string_view key) {
  const auto colon = key.rfind(':');
  if (colon == key.npos) return {key, {}};
  return {key.substr(0, colon), key.substr(colon + 1)};
}

void AddAsset(std::string_view id, Names& out) {
  out.push_back(NameOf('a', Cut(id)));
  out.push_back(NameOf('x', id));
}

// Versions of an asset are one unit of the step 2.1 -> 2.2 with their asset; in 2.4 -> 2.5 each is
// one of its own.
// A record whose key names none is a unit of its own.
void AddVersion(char kind, std::string_view id, std::string_view version, std::string_view table,
                const Item& row, Names& out) {
  AddAsset(id, out);
  if (id.empty() || version.empty())
    out.push_back(RecordName(table, row));
  else
    out.push_back(NameOf(kind, id, version));
}

void OfAsset(const Item& row, const Prefixes& prefixes, Names& out) {
  AddAsset(row.Text("assetId"), out);
  // Old metadata keys and objects are found by an asset's location as well as by its id.
  const auto* location = row.Find("assetLocation");
  if (location != nullptr && location->is(items::Kind::kM))
    NamesOfKey(location->map().Text("Key"), prefixes, out);
}

void OfVersion1(const Item& row, const Prefixes&, Names& out) {
  AddVersion('v', row.Text("assetId"), row.Text("assetVersionId"), "AssetVersionsStorageTable", row,
             out);
}
void OfVersion2(const Item& row, const Prefixes&, Names& out) {
  const auto parts = SplitFirst(row.Text("databaseId:assetId"));
  AddVersion('v', parts.database.empty() ? "" : parts.rest, row.Text("assetVersionId"),
             "AssetVersionsStorageTableV2", row, out);
}
void OfFile1(const Item& row, const Prefixes&, Names& out) {
  const auto parts = SplitLast(row.Text("assetId:assetVersionId"));
  AddVersion('f', parts.database, parts.rest, "AssetFileVersionsStorageTable", row, out);
}
void AddComposite(char kind, const Item& row, std::string_view table, Names& out) {
  const auto first = SplitFirst(row.Text("databaseId:assetId:assetVersionId"));
  const auto parts = first.database.empty() ? AssetKey() : SplitLast(first.rest);
  AddVersion(kind, parts.database, parts.rest, table, row, out);
}
void OfFile2(const Item& row, const Prefixes&, Names& out) {
  AddComposite('f', row, "AssetFileVersionsStorageTableV2", out);
}
void OfSnapshot(const Item& row, const Prefixes&, Names& out) {
  AddComposite('m', row, "AssetFileMetadataVersionsStorageTable", out);
}
void OfComment(const Item& row, const Prefixes&, Names& out) { AddAsset(row.Text("assetId"), out); }

// Links look at the assets at both ends; those between the same two are one unit of 2.1 -> 2.2.
void OfPair(std::string_view from, std::string_view to, Names& out) {
  out.push_back(NameOf('a', Cut(from)));
  out.push_back(NameOf('a', Cut(to)));
  out.push_back(NameOf('p', from, to));
}
void OfOldLink(const Item& row, const Prefixes&, Names& out) {
  OfPair(row.Text("assetIdFrom"), row.Text("assetIdTo"), out);
}
void TouchedByOldLink(const Item& row, const Prefixes&, Names& out) {
  out.push_back(NameOf('p', row.Text("assetIdFrom"), row.Text("assetIdTo")));
}
void OfLink(const Item& row, const Prefixes&, Names& out) {
  if (!row.Text("fromAssetId").empty() || !row.Text("toAssetId").empty())
    OfPair(row.Text("fromAssetId"), row.Text("toAssetId"), out);
  out.push_back(RecordName("AssetLinksStorageTableV2.2", row));
}
void TouchedByLink(const Item& row, const Prefixes&, Names& out) {
  out.push_back(NameOf('p', row.Text("fromAssetId"), row.Text("toAssetId")));
  out.push_back(RecordName("AssetLinksStorageTableV2.2", row));
}

// Rows of one place are one unit of 2.3 -> 2.4; which place a key means depends on the assets and
// buckets, so a row is of every asset that its key could mean, and of the database whose schemas
// type its fields.
void OfOldMetadata(const Item& row, const Prefixes& prefixes, Names& out) {
  NamesOfKey(row.Text("assetId"), prefixes, out);
  out.push_back(NameOf('d', PlainDatabase(row.Text("databaseId"))));
}
void TouchedByOldMetadata(const Item& row, const Prefixes& prefixes, Names& out) {
  NamesOfKey(row.Text("assetId"), prefixes, out);
}
void NamesOfPlace(const Item& row, const Prefixes& prefixes, Names& out) {
  const auto parts = SplitFirst(row.Text("databaseId:assetId:filePath"));
  // The key that an older release would have for the place.
  const auto place = SplitFirst(parts.rest);
  std::string key(place.database.empty() ? parts.rest : place.database);
  if (!place.database.empty()) key.append("/").append(WithoutSlash(place.rest));
  NamesOfKey(key, prefixes, out);
}
void OfNewMetadata(const Item& row, const Prefixes& prefixes, Names& out) {
  NamesOfPlace(row, prefixes, out);
  const auto database = SplitFirst(row.Text("databaseId:assetId:filePath")).database;
  out.push_back(NameOf('d', PlainDatabase(database)));
}

void OfOldSchema(const Item& row, const Prefixes&, Names& out) {
  out.push_back(NameOf('s', row.Text("databaseId")));
}
std::string_view DatabaseOfSchema(const Item& row) {
  return SplitLast(row.Text("databaseId:metadataEntityType")).database;
}
void OfNewSchema(const Item& row, const Prefixes&, Names& out) {
  out.push_back(NameOf('s', DatabaseOfSchema(row)));
}
void TouchedByOldSchema(const Item& row, const Prefixes& prefixes, Names& out) {
  OfOldSchema(row, prefixes, out);
  out.push_back(NameOf('d', PlainDatabase(row.Text("databaseId"))));
}
void TouchedByNewSchema(const Item& row, const Prefixes& prefixes, Names& out) {
  OfNewSchema(row, prefixes, out);
  out.push_back(NameOf('d', PlainDatabase(DatabaseOfSchema(row))));
}

// There are few of these, and phases look at all of them.
void OfConstraint(const Item&, const Prefixes&, Names& out) { out.push_back(NameOf('c', {})); }
void OfDatabase(const Item&, const Prefixes&, Names& out) { out.push_back(NameOf('D', {})); }

const std::vector<TableSubjects>& Rows() {
  static const std::vector<TableSubjects> rows = {
      {.table = "AssetStorageTable",
       .attributes = {"assetId", "databaseId", "assetLocation"},
       .of = OfAsset,
       .closure = OfAsset},
      {.table = "AssetVersionsStorageTable",
       .attributes = {"assetId", "assetVersionId"},
       .of = OfVersion1},
      {.table = "AssetVersionsStorageTableV2",
       .attributes = {"databaseId:assetId", "assetVersionId"},
       .of = OfVersion2},
      {.table = "AssetFileVersionsStorageTable",
       .attributes = {"assetId:assetVersionId"},
       .of = OfFile1},
      {.table = "AssetFileVersionsStorageTableV2",
       .attributes = {"databaseId:assetId:assetVersionId"},
       .of = OfFile2},
      {.table = "AssetFileMetadataVersionsStorageTable",
       .attributes = {"databaseId:assetId:assetVersionId"},
       .of = OfSnapshot},
      {.table = "CommentStorageTable", .attributes = {"assetId"}, .of = OfComment},
      {.table = "AssetLinksStorageTable",
       .attributes = {"assetIdFrom", "assetIdTo"},
       .of = OfOldLink,
       .touches = TouchedByOldLink,
       .closure = TouchedByOldLink},
      {.table = "AssetLinksStorageTableV2.2",
       .attributes = {"assetLinkId", "fromAssetId", "toAssetId"},
       .of = OfLink,
       .touches = TouchedByLink,
       .closure = TouchedByLink},
      {.table = "MetadataStorageTable",
       .attributes = {"assetId", "databaseId"},
       .of = OfOldMetadata,
       .touches = TouchedByOldMetadata,
       .closure = TouchedByOldMetadata},
      {.table = "AssetFileMetadataStorageTableV2",
       .attributes = {"databaseId:assetId:filePath"},
       .of = OfNewMetadata,
       .touches = NamesOfPlace,
       .closure = NamesOfPlace},
      {.table = "FileAttributeStorageTableV2",
       .attributes = {"databaseId:assetId:filePath"},
       .of = OfNewMetadata,
       .touches = NamesOfPlace,
       .closure = NamesOfPlace},
      {.table = "MetadataSchemaStorageTable",
       .attributes = {"databaseId"},
       .of = OfOldSchema,
       .touches = TouchedByOldSchema},
      {.table = "MetadataSchemaStorageTableV2",
       .attributes = {"databaseId:metadataEntityType"},
       .of = OfNewSchema,
       .touches = TouchedByNewSchema},
      {.table = "AuthEntitiesTable", .attributes = {}, .of = OfConstraint},
      {.table = "ConstraintsStorageTable", .attributes = {}, .of = OfConstraint},
      {.table = "DatabaseStorageTable", .attributes = {}, .of = OfDatabase},
      {.table = "S3AssetBucketsStorageTable", .attributes = {}, .of = OfDatabase},
  };
  return rows;
}

}  // namespace

std::string NameOf(char kind, std::string_view a, std::string_view b) {
  std::string name(1, kind);
  name.append(a);
  if (kind == 'v' || kind == 'f' || kind == 'm' || kind == 'p' || kind == 'k')
    name.append(1, '\0').append(b);
  return name;
}

std::string_view Cut(std::string_view id) { return id.substr(0, id.find(':')); }

std::string RecordName(std::string_view table, const Item& record) {
  const items::TableSpec* spec = SpecFor(table, tables::kNewest);
  return NameOf('k', table, spec == nullptr ? "" : items::EncodeItem(items::KeyOf(*spec, record)));
}

void NamesOfKey(std::string_view key, const Prefixes& prefixes, Names& out) {
  // Every turn takes a prefix away; a place may mean a key that, read again, means another one.
  constexpr int kTurns = 8;
  std::vector<std::string_view> at = {WithoutSlash(key)};
  for (int turn = 0; turn < kTurns && !at.empty(); ++turn) {
    std::vector<std::string_view> next;
    for (const auto text : at) {
      const auto id = text.substr(0, text.find('/'));
      bool below = false;
      for (const auto& prefix : prefixes.all) {
        if (!text.starts_with(prefix)) continue;
        below = true;
        next.push_back(WithoutSlash(text.substr(prefix.size())));
      }
      if (id.empty() || (below && prefixes.no_asset.contains(id))) continue;
      AddAsset(id, out);
    }
    at = std::move(next);
  }
}

const TableSubjects* Subjects::Find(std::string_view table) {
  const auto row = std::ranges::find(Rows(), table, &TableSubjects::table);
  return row == Rows().end() ? nullptr : &*row;
}

Names Subjects::Of(std::string_view table, const Item& record) const {
  Names names;
  if (const auto* row = Find(table); row != nullptr)
    row->of(record, prefixes_, names);
  else
    names.push_back(RecordName(table, record));
  return names;
}

Names Subjects::Touched(std::string_view table, const Item& record) const {
  const auto* row = Find(table);
  if (row == nullptr || row->touches == nullptr) return Of(table, record);
  Names names;
  row->touches(record, prefixes_, names);
  return names;
}

Names Subjects::Closure(std::string_view table, const Item& record) const {
  Names names;
  if (const auto* row = Find(table); row != nullptr && row->closure != nullptr)
    row->closure(record, prefixes_, names);
  return names;
}

bool Subjects::AnyOf(std::string_view table, const Item& record, const NameSet& names) const {
  return std::ranges::any_of(Of(table, record),
                             [&](const auto& name) { return names.contains(name); });
}

std::set<std::string, std::less<>> TablesOfPath(const std::vector<Leg>& path, Dialect dialect) {
  std::set<std::string, std::less<>> tables;
  for (const Leg& leg : path) {
    for (const Phase* phase : leg.step->Phases(dialect))
      for (const auto direction : {Direction::kUp, Direction::kDown}) {
        for (const auto table : ReadsOf(phase->info(), direction))
          if (!items::IsSystemTable(table)) tables.emplace(table);
        for (const auto table : WritesOf(phase->info(), direction))
          if (!items::IsSystemTable(table)) tables.emplace(table);
      }
    for (const auto table : tables::AllTableNames())
      if ((tables::FindTable(leg.from(), table) == nullptr) !=
          (tables::FindTable(leg.to(), table) == nullptr))
        tables.emplace(table);
  }
  return tables;
}

}  // namespace vams::migrate::carry
