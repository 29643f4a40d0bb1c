#include "access/defaults.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <string>
#include <utility>

namespace vams::access {

namespace {

constexpr std::array<DefaultRole, 2> kRoles = {{
    {kAdminRole, "initial_admin_role_creation", "System Administrator"},
    {kReadOnlyRole, "initial_basicro_role_creation",
     "Basic Read-Only User - Read access to all databases, assets, pipelines, workflows, and "
     "metadata schemas"},
}};

Criterion MakeCriterion(std::string_view id, std::string_view field, std::string_view op,
                        std::string_view value) {
  return {.field = std::string(field),
          .op = std::string(op),
          .values = {std::string(value)},
          .id = std::string(id)};
}

Permission Allow(std::string_view role, std::string_view action, std::string id) {
  return {.who = std::string(role),
          .action = std::string(action),
          .type = "allow",
          .id = std::move(id)};
}

// A constraint of the administrators: everything of one type.
struct AdminRow {
  std::string_view id;
  std::string_view name;
  std::string_view type;
  std::string_view field;
  std::string_view criterion_id;
  std::string_view suffix;  // of the permissions' ids
  std::string_view things;  // for the description
};

constexpr std::array<AdminRow, 11> kAdminRows = {{
    {"initial_admin_allow_all_web_paths", "admin-allow-all-web-paths", "web", "route__path",
     "all_web_paths", "web-paths", "page of the web application"},
    {"initial_admin_allow_all_apis", "admin-allow-all-apis", "api", "route__path", "all_api_paths",
     "apis", "API route"},
    {"initial_admin_allow_all_databases", "admin-allow-all-databases", "database", "databaseId",
     "all_databases", "databases", "database"},
    {"initial_admin_allow_all_assets", "admin-allow-all-assets", "asset", "databaseId",
     "all_assets", "assets", "asset"},
    {"initial_admin_allow_all_pipelines", "admin-allow-all-pipelines", "pipeline", "databaseId",
     "all_pipelines", "pipelines", "pipeline"},
    {"initial_admin_allow_all_workflows", "admin-allow-all-workflows", "workflow", "databaseId",
     "all_workflows", "workflows", "workflow"},
    {"initial_admin_allow_all_metadataschemas", "admin-allow-all-metadataschemas", "metadataSchema",
     "databaseId", "all_metadataschemas", "metadataschemas", "metadata schema"},
    {"initial_admin_allow_all_tags", "admin-allow-all-tags", "tag", "tagName", "all_tags", "tags",
     "tag"},
    {"initial_admin_allow_all_tagtypes", "admin-allow-all-tagtypes", "tagType", "tagTypeName",
     "admin_all_tagtypes", "tagtypes", "tag type"},
    {"initial_admin_allow_all_roles", "admin-allow-all-roles", "role", "roleName", "all_roles",
     "roles", "role"},
    {"initial_admin_allow_all_userroles", "admin-allow-all-userroles", "userRole", "roleName",
     "admin_all_userroles", "userroles", "assignment of roles to users"},
}};

Constraint AdminConstraint(const AdminRow& row) {
  Constraint constraint;
  constraint.id = row.id;
  constraint.name = row.name;
  constraint.description =
      fmt::format("Administrators may do everything with every {}", row.things);
  constraint.object_type = row.type;
  constraint.criteria_and = {MakeCriterion(row.criterion_id, row.field, "contains", ".*")};
  for (const auto& [action, word] :
       {std::pair{"GET", "get"}, {"PUT", "put"}, {"POST", "post"}, {"DELETE", "delete"}})
    constraint.groups.push_back(
        Allow(kAdminRole, action, fmt::format("admin-allow-{}-all-{}", word, row.suffix)));
  return constraint;
}

// A constraint of the readers: every object of one type.
struct ReaderRow {
  std::string_view id;
  std::string_view plural;
  std::string_view type;
  std::string_view field;
  std::string_view things;
};

constexpr std::array<ReaderRow, 7> kReaderRows = {{
    {"initial_basicro_allow_all_databases", "databases", "database", "databaseId", "database"},
    {"initial_basicro_allow_all_assets", "assets", "asset", "databaseId", "asset"},
    {"initial_basicro_allow_get_pipelines", "pipelines", "pipeline", "databaseId", "pipeline"},
    {"initial_basicro_allow_all_workflows", "workflows", "workflow", "databaseId", "workflow"},
    {"initial_basicro_allow_all_metadataschemas", "metadataschemas", "metadataSchema", "databaseId",
     "metadata schema"},
    {"initial_basicro_allow_all_tags", "tags", "tag", "tagName", "tag"},
    {"initial_basicro_allow_all_tagtypes", "tagtypes", "tagType", "tagTypeName", "tag type"},
}};

Constraint ReaderConstraint(const ReaderRow& row) {
  Constraint constraint;
  constraint.id = row.id;
  constraint.name = fmt::format("basicro-allow-all-{}", row.plural);
  constraint.description = fmt::format("Readers may look at every {}", row.things);
  constraint.object_type = row.type;
  constraint.criteria_and = {
      MakeCriterion(fmt::format("basicro_all_{}", row.plural), row.field, "contains", ".*")};
  constraint.groups = {
      Allow(kReadOnlyRole, "GET", fmt::format("basicro-allow-get-all-{}", row.plural))};
  return constraint;
}

// A constraint of the readers: some paths.
struct Path {
  std::string_view number;  // of the criterion's id
  std::string_view path;
};

Constraint PathConstraint(std::string_view id, std::string_view name, std::string_view description,
                          std::string_view type, std::string_view action, std::string_view ids,
                          std::initializer_list<Path> paths) {
  Constraint constraint;
  constraint.id = id;
  constraint.name = name;
  constraint.description = description;
  constraint.object_type = type;
  for (const Path& path : paths) {
    constraint.criteria_or.push_back(MakeCriterion(fmt::format("{}_{}", path.number, ids),
                                                   "route__path", "starts_with", path.path));
  }
  constraint.groups = {Allow(kReadOnlyRole, action, std::string(name))};
  return constraint;
}

std::vector<Constraint> MakeConstraints() {
  std::vector<Constraint> all;
  for (const AdminRow& row : kAdminRows) all.push_back(AdminConstraint(row));
  all.push_back(PathConstraint("initial_basicro_allow_web_paths_get", "basicro-allow-get-web-paths",
                               "Readers may open the pages that show data", "web", "GET",
                               "basicro_web_paths",
                               {{"1", "/assets"},
                                {"3", "/databases"},
                                {"5", "/pipelines"},
                                {"6", "/search"},
                                {"7", "/workflows"}}));
  all.push_back(PathConstraint("initial_basicro_allow_get_apis", "basicro-allow-get-apis",
                               "Readers may call the API routes that return data", "api", "GET",
                               "basicro_api_paths",
                               {{"0", "/secure-config"},
                                {"1", "/api/amplify-config"},
                                {"2", "/auth/routes"},
                                {"2a", "/auth/loginProfile"},
                                {"3", "/asset-links"},
                                {"4", "/comments"},
                                {"5", "/database"},
                                {"6", "/assets"},
                                {"7", "/metadata"},
                                {"7", "/metadataschema"},
                                {"8", "/pipelines"},
                                {"9", "/search"},
                                {"10", "/subscriptions"},
                                {"11", "/check-subscription"},
                                {"12", "/tags"},
                                {"13", "/tag-types"},
                                {"15", "/workflows"},
                                {"15", "/buckets"}}));
  all.push_back(
      PathConstraint("initial_basicro_allow_post_apis", "basicro-allow-post-apis",
                     "Readers may call the API routes that ask by POST and change nothing", "api",
                     "POST", "basicro_api_paths_post",
                     {{"0", "/auth/routes"}, {"1", "/search"}, {"2", "/check-subscription"}}));
  for (const ReaderRow& row : kReaderRows) all.push_back(ReaderConstraint(row));
  return all;
}

}  // namespace

std::span<const DefaultRole> DefaultRoles() { return kRoles; }

std::span<const Constraint> DefaultConstraints() {
  static const std::vector<Constraint> constraints = MakeConstraints();
  return constraints;
}

}  // namespace vams::access
