// The decisions of the permission engine: the truth table of permissions.md section 15 with the
// product's results, the quirks of section 4.4, what fails and how it is told.
#include "access/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include "access/defaults.h"
#include "access/templates.h"

namespace vams::access {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Strings = std::vector<std::string>;

Criterion Is(std::string field, std::string op, std::string value) {
  return {.field = std::move(field), .op = std::move(op), .values = {std::move(value)}, .id = {}};
}
Criterion IsAny(std::string field, std::string op, Strings values) {
  return {.field = std::move(field),
          .op = std::move(op),
          .values = std::move(values),
          .is_list = true,
          .id = {}};
}

std::vector<Permission> Grants(const std::string& who, const Strings& actions,
                               const std::string& type = "allow") {
  std::vector<Permission> grants;
  for (const std::string& action : actions)
    grants.push_back({.who = who, .action = action, .type = type, .id = {}});
  return grants;
}

Constraint Make(std::string id, std::string type, std::vector<Criterion> all,
                std::vector<Criterion> any, std::vector<Permission> groups,
                std::vector<Permission> users = {}) {
  Constraint constraint;
  constraint.name = "Rule " + id;
  constraint.id = std::move(id);
  constraint.object_type = std::move(type);
  constraint.criteria_and = std::move(all);
  constraint.criteria_or = std::move(any);
  constraint.groups = std::move(groups);
  constraint.users = std::move(users);
  return constraint;
}

// The fixture of section 15.
const std::vector<Constraint>& Fixture() {
  static const std::vector<Constraint> constraints = {
      Make("k-api", "api", {},
           {Is("route__path", "starts_with", "/database"),
            Is("route__path", "starts_with", "/search")},
           Grants("line-ops", {"GET", "POST"})),
      Make("k-api-del", "api", {}, {Is("route__path", "contains", "archiveAsset")},
           Grants("line-ops", {"DELETE"})),
      Make("k-web", "web", {},
           {Is("route__path", "starts_with", "/databases"),
            Is("route__path", "starts_with", "/search")},
           Grants("line-ops", {"GET"})),
      Make("k-asset", "asset", {Is("databaseId", "equals", "plant-a")}, {},
           Grants("line-ops", {"GET", "PUT", "POST", "DELETE"})),
      Make("k-sealed", "asset",
           {Is("databaseId", "equals", "plant-a"), Is("assetName", "starts_with", "SEALED-")}, {},
           Grants("line-ops", {"PUT", "DELETE"}, "deny")),
      Make("k-frozen", "asset", {Is("tags", "is_one_of", "frozen")}, {},
           Grants("qa", {"PUT"}, "deny")),
      Make("k-both", "asset", {Is("databaseId", "equals", "plant-b")},
           {Is("assetType", "equals", "\\.stl"), Is("assetType", "equals", "\\.step")},
           Grants("qa", {"GET"})),
      Make("k-draft", "asset",
           {Is("databaseId", "equals", "plant-c"), Is("assetName", "does_not_contain", "draft")},
           {}, Grants("qa", {"GET"})),
      Make("k-untag", "asset",
           {Is("databaseId", "equals", "plant-d"), Is("tags", "is_not_one_of", "internal")}, {},
           Grants("qa", {"GET"})),
      Make("k-pipe", "pipeline", {Is("databaseId", "equals", "GLOBAL")}, {},
           Grants("line-ops", {"GET", "POST"})),
      Make("k-vault", "asset", {Is("databaseId", "equals", "vault")}, {},
           Grants("vault-team", {"GET"})),
      Make("k-solo", "asset", {Is("databaseId", "starts_with", "demo-")}, {}, {},
           Grants("solo1", {"GET"})),
      Make("k-solo-no", "asset", {Is("assetName", "ends_with", "\\.secret")}, {}, {},
           Grants("solo1", {"GET"}, "deny")),
      Make("k-old", "asset", {Is("databaseId", "equals", "plant-a")}, {},
           Grants("retired", {"GET"})),
      Make("k-ur", "userRole",
           {Is("roleName", "equals", "qa"), Is("userId", "ends_with", "@plant\\.example")}, {},
           Grants("line-ops", {"GET", "POST"})),
  };
  return constraints;
}

// The roles that count without a second factor; vault1's and retired1's count only with one, which
// is for the caller of the engine to know.
Policy For(const std::string& user) {
  Strings roles;
  if (user == "ops1") roles = {"line-ops"};
  if (user == "opsqa1") roles = {"line-ops", "qa"};
  if (user == "qa1") roles = {"qa"};
  if (user == "vault1+mfa") roles = {"vault-team"};
  if (user == "retired1+mfa") roles = {"retired"};
  if (user == "empty1") roles = {"empty"};
  return Policy::Compile(user.substr(0, user.find('+')), roles, Fixture());
}

Object Asset(std::string_view database, std::string_view name = "Pump 7",
             std::string_view type = ".glb", Strings tags = {}) {
  return Object(ObjectType::kAsset)
      .Set(Field::kDatabaseId, database)
      .Set(Field::kAssetName, name)
      .Set(Field::kAssetType, type)
      .SetTags(std::move(tags));
}
Object In(ObjectType type, std::string_view database) {
  return Object(type).Set(Field::kDatabaseId, database);
}

struct Row {
  int number;
  std::string user;
  Object object;
  Action action;
  bool allowed;
};

constexpr Action kGet = Action::kGet;
constexpr Action kPut = Action::kPut;
constexpr Action kPost = Action::kPost;
constexpr Action kDelete = Action::kDelete;

TEST(TruthTable, DecidesRowsOfTheFixture) {
  const std::vector<Row> rows = {
      {1, "ops1", Object::Api("/database/plant-a/assets"), kGet, true},
      {2, "ops1", Object::Api("/databaseXYZ"), kGet, true},
      {3, "ops1", Object::Api("/Database"), kGet, false},
      {4, "ops1", Object::Api("/search/simple"), kPost, true},
      {5, "ops1", Object::Api("/database/plant-a"), kPut, false},
      {6, "ops1", Object::Api("/database/plant-a/assets/a1/archiveAsset"), kDelete, true},
      {7, "ops1", Object::Api("/database/plant-a/assets/a1/deleteAsset"), kDelete, false},
      {8, "ops1", Object::Api("/database/plant-a/assets/archiveAsset-1/deleteAsset"), kDelete,
       true},
      {9, "ops1", Object::Web("/databases/:databaseId/assets"), kGet, true},
      {10, "ops1", Object::Web("/auth/roles"), kGet, false},
      {11, "ops1", Object::Web("*"), kGet, false},
      {12, "ops1", Object::Web("/search"), kPost, false},
      {13, "ops1", Asset("plant-a"), kPut, true},
      {14, "ops1", Asset("plant-ab"), kGet, false},
      {15, "ops1", Asset("PLANT-A"), kGet, false},
      {16, "ops1", Asset("plant-a", "SEALED-3"), kPut, false},
      {17, "ops1", Asset("plant-a", "SEALED-3"), kPost, true},
      {18, "ops1", Asset("plant-a", "sealed-3"), kPut, true},
      {19, "ops1", In(ObjectType::kDatabase, "plant-a"), kGet, false},
      {20, "opsqa1", Asset("plant-a", "Pump 7", ".glb", {"frozen"}), kPut, false},
      {21, "opsqa1", Asset("plant-a", "Pump 7", ".glb", {"frozen"}), kGet, true},
      {22, "opsqa1", Asset("plant-a", "Pump 7", ".glb", {"frozen-2024"}), kPut, true},
      {23, "ops1", Asset("plant-a", "Pump 7", ".glb", {"frozen"}), kPut, true},
      {24, "qa1", Asset("plant-b"), kGet, true},
      {25, "qa1", Asset("plant-z", "Pump 7", ".stl"), kGet, true},
      {26, "qa1", Asset("plant-z", "Pump 7", "xstl"), kGet, false},
      {27, "qa1", Asset("plant-c", "final v2"), kGet, true},
      {28, "qa1", Asset("plant-c", "draft v2"), kGet, false},
      {29, "qa1", Asset("plant-c", "Draft v2"), kGet, true},
      {30, "qa1", Asset("plant-d"), kGet, true},
      {31, "qa1", Asset("plant-d", "Pump 7", ".glb", {"internal"}), kGet, false},
      {32, "ops1", In(ObjectType::kPipeline, "GLOBAL"), kPost, true},
      {33, "ops1", In(ObjectType::kPipeline, "plant-a"), kGet, false},
      {34, "vault1", Asset("vault"), kGet, false},
      {35, "vault1+mfa", Asset("vault"), kGet, true},
      {36, "solo1", Asset("demo-2"), kGet, true},
      {37, "solo1", Asset("demo-2", "key.secret"), kGet, false},
      {38, "solo1", Asset("demo-2", "keyXsecret"), kGet, true},
      {39, "empty1", Asset("plant-a"), kGet, false},
      {40, "ghost1", Asset("plant-a"), kGet, false},
      {41, "retired1", Asset("plant-a"), kGet, false},
      {42, "retired1+mfa", Asset("plant-a"), kGet, true},
      {43, "ops1", Object::UserRole("pat@plant.example", "qa"), kPost, true},
      {44, "ops1", Object::UserRole("pat@plant.example", "line-ops"), kPost, false},
      // 45 is FindAction's: HEAD is no action.
      {46, "ops1", Asset(""), kGet, false},
      // An archived asset is looked at under its plain database id.
      {47, "ops1", Asset("plant-a"), kGet, true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(For(row.user).Allows(row.object, row.action), row.allowed) << "row " << row.number;
  }
  EXPECT_EQ(FindAction("HEAD"), std::nullopt);
  EXPECT_EQ(FindAction("get"), std::nullopt);
}

// One allow constraint with one criterion, on an asset.
bool Holds(Criterion criterion, const Object& asset) {
  const Constraint constraint =
      Make("k", "asset", {std::move(criterion)}, {}, {}, Grants("u", {"GET"}));
  return Policy::Compile("u", {}, {&constraint, 1}).Allows(asset, kGet);
}

TEST(TruthTable, DecidesStandAloneCriteria) {
  const auto database = [](Criterion c, std::string_view text) {
    return Holds(std::move(c), Asset(text));
  };
  const auto name = [](Criterion c, std::string_view text) {
    return Holds(std::move(c), Asset("d", text));
  };
  const auto tags = [](Criterion c, Strings list) {
    return Holds(std::move(c), Asset("d", "n", "t", std::move(list)));
  };
  EXPECT_TRUE(database(Is("databaseId", "equals", "aa|bb"), "aax")) << 48;
  EXPECT_FALSE(database(Is("databaseId", "equals", "(aa|bb)"), "aax")) << 49;
  EXPECT_FALSE(database(Is("databaseId", "contains", "aa|bb"), "zzbb")) << 50;
  EXPECT_TRUE(database(Is("databaseId", "ends_with", "aa|bb"), "zzaazz")) << 51;
  EXPECT_TRUE(database(Is("databaseId", "is_one_of", "plant"), "plant-a")) << 52;
  EXPECT_TRUE(database(IsAny("databaseId", "is_one_of", {"plant-a", "plant-b"}), "plant-a")) << 53;
  EXPECT_TRUE(tags(Is("tags", "contains", "lock"), {"locked"})) << 54;
  EXPECT_TRUE(tags(Is("tags", "does_not_contain", "lock"), {})) << 55;
  EXPECT_TRUE(name(Is("assetName", "contains", "\\("), "a(b")) << 56;
  EXPECT_TRUE(name(Is("assetName", "equals", "it's"), "it's")) << 57;
  EXPECT_TRUE(name(Is("assetName", "contains", "wow!"), "wow!")) << 58;
  EXPECT_FALSE(name(Is("assetName", "contains", "wow!"), "wownot")) << 58;
  EXPECT_TRUE(name(Is("assetName", "equals", "r.x"), "r.x")) << 59;
  EXPECT_TRUE(name(Is("assetName", "contains", "\\bfoo\\b"), "a foo b")) << 60;
  EXPECT_FALSE(name(Is("assetName", "contains", "foo"), "a\nfoo")) << 61;
  EXPECT_FALSE(name(Is("assetName", "equals", "a\\.b"), "axb")) << 62;
  const Constraint both =
      Make("k", "asset", {Is("assetId", "equals", "zz"), Is("databaseId", "equals", "db1")}, {}, {},
           Grants("u", {"GET"}));
  EXPECT_TRUE(Policy::Compile("u", {}, {&both, 1}).Allows(Asset("db1"), kGet)) << 63;
  EXPECT_TRUE(Holds(Is("databaseId", "contains", ".*"), Object(ObjectType::kAsset))) << 64;
}

std::vector<Constraint> Imported(std::string_view file, const std::string& role) {
  TemplateRequest request;
  request.values = {{"ROLE_NAME", role}, {"DATABASE_ID", "plant-a"}, {"TAG_VALUE", "locked"}};
  for (const BuiltInTemplate& built_in : BuiltInTemplates()) {
    if (built_in.file != file) continue;
    for (const auto& value : built_in.content.at("constraints").as_array()) {
      const auto& object = value.as_object();
      Constraint constraint;
      constraint.name = object.at("name").as_string();
      constraint.object_type = object.at("objectType").as_string();
      constraint.criteria_and = ParseCriteria(object.at("criteriaAnd")).value();
      constraint.criteria_or = ParseCriteria(object.at("criteriaOr")).value();
      for (const auto& entry : object.at("groupPermissions").as_array()) {
        constraint.groups.push_back(
            {.who = {},
             .action = std::string(entry.as_object().at("action").as_string()),
             .type = std::string(entry.as_object().at("type").as_string()),
             .id = {}});
      }
      request.constraints.push_back(std::move(constraint));
    }
  }
  auto filled = FillIn(request).value();
  for (std::size_t i = 0; i < filled.size(); ++i) filled[i].id = role + std::to_string(i);
  return filled;
}

TEST(TruthTable, DecidesRowsOfTheTemplates) {
  std::vector<Constraint> all;
  for (const auto& [file, role] : {std::pair{"database-admin.json", "adm"},
                                   {"database-user.json", "usr"},
                                   {"global-readonly.json", "ro"},
                                   {"deny-tagged-assets.json", "overlay"}}) {
    const auto made = Imported(file, role);
    all.insert(all.end(), made.begin(), made.end());
  }
  const auto policy = [&](const Strings& roles) { return Policy::Compile("u", roles, all); };
  const Policy adm = policy({"adm"});
  const Policy usr = policy({"usr"});
  const Policy ro = policy({"ro"});
  const Policy mix = policy({"ro", "usr"});
  const Policy held = policy({"adm", "overlay"});

  EXPECT_TRUE(usr.Allows(Object::Api("/database/plant-a/assets/x/archiveAsset"), kDelete)) << 65;
  EXPECT_FALSE(usr.Allows(Object::Api("/database/plant-a/assets/x/deleteAsset"), kDelete)) << 66;
  EXPECT_TRUE(usr.Allows(Asset("plant-a"), kDelete)) << 67;
  EXPECT_FALSE(usr.Allows(Object::Api("/pipelines"), kPut)) << 68;
  EXPECT_TRUE(usr.Allows(In(ObjectType::kPipeline, "GLOBAL"), kPost)) << 69;
  EXPECT_FALSE(usr.Allows(Object::Web("/assetIngestion"), kGet)) << 70;
  EXPECT_TRUE(adm.Allows(Object::Api("/database"), kPost)) << 71;
  EXPECT_FALSE(adm.Allows(In(ObjectType::kDatabase, "plant-a"), kPost)) << 72;
  EXPECT_TRUE(adm.Allows(In(ObjectType::kDatabase, "plant-a"), kDelete)) << 73;
  EXPECT_FALSE(adm.Allows(Object::Api("/tags"), kPost)) << 74;
  EXPECT_FALSE(adm.Allows(Object::Api("/auth/constraints"), kGet)) << 75;
  EXPECT_TRUE(ro.Allows(Asset("any"), kGet)) << 76;
  EXPECT_FALSE(ro.Allows(Object::Api("/assets"), kPost)) << 77;
  EXPECT_TRUE(ro.Allows(Object::Api("/search/simple"), kPost)) << 78;
  EXPECT_TRUE(mix.Allows(Asset("plant-a"), kPut)) << 79;
  EXPECT_FALSE(mix.Allows(Asset("plant-b"), kPut)) << 80;
  EXPECT_FALSE(held.Allows(Asset("plant-a", "n", "t", {"locked"}), kPut)) << 81;
  EXPECT_TRUE(held.Allows(Asset("plant-a", "n", "t", {"locked"}), kGet)) << 82;
  EXPECT_TRUE(held.Allows(Asset("plant-a"), kPut)) << 83;
  EXPECT_FALSE(held.Allows(Asset("plant-a", "n", "t", {"unlocked"}), kPut)) << 84;
}

TEST(Policy, TellsWhyAndWhichLineDecided) {
  const Policy policy = For("opsqa1");

  const Decision allowed = policy.Decide(Asset("plant-a"), kGet);
  const Decision denied = policy.Decide(Asset("plant-a", "n", "t", {"frozen"}), kPut);
  const Decision nothing = policy.Decide(Asset("plant-q"), kGet);
  const Decision no_rules = For("ghost1").Decide(Asset("plant-a"), kGet);

  EXPECT_EQ(allowed.because, Because::kAllowed);
  ASSERT_GE(allowed.line, 0);
  EXPECT_EQ(policy.lines()[static_cast<std::size_t>(allowed.line)].constraint_id, "k-asset");
  EXPECT_EQ(denied.because, Because::kDenied);
  ASSERT_GE(denied.line, 0);
  EXPECT_EQ(policy.lines()[static_cast<std::size_t>(denied.line)].from, "role qa");
  EXPECT_EQ(nothing.because, Because::kNothing);
  EXPECT_EQ(nothing.line, -1);
  EXPECT_EQ(no_rules.because, Because::kNoRules);
}

TEST(Policy, DecidesApiPathsAsItDecidesTheirObjects) {
  const Policy policy = For("ops1");
  for (const char* path : {"/database/x", "/search", "/Database", "/x/archiveAsset", ""}) {
    for (const Action action : {kGet, kPut, kPost, kDelete}) {
      EXPECT_EQ(policy.DecideApi(path, action).allowed, policy.Allows(Object::Api(path), action))
          << path;
    }
  }
}

TEST(Policy, ExplainsEveryLineOfTheTypeAndAction) {
  const Policy policy = For("opsqa1");

  const Explanation allowed = policy.Explain(Asset("plant-a"), kGet);
  const Explanation denied = policy.Explain(Asset("plant-a", "n", "t", {"frozen"}), kPut);
  const Explanation nothing = policy.Explain(Asset("plant-q", "draft"), kGet);

  EXPECT_EQ(allowed.text,
            "GET on asset is allowed by role line-ops through constraint k-asset "
            "(\"Rule k-asset\")");
  EXPECT_EQ(denied.text,
            "denied: role qa forbids PUT on asset through constraint k-frozen (\"Rule k-frozen\")");
  EXPECT_EQ(nothing.text,
            "denied: no rule allows GET on asset; 5 rules of this type and action were looked at");
  ASSERT_THAT(nothing.lines, SizeIs(5));
  const LineTrace& draft = nothing.lines[3];
  EXPECT_EQ(draft.line.constraint_id, "k-draft");
  EXPECT_FALSE(draft.matches);
  ASSERT_THAT(draft.criteria, SizeIs(2));
  EXPECT_EQ(draft.criteria[1].text, "assetName does_not_contain draft");
  EXPECT_FALSE(draft.criteria[1].holds);
  EXPECT_THAT(For("ghost1").Explain(Asset("a"), kGet).text, HasSubstr("ghost1"));
}

// --- Quirks of section 4.4

TEST(Quirks, UnknownFieldIsSkippedAndTold) {
  const Constraint and_group =
      Make("k", "asset", {Is("assetId", "equals", "zz")}, {}, {}, Grants("u", {"GET"}));
  const Constraint or_group =
      Make("o", "asset", {}, {Is("field", "equals", ".*"), Is("databaseId", "equals", "a")}, {},
           Grants("u", {"GET"}));
  std::vector<Warning> warnings;

  const Policy only_skipped = Policy::Compile("u", {}, {&and_group, 1}, &warnings);
  const Policy dropped = Policy::Compile("u", {}, {&or_group, 1});

  EXPECT_THAT(only_skipped.lines(), IsEmpty());
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0].constraint_id, "k");
  EXPECT_THAT(warnings[0].text, HasSubstr("assetId equals zz"));
  EXPECT_EQ(ReviewConstraint(and_group), warnings);
  EXPECT_TRUE(dropped.Allows(Asset("a"), kGet));
  EXPECT_FALSE(dropped.Allows(Asset("b"), kGet));
  EXPECT_TRUE(dropped.Explain(Asset("a"), kGet).lines[0].criteria[0].skipped);
}

