#include "catalog/asset_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "catalog/asset_support_test.h"

namespace vams::catalog::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kParts[] = "parts";  // another database

LinkEnd At(const std::string& id, const std::string& database = kDatabase) {
  return {database, id};
}

model::NewAssetLink Child(const LinkEnd& parent, const LinkEnd& child,
                          const std::string& alias = "") {
  return {.from_database = parent.database_id,
          .from_asset = parent.asset_id,
          .to_database = child.database_id,
          .to_asset = child.asset_id,
          .parent_child = true,
          .alias = alias,
          .tags = {}};
}
model::NewAssetLink Related(const LinkEnd& from, const LinkEnd& to) {
  model::NewAssetLink link = Child(from, to);
  link.parent_child = false;
  return link;
}

class AssetLinksTest : public ::testing::Test {
 protected:
  AssetLinksTest() { bench.AddDatabase(kParts, bench.bucket_id); }

  LinkEnd Make(const std::string& id, const std::string& database = kDatabase) {
    bench.MakeAsset(id, {.database = database, .name = "Name of " + id});
    return At(id, database);
  }
  std::string Create(const model::NewAssetLink& link) {
    return Must(links.Create(bench.op, caller, link));
  }
  std::pair<Code, std::string> Refusal(const model::NewAssetLink& link) {
    return Failure(links.Create(bench.op, caller, link));
  }
  LinksOfAsset List(const LinkEnd& asset, bool tree = false) {
    return Must(links.List(bench.op, caller, asset, tree));
  }
  void Archive(const LinkEnd& asset) {
    items::Item archived = Must(
        bench.items().Get(bench.op, kAssetsTable, AssetKey(asset.database_id, asset.asset_id)));
    archived.Set("databaseId", items::Value::S(asset.database_id + "#deleted"));
    Forget(asset);
    bench.PutItem(kAssetsTable, std::move(archived));
  }
  void Forget(const LinkEnd& asset) {
    const items::Write writes[] = {
        items::Write::Delete(kAssetsTable, AssetKey(asset.database_id, asset.asset_id))};
    Must(bench.items().Commit(bench.op, writes));
  }
  // As other programs write them: nobody asked whether they make a cycle.
  void PutRow(const std::string& id, const LinkEnd& from, const LinkEnd& to,
              const std::string& alias = "") {
    Link link{.id = id, .from = from, .to = to, .type = LinkType::kParentChild};
    if (!alias.empty()) link.alias = alias;
    bench.PutItem(kLinksTable, LinkItem(link));
  }
  // "id", or "alias:id", indented by a dash a level.
  static std::vector<std::string> Texts(const std::vector<LinkedAsset>& linked) {
    std::vector<std::string> texts;
    for (const LinkedAsset& one : linked)
      texts.push_back(std::string(one.depth, '-') + (one.alias ? *one.alias + ":" : "") +
                      one.end.asset_id);
    return texts;
  }

  AssetBench bench;
  AssetLinks links{bench.stores()};
  Caller caller = MayAssets();
};

// ---- Making links.

TEST_F(AssetLinksTest, RecordsHaveTheFormOfTheDataModel) {
  auto asked = Child(Make("crane"), Make("bogie", kParts), "left");
  asked.tags = {"bolted", "bolted"};

  const std::string id = Create(asked);

  using items::Value;
  EXPECT_THAT(bench.Rows(kLinksTable),
              ElementsAre(items::Item{{"assetLinkAliasId", Value::S("left")},
                                      {"assetLinkId", Value::S(id)},
                                      {"fromAssetDatabaseId", Value::S("harbor")},
                                      {"fromAssetDatabaseId:fromAssetId", Value::S("harbor:crane")},
                                      {"fromAssetId", Value::S("crane")},
                                      {"relationshipType", Value::S("parentChild")},
                                      {"tags", Value::L({Value::S("bolted"), Value::S("bolted")})},
                                      {"toAssetDatabaseId", Value::S("parts")},
                                      {"toAssetDatabaseId:toAssetId", Value::S("parts:bogie")},
                                      {"toAssetId", Value::S("bogie")}}));
  EXPECT_EQ(id.size(), 36u);
}

