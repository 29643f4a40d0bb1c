// Searches as the use case answers them: the index may be behind, the engine may not filter, rules
// and databases change.  What requests and answers look like: tests/api/search*.api; that nothing
// leaks: asset_search_random_test.cc.
#include "catalog/asset_search.h"

#include <gtest/gtest.h>

#include <set>

#include "catalog/asset_search_support_test.h"

namespace vams::catalog {
namespace {

using test::BucketsOf;
using test::CallerWith;
using test::Fails;
using test::Failure;
using test::IdsOf;
using test::MayAssets;
using test::Must;
using test::SearchBench;
using test::Thing;
using test::UnfilteringIndex;
using test::UserRule;
using test::WatchedIndex;
using test::Where;
using Ids = std::vector<std::string>;
using Buckets = std::vector<std::pair<std::string, std::uint64_t>>;

SearchQuery ById() { return {.sort = {{.field = "_id"}}}; }

Caller MayNamed(const std::string& start) {
  return CallerWith(
      {UserRule("named", "asset", Where("assetName", "starts_with", start), {"GET"})});
}

// ---- The index is behind

TEST(AssetSearch, LeavesOutWhatMayNoLongerBeRead) {
  SearchBench bench;
  bench.Add({.id = "a", .name = "Open a", .tags = {"x"}, .files = {"/a.glb"}});
  bench.Add({.id = "b", .name = "Open b", .tags = {"x", "y"}, .files = {"/b.glb", "/b.stl"}});
  bench.Store({.id = "b", .name = "Sealed b", .tags = {"x", "y"}});
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayNamed("Open");

  const FoundPage page = Must(search.Search(bench.op, caller, ById()));

  EXPECT_EQ(IdsOf(page), (Ids{"harbor#a", "harbor#a#/a.glb"}));
  EXPECT_EQ(page.total, 2U);
  EXPECT_EQ(BucketsOf(page, "list_tags"), (Buckets{{"x", 2}}));
  EXPECT_EQ(BucketsOf(page, "str_databaseid"), (Buckets{{"harbor", 2}}));
  EXPECT_EQ(BucketsOf(page, "str_fileext"), (Buckets{{"glb", 1}}));
  // What a rule refused as the asset is now is told to the audit log.
  ASSERT_EQ(caller.denials().size(), 1U);
  EXPECT_TRUE(caller.denials()[0].filtered);
}

TEST(AssetSearch, LeavesOutWhatIsGoneOrArchivedMeanwhile) {
  SearchBench bench;
  const Thing gone{.id = "a", .files = {"/a.glb"}};
  const Thing archived{.id = "b", .files = {"/b.glb"}};
  bench.Add(gone);
  bench.Add(archived);
  bench.Add({.id = "c", .archived_files = {"/old.glb"}});
  bench.Remove(gone);
  bench.Remove(archived);
  bench.Store({.id = "b", .archived = true});
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayAssets();
  SearchQuery query = ById();

  EXPECT_EQ(IdsOf(Must(search.Search(bench.op, caller, query))), (Ids{"harbor#c"}));
  query.archived = true;
  EXPECT_EQ(IdsOf(Must(search.Search(bench.op, caller, query))),
            (Ids{"harbor#c", "harbor#c#/old.glb"}));
  EXPECT_TRUE(caller.denials().empty());
}

TEST(AssetSearch, ShowsArchivedFilesOfActiveAndOfArchivedAssets) {
  SearchBench bench;
  bench.Add({.id = "a", .archived_files = {"/old.glb"}});
  bench.Add({.id = "b", .archived = true, .files = {"/b.glb"}});
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayAssets();
  SearchQuery query = ById();
  query.archived = true;

  const FoundPage page = Must(search.Search(bench.op, caller, query));

  EXPECT_EQ(IdsOf(page),
            (Ids{"harbor#a", "harbor#a#/old.glb", "harbor#b#/b.glb", "harbor#deleted#b"}));
  EXPECT_EQ(page.total, 4U);
  EXPECT_EQ(BucketsOf(page, "str_databaseid"), (Buckets{{"harbor", 1}}));
}

TEST(AssetSearch, APageOfNothingButOldHitsIsNotTheLast) {
  SearchBench bench;
  for (const char* id : {"a", "b", "c"}) bench.Add({.id = id});
  bench.Remove({.id = "a"});
  bench.Remove({.id = "b"});
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayAssets();
  SearchQuery query = ById();
  query.size = 2;

  const FoundPage first = Must(search.Search(bench.op, caller, query));
  query.after = first.next;
  const FoundPage second = Must(search.Search(bench.op, caller, query));

  EXPECT_TRUE(first.hits.empty());
  ASSERT_FALSE(first.next.empty());
  EXPECT_EQ(IdsOf(second), (Ids{"harbor#c"}));
  EXPECT_TRUE(second.next.empty());
}

TEST(AssetSearch, SimpleSearchesGoThroughAssetsThenFilesWithoutRepeating) {
  SearchBench bench;
  for (const char* id : {"a", "b", "c"}) bench.Add({.id = id, .files = {"/1.glb", "/2.glb"}});
  bench.Remove({.id = "b"});
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayAssets();

  std::multiset<std::string> seen;
  for (std::uint64_t from = 0; from < 9; from += 2) {
    const FoundPage page =
        Must(search.Simple(bench.op, caller, {.asset_name = "Crane", .from = from, .size = 2}));
    for (std::string& id : IdsOf(page)) seen.insert(std::move(id));
  }

  EXPECT_EQ(seen, (std::multiset<std::string>{"harbor#a", "harbor#a#/1.glb", "harbor#a#/2.glb",
                                              "harbor#c", "harbor#c#/1.glb", "harbor#c#/2.glb"}));
}

// ---- Databases

TEST(AssetSearch, FindsNothingInADatabaseThatIsArchivedOrGone) {
  SearchBench bench;
  bench.AddDatabase("plant");
  bench.Add({.id = "a"});
  bench.Add({.database = "plant", .id = "b"});
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayAssets();
  ASSERT_EQ(Must(search.Search(bench.op, caller, ById())).total, 2U);

  bench.RemoveDatabase("plant");
  bench.AddDatabase("plant#deleted");

  const FoundPage page = Must(search.Search(bench.op, caller, ById()));
  EXPECT_EQ(IdsOf(page), (Ids{"harbor#a"}));
  EXPECT_EQ(page.total, 1U);
  EXPECT_EQ(BucketsOf(page, "str_databaseid"), (Buckets{{"harbor", 1}}));
}

TEST(AssetSearch, ReadsTheDatabasesOnlyWhenSomethingWasWritten) {
  SearchBench bench;
  bench.Add({.id = "a"});
  test::HookedStore store(bench.stack.items(), false);
  int scans = 0;
  store.before = [&](std::string_view call) {
    if (call == "Scan") ++scans;
    return Ok();
  };
  const auto view = bench.stack.Through(store);
  AssetSearch search(view.stores, bench.index);
  Caller caller = MayAssets();

  Must(search.Search(bench.op, caller, ById()));
  const int first = scans;
  Must(search.Search(bench.op, caller, ById()));
  EXPECT_GT(first, 0);
  EXPECT_EQ(scans, first);

  bench.AddDatabase("plant");
  Must(search.Search(bench.op, caller, ById()));
  EXPECT_EQ(scans, 2 * first);
}

// ---- Keys of what engines keep

TEST(AssetSearch, TellsEnginesRulesAndDatabasesApart) {
  SearchBench bench;
  WatchedIndex index(bench.index);
  std::string key;
  index.before_search = [&](const search::Request& request) {
    key = request.access->cache_key();
    return Ok();
  };
  AssetSearch search(bench.stack.stores(), index);
  const auto key_of = [&](Caller caller) {
    Must(search.Search(bench.op, caller, {}));
    return key;
  };
  const auto rule = [](const std::string& id, const std::string& name, bool deny = false) {
    return UserRule(id, "asset", Where("assetName", "equals", name), {"GET"}, deny);
  };

  const std::string one = key_of(CallerWith({rule("r", "Crane")}));
  EXPECT_FALSE(one.empty());
  EXPECT_EQ(key_of(CallerWith({rule("other-id", "Crane")})), one);
  EXPECT_NE(key_of(CallerWith({rule("r", "Rail")})), one);
  EXPECT_NE(key_of(CallerWith({rule("r", "Crane", true)})), one);
  EXPECT_NE(key_of(CallerWith({rule("r", "Crane"), rule("s", "Rail")})), one);
  EXPECT_NE(key_of(CallerWith({})), one);
  bench.AddDatabase("plant");
  const std::string two = key_of(CallerWith({rule("r", "Crane")}));
  EXPECT_NE(two, one);
  bench.RemoveDatabase("plant");
  bench.AddDatabase("plant#deleted");
  EXPECT_EQ(key_of(CallerWith({rule("r", "Crane")})), one);
}

// ---- Engines that do not filter

class Unfiltered : public ::testing::Test {
 protected:
  // 300 assets by id, of which every tenth is "Open".
  Unfiltered() {
    for (int i = 0; i < 300; ++i)
      bench.Add({.id = "a" + std::to_string(1000 + i),
                 .name = i % 10 == 0 ? "Open" : "Sealed",
                 .tags = {i % 20 == 0 ? "even" : "odd"}});
  }

