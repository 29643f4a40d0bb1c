#include "config/json_text.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <utility>

namespace vams::config {

namespace json = boost::json;

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kWhiteSpace = " \t\r\n";

bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

Location LocationOf(std::string_view text, std::size_t offset) {
  Location at{1, 1};
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    } else if (!IsContinuationByte(c)) {
      ++at.column;
    }
  }
  return at;
}

// Walks text that the parser has already accepted, so it only has to find where things begin.
class Indexer {
 public:
  Indexer(std::string_view text, std::string_view name, JsonText& out)
      : text_(text), name_(name), out_(out) {}

  Status Value(const std::string& path) {
    SkipSpace();
    switch (text_[at_]) {
      case '{':
        return Object(path);
      case '[':
        return Array(path);
      case '"':
        StringToken();
        return Ok();
      default:
        at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
        return Ok();
    }
  }

 private:
  Status Object(const std::string& path) {
    std::map<std::string, Location> seen;
    ++at_;
    for (SkipSpace(); text_[at_] != '}'; SkipSpace()) {
      if (text_[at_] == ',') {
        ++at_;
        continue;
      }
      const Location here = Here();
      const std::string key(json::parse(StringToken()).as_string());
      if (const auto [first, is_new] = seen.emplace(key, here); !is_new)
        return Error(
            Code::kInvalid,
            fmt::format("{}, line {}, column {}: \"{}\" appears twice in {} (first on line "
                        "{}); only one of them could count, so the file is refused; "
                        "remove one",
                        name_, here.line, here.column, key,
                        path.empty() ? "the file's outermost object" : path, first->second.line));
      const std::string child = MemberPath(path, key);
      out_.where.emplace(child, here);
      SkipSpace();
      ++at_;  // the colon
      TRY_OK(Value(child));
    }
    ++at_;
    return Ok();
  }

  Status Array(const std::string& path) {
    std::size_t index = 0;
    ++at_;
    for (SkipSpace(); text_[at_] != ']'; SkipSpace()) {
      if (text_[at_] == ',') {
        ++at_;
        continue;
      }
      const std::string child = ElementPath(path, index++);
      out_.where.emplace(child, Here());
      TRY_OK(Value(child));
    }
    ++at_;
    return Ok();
  }

  // The token with its quotes.
  std::string_view StringToken() {
    const std::size_t begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void SkipSpace() { at_ = text_.find_first_not_of(kWhiteSpace, at_); }

  // Values are visited in order, so the count goes on from the last place asked for.
  Location Here() {
    const Location step = LocationOf(text_.substr(counted_), at_ - counted_);
    location_.column = step.line == 1 ? location_.column + step.column - 1 : step.column;
    location_.line += step.line - 1;
    counted_ = at_;
    return location_;
  }

  std::string_view text_;
  std::string_view name_;
  JsonText& out_;
  std::size_t at_ = 0;
  std::size_t counted_ = 0;
  Location location_{1, 1};
};

Error NotJson(std::string_view text, std::string_view name, std::size_t offset,
              std::string_view why) {
  const Location at = LocationOf(text, offset);
  return Error(Code::kInvalid,
               fmt::format("{}, line {}, column {}: this is not valid JSON ({}); nothing was read "
                           "from the file; mend that place and try again",
                           name, at.line, at.column, why));
}

}  // namespace

std::string MemberPath(std::string_view parent, std::string_view key) {
  if (key.empty() || key.find_first_of(".[]\"*=") != std::string_view::npos)
    return fmt::format("{}[{}]", parent, json::serialize(json::value(key)));
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

std::string ElementPath(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

Result<JsonText> ParseJsonText(std::string_view text, std::string_view name) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.find_first_not_of(kWhiteSpace) == std::string_view::npos)
    return NotJson(text, name, text.size(), "the file is empty; an empty configuration is {}");

  json::stream_parser parser;
  boost::system::error_code error;
  const std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (error) return NotJson(text, name, used, error.message());
  const std::size_t rest = text.find_first_not_of(kWhiteSpace, used);
  if (rest != std::string_view::npos)
    return NotJson(text, name, rest, "something follows the end of the outermost value");
  parser.finish(error);
  if (error) return NotJson(text, name, text.size(), "the file ends too early");

  JsonText out;
  out.value = parser.release();
  TRY_OK(Indexer(text, name, out).Value(""));
  return out;
}

}  // namespace vams::config
