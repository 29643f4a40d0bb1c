#include "access/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "access/matcher.h"
#include "access/utf8.h"
#include "base/hash.h"

namespace vams::access {

namespace {

// A criterion as it is told to people, and where its test is.
struct Part {
  std::string text;
  int test = -1;  // index into Rule::tests; -1 when it is skipped or cannot be evaluated
  bool skipped = false;
};

struct FieldTest {
  Field field;
  Matcher matcher;
};

// A criteria group, compiled; the permissions of a constraint share it.
struct Rule {
  bool all_of = true;
  bool broken = false;  // has a criterion that cannot be evaluated
  std::vector<FieldTest> tests;
  std::vector<Part> parts;
  std::string digest;  // of all that its verdict depends on

  bool can_fail() const {
    return std::ranges::any_of(tests, [](const FieldTest& t) { return t.matcher.can_fail(); });
  }
};

std::uint32_t BitOf(Field field) { return std::uint32_t{1} << static_cast<unsigned>(field); }

// What one decision is about, without a copy of the object.
class View {
 public:
  explicit View(const Object& object) : object_(&object), type_(object.type()) {}
  explicit View(std::string_view path) : path_(path), type_(ObjectType::kApi) {}

  ObjectType type() const { return type_; }

  Verdict Test(const FieldTest& test) {
    if (!IsValid(test.field)) return Verdict::kFailed;
    if (test.field == Field::kTags) {
      return test.matcher.TestList(object_ == nullptr ? std::span<const std::string>()
                                                      : std::span(object_->tags()));
    }
    return test.matcher.Test(Get(test.field));
  }

 private:
  std::string_view Get(Field field) const {
    if (object_ != nullptr) return object_->Get(field);
    if (field == Field::kRoutePath) return path_;
    return field == Field::kObjectType ? Name(type_) : std::string_view();
  }
  // Expressions are undefined on broken text, so no criterion holds for it.  Looked at once a
  // field.
  bool IsValid(Field field) {
    const std::uint32_t bit = BitOf(field);
    if ((valid_ & bit) != 0) return true;
    bool valid = true;
    if (field != Field::kTags) {
      valid = IsValidUtf8(Get(field));
    } else if (object_ != nullptr) {
      valid = std::ranges::all_of(object_->tags(), IsValidUtf8);
    }
    if (valid) valid_ |= bit;
    return valid;
  }

  const Object* object_ = nullptr;
  std::string_view path_;
  ObjectType type_;
  std::uint32_t valid_ = 0;
};

Verdict Test(const Rule& rule, View& view) {
  const Verdict decisive = rule.all_of ? Verdict::kNo : Verdict::kYes;
  for (const FieldTest& test : rule.tests) {
    const Verdict verdict = view.Test(test);
    if (verdict == decisive || verdict == Verdict::kFailed) return verdict;
  }
  return rule.all_of ? Verdict::kYes : Verdict::kNo;
}

// All that a test or a rule can come out as.
struct Outcomes {
  bool no = false;
  bool yes = false;
  bool failed = false;

