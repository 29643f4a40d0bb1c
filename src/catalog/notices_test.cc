// Which operations tell whoever follows an asset, and which do not; that a notice is there exactly
// when the change is (api-metadata.md section 15, R9 and R11).
#include "catalog/notices.h"

#include <gmock/gmock.h>

#include "base/encoding.h"
#include "catalog/asset_files.h"
#include "catalog/asset_links.h"
#include "catalog/asset_versions.h"
#include "catalog/assets.h"
#include "catalog/mails.h"
#include "catalog/subscription_records.h"
#include "catalog/uploads_support_test.h"

namespace vams::catalog::test {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void Follow(AssetBench& bench, std::string_view asset_id, bool anybody = true) {
  Item row = AssetSubscriptionKey(asset_id);
  row.Set("subscribers", anybody ? Value::L({Value::S("ops@harbor.example.org")}) : Value::L({}));
  bench.PutItem(kSubscriptionsTable, std::move(row));
}

std::vector<Notice> Notices(AssetBench& bench) {
  return Must(WaitingNotices(bench.op, bench.items(), 1000));
}

// "fileMoved harbor:gantry by tester 1: /a → /b", the notices removed.
std::vector<std::string> Take(AssetBench& bench) {
  std::vector<std::string> texts;
  for (const Notice& notice : Notices(bench)) {
    std::string text = std::string(NoticeName(notice.kind)) + " " + notice.asset + " by " +
                       notice.by + " " + std::to_string(notice.files);
    for (const std::string& path : notice.paths) text += " " + path;
    texts.push_back(text);
    const items::Write remove = DeleteNotice(notice);
    Must(bench.items().Commit(bench.op, {&remove, 1}));
  }
  return texts;
}

class NoticesTest : public UploadsBench {
 protected:
  NoticesTest() { Follow(bench, kAsset); }

  Caller caller = MayAssets();  // everything, unlike the one who uploads
  AssetFiles files() { return AssetFiles(bench.stores()); }
  Assets assets() { return Assets(bench.stores()); }
  AssetVersions versions() { return AssetVersions(bench.stores()); }
  const AssetFiles::Ref ref{kDatabase, std::string(kAsset)};
};

}  // namespace

TEST_F(NoticesTest, ComeFromUploadsOfFilesAndNotOfPreviews) {
  Upload({{"a.e57", {"dots"}}, {"scan/b.e57", {"more"}}});
  EXPECT_THAT(Take(bench),
              ElementsAre("filesUploaded harbor:gantry by tester 2 /a.e57 /scan/b.e57"));

  Upload({{"look.png", {"pixels"}}}, UploadType::kAssetPreview);
  EXPECT_THAT(Take(bench), IsEmpty());
}

TEST_F(NoticesTest, NameTheFirstFilesOfMany) {
  std::vector<File> many;
  for (int i = 0; i < 7; ++i) many.push_back({"f" + std::to_string(i), {"x"}});

  Upload(many);

  EXPECT_THAT(Take(bench),
              ElementsAre("filesUploaded harbor:gantry by tester 7 /f0 /f1 /f2 /f3 /f4"));
}

TEST_F(NoticesTest, ComeFromEveryChangeOfFiles) {
  const std::string first = bench.PutFile(kAsset, "scan/a.e57", "one").version_id;
  bench.PutFile(kAsset, "scan/a.e57", "two");

  Must(files().Move(bench.op, caller, ref, "/scan/a.e57", "/scan/b.e57"));
  EXPECT_THAT(Take(bench), ElementsAre("fileMoved harbor:gantry by tester 1 /scan/a.e57 → "
                                       "/scan/b.e57"));
  Must(files().SetPrimaryType(bench.op, caller, ref, "/scan/b.e57", "lod1"));
  EXPECT_THAT(Take(bench), ElementsAre("primaryType harbor:gantry by tester 1 /scan/b.e57"));
  Must(files().Archive(bench.op, caller, ref, "/scan/b.e57", false));
  EXPECT_THAT(Take(bench), ElementsAre("filesArchived harbor:gantry by tester 1 /scan/b.e57"));
  Must(files().Unarchive(bench.op, caller, ref, "/scan/b.e57"));
  EXPECT_THAT(Take(bench), ElementsAre("filesUnarchived harbor:gantry by tester 1 /scan/b.e57"));
  Must(files().Revert(bench.op, caller, ref, "/scan/a.e57", first));
  EXPECT_THAT(Take(bench), ElementsAre("fileReverted harbor:gantry by tester 1 /scan/a.e57"));
  Must(files().Archive(bench.op, caller, ref, "/scan", true));
  EXPECT_THAT(Take(bench),
              ElementsAre("filesArchived harbor:gantry by tester 2 /scan/a.e57 /scan/b.e57"));
  Must(files().Delete(bench.op, caller, ref, "/scan/a.e57", false, true));
  EXPECT_THAT(Take(bench), ElementsAre("filesDeleted harbor:gantry by tester 1 /scan/a.e57"));
  Must(files().Delete(bench.op, caller, ref, "/scan", true, true));
  EXPECT_THAT(Take(bench), ElementsAre("filesDeleted harbor:gantry by tester 1 /scan/b.e57"));
}

