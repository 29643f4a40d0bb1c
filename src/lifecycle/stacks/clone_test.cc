// Clones and the end of stacks: what a clone shares, and what neither side may do to the other.
#include "lifecycle/stacks/clone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>

#include "lifecycle/stacks/describe.h"
#include "lifecycle/stacks/destroy.h"
#include "lifecycle/stacks/outputs.h"
#include "lifecycle/stacks/share_file.h"
#include "lifecycle/support_test.h"
#include "lifecycle/upkeep_objects.h"
#include "objects/local/local_store.h"
#include "tables/system_tables.h"

namespace vams::lifecycle {
namespace {

using items::Item;
using items::Value;
using items::Write;
using test::Must;
using test::RowsOf;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kAssets[] = "AssetStorageTable";

class CloneTest : public ::testing::TestWithParam<bool> {
 protected:
  // A stack with objects of all kinds, as a server has it open.
  void SetUp() override {
    original_ = Must(registry_.Create("plant", GetParam() ? kEncrypted : kPlain));
    items_ = Must(items::OpenSqliteStore(original_.current.items(), {.clock = &clock_}));
    blobs_ = Must(objects::OpenBlobs(original_.blobs(), Encryption(), {.clock = &clock_}));
    store_ = Must(objects::OpenLocalObjectStore(op_, *items_, *blobs_, {.clock = &clock_}));
    PutAsset("crane");
    PutObject("small", "a small content");
    PutObject("large", large_);
  }

  static objects::EncryptionChoice Encryption() { return {.enabled = GetParam(), .key_file = {}}; }
  void PutAsset(const std::string& id) {
    Item item;
    item.Set("databaseId", Value::S("yard"));
    item.Set("assetId", Value::S(id));
    const std::vector<Write> writes{Write::Put(kAssets, std::move(item))};
    (void)Must(items_->Commit(op_, writes));
  }
  std::string PutObject(const std::string& key, const std::string& content) {
    return Must(store_->PutBytes(op_, {"plant", key}, content)).version_id;
  }
  // Seals the pack that is written.
  void SealPacks() { (void)Must(UpkeepOnce(original_, *blobs_, *store_, clock_, op_)); }

  Result<CloneReport> TryClone(const std::string& name) {
    return CloneStack(original_, registry_, {.name = name, .config = {}}, clock_, op_, {});
  }
  CloneReport Clone(const std::string& name = "copy") { return Must(TryClone(name)); }

  static std::string Read(const Stack& stack, const std::string& content) {
    const auto blobs = Must(objects::OpenBlobs(stack.blobs(), Encryption()));
    std::string bytes;
    Must(blobs->Read(objects::HexOf(objects::DigestOf(content)), [&](std::string_view chunk) {
      bytes += chunk;
      return Ok();
    }));
    return bytes;
  }
  void ExpectWhole(const Stack& stack) {
    const auto check =
        Must(CheckObjects(stack, Encryption(), true, op_, [](const objects::BlobFinding& finding) {
          if (finding.kind != objects::BlobFinding::Kind::kExtra)
            ADD_FAILURE() << finding.what << ": " << finding.detail;
        }));
    EXPECT_TRUE(check.clean());
    EXPECT_GT(check.references, 0U);
  }

  static constexpr const char* kPlain = R"({"server": {"listen": "127.0.0.1:9000"}})";
  static constexpr const char* kEncrypted =
      R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})";
  const std::string large_ = std::string(200'000, 'l');
  const files::TempFolder temp_ = test::MakeTemp();
  test::FixedClock clock_;
  const StackRegistry registry_{temp_.path() / "home", clock_};
  OpContext op_;
  Stack original_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Either, CloneTest, ::testing::Bool(), [](const auto& param) {
  return param.param ? std::string("Encrypted") : std::string("Plain");
});

TEST_P(CloneTest, TakesAStackThatHasHadNoContentsYet) {
  const Stack fresh = Must(registry_.Create("fresh", GetParam() ? kEncrypted : kPlain));
  ASSERT_FALSE(std::filesystem::exists(fresh.blobs()));

  const auto report = CloneStack(fresh, registry_, {.name = "copy", .config = {}}, clock_, op_, {});

  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->contents.linked_files, 0U);
  EXPECT_EQ(RowsOf(report->stack.current.items()), RowsOf(fresh.current.items()));
  for (const auto& stack : {fresh, report->stack})
    EXPECT_TRUE(objects::OpenBlobs(stack.blobs(), Encryption(), {.clock = &clock_}).ok());
}

