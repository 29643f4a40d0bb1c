#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "migrate/steps/v24_to_v25.h"
#include "objects/object_records.h"

namespace vams::migrate::v25 {

using items::Item;
using items::Value;

namespace {

std::optional<std::uint64_t> NumberOf(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);  // as the releases read it
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(version.data(), version.data() + version.size(), number);
  if (error != std::errc() || end != version.data() + version.size()) return std::nullopt;
  return number;
}

// The only home that `fits`; nullptr if none or several do.
template <typename Fits>
const Home* OnlyOne(const Homes& homes, const Fits& fits) {
  const Home* only = nullptr;
  for (const Home& home : homes) {
    if (!fits(home)) continue;
    if (only != nullptr) return nullptr;
    only = &home;
  }
  return only;
}

Result<const Home*> BySnapshots(State& state, const Homes& homes, std::string_view asset_id,
                                std::string_view version) {
  std::vector<std::string_view> with;
  for (const Home& home : homes) {
    TRY(const auto rows, state.QueryShared(kSnapshots, "", Join(home.database, asset_id, version)));
    if (!rows->empty()) with.push_back(home.database);
  }
  return with.size() == 1 ? homes.Find(with.front()) : nullptr;
}

// Where an asset's files are: a bucket and what their keys begin with.
struct Place {
  std::string bucket, prefix;
};

std::string WithoutLeadingSlashes(std::string_view text) {
  return std::string(text.substr(std::min(text.find_first_not_of('/'), text.size())));
}

Result<std::vector<Place>> PlacesOf(State& state, const Home& home) {
  TRY(const auto* buckets, state.All(kBuckets));
  std::vector<Place> places;
  for (const Item* asset : {home.live, home.archived}) {
    if (asset == nullptr) continue;
    const auto bucket = std::ranges::find(*buckets, asset->Text("bucketId"),
                                          [](const Item& row) { return row.Text("bucketId"); });
    if (bucket == buckets->end() || bucket->Text("bucketName").empty()) continue;
    std::string prefix;
    if (const auto* location = asset->Find("assetLocation");
        location != nullptr && location->is(items::Kind::kM))
      prefix = location->map().Text("Key");
    if (prefix.empty()) {
      prefix = WithoutLeadingSlashes(bucket->Text("baseAssetsPrefix"));
      prefix.append(asset->Text(kAssetId)).append(1, '/');
    }
    if (!prefix.ends_with('/')) prefix += '/';
    places.push_back({std::string(bucket->Text("bucketName")), WithoutLeadingSlashes(prefix)});
  }
  return places;
}

// Whether the object version is the one that the file row names.
bool IsNamed(const objects::ObjectVersion& version, const Item& row) {
  if (version.is_delete_marker || version.version_id != row.Text("versionId")) return false;
  if (version.version_id != objects::kNullVersion) return true;
  // "null" names no version by itself: the content has to agree.
  const auto* size = row.Find("size");
  return version.etag && *version.etag == row.Text("etag") && size != nullptr &&
         *size == Value::N(static_cast<std::int64_t>(version.size));
}

Result<bool> Holds(State& state, const std::vector<Place>& places, const Item& row) {
  for (const Place& place : places) {
    const objects::ObjectName name{place.bucket,
                                   place.prefix + WithoutLeadingSlashes(row.Text(kFileKey))};
    auto records = objects::ReadRecords(state.op(), state.source(), std::span(&name, 1));
    // No object tables: nobody knows which objects exist.
    if (!records.ok() && records.error().code == Code::kNotFound) return false;
    if (!records.ok()) return std::move(records).error();
    if (!records->front()) continue;
    TRY(const auto versions, objects::ReadVersions(state.op(), state.source(), *records->front()));
    if (std::ranges::any_of(versions, [&row](const auto& v) { return IsNamed(v, row); }))
      return true;
  }
  return false;
}

// The home whose bucket and prefix hold object versions that the version's file rows name, and no
// other home's does.  One such file is proof, because object version ids are unique.
Result<const Home*> ByObjects(State& state, const Homes& homes, std::string_view asset_id,
                              std::string_view version) {
  TRY(const auto files, state.QueryShared(kFiles1, "", Join(asset_id, version)));
  if (files->empty()) return nullptr;
  std::vector<std::vector<Place>> places;
  for (const Home& home : homes) {
    TRY(places.emplace_back(), PlacesOf(state, home));
  }
  for (const Item& file : *files) {
    std::vector<const Home*> holders;
    for (std::size_t i = 0; const Home& home : homes) {
      TRY(const bool holds, Holds(state, places[i++], file));
      if (holds) holders.push_back(&home);
    }
    if (holders.size() == 1) return holders.front();
  }
  return nullptr;
}

// An asset has the versions up to its current one, and a row that says it is current is that one.
const Home* ByCurrentVersion(const Homes& homes, std::string_view version, const Item* row) {
  const auto number = NumberOf(version);
  const auto may_have = [&](const Home& home) {
    const std::string_view current = home.asset().Text("currentVersionId");
    const auto last = NumberOf(current);
    return number && last ? *number <= *last : version == current;
  };
  if (const Home* only = OnlyOne(homes, may_have); only != nullptr) return only;
  if (row == nullptr || !SaysCurrent(*row)) return nullptr;
  return OnlyOne(
      homes, [&](const Home& home) { return home.asset().Text("currentVersionId") == version; });
}

std::string ListOf(const Homes& homes) {
  std::string list;
  for (const Home& home : homes)
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", home.database);
  return list;
}

}  // namespace

