// What is indexed: one document for each asset and each file.  Spec: search.md sections 5.1–5.4.
//
// Thread rule: values and pure functions.  Nothing blocks.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/fields.h"
#include "search/geo.h"

namespace vams::search {

// What permissions are decided by, kept apart from `source` because files lack some of it there.
struct AccessClass {
  std::string database;           // without "#deleted"
  std::string asset_type;         // of the asset, for its files too
  std::vector<std::string> tags;  // sorted, each once

  bool operator==(const AccessClass&) const = default;
  auto operator<=>(const AccessClass&) const = default;
};

// All texts are well-formed UTF-8.
struct Document {
  Kind kind = Kind::kAsset;
  std::string id;              // section 5.4; one id is one document, of whichever kind
  boost::json::object source;  // what hits show as `_source`, with the names of fields.h
  AccessClass access;
  std::string asset_name;  // the asset's, for its files too
  bool archived = false;
  std::optional<Box> place;  // from metadata (section 9)
};

// A number over all that a document is, for telling whether two indexes hold the same.  Members in
// another order make no difference.  Stored beside documents: a change of it means a reindex.
std::uint64_t Digest(const Document& document);

}  // namespace vams::search
