// Uploads from beginning to end: what becomes a file, and what does not and why.
#include "catalog/uploads.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/uploads_support_test.h"

namespace vams::catalog::test {
namespace {

class UploadsTest : public UploadsBench {};

// ---- What becomes of good files.

TEST_F(UploadsTest, MakesAFileOfItsParts) {
  const BegunUpload begun = Begin({{"/scan/East.E57", {"dots ", "and dots"}}});
  ASSERT_EQ(begun.files.size(), 1U);
  EXPECT_EQ(begun.files[0].object, (objects::ObjectId{kBucket, "gantry/scan/East.E57"}));
  EXPECT_EQ(begun.files[0].parts, 2);
  EXPECT_TRUE(begun.id.starts_with("y")) << begun.id;
  EXPECT_EQ(bench.FileContent(kAsset, "scan/East.E57"), std::nullopt) << "it is not complete";

  const auto done = Complete(begun, Send(begun, {{"/scan/East.E57", {"dots ", "and dots"}}}));

  EXPECT_EQ(done.outcome, Outcome::kAll);
  EXPECT_EQ(done.asset_type, ".e57");
  EXPECT_EQ(Errors(done), Texts{""});
  EXPECT_EQ(done.files[0].path, "/scan/East.E57");
  EXPECT_EQ(done.files[0].multipart_id, begun.files[0].multipart_id);
  const auto stored = Must(bench.objects().Head(bench.op, {kBucket, "gantry/scan/East.E57"}));
  EXPECT_EQ(bench.FileContent(kAsset, "scan/East.E57"), "dots and dots");
  EXPECT_EQ(stored.metadata.user,
            (objects::UserMetadata{{"assetid", std::string(kAsset)}, {"databaseid", kDatabase}}));
  EXPECT_EQ(stored.metadata.content_type, "binary/octet-stream");
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(OpenMultiparts(), 0U);
}

TEST_F(UploadsTest, RecordsWhatWasBegunAsOtherProgramsReadIt) {
  const BegunUpload begun = Begin({{"a.glb", {"1", "2"}}, {"b.txt", {}}});

  ASSERT_EQ(Records().size(), 1U);
  const Item record = Records().front();
  EXPECT_EQ(record.Text("uploadId"), begun.id);
  EXPECT_EQ(record.Text("assetId"), kAsset);
  EXPECT_EQ(record.Text("databaseId"), kDatabase);
  EXPECT_EQ(record.Text("uploadType"), "assetFile");
  EXPECT_EQ(record.Text("createdAt"), "2025-03-01T10:00:00.123000");
  EXPECT_EQ(*record.Find("expiresAt"), Value::N(std::int64_t{1'740'823'200 + 7 * 86'400}));
  EXPECT_EQ(*record.Find("totalFiles"), Value::N(std::int64_t{2}));
  EXPECT_EQ(*record.Find("totalParts"), Value::N(std::int64_t{2}));
  EXPECT_EQ(record.Text("status"), "initialized");
  EXPECT_EQ(*record.Find("isExternalUpload"), Value::Bool(false));
  EXPECT_EQ(record.Text("UserId"), "tester");
  EXPECT_EQ(begun.files[1].multipart_id, "zero-byte");
}

TEST_F(UploadsTest, TakesPartsInAnyOrderTheLastOfEachAndEtagsWithOrWithoutQuotes) {
  const BegunUpload begun = Begin({{"a.bin", {"", "", ""}}});
  const std::string& id = begun.files[0].multipart_id;
  const std::string third = Put(id, 3, "three");
  Put(id, 1, "wrong");
  const std::string second = Put(id, 2, "two ");
  const std::string first = Put(id, 1, "one ");
  model::FinishedUpload upload = Send(begun, {{"a.bin", {}}});
  upload.files[0].parts = {{3, "\"" + third + "\""}, {1, first}, {2, "\"" + second + "\""}};

  const auto done = Complete(begun, upload);

  EXPECT_EQ(Errors(done), Texts{""});
  EXPECT_EQ(bench.FileContent(kAsset, "a.bin"), "one two three");
}

// A listing of parts has 1000 of them on a page.
TEST_F(UploadsTest, JoinsMoreThanAThousandParts) {
  File file{"big.bin", {}};
  std::string whole;
  for (int i = 0; i < 2345; ++i) {
    file.parts.push_back(fmt::format("{} ", i));
    whole += file.parts.back();
  }

  const auto done = Upload({file});

  EXPECT_EQ(Errors(done), Texts{""});
  EXPECT_EQ(bench.FileContent(kAsset, "big.bin"), whole);
}

TEST_F(UploadsTest, MakesEmptyFilesAlsoOfUploadsWithoutParts) {
  const BegunUpload begun = Begin({{"empty.txt", {}}, {"left.bin", {"never", "sent"}}});
  model::FinishedUpload upload = Send(begun, {{"empty.txt", {}}, {"left.bin", {}}});

  const auto done = Complete(begun, upload);

  EXPECT_EQ(Errors(done), (Texts{"", ""}));
  EXPECT_EQ(bench.FileContent(kAsset, "empty.txt"), "");
  EXPECT_EQ(bench.FileContent(kAsset, "left.bin"), "");
  const auto stored = Must(bench.objects().Head(bench.op, {kBucket, "gantry/empty.txt"}));
  EXPECT_EQ(stored.metadata.user.at("databaseid"), kDatabase);
  EXPECT_EQ(OpenMultiparts(), 0U) << "the abandoned one is over";
  EXPECT_TRUE(Records().empty());
}

TEST_F(UploadsTest, MakesANewVersionOfAFileThatIsThereAndForgetsItsPrimaryType) {
  bench.PutFile(kAsset, "a.glb", "old",
                {.content_type = {}, .user = {{kPrimaryTypeMetadata, "primary"}}});

  EXPECT_EQ(Upload({{"gantry/a.glb", {"new"}}}).outcome, Outcome::kAll);

  const auto versions = Must(VersionsOf(bench.op, bench.objects(), {kBucket, "gantry/a.glb"}));
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_FALSE(versions[0].metadata.user.contains(kPrimaryTypeMetadata));
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "new");
}

TEST_F(UploadsTest, TheTypeOfTheAssetFollowsItsFiles) {
  EXPECT_EQ(Upload({{"Pump.GLB", {"1"}}}).asset_type, ".glb");
  EXPECT_EQ(Upload({{"b.glb", {"1"}}}).asset_type, "folder");
  EXPECT_EQ(bench.Place(kAsset).asset.type, "folder");
}

TEST_F(UploadsTest, KeysUnderAPrefixAndOfIngests) {
  AssetBench other("vault/in/");
  other.MakeAsset("crane");
  Uploads under(other.stores());
  model::NewUpload upload{
      {.database_id = kDatabase, .asset_id = "crane", .type = UploadType::kAssetFile},
      {{"vault/in/crane/a.glb", 1, 1}, {"/crane/b.glb", 1, 1}, {"/c.glb", 1, 1}}};
  const auto keys = [](const BegunUpload& begun) {
    Texts texts;
    for (const BegunFile& file : begun.files) texts.push_back(file.object.key);
    return texts;
  };

  EXPECT_EQ(keys(*Must(under.Begin(other.op, caller, upload))),
            (Texts{"vault/in/crane/a.glb", "vault/in/crane/crane/b.glb", "vault/in/crane/c.glb"}));
  upload.below_asset_id = true;
  upload.files = {{"crane/a.glb", 1, 1}, {"crane/crane/b.glb", 1, 1}};
  EXPECT_EQ(keys(*Must(under.Begin(other.op, caller, upload))),
            (Texts{"vault/in/crane/a.glb", "vault/in/crane/crane/b.glb"}));
  upload.below_asset_id = false;
  upload.type = UploadType::kAssetPreview;
  upload.files = {{"/some/where/cover.png", 1, 1}};
  EXPECT_EQ(keys(*Must(under.Begin(other.op, caller, upload))),
            (Texts{"vault/in/previews/crane/cover.png"}));
}

// ---- Files that are refused at the end.

TEST_F(UploadsTest, OneBadFileLeavesTheOthersAndTheRecord) {
  const std::vector<File> files = {{"good.glb", {"fine"}}, {"bad.glb", {"one", "two"}}};
  const BegunUpload begun = Begin(files);
  model::FinishedUpload upload = Send(begun, files);
  const std::string etag = upload.files[1].parts[1].etag;
  upload.files[1].parts.pop_back();

  const auto done = Complete(begun, upload);

  EXPECT_EQ(done.outcome, Outcome::kSome);
  EXPECT_EQ(Errors(done), (Texts{"", "Part mismatch. Extra parts: [2]."}));
  EXPECT_EQ(bench.FileContent(kAsset, "good.glb"), "fine");
  EXPECT_EQ(bench.FileContent(kAsset, "bad.glb"), std::nullopt);
  ASSERT_EQ(Records().size(), 1U);
  EXPECT_EQ(Records().front().Text("status"), "completed_with_errors");

  // What was wrong can be put right.
  model::FinishedUpload again = upload;
  again.files.erase(again.files.begin());
  again.files[0].parts.push_back({2, etag});
  EXPECT_EQ(Complete(begun, again).outcome, Outcome::kAll);
  EXPECT_EQ(bench.FileContent(kAsset, "bad.glb"), "onetwo");
  EXPECT_TRUE(Records().empty());
}

TEST_F(UploadsTest, SaysWhatIsWrongWithTheParts) {
  const std::vector<File> files = {{"1.bin", {"a"}},   {"2.bin", {"a", "b"}}, {"3.bin", {"a"}},
                                   {"4.bin", {"a"}},   {"5.bin", {"a"}},      {"6.bin", {"a"}},
                                   {"good.bin", {"a"}}};
  const BegunUpload begun = Begin(files);
  model::FinishedUpload upload = Send(begun, files);
  upload.files[0].parts.push_back(upload.files[0].parts[0]);  // twice
  upload.files[1].parts = {{1, upload.files[1].parts[0].etag}, {7, "x"}, {9, "x"}};
  upload.files[2].parts[0].etag = "d41d8cd98f00b204e9800998ecf8427e";  // of another content
  upload.files[3].multipart_id = "";
  upload.files[4].path = "other.bin";                // the upload is for 5.bin
  upload.files[5].parts[0].number = -4'294'967'295;  // 1 if it were cut to 32 bits

  const auto done = Complete(begun, upload);

  const std::string unknown =
      "Error verifying upload parts: no upload with this id is open for this file; upload the file "
      "again";
  EXPECT_EQ(Errors(done),
            (Texts{"Duplicate part numbers provided",
                   "Part mismatch. Missing parts: [7, 9]. Extra parts: [2].",
                   "Error completing multipart upload.", unknown, unknown,
                   "Part mismatch. Missing parts: [-4294967295]. Extra parts: [1].", ""}));
  EXPECT_EQ(bench.LiveKeys("gantry/"), (Texts{"gantry/", "gantry/good.bin"}));
  // Of these only the one with the wrong ETag is of no use any more, and the good one is done.
  EXPECT_EQ(OpenMultiparts(), 5U);
}

TEST_F(UploadsTest, RefusesPartsThatTheStoreWouldNotJoin) {
  const auto folder =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-parts"));
  const auto blobs = Must(objects::BlobStore::Open(folder.path() / "blobs"));
  auto store = Must(objects::OpenLocalObjectStore(
      bench.op, bench.items(), *blobs,
      {.min_part_bytes = 4, .clock = &bench.clock, .random = &bench.random}));
  Uploads over({bench.items(), *store, bench.clock, bench.random});
  const std::vector<File> files = {{"small.bin", {"abc", "d"}}, {"fine.bin", {"abcd", "e"}}};
  const auto begun = *Must(over.Begin(bench.op, caller, NewOf(files)));
  model::FinishedUpload upload{{.database_id = kDatabase, .asset_id = std::string(kAsset)}, {}};
  for (std::size_t i = 0; i < files.size(); ++i) {
    upload.files.push_back({files[i].path, begun.files[i].multipart_id, {}});
    for (std::uint32_t number = 1; number <= 2; ++number)
      upload.files[i].parts.push_back(
          {number, Must(store->PutPart(bench.op, begun.files[i].multipart_id, number,
                                       objects::SourceOf(files[i].parts[number - 1]), {}))
                       .etag});
  }

  const auto done = Must(over.Complete(bench.op, caller, begun.id, upload));

  EXPECT_EQ(Errors(done), (Texts{"Error completing multipart upload.", ""}));
}

TEST_F(UploadsTest, PartsOfAnotherUploadAreNotTaken) {
  const BegunUpload mine = Begin({{"a.glb", {"mine"}}});
  const BegunUpload theirs = Begin({{"a.glb", {"theirs"}}});
  model::FinishedUpload upload = Send(theirs, {{"a.glb", {"theirs"}}});

  const auto done = Complete(mine, upload);

  EXPECT_EQ(Errors(done), Texts{"Upload ID mismatch."});
  EXPECT_EQ(done.outcome, Outcome::kNone);
  EXPECT_EQ(Complete(theirs, upload).outcome, Outcome::kAll) << "it is none the worse for it";
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "theirs");
}

