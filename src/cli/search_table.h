// Answers of a search as people and spreadsheets read them: hits as rows, fields as columns.
// cli.md section 8, search.md section 10.1.
//
// Pure; thread-safe.  Nothing blocks.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vams::cli {

struct HitColumn {
  std::string header;
  // The first of these that a hit has: fields of its document, "MD_.maker" of its metadata, or
  // "_score" and what else a hit has itself.
  std::vector<std::string> fields;
  // Names of things that other commands need whole: cut later than others.
  bool keep = false;
  bool number = false;     // never cut: what is left would be another one
  bool cut_front = false;  // of a path the end tells more
  std::string when_true;   // of a flag: what tables show for true, with nothing for false
};

// What the hits are about, for the columns that are of use.
struct HitKinds {
  bool assets = true, files = true;
  bool ranked = false;    // by a text: with scores
  bool archived = false;  // such hits are among them
  bool explained = false;
  std::string sort_field;  // gets a column, if none shows it
};
std::vector<HitColumn> UsualColumns(const HitKinds& kinds);
// A column for each field, under its name.
std::vector<HitColumn> ColumnsOf(const std::vector<std::string>& fields);

// The hits of an answer.
const boost::json::array& HitsOf(const boost::json::value& answer);
// How many there are in all.
std::int64_t TotalOf(const boost::json::value& answer);
// Whether there may be more.
bool IsLeastTotal(const boost::json::value& answer);

// The document fields of the hits, sorted; each once.
std::vector<std::string> SourceFields(const boost::json::array& hits);
// "index", "field", "type" of the answer to GET /search, by index and field.
std::vector<std::vector<std::string>> MappingRows(const boost::json::value& answer);

// A header and a line for each hit, with values cut where a line would be longer than `width`
// characters.
std::string HitTable(const boost::json::array& hits, const std::vector<HitColumn>& columns,
                     std::optional<std::size_t> width);
// Elements of lists stand between semicolons, objects are JSON.
void AppendHitsCsv(std::string& out, const boost::json::array& hits,
                   const std::vector<HitColumn>& columns);
void AppendCsvHeader(std::string& out, const std::vector<HitColumn>& columns);

// A line for each facet of the answer with its most frequent values; "" if there are none.
std::string FacetLines(const boost::json::value& answer);

// Columns that the text takes on a terminal.
std::size_t DisplayWidth(std::string_view text);

}  // namespace vams::cli
