#include "items/codec.h"

#include <fmt/format.h>

#include <algorithm>

#include "items/number.h"

namespace vams::items {

namespace {

constexpr char kVersion = 1;

// Type bytes of the stored form; frozen.
enum Tag : char {
  kTagS = 1,
  kTagN = 2,
  kTagB = 3,
  kTagTrue = 4,
  kTagFalse = 5,
  kTagNull = 6,
  kTagM = 7,
  kTagL = 8,
  kTagSS = 9,
  kTagNS = 10,
  kTagBS = 11,
};

void AppendBytes(std::string& out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out.append(bytes);
}

void AppendMap(std::string& out, const Item& map) {
  AppendVarint(out, map.size());
  for (const auto& [name, value] : map) {
    AppendBytes(out, name);
    AppendValue(out, value);
  }
}

Error Corrupt(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("a stored item is damaged: {}", what));
}

bool IsCanonicalNumber(std::string_view text) {
  // Short positive integers, which most are, need no parsing.
  if (!text.empty() && text.size() <= 18 && text[0] != '0' &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return true;
  const auto canonical = CanonicalNumber(text);
  return canonical.ok() && *canonical == text;
}

}  // namespace

// Builds values in place: a Result per value would cost more than the decoding itself, so the
// functions say false and leave the reason in `why_`.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::string_view rest() const { return {at_, size()}; }
  Error error() const { return Corrupt(why_); }

  // `apart` are attributes that the map lacks, ascending by name.
  bool Map(int depth, Item& map, std::span<const TextAttribute> apart = {}) {
    std::uint64_t count = 0;
    if (!Varint(count)) return Fail("map cut off");
    // Each attribute takes at least two bytes; a larger count is damage, not a reason to allocate.
    if (count > size() / 2) return Fail("attribute count beyond the data");
    map.attributes_.reserve(count + apart.size());
    std::string_view last;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string_view name;
      if (!Bytes(name)) return Fail("attribute name cut off");
      if (i > 0 && name <= last) return Fail("attributes out of order");
      last = name;
      while (!apart.empty() && apart.front().name <= name) {
        if (apart.front().name == name) return Fail("an attribute is there twice");
        Add(map, apart.front());
        apart = apart.subspan(1);
      }
      Item::Attribute& attribute = map.attributes_.emplace_back();
      attribute.name = std::string(name);
      if (!One(depth, attribute.value)) return false;
    }
    for (const TextAttribute& attribute : apart) Add(map, attribute);
    return true;
  }

  // `value` is NULL, as it was made.
  bool One(int depth, Value& value) {
    if (at_ == end_) return Fail("value cut off");
    const char tag = *at_++;
    switch (tag) {
      case kTagS:
        return Text(Kind::kS, value);
      case kTagN:
        return Text(Kind::kN, value);
      case kTagB:
        return Text(Kind::kB, value);
      case kTagTrue:
      case kTagFalse:
        value.kind_ = Kind::kBool;
        value.data_.emplace<bool>(tag == kTagTrue);
        return true;
      case kTagNull:
        return true;
      case kTagM:
        if (depth >= kMaxNesting) return Fail("nested too deep");
        value.kind_ = Kind::kM;
        return Map(depth + 1, value.data_.emplace<Item>());
      case kTagL:
        return List(depth, value);
      case kTagSS:
        return Set(Kind::kSS, value);
      case kTagNS:
        return Set(Kind::kNS, value);
      case kTagBS:
        return Set(Kind::kBS, value);
      default:
        return Fail("unknown type");
    }
  }

  // Moves past one value.
  bool Skip(int depth) {
    if (at_ == end_) return Fail("value cut off");
    const char tag = *at_++;
    std::string_view bytes;
    std::uint64_t count = 0;
    switch (tag) {
      case kTagTrue:
      case kTagFalse:
      case kTagNull:
        return true;
      case kTagS:
      case kTagN:
      case kTagB:
        return Bytes(bytes) || Fail("value cut off");
      case kTagSS:
      case kTagNS:
      case kTagBS:
        if (!Varint(count)) return Fail("set cut off");
        for (; count > 0; --count)
          if (!Bytes(bytes)) return Fail("set cut off");
        return true;
      case kTagL:
      case kTagM:
        if (depth >= kMaxNesting) return Fail("nested too deep");
        if (!Varint(count)) return Fail("value cut off");
        for (; count > 0; --count) {
          if (tag == kTagM && !Bytes(bytes)) return Fail("attribute name cut off");
          if (!Skip(depth + 1)) return false;
        }
        return true;
      default:
        return Fail("unknown type");
    }
  }

  bool Bytes(std::string_view& bytes) {
    std::uint64_t length = 0;
    if (!Varint(length) || length > size()) return false;
    bytes = {at_, length};
    at_ += length;
    return true;
  }

  bool Varint(std::uint64_t& value) {
    // Most take one byte.
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      value = static_cast<unsigned char>(*at_++);
      return true;
    }
    std::string_view bytes = rest();
    if (!ReadVarint(bytes, value)) return false;
    at_ = bytes.data();
    return true;
  }

 private:
  std::size_t size() const { return static_cast<std::size_t>(end_ - at_); }

  bool Fail(const char* why) {
    why_ = why;
    return false;
  }

  bool Text(Kind kind, Value& value) {
    std::string_view bytes;
    if (!Bytes(bytes)) return Fail("value cut off");
    if (kind == Kind::kN && !IsCanonicalNumber(bytes)) return Fail("number not in its one form");
    SetText(value, kind, bytes);
    return true;
  }

  // Made first and moved in: the variant would make a second variant of anything that may throw.
  static void SetText(Value& value, Kind kind, std::string_view bytes) {
    value.kind_ = kind;
    value.data_.emplace<std::string>(std::string(bytes));
  }

  static void Add(Item& map, const TextAttribute& from) {
    Item::Attribute& attribute = map.attributes_.emplace_back();
    attribute.name = std::string(from.name);
    SetText(attribute.value, from.kind, from.text);
  }

  bool List(int depth, Value& value) {
    if (depth >= kMaxNesting) return Fail("nested too deep");
    std::uint64_t count = 0;
    if (!Varint(count) || count > size()) return Fail("list cut off");
    value.kind_ = Kind::kL;
    auto& list = value.data_.emplace<Value::List>();
    list.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
      if (!One(depth + 1, list.emplace_back())) return false;
    return true;
  }

  bool Set(Kind kind, Value& value) {
    std::uint64_t count = 0;
    if (!Varint(count) || count > size()) return Fail("set cut off");
    value.kind_ = kind;
    auto& members = value.data_.emplace<items::Bytes>();
    members.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string_view member;
      if (!Bytes(member)) return Fail("set cut off");
      if (i > 0 && member <= members.back()) return Fail("set members out of order");
      if (kind == Kind::kNS && !IsCanonicalNumber(member))
        return Fail("number not in its one form");
      members.emplace_back(member);
    }
    return true;
  }

  const char* at_;
  const char* end_;
  const char* why_ = "";
};

