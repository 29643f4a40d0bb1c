#include "search/place.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

namespace vams::search {
namespace {

std::optional<Box> Place(std::string_view json) {
  return PlaceOf(boost::json::parse(json).get_object());
}

const Box kHere = Box::Of({.lat = 1.5, .lon = -2});

TEST(Place, LocationOrLatitudeAndLongitude) {
  for (const char* json : {
           R"j({"location": "{\"latitude\": 1.5, \"longitude\": -2}"})j",
           R"j({"Location": {"lat": "1.5", "lon": -2}})j",
           R"j({"LOCATION": {"Lat": 1.5, "LONG": -2.0}})j",
           R"j({"latitude": "1.5", "longitude": "-2"})j",
           R"j({"Lat": 1.5, "Long": -2})j",
           R"j({"location": "somewhere", "lat": 1.5, "lon": -2})j",
           R"j({"location": {"type": "Point", "coordinates": [-2, 1.5, 99]}})j",
           R"j({"location": {"type": "Feature", "geometry":
               {"type": "Point", "coordinates": [-2, 1.5]}}})j",
           R"j({"location": {"type": "site", "latitude": 1.5, "longitude": -2}})j",
       })
    EXPECT_EQ(Place(json), kHere) << json;
}

TEST(Place, PolygonsBecomeTheirBox) {
  const Box box{.south = -1, .north = 3, .west = 10, .east = 12};
  EXPECT_EQ(Place(R"j({"location": {"type": "Polygon", "coordinates":
      [[[10, -1], [12, 0], [11, 3], [10, -1]], [[0, 0], [1, 1], [0, 1], [0, 0]]]}})j"),
            box);
  EXPECT_EQ(Place(R"j({"location": {"type": "MultiPolygon", "coordinates":
      [[[[10, -1], [11, 0], [10, -1]]], [[[11, 3], [12, 3], [11, 3]]]]}})j"),
            box);
  EXPECT_EQ(Place(R"j({"location": {"type": "MultiPolygon", "coordinates":
      [[[[170, -1], [180, 0], [170, 3]]], [[[-180, 0], [-175, 1], [-180, 2]]]]}})j"),
            (Box{.south = -1, .north = 3, .west = 170, .east = -175}));
}

TEST(Place, WhatIsNoPlaceOnEarthIsNone) {
  for (const char* json : {
           R"j({})j",
           R"j({"lat": 1})j",
           R"j({"lat": 91, "lon": 0})j",
           R"j({"lat": 0, "lon": 180.5})j",
           R"j({"location": "1.5, -2"})j",
           R"j({"location": "[1.5, -2]"})j",
           R"j({"location": {"type": "Point", "coordinates": [1.5]}})j",
           R"j({"location": {"type": "Point", "coordinates": [0, 99]}})j",
           R"j({"location": {"type": "LineString", "coordinates": [[0, 1], [1, 1]]}})j",
           R"j({"location": {"type": "Polygon", "coordinates": [[[0, 1], [0, 100]]]}})j",
           R"j({"location": {"type": "Polygon", "coordinates": []}})j",
           R"j({"location": {"type": "Feature", "geometry":
               {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}}}})j",
           R"j({"location": null, "lat": "x", "lon": true})j",
       })
    EXPECT_EQ(Place(json), std::nullopt) << json;
}

}  // namespace
}  // namespace vams::search