// In a bundle a client names the uploads of its parts itself.
TEST_F(UploadsTest, StoresManyPartsOfItsOwnFilesOnly) {
  const BegunUpload mine = Begin({{"a.glb", {"mine"}}, {"b.glb", {"b"}}, {"empty.glb", {}}});
  const BegunUpload theirs = Begin({{"c.glb", {"theirs"}}});
  const auto store = [&](const std::string& upload, std::vector<objects::PartBytes> parts) {
    return uploads().StoreParts(bench.op, kAsset, upload, parts);
  };
  const std::string a = mine.files[0].multipart_id, b = mine.files[1].multipart_id,
                    c = theirs.files[0].multipart_id;

  const auto stored = Must(store(mine.id, {{.upload_id = b, .number = 1, .bytes = "b"},
                                           {.upload_id = c, .number = 1, .bytes = "evil"},
                                           {.upload_id = "zero-byte", .number = 1, .bytes = "x"},
                                           {.upload_id = a, .number = 1, .bytes = "mine"}}));

  ASSERT_EQ(stored.size(), 4u);
  EXPECT_EQ(Must(stored[0]).size, 1u);
  EXPECT_EQ(stored[1].error().code, Code::kNotFound);
  EXPECT_EQ(stored[2].error().code, Code::kNotFound);
  EXPECT_EQ(Must(stored[3]).size, 4u);
  EXPECT_TRUE(Must(bench.objects().ListParts(bench.op, c, "", 10)).parts.empty());
  for (const std::string& nobody : {std::string("y0"), a})
    EXPECT_EQ(store(nobody, {}).error().code, Code::kNotFound);
  EXPECT_EQ(Must(uploads().StoreParts(bench.op, kAsset, mine.id, {})).size(), 0u);
  EXPECT_EQ(uploads().StoreParts(bench.op, "other", mine.id, {}).error().code, Code::kNotFound);

  model::FinishedUpload done{{.database_id = kDatabase, .asset_id = std::string(kAsset)}, {}};
  done.files = {{"a.glb", a, {{1, Must(stored[3]).etag}}},
                {"b.glb", b, {{1, Must(stored[0]).etag}}}};
  EXPECT_EQ(Complete(mine, done).outcome, Outcome::kAll);
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb"), "mine");
  EXPECT_EQ(store(mine.id, {{.upload_id = a, .number = 1, .bytes = "late"}}).error().code,
            Code::kNotFound);
}

