#include "cli/search_request.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <optional>

namespace vams::cli {

namespace json = boost::json;

namespace {

// "1,2.5" -> {1, 2.5}; nothing unless there are exactly N finite numbers.
template <std::size_t N>
std::optional<std::array<double, N>> Numbers(std::string_view text) {
  const auto parts = SplitAtCommas(text);
  std::array<double, N> numbers{};
  if (parts.size() != N) return std::nullopt;
  for (std::size_t i = 0; i < N; ++i) {
    const std::string& part = parts[i];
    const auto [end, error] =
        std::from_chars(part.data(), part.data() + part.size(), numbers.at(i));
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(numbers.at(i)))
      return std::nullopt;
  }
  return numbers;
}

json::object Corner(double lat, double lon) { return {{"lat", lat}, {"lon", lon}}; }

Result<json::object> GeoOf(const SearchOptions& options) {
  const auto wrong = [](std::string why) {
    return Error(Code::kInvalid, std::move(why) + "; nothing was asked");
  };
  if (!options.within.empty() && !(options.near.empty() && options.distance.empty()))
    return wrong("--within is a box, --near with --distance a circle; leave one of them out");
  if (!options.within.empty()) {
    const auto box = Numbers<4>(options.within);
    if (!box)
      return wrong(fmt::format("--within {} is no box; give degrees as SOUTH,WEST,NORTH,EAST",
                               options.within));
    const auto [south, west, north, east] = *box;
    return json::object{
        {"boundingBox", {{"topLeft", Corner(north, west)}, {"bottomRight", Corner(south, east)}}}};
  }
  if (options.near.empty() || options.distance.empty())
    return wrong(
        "a circle needs its center and how far it reaches: --near 60.17,24.94 --distance "
        "10km");
  const auto center = Numbers<2>(options.near);
  if (!center)
    return wrong(
        fmt::format("--near {} is no place; give degrees as LATITUDE,LONGITUDE", options.near));
  return json::object{{"distance", options.distance},
                      {"center", Corner((*center)[0], (*center)[1])}};
}

// A JSON list is passed through, whatever else is one query string.
Result<json::array> FiltersOf(const std::string& text) {
  boost::system::error_code error;
  json::value parsed = json::parse(text, error);
  if (!error && parsed.is_array()) return std::move(parsed.get_array());
  if (!error && parsed.is_object()) return json::array{std::move(parsed)};
  // No query string begins like this, so the server's complaint would be about something else.
  if (text.starts_with('['))
    return Error(Code::kInvalid,
                 "--filters begins like a JSON list, but is none; nothing was asked; give a list "
                 "such as [{\"query_string\": {\"query\": \"str_fileext:glb\"}}], or the query "
                 "string alone");
  return json::array{json::object{{"query_string", {{"query", text}}}}};
}

json::object BodyOf(const SearchWindow& window) {
  return {{"from", window.from}, {"size", window.size}, {"includeArchived", window.archived}};
}

json::array ArrayOf(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

}  // namespace

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view part = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t first = part.find_first_not_of(" \t");
    if (first == part.npos) continue;
    parts.emplace_back(part.substr(first, part.find_last_not_of(" \t") - first + 1));
  }
  return parts;
}

Result<json::object> SearchBody(const SearchOptions& options, std::string_view entity) {
  json::object body = BodyOf(options.window);
  body["entityTypes"] = json::array{json::string(entity)};
  body["explainResults"] = options.explain;
  body["includeMetadataInSearch"] = options.metadata;
  if (options.sort_field.empty())
    body["sort"] = json::array{"_score"};
  else
    body["sort"] = json::array{json::object{{"field", options.sort_field},
                                            {"order", options.descending ? "desc" : "asc"}}};
  if (!options.query.empty()) body["query"] = options.query;
  if (!options.metadata_query.empty()) {
    body["metadataQuery"] = options.metadata_query;
    body["metadataSearchMode"] = options.metadata_mode;
  }
  if (!options.filters.empty()) {
    TRY(body["filters"], FiltersOf(options.filters));
  }
  if (!options.near.empty() || !options.distance.empty() || !options.within.empty()) {
    TRY(body["geo"], GeoOf(options));
  }
  return body;
}

Result<json::object> SimpleSearchBody(const SimpleSearchOptions& options) {
  json::object body = BodyOf(options.window);
  const auto put = [&](const char* name, const std::string& text) {
    if (!text.empty()) body[name] = text;
  };
  put("query", options.query);
  put("assetName", options.asset_name);
  put("assetId", options.asset_id);
  put("assetType", options.asset_type);
  put("fileKey", options.file_key);
  put("fileExtension", options.file_extension);
  put("databaseId", options.database);
  put("metadataKey", options.metadata_key);
  put("metadataValue", options.metadata_value);
  if (const auto tags = SplitAtCommas(options.tags); !tags.empty()) body["tags"] = ArrayOf(tags);
  const auto types = SplitAtCommas(options.entity_types);
  for (const auto& type : types)
    if (type != "asset" && type != "file")
      return Error(Code::kInvalid,
                   fmt::format("there is no entity type \"{}\"; nothing was asked; give asset, "
                               "file, or both with a comma",
                               type));
  if (!types.empty()) body["entityTypes"] = ArrayOf(types);
  return body;
}

}  // namespace vams::cli
