// Databases and buckets as a stack keeps them, on every engine: what each use case writes, who is
// refused, and what is left when a call of the store fails or others write in between.
#include "catalog/databases.h"

#include <gmock/gmock.h>

#include "base/contention.h"
#include "catalog/hooked_store_test.h"
#include "catalog/support_test.h"
#include "testing/faulty_store.h"

namespace vams::catalog::test {

using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;
using ::testing::ElementsAre;
using testing::FaultyStore;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace {

const std::string kAssetsTable = "AssetStorageTable";

Caller MayAll() {
  return CallerWith({UserRule("databases", "database", Where("databaseId", "contains", ".*"),
                              {"GET", "PUT", "POST", "DELETE"})});
}
Caller MayOnly(std::string id,
               std::vector<std::string> actions = {"GET", "PUT", "POST", "DELETE"}) {
  return CallerWith({UserRule("one", "database", Where("databaseId", "equals", std::move(id)),
                              std::move(actions))});
}

std::vector<Item> AllOf(items::ItemStore& store, const std::string& table) {
  OpContext op;
  std::vector<Item> all;
  Must(ForEachItem(op, store, table, [&](Item item) { all.push_back(std::move(item)); }));
  return all;
}

void Put(items::ItemStore& store, const std::string& table, Item item) {
  OpContext op;
  const Write writes[] = {Write::Put(table, std::move(item))};
  Must(store.Commit(op, writes));
}

std::string AddBucket(items::ItemStore& store, Random& random, std::string name = "vault-main",
                      std::string prefix = "/") {
  OpContext op;
  const BucketSeed seeds[] = {{.name = name, .prefix = prefix, .versioned = true}};
  Must(SeedBuckets(op, store, random, seeds));
  for (const Bucket& bucket : Must(ListBuckets(op, store, "", 100)).buckets)
    if (bucket.name == name && bucket.prefix == prefix) return bucket.id;
  ADD_FAILURE() << "no bucket " << name;
  return {};
}

}  // namespace

class DatabasesTest : public EngineTest {
 protected:
  Item Stored(std::string_view id) {
    const Item key{{"databaseId", Value::S(std::string(id))}};
    return Must(store().Get(op, kDatabasesTable, key));
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const Item& item : AllOf(store(), kDatabasesTable))
      ids.emplace_back(item.Text("databaseId"));
    return ids;
  }
  model::NewDatabase Quay(std::string id = "harbor-scans") {
    return {.id = std::move(id),
            .description = "Quay wall scans",
            .bucket = bucket,
            .restrict_metadata = true,
            .extensions = ".e57, .glb"};
  }
  // Every page of the list behind each other.
  std::vector<std::string> Listed(Caller& caller, bool archived, std::size_t limit = 100) {
    std::vector<std::string> ids;
    std::string after;
    do {
      const DatabasePage page = Must(databases.List(op, caller, archived, after, limit));
      EXPECT_LE(page.databases.size(), limit);
      for (const Database& database : page.databases) ids.push_back(database.id);
      after = page.next;
    } while (!after.empty());
    return ids;
  }

  SeededRandom random;
  Databases databases{store(), clock()};
  const std::string bucket = AddBucket(store(), random);
  Caller all = MayAll();
};

TEST_P(DatabasesTest, CreatedOneIsStoredAsTheDataModelSays) {
  Must(databases.Create(op, all, Quay()));

  EXPECT_EQ(Stored("harbor-scans"),
            (Item{{"databaseId", Value::S("harbor-scans")},
                  {"description", Value::S("Quay wall scans")},
                  {"defaultBucketId", Value::S(bucket)},
                  {"restrictMetadataOutsideSchemas", Value::Bool(true)},
                  {"restrictFileUploadsToExtensions", Value::S(".e57, .glb")},
                  {"assetCount", Value::N(std::int64_t{0})},
                  {"dateCreated", Value::S("March 01 2025 - 10:00:00")}}));
  const Database database = Must(databases.Get(op, all, "harbor-scans", false));
  EXPECT_EQ(database.description, "Quay wall scans");
  EXPECT_EQ(database.created_on, "March 01 2025 - 10:00:00");
  EXPECT_EQ(database.bucket_id, bucket);
  ASSERT_TRUE(database.bucket);
  EXPECT_EQ(database.bucket->name, "vault-main");
  EXPECT_EQ(database.bucket->prefix, "/");
  EXPECT_TRUE(database.restrict_metadata);
  EXPECT_EQ(database.extensions, ".e57, .glb");
  EXPECT_EQ(database.assets, 0);
}