TEST_P(CloneTest, HasTheRowsAndContentsOfAStackThatIsServed) {
  const auto lock = Must(LockStack(original_, "vams serve", clock_));

  const CloneReport report = Clone();

  EXPECT_EQ(RowsOf(report.stack.current.items()), RowsOf(original_.current.items()));
  EXPECT_EQ(report.position, Must(items_->LastChange(op_)));
  EXPECT_EQ(Read(report.stack, large_), large_);
  EXPECT_EQ(Read(report.stack, "a small content"), "a small content");
  ExpectWhole(report.stack);
  EXPECT_EQ(boost::json::serialize(report.stack.current.origin.at("kind")), "\"clone\"");
}

// What is final is shared; a pack that has a writer is not, or two would write it.
TEST_P(CloneTest, SharesWhatIsNeverWrittenAgain) {
  SealPacks();
  PutObject("later", "in a new pack");

  const CloneReport report = Clone();

  EXPECT_GE(report.contents.linked_files, 3U);  // the large content, and a pack with its index
  EXPECT_EQ(report.contents.copied_files, 1U);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(report.stack.blobs() / "packs")) {
    if (entry.path().extension() != ".pack") continue;
    const bool sealed = std::filesystem::exists(objects::IndexOf(entry.path()));
    struct stat info {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, sealed ? 2U : 1U) << entry.path();
  }
}

TEST_P(CloneTest, IsNotTouchedByWhatTheOriginalDoesNext) {
  SealPacks();
  const CloneReport report = Clone();
  const auto rows = RowsOf(report.stack.current.items(), true);

  PutAsset("newer");
  PutObject("newer", "a newer content");
  for (const char* key : {"small", "large"}) {
    const auto newest = Must(store_->Head(op_, {"plant", key}));
    Must(store_->DeleteVersion(op_, {"plant", key}, newest.version_id));
  }
  clock_.now += std::int64_t{10} * 24 * 3600 * 1000;
  SealPacks();

  EXPECT_EQ(RowsOf(report.stack.current.items(), true), rows);
  EXPECT_EQ(Read(report.stack, large_), large_);
  EXPECT_EQ(Read(report.stack, "a small content"), "a small content");
  ExpectWhole(report.stack);
}

TEST_P(CloneTest, LeavesTheOriginalAloneWhenItIsUsedAndDestroyed) {
  SealPacks();
  const CloneReport report = Clone();
  {
    const auto items = Must(items::OpenSqliteStore(report.stack.current.items()));
    const auto blobs = Must(objects::OpenBlobs(report.stack.blobs(), Encryption()));
    const auto store = Must(objects::OpenLocalObjectStore(op_, *items, *blobs, {}));
    (void)Must(store->PutBytes(op_, {"plant", "of the clone"}, "written by the clone"));
    for (const char* key : {"small", "large"}) {
      const auto newest = Must(store->Head(op_, {"plant", key}));
      Must(store->DeleteVersion(op_, {"plant", key}, newest.version_id));
    }
    (void)Must(objects::BlobUpkeep::Collect(op_, *blobs, [](const auto&) { return Ok(); },
                                            {.grace = std::chrono::milliseconds(-1'000'000)}));
  }
  auto destroyer = Must(StackDestroyer::Begin(registry_, "copy", clock_));

  const auto destroyed = Must(std::move(destroyer).Finish({}));

  EXPECT_THAT(destroyed.left, IsEmpty());
  EXPECT_FALSE(registry_.Exists("copy"));
  EXPECT_EQ(Read(original_, large_), large_);
  EXPECT_EQ(Read(original_, "a small content"), "a small content");
  ExpectWhole(original_);
}

