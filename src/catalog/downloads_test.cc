// Which object a download or a stream gets, in which version, and in which order it is refused.
#include "catalog/downloads.h"

#include <gmock/gmock.h>

#include "catalog/asset_support_test.h"
#include "catalog/version_records.h"

namespace vams::catalog {
namespace {

using test::AssetBench;
using test::Fails;
using test::Failure;
using test::MayAssets;
using test::Must;

// A version of the asset that holds one file.
void MakeVersion(AssetBench& bench, const std::string& id, const std::string& path,
                 const std::string& object_version, std::optional<std::string> alias = {},
                 bool archived = false) {
  const AssetIds asset{test::kDatabase, "gantry"};
  bench.PutItem(
      kAssetVersionsTable,
      AssetVersionItem(asset, {.id = id, .alias = std::move(alias), .archived = archived}));
  if (path.empty()) return;
  const items::Write writes[] = {PutFileVersion(
      asset, id, {.path = path, .version_id = object_version}, "2026-03-04T09:15:31.204817")};
  Must(bench.items().Commit(bench.op, writes));
}

class DownloadsTest : public ::testing::Test {
 protected:
  Result<Downloadable> File(const std::optional<std::string>& path,
                            const model::VersionChoice& version = {}) {
    return downloads_.File(bench_.op, caller_, Asset(), path, version);
  }
  Result<Downloads::Streamable> Stream(std::string_view path,
                                       const model::VersionChoice& version = {}) {
    return downloads_.Stream(bench_.op, caller_, Asset(), path, version);
  }
  catalog::Asset Asset() { return Must(downloads_.Find(bench_.op, test::kDatabase, "gantry")); }

