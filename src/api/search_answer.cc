#include "api/search_answer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace vams::api {

namespace json = boost::json;

using search::Facet;
using search::Hit;

namespace {

constexpr std::string_view kAssetIndex = "vams-assets-v2";
constexpr std::string_view kFileIndex = "vams-files-v2";

json::object HitJson(Hit hit) {
  search::Document& document = hit.document;
  json::object out{{"_index", document.kind == search::Kind::kAsset ? kAssetIndex : kFileIndex},
                   {"_id", std::move(document.id)},
                   {"_score", hit.score ? json::value(*hit.score) : json::value(nullptr)},
                   {"_source", std::move(document.source)},
                   {"_index_type", search::KindName(document.kind)},
                   {"highlight", std::move(hit.highlight)},
                   {"explanation", std::move(hit.explanation)}};
  if (!hit.sort.empty()) out["sort"] = std::move(hit.sort);
  return out;
}

// The members that are null name filtered aggregations, of which there are none.
json::object AggregationJson(const Facet& facet) {
  json::array buckets;
  buckets.reserve(facet.buckets.size());
  for (const Facet::Bucket& bucket : facet.buckets)
    buckets.push_back(json::object{{"key", bucket.key}, {"doc_count", bucket.count}});
  return {{"doc_count", nullptr},           {"buckets", std::move(buckets)},
          {"filtered_assettype", nullptr},  {"filtered_fileext", nullptr},
          {"filtered_databaseid", nullptr}, {"filtered_tags", nullptr}};
}

// Every document has a database, so the databases' counts add up to all of them.
json::value AggregationTotal(const std::vector<Facet>& facets) {
  for (const std::string_view name : {"str_databaseid", "str_assetid"}) {
    const auto found = std::ranges::find(facets, name, &Facet::field);
    if (found == facets.end() || found->buckets.empty()) continue;
    std::uint64_t total = 0;
    for (const Facet::Bucket& bucket : found->buckets) total += bucket.count;
    return total;
  }
  return nullptr;
}

}  // namespace

json::object SearchAnswer(catalog::FoundPage page, std::int64_t took_millis) {
  json::array hits;
  hits.reserve(page.hits.size());
  for (Hit& hit : page.hits) hits.push_back(HitJson(std::move(hit)));
  json::object aggregations;
  for (const Facet& facet : page.facets) aggregations[facet.field] = AggregationJson(facet);
  json::object answer{{"took", took_millis},
                      {"timed_out", false},
                      {"hits",
                       {{"total", {{"value", page.total}, {"relation", page.exact ? "eq" : "gte"}}},
                        {"max_score", nullptr},
                        {"hits", std::move(hits)}}},
                      {"aggregations", std::move(aggregations)},
                      {"aggregationTotal", AggregationTotal(page.facets)}};
  // An addition: goes on where this page ends (searchAfter of the next request).
  if (!page.next.empty()) answer["searchAfter"] = page.next;
  return answer;
}

}  // namespace vams::api