TEST_P(CloneTest, KeepsWhoIsSignedInAndWhichMailsWaitToTheOriginal) {
  Item session;
  const auto* spec = tables::FindSystemTable(tables::kMailsTable);
  session.Set(spec->partition.name, Value::S("m1"));
  if (!spec->sort.name.empty()) session.Set(spec->sort.name, Value::S("a"));
  const std::vector<Write> writes{Write::Put(std::string(tables::kMailsTable), session)};
  (void)Must(items_->Commit(op_, writes));

  const auto clone = Clone("copy").stack;
  const auto rehearsal =
      Must(CloneStack(original_, registry_, {.name = "other", .config = {}, .keep_transient = true},
                      clock_, op_, {}))
          .stack;

  const std::string table(tables::kMailsTable);
  EXPECT_FALSE(RowsOf(clone.current.items(), true).contains(table));
  EXPECT_EQ(RowsOf(rehearsal.current.items(), true).at(table).size(), 1U);
}

TEST_P(CloneTest, RefusesANameThatIsTaken) {
  Clone("copy");
  const auto before = test::TreeOf(registry_.home() / "stacks");

  const auto again = TryClone("copy");

  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_THAT(test::Differences(before, test::TreeOf(registry_.home() / "stacks")), IsEmpty());
}

// Nothing of it is registered, and it is gone as a whole.
TEST_P(CloneTest, CanLieInAFolderOfTheCaller) {
  const auto work = Must(files::TempFolder::Create(temp_.path(), "work"));
  const StackRegistry own(work.path(), clock_);

  const auto report =
      Must(CloneStack(original_, own, {.name = "plant", .config = {}}, clock_, op_, {}));

  EXPECT_EQ(RowsOf(report.stack.current.items()), RowsOf(original_.current.items()));
  EXPECT_EQ(Must(registry_.List()).size(), 1U);
  ExpectWhole(report.stack);
}

TEST_P(CloneTest, WaitsForACollectionAndCanBeCancelled) {
  // Another process that collects has the lock alone.
  blobs_.reset();
  store_.reset();
  const auto collector = Must(files::FileLock::Acquire(original_.blobs() / "writers", "test"));
  op_.Cancel();

  const auto cancelled = TryClone("copy");

  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code, Code::kCancelled);
  EXPECT_FALSE(registry_.Exists("copy"));
}

// A file system that shares pages: the store and its log, each as it is at one moment.
TEST_P(CloneTest, SharedFilesOfTheItemsAreTheStateWithItsLog) {
  PutAsset("in the log");
  ASSERT_TRUE(std::filesystem::exists(original_.current.items().string() + "-wal"));
  const auto to = temp_.path() / "shared.db";
  const FileSharer copy = [](const files::Path& from, const files::Path& target) -> Result<bool> {
    std::filesystem::copy_file(from, target);
    return true;
  };

  const bool shared = Must(CloneItemsBy(op_, original_.current.items(), to, copy));

  EXPECT_TRUE(shared);
  EXPECT_EQ(RowsOf(to), RowsOf(original_.current.items()));
  EXPECT_EQ(RowsOf(to, true), RowsOf(original_.current.items(), true));
}

// ---- Destroying

TEST_P(CloneTest, IsNotDestroyedWhileItIsServed) {
  const auto lock = Must(LockStack(original_, "vams serve", clock_));

  const auto refused = StackDestroyer::Begin(registry_, "plant", clock_);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("vams serve"));
  EXPECT_TRUE(registry_.Exists("plant"));
}

TEST_P(CloneTest, WhatADestructionLeftIsRemovedByTheNextCommand) {
  Clone("copy");
  std::filesystem::rename(registry_.home() / "stacks" / "copy",
                          registry_.home() / "stacks" / ".gone-copy.1");

  EXPECT_EQ(Must(registry_.List()).size(), 1U);
  EXPECT_EQ(RemoveDestroyed(registry_), 1U);

  EXPECT_FALSE(std::filesystem::exists(registry_.home() / "stacks" / ".gone-copy.1"));
  ExpectWhole(original_);
}

// ---- Describing

TEST_P(CloneTest, IsDescribedWithItsSizeAndItsHolder) {
  SealPacks();
  EXPECT_EQ(HolderOf(original_), std::nullopt);
  const auto lock = Must(LockStack(original_, "vams serve", clock_));
  const auto clone = Clone().stack;

  const StackSize size = SizeOf(clone);

  EXPECT_THAT(HolderOf(original_).value_or(""), HasSubstr("vams serve"));
  EXPECT_GT(size.items, 0U);
  EXPECT_GT(size.contents, large_.size());
  EXPECT_GT(size.shared, large_.size());
  EXPECT_LE(size.shared, size.contents);
}