TEST(Quirks, ListsOfValues) {
  const auto name = [](const char* op, Strings values, std::string_view text) {
    return Holds(IsAny("assetName", op, std::move(values)), Asset("d", text));
  };
  const auto tags = [](const char* op, Strings values, Strings list) {
    return Holds(IsAny("tags", op, std::move(values)), Asset("d", "n", "t", std::move(list)));
  };
  EXPECT_FALSE(name("is_one_of", {"plant"}, "plant-a"));  // no part of the text, unlike one value
  EXPECT_TRUE(name("is_not_one_of", {"plant"}, "plant-a"));
  EXPECT_FALSE(name("is_one_of", {}, "a"));
  EXPECT_TRUE(name("is_not_one_of", {}, "a"));
  EXPECT_TRUE(name("starts_with", {"x", "pl.nt"}, "plant-a"));
  EXPECT_FALSE(name("contains", {"x", "y"}, "plant-a"));
  EXPECT_TRUE(name("does_not_contain", {"x", "y"}, "plant-a"));
  EXPECT_FALSE(name("does_not_contain", {"x", "plant"}, "plant-a"));
  EXPECT_TRUE(tags("is_one_of", {"a", "b"}, {"c", "b"}));
  EXPECT_FALSE(tags("is_not_one_of", {"a", "b"}, {"c", "b"}));
  EXPECT_FALSE(tags("is_one_of", {"a", "b"}, {}));
  EXPECT_FALSE(tags("does_not_contain", {"a", "b"}, {"c", "xb"}));
}

