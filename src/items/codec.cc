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
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }
  Error error() const { return Corrupt(why_); }

  bool Map(int depth, Item& map) {
    std::uint64_t count = 0;
    if (!ReadVarint(rest_, count)) return Fail("map cut off");
    // Each attribute takes at least two bytes; a larger count is damage, not a reason to allocate.
    if (count > rest_.size() / 2) return Fail("attribute count beyond the data");
    map.attributes_.reserve(count);
    std::string_view last;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string_view name;
      if (!Bytes(name)) return Fail("attribute name cut off");
      if (i > 0 && name <= last) return Fail("attributes out of order");
      last = name;
      Item::Attribute& attribute = map.attributes_.emplace_back();
      attribute.name.assign(name);
      if (!One(depth, attribute.value)) return false;
    }
    return true;
  }

  // `value` is NULL, as it was made.
  bool One(int depth, Value& value) {
    if (rest_.empty()) return Fail("value cut off");
    const char tag = rest_.front();
    rest_.remove_prefix(1);
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
    if (rest_.empty()) return Fail("value cut off");
    const char tag = rest_.front();
    rest_.remove_prefix(1);
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
        if (!ReadVarint(rest_, count)) return Fail("set cut off");
        for (; count > 0; --count)
          if (!Bytes(bytes)) return Fail("set cut off");
        return true;
      case kTagL:
      case kTagM:
        if (depth >= kMaxNesting) return Fail("nested too deep");
        if (!ReadVarint(rest_, count)) return Fail("value cut off");
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
    // Most sizes are one byte.
    std::uint64_t size = 0;
    if (!rest_.empty() && static_cast<unsigned char>(rest_.front()) < 0x80) {
      size = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
    } else if (!ReadVarint(rest_, size)) {
      return false;
    }
    if (size > rest_.size()) return false;
    bytes = {rest_.data(), size};
    rest_.remove_prefix(size);
    return true;
  }

 private:
  bool Fail(const char* why) {
    why_ = why;
    return false;
  }

  bool Text(Kind kind, Value& value) {
    std::string_view bytes;
    if (!Bytes(bytes)) return Fail("value cut off");
    if (kind == Kind::kN && !IsCanonicalNumber(bytes)) return Fail("number not in its one form");
    value.kind_ = kind;
    value.data_.emplace<std::string>(bytes);
    return true;
  }

  bool List(int depth, Value& value) {
    if (depth >= kMaxNesting) return Fail("nested too deep");
    std::uint64_t count = 0;
    if (!ReadVarint(rest_, count) || count > rest_.size()) return Fail("list cut off");
    value.kind_ = Kind::kL;
    auto& list = value.data_.emplace<Value::List>();
    list.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
      if (!One(depth + 1, list.emplace_back())) return false;
    return true;
  }

  bool Set(Kind kind, Value& value) {
    std::uint64_t count = 0;
    if (!ReadVarint(rest_, count) || count > rest_.size()) return Fail("set cut off");
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

  std::string_view rest_;
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

Result<Item> DecodeItem(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return Corrupt("unknown encoding version");
  Decoder decoder(bytes.substr(1));
  Result<Item> item;
  if (!decoder.Map(0, *item)) return decoder.error();
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
