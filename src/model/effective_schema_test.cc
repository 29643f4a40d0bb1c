// What schemas ask of an entity, rule by rule, with the rows B19 to B35 of the behaviour list.
#include "model/effective_schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "model/effective_schema_support_test.h"

namespace vams::model::test {
namespace {

std::string Post(const EffectiveSchema& schema, const Records& sent) {
  return Write(schema, kCreate, {}, sent);
}

testing::AssertionResult Says(const std::string& complaint, std::string_view part) {
  if (complaint.find(part) != complaint.npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << complaint << "\" does not say \"" << part << "\"";
}

// ---- Which schemas apply.

TEST(EffectiveSchema, OfNoSchemaLetsEverythingThrough) {
  const EffectiveSchema schema;

  EXPECT_TRUE(schema.empty());
  EXPECT_EQ(Write(schema, kCreate, {}, {{"a", "1"}}, true), "");
  EXPECT_EQ(schema.CheckDeletion({}, Texts{"a"}), std::nullopt);
}

// Row B34.
TEST(EffectiveSchema, LeavesDisabledSchemasOut) {
  MetadataSchema disabled = S({{.key = "mass", .type = kNumber, .required = true}});
  disabled.enabled = false;

  EXPECT_TRUE(Of({disabled}).empty());
  EXPECT_EQ(Of({disabled, G({{.key = "color"}})}).fields().size(), 1u);
}

// Row B35.
TEST(EffectiveSchema, OfAFileDependsOnItsExtension) {
  MetadataSchema schema = S({{.key = "faces"}});
  schema.file_types = ".glb";
  const auto applies = [&](std::string_view path) {
    return !Of({schema}, SchemaEntity::kFile, path).empty();
  };

  EXPECT_TRUE(applies("/cad/boom.glb"));
  EXPECT_FALSE(applies("/cad/boom.ifc"));
  EXPECT_TRUE(applies("/cad/README"));
  // Only the last segment has an extension.
  EXPECT_TRUE(applies("/cad.v2/README"));
  EXPECT_TRUE(Of({schema}, SchemaEntity::kFileAttribute, "/a.ifc").empty());
  EXPECT_FALSE(Of({schema}, SchemaEntity::kAsset, "/a.ifc").empty()) << "is for files only";
}

TEST(FileRestriction, ComparesWholeEntries) {
  EXPECT_TRUE(AppliesToFile(std::nullopt, "/a.ifc"));
  EXPECT_TRUE(AppliesToFile("", "/a.ifc"));
  EXPECT_TRUE(AppliesToFile("  ", "/a.ifc"));
  EXPECT_TRUE(AppliesToFile(".glb, .IFC ", "/a.Ifc"));
  EXPECT_TRUE(AppliesToFile(".glb,.ALL", "/a.ifc"));
  EXPECT_FALSE(AppliesToFile(".allegro", "/a.ifc"));
  EXPECT_FALSE(AppliesToFile("ifc", "/a.ifc")) << "an entry without its dot never fits";
  EXPECT_FALSE(AppliesToFile(".gz", "/a.tar.gz.part"));
  EXPECT_TRUE(AppliesToFile(".gz", "/a.tar.gz"));
  EXPECT_FALSE(AppliesToFile(".glb", "/trailing."));
}

TEST(FileExtension, IsOfTheLastSegmentInLowerCase) {
  EXPECT_EQ(FileExtension("/a.b/README"), "");
  EXPECT_EQ(FileExtension("/a.b/C.D.GLB"), ".glb");
  EXPECT_EQ(FileExtension("/.hidden"), ".hidden");
  EXPECT_EQ(FileExtension("x"), "");
}

// ---- Merging.

TEST(EffectiveSchema, OrdersFieldsBySequenceThenByKey) {
  const auto schema = Of({S({{.key = "b"},
                             {.key = "z", .sequence = 0},
                             {.key = "a"},
                             {.key = "y", .sequence = 2},
                             {.key = "x", .sequence = 2}})});

  Texts keys;
  for (const EffectiveField& field : schema.fields()) keys.push_back(field.field.key);
  EXPECT_EQ(keys, (Texts{"z", "x", "y", "a", "b"}));
  EXPECT_EQ(schema.Find("y")->field.sequence, 2);
  EXPECT_EQ(schema.Find("Y"), nullptr);
}

// Row B27.
TEST(EffectiveSchema, MakesAnyTextOfAFieldThatSchemasDisagreeAbout) {
  const auto schema = Of({S({{.key = "f",
                              .type = kNumber,
                              .required = true,
                              .sequence = 3,
                              .depends_on = {{"g"}},
                              .default_value = "1"}}),
                          G({{.key = "f", .type = kString}})});

  ASSERT_EQ(schema.fields().size(), 1u);
  const EffectiveField& field = schema.fields()[0];
  EXPECT_TRUE(field.conflict);
  EXPECT_EQ(field.schemas, "S (harbor-db), G (GLOBAL)");
  EXPECT_EQ(field.field, (SchemaField{.key = "f", .list = Texts()}));
  // The type that is left counts: a number written before is in the way.
  EXPECT_TRUE(Says(Post(schema, {{"f", "1", kNumber}}), "'f' has to be of type 'string'"));
  EXPECT_EQ(Post(schema, {{"f", "1", kString}}), "");
}

// Row B28.
TEST(EffectiveSchema, MergesSchemasThatAgree) {
  const auto schema =
      Of({S({{.key = "f", .type = kNumber}}), G({{.key = "f", .type = kNumber, .sequence = 2}})});

  EXPECT_FALSE(schema.fields()[0].conflict);
  EXPECT_EQ(schema.fields()[0].field, (SchemaField{.key = "f", .type = kNumber, .sequence = 2}));
  EXPECT_EQ(schema.fields()[0].schemas, "S (harbor-db), G (GLOBAL)");
}

TEST(EffectiveSchema, TakesTheSmallestSequence) {
  EXPECT_EQ(Of({S({{.key = "f", .sequence = 3}}), G({{.key = "f", .sequence = 7}})})
                .fields()[0]
                .field.sequence,
            3);
  EXPECT_EQ(Of({S({{.key = "f", .sequence = 7}}), G({{.key = "f", .sequence = 3}})})
                .fields()[0]
                .field.sequence,
            3);
}

// Row B29.
TEST(EffectiveSchema, KeepsTheFirstList) {
  const auto schema = Of({S({{.key = "state", .type = kList, .list = {{"a"}}}}),
                          G({{.key = "state", .type = kList, .list = {{"b"}}}})});

  EXPECT_FALSE(schema.fields()[0].conflict);
  EXPECT_EQ(schema.fields()[0].field.list, Texts{"a"});
  EXPECT_EQ(Post(schema, {{"state", "a", kList}}), "");
  EXPECT_NE(Post(schema, {{"state", "b", kList}}), "");
}

TEST(EffectiveSchema, ComparesExactlyFourRules) {
  const SchemaField base{.key = "f",
                         .type = kNumber,
                         .required = true,
                         .sequence = 1,
                         .depends_on = {{"a", "b"}},
                         .list = {{"x"}},
                         .default_value = "1"};
  const auto conflicts = [&](const std::function<void(SchemaField&)>& change) {
    SchemaField other = base;
    change(other);
    return Of({S({base}), G({other})}).fields()[0].conflict;
  };

  EXPECT_FALSE(conflicts([](SchemaField&) {}));
  EXPECT_FALSE(conflicts([](SchemaField& f) { f.sequence = 9; }));
  EXPECT_FALSE(conflicts([](SchemaField& f) { f.list = {{"y"}}; }));
  EXPECT_TRUE(conflicts([](SchemaField& f) { f.type = kString; }));
  EXPECT_TRUE(conflicts([](SchemaField& f) { f.required = false; }));
  EXPECT_TRUE(conflicts([](SchemaField& f) { f.default_value = "2"; }));
  EXPECT_TRUE(conflicts([](SchemaField& f) { f.default_value.reset(); }));
  EXPECT_TRUE(conflicts([](SchemaField& f) { f.depends_on = {{"b", "a"}}; }));
  EXPECT_TRUE(conflicts([](SchemaField& f) { f.depends_on.reset(); }));
}

TEST(EffectiveSchema, TellsNoDependenciesFromAnEmptyListOfThem) {
  EXPECT_TRUE(
      Of({S({{.key = "f", .depends_on = Texts()}}), G({{.key = "f"}})}).fields()[0].conflict);
}

TEST(EffectiveSchema, KeepsAConflictWhateverComesLater) {
  const SchemaField number{.key = "f", .type = kNumber};
  const SchemaField plain{.key = "f", .sequence = 4};

  const auto three = Of({S({number}), G({{.key = "f"}}), S({plain})});
  EXPECT_TRUE(three.fields()[0].conflict);
  EXPECT_EQ(three.fields()[0].field.sequence, 4) << "a plain text field supplies its place";
  const auto four = Of({S({number}), G({{.key = "f"}}), S({plain}), S({number})});
  EXPECT_TRUE(four.fields()[0].conflict);
  EXPECT_EQ(four.fields()[0].field.sequence, std::nullopt);
  EXPECT_EQ(four.fields()[0].schemas, "S (harbor-db), G (GLOBAL), S (harbor-db), S (harbor-db)");
}

TEST(EffectiveSchema, CanBeMoved) {
  auto schema = Of({S({{.key = "a short key"}, {.key = std::string(100, 'k')}})});

  const EffectiveSchema moved = std::move(schema);

  EXPECT_EQ(moved.Find("a short key")->field.key, "a short key");
  EXPECT_EQ(moved.Find(std::string(100, 'k')), &moved.fields()[1]);
}

// ---- Required fields and defaults.

// Row B19.
TEST(SchemaWrite, NeedsRequiredFields) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber, .required = true}})});

  const std::string complaint = Post(schema, {{"color", "red"}});

  EXPECT_TRUE(complaint.starts_with("Schema validation failed: ")) << complaint;
  EXPECT_TRUE(Says(complaint, "'mass' is required and missing"));
  EXPECT_TRUE(Says(Post(schema, {{"mass", "", kNumber}}), "'mass' is required and must not be"));
  EXPECT_EQ(Post(schema, {{"mass", "1", kNumber}}), "");
  EXPECT_EQ(Write(schema, kCreate, {{"mass", "1", kNumber}}, {{"color", "red"}}), "");
  EXPECT_EQ(Write(schema, kUpdate, {{"mass", "1", kNumber}}, {{"color", "red"}}), "");
  EXPECT_NE(Write(schema, kReplaceAll, {{"mass", "1", kNumber}}, {{"color", "red"}}), "");
  EXPECT_NE(Write(schema, kUpdate, {{"mass", "1", kNumber}}, {{"mass", "", kNumber}}), "");
}