TEST_F(AssetLinksTest, RefusalsComeInTheirOrder) {
  const LinkEnd crane = Make("crane"), bogie = Make("bogie", kParts);
  const Fails absent(Code::kNotFound, "One or both assets do not exist");
  EXPECT_EQ(Refusal(Related(At("ghost"), At("ghost"))),
            Fails(Code::kInvalid, "Cannot create asset link to the same asset"));
  EXPECT_EQ(Refusal(Related(crane, At("ghost"))), absent);
  EXPECT_EQ(Refusal(Related(At("ghost"), crane)), absent);
  EXPECT_EQ(Refusal(Related(crane, At("bogie"))), absent) << "it is in the other database";
  Caller some = MayAssetsWith("databaseId", kDatabase);
  EXPECT_EQ(Failure(links.Create(bench.op, some, Related(bogie, crane))),
            Fails(Code::kDenied, "Not authorized to create links for the source asset"));
  EXPECT_EQ(Failure(links.Create(bench.op, some, Related(crane, bogie))),
            Fails(Code::kDenied, "Not authorized to create links for the target asset"));
  Archive(bogie);
  EXPECT_EQ(Refusal(Related(crane, bogie)), absent);
  EXPECT_THAT(bench.Rows(kLinksTable), IsEmpty());
}

TEST_F(AssetLinksTest, NoTwoLinksSayTheSame) {
  const LinkEnd a = Make("aaa"), b = Make("bbb");
  const Fails related(Code::kConflict,
                      "Validation Error: A relationship already exists between these assets");
  const Fails child(Code::kConflict,
                    "Validation Error: A parent-child relationship already exists between these "
                    "assets with provided alias");
  Create(Related(a, b));
  EXPECT_EQ(Refusal(Related(a, b)), related);
  EXPECT_EQ(Refusal(Related(b, a)), related);
  Create(Child(a, b));
  EXPECT_EQ(Refusal(Child(a, b)), child);
  Create(Child(a, b, "left"));
  EXPECT_EQ(Refusal(Child(a, b, "left")), child);
  EXPECT_EQ(Refusal(Child(b, a, "other")), child) << "a child is not its parent's parent";
  EXPECT_EQ(bench.Rows(kLinksTable).size(), 3u);
}

TEST_F(AssetLinksTest, CyclesAreRefusedOverDatabasesAndAliases) {
  const LinkEnd a = Make("aaa"), b = Make("bbb", kParts), c = Make("ccc"), d = Make("ddd");
  Create(Child(a, b, "left"));
  Create(Child(b, c));
  const Fails cycle(Code::kConflict,
                    "Validation Error: Creating this parent-child relationship would create a "
                    "cycle");

  EXPECT_EQ(Refusal(Child(c, a)), cycle);
  EXPECT_EQ(Refusal(Child(c, a, "alias")), cycle);
  Create(Child(c, d));
  EXPECT_EQ(Refusal(Child(d, a)), cycle);
  // Two ways down are no cycle, nor are related links.
  Create(Child(a, d));
  Create(Related(d, a));
  // What was removed no longer leads anywhere.
  for (const LinkedAsset& child : List(b).children)
    Must(links.Delete(bench.op, caller, child.link_id));
  Create(Child(d, b));
}

// A chain deeper than any stack: looking for a cycle and showing it as a tree go without recursion.
// On an engine that has real indexes.
TEST_F(AssetLinksTest, DeepTreesAreWalkedWithoutRecursion) {
  constexpr int kDepth = 10'000;
  Bench sqlite(true);
  AssetLinks deep({sqlite.store(), bench.objects(), bench.clock, bench.random});
  std::vector<LinkEnd> chain;
  std::vector<items::Write> writes;
  for (int i = 0; i < kDepth; ++i) {
    chain.push_back(At("n" + std::to_string(i)));
    items::Item asset = AssetKey(kDatabase, chain.back().asset_id);
    asset.Set("assetName", items::Value::S("node"));
    writes.push_back(items::Write::Put(kAssetsTable, std::move(asset)));
    if (i > 0)
      writes.push_back(items::Write::Put(kLinksTable, LinkItem({.id = "l" + std::to_string(i),
                                                                .from = chain[chain.size() - 2],
                                                                .to = chain.back(),
                                                                .type = LinkType::kParentChild})));
  }
  Must(sqlite.store().Commit(bench.op, writes));

  EXPECT_EQ(Failure(deep.Create(bench.op, caller, Child(chain.back(), chain.front()))).second,
            "Validation Error: Creating this parent-child relationship would create a cycle");
  const auto tree = Must(deep.List(bench.op, caller, chain.front(), true)).children;
  ASSERT_EQ(tree.size(), chain.size() - 1);
  EXPECT_EQ(tree.back().depth, static_cast<std::size_t>(kDepth - 2));
  EXPECT_EQ(tree.back().end, chain.back());
}

