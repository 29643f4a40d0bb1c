#include "cli/search_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <numeric>
#include <set>

#include "cli/csv.h"
#include "cli/terminal.h"
#include "search/unicode_data.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kGap = 2;
constexpr std::array<std::size_t, 2> kNarrow{16, 8};
constexpr std::size_t kFacetValues = 10;
constexpr std::string_view kCut = "…";
constexpr std::string_view kExplanation = "explanation.";

const json::value* Member(const json::value* value, std::string_view name) {
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

// Null if the hit has no such field, or nothing in it.
const json::value* FieldOf(const json::value& hit, std::string_view field) {
  const json::value* value = nullptr;
  const json::value* source = Member(&hit, "_source");
  if (field.starts_with("MD_.") || field.starts_with("AB_."))
    value = Member(Member(source, field.substr(0, 3)), field.substr(4));
  else if (field.starts_with('_'))
    value = Member(&hit, field);
  else if (field.starts_with(kExplanation))
    value = Member(Member(&hit, "explanation"), field.substr(kExplanation.size()));
  else
    value = Member(source, field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string CellText(const json::value& value, std::string_view separator) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* number = value.if_double()) return fmt::format("{}", *number);
  const auto* list = value.if_array();
  if (list == nullptr) return json::serialize(value);
  std::vector<std::string> elements;
  for (const auto& element : *list) elements.push_back(CellText(element, separator));
  return fmt::format("{}", fmt::join(elements, separator));
}

const json::value* FieldOf(const json::value& hit, const HitColumn& column) {
  for (const auto& field : column.fields)
    if (const auto* value = FieldOf(hit, field)) return value;
  return nullptr;
}

std::string CellOf(const json::value& hit, const HitColumn& column) {
  const json::value* value = FieldOf(hit, column);
  if (value == nullptr) return {};
  if (!column.when_true.empty() && value->is_bool())
    return value->get_bool() ? column.when_true : std::string();
  if (const auto* score = value->if_double(); score != nullptr && column.fields.front() == "_score")
    return fmt::format("{:.2f}", *score);
  return Printable(CellText(*value, ", "));
}

// East Asian characters and pictographs take two columns (the blocks that are wide throughout).
bool IsWide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

std::size_t WidthOf(char32_t c) {
  using search::unicode::Class;
  if (c >= 0x80 && search::unicode::ClassOf(c) == Class::M) return 0;
  return IsWide(c) ? 2 : 1;
}

// At most `width` wide, with a mark where something is missing.
std::string Cut(const std::string& text, std::size_t width, bool front) {
  if (DisplayWidth(text) <= width) return text;
  std::vector<std::pair<std::size_t, std::size_t>> characters;  // where it begins, its width
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    characters.emplace_back(begin, WidthOf(search::unicode::Next(text, at)));
  }
  std::size_t left = width - 1;
  if (!front) {
    for (const auto& [begin, wide] : characters) {
      if (wide > left) return text.substr(0, begin) + std::string(kCut);
      left -= wide;
    }
    return text;
  }
  std::size_t from = text.size();
  for (auto one = characters.rbegin(); one != characters.rend() && one->second <= left; ++one) {
    left -= one->second;
    from = one->first;
  }
  return std::string(kCut) + text.substr(from);
}

// Takes from the widest column, again and again, until the line fits or nothing can be narrower.
void Narrow(std::vector<std::size_t>& widths, const std::vector<HitColumn>& columns,
            std::size_t width) {
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (!columns[i].number) widths[i] = std::min(widths[i], std::max(width, kNarrow.back()));
  std::size_t line = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  const auto narrow = [&](bool kept, std::size_t least) {
    while (line > width) {
      std::size_t widest = widths.size();
      for (std::size_t i = 0; i < widths.size(); ++i)
        if (columns[i].keep == kept && !columns[i].number && widths[i] > least &&
            (widest == widths.size() || widths[i] > widths[widest]))
          widest = i;
      if (widest == widths.size()) return;
      --widths[widest];
      --line;
    }
  };
  for (const std::size_t least : kNarrow)
    for (const bool kept : {false, true}) narrow(kept, least);
}

bool Shows(const std::vector<HitColumn>& columns, std::string_view field) {
  return std::ranges::any_of(columns, [&](const HitColumn& column) {
    return std::ranges::find(column.fields, field) != column.fields.end();
  });
}

}  // namespace

std::vector<HitColumn> UsualColumns(const HitKinds& kinds) {
  std::vector<HitColumn> columns{{.header = "NAME", .fields = {"str_assetname"}},
                                 {.header = "DATABASE", .fields = {"str_databaseid"}, .keep = true},
                                 {.header = "ASSET", .fields = {"str_assetid"}, .keep = true}};
  if (kinds.files) columns.push_back({.header = "FILE", .fields = {"str_key"}, .cut_front = true});
  HitColumn type{.header = "TYPE"};
  if (kinds.files) type.fields.emplace_back("str_fileext");
  if (kinds.assets) type.fields.emplace_back("str_assettype");
  columns.push_back(std::move(type));
  if (kinds.files)
    columns.push_back({.header = "BYTES", .fields = {"num_filesize"}, .number = true});
  columns.push_back({.header = "TAGS", .fields = {"list_tags"}});
  if (kinds.archived)
    columns.push_back({.header = "STATE", .fields = {"bool_archived"}, .when_true = "archived"});
  if (!kinds.sort_field.empty() && !Shows(columns, kinds.sort_field))
    columns.push_back({.header = kinds.sort_field, .fields = {kinds.sort_field}});
  if (kinds.ranked && !Shows(columns, "_score"))
    columns.push_back({.header = "SCORE", .fields = {"_score"}, .number = true});
  if (kinds.explained)
    columns.push_back(
        {.header = "FOUND IN", .fields = {std::string(kExplanation) + "matched_fields"}});
  return columns;
}

