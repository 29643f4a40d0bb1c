// Links in step 2.1 -> 2.2: from a table keyed by two asset ids to one keyed by the link, which
// names the databases of both ends.  The old table stays, for whoever looks, as it was.
// Spec: migrations.md sections 3.3 "Link" and 3.6; rulings "links to archived assets", D-3, D-9.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/steps/scan_order.h"
#include "migrate/steps/v21_to_v22.h"

namespace vams::migrate::v22 {

using items::Item;
using items::Value;

namespace {

struct Ends {
  std::string from, to;  // databases
};

std::string_view NewType(std::string_view old) {
  return old == "parent" || old == "child" || old == "parent-child" ? "parentChild" : old;
}

Item NewLink(const Item& old, std::string_view id, const Ends& ends) {
  const std::string_view from = old.Text("assetIdFrom"), to = old.Text("assetIdTo");
  const Value* type = old.Find("relationshipType");
  Item link{{"assetLinkId", Text(id)},
            {"fromAssetDatabaseId:fromAssetId", Text(fmt::format("{}:{}", ends.from, from))},
            {"fromAssetDatabaseId", Text(ends.from)},
            {"fromAssetId", Text(from)},
            {"toAssetDatabaseId:toAssetId", Text(fmt::format("{}:{}", ends.to, to))},
            {"toAssetDatabaseId", Text(ends.to)},
            {"toAssetId", Text(to)},
            {"relationshipType", type != nullptr ? *type : Text("related")},
            {"tags", Value::L({})}};
  if (type != nullptr && type->is(items::Kind::kS))
    link.Set("relationshipType", Text(NewType(type->text())));
  return link;
}

Item OldLink(const Item& link) {
  const std::string_view type = link.Text("relationshipType");
  return Item{{"assetIdFrom", Text(link.Text("fromAssetId"))},
              {"assetIdTo", Text(link.Text("toAssetId"))},
              {"relationId", Text(link.Text("assetLinkId"))},
              {"relationshipType", Text(type == "parentChild" ? "parent-child" : type)}};
}

// The databases an end of a link may be in, without marks: those of live assets of the id, else
// those of archived ones; the one that the operator named, if he did.
Result<std::vector<std::string>> Candidates(std::string_view asset_id, const Context& cx) {
  TRY(const auto assets, cx.state.Query(kAssetsById, "", asset_id));
  const auto owner = cx.settings.owners.find(asset_id);
  std::set<std::string> live, archived;
  for (const Item& asset : assets) {
    const std::string_view database = asset.Text("databaseId");
    const std::string plain(Plain(database));
    if (owner != cx.settings.owners.end() && owner->second == plain)
      return std::vector<std::string>{plain};
    (IsArchived(database) ? archived : live).insert(plain);
  }
  const auto& chosen = live.empty() ? archived : live;
  return std::vector<std::string>(chosen.begin(), chosen.end());
}

// Nothing if it cannot be told.  A link of 2.1 stays inside a database where that is possible.
std::optional<Ends> Decide(const std::vector<std::string>& from,
                           const std::vector<std::string>& to) {
  if (from.size() == 1 && to.size() == 1) return Ends{from[0], to[0]};
  std::vector<std::string> common;
  std::ranges::set_intersection(from, to, std::back_inserter(common));
  if (common.size() != 1) return std::nullopt;
  return Ends{common[0], common[0]};
}

class Links final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "links",
                                .what = "Name the databases of both ends of every link",
                                .reads_up = {kOldLinks, kLinks},
                                .writes_up = {kOldLinks, kLinks},
                                .reads_down = {kOldLinks, kLinks},
                                .writes_down = {kOldLinks},
                                .lookups_up = {AssetsById()},
                                .lookups_down = {AssetsById()}};
    return info;
  }

  // All links from one asset id to another.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    (void)direction, (void)cx;
    const bool old = record.table == kOldLinks;
    const std::string_view from = record.item.Text(old ? "assetIdFrom" : "fromAssetId");
    const std::string_view to = record.item.Text(old ? "assetIdTo" : "toAssetId");
    if (from.empty() || to.empty()) return std::optional<std::string>();
    std::string group(from);
    group += '\0';
    return std::optional(group.append(to));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    const bool reference = cx.settings.dialect == Dialect::kReference;
    std::set<std::string_view> ids;
    for (const Item* link : unit.Of(kLinks)) ids.insert(link->Text("assetLinkId"));
    std::optional<Item> made;
    for (const auto& record : unit.records) {
      if (record.table != kOldLinks) continue;
      out.Put(kOldLinks, record.item);
      if (reference) {
        TRY(made, Reference(record.item, cx));
      } else if (!ids.contains(record.item.Text("relationId")) &&
                 !(record.item.Text("relationId").empty() && !ids.empty())) {
        TRY(made, Corrected(record, cx, out));
      }
    }
    for (const Item* link : unit.Of(kLinks))
      if (!made || link->Text("assetLinkId") != made->Text("assetLinkId")) out.Put(kLinks, *link);
    if (made) out.Put(kLinks, *std::move(made));
    return Ok();
  }

  // One link per pair of ids; the one that the old table knows goes first.
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    const auto old = unit.Of(kOldLinks);
    const Record* chosen = nullptr;
    for (const auto& record : unit.records) {
      if (record.table != kLinks || record.item.Text("fromAssetId").empty() ||
          record.item.Text("toAssetId").empty())
        continue;
      const bool known =
          !old.empty() && old[0]->Text("relationId") == record.item.Text("assetLinkId");
      if (chosen == nullptr || known) chosen = &record;
    }
    if (chosen == nullptr) return Ok();
    for (const auto& record : unit.records)
      if (record.table == kLinks && &record != chosen)
        out.Note(record, "D-9",
                 fmt::format("2.1 has one link for each pair of asset ids; link {} has the place, "
                             "this one is in the residue",
                             chosen->item.Text("assetLinkId")));
    out.Put(kOldLinks, OldLink(chosen->item));
    return Ok();
  }

 private:
  static Result<std::optional<Item>> Reference(const Item& old, const Context& cx) {
    const std::string_view id = old.Text("relationId");
    if (id.empty()) return std::optional<Item>();
    TRY(const auto from, FirstScanned(old.Text("assetIdFrom"), cx));
    TRY(const auto to, FirstScanned(old.Text("assetIdTo"), cx));
    if (from.empty() || to.empty()) return std::optional<Item>();
    return std::optional(NewLink(old, id, {from, to}));
  }

  static Result<std::string> FirstScanned(std::string_view asset_id, const Context& cx) {
    TRY(const auto assets, cx.state.Query(kAssetsById, "", asset_id));
    std::string first;
    for (const Item& asset : assets)
      if (const auto database = asset.Text("databaseId");
          first.empty() || ScannedBefore(database, first))
        first = database;
    return first;
  }

  static Result<std::optional<Item>> Corrected(const Record& record, const Context& cx,
                                               Output& out) {
    const Item& old = record.item;
    const std::string_view from_id = old.Text("assetIdFrom"), to_id = old.Text("assetIdTo");
    TRY(const auto from, Candidates(from_id, cx));
    TRY(const auto to, Candidates(to_id, cx));
    std::string id(old.Text("relationId"));
    if (id.empty() || from.empty() || to.empty())
      out.Defect(record, "M12-14", "the script would fail on it and leave it behind");
    if (from.empty() || to.empty()) {
      out.Quarantine(record, "D-9",
                     fmt::format("there is no asset {}", from.empty() ? from_id : to_id));
      return std::optional<Item>();
    }
    const auto ends = Decide(from, to);
    if (!ends) {
      out.Ambiguous(record, "D-3",
                    fmt::format("{} is in several databases, and so nothing tells which assets "
                                "the link connects; name the owner of the id",
                                from.size() > 1 ? from_id : to_id));
      return std::optional<Item>();
    }
    if (id.empty()) {
      id = StableId(fmt::format("link {}:{}", from_id, to_id));
      out.Note(record, "D-9", fmt::format("the link had no id; its id becomes {}", id));
    }
    TRY_OK(TellDefects(record, *ends, cx, out));
    return std::optional(NewLink(old, id, *ends));
  }

  static Status TellDefects(const Record& record, const Ends& ends, const Context& cx,
                            Output& out) {
    const auto tell = [&](std::string_view asset_id, const std::string& right) -> Status {
      TRY(const auto wrong, FirstScanned(asset_id, cx));
      if (Plain(wrong) != right)
        out.Defect(record, "M12-4",
                   fmt::format("its end {} would be taken for the asset in database {} instead of "
                               "{}",
                               asset_id, wrong, right));
      else if (wrong != right)
        out.Defect(record, "M12-12",
                   fmt::format("its end {} would name database {}, which no asset has once it is "
                               "restored",
                               asset_id, wrong));
      return Ok();
    };
    TRY_OK(tell(record.item.Text("assetIdFrom"), ends.from));
    return tell(record.item.Text("assetIdTo"), ends.to);
  }
};

}  // namespace

const Phase& LinkPhase() {
  static const Links phase;
  return phase;
}

}  // namespace vams::migrate::v22
