// The permission engine: the constraints that apply to one caller, compiled, and the decision for
// an object and an action with its reason.  Default deny; a matching deny line wins over any allow.
// Spec: permissions.md sections 1, 4 and 9.
//
// Thread rule: immutable after Compile, share it read-only.  Nothing blocks; no I/O.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/constraint.h"
#include "access/object.h"
#include "access/vocabulary.h"
#include "base/result.h"

namespace vams::access {

// Why a decision came out as it did.
enum class Because : std::uint8_t {
  kAllowed,  // a line allows it and none denies it
  kDenied,   // a line denies it
  kNothing,  // no line allows it
  kNoRules,  // the caller has no rules at all
  kFailed,   // evaluating a rule failed: closed (the step limit of a pattern)
};

// What a decision can come out as while not all of the object is known.
enum class Outlook : std::uint8_t {
  kDenied,
  kAllowed,
  kOpen,  // it depends, or may depend, on what is not known
};

struct Decision {
  bool allowed = false;
  Because because = Because::kNothing;
  // Index into Policy::lines() of the line that decided; -1 where none did.
  int line = -1;
};

// One line of a policy, for explanations.  One per permission entry and criteria group.
struct Line {
  std::string constraint_id;
  std::string constraint_name;
  std::string from;  // "role qa" or "user lee"
  bool deny = false;
  Action action = Action::kGet;
  bool all_of = true;  // the AND group; else the OR group
  ObjectType object_type = ObjectType::kApi;
};

// One criterion's part in an explanation.
struct CriterionTrace {
  std::string text;      // "databaseId equals plant-a"
  bool skipped = false;  // names an unknown field (ruling 11)
  bool holds = false;
  bool failed = false;  // could not be evaluated: the step limit, or no valid pattern
};
struct LineTrace {
  Line line;
  bool matches = false;
  std::vector<CriterionTrace> criteria;
};
struct Explanation {
  Decision decision;
  std::string text;              // one sentence for people
  std::vector<LineTrace> lines;  // those of the object's type and the action
};

// A problem of a stored constraint that is told at load and by `vams verify`.
struct Warning {
  std::string constraint_id;
  std::string text;
  bool operator==(const Warning&) const = default;
};

// What is wrong with a constraint, whomever it applies to; in the order of its criteria.
std::vector<Warning> ReviewConstraint(const Constraint& constraint);

class Policy {
 public:
  // `roles`: those that count for the login at hand (the caller has left out the ones that need a
  // second factor).  Constraints of others are ignored, so that all stored ones may be passed;
  // constraints of the same id count once.
  //
  // Never fails.  A criterion on an unknown field is skipped (quirk Q1).  A criterion whose
  // operator is unknown or whose pattern cannot be compiled (imported data: writes are checked)
  // takes its group of criteria with it: an allow line is dropped; a deny line fails closed, so
  // that every request for its type and action is denied (kFailed) until it is mended.  Entries
  // with an unknown object type, action or permission type have no effect.  All of that is told in
  // `warnings` when that is not null, for the constraints that apply to this caller.
  static Policy Compile(std::string_view user, std::span<const std::string> roles,
                        std::span<const Constraint> constraints,
                        std::vector<Warning>* warnings = nullptr);

  Policy(Policy&&) noexcept;
  Policy& operator=(Policy&&) noexcept;
  ~Policy();

  // Every line that could deny and every allow line with a real expression is evaluated, so that
  // the decision does not depend on the order of constraints: a matching deny line denies; else a
  // test that failed (step limit, a field that is no valid UTF-8) denies; else one allow line
  // allows.
  Decision Decide(const Object& object, Action action) const;
  bool Allows(const Object& object, Action action) const { return Decide(object, action).allowed; }
  // The API's first tier, without making an object.
  Decision DecideApi(std::string_view path, Action action) const;

  // The decision for every object that is like this one but for the fields `unknown`, whatever
  // valid UTF-8 stands in those.  For whoever decides about many objects at once.
  Outlook Foresee(const Object& object, Action action, std::span<const Field> unknown) const;
  // Names the decisions about objects of this type: policies with the same text decide alike,
  // whomever they are of.  32 bytes.
  std::string Fingerprint(ObjectType type, Action action) const;

  Explanation Explain(const Object& object, Action action) const;

  std::span<const Line> lines() const;
  const std::string& user() const;
  std::span<const std::string> roles() const;

 private:
  struct Impl;
  explicit Policy(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace vams::access