std::vector<HitColumn> ColumnsOf(const std::vector<std::string>& fields) {
  std::vector<HitColumn> columns;
  for (const auto& field : fields) columns.push_back({.header = field, .fields = {field}});
  return columns;
}

const json::array& HitsOf(const json::value& answer) {
  static const json::array none;
  const json::value* hits = Member(Member(&answer, "hits"), "hits");
  return hits != nullptr && hits->is_array() ? hits->get_array() : none;
}

std::int64_t TotalOf(const json::value& answer) {
  const json::value* total = Member(Member(Member(&answer, "hits"), "total"), "value");
  if (total == nullptr || !total->is_number()) return 0;
  boost::system::error_code error;
  const auto number = total->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

bool IsLeastTotal(const json::value& answer) {
  const json::value* relation = Member(Member(Member(&answer, "hits"), "total"), "relation");
  return relation != nullptr && relation->is_string() && relation->get_string() == "gte";
}

std::vector<std::string> SourceFields(const json::array& hits) {
  std::set<std::string> fields;
  for (const auto& hit : hits) {
    const json::value* source = Member(&hit, "_source");
    if (source == nullptr || !source->is_object()) continue;
    for (const auto& member : source->get_object()) fields.emplace(member.key());
  }
  return {fields.begin(), fields.end()};
}

std::vector<std::vector<std::string>> MappingRows(const json::value& answer) {
  std::vector<std::vector<std::string>> rows;
  const json::value* indexes = Member(&answer, "mappings");
  if (indexes == nullptr || !indexes->is_object()) return rows;
  for (const auto& index : indexes->get_object()) {
    const json::value* fields = Member(Member(&index.value(), "mappings"), "properties");
    if (fields == nullptr || !fields->is_object()) continue;
    for (const auto& field : fields->get_object()) {
      const json::value* type = Member(&field.value(), "type");
      rows.push_back({std::string(index.key()), std::string(field.key()),
                      type == nullptr ? "object" : CellText(*type, "")});
    }
  }
  std::ranges::sort(rows);
  return rows;
}

std::string HitTable(const json::array& hits, const std::vector<HitColumn>& columns,
                     std::optional<std::size_t> width) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : columns) rows[0].push_back(Printable(column.header));
  for (const auto& hit : hits) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) row.push_back(CellOf(hit, column));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  if (width) Narrow(widths, columns, *width);
  std::string table;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell =
          Cut(row[i], std::max<std::size_t>(widths[i], 1), columns[i].cut_front);
      line += cell;
      if (i + 1 < row.size()) line.append(widths[i] - DisplayWidth(cell) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    table += line + "\n";
  }
  return table;
}

void AppendCsvHeader(std::string& out, const std::vector<HitColumn>& columns) {
  std::vector<std::string> header;
  for (const auto& column : columns) header.push_back(column.header);
  AppendCsv(out, header);
}

void AppendHitsCsv(std::string& out, const json::array& hits,
                   const std::vector<HitColumn>& columns) {
  for (const auto& hit : hits) {
    std::vector<std::string> cells;
    for (const auto& column : columns) {
      const json::value* value = FieldOf(hit, column);
      cells.push_back(value == nullptr ? std::string() : CellText(*value, ";"));
    }
    AppendCsv(out, cells);
  }
}

std::string FacetLines(const json::value& answer) {
  std::string lines;
  const json::value* facets = Member(&answer, "aggregations");
  if (facets == nullptr || !facets->is_object()) return lines;
  for (const auto& facet : facets->get_object()) {
    const json::value* buckets = Member(&facet.value(), "buckets");
    if (buckets == nullptr || !buckets->is_array() || buckets->get_array().empty()) continue;
    std::vector<std::string> values;
    for (const auto& bucket : buckets->get_array()) {
      if (values.size() == kFacetValues) break;
      const json::value* key = Member(&bucket, "key");
      const json::value* count = Member(&bucket, "doc_count");
      if (key == nullptr || count == nullptr) continue;
      values.push_back(fmt::format("{} {}", Printable(CellText(*key, "")), CellText(*count, "")));
    }
    lines +=
        fmt::format("{}: {}", Printable(std::string_view(facet.key())), fmt::join(values, ", "));
    if (const auto all = buckets->get_array().size(); all > values.size())
      lines += fmt::format(", and {} more", all - values.size());
    lines += "\n";
  }
  return lines;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) width += WidthOf(search::unicode::Next(text, at));
  return width;
}

}  // namespace vams::cli
