#include "http/wire.h"

#include <gtest/gtest.h>

#include <set>

#include "http/conditional.h"

namespace vams::http {
namespace {

// Bytes from a fixed sequence.
class FakeRandom final : public Random {
 public:
  void Fill(void* bytes, std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) static_cast<unsigned char*>(bytes)[i] = next_++;
  }

 private:
  unsigned char next_ = 0;
};

TEST(RequestIds, AreAllDifferent) {
  FakeRandom random;
  RequestIds ids(random);
  RequestIds others(random);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = ids.Next();
    EXPECT_EQ(id.size(), 32u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    seen.insert(id);
    seen.insert(others.Next());
  }
  EXPECT_EQ(seen.size(), 20'000u);
}

TEST(DateText, FollowsTheClock) {
  struct SetClock final : Clock {
    std::int64_t NowMillis() const override { return now; }
    std::int64_t now = 784111777999;
  } clock;
  DateText date;
  EXPECT_EQ(date.Now(clock), "Sun, 06 Nov 1994 08:49:37 GMT");
  clock.now += 1;
  EXPECT_EQ(date.Now(clock), "Sun, 06 Nov 1994 08:49:38 GMT");
  clock.now -= 1;
  EXPECT_EQ(date.Now(clock), "Sun, 06 Nov 1994 08:49:37 GMT") << "clocks are set back as well";
}

TEST(AppendHead, WritesOneHeadOfHandlerServerAndDefaults) {
  Response response{.status = 206};
  response.headers.Add("x-own", "1");
  response.headers.Add("Date", "never");
  Headers common;
  common.Add("X-OWN", "default");
  common.Add("x-common", "2");
  std::string out = "before|";

  AppendHead(out, response,
             {.persistence = Persistence::kKeepAlive,
              .framing = Framing::kLength,
              .length = 12345678901,
              .request_id = "id",
              .date = "now",
              .common = common});

  EXPECT_EQ(out,
            "before|HTTP/1.1 206 Partial Content\r\nx-own: 1\r\nx-common: 2\r\n"
            "content-length: 12345678901\r\ndate: now\r\nx-request-id: id\r\n"
            "x-content-type-options: nosniff\r\n\r\n");
}

TEST(AppendHead, FramesEveryKindOfBody) {
  const Headers none;
  const auto head = [&](Framing framing, Persistence persistence) {
    std::string out;
    AppendHead(out, Response{}, {.persistence = persistence, .framing = framing, .common = none});
    return out;
  };
  EXPECT_NE(head(Framing::kChunked, Persistence::kKeepAlive).find("transfer-encoding: chunked\r\n"),
            std::string::npos);
  for (const Framing framing : {Framing::kNone, Framing::kUntilClose}) {
    const std::string text = head(framing, Persistence::kClose);
    EXPECT_EQ(text.find("content-length"), std::string::npos);
    EXPECT_EQ(text.find("transfer-encoding"), std::string::npos);
    EXPECT_NE(text.find("connection: close\r\n"), std::string::npos);
  }
}

}  // namespace
}  // namespace vams::http
