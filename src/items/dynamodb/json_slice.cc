#include "items/dynamodb/json_slice.h"

#include <boost/json.hpp>
#include <charconv>

namespace vams::items::dynamodb {

namespace {

Error Damaged() {
  return Error(Code::kCorrupt, "an answer of the server is not the JSON it must be");
}

// Walks over JSON values of a text.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  // Takes the character if it comes next behind white space.
  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool AtEnd() {
    SkipSpace();
    return at_ == text_.size();
  }
  // The next value as it stands; empty if there is none or it does not end.
  std::string_view TakeValue() {
    SkipSpace();
    const std::size_t from = at_;
    if (at_ >= text_.size()) return {};
    if (text_[at_] == '"') {
      if (!SkipString()) return {};
    } else if (text_[at_] == '{' || text_[at_] == '[') {
      if (!SkipNested()) return {};
    } else {
      while (at_ < text_.size() &&
             std::string_view(",]} \n\r\t:\"{[").find(text_[at_]) == std::string_view::npos)
        ++at_;
    }
    return text_.substr(from, at_ - from);
  }

 private:
  bool SkipString() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    return false;
  }
  bool SkipNested() {
    std::string open;  // closers that must come
    while (at_ < text_.size()) {
      switch (text_[at_]) {
        case '"':
          if (!SkipString()) return false;
          continue;
        case '{':
          open.push_back('}');
          break;
        case '[':
          open.push_back(']');
          break;
        case '}':
        case ']':
          if (open.back() != text_[at_]) return false;
          open.pop_back();
          if (open.empty()) {
            ++at_;
            return true;
          }
          break;
        default:
          break;
      }
      ++at_;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<JsonMembers> SliceObject(std::string_view text) {
  Walker walker(text);
  JsonMembers members;
  if (!walker.Take('{')) return Damaged();
  if (walker.Take('}')) return walker.AtEnd() ? Result<JsonMembers>(members) : Damaged();
  do {
    const auto name = walker.TakeValue();
    if (name.size() < 2 || name.front() != '"' || !walker.Take(':')) return Damaged();
    const auto value = walker.TakeValue();
    if (value.empty()) return Damaged();
    members.emplace_back(name.substr(1, name.size() - 2), value);
  } while (walker.Take(','));
  if (!walker.Take('}') || !walker.AtEnd()) return Damaged();
  return members;
}

Result<std::vector<std::string_view>> SliceArray(std::string_view text) {
  Walker walker(text);
  std::vector<std::string_view> elements;
  if (!walker.Take('[')) return Damaged();
  if (walker.Take(']')) {
    if (!walker.AtEnd()) return Damaged();
    return elements;
  }
  do {
    const auto value = walker.TakeValue();
    if (value.empty()) return Damaged();
    elements.push_back(value);
  } while (walker.Take(','));
  if (!walker.Take(']') || !walker.AtEnd()) return Damaged();
  return elements;
}

std::string_view FindMember(const JsonMembers& members, std::string_view name) {
  for (const auto& [member, value] : members)
    if (member == name) return value;
  return {};
}

std::string JsonText(std::string_view quoted) {
  boost::system::error_code ec;
  const auto value = boost::json::parse(quoted, ec);
  return !ec && value.is_string() ? std::string(value.get_string()) : std::string();
}

std::optional<double> JsonNumber(std::string_view text) {
  double number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace vams::items::dynamodb
