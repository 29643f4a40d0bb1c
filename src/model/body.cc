#include "model/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "model/text.h"

namespace vams::model {

namespace json = boost::json;

namespace {

// As Python's int() makes one of it; nothing for what it refuses and for what does not fit.
std::optional<std::int64_t> WholeNumber(const json::value& value) {
  constexpr double kLimit = 9.2e18;
  if (value.is_bool()) return value.get_bool() ? 1 : 0;
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) {
    const double number = value.get_double();
    if (!(number > -kLimit && number < kLimit)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_string();
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// As Python's repr() writes it: the shortest text that reads back the same, with at least one digit
// behind the point or an exponent.  Spec: api-metadata.md section 1.5.
std::string FloatText(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_not_of("-0123456789") == text.npos) text += ".0";
  return text;
}

}  // namespace

void Problems::Add(std::string where, std::string reason) {
  problems_.emplace_back(std::move(where), std::move(reason));
}

std::string Problems::Text(std::string_view model) const {
  std::string text = fmt::format("{} validation error{} for {}", problems_.size(),
                                 problems_.size() == 1 ? "" : "s", model);
  for (const auto& [where, reason] : problems_) text += fmt::format("\n{}\n  {}", where, reason);
  return text;
}

std::optional<std::string> ScalarText(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::bool_:
      return value.get_bool() ? "True" : "False";
    case json::kind::int64:
      return fmt::format("{}", value.get_int64());
    case json::kind::uint64:
      return fmt::format("{}", value.get_uint64());
    case json::kind::double_:
      return FloatText(value.get_double());
    default:
      return std::nullopt;
  }
}

std::string ObjectReader::Where(std::string_view name) const { return at_ + std::string(name); }

bool ObjectReader::Has(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value != nullptr && !value->is_null();
}

bool ObjectReader::IsNull(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value != nullptr && value->is_null();
}

std::string ObjectReader::Text(std::string_view name, TextRule rule) {
  return OptionalText(name, rule).value_or("");
}

std::optional<std::string> ObjectReader::OptionalText(std::string_view name, TextRule rule) {
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) {
    if (rule.required)
      problems_.Add(Where(name), value == nullptr ? "field required (type=value_error.missing)"
                                                  : "none is not an allowed value "
                                                    "(type=type_error.none.not_allowed)");
    return std::nullopt;
  }
  auto text = ScalarText(*value);
  if (!text) {
    problems_.Add(Where(name), "str type expected (type=type_error.str)");
    return std::nullopt;
  }
  const std::size_t length = Length(*text);
  if (length < rule.min)
    problems_.Add(Where(name), fmt::format("ensure this value has at least {0} characters "
                                           "(type=value_error.any_str.min_length; limit_value={0})",
                                           rule.min));
  if (length > rule.max)
    problems_.Add(Where(name), fmt::format("ensure this value has at most {0} characters "
                                           "(type=value_error.any_str.max_length; limit_value={0})",
                                           rule.max));
  return text;
}

std::optional<bool> ObjectReader::OptionalBool(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kYes = {"1", "on", "t", "true", "y", "yes"};
  static constexpr std::array<std::string_view, 6> kNo = {"0", "off", "f", "false", "n", "no"};
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  const std::string text = Lower(ScalarText(*value).value_or("?"));
  if (std::ranges::find(kYes, text) != kYes.end()) return true;
  if (std::ranges::find(kNo, text) != kNo.end()) return false;
  problems_.Add(Where(name), "value could not be parsed to a boolean (type=type_error.bool)");
  return std::nullopt;
}

bool ObjectReader::Bool(std::string_view name) {
  if (!object_.contains(name))
    problems_.Add(Where(name), "field required (type=value_error.missing)");
  else if (IsNull(name))
    problems_.Add(Where(name), "none is not an allowed value (type=type_error.none.not_allowed)");
  return OptionalBool(name).value_or(false);
}

std::optional<std::int64_t> ObjectReader::OptionalInt(std::string_view name, std::int64_t min,
                                                      std::int64_t max) {
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = WholeNumber(*value);
  if (!number) {
    problems_.Add(Where(name), "value is not a valid integer (type=type_error.integer)");
    return std::nullopt;
  }
  if (*number < min)
    problems_.Add(Where(name), fmt::format("ensure this value is greater than or equal to {0} "
                                           "(type=value_error.number.not_ge; limit_value={0})",
                                           min));
  if (*number > max)
    problems_.Add(Where(name), fmt::format("ensure this value is less than or equal to {0} "
                                           "(type=value_error.number.not_le; limit_value={0})",
                                           max));
  return number;
}

std::vector<std::string> ObjectReader::Texts(std::string_view name, bool required) {
  std::vector<std::string> texts;
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) {
    if (required) problems_.Add(Where(name), "field required (type=value_error.missing)");
    return texts;
  }
  if (!value->is_array()) {
    problems_.Add(Where(name), "value is not a valid list (type=type_error.list)");
    return texts;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    auto text = ScalarText(value->get_array()[i]);
    if (text)
      texts.push_back(*std::move(text));
    else
      problems_.Add(fmt::format("{} -> {}", Where(name), i),
                    "str type expected (type=type_error.str)");
  }
  return texts;
}

void ObjectReader::Each(std::string_view name, const std::function<void(ObjectReader&)>& read) {
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) return;
  if (!value->is_array()) {
    problems_.Add(Where(name), "value is not a valid list (type=type_error.list)");
    return;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const json::value& element = value->get_array()[i];
    const std::string place = fmt::format("{} -> {}", Where(name), i);
    if (!element.is_object()) {
      problems_.Add(place, "value is not a valid dict (type=type_error.dict)");
      continue;
    }
    ObjectReader reader(element.get_object(), problems_, place + " -> ");
    read(reader);
  }
}

}  // namespace vams::model
