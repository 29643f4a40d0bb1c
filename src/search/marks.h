// What hits show beside their document: highlights (spec: search.md section 2.6) and explanations
// (2.5).  Made from the document alone, so that they are the same from every engine.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "search/search.h"

namespace vams::search {

inline constexpr std::string_view kMarkBegin = "@opensearch-dashboards-highlighted-field@";
inline constexpr std::string_view kMarkEnd = "@/opensearch-dashboards-highlighted-field@";

// {field: [value with marks, …]} of Request::text and Request::match; null if nothing fits.  Fields
// are str_*, list_*, "MD_.key" and "AB_.key".
boost::json::value Highlight(const Request& request, const Document& document);

// `highlight` is what Highlight made; score: nothing when sorted by fields.
boost::json::value Explain(const Request& request, const Document& document,
                           std::optional<double> score, const boost::json::value& highlight);

// Fills highlight and explanation of a hit as the request asks for.
void AddMarks(const Request& request, Hit& hit);

}  // namespace vams::search
