#include "search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::search {
namespace {

constexpr std::string_view kKeyword = ".keyword";

std::string_view WithoutKeyword(std::string_view field) {
  if (field.ends_with(kKeyword)) field.remove_suffix(kKeyword.size());
  return field;
}

// The least of a field's texts, or the greatest.
boost::json::value ExtremeText(const Document& document, const Field& field, bool greatest) {
  std::optional<std::string> best;
  AnyValue(document.source, {.name = std::string(field.name)},
           [&](std::string_view, std::string_view text) {
             if (!best || (greatest ? text > *best : text < *best)) best = std::string(text);
             return false;
           });
  return best ? boost::json::value(*best) : boost::json::value();
}

template <typename T>
int Compare(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

// Values of one field are of one kind; what a forged cursor brings has some order too.
int CompareValues(const boost::json::value& a, const boost::json::value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_int64() && b.is_int64()) return Compare(a.get_int64(), b.get_int64());
    return Compare(a.to_number<double>(), b.to_number<double>());
  }
  if (a.kind() != b.kind()) return Compare(static_cast<int>(a.kind()), static_cast<int>(b.kind()));
  if (a.is_string()) return a.get_string().compare(b.get_string());
  if (a.is_bool()) return Compare(a.get_bool(), b.get_bool());
  return 0;
}

std::string SortName(std::span<const SortKey> sort) {
  std::string name;
  for (const SortKey& key : sort)
    name += fmt::format("{}:{}{},", key.field.size(), key.field, key.descending ? '-' : '+');
  return fmt::format("{:016x}", StableHash(name));
}

Error BadCursor() {
  return {
      Code::kInvalid,
      "the position to continue from does not belong to this search; start from its first page"};
}

}  // namespace

Write Write::Put(Document document) {
  std::string id = document.id;
  return {std::move(id), std::move(document)};
}

Status CheckRequest(const Request& request) {
  TRY_OK(CheckBounds(request.match));
  TRY_OK(CheckBounds(request.filter));
  if (request.size > kMaxPage)
    return Error(Code::kInvalid, fmt::format("a page of {} hits is too large; at most {} are "
                                             "possible",
                                             request.size, kMaxPage));
  if (request.sort.size() > kMaxSortKeys)
    return Error(
        Code::kInvalid,
        fmt::format("there are too many sort fields; at most {} are possible", kMaxSortKeys));
  for (const std::string& name : request.facets) {
    const Field* field = FindField(name);
    if (!field || !field->facet)
      return Error(Code::kInvalid, "documents cannot be counted by the field " + name);
  }
  if (request.after.empty()) return Ok();
  if (request.from != 0)
    return Error(Code::kInvalid,
                 "a search continues behind a position or at an offset, not both; leave one out");
  TRY_OK(DecodeCursor(request.after, EffectiveSort(request)));
  return Ok();
}

Status CheckWrites(std::span<const Write> writes) {
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Write& write = writes[i];
    const int index = static_cast<int>(i);
    if (write.id.empty()) return Error(Code::kInvalid, "a document has no id").At(index);
    if (write.id.size() > kMaxIdBytes)
      return Error(Code::kInvalid,
                   fmt::format("a document's id has {} bytes, where {} are possible",
                               write.id.size(), kMaxIdBytes))
          .At(index);
    if (write.document && write.document->id != write.id)
      return Error(Code::kInvalid, "a document has another id than its write",
                   write.document->id + " instead of " + write.id)
          .At(index);
  }
  return Ok();
}

std::vector<SortKey> EffectiveSort(const Request& request) {
  if (!request.sort.empty()) return request.sort;
  return {{.field = "_score", .descending = true}};
}

boost::json::value SortValueOf(const SortKey& key, const Document& document, double score) {
  if (key.field == "_score") return score;
  if (key.field == "_id") return boost::json::string(document.id);
  const Field* field = FindField(WithoutKeyword(key.field));
  if (!field) return nullptr;
  switch (field->type) {
    case FieldType::kText:
      return ExtremeText(document, *field, key.descending);
    case FieldType::kNumber:
    case FieldType::kDate: {
      const auto number = NumberOf(document.source, *field);
      return number ? boost::json::value(*number) : boost::json::value();
    }
    case FieldType::kBool: {
      const auto* value = document.source.if_contains(field->name);
      return value && value->is_bool() ? *value : boost::json::value();
    }
    case FieldType::kFlat:
      break;
  }
  return nullptr;
}

int CompareSortValues(const SortKey& key, const boost::json::value& a,
                      const boost::json::value& b) {
  if (a.is_null() || b.is_null()) return Compare(a.is_null(), b.is_null());
  const int order = CompareValues(a, b);
  return key.descending ? -order : order;
}

std::string EncodeCursor(const Cursor& cursor, std::span<const SortKey> sort) {
  boost::json::array values;
  for (const boost::json::value& value : cursor.values) {
    // Text of a fraction is not the fraction itself on its way back.
    if (const auto* score = value.if_double())
      values.push_back(boost::json::array{std::bit_cast<std::int64_t>(*score)});
    else
      values.push_back(value);
  }
  return Base64Encode(
      boost::json::serialize(boost::json::array{SortName(sort), std::move(values), cursor.id}));
}

Result<Cursor> DecodeCursor(std::string_view text, std::span<const SortKey> sort) {
  const auto bytes = Base64Decode(text);
  if (!bytes) return BadCursor();
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(*bytes, error);
  if (error || !parsed.is_array() || parsed.get_array().size() != 3) return BadCursor();
  const boost::json::array& parts = parsed.get_array();
  if (!parts[0].is_string() || parts[0].get_string() != SortName(sort) || !parts[1].is_array() ||
      parts[1].get_array().size() != sort.size() || !parts[2].is_string())
    return BadCursor();
  Cursor cursor{.values = {}, .id = std::string(parts[2].get_string())};
  for (const boost::json::value& value : parts[1].get_array()) {
    if (const auto* bits = value.if_array()) {
      if (bits->size() != 1 || !(*bits)[0].is_int64()) return BadCursor();
      const double score = std::bit_cast<double>((*bits)[0].get_int64());
      if (!(score == score)) return BadCursor();
      cursor.values.emplace_back(score);
    } else if (value.is_object() || value.is_double()) {
      return BadCursor();
    } else {
      cursor.values.push_back(value);
    }
  }
  return cursor;
}

}  // namespace vams::search
