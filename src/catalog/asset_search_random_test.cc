// Nobody finds, counts or pages over what they may not read: random rules, documents and searches,
// each answer held against the permission engine asked about every document by itself, on every
// engine.  Rules change from search to search while the engines keep what they derived under
// earlier ones; documents and databases change in between.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "catalog/asset_search_request.h"
#include "catalog/asset_search_support_test.h"
#include "search/xapian/xapian_index.h"

namespace vams::catalog {
namespace {

using search::Document;
using test::Must;
using test::Thing;

using Counts = std::map<std::string, std::uint64_t>;

template <typename T, std::size_t kCount>
const T& Pick(std::mt19937& random, const T (&of)[kCount]) {
  return of[random() % kCount];
}

constexpr int kAssets = 160;
const std::string kDatabases[] = {"harbor", "plant", "plant-2", "labs"};
const std::string kNames[] = {"Crane", "Crane X", "Rail", "Tank (old)", "pump", "Ünïcode", ""};
const std::string kTypes[] = {".glb", "folder", "none", ""};
const std::string kTags[] = {"secret", "released", "re", "Hall 7"};
const std::string kValues[] = {".*",     "Crane", "rane", "Crane X", "re",   "secret", "plant",
                               "plant-", ".glb",  "fold", "^Cr",     "X$",   "a|b",    "harbor",
                               "labs",   "Rail",  "",     "none",    "pump", "ï",      "(a+)+$"};
const std::string kFieldsUsed[] = {"databaseId", "assetName", "assetType", "tags", "assetId"};
const std::string kOps[] = {"equals",    "contains",  "does_not_contain", "starts_with",
                            "ends_with", "is_one_of", "is_not_one_of"};
const std::string kWho[] = {"ops", "qa", "other"};

access::Constraint RandomConstraint(std::mt19937& random, int number) {
  const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
  test::Rule rule{.id = "k" + std::to_string(number), .all_of = {}};
  for (auto* group : {&rule.all_of, &rule.any_of})
    while (chance(50)) {
      access::Criterion criterion{.field = Pick(random, kFieldsUsed),
                                  .op = Pick(random, kOps),
                                  .values = {Pick(random, kValues)},
                                  .is_list = chance(25),
                                  .id = {}};
      while (criterion.is_list && chance(50)) criterion.values.push_back(Pick(random, kValues));
      group->push_back(std::move(criterion));
    }
  if (rule.all_of.empty() && rule.any_of.empty())
    rule.all_of = {test::Where("databaseId", "equals", Pick(random, kDatabases))};
  const std::string who = Pick(random, kWho);
  const std::string action = chance(80) ? "GET" : "PUT";
  const auto permission = chance(25) ? test::Deny(chance(20) ? "tester" : who, action)
                                     : test::Allow(chance(20) ? "tester" : who, action);
  (permission.who == "tester" ? rule.users : rule.groups).push_back(permission);
  return test::Make(std::move(rule));
}

Caller RandomCaller(std::mt19937& random) {
  std::vector<access::Constraint> constraints;
  const int count = 1 + static_cast<int>(random() % 5);
  for (int i = 0; i < count; ++i) constraints.push_back(RandomConstraint(random, i));
  if (random() % 4 == 0)
    constraints.push_back(
        test::UserRule("all", "asset", test::Where("databaseId", "contains", ".*"), {"GET"}));
  auto identity = std::make_shared<identity::Identity>();
  identity->user = "tester";
  return {std::move(identity), std::make_shared<const access::Policy>(access::Policy::Compile(
                                   "tester", std::vector<std::string>{"ops", "qa"}, constraints))};
}

Thing RandomThing(std::mt19937& random, std::string database, std::string id) {
  Thing thing{.database = std::move(database),
              .id = std::move(id),
              .name = Pick(random, kNames),
              .type = Pick(random, kTypes)};
  for (const std::string& tag : kTags)
    if (random() % 3 == 0) thing.tags.push_back(tag);
  thing.archived = random() % 8 == 0;
  for (std::uint32_t i = random() % 4; i > 0; --i)
    (i == 3 && !thing.archived ? thing.archived_files : thing.files)
        .push_back("/" + std::to_string(i) + (random() % 2 == 0 ? ".glb" : ".stl"));
  thing.description = random() % 2 == 0 ? "red pump, secret" : "blue crane";
  if (random() % 3 == 0) thing.maker = random() % 2 == 0 ? "Nord" : "Nordwerk";
  return thing;
}

SearchQuery RandomQuery(std::mt19937& random) {
  static const std::string kTexts[] = {"",         "",       "pump",    "cr",
                                       "red pump", "secret", "crane x", "\"red pump\"",
                                       "nord",     "glb",    "Ünïcode", "Hall 7"};
  static const std::string kFilters[] = {"",
                                         "",
                                         "str_databaseid:plant OR str_databaseid:labs",
                                         "list_tags:(\"secret\" OR \"re\")",
                                         "NOT list_tags:secret",
                                         "str_assetname:*a*",
                                         "str_fileext:glb",
                                         "_exists_:MD_.maker",
                                         "bool_archived:true OR str_assettype:folder"};
  static const std::string kMetadata[] = {"", "", "", "maker:Nord*", "maker:Nord", "Nord*"};
  static const search::KindSet kKinds[] = {search::KindSet::kBoth, search::KindSet::kAssets,
                                           search::KindSet::kFiles};
  static const std::vector<search::SortKey> kSorts[] = {
      {},
      {{.field = "_id"}},
      {{.field = "str_assetname", .descending = true}},
      {{.field = "list_tags"}, {.field = "_score", .descending = true}}};
  static const std::size_t kSizes[] = {1, 3, 10, 50, 2000};
  SearchQuery query{.kinds = Pick(random, kKinds),
                    .text = Pick(random, kTexts),
                    .text_in_metadata = random() % 2 == 0,
                    .metadata = Pick(random, kMetadata),
                    .sort = Pick(random, kSorts),
                    .archived = random() % 2 == 0,
                    .from = random() % 3 == 0 ? random() % 30 : 0,
                    .size = Pick(random, kSizes)};
  if (const std::string& filter = Pick(random, kFilters); !filter.empty())
    query.filters = {{.text = filter, .options = {}}};
  return query;
}

// What the definition lets the caller have.
struct Expected {
  std::set<std::string> ids;
  std::map<std::string, Counts> facets;
};

class World {
 public:
  explicit World(std::uint32_t seed) : random(seed) {
    for (const std::string& database : kDatabases)
      if (database != test::kDatabase) bench.AddDatabase(database);
    xapian = Must(search::OpenXapianIndex(folder_.path() / "search"));
    for (int i = 0; i < kAssets; ++i) Change("a" + std::to_string(i));
  }

