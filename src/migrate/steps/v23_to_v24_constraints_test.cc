// Constraints from 2.3 to 2.4 case by case: the numbered examples and the defects of migrations.md
// section 5, defaults, and changes made in 2.4 that are carried down.
#include <gtest/gtest.h>

#include "migrate/steps/v23_to_v24_test_support.h"

namespace vams::migrate::test::v24 {

namespace {

void AddConstraint(TableSet& set, std::string_view json) { Put(set, kAuth, Json(json)); }

constexpr std::string_view kExample13 =
    R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#c1"},"constraintId":{"S":"c1"},"name":{"S":"yard"},"description":{"S":"d"},"objectType":{"S":"asset"},"criteriaAnd":{"L":[{"M":{"id":{"S":"1"},"field":{"S":"databaseId"},"operator":{"S":"equals"},"value":{"S":"harbor-yard"}}}]},"groupPermissions":{"L":[{"M":{"id":{"S":"a"},"groupId":{"S":"ops"},"permission":{"S":"GET"},"permissionType":{"S":"allow"}}},{"M":{"id":{"S":"b"},"groupId":{"S":"ops"},"permission":{"S":"PUT"},"permissionType":{"S":"allow"}}},{"M":{"id":{"S":"c"},"groupId":{"S":"leads"},"permission":{"S":"DELETE"},"permissionType":{"S":"allow"}}}]},"userPermissions":{"L":[{"M":{"id":{"S":"d"},"userId":{"S":"mara"},"permission":{"S":"GET"},"permissionType":{"S":"deny"}}}]}})";

std::string ItemText(const TableSet& set, std::string_view id, std::string_view attribute) {
  const auto& rows = set.at(kConstraint);
  const auto row = rows.find(items::EncodeItem(Item{{"constraintId", Value::S(std::string(id))}}));
  return row == rows.end() ? "(absent)" : std::string(row->second.Text(attribute));
}

Texts ConstraintIds(const TableSet& set) {
  Texts ids;
  if (!set.contains(kConstraint)) return ids;
  for (const auto& [key, row] : set.at(kConstraint))
    ids.insert(std::string(row.Text("constraintId")));
  return ids;
}

// The seed's item of a default constraint.
TableSet Seed() {
  TableSet seed;
  AddFixture(seed, "seed/v2.4");
  return seed;
}

TableSet OnlyDefault(std::string_view base, std::string_view group) {
  TableSet set;
  const Item key{{"constraintId", Value::S(fmt::format("{}#group#{}", base, group))}};
  Put(set, kConstraint, Seed().at(kConstraint).at(items::EncodeItem(key)));
  return set;
}

}  // namespace

TEST(Constraints23To24, OneItemPerGroupAndUser) {  // example 13; D-5, M34-19
  TableSet set;
  AddConstraint(set, kExample13);

  const auto result = Up(set);
  const auto reference = Up(set, {}, Dialect::kReference);

  const Texts ids{"c1#group#ops", "c1#group#leads", "c1#user#mara"};
  EXPECT_EQ(ConstraintIds(result.tables), ids);
  EXPECT_EQ(ConstraintIds(reference.tables), ids);
  EXPECT_EQ(ItemText(result.tables, "c1#group#ops", "criteriaAnd"),
            R"([{"field":"databaseId","id":"1","operator":"equals","value":"harbor-yard"}])");
  EXPECT_EQ(ItemText(result.tables, "c1#user#mara", "userId"), "mara");
  EXPECT_EQ(
      ItemText(reference.tables, "c1#group#ops", "criteriaAnd"),
      R"([{"field": "databaseId", "id": "1", "operator": "equals", "value": "harbor-yard"}])");
  EXPECT_EQ(ItemText(reference.tables, "c1#group#ops", "criteriaOr"), "[]");
  ASSERT_EQ(result.remarks.notes.size(), 1U);
  EXPECT_NE(result.remarks.notes[0].text.find("roles ops, users mara; 2.4"), std::string::npos);
  EXPECT_NE(result.remarks.notes[0].text.find("roles ops, leads, users mara"), std::string::npos);
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, WithoutPermissionsThereIsOneItem) {  // example 14
  TableSet set;
  AddConstraint(
      set,
      R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#none"},"constraintId":{"S":"none"},"objectType":{"S":"tag"}})");

  EXPECT_EQ(ConstraintIds(Up(set).tables), Texts{"none"});
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, ListsAndUnknownMembersAreKept) {  // example 15; D-5, M34-18
  TableSet set;
  AddConstraint(
      set,
      R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#c"},"constraintId":{"S":"c"},"objectType":{"S":"pipeline"},"revision":{"N":"3"},"criteria":{"M":{"field":{"S":"pipelineType"},"operator":{"S":"equals"},"value":{"S":"x"}}},"criteriaAnd":{"L":[{"M":{"field":{"S":"pipelineId"},"id":{"S":"c1"},"operator":{"S":"is_one_of"},"value":{"L":[{"S":"p1"},{"S":"é"}]},"weight":{"N":"2"},"strict":{"BOOL":true},"more":{"M":{}}}}]}})");

  const auto result = Up(set);

  EXPECT_EQ(ItemText(result.tables, "c", "criteriaAnd"),
            R"([{"field":"pipelineId","id":"c1","more":{},"operator":"is_one_of","strict":true,)"
            R"("value":["p1","é"],"weight":2},)"
            R"({"field":"pipelineType","operator":"equals","value":"x"}])");
  EXPECT_TRUE(Has(result.remarks.defects, "M34-18"));
  EXPECT_NE(RowText(result.tables, kConstraint, {{"constraintId", Value::S("c")}})
                .find(R"("revision":{"N":"3"})"),
            std::string::npos);
  EXPECT_EQ(ItemText(Up(set, {}, Dialect::kReference).tables, "c", "criteriaAnd"),
            R"([{"field": "pipelineId", "id": "c1", "operator": "is_one_of", "strict": true, )"
            R"("weight": "2"}])");
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, MissingIdsAreTakenFromKeyOrIdentifier) {  // example 16; M34-11
  TableSet set;
  for (
      const auto text :
      {R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#from-key"},"identifier":{"S":"other"},"objectType":{"S":"tag"}})",
       R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#"},"identifier":{"S":"from-identifier"},"objectType":{"S":"tag"}})",
       R"({"entityType":{"S":"constraint"},"sk":{"S":"odd"},"objectType":{"S":"tag"}})",
       R"({"entityType":{"S":"constraint"},"sk":{"S":"plain-key"},"constraintId":{"S":"plain"},"objectType":{"S":"tag"}})",
       R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#typeless"},"constraintId":{"S":"typeless"},"objectType":{"S":""}})",
       R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#twin"},"constraintId":{"S":"plain"},"objectType":{"S":"tag"}})",
       R"({"entityType":{"S":"claims"},"sk":{"S":"observed_claims"},"claims":{"SS":["a"]}})"})
    AddConstraint(set, text);

  const auto result = Up(set);

  EXPECT_EQ(ConstraintIds(result.tables), (Texts{"from-key", "from-identifier", "plain"}));
  EXPECT_EQ(
      Codes(result.remarks.quarantined),
      (Texts{
          R"(D-9 AuthEntitiesTable {"entityType":{"S":"constraint"},"sk":{"S":"odd"}})",
          R"(D-9 AuthEntitiesTable {"entityType":{"S":"constraint"},"sk":{"S":"constraint#typeless"}})",
          R"(D-9 AuthEntitiesTable {"entityType":{"S":"constraint"},"sk":{"S":"plain-key"}})"}));
  EXPECT_TRUE(Has(result.remarks.defects, "M34-11"));
  EXPECT_EQ(result.tables.at(kAuth), set.at(kAuth));
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, LargeTextsDoNotGrow) {  // example 17
  TableSet set;
  std::string big;
  for (int i = 0; i < 80000; ++i) big += "東";
  Item row = Json(kExample13);
  row.Set("criteriaOr", Value::L({Value::M({{"field", Value::S("x")}, {"value", Value::S(big)}})}));
  Put(set, kAuth, row);

  EXPECT_EQ(Up(set).tables.at(kConstraint).size(), 3U);
  EXPECT_EQ(Up(set, {}, Dialect::kReference).remarks.quarantined.size(), 3U);
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, UntouchedDefaultsOfTheTargetStay) {  // D-4, M34-10
  TableSet set = OnlyDefault("initial_basicro_allow_post_apis", "basicReadOnly");
  TableSet fixture;
  AddFixture(fixture, "v2.3");
  const Item key{{"entityType", Value::S("constraint")},
                 {"sk", Value::S("constraint#initial_basicro_allow_post_apis")}};
  Put(set, kAuth, fixture.at(kAuth).at(items::EncodeItem(key)));

  const auto result = Up(set);

  EXPECT_EQ(result.tables.at(kConstraint), set.at(kConstraint));
  ASSERT_EQ(result.remarks.notes.size(), 1U) << Reasons(result.remarks.notes);
  EXPECT_EQ(result.remarks.notes[0].code, "D-5");
  EXPECT_TRUE(Has(result.remarks.defects, "M34-10"));
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, EditedDefaultsGoBesideTheTargets) {  // D-4
  TableSet set = OnlyDefault("initial_admin_allow_all_apis", "admin");
  TableSet fixture;
  AddFixture(fixture, "v2.3");
  const Item key{{"entityType", Value::S("constraint")},
                 {"sk", Value::S("constraint#initial_admin_allow_all_apis")}};
  Item row = fixture.at(kAuth).at(items::EncodeItem(key));
  row.Set("criteriaAnd", Value::L({Value::M({{"field", Value::S("route__path")},
                                             {"operator", Value::S("starts_with")},
                                             {"value", Value::S("/assets")}})}));
  Put(set, kAuth, row);

  const auto result = Up(set);
  const auto again = Up(result.tables);

  const Texts ids{"initial_admin_allow_all_apis#group#admin",
                  "initial_admin_allow_all_apis-edited#group#admin"};
  EXPECT_EQ(ConstraintIds(result.tables), ids);
  EXPECT_TRUE(Has(result.remarks.notes, "D-4"));
  EXPECT_EQ(Differences(result.tables, again.tables), "");
  EXPECT_NE(
      ItemText(result.tables, "initial_admin_allow_all_apis-edited#group#admin", "criteriaAnd")
          .find("/assets"),
      std::string::npos);
  ExpectRoundTrip(set);

  // The place beside the default is a constraint's own.
  Item own = row;
  own.Set("sk", Value::S("constraint#initial_admin_allow_all_apis-edited"));
  own.Set("constraintId", Value::S("initial_admin_allow_all_apis-edited"));
  Put(set, kAuth, own);
  const auto crowded = Up(set);
  EXPECT_EQ(ConstraintIds(crowded.tables), ids);
  EXPECT_TRUE(Has(crowded.remarks.quarantined, "D-4"));
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, IdsThatBeginAlikeAreDifferent) {  // M34-12
  TableSet set = OnlyDefault("initial_admin_allow_all_databases", "admin");
  Item row = Json(kExample13);
  row.Set("sk", Value::S("constraint#initial_admin"));
  row.Set("constraintId", Value::S("initial_admin"));
  Put(set, kAuth, row);

  const auto result = Up(set);
  const auto reference = Up(set, {}, Dialect::kReference);

  EXPECT_EQ(ConstraintIds(result.tables).size(), 4U);
  EXPECT_TRUE(Has(result.remarks.defects, "M34-12"));
  EXPECT_EQ(ConstraintIds(reference.tables).size(), 1U);
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, ExistingConstraintsWin) {
  TableSet set;
  AddConstraint(set, kExample13);
  Put(set, kConstraint,
      Json(
          R"({"constraintId":{"S":"c1#group#others"},"groupId":{"S":"others"},"objectType":{"S":"asset"},"name":{"S":"made in 2.4"},"criteriaAnd":{"S":"[]"},"criteriaOr":{"S":"[]"},"groupPermissions":{"S":"[]"},"userPermissions":{"S":"[]"}})"));

  const auto result = Up(set);

  EXPECT_EQ(ConstraintIds(result.tables), Texts{"c1#group#others"});
  EXPECT_TRUE(Has(result.remarks.notes, "existing"));
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, RetiredFieldsAndMissingValuesAreReported) {  // D-5, M34-19
  TableSet set;
  AddConstraint(
      set,
      R"({"entityType":{"S":"constraint"},"sk":{"S":"constraint#s"},"constraintId":{"S":"s"},"objectType":{"S":"metadataSchema"},"criteriaAnd":{"L":[{"M":{"field":{"S":"field"},"operator":{"S":"equals"},"value":{"S":"serial"}}},{"M":{"field":{"S":"databaseId"},"operator":{"S":"equals"}}}]}})");

  const auto result = Up(set);

  const std::string notes = Reasons(result.remarks.notes);
  EXPECT_NE(
      notes.find("before: all of [field equals \"serial\"; databaseId equals (no value)], any "
                 "of [nothing]; after: all of [databaseId equals (no value)]"),
      std::string::npos)
      << notes;
  EXPECT_NE(notes.find("refuses every request"), std::string::npos);
  ExpectRoundTrip(set);
}

TEST(Constraints23To24, ChangesMadeIn24AreCarriedDown) {
  TableSet set;
  AddConstraint(set, kExample13);
  Item other = Json(kExample13);
  other.Set("sk", Value::S("constraint#gone"));
  other.Set("constraintId", Value::S("gone"));
  Put(set, kAuth, other);
  const auto up = Up(set);
  TableSet changed = up.tables;
  std::erase_if(changed[kConstraint], [](const auto& row) {
    return row.second.Text("constraintId").starts_with("gone");
  });
  for (auto& [key, row] : changed[kConstraint]) {
    row.Set("name", Value::S("renamed"));
    row.Set("criteriaOr", Value::S(R"([{"field":"tags","operator":"is_one_of","value":["a",1]}])"));
  }
  Put(changed, kConstraint,
      Json(
          R"({"constraintId":{"S":"new#group#ops"},"groupId":{"S":"ops"},"objectType":{"S":"tag"},"name":{"S":"new"},"description":{"S":""},"criteriaAnd":{"S":"[]"},"criteriaOr":{"S":"[]"},"groupPermissions":{"S":"[{\"groupId\":\"ops\"}]"},"userPermissions":{"S":"[]"},"dateModified":{"S":"2026"}})"));

  const auto down = Down(changed, up.residue);

  const auto row = [&](std::string_view id) {
    return RowText(down.tables, kAuth,
                   {{"entityType", Value::S("constraint")},
                    {"sk", Value::S("constraint#" + std::string(id))}});
  };
  EXPECT_EQ(row("gone"), "");
  EXPECT_NE(row("new").find(R"("groupPermissions":{"L":[{"M":{"groupId":{"S":"ops"}}}]})"),
            std::string::npos);
  EXPECT_NE(row("c1").find(R"("name":{"S":"renamed"})"), std::string::npos);
  EXPECT_NE(
      row("c1").find(
          R"("criteriaOr":{"L":[{"M":{"field":{"S":"tags"},"operator":{"S":"is_one_of"},"value":{"L":[{"S":"a"},{"N":"1"}]}}}]})"),
      std::string::npos)
      << row("c1");
  EXPECT_TRUE(Has(down.remarks.notes, "D-5"));
  EXPECT_EQ(Differences(changed, Up(down.tables, down.residue).tables), "");
}

TEST(Constraints23To24, DownTakesTheNewestOfItemsThatDisagree) {
  TableSet set;
  for (
      const auto text :
      {R"({"constraintId":{"S":"c#group#a"},"groupId":{"S":"a"},"objectType":{"S":"tag"},"name":{"S":"old"},"criteriaAnd":{"S":"[]"},"dateModified":{"S":"2025-01"}})",
       R"({"constraintId":{"S":"c#group#b"},"groupId":{"S":"b"},"objectType":{"S":"tag"},"name":{"S":"new"},"criteriaAnd":{"S":"[{\"field\":\"x\"}]"},"dateModified":{"S":"2025-02"}})",
       R"({"constraintId":{"S":"broken"},"objectType":{"S":"tag"},"criteriaAnd":{"S":"{no list"}})"})
    Put(set, kConstraint, Json(text));

  const auto down = Down(set);

  ASSERT_EQ(down.tables.at(kAuth).size(), 1U);
  EXPECT_EQ(down.tables.at(kAuth).begin()->second.Text("name"), "new");
  EXPECT_NE(Reasons(down.remarks.notes).find("contradict"), std::string::npos);
  ASSERT_EQ(down.remarks.quarantined.size(), 1U);
  EXPECT_EQ(down.remarks.quarantined[0].code, "D-9");
  ExpectRoundTripDown(set);
}

}  // namespace vams::migrate::test::v24