TEST(SchemaWrite, TakesOnlyTheEmptyTextForEmpty) {
  const auto schema = Of({S({{.key = "f", .required = true}})});

  for (const char* value : {" ", "NULL", "0", "false"})
    EXPECT_EQ(Post(schema, {{"f", value}}), "") << value;
}

// Rows B20 and B21.
TEST(SchemaWrite, FillsARequiredFieldWithItsDefault) {
  const auto schema =
      Of({S({{.key = "mass", .type = kNumber, .required = true, .default_value = "1"}})});

  for (const SchemaWrite write : {kCreate, kUpdate, kReplaceAll})
    EXPECT_EQ(Write(schema, write, {}, {{"color", "red"}}), "");
  EXPECT_EQ(schema.DefaultsToWrite({}, Records{{"color", "red"}}),
            (Records{{"mass", "1", kNumber}}));
  const auto shown = schema.Show({{"color", "red"}}, OutsideOrder::kDescending);
  EXPECT_EQ(shown[0].item, (MetadataItem{"mass", "1", kNumber}));
}

TEST(SchemaWrite, AnEmptyDefaultDoesNotSatisfy) {
  const auto schema = Of({S({{.key = "f", .required = true, .default_value = ""}})});

  EXPECT_TRUE(Says(Post(schema, {}), "must not be empty"));
}

