#include "demo/mesh.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace vams::demo {

Vec3 operator-(const Vec3& a, const Vec3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
Vec3 operator+(const Vec3& a, const Vec3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
Vec3 operator*(const Vec3& a, float by) { return {a[0] * by, a[1] * by, a[2] * by}; }
float Dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3 Cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Vec3 Unit(const Vec3& a) {
  const float length = std::sqrt(Dot(a, a));
  return length > 0 ? a * (1 / length) : Vec3{0, 1, 0};
}

Mesh& Mesh::Begin(std::string name, Colour colour) {
  parts_.push_back({std::move(name), colour, {}, {}, {}});
  return *this;
}

void Mesh::Triangle(const Vec3& a, const Vec3& b, const Vec3& c) {
  Part& part = parts_.back();
  const Vec3 normal = Unit(Cross(b - a, c - a));
  for (const Vec3& corner : {a, b, c}) {
    part.positions.push_back(corner);
    part.normals.push_back(normal);
  }
}

void Mesh::Quad(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d) {
  Triangle(a, b, c);
  Triangle(a, c, d);
}

Mesh& Mesh::Box(Vec3 centre, Vec3 size) {
  const Vec3 h = size * 0.5F;
  const auto at = [&](float x, float y, float z) {
    return Vec3{centre[0] + x * h[0], centre[1] + y * h[1], centre[2] + z * h[2]};
  };
  Quad(at(-1, -1, 1), at(1, -1, 1), at(1, 1, 1), at(-1, 1, 1));
  Quad(at(1, -1, -1), at(-1, -1, -1), at(-1, 1, -1), at(1, 1, -1));
  Quad(at(1, -1, 1), at(1, -1, -1), at(1, 1, -1), at(1, 1, 1));
  Quad(at(-1, -1, -1), at(-1, -1, 1), at(-1, 1, 1), at(-1, 1, -1));
  Quad(at(-1, 1, 1), at(1, 1, 1), at(1, 1, -1), at(-1, 1, -1));
  Quad(at(-1, -1, -1), at(1, -1, -1), at(1, -1, 1), at(-1, -1, 1));
  return *this;
}

Mesh& Mesh::TexturedBox(Vec3 centre, Vec3 size) {
  const std::size_t before = parts_.back().positions.size();
  Box(centre, size);
  Part& part = parts_.back();
  static constexpr std::array<std::array<float, 2>, 6> kCorners = {
      {{0, 1}, {1, 1}, {1, 0}, {0, 1}, {1, 0}, {0, 0}}};
  part.texture_at.resize(before);
  for (std::size_t i = before; i < part.positions.size(); ++i)
    part.texture_at.push_back(kCorners[(i - before) % kCorners.size()]);
  return *this;
}

Mesh& Mesh::Beam(Vec3 from, Vec3 to, float thickness) {
  const Vec3 along = Unit(to - from);
  const Vec3 other = std::abs(along[1]) > 0.9F ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
  const Vec3 u = Unit(Cross(along, other)) * (thickness / 2);
  const Vec3 v = Unit(Cross(along, u)) * (thickness / 2);
  const std::array<Vec3, 4> corners = {Vec3{} - u - v, u - v, u + v, v - u};
  for (std::size_t i = 0; i < 4; ++i) {
    const Vec3& a = corners[i];
    const Vec3& b = corners[(i + 1) % 4];
    Quad(from + a, from + b, to + b, to + a);
  }
  Quad(from + corners[3], from + corners[2], from + corners[1], from + corners[0]);
  Quad(to + corners[0], to + corners[1], to + corners[2], to + corners[3]);
  return *this;
}

Mesh& Mesh::Cylinder(Vec3 centre, float radius, float length, int axis, int sides) {
  const auto main = static_cast<std::size_t>(axis);
  const std::size_t first = (main + 1) % 3;
  const std::size_t second = (main + 2) % 3;
  const auto at = [&](int side, float along) {
    const float angle =
        2 * std::numbers::pi_v<float> * static_cast<float>(side) / static_cast<float>(sides);
    Vec3 point = centre;
    point[main] += along * length / 2;
    point[first] += radius * std::cos(angle);
    point[second] += radius * std::sin(angle);
    return point;
  };
  Vec3 top = centre;
  Vec3 bottom = centre;
  top[main] += length / 2;
  bottom[main] -= length / 2;
  for (int i = 0; i < sides; ++i) {
    Quad(at(i, -1), at(i + 1, -1), at(i + 1, 1), at(i, 1));
    Triangle(top, at(i, 1), at(i + 1, 1));
    Triangle(bottom, at(i + 1, -1), at(i, -1));
  }
  return *this;
}

Mesh& Mesh::Sphere(Vec3 centre, float radius, int rings) {
  const int sides = rings * 2;
  const auto at = [&](int ring, int side) {
    const float polar =
        std::numbers::pi_v<float> * static_cast<float>(ring) / static_cast<float>(rings);
    const float around =
        2 * std::numbers::pi_v<float> * static_cast<float>(side) / static_cast<float>(sides);
    return centre + Vec3{std::sin(polar) * std::cos(around), std::cos(polar),
                         -std::sin(polar) * std::sin(around)} *
                        radius;
  };
  for (int ring = 0; ring < rings; ++ring)
    for (int side = 0; side < sides; ++side) {
      if (ring > 0) Triangle(at(ring, side), at(ring + 1, side), at(ring, side + 1));
      if (ring + 1 < rings)
        Triangle(at(ring, side + 1), at(ring + 1, side), at(ring + 1, side + 1));
    }
  return *this;
}

Mesh& Mesh::Add(const Mesh& other, Vec3 by) {
  for (Part part : other.parts_) {
    for (Vec3& position : part.positions) position = position + by;
    parts_.push_back(std::move(part));
  }
  return *this;
}

std::size_t Mesh::triangles() const {
  std::size_t count = 0;
  for (const Part& part : parts_) count += part.positions.size() / 3;
  return count;
}

}  // namespace vams::demo