TEST(Quirks, OneConstraintNeverDisablesAnother) {
  const Constraint good =
      Make("good", "asset", {Is("databaseId", "contains", ".*")}, {}, {}, Grants("u", {"GET"}));
  for (const char* value : {"it's", "a\nb",   "\\(",    "\\[", "a,b",
                            "(",    "[",      "*",      "\\",  "a') or regexMatch('a', 'a",
                            "!x",   "a && b", "a || b", "r.x", "p.y",
                            "\n",   "'",      "\"",     "%s",  "{}",
                            "\x01", "allow",  "#"}) {
    for (const char* op : {"equals", "does_not_contain", "is_one_of", "is_not_one_of"}) {
      const std::vector<Constraint> constraints = {
          Make("odd", "database", {Is("databaseId", op, value)}, {}, {}, Grants("u", {"GET"})),
          good};
      const Policy policy = Policy::Compile("u", {}, constraints);
      EXPECT_TRUE(policy.Allows(Asset("d"), kGet)) << op << " " << value;
      EXPECT_FALSE(policy.Allows(Asset("d"), kPut)) << op << " " << value;
      EXPECT_FALSE(policy.Allows(Object::Api("d"), kGet)) << op << " " << value;
    }
  }
  EXPECT_TRUE(Holds(Is("databaseId", "equals", "a\nb"), Asset("a\nb")));
  EXPECT_FALSE(Holds(Is("databaseId", "equals", "x') or regexMatch('a', 'a"), Asset("zz")));
}

