// What the server keeps of a document: its source as upstream's indexes have it, and below `vams`
// what this engine reads back, sorts by and finds it by.  docs/formats/search-opensearch.md.
// Private to search/opensearch.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "search/document.h"

namespace vams::search::opensearch {

inline constexpr std::string_view kOwn = "vams";
// A change of what is stored or of the words of a text; indexes of another format are rebuilt.
inline constexpr int kFormat = 1;

namespace field {
inline constexpr std::string_view kId = "vams.id";
inline constexpr std::string_view kKind = "vams.kind";
inline constexpr std::string_view kArchived = "vams.archived";
inline constexpr std::string_view kDigest = "vams.digest";
inline constexpr std::string_view kClass = "vams.class";      // ClassKey
inline constexpr std::string_view kNamed = "vams.named";      // NamedKey
inline constexpr std::string_view kWritten = "vams.written";  // milliseconds since 1970
inline constexpr std::string_view kSegment = "vams.segment";
inline constexpr std::string_view kDynamic = "vams.dynamic";  // fields beyond the table
inline constexpr std::string_view kTerms = "vams.x.terms";    // see below
inline constexpr std::string_view kWords = "vams.x.words";    // WordOf, in order
inline constexpr std::string_view kMetadata = "vams.x.md";    // words of flat objects
inline constexpr std::string_view kLatitudes = "vams.x.lat";
inline constexpr std::string_view kLongitudes = "vams.x.lon";
}  // namespace field
// "vams.s.str_key": what sorts and facets look at; "vams.x.w4": words of the fields of that weight.
std::string SortField(std::string_view name);
std::string WeightField(unsigned weight);
inline constexpr unsigned kMaxWeight = 4;

// ---- Terms.  A code stands for a field, or for a key of a flat object
// ---------------------------------------------------------------------------------------

std::string FieldCode(std::string_view name);
std::string KeyCode(std::string_view flat, std::string_view key);
// A key within a KeyCode: without '='.
std::string EscapedKey(std::string_view key);

inline constexpr char kWholeTerm = 'W';
inline constexpr char kFoldedTerm = 'F';
inline constexpr char kNumberTerm = 'N';  // of number and date fields
inline constexpr char kRealTerm = 'R';    // texts that read as numbers
inline constexpr char kExistsTerm = 'E';  // a code without value
inline constexpr char kKeyTerm = 'K';     // "MD_=maker": the flat object has a value there
inline constexpr char kCoreTerm = 'C';    // folded values that `query` looks at
inline constexpr char kMetadataTerm = 'M';
inline constexpr char kCoreStemTerm = 'S';
inline constexpr char kMetadataStemTerm = 'T';

// What stands before the value of a term of that sort: "Wstr_key=".
std::string TermHead(char sort, std::string_view code);
// Terms that are too long for the server are cut and told apart by a hash.
std::string Term(char sort, std::string_view code, std::string_view value);
// Texts in the order of the numbers.
std::string SortableNumber(double number);
std::optional<double> RealOf(std::string_view text);
std::string WordOf(std::string_view code, std::string_view word);
// What a sort field holds of a text.
std::string SortText(std::string_view text);

std::string ClassKey(const AccessClass& access);
std::string NamedKey(std::string_view class_key, std::string_view asset_name);

// ---- Documents
// ---------------------------------------------------------------------------------------

// The server's id; another one where the document's is too long for it.
std::string ServerId(std::string_view id);
// Which of the two indexes a document lives in follows from its id, so that one id is one document.
Kind HomeOf(std::string_view id);

// `written` is now; `segment` is empty but in a build.
boost::json::object BodyOf(const Document& document, std::int64_t written,
                           std::string_view segment);
// kCorrupt: not one that BodyOf made.
Result<Document> DocumentOf(const boost::json::value& body);
AccessClass AccessOf(const boost::json::value& own);

// {"settings": …, "mappings": …} of a new index.
boost::json::object IndexBody(Kind kind);
// What the mapping of an index needs so that documents of ours can be put into it.
boost::json::object OwnProperties();

}  // namespace vams::search::opensearch
