// Signed URLs: what they allow, and that nothing else is allowed by changing them.
#include "objects/signed_url.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "objects/signed_url_keys.h"
#include "objects/signed_url_test.h"

namespace vams::objects {
namespace {

using items::Item;
using items::Value;
using items::Write;
using namespace url_test;
using test::MessageOf;

// ---- What is signed ----------------------------------------------------------------------------

TEST(SignedUrl, CarriesItsWholeGrant) {
  World world;
  const auto urls = world.Open();
  for (const UrlGrant& grant : {Reading(), EverythingForReading(), Part(), Bundle()}) {
    const std::string target = Must(urls->Sign(world.op, grant, 3600));

    const auto verified = Must(urls->Verify(world.op, grant.method, target));

    EXPECT_EQ(verified.grant, grant);
    EXPECT_EQ(verified.expires_seconds, kStart + 3600);
  }
}

// URLs outlive updates, so their form is frozen.  This one was composed by hand from
// docs/formats/signed-urls.md, the code with Python's hmac.
TEST(SignedUrl, HasTheDocumentedForm) {
  World world;
  const std::string id = "00112233445566aa";
  world.Commit(Write::Put(kTable, {{"keyId", Value::S("current")}, {"key", Value::S(id)}}));
  world.Commit(Write::Put(kTable, {{"keyId", Value::S(id)},
                                   {"secret", Value::B("0123456789abcdef0123456789ABCDEF")},
                                   {"created", Value::N(0)}}));
  const auto urls = world.Open();

  EXPECT_EQ(Must(urls->Sign(world.op, EverythingForReading(), 86'400)),
            "/objects/east.e57?X-Amz-Date=20270115T080000Z&X-Amz-Expires=86400&token=00112233"
            "445566aa.AQEAAUcCAAZhc3NldHMDABdnYW50cnktMTIvc2Nhbi9lYXN0LmU1NwQAIGMwN2U2ZDFjMGI"
            "zZjRjMWY5ZDhkNGYwZDBmNWU3YTExCQAIAAAAAAAAAGQKAAhAAAAAAAAABQsAEW1vZGVsL2dsdGYtYml"
            "uYXJ5DAA-YXR0YWNobWVudDsgZmlsZW5hbWU9ImVhc3QuZTU3IjsgZmlsZW5hbWUqPVVURi04JyclQzM"
            "lQjZzdC5lNTc.oRy-Ez92Ai4eEHdpGtiic_BJmWvbnaaoIz-ski6pJCA");
  EXPECT_EQ(Must(urls->Sign(world.op, Part(), 900)),
            "/objects/east.e57?X-Amz-Date=20270115T080000Z&X-Amz-Expires=900&token=0011223344"
            "5566aa.AQEAAVACAAZhc3NldHMDABdnYW50cnktMTIvc2Nhbi9lYXN0LmU1NwUAIDAxMjM0NTY3ODlhY"
            "mNkZWYwMTIzNDU2Nzg5YWJjZGVmBgAIAAAAAAAAAAcHAAgAAAAAAAAAAQgACAAAAAFAAAAA.TTDQrr0v"
            "KHi87qBZ332XB7WAvkG58W3S0K-Rce5rMpk");
}

// Keys are data.  What would be a path, an escape or a line break elsewhere must come back as it
// was, and must not show in the URL, where something between client and server would "clean" it.
TEST(SignedUrl, KeysOfAnyKindPassThroughUnchanged) {
  World world;
  const auto urls = world.Open();
  std::string every_control;
  for (char c = 0; c < 0x20; ++c) every_control.push_back(c);
  std::string long_key;
  while (long_key.size() < 1020) long_key += "\xF0\x9F\x97\xBF";
  long_key += ".glb";
  const std::vector<std::string> keys = {"..",
                                         ".",
                                         "/",
                                         "//",
                                         "../../etc/passwd",
                                         "a//b/../c/./d/",
                                         "%2e%2e%2f",
                                         "a?b=c&d#e",
                                         "a+b c",
                                         every_control,
                                         "line\r\nSet-Cookie: a=b",
                                         "e\xCC\x81t\xC3\xA9.stl",
                                         std::string("nul\0l", 5),
                                         "a\\b.obj",
                                         long_key};
  for (const std::string& key : keys) {
    const std::string target = Must(urls->Sign(world.op, Reading(key), 60));

    EXPECT_EQ(Must(urls->Verify(world.op, UrlMethod::kGet, target)).grant.key, key);
    const auto plain = [](unsigned char c) {
      return c < 0x80 && (std::isalnum(c) != 0 || std::string_view("-._/?=&").contains(char(c)));
    };
    EXPECT_TRUE(std::ranges::all_of(target, plain)) << target;
    EXPECT_EQ(std::ranges::count(target, '/'), 2) << target;
    EXPECT_FALSE(target.contains("/.")) << target;
    EXPECT_FALSE(target.contains("/?")) << target;
  }
}

TEST(SignedUrl, EndsInAPathThatShowsTheTypeOfTheFile) {
  World world;
  const auto urls = world.Open();
  const auto name_of = [&](const std::string& key) {
    const std::string target = Must(urls->Sign(world.op, Reading(key), 60));
    return target.substr(kSignedUrlPath.size(), target.find('?') - kSignedUrlPath.size());
  };

  EXPECT_EQ(name_of("a/b/Pump v2 (final).glb"), "Pump_v2_final_.glb");
  EXPECT_EQ(name_of("\xE6\xA8\xA1\xE5\x9E\x8B.e57"), "_.e57");
  EXPECT_EQ(name_of("a/.htaccess"), "_htaccess");
  EXPECT_EQ(name_of("a/.."), "_.");
  EXPECT_EQ(name_of("folder/"), "object");
  EXPECT_EQ(name_of(std::string(900, 'x') + ".copc.laz"), std::string(91, 'x') + ".copc.laz");
}

TEST(SignedUrl, TheLongestStaysBelowTheLimit) {
  World world;
  const auto urls = world.Open();
  UrlGrant longest = EverythingForReading();
  longest.bucket = std::string(255, 'b');
  longest.key = std::string(1024, 'k');
  longest.version_id = std::string(1024, 'v');
  longest.content_type = std::string(255, 't');
  longest.content_disposition = std::string(2048, 'd');

  const std::string target = Must(urls->Sign(world.op, longest, kMaxUrlSeconds));

  EXPECT_LT(target.size(), 7U * 1024);
  EXPECT_EQ(Must(urls->Verify(world.op, UrlMethod::kGet, target)).grant, longest);
}

TEST(SignedUrl, IsNotMadeForWhatCannotBe) {
  World world;
  const auto urls = world.Open();
  const auto code = [&](auto change, UrlGrant grant, std::int64_t seconds = 60) {
    change(grant);
    const auto made = urls->Sign(world.op, grant, seconds);
    return made.ok() ? "made" : CodeName(made.error().code);
  };
  const auto invalid = CodeName(Code::kInvalid);
  const auto same = [](UrlGrant&) {};

  EXPECT_EQ(code(same, Reading(), 0), invalid);
  EXPECT_EQ(code(same, Reading(), kMaxUrlSeconds + 1), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.key = ""; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.key = "\xff"; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.key = std::string(1025, 'k'); }, Reading()),
            CodeName(Code::kTooLarge));
  EXPECT_EQ(code([](UrlGrant& g) { g.bucket = "a/b"; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.method = UrlMethod::kHead; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.version_id = std::string(1025, 'v'); }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_type = "a\r\nb: c"; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_disposition = "\xC3\xA9"; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_disposition.assign(2049, 'd'); }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.range = ByteBounds{2, 1}; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.part_number = 1; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.upload_id = "u"; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_length = ByteBounds{0, 1}; }, Reading()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.upload_id = ""; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.upload_id.assign(257, 'u'); }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.part_number = 0; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.part_number = 10'001; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_length = ByteBounds{2, 1}; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.version_id = "v"; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.range = ByteBounds{0, 1}; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_type = "t"; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_disposition = "d"; }, Part()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.part_number = 1; }, Bundle()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.upload_id = ""; }, Bundle()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_length.reset(); }, Bundle()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.content_length = ByteBounds{2, 1}; }, Bundle()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.version_id = "v"; }, Bundle()), invalid);
  EXPECT_EQ(code([](UrlGrant& g) { g.range = ByteBounds{0, 1}; }, Bundle()), invalid);
}

// ---- What is refused ---------------------------------------------------------------------------

// Nobody gets more, or something else, by changing a URL: no bit of it may be different.
TEST(SignedUrl, EveryChangedByteIsRefused) {
  World world;
  const auto urls = world.Open();
  for (const UrlGrant& grant : {EverythingForReading(), Part(), Bundle()}) {
    const std::string target = Must(urls->Sign(world.op, grant, 3600));
    for (std::size_t at = 0; at < target.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string changed = target;
        changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
        ExpectDenied(urls->Verify(world.op, grant.method, changed), "refused", changed);
      }
      std::string shorter = target, longer = target;
      shorter.erase(at, 1);
      longer.insert(at, 1, 'A');
      ExpectDenied(urls->Verify(world.op, grant.method, shorter), "refused", shorter);
      ExpectDenied(urls->Verify(world.op, grant.method, longer), "refused", longer);
      const std::string cut = target.substr(0, at);
      ExpectDenied(urls->Verify(world.op, grant.method, cut), "refused", cut);
    }
    for (const char* more : {"A", "=", "&a=b", "#a", " ", "."}) {
      const std::string longer = target + more;
      ExpectDenied(urls->Verify(world.op, grant.method, longer), "signature is wrong", longer);
    }
    EXPECT_TRUE(urls->Verify(world.op, grant.method, target).ok());
  }
}

