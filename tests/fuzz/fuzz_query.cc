// Any bytes as what somebody types into the search box, or sends as a filter: the query-string
// syntax, the general text, metadata queries, dates, positions to continue from, patterns; and as
// the metadata that becomes numbers and places.
//
// The first byte, a digit, chooses which, the second one options.  Beside crashes this finds
// answers that contradict each other: an accepted condition beyond the bounds, a document that
// fulfils a condition and its opposite, a pattern that was simplified to something else, a match of
// which no part can be marked, a word that is two words.
#include <algorithm>
#include <boost/json/string.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "search/analyse.h"
#include "search/document.h"
#include "search/instants.h"
#include "search/marks.h"
#include "search/place.h"
#include "search/query_string.h"
#include "search/ranking.h"
#include "search/search.h"
#include "search/text_query.h"
#include "search/typed_value.h"

namespace {

using namespace vams;
using namespace vams::search;

void Require(bool holds) {
  if (!holds) std::abort();
}

const std::vector<Document>& Library() {
  static const std::vector<Document> documents = [] {
    std::vector<Document> list(3);
    list[0] = {.id = "db#a",
               .source = {{"str_assetname", "Feed Pump-01 model.glb"},
                          {"str_description", "a b c red PUMP, \u00c4\u8eca\u8f2a"},
                          {"str_assettype", "folder"},
                          {"list_tags", {"tag one", "x"}},
                          {"MD_", {{"maker", "Acme"}, {"n", 3.5}, {"a.b", true}}}},
               .place = Box::Of({.lat = 1, .lon = 2})};
    list[1] = {.kind = Kind::kFile,
               .id = "db#a#/x.glb",
               .source = {{"str_key", "/x.glb"},
                          {"num_filesize", 1000},
                          {"date_lastmodified", "2024-05-01T00:00:00+00:00"},
                          {"AB_", {{"unit", "mm"}}}}};
    return list;
  }();
  return documents;
}

void CheckExpression(const Result<Expression>& parsed) {
  if (!parsed.ok()) {
    Require(parsed.error().code == Code::kInvalid && !parsed.error().message.empty());
    return;
  }
  Require(CheckBounds(*parsed).ok());
  Request request{.highlights = true, .explain = true};
  request.match = *parsed;
  for (const Document& document : Library()) {
    Require(Matches(*parsed, document) != Matches(Expression::Not(*parsed), document));
    Hit hit{.document = document};
    AddMarks(request, hit);
  }
}

void CheckWords(std::string_view text) {
  std::size_t behind = 0;
  for (const Token& token : Analyse(text)) {
    Require(token.begin >= behind && token.end > token.begin && token.end <= text.size());
    Require(!token.text.empty() && token.text.size() <= kMaxTokenBytes);
    Require(token.text == Fold(text.substr(token.begin, token.end - token.begin)));
    behind = token.end;
  }
  const std::string folded = Fold(text);
  Require(Fold(folded) == folded);
  if (IsWordPart(folded)) Require(Words(folded) == std::vector<std::string>{folded});
  if (!folded.empty()) Require(Stem(folded, Stemming::kEnglish).size() <= folded.size() + 1);
}

// The first half is searched for in the second.
void CheckText(std::string_view text, bool metadata, Stemming stemming) {
  const std::string_view query = text.substr(0, text.size() / 2);
  Request request{.text = ParseText(query, metadata, stemming), .highlights = true};
  Require(request.text->terms.size() <= 64);
  Document document{.id = "db#a"};
  document.source["str_assetname"] = text.substr(text.size() / 2);
  bool all = true;
  for (const TextTerm& term : request.text->terms) {
    Require(term.op == TextTerm::Op::kWord ? !term.text.empty() : !term.words.empty());
    const auto found = FindTerm(term, document, metadata, stemming);
    all = all && found;
    if (found) Require(found->mask != 0 && found->count > 0);
  }
  Require(Matches(*request.text, document) == all);
  if (all && !request.text->terms.empty()) Require(Highlight(request, document).is_object());
}

void CheckPattern(std::string_view text) {
  const std::size_t half = std::min(text.size() / 2, kMaxPatternBytes);
  const std::string_view pattern = text.substr(0, half);
  const std::string_view value = text.substr(half);
  Document document;
  document.source["str_assetname"] = value;
  const std::vector<FieldRef> fields = {{.name = "str_assetname"}};
  Require(Matches(Expression::Pattern(fields, pattern, Form::kWhole), document) ==
          FitsPattern(pattern, value));
}

void CheckCursor(std::string_view text) {
  const std::vector<SortKey> keys = {{.field = "_score", .descending = true}, {.field = "str_key"}};
  const auto cursor = DecodeCursor(text, keys);
  if (!cursor.ok()) return;
  const auto again = DecodeCursor(EncodeCursor(*cursor, keys), keys);
  Require(again.ok() && again->values == cursor->values && again->id == cursor->id);
  for (const SortKey& key : keys)
    for (const auto& value : cursor->values) Require(CompareSortValues(key, value, value) == 0);
}

void CheckDates(std::string_view text) {
  if (const auto instants = ParseInstants(text, 1'700'000'000'000))
    Require(instants->first <= instants->last);
}

void CheckValue(std::string_view type, std::string_view text) {
  if (const auto place = PlaceOfValue(boost::json::string(text))) Require(IsValid(*place));
  const auto typed = TypedValue(type, text);
  Require(typed.has_value() != text.empty());
  if (typed) Require(TextForm(*typed) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::uint8_t option = data[1];
  const auto mode = static_cast<MetadataMode>(option % 3);
  const auto stemming = option % 2 ? Stemming::kEnglish : Stemming::kNone;
  switch (static_cast<std::uint8_t>(data[0] - '0') % 9) {
    case 0:
      CheckExpression(ParseQueryString(
          text, {.default_and = option % 2 != 0, .lenient = option % 4 > 1, .now_millis = 1}));
      break;
    case 1:
      CheckExpression(ParseMetadataQuery(text, mode));
      break;
    case 2:
      CheckExpression(SimpleParameter("str_key", text));
      CheckExpression(SimpleMetadataKey(text));
      CheckExpression(SimpleMetadataValue(text));
      break;
    case 3:
      CheckText(text, option % 4 > 1, stemming);
      break;
    case 4:
      CheckWords(text);
      break;
    case 5:
      CheckPattern(text);
      break;
    case 6:
      CheckCursor(text);
      break;
    case 7:
      CheckDates(text);
      break;
    default:
      CheckValue(option % 2 ? "string" : "number", text);
      break;
  }
  return 0;
}
