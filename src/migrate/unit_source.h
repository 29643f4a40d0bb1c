// Groups of records on disk: a scratch store that sorts records by group and hands them out group
// by group; and the lookups of a phase.  Internal to migrate.
//
// Not thread-safe.  Blocks on disk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "files/files.h"
#include "items/store.h"
#include "migrate/step.h"

namespace vams::migrate {

inline constexpr std::string_view kUnitsTable = "units";
items::TableSpec UnitsTable();

// A record of a group as an encoded item of the units table.  `table` counts the phase's reads.
std::string EncodeGrouped(const std::string& group, std::size_t table, std::string_view encoded_key,
                          std::string_view encoded_record);

// Where a walk over the groups stands.
struct GroupPosition {
  std::string after;       // cursor of the page in which the next group begins
  std::string last_group;  // groups up to this one are done (as stored), empty: none
};

// Reads group after group behind `position`.  `visit` gets the unit and the position behind it.
Status ForEachGroup(OpContext& op, items::ItemSource& units,
                    const std::vector<std::string_view>& tables, const GroupPosition& position,
                    const std::function<Status(Unit& unit, const GroupPosition& behind)>& visit);

// Copies what the lookups need into tables of `scratch`.
Status BuildLookups(OpContext& op, items::ItemSource& source, items::ItemStore& scratch,
                    const std::vector<LookupSpec>& lookups);

}  // namespace vams::migrate
