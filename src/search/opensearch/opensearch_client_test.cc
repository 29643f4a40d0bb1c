// What the engine says and does when the server is away, busy, refuses or talks nonsense.  That it
// finds what it should is tested against a real node (tests/servers/opensearch_test.cc).
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <deque>
#include <functional>
#include <set>

#include "search/conformance.h"
#include "search/opensearch/client.h"
#include "search/opensearch/generation.h"
#include "search/opensearch/terms.h"

namespace vams::search::opensearch {
namespace {

using conformance::Asset;
using conformance::Must;

// Never really waits.
class QuickTimer final : public net::Timer {
 public:
  TimePoint Now() override { return now_; }
  Status Sleep(OpContext& op, std::chrono::milliseconds time) override {
    TRY_OK(op.Check());
    now_ += time;
    ++sleeps;
    return Ok();
  }
  int sleeps = 0;

 private:
  TimePoint now_{};
};

// Answers from a list, the last one again and again.
class Script final : public net::Transport {
 public:
  using Answer = std::function<Result<net::HttpResponse>(const net::HttpRequest&)>;

  void Add(int status, std::string body) {
    answers_.push_back([status, body = std::move(body)](const net::HttpRequest&) {
      return net::HttpResponse{.status = status, .headers = {}, .body = body};
    });
  }
  void Add(Answer answer) { answers_.push_back(std::move(answer)); }

  Result<net::HttpResponse> Send(OpContext&, const net::HttpRequest& request, bool*) override {
    requests.push_back(request);
    const Answer answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer(request);
  }
  std::vector<net::HttpRequest> requests;

 private:
  std::deque<Answer> answers_;
};

constexpr const char* kSecret = "correct-horse";

class OpenSearchClient : public testing::Test {
 protected:
  std::unique_ptr<Client> Open(OpenSearchOptions options = {}) {
    options.url = "https://search.example/";
    options.auth = OpenSearchOptions::Auth::kBasic;
    options.username = "vams";
    options.password = kSecret;
    options.transport = &script;
    options.timer = &timer;
    options.retry.budget = std::chrono::seconds(60);
    return Must(Client::Open(std::move(options)));
  }
  Error Refused(int status, std::string body) {
    script.Add(status, std::move(body));
    const auto answer = Open()->Call(op, "POST", "/a/_search");
    EXPECT_FALSE(answer.ok());
    const Error error = answer.ok() ? Error(Code::kInternal, "") : answer.error();
    EXPECT_EQ((error.message + error.details).find(kSecret), std::string::npos);
    return error;
  }

