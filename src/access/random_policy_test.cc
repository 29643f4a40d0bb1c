// Random policies against an evaluator that does what section 1.2 of permissions.md says, one line
// after the other, with values of plain text.  Expressions are compared with Python and casbin in
// tests/access.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "access/policy.h"

namespace vams::access {
namespace {

using Generator = std::mt19937;

template <typename T, std::size_t kCount>
const T& Pick(Generator& random, const T (&of)[kCount]) {
  return of[std::uniform_int_distribution<std::size_t>(0, kCount - 1)(random)];
}

const std::string kTexts[] = {"a", "b", "ab", "ba", "a\n", "\n", "b\na", "", "aab", "x-1"};
const std::string kValues[] = {"a", "b", "ab", "x-1", ".*"};
const std::string kFieldsUsed[] = {"databaseId", "assetName", "tags", "assetId"};
const std::string kWho[] = {"ops", "qa", "other"};

// What `.` cannot cross ends the text that an expression sees from its start.
bool HoldsFor(const std::string& op, const std::string& value, const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  const bool one_line = line.size() + 1 >= text.size();
  if (value == ".*") return op == "contains" || op == "starts_with" ? true : one_line;
  if (op == "equals") return text == value || text == value + "\n";
  if (op == "starts_with") return text.substr(0, value.size()) == value;
  if (op == "contains") return line.find(value) != std::string::npos;
  // The values hold no newline, so what ends with one ends in the first line.
  return one_line && line.size() >= value.size() &&
         line.substr(line.size() - value.size()) == value;
}

bool Naive(const Criterion& criterion, const Object& object) {
  std::string op = criterion.op;
  const bool negated = op == "does_not_contain" || op == "is_not_one_of";
  if (op == "does_not_contain") op = "contains";
  if (op == "is_not_one_of") op = "is_one_of";
  bool any = false;
  const auto field = *FindField(criterion.field);
  for (const std::string& value : criterion.values) {
    if (field == Field::kTags) {
      for (const std::string& tag : object.tags())
        any = any || (op == "is_one_of" ? tag == value : HoldsFor(op, value, tag));
    } else {
      const std::string text(object.Get(field));
      if (op != "is_one_of") {
        any = any || HoldsFor(op, value, text);
      } else {
        any = any || (criterion.is_list ? text == value : text.find(value) != std::string::npos);
      }
    }
  }
  return any != negated;
}

bool NaiveGroup(const std::vector<Criterion>& criteria, bool all_of, const Object& object) {
  int known = 0;
  int held = 0;
  for (const Criterion& criterion : criteria) {
    if (!FindField(criterion.field)) continue;
    ++known;
    if (Naive(criterion, object)) ++held;
  }
  return known > 0 && (all_of ? held == known : held > 0);
}

bool NaiveAllows(const std::vector<Constraint>& constraints, const Object& object, Action action) {
  bool allow = false;
  bool deny = false;
  for (const Constraint& constraint : constraints) {
    if (constraint.object_type != Name(object.type())) continue;
    if (!NaiveGroup(constraint.criteria_and, true, object) &&
        !NaiveGroup(constraint.criteria_or, false, object))
      continue;
    for (const Permission& p : constraint.groups)
      if (p.who != "other" && p.action == Name(action)) (p.type == "deny" ? deny : allow) = true;
    for (const Permission& p : constraint.users)
      if (p.who == "ops" && p.action == Name(action)) (p.type == "deny" ? deny : allow) = true;
  }
  return allow && !deny;
}

Constraint RandomConstraint(Generator& random, int number) {
  const auto chance = [&](int percent) {
    return std::uniform_int_distribution<int>(0, 99)(random) < percent;
  };
  Constraint constraint;
  constraint.id = "k" + std::to_string(number);
  constraint.object_type = chance(80) ? "asset" : "database";
  for (auto* group : {&constraint.criteria_and, &constraint.criteria_or}) {
    while (chance(55)) {
      const auto ops = OperatorNames();
      const auto op = std::uniform_int_distribution<std::size_t>(0, ops.size() - 1)(random);
      Criterion criterion;
      criterion.field = Pick(random, kFieldsUsed);
      criterion.op = ops[op];
      criterion.values = {Pick(random, kValues)};
      criterion.is_list = chance(25);
      while (criterion.is_list && chance(50)) criterion.values.push_back(Pick(random, kValues));
      group->push_back(std::move(criterion));
    }
  }
  do {
    const Permission permission{.who = Pick(random, kWho),
                                .action = chance(70) ? "GET" : "PUT",
                                .type = chance(25) ? "deny" : "allow",
                                .id = {}};
    (chance(80) ? constraint.groups : constraint.users).push_back(permission);
  } while (chance(30));
  return constraint;
}

TEST(RandomPolicy, DecidesAsTheNaiveEvaluatorDoes) {
  const unsigned seed = 20'250'613;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator random(seed);
  const std::vector<std::string> roles = {"ops", "qa"};
  int allowed = 0;
  for (int round = 0; round < 1'500; ++round) {
    std::vector<Constraint> constraints;
    for (int i = 0; i <= round % 5; ++i) constraints.push_back(RandomConstraint(random, i));
    const Policy policy = Policy::Compile("ops", roles, constraints);
    for (int request = 0; request < 20; ++request) {
      const Object object =
          Object(request % 5 == 0 ? ObjectType::kDatabase : ObjectType::kAsset)
              .Set(Field::kDatabaseId, Pick(random, kTexts))
              .Set(Field::kAssetName, Pick(random, kTexts))
              .SetTags(request % 3 == 0 ? std::vector<std::string>()
                                        : std::vector{Pick(random, kTexts), Pick(random, kTexts)});
      const Action action = request % 4 == 0 ? Action::kPut : Action::kGet;

      const bool wanted = NaiveAllows(constraints, object, action);

      allowed += wanted ? 1 : 0;
      const Explanation explained = policy.Explain(object, action);
      ASSERT_EQ(policy.Allows(object, action), wanted)
          << "round " << round << ": " << explained.text;
      ASSERT_EQ(explained.decision.allowed, wanted);
    }
  }
  EXPECT_GT(allowed, 2'000) << "denials alone prove little";
}

Object RandomAsset(Generator& random, bool tagged) {
  return Object(ObjectType::kAsset)
      .Set(Field::kDatabaseId, Pick(random, kTexts))
      .Set(Field::kAssetName, Pick(random, kTexts))
      .SetTags(tagged ? std::vector{Pick(random, kTexts), Pick(random, kTexts)}
                      : std::vector<std::string>());
}

// A search decides about whole groups of documents by what they have in common.  What it is told
// of a group must be what each of them would be told, or one document leaks.
TEST(RandomPolicy, ForeseesNothingThatADecisionContradicts) {
  const unsigned seed = 20'250'614;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator random(seed);
  const std::vector<std::string> roles = {"ops", "qa"};
  const Field fields[] = {Field::kDatabaseId, Field::kAssetName, Field::kTags};
  int certain = 0;
  int open = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::vector<Constraint> constraints;
    for (int i = 0; i <= round % 5; ++i) constraints.push_back(RandomConstraint(random, i));
    const Policy policy = Policy::Compile("ops", roles, constraints);
    const auto hidden = std::uniform_int_distribution<unsigned>(0, 7)(random);
    std::vector<Field> unknown;
    for (unsigned i = 0; i < 3; ++i)
      if ((hidden >> i & 1U) != 0) unknown.push_back(fields[i]);
    const Object known = RandomAsset(random, round % 3 != 0);

    const Outlook outlook = policy.Foresee(known, Action::kGet, unknown);

    ++(outlook == Outlook::kOpen ? open : certain);
    if (unknown.empty()) {
      ASSERT_NE(outlook, Outlook::kOpen);
    }
    for (int i = 0; i < 20; ++i) {
      Object whole = RandomAsset(random, i % 3 != 0);
      if ((hidden & 1U) == 0) whole.Set(Field::kDatabaseId, known.Get(Field::kDatabaseId));
      if ((hidden & 2U) == 0) whole.Set(Field::kAssetName, known.Get(Field::kAssetName));
      if ((hidden & 4U) == 0) whole.SetTags(known.tags());
      const bool allowed = policy.Allows(whole, Action::kGet);
      if (outlook == Outlook::kOpen) continue;
      ASSERT_EQ(allowed, outlook == Outlook::kAllowed)
          << "round " << round << ": " << policy.Explain(whole, Action::kGet).text;
    }
  }
  EXPECT_GT(certain, 1'000);
  EXPECT_GT(open, 300);
}

// Policies with the same fingerprint share what was derived from one of them.
TEST(RandomPolicy, DecidesAlikeWhereTheFingerprintIsTheSame) {
  const unsigned seed = 20'250'615;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator random(seed);
  int same = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::vector<Constraint> constraints;
    for (int i = 0; i <= round % 4; ++i) constraints.push_back(RandomConstraint(random, i));
    std::vector<Constraint> others = constraints;
    // Something that may or may not count for the asset rules of these roles.
    Constraint& changed = others[static_cast<std::size_t>(round) % others.size()];
    switch (round % 4) {
      case 0:
        std::ranges::reverse(others);
        break;
      case 1:
        changed.groups.push_back(
            {.who = "qa", .action = "GET", .type = round % 8 == 1 ? "deny" : "allow", .id = {}});
        break;
      case 2:
        changed.criteria_or.push_back(
            {.field = "assetName", .op = "equals", .values = {"ab"}, .id = {}});
        break;
      default:
        if (!changed.criteria_and.empty()) changed.criteria_and.front().values.front() += "b";
        break;
    }
    const Policy policy = Policy::Compile("ops", std::vector<std::string>{"qa"}, constraints);
    const Policy other = Policy::Compile("ops", std::vector<std::string>{"qa"}, others);

    const bool equal = policy.Fingerprint(ObjectType::kAsset, Action::kGet) ==
                       other.Fingerprint(ObjectType::kAsset, Action::kGet);

    same += equal ? 1 : 0;
    for (int i = 0; equal && i < 20; ++i) {
      const Object asset = RandomAsset(random, i % 3 != 0);
      ASSERT_EQ(policy.Allows(asset, Action::kGet), other.Allows(asset, Action::kGet))
          << "round " << round;
    }
  }
  EXPECT_GT(same, 700) << "the order of constraints alone must not tell policies apart";
}

}  // namespace
}  // namespace vams::access