TEST_P(DatabasesTest, CreateNeverOverwrites) {
  Must(databases.Create(op, all, Quay()));
  model::NewDatabase again = Quay();
  again.description = "Another one";

  const auto created = databases.Create(op, all, again);

  EXPECT_EQ(Failure(created), Fails(Code::kConflict, "Database already exists"));
  EXPECT_EQ(Stored("harbor-scans").Text("description"), "Quay wall scans");
}

TEST_P(DatabasesTest, CreateWantsAKnownBucketAndThePermission) {
  model::NewDatabase elsewhere = Quay();
  elsewhere.bucket = "6d0f3a52-6a0e-4d0c-9a53-3f1b8f6f2c11";
  Caller other = MayOnly("other");

  EXPECT_EQ(Failure(databases.Create(op, all, elsewhere)),
            Fails(Code::kNotFound, "Bucket ID not found"));
  EXPECT_EQ(Failure(databases.Create(op, other, Quay())), Fails(Code::kDenied, "Not Authorized"));
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_EQ(other.denials().size(), 1U);
}

// Records of releases before 2.4 count in text and lack the restrictions; some say null.
TEST_P(DatabasesTest, RecordsOfOlderReleasesAreRead) {
  Put(store(), kDatabasesTable,
      {{"databaseId", Value::S("old")},
       {"description", Value::S("Of 2.1")},
       {"assetCount", Value::S("12")},
       {"dateCreated", Value::Null()},
       {"object__type", Value::S("database")}});
  Put(store(), kDatabasesTable,
      {{"databaseId", Value::S("lost")},
       {"description", Value::S("Its bucket has no record")},
       {"assetCount", Value::S("many")},
       {"defaultBucketId", Value::S("6d0f3a52-6a0e-4d0c-9a53-3f1b8f6f2c11")}});

  const Database old = Must(databases.Get(op, all, "old", false));
  const Database lost = Must(databases.Get(op, all, "lost", false));

  EXPECT_EQ(old.assets, 12);
  EXPECT_EQ(old.created_on, std::nullopt);
  EXPECT_EQ(old.bucket_id, std::nullopt);
  EXPECT_FALSE(old.bucket);
  EXPECT_FALSE(old.restrict_metadata);
  EXPECT_EQ(old.extensions, "");
  EXPECT_EQ(lost.assets, 0);
  EXPECT_EQ(lost.bucket_id, "6d0f3a52-6a0e-4d0c-9a53-3f1b8f6f2c11");
  EXPECT_FALSE(lost.bucket);
}

TEST_P(DatabasesTest, ListShowsEachOnceWhateverThePageSize) {
  std::vector<std::string> active, archived;
  for (int i = 0; i < 7; ++i) {
    active.push_back("active-" + std::to_string(i));
    archived.push_back("archived-" + std::to_string(i));
    Must(databases.Create(op, all, Quay(active.back())));
    Must(databases.Create(op, all, Quay(archived.back())));
    Must(databases.Archive(op, all, archived.back()));
    archived.back() += "#deleted";
  }

  for (const std::size_t limit : {1U, 3U, 100U}) {
    EXPECT_THAT(Listed(all, false, limit), ::testing::UnorderedElementsAreArray(active)) << limit;
    EXPECT_THAT(Listed(all, true, limit), ::testing::UnorderedElementsAreArray(archived)) << limit;
  }
  EXPECT_EQ(Failure(databases.List(op, all, false, "no cursor", 10)),
            Fails(Code::kInvalid, "Error getting databases."));
}

// Rules see the plain id, also of archived ones (ruling 2).
TEST_P(DatabasesTest, ListLeavesOutWhatTheCallerMayNotSee) {
  for (const char* id : {"mine", "yours", "mine-old", "yours-old"})
    Must(databases.Create(op, all, Quay(id)));
  Must(databases.Archive(op, all, "mine-old"));
  Must(databases.Archive(op, all, "yours-old"));
  Caller active = MayOnly("mine");
  Caller archived = MayOnly("mine-old");

  EXPECT_THAT(Listed(active, false), ElementsAre("mine"));
  EXPECT_THAT(Listed(archived, true), ElementsAre("mine-old#deleted"));
  ASSERT_EQ(active.denials().size(), 1U);
  EXPECT_TRUE(active.denials()[0].filtered);
  EXPECT_EQ(active.denials()[0].object.Get(access::Field::kDatabaseId), "yours");
}

