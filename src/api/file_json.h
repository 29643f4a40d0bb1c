// The JSON of a file as listFiles has it.  Spec: api-assets.md section 6.1.
// Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>

#include "catalog/asset_files.h"

namespace vams::api {

// An element of listFiles, in that storage.
boost::json::object FileJson(const catalog::FileItem& file, boost::json::storage_ptr storage = {});

}  // namespace vams::api