namespace {

Kind KindOfTag(char tag) {
  switch (tag) {
    case kTagS:
      return Kind::kS;
    case kTagN:
      return Kind::kN;
    case kTagB:
      return Kind::kB;
    case kTagTrue:
    case kTagFalse:
      return Kind::kBool;
    case kTagM:
      return Kind::kM;
    case kTagL:
      return Kind::kL;
    case kTagSS:
      return Kind::kSS;
    case kTagNS:
      return Kind::kNS;
    case kTagBS:
      return Kind::kBS;
    default:
      return Kind::kNull;
  }
}

}  // namespace

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

bool ReadVarint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 9; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) return false;  // not the shortest form
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

void AppendValue(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::kS:
      out.push_back(kTagS);
      return AppendBytes(out, value.text());
    case Kind::kN:
      out.push_back(kTagN);
      return AppendBytes(out, value.text());
    case Kind::kB:
      out.push_back(kTagB);
      return AppendBytes(out, value.text());
    case Kind::kBool:
      return out.push_back(value.boolean() ? kTagTrue : kTagFalse);
    case Kind::kNull:
      return out.push_back(kTagNull);
    case Kind::kM:
      out.push_back(kTagM);
      return AppendMap(out, value.map());
    case Kind::kL:
      out.push_back(kTagL);
      AppendVarint(out, value.list().size());
      for (const auto& element : value.list()) AppendValue(out, element);
      return;
    case Kind::kSS:
    case Kind::kNS:
    case Kind::kBS:
      out.push_back(value.is(Kind::kSS) ? kTagSS : value.is(Kind::kNS) ? kTagNS : kTagBS);
      AppendVarint(out, value.set().size());
      for (const auto& member : value.set()) AppendBytes(out, member);
      return;
  }
}

void AppendItem(std::string& out, const Item& item) {
  out.push_back(kVersion);
  AppendMap(out, item);
}

std::string EncodeItem(const Item& item) {
  std::string out;
  out.reserve(256);
  AppendItem(out, item);
  return out;
}

Result<Item> DecodeItem(std::string_view bytes, std::span<const TextAttribute> apart) {
  if (bytes.empty() || bytes.front() != kVersion) return Corrupt("unknown encoding version");
  Decoder decoder(bytes.substr(1));
  Result<Item> item;
  if (!decoder.Map(0, *item, apart)) return decoder.error();
  if (!decoder.rest().empty()) return Corrupt("bytes behind the end");
  return item;
}

Result<Value> DecodeValue(std::string_view encoded) {
  Decoder decoder(encoded);
  Result<Value> value;
  if (!decoder.One(0, *value)) return decoder.error();
  if (!decoder.rest().empty()) return Corrupt("bytes behind the end");
  return value;
}

Result<ItemReader> ItemReader::Open(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return Corrupt("unknown encoding version");
  ItemReader reader;
  reader.rest_ = bytes.substr(1);
  if (!ReadVarint(reader.rest_, reader.remaining_)) return Corrupt("map cut off");
  return reader;
}

Result<bool> ItemReader::Next(Entry& entry) {
  if (remaining_ == 0) {
    if (!rest_.empty()) return Corrupt("bytes behind the end");
    return false;
  }
  Decoder decoder(rest_);
  if (!decoder.Bytes(entry.name)) return Corrupt("attribute name cut off");
  if (!first_ && entry.name <= last_name_) return Corrupt("attributes out of order");
  const std::string_view from = decoder.rest();
  if (from.empty()) return Corrupt("value cut off");
  entry.kind = KindOfTag(from.front());
  if (!decoder.Skip(0)) return decoder.error();
  entry.encoded = from.substr(0, from.size() - decoder.rest().size());
  rest_ = decoder.rest();
  last_name_ = entry.name;
  first_ = false;
  --remaining_;
  return true;
}

}  // namespace vams::items
