// Many parts in one body by a signed URL, over a real server and a store on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/routes.h"
#include "api/test_stack.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "catalog/uploads.h"
#include "http/server.h"
#include "http/test_client.h"
#include "model/part_bundle.h"

namespace vams::api {
namespace {

namespace json = boost::json;

using http::Answer;
using http::TestClient;
using model::BundledPart;
using objects::ObjectId;
using objects::UrlGrant;
using objects::UrlMethod;
using test::Must;
using ::testing::HasSubstr;

class BundleRoute : public ::testing::Test {
 protected:
  void SetUp() override {
    AddObjectRoutes(stack_.gate());
    http::ServerOptions options;
    options.addresses = {{"127.0.0.1", 0}};
    options.body_limit = 1000;
    options.transfer_threads = 4;
    options.read_timeout = std::chrono::milliseconds(500);
    auto server = http::Server::Start(options, stack_.routes());
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = *std::move(server);
    mine_ = Begin("yMine", {"a", "b", "c", "d"});
  }

  // The record of an upload of files, and their multipart uploads.
  std::vector<std::string> Begin(const std::string& id, const std::vector<std::string>& keys) {
    std::vector<std::string> ids;
    items::Value::List list;
    for (const std::string& key : keys) {
      ids.push_back(Must(stack_.objects().CreateUpload(stack_.op(), {"vault", key}, {})));
      list.push_back(items::Value::S(ids.back()));
    }
    const items::Write put = items::Write::Put(
        catalog::kUploadsTable, {{"assetId", items::Value::S("pump")},
                                 {"uploadId", items::Value::S(id)},
                                 {"multipartIds", items::Value::L(std::move(list))}});
    Must(stack_.store().Commit(stack_.op(), {&put, 1}));
    return ids;
  }
  std::string Url(std::uint64_t most = 1 << 20, const std::string& upload = "yMine",
                  const std::string& asset = "pump") {
    return Must(stack_.services().urls.Sign(stack_.op(),
                                            {.method = UrlMethod::kPost,
                                             .bucket = "vault",
                                             .key = asset,
                                             .upload_id = upload,
                                             .content_length = objects::ByteBounds{1, most}},
                                            60));
  }
  Answer Post(std::string_view url, std::string_view body, std::string_view verb = "POST") const {
    TestClient client(server_->port());
    client.Send(std::string(verb) + " " + std::string(url) +
                " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    client.Send(body);
    return client.Read();
  }
  struct Sent {
    std::string id;
    std::uint32_t number;
    std::string bytes;
    std::string digest_of = {};  // instead of the bytes'
  };
  static std::string Bundle(const std::vector<Sent>& parts) {
    std::string body(model::BundleHeader());
    for (const Sent& part : parts)
      model::AppendPart(
          body, {part.id, part.number, Md5(part.digest_of.empty() ? part.bytes : part.digest_of),
                 part.bytes});
    model::AppendBundleEnd(body, static_cast<std::uint32_t>(parts.size()));
    return body;
  }
  static std::string Quoted(std::string_view bytes) { return '"' + HexEncode(Md5(bytes)) + '"'; }
  // The ETag that was told for each part, or the error.
  static std::vector<std::string> Told(const Answer& answer) {
    std::vector<std::string> told;
    const json::value body = json::parse(answer.body);
    for (const auto& part : body.at("parts").as_array()) {
      const json::object& one = part.as_object();
      told.emplace_back(one.contains("ETag") ? one.at("ETag").as_string()
                                             : one.at("error").as_string());
    }
    return told;
  }
  static std::string MessageOf(const Answer& answer) {
    return std::string(json::parse(answer.body).at("message").as_string());
  }
  // "1 <etag>" of each part that is stored for the n-th file.
  std::vector<std::string> Stored(std::size_t file) { return StoredOf(mine_[file]); }
  std::vector<std::string> StoredOf(const std::string& id) {
    std::vector<std::string> stored;
    const auto page = Must(stack_.objects().ListParts(stack_.op(), id, "", 100));
    for (const auto& part : page.parts)
      stored.push_back(std::to_string(part.number) + " \"" + part.etag + '"');
    return stored;
  }

  test::TestStack stack_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::string> mine_;
};

using Texts = std::vector<std::string>;

TEST_F(BundleRoute, StoresEveryPartAndTellsItsEtag) {
  const std::string large(70'000, 'l');
  const Answer answer = Post(
      Url(),
      Bundle(
          {{mine_[0], 1, "a"}, {mine_[1], 1, large}, {mine_[1], 2, ""}, {mine_[0], 1, "again"}}));

  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Told(answer), (Texts{Quoted("a"), Quoted(large), Quoted(""), Quoted("again")}));
  EXPECT_EQ(json::parse(answer.body).at("parts").at(1).at("uploadIdS3").as_string(), mine_[1]);
  EXPECT_EQ(json::parse(answer.body).at("parts").at(2).at("PartNumber").to_number<int>(), 2);
  EXPECT_EQ(Stored(0), Texts{"1 " + Quoted("again")});
  EXPECT_EQ(Stored(1), (Texts{"1 " + Quoted(large), "2 " + Quoted("")}));
  EXPECT_EQ(answer.Header("access-control-allow-origin"), "*");
  // Once more: the answer may have been lost.
  EXPECT_EQ(Post(Url(), Bundle({{mine_[0], 1, "again"}})).status, 200);
  EXPECT_EQ(Stored(0), Texts{"1 " + Quoted("again")});
}

TEST_F(BundleRoute, KeepsABundleOfManyBatchesApart) {
  std::vector<Sent> parts;
  for (std::uint32_t number = 1; number <= 12; ++number)
    parts.push_back({mine_[0], number, std::string(1'000'000, static_cast<char>('a' + number))});

  const Answer answer = Post(Url(16 << 20), Bundle(parts));

  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto stored = Stored(0);
  ASSERT_EQ(stored.size(), parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    EXPECT_EQ(stored[i], std::to_string(i + 1) + " " + Quoted(parts[i].bytes));
}

TEST_F(BundleRoute, APartThatIsWrongLeavesTheOthers) {
  const auto theirs = Begin("yTheirs", {"e"});
  Must(stack_.objects().AbortUpload(stack_.op(), mine_[3]));

  const Answer answer = Post(Url(), Bundle({{mine_[0], 1, "good"},
                                            {mine_[1], 1, "damaged", "whole"},
                                            {theirs[0], 1, "evil"},
                                            {"no such upload", 1, "x"},
                                            {mine_[2], 0, "no number"},
                                            {mine_[3], 1, "late"},
                                            {mine_[2], 1, "good too"}}));

  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto told = Told(answer);
  ASSERT_EQ(told.size(), 7u);
  EXPECT_EQ(told[0], Quoted("good"));
  EXPECT_THAT(told[1], HasSubstr("damaged on the way"));
  EXPECT_THAT(told[2], HasSubstr("no file of this upload"));
  EXPECT_THAT(told[3], HasSubstr("no file of this upload"));
  EXPECT_THAT(told[4], HasSubstr("number"));
  EXPECT_FALSE(told[5].starts_with('"'));
  EXPECT_EQ(told[6], Quoted("good too"));
  EXPECT_EQ(Stored(0).size() + Stored(1).size() + Stored(2).size(), 2u);
  EXPECT_TRUE(StoredOf(theirs[0]).empty());
}

// Whatever is wrong with the stream, what came whole before is stored and named.
TEST_F(BundleRoute, ADamagedOrCutBundleKeepsWhatWasWhole) {
  const std::string good = Bundle({{mine_[0], 1, "one"}, {mine_[1], 1, "two"}});
  const std::size_t second = model::BundleHeader().size() + 32 + mine_[0].size() + 3;
  std::string damaged = good;
  damaged[second] = 'X';
  std::string large = good;
  large[second + 11] = 1;
  struct Case {
    std::string body;
    int status;
    std::size_t stored;
  };
  for (const Case& one : {Case{damaged, 400, 1},
                          {large, 413, 1},
                          {good.substr(0, second + 40), 400, 1},
                          {good.substr(0, good.size() - 3), 400, 2},
                          {good + "more", 400, 2},
                          {"nonsense of some length", 400, 0},
                          {good.substr(0, 5), 400, 0}}) {
    const Answer answer = Post(Url(), one.body);
    EXPECT_EQ(answer.status, one.status) << answer.body;
    EXPECT_FALSE(MessageOf(answer).empty());
    EXPECT_EQ(Told(answer).size(), one.stored) << answer.body;
  }
  EXPECT_EQ(Stored(0), Texts{"1 " + Quoted("one")});
}

// Nobody is there to read the answer, but the client goes on where it was.
TEST_F(BundleRoute, AConnectionThatBreaksLeavesWhatWasWhole) {
  const std::string body = Bundle({{mine_[0], 1, "one"}, {mine_[1], 1, "two"}});
  {
    TestClient client(server_->port());
    client.Send("POST " + Url() + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, body.size() - 10));
    EXPECT_EQ(client.Read().status, 408) << "nothing more came for the server's read timeout";
  }

  EXPECT_EQ(Stored(0), Texts{"1 " + Quoted("one")});
  EXPECT_TRUE(Stored(1).empty());
}

TEST_F(BundleRoute, TakesNoUrlButItsOwn) {
  const std::string body = Bundle({{mine_[0], 1, "one"}});
  const std::string url = Url();
  std::string tampered = url;
  tampered.back() = tampered.back() == 'A' ? 'B' : 'A';
  const std::string part = Must(stack_.services().urls.Sign(stack_.op(),
                                                            {.method = UrlMethod::kPut,
                                                             .bucket = "vault",
                                                             .key = "a",
                                                             .upload_id = mine_[0],
                                                             .part_number = 1},
                                                            60));

  EXPECT_EQ(Post(tampered, body).status, 403);
  EXPECT_EQ(Post("/objects/pump", body).status, 403);
  EXPECT_EQ(Post(part, body).status, 403) << "for PUT only";
  EXPECT_EQ(Post(url, body, "PUT").status, 403) << "for POST only";
  EXPECT_EQ(Post(Url(body.size() - 1), body).status, 403) << "a larger body than it allows";
  EXPECT_EQ(Post(Url(1 << 20, "yNobody"), body).status, 404);
  EXPECT_EQ(Post(Url(1 << 20, "yMine", "fan"), body).status, 404) << "another asset's";
  EXPECT_TRUE(Stored(0).empty());
  EXPECT_EQ(Post(Url(body.size()), body).status, 200);

  stack_.clock().Advance(60);
  const Answer expired = Post(url, body);
  EXPECT_EQ(expired.status, 403);
  EXPECT_THAT(MessageOf(expired), HasSubstr("expired"));
}

TEST_F(BundleRoute, SaysThatAStoreFailed) {
  const std::string body = Bundle({{mine_[0], 1, "one"}});
  stack_.store().FailCall(stack_.store().calls() + 3, Code::kUnavailable,
                          testing::FaultyStore::When::kBefore);

  int failed = 0;
  for (int i = 0; i < 4; ++i) failed += Post(Url(), body).status >= 500 ? 1 : 0;

  EXPECT_EQ(failed, 1);
  EXPECT_EQ(Stored(0).size(), 1u);
}

}  // namespace
}  // namespace vams::api
