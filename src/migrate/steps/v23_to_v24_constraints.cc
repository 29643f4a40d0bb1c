// Constraints: rows of AuthEntitiesTable become items of a table of their own, one per group and
// user.  Spec: migrations.md sections 5.2 and 5.7, rulings D-4, D-5, D-9.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "migrate/steps/old_times.h"
#include "migrate/steps/scan_order.h"
#include "migrate/steps/v23_to_v24.h"
#include "migrate/steps/v23_to_v24_defaults.h"
#include "migrate/steps/v23_to_v24_json.h"

namespace vams::migrate::v23_to_v24 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::string_view kOldPrefix = "constraint#";
constexpr std::string_view kEdited = "-edited";
constexpr std::array<std::string_view, 4> kLists = {"criteriaAnd", "criteriaOr", "groupPermissions",
                                                    "userPermissions"};
// What only the one or the other shape has, or both shapes say in their own way.  Every other
// attribute was put there by a client and goes with the constraint.
constexpr std::array<std::string_view, 13> kOwn = {
    "constraintId", "createdBy", "criteria",   "dateCreated", "dateModified",
    "entityType",   "groupId",   "identifier", "modifiedBy",  "object__type",
    "sk",           "userId",    "objectType"};

// The text before the first "#group#", then before the first "#user#".
std::string_view BaseOf(std::string_view id) {
  id = id.substr(0, id.find("#group#"));
  return id.substr(0, id.find("#user#"));
}

bool IsConstraintRow(const Item& row, bool reference) {
  return row.Text("entityType") == "constraint" &&
         (!reference || row.Text("sk").starts_with(kOldPrefix));
}

// Empty: it has none.
std::string_view IdOf(const Item& row, bool reference) {
  const std::string_view id = row.Text("constraintId");
  if (!id.empty() || reference) return id;
  if (const auto sk = row.Text("sk"); sk.starts_with(kOldPrefix) && sk.size() > kOldPrefix.size())
    return sk.substr(kOldPrefix.size());
  return row.Text("identifier");
}

// An edited default is migrated beside the default: both are one unit.
std::string_view UnitBase(std::string_view id) {
  const std::string_view base = BaseOf(id);
  if (IsDefaultId(base) && base.ends_with(kEdited))
    return base.substr(0, base.size() - kEdited.size());
  return base;
}

const Value::List& ListOf(const Item& item, std::string_view name) {
  static const Value::List kNone;
  const Value* value = item.Find(name);
  return value != nullptr && value->is(Kind::kL) ? value->list() : kNone;
}

Constraint ConstraintOf(const Item& row) {
  Constraint constraint;
  constraint.object_type = row.Text("objectType");
  constraint.criteria_and = ListOf(row, "criteriaAnd");
  constraint.criteria_or = ListOf(row, "criteriaOr");
  constraint.group_permissions = ListOf(row, "groupPermissions");
  constraint.user_permissions = ListOf(row, "userPermissions");
  return constraint;
}

// The same of an item of 2.4; nothing if one of its texts is no JSON list.
std::optional<Constraint> ConstraintOfItem(const Item& item) {
  Item lists;
  lists.Set("objectType", Value::S(std::string(item.Text("objectType"))));
  for (const auto name : kLists) {
    const Value* value = item.Find(name);
    if (value == nullptr) continue;
    if (value->is(Kind::kL)) {  // readers of 2.4 take native lists too
      lists.Set(name, *value);
      continue;
    }
    auto list = value->is(Kind::kS) ? ValueFromJson(value->text()) : std::nullopt;
    if (!list || !list->is(Kind::kL)) return std::nullopt;
    lists.Set(name, *std::move(list));
  }
  return ConstraintOf(lists);
}

// The distinct non-empty texts of a member, in order.
std::vector<std::string> Distinct(const Value::List& list, std::string_view member) {
  std::vector<std::string> texts;
  for (const auto& element : list) {
    if (!element.is(Kind::kM)) continue;
    const std::string_view text = element.map().Text(member);
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.emplace_back(text);
  }
  return texts;
}

