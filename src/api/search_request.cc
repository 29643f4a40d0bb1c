#include "api/search_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <utility>

#include "model/names.h"
#include "model/text.h"

namespace vams::api {

namespace json = boost::json;

using model::ObjectReader;
using model::Problems;
using search::SortKey;

namespace {

constexpr std::size_t kMostOfText = 5000;
constexpr std::size_t kMostOfParameter = 1000;
constexpr std::size_t kMostOfFileKey = 2000;
constexpr std::size_t kMostOfExtension = 100;
constexpr std::size_t kMostOfCursor = 32 * 1024;
constexpr std::int64_t kMostFrom = 10'000;
constexpr std::int64_t kMostSize = 2000;
constexpr std::int64_t kDefaultSize = 100;
// How far pages go by number.
constexpr std::int64_t kMostRecords = 10'000;

std::string OptionalText(ObjectReader& reader, std::string_view name, std::size_t most) {
  return reader.OptionalText(name, {.required = false, .max = most}).value_or("");
}

std::string Root(std::string_view sentence) {
  return fmt::format("{} (type=value_error)", sentence);
}

// A word out of several; the complaint of one that is not among them.
template <std::size_t kCount>
std::string NotAmong(const std::array<std::string_view, kCount>& words, const json::value& given) {
  std::string permitted;
  for (const std::string_view word : words)
    permitted += fmt::format("{}'{}'", permitted.empty() ? "" : ", ", word);
  return fmt::format(
      "unexpected value; permitted: {0} (type=value_error.const; given={1}; permitted=({0}))",
      permitted, model::ScalarText(given).value_or(json::serialize(given)));
}

// The index of the word; the first one where none is given.
template <std::size_t kCount>
std::size_t OneOf(ObjectReader& reader, std::string_view name,
                  const std::array<std::string_view, kCount>& words) {
  const json::value* value = reader.object().if_contains(name);
  if (value == nullptr || value->is_null()) return 0;
  const auto found = value->is_string()
                         ? std::ranges::find(words, std::string_view(value->get_string()))
                         : words.end();
  if (found == words.end()) {
    reader.problems().Add(reader.Where(name), NotAmong(words, *value));
    return 0;
  }
  return static_cast<std::size_t>(found - words.begin());
}

search::KindSet ReadKinds(ObjectReader& reader) {
  static constexpr std::array<std::string_view, 2> kWords = {"asset", "file"};
  const json::value* value = reader.object().if_contains("entityTypes");
  if (value == nullptr || value->is_null()) return search::KindSet::kBoth;
  if (!value->is_array()) {
    reader.problems().Add(reader.Where("entityTypes"),
                          "value is not a valid list (type=type_error.list)");
    return search::KindSet::kBoth;
  }
  unsigned kinds = 0;
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const json::value& element = value->get_array()[i];
    const auto found = element.is_string()
                           ? std::ranges::find(kWords, std::string_view(element.get_string()))
                           : kWords.end();
    if (found == kWords.end())
      reader.problems().Add(fmt::format("{} -> {}", reader.Where("entityTypes"), i),
                            NotAmong(kWords, element));
    else
      kinds |= 1U << static_cast<unsigned>(found - kWords.begin());
  }
  return kinds == 0 ? search::KindSet::kBoth : static_cast<search::KindSet>(kinds);
}

// `from` and `size` with their rule.
template <typename Query>
void ReadPage(ObjectReader& reader, Query& query) {
  const std::int64_t from = reader.OptionalInt("from", 0, kMostFrom).value_or(0);
  const std::int64_t size = reader.OptionalInt("size", 1, kMostSize).value_or(kDefaultSize);
  // Of values within their own limits; others have been complained about.
  if (from >= 0 && from <= kMostFrom && size >= 1 && size <= kMostSize &&
      from + size > kMostRecords)
    reader.problems().Add(reader.Where("__root__"),
                          Root("Pagination offset + size cannot exceed 10,000 records"));
  query.from = static_cast<std::uint64_t>(std::max<std::int64_t>(from, 0));
  query.size = static_cast<std::size_t>(std::clamp<std::int64_t>(size, 1, kMostSize));
}

// ---- Filters

std::vector<std::string> FieldNames(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(", "), text.size());
    if (end > 0) names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

// {"query": …, "default_operator": "AND", …}: every value is taken as text.
catalog::SearchFilter FilterOf(const json::object& members, const std::string& where,
                               Problems& problems) {
  catalog::SearchFilter filter;
  for (const auto& member : members) {
    const auto text = model::ScalarText(member.value());
    if (!text) {
      const bool null = member.value().is_null();
      problems.Add(fmt::format("{} -> {}", where, std::string_view(member.key())),
                   null ? "none is not an allowed value (type=type_error.none.not_allowed)"
                        : "str type expected (type=type_error.str)");
      continue;
    }
    if (member.key() == "query")
      filter.text = *text;
    else if (member.key() == "default_operator")
      filter.options.default_and = Lower(*text) == "and";
    else if (member.key() == "default_field" || member.key() == "fields")
      filter.options.default_fields = FieldNames(*text);
    else if (member.key() == "lenient")
      filter.options.lenient = Lower(*text) == "true";
  }
  if (!members.contains("query"))
    problems.Add(where + " -> query", "field required (type=value_error.missing)");
  if (filter.options.default_fields == std::vector<std::string>{"*"})
    filter.options.default_fields.clear();
  return filter;
}

std::vector<catalog::SearchFilter> ReadFilters(ObjectReader& reader) {
  std::vector<catalog::SearchFilter> filters;
  reader.Each("filters", [&](ObjectReader& element) {
    const json::value* value = element.object().if_contains("query_string");
    if (value == nullptr || value->is_null()) {
      element.problems().Add(element.Where("query_string"),
                             value == nullptr ? "field required (type=value_error.missing)"
                                              : "none is not an allowed value "
                                                "(type=type_error.none.not_allowed)");
    } else if (!value->is_object()) {
      element.problems().Add(element.Where("query_string"),
                             "value is not a valid dict (type=type_error.dict)");
    } else {
      filters.push_back(
          FilterOf(value->get_object(), element.Where("query_string"), element.problems()));
    }
  });
  return filters;
}

// What v2.5 reads and ignores.
void CheckTokens(ObjectReader& reader) {
  static constexpr std::array<std::string_view, 2> kOperations = {"AND", "OR"};
  static constexpr std::array<std::string_view, 4> kOperators = {"=", ":", "!=", "!:"};
  reader.Each("tokens", [&](ObjectReader& token) {
    OneOf(token, "operation", kOperations);
    OneOf(token, "operator", kOperators);
    token.OptionalText("propertyKey", {.required = false});
    token.Text("value", {.min = 1});
  });
  OneOf(reader, "operation", kOperations);
}

// ---- Order

// A text is a field in ascending order, or the score, best first.
SortKey KeyOf(std::string_view field) {
  return {.field = std::string(field), .descending = field == "_score"};
}

SortKey ReadSortEntry(const json::object& object, const std::string& where, Problems& problems) {
  static constexpr std::array<std::string_view, 2> kOrders = {"asc", "desc"};
  const auto read = [&](Problems& found) {
    ObjectReader entry(object, found, where + " -> ");
    SortKey key{.field = entry.Text("field", {.min = 1})};
    key.descending = OneOf(entry, "order", kOrders) == 1;
    return key;
  };
  Problems found;
  SortKey key = read(found);
  if (found.empty()) return key;
  // It is neither of the two things that an entry may be.
  problems.Add(where, "str type expected (type=type_error.str)");
  return read(problems);
}

std::vector<SortKey> ReadSort(ObjectReader& reader) {
  std::vector<SortKey> keys;
  const json::value* value = reader.object().if_contains("sort");
  if (value == nullptr || value->is_null()) return keys;
  if (!value->is_array()) {
    reader.problems().Add(reader.Where("sort"), "value is not a valid list (type=type_error.list)");
    return keys;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const json::value& element = value->get_array()[i];
    const std::string where = fmt::format("{} -> {}", reader.Where("sort"), i);
    if (auto text = model::ScalarText(element)) {
      keys.push_back(KeyOf(*text));
    } else if (!element.is_object()) {
      reader.problems().Add(where, "str type expected (type=type_error.str)");
    } else {
      keys.push_back(ReadSortEntry(element.get_object(), where, reader.problems()));
    }
  }
  // The order that is meant without any.
  if (keys == std::vector<SortKey>{KeyOf("_score")}) keys.clear();
  return keys;
}

}  // namespace

