// The parts of diff::Compare.  Internal to diff.  Pure.
#pragma once

#include <vector>

#include "lifecycle/diff/change_set.h"

namespace vams::lifecycle::diff::internal {

// What the data versions make of tables and indexes along the path of steps.
void CompareTables(tables::DataVersion from, tables::DataVersion to,
                   const std::vector<migrate::Leg>& path, const Usage& usage,
                   std::vector<ResourceChange>& changes);

// What two configurations make of everything else.
void CompareConfigs(const Side& before, const Side& after, const Usage& usage,
                    std::vector<ResourceChange>& changes);

Extent Sum(const std::map<std::string, Extent, std::less<>>& extents);
Extent Find(const std::map<std::string, Extent, std::less<>>& extents, std::string_view name);

}  // namespace vams::lifecycle::diff::internal