TEST_P(DatabasesTest, GetTellsAbsentFromRefusedInItsCodeOnly) {
  Must(databases.Create(op, all, Quay()));
  Must(databases.Create(op, all, Quay("gone")));
  Must(databases.Archive(op, all, "gone"));
  Caller other = MayOnly("other");
  Caller of_gone = MayOnly("gone");

  EXPECT_EQ(Failure(databases.Get(op, all, "absent", false)),
            Fails(Code::kNotFound, "Database not found"));
  EXPECT_EQ(Failure(databases.Get(op, all, "gone", false)),
            Fails(Code::kNotFound, "Database not found"));
  EXPECT_EQ(Failure(databases.Get(op, all, "harbor-scans", true)),
            Fails(Code::kNotFound, "Database not found"));
  EXPECT_EQ(Failure(databases.Get(op, other, "harbor-scans", false)),
            Fails(Code::kDenied, "Database not found"));
  EXPECT_EQ(Must(databases.Get(op, of_gone, "gone", true)).id, "gone#deleted");
}

TEST_P(DatabasesTest, UpdateChangesWhatIsGivenOnly) {
  Must(databases.Create(op, all, Quay()));
  const std::string other = AddBucket(store(), random, "vault-two", "scans/");
  Item before = Stored("harbor-scans");

  Must(databases.Update(
      op, all, "harbor-scans",
      {.description = {}, .bucket = other, .restrict_metadata = {}, .extensions = ""}));

  before.Set("defaultBucketId", Value::S(other));
  before.Set("restrictFileUploadsToExtensions", Value::S(""));
  EXPECT_EQ(Stored("harbor-scans"), before);

  Must(databases.Update(
      op, all, "harbor-scans",
      {.description = "New text", .bucket = {}, .restrict_metadata = false, .extensions = {}}));

  before.Set("description", Value::S("New text"));
  before.Set("restrictMetadataOutsideSchemas", Value::Bool(false));
  EXPECT_EQ(Stored("harbor-scans"), before);
}

TEST_P(DatabasesTest, UpdateThatIsRefusedChangesNothing) {
  Must(databases.Create(op, all, Quay()));
  const Item before = Stored("harbor-scans");
  Caller reader = MayOnly("harbor-scans", {"GET", "POST", "DELETE"});
  model::DatabaseChange change;
  change.description = "New text";
  model::DatabaseChange elsewhere = change;
  elsewhere.bucket = "6d0f3a52-6a0e-4d0c-9a53-3f1b8f6f2c11";

  EXPECT_EQ(Failure(databases.Update(op, all, "absent", change)),
            Fails(Code::kNotFound, "Database not found"));
  EXPECT_EQ(Failure(databases.Update(op, reader, "harbor-scans", change)),
            Fails(Code::kDenied, "Not Authorized"));
  EXPECT_EQ(Failure(databases.Update(op, all, "harbor-scans", elsewhere)),
            Fails(Code::kNotFound, "Bucket ID not found"));
  EXPECT_EQ(Stored("harbor-scans"), before);
  EXPECT_THAT(Ids(), ElementsAre("harbor-scans"));
}

TEST_P(DatabasesTest, ArchiveMovesTheRecordAndFreesTheId) {
  Must(databases.Create(op, all, Quay()));
  Item moved = Stored("harbor-scans");
  moved.Set("databaseId", Value::S("harbor-scans#deleted"));

  Must(databases.Archive(op, all, "harbor-scans"));

  EXPECT_THAT(Ids(), ElementsAre("harbor-scans#deleted"));
  EXPECT_EQ(Stored("harbor-scans#deleted"), moved);

  // A second one takes the place of the first.
  model::NewDatabase second = Quay();
  second.description = "The second";
  Must(databases.Create(op, all, second));
  Must(databases.Archive(op, all, "harbor-scans"));

  EXPECT_THAT(Ids(), ElementsAre("harbor-scans#deleted"));
  EXPECT_EQ(Stored("harbor-scans#deleted").Text("description"), "The second");
}

