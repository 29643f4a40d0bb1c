// What to do when somebody else wrote to the tables while a migration was writing to them: every
// row that is neither as it was nor as the migration made it belongs to them, and is taken into
// account.
//
//   - A row that the migration had not reached is part of the data that it starts from, as if it
//   had
//     always been so: the source gets it, and the steps run again.
//   - A row that the migration had already brought to its new shape was edited in that shape, like
//     any row after a migration: it stays, and the way back carries the edit.
//
// Pure but for the stores; blocks for as long as the tables are large.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "items/store.h"
#include "migrate/remote/apply.h"

namespace vams::migrate::remote {

struct Foreign {
  enum class Kind : std::uint8_t { kBefore, kAfter } kind = Kind::kBefore;
  std::string_view table;
  const items::Item& key;
  const items::Item* now = nullptr;  // nullptr: removed
};

struct Stores {
  items::ItemSource& source;  // what the round before started from
  items::ItemSource& result;  // what it was bringing the tables to
  items::ItemSource& now;     // what they hold
};

// Calls `visit` for every row that is somebody else's.
Status ForEachForeign(OpContext& op, const Stores& stores, const std::vector<std::string>& tables,
                      const AppliedRows& applied,
                      const std::function<Status(const Foreign&)>& visit);

// Writes the rows of one kind into a store.  Returns how many.
Result<std::uint64_t> TakeForeign(OpContext& op, const Stores& stores,
                                  const std::vector<std::string>& tables,
                                  const AppliedRows& applied, Foreign::Kind kind,
                                  items::ItemStore& into);

}  // namespace vams::migrate::remote
