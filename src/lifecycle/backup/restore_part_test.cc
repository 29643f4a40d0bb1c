// One database or one asset out of a backup: random libraries, random changes, and what has to come
// of it by a model that knows of every row to whom it belongs, because it made it.
#include <gtest/gtest.h>

#include "lifecycle/backup/backup_support_test.h"

namespace vams::lifecycle::backup {
namespace {

using test::BackupTest;
using test::Item;
using test::Must;
using test::Rows;
using test::RowsOf;
using test::Value;
using test::Write;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Texts = std::vector<std::pair<std::string, std::string>>;

class RestorePartTest : public BackupTest {
 protected:
  RestorePartTest() {
    MakeStack();
    PutRow("S3AssetBucketsStorageTable",
           {{"bucketId", "b1"},
            {"bucketName:baseAssetsPrefix", "files:/"},
            {"bucketName", "files"},
            {"baseAssetsPrefix", "/"}},
           "");
  }

  // Adds a row and writes down to whom it belongs: "d1/a2", "d1", "d1/a2|d2/a0" of a link, or "".
  void PutItem(const std::string& table, Item item, const std::string& owner) {
    const auto* spec = tables::FindTable(tables::kNewest, table);
    const auto table_spec =
        spec != nullptr ? tables::SpecOf(*spec) : *tables::FindSystemTable(table);
    const auto name = std::pair(table, items::EncodeItem(items::KeyOf(table_spec, item)));
    owners_[name] = owner;
    writes_.insert_or_assign(name, Write::Put(table, std::move(item)));
  }
  void PutRow(const std::string& table, const Texts& texts, const std::string& owner) {
    Item item;
    for (const auto& [name, text] : texts) item.Set(name, Value::S(text));
    item.Set("note", Value::S(fmt::format("n{}", random_() % 1000)));
    PutItem(table, std::move(item), owner);
  }
  void Flush() {
    std::vector<Write> writes;
    for (auto& [name, write] : writes_) writes.push_back(std::move(write));
    writes_.clear();
    Commit(writes);
  }

  void PutDatabase(const std::string& db) {
    Item item;
    item.Set("databaseId", Value::S(db));
    item.Set("defaultBucketId", Value::S("b1"));
    item.Set("assetCount", Value::N(std::int64_t{0}));
    PutItem("DatabaseStorageTable", std::move(item), db);
    PutRow("DatabaseMetadataStorageTableV2", {{"metadataKey", "site"}, {"databaseId", db}}, db);
    PutRow("MetadataSchemaStorageTableV2",
           {{"metadataSchemaId", "s-" + db},
            {"databaseId:metadataEntityType", db + ":asset"},
            {"databaseId", db}},
           db);
    PutRow("WorkflowStorageTable", {{"databaseId", db}, {"workflowId", "w"}}, db);
  }

