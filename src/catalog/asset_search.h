// Finding assets and files in the search index, as far as the caller may read them.
// Spec: search.md sections 2 to 4, 6 and 9; rulings 17 and 18.
//
// What it promises:
//  - Hits, totals and facets are over what the caller may read.  Engines that cannot filter so
//    (search::Traits::access_filter) are asked for a window of documents that is filtered here;
//    then totals and facets may be too small, never too large, and FoundPage::exact says so.
//  - The index follows changes with a short delay, so every hit of a page is held against its asset
//    as it is now: what is gone, archived meanwhile or may no longer be read is left out, and taken
//    off total and facets.  A page may therefore have fewer hits than were asked for and not be the
//    last.  What is on other pages counts until the index has caught up.
//  - What the rules leave out is not noted with the caller: it would be most of the library, with
//    every letter typed.  A hit that is left out because of the asset as it is now is.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
// kInvalid: `details` says, in words for the client, what is wrong with the request.
//
// Thread-safe.  Calls block on the index and the item store.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/caller.h"
#include "catalog/search_access.h"
#include "catalog/stores.h"
#include "search/analyse.h"
#include "search/expression.h"
#include "search/query_string.h"
#include "search/search.h"
#include "search/text_query.h"

namespace vams::catalog {

// One of filters[].query_string; `now` is filled in here.
struct SearchFilter {
  std::string text;
  search::QueryStringOptions options;
};

// POST /search, section 2.1.
struct SearchQuery {
  search::KindSet kinds = search::KindSet::kBoth;
  std::string text;
  bool text_in_metadata = true;
  std::string metadata;
  search::MetadataMode metadata_mode = search::MetadataMode::kBoth;
  std::vector<SearchFilter> filters;
  search::Expression place;           // of `geo`: kGeoBox, kGeoDistance, or everything
  std::vector<search::SortKey> sort;  // empty: best score first
  bool archived = false;
  bool facets = true;
  bool explain = false;
  std::uint64_t from = 0;
  std::size_t size = 100;
  std::string after;  // FoundPage::next of the page before, instead of `from`
};

// POST /search/simple, section 3.1.  What is empty constrains nothing.
struct SimpleQuery {
  search::KindSet kinds = search::KindSet::kBoth;
  std::string text;
  std::string asset_name, asset_id, asset_type, file_key, file_extension, database_id;
  std::vector<std::string> tags;  // any of them
  std::string metadata_key, metadata_value;
  bool archived = false;
  std::uint64_t from = 0;
  std::size_t size = 100;
};

struct FoundPage {
  std::vector<search::Hit> hits;
  std::uint64_t total = 0;
  bool exact = true;  // else total and facets are at least so much
  std::vector<search::Facet> facets;
  std::string next;  // for SearchQuery::after; empty: there is no more
};

class AssetSearch {
 public:
  // All of them must outlive this.
  AssetSearch(const Stores& stores, search::Index& index,
              search::Stemming stemming = search::Stemming::kNone);

  Result<FoundPage> Search(OpContext& op, Caller& caller, const SearchQuery& query);
  // Assets first, then files.
  Result<FoundPage> Simple(OpContext& op, Caller& caller, const SimpleQuery& query);
  // {"asset_index": {"mappings": …}, "file_index": …}: section 3.3.  No permission asked.
  Result<boost::json::object> Mappings(OpContext& op);

 private:
  // A page with what was taken out of it.
  struct Checked {
    FoundPage page;
    std::size_t dropped = 0;
  };

  Result<Checked> Run(OpContext& op, Caller& caller, const PolicyAccess& access,
                      search::Request request);
  Result<FoundPage> Find(OpContext& op, const PolicyAccess& access, const search::Request& request);
  Result<FoundPage> FindInWindow(OpContext& op, const PolicyAccess& access,
                                 const search::Request& request);
  Result<search::Answer> ReadWindow(OpContext& op, const PolicyAccess& access,
                                    search::Request window);
  Result<std::size_t> DropOutdated(OpContext& op, Caller& caller, FoundPage& page);

  const Stores stores_;
  search::Index& index_;
  const search::Stemming stemming_;
  LiveDatabaseList databases_;
};

}  // namespace vams::catalog