// ---- Others at the same time.

TEST_F(AssetLinksTest, TwoLinksAtOnceMakeNoCycle) {
  const LinkEnd a = Make("aaa"), b = Make("bbb"), c = Make("ccc"), d = Make("ddd");
  Create(Child(b, c));
  Create(Child(d, a));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetLinks slow(view.stores);
  // Neither link makes a cycle by itself, and they have no asset in common.
  hooked.before = Once("Commit", [&] { Create(Child(c, d)); });

  EXPECT_EQ(Failure(slow.Create(bench.op, caller, Child(a, b))).second,
            "Validation Error: Creating this parent-child relationship would create a cycle");
  EXPECT_EQ(bench.Rows(kLinksTable).size(), 3u);
}

TEST_F(AssetLinksTest, TheSameLinkTwiceAtOnceIsMadeOnce) {
  const LinkEnd a = Make("aaa"), b = Make("bbb");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetLinks slow(view.stores);
  hooked.before = Once("Commit", [&] { Create(Related(b, a)); });

  EXPECT_EQ(Failure(slow.Create(bench.op, caller, Related(a, b))).first, Code::kConflict);
  EXPECT_EQ(bench.Rows(kLinksTable).size(), 1u);
}

TEST_F(AssetLinksTest, TwoChangesOfAliasesAtOnceDoNotMakeThemEqual) {
  const LinkEnd a = Make("aaa"), b = Make("bbb");
  const std::string left = Create(Child(a, b, "left")), right = Create(Child(a, b, "right"));
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetLinks slow(view.stores);
  hooked.before = Once("Commit", [&] {
    Must(links.Update(bench.op, caller, right, {.tags = {}, .alias = "middle"}));
  });

  EXPECT_EQ(Failure(slow.Update(bench.op, caller, left, {.tags = {}, .alias = "middle"})).first,
            Code::kConflict);
  EXPECT_EQ(Must(links.Get(bench.op, caller, left)).alias, "left");
}

TEST_F(AssetLinksTest, AnAssetThatGoesMeanwhileIsNotLinked) {
  const LinkEnd a = Make("aaa"), b = Make("bbb");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetLinks slow(view.stores);
  hooked.before = Once("Commit", [&] { Forget(b); });

  EXPECT_EQ(Failure(slow.Create(bench.op, caller, Child(a, b))),
            Fails(Code::kNotFound, "One or both assets do not exist"));
  EXPECT_THAT(bench.Rows(kLinksTable), IsEmpty());
}

// Random parents and children from several threads: whoever wins, there is never a cycle, and
// nobody is turned away for being slow.
TEST_F(AssetLinksTest, ManyAtOnceNeverMakeACycle) {
  constexpr unsigned kSeed = 20250301;
  constexpr int kAssets = 12, kThreads = 4, kEach = 40;
  RecordProperty("seed", static_cast<int>(kSeed));
  std::vector<LinkEnd> assets;
  for (int i = 0; i < kAssets; ++i) assets.push_back(Make("asset" + std::to_string(i)));
  // The random source of a bench belongs to one thread.
  AssetLinks together({bench.items(), bench.objects(), bench.clock, SystemRandom()});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      OpContext op;
      Caller self = MayAssets();
      std::mt19937 random(kSeed + static_cast<unsigned>(t));
      for (int i = 0; i < kEach; ++i) {
        const LinkEnd& from = assets[random() % kAssets];
        const LinkEnd& to = assets[random() % kAssets];
        if (from == to) continue;
        const auto made = together.Create(op, self, Child(from, to));
        EXPECT_TRUE(made.ok() || made.error().code == Code::kConflict)
            << made.error().message << " (seed " << kSeed << ")";
      }
    });
  for (std::thread& thread : threads) thread.join();

  // Taking away assets without parents, again and again, leaves nothing of a graph without cycles.
  std::set<std::pair<LinkEnd, LinkEnd>> edges;
  for (const LinkEnd& asset : assets)
    for (const Link& link : Must(LinksFrom(bench.op, bench.items(), asset)))
      EXPECT_TRUE(edges.insert({link.from, link.to}).second) << "two links say the same";
  EXPECT_GT(edges.size(), 11u);
  for (int round = 0; round < kAssets; ++round) {
    std::set<LinkEnd> children;
    for (const auto& edge : edges) children.insert(edge.second);
    std::erase_if(edges, [&](const auto& edge) { return !children.contains(edge.first); });
  }
  EXPECT_THAT(edges, IsEmpty()) << "a cycle (seed " << kSeed << ")";
}

