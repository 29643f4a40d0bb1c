#include "catalog/asset_search.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "catalog/asset_records.h"
#include "catalog/asset_search_request.h"
#include "model/database.h"
#include "search/marks.h"

namespace vams::catalog {

namespace json = boost::json;

using search::Document;
using search::Facet;
using search::Hit;
using search::Request;

namespace {

constexpr std::string_view kExecuting = "Error executing search query";
constexpr std::string_view kProcessing = "Error processing search results";

// Documents that are looked at, at least, for a page on engines that do not filter (section 2.2).
constexpr std::uint64_t kLeastInWindow = 100;

// ---- Facets

std::set<std::string> ValuesOf(const Document& document, const std::string& field) {
  std::set<std::string> values;
  search::AnyValue(document.source, {.name = field}, [&](std::string_view, std::string_view value) {
    values.emplace(value);
    return false;
  });
  return values;
}

void SortBuckets(Facet& facet) {
  std::ranges::sort(facet.buckets, [](const Facet::Bucket& a, const Facet::Bucket& b) {
    return a.count != b.count ? a.count > b.count : a.key < b.key;
  });
}

// Takes a document off that was counted.
void TakeOff(std::vector<Facet>& facets, const Document& document) {
  if (document.archived) return;
  for (Facet& facet : facets) {
    const auto values = ValuesOf(document, facet.field);
    if (values.empty()) continue;
    if (facet.documents > 0) --facet.documents;
    for (Facet::Bucket& bucket : facet.buckets)
      if (bucket.count > 0 && values.contains(bucket.key)) --bucket.count;
    std::erase_if(facet.buckets, [](const Facet::Bucket& bucket) { return bucket.count == 0; });
    SortBuckets(facet);
  }
}

// As engines count them.
std::vector<Facet> FacetsOf(const Request& request, const std::vector<Hit>& hits) {
  std::vector<Facet> facets;
  for (const std::string& field : request.facets) {
    std::map<std::string, std::uint64_t> counts;
    Facet facet{.field = field};
    for (const Hit& hit : hits) {
      if (hit.document.archived) continue;
      const auto values = ValuesOf(hit.document, field);
      for (const std::string& value : values) ++counts[value];
      if (!values.empty()) ++facet.documents;
    }
    for (const auto& [key, count] : counts) facet.buckets.push_back({.key = key, .count = count});
    SortBuckets(facet);
    if (facet.buckets.size() > request.facet_size) facet.buckets.resize(request.facet_size);
    facets.push_back(std::move(facet));
  }
  return facets;
}

// ---- Pages

void DropUnreadable(std::vector<Hit>& hits, const PolicyAccess& access) {
  std::erase_if(hits, [&](const Hit& hit) {
    return !access.MayRead(hit.document.access, hit.document.asset_name);
  });
}

std::string CursorBehind(const Hit& hit, const Request& request) {
  json::array values = hit.sort;
  if (request.sort.empty()) values = {hit.score.value_or(0)};
  return search::EncodeCursor({.values = std::move(values), .id = hit.document.id},
                              search::EffectiveSort(request));
}

// ---- Assets as they are now

struct AssetRef {
  std::string database, id;
  bool archived = false;

