// Uploads while others change what they look at, while stores fail, and as time goes by: nothing is
// lost, and nothing is half there.
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/asset_edit.h"
#include "catalog/uploads_support_test.h"

namespace vams::catalog::test {
namespace {

class UploadRacesTest : public UploadsBench {};

TEST_F(UploadRacesTest, OfTwoCompletionsAtOnceOneWins) {
  const std::vector<File> files = {{"a.glb", {"x"}}, {"b.glb", {"y"}}};
  const BegunUpload begun = Begin(files);
  const model::FinishedUpload upload = Send(begun, files);
  HookedStore hooked(bench.items(), true);
  hooked.before =
      Once("Commit", [&] { EXPECT_EQ(Complete(begun, upload).outcome, Outcome::kAll); });
  auto view = bench.Through(hooked);

  const auto second = Uploads(view.stores).Complete(bench.op, caller, begun.id, upload);

  EXPECT_EQ(Failure(second), (Fails{Code::kNotFound, "Upload record not found"}));
  EXPECT_EQ(bench.Histories("gantry/"),
            (Texts{"gantry/: 0 bytes", "gantry/a.glb: 1 bytes", "gantry/b.glb: 1 bytes"}));
}

// Two calls that name different files of one upload, and a third file is missing: the record stays,
// so both succeed.
TEST_F(UploadRacesTest, CompletionsOfDifferentFilesDoNotHinderEachOther) {
  const std::vector<File> files = {{"a.glb", {"x"}}, {"b.glb", {"y"}}, {"c.glb", {"z"}}};
  const BegunUpload begun = Begin(files);
  const model::FinishedUpload whole = Send(begun, files);
  model::FinishedUpload first = whole, second = whole;
  first.files.erase(first.files.begin() + 1);
  first.files[1].parts[0].number = 2;
  second.files.erase(second.files.begin());
  second.files[1].parts[0].number = 2;
  HookedStore hooked(bench.items(), true);
  hooked.before =
      Once("Commit", [&] { EXPECT_EQ(Complete(begun, first).outcome, Outcome::kSome); });
  auto view = bench.Through(hooked);

  const auto done = Must(Uploads(view.stores).Complete(bench.op, caller, begun.id, second));

  EXPECT_EQ(done.outcome, Outcome::kSome);
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "x");
  EXPECT_EQ(bench.FileContent(kAsset, "b.glb"), "y");
}

TEST_F(UploadRacesTest, APartThatIsSentAgainMeanwhileFailsItsFileAlone) {
  const std::vector<File> files = {{"a.glb", {"x"}}, {"b.glb", {"y"}}};
  const BegunUpload begun = Begin(files);
  const model::FinishedUpload upload = Send(begun, files);
  HookedStore hooked(bench.items(), true);
  hooked.before = Once("Commit", [&] { Put(begun.files[0].multipart_id, 1, "other"); });
  auto view = bench.Through(hooked);

  const auto done = Must(Uploads(view.stores).Complete(bench.op, caller, begun.id, upload));

  EXPECT_EQ(Errors(done), (Texts{"Error completing multipart upload.", ""}));
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), std::nullopt);
  EXPECT_EQ(bench.FileContent(kAsset, "b.glb"), "y");
}

// The preview was found to have its file, which goes before the commit.
TEST_F(UploadRacesTest, APreviewDoesNotOutliveItsFile) {
  bench.PutFile(kAsset, "a.glb", "x");
  const std::vector<File> files = {{"a.glb.previewFile.png", {"p"}}, {"b.glb", {"y"}}};
  const BegunUpload begun = Begin(files);
  const model::FinishedUpload upload = Send(begun, files);
  HookedStore hooked(bench.items(), true);
  hooked.before = Once("Commit", [&] {
    const AssetPlace place = bench.Place(kAsset);
    const Stores stores = bench.stores();
    AssetEdit edit(stores, place);
    edit.objects().Add(objects::DeleteChange{place.ObjectAt("a.glb")});
    Must(edit.Commit(bench.op));
  });
  auto view = bench.Through(hooked);

  const auto done = Must(Uploads(view.stores).Complete(bench.op, caller, begun.id, upload));

  EXPECT_EQ(Errors(done), (Texts{"Base files does not exist for all preview files", ""}));
}

TEST_F(UploadRacesTest, AnAssetThatGoesMeanwhileIsNotFound) {
  const BegunUpload begun = Begin({{"a.glb", {"x"}}});
  const model::FinishedUpload upload = Send(begun, {{"a.glb", {"x"}}});
  const Item record = *bench.StoredAsset(kAsset);
  const auto remove = [&] {
    const items::Write write = items::Write::Delete(kAssetsTable, AssetKey(kDatabase, kAsset));
    Must(bench.items().Commit(bench.op, {&write, 1}));
  };
  HookedStore hooked(bench.items(), true);
  auto view = bench.Through(hooked);
  hooked.before = Once("Commit", remove);
  EXPECT_EQ(Failure(Uploads(view.stores).Complete(bench.op, caller, begun.id, upload)),
            (Fails{Code::kNotFound, "Asset not found"}));
  EXPECT_EQ(bench.LiveKeys("gantry/"), Texts{"gantry/"});

  bench.PutItem(kAssetsTable, record);
  const std::size_t open = OpenMultiparts();
  hooked.before = [&, commits = 0](std::string_view call) mutable -> Status {
    if (call == "Commit" && ++commits == 2) remove();
    return Ok();
  };
  EXPECT_EQ(Failure(Uploads(view.stores).Begin(bench.op, caller, NewOf({{"b.glb", {"x"}}}))),
            (Fails{Code::kNotFound, "Asset not found"}));
  EXPECT_EQ(OpenMultiparts(), open);
  EXPECT_EQ(Records().size(), 1U);
}