TEST(SchemaDefaults, AreThoseNeitherStoredNorSent) {
  const auto schema = Of({S({{.key = "b", .default_value = ""},
                             {.key = "a", .type = kNumber, .default_value = "7"},
                             {.key = "stored", .default_value = "d"},
                             {.key = "sent", .default_value = "d"},
                             {.key = "none"}})});

  EXPECT_EQ(schema.DefaultsToWrite(Records{{"stored", ""}}, Records{{"sent", ""}}),
            (Records{{"a", "7", kNumber}, {"b", "", kString}}));
}

// ---- Types.

// Row B22.
TEST(SchemaWrite, NeedsTheTypeOfTheField) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber}})});

  const std::string complaint = Post(schema, {{"mass", "5", kString}});

  EXPECT_TRUE(Says(complaint, "'mass' has to be of type 'number' and is of 'string'"));
  // What is stored counts as well, except where it is replaced.
  EXPECT_NE(Write(schema, kCreate, {{"mass", "5", kString}}, {{"color", "red"}}), "");
  EXPECT_NE(Write(schema, kUpdate, {{"mass", "5", kString}}, {{"color", "red"}}), "");
  EXPECT_EQ(Write(schema, kReplaceAll, {{"mass", "5", kString}}, {{"color", "red"}}), "");
}