  auto operator<=>(const AssetRef&) const = default;
};

// The asset that the document is about or whose file it is.
AssetRef RefOf(const Document& document, bool archived) {
  const json::value* id = document.source.if_contains("str_assetid");
  return {.database = document.access.database,
          .id = id != nullptr && id->is_string() ? std::string(id->get_string()) : std::string(),
          .archived = archived};
}

// The states of the asset that a document can be of: archived files are those of archived assets
// and those that were archived themselves.
std::vector<AssetRef> StatesOf(const Document& document) {
  if (!document.archived) return {RefOf(document, false)};
  if (document.kind == search::Kind::kAsset) return {RefOf(document, true)};
  return {RefOf(document, false), RefOf(document, true)};
}

}  // namespace

AssetSearch::AssetSearch(const Stores& stores, search::Index& index, search::Stemming stemming)
    : stores_(stores), index_(index), stemming_(stemming), databases_(stores.items, stores.clock) {}

// ---- Searches

Result<FoundPage> AssetSearch::Search(OpContext& op, Caller& caller, const SearchQuery& query) {
  TRY(Request request, RequestOf(query, stemming_, stores_.clock.NowMillis()));
  auto live = databases_.Get(op);
  if (!live.ok()) return Failed(live.error(), kExecuting);
  const PolicyAccess access(caller.policy(), *std::move(live));
  TRY(Checked checked, Run(op, caller, access, std::move(request)));
  return std::move(checked.page);
}

// One sequence, so that no page repeats or skips anything.
Result<FoundPage> AssetSearch::Simple(OpContext& op, Caller& caller, const SimpleQuery& query) {
  auto live = databases_.Get(op);
  if (!live.ok()) return Failed(live.error(), kExecuting);
  const PolicyAccess access(caller.policy(), *std::move(live));
  FoundPage all;
  std::uint64_t before = 0;  // hits of the kinds before this one
  std::size_t taken = 0;     // of the page, what was dropped among them
  for (const search::Kind kind : {search::Kind::kAsset, search::Kind::kFile}) {
    if (!Has(query.kinds, kind)) continue;
    TRY(Request request, RequestOf(query, kind, stemming_));
    request.from = query.from > before ? query.from - before : 0;
    request.size = query.size - taken;
    TRY(Checked checked, Run(op, caller, access, std::move(request)));
    FoundPage& page = checked.page;
    before += page.total + checked.dropped;
    taken += page.hits.size() + checked.dropped;
    all.total += page.total;
    all.exact = all.exact && page.exact;
    std::ranges::move(page.hits, std::back_inserter(all.hits));
  }
  return all;
}

Result<AssetSearch::Checked> AssetSearch::Run(OpContext& op, Caller& caller,
                                              const PolicyAccess& access, Request request) {
  request.access = &access;
  auto found = Find(op, access, request);
  if (!found.ok()) return Refused(found.error(), kExecuting);
  Checked checked{.page = *std::move(found)};
  auto dropped = DropOutdated(op, caller, checked.page);
  if (!dropped.ok()) return Failed(dropped.error(), kProcessing);
  checked.dropped = *dropped;
  return checked;
}

Result<FoundPage> AssetSearch::Find(OpContext& op, const PolicyAccess& access,
                                    const Request& request) {
  const bool filters = index_.traits().access_filter;
  if (!filters && !access.DecidedByDatabase()) return FindInWindow(op, access, request);
  TRY(search::Answer answer, index_.Search(op, request));
  return FoundPage{.hits = std::move(answer.hits),
                   .total = answer.total,
                   .exact = answer.exact || !filters,
                   .facets = std::move(answer.facets),
                   .next = std::move(answer.next)};
}

// Goes on until there is something to show, for as long as the request has time: where a page ends
// that has nothing, nobody may be told.
Result<search::Answer> AssetSearch::ReadWindow(OpContext& op, const PolicyAccess& access,
                                               Request window) {
  for (;;) {
    TRY(search::Answer answer, index_.Search(op, window));
    DropUnreadable(answer.hits, access);
    if (!answer.hits.empty() || answer.next.empty()) return answer;
    TRY_OK(op.Check());
    window.after = std::move(answer.next);
    window.size = search::kMaxPage;
  }
}

Result<FoundPage> AssetSearch::FindInWindow(OpContext& op, const PolicyAccess& access,
                                            const Request& request) {
  Request window = request;
  window.from = 0;
  window.size = static_cast<std::size_t>(std::clamp<std::uint64_t>(
      2 * (request.from + request.size), kLeastInWindow, search::kMaxPage));
  window.facets.clear();
  // Of those that are shown, below.
  window.highlights = window.explain = false;
  TRY(search::Answer answer, ReadWindow(op, access, std::move(window)));
  const bool whole = answer.next.empty();
  FoundPage page{.hits = {},
                 .total = answer.hits.size(),
                 .exact = whole && request.after.empty(),
                 .facets = FacetsOf(request, answer.hits),
                 .next = {}};
  const auto first = static_cast<std::size_t>(std::min<std::uint64_t>(request.from, page.total));
  const std::size_t last = first + std::min(request.size, answer.hits.size() - first);
  // Behind a hit that the caller may read: a cursor tells what it is behind.
  if (last > 0 && (last < answer.hits.size() || !whole))
    page.next = CursorBehind(answer.hits[last - 1], request);
  for (std::size_t i = first; i < last; ++i) {
    search::AddMarks(request, answer.hits[i]);
    page.hits.push_back(std::move(answer.hits[i]));
  }
  return page;
}

// ---- What is so no longer

Result<std::size_t> AssetSearch::DropOutdated(OpContext& op, Caller& caller, FoundPage& page) {
  std::map<AssetRef, bool> readable;  // those that are there
  std::vector<AssetRef> refs;
  std::vector<items::Item> keys;
  for (const Hit& hit : page.hits)
    for (AssetRef& ref : StatesOf(hit.document)) {
      if (ref.id.empty() || !readable.emplace(ref, false).second) continue;
      keys.push_back(AssetKey(
          ref.archived ? ref.database + std::string(model::kDeletedSuffix) : ref.database, ref.id));
      refs.push_back(std::move(ref));
    }
  if (page.hits.empty()) return 0;
  TRY(auto records, stores_.items.BatchGet(op, kAssetsTable, keys));
  for (std::size_t i = 0; i < refs.size(); ++i)
    if (records[i]) readable[refs[i]] = caller.MaySee(ObjectOf(AssetOf(*std::move(records[i]))));
  const auto outdated = [&](const Hit& hit) {
    return std::ranges::none_of(StatesOf(hit.document), [&](const AssetRef& ref) {
      const auto found = readable.find(ref);
      return found != readable.end() && found->second;
    });
  };
  std::size_t dropped = 0;
  for (const Hit& hit : page.hits)
    if (outdated(hit)) {
      ++dropped;
      TakeOff(page.facets, hit.document);
    }
  if (dropped > 0) std::erase_if(page.hits, outdated);
  page.total -= std::min<std::uint64_t>(page.total, dropped);
  return dropped;
}

// ---- Mapping

Result<json::object> AssetSearch::Mappings(OpContext& op) {
  json::object mappings;
  for (const search::Kind kind : {search::Kind::kAsset, search::Kind::kFile}) {
    const auto dynamic = index_.DynamicFields(op, kind);
    if (!dynamic.ok()) return Failed(dynamic.error(), "Error retrieving search index mappings");
    mappings[kind == search::Kind::kAsset ? "asset_index" : "file_index"] =
        json::object{{"mappings", search::Mapping(kind, *dynamic)}};
  }
  return mappings;
}

}  // namespace vams::catalog
