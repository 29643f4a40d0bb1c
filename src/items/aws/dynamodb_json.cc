// Decoding: SAX events straight into stored bytes.  A map's attributes are appended as they come;
// when the map ends they are put in order (a real export is not sorted, ours is) and the count is
// filled in.  Nothing is allocated per item once the buffers have grown.
#include "items/aws/dynamodb_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/encoding.h"
#include "items/aws/byte_output.h"
#include "items/aws/encoded_form.h"
#include "items/codec.h"
#include "items/number.h"

namespace vams::items::aws {

namespace {

namespace json = boost::json;

// What the next JSON value has to be.
enum class Want : std::uint8_t { kLine, kMap, kTyped, kList, kSet, kS, kN, kB, kBool, kNull };

std::string_view Describe(Want want) {
  switch (want) {
    case Want::kLine:
      return "an object {\"Item\":{…}}";
    case Want::kMap:
      return "an object of attributes";
    case Want::kTyped:
      return "an attribute value such as {\"S\":\"text\"}";
    case Want::kList:
      return "an array of attribute values";
    case Want::kSet:
      return "an array of set members";
    case Want::kS:
      return "a string";
    case Want::kN:
      return "a number written as a string, such as \"42\",";
    case Want::kB:
      return "a string of base64";
    case Want::kBool:
      return "true or false";
    case Want::kNull:
      return "true";
  }
  return "";
}

struct Type {
  std::string_view name;
  Want want;
  char tag;  // 0: known only with the value
};

constexpr Type kTypeS{"S", Want::kS, form::kS};
constexpr Type kTypeN{"N", Want::kN, form::kN};
constexpr Type kTypeB{"B", Want::kB, form::kB};
constexpr Type kTypeBool{"BOOL", Want::kBool, 0};
constexpr Type kTypeNull{"NULL", Want::kNull, form::kNull};
constexpr Type kTypeM{"M", Want::kMap, form::kM};
constexpr Type kTypeL{"L", Want::kList, form::kL};
constexpr Type kTypeSS{"SS", Want::kSet, form::kSS};
constexpr Type kTypeNS{"NS", Want::kSet, form::kNS};
constexpr Type kTypeBS{"BS", Want::kSet, form::kBS};

// By hand: it runs once per value, and comparing names one after another was a tenth of the time.
const Type* FindType(std::string_view name) {
  if (name.size() == 1) {
    switch (name[0]) {
      case 'S':
        return &kTypeS;
      case 'N':
        return &kTypeN;
      case 'B':
        return &kTypeB;
      case 'M':
        return &kTypeM;
      case 'L':
        return &kTypeL;
      default:
        return nullptr;
    }
  }
  for (const Type* type : {&kTypeBool, &kTypeNull, &kTypeSS, &kTypeNS, &kTypeBS})
    if (type->name == name) return type;
  return nullptr;
}

// An attribute of a map or a member of a set, as it lies in the output.
struct Chunk {
  std::uint64_t prefix;
  std::uint32_t at;       // of the length in front of the text
  std::uint32_t text_at;  // attribute name or member
  std::uint32_t text_size;
  std::uint32_t end;  // only while the chunks are put in order
};

// The first eight bytes of `text` (zeros behind the end) as a number that orders like them: it
// decides most comparisons of names.  Taken from the input, because bytes just written one size
// cannot be read back at once in another.
std::uint64_t PrefixOf(std::string_view text) {
  const auto load = [&](auto word, std::size_t at) {
    std::memcpy(&word, text.data() + at, sizeof word);
    return std::uint64_t{word} << (8 * at);
  };
  const std::size_t size = text.size();
  std::uint64_t prefix = 0;
  if (size >= 8)
    prefix = load(std::uint64_t{}, 0);
  else if (size >= 4)
    prefix = load(std::uint32_t{}, 0) | load(std::uint32_t{}, size - 4);
  else if (size > 0)
    prefix =
        load(std::uint8_t{}, 0) | load(std::uint8_t{}, size / 2) | load(std::uint8_t{}, size - 1);
  return __builtin_bswap64(prefix);
}

// Keeps offsets in 32 bits although a number's text can grow eighteenfold ("1E125").
constexpr std::size_t kMaxText = std::size_t{64} << 20;

struct Frame {
  enum class Kind : std::uint8_t { kLine, kMap, kTyped, kList, kSet };
  Kind kind = Kind::kMap;
  bool sorted = true;           // map, set: chunks came in ascending order
  bool named = false;           // line, map: inside a member
  const Type* type = nullptr;   // typed: once known; set: its type
  std::size_t start = 0;        // of the count in the output
  std::size_t first_chunk = 0;  // map, set
  std::size_t count = 0;        // list, set: elements begun
  std::size_t name_at = 0;      // map: current attribute name in the output
  std::size_t name_size = 0;
};

// Line, item map, a typed value and its container per level, one more typed value and its set.
constexpr std::size_t kMaxFrames = 2 + 2 * kMaxNesting + 2;

// For messages: `name` as a JSON string, cut to a readable length.
void AppendQuoted(std::string& out, std::string_view name) {
  std::size_t size = std::min<std::size_t>(name.size(), 60);
  while (size < name.size() && size > 0 && (name[size] & 0xc0) == 0x80) --size;
  AppendJsonString(out, name.substr(0, size));
  if (size < name.size()) out.append("…");
}

std::string Quoted(std::string_view name) {
  std::string out;
  AppendQuoted(out, name);
  return out;
}

void AppendPathName(std::string& path, std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == ':';
  });
  if (plain && name.size() <= 100) {
    path.append(".").append(name);
    return;
  }
  path.push_back('[');
  AppendQuoted(path, name);
  path.push_back(']');
}

