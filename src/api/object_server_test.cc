// Contents of objects by signed URLs, over a real server and a store on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "api/object_answer.h"
#include "api/routes.h"
#include "api/test_stack.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "http/server.h"
#include "http/test_client.h"

namespace vams::api {
namespace {

using http::Answer;
using http::TestClient;
using objects::ObjectId;
using objects::UrlGrant;
using objects::UrlMethod;
using test::Must;
using ::testing::HasSubstr;

const ObjectId kObject{"vault", "gantry-12/scans/../east wall ü.e57"};

std::string RandomBytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class ObjectServerTest : public ::testing::Test {
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
  }

  objects::ObjectStore& store() { return stack_.objects(); }
  std::string Sign(const UrlGrant& grant, std::int64_t seconds = 60) {
    return Must(stack_.services().urls.Sign(stack_.op(), grant, seconds));
  }
  static UrlGrant GetGrant(std::string version = "") {
    return {.bucket = kObject.bucket, .key = kObject.key, .version_id = std::move(version)};
  }
  UrlGrant PartGrant(const std::string& upload, int number = 1,
                     std::optional<objects::ByteBounds> bounds = {}) {
    return {.method = UrlMethod::kPut,
            .bucket = kObject.bucket,
            .key = kObject.key,
            .upload_id = upload,
            .part_number = number,
            .content_length = bounds};
  }
  std::string NewUpload() { return Must(store().CreateUpload(stack_.op(), kObject, {})); }
  std::vector<objects::PartInfo> Parts(const std::string& upload) {
    return Must(store().ListParts(stack_.op(), upload, "", 100)).parts;
  }

  Answer Ask(std::string_view verb, std::string_view target, std::string_view headers = "",
             std::string_view body = "") const {
    TestClient client(server_->port());
    std::string head = std::string(verb) + " " + std::string(target) +
                       " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + std::string(headers);
    if (verb == "PUT" && !headers.contains("Transfer-Encoding"))
      head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.Send(head + "\r\n");
    client.Send(body);
    return client.Read(/*to_head=*/verb == "HEAD");
  }
  static std::string MessageOf(const Answer& answer) {
    return std::string(boost::json::parse(answer.body).at("message").as_string());
  }

