// Why a permission decision comes out as it does, for administrators.  permissions.md section 1.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/explain.h"
#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;

namespace {

Result<http::Response> Explain(Call& call) {
  PARSE(const auto body, Body(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  const std::string user = reader.Text("userId", {.min = 1});
  const std::string action_name = reader.Text("action");
  const bool mfa = reader.OptionalBool("mfa").value_or(false);
  const json::value* object = body.if_contains("object");
  if (object == nullptr || !object->is_object())
    problems.Add("object", "value is not a valid dict (type=type_error.dict)");
  PARSE_OK(Check(problems, "ExplainRequestModel"));
  const auto action = access::FindAction(action_name);
  if (!action) return Refuse(400, "Invalid action. Allowed values: GET, PUT, POST, DELETE");
  const auto asked = ReadObject(object->get_object());
  if (!asked.ok()) return Refuse(400, asked.error().message);
  TRY(const auto policy, call.s.permissions.PolicyFor(call.op, user, mfa));
  json::object answer = ExplanationJson(policy->Explain(*asked, *action));
  answer["userId"] = user;
  answer["mfa"] = mfa;
  answer["roles"] = json::array(policy->roles().begin(), policy->roles().end());
  return Answer(answer);
}

}  // namespace

Result<access::Object> ReadObject(const json::object& object) {
  const json::value* type_name = object.if_contains("object__type");
  const auto type = type_name != nullptr && type_name->is_string()
                        ? access::FindObjectType(std::string_view(type_name->get_string()))
                        : std::nullopt;
  if (!type) {
    std::string known;
    for (const std::string_view name : access::ObjectTypeNames())
      known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    return Error(Code::kInvalid,
                 fmt::format("'object__type' says what the object is; it is one of {}", known));
  }
  access::Object result(*type);
  for (const auto& [name, value] : object) {
    const auto field = access::FindField(name);
    if (field == access::Field::kObjectType) continue;
    if (field == access::Field::kTags && value.is_array()) {
      std::vector<std::string> tags;
      for (const json::value& tag : value.get_array())
        tags.push_back(model::ScalarText(tag).value_or(""));
      result.SetTags(std::move(tags));
      continue;
    }
    const auto text = model::ScalarText(value);
    if (!field || field == access::Field::kTags || !text) {
      std::string known;
      for (const std::string_view one : access::FieldNames())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", one);
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" is no field that rules look at, or its value is of the "
                               "wrong kind; fields are {} (tags is a list, all others texts)",
                               std::string_view(name), known));
    }
    result.Set(*field, *text);
  }
  return result;
}

json::object ExplanationJson(const access::Explanation& explanation) {
  json::array lines;
  for (const access::LineTrace& trace : explanation.lines) {
    json::array criteria;
    for (const access::CriterionTrace& criterion : trace.criteria)
      criteria.push_back(json::object{{"criterion", criterion.text},
                                      {"holds", criterion.holds},
                                      {"skipped", criterion.skipped}});
    lines.push_back(json::object{{"constraintId", trace.line.constraint_id},
                                 {"constraintName", trace.line.constraint_name},
                                 {"from", trace.line.from},
                                 {"effect", trace.line.deny ? "deny" : "allow"},
                                 {"group", trace.line.all_of ? "criteriaAnd" : "criteriaOr"},
                                 {"matches", trace.matches},
                                 {"criteria", std::move(criteria)}});
  }
  return {{"allowed", explanation.decision.allowed},
          {"explanation", explanation.text},
          {"lines", std::move(lines)}};
}

void AddExplainRoutes(Gate& gate) {
  gate.Add({.verb = http::Verb::kPost,
            .path = "/auth/explain",
            .id = "explainDecision",
            .tag = "constraints",
            .summary = "Why a user may or may not do something",
            .handle = Explain,
            .reads = true});
}

}  // namespace vams::api
