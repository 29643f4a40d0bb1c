// Metadata of every kind of entity: the modes of writing, limits, what schemas ask, who may, and
// what versions hold.  The rows B1 to B40 of api-metadata.md section 21 that are about rules; the
// scripts of tests/api have them once more by the endpoints.
#include "catalog/metadata.h"

#include <gtest/gtest.h>

#include "catalog/asset_versions.h"
#include "catalog/metadata_support_test.h"

namespace vams::catalog {
namespace {

using namespace test;  // NOLINT
using model::SchemaEntity;
using model::ValueType;

// ---- The modes of writing.

TEST_F(MetadataTest, CreateWritesOverWhatIsThere) {
  EXPECT_EQ(Create(kGantryAsset, {Field("a", "1"), Field("b", "2")}).done, (Texts{"a", "b"}));

  const auto change = Create(kGantryAsset, {Number("a", "9")});

  EXPECT_EQ(change.done, Texts{"a"});
  EXPECT_EQ(Stored(kGantryAsset), (Texts{"a=9 number", "b=2"}));
}

TEST_F(MetadataTest, UpdateLeavesWhatWasNotSent) {
  Create(kGantryAsset, {Field("a", "1"), Field("b", "2")});

  Update(kGantryAsset, {Field("b", "3"), Field("c", "4")});

  EXPECT_EQ(Stored(kGantryAsset), (Texts{"a=1", "b=3", "c=4"}));
}

TEST_F(MetadataTest, ReplaceLeavesNothingElse) {
  Create(kGantryAsset, {Field("a", "1"), Field("b", "2")});

  const auto change = Replace(kGantryAsset, {Field("a", "1"), Field("c", "3")});

  EXPECT_EQ(change.removed, 1U);
  EXPECT_EQ(change.done, (Texts{"a", "c"}));
  EXPECT_EQ(Stored(kGantryAsset), (Texts{"a=1", "c=3"}));
}

TEST_F(MetadataTest, OfAKeyThatIsSentTwiceTheLastCounts) {
  EXPECT_EQ(Create(kGantryAsset, {Field("a", "1"), Field("b", "2"), Field("a", "3")}).done,
            (Texts{"a", "b", "a"}));
  EXPECT_EQ(Stored(kGantryAsset), (Texts{"a=3", "b=2"}));

  const auto gone = Delete(kGantryAsset, {"a", "a", "ghost", "ghost"});

  EXPECT_EQ(gone.done, Texts{"a"});
  EXPECT_EQ(gone.missing, Texts{"ghost"});
  EXPECT_EQ(gone.total(), 2U);
  EXPECT_EQ(Stored(kGantryAsset), Texts{"b=2"});
}

TEST_F(MetadataTest, DeletionTellsWhatIsMissing) {
  Create(kGantryAsset, {Field("a", "1")});

  EXPECT_EQ(Delete(kGantryAsset, {"ghost"}).missing, Texts{"ghost"});
  const auto change = Delete(kGantryAsset, {"ghost", "a"});

  EXPECT_EQ(change.done, Texts{"a"});
  EXPECT_EQ(change.missing, Texts{"ghost"});
  EXPECT_EQ(Stored(kGantryAsset), Texts());
}

TEST_F(MetadataTest, EveryKindOfEntityKeepsItsOwn) {
  const auto link = MetadataEntity::OfLink(Link());
  const MetadataEntity entities[] = {kHarbor, kGantryAsset, kBoom, kBoomAttributes, link};
  for (std::size_t i = 0; i < std::size(entities); ++i)
    Create(entities[i], {Field("key", std::to_string(i)), Field("other", "x")});

  for (std::size_t i = 0; i < std::size(entities); ++i) {
    EXPECT_EQ(Shown(entities[i]), (Texts{"other=x", "key=" + std::to_string(i)})) << i;
    Delete(entities[i], {"other"});
    EXPECT_EQ(Shown(entities[i]), Texts{"key=" + std::to_string(i)}) << i;
  }
}

TEST_F(MetadataTest, RowsAreThoseOfTheTables) {
  const std::string link = Link();
  Create(kHarbor, {Number("depth", "12")});
  Create(kBoomAttributes, {Field("unit", "m")});
  Create(MetadataEntity::OfLink(link), {Field("bolt", "M8")});
  using items::Value;

  EXPECT_EQ(bench.Rows("DatabaseMetadataStorageTableV2").at(0),
            (items::Item{{"databaseId", Value::S("harbor")},
                         {"metadataKey", Value::S("depth")},
                         {"metadataValue", Value::S("12")},
                         {"metadataValueType", Value::S("number")}}));
  EXPECT_EQ(
      bench.Rows(kFileAttributesTable).at(0),
      (items::Item{{"attributeKey", Value::S("unit")},
                   {"attributeValue", Value::S("m")},
                   {"attributeValueType", Value::S("string")},
                   {"databaseId:assetId", Value::S("harbor:gantry")},
                   {"databaseId:assetId:filePath", Value::S("harbor:gantry:/cad/boom.glb")}}));
  EXPECT_EQ(bench.Rows("AssetLinksMetadataStorageTable").at(0),
            (items::Item{{"assetLinkId", Value::S(link)},
                         {"metadataKey", Value::S("bolt")},
                         {"metadataValue", Value::S("M8")},
                         {"metadataValueType", Value::S("string")}}));
}

TEST_F(MetadataTest, NothingIsWrittenWhereNothingChanges) {
  Create(kGantryAsset, {Field("a", "1")});
  const auto before = bench.Everything();

  EXPECT_EQ(Update(kGantryAsset, {Field("a", "1")}).done, Texts{"a"});

  EXPECT_EQ(bench.Everything(), before);
}

TEST_F(MetadataTest, ATypeThatIsNoneIsThatOfAText) {
  bench.PutItem(kFileMetadataTable,
                {{"databaseId:assetId", items::Value::S("harbor:gantry")},
                 {"databaseId:assetId:filePath", items::Value::S("harbor:gantry:/")},
                 {"metadataKey", items::Value::S("old")},
                 {"metadataValue", items::Value::S("5")},
                 {"metadataValueType", items::Value::S("integer")}});

  EXPECT_EQ(Shown(kGantryAsset), Texts{"old=5"});
}

// ---- Limits.

TEST_F(MetadataTest, AnEntityHasAtMost500Records) {
  Create(kGantryAsset, Fields("k", 0, 499));

  const auto refused = Failure(TryCreate(kGantryAsset, {Field("x", "1"), Field("y", "1")}));
  EXPECT_EQ(refused.first, Code::kInvalid);
  EXPECT_NE(refused.second.find("there are 499 records, the request adds 2, which makes 501"),
            std::string::npos)
      << refused.second;
  EXPECT_EQ(Failure(TryUpdate(kGantryAsset, {Field("x", "1"), Field("y", "1")})).first,
            Code::kInvalid);
  EXPECT_EQ(Create(kGantryAsset, {Field("k0", "new"), Field("x", "1"), Field("x", "2")}).total(),
            3U);
  EXPECT_EQ(List(kGantryAsset).records.size(), 500U);
  // Attributes and metadata of a file are counted apart.
  Create(kBoom, Fields("k", 0, 500));
  Create(kBoomAttributes, Fields("k", 0, 500));
  EXPECT_EQ(Failure(TryCreate(kBoomAttributes, {Field("x", "1")})).first, Code::kInvalid);
}

TEST_F(MetadataTest, AValueThatFitsIntoNoRecordIsRefused) {
  const std::string long_value(400 * 1024 - 1000, 'x');

  const auto refused = Failure(TryCreate(kGantryAsset, {Field("a", "1"), Field("b", long_value)}));

  EXPECT_EQ(refused.first, Code::kInvalid);
  EXPECT_NE(refused.second.find("the value of \"b\" is too long"), std::string::npos);
  EXPECT_EQ(Stored(kGantryAsset), Texts());
  // One that is accepted goes into versions as well.
  Create(kGantryAsset, {Field("b", std::string(400 * 1024 - 5000, 'x'))});
  AssetVersions versions(bench.stores());
  Must(versions.Create(bench.op, caller, {kDatabase, "gantry"},
                       {.latest = true, .files = {}, .comment = "c", .alias = ""}));
}

// ---- What is there, and who may.

TEST_F(MetadataTest, EntitiesThatAreNotThere) {
  const std::string link = Link();
  const auto missing = [&](const MetadataEntity& entity, const std::string& message) {
    const Fails want(Code::kNotFound, message);
    EXPECT_EQ(Failure(metadata.List(bench.op, caller, entity)), want);
    EXPECT_EQ(Failure(TryCreate(entity, {Field("a", "1")})), want);
    EXPECT_EQ(Failure(TryUpdate(entity, {Field("a", "1")})), want);
    EXPECT_EQ(Failure(TryUpdate(entity, {Field("a", "1")}, true)), want);
    EXPECT_EQ(Failure(TryDelete(entity, {"a"})), want);
  };

  missing(MetadataEntity::OfDatabase("absent"), "Database not found");
  missing(MetadataEntity::OfAsset(kDatabase, "absent"), "Asset not found");
  missing(MetadataEntity::OfFile(kDatabase, "absent", "/a.glb"), "Asset not found");
  missing(MetadataEntity::OfLink("absent"), "Asset link not found");
  Must(Assets(bench.stores()).Archive(bench.op, caller, kDatabase, "crane", {}));
  missing(MetadataEntity::OfAsset(kDatabase, "crane"), "Asset not found");
  missing(MetadataEntity::OfLink(link), "Asset not found");
  EXPECT_TRUE(bench.Rows("AssetLinksMetadataStorageTable").empty());
}

TEST_F(MetadataTest, OnlyFilesThatAreThereGetMetadata) {
  const Fails missing(Code::kNotFound, "File not found in S3");
  const auto absent = MetadataEntity::OfFile(kDatabase, "gantry", "/absent.glb");
  const auto endless = MetadataEntity::OfFile(kDatabase, "gantry", "/" + std::string(1100, 'x'));
  EXPECT_EQ(Failure(TryCreate(absent, {Field("a", "1")})), missing);
  EXPECT_EQ(Failure(TryUpdate(absent, {Field("a", "1")})), missing);
  EXPECT_EQ(Failure(TryUpdate(absent, {Field("a", "1")}, true)), missing);
  EXPECT_EQ(Failure(TryCreate(endless, {Field("a", "1")})).first, Code::kInvalid);
  EXPECT_EQ(Shown(endless), Texts());
  EXPECT_EQ(Delete(absent, {"a"}).missing, Texts{"a"});

  // What an archived file has can be read and removed, and nothing be added.
  Create(kBoom, {Field("a", "1"), Field("b", "2")});
  bench.DeleteFile("gantry", "cad/boom.glb");
  EXPECT_EQ(Failure(TryCreate(kBoom, {Field("c", "1")})), missing);
  EXPECT_EQ(Shown(kBoom), (Texts{"b=2", "a=1"}));
  Delete(kBoom, {"a"});
  EXPECT_EQ(Shown(kBoom), Texts{"b=2"});
}

TEST_F(MetadataTest, AnAssetThatDoesNotSayWhereItsFilesAre) {
  items::Item record = *bench.StoredAsset("gantry");
  record.Set("bucketId", items::Value::S("absent"));
  bench.PutItem(kAssetsTable, record);
  EXPECT_EQ(Failure(TryCreate(kBoom, {Field("a", "1")})),
            Fails(Code::kNotFound, "Error getting bucket details."));
  record.Remove("assetLocation");
  bench.PutItem(kAssetsTable, record);
  EXPECT_EQ(Failure(TryUpdate(kBoom, {Field("a", "1")})),
            Fails(Code::kNotFound, "Asset location not found"));
  // For what needs no file it makes no difference.
  EXPECT_EQ(Shown(kBoom), Texts());
  Create(kGantryAsset, {Field("a", "1")});
}

TEST_F(MetadataTest, APathBeginningLikeTheAssetIsAPath) {
  Must(bench.objects().PutBytes(bench.op, {kBucket, "gantry/gantry/x.glb"}, "mesh"));
  const auto inner = MetadataEntity::OfFile(kDatabase, "gantry", "/gantry/x.glb");

  Create(inner, {Field("a", "1")});

  EXPECT_EQ(Shown(inner), Texts{"a=1"});
  EXPECT_EQ(
      Failure(TryCreate(MetadataEntity::OfFile(kDatabase, "gantry", "/x.glb"), {Field("a", "1")})),
      Fails(Code::kNotFound, "File not found in S3"));
}

TEST_F(MetadataTest, ActionsThatAreNeeded) {
  const auto link = MetadataEntity::OfLink(Link());
  struct Case {
    const MetadataEntity& entity;
    std::string noun;
  };
  const Case cases[] = {{kHarbor, "database"},
                        {kGantryAsset, "asset"},
                        {kBoom, "file"},
                        {kBoomAttributes, "file"},
                        {link, "asset link"}};
  for (const auto& [entity, noun] : cases) {
    const auto with = [&, &of = entity](std::vector<std::string> actions, auto act) {
      caller = MayAssets(std::move(actions));
      const auto done = act(of);
      return done.ok() ? std::string() : done.error().message;
    };
    const auto list = [&](const MetadataEntity& e) { return metadata.List(bench.op, caller, e); };
    const auto create = [&](const MetadataEntity& e) { return TryCreate(e, {Field("a", "1")}); };
    const auto update = [&](const MetadataEntity& e) { return TryUpdate(e, {Field("a", "2")}); };
    const auto replace = [&](const MetadataEntity& e) {
      return TryUpdate(e, {Field("a", "3")}, true);
    };
    const auto remove = [&](const MetadataEntity& e) { return TryDelete(e, {"a"}); };
    EXPECT_EQ(with({"GET"}, list), "");
    EXPECT_EQ(with({"PUT", "POST", "DELETE"}, list),
              "Not authorized to view metadata for this " + noun);
    EXPECT_EQ(with({"POST"}, create), "");
    EXPECT_EQ(with({"GET", "PUT", "DELETE"}, create),
              "Not authorized to create metadata for this " + noun);
    EXPECT_EQ(with({"PUT"}, update), "");
    EXPECT_EQ(with({"GET", "POST", "DELETE"}, update),
              "Not authorized to update metadata for this " + noun);
    EXPECT_EQ(with({"PUT", "POST", "DELETE"}, replace), "");
    for (const auto& lacking :
         {std::vector<std::string>{"PUT", "POST"}, {"PUT", "DELETE"}, {"POST", "DELETE"}})
      EXPECT_NE(with(lacking, replace).find("needs PUT, POST and DELETE"), std::string::npos);
    EXPECT_EQ(with({"DELETE"}, remove), "");
    EXPECT_EQ(with({"GET", "PUT", "POST"}, remove),
              "Not authorized to delete metadata for this " + noun);
  }
}

TEST_F(MetadataTest, ALinkNeedsTheRightOnBothAssets) {
  bench.AddDatabase("yard", bench.bucket_id);
  bench.MakeAsset("truck", {.database = "yard", .name = "Truck"});
  const auto link = MetadataEntity::OfLink(Link("truck", "yard"));
  for (const std::string database : {"harbor", "yard"}) {
    caller = MayAssetsWith("databaseId", database);

    EXPECT_EQ(Failure(metadata.List(bench.op, caller, link)).first, Code::kDenied);
    EXPECT_EQ(Failure(TryUpdate(link, {Field("a", "1")})).first, Code::kDenied);
  }
}

// ---- Schemas.

TEST_F(MetadataTest, RequiredFieldsHaveToBeThere) {
  model::SchemaField mass = SchemaNumber("mass");
  mass.required = true;
  PutSchema("s", {mass});

  EXPECT_TRUE(Failure(TryCreate(kGantryAsset, {Field("color", "red")}))
                  .second.starts_with("Schema validation failed: "));
  EXPECT_EQ(Failure(TryDelete(kGantryAsset, {"mass"})).first, Code::kInvalid);
  EXPECT_EQ(Stored(kGantryAsset), Texts());
  Create(kGantryAsset, {Number("mass", "5")});
  Update(kGantryAsset, {Field("color", "red")});
  EXPECT_EQ(Failure(TryUpdate(kGantryAsset, {Field("color", "red")}, true)).first, Code::kInvalid);
  EXPECT_EQ(Failure(TryDelete(kGantryAsset, {"color", "mass"})).first, Code::kInvalid);
  EXPECT_EQ(Stored(kGantryAsset), (Texts{"color=red", "mass=5 number"}));
}

TEST_F(MetadataTest, DefaultsAreWrittenByCreateAlone) {
  model::SchemaField mass = SchemaNumber("mass");
  mass.required = true;
  mass.default_value = "1";
  PutSchema("s", {mass});

  EXPECT_EQ(Update(kGantryAsset, {Field("color", "red")}).done, Texts{"color"});
  EXPECT_EQ(Stored(kGantryAsset), Texts{"color=red"});
  EXPECT_EQ(Shown(kGantryAsset), (Texts{"mass=1 number", "color=red"}));

  EXPECT_EQ(Create(kGantryAsset, {Field("color", "blue")}).done, (Texts{"color", "mass"}));
  EXPECT_EQ(Stored(kGantryAsset), (Texts{"color=blue", "mass=1 number"}));
}

TEST_F(MetadataTest, TypesFollowTheSchema) {
  Create(kGantryAsset, {Field("mass", "5")});
  PutSchema("s", {SchemaNumber("mass")});

  // The stored one was a text.
  EXPECT_EQ(Failure(TryCreate(kGantryAsset, {Number("mass", "5")})).first, Code::kInvalid);
  EXPECT_EQ(Failure(TryUpdate(kGantryAsset, {Number("mass", "5")}, true)).first, Code::kInvalid);
  EXPECT_EQ(Failure(TryCreate(kGantryAsset, {Field("mass", "6")})).first, Code::kInvalid);
  Update(kGantryAsset, {Number("mass", "5")});
  EXPECT_EQ(Stored(kGantryAsset), Texts{"mass=5 number"});
}

TEST_F(MetadataTest, WhatOthersDependOnStays) {
  model::SchemaField unit = SchemaText("unit");
  unit.depends_on = {"mass"};
  PutSchema("s", {unit, SchemaText("mass")});

  EXPECT_EQ(Failure(TryCreate(kGantryAsset, {Field("unit", "t")})).first, Code::kInvalid);
  EXPECT_EQ(Failure(TryCreate(kGantryAsset, {Field("unit", "t"), Field("mass", "")})).first,
            Code::kInvalid);
  Create(kGantryAsset, {Field("unit", "t"), Field("mass", "5")});
  EXPECT_TRUE(Failure(TryDelete(kGantryAsset, {"mass"}))
                  .second.starts_with("Deletion validation failed: "));
  EXPECT_EQ(Delete(kGantryAsset, {"mass", "unit"}).done, (Texts{"mass", "unit"}));
}

TEST_F(MetadataTest, KeysOutsideAreRefusedWhereSchemasAreAll) {
  Restrict();
  // Without a schema there is nothing to keep to.
  Create(kGantryAsset, {Field("old", "1")});
  EXPECT_FALSE(List(kGantryAsset).restricted);

  PutSchema("s", {SchemaText("mass")});

  EXPECT_TRUE(List(kGantryAsset).restricted);
  EXPECT_TRUE(Failure(TryCreate(kGantryAsset, {Field("color", "red")}))
                  .second.starts_with("Metadata key validation failed: "));
  EXPECT_EQ(Failure(TryUpdate(kGantryAsset, {Field("mass", "1")})).first, Code::kInvalid)
      << "the old key is in the way";
  Replace(kGantryAsset, {Field("mass", "1")});
  EXPECT_EQ(Stored(kGantryAsset), Texts{"mass=1"});
}

TEST_F(MetadataTest, LinksFollowTheSchemasOfBothDatabases) {
  bench.AddDatabase("yard", bench.bucket_id);
  bench.MakeAsset("truck", {.database = "yard", .name = "Truck"});
  const auto link = MetadataEntity::OfLink(Link("truck", "yard"));
  PutSchema("here", {SchemaText("from")}, SchemaEntity::kAssetLink);
  PutSchema("there", {SchemaText("to")}, SchemaEntity::kAssetLink, "yard");
  PutSchema("all", {SchemaText("any")}, SchemaEntity::kAssetLink, "GLOBAL");

  EXPECT_EQ(Shown(link), (Texts{"any=", "from=", "to="}));
  EXPECT_FALSE(List(link).restricted);
  Restrict("yard");
  EXPECT_TRUE(List(link).restricted);
  EXPECT_EQ(Failure(TryCreate(link, {Field("x", "1")})).first, Code::kInvalid);
  EXPECT_EQ(Failure(TryUpdate(link, {Field("x", "1")})).first, Code::kInvalid);
  EXPECT_EQ(Failure(TryUpdate(link, {Field("x", "1")}, true)).first, Code::kInvalid);
  Update(link, {Field("to", "1")});
}

TEST_F(MetadataTest, SchemasOfFilesGoByTheExtension) {
  PutSchema("models", {SchemaText("polygons")}, SchemaEntity::kFile, kDatabase, ".glb");
  const auto shown = [&](std::string path) {
    return Shown(MetadataEntity::OfFile(kDatabase, "gantry", std::move(path)));
  };

  EXPECT_EQ(shown("/cad/boom.glb"), Texts{"polygons="});
  EXPECT_EQ(shown("/cad/boom.ifc"), Texts());
  EXPECT_EQ(shown("/cad/README"), Texts{"polygons="});
  EXPECT_EQ(shown("/a.b/README"), Texts{"polygons="});
  EXPECT_EQ(Shown(kBoomAttributes), Texts());
}

TEST_F(MetadataTest, PipelinesAreNotHeldToSchemas) {
  model::SchemaField mass = SchemaNumber("mass");
  mass.required = true;
  mass.default_value = "1";
  PutSchema("s", {mass, {.key = "need", .required = true}});
  Restrict();
  auto identity = std::make_shared<identity::Identity>(caller.identity());
  identity->user = "SYSTEM_USER";
  auto constraints =
      std::vector{UserRule("all", "asset", Where("databaseId", "contains", ".*"), kEveryAction)};
  for (auto& permission : constraints[0].users) permission.who = "SYSTEM_USER";
  caller =
      Caller(std::move(identity), std::make_shared<const access::Policy>(
                                      access::Policy::Compile("SYSTEM_USER", {}, constraints)));

  Update(kGantryAsset, Fields("k", 0, 501));
  EXPECT_EQ(Stored(kGantryAsset).size(), 501U);
  EXPECT_EQ(Failure(TryCreate(kGantryAsset, {Field("x", "1")})).first, Code::kInvalid) << "500";
  EXPECT_EQ(Failure(TryDelete(kGantryAsset, {"need"})).first, Code::kInvalid);
  Replace(kGantryAsset, {Field("free", "1")});
  EXPECT_EQ(Create(kGantryAsset, {Field("x", "1")}).done, Texts{"x"});
  EXPECT_EQ(Stored(kGantryAsset), (Texts{"free=1", "x=1"}));
}

TEST_F(MetadataTest, RecordsAreShownWhenSchemasCannotBeRead) {
  PutSchema("s", {SchemaText("mass")});
  Create(kGantryAsset, {Field("mass", "5")});
  // The queries of a list are those of its rows, then those of its schemas.
  HookedStore hooked(bench.items(), true);
  int queries = 0;
  hooked.before = [&](std::string_view call) -> Status {
    if (call == "Query" && ++queries > 1) return Error(Code::kUnavailable, "no schemas today");
    return Ok();
  };
  const auto view = bench.Through(hooked);
  Metadata failing(view.stores);

  const auto list = Must(failing.List(bench.op, caller, kGantryAsset));

  EXPECT_FALSE(list.schema_known);
  EXPECT_FALSE(list.restricted);
  ASSERT_EQ(list.records.size(), 1U);
  EXPECT_EQ(list.records[0].field, nullptr);
  // A write does not go on without them.
  queries = 0;
  EXPECT_EQ(Failure(failing.Create(bench.op, caller, kGantryAsset, {.items = {Field("a", "1")}})),
            Fails(Code::kUnavailable, "no schemas today"));
  EXPECT_EQ(Stored(kGantryAsset), Texts{"mass=5"});
}

// ---- Versions.

TEST_F(MetadataTest, VersionsKeepWhatThereWas) {
  AssetVersions versions(bench.stores());
  const AssetIds gantry{kDatabase, "gantry"};
  bench.PutFile("gantry", "cad/boom", "mesh");
  bench.PutFile("gantry", "cad/boom:b", "mesh");
  const auto boom = MetadataEntity::OfFile(kDatabase, "gantry", "/cad/boom");
  const auto colon = MetadataEntity::OfFile(kDatabase, "gantry", "/cad/boom:b");
  EXPECT_EQ(Must(versions.Create(bench.op, caller, gantry,
                                 {.latest = true, .files = {}, .comment = "c", .alias = ""}))
                .id,
            "1");
  Create(kGantryAsset, {Field("a", "1"), Field("b", "2")});
  Create(boom, {Field("b:c", "mine"), Field("a", "mine")});
  Create(colon, {Field("c", "theirs")});
  Must(versions.Create(bench.op, caller, gantry,
                       {.latest = true, .files = {}, .comment = "c", .alias = ""}));
  PutSchema("s", {SchemaText("phase")});
  PutSchema("f", {SchemaText("phase")}, SchemaEntity::kFile);
  Replace(kGantryAsset, {Field("a", "changed")});
  Delete(boom, {"a"});

  // Nothing at all was known in the first.
  EXPECT_EQ(Shown(kGantryAsset, "1"), Texts());
  EXPECT_EQ(Shown(kGantryAsset, "2"), (Texts{"phase=", "a=1", "b=2"}));
  EXPECT_EQ(Shown(boom, "2"), (Texts{"phase=", "a=mine", "b:c=mine"}));
  EXPECT_EQ(Shown(colon, "2"), (Texts{"phase=", "c=theirs"}));
  EXPECT_EQ(Shown(kBoom, "2"), Texts{"phase="});
  EXPECT_EQ(Shown(kBoomAttributes, "2"), Texts());
  EXPECT_EQ(Shown(kGantryAsset), (Texts{"phase=", "a=changed"}));
  EXPECT_EQ(Failure(metadata.List(bench.op, caller, kGantryAsset, "99")),
            Fails(Code::kNotFound, "Asset version '99' not found for asset"));
}

}  // namespace
}  // namespace vams::catalog
