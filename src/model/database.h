// A database as requests describe it: reading their bodies, and the rules for what is in them.
// Spec: api-assets.md sections 3.1 and 3.4.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "model/body.h"
#include "model/names.h"

namespace vams::model {

// Behind the id of an archived database, also in the database ids of archived assets, pipelines and
// workflows.  A detail of storage that the wire shows and permission rules do not see (ruling 2).
inline constexpr std::string_view kDeletedSuffix = "#deleted";
// The id without it.
std::string_view PlainId(std::string_view stored_id);

struct NewDatabase {
  std::string id;
  std::string description;
  std::string bucket;  // the id of the bucket that new assets go to
  bool restrict_metadata = false;
  std::string extensions;  // ".glb, .e57": of files that may be uploaded; empty: of all
};

// What is nothing stays as it is.
struct DatabaseChange {
  std::optional<std::string> description;
  std::optional<std::string> bucket;
  std::optional<bool> restrict_metadata;
  std::optional<std::string> extensions;
};

// The value is worth nothing if `problems` is not empty afterwards.
NewDatabase ReadNewDatabase(const boost::json::object& body, Problems& problems);
DatabaseChange ReadDatabaseChange(const boost::json::object& body, Problems& problems);

// File name extensions with their dots, separated by commas, blanks around them; ".all" alone and
// the empty text allow every file.
Complaint CheckExtensionList(std::string_view list);

}  // namespace vams::model