  test::TestStack stack_;
  std::unique_ptr<http::Server> server_;
};

// ---- Reading -----------------------------------------------------------------------------------

TEST_F(ObjectServerTest, SendsAnObjectWithWhatIdentifiesIt) {
  const std::string bytes = RandomBytes(500'000, 1);
  const auto info = Must(store().PutBytes(stack_.op(), kObject, bytes));

  const Answer answer = Ask("GET", Sign(GetGrant()));

  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == bytes);
  EXPECT_EQ(answer.Header("content-length"), "500000");
  EXPECT_EQ(answer.Header("etag"), '"' + HexEncode(Md5(bytes)) + '"');
  EXPECT_EQ(answer.Header("last-modified"), "Sat, 01 Mar 2025 10:00:00 GMT");
  EXPECT_EQ(answer.Header("accept-ranges"), "bytes");
  EXPECT_EQ(answer.Header("content-type"), "binary/octet-stream");
  EXPECT_EQ(answer.Header("x-amz-version-id"), info.version_id);
  EXPECT_EQ(answer.Header("access-control-allow-origin"), "*");
  EXPECT_THAT(answer.Header("access-control-expose-headers"), HasSubstr("ETag"));
  EXPECT_THAT(answer.Header("content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_FALSE(answer.headers.Has("content-disposition"));

  const Answer head = Ask("HEAD", Sign(GetGrant()));
  EXPECT_EQ(head.status, 200);
  for (const char* name : {"content-length", "etag", "last-modified", "accept-ranges",
                           "content-type", "x-amz-version-id", "access-control-allow-origin"})
    EXPECT_EQ(head.Header(name), answer.Header(name)) << name;
}

TEST_F(ObjectServerTest, SendsSmallAndEmptyObjectsAndThoseOfParts) {
  for (const std::size_t size : {0, 1, 3000}) {
    const std::string bytes = RandomBytes(size, 2);
    Must(store().PutBytes(stack_.op(), kObject, bytes));
    const Answer answer = Ask("GET", Sign(GetGrant()));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, bytes);
    EXPECT_EQ(answer.Header("content-length"), std::to_string(size));
  }
  const std::string upload = NewUpload();
  std::string all;
  std::vector<objects::PartEtag> etags;
  for (const std::size_t size : {100'000, 70'000, 5}) {
    const std::string bytes = RandomBytes(size, 3);
    const int number = static_cast<int>(etags.size() + 1);
    const Answer stored = Ask("PUT", Sign(PartGrant(upload, number)), "", bytes);
    EXPECT_EQ(stored.status, 200);
    etags.push_back({static_cast<std::uint32_t>(number), stored.Header("etag")});
    all += bytes;
  }
  const auto info = Must(store().CompleteUpload(stack_.op(), upload, etags));

  const Answer whole = Ask("GET", Sign(GetGrant()));
  EXPECT_TRUE(whole.body == all);
  EXPECT_EQ(whole.Header("etag"), '"' + info.etag + '"');
  EXPECT_TRUE(info.etag.ends_with("-3"));
  const Answer part = Ask("GET", Sign(GetGrant()), "Range: bytes=99990-170001\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.body == all.substr(99'990, 70'012)) << "across three files";
  EXPECT_EQ(part.Header("content-range"), "bytes 99990-170001/170005");
}

TEST_F(ObjectServerTest, SendsTheVersionThatTheUrlNames) {
  const auto old = Must(store().PutBytes(stack_.op(), kObject, "old"));
  const std::string newest = Sign(GetGrant());
  const std::string pinned = Sign(GetGrant(old.version_id));
  Must(store().PutBytes(stack_.op(), kObject, "newer"));

  EXPECT_EQ(Ask("GET", newest).body, "newer");
  EXPECT_EQ(Ask("GET", pinned).body, "old");
  EXPECT_EQ(Ask("GET", pinned).Header("x-amz-version-id"), old.version_id);

  // Archived: the newest is gone, a version stays; a marker is no content.
  const auto marker = Must(store().Delete(stack_.op(), kObject));
  EXPECT_EQ(Ask("GET", newest).status, 404);
  EXPECT_EQ(Ask("HEAD", newest).status, 404);
  EXPECT_EQ(Ask("GET", pinned).body, "old");
  EXPECT_EQ(Ask("GET", Sign(GetGrant(marker->version_id))).status, 404);

  Must(store().DeleteVersion(stack_.op(), kObject, old.version_id));
  const Answer gone = Ask("GET", pinned);
  EXPECT_EQ(gone.status, 404);
  EXPECT_FALSE(MessageOf(gone).empty());
  EXPECT_EQ(gone.Header("access-control-allow-origin"), "*");
}

TEST_F(ObjectServerTest, AnswersRangesAndConditions) {
  const std::string bytes = RandomBytes(200'000, 4);
  const auto info = Must(store().PutBytes(stack_.op(), kObject, bytes));
  const std::string url = Sign(GetGrant());
  const std::string etag = '"' + info.etag + '"';

  const Answer part = Ask("GET", url, "Range: bytes=-10\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, bytes.substr(199'990));
  EXPECT_EQ(part.Header("content-range"), "bytes 199990-199999/200000");
  EXPECT_EQ(part.Header("content-length"), "10");
  EXPECT_EQ(part.Header("etag"), etag);

  const Answer behind = Ask("GET", url, "Range: bytes=200000-\r\n");
  EXPECT_EQ(behind.status, 416);
  EXPECT_EQ(behind.Header("content-range"), "bytes */200000");
  EXPECT_EQ(Ask("GET", url, "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").body.size(), 200'000u);
  EXPECT_EQ(Ask("GET", url, "Range: bytes=0-1\r\nIf-Range: " + etag + "\r\n").status, 206);

  const Answer same = Ask("GET", url, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.Header("etag"), etag);
  EXPECT_EQ(Ask("GET", url, "If-Modified-Since: Sat, 01 Mar 2025 10:00:00 GMT\r\n").status, 304);
  EXPECT_EQ(Ask("GET", url, "If-Modified-Since: Sat, 01 Mar 2025 09:59:59 GMT\r\n").status, 200);
  EXPECT_EQ(Ask("GET", url, "If-Match: \"other\"\r\n").status, 412);
  EXPECT_EQ(Ask("GET", url, "If-Match: " + etag + "\r\nRange: bytes=5-6\r\n").body,
            bytes.substr(5, 2));
}

TEST_F(ObjectServerTest, NamesTheAnswerAsTheUrlAsks) {
  Must(store().PutBytes(stack_.op(), kObject, "<svg/>", {.content_type = "image/svg+xml"}));
  UrlGrant grant = GetGrant();
  EXPECT_EQ(Ask("GET", Sign(grant)).Header("content-type"), "image/svg+xml");

  grant.content_type = "text/plain";
  grant.content_disposition = "attachment; filename=\"wall.svg\"";

  const Answer answer = Ask("GET", Sign(grant));
  EXPECT_EQ(answer.Header("content-type"), "text/plain");
  EXPECT_EQ(answer.Header("content-disposition"), "attachment; filename=\"wall.svg\"");
}

TEST_F(ObjectServerTest, GivesNoOtherBytesThanTheUrlAllows) {
  const std::string bytes = RandomBytes(1'000, 5);
  Must(store().PutBytes(stack_.op(), kObject, bytes));
  UrlGrant grant = GetGrant();
  grant.range = objects::ByteBounds{100, 199};
  const std::string url = Sign(grant);

  EXPECT_EQ(Ask("GET", url, "Range: bytes=100-199\r\n").body, bytes.substr(100, 100));
  EXPECT_EQ(Ask("GET", url, "Range: bytes=150-160\r\n").body, bytes.substr(150, 11));
  for (const char* range :
       {"", "Range: bytes=99-199\r\n", "Range: bytes=100-200\r\n", "Range: bytes=-1\r\n",
        "Range: bytes=100-\r\n", "Range: bytes=100-199\r\nIf-Range: \"other\"\r\n"}) {
    const Answer refused = Ask("GET", url, range);
    EXPECT_EQ(refused.status, 403) << range;
    EXPECT_THAT(MessageOf(refused), HasSubstr("100 to 199"));
  }
  EXPECT_EQ(Ask("HEAD", url).status, 200) << "no byte is sent";
}

TEST_F(ObjectServerTest, RefusesUrlsThatAreNotValid) {
  Must(store().PutBytes(stack_.op(), kObject, "bytes"));
  const std::string url = Sign(GetGrant(), 60);
  std::string tampered = url;
  tampered.back() = tampered.back() == 'A' ? 'B' : 'A';
  for (const std::string& bad : {tampered, std::string("/objects/x"), url + "&versionId=1",
                                 "/objects/other" + url.substr(url.find('?'))}) {
    const Answer refused = Ask("GET", bad);
    EXPECT_EQ(refused.status, 403) << bad;
    EXPECT_FALSE(MessageOf(refused).empty());
    EXPECT_EQ(refused.Header("access-control-allow-origin"), "*");
    EXPECT_EQ(refused.Header("cache-control"), "no-cache, no-store");
  }
  EXPECT_EQ(Ask("PUT", url, "", "bytes").status, 403) << "for GET only";
  EXPECT_EQ(Ask("GET", Sign(PartGrant("u"))).status, 403) << "for PUT only";

  stack_.clock().Advance(60);
  const Answer expired = Ask("GET", url);
  EXPECT_EQ(expired.status, 403);
  EXPECT_THAT(MessageOf(expired), HasSubstr("expired"));
  const auto lines = stack_.AuditLines({"AUTHORIZATION", "signedUrl", "expired"});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], ::testing::Not(HasSubstr(url.substr(url.find("token=") + 6))))
      << "a secret";
}

// ---- Storing parts -----------------------------------------------------------------------------

TEST_F(ObjectServerTest, StoresAPartOfAnySizeAndTellsItsEtag) {
  const std::string upload = NewUpload();
  std::uint32_t number = 0;
  for (const std::size_t size : {0, 10, 64 << 10, (64 << 10) + 1, 5'000'000}) {
    const std::string bytes = RandomBytes(size, 6);
    const Answer answer =
        Ask("PUT", Sign(PartGrant(upload, static_cast<int>(++number))), "", bytes);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.Header("etag"), '"' + HexEncode(Md5(bytes)) + '"');
    EXPECT_EQ(answer.Header("access-control-allow-origin"), "*");
    EXPECT_THAT(answer.Header("access-control-expose-headers"), HasSubstr("ETag"));
    const auto parts = Parts(upload);
    ASSERT_EQ(parts.size(), number);
    EXPECT_EQ(parts.back().size, size);
    EXPECT_EQ(parts.back().etag, HexEncode(Md5(bytes)));
  }
  // The last one counts.
  EXPECT_EQ(Ask("PUT", Sign(PartGrant(upload, 1)), "", "again").status, 200);
  EXPECT_EQ(Parts(upload).front().size, 5u);
}

TEST_F(ObjectServerTest, StoresAPartThatComesInChunks) {
  const std::string upload = NewUpload();
  const std::string url = Sign(PartGrant(upload, 1, objects::ByteBounds{3, 8}));
  const std::string chunked = "Transfer-Encoding: chunked\r\n";

  EXPECT_EQ(Ask("PUT", url, chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").status, 200);
  EXPECT_EQ(Parts(upload).front().size, 5u);
  EXPECT_EQ(Ask("PUT", url, chunked, "2\r\nab\r\n0\r\n\r\n").status, 403) << "too short";
  EXPECT_EQ(Ask("PUT", url, chunked, "9\r\nabcdefghi\r\n0\r\n\r\n").status, 403) << "too long";
  EXPECT_EQ(Ask("PUT", url, chunked, "3\r\nabcXXXX\r\n").status, 400);
  EXPECT_EQ(Parts(upload).front().etag, HexEncode(Md5("abcde"))) << "what was there stays";
}

TEST_F(ObjectServerTest, TakesNoOtherLengthThanTheUrlAllows) {
  const std::string upload = NewUpload();
  const std::string url = Sign(PartGrant(upload, 1, objects::ByteBounds{3, 8}));
  for (const std::size_t length : {0, 2, 9, 100'000}) {
    const Answer refused = Ask("PUT", url, "", std::string(length, 'x'));
    EXPECT_EQ(refused.status, 403) << length;
    EXPECT_THAT(MessageOf(refused), HasSubstr("3 to 8 bytes"));
  }
  EXPECT_TRUE(Parts(upload).empty());
  EXPECT_EQ(Ask("PUT", url, "", "abc").status, 200);
  EXPECT_EQ(Ask("PUT", url, "", "abcdefgh").status, 200);
}

TEST_F(ObjectServerTest, RefusesALargeBodyBeforeItIsSent) {
  TestClient client(server_->port());
  client.Send(
      "PUT /objects/x?token=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 403);

  TestClient limited(server_->port());
  limited.Send("PUT " + Sign(PartGrant(NewUpload())) +
               " HTTP/1.1\r\nHost: h\r\nContent-Length: 5368709121\r\n\r\n");
  EXPECT_EQ(limited.Read().status, 413) << "5 GiB and one byte";
}

TEST_F(ObjectServerTest, ChecksTheDigestThatTheClientSends) {
  const std::string upload = NewUpload();
  const std::string url = Sign(PartGrant(upload));
  const std::string good = "Content-MD5: " + Base64Encode(Md5("bytes")) + "\r\n";

  EXPECT_EQ(Ask("PUT", url, good, "bytes").status, 200);
  const Answer damaged = Ask("PUT", url, good, "bytez");
  EXPECT_EQ(damaged.status, 400);
  EXPECT_THAT(MessageOf(damaged), HasSubstr("MD5"));
  for (const char* bad : {"Content-MD5: nonsense!\r\n", "Content-MD5: QUJD\r\n"})
    EXPECT_EQ(Ask("PUT", url, bad, "bytes").status, 400) << bad;
  EXPECT_EQ(Parts(upload).front().etag, HexEncode(Md5("bytes")));
}

TEST_F(ObjectServerTest, Answers404ForAnUploadThatIsOver) {
  const std::string upload = NewUpload();
  const std::string url = Sign(PartGrant(upload));
  EXPECT_EQ(Ask("PUT", Sign(PartGrant("no-such-upload")), "", "x").status, 404);
  Must(store().AbortUpload(stack_.op(), upload));
  const Answer over = Ask("PUT", url, "", "x");
  EXPECT_EQ(over.status, 404);
  EXPECT_FALSE(MessageOf(over).empty());
}

TEST_F(ObjectServerTest, KeepsNothingOfAPartWhoseClientGoesAway) {
  const std::string upload = NewUpload();
  const std::string head =
      "PUT " + Sign(PartGrant(upload)) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
  {
    TestClient gone(server_->port());
    gone.Send(head + std::string(500'000, 'x'));
  }
  TestClient stuck(server_->port());
  stuck.Send(head + std::string(500'000, 'x'));
  EXPECT_EQ(stuck.Read().status, 408);

  ASSERT_TRUE(server_->Stop(OpContext::SteadyClock::now() + std::chrono::seconds(30)).ok());
  EXPECT_TRUE(Parts(upload).empty());
}

TEST_F(ObjectServerTest, ConcurrentPartsOfOneUploadAllArrive) {
  const std::string upload = NewUpload();
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      for (int part = i * 5 + 1; part <= i * 5 + 5; ++part) {
        const std::string bytes = RandomBytes(100'000, static_cast<unsigned>(part));
        EXPECT_EQ(Ask("PUT", Sign(PartGrant(upload, part)), "", bytes).status, 200);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const auto parts = Parts(upload);
  ASSERT_EQ(parts.size(), 20u);
  for (const auto& part : parts)
    EXPECT_EQ(part.etag, HexEncode(Md5(RandomBytes(100'000, part.number))));
}

// ---- The answer for a version, whoever asks for it ----------------------------------------------

TEST_F(ObjectServerTest, AnswerTakesTheFieldsOfItsCaller) {
  Must(store().PutBytes(stack_.op(), kObject, "bytes"));
  http::Request request;
  ObjectAnswerOptions options;
  options.headers.Set("x-amz-storage-class", "STANDARD");
  options.headers.Set("content-type", "model/gltf-binary");

  const auto answer = Must(AnswerWithObject(stack_.op(), store(), request, kObject, {}, options));

  EXPECT_EQ(answer.headers.Find("x-amz-storage-class"), "STANDARD");
  EXPECT_EQ(answer.headers.Find("content-type"), "model/gltf-binary");
  ASSERT_TRUE(answer.file.has_value()) << "its bytes lie in a file, which the kernel sends";
  EXPECT_EQ(answer.file->length, 5u);
}

TEST_F(ObjectServerTest, AnswerTellsWhatIsNotThere) {
  http::Request request;
  const auto absent = AnswerWithObject(stack_.op(), store(), request, {"vault", "absent"}, {});
  EXPECT_EQ(absent.error().code, Code::kNotFound);
  Must(store().PutBytes(stack_.op(), kObject, "bytes"));
  const auto version = AnswerWithObject(stack_.op(), store(), request, kObject, "no-version");
  EXPECT_EQ(version.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace vams::api