// Who sends bundles needs no address for each small file.
TEST_F(UploadsTest, MarksWhatGoesIntoABundle) {
  model::NewUpload upload = NewOf({{"small.glb", {"1"}},
                                   {"two.glb", {"1", "2"}},
                                   {"large.glb", {std::string((64 << 10) + 1, 'x')}},
                                   {"most.glb", {std::string(64 << 10, 'x')}},
                                   {"empty.glb", {}}});
  upload.files.push_back({.path = "unknown.glb", .size = {}, .parts = 1});
  const auto bundled = [&] {
    std::string marks;
    const auto begun = Must(uploads().Begin(bench.op, caller, upload));
    for (const BegunFile& file : begun->files) marks += file.bundled ? 'b' : '-';
    return marks;
  };

  EXPECT_EQ(bundled(), "------");
  upload.bundle = true;
  EXPECT_EQ(bundled(), "b--b--");
}

TEST_F(UploadsTest, RefusesWhatCanBeRunWhateverItIsCalledAtTheEnd) {
  const BegunUpload begun = Begin({{"a.txt", {}}, {"b.txt", {}}, {"a.exe.txt", {}}});
  model::FinishedUpload upload = Send(begun, {{"a.txt", {}}, {"b.txt", {}}, {"a.exe.txt", {}}});
  upload.files[0].path = "a.EXE";

  const auto done = Complete(begun, upload);

  EXPECT_EQ(Errors(done),
            (Texts{"File contains a potentially malicious executable type object", "", ""}));
  EXPECT_TRUE(done.files[0].blocked);
  EXPECT_FALSE(done.files[1].blocked);
  EXPECT_EQ(bench.FileContent(kAsset, "a.EXE"), std::nullopt);
}