// Row B23: only an update may bring a record in line with a schema that came later.
TEST(SchemaWrite, KeepsTheStoredTypeUnlessItIsUpdated) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber}})});
  const Records stored = {{"mass", "5", kString}};
  const Records sent = {{"mass", "5", kNumber}};

  EXPECT_TRUE(Says(Write(schema, kCreate, stored, sent), "'mass' is stored with type 'string'"));
  EXPECT_EQ(Write(schema, kUpdate, stored, sent), "");
  EXPECT_TRUE(Says(Write(schema, kReplaceAll, stored, sent), "is stored with type 'string'"));
  const auto of_link = Of({S({{.key = "mass", .type = kNumber}})}, SchemaEntity::kAssetLink);
  EXPECT_NE(Write(of_link, kCreate, stored, sent), "");
  EXPECT_EQ(Write(of_link, kReplaceAll, stored, sent), "");
}

TEST(SchemaWrite, LetsKeysOutsideChangeTheirTypes) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber}})});

  for (const SchemaWrite write : {kCreate, kUpdate, kReplaceAll})
    EXPECT_EQ(Write(schema, write, {{"color", "5", kString}}, {{"color", "5", kNumber}}), "");
}

// ---- Dependencies.

// Row B24.
TEST(SchemaWrite, NeedsWhatAFieldDependsOn) {
  const auto schema =
      Of({S({{.key = "unit", .depends_on = {{"mass"}}}, {.key = "mass", .type = kNumber}})});

  EXPECT_TRUE(Says(Post(schema, {{"unit", "kg"}}), "'unit' depends on 'mass', which is missing"));
  EXPECT_TRUE(Says(Post(schema, {{"unit", "kg"}, {"mass", "", kNumber}}),
                   "'unit' depends on 'mass', which is empty"));
  EXPECT_EQ(Post(schema, {{"unit", "kg"}, {"mass", "5", kNumber}}), "");
  EXPECT_EQ(Write(schema, kUpdate, {{"mass", "5", kNumber}}, {{"unit", "kg"}}), "");
  EXPECT_NE(Write(schema, kReplaceAll, {{"mass", "5", kNumber}}, {{"unit", "kg"}}), "");
  EXPECT_EQ(Post(schema, {{"mass", "5", kNumber}}), "");
  EXPECT_NE(Post(schema, {{"unit", ""}}), "") << "even if its own value is empty";
}

TEST(SchemaWrite, MayDependOnKeysOutsideAndOnDefaults) {
  const auto schema = Of({S({{.key = "unit", .depends_on = {{"outside"}}},
                             {.key = "shift", .depends_on = {{"base"}}},
                             {.key = "base", .default_value = "0"}})});

  EXPECT_NE(Post(schema, {{"unit", "kg"}}), "");
  EXPECT_EQ(Post(schema, {{"unit", "kg"}, {"outside", "x"}}), "");
  EXPECT_EQ(Post(schema, {{"shift", "1"}}), "");
}

TEST(SchemaWrite, ADefaultBringsItsDependenciesAlong) {
  const auto schema = Of({S({{.key = "unit", .depends_on = {{"mass"}}, .default_value = "kg"},
                             {.key = "mass", .type = kNumber}})});

  EXPECT_NE(Post(schema, {{"color", "red"}}), "");
  EXPECT_EQ(Post(schema, {{"mass", "5", kNumber}}), "");
}

TEST(SchemaWrite, FollowsDependenciesAndReportsEachOnce) {
  const auto schema = Of({S({{.key = "a", .depends_on = {{"b"}}},
                             {.key = "b", .depends_on = {{"c"}}},
                             {.key = "c", .depends_on = {{"d"}}},
                             {.key = "d"}})});

  EXPECT_EQ(Post(schema, {{"a", "1"}, {"b", "1"}, {"c", "1"}}),
            "Schema validation failed: 'c' depends on 'd', which is missing");
}

