// An asset as requests describe it: reading their bodies, and the rules for what is in them.
// Spec: api-assets.md sections 4.2 and 4.6 to 4.9.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/body.h"
#include "model/names.h"

namespace vams::model {

struct NewAsset {
  std::string database_id;
  std::string id;  // empty: a new one is made
  std::string name;
  std::string description;
  bool distributable = true;
  std::vector<std::string> tags = {};
  // A key of the database's bucket that becomes the asset's folder; nothing: a folder of its own.
  std::optional<std::string> existing_key = {};
};

// What is nothing stays as it is.
struct AssetChange {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<bool> distributable;
  std::optional<std::vector<std::string>> tags;
};

// The values are worth nothing if `problems` is not empty afterwards.
NewAsset ReadNewAsset(const boost::json::object& body, Problems& problems);
AssetChange ReadAssetChange(const boost::json::object& body, Problems& problems);

// The bodies of archiving, its opposite, and deleting.
struct Reasoned {
  std::optional<std::string> reason;
  bool confirmed = false;  // the flag is there, and true
};
// `confirmation` names the flag.  A flag that is false is a problem where `what` says what it has
// to be true for.
Reasoned ReadReasoned(const boost::json::object& body, std::string_view confirmation,
                      std::string_view what, Problems& problems);

// The rule of asset ids for those that requests bring along: 2 to 255 characters that every other
// route can address.
Complaint CheckNewAssetId(std::string_view value);
// At most 256 characters each.
void CheckTags(const std::vector<std::string>& tags, Problems& problems);

}  // namespace vams::model