  static Outcomes Of(Verdict verdict) {
    return {.no = verdict == Verdict::kNo,
            .yes = verdict == Verdict::kYes,
            .failed = verdict == Verdict::kFailed};
  }
  bool always_fails() const { return failed && !no && !yes; }
  bool always_holds() const { return yes && !no && !failed; }
};

// As Test, while the fields of `unknown` may hold anything.
Outcomes Foresee(const Rule& rule, View& view, std::uint32_t unknown) {
  if (rule.broken) return Outcomes::Of(Verdict::kFailed);
  Outcomes all;
  for (const FieldTest& test : rule.tests) {
    const Outcomes one = (BitOf(test.field) & unknown) == 0
                             ? Outcomes::Of(view.Test(test))
                             : Outcomes{.no = true, .yes = true, .failed = test.matcher.can_fail()};
    all.failed = all.failed || one.failed;
    (rule.all_of ? all.no : all.yes) |= rule.all_of ? one.no : one.yes;
    // Whether there is a way to the next test.
    if (rule.all_of ? !one.yes : !one.no) return all;
  }
  (rule.all_of ? all.yes : all.no) = true;
  return all;
}

std::string DigestOf(const std::vector<Criterion>& criteria, bool all_of) {
  std::string text(all_of ? "all" : "any");
  const auto add = [&](std::string_view part) {
    text += fmt::format("{}:", part.size());
    text += part;
  };
  for (const Criterion& criterion : criteria) {
    add(criterion.field);
    add(criterion.op);
    text += fmt::format("{}{}:", criterion.is_list ? 'l' : 't', criterion.values.size());
    for (const std::string& value : criterion.values) add(value);
  }
  return Sha256(text);
}

std::string CriterionText(const Criterion& criterion) {
  std::string values;
  for (const std::string& value : criterion.values) {
    if (!values.empty()) values += ", ";
    values += value;
  }
  if (criterion.is_list) values = "[" + values + "]";
  return fmt::format("{} {} {}", criterion.field, criterion.op, values);
}

// Nothing when no criterion of the group is left: such a group makes no line.
std::optional<Rule> CompileRule(const std::vector<Criterion>& criteria, bool all_of,
                                const std::string& id, std::vector<Warning>& warnings) {
  Rule rule;
  rule.all_of = all_of;
  for (const Criterion& criterion : criteria) {
    Part part{.text = CriterionText(criterion)};
    const auto field = FindField(criterion.field);
    const auto op = FindOperator(criterion.op);
    if (!field) {
      part.skipped = true;
      warnings.push_back({id, fmt::format("criterion \"{}\" names an unknown field and is skipped, "
                                          "which can widen the rule; name a known field",
                                          part.text)});
    } else if (!op) {
      rule.broken = true;
      warnings.push_back({id, fmt::format("criterion \"{}\" has an unknown operator: its allow "
                                          "rules have no effect and its deny rules deny always",
                                          part.text)});
    } else if (auto matcher = Matcher::Compile(*op, criterion); !matcher.ok()) {
      rule.broken = true;
      warnings.push_back({id, fmt::format("criterion \"{}\" cannot be evaluated: its allow rules "
                                          "have no effect and its deny rules deny always: {}",
                                          part.text, matcher.error().message)});
    } else {
      part.test = static_cast<int>(rule.tests.size());
      rule.tests.push_back({*field, *std::move(matcher)});
    }
    rule.parts.push_back(std::move(part));
  }
  if (rule.tests.empty() && !rule.broken) return std::nullopt;
  rule.digest = DigestOf(criteria, all_of);
  return rule;
}

// A permission entry whose words are known.
struct Grant {
  std::string from;
  Action action = Action::kGet;
  bool deny = false;
};

std::optional<Grant> ReadGrant(const Permission& permission, std::string_view kind,
                               const std::string& id, std::vector<Warning>& warnings) {
  const auto action = FindAction(permission.action);
  const bool deny = permission.type == "deny";
  if (!action || (!deny && !permission.type.empty() && permission.type != "allow")) {
    warnings.push_back({id, fmt::format("the permission \"{} {}\" of {} {} has an unknown word and "
                                        "has no effect",
                                        permission.type, permission.action, kind, permission.who)});
    return std::nullopt;
  }
  return Grant{fmt::format("{} {}", kind, permission.who), *action, deny};
}

std::optional<ObjectType> ReadType(const Constraint& constraint, std::vector<Warning>& warnings) {
  const auto type = FindObjectType(constraint.object_type);
  if (!type) {
    warnings.push_back({constraint.id, fmt::format("the object type \"{}\" is unknown, so that the "
                                                   "constraint has no effect",
                                                   constraint.object_type)});
  }
  return type;
}

}  // namespace

std::vector<Warning> ReviewConstraint(const Constraint& constraint) {
  std::vector<Warning> warnings;
  ReadType(constraint, warnings);
  CompileRule(constraint.criteria_and, true, constraint.id, warnings);
  CompileRule(constraint.criteria_or, false, constraint.id, warnings);
  for (const Permission& p : constraint.groups) ReadGrant(p, "role", constraint.id, warnings);
  for (const Permission& p : constraint.users) ReadGrant(p, "user", constraint.id, warnings);
  return warnings;
}

struct Policy::Impl {
  // A line of a bucket.
  struct Entry {
    std::uint32_t rule;
    std::uint32_t line;
  };
  // The lines of one type and action.  Lines of the same rule and effect stand once.
  struct Bucket {
    std::vector<Entry> denies;
    std::vector<Entry> expressions;  // allow lines whose evaluation can fail
    std::vector<Entry> plain;        // allow lines of plain texts
  };