// Row B25.
TEST(SchemaWrite, RefusesDependenciesInACircle) {
  const auto pair =
      Of({S({{.key = "p", .depends_on = {{"q"}}}, {.key = "q", .depends_on = {{"p"}}}})});
  EXPECT_EQ(Post(pair, {{"p", "1"}, {"q", "1"}}),
            "Schema validation failed: dependencies go round in a circle: p -> q -> p");

  const auto self = Of({S({{.key = "p", .depends_on = {{"p"}}}})});
  EXPECT_TRUE(Says(Post(self, {{"p", "1"}}), "p -> p"));
  EXPECT_EQ(Post(self, {{"other", "1"}}), "");

  // The way into the circle is no part of it.
  const auto tail = Of({S({{.key = "a", .sequence = 0, .depends_on = {{"p"}}},
                           {.key = "p", .depends_on = {{"q"}}},
                           {.key = "q", .depends_on = {{"p"}}}})});
  EXPECT_TRUE(Says(Post(tail, {{"a", "1"}, {"p", "1"}, {"q", "1"}}), "circle: p -> q -> p"));
}

TEST(SchemaWrite, TwoWaysToOneFieldAreNoCircle) {
  const auto schema = Of({S({{.key = "a", .depends_on = {{"b", "c"}}},
                             {.key = "b", .depends_on = {{"d"}}},
                             {.key = "c", .depends_on = {{"d"}}},
                             {.key = "d"}})});

  EXPECT_EQ(Post(schema, {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}}), "");
}

TEST(SchemaWrite, SurvivesAChainOfVeryManyDependencies) {
  constexpr int kLength = 100'000;
  std::vector<SchemaField> fields;
  Records sent;
  for (int i = 0; i < kLength; ++i) {
    fields.push_back({.key = std::to_string(i), .depends_on = {{std::to_string(i + 1)}}});
    sent.push_back({std::to_string(i), "1"});
  }

  EXPECT_EQ(Post(Of({S(fields)}), sent),
            "Schema validation failed: '99999' depends on '100000', which is missing");
}

// ---- Lists.

// Row B26.
TEST(SchemaWrite, NeedsAnEntryOfTheList) {
  const auto schema = Of({S({{.key = "state", .type = kList, .list = {{"draft", "final"}}}})});

  EXPECT_EQ(Post(schema, {{"state", "draft", kList}}), "");
  EXPECT_TRUE(Says(Post(schema, {{"state", "Draft", kList}}),
                   "'state' has the value 'Draft', which is none of 'draft', 'final'"));
  EXPECT_NE(Post(schema, {{"state", "", kList}}), "") << "an optional one is left out instead";
  EXPECT_EQ(Post(schema, {{"other", "x"}}), "");
}

TEST(SchemaWrite, AsksNothingOfAFieldWithoutAList) {
  EXPECT_EQ(Post(Of({S({{.key = "state", .type = kList}})}), {{"state", "x", kList}}), "");
  EXPECT_EQ(
      Post(Of({S({{.key = "state", .type = kList, .list = Texts()}})}), {{"state", "x", kList}}),
      "");
}

TEST(SchemaWrite, ShortensLongValuesInItsComplaints) {
  Texts list;
  for (int i = 0; i < 1000; ++i) list.push_back(std::to_string(i));
  const auto schema = Of({S({{.key = "state", .type = kList, .list = list}})});
  std::string value;
  for (int i = 0; i < 1000; ++i) value += "ß";

  const std::string complaint = Post(schema, {{"state", value, kList}});

  EXPECT_LT(complaint.size(), 600u);
  EXPECT_TRUE(Says(complaint, "ß…'"));
  EXPECT_TRUE(Says(complaint, "'19' and 980 more"));
}

// ---- Keys outside.

// Row B30.
TEST(SchemaWrite, RefusesKeysOutsideWhereTheDatabaseSaysSo) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber}})});

  const std::string complaint = Write(schema, kCreate, {}, {{"color", "red"}}, true);

  EXPECT_TRUE(complaint.starts_with("Metadata key validation failed: 'color'")) << complaint;
  EXPECT_EQ(Write(schema, kCreate, {}, {{"color", "red"}}, false), "");
  EXPECT_EQ(Write(schema, kCreate, {}, {{"mass", "1", kNumber}}, true), "");
  EXPECT_EQ(Write(EffectiveSchema(), kCreate, {}, {{"color", "red"}}, true), "");
}