  // Everything that an asset can have, some of it by chance.
  void PutAsset(const std::string& db, const std::string& id, bool archived) {
    const std::string owner = db + "/" + id, pair = db + ":" + id, folder = db + "-" + id + "/";
    Item asset;
    asset.Set("databaseId", Value::S(archived ? db + "#deleted" : db));
    asset.Set("assetId", Value::S(id));
    asset.Set("bucketId", Value::S("b1"));
    asset.Set("assetName", Value::S(fmt::format("name {}", random_())));
    Item location;
    location.Set("Key", Value::S(folder));
    asset.Set("assetLocation", Value::M(std::move(location)));
    PutItem("AssetStorageTable", std::move(asset), owner);
    for (unsigned v = random_() % 3 + 1; v > 0; --v) {
      const std::string version = std::to_string(v);
      PutRow("AssetVersionsStorageTableV2",
             {{"databaseId:assetId", pair}, {"assetVersionId", version}}, owner);
      PutRow(
          "AssetFileVersionsStorageTableV2",
          {{"databaseId:assetId:assetVersionId", pair + ":" + version}, {"fileKey", folder + "f"}},
          owner);
    }
    if (random_() % 2 == 0)
      PutRow("AssetFileMetadataStorageTableV2",
             {{"metadataKey", fmt::format("k{}", random_() % 4)},
              {"databaseId:assetId:filePath", pair + ":/"}},
             owner);
    PutRow("CommentStorageTable",
           {{"assetId", id}, {"assetVersionId:commentId", fmt::format("1:x{}", random_() % 5)}},
           owner);
    PutRow("SubscriptionsStorageTable",
           {{"eventName", "Asset Version Change"}, {"entityName_entityId", "Asset#" + id}}, owner);
    PutRow(std::string(tables::kAssetMarksTable), {{"asset", pair}}, owner);
    for (unsigned f = random_() % 3; f > 0; --f)
      PutFile(folder + "f" + std::to_string(f), RandomBytes(random_() % 2 == 0 ? 500 : 90'000),
              owner);
  }

  void PutFile(const std::string& key, const std::string& bytes, const std::string& owner) {
    const Stack stack = Current();
    const auto blobs = Must(objects::OpenBlobs(stack.blobs(), encryption_, {.clock = &clock_}));
    const auto info = Must(blobs->AddBytes(bytes));
    objects::ObjectVersion version{.bucket = "files",
                                   .key = key,
                                   .version_id = fmt::format("v{}", ++versions_),
                                   .sequence = ++versions_,
                                   .state = objects::ObjectVersion::State::kPresent,
                                   .size = info.size,
                                   .etag = info.md5,
                                   .sha256 = info.sha256};
    PutItem(std::string(tables::kObjectVersionsTable), objects::VersionItem(version), owner);
    PutItem(std::string(tables::kObjectsTable),
            objects::ObjectItem({.newest = version, .next = versions_ + 1, .versions = 1}), owner);
  }

  void PutLink(const std::string& a, const std::string& b) {
    const auto slash_a = a.find('/'), slash_b = b.find('/');
    const std::string id = fmt::format("link-{}-{}", a, b);
    PutRow("AssetLinksStorageTableV2.2",
           {{"assetLinkId", id},
            {"fromAssetDatabaseId", a.substr(0, slash_a)},
            {"fromAssetId", a.substr(slash_a + 1)},
            {"toAssetDatabaseId", b.substr(0, slash_b)},
            {"toAssetId", b.substr(slash_b + 1)}},
           a + "|" + b);
    PutRow("AssetLinksMetadataStorageTable", {{"assetLinkId", id}, {"metadataKey", "how"}},
           a + "|" + b);
  }

  // Ids are unlike each other's beginnings as little as they can be.
  static std::string Name(unsigned db, unsigned asset) {
    return fmt::format("d{}/a{}{}", db, db, std::string(asset + 1, 'x'));
  }

  void PutLibrary() {
    for (unsigned d = 0; d < 3; ++d) {
      PutDatabase(fmt::format("d{}", d));
      for (unsigned a = 0; a < 4; ++a) {
        const auto name = Name(d, a);
        PutAsset(name.substr(0, 2), name.substr(3), random_() % 4 == 0);
      }
    }
    for (int i = 0; i < 12; ++i)
      PutLink(Name(random_() % 3, random_() % 4), Name(random_() % 3, random_() % 4));
    PutRow("TagStorageTable", {{"tagName", "steel"}}, "");
    Flush();
  }

  // Some rows go, some change, some come; whole assets among them.
  void ChangeAnything() {
    std::vector<Write> writes;
    const auto rows = Dump();
    for (const auto& [table, by_key] : rows)
      for (const auto& [key, text] : by_key) {
        const auto owner = owners_.find({table, key});
        if (owner == owners_.end() || owner->second.empty() || table == "DatabaseStorageTable")
          continue;
        // What is left of an asset or a link without a record, that no backup knows, is nobody's.
        if (table == "AssetStorageTable" && std::ranges::count(owner->second, 'x') > 4) continue;
        if (table == "AssetLinksStorageTableV2.2") continue;
        if (random_() % 4 == 0)
          writes.push_back(Write::Delete(table, Must(items::DecodeItem(key))));
      }
    Commit(writes);
    for (unsigned d = 0; d < 3; ++d) {
      const auto name = Name(d, random_() % 6);
      PutAsset(name.substr(0, 2), name.substr(3), false);
      PutLink(name, Name(random_() % 3, random_() % 4));
    }
    PutRow("TagStorageTable", {{"tagName", "wood"}}, "");
    Flush();
  }

  Rows Dump(const std::string& stack = "plant") {
    Rows rows = RowsOf(Current(stack).current.items());
    for (auto& [table, by_key] : RowsOf(Current(stack).current.items(), true))
      rows[table] = std::move(by_key);
    return rows;
  }

  bool Belongs(const std::string& table, const std::string& key, const std::string& part) const {
    const auto found = owners_.find({table, key});
    if (found == owners_.end()) return false;
    const auto is = [&](std::string_view owner) {
      return owner == part ||
             (part.find('/') == std::string::npos && owner.starts_with(part + "/"));
    };
    const std::string& owner = found->second;
    const auto bar = owner.find('|');
    return bar == std::string::npos ? is(owner)
                                    : is(owner.substr(0, bar)) || is(owner.substr(bar + 1));
  }

  static bool HasAsset(const Rows& rows, const std::string& name) {
    const auto assets = rows.find("AssetStorageTable");
    if (assets == rows.end()) return false;
    const auto slash = name.find('/');
    for (const auto* suffix : {"", "#deleted"}) {
      Item key;
      key.Set("databaseId", Value::S(name.substr(0, slash) + suffix));
      key.Set("assetId", Value::S(name.substr(slash + 1)));
      if (assets->second.contains(items::EncodeItem(key))) return true;
    }
    return false;
  }

  // What the stack has to be: everybody else's rows as they are, those of the part as they were.
  Rows Expected(const Rows& saved, const Rows& now, const std::string& part) const {
    Rows expected;
    for (const auto& [table, by_key] : now)
      for (const auto& [key, text] : by_key)
        if (!Belongs(table, key, part)) expected[table][key] = text;
    for (const auto& [table, by_key] : saved)
      for (const auto& [key, text] : by_key) {
        if (!Belongs(table, key, part)) continue;
        const std::string& owner = owners_.at({table, key});
        if (const auto bar = owner.find('|'); bar != std::string::npos) {
          bool both = true;
          for (const auto& end : {owner.substr(0, bar), owner.substr(bar + 1)}) {
            const bool inside =
                end == part || (part.find('/') == std::string::npos && end.starts_with(part + "/"));
            both = both && HasAsset(inside ? saved : now, end);
          }
          if (!both) continue;
        }
        expected[table][key] = text;
      }
    return expected;
  }

  // What differs, one line a row: whole dumps are too long to be read.
  static std::vector<std::string> Differences(const Rows& expected, const Rows& result) {
    std::vector<std::string> lines;
    const auto compare = [&](const Rows& a, const Rows& b, std::string_view what) {
      for (const auto& [table, by_key] : a)
        for (const auto& [key, text] : by_key) {
          const auto in_table = b.find(table);
          if (in_table != b.end() && in_table->second.contains(key) &&
              (what == "extra" || in_table->second.at(key) == text))
            continue;
          lines.push_back(fmt::format("{} in {}: {}", what, table, text));
        }
    };
    compare(expected, result, "missing or other");
    compare(result, expected, "extra");
    return lines;
  }

  // The database's record counts its assets, which is not a row of the asset.
  static void ForgetCounts(Rows& rows) { rows.erase("DatabaseStorageTable"); }

  Result<PartReport> TryPart(const std::string& part, bool replace,
                             const std::string& stack = "plant") {
    PartRequest request{.id = Must(Open()->Resolve("latest")), .stack = stack};
    const auto slash = part.find('/');
    request.database = part.substr(0, slash);
    if (slash != std::string::npos) request.asset = part.substr(slash + 1);
    request.replace = replace;
    request.encryption = encryption_;
    return RestorePart(*Open(), registry_, request, TheSetting());
  }

  void ExpectContents(const std::string& stack = "plant") {
    const auto check = Must(
        CheckObjects(Current(stack), encryption_, true, op_, [](const objects::BlobFinding& f) {
          if (f.kind != objects::BlobFinding::Kind::kExtra)
            ADD_FAILURE() << f.what << ": " << f.detail;
        }));
    EXPECT_TRUE(check.clean());
  }

  std::map<std::pair<std::string, std::string>, std::string> owners_;
  std::map<std::pair<std::string, std::string>, Write> writes_;
};

TEST_F(RestorePartTest, BringsBackOneDatabaseAndLeavesTheOthers) {
  PutLibrary();
  const Rows saved = Dump();
  BackUp();
  for (int round = 0; round < 4; ++round) {
    ChangeAnything();
    const Rows now = Dump();
    const std::string part = fmt::format("d{}", random_() % 3);

    const PartReport report = Must(TryPart(part, true));

    EXPECT_TRUE(report.proved);
    EXPECT_THAT(Differences(Expected(saved, now, part), Dump()), IsEmpty())
        << part << " in round " << round;
    ExpectContents();
  }
}

TEST_F(RestorePartTest, BringsBackOneAssetAndLeavesItsNeighbours) {
  PutLibrary();
  const Rows saved = Dump();
  BackUp();
  for (int round = 0; round < 6; ++round) {
    ChangeAnything();
    const Rows now = Dump();
    const std::string part = Name(random_() % 3, random_() % 4);

    const PartReport report = Must(TryPart(part, true));

    EXPECT_TRUE(report.proved);
    Rows result = Dump(), expected = Expected(saved, now, part);
    ForgetCounts(result);
    ForgetCounts(expected);
    EXPECT_THAT(Differences(expected, result), IsEmpty()) << part << " in round " << round;
    ExpectContents();
  }
}

TEST_F(RestorePartTest, CountsTheAssetsOfTheDatabaseAnew) {
  PutDatabase("d0");
  PutAsset("d0", "one", false);
  PutAsset("d0", "two", false);
  PutAsset("d0", "old", true);
  Flush();
  BackUp();
  Item key;
  key.Set("databaseId", Value::S("d0"));
  Item gone = key;
  gone.Set("assetId", Value::S("one"));
  Commit({Write::Delete("AssetStorageTable", gone)});

  (void)Must(TryPart("d0/one", false));

  const auto store = Must(items::OpenSqliteStore(Current().current.items(), {.read_only = true}));
  EXPECT_EQ(*Must(store->Get(op_, "DatabaseStorageTable", key)).Find("assetCount"),
            Value::N(std::int64_t{2}));
}

TEST_F(RestorePartTest, RefusesToReplaceUnlessAsked) {
  PutLibrary();
  BackUp();
  const Rows now = Dump();
  const auto generation = Current().current.number;

  for (const auto& part : {std::string("d1"), Name(1, 2)}) {
    const auto refused = TryPart(part, false);

    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kConflict);
    EXPECT_THAT(refused.error().message, HasSubstr("--replace"));
  }
  EXPECT_EQ(Current().current.number, generation);
  EXPECT_THAT(Differences(now, Dump()), IsEmpty());
}

TEST_F(RestorePartTest, RefusesWhatTheBackupHasNot) {
  PutLibrary();
  BackUp();

  for (const char* part : {"nothing", "d1/nothing"}) {
    const auto refused = TryPart(part, true);

    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kNotFound) << refused.error().message;
  }
}

// The record of the bucket, which the other stack never had, comes along.
TEST_F(RestorePartTest, GoesIntoAnotherStackThatIsThere) {
  PutLibrary();
  const Rows saved = Dump();
  BackUp();
  (void)Must(registry_.Create("yard", "{}"));

  const auto no_database = TryPart(Name(1, 0), false, "yard");
  const PartReport report = Must(TryPart("d1", false, "yard"));

  ASSERT_FALSE(no_database.ok());
  EXPECT_THAT(no_database.error().message, HasSubstr("no database \"d1\""));
  EXPECT_TRUE(report.proved);
  Rows expected = Expected(saved, {}, "d1");
  expected["S3AssetBucketsStorageTable"] = saved.at("S3AssetBucketsStorageTable");
  EXPECT_THAT(Differences(expected, Dump("yard")), IsEmpty());
  ExpectContents("yard");
}

// Comments and subscriptions name the asset alone: whose they are cannot be told.
TEST_F(RestorePartTest, LeavesAloneWhatNamesakesShare) {
  for (const char* db : {"d0", "d1"}) {
    PutDatabase(db);
    PutAsset(db, "twin", false);
  }
  Flush();
  BackUp();
  PutRow("CommentStorageTable", {{"assetId", "twin"}, {"assetVersionId:commentId", "1:new"}}, "");
  Flush();
  const Rows now = Dump();

  const PartReport report = Must(TryPart("d0/twin", true));

  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().kind, "shared");
  const Rows result = Dump();
  EXPECT_EQ(result.at("CommentStorageTable"), now.at("CommentStorageTable"));
  EXPECT_EQ(result.at("SubscriptionsStorageTable"), now.at("SubscriptionsStorageTable"));
}

