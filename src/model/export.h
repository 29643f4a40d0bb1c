// What a client wants to have exported: reading the body of an export.  Spec: api-assets.md
// section 9.1.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/body.h"

namespace vams::model {

struct ExportRequest {
  bool signed_urls = false;
  bool folders = false;       // folder markers among the files
  bool primary_only = false;  // only files with a primary type
  bool file_metadata = true;  // and attributes
  bool link_metadata = true;  // the relationships at all
  bool asset_metadata = true;
  bool relationships = true;            // else the asset alone
  bool whole_tree = false;              // all children below, else one level
  std::vector<std::string> extensions;  // ".glb", in lower case; none: all files
  std::size_t max_assets = 100;         // a page
  std::optional<std::string> token;     // of the page before
};

// The value is worth nothing if `problems` is not empty afterwards.
ExportRequest ReadExport(const boost::json::object& body, Problems& problems);

}  // namespace vams::model