// The handler of Boost's event parser.  Grammar is the parser's business; what a value may be where
// is ours.  A false return with `reason` set stops the parse.
class Encoder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  void Begin(Want want) {
    out_.Clear();
    out_.Push(form::kVersion);
    chunks_.clear();
    text_.clear();
    reason_.clear();
    depth_ = 0;
    nesting_ = 0;
    want_ = want;
  }
  std::string_view out() const { return out_.view(); }
  const std::string& reason() const { return reason_; }
  std::string Path() const;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code& ec);
  bool on_object_end(std::size_t, json::error_code& ec);
  bool on_array_begin(json::error_code& ec);
  bool on_array_end(std::size_t, json::error_code& ec);

  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    text_.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t n, json::error_code& ec) {
    const bool ok = Key(Whole(s, n), ec);
    text_.clear();
    return ok;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    text_.append(s.data(), s.size());
    return true;
  }
  bool on_string(json::string_view s, std::size_t n, json::error_code& ec) {
    const bool ok = Text(Whole(s, n), ec);
    text_.clear();
    return ok;
  }

  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code& ec) { return BareNumber(ec); }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& ec) { return BareNumber(ec); }
  bool on_double(double, json::string_view, json::error_code& ec) { return BareNumber(ec); }
  bool on_bool(bool value, json::error_code& ec);
  bool on_null(json::error_code& ec) { return Unexpected("null", ec); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  std::string_view Whole(json::string_view last, std::size_t total) {
    if (last.size() == total) return {last.data(), last.size()};
    text_.append(last.data(), last.size());
    return text_;
  }
  bool Fail(std::string reason, json::error_code& ec) {
    reason_ = std::move(reason);
    ec = json::error::syntax;
    return false;
  }
  bool Unexpected(std::string_view found, json::error_code& ec) {
    if (depth_ > 0 && (top().kind == Frame::Kind::kList || top().kind == Frame::Kind::kSet))
      ++top().count;  // so that the path names this element
    return Fail(fmt::format("expected {} but found {}", Describe(want_), found), ec);
  }
  bool BareNumber(json::error_code& ec) { return Unexpected("a bare number", ec); }

  Frame& top() { return frames_[depth_ - 1]; }
  Frame& Push(Frame::Kind kind) {
    VAMS_CHECK(depth_ < kMaxFrames);
    Frame& frame = frames_[depth_++];
    frame.kind = kind;
    frame.sorted = true;
    frame.named = false;
    frame.type = nullptr;
    frame.count = 0;
    return frame;
  }
  void PushCounted(Frame::Kind kind) {
    Frame& frame = Push(kind);
    frame.start = out_.size();
    frame.first_chunk = chunks_.size();
    out_.Push(0);  // most counts take one byte; EndCounted makes room for more
  }
  void EndCounted(std::size_t count);

  bool Key(std::string_view name, json::error_code& ec);
  bool TypeName(std::string_view name, json::error_code& ec);
  bool Text(std::string_view text, json::error_code& ec);
  bool Number(std::string_view text, json::error_code& ec);
  bool Binary(std::string_view text, json::error_code& ec);
  bool BeginChunk(std::string_view text);
  bool PutInOrder(json::error_code& ec);

  std::string_view TextOf(const Chunk& chunk) const {
    return out_.view().substr(chunk.text_at, chunk.text_size);
  }
  bool Less(const Chunk& a, const Chunk& b) const {
    return a.prefix != b.prefix ? a.prefix < b.prefix : TextOf(a) < TextOf(b);
  }

  ByteOutput out_;
  std::string text_;     // a string or key that came in parts
  std::string scratch_;  // for reordering
  std::string reason_;
  std::vector<Chunk> chunks_;
  std::array<Frame, kMaxFrames> frames_;
  std::size_t depth_ = 0;
  int nesting_ = 0;  // maps and lists open below the item
  Want want_ = Want::kMap;
};

