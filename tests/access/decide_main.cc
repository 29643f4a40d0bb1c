// Answers questions to the permission engine, for the scripts that compare it with other programs.
// Reads JSON lines, writes one line for each:
//
//   {"user", "roles", "constraints": [as the API writes them], "requests": [[type, {field: text,
//   "tags": [...]}, action], ...]}     one letter a request: A allowed, D denied, N nothing allows,
//                                      R no rules, F failed; "?" for an action that is none
//   {"pattern", "texts": [...]}        "!" if CheckPattern refuses it, else for each text one
//   digit:
//                                      bit 0 equals, bit 1 contains, bit 2 starts_with, bit 3
//                                      ends_with; "F" when one of them failed
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "access/policy.h"

namespace {

using namespace vams;
using namespace vams::access;
namespace json = boost::json;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "decide: %s\n", result.error().message.c_str());
    std::exit(2);
  }
  return *std::move(result);
}

std::string Text(const json::value& value) { return std::string(value.as_string()); }

Constraint ReadConstraint(const json::object& object) {
  Constraint constraint;
  constraint.id = Text(object.at("constraintId"));
  constraint.object_type = Text(object.at("objectType"));
  constraint.criteria_and = Must(ParseCriteria(object.at("criteriaAnd")));
  constraint.criteria_or = Must(ParseCriteria(object.at("criteriaOr")));
  constraint.groups = Must(ParsePermissions(object.at("groupPermissions"), "groupId"));
  constraint.users = Must(ParsePermissions(object.at("userPermissions"), "userId"));
  return constraint;
}

Object ReadObject(const json::value& type, const json::object& fields) {
  const auto known = FindObjectType(type.as_string());
  if (!known) std::exit(2);
  Object object(*known);
  for (const auto& [name, value] : fields) {
    if (name == "tags") {
      std::vector<std::string> tags;
      for (const json::value& tag : value.as_array()) tags.push_back(Text(tag));
      object.SetTags(std::move(tags));
    } else if (const auto field = FindField(name)) {
      object.Set(*field, value.as_string());
    }
  }
  return object;
}

char Letter(const Decision& decision) {
  switch (decision.because) {
    case Because::kAllowed:
      return 'A';
    case Because::kDenied:
      return 'D';
    case Because::kNothing:
      return 'N';
    case Because::kNoRules:
      return 'R';
    case Because::kFailed:
      return 'F';
  }
  return '?';
}

std::string AnswerPolicy(const json::object& question) {
  std::vector<std::string> roles;
  for (const json::value& role : question.at("roles").as_array()) roles.push_back(Text(role));
  std::vector<Constraint> constraints;
  for (const json::value& constraint : question.at("constraints").as_array())
    constraints.push_back(ReadConstraint(constraint.as_object()));
  const Policy policy = Policy::Compile(Text(question.at("user")), roles, constraints);
  std::string answers;
  for (const json::value& entry : question.at("requests").as_array()) {
    const json::array& request = entry.as_array();
    const auto action = FindAction(request.at(2).as_string());
    const Object object = ReadObject(request.at(0), request.at(1).as_object());
    answers += action ? Letter(policy.Decide(object, *action)) : '?';
  }
  return answers;
}

std::string AnswerPattern(const json::object& question) {
  const std::string pattern = Text(question.at("pattern"));
  if (!CheckPattern(pattern).ok()) return "!";
  std::vector<Policy> policies;
  for (const char* op : {"equals", "contains", "starts_with", "ends_with"}) {
    Constraint constraint;
    constraint.object_type = "database";
    constraint.criteria_and = {{.field = "databaseId", .op = op, .values = {pattern}, .id = {}}};
    constraint.users = {{.who = "u", .action = "GET", .type = {}, .id = {}}};
    policies.push_back(Policy::Compile("u", {}, {&constraint, 1}));
  }
  std::string answers;
  for (const json::value& text : question.at("texts").as_array()) {
    const Object object = Object(ObjectType::kDatabase).Set(Field::kDatabaseId, text.as_string());
    int bits = 0;
    bool failed = false;
    for (std::size_t i = 0; i < policies.size(); ++i) {
      const Decision decision = policies[i].Decide(object, Action::kGet);
      if (decision.allowed) bits |= 1 << i;
      failed = failed || decision.because == Because::kFailed;
    }
    answers += failed ? 'F' : "0123456789abcdef"[bits];
  }
  return answers;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const json::value question = json::parse(line);
    const json::object& object = question.as_object();
    std::cout << (object.contains("pattern") ? AnswerPattern(object) : AnswerPolicy(object))
              << '\n';
  }
  return 0;
}