const Home* OwnDatabase(const Homes& homes, const Item& row) {
  if (const auto database = row.Text(kDatabaseId); !database.empty()) return homes.Find(database);
  const auto parts = SplitAssetKey(row.Text(kAssetKey));
  return parts ? homes.Find(parts->database) : nullptr;
}

Result<Owner> ProvenOwner(const Context& cx, const Homes& homes, std::string_view asset_id,
                          std::string_view version, const Item* row) {
  TRY(const Home* home, BySnapshots(cx.state, homes, asset_id, version));
  if (home != nullptr) return Owner{home, "metadata snapshots of this version are there alone"};
  TRY(home, ByObjects(cx.state, homes, asset_id, version));
  if (home != nullptr)
    return Owner{home, "object versions that its files name are in its bucket alone"};
  home = ByCurrentVersion(homes, version, row);
  if (home != nullptr)
    return Owner{home, "the current versions of the other assets of this id rule them out"};
  return Owner{};
}

Result<Owner> OwnerOf(const Context& cx, const Homes& homes, std::string_view asset_id,
                      std::string_view version, const Item* row) {
  if (row != nullptr)
    if (const Home* own = OwnDatabase(homes, *row); own != nullptr)
      return Owner{own, "the row names it"};
  TRY(auto proven, ProvenOwner(cx, homes, asset_id, version, row));
  if (proven.home != nullptr) return proven;
  const auto& owners = cx.settings.owners;
  auto told = owners.find(fmt::format("{},{}", asset_id, version));
  if (told == owners.end()) told = owners.find(asset_id);
  if (told == owners.end())
    return Owner{nullptr,
                 fmt::format("the asset id \"{}\" is in the databases {}, and nothing says whose "
                             "version {} is; name it in the owners file (\"{},{}\") or choose "
                             "quarantine for ambiguous records",
                             asset_id, ListOf(homes), version, asset_id, version)};
  const Home* home = homes.Find(told->second);
  if (home == nullptr)
    return Owner{nullptr, fmt::format("the owners file gives \"{}\" to the database \"{}\", which "
                                      "has no such asset; it is in {}",
                                      told->first, told->second, ListOf(homes))};
  return Owner{home, "the owners file says so"};
}

Result<Owner> OwnerOf(const Context& cx, const Homes& homes, std::string_view asset_id,
                      std::string_view version) {
  const Item key{{std::string(kAssetId), Value::S(std::string(asset_id))},
                 {std::string(kVersionId), Value::S(std::string(version))}};
  TRY(const auto row, cx.state.Find(kVersions1, key));
  return OwnerOf(cx, homes, asset_id, version, row ? &*row : nullptr);
}

namespace {

// The asset's versions and whether they say that they are current.
using Flags = std::map<std::string, bool, std::less<>>;

Result<Flags> FlagsOf(const Context& cx, Rows which, const Homes& homes, const Home& home) {
  const std::string_view asset_id = home.asset().Text(kAssetId);
  Flags flags;
  for (const std::string_view mark : {std::string_view(), kDeleted}) {
    const std::string database = std::string(home.database) + std::string(mark);
    TRY(const auto rows, cx.state.QueryShared(kVersions2, "", Join(database, asset_id)));
    for (const Item& row : *rows)
      flags.try_emplace(std::string(row.Text(kVersionId)), SaysCurrent(row));
  }
  if (which == Rows::kNew) return flags;
  TRY(const auto rows, cx.state.QueryShared(kVersions1, "", asset_id));
  for (const Item& row : *rows) {
    const std::string_view version = row.Text(kVersionId);
    if (flags.contains(version)) continue;
    if (homes.size() > 1) {
      TRY(const auto owner, OwnerOf(cx, homes, asset_id, version, &row));
      if (owner.home != &home) continue;
    }
    flags.emplace(version, SaysCurrent(row));
  }
  return flags;
}

}  // namespace

Result<std::optional<FlagChange>> CurrentFlag(const Context& cx, Rows which, const Homes& homes,
                                              const Home& home, std::string_view version,
                                              bool says) {
  const std::string_view named = home.asset().Text("currentVersionId");
  if (says == (version == named) || named.empty()) return std::nullopt;
  TRY(const auto flags, FlagsOf(cx, which, homes, home));
  const auto several = std::ranges::count_if(flags, [](const auto& f) { return f.second; }) > 1;
  if (!several || !flags.contains(named)) return std::nullopt;
  return FlagChange{
      !says, fmt::format("several versions said that they are current; the asset names {}, so {} "
                         "is {}",
                         named, version, says ? "not current any more" : "current now")};
}

}  // namespace vams::migrate::v25