TEST_F(UploadRacesTest, WhatCouldNotBeStoredCanBeCompletedAgain) {
  const std::vector<File> files = {{"a.glb", {"x"}}, {"b.txt", {}}, {"c.exe.txt", {}}};
  const BegunUpload begun = Begin(files);
  model::FinishedUpload upload = Send(begun, files);
  upload.files[2].path = "c.exe";
  const auto before = bench.Everything();
  HookedStore hooked(bench.items(), true);
  hooked.before = [](std::string_view call) -> Status {
    if (call == "Commit") return Error(Code::kUnavailable, "no space left on the disk");
    return Ok();
  };
  auto view = bench.Through(hooked);

  const auto done = Must(Uploads(view.stores).Complete(bench.op, caller, begun.id, upload));

  EXPECT_EQ(done.outcome, Outcome::kNotStored);
  EXPECT_EQ(Errors(done),
            (Texts{"Failed to copy file to final location", "Failed to copy file to final location",
                   "File contains a potentially malicious executable type object"}));
  EXPECT_NE(done.failure.find("no space left"), std::string::npos);
  EXPECT_EQ(bench.Everything(), before);
  EXPECT_EQ(Complete(begun, upload).outcome, Outcome::kSome);
}

// The type of the asset is settled behind the commit, so it is not part of this state.
Texts StateOf(AssetBench& bench) {
  Texts state = bench.Histories();
  for (const Item& record : bench.Rows(kUploadsTable))
    state.push_back("record " + std::string(record.Text("status")));
  for (const auto& upload : Must(bench.objects().ListUploads(bench.op, {})).uploads)
    state.push_back("open " + upload.object.key);
  return state;
}

TEST(UploadFaults, ACompletionHappensWholeOrNotAtAll) {
  Caller caller = MayAssets();
  std::string id;
  model::FinishedUpload upload;
  const auto prepare = [&](AssetBench& bench) {
    bench.MakeAsset("gantry");
    model::NewUpload asked{{.database_id = kDatabase, .asset_id = "gantry"},
                           {{"a.glb", 1, 1}, {"b.txt", 0, 0}, {"c.glb", 2, 2}}};
    const auto begun = *Must(Uploads(bench.stores()).Begin(bench.op, caller, asked));
    id = begun.id;
    upload = {{.database_id = kDatabase, .asset_id = "gantry"}, {}};
    for (const BegunFile& file : begun.files) {
      upload.files.push_back({file.path, file.multipart_id, {}});
      for (int number = 1; number <= file.parts; ++number)
        upload.files.back().parts.push_back(
            {number, Must(bench.objects().PutPart(bench.op, file.multipart_id,
                                                  static_cast<std::uint32_t>(number),
                                                  objects::SourceOf("x"), {}))
                         .etag});
    }
  };
  // Parts that nobody needs any more go behind the commit; they are no part of the state.
  ExpectAllOrNothing(
      prepare,
      [&](AssetBench& bench, const Stores& stores) {
        (void)Uploads(stores).Complete(bench.op, caller, id, upload);
      },
      StateOf);
}

TEST(UploadFaults, ABeginningThatFailsLeavesNoRecord) {
  Caller caller = MayAssets();
  // Multipart uploads whose end fails as well are left to their age, so only records count.
  ExpectAllOrNothing(
      [](AssetBench& bench) { bench.MakeAsset("gantry"); },
      [&](AssetBench& bench, const Stores& stores) {
        (void)Uploads(stores).Begin(
            bench.op, caller,
            {{.database_id = kDatabase, .asset_id = "gantry"}, {{"a.glb", 1, 1}, {"b.glb", 1, 1}}});
      },
      [](AssetBench& bench) {
        Texts state = bench.Histories();
        for (const Item& record : bench.Rows(kUploadsTable))
          state.push_back("record " + std::string(record.Text("status")));
        return state;
      });
}

TEST_F(UploadRacesTest, WhatIsAWeekOldIsForgotten) {
  const std::vector<File> files = {{"a.glb", {"x"}}};
  Begin(files);
  bench.PutItem(kUploadsTable, {{"uploadId", Value::S("y-imported")},
                                {"assetId", Value::S("elsewhere")},
                                {"expiresAt", Value::N("1741000002.5")}});
  bench.PutItem(kUploadsTable,
                {{"uploadId", Value::S("y-forever")}, {"assetId", Value::S("elsewhere")}});
  bench.clock.now += 6 * 86'400'000LL;
  const BegunUpload young = Begin(files);
  const model::FinishedUpload upload = Send(young, files);

  Must(uploads().ExpireOld(bench.op));
  EXPECT_EQ(Records().size(), 3U) << "of the imported one the time is over";
  bench.clock.now += 86'400'001LL;
  Must(uploads().ExpireOld(bench.op));

  std::vector<std::string> left;
  for (const Item& record : Records()) left.emplace_back(record.Text("uploadId"));
  std::ranges::sort(left);
  EXPECT_EQ(left, (Texts{"y-forever", young.id}));
  EXPECT_EQ(Complete(young, upload).outcome, Outcome::kAll);
}

}  // namespace
}  // namespace vams::catalog::test