TEST_F(NoticesTest, OfACopyAreAboutTheAssetThatGetsIt) {
  bench.MakeAsset("crane");
  bench.PutFile("crane", "a.e57", "one");

  Must(files().Copy(bench.op, caller, {kDatabase, "crane"}, "/a.e57",
                    {"/b.e57", {}, std::string(kAsset)}));

  EXPECT_THAT(Take(bench), ElementsAre("fileCopied harbor:gantry by tester 1 /b.e57"));
}

TEST_F(NoticesTest, ComeFromChangesOfTheAssetAndOfItsPreviews) {
  Upload({{"look.png", {"pixels"}}}, UploadType::kAssetPreview);
  bench.PutFile(kAsset, "a.e57", "one");
  Must(bench.objects().PutBytes(bench.op, {"auxiliary", "gantry/a.e57/preview/x"}, "derived", {}));
  Take(bench);

  Must(files().DeletePreview(bench.op, caller, ref));
  EXPECT_THAT(Take(bench), ElementsAre("previewDeleted harbor:gantry by tester 0"));
  Must(files().DeleteAuxiliary(bench.op, caller, ref, "/a.e57"));
  EXPECT_THAT(Take(bench), ElementsAre("derivedDeleted harbor:gantry by tester 1 /a.e57"));
  Must(assets().Update(bench.op, caller, kDatabase, kAsset, {.description = "New"}));
  EXPECT_THAT(Take(bench), ElementsAre("assetChanged harbor:gantry by tester 0"));
  Must(assets().Archive(bench.op, caller, kDatabase, kAsset, {}));
  EXPECT_THAT(Take(bench), ElementsAre("assetArchived harbor:gantry by tester 0"));
  Must(assets().Unarchive(bench.op, caller, kDatabase, kAsset, {}));
  EXPECT_THAT(Take(bench), ElementsAre("assetUnarchived harbor:gantry by tester 0"));
}

TEST_F(NoticesTest, ComeFromVersionsThatAreMadeAndNotFromTheirNames) {
  bench.PutFile(kAsset, "a.e57", "one");
  const AssetIds ids{kDatabase, std::string(kAsset)};

  Must(versions().Create(bench.op, caller, ids,
                         {.latest = true, .files = {}, .comment = "As built", .alias = ""}));
  EXPECT_THAT(Take(bench), ElementsAre("versionCreated harbor:gantry by tester 0"));
  Must(versions().Revert(bench.op, caller, ids, "1", {.comment = "back", .metadata = false}));
  EXPECT_THAT(Take(bench), ElementsAre("versionReverted harbor:gantry by tester 0"));
  Must(versions().Update(bench.op, caller, ids, "1", {.comment = "other", .alias = {}}));
  Must(versions().SetArchived(bench.op, caller, ids, "1", true));
  EXPECT_THAT(Take(bench), IsEmpty());
}

TEST_F(NoticesTest, DoNotComeFromAnythingElse) {
  bench.MakeAsset("crane");
  AssetLinks links(bench.stores());

  Must(files().CreateFolder(bench.op, caller, ref, "/scan/"));
  Must(links.Create(bench.op, caller,
                    {.from_database = kDatabase,
                     .from_asset = std::string(kAsset),
                     .to_database = kDatabase,
                     .to_asset = "crane"}));
  Begin({{"never.e57", {"x"}}});
  Must(assets().Delete(bench.op, caller, kDatabase, kAsset));

  EXPECT_THAT(Take(bench), IsEmpty());
  // Nobody can be told of what happens under this id later.
  EXPECT_THAT(bench.Rows(kSubscriptionsTable), IsEmpty());
}

TEST_F(NoticesTest, AreWrittenOnlyWhereSomebodyFollowsAnAssetWithATopic) {
  bench.MakeAsset("crane");
  bench.MakeAsset("rail");
  Follow(bench, "rail", false);
  for (const char* id : {"crane", "rail"})
    Must(assets().Update(bench.op, caller, kDatabase, id, {.description = "New"}));
  EXPECT_THAT(Take(bench), IsEmpty());

  // What DELETE of a subscription leaves behind, and what somebody may have put there since.
  Item row = *bench.StoredAsset(kAsset);
  row.Remove(kTopic);
  bench.PutItem(kAssetsTable, std::move(row));
  Must(assets().Update(bench.op, caller, kDatabase, kAsset, {.description = "New"}));
  EXPECT_THAT(Take(bench), IsEmpty());
}

