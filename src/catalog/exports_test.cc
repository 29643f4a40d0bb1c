// What an export visits and tells, in which order, page after page.
#include "catalog/exports.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "catalog/asset_support_test.h"
#include "catalog/exports_token.h"
#include "catalog/version_records.h"

namespace vams::catalog {
namespace {

using test::AssetBench;
using test::Fails;
using test::Failure;
using test::MayAssets;
using test::Must;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A whole page, as text where that will do.
struct Page {
  std::vector<std::string> assets;  // "gantry", "gantry!" if refused
  std::vector<ExportedAsset> described;
  std::vector<ExportedFile> files;  // of all assets
  bool has_links = false;
  std::vector<std::string> links;  // "gantry>bogie left {k=v:string}"
  ExportEnd end;
  std::vector<Denial> denials;
};

std::string RowsText(const std::vector<MetadataRow>& rows) {
  std::string text;
  for (const MetadataRow& row : rows)
    text += fmt::format("{}{}={}:{}", text.empty() ? "" : " ", row.key, row.value, row.type);
  return text;
}

Result<Page> Read(OpContext& op, Export& source) {
  Page page;
  for (;;) {
    TRY(auto asset, source.NextAsset(op));
    if (!asset) break;
    page.assets.push_back(asset->end.asset_id + (asset->asset ? "" : "!"));
    page.described.push_back(*std::move(asset));
    for (;;) {
      TRY(auto files, source.NextFiles(op));
      if (files.empty()) break;
      std::ranges::move(files, std::back_inserter(page.files));
    }
  }
  page.has_links = source.has_links();
  while (page.has_links) {
    TRY(const auto links, source.NextLinks(op));
    if (links.empty()) break;
    for (const ExportedLink& link : links)
      page.links.push_back(fmt::format("{}>{} {} {{{}}}", link.parent.asset_id, link.child.asset_id,
                                       link.alias.value_or("-"), RowsText(link.metadata)));
  }
  TRY(page.end, source.Finish(op));
  page.denials = source.caller().denials();
  return page;
}

class ExportsTest : public ::testing::Test {
 protected:
  void Link(const std::string& parent, const std::string& child,
            std::optional<std::string> alias = {}, LinkType type = LinkType::kParentChild) {
    links_ += 1;
    bench_.PutItem(kLinksTable, LinkItem({.id = fmt::format("link-{:03}", links_),
                                          .from = {test::kDatabase, parent},
                                          .to = {test::kDatabase, child},
                                          .type = type,
                                          .alias = std::move(alias)}));
  }
  void Make(std::initializer_list<const char*> ids) {
    for (const char* id : ids) bench_.MakeAsset(id, {.name = id});
  }
  void Metadata(const std::string& path, const std::string& key, const std::string& value,
                const std::string& type = "string", MetadataKind kind = MetadataKind::kMetadata) {
    const items::Write writes[] = {
        PutMetadata({test::kDatabase, "gantry"},
                    {.kind = kind, .path = path, .key = key, .value = value, .type = type})};
    Must(bench_.items().Commit(bench_.op, writes));
  }

  Result<std::unique_ptr<Export>> Begin(model::ExportRequest request = {},
                                        std::string id = "gantry") {
    return exports_.Begin(bench_.op, caller_, {test::kDatabase, std::move(id)}, std::move(request));
  }
  Page Whole(model::ExportRequest request = {}, std::string id = "gantry") {
    return Must(Read(bench_.op, *Must(Begin(std::move(request), std::move(id)))));
  }
  static std::vector<std::string> Paths(const Page& page) {
    std::vector<std::string> paths;
    for (const ExportedFile& file : page.files) paths.push_back(file.file.path);
    return paths;
  }

