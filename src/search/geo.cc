#include "search/geo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vams::search {
namespace {

constexpr double kRadius = 6'371'008.8;

double Radians(double degrees) { return degrees * std::numbers::pi / 180; }

// Whether the longitude lies between west and east, going east.
bool Within(double lon, double west, double east) {
  return west <= east ? west <= lon && lon <= east : lon >= west || lon <= east;
}

// Degrees from a to b, the short way.
double Apart(double a, double b) {
  const double d = std::abs(a - b);
  return std::min(d, 360 - d);
}

}  // namespace

bool IsValid(Point p) { return p.lat >= -90 && p.lat <= 90 && p.lon >= -180 && p.lon <= 180; }

bool IsValid(const Box& box) {
  return IsValid(Point{box.south, box.west}) && IsValid(Point{box.north, box.east}) &&
         box.south <= box.north;
}

bool Intersects(const Box& a, const Box& b) {
  if (a.south > b.north || b.south > a.north) return false;
  return Within(a.west, b.west, b.east) || Within(b.west, a.west, a.east);
}

double Distance(Point a, Point b) {
  const double lat = std::sin(Radians(b.lat - a.lat) / 2);
  const double lon = std::sin(Radians(b.lon - a.lon) / 2);
  const double h = lat * lat + std::cos(Radians(a.lat)) * std::cos(Radians(b.lat)) * lon * lon;
  return 2 * kRadius * std::asin(std::sqrt(std::clamp(h, 0.0, 1.0)));
}

double Distance(Point from, const Box& to) {
  const double lat = std::clamp(from.lat, to.south, to.north);
  if (Within(from.lon, to.west, to.east)) return Distance(from, Point{lat, from.lon});
  // The nearest place of a meridian is not at the same latitude, but where the great circle meets
  // it squarely.
  const double lon = Apart(from.lon, to.west) <= Apart(from.lon, to.east) ? to.west : to.east;
  const double turn = std::cos(Radians(from.lon - lon));
  double best = from.lat;
  if (turn > 0)
    best = std::atan2(std::sin(Radians(from.lat)), std::cos(Radians(from.lat)) * turn) * 180 /
           std::numbers::pi;
  else
    best = from.lat >= 0 ? 90 : -90;
  return Distance(from, Point{std::clamp(best, to.south, to.north), lon});
}

}  // namespace vams::search