TEST(Failure, StepLimitDeniesTheRequestAndNamesTheConstraint) {
  const std::string runaway = "(a|aa)+[bc]";
  const std::string text(200, 'a');
  for (const std::string type : {"allow", "deny"}) {
    const std::vector<Constraint> constraints = {
        Make("all", "asset", {Is("databaseId", "equals", ".*")}, {}, {}, Grants("u", {"GET"})),
        Make("slow", "asset", {Is("assetName", "equals", runaway)}, {}, {},
             Grants("u", {"GET"}, type)),
    };
    const Policy policy = Policy::Compile("u", {}, constraints);

    const Decision decision = policy.Decide(Asset("d", text), kGet);

    EXPECT_FALSE(decision.allowed) << type;
    EXPECT_EQ(decision.because, Because::kFailed) << type;
    ASSERT_GE(decision.line, 0);
    EXPECT_EQ(policy.lines()[static_cast<std::size_t>(decision.line)].constraint_id, "slow");
    EXPECT_THAT(policy.Explain(Asset("d", text), kGet).text, HasSubstr("constraint slow"));
    EXPECT_TRUE(policy.Allows(Asset("d", "short"), kGet)) << type;
  }
}

TEST(Failure, BrokenPatternDropsAnAllowAndClosesADeny) {
  const auto all =
      Make("all", "asset", {Is("databaseId", "equals", ".*")}, {}, {}, Grants("u", {"GET", "PUT"}));
  for (const Criterion& bad : {Is("assetName", "equals", "("), Is("assetName", "resembles", "x")}) {
    const std::vector<Constraint> allowing = {
        all, Make("bad", "asset", {bad}, {}, {}, Grants("u", {"GET"}))};
    const std::vector<Constraint> denying = {
        all, Make("bad", "asset", {bad}, {}, {}, Grants("u", {"GET"}, "deny"))};
    std::vector<Warning> warnings;

    const Policy open = Policy::Compile("u", {}, allowing);
    const Policy closed = Policy::Compile("u", {}, denying, &warnings);

    EXPECT_TRUE(open.Allows(Asset("d"), kGet));
    EXPECT_THAT(open.lines(), SizeIs(2));
    EXPECT_EQ(closed.Decide(Asset("d"), kGet).because, Because::kFailed);
    EXPECT_TRUE(closed.Allows(Asset("d"), kPut));
    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_EQ(warnings[0].constraint_id, "bad");
    EXPECT_TRUE(closed.Explain(Asset("d"), kGet).lines[1].criteria[0].failed);
  }
}

