// Telling the indexes of upstream's releases apart, by mappings as a server gives them back.
#include "migrate/index/schema.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::migrate::index {
namespace {

namespace json = boost::json;

json::object Parse(std::string_view text) { return json::parse(text).as_object(); }

Recognised Of(std::string_view mappings, std::initializer_list<std::string_view> documents = {}) {
  std::vector<json::object> sample;
  for (const auto document : documents) sample.push_back(Parse(document));
  return Recognise(Parse(mappings), {}, sample);
}

// What deployments make, and servers fill.
constexpr std::string_view kFiles24 = R"({
  "dynamic_templates": [
    {"core_strings": {"match": "str_*", "match_mapping_type": "string", "mapping":
      {"type": "text", "fields": {"keyword": {"type": "keyword"}}}}},
    {"core_numeric": {"match": "num_*", "mapping": {"type": "long"}}}],
  "properties": {
    "AB_": {"type": "flat_object"}, "MD_": {"type": "flat_object"},
    "_rectype": {"type": "keyword"}, "bool_archived": {"type": "boolean"},
    "num_filesize": {"type": "long"},
    "str_key": {"type": "text", "fields": {"keyword": {"type": "keyword"}}}}})";

TEST(SearchSchema, NewIndexesAreRecognisedAsWhatTheyAreMadeFor) {
  const std::pair<Family, Part> all[] = {{Family::kV22, Part::kBoth},
                                         {Family::kV23, Part::kAssets},
                                         {Family::kV23, Part::kFiles},
                                         {Family::kV24, Part::kAssets},
                                         {Family::kV24, Part::kFiles}};
  for (const auto& [family, part] : all) {
    const auto body = IndexBody(family, part);

    const auto found =
        Recognise(body.at("mappings").as_object(), body.at("settings").as_object(), {});

    EXPECT_EQ(found.family, family) << found.because;
    EXPECT_EQ(found.part, part) << found.because;
  }
}

TEST(SearchSchema, TellsTheFlatObjectsOf24AndWhatOf25IsInThem) {
  const auto old = Of(kFiles24);
  auto newer = Parse(kFiles24);
  newer["properties"].as_object()["str_previewfilekey"] = {{"type", "text"}};
  const auto filled = Recognise(newer, {}, {});

  EXPECT_EQ(old.family, Family::kV24);
  EXPECT_EQ(old.part, Part::kFiles);
  EXPECT_FALSE(old.has_fields_of_25);
  EXPECT_TRUE(filled.has_fields_of_25);
  EXPECT_EQ(Describe(old), "an index of files of 2.4 or 2.5");
  EXPECT_EQ(Describe(filled), "an index of files of 2.5");
}

TEST(SearchSchema, TellsTheFieldsOf23) {
  const auto found = Of(R"({"properties": {
    "MD_str_maker": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
    "MD_gp_location": {"type": "geo_point"}, "bool_has_asset_children": {"type": "boolean"},
    "str_assetid": {"type": "text", "fields": {"keyword": {"type": "keyword"}}}}})");

  EXPECT_EQ(found.family, Family::kV23);
  EXPECT_EQ(found.part, Part::kAssets);
}

TEST(SearchSchema, TellsTheSingleIndexOf22ByItsExactFormOrItsDocuments) {
  const auto by_mapping = Of(R"({"properties": {
    "_rectype": {"type": "keyword"}, "gp_location": {"type": "geo_point"},
    "str_assetname": {"type": "text", "fields": {"raw": {"type": "keyword"}}}}})");
  const auto by_document = Of(R"({"properties": {"_rectype": {"type": "text"},
                                  "str_key": {"type": "text"}}})",
                              {R"({"_rectype": "s3object", "str_key": "crane/crane.glb"})"});

  EXPECT_EQ(by_mapping.family, Family::kV22);
  EXPECT_EQ(by_document.family, Family::kV22);
  EXPECT_EQ(by_document.part, Part::kBoth);
}

TEST(SearchSchema, TellsOurOwnIndexesEvenInsideOneOfUpstreams) {
  auto joined = Parse(kFiles24);
  joined["properties"].as_object()["vams"] = {
      {"properties", {{"id", {{"type", "keyword"}}}, {"kind", {{"type", "keyword"}}}}}};

  EXPECT_EQ(Recognise(joined, {}, {}).family, Family::kOurs);
}

TEST(SearchSchema, WhatAServerMadeOfAStrayDocumentIsUnknown) {
  const std::string_view odd[] = {
      R"({})", R"({"properties": {"title": {"type": "text"}}})",
      // A document came before the index was made.
      R"({"properties": {"MD_": {"properties": {"maker": {"type": "text"}}},
                         "str_key": {"type": "text"}}})",
      // Neither of assets nor of files, and of both.
      R"({"properties": {"MD_": {"type": "flat_object"}}})",
      R"({"properties": {"MD_": {"type": "flat_object"}, "str_key": {"type": "text"},
                         "bool_isdistributable": {"type": "boolean"}}})",
      // 2.3 or 2.4, and nothing says which.
      R"({"properties": {"str_key": {"type": "text"}, "str_assetid": {"type": "text"}}})",
      // Not what a mapping looks like.
      R"({"properties": 7, "dynamic_templates": {"a": 1}})",
      R"({"properties": {"str_key": "text"}, "dynamic_templates": [1, {"a": 2}, {"b": {"match": 3}}]})"};
  for (const auto mapping : odd) {
    const auto found = Of(mapping);

    EXPECT_EQ(found.family, Family::kUnknown) << mapping;
    EXPECT_FALSE(found.because.empty()) << mapping;
  }
}

TEST(SearchSchema, NamesAreThoseOfTheDeployments) {
  EXPECT_EQ(UpstreamNames({2, 2})->assets, "assets1236");
  EXPECT_TRUE(UpstreamNames({2, 2})->one());
  EXPECT_EQ(UpstreamNames({2, 3})->files, "vams-files-v1");
  EXPECT_EQ(UpstreamNames({2, 4})->assets, "vams-assets-v2");
  EXPECT_EQ(*UpstreamNames({2, 4}), *UpstreamNames({2, 5}));
  EXPECT_EQ(UpstreamNames({3, 0}).error().code, Code::kNotSupported);
  EXPECT_EQ(AllUpstreamNames().size(), 5u);
}

}  // namespace
}  // namespace vams::migrate::index