  SearchBench bench;
  UnfilteringIndex index{bench.index};
  AssetSearch search{bench.stack.stores(), index};
};

TEST_F(Unfiltered, CountsWhatItHasLookedAt) {
  Caller caller = MayNamed("Open");
  SearchQuery query = ById();
  query.size = 5;

  const FoundPage page = Must(search.Search(bench.op, caller, query));

  EXPECT_EQ(IdsOf(page),
            (Ids{"harbor#a1000", "harbor#a1010", "harbor#a1020", "harbor#a1030", "harbor#a1040"}));
  EXPECT_FALSE(page.exact);
  EXPECT_EQ(page.total, 10U);
  EXPECT_EQ(BucketsOf(page, "list_tags"), (Buckets{{"even", 5}, {"odd", 5}}));
  query.size = 200;
  const FoundPage whole = Must(search.Search(bench.op, caller, query));
  EXPECT_TRUE(whole.exact);
  EXPECT_EQ(whole.total, 30U);
  EXPECT_EQ(whole.hits.size(), 30U);
  EXPECT_TRUE(whole.next.empty());
}

TEST_F(Unfiltered, IsExactWhereDatabasesDecide) {
  bench.AddDatabase("plant");
  bench.Add({.database = "plant", .id = "p"});
  Caller caller =
      CallerWith({UserRule("plant", "asset", Where("databaseId", "equals", "plant"), {"GET"})});

  const FoundPage page = Must(search.Search(bench.op, caller, ById()));

  EXPECT_TRUE(page.exact);
  EXPECT_EQ(page.total, 1U);
  EXPECT_EQ(BucketsOf(page, "str_databaseid"), (Buckets{{"plant", 1}}));
}

TEST_F(Unfiltered, PagesToTheEndWithoutNamingWhatMayNotBeRead) {
  for (const auto& [start, count] :
       std::vector<std::pair<std::string, std::size_t>>{{"Open", 30}, {"Sealed", 270}, {"No", 0}}) {
    Caller caller = MayNamed(start);
    for (const std::size_t size : {1, 7, 40}) {
      SearchQuery query = ById();
      query.size = size;
      std::size_t found = 0;
      do {
        const FoundPage page = Must(search.Search(bench.op, caller, query));
        found += page.hits.size();
        for (const search::Hit& hit : page.hits) ASSERT_EQ(hit.document.asset_name, start);
        if (!page.next.empty()) {
          // A page that is not the last has something, and its cursor is that of its last hit.
          ASSERT_FALSE(page.hits.empty());
          EXPECT_EQ(Must(search::DecodeCursor(page.next, query.sort)).id,
                    page.hits.back().document.id);
        }
        query.after = page.next;
      } while (!query.after.empty());
      EXPECT_EQ(found, count) << start << " by " << size;
    }
  }
}

TEST_F(Unfiltered, LooksOnUntilThereIsSomethingToShow) {
  bench.Add({.id = "b", .name = "Last"});
  Caller caller = MayNamed("Last");
  SearchQuery query = ById();
  query.size = 1;

  EXPECT_EQ(IdsOf(Must(search.Search(bench.op, caller, query))), (Ids{"harbor#b"}));
  EXPECT_GT(index.searches, 1);
  // The request's time is up.
  OpContext late(OpContext::SteadyClock::now());
  EXPECT_EQ(Failure(search.Search(late, caller, query)).first, Code::kTimeout);
}

// ---- Failures

TEST(AssetSearch, TellsWhatFailed) {
  SearchBench bench;
  bench.Add({.id = "a"});
  WatchedIndex index(bench.index);
  testing::FaultyStore store(bench.stack.items());
  const auto view = bench.stack.Through(store);
  AssetSearch search(view.stores, index);
  Caller caller = MayAssets();
  const auto fail = [&](Code code) {
    index.before_search = [code](const search::Request&) { return Error(code, "no", "at all"); };
  };

  fail(Code::kUnavailable);
  EXPECT_EQ(Failure(search.Search(bench.op, caller, {})),
            Fails(Code::kUnavailable, "Error executing search query"));
  EXPECT_EQ(Failure(search.Simple(bench.op, caller, {})),
            Fails(Code::kUnavailable, "Error executing search query"));
  EXPECT_EQ(Failure(search.Mappings(bench.op)),
            Fails(Code::kUnavailable, "Error retrieving search index mappings"));
  // Only what is wrong with the request is the client's to know.
  const auto unavailable = search.Search(bench.op, caller, {});
  EXPECT_EQ(unavailable.error().details, "no (at all)");
  fail(Code::kInvalid);
  const auto refused = search.Search(bench.op, caller, {});
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_EQ(refused.error().details, "no");
  // Whoever gave up is told so.
  fail(Code::kCancelled);
  EXPECT_EQ(Failure(search.Search(bench.op, caller, {})), Fails(Code::kCancelled, "no"));

  index.before_search = [&](const search::Request&) {
    store.FailCall(store.calls() + 1, Code::kUnavailable, testing::FaultyStore::When::kBefore);
    return Ok();
  };
  EXPECT_EQ(Failure(search.Search(bench.op, caller, {})),
            Fails(Code::kUnavailable, "Error processing search results"));
}

TEST(AssetSearch, RefusesWhatCannotBeBuilt) {
  SearchBench bench;
  AssetSearch search(bench.stack.stores(), bench.index);
  Caller caller = MayAssets();
  const std::string pattern(search::kMaxPatternBytes + 1, 'a');

  EXPECT_EQ(Failure(search.Search(bench.op, caller, {.metadata = "k:" + pattern + "*"})),
            Fails(Code::kInvalid, "Error building asset search query"));
  EXPECT_EQ(
      Failure(search.Search(bench.op, caller,
                            {.kinds = search::KindSet::kFiles, .metadata = "k:" + pattern + "*"})),
      Fails(Code::kInvalid, "Error building file search query"));
  EXPECT_EQ(Failure(search.Simple(bench.op, caller, {.metadata_value = pattern + "*"})),
            Fails(Code::kInvalid, "Error building simple asset search query"));
  EXPECT_EQ(
      Failure(search.Simple(bench.op, caller,
                            {.kinds = search::KindSet::kFiles, .metadata_value = pattern + "*"})),
      Fails(Code::kInvalid, "Error building simple file search query"));
  EXPECT_EQ(Failure(search.Search(bench.op, caller, {.filters = {{.text = "(", .options = {}}}})),
            Fails(Code::kInvalid, "Error executing search query"));
}

// ---- Stemming

TEST(AssetSearch, FindsOtherFormsOfAWordIfItIsToldTo) {
  SearchBench bench;
  bench.Add({.id = "a", .name = "Quay crane"});
  AssetSearch plain(bench.stack.stores(), bench.index);
  AssetSearch english(bench.stack.stores(), bench.index, search::Stemming::kEnglish);
  Caller caller = MayAssets();

  EXPECT_EQ(Must(plain.Search(bench.op, caller, {.text = "cranes"})).total, 0U);
  EXPECT_EQ(Must(english.Search(bench.op, caller, {.text = "cranes"})).total, 1U);
  EXPECT_EQ(Must(english.Simple(bench.op, caller, {.text = "cranes"})).total, 1U);
}

}  // namespace
}  // namespace vams::catalog
