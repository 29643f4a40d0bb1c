// What a client asks for to download, and in which version: reading the body of a download, and the
// rule that a stream's query shares with it.  Spec: api-assets.md sections 8.1 and 8.2.
// Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "model/body.h"

namespace vams::model {

// The version of a file: at most one of them is not empty.  All empty: the current one.
struct VersionChoice {
  std::string version_id;     // of the object
  std::string asset_version;  // "3": the file as that version of the asset holds it
  std::string alias;          // of a version of the asset

  bool empty() const { return version_id.empty() && asset_version.empty() && alias.empty(); }
};

// More than one is a complaint.
Complaint CheckVersionChoice(const VersionChoice& choice);

struct DownloadRequest {
  bool preview = false;            // the asset's preview picture, else a file
  std::optional<std::string> key;  // of the file; nothing: the asset's folder marker
  VersionChoice version;

  std::string_view type() const { return preview ? "assetPreview" : "assetFile"; }
};

// The value is worth nothing if `problems` is not empty afterwards.
DownloadRequest ReadDownload(const boost::json::object& body, Problems& problems);

}  // namespace vams::model
