// What the parts of Permissions share.  Internal to catalog.  Thread rule: as Permissions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/authorizer.h"
#include "catalog/permissions.h"
#include "items/store.h"

namespace vams::catalog {

struct Permissions::Impl {
  Impl(items::ItemStore& item_store, const Clock& time, Random& randomness)
      : store(item_store), clock(time), random(randomness), authorizer(item_store, time) {}

  // Every write goes this way: whatever comes of it, policies made so far are outdated.
  Status Commit(OpContext& op, std::span<const items::Write> writes);

  // The first of these names that is no role.
  Result<std::optional<std::string>> FirstUnknownRole(OpContext& op,
                                                      std::span<const std::string> roles);
  // The users who have the role.
  Result<std::vector<std::string>> HoldersOf(OpContext& op, std::string_view role);
  // Takes the role from everybody, together with the write `last` in one commit where that is not
  // too much for one, else with `last` in the last commit.
  Status TakeFromAll(OpContext& op, std::string_view role, std::optional<items::Write> last);
  // Commits what `plan` appends to the writes it is given; plans again when another writer of
  // constraints came first.
  template <typename Plan>
  Status ChangeConstraints(OpContext& op, Plan plan);

  items::ItemStore& store;
  const Clock& clock;
  Random& random;
  Authorizer authorizer;
};

// kInvalid "Role 'x' does not exist in the system".
Error NoSuchRole(std::string_view role);

}  // namespace vams::catalog