std::string Encoder::Path() const {
  std::string path = "Item";
  for (std::size_t i = 0; i < depth_; ++i) {
    const Frame& frame = frames_[i];
    switch (frame.kind) {
      case Frame::Kind::kLine:
        break;
      case Frame::Kind::kMap:
        if (frame.named) AppendPathName(path, out_.view().substr(frame.name_at, frame.name_size));
        break;
      case Frame::Kind::kTyped:
        if (frame.type != nullptr) path.append(".").append(frame.type->name);
        break;
      case Frame::Kind::kList:
      case Frame::Kind::kSet:
        if (frame.count > 0) path.append(fmt::format("[{}]", frame.count - 1));
        break;
    }
  }
  return path;
}

bool Encoder::on_object_begin(json::error_code& ec) {
  if (want_ == Want::kTyped) {
    if (depth_ > 0 && top().kind == Frame::Kind::kList) ++top().count;
    Push(Frame::Kind::kTyped);
    return true;
  }
  if (want_ == Want::kMap) {
    PushCounted(Frame::Kind::kMap);
    return true;
  }
  if (want_ == Want::kLine) {
    Push(Frame::Kind::kLine);
    return true;
  }
  return Unexpected("an object", ec);
}

bool Encoder::on_object_end(std::size_t, json::error_code& ec) {
  Frame& frame = top();
  switch (frame.kind) {
    case Frame::Kind::kTyped:
      if (frame.type == nullptr) return Fail("a value needs a type, such as {\"S\":\"text\"}", ec);
      --depth_;
      // In a list the next value comes at once; in a map a key comes first and sets it again.
      want_ = Want::kTyped;
      return true;
    case Frame::Kind::kMap:
      frame.named = false;
      if (!frame.sorted && !PutInOrder(ec)) return false;
      EndCounted(chunks_.size() - frame.first_chunk);
      return true;
    default:
      if (!frame.named) return Fail("the object has no member \"Item\"", ec);
      --depth_;
      return true;
  }
}

bool Encoder::on_array_begin(json::error_code& ec) {
  if (want_ == Want::kList) {
    PushCounted(Frame::Kind::kList);
    want_ = Want::kTyped;
    return true;
  }
  if (want_ == Want::kSet) {
    const Type* type = top().type;
    PushCounted(Frame::Kind::kSet);
    top().type = type;
    want_ = type->tag == form::kSS ? Want::kS : type->tag == form::kNS ? Want::kN : Want::kB;
    return true;
  }
  return Unexpected("an array", ec);
}

bool Encoder::on_array_end(std::size_t, json::error_code& ec) {
  Frame& frame = top();
  if (frame.kind == Frame::Kind::kSet) {
    if (frame.count == 0) return Fail("a set must not be empty", ec);
    if (!frame.sorted && !PutInOrder(ec)) return false;
  }
  EndCounted(frame.count);
  return true;
}

bool Encoder::on_bool(bool value, json::error_code& ec) {
  if (want_ == Want::kBool) {
    out_.Push(value ? form::kTrue : form::kFalse);
    return true;
  }
  if (want_ == Want::kNull) return value || Unexpected("false", ec);  // the type byte says it all
  return Unexpected(value ? "true" : "false", ec);
}

