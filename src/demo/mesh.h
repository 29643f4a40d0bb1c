// Simple solids with colours: what the demonstration library's models are built of.
// Pure; thread-safe.  Lengths in metres, y is up.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace vams::demo {

using Vec3 = std::array<float, 3>;
using Colour = std::array<float, 3>;  // linear, 0 to 1

// Triangles of one colour.  Every triangle has its own corners, so that its normal is its own.
struct Part {
  std::string name;
  Colour colour{};
  std::vector<Vec3> positions;  // three for each triangle, counter-clockwise seen from outside
  std::vector<Vec3> normals;    // one for each position
  // One for each position; empty: no texture.
  std::vector<std::array<float, 2>> texture_at;
};

class Mesh {
 public:
  // Everything added from now on belongs to it.
  Mesh& Begin(std::string name, Colour colour);
  Mesh& Box(Vec3 centre, Vec3 size);
  // A beam of square section between two points.
  Mesh& Beam(Vec3 from, Vec3 to, float thickness);
  // `axis` 0 to 2.
  Mesh& Cylinder(Vec3 centre, float radius, float length, int axis, int sides = 24);
  Mesh& Sphere(Vec3 centre, float radius, int rings = 16);
  // The parts of the other one, moved.
  Mesh& Add(const Mesh& other, Vec3 by);
  // A box whose sides show a whole texture each.
  Mesh& TexturedBox(Vec3 centre, Vec3 size);

  const std::vector<Part>& parts() const { return parts_; }
  std::size_t triangles() const;

 private:
  void Triangle(const Vec3& a, const Vec3& b, const Vec3& c);
  void Quad(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d);

  std::vector<Part> parts_;
};

Vec3 operator-(const Vec3& a, const Vec3& b);
Vec3 operator+(const Vec3& a, const Vec3& b);
Vec3 operator*(const Vec3& a, float by);
float Dot(const Vec3& a, const Vec3& b);
Vec3 Cross(const Vec3& a, const Vec3& b);
Vec3 Unit(const Vec3& a);

}  // namespace vams::demo