// The parts of two good URLs do not make a third one.
TEST(SignedUrl, PartsOfOthersDoNotMix) {
  World world;
  const auto urls = world.Open();
  const auto cut = [](const std::string& target) {
    const auto first = target.find("&token="), last = target.rfind('.');
    return std::array{target.substr(0, first), target.substr(first, last - first),
                      target.substr(last)};
  };
  const auto a = cut(Must(urls->Sign(world.op, Reading("mine/a.glb"), 3600)));
  const auto b = cut(Must(urls->Sign(world.op, Reading("theirs/b.glb"), 60)));
  for (int mix = 1; mix < 7; ++mix) {
    std::string target;
    for (std::size_t i = 0; i < 3; ++i) target += ((mix >> i & 1) != 0 ? a : b)[i];
    ExpectDenied(urls->Verify(world.op, UrlMethod::kGet, target), "signature is wrong", target);
  }
}

TEST(SignedUrl, ExpiresToTheSecond) {
  World world;
  const auto urls = world.Open();
  const std::string target = Must(urls->Sign(world.op, Reading(), 100));

  world.clock.Advance(99);
  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kGet, target).ok());
  world.clock.Advance(1);
  const auto refused = urls->Verify(world.op, UrlMethod::kGet, target);
  ExpectDenied(refused, "it expired 0 seconds ago", target);
  EXPECT_TRUE(MessageOf(refused).contains("has expired"));
}

