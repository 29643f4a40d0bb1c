#include "model/part_bundle.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hash.h"

namespace vams::model {
namespace {

struct Made {
  std::string id;
  std::uint32_t number;
  std::string bytes;
};

std::vector<Made> SomeParts() {
  std::vector<Made> parts{{"a", 1, ""}, {std::string(256, 'z'), 10'000, "x"}};
  parts.push_back({"with\0zero", 7, std::string("\0VPRT VEND\n", 11)});
  parts.push_back({"large", 2, std::string(kMaxBundledPartBytes, '!')});
  return parts;
}

std::string BundleOf(const std::vector<Made>& parts) {
  std::string out(BundleHeader());
  for (const Made& part : parts)
    AppendPart(out, {part.id, part.number, Md5(part.bytes), part.bytes});
  AppendBundleEnd(out, static_cast<std::uint32_t>(parts.size()));
  return out;
}

TEST(PartBundle, GivesBackWhatWasWrittenWhereverItIsCut) {
  const auto made = SomeParts();
  const std::string text = BundleOf(made);
  const unsigned seed = 20261123;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);

  for (int round = 0; round < 20; ++round) {
    BundleReader reader;
    std::string have;
    std::vector<Made> got;
    // Pieces of a few bytes around the headers, and large ones.
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min<std::size_t>(
          random() % 2 == 0 ? 1 + random() % 40 : 1 + random() % 500'000, text.size() - at);
      have.append(text, at, size);
      at += size;
      std::string_view rest = have;
      std::vector<BundledPart> parts;
      const auto taken = reader.Take(rest, parts);
      ASSERT_TRUE(taken.ok()) << taken.error().message;
      for (const auto& part : parts) {
        EXPECT_EQ(part.md5, Md5(part.bytes));
        got.push_back({std::string(part.upload_id), part.number, std::string(part.bytes)});
      }
      have.erase(0, have.size() - rest.size());
    }
    EXPECT_TRUE(reader.whole());
    EXPECT_TRUE(have.empty());
    ASSERT_EQ(got.size(), made.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      EXPECT_EQ(got[i].id, made[i].id);
      EXPECT_EQ(got[i].number, made[i].number);
      EXPECT_TRUE(got[i].bytes == made[i].bytes);
    }
  }
}

TEST(PartBundle, SaysHowLongItWillBe) {
  std::string out;
  const BundledPart part{"an id", 3, "0123456789abcdef", "bytes"};
  AppendPart(out, part);
  EXPECT_EQ(out.size(), BundledSize(part));
}

// What was whole is kept, whatever follows.
TEST(PartBundle, KeepsThePartsInFrontOfDamage) {
  const std::string good = BundleOf({{"a", 1, "one"}, {"b", 1, "two"}});
  const std::size_t second = BundleHeader().size() + 32 + 1 + 3;
  const auto read = [](std::string_view text, std::vector<BundledPart>& parts, bool& whole) {
    BundleReader reader;
    const auto status = reader.Take(text, parts);
    whole = reader.whole();
    return status;
  };
  const auto change = [&](std::size_t at, char to) {
    std::string text = good;
    text[at] = to;
    return text;
  };
  struct Case {
    std::string text;
    std::size_t parts;
    bool ok;
  };
  const Case cases[] = {
      {good.substr(0, second + 20), 1, true},                    // cut off in a header
      {good.substr(0, good.size() - 9), 1, true},                // in a content
      {good.substr(0, good.size() - 8), 2, true},                // in front of the end
      {change(second, 'X'), 1, false},                           // no part
      {change(second + 11, 1), 1, false},                        // a part of 16 MiB
      {change(second + 12, 0), 1, false},                        // no id
      {change(second + 13, 2), 1, false},                        // an id of 513 bytes
      {change(good.size() - 4, 3), 2, false},                    // another number of parts
      {good + "x", 2, false},                                    // more behind the end
      {change(second + 32, static_cast<char>(0xff)), 1, false},  // an id that is no text
      {change(5, 'x'), 0, false},                                // something else
      {"GET / HTTP/1.1", 0, false},
      {std::string(BundleHeader().substr(0, 7)), 0, true},
      {"", 0, true},
  };
  for (const Case& one : cases) {
    std::vector<BundledPart> parts;
    bool whole = false;
    const auto status = read(one.text, parts, whole);
    SCOPED_TRACE(&one - cases);
    EXPECT_EQ(status.ok(), one.ok);
    EXPECT_EQ(parts.size(), one.parts);
    if (status.ok()) {
      EXPECT_FALSE(whole);
    }
  }
}

TEST(PartBundle, TakesAsManyPartsAsItsBoundAndNoMore) {
  std::string text(BundleHeader());
  for (std::size_t i = 0; i <= kMaxBundledParts; ++i)
    AppendPart(text, {"a", 1, "0123456789abcdef", ""});
  BundleReader reader;
  std::vector<BundledPart> parts;
  std::string_view rest = text;
  const auto status = reader.Take(rest, parts);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kTooLarge);
  EXPECT_EQ(parts.size(), kMaxBundledParts);
}

}  // namespace
}  // namespace vams::model
