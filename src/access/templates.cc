#include "access/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <set>

namespace vams::access {

namespace json = boost::json;

namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

// One entry after the other, so that a value may hold the placeholder of a later entry.
void Substitute(std::string& text, const Values& values) {
  for (const auto& [name, value] : values) {
    const std::string placeholder = "{{" + name + "}}";
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + value.size()))
      text.replace(at, placeholder.size(), value);
  }
}

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

void CollectPlaceholders(std::string_view text, std::set<std::string>& names) {
  for (std::size_t at = text.find("{{"); at != std::string_view::npos;
       at = text.find("{{", at + 1)) {
    const std::size_t start = at + 2;
    std::size_t end = start;
    while (end < text.size() && IsWordByte(text[end])) ++end;
    if (end > start && text.substr(end).starts_with("}}"))
      names.emplace(text.substr(start, end - start));
  }
}

// Calls `visit` with every text of the constraint that may hold placeholders.
template <typename Visit>
void VisitTexts(Constraint& constraint, const Visit& visit) {
  visit(constraint.name);
  visit(constraint.description);
  visit(constraint.object_type);
  for (auto* criteria : {&constraint.criteria_and, &constraint.criteria_or}) {
    for (Criterion& criterion : *criteria) {
      visit(criterion.field);
      visit(criterion.op);
      for (std::string& value : criterion.values) visit(value);
    }
  }
  for (Permission& permission : constraint.groups) {
    visit(permission.action);
    visit(permission.type);
  }
}

// The values posted and the defaults of required variables that were left out.
Result<Values> AllValues(const TemplateRequest& request) {
  Values values = request.values;
  for (const TemplateVariable& variable : request.variables) {
    if (!variable.required) continue;
    const auto named = [&](const auto& entry) { return entry.first == variable.name; };
    if (std::ranges::any_of(values, named)) continue;
    if (!variable.default_value) {
      return Error(Code::kInvalid,
                   fmt::format("Required variable '{}' not provided in variableValues. "
                               "Description: {}",
                               variable.name, variable.description));
    }
    values.emplace_back(variable.name, *variable.default_value);
  }
  return values;
}

}  // namespace

Result<std::vector<Constraint>> FillIn(const TemplateRequest& request) {
  TRY(const Values values, AllValues(request));
  const auto role = std::ranges::find(values, "ROLE_NAME", &Values::value_type::first);
  if (role == values.end()) {
    return Error(Code::kInvalid,
                 "variableValues must include 'ROLE_NAME' (used as groupId for all constraints)");
  }
  std::vector<Constraint> filled = request.constraints;
  std::set<std::string> left;
  for (Constraint& constraint : filled) {
    VisitTexts(constraint, [&](std::string& text) {
      Substitute(text, values);
      CollectPlaceholders(text, left);
    });
    constraint.id.clear();
    constraint.users.clear();
    for (Permission& permission : constraint.groups) {
      permission.who = role->second;
      if (permission.type.empty()) permission.type = "allow";
    }
  }
  if (!left.empty()) {
    std::string names;
    for (const std::string& name : left) names += (names.empty() ? "" : ", ") + name;
    return Error(Code::kInvalid,
                 fmt::format("VAMS General Error: Unreplaced template variables found after "
                             "substitution: {}. Provide values for these in variableValues.",
                             names));
  }
  return filled;
}

// --- The templates of the product

