// `geo` of POST /search: a box or a circle that the place of a document has to touch.  Upstream has
// no such search; the forms are those of OpenSearch's geo queries.  Spec: ruling 18.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "api/search_request.h"
#include "model/text.h"
#include "search/geo.h"

namespace vams::api {

namespace json = boost::json;

using model::ObjectReader;
using search::Expression;
using search::Point;

namespace {

constexpr std::string_view kMissing = "field required (type=value_error.missing)";

std::optional<double> NumberIn(std::string_view text, std::string_view* rest = nullptr) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const auto left = text.substr(static_cast<std::size_t>(end - text.data()));
  if (rest != nullptr)
    *rest = left;
  else if (!left.empty())
    return std::nullopt;
  return number;
}

// A number or its text between -most and most; 0 with a complaint for anything else.
double Degrees(ObjectReader& reader, std::string_view name, double most) {
  const json::value* value = reader.object().if_contains(name);
  if (value == nullptr || value->is_null()) {
    reader.problems().Add(reader.Where(name), std::string(kMissing));
    return 0;
  }
  std::optional<double> number;
  if (value->is_number())
    number = value->to_number<double>();
  else if (value->is_string())
    number = NumberIn(model::Trim(value->get_string()));
  if (!number) {
    reader.problems().Add(reader.Where(name), "value is not a valid float (type=type_error.float)");
    return 0;
  }
  if (std::abs(*number) <= most) return *number;
  reader.problems().Add(
      reader.Where(name),
      fmt::format("a number from -{0} to {0} is needed (type=value_error)", most));
  return 0;
}

// The object's member as a point; nothing, with a complaint, if it is none.
std::optional<Point> ReadPoint(ObjectReader& reader, std::string_view name) {
  const json::value* value = reader.object().if_contains(name);
  if (value == nullptr || value->is_null()) {
    reader.problems().Add(reader.Where(name), std::string(kMissing));
    return std::nullopt;
  }
  if (!value->is_object()) {
    reader.problems().Add(reader.Where(name), "value is not a valid dict (type=type_error.dict)");
    return std::nullopt;
  }
  ObjectReader point(value->get_object(), reader.problems(), reader.Where(name) + " -> ");
  const double lat = Degrees(point, "lat", 90);
  const double lon = Degrees(point, "lon", 180);
  return Point{lat, lon};
}

Expression ReadBox(ObjectReader& geo) {
  const json::value& value = geo.object().at("boundingBox");
  if (!value.is_object()) {
    geo.problems().Add(geo.Where("boundingBox"),
                       "value is not a valid dict (type=type_error.dict)");
    return {};
  }
  ObjectReader reader(value.get_object(), geo.problems(), geo.Where("boundingBox") + " -> ");
  const auto top_left = ReadPoint(reader, "topLeft");
  const auto bottom_right = ReadPoint(reader, "bottomRight");
  if (!top_left || !bottom_right) return {};
  if (top_left->lat < bottom_right->lat) {
    geo.problems().Add(geo.Where("boundingBox"),
                       "topLeft lies south of bottomRight; swap them (type=value_error)");
    return {};
  }
  // West of east it is a box; else one over the date line.
  return {.op = Expression::Op::kGeoBox,
          .box = {.south = bottom_right->lat,
                  .north = top_left->lat,
                  .west = top_left->lon,
                  .east = bottom_right->lon}};
}

struct Unit {
  std::string_view name;  // in lower case
  double metres;
};
constexpr std::array kUnits = {Unit{"", 1},
                               Unit{"m", 1},
                               Unit{"meters", 1},
                               Unit{"km", 1000},
                               Unit{"kilometers", 1000},
                               Unit{"cm", 0.01},
                               Unit{"centimeters", 0.01},
                               Unit{"mm", 0.001},
                               Unit{"millimeters", 0.001},
                               Unit{"mi", 1609.344},
                               Unit{"miles", 1609.344},
                               Unit{"yd", 0.9144},
                               Unit{"yards", 0.9144},
                               Unit{"ft", 0.3048},
                               Unit{"feet", 0.3048},
                               Unit{"in", 0.0254},
                               Unit{"inch", 0.0254},
                               Unit{"nmi", 1852},
                               Unit{"nm", 1852},
                               Unit{"nauticalmiles", 1852}};

// "10km", "2.5 mi", 500: metres.
std::optional<double> Metres(const json::value& value) {
  if (value.is_number()) {
    const auto number = value.to_number<double>();
    return number >= 0 ? std::optional(number) : std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  std::string_view rest;
  const auto number = NumberIn(model::Trim(value.get_string()), &rest);
  if (!number || *number < 0) return std::nullopt;
  const std::string name = Lower(model::Trim(rest));
  const auto unit = std::ranges::find(kUnits, name, &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  return *number * unit->metres;
}

Expression ReadCircle(ObjectReader& geo) {
  const auto center = ReadPoint(geo, "center");
  const json::value* distance = geo.object().if_contains("distance");
  if (distance == nullptr || distance->is_null()) {
    geo.problems().Add(geo.Where("distance"), std::string(kMissing));
    return {};
  }
  const auto metres = Metres(*distance);
  if (!metres) {
    geo.problems().Add(geo.Where("distance"),
                       "a distance like 10km, 500m or 3mi is needed (type=value_error)");
    return {};
  }
  if (!center) return {};
  return {.op = Expression::Op::kGeoDistance, .center = *center, .metres = *metres};
}

// Documents have one place, so the field can only be said, not chosen.
bool NamesThePlace(std::string_view field) {
  static constexpr std::array<std::string_view, 6> kKeys = {"location",  "latitude", "lat",
                                                            "longitude", "lon",      "long"};
  std::string name = Lower(field);
  for (const std::string_view prefix : {"md_", ".", "str_", "gp_", "gs_"})
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  return std::ranges::find(kKeys, name) != kKeys.end();
}

}  // namespace

Expression ReadGeo(ObjectReader& body) {
  const json::value* value = body.object().if_contains("geo");
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_object()) {
    body.problems().Add(body.Where("geo"), "value is not a valid dict (type=type_error.dict)");
    return {};
  }
  ObjectReader geo(value->get_object(), body.problems(), body.Where("geo") + " -> ");
  const auto field = geo.OptionalText("field", {.required = false});
  if (field && !NamesThePlace(*field))
    body.problems().Add(geo.Where("field"),
                        "a document has one place, its metadata location; name that or leave the "
                        "field out (type=value_error)");
  const bool box = geo.Has("boundingBox");
  const bool circle = geo.Has("distance") || geo.Has("center");
  if (box == circle) {
    body.problems().Add(body.Where("geo"),
                        "either boundingBox or distance and center are needed (type=value_error)");
    return {};
  }
  return box ? ReadBox(geo) : ReadCircle(geo);
}

}  // namespace vams::api