// Row B31.
TEST(SchemaWrite, IsBlockedByAnOldKeyOutsideUntilItIsGone) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber}})});
  const Records stored = {{"old", "x"}};
  const Records sent = {{"mass", "1", kNumber}};

  EXPECT_TRUE(Says(Write(schema, kUpdate, stored, sent, true), "'old'"));
  EXPECT_TRUE(Says(Write(schema, kCreate, stored, sent, true), "'old'"));
  EXPECT_EQ(Write(schema, kReplaceAll, stored, sent, true), "");
}

TEST(SchemaWrite, TellsEverythingThatIsWrongAtOnce) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber, .required = true},
                             {.key = "state", .type = kList, .list = {{"a"}}},
                             {.key = "unit", .depends_on = {{"mass"}}}})});

  const std::string complaint =
      Write(schema, kCreate, {}, {{"state", "b", kString}, {"unit", "kg"}, {"color", "red"}}, true);

  EXPECT_EQ(std::ranges::count(complaint, ';'), 4) << complaint;
  for (const char* part : {"'mass' is required", "'state' has to be", "'unit' depends",
                           "'state' has the value", "'color' is no field"})
    EXPECT_TRUE(Says(complaint, part));
}

TEST(SchemaWrite, TheLastOfTwoRecordsOfAKeyCounts) {
  const auto schema = Of({S({{.key = "mass", .type = kNumber}})});

  EXPECT_EQ(Post(schema, {{"mass", "x", kString}, {"mass", "1", kNumber}}), "");
  EXPECT_NE(Post(schema, {{"mass", "1", kNumber}, {"mass", "x", kString}}), "");
}

// ---- Deletions.

// Row B32.
TEST(SchemaDeletion, RefusesRequiredKeysEvenIfTheyAreNotStored) {
  const auto schema = Of({S({{.key = "mass", .required = true}, {.key = "color"}})});

  EXPECT_EQ(schema.CheckDeletion({}, Texts{"mass", "mass"}),
            "Deletion validation failed: 'mass' is required and cannot be deleted");
  EXPECT_EQ(schema.CheckDeletion({}, Texts{"color", "outside"}), std::nullopt);
}

// Row B33.
TEST(SchemaDeletion, RefusesWhatAStoredFieldDependsOn) {
  const auto schema =
      Of({S({{.key = "unit", .depends_on = {{"mass", "outside"}}}, {.key = "mass"}})});
  const Records stored = {{"mass", "5"}, {"unit", "kg"}, {"outside", "x"}};

  EXPECT_EQ(schema.CheckDeletion(stored, Texts{"mass"}),
            "Deletion validation failed: 'mass' cannot be deleted while 'unit', which depends on "
            "it, stays");
  EXPECT_EQ(schema.CheckDeletion(stored, Texts{"mass", "unit"}), std::nullopt);
  EXPECT_EQ(schema.CheckDeletion(Records{{"mass", "5"}}, Texts{"mass"}), std::nullopt);
  EXPECT_EQ(schema.CheckDeletion(stored, Texts{"outside"}), std::nullopt)
      << "keys outside the schema are deleted freely";
}

// ---- What GET shows.

TEST(SchemaShow, HasFieldsFirstThenWhatIsOutside) {
  const auto schema = Of({S({{.key = "b", .type = kNumber},
                             {.key = "z", .sequence = 1},
                             {.key = "a", .type = kNumber, .default_value = "7"}})});
  const Records records = {
      {"m", "1"}, {"b", "old text", kString}, {"k", "2"}, {"ß", "3"}, {"Z", "4"}};

  const auto keys = [&](OutsideOrder order) {
    Texts found;
    for (const ShownMetadata& shown : schema.Show(records, order))
      found.push_back(shown.item.key + (shown.field == nullptr ? "-" : "+"));
    return found;
  };

  EXPECT_EQ(keys(OutsideOrder::kDescending), (Texts{"z+", "a+", "b+", "ß-", "m-", "k-", "Z-"}));
  EXPECT_EQ(keys(OutsideOrder::kAscending), (Texts{"z+", "a+", "b+", "Z-", "k-", "m-", "ß-"}));
  const auto shown = schema.Show(records, OutsideOrder::kDescending);
  EXPECT_EQ(shown[0].item, (MetadataItem{"z", "", kString}));
  EXPECT_EQ(shown[1].item, (MetadataItem{"a", "7", kNumber}));
  EXPECT_EQ(shown[2].item, (MetadataItem{"b", "old text", kString})) << "the stored type is shown";
  EXPECT_EQ(shown[2].field, schema.Find("b"));
}

}  // namespace
}  // namespace vams::model::test