bool Encoder::Key(std::string_view name, json::error_code& ec) {
  Frame& frame = top();
  if (frame.kind == Frame::Kind::kTyped) return TypeName(name, ec);
  if (frame.kind == Frame::Kind::kMap) {
    frame.named = true;
    const bool fresh = BeginChunk(name);
    frame.name_at = chunks_.back().text_at;
    frame.name_size = name.size();
    want_ = Want::kTyped;
    return fresh || Fail("the attribute is there twice", ec);
  }
  if (name != "Item" || frame.named)
    return Fail(fmt::format("a line holds {{\"Item\":{{…}}}} and nothing else, but here is {} {}",
                            name == "Item" ? "a second" : "the member", Quoted(name)),
                ec);
  frame.named = true;
  want_ = Want::kMap;
  return true;
}

bool Encoder::TypeName(std::string_view name, json::error_code& ec) {
  Frame& frame = top();
  const Type* type = FindType(name);
  if (frame.type != nullptr) return Fail("a value has one type, but here is a second member", ec);
  if (type == nullptr)
    return Fail(fmt::format("{} is no type; S N B BOOL NULL M L SS NS BS are", Quoted(name)), ec);
  frame.type = type;
  want_ = type->want;
  if (want_ == Want::kMap || want_ == Want::kList) {
    if (nesting_ == kMaxNesting)
      return Fail(fmt::format("nested deeper than {} levels", kMaxNesting), ec);
    ++nesting_;
  }
  if (type->tag != 0) out_.Push(type->tag);
  return true;
}

bool Encoder::Text(std::string_view text, json::error_code& ec) {
  const bool member = depth_ > 0 && top().kind == Frame::Kind::kSet;
  if (member) ++top().count;
  switch (want_) {
    case Want::kS:
      if (member) return BeginChunk(text) || Fail("the set has this member twice", ec);
      out_.AppendBytes(text);
      return true;
    case Want::kN:
      return Number(text, ec);
    case Want::kB:
      return Binary(text, ec);
    default:
      return Unexpected("a string", ec);
  }
}

bool Encoder::Number(std::string_view text, json::error_code& ec) {
  auto number = CanonicalNumber(text);
  if (!number.ok()) return Fail(std::move(number).error().message, ec);
  if (top().kind == Frame::Kind::kSet)
    return BeginChunk(*number) || Fail("the set has this number twice", ec);
  out_.AppendBytes(*number);
  return true;
}

bool Encoder::Binary(std::string_view text, json::error_code& ec) {
  const auto bytes = Base64Decode(text);
  if (!bytes) return Fail("not padded standard base64", ec);
  if (top().kind == Frame::Kind::kSet)
    return BeginChunk(*bytes) || Fail("the set has this member twice", ec);
  out_.AppendBytes(*bytes);
  return true;
}

// False when it equals the one before; others that are equal show when the chunks are put in order.
bool Encoder::BeginChunk(std::string_view text) {
  Frame& frame = top();
  const std::size_t at = out_.size();
  out_.AppendBytes(text);
  const std::size_t text_at = out_.size() - text.size();
  const Chunk chunk{PrefixOf(text), static_cast<std::uint32_t>(at),
                    static_cast<std::uint32_t>(text_at), static_cast<std::uint32_t>(text.size()),
                    0};
  bool fresh = true;
  if (chunks_.size() > frame.first_chunk && frame.sorted && !Less(chunks_.back(), chunk)) {
    frame.sorted = false;
    fresh = TextOf(chunks_.back()) != text;
  }
  chunks_.push_back(chunk);
  return fresh;
}

bool Encoder::PutInOrder(json::error_code& ec) {
  Frame& frame = top();
  const auto first = chunks_.begin() + static_cast<std::ptrdiff_t>(frame.first_chunk);
  const std::size_t from = first->at;
  for (auto it = first; it != chunks_.end(); ++it)
    it->end = it + 1 == chunks_.end() ? static_cast<std::uint32_t>(out_.size()) : (it + 1)->at;
  std::sort(first, chunks_.end(), [this](const Chunk& a, const Chunk& b) { return Less(a, b); });
  for (auto it = first + 1; it != chunks_.end(); ++it) {
    if (TextOf(*it) != TextOf(*(it - 1))) continue;
    if (frame.kind == Frame::Kind::kSet) return Fail("the set has a member twice", ec);
    frame.named = true;
    frame.name_at = it->text_at;
    frame.name_size = it->text_size;
    return Fail("the attribute is there twice", ec);
  }
  scratch_.assign(out_.view().substr(from));
  std::size_t to = from;
  for (auto it = first; it != chunks_.end(); ++it) {
    scratch_.copy(out_.data() + to, it->end - it->at, it->at - from);
    to += it->end - it->at;
  }
  return true;
}

