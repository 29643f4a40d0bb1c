#include "migrate/steps/v23_to_v24_json.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <cstdint>

#include "items/aws/dynamodb_json.h"
#include "items/codec.h"
#include "items/number.h"

namespace vams::migrate::v23_to_v24 {

using items::Item;
using items::Value;

namespace {

std::optional<Value> Convert(const boost::json::value& json);

std::optional<Value> ConvertArray(const boost::json::array& array) {
  Value::List list;
  list.reserve(array.size());
  for (const auto& element : array) {
    auto value = Convert(element);
    if (!value) return std::nullopt;
    list.push_back(*std::move(value));
  }
  return Value::L(std::move(list));
}

std::optional<Value> ConvertObject(const boost::json::object& object) {
  Item map;
  for (const auto& member : object) {
    auto value = Convert(member.value());
    if (!value) return std::nullopt;
    map.Set(member.key(), *std::move(value));
  }
  return Value::M(std::move(map));
}

std::optional<Value> ConvertNumber(const std::string& text) {
  auto canonical = items::CanonicalNumber(text);
  if (!canonical.ok()) return std::nullopt;
  return Value::N(*std::move(canonical));
}

std::optional<Value> Convert(const boost::json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null:
      return Value::Null();
    case boost::json::kind::bool_:
      return Value::Bool(json.get_bool());
    case boost::json::kind::int64:
      return Value::N(json.get_int64());
    case boost::json::kind::uint64:
      return ConvertNumber(fmt::format("{}", json.get_uint64()));
    case boost::json::kind::double_:
      return ConvertNumber(fmt::format("{}", json.get_double()));
    case boost::json::kind::string:
      return Value::S(std::string(json.get_string()));
    case boost::json::kind::array:
      return ConvertArray(json.get_array());
    case boost::json::kind::object:
      return ConvertObject(json.get_object());
  }
  return std::nullopt;
}

// The code point at the front of valid UTF-8, which is removed.
std::uint32_t TakeCodePoint(std::string_view& text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const std::uint32_t first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t code = size == 1 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3f);
  text.remove_prefix(std::min(size, text.size()));
  return code;
}

constexpr std::array<std::string_view, 29> kSpaces = {" ",
                                                      "\t",
                                                      "\n",
                                                      "\v",
                                                      "\f",
                                                      "\r",
                                                      "\x1c",
                                                      "\x1d",
                                                      "\x1e",
                                                      "\x1f",
                                                      "\xc2\x85",
                                                      "\xc2\xa0",
                                                      "\xe1\x9a\x80",
                                                      "\xe2\x80\x80",
                                                      "\xe2\x80\x81",
                                                      "\xe2\x80\x82",
                                                      "\xe2\x80\x83",
                                                      "\xe2\x80\x84",
                                                      "\xe2\x80\x85",
                                                      "\xe2\x80\x86",
                                                      "\xe2\x80\x87",
                                                      "\xe2\x80\x88",
                                                      "\xe2\x80\x89",
                                                      "\xe2\x80\x8a",
                                                      "\xe2\x80\xa8",
                                                      "\xe2\x80\xa9",
                                                      "\xe2\x80\xaf",
                                                      "\xe2\x81\x9f",
                                                      "\xe3\x80\x80"};

}  // namespace

std::string PlainJson(const Value& value) {
  Item wrapped;
  wrapped.AppendSorted("", value);
  std::string json;
  items::aws::AppendPlainJson(json, wrapped);
  // {"":VALUE}
  return json.substr(4, json.size() - 5);
}

std::optional<Value> ValueFromJson(std::string_view text) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = items::kMaxNesting - 1;
  const auto json = boost::json::parse(boost::json::string_view(text.data(), text.size()), error,
                                       boost::json::storage_ptr(), options);
  if (error) return std::nullopt;
  return Convert(json);
}

std::string PythonString(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::uint32_t code = TakeCodePoint(text);
    switch (code) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        break;
    }
    if (code >= ' ' && code <= '~') {
      out += static_cast<char>(code);
    } else if (code < 0x10000) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10),
                         0xdc00 + ((code - 0x10000) & 0x3ff));
    }
  }
  out += '"';
  return out;
}

std::string PythonFloat(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string_view Trim(std::string_view text) {
  for (bool more = true; more;) {
    more = false;
    for (const auto space : kSpaces) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        more = true;
      }
      if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        more = true;
      }
    }
  }
  return text;
}

}  // namespace vams::migrate::v23_to_v24
