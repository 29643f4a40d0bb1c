#include "migrate/steps/v23_to_v24_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "migrate/keys.h"
#include "migrate/steps/v23_to_v24.h"
#include "objects/object_records.h"
#include "tables/system_tables.h"

namespace vams::migrate::v23_to_v24 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

Result<std::optional<Item>> FindAsset(std::string database, std::string_view asset,
                                      const Context& cx) {
  if (database.empty() || asset.empty()) return std::optional<Item>();
  return cx.state.Find(kAssets, {{"assetId", Value::S(std::string(asset))},
                                 {"databaseId", Value::S(std::move(database))}});
}

// The live asset, else the archived one.
Result<std::optional<Item>> AnyAsset(std::string_view database, std::string_view asset,
                                     const Context& cx) {
  TRY(auto live, FindAsset(std::string(database), asset, cx));
  if (live) return live;
  return FindAsset(std::string(database) + std::string(kDeleted), asset, cx);
}

// The prefix of the bucket in which an asset lies, as it stands in keys; nothing: not known.
Result<std::optional<std::string_view>> PrefixOf(const Item& asset, const Context& cx) {
  TRY(const auto* buckets, cx.state.All(kBuckets));
  for (const auto& bucket : *buckets)
    if (!bucket.Text("bucketId").empty() && bucket.Text("bucketId") == asset.Text("bucketId"))
      return std::optional(WithoutSlash(bucket.Text("baseAssetsPrefix")));
  return std::optional<std::string_view>();
}

std::string_view LocationOf(const Item& asset) {
  const Value* location = asset.Find("assetLocation");
  if (location == nullptr || !location->is(Kind::kM)) return {};
  return WithoutSlash(location->map().Text("Key"));
}

std::string PathOf(std::string_view rest) { return "/" + std::string(rest); }

// An asset may lie under a key that a user has given; then what follows the asset id may be the
// whole object key, which indexers of 2.3 wrote.
Result<std::string> PathBehindId(const Item& asset, std::string_view id, std::string_view rest,
                                 const Context& cx) {
  std::string_view location = LocationOf(asset);
  TRY(const auto prefix, PrefixOf(asset, cx));
  if (prefix && location.starts_with(*prefix)) location.remove_prefix(prefix->size());
  const bool usual = location.empty() || location == fmt::format("{}/", id);
  if (!usual && location.ends_with('/') && rest.starts_with(location))
    rest.remove_prefix(location.size());
  return PathOf(rest);
}

// A match of `<prefix><asset id>[/<rest>]` at the front of a key.
Result<std::optional<Place>> MatchBehind(std::string_view prefix, std::string_view key,
                                         std::string_view database, const Context& cx) {
  const std::string_view behind = key.substr(prefix.size());
  const std::string_view id = behind.substr(0, behind.find('/'));
  TRY(const auto asset, AnyAsset(database, id, cx));
  if (!asset) return std::optional<Place>();
  if (!prefix.empty()) {
    TRY(const auto of_asset, PrefixOf(*asset, cx));
    if (of_asset && *of_asset != prefix) return std::optional<Place>();
  }
  const std::string_view rest = behind.substr(std::min(id.size() + 1, behind.size()));
  TRY(auto path, PathBehindId(*asset, id, rest, cx));
  return std::optional(Place{std::string(database), std::string(id), std::move(path)});
}

