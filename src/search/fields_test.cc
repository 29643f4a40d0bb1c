#include "search/fields.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <string>
#include <vector>

#include "search/document.h"

namespace vams::search {
namespace {

TEST(Fields, AreNamedAsUpstreamNamesThem) {
  std::set<std::string_view> asset;
  std::set<std::string_view> file;
  unsigned masks = kMetadataMask;
  for (const Field& field : Fields()) {
    if (field.asset) asset.insert(field.name);
    if (field.file) file.insert(field.name);
    EXPECT_EQ(field.weight != 0, field.mask != 0) << field.name;
    EXPECT_EQ(masks & field.mask, 0u) << field.name << " shares its bit";
    masks |= field.mask;
  }

  EXPECT_EQ(asset, (std::set<std::string_view>{"str_databaseid",
                                               "str_assetid",
                                               "str_assetname",
                                               "str_description",
                                               "str_assettype",
                                               "str_bucketid",
                                               "str_bucketname",
                                               "str_bucketprefix",
                                               "bool_isdistributable",
                                               "list_tags",
                                               "str_asset_version_id",
                                               "date_asset_version_createdate",
                                               "str_asset_version_comment",
                                               "str_assetlocationkey",
                                               "str_previewfilekey",
                                               "bool_has_asset_children",
                                               "bool_has_asset_parents",
                                               "bool_has_assets_related",
                                               "bool_archived",
                                               "MD_"}));
  EXPECT_EQ(file, (std::set<std::string_view>{
                      "str_key", "str_databaseid", "str_assetid", "str_assetname", "str_bucketid",
                      "str_bucketname", "str_bucketprefix", "str_fileext", "num_filesize",
                      "date_lastmodified", "str_etag", "str_s3_version_id", "str_previewfilekey",
                      "list_tags", "bool_archived", "MD_", "AB_"}));
}

TEST(Fields, TypesFollowFromPrefixes) {
  EXPECT_EQ(TypeOf("str_assetname"), FieldType::kText);
  EXPECT_EQ(TypeOf("list_other"), FieldType::kText);
  EXPECT_EQ(TypeOf("num_other"), FieldType::kNumber);
  EXPECT_EQ(TypeOf("bool_x"), FieldType::kBool);
  EXPECT_EQ(TypeOf("date_x"), FieldType::kDate);
  EXPECT_EQ(TypeOf("AB_"), FieldType::kFlat);
  for (const char* name : {"", "_rectype", "foo", "str_", "MD_x", "md_"})
    EXPECT_FALSE(TypeOf(name)) << name;
}

TEST(Fields, ReferencesMayNameKeys) {
  EXPECT_EQ(ParseFieldRef("str_key"), (FieldRef{.name = "str_key"}));
  EXPECT_EQ(ParseFieldRef("MD_"), (FieldRef{.name = "MD_"}));
  EXPECT_EQ(ParseFieldRef("MD_._value"), (FieldRef{.name = "MD_"}));
  EXPECT_EQ(ParseFieldRef("AB_.a.b"), (FieldRef{.name = "AB_", .key = "a.b"}));
  EXPECT_EQ(ParseFieldRef("MD_str_x"), (FieldRef{.name = "MD_str_x"}));
}

TEST(Fields, TextFormsGiveBackWhatWasTyped) {
  const auto text = [](std::string_view json) { return TextForm(boost::json::parse(json)); };
  EXPECT_EQ(text("\"007\""), "007");
  EXPECT_EQ(text("7"), "7");
  EXPECT_EQ(text("-3.5"), "-3.5");
  EXPECT_EQ(text("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(text("true"), "true");
  EXPECT_EQ(text("null"), std::nullopt);
  EXPECT_EQ(text("[1]"), std::nullopt);
}

TEST(Fields, NumbersAndInstants) {
  const auto number = [](std::string_view json, std::string_view name) {
    return NumberOf(boost::json::parse(json).get_object(), *FindField(name));
  };
  EXPECT_EQ(number(R"({"num_filesize": 12})", "num_filesize"), 12);
  EXPECT_EQ(number(R"({"num_filesize": 1.9})", "num_filesize"), 1);
  EXPECT_EQ(number(R"({"num_filesize": 1e300})", "num_filesize"), std::nullopt);
  EXPECT_EQ(number(R"({"num_filesize": "12"})", "num_filesize"), std::nullopt);
  EXPECT_EQ(number(R"({"date_lastmodified": "1970-01-01T00:00:01+00:00"})", "date_lastmodified"),
            1000);
  EXPECT_EQ(number(R"({"date_lastmodified": 5})", "date_lastmodified"), 5);
  EXPECT_EQ(number(R"({})", "date_lastmodified"), std::nullopt);
}

TEST(Fields, MappingIsOfTheKindWithItsDynamicFields) {
  const std::vector<std::string> dynamic = {"num_weight", "str_color", "odd"};
  const boost::json::object asset = Mapping(Kind::kAsset, dynamic);
  const boost::json::object& properties = asset.at("properties").as_object();

  EXPECT_EQ(boost::json::serialize(properties.at("str_assetname")),
            R"({"type":"text","fields":{"keyword":{"type":"keyword"}}})");
  EXPECT_EQ(properties.at("date_asset_version_createdate").at("type"), "date");
  EXPECT_EQ(properties.at("MD_").at("type"), "flat_object");
  EXPECT_EQ(properties.at("num_weight").at("type"), "long");
  EXPECT_EQ(properties.at("str_color").at("type"), "text");
  EXPECT_FALSE(properties.contains("odd"));
  EXPECT_FALSE(properties.contains("num_filesize"));
  EXPECT_EQ(asset.at("dynamic_templates").as_array().size(), 5u);
  EXPECT_EQ(asset.at("dynamic_templates").at(0).as_object().begin()->value().at("match"), "str_*");
  EXPECT_TRUE(Mapping(Kind::kFile, {}).at("properties").as_object().contains("AB_"));
}

TEST(Document, DigestIsOverAllOfIt) {
  Document document{.id = "a", .source = {{"x", 1}, {"y", {1, 2}}}, .access = {.database = "d"}};
  const std::uint64_t digest = Digest(document);
  Document other = document;
  other.source = {{"y", {1, 2}}, {"x", 1U}};
  EXPECT_EQ(Digest(other), digest);

  const auto differs = [&](auto change) {
    Document changed = document;
    change(changed);
    return Digest(changed) != digest;
  };
  EXPECT_TRUE(differs([](Document& d) { d.kind = Kind::kFile; }));
  EXPECT_TRUE(differs([](Document& d) { d.id = "b"; }));
  EXPECT_TRUE(differs([](Document& d) { d.source["x"] = "1"; }));
  EXPECT_TRUE(differs([](Document& d) { d.source["y"] = {2, 1}; }));
  EXPECT_TRUE(differs([](Document& d) { d.access.asset_type = "folder"; }));
  EXPECT_TRUE(differs([](Document& d) { d.access.tags = {"t"}; }));
  EXPECT_TRUE(differs([](Document& d) { d.asset_name = "n"; }));
  EXPECT_TRUE(differs([](Document& d) { d.archived = true; }));
  EXPECT_TRUE(differs([](Document& d) { d.place = Box::Of({1, 2}); }));
}

}  // namespace
}  // namespace vams::search
