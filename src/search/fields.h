// The fields of search documents: one table that every engine, every parser and the mapping that
// clients ask for are made from.  Names are those of upstream's index documents; the type of a
// field that is not in the table follows from its prefix.  Spec: search.md section 5.
//
// Thread rule: constants and pure functions.  Nothing blocks.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vams::search {

enum class Kind : std::uint8_t { kAsset, kFile };

std::string_view KindName(Kind kind);  // "asset", "file"

enum class FieldType : std::uint8_t {
  kText,    // str_, list_: a text, or a list of texts; analysed, and whole as NAME.keyword
  kNumber,  // num_: a whole number
  kBool,    // bool_
  kDate,    // date_: ISO 8601 text, or milliseconds since 1970
  kFlat,    // MD_, AB_: an object; its leaves are exact texts, addressed as MD_.key
};

struct Field {
  std::string_view name;
  FieldType type = FieldType::kText;
  bool asset = false;  // which documents have it
  bool file = false;
  // Filters compare the whole value, as with ids; else with free text the analysed words.
  bool id_like = false;
  bool facet = false;    // may be counted (Request::facets)
  bool core = true;      // named "core" by explanations
  bool declared = true;  // upstream's mapping names it; else a template makes it when first seen
  unsigned weight = 0;   // what an occurrence of a word counts for `query`; 0: not looked at
  unsigned mask = 0;     // one bit for each field with a weight (ranking.h)
};

// In the order of the specification; sorts and facets are over these.
std::span<const Field> Fields();
const Field* FindField(std::string_view name);  // nullptr: not in the table
// The bit that stands for metadata and attributes in ranking.h; no field has it.
inline constexpr unsigned kMetadataMask = 1U << 31;

// By the table, else by prefix; nothing for names that no document can have ("_rectype", "foo").
std::optional<FieldType> TypeOf(std::string_view name);

// What a condition looks at.
struct FieldRef {
  std::string name;  // "str_assetname", "MD_", "_id"
  // Of flat objects only: the key ("maker", and "a.b" for nested objects), with `*` and `?` when
  // pattern is set; empty stands for every key.
  std::string key;
  bool pattern = false;

  bool operator==(const FieldRef&) const = default;
};

// "str_assettype", "MD_.maker", "MD_._value" (every key); ".keyword" must be taken off before.
FieldRef ParseFieldRef(std::string_view text);

// ---- Values of a source document
// ---------------------------------------------------------------------------------------

// The text that a value is compared by: texts as they are, whole numbers and fractions in shortest
// decimal form ("7", "3.5"), "true" and "false".  Nothing for null, lists and objects.  Whoever
// makes documents keeps a value as text where this would not give back what the user typed ("007").
std::optional<std::string> TextForm(const boost::json::value& value);

// Calls `visit` with each text value of the field: the elements of lists, the leaves of flat
// objects whose key fits (key is given for these).  Returns early when it answers true, then true.
using ValueVisitor = std::function<bool(std::string_view key, std::string_view text)>;
bool AnyValue(const boost::json::object& source, const FieldRef& field, const ValueVisitor& visit);
// The same of a member that the caller found: every leaf, if it is a flat object.
bool AnyValue(const boost::json::value& value, FieldType type, const ValueVisitor& visit);

// The field's number, or its instant in milliseconds since 1970; nothing if absent or malformed.
std::optional<std::int64_t> NumberOf(const boost::json::object& source, const Field& field);

// ---- The mapping
// ---------------------------------------------------------------------------------------

// {"dynamic_templates": […], "properties": {…}} of one kind's index, with `dynamic` top-level
// fields that documents have beside the declared ones.  Section 3.3; also what an OpenSearch index
// is created with.
boost::json::object Mapping(Kind kind, std::span<const std::string> dynamic);

}  // namespace vams::search