// A path may decode to any bytes.  If such a text simply did not match, a deny would not apply.
TEST(Failure, TextThatIsNoUtf8IsDenied) {
  const std::vector<Constraint> constraints = {
      Make("all", "api", {Is("route__path", "contains", ".*")}, {}, {}, Grants("u", {"GET"})),
      Make("no", "api", {Is("route__path", "contains", "secret")}, {}, {},
           Grants("u", {"GET"}, "deny")),
  };
  const Policy policy = Policy::Compile("u", {}, constraints);

  EXPECT_EQ(policy.DecideApi("/\xff/x", kGet).because, Because::kFailed);
  EXPECT_EQ(policy.DecideApi("/\xed\xa0\x80", kGet).because, Because::kFailed);
  EXPECT_TRUE(policy.DecideApi("/\xc3\xa9", kGet).allowed);
}

TEST(Policy, CountsOnlyWhatAppliesToTheCaller) {
  const auto everyone = [](std::string id, const std::string& who) {
    return Make(std::move(id), "asset", {Is("databaseId", "equals", ".*")}, {},
                Grants(who, {"GET"}), Grants(who, {"PUT"}));
  };
  const std::vector<Constraint> constraints = {everyone("k", "lee"), everyone("k", "kim"),
                                               everyone("", "")};
  const Strings role_lee = {"lee"};
  const Strings none = {""};

  EXPECT_TRUE(Policy::Compile("x", role_lee, constraints).Allows(Asset("d"), kGet));
  EXPECT_FALSE(Policy::Compile("x", role_lee, constraints).Allows(Asset("d"), kPut));
  EXPECT_FALSE(Policy::Compile("lee", {}, constraints).Allows(Asset("d"), kGet));
  EXPECT_TRUE(Policy::Compile("lee", {}, constraints).Allows(Asset("d"), kPut));
  EXPECT_THAT(Policy::Compile("kim", {}, constraints).lines(), IsEmpty()) << "a second k";
  EXPECT_THAT(Policy::Compile("", none, constraints).lines(), IsEmpty()) << "nobody has a name";
}