catalog::SearchQuery ReadSearchQuery(const json::object& body, Problems& problems) {
  static constexpr std::array<std::string_view, 3> kModes = {"both", "key", "value"};
  static constexpr std::array<search::MetadataMode, 3> kModeValues = {
      search::MetadataMode::kBoth, search::MetadataMode::kKey, search::MetadataMode::kValue};
  ObjectReader reader(body, problems);
  catalog::SearchQuery query;
  query.text = OptionalText(reader, "query", kMostOfText);
  query.metadata = OptionalText(reader, "metadataQuery", kMostOfText);
  query.metadata_mode = kModeValues[OneOf(reader, "metadataSearchMode", kModes)];
  query.text_in_metadata = reader.OptionalBool("includeMetadataInSearch").value_or(true);
  CheckTokens(reader);
  query.filters = ReadFilters(reader);
  query.sort = ReadSort(reader);
  query.kinds = ReadKinds(reader);
  query.archived = reader.OptionalBool("includeArchived").value_or(false);
  query.facets = reader.OptionalBool("aggregations").value_or(true);
  query.explain = reader.OptionalBool("explainResults").value_or(false);
  reader.OptionalBool("includeHighlights");
  ReadPage(reader, query);
  query.after = OptionalText(reader, "searchAfter", kMostOfCursor);
  if (!query.after.empty() && query.from != 0)
    problems.Add("__root__", Root("searchAfter goes on behind a page; leave out from"));
  query.place = ReadGeo(reader);
  return query;
}