// One item per group and per user, or a single one.
std::vector<Item> Spread(const Item& base, std::string_view id, const Constraint& constraint) {
  std::vector<Item> all;
  const auto add = [&](std::string_view kind, std::string_view attribute, const std::string& who) {
    Item item = base;
    item.Set("constraintId", Value::S(fmt::format("{}#{}#{}", id, kind, who)));
    item.Set(attribute, Value::S(who));
    all.push_back(std::move(item));
  };
  for (const auto& group : Distinct(constraint.group_permissions, "groupId"))
    add("group", "groupId", group);
  for (const auto& user : Distinct(constraint.user_permissions, "userId"))
    add("user", "userId", user);
  if (all.empty()) {
    all.push_back(base);
    all.back().Set("constraintId", Value::S(std::string(id)));
  }
  return all;
}

// ---- what the operator reads

std::string Listed(const std::vector<std::string>& names) {
  return names.empty() ? "nobody" : fmt::format("{}", fmt::join(names, ", "));
}

std::string CriteriaText(const Value::List& criteria) {
  std::vector<std::string> texts;
  for (const auto& criterion : criteria) {
    if (!criterion.is(Kind::kM)) continue;
    const Value* value = criterion.map().Find("value");
    texts.push_back(fmt::format("{} {} {}", criterion.map().Text("field"),
                                criterion.map().Text("operator"),
                                value == nullptr ? "(no value)" : PlainJson(*value)));
  }
  return texts.empty() ? "nothing" : fmt::format("{}", fmt::join(texts, "; "));
}

std::string RulesText(const Constraint& constraint) {
  return fmt::format("all of [{}], any of [{}]", CriteriaText(constraint.criteria_and),
                     CriteriaText(constraint.criteria_or));
}

std::vector<std::string> FirstOnly(std::vector<std::string> names) {
  if (names.size() > 1) names.resize(1);
  return names;
}

bool AnyCriterion(const Constraint& constraint, const std::function<bool(const Item&)>& matches) {
  for (const auto* list : {&constraint.criteria_and, &constraint.criteria_or})
    for (const auto& criterion : *list)
      if (criterion.is(Kind::kM) && matches(criterion.map())) return true;
  return false;
}

// Whether a role or a user past the first is named: 2.3 evaluates only the first of each.
bool HasSeveral(const Constraint& constraint) {
  return Distinct(constraint.group_permissions, "groupId").size() > 1 ||
         Distinct(constraint.user_permissions, "userId").size() > 1;
}

void NoteSeveral(const Record& record, const Constraint& constraint, Output& out) {
  const auto groups = Distinct(constraint.group_permissions, "groupId");
  const auto users = Distinct(constraint.user_permissions, "userId");
  out.Note(record, "D-5",
           fmt::format("the constraint names several roles or users; 2.3 applies it to the first "
                       "only: roles {}, users {}; 2.4 applies it to all: roles {}, users {}",
                       Listed(FirstOnly(groups)), Listed(FirstOnly(users)), Listed(groups),
                       Listed(users)));
}

void NoteMeaning(const Record& record, const Constraint& constraint, Output& out) {
  if (HasSeveral(constraint)) {
    NoteSeveral(record, constraint, out);
    out.Defect(record, "M34-19", "the upstream script says nothing of the wider meaning");
  }
  if (AnyCriterion(constraint, [](const Item& c) { return c.Text("field") == "field"; })) {
    Constraint after = constraint;
    for (auto* list : {&after.criteria_and, &after.criteria_or})
      std::erase_if(*list, [](const Value& criterion) {
        return criterion.is(Kind::kM) && criterion.map().Text("field") == "field";
      });
    out.Note(record, "D-5",
             fmt::format("2.4 ignores criteria on the retired member \"field\"; before: {}; after: "
                         "{}",
                         RulesText(constraint), RulesText(after)));
    out.Defect(record, "M34-19", "the upstream script says nothing of the wider meaning");
  }
  if (AnyCriterion(constraint, [](const Item& c) { return !c.Has("value"); }))
    out.Note(record, "D-5",
             fmt::format("a criterion has no value, for which upstream's 2.4 refuses every request "
                         "of the users concerned; give it one or remove it: {}",
                         RulesText(constraint)));
}