// What the database holds is told before whether it exists, and before the permission: clients know
// this order.
TEST_P(DatabasesTest, ArchiveRefusesInTheOrderThatClientsKnow) {
  Must(databases.Create(op, all, Quay()));
  Caller nobody = Nobody();
  const auto row = [](const std::string& id, std::string_view sort) {
    return Item{{"databaseId", Value::S(id)}, {sort.data(), Value::S("one")}};
  };
  const auto answer = [&] { return Failure(databases.Archive(op, nobody, "harbor-scans")); };

  // Archived ones do not count.
  Put(store(), "WorkflowStorageTable", row("harbor-scans#deleted", "workflowId"));
  Put(store(), "PipelineStorageTable", row("harbor-scans#deleted", "pipelineId"));
  Put(store(), kAssetsTable, row("harbor-scans#deleted", "assetId"));
  EXPECT_EQ(answer(), Fails(Code::kDenied, "Action not allowed"));
  Put(store(), kAssetsTable, row("harbor-scans", "assetId"));
  EXPECT_EQ(answer(), Fails(Code::kConflict, "Database contains active assets"));
  Put(store(), "PipelineStorageTable", row("harbor-scans", "pipelineId"));
  EXPECT_EQ(answer(), Fails(Code::kConflict, "Database contains active pipelines"));
  Put(store(), "WorkflowStorageTable", row("harbor-scans", "workflowId"));
  EXPECT_EQ(answer(), Fails(Code::kConflict, "Database contains active workflows"));

  Put(store(), kAssetsTable, row("absent", "assetId"));
  EXPECT_EQ(Failure(databases.Archive(op, all, "absent")),
            Fails(Code::kConflict, "Database contains active assets"));
  EXPECT_EQ(Failure(databases.Archive(op, all, "never-there")),
            Fails(Code::kNotFound, "Record not found"));
  EXPECT_THAT(Ids(), ElementsAre("harbor-scans"));
}

TEST_P(DatabasesTest, BucketsArePagedAndKeepTheirIds) {
  AddBucket(store(), random, "vault-two", "scans/");
  AddBucket(store(), random, "file:///mnt/share", "/");
  const BucketSeed seeds[] = {{.name = "vault-main"},
                              {.name = "vault-main", .prefix = "in/"},
                              {.name = "vault-main", .prefix = "in/"}};
  EXPECT_EQ(Must(SeedBuckets(op, store(), random, seeds)), 1U);
  EXPECT_EQ(Must(SeedBuckets(op, store(), random, seeds)), 0U);

  std::vector<std::string> places, ids;
  std::string after;
  do {
    const BucketPage page = Must(databases.Buckets(op, after, 2));
    EXPECT_LE(page.buckets.size(), 2U);
    for (const Bucket& one : page.buckets) {
      places.push_back(one.name + ":" + one.prefix);
      ids.push_back(one.id);
    }
    after = page.next;
  } while (!after.empty());

  EXPECT_THAT(places, UnorderedElementsAre("vault-main:/", "vault-two:scans/",
                                           "file:///mnt/share:/", "vault-main:in/"));
  EXPECT_THAT(ids, ::testing::Contains(bucket));
  for (const Item& item : AllOf(store(), kBucketsTable))
    EXPECT_EQ(
        item.Text("bucketName:baseAssetsPrefix"),
        std::string(item.Text("bucketName")).append(":").append(item.Text("baseAssetsPrefix")));
  EXPECT_EQ(Failure(databases.Buckets(op, "no cursor", 10)),
            Fails(Code::kInvalid, "Error getting buckets."));
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabasesTest, EveryEngine(), EngineName);

// ---- Others write in between

class DatabaseRaces : public ::testing::Test {
 protected:
  void Create(std::string id) {
    Must(other.Create(
        op, all,
        {.id = std::move(id), .description = "Scans", .bucket = bucket, .extensions = {}}));
  }
  // Before that many commits from now, this is done.
  void Before(int commits, std::function<void()> act) {
    store.before = [act = std::move(act),
                    left = std::make_shared<int>(commits)](std::string_view call) -> Status {
      if (call == "Commit" && (*left)-- > 0) act();
      return Ok();
    };
  }
  void Describe(const std::string& text) {
    model::DatabaseChange change;
    change.description = text;
    Must(other.Update(op, all, "plant", change));
  }

  OpContext op;
  FixedClock clock;
  SeededRandom random;
  std::unique_ptr<items::ItemStore> inner = MemoryWithTables(clock);
  HookedStore store{*inner, true};
  Databases databases{store, clock};
  Databases other{*inner, clock};
  const std::string bucket = AddBucket(*inner, random);
  Caller all = MayAll();
};

TEST_F(DatabaseRaces, AnAssetThatComesWhileItsDatabaseIsArchivedIsNotLost) {
  Create("plant");
  // As whoever creates an asset does it: both records in one commit.
  Before(1, [&] {
    const Write writes[] = {
        Write::Put(kAssetsTable,
                   {{"databaseId", Value::S("plant")}, {"assetId", Value::S("pump")}}),
        Write::Update(kDatabasesTable, {{"databaseId", Value::S("plant")}},
                      {{Mutation::Op::kSet, "assetCount", Value::S("1")}}, {Condition::Exists()})};
    Must(inner->Commit(op, writes));
  });

  const auto archived = databases.Archive(op, all, "plant");

  EXPECT_EQ(Failure(archived), Fails(Code::kConflict, "Database contains active assets"));
  EXPECT_EQ(Must(other.Get(op, all, "plant", false)).assets, 1);
}