// Also when the namesake came, and the asset went, after the backup.
TEST_F(RestorePartTest, LeavesAloneWhatANamesakeHasNow) {
  PutDatabase("d0");
  PutDatabase("d1");
  PutAsset("d0", "twin", false);
  Flush();
  BackUp();
  Item key;
  key.Set("databaseId", Value::S("d0"));
  key.Set("assetId", Value::S("twin"));
  Commit({Write::Delete("AssetStorageTable", key)});
  PutAsset("d1", "twin", false);
  PutRow("CommentStorageTable", {{"assetId", "twin"}, {"assetVersionId:commentId", "1:new"}}, "");
  Flush();
  const Rows now = Dump();

  const PartReport report = Must(TryPart("d0/twin", false));

  EXPECT_TRUE(report.proved);
  EXPECT_EQ(Dump().at("CommentStorageTable"), now.at("CommentStorageTable"));
}

// Two databases that keep files of an asset id in one folder would overwrite each other's.
TEST_F(RestorePartTest, RefusesAFolderThatIsOfAnotherAssetNow) {
  PutDatabase("d0");
  PutDatabase("d1");
  PutAsset("d0", "one", false);
  Flush();
  BackUp();
  Item other;
  other.Set("databaseId", Value::S("d1"));
  other.Set("assetId", Value::S("thief"));
  other.Set("bucketId", Value::S("b1"));
  Item location;
  location.Set("Key", Value::S("d0-one/"));
  other.Set("assetLocation", Value::M(std::move(location)));
  Commit({Write::Put("AssetStorageTable", std::move(other))});

  const auto refused = TryPart("d0/one", true);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("d1/thief"));
}

TEST_F(RestorePartTest, WaitsForNobodyWhoServesTheStack) {
  PutLibrary();
  BackUp();
  const auto lock = Must(LockStack(Current(), "vams serve", clock_));

  const auto refused = TryPart("d1", true);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
}

}  // namespace
}  // namespace vams::lifecycle::backup
