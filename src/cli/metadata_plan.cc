#include "cli/metadata_plan.h"

#include <algorithm>

namespace vams::cli {

std::size_t MetadataPlan::Added() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(changes, [](const auto& change) { return !change.before; }));
}

std::size_t MetadataPlan::Removed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(changes, [](const auto& change) { return !change.after; }));
}

std::size_t MetadataPlan::Changed() const { return changes.size() - Added() - Removed(); }

MetadataPlan PlanOf(const MetadataEntity& entity, const std::vector<StoredItem>& stored,
                    bool replace) {
  MetadataPlan plan{.target = entity.target};
  for (const model::MetadataItem& item : entity.items) {
    const auto now =
        std::ranges::find(stored, item.key, [](const StoredItem& one) { return one.item.key; });
    if (now != stored.end() && now->item == item) {
      ++plan.unchanged;
      if (replace) plan.send.push_back(item);
      continue;
    }
    // An empty field of a schema is nothing that is changed.
    const bool is_new = now == stored.end() || (now->maybe_default && now->item.value.empty());
    plan.changes.push_back({.key = item.key,
                            .before = is_new ? std::nullopt : std::optional(now->item),
                            .after = item});
    plan.send.push_back(item);
  }
  if (!replace) return plan;
  for (const StoredItem& one : stored) {
    const bool in_table = std::ranges::any_of(
        entity.items, [&](const auto& item) { return item.key == one.item.key; });
    if (in_table) continue;
    if (entity.kept.contains(one.item.key)) {
      ++plan.unchanged;
      plan.send.push_back(one.item);
    } else if (!one.maybe_default) {
      plan.changes.push_back({.key = one.item.key, .before = one.item, .after = std::nullopt});
    }
  }
  return plan;
}

}  // namespace vams::cli