TEST_F(UploadsTest, NoGoodFileEndsTheUpload) {
  const BegunUpload begun = Begin({{"a.glb", {"one", "two"}}});
  model::FinishedUpload upload = Send(begun, {{"a.glb", {"one", "two"}}});
  upload.files[0].parts.pop_back();

  const auto done = Complete(begun, upload);

  EXPECT_EQ(done.outcome, Outcome::kNone);
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(OpenMultiparts(), 0U) << "nothing can complete it any more";
  EXPECT_EQ(bench.Place(kAsset).asset.type, "none");
}

// ---- Previews.

TEST_F(UploadsTest, APreviewNeedsItsFile) {
  bench.PutFile(kAsset, "live.glb", "x");
  bench.PutFile(kAsset, "gone.glb", "x");
  bench.DeleteFile(kAsset, "gone.glb");

  const auto done = Upload({{"new.glb.previewFile.png", {"p"}},
                            {"new.glb", {"x"}},
                            {"/live.glb.previewFile.JPG", {"p"}},
                            {"gone.glb.previewFile.gif", {"p"}},
                            {"none.glb.previewFile.svg", {}},
                            {"live.glb.previewFile.tiff", {"p"}},
                            {"live.glb.previewFile.zip.png", {}}});

  const std::string base = "Base files does not exist for all preview files";
  const std::string kind =
      "Preview file must have one of the allowed extensions: .png, .jpg, .jpeg, .svg, .gif";
  EXPECT_EQ(Errors(done), (Texts{"", "", "", base, base, kind, kind}));
  EXPECT_EQ(bench.LiveKeys("gantry/"),
            (Texts{"gantry/", "gantry/live.glb", "gantry/live.glb.previewFile.JPG",
                   "gantry/new.glb", "gantry/new.glb.previewFile.png"}));
}

