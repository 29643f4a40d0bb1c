// The JSON of files as lists and the export have it.  Spec: api-assets.md sections 6.1 and 9.2.
// Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>

#include "catalog/asset_files.h"

namespace vams::api {

// An element of listFiles.
boost::json::object FileJson(const catalog::FileItem& file);

}  // namespace vams::api