// ---- Lists and trees.

TEST_F(AssetLinksTest, ListTellsAllDirections) {
  const LinkEnd crane = Make("crane"), bogie = Make("bogie", kParts), rail = Make("rail");
  Create(Related(rail, crane));
  Create(Related(crane, bogie));
  Create(Child(crane, bogie, "right"));
  Create(Child(crane, bogie, "left"));
  Create(Child(rail, crane));

  const auto list = List(crane);

  EXPECT_THAT(Texts(list.related), ElementsAre("rail", "bogie"));
  EXPECT_THAT(Texts(list.children), ElementsAre("left:bogie", "right:bogie"));
  EXPECT_THAT(Texts(list.parents), ElementsAre("rail"));
  EXPECT_EQ(list.children[0].name, "Name of bogie");
  EXPECT_EQ(list.children[0].end.database_id, kParts);
  EXPECT_EQ(list.hidden_related + list.hidden_parents + list.hidden_children, 0u);
  EXPECT_EQ(Failure(links.List(bench.op, caller, At("ghost"), false)),
            Fails(Code::kNotFound, "Asset not found in database"));
  Caller writer = MayAssets({"POST"});
  EXPECT_EQ(Failure(links.List(bench.op, writer, crane, false)),
            Fails(Code::kDenied, "Not authorized to view links for this asset"));
}

TEST_F(AssetLinksTest, WhatCannotBeSeenIsCounted) {
  const LinkEnd crane = Make("crane"), secret = Make("secret", kParts), gone = Make("gone"),
                archived = Make("archived"), seen = Make("seen");
  for (const LinkEnd& other : {secret, gone, archived, seen}) {
    Create(Related(other, crane));
    Create(Child(crane, other));
  }
  Archive(archived);
  Forget(gone);
  Caller some = MayAssetsWith("databaseId", kDatabase);

  const auto list = Must(links.List(bench.op, some, crane, false));

  EXPECT_THAT(Texts(list.related), ElementsAre("seen"));
  EXPECT_THAT(Texts(list.children), ElementsAre("seen"));
  EXPECT_EQ(list.hidden_related, 3u);
  EXPECT_EQ(list.hidden_children, 3u);
  EXPECT_EQ(list.hidden_parents, 0u);
}

TEST_F(AssetLinksTest, TreeShowsEveryWayDown) {
  const LinkEnd a = Make("aaa"), b = Make("bbb"), c = Make("ccc"), d = Make("ddd");
  Create(Child(a, b, "left"));
  Create(Child(a, b, "right"));
  Create(Child(a, c));
  Create(Child(b, d));
  Create(Child(c, d));

  EXPECT_THAT(Texts(List(a, true).children),
              ElementsAre("left:bbb", "-ddd", "right:bbb", "-ddd", "ccc", "-ddd"));
  EXPECT_THAT(Texts(List(a, false).children), ElementsAre("left:bbb", "right:bbb", "ccc"));
}

// The same hidden child below two places of one parent is one link.
TEST_F(AssetLinksTest, TreeCountsEachHiddenLinkOnce) {
  const LinkEnd a = Make("aaa"), b = Make("bbb"), gone = Make("gone"), below = Make("below");
  Create(Child(a, b, "left"));
  Create(Child(a, b, "right"));
  Create(Child(b, gone));
  Create(Child(a, gone));
  Create(Child(gone, below));
  Forget(gone);

  const auto tree = List(a, true);

  EXPECT_THAT(Texts(tree.children), ElementsAre("left:bbb", "right:bbb"));
  EXPECT_EQ(tree.hidden_children, 2u);
}

TEST_F(AssetLinksTest, CyclesOfOtherProgramsEndTheirBranch) {
  const LinkEnd a = Make("aaa"), b = Make("bbb");
  PutRow("l1", a, b);
  PutRow("l2", b, a);
  PutRow("l3", b, b);

  EXPECT_THAT(Texts(List(a, true).children), ElementsAre("bbb", "-aaa", "-bbb"));
}

