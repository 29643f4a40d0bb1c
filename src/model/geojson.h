// Which texts are GeoJSON as metadata values understand it: JSON whose geometries and features have
// their usual parts.  It is less than RFC 7946 asks for.  Spec: api-metadata.md section 3.4.
//
// Internal to model.  Pure; thread-safe.
#pragma once

#include <string_view>

#include "model/names.h"

namespace vams::model {

// A sentence without the field's name.
Complaint CheckGeojson(std::string_view value);
// The same, and that it is a Point.
Complaint CheckGeopoint(std::string_view value);

}  // namespace vams::model
