// Roles and the roles of users.  Spec: api-auth.md sections 7 and 8.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/paging.h"
#include "api/routes.h"
#include "base/json.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kRolePage = 3000;
constexpr std::size_t kUserRolePage = 30000;
constexpr std::string_view kInternalSource = "INTERNAL_SYSTEM";

json::object RoleJson(const catalog::Role& role) {
  return {{"id", role.id},
          {"roleName", role.name},
          {"description", role.description},
          {"createdOn", role.created_on},
          {"source", TextOrNull(role.source)},
          {"sourceIdentifier", TextOrNull(role.source_identifier)},
          {"mfaRequired", role.mfa_required}};
}

Result<http::Response> ListRoles(Call& call) {
  TRY(const auto roles, call.s.permissions.Roles(call.op, call.caller()));
  const std::size_t size = std::min(FindNumber(call.request, "pageSize").value_or(kRolePage),
                                    FindNumber(call.request, "maxItems").value_or(kUserRolePage));
  const auto token = call.request.FindQuery("startingToken");
  const std::string behind = token ? PlaceOf(*token).value_or("") : std::string();
  json::array items;
  json::value next = nullptr;
  for (const catalog::Role& role : roles) {
    if (role.name <= behind) continue;
    if (items.size() == size) {
      next = TokenOf(std::string_view(items.back().at("roleName").as_string()));
      break;
    }
    items.push_back(RoleJson(role));
  }
  return Answer(json::object{{"message", {{"Items", std::move(items)}, {"NextToken", next}}}});
}

