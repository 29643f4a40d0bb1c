// Where a thing is, as far as its metadata says so.  Spec: search.md section 9.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "search/geo.h"

namespace vams::search {

// The box around the place that metadata (key to value, as in MD_) names: the key `location` in any
// case, else `latitude` or `lat` together with `longitude`, `lon` or `long`.  Nothing if there is
// none, or none on the earth.
std::optional<Box> PlaceOf(const boost::json::object& metadata);

// One location value: an object or its JSON text, {latitude|lat, longitude|lon|long} or GeoJSON of
// type Point, Polygon, MultiPolygon or a Feature of these.  A polygon that goes over the date line
// the GeoJSON way, in several polygons at ±180, gives the box over the date line.
std::optional<Box> PlaceOfValue(const boost::json::value& value);

}  // namespace vams::search