TEST(SignedUrl, IsForItsMethodOnly) {
  World world;
  const auto urls = world.Open();
  const std::string reading = Must(urls->Sign(world.op, Reading(), 60));
  const std::string part = Must(urls->Sign(world.op, Part(), 60));

  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kGet, reading).ok());
  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kHead, reading).ok());
  ExpectDenied(urls->Verify(world.op, UrlMethod::kPut, reading), "another method", reading);
  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kPut, part).ok());
  ExpectDenied(urls->Verify(world.op, UrlMethod::kGet, part), "another method", part);
  ExpectDenied(urls->Verify(world.op, UrlMethod::kHead, part), "another method", part);
  const std::string bundle = Must(urls->Sign(world.op, Bundle(), 60));
  for (const auto method : {UrlMethod::kGet, UrlMethod::kHead, UrlMethod::kPut})
    ExpectDenied(urls->Verify(world.op, method, bundle), "another method", bundle);
  EXPECT_TRUE(urls->Verify(world.op, UrlMethod::kPost, bundle).ok());
  ExpectDenied(urls->Verify(world.op, UrlMethod::kPost, part), "another method", part);
  ExpectDenied(urls->Verify(world.op, UrlMethod::kPost, reading), "another method", reading);
}

TEST(SignedUrl, OfAnotherStackIsRefused) {
  World here(Seed()), there(Seed() + 1);
  const auto ours = here.Open(), theirs = there.Open();
  const std::string target = Must(theirs->Sign(there.op, Reading(), 60));

  ExpectDenied(ours->Verify(here.op, UrlMethod::kGet, target), "no key has its key id", target);
}

