// Table definitions to and from the JSON of CreateTable and DescribeTable.
// Internal to items/dynamodb.  Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "items/table_spec.h"

namespace vams::items::dynamodb {

struct StreamSettings {
  bool enabled = false;
  std::string arn;   // of the latest stream
  std::string view;  // "NEW_AND_OLD_IMAGES", …
};

// What DescribeTable says, as far as it matters here.
struct TableDescription {
  TableSpec spec;      // named as given; without its TTL attribute, which another call tells
  std::string status;  // "ACTIVE", …
  std::string arn;
  std::uint64_t approximate_items = 0;
  bool indexes_active = true;
  StreamSettings stream;
};

// The body of CreateTable, billed by request.  `stream`: with new and old images.
std::string CreateTableJson(const TableSpec& spec, std::string_view physical_name, bool stream);
// Of an answer that holds "Table" or "TableDescription".  kCorrupt for other text.
Result<TableDescription> ParseTableDescription(std::string_view answer, std::string_view name);

// The attribute that DescribeTimeToLive names; empty when there is none.
Result<std::string> ParseTimeToLive(std::string_view answer);

// Equal but for the order of indexes and of their included attributes, which the service does not
// keep.
bool SameSpec(const TableSpec& a, const TableSpec& b);

}  // namespace vams::items::dynamodb
