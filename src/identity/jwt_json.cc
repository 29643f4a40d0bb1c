#include "identity/jwt_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>

namespace vams::identity {

namespace json = boost::json;

namespace {

// Counts the members that the text writes down.  The parser proper keeps the last of equal ones, so
// its tree then has fewer.
struct MemberCounter {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  std::size_t members = 0;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t count, json::error_code&) {
    members += count;
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

json::parse_options Options() {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return options;
}

std::size_t MembersIn(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += MembersIn(member.value());
  } else if (const auto* list = value.if_array()) {
    for (const auto& element : *list) count += MembersIn(element);
  }
  return count;
}

}  // namespace

std::optional<json::object> ParseStrictObject(std::string_view text) {
  json::error_code ec;
  json::value value = json::parse({text.data(), text.size()}, ec, {}, Options());
  if (ec || !value.is_object()) return std::nullopt;
  json::basic_parser<MemberCounter> counter(Options());
  counter.write_some(false, text.data(), text.size(), ec);
  if (ec || counter.handler().members != MembersIn(value)) return std::nullopt;
  return std::move(value.as_object());
}

const json::string* FindText(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

}  // namespace vams::identity
