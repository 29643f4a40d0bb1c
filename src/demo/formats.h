// Writers of the file formats of the demonstration library.  Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "demo/mesh.h"

namespace vams::demo {

// glTF 2.0, binary, everything in one file: a mesh for each part with a material of its colour.
// `texture_png`, if any, colours the parts that have texture coordinates.
std::string WriteGlb(const Mesh& mesh, std::string_view name, std::string_view texture_png = {});
// The same as a text and a buffer beside it, which the text names.
struct GltfFiles {
  std::string gltf, bin;
};
GltfFiles WriteGltf(const Mesh& mesh, std::string_view name, std::string_view bin_name);

// Binary STL.
std::string WriteStl(const Mesh& mesh, std::string_view name);

struct Point {
  Vec3 at;
  std::array<std::uint8_t, 3> colour;
};
// Binary PLY of points.
std::string WritePly(const std::vector<Point>& points);

// One A4 page: a heading, lines of text, and straight lines in millimetres from the lower left.
struct Stroke {
  float x1, y1, x2, y2;
};
std::string WritePdf(std::string_view heading, const std::vector<std::string>& lines,
                     const std::vector<Stroke>& strokes);

}  // namespace vams::demo