// A record that does not say what its other end is: it is counted, and can be removed.
TEST_F(AssetLinksTest, BrokenRecordsDoNotBreakTheList) {
  const LinkEnd a = Make("aaa");
  bench.PutItem(kLinksTable,
                items::Item{{"assetLinkId", items::Value::S("broken")},
                            {"fromAssetDatabaseId:fromAssetId", items::Value::S(a.pair())},
                            {"fromAssetDatabaseId", items::Value::S(a.database_id)},
                            {"fromAssetId", items::Value::S(a.asset_id)},
                            {"relationshipType", items::Value::S("parentChild")},
                            {"toAssetDatabaseId:toAssetId", items::Value::S("harbor:bbb")}});

  EXPECT_EQ(List(a).hidden_children, 1u);
  EXPECT_EQ(List(a, true).hidden_children, 1u);
  Must(links.Delete(bench.op, caller, "broken"));
  EXPECT_THAT(bench.Rows(kLinksTable), IsEmpty());
}

// Sixteen assets, each twice below the one before: 65,536 places of the last one.
TEST_F(AssetLinksTest, TreesBeyondAllBoundsAreRefused) {
  std::vector<LinkEnd> chain{Make("n0")};
  for (int i = 1; i <= 17; ++i) {
    chain.push_back(Make("n" + std::to_string(i)));
    PutRow("l" + std::to_string(i), chain[chain.size() - 2], chain.back(), "left");
    PutRow("r" + std::to_string(i), chain[chain.size() - 2], chain.back(), "right");
  }

  EXPECT_EQ(Failure(links.List(bench.op, caller, chain[0], true)).first, Code::kTooLarge);
  EXPECT_EQ(List(chain[0]).children.size(), 2u);
}

// ---- One link.

TEST_F(AssetLinksTest, GetNeedsBothAssets) {
  const LinkEnd crane = Make("crane"), bogie = Make("bogie", kParts);
  const std::string id = Create(Child(crane, bogie, "left"));

  EXPECT_EQ(Must(links.Get(bench.op, caller, id)).alias, "left");
  EXPECT_EQ(Failure(links.Get(bench.op, caller, "nothing")),
            Fails(Code::kNotFound, "Asset link not found"));
  Caller some = MayAssetsWith("databaseId", kDatabase);
  EXPECT_EQ(Failure(links.Get(bench.op, some, id)),
            Fails(Code::kDenied, "Not authorized to view this asset link"));
  Archive(bogie);
  EXPECT_EQ(Failure(links.Get(bench.op, caller, id)),
            Fails(Code::kNotFound, "One or both linked assets no longer exist"));
}

TEST_F(AssetLinksTest, UpdateReplacesTagsAndKeepsAnAliasThatIsNotNamed) {
  const LinkEnd a = Make("aaa"), b = Make("bbb", kParts);
  const std::string child = Create(Child(a, b, "left")), related = Create(Related(a, b));
  Create(Child(a, b, "right"));
  Create(Child(a, b));

  Must(links.Update(bench.op, caller, child, {.tags = {"one", "two"}, .alias = {}}));
  EXPECT_THAT(Must(links.Get(bench.op, caller, child)).tags, ElementsAre("one", "two"));
  EXPECT_EQ(Must(links.Get(bench.op, caller, child)).alias, "left");
  Must(links.Update(bench.op, caller, child, {.tags = {}, .alias = "left"}));
  EXPECT_THAT(Must(links.Get(bench.op, caller, child)).tags, IsEmpty());
  Must(links.Update(bench.op, caller, child, {.tags = {}, .alias = "middle"}));
  EXPECT_EQ(Must(links.Get(bench.op, caller, child)).alias, "middle");

  const Fails same(Code::kConflict,
                   "Validation Error: A parent-child relationship already exists between these "
                   "assets with provided alias");
  EXPECT_EQ(Failure(links.Update(bench.op, caller, child, {.tags = {}, .alias = "right"})), same);
  EXPECT_EQ(Failure(links.Update(bench.op, caller, child, {.tags = {}, .alias = ""})), same)
      << "there is one without an alias";
  EXPECT_EQ(Failure(links.Update(bench.op, caller, related, {.tags = {}, .alias = "x"})),
            Fails(Code::kInvalid,
                  "Validation Error: assetLinkAliasId can only be used with parentChild "
                  "relationships"));
  Must(links.Update(bench.op, caller, related, {.tags = {"t"}, .alias = ""}));
  Caller some = MayAssetsWith("databaseId", kDatabase);
  EXPECT_EQ(Failure(links.Update(bench.op, some, child, {.tags = {}, .alias = {}})),
            Fails(Code::kDenied, "Not authorized to update this asset link"));
  EXPECT_EQ(Failure(links.Update(bench.op, caller, "nothing", {.tags = {}, .alias = {}})),
            Fails(Code::kNotFound, "Asset link not found"));
}

