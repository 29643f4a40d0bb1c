// Phase snapshots: fills the index attribute of metadata snapshots, in place.

#include <fmt/format.h>

#include "migrate/steps/v24_to_v25.h"

namespace vams::migrate::v25 {

using items::Item;
using items::Value;

std::optional<std::string> AssetKeyOfSnapshot(const Item& row) {
  const auto parts = SplitVersionKey2(row.Text(kVersionKey2));
  if (!parts) return std::nullopt;
  return Join(parts->database, parts->asset);
}

Item WithAssetKey(const Item& row, std::string asset_key) {
  return Edited(row, {{kAssetKey, Value::S(std::move(asset_key))}});
}

namespace {

class Snapshots : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "snapshots",
                                .what = "Fill the index of metadata snapshots by asset",
                                .reads_up = {kSnapshots},
                                .writes_up = {kSnapshots},
                                .reads_down = {kSnapshots},
                                .writes_down = {kSnapshots}};
    return info;
  }

  // The last 2.4 release writes the attribute as well.
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) out.Put(kSnapshots, record.item);
    return Ok();
  }
};

class ReferenceSnapshots final : public Snapshots {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      const std::string_view key = record.item.Text(kVersionKey2);
      const std::size_t colon = key.rfind(':');
      if (!record.item.Text(kAssetKey).empty() || colon == std::string_view::npos || colon == 0)
        out.Put(kSnapshots, record.item);
      else
        out.Put(kSnapshots, WithAssetKey(record.item, std::string(key.substr(0, colon))));
    }
    return Ok();
  }
};

class CorrectedSnapshots final : public Snapshots {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const auto& record : unit.records) {
      const auto reason = WhyNoSnapshot(record.item, cx.state);
      if (!reason.ok()) return reason.error();
      if (!reason->empty())
        out.Quarantine(record, "D-9", *reason);
      else if (!record.item.Text(kAssetKey).empty())
        out.Put(kSnapshots, record.item);
      else
        out.Put(kSnapshots, WithAssetKey(record.item, *AssetKeyOfSnapshot(record.item)));
    }
    return Ok();
  }
};

}  // namespace

Result<std::string> WhyNoSnapshot(const Item& row, State& state) {
  const auto parts = SplitVersionKey2(row.Text(kVersionKey2));
  if (!parts)
    return fmt::format("the key \"{}\" names no database, asset and version",
                       row.Text(kVersionKey2));
  TRY(const auto homes, Homes::Of(state, parts->asset));
  if (homes.Find(parts->database) == nullptr)
    return fmt::format("the database \"{}\" has no asset \"{}\", live or archived", parts->database,
                       parts->asset);
  return std::string();
}

const Phase& SnapshotsPhase(Dialect dialect) {
  static const ReferenceSnapshots reference;
  static const CorrectedSnapshots corrected;
  if (dialect == Dialect::kReference) return reference;
  return corrected;
}

}  // namespace vams::migrate::v25
