#include "items/codec.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "items/number.h"

namespace vams::items {
namespace {

template <std::size_t n>
std::string Raw(const char (&literal)[n]) {
  return std::string(literal, n - 1);
}

class RandomItems {
 public:
  explicit RandomItems(std::uint32_t seed) : random_(seed) {}

  Item Next(int depth = 0) {
    Item item;
    for (std::size_t i = Below(depth == 0 ? 8 : 4); i > 0; --i) item.Set(Text(), Any(depth));
    return item;
  }

 private:
  std::size_t Below(std::size_t n) { return random_() % n; }

  std::string Text() {
    std::string out;
    // Now and then long enough for a varint of two bytes.
    for (std::size_t i = Below(20) == 0 ? 130 + Below(200) : Below(6); i > 0; --i)
      out += std::vector<std::string>{
          "a", "z", "\xc3\xa9", "\xf0\x9f\x98\x80", Raw("\0"), "0"}[Below(6)];
    return out;
  }

  std::string Number() {
    return CanonicalNumber(std::to_string(static_cast<std::int64_t>(random_()) - 2147483648) + "e" +
                           std::to_string(static_cast<int>(Below(60)) - 30))
        .value();
  }

  std::string Binary() {
    std::string out;
    for (std::size_t i = Below(6); i > 0; --i) out += static_cast<char>(Below(256));
    return out;
  }

  template <typename Make>
  Bytes Members(Make make) {
    Bytes members;
    for (std::size_t i = 1 + Below(4); i > 0; --i) members.push_back(make());
    return members;
  }

  Value Any(int depth) {
    switch (Below(depth < 4 ? 10 : 8)) {
      case 0:
        return Value::S(Text());
      case 1:
        return Value::N(Number());
      case 2:
        return Value::B(Binary());
      case 3:
        return Value::Bool(Below(2) == 0);
      case 4:
        return Value::Null();
      case 5:
        return Value::SS(Members([&] { return Text(); }));
      case 6:
        return Value::NS(Members([&] { return Number(); }));
      case 7:
        return Value::BS(Members([&] { return Binary(); }));
      case 8:
        return Value::M(Next(depth + 1));
      default: {
        Value::List list;
        for (std::size_t i = Below(4); i > 0; --i) list.push_back(Any(depth + 1));
        return Value::L(std::move(list));
      }
    }
  }