// A subscription has no database: two assets of one id must not be told about as one.
TEST_F(NoticesTest, AreAboutTheAssetThatTheSubscriptionMeans) {
  bench.AddDatabase("yard", bench.bucket_id);
  bench.MakeAsset(std::string(kAsset), {.database = "yard"});

  Must(assets().Update(bench.op, caller, "yard", kAsset, {.description = "New"}));
  EXPECT_THAT(Take(bench), IsEmpty()) << "the first by database is meant";
  Must(assets().Update(bench.op, caller, kDatabase, kAsset, {.description = "New"}));
  EXPECT_THAT(Take(bench), ElementsAre("assetChanged harbor:gantry by tester 0"));

  // Without a topic, it is the other one.
  Item row = *bench.StoredAsset(kAsset);
  row.Remove(kTopic);
  bench.PutItem(kAssetsTable, std::move(row));
  EXPECT_EQ(Must(SubscribedAsset(bench.op, bench.items(), kAsset))->database_id, "yard");
  Must(assets().Archive(bench.op, caller, "yard", kAsset, {}));
  EXPECT_THAT(Take(bench), ElementsAre("assetArchived yard:gantry by tester 0"));
  EXPECT_EQ(Must(SubscribedAsset(bench.op, bench.items(), kAsset))->database_id, kDatabase)
      << "an active one goes before an archived one with a topic";
}

// Every call of the store fails once: the file is moved and somebody is told, or neither.
TEST(Notices, AreThereExactlyWhenTheChangeIs) {
  const auto prepare = [](AssetBench& bench) {
    bench.MakeAsset("gantry");
    bench.PutFile("gantry", "a.e57", "one");
    Follow(bench, "gantry");
  };
  const auto work = [](AssetBench& bench, const Stores& stores) {
    AssetFiles files(stores);
    Caller caller = MayAssets();
    (void)files.Move(bench.op, caller, {kDatabase, "gantry"}, "/a.e57", "/b.e57");
  };
  const auto state = [](AssetBench& bench) {
    auto left = bench.LiveKeys("gantry/");
    for (const Notice& notice : Notices(bench)) left.emplace_back(NoticeName(notice.kind));
    return left;
  };
  ExpectAllOrNothing(prepare, work, state);
}

// ---- Mails that collect them.

TEST(Mails, CountWhatIsTheSameInOneLine) {
  Mail mail;
  Notice notice{.asset = "harbor:gantry",
                .id = {},
                .kind = NoticeKind::kFilesUploaded,
                .by = "lee",
                .millis = 5'000,
                .files = 3,
                .paths = {"/a", "/b", "/c"}};
  AddToMail(notice, mail);
  notice.millis = 9'000;
  notice.paths = {"/c", "/d", "/e"};
  AddToMail(notice, mail);
  notice.by = "mira";
  AddToMail(notice, mail);

  ASSERT_EQ(mail.lines.size(), 2U);
  EXPECT_EQ(mail.lines[0].files, 6U);
  EXPECT_THAT(mail.lines[0].paths, ElementsAre("/a", "/b", "/c", "/d", "/e"));
  EXPECT_EQ(mail.lines[0].first_millis, 5'000);
  EXPECT_EQ(mail.lines[0].last_millis, 9'000);
  EXPECT_EQ(mail.lines[1].by, "mira");
}

// The longest names that there can be, in every line: an item has an end.
TEST(Mails, FitIntoARecordHoweverMuchHappens) {
  AssetBench bench;
  Mail mail;
  mail.address = mail.to = std::string(240, 'x') + "@harbor.example.org";
  mail.id = kOpenMail;
  std::string path = "/";
  while (path.size() < 1000) path += "größe/";
  for (std::size_t i = 0; i < 2 * kMostLines; ++i) {
    Notice notice{.asset = std::string(63, 'd') + ":" + std::string(250, 'a') + std::to_string(i),
                  .id = {},
                  .kind = NoticeKind::kFilesUploaded,
                  .by = std::string(256, 'u'),
                  .millis = 1'740'823'200'123,
                  .files = 5,
                  .paths = {}};
    for (std::size_t n = 0; n < kNamedFiles; ++n) notice.paths.push_back(path + std::to_string(n));
    AddToMail(notice, mail);
  }

  EXPECT_EQ(mail.lines.size(), kMostLines);
  EXPECT_EQ(mail.more, kMostLines);
  const items::Write put = PutNewMail(mail);
  Must(bench.items().Commit(bench.op, {&put, 1}));
  const auto stored = Must(FindMail(bench.op, bench.items(), mail.address, kOpenMail));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->lines.size(), kMostLines);
  EXPECT_EQ(stored->lines.back().paths, mail.lines.back().paths);
  EXPECT_TRUE(IsUtf8(stored->lines.front().paths.front()));
}

}  // namespace vams::catalog::test