// The request has the file, but the file is refused: the preview must not stay alone.
TEST_F(UploadsTest, APreviewFailsWithItsFileUnlessAnOlderOneIsThere) {
  bench.PutFile(kAsset, "old.glb", "x");
  const std::vector<File> files = {{"a.glb", {"x"}},
                                   {"a.glb.previewFile.png", {"p"}},
                                   {"old.glb", {"x"}},
                                   {"old.glb.previewFile.png", {}}};
  const BegunUpload begun = Begin(files);
  model::FinishedUpload upload = Send(begun, files);
  upload.files[0].parts[0].etag = "wrong";
  upload.files[2].parts[0].etag = "wrong";

  const auto done = Complete(begun, upload);

  const std::string joined = "Error completing multipart upload.";
  EXPECT_EQ(Errors(done),
            (Texts{joined, "Base files does not exist for all preview files", joined, ""}));
  EXPECT_EQ(bench.FileContent(kAsset, "a.glb.previewFile.png"), std::nullopt);
}

// The stock client sends previews in an upload of their own, beside that of their files.
TEST_F(UploadsTest, APreviewMayBeFasterThanItsFileThatIsOnItsWay) {
  const BegunUpload file = Begin({{"/models/a.glb", {"x"}}});
  const std::vector<File> previews = {{"/models/a.glb.previewFile.png", {"p"}},
                                      {"/models/b.glb.previewFile.png", {"p"}}};

  EXPECT_EQ(Errors(Upload(previews)),
            (Texts{"", "Base files does not exist for all preview files"}));

  EXPECT_EQ(Complete(file, Send(file, {{"/models/a.glb", {"x"}}})).outcome, Outcome::kAll);
  EXPECT_EQ(bench.LiveKeys("gantry/models/"),
            (Texts{"gantry/models/a.glb", "gantry/models/a.glb.previewFile.png"}));
}

TEST_F(UploadsTest, APreviewThatIsTooLargeIsRefused) {
  bench.PutFile(kAsset, "a.glb", "x");
  const std::string half(kMaxPreviewBytes / 2, 'p');

  EXPECT_EQ(Errors(Upload({{"a.glb.previewFile.png", {half, half, "p"}},
                           {"a.glb.previewFile.gif", {half, half}},
                           {"other.png", {half, half, "p"}}})),
            (Texts{"Preview file exceeds maximum allowed size of 5MB", "", ""}));
}