  AssetBench bench_;
  Downloads downloads_{bench_.stores()};
  Caller caller_ = MayAssets({"GET"});
};

TEST_F(DownloadsTest, FindsActiveAssetsOnly) {
  EXPECT_EQ(Failure(downloads_.Find(bench_.op, test::kDatabase, "gantry")),
            Fails(Code::kNotFound, "Asset not found"));
  bench_.MakeAsset("gantry");
  EXPECT_EQ(Asset().id, "gantry");
  EXPECT_EQ(Failure(downloads_.Find(bench_.op, "other", "gantry")).first, Code::kNotFound);
}

TEST_F(DownloadsTest, APathThatBeginsWithTheAssetsKeyWithoutASlashIsAKey) {
  bench_.MakeAsset("gantry");
  for (const char* path : {"a.glb", "gantry/a.glb"}) bench_.PutFile("gantry", path, "dots");
  // PutFile resolves as uploads do; this one is a file in a folder of the asset's own name.
  Must(bench_.objects().PutBytes(bench_.op, {test::kBucket, "gantry/gantry/a.glb"}, "deep"));

  EXPECT_EQ(Must(File("a.glb")).object.key, "gantry/a.glb");
  EXPECT_EQ(Must(File("/a.glb")).object.key, "gantry/a.glb");
  EXPECT_EQ(Must(File("//a.glb")).object.key, "gantry/a.glb");
  EXPECT_EQ(Must(File("gantry/a.glb")).object.key, "gantry/a.glb");
  EXPECT_EQ(Must(File("/gantry/a.glb")).object.key, "gantry/gantry/a.glb");
  EXPECT_EQ(Must(File(std::nullopt)).object.key, "gantry/");
  EXPECT_EQ(Must(File(std::nullopt)).object.bucket, test::kBucket);
  // Streams drop the slash first.
  EXPECT_EQ(Must(Stream("/gantry/a.glb")).file.object.key, "gantry/a.glb");
  EXPECT_EQ(Must(Stream("/a.glb")).file.object.key, "gantry/a.glb");
}

TEST_F(DownloadsTest, RefusalsComeInTheirOrder) {
  bench_.MakeAsset("gantry", {.distributable = false});
  Caller nobody = test::CallerWith({});

  // The right comes before whether the asset may be handed out, and that before everything else.
  EXPECT_EQ(Failure(downloads_.File(bench_.op, nobody, Asset(), "a.exe", {})),
            Fails(Code::kDenied, "Not Authorized"));
  EXPECT_EQ(nobody.denials().size(), 1U);
  EXPECT_EQ(Failure(downloads_.Preview(bench_.op, nobody, Asset())).first, Code::kDenied);
  EXPECT_EQ(Failure(File("a.exe")), Fails(Code::kConflict, "Asset not distributable"));
  EXPECT_EQ(Failure(downloads_.Preview(bench_.op, caller_, Asset())),
            Fails(Code::kConflict, "Asset not distributable"));

  items::Item record = *bench_.StoredAsset("gantry");
  record.Set("isDistributable", items::Value::Bool(true));
  items::Item lost = record;
  lost.Remove("assetLocation");
  bench_.PutItem(kAssetsTable, lost);
  EXPECT_EQ(Failure(File("a.exe")), Fails(Code::kNotFound, "Asset location not found"));
  EXPECT_EQ(Failure(Stream("a.exe")), Fails(Code::kNotFound, "Asset location not found"));

  bench_.PutItem(kAssetsTable, record);
  EXPECT_EQ(Failure(File("a.EXE")),
            Fails(Code::kInvalid, "Unallowed file extension or content type in asset file"));
  EXPECT_EQ(Failure(File("a.glb")), Fails(Code::kNotFound, "File not found in S3"));
  EXPECT_EQ(Failure(File("a.glb", {.asset_version = "7"})),
            Fails(Code::kNotFound, "File not found in S3"));
  EXPECT_TRUE(Must(Stream("a.EXE")).blocked);
  EXPECT_FALSE(Must(Stream("a.glb")).blocked);
  EXPECT_EQ(Failure(downloads_.Stream(bench_.op, nobody, Asset(), "a.glb", {})).first,
            Code::kDenied);
  EXPECT_EQ(Failure(downloads_.StreamAuxiliary(bench_.op, nobody, Asset(), "a.glb")).first,
            Code::kDenied);
}

// Upstream looks at everything whose key begins with the file's.
TEST_F(DownloadsTest, ABlockedNeighbourIsNoHindranceButABlockedTypeIs) {
  bench_.MakeAsset("gantry");
  bench_.PutFile("gantry", "a.glb", "dots");
  bench_.PutFile("gantry", "a.glb.exe", "MZ");
  bench_.PutFile("gantry", "b.glb", "MZ", {.content_type = "application/x-msdownload"});

  EXPECT_EQ(Must(File("a.glb")).object.key, "gantry/a.glb");
  EXPECT_EQ(Failure(File("b.glb")),
            Fails(Code::kInvalid, "Unallowed file extension or content type in asset file"));
}

TEST_F(DownloadsTest, VersionsOfTheObjectAreTakenAsTheyAre) {
  bench_.MakeAsset("gantry");
  const auto first = bench_.PutFile("gantry", "a.glb", "one");
  bench_.PutFile("gantry", "a.glb", "two");

  EXPECT_EQ(Must(File("a.glb")).version_id, std::nullopt);
  const auto old = Must(File("a.glb", {.version_id = first.version_id}));
  EXPECT_EQ(old.version_id, first.version_id);
  EXPECT_FALSE(old.archived);
  // Not noticed: the URL leads nowhere.
  EXPECT_EQ(Must(File("a.glb", {.version_id = "none"})).version_id, "none");
  EXPECT_EQ(Must(Stream("a.glb", {.version_id = "none"})).file.version_id, "none");
}

TEST_F(DownloadsTest, ADeleteMarkerIsGone) {
  bench_.MakeAsset("gantry");
  bench_.PutFile("gantry", "a.glb", "one");
  const auto marker =
      Must(bench_.objects().Delete(bench_.op, bench_.Place("gantry").ObjectAt("a.glb")));
  EXPECT_EQ(Failure(File("a.glb", {.version_id = marker->version_id})),
            Fails(Code::kNotFound, "File not found in S3"));
  // Streams leave that to whoever opens the object.
  EXPECT_EQ(Must(Stream("a.glb", {.version_id = marker->version_id})).file.version_id,
            marker->version_id);

  bench_.PutFile("gantry", "a.glb", "two");

  EXPECT_TRUE(Must(File("a.glb", {.version_id = marker->version_id})).archived);
}

TEST_F(DownloadsTest, VersionsOfTheAssetAndAliasesLeadToTheirFile) {
  bench_.MakeAsset("gantry");
  const auto one = bench_.PutFile("gantry", "scan/a.glb", "one");
  const auto two = bench_.PutFile("gantry", "scan/a.glb", "two");
  MakeVersion(bench_, "1", "scan/a.glb", one.version_id, "RC1", true);
  MakeVersion(bench_, "2", "/scan/a.glb", two.version_id, "RC2");
  MakeVersion(bench_, "3", "other.glb", "v", "twin");
  MakeVersion(bench_, "4", "scan/a.glb", "", "twin");

  for (const auto& find :
       std::vector<std::function<Result<std::optional<std::string>>(const model::VersionChoice&)>>{
           [&](const auto& version) -> Result<std::optional<std::string>> {
             TRY(const auto file, File("/scan/a.glb", version));
             return file.version_id;
           },
           [&](const auto& version) -> Result<std::optional<std::string>> {
             TRY(const auto stream, Stream("gantry/scan/a.glb", version));
             return stream.file.version_id;
           }}) {
    EXPECT_EQ(Must(find({.asset_version = "1"})), one.version_id);  // archived versions as well
    EXPECT_EQ(Must(find({.asset_version = "2"})), two.version_id);
    EXPECT_EQ(Must(find({.alias = "RC1"})), one.version_id);
    EXPECT_EQ(Failure(find({.asset_version = "99"})),
              Fails(Code::kNotFound, "Asset version '99' not found for asset"));
    EXPECT_EQ(Failure(find({.asset_version = "0"})),
              Fails(Code::kNotFound, "No files found in asset version '0'"));
    EXPECT_EQ(Failure(find({.asset_version = "3"})),
              Fails(Code::kNotFound, "File not found in asset version '3'"));
    EXPECT_THAT(Failure(find({.asset_version = "4"})).second,
                ::testing::StartsWith("No version ID recorded"));
    EXPECT_EQ(Failure(find({.alias = "rc1"})),
              Fails(Code::kNotFound, "No asset version found with alias 'rc1'"));
    EXPECT_EQ(Failure(find({.alias = "twin"})),
              Fails(Code::kConflict, "Ambiguous alias 'twin': multiple versions share this alias"));
  }
}

TEST_F(DownloadsTest, PreviewsOfTheAsset) {
  bench_.MakeAsset("gantry");
  EXPECT_EQ(Failure(downloads_.Preview(bench_.op, caller_, Asset())),
            Fails(Code::kNotFound, "Asset preview location not found"));
  const auto prefer = [&](const std::string& key) {
    items::Item record = *bench_.StoredAsset("gantry");
    record.Set("previewLocation", items::Value::M({{"Key", items::Value::S(key)}}));
    bench_.PutItem(kAssetsTable, std::move(record));
  };
  prefer("previews/gantry/cover.png");
  EXPECT_EQ(Failure(downloads_.Preview(bench_.op, caller_, Asset())),
            Fails(Code::kNotFound, "Preview file not found in S3"));
  for (const char* key : {"previews/gantry/cover.png", "previews/gantry/cover.php"})
    Must(bench_.objects().PutBytes(bench_.op, {test::kBucket, key}, "png"));

  EXPECT_EQ(Must(downloads_.Preview(bench_.op, caller_, Asset())).object.key,
            "previews/gantry/cover.png");
  prefer("previews/gantry/cover.php");
  EXPECT_EQ(Failure(downloads_.Preview(bench_.op, caller_, Asset())),
            Fails(Code::kInvalid, "Unallowed file extension or content type in preview file"));
}

TEST_F(DownloadsTest, DerivedDataLieUnderTheAssetsOwnKey) {
  bench_.MakeAsset("gantry");
  const auto key = [&](std::string_view path) {
    return Must(downloads_.StreamAuxiliary(bench_.op, caller_, Asset(), path)).file.object;
  };
  EXPECT_EQ(key("a.e57/preview/x/m.json"),
            (objects::ObjectId{bench_.stores().auxiliary_bucket, "gantry/a.e57/preview/x/m.json"}));
  EXPECT_EQ(key("gantry/a.e57/preview/x/m.json").key, "gantry/a.e57/preview/x/m.json");
  EXPECT_EQ(key("crane/a.e57/preview/x/m.json").key, "gantry/crane/a.e57/preview/x/m.json");
}

// The base prefix of the bucket is part of the asset's key.
TEST(DownloadsOfAPrefixedBucket, KeysBeginWithThePrefix) {
  AssetBench bench("vault/in/");
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "dots");
  Downloads downloads(bench.stores());
  Caller caller = MayAssets({"GET"});
  const auto asset = Must(downloads.Find(bench.op, test::kDatabase, "gantry"));
  for (const char* path : {"a.glb", "vault/in/gantry/a.glb"})
    EXPECT_EQ(Must(downloads.File(bench.op, caller, asset, path, {})).object.key,
              "vault/in/gantry/a.glb");
}

}  // namespace
}  // namespace vams::catalog
