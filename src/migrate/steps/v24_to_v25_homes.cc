#include <fmt/format.h>

#include <algorithm>

#include "migrate/steps/scan_order.h"
#include "migrate/steps/v24_to_v25.h"

namespace vams::migrate::v25 {

using items::Item;

LookupSpec Marked(std::string_view name, std::string_view table, std::string_view partition,
                  std::string_view sort) {
  return {.name = std::string(name),
          .table = std::string(table),
          .partition = std::string(partition),
          .sort = std::string(sort),
          .mark = std::string(kDeleted) + ":"};
}

std::string_view Plain(std::string_view database) {
  if (IsArchivedMark(database)) database.remove_suffix(kDeleted.size());
  return database;
}

std::string Join(std::string_view a, std::string_view b) {
  std::string joined;
  joined.reserve(a.size() + 1 + b.size());
  joined.append(a).append(1, ':').append(b);
  return joined;
}

std::string Join(std::string_view a, std::string_view b, std::string_view c) {
  std::string joined;
  joined.reserve(a.size() + b.size() + c.size() + 2);
  joined.append(a).append(1, ':').append(b).append(1, ':').append(c);
  return joined;
}

std::string GroupName(std::string_view a, std::string_view b, std::string_view c) {
  std::string name;
  name.reserve(a.size() + b.size() + c.size() + 2);
  name.append(a).append(1, '\0').append(b).append(1, '\0').append(c);
  return name;
}

std::optional<KeyParts> SplitAssetKey(std::string_view key) {
  // Database ids contain no colon.
  const std::size_t colon = key.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == key.size()) return std::nullopt;
  return KeyParts{key.substr(0, colon), key.substr(colon + 1), {}};
}

std::optional<KeyParts> SplitVersionKey1(std::string_view key) {
  // Version ids contain no colon.
  const std::size_t colon = key.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == key.size()) return std::nullopt;
  return KeyParts{{}, key.substr(0, colon), key.substr(colon + 1)};
}

std::optional<KeyParts> SplitVersionKey2(std::string_view key) {
  const auto version = SplitVersionKey1(key);
  if (!version) return std::nullopt;
  auto parts = SplitAssetKey(version->asset);
  if (parts) parts->version = version->version;
  return parts;
}

Item Edited(const Item& item, std::vector<Edit> edits) {
  std::ranges::sort(edits, {}, &Edit::name);
  Item copy;
  copy.Reserve(item.size() + edits.size());
  auto edit = edits.begin();
  const auto add = [&copy](Edit& e) {
    if (e.value) copy.AppendSorted(std::string(e.name), *std::move(e.value));
  };
  for (const auto& attribute : item) {
    for (; edit != edits.end() && edit->name < attribute.name; ++edit) add(*edit);
    if (edit != edits.end() && edit->name == attribute.name) {
      add(*edit++);
    } else {
      copy.AppendSorted(attribute.name, attribute.value);
    }
  }
  for (; edit != edits.end(); ++edit) add(*edit);
  return copy;
}

Result<Homes> Homes::Of(State& state, std::string_view asset_id) {
  Homes homes;
  TRY(homes.rows_, state.QueryShared(kAssets, "assetIdGSI", asset_id));
  for (const Item& row : *homes.rows_) {
    const std::string_view database = row.Text(kDatabaseId);
    auto home = std::ranges::find(homes.homes_, Plain(database), &Home::database);
    if (home == homes.homes_.end())
      home = homes.homes_.insert(home, Home{.database = Plain(database)});
    (IsArchivedMark(database) ? home->archived : home->live) = &row;
  }
  if (homes.size() > 1) std::ranges::sort(homes.homes_, {}, &Home::database);
  return homes;
}

const Home* Homes::Find(std::string_view database) const {
  const auto found = std::ranges::find(homes_, Plain(database), &Home::database);
  return found == homes_.end() ? nullptr : &*found;
}

const Item& Homes::LastScanned() const {
  return *std::ranges::max_element(*rows_, [](const Item& a, const Item& b) {
    return ScannedBefore(a.Text(kDatabaseId), a.Text(kAssetId), b.Text(kDatabaseId),
                         b.Text(kAssetId));
  });
}

DefectName DefectOf(const Homes& homes, const Home& home) {
  const std::string_view taken = homes.LastScanned().Text(kDatabaseId);
  if (Plain(taken) != home.database)
    return {"M45-1", fmt::format("given to the database \"{}\"", taken)};
  if (!IsArchivedMark(taken)) return {};
  return {home.live == nullptr ? "M45-2" : "M45-3",
          fmt::format("keyed \"{}\", where the application does not look for it", taken)};
}

bool Outranks(const Claim& a, const Claim& b) {
  if (Plain(a.database) == Plain(b.database)) return !IsArchivedMark(a.database);
  return a.made != b.made ? a.made > b.made : a.database > b.database;
}

}  // namespace vams::migrate::v25
