// Versions of assets as requests describe them: reading their bodies.
// Spec: api-assets.md sections 10.2, 10.3, 10.5 and 10.7.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/body.h"

namespace vams::model {

struct VersionedFile {
  std::string path;  // as sent, perhaps with a slash in front
  std::string version_id;
};

// Either of the live files, or of the files named.
struct NewAssetVersion {
  bool latest = false;
  std::vector<VersionedFile> files;
  std::string comment;
  std::string alias;  // empty: none
};

// What is nothing stays as it is; an empty alias removes it.
struct AssetVersionChange {
  std::optional<std::string> comment;
  std::optional<std::string> alias;
};

struct AssetVersionRevert {
  std::string comment;
  bool metadata = false;  // of the asset and its files as well
};

// The value is worth nothing if `problems` is not empty afterwards.
NewAssetVersion ReadNewAssetVersion(const boost::json::object& body, Problems& problems);
AssetVersionChange ReadAssetVersionChange(const boost::json::object& body, Problems& problems);
AssetVersionRevert ReadAssetVersionRevert(const boost::json::object& body, Problems& problems);

// The path without slashes in front, as versions keep it.
std::string_view BarePath(std::string_view path);

}  // namespace vams::model
