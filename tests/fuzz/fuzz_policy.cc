// Any bytes as the criteria and permissions of a stored constraint, as a pattern and as what they
// are tested on.  Nothing may crash or run away; a caller without permissions is allowed nothing;
// and what may be written as a pattern can be evaluated.
//
// The first byte chooses what the others are.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "access/policy.h"

namespace {

using namespace vams;
using namespace vams::access;

const std::string kRole = "r";

void Decide(const Constraint& constraint, std::string_view text) {
  const Policy policy = Policy::Compile("u", {&kRole, 1}, {&constraint, 1});
  const Object object = Object(ObjectType::kAsset)
                            .Set(Field::kDatabaseId, text)
                            .Set(Field::kAssetName, text)
                            .SetTags({std::string(text)});
  for (const Action action : {Action::kGet, Action::kPut, Action::kPost, Action::kDelete}) {
    const Explanation explanation = policy.Explain(object, action);
    if (explanation.decision.allowed != policy.Allows(object, action)) std::abort();
    if (explanation.decision.allowed && explanation.decision.line < 0) std::abort();
  }
  if (Policy::Compile("x", {}, {&constraint, 1}).Allows(object, Action::kGet) &&
      constraint.users.empty())
    std::abort();
  (void)ReviewConstraint(constraint);
}

void Stored(std::string_view bytes) {
  boost::system::error_code bad;
  const auto value = boost::json::parse(bytes, bad);
  if (bad) return;
  Constraint constraint;
  constraint.id = "k";
  constraint.object_type = "asset";
  const auto* object = value.if_object();
  const auto read = [&](const char* name) {
    const auto* member = object != nullptr ? object->if_contains(name) : nullptr;
    return member != nullptr ? *member : boost::json::value();
  };
  if (auto all = ParseCriteria(read("criteriaAnd")); all.ok()) constraint.criteria_and = *all;
  if (auto any = ParseCriteria(read("criteriaOr")); any.ok()) constraint.criteria_or = *any;
  if (auto groups = ParsePermissions(read("groupPermissions"), "groupId"); groups.ok())
    constraint.groups = *groups;
  if (auto users = ParsePermissions(read("userPermissions"), "userId"); users.ok())
    constraint.users = *users;
  Decide(constraint, "plant-a");
}

void Pattern(std::string_view pattern, std::string_view text) {
  Constraint constraint;
  constraint.id = "k";
  constraint.object_type = "asset";
  constraint.groups = {{.who = kRole, .action = "GET", .type = "allow", .id = {}}};
  for (const char* op : {"equals", "contains", "starts_with", "ends_with", "does_not_contain"}) {
    constraint.criteria_and = {
        {.field = "assetName", .op = op, .values = {std::string(pattern)}, .id = {}}};
    if (CheckPattern(pattern).ok() && !ReviewConstraint(constraint).empty()) std::abort();
    Decide(constraint, text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    Stored(bytes);
    return 0;
  }
  const std::size_t cut = bytes.find('\0');
  Pattern(bytes.substr(0, cut),
          cut == std::string_view::npos ? std::string_view("Pump 7") : bytes.substr(cut + 1));
  return 0;
}
