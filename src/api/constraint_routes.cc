// Constraints and templates.  Spec: api-auth.md section 6, permissions.md sections 2.3 and 13.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "access/templates.h"
#include "api/paging.h"
#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kConstraintsPage = 10000;
constexpr std::size_t kMaxPattern = 8192;
constexpr std::string_view kActions = "GET, PUT, POST, DELETE";

std::string Joined(std::span<const std::string_view> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// ---- Reading a constraint

// The value of a criterion: a text, or a list of texts.  Lists are checked as the text of the list.
void ReadValue(model::ObjectReader& reader, std::string_view list, access::Criterion& criterion) {
  const json::value* value = reader.object().if_contains("value");
  const std::string name = fmt::format("{}Value", list);
  if (value != nullptr && value->is_array()) {
    criterion.is_list = true;
    criterion.values = reader.Texts("value", true);
  } else {
    criterion.values.push_back(reader.Text("value"));
  }
  const bool empty = criterion.is_list ? criterion.values.empty() : criterion.values[0].empty();
  if (!reader.problems().empty()) return;
  if (empty) return reader.problems().Add("__root__", fmt::format("{} is a required field.", name));
  for (const std::string& text : criterion.values) {
    reader.problems().Add(model::CheckGlobalSpelling(name, text));
    if (text.size() > kMaxPattern)
      reader.problems().Add("__root__",
                            fmt::format("{} must be lower than {} bytes", name, kMaxPattern + 1));
    else if (const auto pattern = access::CheckPattern(text); !pattern.ok())
      reader.problems().Add(
          "__root__",
          fmt::format("{} is invalid. Must be a properly formatted regex expression.", name));
  }
}

std::vector<access::Criterion> ReadCriteria(model::ObjectReader& body, std::string_view list) {
  std::vector<access::Criterion> criteria;
  body.Each(list, [&](model::ObjectReader& reader) {
    access::Criterion criterion;
    criterion.field = reader.Text("field", {.min = 1, .max = 256});
    criterion.op = reader.Text("operator");
    ReadValue(reader, list, criterion);
    if (reader.problems().empty() && !access::FindOperator(criterion.op))
      reader.problems().Add("__root__", fmt::format("Invalid operator in {}. Allowed values: {}",
                                                    list, Joined(access::OperatorNames())));
    if (reader.problems().empty() && !access::FindField(criterion.field))
      reader.problems().Add("__root__", fmt::format("Invalid field in {}. Allowed values: {}", list,
                                                    Joined(access::FieldNames())));
    criteria.push_back(std::move(criterion));
  });
  return criteria;
}

std::vector<access::Permission> ReadPermissions(model::ObjectReader& body, std::string_view list,
                                                std::string_view who) {
  std::vector<access::Permission> permissions;
  body.Each(list, [&](model::ObjectReader& reader) {
    access::Permission permission;
    permission.who = reader.Text(who, {.min = who == "userId" ? 3U : 1U, .max = 256});
    permission.action = reader.Text("permission");
    permission.type = reader.Text("permissionType");
    model::Problems& problems = reader.problems();
    if (problems.empty())
      problems.Add(who == "userId" ? model::CheckUserId(who, permission.who)
                                   : model::CheckObjectName(who, permission.who));
    if (problems.empty() && !access::FindAction(permission.action))
      problems.Add("__root__",
                   fmt::format("Invalid permission in {}. Allowed values: {}", list, kActions));
    if (problems.empty() && permission.type != "allow" && permission.type != "deny")
      problems.Add("__root__",
                   fmt::format("Invalid permissionType in {}. Allowed values: allow, deny", list));
    permissions.push_back(std::move(permission));
  });
  return permissions;
}

Parsed<access::Constraint> ReadConstraint(const Call& call, const json::object& body) {
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  access::Constraint constraint;
  constraint.id = call.request.Parameter("constraintId");
  constraint.name = reader.Text("name", {.min = 1, .max = 256});
  constraint.description = reader.Text("description", {.min = 1, .max = 256});
  constraint.object_type = reader.Text("objectType");
  for (const std::string_view list : {"criteriaAnd", "criteriaOr"})
    if (reader.IsNull(list))
      problems.Add(std::string(list),
                   "none is not an allowed value "
                   "(type=type_error.none.not_allowed)");
  constraint.criteria_and = ReadCriteria(reader, "criteriaAnd");
  constraint.criteria_or = ReadCriteria(reader, "criteriaOr");
  constraint.groups = ReadPermissions(reader, "groupPermissions", "groupId");
  constraint.users = ReadPermissions(reader, "userPermissions", "userId");
  if (problems.empty()) problems.Add(model::CheckObjectName("identifier", constraint.id));
  if (problems.empty()) problems.Add(model::CheckObjectName("name", constraint.name));
  if (problems.empty() && !access::FindObjectType(constraint.object_type))
    problems.Add("__root__", fmt::format("Invalid objectType. Allowed values: {}",
                                         Joined(access::ObjectTypeNames())));
  if (problems.empty() && constraint.criteria_and.empty() && constraint.criteria_or.empty())
    problems.Add("__root__", "Constraint must include criteriaOr or criteriaAnd statements");
  if (auto fine = Check(problems, "CreateConstraintRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return constraint;
}

// ---- Endpoints

Result<http::Response> ListConstraints(Call& call) {
  std::size_t size = FindNumber(call.request, "pageSize").value_or(kConstraintsPage);
  std::string behind;
  if (const auto token = call.request.FindQuery("startingToken"); token && !token->empty()) {
    auto place = PlaceOf(*token);
    if (!place) return RefuseGeneral("Error retrieving constraints");
    behind = *std::move(place);
  }
  TRY(const auto constraints, call.s.permissions.Constraints(call.op));
  json::object message;
  json::array items;
  std::string last;
  for (const access::Constraint& constraint : constraints) {
    if (constraint.id <= behind) continue;
    if (items.size() == size) {
      message["NextToken"] = TokenOf(last);
      break;
    }
    items.push_back(access::ConstraintJson(constraint));
    last = constraint.id;
  }
  message["Items"] = std::move(items);
  return Answer(json::object{{"message", std::move(message)}});
}

Result<http::Response> GetConstraint(Call& call) {
  const std::string& id = call.request.Parameter("constraintId");
  PARSE_OK(Check(model::CheckObjectName("constraintId", id)));
  const auto constraint = call.s.permissions.Constraint(call.op, id);
  if (!constraint.ok()) {
    if (constraint.error().code == Code::kNotFound) return Refuse(404, "Constraint not found");
    return constraint.error();
  }
  return Answer(json::object{{"constraint", access::ConstraintJson(*constraint)}});
}

Result<http::Response> Put(Call& call) {
  PARSE(const auto body, Body(call));
  PARSE(const auto constraint, ReadConstraint(call, body));
  TRY_OK(call.s.permissions.PutConstraints(call.op, {&constraint, 1}, call.user()));
  json::object accepted = access::ConstraintJson(constraint);
  call.Audit(audit::Channel::kAuthChanges, "constraintCreateUpdate",
             {{"constraintId", constraint.id},
              {"operation", "create"},
              {"objectType", constraint.object_type},
              {"groupPermissions", accepted["groupPermissions"]},
              {"userPermissions", accepted["userPermissions"]}});
  accepted.erase("constraintId");
  accepted["identifier"] = constraint.id;
  return Answer(json::object{
      {"success", true},
      {"message", fmt::format("Constraint {} created/updated successfully", constraint.id)},
      {"constraintId", constraint.id},
      {"operation", "create"},
      {"timestamp", Timestamp(call.s.clock.NowMillis())},
      {"constraint", json::serialize(accepted)}});
}

Result<http::Response> DeleteConstraint(Call& call) {
  const std::string& id = call.request.Parameter("constraintId");
  PARSE_OK(Check(model::CheckObjectName("constraintId", id)));
  TRY_OK(call.s.permissions.DeleteConstraint(call.op, id));
  call.Audit(audit::Channel::kAuthChanges, "constraintDelete",
             {{"constraintId", id}, {"operation", "delete"}});
  return Answer(json::object{{"success", true},
                             {"message", fmt::format("Constraint {} deleted successfully", id)},
                             {"constraintId", id},
                             {"operation", "delete"},
                             {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

// ---- Templates

std::vector<access::TemplateVariable> ReadVariables(model::ObjectReader& body) {
  std::vector<access::TemplateVariable> variables;
  body.Each("variables", [&](model::ObjectReader& reader) {
    access::TemplateVariable variable;
    variable.name = reader.Text("name", {.min = 1, .max = 256});
    variable.required = reader.OptionalBool("required").value_or(true);
    variable.description =
        reader.OptionalText("description", {.required = false, .max = 512}).value_or("");
    variable.default_value = reader.OptionalText("default", {.required = false});
    variables.push_back(std::move(variable));
  });
  return variables;
}

// A criterion of a template may hold placeholders, so its value is looked at once they are filled.
std::vector<access::Criterion> ReadTemplateCriteria(model::ObjectReader& body,
                                                    std::string_view list) {
  std::vector<access::Criterion> criteria;
  body.Each(list, [&](model::ObjectReader& reader) {
    access::Criterion criterion;
    criterion.field = reader.Text("field");
    criterion.op = reader.Text("operator");
    const json::value* value = reader.object().if_contains("value");
    criterion.is_list = value != nullptr && value->is_array();
    if (criterion.is_list)
      criterion.values = reader.Texts("value", true);
    else
      criterion.values.push_back(reader.Text("value"));
    if (reader.problems().empty() && !access::FindOperator(criterion.op))
      reader.problems().Add("__root__", fmt::format("Invalid operator '{}'. Allowed: {}",
                                                    criterion.op, Joined(access::OperatorNames())));
    criteria.push_back(std::move(criterion));
  });
  return criteria;
}

void ReadTemplateConstraints(model::ObjectReader& body, access::TemplateRequest& request) {
  body.Each("constraints", [&](model::ObjectReader& reader) {
    model::Problems& problems = reader.problems();
    access::Constraint constraint;
    constraint.name = reader.Text("name", {.min = 1, .max = 256});
    constraint.description = reader.Text("description", {.min = 1, .max = 256});
    constraint.object_type = reader.Text("objectType");
    constraint.criteria_and = ReadTemplateCriteria(reader, "criteriaAnd");
    constraint.criteria_or = ReadTemplateCriteria(reader, "criteriaOr");
    reader.Each("groupPermissions", [&](model::ObjectReader& entry) {
      access::Permission permission;
      permission.action = entry.Text("action");
      permission.type = entry.OptionalText("type", {.required = false}).value_or("allow");
      if (problems.empty() && !access::FindAction(permission.action))
        problems.Add("__root__", fmt::format("Invalid permission action '{}'. Allowed: {}",
                                             permission.action, kActions));
      if (problems.empty() && permission.type != "allow" && permission.type != "deny")
        problems.Add("__root__", fmt::format("Invalid permission type '{}'. Allowed: allow, deny",
                                             permission.type));
      constraint.groups.push_back(std::move(permission));
    });
    if (problems.empty() && !access::FindObjectType(constraint.object_type))
      problems.Add("__root__",
                   fmt::format("Invalid objectType '{}'. Allowed: {}", constraint.object_type,
                               Joined(access::ObjectTypeNames())));
    if (problems.empty() && constraint.criteria_and.empty() && constraint.criteria_or.empty())
      problems.Add("__root__",
                   fmt::format("Constraint '{}' must have at least one criteriaAnd or criteriaOr",
                               constraint.name));
    request.constraints.push_back(std::move(constraint));
  });
}

struct Import {
  access::TemplateRequest request;
  std::string role;
};

Parsed<Import> ReadImport(const json::object& body) {
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  Import import;
  if (const json::value* about = body.if_contains("template");
      about != nullptr && !about->is_null()) {
    if (about->is_object()) {
      model::ObjectReader named(about->get_object(), problems, "template -> ");
      import.request.name = named.Text("name", {.min = 1, .max = 256});
      named.OptionalText("description", {.required = false, .max = 512});
      named.OptionalText("version", {.required = false, .max = 50});
    } else {
      problems.Add("template", "value is not a valid dict (type=type_error.dict)");
    }
  }
  import.request.variables = ReadVariables(reader);
  const json::value* values = body.if_contains("variableValues");
  if (values == nullptr || values->is_null()) {
    problems.Add("variableValues", "field required (type=value_error.missing)");
  } else if (!values->is_object()) {
    problems.Add("variableValues", "value is not a valid dict (type=type_error.dict)");
  } else {
    for (const auto& [name, value] : values->get_object()) {
      auto text = model::ScalarText(value);
      if (text)
        import.request.values.emplace_back(name, *std::move(text));
      else
        problems.Add(fmt::format("variableValues -> {}", std::string_view(name)),
                     "str type expected (type=type_error.str)");
    }
  }
  const json::value* constraints = body.if_contains("constraints");
  if (constraints == nullptr || constraints->is_null())
    problems.Add("constraints", "field required (type=value_error.missing)");
  ReadTemplateConstraints(reader, import.request);
  if (problems.empty() && import.request.constraints.empty())
    problems.Add("__root__", "At least one constraint is required");
  if (problems.empty()) {
    const auto role = std::ranges::find(import.request.values, "ROLE_NAME",
                                        &std::pair<std::string, std::string>::first);
    if (role == import.request.values.end() || role->second.empty()) {
      problems.Add("__root__",
                   "variableValues must include 'ROLE_NAME' (used as groupId for all constraints)");
    } else {
      import.role = role->second;
      if (auto complaint = model::CheckObjectName("ROLE_NAME", import.role))
        problems.Add("__root__", "Invalid ROLE_NAME: " + *complaint);
    }
  }
  if (auto fine = Check(problems, "ImportConstraintsTemplateRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return import;
}

// What a created constraint is held to, after the substitution (permissions.md section 13.1 step
// 7).
Parsed<void> CheckFilledIn(const std::vector<access::Constraint>& constraints) {
  model::Problems problems;
  for (const access::Constraint& constraint : constraints) {
    problems.Add(model::CheckObjectName("name", constraint.name));
    if (constraint.description.empty() || model::Length(constraint.description) > 256)
      problems.Add("__root__", fmt::format("The description of constraint '{}' must have 1 to 256 "
                                           "characters once variables are filled in",
                                           constraint.name));
    for (const auto* list : {&constraint.criteria_and, &constraint.criteria_or})
      for (const access::Criterion& criterion : *list) {
        const std::string name =
            list == &constraint.criteria_and ? "criteriaAndValue" : "criteriaOrValue";
        if (!access::FindField(criterion.field))
          problems.Add("__root__", fmt::format("Invalid field '{}'. Allowed: {}", criterion.field,
                                               Joined(access::FieldNames())));
        for (const std::string& text : criterion.values) {
          if (text.empty()) problems.Add("__root__", name + " is a required field.");
          problems.Add(model::CheckGlobalSpelling(name, text));
          if (!access::CheckPattern(text).ok())
            problems.Add("__root__",
                         name + " is invalid. Must be a properly formatted regex expression.");
        }
      }
  }
  return Check(problems, "ConstraintTemplateModel");
}

Result<http::Response> ImportTemplate(Call& call) {
  PARSE(const auto body, Body(call));
  PARSE(const auto import, ReadImport(body));
  auto filled = access::FillIn(import.request);
  // The sentences of templates are whole ones, prefix and all.
  if (!filled.ok() && filled.error().code == Code::kInvalid)
    return Refuse(400, filled.error().message);
  TRY(auto constraints, std::move(filled));
  PARSE_OK(CheckFilledIn(constraints));
  json::array ids;
  for (access::Constraint& constraint : constraints) {
    constraint.id = NewUuid(call.s.random);
    ids.push_back(json::string(constraint.id));
  }
  TRY_OK(call.s.permissions.PutConstraints(call.op, constraints, call.user(), true));
  call.Audit(audit::Channel::kAuthChanges, "constraintsTemplateImport",
             {{"templateName", import.request.name},
              {"roleName", import.role},
              {"constraintsCreated", constraints.size()},
              {"constraintIds", ids}});
  return Answer(json::object{
      {"success", true},
      {"message",
       fmt::format("Successfully imported {} constraints from template '{}' for role '{}'",
                   constraints.size(), import.request.name, import.role)},
      {"constraintsCreated", constraints.size()},
      {"constraintIds", ids},
      {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

Result<http::Response> ListTemplates(Call&) {
  json::array items;
  for (const access::BuiltInTemplate& one : access::BuiltInTemplates()) {
    json::object item = one.content;
    item["file"] = one.file;
    items.push_back(std::move(item));
  }
  return Answer(json::object{{"Items", std::move(items)}});
}

}  // namespace

void AddConstraintRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup constraints(gate, {.tag = "constraints"});
  const std::string one = "/auth/constraints/{constraintId}";
  constraints.Add(Verb::kGet, "/auth/constraints", "listConstraints", "All constraints",
                  ListConstraints);
  constraints.Add(Verb::kGet, one, "getConstraint", "One constraint", GetConstraint);
  constraints.Add(Verb::kPost, one, "createConstraint", "Create or replace a constraint", Put);
  constraints.Add(Verb::kPut, one, "replaceConstraint", "Create or replace a constraint", Put);
  constraints.Add(Verb::kDelete, one, "deleteConstraint", "Delete a constraint", DeleteConstraint);
  constraints.Add(Verb::kPost, "/auth/constraintsTemplateImport", "importConstraintsTemplate",
                  "Create constraints for a role from a template", ImportTemplate);
  constraints.Add(Verb::kGet, "/auth/constraintsTemplates", "listConstraintsTemplates",
                  "The templates that come with the product", ListTemplates);
}

}  // namespace vams::api