namespace {

using Words = std::vector<std::string_view>;

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Words kGet = {"GET"};
const Words kGetPost = {"GET", "POST"};
const Words kAll = {"GET", "PUT", "POST", "DELETE"};

const Words kWebReader = {"/assets", "/databases", "/pipelines", "/search", "/workflows"};
const Words kWebUser = kWebReader + Words{"/upload", "/metadataschema"};
const Words kWebAdmin = kWebUser + Words{"/assetIngestion"};

const Words kApiCommon = {
    "/secure-config", "/amplify-config", "/auth/routes",       "/asset-links",    "/assets",
    "/comments",      "/database",       "/metadata",          "/metadataschema", "/pipelines",
    "/search",        "/subscriptions",  "/check-subscription"};
const Words kApiTags = {"/tags", "/tag-types"};
const Words kApiRead = kApiCommon + kApiTags + Words{"/workflows", "/buckets"};
const Words kApiAdmin =
    kApiCommon + Words{"/workflows", "/buckets", "/uploads", "/ingest-asset", "/unsubscribe"};
const Words kApiSafePost = {"/auth/routes", "/search", "/check-subscription"};
const Words kApiUserPost = kApiSafePost + Words{"/assets",   "/uploads",     "/database",
                                                "/comments", "/asset-links", "/subscriptions"};
const Words kApiUserPut = {"/assets", "/database", "/comments", "/asset-links", "/subscriptions"};
const Words kApiUserDelete = {"/unsubscribe", "/subscriptions", "/asset-links", "/comments"};

json::object CriterionJson(std::string_view field, std::string_view op, std::string_view value) {
  return {{"field", field}, {"operator", op}, {"value", value}};
}

// Gathers one template.
class Builder {
 public:
  Builder(std::string_view name, std::string_view description) {
    metadata_ = {{"name", name}, {"description", description}, {"version", "1.0"}};
  }

  Builder& Variable(std::string_view name, std::string_view description) {
    variables_.push_back(
        json::object{{"name", name}, {"required", true}, {"description", description}});
    return *this;
  }

  // A constraint on one field: all criteria must hold, as there is one.
  Builder& On(std::string_view suffix, std::string_view type, std::string_view field,
              std::string_view op, std::string_view value, const Words& actions,
              std::string_view description, std::string_view effect = "allow") {
    return Add(suffix, type, {CriterionJson(field, op, value)}, {}, actions, effect, description);
  }

  // A constraint on paths: one of them must be the start.
  Builder& Paths(std::string_view suffix, std::string_view type, const Words& starts,
                 const Words& actions, std::string_view description, const Words& contained = {}) {
    json::array any;
    for (const std::string_view part : contained)
      any.push_back(CriterionJson("route__path", "contains", part));
    for (const std::string_view start : starts)
      any.push_back(CriterionJson("route__path", "starts_with", start));
    return Add(suffix, type, {}, std::move(any), actions, "allow", description);
  }

  // What every template but the overlay ends with.
  Builder& Tags() {
    On("tags", "tag", "tagName", "contains", ".*", kGet, "{{ROLE_NAME}} sees every tag");
    return On("tagtypes", "tagType", "tagTypeName", "contains", ".*", kGet,
              "{{ROLE_NAME}} sees every tag type");
  }

  json::object Done() {
    return {{"metadata", std::move(metadata_)},
            {"variables", std::move(variables_)},
            {"constraints", std::move(constraints_)}};
  }

 private:
  Builder& Add(std::string_view suffix, std::string_view type, json::array all, json::array any,
               const Words& actions, std::string_view effect, std::string_view description) {
    json::array permissions;
    for (const std::string_view action : actions)
      permissions.push_back(json::object{{"action", action}, {"type", effect}});
    constraints_.push_back(json::object{{"name", fmt::format("{{{{ROLE_NAME}}}}-{}", suffix)},
                                        {"description", description},
                                        {"objectType", type},
                                        {"criteriaAnd", std::move(all)},
                                        {"criteriaOr", std::move(any)},
                                        {"groupPermissions", std::move(permissions)}});
    return *this;
  }

