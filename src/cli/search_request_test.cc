#include "cli/search_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::cli {
namespace {

using boost::json::parse;
using boost::json::value;
using testing::ElementsAre;
using testing::HasSubstr;

value BodyOf(const SearchOptions& options, const char* entity = "asset") {
  auto body = SearchBody(options, entity);
  EXPECT_TRUE(body.ok()) << body.error().message;
  return body.ok() ? value(*body) : value();
}

std::string ComplaintOf(const SearchOptions& options) {
  const auto body = SearchBody(options, "asset");
  EXPECT_FALSE(body.ok());
  return body.ok() ? "" : body.error().message;
}

// What upstream's client sends when nothing is asked for; the order of members is not compared.
TEST(SearchBody, HasUpstreamsDefaults) {
  EXPECT_EQ(BodyOf({}), parse(R"({"entityTypes": ["asset"], "from": 0, "size": 100,
                                  "includeArchived": false, "explainResults": false,
                                  "includeMetadataInSearch": true, "sort": ["_score"]})"));
}

TEST(SearchBody, HasWhatWasGiven) {
  SearchOptions options{.query = "pump \"hall 7\"",
                        .metadata_query = "maker:*werk",
                        .metadata_mode = "value",
                        .sort_field = "num_filesize",
                        .filters = "num_filesize:>=100",
                        .metadata = false,
                        .explain = true,
                        .descending = true};
  options.window = {.from = 20, .size = 10, .archived = true};

  EXPECT_EQ(BodyOf(options, "file"),
            parse(R"({"entityTypes": ["file"], "from": 20, "size": 10, "includeArchived": true,
                      "explainResults": true, "includeMetadataInSearch": false,
                      "sort": [{"field": "num_filesize", "order": "desc"}],
                      "query": "pump \"hall 7\"", "metadataQuery": "maker:*werk",
                      "metadataSearchMode": "value",
                      "filters": [{"query_string": {"query": "num_filesize:>=100"}}]})"));
}

TEST(SearchBody, SortsAscendingByAFieldAndByScoreWithoutOne) {
  EXPECT_EQ(BodyOf({.sort_field = "str_key"}).at("sort"),
            parse(R"([{"field": "str_key", "order": "asc"}])"));
  EXPECT_EQ(BodyOf({.descending = true}).at("sort"), parse(R"(["_score"])"));
}

TEST(SearchBody, SendsNoModeWithoutAMetadataQuery) {
  EXPECT_FALSE(BodyOf({.metadata_mode = "key"}).as_object().contains("metadataSearchMode"));
}

TEST(SearchBody, PassesAListOfFiltersThrough) {
  const std::string list =
      R"([{"query_string": {"query": "a:b"}}, {"query_string": {"query": "c:d"}}])";
  EXPECT_EQ(BodyOf({.filters = list}).at("filters"), parse(list));
  EXPECT_EQ(BodyOf({.filters = R"({"query_string": {"query": "a:b"}})"}).at("filters"),
            parse(R"([{"query_string": {"query": "a:b"}}])"));
  EXPECT_EQ(BodyOf({.filters = R"("quoted")"}).at("filters"),
            parse(R"([{"query_string": {"query": "\"quoted\""}}])"));
}

// Sent as text, it would be refused for reasons that say nothing of the missing bracket.
TEST(SearchBody, RefusesAListThatIsNone) {
  EXPECT_THAT(ComplaintOf({.filters = R"([{"query_string": )"}), HasSubstr("--filters"));
}

TEST(SearchBody, MakesACircleOrABox) {
  EXPECT_EQ(BodyOf({.near = "60.17, -24.94", .distance = "10km"}).at("geo"),
            parse(R"({"distance": "10km", "center": {"lat": 60.17, "lon": -24.94}})"));
  EXPECT_EQ(BodyOf({.within = "-10.5,170,20,-160"}).at("geo"),
            parse(R"({"boundingBox": {"topLeft": {"lat": 20.0, "lon": 170.0},
                                      "bottomRight": {"lat": -10.5, "lon": -160.0}}})"));
}

TEST(SearchBody, RefusesPlacesThatAreNone) {
  EXPECT_THAT(ComplaintOf({.near = "60.17,24.94"}), HasSubstr("--distance"));
  EXPECT_THAT(ComplaintOf({.distance = "10km"}), HasSubstr("--near"));
  for (const char* place : {"60.17", "60.17,24.94,3", "north,east", "1e999,0", "nan,0", "60,24x"})
    EXPECT_THAT(ComplaintOf({.near = place, .distance = "1km"}), HasSubstr("LATITUDE")) << place;
  EXPECT_THAT(ComplaintOf({.within = "1,2,3"}), HasSubstr("SOUTH,WEST,NORTH,EAST"));
  EXPECT_THAT(ComplaintOf({.distance = "1km", .within = "1,2,3,4"}), HasSubstr("leave one"));
}

TEST(SimpleSearchBody, HasWhatWasGivenAndNothingElse) {
  const auto empty = SimpleSearchBody({});
  SimpleSearchOptions options{.query = "pump",
                              .asset_name = "Pump*",
                              .asset_id = "x1",
                              .asset_type = ".glb",
                              .file_key = "/a?.e57",
                              .file_extension = "e57",
                              .database = "plant",
                              .metadata_key = "maker",
                              .metadata_value = "werk",
                              .tags = "Dock A, ,Dock B",
                              .entity_types = "file,asset"};
  options.window = {.from = 3, .size = 7, .archived = true};
  const auto full = SimpleSearchBody(options);

  ASSERT_TRUE(empty.ok() && full.ok());
  EXPECT_EQ(value(*empty), parse(R"({"from": 0, "size": 100, "includeArchived": false})"));
  EXPECT_EQ(value(*full), parse(R"({"from": 3, "size": 7, "includeArchived": true, "query": "pump",
                      "assetName": "Pump*", "assetId": "x1", "assetType": ".glb",
                      "fileKey": "/a?.e57", "fileExtension": "e57", "databaseId": "plant",
                      "metadataKey": "maker", "metadataValue": "werk",
                      "tags": ["Dock A", "Dock B"], "entityTypes": ["file", "asset"]})"));
}

TEST(SimpleSearchBody, RefusesEntityTypesThatAreNone) {
  const auto body = SimpleSearchBody({.entity_types = "asset,files"});
  ASSERT_FALSE(body.ok());
  EXPECT_THAT(body.error().message, HasSubstr("\"files\""));
}

TEST(SplitAtCommas, LeavesOutBlanks) {
  EXPECT_THAT(SplitAtCommas(" a b ,,c,\t"), ElementsAre("a b", "c"));
  EXPECT_THAT(SplitAtCommas(""), ElementsAre());
}

}  // namespace
}  // namespace vams::cli