TEST(Policy, UnknownWordsHaveNoEffect) {
  const std::vector<Constraint> constraints = {
      Make("t", "bucket", {Is("databaseId", "equals", ".*")}, {}, {}, Grants("u", {"GET"})),
      Make("a", "asset", {Is("databaseId", "equals", ".*")}, {}, {}, Grants("u", {"HEAD", "get"})),
      Make("p", "asset", {Is("databaseId", "equals", ".*")}, {}, {}, Grants("u", {"GET"}, "Allow")),
      Make("e", "asset", {Is("databaseId", "equals", ".*")}, {}, {}, Grants("u", {"PUT"}, "")),
  };
  std::vector<Warning> warnings;

  const Policy policy = Policy::Compile("u", {}, constraints, &warnings);

  EXPECT_THAT(warnings, SizeIs(4));
  ASSERT_THAT(policy.lines(), SizeIs(1));
  EXPECT_TRUE(policy.Allows(Asset("d"), kPut)) << "an absent permission type allows";
}

TEST(Defaults, GiveTheAdministratorEverythingAndTheReaderNoChange) {
  const Strings admin_role = {std::string(kAdminRole)};
  const Strings reader_role = {std::string(kReadOnlyRole)};
  std::vector<Warning> warnings;

  const Policy admin = Policy::Compile("a", admin_role, DefaultConstraints(), &warnings);
  const Policy reader = Policy::Compile("r", reader_role, DefaultConstraints());

  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_THAT(DefaultConstraints(), SizeIs(21));
  for (std::size_t type = 0; type < kObjectTypes; ++type) {
    const Object object(static_cast<ObjectType>(type));
    for (const Action action : {kGet, kPut, kPost, kDelete}) {
      EXPECT_TRUE(admin.Allows(object, action)) << Name(object.type());
      if (action != kGet) {
        EXPECT_FALSE(reader.Allows(object, action)) << Name(object.type());
      }
    }
  }
  EXPECT_TRUE(reader.Allows(Asset("any"), kGet));
  EXPECT_TRUE(reader.DecideApi("/search", kPost).allowed);
  EXPECT_FALSE(reader.DecideApi("/assets", kPost).allowed);
  EXPECT_FALSE(reader.DecideApi("/roles", kGet).allowed);
  const Constraint& apis = DefaultConstraints()[12];
  EXPECT_EQ(apis.id, "initial_basicro_allow_get_apis");
  EXPECT_EQ(apis.criteria_or[3].id, "2a_basicro_api_paths");
  EXPECT_EQ(apis.criteria_or[17].id, "15_basicro_api_paths");
  EXPECT_EQ(DefaultConstraints()[8].criteria_and[0].id, "admin_all_tagtypes");
  EXPECT_EQ(DefaultConstraints()[8].groups[3].id, "admin-allow-delete-all-tagtypes");
  EXPECT_EQ(DefaultConstraints()[16].id, "initial_basicro_allow_get_pipelines");
  EXPECT_EQ(DefaultConstraints()[16].name, "basicro-allow-all-pipelines");
}