// The id of a key is no secret: it must not be what makes a URL good.
TEST(SignedUrl, OfAnotherKeyUnderTheSameIdIsRefused) {
  World here(Seed()), there(Seed() + 1);
  const auto ours = here.Open();
  for (const Item& record : here.Records()) {
    Item other = record;
    if (other.Has("secret")) other.Set("secret", Value::B(std::string(32, 's')));
    there.Commit(Write::Put(kTable, other));
  }
  const auto theirs = there.Open();
  const std::string target = Must(theirs->Sign(there.op, Reading(), 60));

  ExpectDenied(ours->Verify(here.op, UrlMethod::kGet, target), "signature is wrong", target);
}

// Errors are shown and logged: they must help nobody to a URL that is good.
TEST(SignedUrl, ErrorsGiveNothingAway) {
  World world;
  const auto urls = world.Open();
  const std::string target = Must(urls->Sign(world.op, Reading(), 60));
  const std::string mac = target.substr(target.rfind('.') + 1);
  std::string key, secret;
  for (const Item& record : world.Records())
    if (record.Has("secret")) secret = record.Find("secret")->text();
  ASSERT_EQ(secret.size(), 32U);
  std::string text;
  const auto collect = [&](UrlMethod used, const std::string& sent) {
    const auto refused = urls->Verify(world.op, used, sent);
    ASSERT_FALSE(refused.ok());
    text += refused.error().message + refused.error().details;
  };

  collect(UrlMethod::kPut, target);
  collect(UrlMethod::kGet, target.substr(0, target.size() - 1) + "!");
  collect(UrlMethod::kGet, target.substr(0, target.rfind('.')));
  world.clock.Advance(60);
  collect(UrlMethod::kGet, target);

  for (const std::string& hidden : {mac, secret, HexEncode(secret), Base64Encode(secret)})
    EXPECT_FALSE(text.contains(hidden)) << text;
}

TEST(SignedUrl, AnythingElseIsRefused) {
  World world;
  const auto urls = world.Open();
  const std::string good = Must(urls->Sign(world.op, Reading(), 60));
  const std::string query = good.substr(good.find('?'));
  for (const std::string& target :
       {std::string(), std::string("/"), std::string("/objects/"), std::string("/objects/a.glb"),
        std::string("/objects/a?X-Amz-Date=&X-Amz-Expires=&token=.."),
        std::string("/objects/a?X-Amz-Date=20279999T999999Z&X-Amz-Expires=1&token=a.b.c"),
        std::string("/objects/a?X-Amz-Date=20270115T080000Z&X-Amz-Expires=-1&token=a.b.c"),
        std::string("/objects/a?X-Amz-Date=20270115T080000Z&X-Amz-Expires=9999999&token=a.b.c"),
        std::string(100'000, 'a'), "http://127.0.0.1" + good, "/api" + good, query,
        good + std::string(kMaxSignedUrlBytes, 'A')})
    ExpectDenied(urls->Verify(world.op, UrlMethod::kGet, target), "refused", target);
}

TEST(SignedUrl, LengthAndRangeHoldTheRequestToTheGrant) {
  UrlGrant part = Part();
  part.content_length = ByteBounds{.low = 10, .high = 20};
  EXPECT_FALSE(CheckLength(part, 9).ok());
  EXPECT_TRUE(CheckLength(part, 10).ok());
  EXPECT_TRUE(CheckLength(part, 20).ok());
  EXPECT_EQ(CheckLength(part, 21).error().code, Code::kDenied);
  part.content_length.reset();
  EXPECT_TRUE(CheckLength(part, 0).ok());

  UrlGrant reading = Reading();
  EXPECT_TRUE(CheckRange(reading, 0, ~std::uint64_t{0}).ok());
  reading.range = ByteBounds{.low = 10, .high = 20};
  EXPECT_TRUE(CheckRange(reading, 10, 20).ok());
  EXPECT_TRUE(CheckRange(reading, 15, 15).ok());
  EXPECT_FALSE(CheckRange(reading, 9, 20).ok());
  EXPECT_EQ(CheckRange(reading, 10, 21).error().code, Code::kDenied);
}

}  // namespace
}  // namespace vams::objects
