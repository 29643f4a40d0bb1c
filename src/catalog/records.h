// Reading whole tables and partitions of permissions, and the small forms that their records share.
// Internal to catalog.  Thread-safe (no state).  Blocks on the item store.
// Spec: data-model.md sections 4.15 and 4.16.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

inline constexpr std::size_t kPageItems = 1000;     // of a query or scan
inline constexpr std::size_t kMaxSortBytes = 1024;  // of a sort key

inline const std::string kRolesTable = "RolesStorageTable";
inline const std::string kUserRolesTable = "UserRolesStorageTable";
inline const std::string kConstraintsTable = "ConstraintsStorageTable";
inline const std::string kProfilesTable = "UserStorageTable";

using ItemVisitor = std::function<void(items::Item item)>;
Status ForEachItem(OpContext& op, items::ItemSource& source, std::string_view table,
                   const ItemVisitor& visit);
Status ForEachOfPartition(OpContext& op, items::ItemSource& source, std::string_view table,
                          std::string_view partition, const ItemVisitor& visit);

items::Item DatabaseKey(std::string_view stored_id);
items::Item RoleKey(std::string_view role);
items::Item UserRoleKey(std::string_view user, std::string_view role);

// A session without a second factor may use the role: the attribute is absent or false, and
// nothing else that may be stored there.
bool UsableWithoutMfa(const items::Item& role);

// "2025-04-08T06:00:00" and "2025-04-08T06:00:00.123000": the times of records made by the API.
std::string IsoSecondsNoZone(std::int64_t millis);
std::string IsoMicrosNoZone(std::int64_t millis);
// "April 08 2025 - 06:00:00": the dates of databases.
std::string LongDate(std::int64_t millis);

// A text, or NULL where there is none.
items::Value TextOrNull(const std::optional<std::string>& text);
std::optional<std::string> TextIfAny(const items::Item& item, std::string_view attribute);

}  // namespace vams::catalog