TEST_F(AssetLinksTest, AnAliasCanBeRemoved) {
  const std::string id = Create(Child(Make("aaa"), Make("bbb"), "left"));
  Must(links.Update(bench.op, caller, id, {.tags = {}, .alias = ""}));
  EXPECT_EQ(Must(links.Get(bench.op, caller, id)).alias, std::nullopt);
  EXPECT_FALSE(bench.Rows(kLinksTable)[0].Has("assetLinkAliasId"));
}

TEST_F(AssetLinksTest, DeletingALinkTakesItsMetadata) {
  const LinkEnd a = Make("aaa"), b = Make("bbb");
  const std::string id = Create(Related(a, b)), other = Create(Child(a, b));
  for (const std::string& link : {id, other}) {
    items::Item metadata = LinkKey(link);
    metadata.Set("metadataKey", items::Value::S("torque"));
    bench.PutItem(kLinkMetadataTable, std::move(metadata));
  }

  EXPECT_EQ(Must(links.Delete(bench.op, caller, id)).from, a);

  EXPECT_EQ(bench.Rows(kLinksTable).size(), 1u);
  EXPECT_EQ(bench.Rows(kLinkMetadataTable).size(), 1u);
  EXPECT_EQ(Failure(links.Delete(bench.op, caller, id)),
            Fails(Code::kNotFound, "Asset link not found"));
}

// The permission on an end that is archived is asked all the same; an end that is gone for good has
// nobody to protect.
TEST_F(AssetLinksTest, LinksToArchivedAndDeletedAssetsCanBeRemoved) {
  const LinkEnd crane = Make("crane"), secret = Make("secret", kParts);
  Caller some = MayAssetsWith("databaseId", kDatabase);
  const Fails denied(Code::kDenied, "Not authorized to delete this asset link");
  const std::string one = Create(Related(crane, secret)), two = Create(Child(crane, secret));
  EXPECT_EQ(Failure(links.Delete(bench.op, some, one)), denied);
  Archive(secret);
  EXPECT_EQ(Failure(links.Delete(bench.op, some, one)), denied);
  Must(links.Delete(bench.op, caller, one));
  const items::Write writes[] = {
      items::Write::Delete(kAssetsTable, AssetKey(std::string(kParts) + "#deleted", "secret"))};
  Must(bench.items().Commit(bench.op, writes));
  Must(links.Delete(bench.op, some, two));
  EXPECT_THAT(bench.Rows(kLinksTable), IsEmpty());
}

// ---- Failures.

TEST(AssetLinksFaults, ALinkIsMadeAndRemovedWholeOrNotAtAll) {
  const auto prepare = [](AssetBench& bench) {
    bench.MakeAsset("aaa");
    bench.MakeAsset("bbb");
    bench.PutItem(kLinksTable, LinkItem({.id = "old", .from = At("aaa"), .to = At("bbb")}));
    items::Item metadata = LinkKey("old");
    metadata.Set("metadataKey", items::Value::S("torque"));
    bench.PutItem(kLinkMetadataTable, std::move(metadata));
  };
  const auto state = [](AssetBench& bench) {
    std::vector<std::string> rows;
    for (const auto& row : bench.Rows(kLinksTable)) rows.emplace_back(row.Text("relationshipType"));
    for (const auto& row : bench.Rows(kLinkMetadataTable))
      rows.emplace_back(row.Text("metadataKey"));
    std::ranges::sort(rows);
    return rows;
  };
  ExpectAllOrNothing(
      prepare,
      [](AssetBench& bench, const Stores& stores) {
        Caller caller = MayAssets();
        (void)AssetLinks(stores).Create(bench.op, caller, Child(At("aaa"), At("bbb")));
      },
      state);
  ExpectAllOrNothing(
      prepare,
      [](AssetBench& bench, const Stores& stores) {
        Caller caller = MayAssets();
        (void)AssetLinks(stores).Delete(bench.op, caller, "old");
      },
      state);
}

}  // namespace
}  // namespace vams::catalog::test