TEST_F(UploadsTest, ThePreviewOfAnAssetIsNamedInItsRecord) {
  const auto done = Upload({{"/pictures/cover.PNG", {"png"}}}, UploadType::kAssetPreview);

  EXPECT_EQ(done.outcome, Outcome::kAll);
  EXPECT_EQ(done.asset_type, "none");
  EXPECT_EQ(bench.Place(kAsset).asset.preview, "previews/gantry/cover.PNG");
  EXPECT_EQ(bench.Content({kBucket, "previews/gantry/cover.PNG"}), "png");
  EXPECT_EQ(bench.LiveKeys("gantry/"), Texts{"gantry/"});

  EXPECT_EQ(Upload({{"second.gif", {"gif"}}}, UploadType::kAssetPreview).outcome, Outcome::kAll);
  EXPECT_EQ(bench.Place(kAsset).asset.preview, "previews/gantry/second.gif");
  EXPECT_EQ(bench.Content({kBucket, "previews/gantry/cover.PNG"}), "png") << "the older one stays";
}

TEST_F(UploadsTest, ThePreviewOfAnAssetIsCheckedLateTheFirstTime) {
  EXPECT_EQ(Errors(Upload({{"cover.txt", {"t"}}}, UploadType::kAssetPreview)),
            Texts{"Preview file must have one of the allowed extensions: .png, .jpg, .jpeg, .svg, "
                  ".gif"});
  EXPECT_EQ(bench.Place(kAsset).asset.preview, std::nullopt);
  Upload({{"cover.png", {"t"}}}, UploadType::kAssetPreview);

  const auto refused = [&](std::string path, std::int64_t size) {
    model::NewUpload upload = NewOf({{std::move(path), {"t"}}}, UploadType::kAssetPreview);
    upload.files[0].size = size;
    return Failure(uploads().Begin(bench.op, caller, upload));
  };
  EXPECT_EQ(refused("cover.txt", 1),
            (Fails{Code::kInvalid,
                   "Preview files must have one of the allowed extensions: .png, .jpg, .jpeg, "
                   ".svg, .gif"}));
  EXPECT_EQ(refused("cover.exe", 1),
            (Fails{Code::kInvalid, "File provided has an unsupported file extension"}));
  EXPECT_EQ(refused("cover.png", kMaxPreviewBytes + 1),
            (Fails{Code::kInvalid, "Preview files exceeds maximum allowed size of 5MB per file"}));
}

// ---- Refusals of whole calls.

TEST_F(UploadsTest, BeginRefusesAsClientsKnowIt) {
  const auto with = [&](auto change) {
    model::NewUpload upload = NewOf({{"a.glb", {"x"}}});
    change(upload);
    return Failure(uploads().Begin(bench.op, caller, upload));
  };

  EXPECT_EQ(with([](auto& upload) { upload.asset_id = "other"; }),
            (Fails{Code::kNotFound, "Asset not found"}));
  EXPECT_EQ(with([](auto& upload) {
              upload.files.push_back({"b.Bat", 1, 1});
            }),
            (Fails{Code::kInvalid, "Files contain an unsupported file extension"}));
  EXPECT_EQ(OpenMultiparts(), 0U) << "not for the good file either";
  EXPECT_TRUE(Records().empty());
  Caller reader = MayAssets({"GET", "PUT", "DELETE"});
  EXPECT_EQ(Failure(uploads().Begin(bench.op, reader, NewOf({{"a.glb", {"x"}}}))),
            (Fails{Code::kDenied, "Not Authorized"}));
  const Status there = uploads().CheckAsset(bench.op, kDatabase, "other");
  EXPECT_EQ(Failure(there), (Fails{Code::kNotFound, "Asset not found"}));
  EXPECT_TRUE(uploads().CheckAsset(bench.op, kDatabase, kAsset).ok());
}