// What upstream's script keeps of a list: maps, and of these texts, numbers and truth values.
bool UpstreamLoses(const Value::List& list) {
  for (const auto& element : list) {
    if (!element.is(Kind::kM)) return true;
    for (const auto& member : element.map())
      if (!member.value.is(Kind::kS) && !member.value.is(Kind::kN) && !member.value.is(Kind::kBool))
        return true;
  }
  return false;
}

// The script asks whether a constraint exists, but looks at the first item of the scan only.
Result<bool> LooksExisting(std::string_view base, const Context& cx) {
  TRY(const auto* all, cx.state.All(kConstraints));
  const auto first = std::min_element(all->begin(), all->end(), [](const Item& a, const Item& b) {
    return ScannedBefore(a.Text("constraintId"), b.Text("constraintId"));
  });
  return first != all->end() && first->Text("constraintId").starts_with(base);
}

// ---- corrected

bool IsOwn(std::string_view name) {
  return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
}

Item NewBase(const Item& row, const Constraint& constraint) {
  Item base;
  for (const auto& attribute : row)
    if (!IsOwn(attribute.name)) base.Set(attribute.name, attribute.value);
  base.Set("name", Value::S(std::string(row.Text("name"))));
  base.Set("description", Value::S(std::string(row.Text("description"))));
  base.Set("objectType", Value::S(constraint.object_type));
  base.Set("criteriaAnd", Value::S(PlainJson(Value::L(constraint.criteria_and))));
  base.Set("criteriaOr", Value::S(PlainJson(Value::L(constraint.criteria_or))));
  base.Set("groupPermissions", Value::S(PlainJson(Value::L(constraint.group_permissions))));
  base.Set("userPermissions", Value::S(PlainJson(Value::L(constraint.user_permissions))));
  base.Set("createdBy", Value::S(std::string(kMigration)));
  base.Set("modifiedBy", Value::S(std::string(kMigration)));
  return base;
}

class Corrected {
 public:
  Corrected(const Unit& unit, const Context& cx, Output& out) : unit_(unit), cx_(cx), out_(out) {}

  Status Run() {
    for (const Item* item : Sorted(unit_, kConstraints, "constraintId")) {
      existing_.try_emplace(std::string(BaseOf(item->Text("constraintId"))), item);
      out_.Put(kConstraints, *item);
    }
    for (const auto& record : unit_.records) {
      if (record.table != kAuthEntities) continue;
      out_.Put(kAuthEntities, record.item);
      if (IsConstraintRow(record.item, false)) rows_.push_back(&record);
    }
    std::sort(rows_.begin(), rows_.end(), [](const Record* a, const Record* b) {
      return a->item.Text("sk") < b->item.Text("sk");
    });
    for (const Record* row : rows_) {
      const std::string id(IdOf(row->item, false));
      if (id.empty()) {
        out_.Quarantine(*row, "D-9",
                        "the constraint has no id, neither as an attribute nor in its key");
      } else if (BaseOf(id) != id) {
        out_.Quarantine(*row, "D-9",
                        fmt::format("the constraint id \"{}\" holds what 2.4 takes for a role or a "
                                    "user",
                                    id));
      } else if (row->item.Text("objectType").empty()) {
        out_.Quarantine(*row, "D-9",
                        "the constraint has no object type, which 2.4 needs to find it");
      } else if (!claimed_.insert(id).second) {
        out_.Quarantine(*row, "D-9",
                        fmt::format("another row has the same constraint id \"{}\"", id));
      } else {
        TRY_OK(Migrate(*row, id));
      }
    }
    return Ok();
  }