  // A new state of one asset, in the records and in every index.
  void Change(const std::string& id) {
    if (const auto found = things_.find(id); found != things_.end()) {
      bench.Remove(found->second);
      std::vector<search::Write> removals;
      for (const Document& document : test::DocumentsOf(found->second))
        removals.push_back(search::Write::Remove(document.id));
      Apply(removals);
    }
    const Thing& thing =
        things_.insert_or_assign(id, RandomThing(random, Pick(random, kDatabases), id))
            .first->second;
    bench.Store(thing);
    std::vector<search::Write> writes;
    for (Document& document : test::DocumentsOf(thing))
      writes.push_back(search::Write::Put(std::move(document)));
    Apply(writes);
  }

  void ArchiveOrRestore(const std::string& database) {
    if (dead_.erase(database) != 0) {
      bench.RemoveDatabase(database + "#deleted");
      bench.AddDatabase(database);
    } else {
      dead_.insert(database);
      bench.RemoveDatabase(database);
      bench.AddDatabase(database + "#deleted");
    }
  }

  Expected Expect(const Caller& caller, const search::Request& request) {
    Expected expected;
    for (const auto& [id, thing] : things_) {
      if (dead_.contains(thing.database)) continue;
      if (!caller.policy().Allows(AssetObject(thing.database, thing.name, thing.type, thing.tags),
                                  access::Action::kGet))
        continue;
      for (const Document& document : test::DocumentsOf(thing)) {
        if (!Has(request.kinds, document.kind)) continue;
        if (document.archived && !request.include_archived) continue;
        if (request.text && !search::Matches(*request.text, document)) continue;
        if (!search::Matches(request.match, document) || !search::Matches(request.filter, document))
          continue;
        expected.ids.insert(document.id);
        for (const std::string& field : request.facets) Count(document, field, expected.facets);
      }
    }
    return expected;
  }

  std::mt19937 random;
  test::SearchBench bench;
  std::unique_ptr<search::Index> xapian;

 private:
  static void Count(const Document& document, const std::string& field,
                    std::map<std::string, Counts>& facets) {
    if (document.archived) return;
    std::set<std::string> values;
    search::AnyValue(document.source, {.name = field},
                     [&](std::string_view, std::string_view value) {
                       values.emplace(value);
                       return false;
                     });
    for (const std::string& value : values) ++facets[field][value];
  }
  void Apply(std::span<const search::Write> writes) {
    ++position_;
    Must(bench.index.Apply(bench.op, writes, position_));
    Must(xapian->Apply(bench.op, writes, position_));
  }

