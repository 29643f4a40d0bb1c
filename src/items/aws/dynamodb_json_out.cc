// Writing JSON: DynamoDB JSON straight from stored bytes, plain JSON from an Item.
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/encoding.h"
#include "items/aws/dynamodb_json.h"
#include "items/aws/encoded_form.h"
#include "items/codec.h"

namespace vams::items::aws {

namespace {

// Length of the run at the front of `text` that a JSON string holds as it is: no quote, backslash
// or control character.  Eight bytes at a time; the masks mark the high bit of a byte that stops it
// (a borrow may mark a byte too many behind the first, which the loop after it sorts out).
std::size_t PlainRun(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t slash = word ^ (kOnes * '\\');
    const std::uint64_t stops =
        ((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash);
    if ((stops & kHighs) != 0) break;
  }
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return i;
}

void AppendEscape(std::string& out, char c) {
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\b':
      out.append("\\b");
      return;
    case '\f':
      out.append("\\f");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default: {
      static constexpr char kDigits[] = "0123456789abcdef";
      const char escape[6] = {'\\', 'u', '0', '0', kDigits[c >> 4], kDigits[c & 15]};
      out.append(escape, 6);
    }
  }
}

// Walks stored bytes; every function is false on damage.
class JsonWriter {
 public:
  JsonWriter(std::string& out, std::string_view encoded, int max_nesting)
      : out_(out), rest_(encoded), max_nesting_(max_nesting) {}

  bool Whole() {
    if (rest_.empty() || rest_.front() != form::kVersion) return false;
    rest_.remove_prefix(1);
    return Map(0) && rest_.empty();
  }

 private:
  bool Map(int depth) {
    std::uint64_t count = 0;
    if (!ReadVarint(rest_, count)) return false;
    out_.push_back('{');
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string_view name;
      if (!Take(name)) return false;
      if (i > 0) out_.push_back(',');
      AppendJsonString(out_, name);
      out_.push_back(':');
      if (!Value(depth)) return false;
    }
    out_.push_back('}');
    return true;
  }

  bool Value(int depth) {
    if (rest_.empty()) return false;
    const char tag = rest_.front();
    rest_.remove_prefix(1);
    std::string_view bytes;
    switch (tag) {
      case form::kS:
        if (!Take(bytes)) return false;
        out_.append("{\"S\":");
        AppendJsonString(out_, bytes);
        break;
      case form::kN:
        if (!Take(bytes)) return false;
        out_.append("{\"N\":\"").append(bytes).push_back('"');
        break;
      case form::kB:
        if (!Take(bytes)) return false;
        out_.append("{\"B\":\"");
        AppendBase64(out_, bytes);
        out_.push_back('"');
        break;
      case form::kTrue:
        out_.append("{\"BOOL\":true");
        break;
      case form::kFalse:
        out_.append("{\"BOOL\":false");
        break;
      case form::kNull:
        out_.append("{\"NULL\":true");
        break;
      case form::kM:
        out_.append("{\"M\":");
        if (depth >= max_nesting_ || !Map(depth + 1)) return false;
        break;
      case form::kL:
        out_.append("{\"L\":[");
        if (depth >= max_nesting_ || !List(depth + 1)) return false;
        break;
      case form::kSS:
      case form::kNS:
      case form::kBS:
        if (!Set(tag)) return false;
        break;
      default:
        return false;
    }
    out_.push_back('}');
    return true;
  }

  bool List(int depth) {
    std::uint64_t count = 0;
    if (!ReadVarint(rest_, count)) return false;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) out_.push_back(',');
      if (!Value(depth)) return false;
    }
    out_.push_back(']');
    return true;
  }

  bool Set(char tag) {
    std::uint64_t count = 0;
    if (!ReadVarint(rest_, count)) return false;
    out_.append(tag == form::kSS ? "{\"SS\":[" : tag == form::kNS ? "{\"NS\":[" : "{\"BS\":[");
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string_view member;
      if (!Take(member)) return false;
      if (i > 0) out_.push_back(',');
      if (tag == form::kBS) {
        out_.push_back('"');
        AppendBase64(out_, member);
        out_.push_back('"');
      } else {
        AppendJsonString(out_, member);
      }
    }
    out_.push_back(']');
    return true;
  }

  bool Take(std::string_view& bytes) {
    std::uint64_t size = 0;
    if (!ReadVarint(rest_, size) || size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string& out_;
  std::string_view rest_;
  const int max_nesting_;
};

void AppendPlainBinary(std::string& out, std::string_view bytes) {
  out.push_back('"');
  AppendBase64(out, bytes);
  out.push_back('"');
}

void AppendPlainValue(std::string& out, const Value& value) {
  bool first = true;
  const auto separate = [&] {
    if (!first) out.push_back(',');
    first = false;
  };
  switch (value.kind()) {
    case Kind::kS:
      return AppendJsonString(out, value.text());
    case Kind::kN:
      out.append(value.text());
      return;
    case Kind::kB:
      return AppendPlainBinary(out, value.text());
    case Kind::kBool:
      out.append(value.boolean() ? "true" : "false");
      return;
    case Kind::kNull:
      out.append("null");
      return;
    case Kind::kM:
      return AppendPlainJson(out, value.map());
    case Kind::kL:
      out.push_back('[');
      for (const auto& element : value.list()) {
        separate();
        AppendPlainValue(out, element);
      }
      out.push_back(']');
      return;
    case Kind::kSS:
    case Kind::kNS:
    case Kind::kBS:
      out.push_back('[');
      for (const auto& member : value.set()) {
        separate();
        if (value.is(Kind::kSS))
          AppendJsonString(out, member);
        else if (value.is(Kind::kNS))
          out.append(member);
        else
          AppendPlainBinary(out, member);
      }
      out.push_back(']');
      return;
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  for (;;) {
    const std::size_t run = PlainRun(text);
    out.append(text.data(), run);
    if (run == text.size()) break;
    AppendEscape(out, text[run]);
    text.remove_prefix(run + 1);
  }
  out.push_back('"');
}

Status AppendJson(std::string& out, std::string_view encoded) {
  const std::size_t before = out.size();
  if (JsonWriter(out, encoded, kMaxNesting).Whole()) return Ok();
  out.resize(before);
  return Error(Code::kCorrupt,
               "a stored item is damaged and cannot be written as JSON; verify the data set");
}

std::string ToJson(const Item& item) {
  std::string out;
  // What was just encoded is whole, and how deep an Item in memory may be is its maker's business.
  VAMS_CHECK(JsonWriter(out, EncodeItem(item), std::numeric_limits<int>::max()).Whole());
  return out;
}

void AppendPlainJson(std::string& out, const Item& item) {
  out.push_back('{');
  bool first = true;
  for (const auto& [name, value] : item) {
    if (!first) out.push_back(',');
    first = false;
    AppendJsonString(out, name);
    out.push_back(':');
    AppendPlainValue(out, value);
  }
  out.push_back('}');
}

}  // namespace vams::items::aws
