#include "search/place.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>
#include <charconv>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "search/analyse.h"

namespace vams::search {
namespace {

// A number or its text.
std::optional<double> Number(const boost::json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  const auto* text = value.if_string();
  if (!text) return std::nullopt;
  double number = 0;
  const char* const end = text->data() + text->size();
  const auto [behind, error] = std::from_chars(text->data(), end, number);
  return error == std::errc() && behind == end ? std::optional(number) : std::nullopt;
}

// The member of that name in any case; the exact one first.
const boost::json::value* Member(const boost::json::object& object, std::string_view name) {
  if (const auto* exact = object.if_contains(name)) return exact;
  for (const auto& member : object)
    if (Fold(member.key()) == name) return &member.value();
  return nullptr;
}

std::optional<double> NumberOf(const boost::json::object& object,
                               std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const auto* value = Member(object, name))
      if (const auto number = Number(*value)) return number;
  return std::nullopt;
}

std::optional<Box> PointOf(const boost::json::object& object) {
  const auto lat = NumberOf(object, {"latitude", "lat"});
  const auto lon = NumberOf(object, {"longitude", "lon", "long"});
  if (!lat || !lon || !IsValid(Point{*lat, *lon})) return std::nullopt;
  return Box::Of({*lat, *lon});
}

// [lon, lat, …]
std::optional<Point> PairOf(const boost::json::value& value) {
  const auto* pair = value.if_array();
  if (!pair || pair->size() < 2) return std::nullopt;
  const auto lon = Number((*pair)[0]);
  const auto lat = Number((*pair)[1]);
  if (!lon || !lat || !IsValid(Point{*lat, *lon})) return std::nullopt;
  return Point{*lat, *lon};
}

// Around the outer ring, which comes first; nothing if a corner of it is not on the earth.
std::optional<Box> AroundPolygon(const boost::json::value& rings) {
  const auto* list = rings.if_array();
  if (!list || list->empty() || !(*list)[0].is_array()) return std::nullopt;
  std::optional<Box> box;
  for (const auto& corner : (*list)[0].get_array()) {
    const auto point = PairOf(corner);
    if (!point) return std::nullopt;
    if (!box) box = Box::Of(*point);
    box->south = std::min(box->south, point->lat);
    box->north = std::max(box->north, point->lat);
    box->west = std::min(box->west, point->lon);
    box->east = std::max(box->east, point->lon);
  }
  return box;
}

std::optional<Box> AroundPolygons(const boost::json::value& polygons) {
  const auto* list = polygons.if_array();
  if (!list || list->empty()) return std::nullopt;
  std::vector<Box> boxes;
  for (const auto& polygon : *list) {
    const auto box = AroundPolygon(polygon);
    if (!box) return std::nullopt;
    boxes.push_back(*box);
  }
  // Cut at the date line: some end at 180, the others begin at -180.
  const bool cut =
      std::ranges::any_of(boxes, [](const Box& b) { return b.east == 180; }) &&
      std::ranges::any_of(boxes, [](const Box& b) { return b.west == -180; }) &&
      std::ranges::none_of(boxes, [](const Box& b) { return b.west < 0 && b.east > 0; });
  Box all = boxes.front();
  if (cut) {
    all.west = 180;
    all.east = -180;
  }
  for (const Box& box : boxes) {
    all.south = std::min(all.south, box.south);
    all.north = std::max(all.north, box.north);
    if (!cut || box.west >= 0) all.west = std::min(all.west, box.west);
    if (!cut || box.west < 0) all.east = std::max(all.east, box.east);
  }
  return all;
}

std::optional<Box> PlaceOfObject(const boost::json::object& object, bool feature) {
  const auto* type = object.if_contains("type");
  if (!type || !type->is_string()) return PointOf(object);
  const std::string_view name = type->get_string();
  if (name == "Feature" && !feature) {
    const auto* geometry = object.if_contains("geometry");
    return geometry && geometry->is_object() ? PlaceOfObject(geometry->get_object(), true)
                                             : std::nullopt;
  }
  const auto* coordinates = object.if_contains("coordinates");
  if (!coordinates) return PointOf(object);
  if (name == "Point") {
    const auto point = PairOf(*coordinates);
    return point ? std::optional(Box::Of(*point)) : std::nullopt;
  }
  if (name == "Polygon") return AroundPolygon(*coordinates);
  if (name == "MultiPolygon") return AroundPolygons(*coordinates);
  return std::nullopt;
}

}  // namespace

std::optional<Box> PlaceOfValue(const boost::json::value& value) {
  if (const auto* object = value.if_object()) return PlaceOfObject(*object, false);
  const auto* text = value.if_string();
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(*text, error);
  return !error && parsed.is_object() ? PlaceOfObject(parsed.get_object(), false) : std::nullopt;
}

std::optional<Box> PlaceOf(const boost::json::object& metadata) {
  if (const auto* location = Member(metadata, "location"))
    if (const auto place = PlaceOfValue(*location)) return place;
  return PointOf(metadata);
}

}  // namespace vams::search
