// The roles and constraints that every stack starts with.  Spec: permissions.md section 8.
// Constant data; thread-safe.
#pragma once

#include <span>
#include <string_view>

#include "access/constraint.h"

namespace vams::access {

inline constexpr std::string_view kAdminRole = "admin";
inline constexpr std::string_view kReadOnlyRole = "basicReadOnly";
// A principal of the system itself: it cannot log in, nor be the target of an API key.
inline constexpr std::string_view kSystemUser = "SYSTEM_USER";
inline constexpr std::string_view kSystemUserEmail = "VAMS_SYSTEM@DO.NOT.REPLY.com";

struct DefaultRole {
  std::string_view name;
  std::string_view id;
  std::string_view description;
};
std::span<const DefaultRole> DefaultRoles();
// With the ids of criteria and permissions.
std::span<const Constraint> DefaultConstraints();

}  // namespace vams::access