// What the user metadata of the object of this key says, in whichever bucket it is.
Result<std::optional<Place>> MatchObject(std::string_view key, std::string_view database,
                                         const Context& cx) {
  std::vector<objects::ObjectName> names;
  TRY(const auto* buckets, cx.state.All(kBuckets));
  for (const auto& bucket : *buckets) {
    objects::ObjectName name(bucket.Text("bucketName"), key);
    if (tables::CheckObjectName(name.first, name.second).ok() &&
        std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  auto records = objects::ReadRecords(cx.state.op(), cx.state.source(), names);
  if (!records.ok() && records.error().code == Code::kNotFound) return std::optional<Place>();
  if (!records.ok()) return std::move(records).error();
  for (const auto& record : *records) {
    if (!record) continue;
    TRY(const auto version, objects::NewestContent(cx.state.op(), cx.state.source(), *record));
    if (!version || !version->user_metadata) continue;
    const auto& metadata = *version->user_metadata;
    const auto id = metadata.find("assetid"), owner = metadata.find("databaseid");
    if (id == metadata.end() || owner == metadata.end() || owner->second != database) continue;
    TRY(const auto asset, AnyAsset(database, id->second, cx));
    if (!asset) continue;
    const std::string_view location = LocationOf(*asset);
    if (location.empty() || !key.starts_with(location)) continue;
    return std::optional(
        Place{std::string(database), id->second, PathOf(key.substr(location.size()))});
  }
  return std::optional<Place>();
}

Result<std::optional<Place>> FindFile(std::string_view key, std::string_view database,
                                      const Context& cx) {
  std::optional<Place> best;
  std::size_t longest = 0;
  TRY(const auto* buckets, cx.state.All(kBuckets));
  std::vector<std::string_view> prefixes = {""};
  for (const auto& bucket : *buckets) {
    const auto prefix = WithoutSlash(bucket.Text("baseAssetsPrefix"));
    if (!prefix.empty()) prefixes.push_back(prefix);
  }
  for (const auto prefix : prefixes) {
    if (!key.starts_with(prefix)) continue;
    TRY(auto place, MatchBehind(prefix, key, database, cx));
    if (!place || prefix.size() + place->asset.size() <= longest) continue;
    longest = prefix.size() + place->asset.size();
    best = std::move(place);
  }
  if (best) return best;
  return MatchObject(key, database, cx);
}

}  // namespace

std::string CompositeOf(const Place& place) {
  return fmt::format("{}:{}:{}", place.database, place.asset, place.path);
}

std::optional<Place> PlaceOfComposite(std::string_view composite) {
  const std::size_t first = composite.find(':');
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  const std::size_t second = composite.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  // 2.3 has no key for such a place.
  if (second == first + 1 && composite.substr(second + 1) == "/") return std::nullopt;
  return Place{std::string(composite.substr(0, first)),
               std::string(composite.substr(first + 1, second - first - 1)),
               std::string(composite.substr(second + 1))};
}

OldKey OldKeyOf(const Place& place) {
  if (place.path == "/") return {place.database, place.asset};
  return {place.database, fmt::format("/{}/{}", place.asset, WithoutSlash(place.path))};
}

Place ReferencePlace(const OldKey& key) {
  if (!key.asset.starts_with('/')) return {key.database, key.asset, "/"};
  const std::string_view behind = WithoutSlash(key.asset);
  const std::string_view id = behind.substr(0, behind.find('/'));
  return {key.database, std::string(id),
          std::string(behind.substr(std::min(id.size() + 1, behind.size())))};
}

Result<std::optional<Place>> FindPlace(const OldKey& key, const Context& cx) {
  const std::string_view database = PlainDatabase(key.database);
  TRY(auto place, FindFile(WithoutSlash(key.asset), database, cx));
  if (!place || database.size() == key.database.size()) return place;
  // The row is that of an archived asset; a live one of the same id is another asset.
  TRY(const auto live, FindAsset(std::string(database), place->asset, cx));
  if (!live) return place;
  TRY(const auto archived, FindAsset(key.database, place->asset, cx));
  if (archived) return std::optional<Place>();
  return place;
}

Result<OldKey> UnitKey(const OldKey& key, const Context& cx) {
  // A place may lead to a key that, read again, means another place; following it to the end makes
  // one unit of all of them.  It ends soon, as every turn takes a prefix away.
  constexpr int kTurns = 8;
  OldKey at = key;
  for (int turn = 0; turn < kTurns; ++turn) {
    std::optional<Place> place;
    if (IsReference(cx)) {
      place = ReferencePlace(at);
    } else {
      TRY(place, FindPlace(at, cx));
    }
    if (!place) break;
    // As the composite key is read when it comes back: ids with colons are cut differently.
    const auto read = PlaceOfComposite(CompositeOf(*place));
    if (!read) break;
    OldKey next = OldKeyOf(*read);
    if (next == at) break;
    at = std::move(next);
  }
  return at;
}

}  // namespace vams::migrate::v23_to_v24
