// Links between assets as requests describe them: reading their bodies.
// Spec: api-assets.md sections 11.1 and 11.4.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/body.h"

namespace vams::model {

struct NewAssetLink {
  std::string from_database, from_asset;  // of parentChild: the parent
  std::string to_database, to_asset;
  bool parent_child = false;  // else related
  std::string alias;          // empty: none
  std::vector<std::string> tags;
};

struct AssetLinkChange {
  std::vector<std::string> tags;     // replace those that are there
  std::optional<std::string> alias;  // nothing: stays as it is; empty: is removed
};

// The value is worth nothing if `problems` is not empty afterwards.
NewAssetLink ReadNewAssetLink(const boost::json::object& body, Problems& problems);
AssetLinkChange ReadAssetLinkChange(const boost::json::object& body, Problems& problems);

}  // namespace vams::model