  files::TempFolder folder_ =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-search-rights"));
  std::map<std::string, Thing> things_;
  std::set<std::string> dead_;
  search::Position position_ = 0;
};

std::map<std::string, Counts> FacetsOf(const FoundPage& page) {
  std::map<std::string, Counts> facets;
  for (const search::Facet& facet : page.facets)
    for (const auto& bucket : facet.buckets) facets[facet.field][bucket.key] = bucket.count;
  return facets;
}

void ExpectWithin(const FoundPage& page, const Expected& expected) {
  for (const search::Hit& hit : page.hits) EXPECT_TRUE(expected.ids.contains(hit.document.id));
  EXPECT_LE(page.total, expected.ids.size());
  for (const auto& [field, counts] : FacetsOf(page))
    for (const auto& [key, count] : counts) {
      const auto found = expected.facets.find(field);
      ASSERT_TRUE(found != expected.facets.end() && found->second.contains(key)) << field << key;
      EXPECT_LE(count, found->second.at(key)) << field << key;
    }
}

void ExpectWhole(const SearchQuery& query, const FoundPage& page, const Expected& expected) {
  ExpectWithin(page, expected);
  EXPECT_EQ(page.total, expected.ids.size());
  EXPECT_EQ(FacetsOf(page), expected.facets);
  const std::size_t left = expected.ids.size() - std::min(query.from, expected.ids.size());
  EXPECT_EQ(page.hits.size(), std::min(query.size, left));
}

TEST(AssetSearchRights, AnswersAreWhatTheRulesAllowDocumentByDocument) {
  const std::uint32_t seed = 20'260'711;
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed);
  test::UnfilteringIndex unfiltering(world.bench.index);
  const Stores stores = world.bench.stack.stores();
  AssetSearch memory(stores, world.bench.index);
  AssetSearch xapian(stores, *world.xapian);
  AssetSearch window(stores, unfiltering);
  OpContext op;
  int found = 0;
  int inexact = 0;
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    if (round % 3 == 0) world.Change("a" + std::to_string(world.random() % kAssets));
    if (round % 17 == 0) world.ArchiveOrRestore(Pick(world.random, kDatabases));
    Caller caller = RandomCaller(world.random);
    for (int i = 0; i < 3; ++i) {
      const SearchQuery query = RandomQuery(world.random);
      SCOPED_TRACE(query.text + " / " + query.metadata + " / " +
                   (query.filters.empty() ? "" : query.filters[0].text));
      const search::Request request = Must(RequestOf(query, search::Stemming::kNone, 0));
      const Expected expected = world.Expect(caller, request);
      found += expected.ids.empty() ? 0 : 1;

      ExpectWhole(query, Must(memory.Search(op, caller, query)), expected);
      ExpectWhole(query, Must(xapian.Search(op, caller, query)), expected);
      const FoundPage some = Must(window.Search(op, caller, query));
      ExpectWithin(some, expected);
      if (some.exact) ExpectWhole(query, some, expected);
      inexact += some.exact ? 0 : 1;
    }
    EXPECT_TRUE(caller.denials().empty()) << "the index is up to date";
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(found, 150) << "refusals alone prove little";
  EXPECT_GT(inexact, 3);
}

// Page by page to the end: everything once, nothing else.
TEST(AssetSearchRights, PagesAddUpToWhatTheRulesAllow) {
  const std::uint32_t seed = 20'260'712;
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed);
  test::UnfilteringIndex unfiltering(world.bench.index);
  const Stores stores = world.bench.stack.stores();
  AssetSearch memory(stores, world.bench.index);
  AssetSearch xapian(stores, *world.xapian);
  AssetSearch window(stores, unfiltering);
  OpContext op;
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Caller caller = RandomCaller(world.random);
    SearchQuery query = RandomQuery(world.random);
    query.from = 0;
    query.size = 1 + world.random() % 20;
    const Expected expected =
        world.Expect(caller, Must(RequestOf(query, search::Stemming::kNone, 0)));
    for (AssetSearch* search : {&memory, &xapian, &window}) {
      std::multiset<std::string> seen;
      SearchQuery page_of = query;
      do {
        const FoundPage page = Must(search->Search(op, caller, page_of));
        for (std::string& id : test::IdsOf(page)) seen.insert(std::move(id));
        page_of.after = page.next;
      } while (!page_of.after.empty());
      EXPECT_EQ(seen, std::multiset<std::string>(expected.ids.begin(), expected.ids.end()));
    }
    ASSERT_FALSE(HasFailure());
  }
}

TEST(AssetSearchRights, SimpleSearchesKeepToTheRules) {
  const std::uint32_t seed = 20'260'713;
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed);
  const Stores stores = world.bench.stack.stores();
  AssetSearch memory(stores, world.bench.index);
  AssetSearch xapian(stores, *world.xapian);
  static const std::string kPatterns[] = {"", "", "Crane", "*a*", "?ump", "a1*", ".glb"};
  OpContext op;
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    Caller caller = RandomCaller(world.random);
    SimpleQuery query{.text = round % 3 == 0 ? "pump" : "",
                      .asset_name = Pick(world.random, kPatterns),
                      .asset_type = Pick(world.random, kPatterns),
                      .database_id = round % 4 == 0 ? Pick(world.random, kDatabases) : "",
                      .metadata_value = round % 5 == 0 ? "ord" : "",
                      .archived = round % 2 == 0,
                      .size = 2000};
    if (round % 3 == 1) query.tags = {"secret", "re*"};
    std::set<std::string> expected;
    for (const search::Kind kind : {search::Kind::kAsset, search::Kind::kFile})
      expected.merge(
          world.Expect(caller, Must(RequestOf(query, kind, search::Stemming::kNone))).ids);

    for (AssetSearch* search : {&memory, &xapian}) {
      const FoundPage page = Must(search->Simple(op, caller, query));
      const auto ids = test::IdsOf(page);
      EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()), expected);
      EXPECT_EQ(page.total, expected.size());
      EXPECT_TRUE(page.facets.empty());
    }
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace vams::catalog
