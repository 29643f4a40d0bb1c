// DynamoDB JSON ({"name":{"S":"text"}, …}) to the stored item form (codec.h) and back, exactly:
// numbers stay decimal text, strings keep every character (empty, NUL, beyond the BMP), binary is
// strict base64.  For import, export and the DynamoDB engine.  Format: docs/formats/aws-export.md.
//
// What DynamoDB would refuse is refused here: bare numbers, empty sets, members twice in a set,
// attributes twice in a map, values with no or several types, nesting past kMaxNesting.  A lone
// surrogate escape is no text and is refused too.
//
// Errors are kInvalid and read "Item.tags.L[2].S: <reason>, at byte 57"; the caller puts file and
// line in front.  Functions are pure; a JsonItemParser belongs to one thread at a time.  None
// blocks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "items/value.h"

namespace vams::items::aws {

// Decodes item after item with buffers that are kept: the fast path of imports.
class JsonItemParser {
 public:
  JsonItemParser();
  ~JsonItemParser();
  JsonItemParser(JsonItemParser&&) noexcept;
  JsonItemParser& operator=(JsonItemParser&&) noexcept;

  // `{"name":{"S":"…"},…}` as a canonical encoded item.  The view lives until the next call.
  Result<std::string_view> EncodeMap(std::string_view attribute_map_json);
  // The same for `{"Item":{…}}`, with white space around it but no other member.
  Result<std::string_view> EncodeLine(std::string_view line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Result<std::string> EncodeFromJson(std::string_view attribute_map_json);
Result<std::string> EncodeFromLine(std::string_view line);
Result<Item> ParseItem(std::string_view attribute_map_json);

// Appends the attribute map as compact DynamoDB JSON, names ascending.  kCorrupt when `encoded` is
// damaged; `out` is then as it was.
Status AppendJson(std::string& out, std::string_view encoded);
std::string ToJson(const Item& item);

// Appends plain JSON: numbers as JSON numbers with their canonical digits, binary as base64 text,
// sets as arrays.  Types are lost; for people and for clients that do not know DynamoDB.
void AppendPlainJson(std::string& out, const Item& item);

// Appends `text` as a JSON string with its quotes.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace vams::items::aws