TEST_F(UploadsTest, ADatabaseMayTakeOnlySomeExtensions) {
  bench.AddDatabase("narrow", bench.AddBucket("narrow-bucket"), ".e57, .GLB");
  bench.MakeAsset("crane", {.database = "narrow"});
  const auto begin = [&](std::string path, UploadType type = UploadType::kAssetFile) {
    model::NewUpload upload{{.database_id = "narrow", .asset_id = "crane", .type = type},
                            {{std::move(path), 1, 1}}};
    return uploads().Begin(bench.op, caller, upload);
  };
  const Fails refusal = {Code::kInvalid,
                         "Database does not allow this file extension. Allowed extensions: .e57, "
                         ".glb"};

  EXPECT_EQ(Failure(begin("a.obj")), refusal);
  EXPECT_EQ(Failure(begin("glb/readme")), refusal);
  EXPECT_TRUE(begin("a.Glb").ok());
  EXPECT_TRUE(begin("a.glb.previewFile.png").ok());
  EXPECT_TRUE(begin("cover.png", UploadType::kAssetPreview).ok());

  // And the rule of the moment counts when the upload ends.
  auto begun = *Must(begin("b.e57"));
  const std::string etag = Put(begun.files[0].multipart_id, 1, "x");
  bench.PutItem(kDatabasesTable, {{"databaseId", Value::S("narrow")},
                                  {"restrictFileUploadsToExtensions", Value::S(".glb")}});
  const auto done =
      Must(uploads().Complete(bench.op, caller, begun.id,
                              {{.database_id = "narrow", .asset_id = "crane"},
                               {{"b.e57", begun.files[0].multipart_id, {{1, etag}}}}}));
  EXPECT_EQ(Errors(done),
            Texts{"Database does not allow this file extension. Allowed extensions: .glb"});
}

TEST_F(UploadsTest, CompleteRefusesWhatIsNotThisUpload) {
  bench.MakeAsset("crane");
  bench.AddDatabase("yard", bench.AddBucket("yard-bucket"));
  bench.MakeAsset(std::string(kAsset), {.database = "yard"});
  const BegunUpload begun = Begin({{"a.png", {"x"}}});
  const model::FinishedUpload upload = Send(begun, {{"a.png", {"x"}}});
  const auto with = [&](auto change) {
    model::FinishedUpload changed = upload;
    std::string id = begun.id;
    change(changed, id);
    return Failure(uploads().Complete(bench.op, caller, id, changed));
  };

  EXPECT_EQ(with([](auto& changed, auto&) { changed.asset_id = "none"; }),
            (Fails{Code::kNotFound, "Asset not found"}));
  EXPECT_EQ(with([](auto&, auto& id) { id = "y0"; }),
            (Fails{Code::kNotFound, "Upload record not found"}));
  EXPECT_EQ(with([](auto& changed, auto&) { changed.asset_id = "crane"; }),
            (Fails{Code::kNotFound, "Upload record not found"}));
  EXPECT_EQ(with([](auto& changed, auto&) { changed.database_id = "yard"; }),
            (Fails{Code::kInvalid, "Upload details do not match request"}));
  EXPECT_EQ(with([](auto& changed, auto&) { changed.type = UploadType::kAssetPreview; }),
            (Fails{Code::kInvalid, "Upload type mismatch."}));
  Caller reader = MayAssets({"GET", "PUT", "DELETE"});
  EXPECT_EQ(Failure(uploads().Complete(bench.op, reader, begun.id, upload)),
            (Fails{Code::kDenied, "Not Authorized"}));

  EXPECT_EQ(Complete(begun, upload).outcome, Outcome::kAll);
  EXPECT_EQ(with([](auto&, auto&) {}), (Fails{Code::kNotFound, "Upload record not found"}))
      << "once is enough";
}

TEST_F(UploadsTest, TwentyUnfinishedUploadsAMinuteAreEnough) {
  const auto begin = [&] {
    return Must(uploads().Begin(bench.op, caller, NewOf({{"a.txt", {"x"}}}))).has_value();
  };
  std::vector<BegunUpload> begun;
  for (int i = 0; i < 20; ++i) begun.push_back(Begin({{"a.txt", {"x"}}}));

  EXPECT_FALSE(begin());
  Complete(begun[3], Send(begun[3], {{"a.txt", {"x"}}}));
  EXPECT_TRUE(begin()) << "the completed one does not count";
  EXPECT_FALSE(begin());
  bench.clock.now += 61'000;
  EXPECT_TRUE(begin());
}

}  // namespace
}  // namespace vams::catalog::test