catalog::SimpleQuery ReadSimpleQuery(const json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  catalog::SimpleQuery query;
  query.text = OptionalText(reader, "query", kMostOfText);
  query.kinds = ReadKinds(reader);
  query.asset_name = OptionalText(reader, "assetName", kMostOfParameter);
  query.asset_id = OptionalText(reader, "assetId", kMostOfParameter);
  query.asset_type = OptionalText(reader, "assetType", kMostOfParameter);
  query.file_key = OptionalText(reader, "fileKey", kMostOfFileKey);
  std::string extension = OptionalText(reader, "fileExtension", kMostOfExtension);
  if (extension.starts_with('.')) extension.erase(0, 1);
  const auto is_plain = [](unsigned char c) { return c < 0x80 && std::isalnum(c) != 0; };
  if (!std::ranges::all_of(extension, is_plain))
    problems.Add("fileExtension", Root("File extension must contain only alphanumeric characters"));
  // Documents have it so.
  query.file_extension = Lower(extension);
  query.database_id = OptionalText(reader, "databaseId", kMostOfParameter);
  query.tags = reader.Texts("tags", false);
  for (const std::string& tag : query.tags) problems.Add(model::CheckAtMost256("tags", tag));
  std::erase(query.tags, "");
  query.metadata_key = OptionalText(reader, "metadataKey", kMostOfParameter);
  query.metadata_value = OptionalText(reader, "metadataValue", kMostOfText);
  query.archived = reader.OptionalBool("includeArchived").value_or(false);
  ReadPage(reader, query);
  return query;
}

}  // namespace vams::api