  void Add(const Constraint& constraint, std::vector<Warning>& warnings);
  void AddRule(const Constraint& constraint, ObjectType type, std::span<const Grant> grants,
               Rule compiled);
  Decision Decide(View view, Action action) const;
  Outlook Foresee(View view, Action action, std::uint32_t unknown) const;
  LineTrace Trace(std::size_t line, View& view) const;
  std::string Sentence(const Decision& decision, const Object& object, Action action,
                       std::size_t looked_at) const;

  Bucket& At(ObjectType type, Action action) {
    return buckets[static_cast<std::size_t>(type)][static_cast<std::size_t>(action)];
  }
  const Bucket& At(ObjectType type, Action action) const {
    return buckets[static_cast<std::size_t>(type)][static_cast<std::size_t>(action)];
  }

  std::string user;
  std::vector<std::string> roles;
  std::vector<Rule> rules;
  std::vector<Line> lines;
  std::vector<std::uint32_t> line_rules;  // the rule of each line
  std::array<std::array<Bucket, 4>, kObjectTypes> buckets;
};

void Policy::Impl::Add(const Constraint& constraint, std::vector<Warning>& warnings) {
  const auto role_counts = [&](const Permission& p) {
    return !p.who.empty() && std::ranges::find(roles, p.who) != roles.end();
  };
  const auto user_counts = [&](const Permission& p) { return !p.who.empty() && p.who == user; };
  // Most stored constraints are those of others.
  if (std::ranges::none_of(constraint.groups, role_counts) &&
      std::ranges::none_of(constraint.users, user_counts))
    return;
  const auto type = ReadType(constraint, warnings);
  if (!type) return;
  std::vector<Grant> grants;
  const auto read = [&](const Permission& permission, std::string_view kind) {
    if (auto grant = ReadGrant(permission, kind, constraint.id, warnings))
      grants.push_back(*std::move(grant));
  };
  for (const Permission& p : constraint.groups)
    if (role_counts(p)) read(p, "role");
  for (const Permission& p : constraint.users)
    if (user_counts(p)) read(p, "user");
  for (const bool all_of : {true, false}) {
    auto rule = CompileRule(all_of ? constraint.criteria_and : constraint.criteria_or, all_of,
                            constraint.id, warnings);
    if (rule) AddRule(constraint, *type, grants, *std::move(rule));
  }
}

void Policy::Impl::AddRule(const Constraint& constraint, ObjectType type,
                           std::span<const Grant> grants, Rule compiled) {
  const auto rule = static_cast<std::uint32_t>(rules.size());
  const bool can_fail = compiled.can_fail();
  for (const Grant& grant : grants) {
    if (compiled.broken && !grant.deny) continue;
    Bucket& bucket = At(type, grant.action);
    std::vector<Entry>& entries = grant.deny ? bucket.denies
                                  : can_fail ? bucket.expressions
                                             : bucket.plain;
    if (entries.empty() || entries.back().rule != rule)
      entries.push_back({rule, static_cast<std::uint32_t>(lines.size())});
    line_rules.push_back(rule);
    lines.push_back({.constraint_id = constraint.id,
                     .constraint_name = constraint.name,
                     .from = grant.from,
                     .deny = grant.deny,
                     .action = grant.action,
                     .all_of = compiled.all_of,
                     .object_type = type});
  }
  rules.push_back(std::move(compiled));
}

Decision Policy::Impl::Decide(View view, Action action) const {
  if (lines.empty()) return {.because = Because::kNoRules};
  const Bucket& bucket = At(view.type(), action);
  int failed = -1;
  const auto test = [&](const Entry& entry) {
    const Rule& rule = rules[entry.rule];
    const Verdict verdict = rule.broken ? Verdict::kFailed : Test(rule, view);
    if (verdict == Verdict::kFailed && failed < 0) failed = static_cast<int>(entry.line);
    return verdict == Verdict::kYes;
  };
  for (const Entry& entry : bucket.denies)
    if (test(entry)) return {.because = Because::kDenied, .line = static_cast<int>(entry.line)};
  int allowed = -1;
  for (const Entry& entry : bucket.expressions)
    if (test(entry) && allowed < 0) allowed = static_cast<int>(entry.line);
  // Plain lines fail only on broken text, and then the first one that reads it tells.
  for (const Entry& entry : bucket.plain) {
    if (allowed >= 0 || failed >= 0) break;
    if (test(entry)) allowed = static_cast<int>(entry.line);
  }
  if (failed >= 0) return {.because = Because::kFailed, .line = failed};
  if (allowed >= 0) return {.allowed = true, .because = Because::kAllowed, .line = allowed};
  return {};
}

// Of Decide's steps, those that are taken whatever the unknown fields hold.
Outlook Policy::Impl::Foresee(View view, Action action, std::uint32_t unknown) const {
  const Bucket& bucket = At(view.type(), action);
  bool may_deny = false;
  bool may_allow = false;
  bool must_allow = false;
  for (const Entry& entry : bucket.denies) {
    const Outcomes outcomes = access::Foresee(rules[entry.rule], view, unknown);
    if (!outcomes.no) return Outlook::kDenied;
    may_deny = may_deny || outcomes.yes || outcomes.failed;
  }
  for (const auto* entries : {&bucket.expressions, &bucket.plain})
    for (const Entry& entry : *entries) {
      const Outcomes outcomes = access::Foresee(rules[entry.rule], view, unknown);
      // A plain line that fails is not reached if another one allows before.
      if (outcomes.always_fails() && entries == &bucket.expressions) return Outlook::kDenied;
      may_deny = may_deny || outcomes.failed;
      may_allow = may_allow || outcomes.yes;
      must_allow = must_allow || outcomes.always_holds();
    }
  if (!may_allow) return Outlook::kDenied;
  return must_allow && !may_deny ? Outlook::kAllowed : Outlook::kOpen;
}

LineTrace Policy::Impl::Trace(std::size_t line, View& view) const {
  const Rule& rule = rules[line_rules[line]];
  LineTrace trace{.line = lines[line],
                  .matches = !rule.broken && Test(rule, view) == Verdict::kYes,
                  .criteria = {}};
  for (const Part& part : rule.parts) {
    CriterionTrace criterion{.text = part.text, .skipped = part.skipped};
    if (part.test >= 0) {
      const Verdict verdict = view.Test(rule.tests[static_cast<std::size_t>(part.test)]);
      criterion.holds = verdict == Verdict::kYes;
      criterion.failed = verdict == Verdict::kFailed;
    } else {
      criterion.failed = !part.skipped;
    }
    trace.criteria.push_back(std::move(criterion));
  }
  return trace;
}

std::string Policy::Impl::Sentence(const Decision& decision, const Object& object, Action action,
                                   std::size_t looked_at) const {
  const std::string what = fmt::format("{} on {}", Name(action), Name(object.type()));
  const Line* line = decision.line >= 0 ? &lines[static_cast<std::size_t>(decision.line)] : nullptr;
  const auto constraint = [&] {
    return fmt::format("constraint {} (\"{}\")", line->constraint_id, line->constraint_name);
  };
  switch (decision.because) {
    case Because::kAllowed:
      return fmt::format("{} is allowed by {} through {}", what, line->from, constraint());
    case Because::kDenied:
      return fmt::format("denied: {} forbids {} through {}", line->from, what, constraint());
    case Because::kFailed:
      return fmt::format("denied: {} of {} could not be evaluated for {}; mend its criteria",
                         constraint(), line->from, what);
    case Because::kNoRules:
      return fmt::format("denied: no rule applies to user {}, who has {}", user,
                         roles.empty() ? "no role" : "no role with permissions");
    case Because::kNothing:
      break;
  }
  return fmt::format("denied: no rule allows {}; {} {} of this type and action {} looked at", what,
                     looked_at, looked_at == 1 ? "rule" : "rules", looked_at == 1 ? "was" : "were");
}

Policy::Policy(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

Policy Policy::Compile(std::string_view user, std::span<const std::string> roles,
                       std::span<const Constraint> constraints, std::vector<Warning>* warnings) {
  auto impl = std::make_unique<Impl>();
  impl->user = user;
  impl->roles.assign(roles.begin(), roles.end());
  std::vector<Warning> told;
  std::unordered_set<std::string_view> seen;
  for (const Constraint& constraint : constraints) {
    if (!constraint.id.empty() && !seen.insert(constraint.id).second) continue;
    impl->Add(constraint, told);
  }
  if (warnings != nullptr) *warnings = std::move(told);
  return Policy(std::move(impl));
}

Decision Policy::Decide(const Object& object, Action action) const {
  return impl_->Decide(View(object), action);
}

Decision Policy::DecideApi(std::string_view path, Action action) const {
  return impl_->Decide(View(path), action);
}

Outlook Policy::Foresee(const Object& object, Action action, std::span<const Field> unknown) const {
  std::uint32_t bits = 0;
  for (const Field field : unknown) bits |= BitOf(field);
  return impl_->Foresee(View(object), action, bits);
}

std::string Policy::Fingerprint(ObjectType type, Action action) const {
  const Impl::Bucket& bucket = impl_->At(type, action);
  std::vector<std::string> rules;
  const auto add = [&](const std::vector<Impl::Entry>& entries, std::string_view effect) {
    for (const Impl::Entry& entry : entries)
      rules.push_back(std::string(effect) + impl_->rules[entry.rule].digest);
  };
  add(bucket.denies, "deny");
  add(bucket.expressions, "allow");
  add(bucket.plain, "allow");
  // Neither the order of the rules nor how often one is there makes a difference.
  std::ranges::sort(rules);
  const auto rest = std::ranges::unique(rules);
  rules.erase(rest.begin(), rest.end());
  Hasher hasher(HashKind::kSha256);
  hasher.Update(Name(type));
  for (const std::string& rule : rules) hasher.Update(rule);
  return hasher.Finish();
}

Explanation Policy::Explain(const Object& object, Action action) const {
  Explanation explanation;
  explanation.decision = Decide(object, action);
  View view(object);
  for (std::size_t i = 0; i < impl_->lines.size(); ++i) {
    const Line& line = impl_->lines[i];
    if (line.object_type == object.type() && line.action == action)
      explanation.lines.push_back(impl_->Trace(i, view));
  }
  explanation.text =
      impl_->Sentence(explanation.decision, object, action, explanation.lines.size());
  return explanation;
}

std::span<const Line> Policy::lines() const { return impl_->lines; }
const std::string& Policy::user() const { return impl_->user; }
std::span<const std::string> Policy::roles() const { return impl_->roles; }

}  // namespace vams::access