TEST_F(DatabaseRaces, AChangeWhileArchivingIsArchivedToo) {
  Create("plant");
  Before(1, [&] { Describe("Changed meanwhile"); });

  Must(databases.Archive(op, all, "plant"));

  EXPECT_EQ(Must(other.Get(op, all, "plant", true)).description, "Changed meanwhile");
}

TEST_F(DatabaseRaces, ArchivingGivesUpWhenTheRecordNeverRests) {
  Create("plant");
  int changes = 0;
  Before(1000, [&] { Describe("Change " + std::to_string(++changes)); });

  const auto archived = databases.Archive(op, all, "plant");

  ASSERT_FALSE(archived.ok());
  EXPECT_EQ(archived.error().code, Code::kUnavailable);
  EXPECT_LE(changes, Contention::kAttempts);
  EXPECT_EQ(Must(other.Get(op, all, "plant", false)).description,
            "Change " + std::to_string(changes));
}

TEST_F(DatabaseRaces, AChangeOfWhatIsArchivedMeanwhileMakesNoRecord) {
  Create("plant");
  Before(1, [&] { Must(other.Archive(op, all, "plant")); });
  model::DatabaseChange change;
  change.description = "Too late";

  const auto updated = databases.Update(op, all, "plant", change);

  EXPECT_EQ(Failure(updated), Fails(Code::kNotFound, "Database not found"));
  EXPECT_EQ(Failure(other.Get(op, all, "plant", false)),
            Fails(Code::kNotFound, "Database not found"));
}

// ---- The store fails

// Every use case, interrupted at every call of the store before and behind it: the records are
// those of before or those of after, and doing it again ends in those of after.
TEST(DatabaseFaults, EveryInterruptionLeavesTheRecordsOfBeforeOrAfter) {
  OpContext op;
  FixedClock clock;
  Caller all = MayAll();
  const auto prepare = [&] {
    SeededRandom random;
    auto store = MemoryWithTables(clock);
    const std::string bucket = AddBucket(*store, random);
    Must(Databases(*store, clock)
             .Create(op, all,
                     {.id = "plant", .description = "Scans", .bucket = bucket, .extensions = {}}));
    return store;
  };
  const auto dump = [](items::ItemStore& store) {
    return std::pair(AllOf(store, kDatabasesTable), AllOf(store, kBucketsTable));
  };
  struct Case {
    const char* name;
    std::function<Status(items::ItemStore&)> work;
  };
  const Case cases[] = {
      {"create",
       [&](items::ItemStore& store) -> Status {
         Databases databases(store, clock);
         TRY(const auto page, databases.Buckets(op, "", 1));
         return databases.Create(op, all,
                                 {.id = "yard",
                                  .description = "Cranes",
                                  .bucket = page.buckets.at(0).id,
                                  .extensions = {}});
       }},
      {"update",
       [&](items::ItemStore& store) -> Status {
         model::DatabaseChange change;
         change.description = "Changed";
         return Databases(store, clock).Update(op, all, "plant", change);
       }},
      {"archive",
       [&](items::ItemStore& store) -> Status {
         return Databases(store, clock).Archive(op, all, "plant");
       }},
      {"seed",
       [&](items::ItemStore& store) -> Status {
         SeededRandom random;
         (void)NewUuid(random);  // the id that the first bucket has
         const BucketSeed seeds[] = {{.name = "vault-two"}};
         TRY([[maybe_unused]] const auto added, SeedBuckets(op, store, random, seeds));
         return Ok();
       }},
  };
  for (const Case& one : cases) {
    const auto untouched = prepare();
    const auto before = dump(*untouched);
    Must(one.work(*untouched));
    const auto after = dump(*untouched);
    ASSERT_NE(before, after) << one.name;
    for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter})
      for (std::size_t n = 1;; ++n) {
        SCOPED_TRACE(std::string(one.name) + ", call " + std::to_string(n));
        const auto inner = prepare();
        FaultyStore store(*inner);
        store.FailCall(n, Code::kUnavailable, when);
        const Status done = one.work(store);
        if (!store.failed()) break;
        ASSERT_FALSE(done.ok());
        EXPECT_EQ(done.error().code, Code::kUnavailable);
        const auto left = dump(*inner);
        EXPECT_TRUE(left == before || left == after);
        // Again: where the first had its effect, the answer may say so.
        (void)one.work(*inner);
        EXPECT_EQ(dump(*inner), after);
      }
  }
}

}  // namespace vams::catalog::test
