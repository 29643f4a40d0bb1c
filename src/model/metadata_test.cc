#include "model/metadata.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>

namespace vams::model {
namespace {

namespace json = boost::json;

// The report about a body, or the value as `show` has it.
template <typename Value>
std::string ReadAs(Value (*read)(const json::object&, Problems&), const std::string& body,
                   const std::function<std::string(const Value&)>& show) {
  Problems problems;
  const Value value = read(json::parse(body).get_object(), problems);
  return problems.empty() ? show(value) : problems.Text("Model");
}

std::string Shown(const std::vector<MetadataItem>& items) {
  std::string text;
  for (const MetadataItem& item : items)
    text += fmt::format("{}={} ({}) ", item.key, item.value, ValueTypeName(item.type));
  return text;
}

std::string Create(const std::string& body) {
  return ReadAs<MetadataCreate>(ReadMetadataCreate, body,
                                [](const auto& read) { return Shown(read.items); });
}

std::string CreateOne(const std::string& members) {
  return Create(R"({"metadata":[{"metadataKey":"k",)" + members + "}]}");
}

std::string Update(const std::string& body) {
  return ReadAs<MetadataUpdate>(ReadMetadataUpdate, body, [](const auto& read) {
    return (read.replace_all ? "all: " : "some: ") + Shown(read.items);
  });
}

std::string UpdateAs(const std::string& type) {
  return Update(R"({"metadata":[{"metadataKey":"k","metadataValue":"v"}],"updateType":)" + type +
                "}");
}

std::string Delete(const std::string& body) {
  return ReadAs<MetadataDelete>(ReadMetadataDelete, body, [](const auto& read) {
    std::string text;
    for (const std::string& key : read.keys) text += key + " ";
    return text;
  });
}

std::string CreateForFile(const std::string& body) {
  return ReadAs<FileMetadata<MetadataCreate>>(ReadFileMetadataCreate, body, [](const auto& read) {
    return fmt::format("{} of {}: {}", FileMetadataKindName(read.file.kind), read.file.path,
                       Shown(read.body.items));
  });
}

// Vectors 21, 23 and section 1.5: a scalar is its text.
TEST(ReadMetadataCreate, WritesScalarsAsText) {
  EXPECT_EQ(CreateOne(R"("metadataValue":45.50,"metadataValueType":"number")"), "k=45.5 (number) ");
  EXPECT_EQ(CreateOne(R"("metadataValue":true,"metadataValueType":"boolean")"),
            "k=True (boolean) ");
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"false", "False"},
      {"7", "7"},
      {"-12", "-12"},
      {"18446744073709551615", "18446744073709551615"},
      {"1e3", "1000.0"},
      {"-0.0", "-0.0"},
      {"1e15", "1000000000000000.0"},
      {"1e16", "1e+16"},
      {"1e-7", "1e-07"},
      {"0.0001", "0.0001"},
      {"1.5e300", "1.5e+300"},
  };
  for (const auto& [sent, kept] : texts)
    EXPECT_EQ(CreateOne(R"("metadataValue":)" + sent), "k=" + kept + " (string) ");
}

TEST(ReadMetadataCreate, ReadsTypesInAnyCaseAndStringWithoutOne) {
  EXPECT_EQ(CreateOne(R"("metadataValue":"{\"x\":1,\"y\":2,\"z\":3}","metadataValueType":"XYZ")"),
            R"(k={"x":1,"y":2,"z":3} (xyz) )");
  EXPECT_EQ(CreateOne(R"("metadataValue":"v")"), "k=v (string) ");
}

// Vectors 101 and 102.
TEST(ReadMetadataCreate, RefusesUnknownTypesAndValuesThatAreNoScalar) {
  for (const char* type : {R"("integer")", R"("text")", R"("float")", R"("")", "null", "[]"})
    EXPECT_NE(CreateOne(fmt::format(R"("metadataValue":"5","metadataValueType":{})", type))
                  .find("\nmetadata -> 0 -> metadataValueType\n"),
              std::string::npos)
        << type;
  for (const char* value : {"null", "{}", "[]"})
    EXPECT_NE(CreateOne(fmt::format(R"("metadataValue":{})", value))
                  .find("\nmetadata -> 0 -> metadataValue\n"),
              std::string::npos)
        << value;
}

// Vectors 103 and 104; lengths are code points.
TEST(ReadMetadataCreate, TakesKeysOfOneTo256Characters) {
  const auto with_key = [](const std::string& key) {
    return Create(json::serialize(json::object{
        {"metadata", json::array{json::object{{"metadataKey", key}, {"metadataValue", "v"}}}}}));
  };
  std::string umlauts;
  for (int i = 0; i < 256; ++i) umlauts += "ü";

  EXPECT_EQ(with_key(" "), " =v (string) ");
  EXPECT_EQ(with_key(umlauts), umlauts + "=v (string) ");
  EXPECT_NE(with_key(umlauts + "x").find("limit_value=256"), std::string::npos);
  EXPECT_NE(with_key("").find("limit_value=1"), std::string::npos);
}

// The example of section 1.4: three entries, in this order.
TEST(ReadMetadataCreate, ReportsTheItemAndTheListAsAWhole) {
  const std::string report =
      Create(R"({"metadata":[{"metadataKey":"","metadataValue":"x","metadataValueType":"xyz"}]})");

  EXPECT_EQ(report.find("3 validation errors for Model\nmetadata -> 0 -> metadataKey\n  "), 0U)
      << report;
  EXPECT_LT(report.find("\nmetadata -> 0 -> __root__\n  a value of type xyz is not JSON"),
            report.find("\n__root__\n"));
  EXPECT_NE(report.find("\n__root__\n"), std::string::npos) << report;
}

TEST(ReadMetadataCreate, RefusesAMissingEmptyOrForeignList) {
  for (const char* body : {"{}", R"({"metadata":null})", R"({"metadata":[]})", R"({"metadata":{}})",
                           R"({"metadata":"x"})", R"({"metadata":["x"]})"})
    EXPECT_NE(Create(body).find("validation error"), std::string::npos) << body;
}

TEST(ReadMetadataCreate, RefusesValuesOfMoreThan400Kilobytes) {
  const auto of = [](std::size_t size) {
    return CreateOne(R"("metadataValue":")" + std::string(size, 'x') + "\"");
  };
  EXPECT_EQ(of(kMetadataValueMax).find("k=x"), 0U);
  EXPECT_NE(of(kMetadataValueMax + 1).find("limit_value=409600"), std::string::npos);
}

