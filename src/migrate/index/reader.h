// Makes all search documents of a version from an item store that holds the tables of that version
// and the listing of the asset buckets (sys.objects): page by page, each page from a place that can
// be kept.  Spec: search.md sections 5 and 7; docs/operations/migrate-aws.md.
//
// Not thread-safe.  Blocks on the store.  Memory for a page does not depend on the store's size.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "migrate/index/documents.h"
#include "migrate/index/schema.h"

namespace vams::migrate::index {

// The tables that documents of that version are made from, canonical, by name.
std::vector<std::string> TablesFor(tables::DataVersion version);

// Where the next page begins.  A page ends after an asset, or inside the files of one.
struct Place {
  std::string scan;       // ItemSource::Scan's cursor of the page of assets; empty: the first
  std::uint64_t row = 0;  // of that page
  std::string key;    // the last object key that was looked at; empty: the asset itself comes next
  bool done = false;  // nothing is left
};
boost::json::object ToJson(const Place& place);
Place PlaceFrom(const boost::json::object& object);

struct DocumentPage {
  std::vector<search::RawDocument> assets, files;
  Place next;
  std::uint64_t objects = 0;         // looked at
  std::size_t bytes = 0;             // of the metadata in it
  std::uint64_t without_bucket = 0;  // assets whose bucket has no record; they have no documents
};

class DocumentReader {
 public:
  // `source` outlives this.  `part`: which documents are wanted.
  DocumentReader(items::ItemSource& source, tables::DataVersion version, Part part)
      : source_(source), version_(version), part_(part) {}

  // About `limit` documents, or fewer large ones.
  Result<DocumentPage> Next(OpContext& op, const Place& place, std::size_t limit);

 private:
  struct Asset;

  Status Load(OpContext& op, const std::string& scan);
  Result<const items::Item*> Bucket(OpContext& op, std::string_view id);
  Status AddAsset(OpContext& op, const Asset& asset, DocumentPage& page);
  Result<bool> AddFiles(OpContext& op, const Asset& asset, std::size_t limit, DocumentPage& page);
  Result<bool> OwnsFiles(OpContext& op, const Asset& asset);
  Status AddFile(OpContext& op, const Asset& asset, const objects::ObjectVersion& object,
                 bool archived, DocumentPage& page);
  Result<std::optional<objects::ObjectVersion>> ContentBelow(OpContext& op,
                                                             const objects::ObjectVersion& marker);
  Result<bool> HasLink(OpContext& op, std::string_view index, const std::string& asset,
                       std::string_view type);
  Result<std::optional<items::Item>> VersionOf(OpContext& op, const items::Item& asset);
  Result<std::vector<MetadataField>> MetadataOfAsset(OpContext& op, const items::Item& asset);
  Result<std::vector<MetadataField>> MetadataOfFile(OpContext& op, const Asset& asset,
                                                    std::string_view key, std::string_view path);
  Result<std::vector<MetadataField>> RowsAt(OpContext& op, std::string_view table,
                                            std::string_view prefix, std::string place);
  Result<std::string> PreviewOf(OpContext& op, const objects::ObjectVersion& object);
  Status AddOldRow(OpContext& op, std::string_view database, std::string key,
                   std::vector<MetadataField>& fields);

  items::ItemSource& source_;
  const tables::DataVersion version_;
  const Part part_;
  bool loaded_ = false;
  std::string scan_, next_scan_;  // the page of assets that is held
  std::vector<items::Item> rows_;
  std::map<std::string, std::optional<items::Item>, std::less<>> buckets_;
};

}  // namespace vams::migrate::index