Parsed<catalog::RoleFields> ReadRole(const Call& call) {
  auto body = Body(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Problems problems;
  model::ObjectReader reader(*body, problems);
  const auto empty = [&](std::string_view name) {
    const json::value* value = body->if_contains(name);
    return value == nullptr || value->is_null() ||
           (value->is_string() && value->as_string().empty());
  };
  if (empty("roleName") || empty("description"))
    return std::unexpected(Refuse(400, "roleName and description are required"));
  catalog::RoleFields role;
  role.name = reader.Text("roleName", {.min = 1, .max = 256});
  role.description = reader.Text("description", {.min = 1, .max = 256});
  role.source = reader.OptionalText("source", {.required = false});
  role.source_identifier = reader.OptionalText("sourceIdentifier", {.required = false, .max = 256});
  role.mfa_required = reader.OptionalBool("mfaRequired").value_or(false);
  if (problems.empty()) problems.Add(model::CheckObjectName("roleName", role.name));
  if (problems.empty() && role.source && *role.source != kInternalSource)
    problems.Add("__root__", "Invalid source. Allowed values: INTERNAL_SYSTEM");
  if (auto fine = Check(problems, "CreateRoleRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return role;
}

json::object Operation(const Call& call, std::string_view message, std::string_view operation) {
  return {{"success", true},
          {"message", message},
          {"operation", operation},
          {"timestamp", Timestamp(call.s.clock.NowMillis())}};
}

http::Response RoleChanged(Call& call, const catalog::RoleFields& role,
                           std::string_view operation) {
  call.Audit(audit::Channel::kAuthChanges, operation == "create" ? "roleCreate" : "roleUpdate",
             {{"roleName", role.name},
              {"operation", operation},
              {"description", role.description},
              {"mfaRequired", role.mfa_required}});
  json::object answer =
      Operation(call, fmt::format("Role {} {}d successfully", role.name, operation), operation);
  answer["roleName"] = role.name;
  return Answer(answer);
}

Result<http::Response> CreateRole(Call& call) {
  PARSE(const auto role, ReadRole(call));
  TRY_OK(call.s.permissions.CreateRole(call.op, call.caller(), role));
  return RoleChanged(call, role, "create");
}

Result<http::Response> UpdateRole(Call& call) {
  PARSE(const auto role, ReadRole(call));
  TRY_OK(call.s.permissions.UpdateRole(call.op, call.caller(), role));
  return RoleChanged(call, role, "update");
}

Result<http::Response> DeleteRole(Call& call) {
  const std::string& name = call.request.Parameter("roleId");
  PARSE_OK(Check(model::CheckObjectName("roleId", name)));
  if (const auto removed = call.s.permissions.DeleteRole(call.op, call.caller(), name);
      !removed.ok()) {
    if (removed.error().code == Code::kNotFound) return Refuse(400, removed.error().message);
    return removed.error();
  }
  call.s.api_keys.Forget();
  call.Audit(audit::Channel::kAuthChanges, "roleDelete",
             {{"roleName", name}, {"operation", "delete"}});
  return Answer(json::object{{"message", "success"}});
}

// ---- Roles of users

// Text that sorts as (createdOn, userId).
std::string PlaceOfUser(const catalog::RolesOfUser& user) {
  return user.created_on + '\n' + user.user;
}

Result<http::Response> ListUserRoles(Call& call) {
  std::size_t size = kUserRolePage;
  for (const std::string_view name : {"maxItems", "pageSize"}) {
    if (!call.request.FindQuery(name)) continue;
    const auto number = FindNumber(call.request, name);
    if (!number) return Refuse(400, fmt::format("{} must be a whole number of at least 1", name));
    if (name == "maxItems") size = *number;
  }
  std::string behind;
  if (const auto token = call.request.FindQuery("startingToken"); token && !token->empty()) {
    auto place = PlaceOf(*token);
    if (!place)
      return Refuse(400, "startingToken is not one that this list gave; start without it");
    behind = *std::move(place);
  }
  TRY(const auto users, call.s.permissions.UserRoles(call.op, call.caller()));
  json::object message;
  json::array items;
  const catalog::RolesOfUser* last = nullptr;
  for (const catalog::RolesOfUser& user : users) {
    if (!behind.empty() && PlaceOfUser(user) <= behind) continue;
    if (items.size() == size) {
      message["NextToken"] = TokenOf(PlaceOfUser(*last));
      break;
    }
    items.push_back(json::object{{"userId", user.user},
                                 {"roleName", json::array(user.roles.begin(), user.roles.end())},
                                 {"createdOn", user.created_on}});
    last = &user;
  }
  message["Items"] = std::move(items);
  return Answer(json::object{{"message", std::move(message)}});
}

struct UserRolesRequest {
  std::string user;
  std::vector<std::string> roles;
};

Parsed<UserRolesRequest> ReadUserRoles(const Call& call, bool with_roles) {
  auto body = Body(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Problems problems;
  model::ObjectReader reader(*body, problems);
  UserRolesRequest request;
  request.user = reader.Text("userId", {.min = 3, .max = 256});
  if (with_roles) request.roles = reader.Texts("roleName", true);
  if (problems.empty()) problems.Add(model::CheckUserId("userId", request.user));
  if (problems.empty() && with_roles && request.roles.empty())
    problems.Add("__root__", "At least one role name is required");
  if (problems.empty())
    for (const std::string& role : request.roles)
      problems.Add(model::CheckObjectName("roleName", role));
  if (auto fine = Check(problems,
                        with_roles ? "CreateUserRolesRequestModel" : "DeleteUserRolesRequestModel");
      !fine)
    return std::unexpected(std::move(fine).error());
  return request;
}

http::Response UserRolesChanged(Call& call, const UserRolesRequest& request, std::string_view what,
                                std::string_view operation) {
  json::object payload{{"userId", request.user}, {"operation", operation}};
  // A key of a user without roles is worth nothing, from now on.
  call.s.api_keys.Forget();
  if (operation != "delete")
    payload["roleNames"] = json::array(request.roles.begin(), request.roles.end());
  call.Audit(audit::Channel::kAuthChanges, std::string(what), std::move(payload));
  json::object answer =
      Operation(call, fmt::format("User roles {}d successfully", operation), operation);
  answer["userId"] = request.user;
  return Answer(answer);
}

Result<http::Response> AddUserRoles(Call& call) {
  PARSE(const auto request, ReadUserRoles(call, true));
  TRY_OK(call.s.permissions.AddUserRoles(call.op, call.caller(), request.user, request.roles));
  return UserRolesChanged(call, request, "userRoleCreate", "create");
}

Result<http::Response> SetUserRoles(Call& call) {
  PARSE(const auto request, ReadUserRoles(call, true));
  TRY_OK(call.s.permissions.SetUserRoles(call.op, call.caller(), request.user, request.roles));
  return UserRolesChanged(call, request, "userRoleUpdate", "update");
}

Result<http::Response> DeleteUserRoles(Call& call) {
  PARSE(const auto request, ReadUserRoles(call, false));
  TRY_OK(call.s.permissions.DeleteUserRoles(call.op, call.caller(), request.user));
  return UserRolesChanged(call, request, "userRoleDelete", "delete");
}

}  // namespace

void AddRoleRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup roles(gate, {.tag = "roles"});
  roles.Add(Verb::kGet, "/roles", "listRoles", "The roles that the caller may see", ListRoles);
  roles.Add(Verb::kPost, "/roles", "createRole", "Create a role", CreateRole);
  roles.Add(Verb::kPut, "/roles", "updateRole", "Replace a role's attributes", UpdateRole);
  roles.Add(Verb::kDelete, "/roles/{roleId}", "deleteRole",
            "Delete a role and take it from every user", DeleteRole);
}

void AddUserRoleRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup roles(gate, {.tag = "roles"});
  roles.Add(Verb::kGet, "/user-roles", "listUserRoles", "Users with their roles", ListUserRoles);
  roles.Add(Verb::kPost, "/user-roles", "addUserRoles", "Give roles to a user", AddUserRoles);
  roles.Add(Verb::kPut, "/user-roles", "setUserRoles", "Set a user's roles to exactly these",
            SetUserRoles);
  roles.Add(Verb::kDelete, "/user-roles", "deleteUserRoles", "Take all roles from a user",
            DeleteUserRoles);
}

}  // namespace vams::api
