// Takes a JSON text apart without building values: the members of an object and the elements of an
// array as pieces of the text.  Answers of the service hold up to 16 MB of items, which are read by
// the item parser (items/aws/dynamodb_json.h) straight from these pieces.
//
// What is inside a piece is not judged: its reader does that.  Pure functions; views live as long
// as the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vams::items::dynamodb {

using JsonMembers = std::vector<std::pair<std::string_view, std::string_view>>;

// The members of `{…}`; names are without quotes and must need no unescaping to be compared.
// kCorrupt for anything else.
Result<JsonMembers> SliceObject(std::string_view text);
// The elements of `[…]`.
Result<std::vector<std::string_view>> SliceArray(std::string_view text);

// The member of that name, or "".
std::string_view FindMember(const JsonMembers& members, std::string_view name);

// The text of a JSON string without escapes the reader would miss: names, ARNs, tokens.
std::string JsonText(std::string_view quoted);
// "12" as a number; nothing for anything else.
std::optional<double> JsonNumber(std::string_view text);

}  // namespace vams::items::dynamodb