  OpContext op;
  Script script;
  QuickTimer timer;
};

std::string BulkAnswer(std::initializer_list<int> statuses, std::string_view action = "index") {
  std::string text = R"({"errors": true, "items": [)";
  for (const int status : statuses) {
    if (text.back() != '[') text += ',';
    text += R"({")" + std::string(action) + R"(": {"status": )" + std::to_string(status);
    if (status >= 400)
      text += R"(, "error": {"type": "mapper_parsing_exception", "reason": "no such thing"})";
    text += "}}";
  }
  return text + "]}";
}

std::size_t Lines(const std::string& body) {
  return static_cast<std::size_t>(std::ranges::count(body, '\n'));
}

TEST_F(OpenSearchClient, SendsTheCredentialsAndKnowsWhereItIs) {
  script.Add(200, R"({"x": 1})");

  const auto answer = Must(Open()->Call(op, "GET", "/a/_stats?level=shards"));

  EXPECT_EQ(NumberAt(answer, "x"), 1u);
  ASSERT_EQ(script.requests.size(), 1u);
  EXPECT_EQ(script.requests[0].url, "https://search.example/a/_stats?level=shards");
  const std::string* header = net::FindHeader(script.requests[0].headers, "Authorization");
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(*header, "Basic dmFtczpjb3JyZWN0LWhvcnNl");
}

TEST_F(OpenSearchClient, RefusalsAreToldWithoutTheSecret) {
  EXPECT_EQ(Refused(401, R"({"error": "Unauthorized", "status": 401})").code,
            Code::kUnauthenticated);
  EXPECT_EQ(timer.sleeps, 0);
}

TEST_F(OpenSearchClient, AMissingRightIsNotAMissingIndex) {
  EXPECT_EQ(Refused(403, R"({"Message": "no es:ESHttpPost"})").code, Code::kDenied);
}

TEST_F(OpenSearchClient, WhatTheServerCannotReadIsInvalid) {
  const Error error = Refused(
      400, R"({"error": {"root_cause": [{"type": "parsing_exception", "reason": "bad [x]"}]}})");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_NE(error.message.find("bad [x]"), std::string::npos);
}

TEST_F(OpenSearchClient, ABusyServerIsAskedAgain) {
  script.Add(429, R"({"error": {"type": "circuit_breaking_exception", "reason": "memory"}})");
  script.Add(503, "");
  script.Add([](const net::HttpRequest&) -> Result<net::HttpResponse> {
    Error away(Code::kUnavailable, "no connection");
    away.retryable = true;
    return away;
  });
  script.Add(200, "{}");

  EXPECT_TRUE(Open()->Call(op, "GET", "/a").ok());

  EXPECT_EQ(script.requests.size(), 4u);
  EXPECT_EQ(timer.sleeps, 3);
}

TEST_F(OpenSearchClient, AServerThatStaysBusyIsUnavailable) {
  EXPECT_EQ(Refused(503, "<html>no healthy upstream</html>").code, Code::kUnavailable);
  EXPECT_GT(script.requests.size(), 3u);
}

TEST_F(OpenSearchClient, SomethingElseAtThatAddressIsNoticed) {
  const Error error = Refused(200, "<html>Welcome</html>");
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_NE(error.message.find("engines.search.url"), std::string::npos);
}

TEST_F(OpenSearchClient, NobodyWaitsForACancelledOperation) {
  script.Add(503, "");
  op.Cancel();
  EXPECT_EQ(Open()->Call(op, "GET", "/a").error().code, Code::kCancelled);
  EXPECT_TRUE(script.requests.empty());
}

TEST_F(OpenSearchClient, RefusedDocumentsOfABatchAreSentAgain) {
  script.Add(200, BulkAnswer({201, 429, 429}));
  script.Add(200, BulkAnswer({201, 429}));
  script.Add(200, BulkAnswer({200}));
  const auto client = Open();
  Classes classes;
  Stored stored(*client, classes, {.assets = "a", .files = "f"});
  const std::vector<search::Write> writes = {search::Write::Put(Asset("db", "1")),
                                             search::Write::Put(Asset("db", "2")),
                                             search::Write::Put(Asset("db", "3"))};

  Must(stored.Write(op, writes));

  ASSERT_EQ(script.requests.size(), 3u);
  EXPECT_EQ(Lines(script.requests[0].body), 6u);
  EXPECT_EQ(Lines(script.requests[1].body), 4u);
  EXPECT_EQ(Lines(script.requests[2].body), 2u);
  EXPECT_NE(script.requests[2].body.find("db#3"), std::string::npos);
  EXPECT_EQ(classes.All().size(), 1u);
}

TEST_F(OpenSearchClient, ADocumentThatIsRefusedForGoodIsNamed) {
  script.Add(200, BulkAnswer({201, 400}));
  const auto client = Open();
  Classes classes;
  Stored stored(*client, classes, {.assets = "a", .files = "f"});
  const std::vector<search::Write> writes = {search::Write::Put(Asset("db", "1")),
                                             search::Write::Put(Asset("db", "2"))};

  const Status done = stored.Write(op, writes);

  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::kInvalid);
  EXPECT_NE(done.error().details.find("db#2"), std::string::npos);
}

TEST_F(OpenSearchClient, HalfAnAnswerToABatchIsNoAnswer) {
  script.Add(200, BulkAnswer({201}));
  const auto client = Open();
  Classes classes;
  Stored stored(*client, classes, {.assets = "a", .files = "f"});
  const std::vector<search::Write> writes = {search::Write::Put(Asset("db", "1")),
                                             search::Write::Put(Asset("db", "2"))};

  EXPECT_EQ(stored.Write(op, writes).error().code, Code::kUnavailable);
}

TEST_F(OpenSearchClient, BatchesAreBounded) {
  script.Add([](const net::HttpRequest& request) -> Result<net::HttpResponse> {
    std::string text = R"({"items": [)";
    for (std::size_t i = 0; i < Lines(request.body) / 2; ++i)
      text += std::string(i == 0 ? "" : ",") + R"({"index": {"status": 201}})";
    return net::HttpResponse{.status = 200, .headers = {}, .body = text + "]}"};
  });
  OpenSearchOptions options;
  options.bulk_documents = 3;
  const auto client = Open(options);
  Classes classes;
  Stored stored(*client, classes, {.assets = "a", .files = "f"});
  std::vector<search::Write> writes;
  for (int i = 0; i < 8; ++i) writes.push_back(search::Write::Put(Asset("db", std::to_string(i))));
  // The last write for an id is the one that counts.
  writes.push_back(search::Write::Put(Asset("db", "0", {{"str_assetname", "last"}})));

  Must(stored.Write(op, writes));

  std::size_t documents = 0;
  std::size_t last = 0;
  for (const auto& request : script.requests) {
    EXPECT_LE(Lines(request.body), 6u);
    documents += Lines(request.body) / 2;
    if (request.body.find("\"last\"") != std::string::npos) ++last;
  }
  EXPECT_EQ(script.requests.size(), 3u);
  EXPECT_EQ(documents, 8u);
  EXPECT_EQ(last, 1u);
}

// ---- What is stored
// ---------------------------------------------------------------------------------------

TEST(OpenSearchTerms, DocumentsComeBackAsTheyWere) {
  Document document = Asset("db", "pump", {{"str_assetname", "Pump"}, {"list_tags", {"a", "b"}}});
  document.archived = true;
  document.place = Box{.south = 1.5, .north = 2, .west = 179.25, .east = -179};

  const Document back = Must(DocumentOf(BodyOf(document, 7, "s")));

  EXPECT_EQ(Digest(back), Digest(document));
  EXPECT_EQ(back.access, document.access);
  EXPECT_EQ(back.asset_name, document.asset_name);
  ASSERT_TRUE(back.place);
  EXPECT_EQ(back.place->west, 179.25);
  EXPECT_FALSE(DocumentOf(boost::json::parse(R"({"str_key": "/x"})")).ok());
}

TEST(OpenSearchTerms, NumbersSortAsTexts) {
  const double numbers[] = {-1e300, -2, -1.5, 0, 1e-9, 1, 2, 10, 1e18};
  for (std::size_t i = 1; i < std::size(numbers); ++i)
    EXPECT_LT(SortableNumber(numbers[i - 1]), SortableNumber(numbers[i]));
  EXPECT_EQ(SortableNumber(-0.0), SortableNumber(0.0));
}

TEST(OpenSearchTerms, LongTextsAreCutAndStillToldApart) {
  const std::string a = std::string(40'000, 'x') + "a";
  const std::string b = std::string(40'000, 'x') + "b";
  EXPECT_LT(Term(kWholeTerm, "f", a).size(), 32'766u);
  EXPECT_NE(Term(kWholeTerm, "f", a), Term(kWholeTerm, "f", b));
  EXPECT_LE(ServerId(std::string(2000, 'i')).size(), 512u);
}

}  // namespace
}  // namespace vams::search::opensearch
