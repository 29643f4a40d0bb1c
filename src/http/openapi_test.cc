#include "http/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>
#include <string_view>

namespace vams::http {
namespace {

namespace json = boost::json;
using testing::ElementsAre;

Result<Response> Nothing(const Request&, OpContext&) { return Message(200, "well"); }

Route MakeRoute(Verb verb, std::string path, std::string id, std::string security = "role") {
  return {.verb = verb,
          .path = std::move(path),
          .id = std::move(id),
          .handle = Nothing,
          .summary = "What it does",
          .tag = "assets",
          .security = std::move(security)};
}

Routes Table() {
  Routes routes;
  routes.Add(MakeRoute(Verb::kPut, "/database/{databaseId}", "putDatabase"));
  routes.Add(MakeRoute(Verb::kGet, "/database/{databaseId}", "getDatabase"));
  routes.Add(MakeRoute(Verb::kGet, "/database/{databaseId}/assets/{assetId}", "getAsset"));
  routes.Add(MakeRoute(Verb::kDelete, "/database/{id}/assets/{asset}", "deleteAsset"));
  routes.Add(MakeRoute(Verb::kGet, "/files/{path+}", "getFile", "token"));
  routes.Add(MakeRoute(Verb::kGet, "/files/{path}", "getOneFile", "token"));
  routes.Add(MakeRoute(Verb::kGet, "/healthz", "health", "none"));
  routes.Add(MakeRoute(Verb::kGet, "/", "root", "none"));
  return routes;
}

json::value Document(const Routes& routes) {
  return OpenApiDocument(routes, {.title = "vams", .version = "2.5.1", .description = "d"});
}

std::vector<std::string> Keys(const json::value& object) {
  std::vector<std::string> keys;
  for (const auto& member : object.as_object()) keys.emplace_back(member.key());
  return keys;
}

std::set<std::string> NamesInTemplate(std::string_view path) {
  std::set<std::string> names;
  for (auto at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1))
    names.emplace(path.substr(at + 1, path.find('}', at) - at - 1));
  return names;
}

TEST(OpenApi, HoldsEveryRouteOnceWithTheParametersOfItsPath) {
  const Routes routes = Table();
  const json::value document = Document(routes);
  std::map<std::string, int> seen;
  for (const auto& [path, item] : document.at("paths").as_object())
    for (const auto& [verb, operation] : item.as_object()) {
      ++seen[std::string(operation.at("operationId").as_string())];
      std::set<std::string> names;
      if (const json::value* parameters = operation.as_object().if_contains("parameters"))
        for (const json::value& parameter : parameters->as_array()) {
          EXPECT_EQ(parameter.at("in").as_string(), "path");
          EXPECT_TRUE(parameter.at("required").as_bool());
          names.emplace(parameter.at("name").as_string());
        }
      EXPECT_EQ(names, NamesInTemplate(path)) << path;
      EXPECT_TRUE(FindVerb(verb == "get"      ? "GET"
                           : verb == "put"    ? "PUT"
                           : verb == "delete" ? "DELETE"
                                              : ""))
          << verb;
    }
  EXPECT_EQ(seen.size(), routes.all().size());
  for (const auto& [id, count] : seen) EXPECT_EQ(count, 1) << id;
}

TEST(OpenApi, OrdersPathsAndVerbsAndMergesOtherNames) {
  const json::value document = Document(Table());
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  EXPECT_THAT(Keys(document.at("paths")),
              ElementsAre("/", "/database/{databaseId}", "/database/{databaseId}/assets/{assetId}",
                          "/files/{path}", "/files/{path+}", "/healthz"));
  EXPECT_THAT(Keys(document.at("paths").at("/database/{databaseId}")), ElementsAre("get", "put"));
  EXPECT_THAT(Keys(document.at("paths").at("/database/{databaseId}/assets/{assetId}")),
              ElementsAre("get", "delete"));
}

// The order in which modules add their routes is no property of the interface.
TEST(OpenApi, IsTheSameTextForTheSameRoutesInAnyOrder) {
  Routes backwards;
  const Routes table = Table();
  for (std::size_t i = table.all().size(); i-- > 0;) backwards.Add(table.all()[i]);
  EXPECT_EQ(json::serialize(Document(backwards)), json::serialize(Document(table)));
}

TEST(OpenApi, SaysWhatACallerNeedsAndWhichErrorsFollow) {
  const json::value document = Document(Table());
  const json::value& open = document.at("paths").at("/healthz").at("get");
  EXPECT_TRUE(open.at("security").as_array().empty());
  EXPECT_EQ(open.at("x-access").as_string(), "none");
  EXPECT_THAT(Keys(open.at("responses")), ElementsAre("2XX", "400", "404", "429", "500", "503"));
  const json::value& token = document.at("paths").at("/files/{path+}").at("get");
  EXPECT_EQ(json::serialize(token.at("security")), R"([{"token":[]}])");
  EXPECT_TRUE(token.at("responses").as_object().contains("401"));
  EXPECT_FALSE(token.at("responses").as_object().contains("403"));
  const json::value& role = document.at("paths").at("/database/{databaseId}").at("put");
  EXPECT_EQ(role.at("x-access").as_string(), "role");
  EXPECT_EQ(role.at("summary").as_string(), "What it does");
  EXPECT_EQ(json::serialize(role.at("tags")), R"(["assets"])");
  EXPECT_TRUE(role.at("responses").as_object().contains("403"));
}

TEST(OpenApi, RefersOnlyToWhatIsThere) {
  const json::value document = Document(Table());
  int references = 0;
  const auto walk = [&](const auto& self, const json::value& value) -> void {
    if (const json::object* object = value.if_object()) {
      for (const auto& member : *object) {
        if (member.key() == "$ref") {
          ++references;
          const std::string_view target = member.value().as_string();
          boost::system::error_code error;
          EXPECT_NE(document.find_pointer(target.substr(1), error), nullptr) << target;
        }
        self(self, member.value());
      }
    } else if (const json::array* array = value.if_array()) {
      for (const json::value& element : *array) self(self, element);
    }
  };
  walk(walk, document);
  EXPECT_GT(references, 20);
  EXPECT_TRUE(document.at("components").at("securitySchemes").as_object().contains("token"));
  EXPECT_EQ(json::serialize(document.at("tags")), R"([{"name":"assets"}])");
}

}  // namespace
}  // namespace vams::http
