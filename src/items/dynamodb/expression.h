// Expressions of the DynamoDB protocol with their names and values: conditions of writes, updates,
// key conditions.  Every attribute goes through a placeholder, so that no name is taken for syntax.
// Internal to items/dynamodb.  Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "items/store.h"

namespace vams::items::dynamodb {

// Collects the placeholders that the expressions of one request share.
class Placeholders {
 public:
  std::string Name(std::string_view attribute);  // "#n0"
  std::string Value(items::Value value);         // ":v0"
  // `,"ExpressionAttributeNames":{…},"ExpressionAttributeValues":{…}`; what is empty is left out.
  std::string Json() const;

 private:
  std::map<std::string, std::string, std::less<>> names_;  // attribute to placeholder
  Item values_;
};

// "" when there are no conditions.
std::string ConditionText(Placeholders& to, const TableSpec& spec,
                          std::span<const Condition> conditions);
// "" when there are no mutations.
std::string UpdateText(Placeholders& to, std::span<const Mutation> mutations);
std::string KeyConditionText(Placeholders& to, const KeyAttribute& partition,
                             const KeyAttribute& sort, const QueryRequest& request);

// `text` as a JSON string.
std::string Quoted(std::string_view text);

}  // namespace vams::items::dynamodb