 private:
  Status Migrate(const Record& row, const std::string& id) {
    Constraint constraint = ConstraintOf(row.item);
    if (const Value* legacy = row.item.Find("criteria");
        legacy != nullptr && legacy->is(Kind::kM) && !legacy->map().empty())
      constraint.criteria_and.push_back(*legacy);
    RemarkOnUpstream(row);
    const auto there = existing_.find(id);
    if (there == existing_.end()) {
      TRY_OK(RemarkOnLookalike(row, id));
      Emit(row, id, constraint);
    } else if (IsDefaultId(id)) {
      BesideDefault(row, id, constraint, *there->second);
    } else {
      const auto now = ConstraintOfItem(*there->second);
      if (!now || MeaningOf(*now) != MeaningOf(constraint))
        out_.Note(row, "existing",
                  "the new table already has a constraint of this id, with another meaning; it "
                  "stays, this one is kept in the old table only");
    }
    return Ok();
  }

  // Whether the script would take another constraint for this one.
  Status RemarkOnLookalike(const Record& row, const std::string& id) {
    TRY(const auto* all, cx_.state.All(kConstraints));
    const bool alike = std::any_of(all->begin(), all->end(), [&](const Item& item) {
      return item.Text("constraintId").starts_with(id);
    });
    if (!alike) return Ok();
    TRY(const bool skips, LooksExisting(id, cx_));
    if (skips)
      out_.Defect(row, "M34-12",
                  "the upstream script drops this constraint, because the id of another one begins "
                  "with its id");
    return Ok();
  }

  void Emit(const Record& row, std::string_view id, const Constraint& constraint) {
    NoteMeaning(row, constraint, out_);
    for (auto& item : Spread(NewBase(row.item, constraint), id, constraint))
      out_.Put(kConstraints, std::move(item));
  }

  void BesideDefault(const Record& row, const std::string& id, const Constraint& constraint,
                     const Item& target) {
    out_.Defect(row, "M34-10",
                "the upstream script may put this over the default of the new release");
    const std::string meaning = MeaningOf(constraint);
    const auto now = ConstraintOfItem(target);
    const auto known = DefaultMeanings(id);
    const bool same = now && MeaningOf(*now) == meaning;
    if (same || std::find(known.begin(), known.end(), meaning) != known.end()) {
      if (!same && now)
        out_.Note(row, "D-5",
                  fmt::format("the new release changes this default constraint; before: {}; after: "
                              "{}",
                              RulesText(constraint), RulesText(*now)));
      return;
    }
    const std::string beside = id + std::string(kEdited);
    if (existing_.contains(beside)) return;  // an earlier run has done it
    if (ClaimedByRow(beside)) {
      out_.Quarantine(row, "D-4",
                      fmt::format("the default constraint was edited, and its place beside the "
                                  "default, \"{}\", is taken by another constraint",
                                  beside));
      return;
    }
    claimed_.insert(beside);
    out_.Note(row, "D-4",
              fmt::format("the default constraint was edited; the default of the new release "
                          "stays, the edited one goes beside it as \"{}\": {}",
                          beside, RulesText(constraint)));
    Emit(row, beside, constraint);
  }

  bool ClaimedByRow(std::string_view id) const {
    return std::any_of(rows_.begin(), rows_.end(),
                       [&](const Record* row) { return IdOf(row->item, false) == id; });
  }

  void RemarkOnUpstream(const Record& row) {
    if (row.item.Text("constraintId").empty())
      out_.Defect(row, "M34-11", "the upstream script drops constraints without constraintId");
    bool loses = row.item.Has("criteria");
    for (const auto name : kLists) loses = loses || UpstreamLoses(ListOf(row.item, name));
    for (const auto& attribute : row.item)
      loses = loses || (!IsOwn(attribute.name) && attribute.name != "name" &&
                        attribute.name != "description" &&
                        std::find(kLists.begin(), kLists.end(), attribute.name) == kLists.end());
    if (loses)
      out_.Defect(row, "M34-18",
                  "the upstream script loses attributes or members of criteria; a list of values "
                  "lost that way locks out the users concerned");
  }

