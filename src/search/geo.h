// Places on the earth: what a document has, what searches ask for.  Spec: search.md section 9 and
// the ruling on `geo`.
//
// Thread rule: values and pure functions.  Nothing blocks.
#pragma once

namespace vams::search {

struct Point {
  double lat = 0;  // −90…90
  double lon = 0;  // −180…180

  bool operator==(const Point&) const = default;
};

// From south to north and from west to east; west > east is a box over the date line.  A point is a
// box without extent.
struct Box {
  double south = 0;
  double north = 0;
  double west = 0;
  double east = 0;

  static Box Of(Point p) { return {p.lat, p.lat, p.lon, p.lon}; }
  bool operator==(const Box&) const = default;
};

bool IsValid(Point p);
bool IsValid(const Box& box);  // valid corners, south <= north

// Edges count as inside.
bool Intersects(const Box& a, const Box& b);

// Great-circle distance in metres on a sphere of the earth's mean radius (6,371,008.8 m).
double Distance(Point a, Point b);
// To the box's nearest point; 0 inside.  Exact for points.
double Distance(Point from, const Box& to);

}  // namespace vams::search