// ---- Decisions about many objects at once

constexpr Field kName[] = {Field::kAssetName};
constexpr Field kAllButDatabase[] = {Field::kAssetName, Field::kAssetType, Field::kTags};

Object AssetOf(std::string_view database, std::vector<std::string> tags = {}) {
  return Object(ObjectType::kAsset).Set(Field::kDatabaseId, database).SetTags(std::move(tags));
}

TEST(Policy, ForeseesWhatNoNameCanChange) {
  const std::vector<Constraint> constraints = {
      Make("plant", "asset", {Is("databaseId", "equals", "plant")}, {}, {}, Grants("lee", {"GET"})),
      Make("frozen", "asset", {Is("tags", "is_one_of", "frozen")}, {}, {},
           Grants("lee", {"GET"}, "deny")),
      Make("sealed", "asset",
           {Is("databaseId", "starts_with", "plant-"), Is("assetName", "starts_with", "SEALED")},
           {}, {}, Grants("lee", {"GET"}, "deny")),
      Make("plants", "asset", {Is("databaseId", "starts_with", "plant-")}, {}, {},
           Grants("lee", {"GET"})),
      Make("named", "asset",
           {Is("databaseId", "equals", "harbor"), Is("assetName", "equals", "Gantry")}, {}, {},
           Grants("lee", {"GET"}))};
  const Policy policy = Policy::Compile("lee", {}, constraints);
  const auto foresee = [&](const Object& object) {
    return policy.Foresee(object, Action::kGet, kName);
  };

  EXPECT_EQ(foresee(AssetOf("plant")), Outlook::kAllowed);
  EXPECT_EQ(foresee(AssetOf("plant", {"frozen"})), Outlook::kDenied);
  EXPECT_EQ(foresee(AssetOf("plant-1")), Outlook::kOpen);
  EXPECT_EQ(foresee(AssetOf("plant-1", {"frozen"})), Outlook::kDenied);
  EXPECT_EQ(foresee(AssetOf("harbor")), Outlook::kOpen);
  EXPECT_EQ(foresee(AssetOf("elsewhere")), Outlook::kDenied);
  EXPECT_EQ(policy.Foresee(AssetOf("plant"), Action::kGet, kAllButDatabase), Outlook::kOpen);
  EXPECT_EQ(policy.Foresee(AssetOf("elsewhere"), Action::kGet, kAllButDatabase), Outlook::kDenied);
  EXPECT_EQ(policy.Foresee(AssetOf("plant"), Action::kPut, kName), Outlook::kDenied);
}