  const Unit& unit_;
  const Context& cx_;
  Output& out_;
  std::map<std::string, const Item*> existing_;  // by base id
  std::vector<const Record*> rows_;
  std::set<std::string> claimed_;
};

// ---- reference

std::string ReferenceList(const Value::List& list) {
  std::string json = "[";
  for (const auto& element : list) {
    if (!element.is(Kind::kM)) continue;
    std::string members;
    for (const auto& member : element.map()) {
      std::string value;
      if (member.value.is(Kind::kS) || member.value.is(Kind::kN))
        value = PythonString(member.value.text());
      else if (member.value.is(Kind::kBool))
        value = member.value.boolean() ? "true" : "false";
      else
        continue;
      members += (members.empty() ? "" : ", ") + PythonString(member.name) + ": " + value;
    }
    json += (json.size() == 1 ? "{" : ", {") + members + "}";
  }
  return json + "]";
}

std::vector<Item> ReferenceItems(const Item& row, const Context& cx) {
  Item base;
  const std::string now = IsoTime(cx.settings.run_millis, "+00:00");
  for (const std::string_view name : {"name", "description", "objectType"})
    base.Set(name, Value::S(std::string(row.Text(name))));
  for (const auto name : kLists) base.Set(name, Value::S(ReferenceList(ListOf(row, name))));
  base.Set("dateCreated", Value::S(now));
  base.Set("dateModified", Value::S(now));
  base.Set("createdBy", Value::S(std::string(kMigration)));
  base.Set("modifiedBy", Value::S(std::string(kMigration)));
  return Spread(base, row.Text("constraintId"), ConstraintOf(row));
}

Status ForwardReference(const Unit& unit, const Context& cx, Output& out) {
  std::map<std::string, Item> made;
  for (const Item* item : unit.Of(kConstraints))
    made.insert_or_assign(std::string(item->Text("constraintId")), *item);
  bool checked = false;  // once per base id: rows of the same id behind the first are written
  for (const Item* row : Sorted(unit, kAuthEntities, "sk")) {  // as they are scanned
    out.Put(kAuthEntities, *row);
    if (!IsConstraintRow(*row, true)) continue;
    if (!checked && RunOf(unit) == Direction::kUp) {
      TRY(const bool skip, LooksExisting(BaseOf(row->Text("constraintId")), cx));
      checked = true;
      if (skip) continue;
    }
    for (auto& item : ReferenceItems(*row, cx)) {
      std::string id(item.Text("constraintId"));
      made.insert_or_assign(std::move(id), std::move(item));
    }
  }
  for (auto& [id, item] : made) out.Put(kConstraints, std::move(item));
  return Ok();
}

// ---- the way back

Item OldRow(std::string_view id, const Item& item, const Constraint& constraint) {
  Item row;
  for (const auto& attribute : item)
    if (!IsOwn(attribute.name)) row.Set(attribute.name, attribute.value);
  row.Set("entityType", Value::S("constraint"));
  row.Set("sk", Value::S(std::string(kOldPrefix) + std::string(id)));
  row.Set("constraintId", Value::S(std::string(id)));
  row.Set("name", Value::S(std::string(item.Text("name"))));
  row.Set("description", Value::S(std::string(item.Text("description"))));
  row.Set("objectType", Value::S(constraint.object_type));
  row.Set("criteriaAnd", Value::L(constraint.criteria_and));
  row.Set("criteriaOr", Value::L(constraint.criteria_or));
  row.Set("groupPermissions", Value::L(constraint.group_permissions));
  row.Set("userPermissions", Value::L(constraint.user_permissions));
  return row;
}

