// Which documents a condition finds: every operator of expression.h, filters as clients write them,
// kinds, archived documents, places.
#include <string>
#include <vector>

#include "search/conformance.h"
#include "search/query_string.h"

namespace vams::search::conformance {
namespace {

using Op = Expression::Op;

std::vector<Document> Library() {
  Document north = Asset("my-db", "north", {{"str_assetname", "North Tower"}});
  north.place = Box::Of({.lat = 59.3, .lon = 18.1});
  Document pacific = Asset("my-db", "pacific", {{"str_assetname", "Pacific Cable"}});
  pacific.place = Box{.south = -10, .north = 10, .west = 170, .east = -170};
  return {
      Asset("my-db", "pump",
            {{"str_assetname", "Feed Pump-01"},
             {"str_description", "A red pump for water"},
             {"str_assettype", ".glb"},
             {"list_tags", {"tag one", "Red"}},
             {"bool_has_asset_children", true},
             {"date_asset_version_createdate", "2024-05-01T10:00:00"},
             {"MD_", {{"maker", "Acme Inc"}, {"weight", 12.5}, {"size", "007"}, {"ok", true}}}}),
      Asset("my-db-2", "valve",
            {{"str_assetname", "Ball valve"},
             {"str_description", "water, for the red pump"},
             {"str_assettype", "folder"},
             {"list_tags", {"tag two"}},
             {"bool_has_asset_children", false},
             {"MD_", {{"maker", "acme"}, {"nested", {{"inner", "deep"}}}, {"none", nullptr}}}}),
      File("my-db", "pump", "/models/pump.glb",
           {{"str_assetname", "Feed Pump-01"},
            {"num_filesize", 1000},
            {"date_lastmodified", "2024-12-31T23:30:00+00:00"},
            {"AB_", {{"units", "mm"}}}}),
      File("my-db", "pump", "/notes*.txt",
           {{"num_filesize", 20}, {"date_lastmodified", "2025-01-01T00:00:00+00:00"}}),
      std::move(north),
      std::move(pacific),
  };
}

const std::string kPump = "my-db#pump";
const std::string kValve = "my-db-2#valve";
const std::string kGlb = "my-db#pump#/models/pump.glb";
const std::string kNotes = "my-db#pump#/notes*.txt";
const std::string kNorth = "my-db#north";
const std::string kPacific = "my-db#pacific";

Expression On(Op op, std::string_view field, std::vector<std::string> texts, Form form) {
  return {.op = op, .fields = {ParseFieldRef(field)}, .texts = std::move(texts), .form = form};
}

}  // namespace

TEST_P(IndexConformance, EveryOperatorFindsWhatItSays) {
  Put(Library());
  const std::vector<Document> library = Library();
  std::vector<Expression> cases = {
      Expression::All(),
      Expression::None(),
      Expression::OfKind(Kind::kFile),
      On(Op::kEquals, "str_assettype", {".glb", "none"}, Form::kWhole),
      On(Op::kEquals, "str_assetname", {"feed pump-01"}, Form::kWhole),
      On(Op::kEquals, "str_assetname", {"feed pump-01"}, Form::kWholeFolded),
      On(Op::kEquals, "str_assetname", {"pump"}, Form::kTokens),
      On(Op::kEquals, "list_tags", {"Red"}, Form::kWhole),
      On(Op::kEquals, "list_tags", {"one"}, Form::kTokens),
      On(Op::kEquals, "bool_has_asset_children", {"false"}, Form::kWhole),
      On(Op::kEquals, "MD_.maker", {"acme"}, Form::kWhole),
      On(Op::kEquals, "MD_.maker", {"acme"}, Form::kTokens),
      On(Op::kEquals, "MD_.weight", {"12.5"}, Form::kWhole),
      On(Op::kEquals, "MD_.size", {"7"}, Form::kWhole),
      On(Op::kEquals, "MD_._value", {"true", "deep"}, Form::kWhole),
      On(Op::kEquals, "MD_.nested.inner", {"deep"}, Form::kWhole),
      On(Op::kEquals, "_id", {kGlb}, Form::kWhole),
      On(Op::kPhrase, "str_description", {"red", "pump"}, Form::kTokens),
      On(Op::kPhrase, "str_description", {"pump", "red"}, Form::kTokens),
      On(Op::kPhrase, "list_tags", {"one", "red"}, Form::kTokens),
      On(Op::kPattern, "str_assetname", {"p?mp"}, Form::kTokens),
      On(Op::kPattern, "str_assetname", {"*feed*01"}, Form::kTokens),
      On(Op::kPattern, "str_assetname", {"*Feed*01"}, Form::kWhole),
      On(Op::kPattern, "str_assetname", {"*feed*0?"}, Form::kWholeFolded),
      On(Op::kPattern, "str_key", {R"(*notes\**)"}, Form::kWhole),
      On(Op::kPattern, "MD_.maker", {"A*c*"}, Form::kWhole),
      On(Op::kContains, "str_assetname", {"um"}, Form::kTokens),
      On(Op::kContains, "str_assetname", {"d p"}, Form::kTokens),
      On(Op::kContains, "str_assetname", {"d P"}, Form::kWhole),
      On(Op::kContains, "MD_._value", {"cme"}, Form::kWhole),
      On(Op::kPrefix, "str_assetname", {"val"}, Form::kTokens),
      On(Op::kPrefix, "str_assetname", {"val"}, Form::kWholeFolded),
      On(Op::kPrefix, "str_assetname", {"ball"}, Form::kWholeFolded),
      On(Op::kPrefix, "MD_.maker", {"Acme"}, Form::kWhole),
      Expression::Fuzzy({{"str_assetname"}}, "pmup", 1),
      Expression::Fuzzy({{"str_assetname"}}, "vlav", 1),
      Expression::Fuzzy({{"str_assetname"}}, "vavle", 2),
      Expression::Exists({{"MD_", "maker"}}),
      Expression::Exists({{"MD_", "none"}}),
      Expression::Exists({{"MD_"}}),
      Expression::Exists({{"MD_", "*er", true}}),
      Expression::Exists({{"MD_", "w?ight", true}, {"AB_", "u*", true}}),
      Expression::Exists({{"num_filesize"}}),
      Expression::Exists({{"str_nothing"}}),
  };
  Expression slop = On(Op::kPhrase, "str_description", {"water", "red"}, Form::kTokens);
  for (const unsigned most : {0U, 1U, 2U, 3U}) {
    slop.slop = most;
    cases.push_back(slop);
  }
  const std::size_t singles = cases.size();
  for (std::size_t i = 0; i + 1 < singles; ++i) {
    cases.push_back(
        {.op = Op::kAnd, .parts = {cases[i], {.op = Op::kNot, .parts = {cases[i + 1]}}}});
    cases.push_back({.op = Op::kOr, .parts = {cases[i], cases[i + 1]}});
  }

  for (std::size_t i = 0; i < cases.size(); ++i) {
    IdSet expected;
    for (const Document& document : library)
      if (Matches(cases[i], document)) expected.insert(document.id);
    EXPECT_EQ(Found(cases[i]), expected) << "case " << i;
  }
}

// The definition itself is held by expression_test.cc; here whole filters are, as clients send
// them.
TEST_P(IndexConformance, FiltersOfClients) {
  Put(Library());
  const IdSet none;
  const struct {
    std::string_view query;
    IdSet expected;
  } cases[] = {
      {R"((str_databaseid:("my-db-2")))", {kValve}},
      {R"((str_databaseid:("my-db")))", {kPump, kGlb, kNotes, kNorth, kPacific}},
      {R"((str_assettype:("folder" OR ".glb")))", {kPump, kValve}},
      {R"(str_assettype.keyword:"folder")", {kValve}},
      {R"((list_tags:("tag one")))", {kPump}},
      {R"((list_tags:("tag")))", none},
      {R"((bool_has_asset_children:true))", {kPump}},
      {"num_filesize:[0 TO 1000]", {kGlb, kNotes}},
      {"num_filesize:[0 TO 1000}", {kNotes}},
      {"num_filesize:{20 TO *]", {kGlb}},
      {"num_filesize:>=1000", {kGlb}},
      {"num_filesize:<1000", {kNotes}},
      {"date_lastmodified:[2024-01-01 TO 2024-12-31]", {kGlb}},
      {"date_lastmodified:>2024-12-31", {kNotes}},
      {"date_lastmodified:<=2024", {kGlb}},
      {"str_assetname:*ump*", {kPump, kGlb}},
      {R"(str_assetname:"feed pump")", {kPump, kGlb}},
      {R"(str_description:"pump red")", none},
      {"str_key:?odels", {kGlb}},
      {R"(str_key.keyword:\/notes\*.txt)", {kNotes}},
      {"str_assettype:folder AND MD_.maker:acme OR NOT str_assetname:*", {kValve, kNotes}},
      {"_exists_:MD_.weight", {kPump}},
      {R"(MD_.maker:"Acme Inc")", {kPump}},
      {"MD_.maker:Acme*", {kPump}},
      {"AB_.units:mm", {kGlb}},
      {"MD_.weight:[10 TO 20]", {kPump}},
      {"pump", {kPump, kValve, kGlb, kNotes}},
      {"str_nothing:x", none},
      {"*:*", {kPump, kValve, kGlb, kNotes, kNorth, kPacific}},
  };

  for (const auto& one : cases) EXPECT_EQ(FoundByQuery(one.query), one.expected) << one.query;
}

TEST_P(IndexConformance, MetadataQueriesAndParameters) {
  Put(Library());
  const auto metadata = [&](std::string_view query, MetadataMode mode) {
    return Found(Must(ParseMetadataQuery(query, mode)));
  };

  EXPECT_EQ(metadata("MD_str_maker:acme", MetadataMode::kBoth), IdSet({kValve}));
  EXPECT_EQ(metadata("maker:A*", MetadataMode::kBoth), IdSet({kPump}));
  EXPECT_EQ(metadata("maker:acme OR size:007", MetadataMode::kBoth), IdSet({kPump, kValve}));
  EXPECT_EQ(metadata("ok:true AND weight:12.5", MetadataMode::kBoth), IdSet({kPump}));
  EXPECT_EQ(metadata("AB_units:mm", MetadataMode::kBoth), IdSet({kGlb}));
  EXPECT_EQ(metadata("maker", MetadataMode::kKey), IdSet({kPump, kValve}));
  EXPECT_EQ(metadata("we*", MetadataMode::kKey), IdSet({kPump}));
  EXPECT_EQ(metadata("cme", MetadataMode::kValue), IdSet({kPump, kValve}));
  EXPECT_EQ(metadata("cme", MetadataMode::kBoth), IdSet());
  EXPECT_EQ(metadata("acme", MetadataMode::kBoth), IdSet({kValve}));
  EXPECT_EQ(metadata("units", MetadataMode::kBoth), IdSet({kGlb}));
  EXPECT_EQ(Found(Must(SimpleParameter("str_assetname", "Ball valve"))), IdSet({kValve}));
  EXPECT_EQ(Found(Must(SimpleParameter("str_assetname", "ball valve"))), IdSet());
  EXPECT_EQ(Found(Must(SimpleParameter("str_assetname", "PUM*"))), IdSet({kPump, kGlb}));
  EXPECT_EQ(Found(Must(SimpleParameter("str_key", "/models/*"))), IdSet({kGlb}));
}

TEST_P(IndexConformance, KindsAndArchivedDocuments) {
  Put({Asset("db", "a"), File("db", "a", "/x"), Asset("db", "b", {{"bool_archived", true}}),
       File("db", "b", "/y", {{"bool_archived", true}})});
  Request request{.sort = {{"_id"}}};

  EXPECT_EQ(Hits(request), Ids({"db#a", "db#a#/x"}));
  request.include_archived = true;
  EXPECT_EQ(Hits(request), Ids({"db#a", "db#a#/x", "db#b", "db#b#/y"}));
  request.kinds = KindSet::kFiles;
  EXPECT_EQ(Hits(request), Ids({"db#a#/x", "db#b#/y"}));
  request.kinds = KindSet::kAssets;
  EXPECT_EQ(Hits(request), Ids({"db#a", "db#b"}));
}

TEST_P(IndexConformance, PlacesInBoxesAndCircles) {
  Put(Library());
  const auto box = [&](double south, double north, double west, double east) {
    return Found({.op = Op::kGeoBox, .box = {south, north, west, east}});
  };
  const auto circle = [&](Point center, double metres) {
    return Found({.op = Op::kGeoDistance, .center = center, .metres = metres});
  };

  EXPECT_EQ(box(59, 60, 18, 19), IdSet({kNorth}));
  EXPECT_EQ(box(59.3, 59.3, 18.1, 18.1), IdSet({kNorth}));
  EXPECT_EQ(box(-90, 90, -180, 180), IdSet({kNorth, kPacific}));
  EXPECT_EQ(box(-1, 1, -175, -160), IdSet({kPacific}));
  EXPECT_EQ(box(-1, 1, 160, 171), IdSet({kPacific}));
  EXPECT_EQ(box(-1, 1, -160, 160), IdSet());
  EXPECT_EQ(box(-1, 1, 178, -178), IdSet({kPacific}));
  EXPECT_EQ(circle({59.3, 18.0}, 6000), IdSet({kNorth}));
  EXPECT_EQ(circle({59.3, 18.0}, 5000), IdSet());
  EXPECT_EQ(circle({0, -169}, 112'000), IdSet({kPacific}));
  EXPECT_EQ(circle({0, -169}, 110'000), IdSet());

  Put({Asset("my-db", "north")});
  EXPECT_EQ(box(-90, 90, -180, 180), IdSet({kPacific}));
}

}  // namespace vams::search::conformance