TEST(Policy, ForeseesNothingWhereARuleCannotBeEvaluated) {
  const std::vector<Constraint> constraints = {
      Make("all", "asset", {Is("databaseId", "contains", ".*")}, {}, {}, Grants("lee", {"GET"})),
      Make("broken", "asset", {Is("assetName", "contains", "(")}, {}, {},
           Grants("lee", {"GET"}, "deny"))};
  const Policy policy = Policy::Compile("lee", {}, constraints);
  EXPECT_EQ(policy.Foresee(AssetOf("plant"), Action::kGet, kName), Outlook::kDenied);

  // A name that is long enough may exceed the step limit: that denies, so it has to be looked at.
  const std::vector<Constraint> slow = {
      constraints[0], Make("slow", "asset", {Is("assetName", "contains", "(a+)+$")}, {}, {},
                           Grants("lee", {"GET"}))};
  EXPECT_EQ(Policy::Compile("lee", {}, slow).Foresee(AssetOf("plant"), Action::kGet, kName),
            Outlook::kOpen);
  EXPECT_EQ(Policy::Compile("lee", {}, {}).Foresee(AssetOf("plant"), Action::kGet, kName),
            Outlook::kDenied);
}

TEST(Policy, HasAFingerprintOfItsRulesAlone) {
  const std::vector<Constraint> constraints = {
      Make("a", "asset", {Is("databaseId", "equals", "plant")}, {}, Grants("qa", {"GET"})),
      Make("b", "asset", {Is("databaseId", "equals", "lab")}, {}, Grants("ops", {"GET"})),
      Make("c", "database", {Is("databaseId", "equals", "lab")}, {}, Grants("qa", {"GET"}))};
  const auto of = [&](std::string_view user, const Strings& roles) {
    return Policy::Compile(user, roles, constraints).Fingerprint(ObjectType::kAsset, Action::kGet);
  };

  EXPECT_EQ(of("lee", {"qa"}), of("kim", {"qa"}));
  EXPECT_NE(of("lee", {"qa"}), of("lee", {"ops"}));
  EXPECT_NE(of("lee", {"qa"}), of("lee", {"qa", "ops"}));
  EXPECT_EQ(of("lee", {"ops", "qa"}), of("lee", {"qa", "ops"}));
  EXPECT_EQ(of("lee", {}), of("kim", {"unknown"}));
  // Values are told apart from lists of them, and effects from each other.
  const auto with = [](Criterion criterion, const std::string& type) {
    const std::vector<Constraint> one = {
        Make("a", "asset", {std::move(criterion)}, {}, Grants("qa", {"GET"}, type))};
    return Policy::Compile("lee", Strings{"qa"}, one).Fingerprint(ObjectType::kAsset, Action::kGet);
  };
  EXPECT_NE(with(IsAny("tags", "is_one_of", {"a", "b"}), "allow"),
            with(Is("tags", "is_one_of", "a, b"), "allow"));
  EXPECT_NE(with(Is("tags", "is_one_of", "a"), "allow"),
            with(IsAny("tags", "is_one_of", {"a"}), "allow"));
  EXPECT_NE(with(Is("tags", "is_one_of", "a"), "allow"),
            with(Is("tags", "is_one_of", "a"), "deny"));
}

}  // namespace
}  // namespace vams::access