// B5 and B6.
TEST(ReadMetadataUpdate, ReadsTheKindOfUpdateInAnyCase) {
  EXPECT_EQ(Update(R"({"metadata":[{"metadataKey":"k","metadataValue":"v"}]})"),
            "some: k=v (string) ");
  EXPECT_EQ(UpdateAs(R"("Update")"), "some: k=v (string) ");
  EXPECT_EQ(UpdateAs(R"("Replace_ALL")"), "all: k=v (string) ");
  for (const char* type : {R"("merge")", "null", R"("")", R"("replace-all")"})
    EXPECT_NE(UpdateAs(type).find("\nupdateType\n"), std::string::npos) << type;
}

// B9.
TEST(ReadMetadataUpdate, ReplacesWithAtMost500Items) {
  const auto of = [](int count, const char* type) {
    json::array items;
    for (int i = 0; i < count; ++i)
      items.push_back(json::object{{"metadataKey", fmt::format("k{}", i)}, {"metadataValue", ""}});
    return Update(json::serialize(json::object{{"metadata", items}, {"updateType", type}}));
  };
  EXPECT_EQ(of(500, "replace_all").find("all: "), 0U);
  EXPECT_NE(of(501, "replace_all").find("limit_value=500"), std::string::npos);
  EXPECT_EQ(of(501, "update").find("some: "), 0U);
}

TEST(ReadMetadataDelete, NeedsAKey) {
  EXPECT_EQ(Delete(R"({"metadataKeys":["a","",7]})"), "a  7 ");
  for (const char* body : {"{}", R"({"metadataKeys":[]})", R"({"metadataKeys":null})",
                           R"({"metadataKeys":"a"})", R"({"metadataKeys":[null]})"})
    EXPECT_NE(Delete(body).find("validation error"), std::string::npos) << body;
}

TEST(ReadFileMetadata, NeedsAPathAndTheKind) {
  const auto of = [](const std::string& members, const std::string& type) {
    return CreateForFile("{" + members +
                         R"("metadata":[{"metadataKey":"k","metadataValue":"5",)"
                         R"("metadataValueType":")" +
                         type + "\"}]}");
  };
  EXPECT_EQ(of(R"("filePath":"a/b","type":"metadata",)", "number"),
            "metadata of a/b: k=5 (number) ");
  EXPECT_EQ(of(R"("filePath":"a/b","type":"attribute",)", "STRING"),
            "attribute of a/b: k=5 (string) ");
  for (const char* members :
       {R"("type":"metadata",)", R"("filePath":"a/b",)", R"("filePath":"a/b","type":"Metadata",)",
        R"("filePath":null,"type":"metadata",)", R"("filePath":"a/b","type":null,)"})
    EXPECT_NE(of(members, "string").find("validation error"), std::string::npos) << members;
  // Vector 105, B18.
  EXPECT_NE(of(R"("filePath":"a/b","type":"attribute",)", "number")
                .find("\nmetadata -> 0 -> metadataValueType\n"),
            std::string::npos);
}

TEST(ReadFileMetadata, ReadsUpdatesAndDeletionsToo) {
  Problems problems;
  const auto update = ReadFileMetadataUpdate(
      json::parse(R"({"filePath":"/a","type":"attribute","updateType":"replace_all",)"
                  R"("metadata":[{"metadataKey":"k","metadataValue":"v"}]})")
          .get_object(),
      problems);
  const auto deletion = ReadFileMetadataDelete(
      json::parse(R"({"filePath":"/a","type":"metadata","metadataKeys":["k"]})").get_object(),
      problems);

  EXPECT_TRUE(problems.empty()) << problems.Text("Model");
  EXPECT_TRUE(update.body.replace_all);
  EXPECT_EQ(update.file.kind, FileMetadataKind::kAttribute);
  EXPECT_EQ(deletion.body.keys, std::vector<std::string>{"k"});
}

// B15 and B16.
TEST(NormalFilePath, AddsTheSlashAndTakesTheAssetOff) {
  const auto normal = [](std::string_view path) {
    const auto result = NormalFilePath("xq7-crane-01", path);
    return result.ok() ? *result : "refused";
  };
  EXPECT_EQ(normal("cad/boom.glb"), "/cad/boom.glb");
  EXPECT_EQ(normal("/cad/boom.glb"), "/cad/boom.glb");
  EXPECT_EQ(normal("/xq7-crane-01/cad/boom.glb"), "/cad/boom.glb");
  EXPECT_EQ(normal("xq7-crane-01/b"), "/b");
  EXPECT_EQ(normal("/xq7-crane-012/b"), "/xq7-crane-012/b");
  EXPECT_EQ(normal("/ab"), "/ab");
  for (const char* path : {"", "/", "cad/", "/x", "x", "/a..b", "/a\nb"})
    EXPECT_EQ(normal(path), "refused") << path;
}

}  // namespace
}  // namespace vams::model