  std::mt19937 random_;
};

Item EveryKind() {
  return Item{
      {"bool", Value::Bool(true)},
      {"bytes", Value::B(Raw("\0\xff"))},
      {"empty", Value::S("")},
      {"list", Value::L({Value::N(1), Value::M({{"in", Value::Null()}}), Value::Bool(false)})},
      {"map", Value::M({{"a", Value::L({})}, {"b", Value::S("x")}})},
      {"n", Value::N("-12.5")},
      {"ss", Value::SS({"a", "b"})},
      {"ns", Value::NS({"1", "2.5"})},
      {"bs", Value::BS({Raw("\0"), "x"})}};
}

Code CodeOf(const Result<Item>& result) {
  return result.ok() ? Code::kInternal : result.error().code;
}

// Reads the item with the walking reader; the attributes' values decoded one by one.
Result<Item> ReadByWalking(std::string_view bytes) {
  TRY(auto reader, ItemReader::Open(bytes));
  Item item;
  ItemReader::Entry entry;
  for (;;) {
    TRY(const bool more, reader.Next(entry));
    if (!more) return item;
    TRY(Value value, DecodeValue(entry.encoded));
    if (value.kind() != entry.kind) return Error(Code::kInternal, "the reader names another kind");
    item.AppendSorted(std::string(entry.name), std::move(value));
  }
}

TEST(Codec, StoredBytesAreAsDocumented) {
  // Frozen: stores of every release hold these bytes.
  const Item item{{"a", Value::S("x")},
                  {"b", Value::N(12)},
                  {"c", Value::L({Value::Bool(true), Value::Null()})},
                  {"d", Value::M({{"e", Value::B(Raw("\0"))}})},
                  {"f", Value::SS({"p", "q"})}};

  EXPECT_EQ(EncodeItem(item), Raw("\x01\x05"
                                  "\x01"
                                  "a\x01\x01x"
                                  "\x01"
                                  "b\x02\x02"
                                  "12"
                                  "\x01"
                                  "c\x08\x02\x04\x06"
                                  "\x01"
                                  "d\x07\x01\x01"
                                  "e\x03\x01\0"
                                  "\x01"
                                  "f\x09\x02\x01p\x01q"));
}

TEST(Codec, EmptyItemComesBack) {
  EXPECT_EQ(EncodeItem({}), Raw("\x01\0"));
  EXPECT_EQ(DecodeItem(EncodeItem({})).value(), Item{});
}

TEST(Codec, RandomItemsComeBack) {
  constexpr std::uint32_t kSeed = 4711;
  std::cout << "seed " << kSeed << std::endl;
  RandomItems items(kSeed);
  for (int i = 0; i < 3000; ++i) {
    const Item item = items.Next();
    const std::string bytes = EncodeItem(item);
    const auto decoded = DecodeItem(bytes);
    ASSERT_TRUE(decoded.ok()) << i << ": " << decoded.error().message;
    ASSERT_TRUE(*decoded == item) << i;
    ASSERT_EQ(EncodeItem(*decoded), bytes);
    const auto walked = ReadByWalking(bytes);
    ASSERT_TRUE(walked.ok()) << i << ": " << walked.error().message;
    ASSERT_TRUE(*walked == item) << i;
  }
}

TEST(Codec, EqualItemsHaveEqualBytes) {
  Item built;
  built.Set("z", Value::SS({"b", "a", "a"}));
  built.Set("a", Value::N(CanonicalNumber("1.50e1").value()));
  const Item written{{"a", Value::N("15")}, {"z", Value::SS({"a", "b"})}};

  EXPECT_EQ(EncodeItem(built), EncodeItem(written));
}

TEST(Codec, AttributesKeptApartComeBackWhereTheyBelong) {
  const Item whole{{"a", Value::S("first")},
                   {"b", Value::Bool(true)},
                   {"c", Value::N(7)},
                   {"d", Value::Null()},
                   {"e", Value::B("\xff")}};
  const Item rest{{"b", Value::Bool(true)}, {"d", Value::Null()}};
  const std::vector<TextAttribute> apart{
      {"a", Kind::kS, "first"}, {"c", Kind::kN, "7"}, {"e", Kind::kB, "\xff"}};

  EXPECT_EQ(*DecodeItem(EncodeItem(rest), apart), whole);
  EXPECT_EQ(*DecodeItem(EncodeItem({}), apart),
            (Item{{"a", Value::S("first")}, {"c", Value::N(7)}, {"e", Value::B("\xff")}}));
}

TEST(Codec, AttributeBothKeptApartAndStoredIsCorrupt) {
  const std::vector<TextAttribute> apart{{"b", Kind::kS, "again"}};

  const auto item = DecodeItem(EncodeItem({{"a", Value::Null()}, {"b", Value::Null()}}), apart);

  ASSERT_FALSE(item.ok());
  EXPECT_EQ(item.error().code, Code::kCorrupt);
}

TEST(Codec, AppendItemAppends) {
  std::string out = "before";
  AppendItem(out, EveryKind());

  EXPECT_EQ(out, "before" + EncodeItem(EveryKind()));
}

TEST(Codec, EveryTruncationIsCorrupt) {
  RandomItems items(99);
  std::vector<Item> all{EveryKind()};
  for (int i = 0; i < 50; ++i) all.push_back(items.Next());
  for (const Item& item : all) {
    const std::string bytes = EncodeItem(item);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A copy of exactly this size, so that reading past it is an error under ASan.
      const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string_view view(cut.data(), cut.size());
      EXPECT_EQ(CodeOf(DecodeItem(view)), Code::kCorrupt) << size;
      EXPECT_EQ(CodeOf(ReadByWalking(view)), Code::kCorrupt) << size;
    }
  }
}

TEST(Codec, BytesBehindTheEndAreCorrupt) {
  const std::string bytes = EncodeItem(EveryKind()) + '\0';

  EXPECT_EQ(CodeOf(DecodeItem(bytes)), Code::kCorrupt);
  EXPECT_EQ(CodeOf(ReadByWalking(bytes)), Code::kCorrupt);
  std::string value;
  AppendValue(value, Value::S("x"));
  EXPECT_FALSE(DecodeValue(value + "y").ok());
}

TEST(Codec, EveryDamagedByteIsRefusedOrGivesAnotherCanonicalItem) {
  // Damage that makes another valid item cannot be seen here; it must just never crash, and what
  // is accepted must be canonical, or equal items would have different bytes.
  const auto check = [](const std::string& bytes) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view view(exact.data(), exact.size());
    const auto item = DecodeItem(view);
    if (item.ok())
      EXPECT_EQ(EncodeItem(*item), bytes);
    else
      EXPECT_EQ(item.error().code, Code::kCorrupt);
    // The walking reader looks less closely, but must see what it accepts the same way.
    const auto walked = ReadByWalking(view);
    if (item.ok()) {
      EXPECT_TRUE(walked.ok() && *walked == *item);
    }
  };
  const std::string bytes = EncodeItem(EveryKind());
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int byte = 0; byte < 256; ++byte) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(byte);
      check(bad);
    }
  RandomItems items(5);
  std::mt19937 random(6);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = EncodeItem(items.Next());
    for (int k = 0; k < 3; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    check(bad);
  }
}