  AssetBench bench_;
  Exports exports_{bench_.stores()};
  Caller caller_ = MayAssets({"GET"});
  int links_ = 0;
};

TEST_F(ExportsTest, TheRootHasToBeThereAndReadable) {
  EXPECT_EQ(Failure(Begin()), Fails(Code::kNotFound, "Asset not found"));
  bench_.MakeAsset("gantry");
  caller_ = test::CallerWith({});
  EXPECT_EQ(Failure(Begin()), Fails(Code::kInvalid, "Not Authorized to access asset"));
  EXPECT_EQ(caller_.denials().size(), 1U);
}

// ---- The tree.

TEST_F(ExportsTest, OneLevelOfChildrenInTheOrderOfTheirLinks) {
  Make({"gantry", "bogie", "crane", "wheel", "rail"});
  Link("gantry", "crane");
  Link("gantry", "bogie", "left");
  Link("gantry", "bogie", "right");
  Link("bogie", "wheel");
  Link("gantry", "rail", {}, LinkType::kRelated);
  Link("rail", "gantry");  // upward

  const Page page = Whole();

  EXPECT_THAT(page.assets, ElementsAre("gantry", "bogie", "crane"));
  EXPECT_TRUE(page.described[0].root);
  EXPECT_FALSE(page.described[1].root);
  EXPECT_TRUE(page.has_links);
  EXPECT_THAT(page.links,
              ElementsAre("gantry>bogie left {}", "gantry>bogie right {}", "gantry>crane - {}"));
  EXPECT_EQ(page.end.assets_in_tree, 3U);
  EXPECT_EQ(page.end.assets_in_page, 3U);
  EXPECT_EQ(page.end.next, "");
}

TEST_F(ExportsTest, TheWholeTreeHasEachAssetOnceBeforeWhatIsBelowIt) {
  Make({"gantry", "bogie", "crane", "hook", "wheel", "screw"});
  Link("gantry", "bogie");
  Link("gantry", "crane");
  Link("bogie", "crane");  // reached here first
  Link("bogie", "wheel");
  Link("crane", "hook");
  Link("hook", "screw");
  Link("wheel", "screw");   // again
  Link("screw", "gantry");  // a circle, as imported data may have one

  const Page page = Whole({.whole_tree = true});

  EXPECT_THAT(page.assets, ElementsAre("gantry", "bogie", "crane", "hook", "screw", "wheel"));
  EXPECT_THAT(page.links, ElementsAre("gantry>bogie - {}", "gantry>crane - {}", "bogie>crane - {}",
                                      "bogie>wheel - {}", "crane>hook - {}", "hook>screw - {}",
                                      "screw>gantry - {}", "wheel>screw - {}"));
  EXPECT_EQ(page.end.assets_in_tree, 6U);
}

TEST_F(ExportsTest, WhatTheCallerMayNotSeeIsAPlaceholderAndHidesWhatIsBelowIt) {
  bench_.MakeAsset("gantry", {.name = "open"});
  bench_.MakeAsset("bogie", {.name = "secret"});
  bench_.MakeAsset("crane", {.name = "open"});
  bench_.MakeAsset("wheel", {.name = "open"});
  Link("gantry", "bogie");
  Link("gantry", "crane");
  Link("bogie", "wheel");
  caller_ = test::MayAssetsWith("assetName", "open", {"GET"});

  const Page page = Whole({.whole_tree = true});

  EXPECT_THAT(page.assets, ElementsAre("gantry", "bogie!", "crane"));
  EXPECT_THAT(page.links, ElementsAre("gantry>crane - {}"));
  EXPECT_EQ(page.end.assets_in_tree, 3U);
  ASSERT_EQ(page.denials.size(), 1U);
  EXPECT_TRUE(page.denials[0].filtered);
  EXPECT_THAT(caller_.denials(), IsEmpty());  // the export has a caller of its own
}

TEST_F(ExportsTest, ChildrenThatAreGoneAreLeftOut) {
  Make({"gantry", "crane", "hook"});
  Link("gantry", "ghost");
  Link("gantry", "crane");
  Link("ghost", "hook");

  const Page page = Whole({.whole_tree = true});

  EXPECT_THAT(page.assets, ElementsAre("gantry", "crane"));
  EXPECT_THAT(page.links, ElementsAre("gantry>crane - {}"));
  EXPECT_EQ(page.end.assets_in_tree, 2U);
}

TEST_F(ExportsTest, AloneAnAssetHasNoLinks) {
  Make({"gantry", "crane"});
  Link("gantry", "crane");

  const Page page = Whole({.relationships = false, .token = "whatever it is"});

  EXPECT_THAT(page.assets, ElementsAre("gantry"));
  EXPECT_FALSE(page.has_links);
  EXPECT_EQ(page.end.assets_in_tree, 1U);
}

TEST_F(ExportsTest, LinksWithTheirMetadataOrNotAtAll) {
  Make({"gantry", "crane"});
  Link("gantry", "crane", "left");
  for (const auto& [key, value, type] : std::vector<std::array<std::string, 3>>{
           {"Translation", R"({"x":1})", "xyz"}, {"note", "west", "string"}})
    bench_.PutItem(kLinkMetadataTable, {{"assetLinkId", items::Value::S("link-001")},
                                        {"metadataKey", items::Value::S(key)},
                                        {"metadataValue", items::Value::S(value)},
                                        {"metadataValueType", items::Value::S(type)}});

  EXPECT_THAT(Whole().links,
              ElementsAre(R"(gantry>crane left {Translation={"x":1}:xyz note=west:string})"));
  const Page without = Whole({.link_metadata = false});
  EXPECT_TRUE(without.has_links);
  EXPECT_THAT(without.links, IsEmpty());
}

// Wide enough for several batches of records, deep enough that recursion would be felt.
TEST_F(ExportsTest, WideAndDeepTrees) {
  Make({"gantry"});
  std::vector<std::string> expected{"gantry"};
  for (int i = 0; i < 110; ++i) {
    const std::string id = fmt::format("wide-{:04}", i);
    bench_.MakeAsset(id);
    Link("gantry", id);
    expected.push_back(id);
  }
  std::string parent = "wide-0109";
  for (int i = 0; i < 110; ++i) {
    const std::string id = fmt::format("deep-{:04}", i);
    bench_.MakeAsset(id);
    Link(parent, id);
    parent = id;
    expected.push_back(id);
  }

  EXPECT_EQ(Whole({.whole_tree = true, .max_assets = 1000}).assets, expected);
}

// ---- Pages.

TEST_F(ExportsTest, PagesFitTogether) {
  Make({"gantry", "bogie", "crane", "hook", "wheel"});
  Link("gantry", "bogie");
  Link("gantry", "crane");
  Link("bogie", "wheel");
  Link("crane", "hook");

  const Page first = Whole({.whole_tree = true, .max_assets = 2});
  EXPECT_THAT(first.assets, ElementsAre("gantry", "bogie"));
  EXPECT_EQ(first.links.size(), 4U);
  EXPECT_EQ(first.end.assets_in_tree, 5U);
  EXPECT_EQ(first.end.assets_in_page, 2U);
  // What happens to links in between does not matter, and what became of an asset does.
  Link("gantry", "rail");
  bench_.MakeAsset("rail");
  bench_.PutItem(kAssetsTable, [&] {
    items::Item crane = *bench_.StoredAsset("crane");
    crane.Set("assetName", items::Value::S("renamed"));
    return crane;
  }());

  const Page second = Whole({.max_assets = 2, .token = first.end.next});
  EXPECT_THAT(second.assets, ElementsAre("wheel", "crane"));
  EXPECT_EQ(second.described[1].asset->name, "renamed");
  EXPECT_FALSE(second.has_links);
  EXPECT_EQ(second.end.assets_in_tree, 5U);

  const Page last = Whole({.max_assets = 2, .token = second.end.next});
  EXPECT_THAT(last.assets, ElementsAre("hook"));
  EXPECT_EQ(last.end.assets_in_page, 1U);
  EXPECT_EQ(last.end.assets_in_tree, 5U);
  EXPECT_EQ(last.end.next, "");
}

TEST_F(ExportsTest, RefusalsAreNotedOnThePageThatShowsThem) {
  bench_.MakeAsset("gantry", {.name = "open"});
  bench_.MakeAsset("bogie", {.name = "secret"});
  Link("gantry", "bogie");
  caller_ = test::MayAssetsWith("assetName", "open", {"GET"});

  const Page first = Whole({.max_assets = 1});
  EXPECT_THAT(first.denials, IsEmpty());
  const Page second = Whole({.max_assets = 1, .token = first.end.next});

  EXPECT_THAT(second.assets, ElementsAre("bogie!"));
  EXPECT_EQ(second.denials.size(), 1U);
}

TEST_F(ExportsTest, TokensOfAnotherExportAndTextsAreRefused) {
  Make({"gantry", "bogie", "crane"});
  Link("gantry", "bogie");
  Link("crane", "bogie");
  const std::string token = Whole({.max_assets = 1}).end.next;
  const std::string other = Whole({.max_assets = 1}, "crane").end.next;
  ASSERT_NE(token, "");

  for (const std::string& bad :
       {std::string(), std::string("x"), token.substr(4), other, std::string("e30="),
        TokenOf({.root = {test::kDatabase, "gantry"}, .total = 1, .rest = {{"a", "b"}}}),
        TokenOf({.root = {test::kDatabase, "gantry"}, .total = 5, .rest = {}}),
        TokenOf({.root = {test::kDatabase, "gantry"}, .total = 5, .rest = {{"", "b"}}})})
    EXPECT_EQ(Failure(Begin({.token = bad})),
              Fails(Code::kInvalid, "Invalid pagination token format"))
        << bad;
  // One that was made up shows what the caller may see anyway, and nothing else.
  caller_ = test::MayAssetsWith("assetName", "gantry", {"GET"});
  const Page page =
      Whole({.token = TokenOf({.root = {test::kDatabase, "gantry"},
                               .total = 9,
                               .rest = {{test::kDatabase, "crane"}, {test::kDatabase, "crane"}}})});
  EXPECT_THAT(page.assets, ElementsAre("crane!"));
}

TEST(ExportToken, ComesBackAsItWas) {
  const ExportPlace place{.root = {"db", "root"},
                          .total = 7,
                          .rest = {{"db", "a"}, {"db", "b"}, {"other", "a"}, {"db", "c d,'e"}}};
  const auto read = ReadExportToken(TokenOf(place), place.root);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->total, 7U);
  EXPECT_EQ(read->rest, place.rest);
  EXPECT_FALSE(ReadExportToken(TokenOf(place), {"db", "other"}));
}

// ---- Assets.

TEST_F(ExportsTest, AnAssetWithItsVersionBucketAndMetadata) {
  bench_.MakeAsset("gantry", {.tags = {"survey"}});
  Metadata("/", "phase", "as-built", "inline_controlled_list");
  Metadata("/", "area", "12", "number");
  Metadata("/", "_secret", "x");
  Metadata("/", "attribute", "x", "string", MetadataKind::kAttribute);
  Metadata("/a.glb", "of-a-file", "x");

  const Page page = Whole();

  ASSERT_EQ(page.described.size(), 1U);
  const ExportedAsset& asset = page.described[0];
  EXPECT_EQ(asset.bucket_name, test::kBucket);
  EXPECT_EQ(asset.bucket_prefix, "");
  EXPECT_EQ(asset.version_comment, "Initial asset creation - Version 0 (No Files, No Metadata)");
  EXPECT_EQ(asset.version_created, "2025-03-01T10:00:00.123000");
  EXPECT_EQ(asset.asset->tags, std::vector<std::string>{"survey"});
  EXPECT_EQ(RowsText(asset.metadata), "area=12:number phase=as-built:inline_controlled_list");
  EXPECT_THAT(Whole({.asset_metadata = false}).described[0].metadata, IsEmpty());
}

TEST_F(ExportsTest, RecordsThatAreMissingLeaveTheirFieldsEmpty) {
  bench_.MakeAsset("gantry");
  bench_.PutFile("gantry", "a.glb", "dots");
  items::Item record = *bench_.StoredAsset("gantry");
  record.Set("bucketId", items::Value::S("none"));
  record.Set("currentVersionId", items::Value::S("77"));
  bench_.PutItem(kAssetsTable, std::move(record));

  const Page page = Whole();

  EXPECT_THAT(page.assets, ElementsAre("gantry"));
  EXPECT_EQ(page.described[0].bucket_name, "");
  EXPECT_EQ(page.described[0].version_created, "");
  EXPECT_THAT(page.files, IsEmpty());
}

// ---- Files.

TEST_F(ExportsTest, LiveFilesThroughTheFilters) {
  bench_.MakeAsset("gantry");
  bench_.PutFile("gantry", "a.E57", "dots", {.user = {{kPrimaryTypeMetadata, "lod1"}}});
  bench_.PutFile("gantry", "b/", "");
  bench_.PutFile("gantry", "b/c.glb", "dots");
  bench_.PutFile("gantry", "gone.glb", "dots");
  bench_.DeleteFile("gantry", "gone.glb");

  EXPECT_THAT(Paths(Whole()), ElementsAre("/a.E57", "/b/c.glb"));
  EXPECT_THAT(Paths(Whole({.folders = true})), ElementsAre("/", "/a.E57", "/b/", "/b/c.glb"));
  EXPECT_THAT(Paths(Whole({.primary_only = true})), ElementsAre("/a.E57"));
  EXPECT_THAT(Paths(Whole({.extensions = {".e57"}})), ElementsAre("/a.E57"));
}

TEST_F(ExportsTest, PreviewsAreNoFilesAndCountOnlyThroughTheFilters) {
  bench_.MakeAsset("gantry");
  bench_.PutFile("gantry", "a.e57", "dots");
  bench_.PutFile("gantry", "a.e57.previewFile.png", "png");

  const Page page = Whole();
  EXPECT_THAT(Paths(page), ElementsAre("/a.e57"));
  EXPECT_EQ(page.files[0].file.preview, "/a.e57.previewFile.png");
  EXPECT_EQ(Whole({.extensions = {".e57"}}).files[0].file.preview, "");
  EXPECT_EQ(Whole({.extensions = {".e57", ".png"}}).files[0].file.preview,
            "/a.e57.previewFile.png");
}

// Many files lie between a file and its preview: all those whose keys begin with the file's.
TEST_F(ExportsTest, APreviewMayLiePagesBehindItsFile) {
  bench_.MakeAsset("gantry");
  const AssetPlace place = bench_.Place("gantry");
  const auto content = Must(bench_.objects().Stage(bench_.op, objects::SourceOf("dots"), {}));
  objects::ObjectChanges changes;
  for (int i = 0; i < 1200; ++i)
    changes.Add(objects::PutChange{.object = place.ObjectAt(fmt::format("a-{:05}", i)),
                                   .content = content});
  for (const char* path : {"a", "a.previewFile.gif", "b", "b.previewFile.png"})
    changes.Add(objects::PutChange{.object = place.ObjectAt(path), .content = content});
  Must(bench_.objects().Commit(bench_.op, changes));

  const Page page = Whole();

  ASSERT_EQ(page.files.size(), 1202U);
  EXPECT_EQ(page.files[0].file.path, "/a");
  EXPECT_EQ(page.files[0].file.preview, "/a.previewFile.gif");
  EXPECT_EQ(page.files[1].file.preview, "");
  EXPECT_EQ(page.files.back().file.path, "/b");
  EXPECT_EQ(page.files.back().file.preview, "/b.previewFile.png");
}

TEST_F(ExportsTest, FilesHaveTheirMetadataAndAttributes) {
  bench_.MakeAsset("gantry");
  bench_.PutFile("gantry", "a.glb", "dots");
  bench_.PutFile("gantry", "b.glb", "dots");
  Metadata("/a.glb", "size", "7", "number");
  Metadata("/a.glb", "_own", "x");
  Metadata("/a.glb", "lod", "1", "string", MetadataKind::kAttribute);
  Metadata("/b.glb.old", "size", "8", "number");  // of a file that is gone
  Metadata("/", "phase", "as-built");

  const Page page = Whole();

  ASSERT_THAT(Paths(page), ElementsAre("/a.glb", "/b.glb"));
  EXPECT_EQ(RowsText(page.files[0].metadata), "size=7:number");
  EXPECT_EQ(RowsText(page.files[0].attributes), "lod=1:string");
  EXPECT_THAT(page.files[1].metadata, IsEmpty());
  EXPECT_THAT(Whole({.file_metadata = false}).files[0].metadata, IsEmpty());
}

// Joining page and rows has to give what a query for each file gives: with few keys, with many,
// with more than are looked for, and with files that begin like each other.
TEST_F(ExportsTest, JoinedMetadataIsThatOfEachFile) {
  for (const int keys : {0, 3, 90, 300}) {
    AssetBench bench;
    bench.MakeAsset("gantry");
    const AssetPlace place = bench.Place("gantry");
    const MetadataOwner owner{test::kDatabase, "gantry"};
    const auto content = Must(bench.objects().Stage(bench.op, objects::SourceOf("dots"), {}));
    objects::ObjectChanges changes;
    std::vector<items::Write> writes;
    std::set<std::string> written;
    std::mt19937 random(static_cast<unsigned>(keys));  // the seed
    for (int i = 0; i < 60; ++i) {
      const std::string path = fmt::format("{}/file{}", i % 7, i);
      changes.Add(objects::PutChange{.object = place.ObjectAt(path), .content = content});
      for (int row = 0; row < std::min(keys, 12); ++row) {
        const MetadataRow made{
            .kind = row % 3 == 0 ? MetadataKind::kAttribute : MetadataKind::kMetadata,
            .path = "/" + path,
            .key = fmt::format("key-{}", (row * 7 + i * 11) % keys),
            .value = fmt::format("{}", random() % 1000),
            .type = "number"};
        if (written
                .insert(fmt::format("{} {} {}", MetadataKindName(made.kind), made.path, made.key))
                .second)
          writes.push_back(PutMetadata(owner, made));
      }
    }
    Must(bench.objects().Commit(bench.op, changes, writes));
    Exports exports(bench.stores());
    const auto source = Must(exports.Begin(bench.op, caller_, {test::kDatabase, "gantry"}, {}));

    const Page page = Must(Read(bench.op, *source));

    ASSERT_EQ(page.files.size(), 60U);
    std::size_t rows = 0;
    for (const ExportedFile& file : page.files) {
      std::vector<MetadataRow> metadata, attributes;
      for (auto& row : Must(MetadataOfPath(bench.op, bench.items(), owner, file.file.path)))
        (row.kind == MetadataKind::kMetadata ? metadata : attributes).push_back(row);
      EXPECT_EQ(RowsText(file.metadata), RowsText(metadata)) << keys << file.file.path;
      EXPECT_EQ(RowsText(file.attributes), RowsText(attributes)) << keys << file.file.path;
      rows += metadata.size() + attributes.size();
    }
    EXPECT_EQ(rows, writes.size());
  }
}

// ---- Faults.

// An export either gives everything or says that it failed; never less.
TEST_F(ExportsTest, EveryFailureIsTold) {
  Make({"gantry", "bogie"});
  Link("gantry", "bogie");
  bench_.PutFile("gantry", "a.glb", "dots");
  Metadata("/a.glb", "size", "7");
  const Page whole = Whole();
  testing::FaultyStore faulty(bench_.items());
  const auto view = bench_.Through(faulty);
  Exports exports(view.stores);
  for (std::size_t n = 1;; ++n) {
    faulty.FailCall(faulty.calls() + n, Code::kUnavailable, testing::FaultyStore::When::kBefore);
    const auto page = [&]() -> Result<Page> {
      TRY(const auto source, exports.Begin(bench_.op, caller_, {test::kDatabase, "gantry"}, {}));
      return Read(bench_.op, *source);
    }();
    if (!faulty.failed()) {
      EXPECT_EQ(Must(page).assets, whole.assets);
      EXPECT_GT(n, 10U);
      break;
    }
    EXPECT_EQ(Failure(page).first, Code::kUnavailable) << n;
  }
}

TEST_F(ExportsTest, StopsWhenNobodyWaitsAnyLonger) {
  Make({"gantry"});
  bench_.PutFile("gantry", "a.glb", "dots");
  const auto source = Must(Begin());
  OpContext op;
  op.Cancel();
  EXPECT_EQ(Failure(source->NextAsset(op)).first, Code::kCancelled);
}

}  // namespace
}  // namespace vams::catalog