void InverseOf(std::string_view id, const std::vector<const Item*>& items, Output& out) {
  const Item* newest =
      *std::max_element(items.begin(), items.end(), [](const Item* a, const Item* b) {
        return a->Text("dateModified") < b->Text("dateModified");
      });
  const Record record{kConstraints, *newest};
  const auto constraint = ConstraintOfItem(*newest);
  if (!constraint) {
    for (const Item* item : items)
      out.Quarantine({kConstraints, *item}, "D-9",
                     "a list of the constraint is no JSON text; without it, 2.3 would apply the "
                     "constraint more widely or not at all");
    return;
  }
  const bool agree = std::all_of(items.begin(), items.end(), [&](const Item* item) {
    const auto other = ConstraintOfItem(*item);
    return other && MeaningOf(*other) == MeaningOf(*constraint);
  });
  if (!agree)
    out.Note(record, "D-5",
             "the items of this constraint contradict each other; the one modified last counts");
  if (HasSeveral(*constraint)) NoteSeveral(record, *constraint, out);
  out.Put(kAuthEntities, OldRow(id, *newest, *constraint));
}

class Constraints final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "constraints",
                                .what = "Move constraints to a table of their own",
                                .reads_up = {kAuthEntities, kConstraints},
                                .writes_up = {kAuthEntities, kConstraints},
                                .reads_down = {kAuthEntities, kConstraints},
                                .writes_down = {kAuthEntities},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    const bool reference = IsReference(cx);
    if (record.table == kConstraints)
      return std::optional(GroupName(direction, UnitBase(record.item.Text("constraintId"))));
    if (!IsConstraintRow(record.item, reference)) return std::optional<std::string>();
    return std::optional(GroupName(direction, UnitBase(IdOf(record.item, reference))));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    if (unit.group.empty()) {  // the claims row, and what else is no constraint
      for (const Item* row : unit.Of(kAuthEntities)) out.Put(kAuthEntities, *row);
      return Ok();
    }
    if (IsReference(cx)) return ForwardReference(unit, cx, out);
    return Corrected(unit, cx, out).Run();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    for (const Item* row : unit.Of(kAuthEntities))
      if (!IsConstraintRow(*row, IsReference(cx))) out.Put(kAuthEntities, *row);
    std::map<std::string, std::vector<const Item*>> by_base;
    for (const Item* item : Sorted(unit, kConstraints, "constraintId"))
      by_base[std::string(BaseOf(item->Text("constraintId")))].push_back(item);
    for (const auto& [id, items] : by_base) InverseOf(id, items, out);
    return Ok();
  }
};

}  // namespace

const Phase& ConstraintsPhase() {
  static const Constraints phase;
  return phase;
}

std::vector<Problem> CheckConstraint(const Item& item) {
  std::vector<Problem> problems;
  const std::string_view id = item.Text("constraintId");
  std::string expected(BaseOf(id));
  if (!item.Text("groupId").empty()) expected += fmt::format("#group#{}", item.Text("groupId"));
  if (!item.Text("userId").empty()) expected += fmt::format("#user#{}", item.Text("userId"));
  if (id != expected)
    problems.push_back(
        {Problem::Kind::kBroken,
         fmt::format("its id should be \"{}\", as its role or user says", expected)});
  if (!ConstraintOfItem(item))
    problems.push_back({Problem::Kind::kBroken, "a list of the constraint is no JSON text"});
  return problems;
}

std::vector<Problem> CheckOldConstraint(const Item& item) {
  std::vector<Problem> problems;
  if (!IsConstraintRow(item, true)) return problems;
  for (const auto name : kLists)
    if (const Value* list = item.Find(name); list != nullptr && !list->is(Kind::kL))
      problems.push_back({Problem::Kind::kBroken, fmt::format("its {} is no list", name)});
  return problems;
}

}  // namespace vams::migrate::v23_to_v24