TEST(Codec, WhatIsNotCanonicalIsCorrupt) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"unknown version", Raw("\x02\0")},
      {"attributes out of order", Raw("\x01\x02\x01"
                                      "b\x06\x01"
                                      "a\x06")},
      {"an attribute twice", Raw("\x01\x02\x01"
                                 "a\x06\x01"
                                 "a\x06")},
      {"set out of order", Raw("\x01\x01\x01"
                               "a\x09\x02\x01q\x01p")},
      {"set member twice", Raw("\x01\x01\x01"
                               "a\x09\x02\x01p\x01p")},
      {"unknown type", Raw("\x01\x01\x01"
                           "a\x0c")},
      {"type zero", Raw("\x01\x01\x01"
                        "a\0")},
      {"a longer varint than needed", Raw("\x01\x81\0\x01"
                                          "a\x06")},
      {"a number that is none", Raw("\x01\x01\x01"
                                    "a\x02\x01x")},
      {"a number with a zero too many", Raw("\x01\x01\x01"
                                            "a\x02\x02"
                                            "01")},
      {"a set member that is no number", Raw("\x01\x01\x01"
                                             "a\x0a\x01\x01x")},
      {"a count beyond the data", Raw("\x01\xff\xff\xff\xff\x7f")},
      {"a length beyond the data", Raw("\x01\x01\x01"
                                       "a\x01\xff\xff\xff\xff\xff\xff\xff\x7f")},
      {"a list beyond the data", Raw("\x01\x01\x01"
                                     "a\x08\xff\xff\xff\xff\xff\xff\xff\x7f")},
      {"a set beyond the data", Raw("\x01\x01\x01"
                                    "a\x0b\xff\xff\xff\xff\xff\xff\xff\x7f")}};
  for (const auto& [what, bytes] : bad)
    EXPECT_EQ(CodeOf(DecodeItem(bytes)), Code::kCorrupt) << what;
}

TEST(Codec, NestingIsLimitedWhenReading) {
  const auto nested = [](int depth) {
    Value value = Value::N(1);
    for (int i = 0; i < depth; ++i)
      value = i % 2 == 0 ? Value::L({value}) : Value::M(Item{{"m", value}});
    return EncodeItem(Item{{"a", value}});
  };

  EXPECT_TRUE(DecodeItem(nested(kMaxNesting)).ok());
  EXPECT_TRUE(ReadByWalking(nested(kMaxNesting)).ok());
  EXPECT_EQ(CodeOf(DecodeItem(nested(kMaxNesting + 1))), Code::kCorrupt);
  EXPECT_EQ(CodeOf(ReadByWalking(nested(kMaxNesting + 1))), Code::kCorrupt);
  // Damage may claim any depth; reading it must not exhaust the stack.
  std::string lists =
      Raw("\x01\x01\x01"
          "a");
  for (int i = 0; i < 200'000; ++i) lists += "\x08\x01";
  EXPECT_EQ(CodeOf(DecodeItem(lists + "\x06")), Code::kCorrupt);
  EXPECT_EQ(CodeOf(ReadByWalking(lists + "\x06")), Code::kCorrupt);
}

TEST(Codec, ReaderShowsNamesKindsAndValues) {
  const std::string bytes = EncodeItem(EveryKind());
  auto reader = ItemReader::Open(bytes).value();
  EXPECT_EQ(reader.remaining(), EveryKind().size());
  ItemReader::Entry entry;

  for (const auto& [name, value] : EveryKind()) {
    ASSERT_TRUE(reader.Next(entry).value());
    EXPECT_EQ(entry.name, name);
    EXPECT_EQ(entry.kind, value.kind());
    std::string encoded;
    AppendValue(encoded, value);
    EXPECT_EQ(entry.encoded, encoded);
  }
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_FALSE(reader.Next(entry).value());
}

TEST(Varint, ValuesOfEveryLengthComeBack) {
  for (int bit = 0; bit < 63; ++bit)
    for (const std::uint64_t value :
         {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit, (std::uint64_t{1} << bit) + 1}) {
      std::string bytes;
      AppendVarint(bytes, value);
      std::string_view rest = bytes;
      std::uint64_t read = 0;
      ASSERT_TRUE(ReadVarint(rest, read)) << value;
      EXPECT_EQ(read, value);
      EXPECT_TRUE(rest.empty());
      rest = std::string_view(bytes).substr(0, bytes.size() - 1);
      EXPECT_FALSE(ReadVarint(rest, read)) << value;
    }
}

TEST(Varint, TooLongIsRefused) {
  std::uint64_t value = 0;
  for (const std::string& bytes :
       {std::string(10, '\x80'), std::string(10, '\x80') + '\x01', Raw("\x80\0"), std::string()}) {
    std::string_view rest = bytes;
    EXPECT_FALSE(ReadVarint(rest, value));
  }
}

}  // namespace
}  // namespace vams::items