  json::object metadata_;
  json::array variables_;
  json::array constraints_;
};

constexpr std::string_view kDatabase = "{{DATABASE_ID}}";
constexpr std::string_view kRoleText = "The role that gets these permissions";
constexpr std::string_view kDatabaseText = "Id of the database that the role works in";

json::object DatabaseAdmin() {
  Builder b("Database Admin",
            "Runs one database: its assets, pipelines, workflows and schemas. May look at and run "
            "what is global. May neither create databases nor manage tags.");
  b.Variable("DATABASE_ID", kDatabaseText).Variable("ROLE_NAME", kRoleText);
  b.Paths("web-routes", "web", kWebAdmin, kGet, "Pages that {{ROLE_NAME}} may open");
  b.Paths("api-routes", "api", kApiAdmin, kAll, "API routes that {{ROLE_NAME}} may call");
  b.Paths("api-routes-tags-get", "api", kApiTags, kGet, "{{ROLE_NAME}} may ask for tags");
  b.On("database", "database", "databaseId", "equals", kDatabase, {"GET", "PUT", "DELETE"},
       "{{ROLE_NAME}} sees, changes and deletes database {{DATABASE_ID}}");
  b.On("assets", "asset", "databaseId", "equals", kDatabase, kAll,
       "{{ROLE_NAME}} manages the assets of {{DATABASE_ID}}");
  b.On("pipelines-scoped", "pipeline", "databaseId", "equals", kDatabase, kAll,
       "{{ROLE_NAME}} manages the pipelines of {{DATABASE_ID}}");
  b.On("pipelines-global", "pipeline", "databaseId", "equals", "GLOBAL", kGetPost,
       "{{ROLE_NAME}} sees and runs global pipelines");
  b.On("workflows-scoped", "workflow", "databaseId", "equals", kDatabase, kAll,
       "{{ROLE_NAME}} manages the workflows of {{DATABASE_ID}}");
  b.On("workflows-global", "workflow", "databaseId", "equals", "GLOBAL", kGetPost,
       "{{ROLE_NAME}} sees and runs global workflows");
  b.On("metadataschemas-scoped", "metadataSchema", "databaseId", "equals", kDatabase, kAll,
       "{{ROLE_NAME}} manages the metadata schemas of {{DATABASE_ID}}");
  b.On("metadataschemas-global", "metadataSchema", "databaseId", "equals", "GLOBAL", kGet,
       "{{ROLE_NAME}} sees global metadata schemas");
  return b.Tags().Done();
}

json::object DatabaseUser() {
  Builder b("Database User",
            "Works in one database: creates, changes and archives assets and runs workflows. "
            "Deletes nothing for good and manages neither pipelines, workflows nor schemas.");
  b.Variable("DATABASE_ID", kDatabaseText).Variable("ROLE_NAME", kRoleText);
  b.Paths("web-routes", "web", kWebUser, kGet, "Pages that {{ROLE_NAME}} may open");
  b.Paths("api-routes-get", "api", kApiRead, kGet, "API routes that {{ROLE_NAME}} may read");
  b.Paths("api-routes-post", "api", kApiUserPost, {"POST"},
          "API routes that {{ROLE_NAME}} may send new things to");
  b.Paths("api-routes-put", "api", kApiUserPut, {"PUT"},
          "API routes by which {{ROLE_NAME}} may change things");
  b.Paths("api-routes-delete", "api", kApiUserDelete, {"DELETE"},
          "{{ROLE_NAME}} may archive, and remove what is no asset",
          {"archiveAsset", "archiveFile"});
  b.On("database", "database", "databaseId", "equals", kDatabase, kGet,
       "{{ROLE_NAME}} sees database {{DATABASE_ID}}");
  b.On("assets", "asset", "databaseId", "equals", kDatabase, kAll,
       "{{ROLE_NAME}} works on the assets of {{DATABASE_ID}}; the API routes keep deletion away");
  b.On("pipelines-scoped", "pipeline", "databaseId", "equals", kDatabase, kGetPost,
       "{{ROLE_NAME}} sees and runs the pipelines of {{DATABASE_ID}}");
  b.On("pipelines-global", "pipeline", "databaseId", "equals", "GLOBAL", kGetPost,
       "{{ROLE_NAME}} sees and runs global pipelines");
  b.On("workflows-scoped", "workflow", "databaseId", "equals", kDatabase, kGetPost,
       "{{ROLE_NAME}} sees and runs the workflows of {{DATABASE_ID}}");
  b.On("workflows-global", "workflow", "databaseId", "equals", "GLOBAL", kGetPost,
       "{{ROLE_NAME}} sees and runs global workflows");
  b.On("metadataschemas-scoped", "metadataSchema", "databaseId", "equals", kDatabase, kGet,
       "{{ROLE_NAME}} sees the metadata schemas of {{DATABASE_ID}}");
  b.On("metadataschemas-global", "metadataSchema", "databaseId", "equals", "GLOBAL", kGet,
       "{{ROLE_NAME}} sees global metadata schemas");
  return b.Tags().Done();
}

// The two templates for readers differ in how far they see: one database, or all.
json::object ReadOnly(bool all_databases) {
  Builder b(all_databases ? "Global Read-Only" : "Database Read-Only",
            all_databases ? "Looks at everything in every database and changes nothing."
                          : "Looks at everything in one database and changes nothing.");
  if (!all_databases) b.Variable("DATABASE_ID", kDatabaseText);
  b.Variable("ROLE_NAME", kRoleText);
  b.Paths("web-routes", "web", kWebReader, kGet, "Pages that {{ROLE_NAME}} may open");
  b.Paths("api-routes-get", "api", kApiRead, kGet, "API routes that {{ROLE_NAME}} may read");
  b.Paths("api-routes-post", "api", kApiSafePost, {"POST"},
          "API routes that ask by POST and change nothing");
  struct Row {
    std::string_view suffix;
    std::string_view type;
    std::string_view things;
  };
  const std::string_view where = all_databases ? "of every database" : "of {{DATABASE_ID}}";
  b.On(all_databases ? "databases" : "database", "database", "databaseId",
       all_databases ? "contains" : "equals", all_databases ? ".*" : kDatabase, kGet,
       all_databases ? "{{ROLE_NAME}} sees every database"
                     : "{{ROLE_NAME}} sees database {{DATABASE_ID}}");
  for (const Row& row :
       {Row{"assets", "asset", "assets"}, Row{"pipelines", "pipeline", "pipelines"},
        Row{"workflows", "workflow", "workflows"},
        Row{"metadataschemas", "metadataSchema", "metadata schemas"}}) {
    b.On(row.suffix, row.type, "databaseId", all_databases ? "contains" : "equals",
         all_databases ? ".*" : kDatabase, kGet,
         fmt::format("{{{{ROLE_NAME}}}} sees the {} {}", row.things, where));
  }
  return b.Tags().Done();
}

json::object DenyTagged() {
  Builder b(
      "Deny Tagged Asset Editing",
      "Laid over other permissions of a role: takes away every change to assets that bear a "
      "tag. A denial is stronger than any permission, and several may be laid over one role.");
  b.Variable("ROLE_NAME", "The role that loses these permissions");
  b.Variable("TAG_VALUE", "The tag that protects an asset, such as locked or released");
  b.On("deny-tagged-{{TAG_VALUE}}", "asset", "tags", "contains", "{{TAG_VALUE}}",
       {"PUT", "POST", "DELETE"}, "{{ROLE_NAME}} changes no asset tagged {{TAG_VALUE}}", "deny");
  return b.Done();
}

}  // namespace

std::span<const BuiltInTemplate> BuiltInTemplates() {
  static const std::vector<BuiltInTemplate> templates = [] {
    std::vector<BuiltInTemplate> all;
    all.push_back({"database-admin.json", DatabaseAdmin()});
    all.push_back({"database-user.json", DatabaseUser()});
    all.push_back({"database-readonly.json", ReadOnly(false)});
    all.push_back({"global-readonly.json", ReadOnly(true)});
    all.push_back({"deny-tagged-assets.json", DenyTagged()});
    return all;
  }();
  return templates;
}

}  // namespace vams::access
