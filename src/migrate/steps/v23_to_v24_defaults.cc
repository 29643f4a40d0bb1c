#include "migrate/steps/v23_to_v24_defaults.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>

#include "migrate/steps/v23_to_v24_json.h"

namespace vams::migrate::v23_to_v24 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::string_view kAdmin = "initial_admin_allow_";
constexpr std::string_view kReader = "initial_basicro_allow_";

struct Default {
  std::string_view id, object_type, field;
};

constexpr Default kAdminDefaults[] = {
    {"initial_admin_allow_all_web_paths", "web", "route__path"},
    {"initial_admin_allow_all_apis", "api", "route__path"},
    {"initial_admin_allow_all_databases", "database", "databaseId"},
    {"initial_admin_allow_all_assets", "asset", "databaseId"},
    {"initial_admin_allow_all_pipelines", "pipeline", "databaseId"},
    {"initial_admin_allow_all_workflows", "workflow", "databaseId"},
    {"initial_admin_allow_all_metadataschemas", "metadataSchema", "databaseId"},
    {"initial_admin_allow_all_tags", "tag", "tagName"},
    {"initial_admin_allow_all_tagtypes", "tagType", "tagTypeName"},
    {"initial_admin_allow_all_roles", "role", "roleName"},
    {"initial_admin_allow_all_userroles", "userRole", "roleName"},
};

constexpr Default kReaderDefaults[] = {
    {"initial_basicro_allow_all_databases", "database", "databaseId"},
    {"initial_basicro_allow_all_assets", "asset", "databaseId"},
    {"initial_basicro_allow_all_workflows", "workflow", "databaseId"},
    {"initial_basicro_allow_all_metadataschemas", "metadataSchema", "databaseId"},
    {"initial_basicro_allow_get_pipelines", "pipeline", "databaseId"},
    {"initial_basicro_allow_all_tags", "tag", "tagName"},
    {"initial_basicro_allow_all_tagtypes", "tagType", "tagTypeName"},
};

using Paths = std::vector<std::string_view>;

constexpr std::string_view kWebPaths[] = {"/assets", "/databases", "/pipelines", "/search",
                                          "/workflows"};
constexpr std::string_view kApis[] = {
    "/secure-config", "/api/amplify-config", "/auth/routes",
    "/asset-links",   "/comments",           "/database",
    "/assets",        "/metadata",           "/pipelines",
    "/search",        "/subscriptions",      "/check-subscription",
    "/tags",          "/tag-types",          "/workflows"};
constexpr std::string_view kPosts[] = {"/auth/routes", "/search", "/check-subscription"};

Paths With(std::span<const std::string_view> paths, std::initializer_list<std::string_view> more) {
  Paths all(paths.begin(), paths.end());
  all.insert(all.end(), more);
  return all;
}

Value Criterion(std::string_view field, std::string_view op, std::string_view value) {
  return Value::M({{"field", Value::S(std::string(field))},
                   {"operator", Value::S(std::string(op))},
                   {"value", Value::S(std::string(value))}});
}

Value::List StartsWith(std::span<const std::string_view> paths) {
  Value::List list;
  for (const auto path : paths) list.push_back(Criterion("route__path", "starts_with", path));
  return list;
}

Value::List Allow(std::string_view role, std::initializer_list<std::string_view> permissions) {
  Value::List list;
  for (const auto permission : permissions)
    list.push_back(Value::M({{"groupId", Value::S(std::string(role))},
                             {"permission", Value::S(std::string(permission))},
                             {"permissionType", Value::S("allow")}}));
  return list;
}

Constraint EverythingOf(const Default& def, Value::List permissions) {
  Constraint constraint;
  constraint.object_type = def.object_type;
  constraint.criteria_and = {Criterion(def.field, "contains", ".*")};
  constraint.group_permissions = std::move(permissions);
  return constraint;
}

Constraint PathsOf(std::string_view object_type, std::string_view permission, Value::List any_of,
                   Value::List all_of = {}) {
  Constraint constraint;
  constraint.object_type = object_type;
  constraint.criteria_and = std::move(all_of);
  constraint.criteria_or = std::move(any_of);
  constraint.group_permissions = Allow("basicReadOnly", {permission});
  return constraint;
}

// The three constraints over paths changed from release to release.
std::vector<Constraint> PathDefaults(std::string_view id) {
  if (id == "initial_basicro_allow_web_paths_get")
    return {PathsOf("web", "GET", StartsWith(With(kWebPaths, {"/metadataschema"}))),
            PathsOf("web", "GET", StartsWith(With(kWebPaths, {"/metadataschema", "/comments"}))),
            PathsOf("web", "GET", StartsWith(With(kWebPaths, {"/comments"})))};
  if (id == "initial_basicro_allow_get_apis")
    return {
        PathsOf("api", "GET", StartsWith(With(kApis, {"/auth/loginProfile", "/metadataschema"}))),
        PathsOf("api", "GET", StartsWith(With(kApis, {"/auxiliaryPreviewAssets"}))),
        PathsOf("api", "GET",
                StartsWith(With(kApis, {"/auxiliaryPreviewAssets", "/metadataschema"})))};
  if (id == "initial_basicro_allow_post_apis")
    return {PathsOf("api", "POST", {}, StartsWith(kPosts))};
  return {};
}

std::string TextOf(const Item& map, std::string_view name) {
  const Value* value = map.Find(name);
  return value == nullptr ? std::string() : PlainJson(*value);
}

void AddEntries(std::multiset<std::string>& entries, std::string_view kind, const Value::List& list,
                std::initializer_list<std::string_view> names) {
  for (const auto& element : list) {
    if (!element.is(Kind::kM)) continue;
    std::string entry(kind);
    for (const auto name : names) entry += '\x1f' + TextOf(element.map(), name);
    entries.insert(std::move(entry));
  }
}

}  // namespace

bool IsDefaultId(std::string_view id) { return id.starts_with(kAdmin) || id.starts_with(kReader); }

std::string MeaningOf(const Constraint& constraint) {
  std::multiset<std::string> entries;
  AddEntries(entries, "and", constraint.criteria_and, {"field", "operator", "value"});
  AddEntries(entries, "or", constraint.criteria_or, {"field", "operator", "value"});
  AddEntries(entries, "role", constraint.group_permissions,
             {"groupId", "permission", "permissionType"});
  AddEntries(entries, "user", constraint.user_permissions,
             {"userId", "permission", "permissionType"});
  std::string meaning = constraint.object_type;
  for (const auto& entry : entries) meaning += '\x1e' + entry;
  return meaning;
}

std::vector<std::string> DefaultMeanings(std::string_view id) {
  std::vector<std::string> meanings;
  for (const auto& def : kAdminDefaults)
    if (def.id == id)
      meanings.push_back(
          MeaningOf(EverythingOf(def, Allow("admin", {"GET", "PUT", "POST", "DELETE"}))));
  for (const auto& def : kReaderDefaults)
    if (def.id == id)
      meanings.push_back(MeaningOf(EverythingOf(def, Allow("basicReadOnly", {"GET"}))));
  for (const auto& constraint : PathDefaults(id)) meanings.push_back(MeaningOf(constraint));
  return meanings;
}

}  // namespace vams::migrate::v23_to_v24
