#include "migrate/remote/reindex.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "migrate/naive_engine_test.h"
#include "migrate/remote/policy.h"
#include "migrate/remote/remote_target_test.h"

namespace vams::migrate::remote::test {
namespace {

net::LambdaResult Answer(std::string payload) {
  return {.status = 200, .function_error = {}, .payload = std::move(payload)};
}

TEST(Reindex, ReadsTheResultsOfAFunctionThatSucceeded) {
  const auto outcome = Must(ReadReindexAnswer(Answer(
      R"({"statusCode":200,"body":"{\"results\":{\"clear_indexes\":{\"asset_index\":{\"success\":true}},)"
      R"(\"assets\":{\"success_count\":3,\"failed_count\":0,\"total_count\":3},)"
      R"(\"files\":{\"success_count\":5,\"failed_count\":0,\"total_count\":5}}}"})")));

  EXPECT_EQ(outcome.summary, "assets: 3 of 3, files: 5 of 5");
}

// R-1: what upstream's wrapper takes for success.
TEST(Reindex, WhateverIsNoSuccessIsAFailureInTheFunctionsOwnWords) {
  const std::pair<net::LambdaResult, std::string> cases[] = {
      {{.status = 200, .function_error = "Unhandled", .payload = R"({"errorMessage":"timed out"})"},
       "timed out"},
      {Answer(R"({"statusCode":500,"body":"{\"error\":\"no table name\"}"})"), "no table name"},
      {Answer(R"({"statusCode":200,"body":"{\"message\":\"hello\"}"})"), "no results"},
      {Answer(R"({"statusCode":200,"body":"not json"})"), "body"},
      {Answer(R"({"statusCode":200,"body":{"error":"broken"}})"), "broken"},
      {Answer(R"({"body":{"results":{}}})"), "neither assets nor files"},
      {Answer(
           R"({"body":{"results":{"assets":{"success_count":1,"failed_count":2,"total_count":3}}}})"),
       "assets: 1 of 3 (2 failed)"},
      {Answer(R"({"body":{"results":{"clear_indexes":{"file_index":{"success":false}},)"
              R"("files":{"success_count":1,"total_count":1}}}})"),
       "could not clear file_index"},
      {Answer("null"), "no JSON object"},
      {{.status = 202, .function_error = {}, .payload = ""}, "status 202"},
  };
  for (const auto& [answer, words] : cases) {
    const auto outcome = ReadReindexAnswer(answer);

    ASSERT_FALSE(outcome.ok()) << answer.payload;
    EXPECT_EQ(outcome.error().code, Code::kInternal);
    EXPECT_NE(outcome.error().message.find(words), std::string::npos) << outcome.error().message;
  }
}

TEST(Reindex, AsksForWhatTheConfigurationSays) {
  const auto config = Must(ParseUpstreamConfig(
      R"({"function_name":"f","operation":"assets","clear_indexes":true,"limit":7})", "c.json"));

  EXPECT_EQ(ReindexPayload(config),
            R"({"operation":"assets","dry_run":false,"clear_indexes":true,"limit":7})");
}

TEST(RemotePolicy, AllowsWhatTheRunNeedsAndNothingElse) {
  auto config = ConfigFor25();

  const auto policy = Must(PolicyFor(
      config,
      {.account = "123456789012", .region = "eu-west-1", .lock_table = "prod-vams-migrations"}));

  const auto document = boost::json::parse(policy);
  EXPECT_EQ(document.at("Version"), "2012-10-17");
  std::map<std::string, std::string> resources;
  for (const auto& statement : document.at("Statement").as_array())
    resources[std::string(statement.at("Sid").as_string())] =
        boost::json::serialize(statement.at("Resource"));
  const auto has = [&](const std::string& sid, std::string_view table) {
    return resources[sid].find(fmt::format("table/{}\"", table)) != std::string::npos;
  };
  EXPECT_TRUE(has("ReadTables", "AssetStorageTable"));
  EXPECT_TRUE(has("ReadTables", "AssetVersionsStorageTable"));
  EXPECT_TRUE(has("WriteTables", "AssetVersionsStorageTableV2"));
  EXPECT_FALSE(has("WriteTables", "AssetStorageTable"));
  EXPECT_TRUE(has("Lock", "prod-vams-migrations"));
  EXPECT_EQ(resources.count("Reindex"), 0u);
  EXPECT_NE(policy.find("arn:aws:dynamodb:eu-west-1:123456789012:table/"), std::string::npos);

  config.dry_run = true;
  const auto dry = Must(PolicyFor(config, {}));
  EXPECT_EQ(dry.find("PutItem"), std::string::npos) << "a dry run writes nothing";
}

TEST(RemotePolicy, NamesTheReindexerFunction) {
  const auto config = Must(ParseUpstreamConfig(R"({"function_name":"vams-reindexer"})", "c.json"));

  const auto policy = Must(PolicyFor(config, {.region = "eu-west-1"}));

  EXPECT_NE(policy.find("arn:aws:lambda:eu-west-1:*:function:vams-reindexer"), std::string::npos);
  EXPECT_EQ(policy.find("dynamodb"), std::string::npos);
}

}  // namespace
}  // namespace vams::migrate::remote::test
