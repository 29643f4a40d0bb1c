// What `vams search` asks the server for: request bodies made of typed options, with the names and
// defaults of upstream's client.  cli.md section 8, search.md sections 2.1, 3.1 and 10.1; geo and
// searchAfter are additions of ours.
//
// Pure; thread-safe.  Nothing blocks.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::cli {

struct SearchWindow {
  std::int64_t from = 0, size = 100;
  bool archived = false;
};

// `vams search assets|files`.  An empty text is one that was not given.
struct SearchOptions {
  SearchWindow window;
  std::string query, metadata_query, metadata_mode = "both", sort_field, filters;
  bool metadata = true, explain = false, descending = false;
  // A place and how far from it, as "60.17,24.94" and "10km"; or a box, "south,west,north,east".
  std::string near, distance, within;
};

// POST /search; `entity` is "asset" or "file".  kInvalid for filters and places that are none.
Result<boost::json::object> SearchBody(const SearchOptions& options, std::string_view entity);

// `vams search simple`.
struct SimpleSearchOptions {
  SearchWindow window;
  std::string query, asset_name, asset_id, asset_type, file_key, file_extension, database;
  std::string metadata_key, metadata_value;
  std::string tags, entity_types;  // with commas
};

// POST /search/simple.  kInvalid for entity types that are none.
Result<boost::json::object> SimpleSearchBody(const SimpleSearchOptions& options);

// What stands between the commas, without blanks around it; nothing of nothing.
std::vector<std::string> SplitAtCommas(std::string_view text);

}  // namespace vams::cli