void Encoder::EndCounted(std::size_t count) {
  Frame& frame = top();
  if (count < 0x80) {
    out_[frame.start] = static_cast<char>(count);
  } else {
    std::string varint;
    AppendVarint(varint, count);
    out_.Widen(frame.start, varint);
  }
  if (frame.kind != Frame::Kind::kList) chunks_.resize(frame.first_chunk);
  --depth_;
  if (frame.kind != Frame::Kind::kSet && depth_ > 0 && top().kind == Frame::Kind::kTyped)
    --nesting_;
}

// Whether the text up to `at` ends in the escape of a leading surrogate, which then lacks its other
// half: Boost calls that a syntax error like any other.
bool EndsInLeadingSurrogate(std::string_view text, std::size_t at) {
  text = text.substr(0, at);
  if (text.ends_with('\\')) text.remove_suffix(1);  // of the escape that follows in its place
  if (text.size() < 6) return false;
  const std::string_view escape = text.substr(text.size() - 6);
  if (!escape.starts_with("\\ud") && !escape.starts_with("\\uD")) return false;
  const auto before = text.find_last_not_of('\\', text.size() - 6);
  const std::size_t slashes = text.size() - 5 - (before == text.npos ? 0 : before + 1);
  return std::string_view("89abAB").find(escape[3]) != text.npos && slashes % 2 == 1;
}

std::string SyntaxReason(const json::error_code& ec, std::string_view text, std::size_t at) {
  if (ec == json::error::incomplete) return "the JSON text is cut off";
  if (ec == json::error::extra_data) return "text behind the end of the JSON value";
  if (ec == json::error::too_deep) return fmt::format("nested deeper than {} levels", kMaxNesting);
  if (ec == json::error::illegal_leading_surrogate ||
      ec == json::error::illegal_trailing_surrogate || EndsInLeadingSurrogate(text, at))
    return "a \\u escape of half a surrogate pair, which is no character";
  return fmt::format("not valid JSON ({})", ec.message());
}

json::parse_options Options() {
  json::parse_options options;
  options.max_depth = kMaxFrames + 8;  // ours is the limit that counts
  return options;
}

}  // namespace

struct JsonItemParser::Impl {
  json::basic_parser<Encoder> parser{Options()};

  Result<std::string_view> Parse(std::string_view text, Want want) {
    if (text.size() > kMaxText)
      return Error(Code::kInvalid,
                   fmt::format("Item: {} bytes of JSON are more than any item has", text.size()));
    parser.reset();
    Encoder& encoder = parser.handler();
    encoder.Begin(want);
    json::error_code ec;
    const std::size_t parsed = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && parsed < text.size()) ec = json::error::extra_data;
    if (!ec) return encoder.out();
    const std::string reason =
        encoder.reason().empty() ? SyntaxReason(ec, text, parsed) : encoder.reason();
    return Error(Code::kInvalid, fmt::format("{}: {}, at byte {}", encoder.Path(), reason, parsed));
  }
};

JsonItemParser::JsonItemParser() : impl_(std::make_unique<Impl>()) {}
JsonItemParser::~JsonItemParser() = default;
JsonItemParser::JsonItemParser(JsonItemParser&&) noexcept = default;
JsonItemParser& JsonItemParser::operator=(JsonItemParser&&) noexcept = default;

Result<std::string_view> JsonItemParser::EncodeMap(std::string_view attribute_map_json) {
  return impl_->Parse(attribute_map_json, Want::kMap);
}

Result<std::string_view> JsonItemParser::EncodeLine(std::string_view line) {
  return impl_->Parse(line, Want::kLine);
}

Result<std::string> EncodeFromJson(std::string_view attribute_map_json) {
  JsonItemParser parser;
  TRY(const std::string_view encoded, parser.EncodeMap(attribute_map_json));
  return std::string(encoded);
}

Result<std::string> EncodeFromLine(std::string_view line) {
  JsonItemParser parser;
  TRY(const std::string_view encoded, parser.EncodeLine(line));
  return std::string(encoded);
}

Result<Item> ParseItem(std::string_view attribute_map_json) {
  JsonItemParser parser;
  TRY(const std::string_view encoded, parser.EncodeMap(attribute_map_json));
  return DecodeItem(encoded);
}

}  // namespace vams::items::aws
