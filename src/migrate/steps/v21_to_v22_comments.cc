// Comments in step 2.1 -> 2.2: upstream's script moves each to the current version of its asset,
// because it keeps no other; the corrected dialect leaves them on the version they were made on.
// Spec: migrations.md section 3.3 "Comment", 3.6.
#include <fmt/format.h>

#include "migrate/steps/scan_order.h"
#include "migrate/steps/v21_to_v22.h"

namespace vams::migrate::v22 {

using items::Item;

namespace {

// What the script would call the current version of the asset that it takes for the comment's.
struct Target {
  std::string version;
  std::size_t assets = 0;  // of that id
};

// Nothing if there is no such asset.  On the way down the state has assets of 2.2; then it is what
// the script would find once they are back in 2.1.
Result<std::optional<Target>> TargetOf(std::string_view asset_id, const Context& cx) {
  TRY(const auto assets, cx.state.Query(kAssetsById, "", asset_id));
  if (assets.empty()) return std::optional<Target>();
  const Item* last = &assets[0];
  for (const Item& asset : assets)
    if (ScannedBefore(last->Text("databaseId"), asset.Text("databaseId"))) last = &asset;
  Target target{.version = ReferenceCurrentVersion(*last), .assets = assets.size()};
  if (last->Has("currentVersionId") && !last->Has("currentVersion")) {
    target.version = last->Text("currentVersionId");
    TRY(const auto versions, cx.state.Query(kVersions, "", asset_id));
    if (target.version == "0" && versions.size() == 1) target.version = "1";
  }
  return std::optional(std::move(target));
}

const PhaseInfo& Info() {
  static const PhaseInfo info{.name = "comments",
                              .what = "Keep comments with the version they were made on",
                              .reads_up = {kComments},
                              .writes_up = {kComments},
                              .reads_down = {kComments},
                              .writes_down = {kComments},
                              .lookups_up = {AssetsById()},
                              .lookups_down = {AssetsById()}};
  return info;
}

void PutAll(const Unit& unit, Output& out) {
  for (const auto& record : unit.records) out.Put(record.table, record.item);
}

// Where the script moves a comment: its new sort key, or nothing if it leaves it.
Result<std::optional<std::string>> MovedKey(const Item& comment, const Context& cx) {
  const std::string_view key = comment.Text(kCommentKey);
  const auto colon = key.find(':');
  if (colon == key.npos) return std::optional<std::string>();
  TRY(const auto target, TargetOf(comment.Text("assetId"), cx));
  if (!target || target->version == key.substr(0, colon)) return std::optional<std::string>();
  return std::optional(fmt::format("{}{}", target->version, key.substr(colon)));
}

class Comments final : public Phase {
 public:
  const PhaseInfo& info() const override { return Info(); }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const auto& record : unit.records) {
      const std::string_view key = record.item.Text(kCommentKey);
      const auto colon = key.find(':');
      if (colon == key.npos || colon == 0 || colon + 1 == key.size()) {
        out.Quarantine(record, "D-9", "its key does not have the form version:comment");
        continue;
      }
      out.Put(kComments, record.item);
      TRY(const auto moved, MovedKey(record.item, cx));
      if (!moved) continue;
      TRY(const auto target, TargetOf(record.item.Text("assetId"), cx));
      out.Defect(record, target->assets > 1 ? "M12-4" : "M12-1",
                 fmt::format("it would move to version {}", target->version));
    }
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    PutAll(unit, out);
    return Ok();
  }
};

class ReferenceComments final : public Phase {
 public:
  const PhaseInfo& info() const override { return Info(); }

  // All comments of an asset that may end under one key.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    (void)direction, (void)cx;
    const std::string_view key = record.item.Text(kCommentKey);
    const auto colon = key.find(':');
    if (colon == key.npos) return std::optional<std::string>();
    std::string group(record.item.Text("assetId"));
    group += '\0';
    return std::optional(group.append(key.substr(colon)));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    std::map<std::string, Item> comments;
    for (const auto& record : unit.records)
      comments[std::string(record.item.Text(kCommentKey))] = record.item;
    for (const auto& record : unit.records) {
      TRY(const auto moved, MovedKey(record.item, cx));
      if (!moved) continue;
      Item comment = record.item;
      comment.Set(kCommentKey, Text(*moved));
      comments[*moved] = std::move(comment);
      comments.erase(std::string(record.item.Text(kCommentKey)));
    }
    for (auto& [key, comment] : comments) out.Put(kComments, std::move(comment));
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    PutAll(unit, out);
    return Ok();
  }
};

}  // namespace

const Phase& CommentPhase() {
  static const Comments phase;
  return phase;
}

const Phase& ReferenceCommentPhase() {
  static const ReferenceComments phase;
  return phase;
}

}  // namespace vams::migrate::v22