// ---- Quiet configurations

TEST(QuietConfig, SwitchesOffWhatWouldActTwice) {
  const std::string text = R"({
    "app": {"baseStackName": "plant", "adminUserId": "ada",
            "assetBuckets": {"createNewBucket": false,
                             "externalAssetBuckets": [{"bucketArn": "file:///srv/share",
                                                       "baseAssetsPrefix": "/",
                                                       "defaultSyncDatabaseId": "yard"}]}},
    "server": {"listen": "127.0.0.1:9000"},
    "notifications": {"smtp": {"host": "mail.example", "from": "vams@mail.example"}},
    "backup": {"schedule": "daily"},
    "hooks": {"postUpdate": "/bin/true"},
    "unheardOf": 1})";

  const QuietConfig quiet = Must(QuietConfigOf(text, "/etc/vams/config.json", "copy"));

  std::vector<std::string> paths;
  for (const auto& setting : quiet.switched_off) paths.push_back(setting.path);
  EXPECT_THAT(paths, ::testing::UnorderedElementsAre(
                         "notifications.smtp.host", "app.assetBuckets.externalAssetBuckets",
                         "app.assetBuckets.createNewBucket", "hooks.postUpdate", "backup.schedule",
                         "server.listen"));
  const auto config = Must(config::Load(
      {.file_text = quiet.text, .file_path = "config.json", .environment = {}, .sets = {}}));
  EXPECT_EQ(config.notifications.smtp.host, "");
  EXPECT_TRUE(config.asset_buckets.external.empty());
  EXPECT_TRUE(config.hooks.post_update.empty());
  EXPECT_EQ(config.backup.schedule, "");
  EXPECT_THAT(config.server.listen, ElementsAre("127.0.0.1:0"));
  EXPECT_EQ(config.stack_name, "copy");
  EXPECT_EQ(config.admin_user_id, "ada");
  EXPECT_THAT(quiet.text, HasSubstr("unheardOf"));
}

TEST(QuietConfig, WithoutAFileIsThatOfTheDefaults) {
  const QuietConfig quiet = Must(QuietConfigOf(std::nullopt, "", "copy"));

  const auto config = Must(config::Load(
      {.file_text = quiet.text, .file_path = "config.json", .environment = {}, .sets = {}}));
  config::Config defaults;
  defaults.stack_name = "copy";
  defaults.server.listen = {"127.0.0.1:0"};
  EXPECT_EQ(config, defaults);
}

TEST(QuietConfig, KeepsFilesThatAreNamedFromWhereTheFileLay) {
  const std::string text = R"({"notifications": {"smtp": {"caFile": "ca/mail.pem"}}})";

  const QuietConfig quiet = Must(QuietConfigOf(text, "/etc/vams/config.json", "copy"));

  EXPECT_THAT(quiet.text, HasSubstr("\"/etc/vams/ca/mail.pem\""));
}

// ---- Outputs

TEST(Outputs, HaveTheShapeOfDescribeStacks) {
  const auto temp = test::MakeTemp();
  const test::FixedClock clock;
  const StackRegistry registry(temp.path(), clock);
  const Stack stack = Must(registry.Create("plant", R"({"env": {"region": "north"}})"));

  const auto saved = boost::json::parse(test::Slurp(OutputsFileOf(stack.current)));

  const auto& one = saved.at("Stacks").at(0);
  EXPECT_EQ(one.at("StackName"), "plant");
  std::map<std::string, std::string> outputs;
  for (const auto& output : one.at("Outputs").as_array())
    outputs[std::string(output.at("OutputKey").as_string())] = output.at("OutputValue").as_string();
  EXPECT_EQ(outputs.at("WebsiteEndpointURLOutput"), "http://127.0.0.1:8080");
  EXPECT_EQ(outputs.at("APIGatewayEndpointOutput"), "http://127.0.0.1:8080");
  EXPECT_EQ(outputs.at("AuthCognito_UserPoolId"), "north_plant");
  EXPECT_EQ(outputs.at("AssetAuxiliaryS3BucketNameOutput"), "vams-plant-auxiliary");
}

}  // namespace
}  // namespace vams::lifecycle
