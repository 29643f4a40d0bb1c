// How a metadata value stands in a document: as the boolean or number that its type says, where
// that loses nothing of its text.  Spec: search.md section 5.3.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

namespace vams::search {

// `type` is the metadataValueType.  A number or boolean only if its text form (fields.h) is `text`
// again, so that "007", "1e5" and "Yes" are found as they were typed.  Nothing for an empty value,
// which is not indexed.
std::optional<boost::json::value> TypedValue(std::string_view type, std::string_view text);

// The key that upstream's reindexing writes and removes; never part of a document.
inline constexpr std::string_view kReindexMarker = "REINDEX_METADATA_RECORD";

}  // namespace vams::search
