#include "demo/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <limits>

namespace vams::demo {

namespace json = boost::json;

namespace {

void Append32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}
void AppendFloat(std::string& out, float value) {
  Append32(out, std::bit_cast<std::uint32_t>(value));
}
void AppendVec(std::string& out, const Vec3& value) {
  for (const float f : value) AppendFloat(out, f);
}
void Pad(std::string& out, char with) {
  while (out.size() % 4 != 0) out += with;
}

constexpr int kFloat = 5126;
constexpr int kArrayBuffer = 34962;

// The document of a model, and the bytes that it refers to.
class Document {
 public:
  Document(const Mesh& mesh, std::string_view name, std::string_view texture_png) {
    const bool textured = !texture_png.empty();
    for (const Part& part : mesh.parts()) AddPart(part, textured && !part.texture_at.empty());
    json::array nodes;
    json::array children;
    for (std::size_t i = 0; i < meshes_.size(); ++i) {
      children.push_back(static_cast<std::int64_t>(i + 1));
      nodes.push_back(json::object{{"name", mesh.parts()[i].name}, {"mesh", i}});
    }
    nodes.insert(nodes.begin(), json::object{{"name", name}, {"children", children}});
    if (textured) AddTexture(texture_png);
    document_ = {{"asset", {{"version", "2.0"}, {"generator", "vams demo"}}},
                 {"scene", 0},
                 {"scenes", json::array{json::object{{"name", name}, {"nodes", {0}}}}},
                 {"nodes", std::move(nodes)},
                 {"meshes", std::move(meshes_)},
                 {"materials", std::move(materials_)},
                 {"accessors", std::move(accessors_)},
                 {"bufferViews", std::move(views_)}};
    if (textured) {
      document_["images"] = json::array{{{"bufferView", image_view_}, {"mimeType", "image/png"}}};
      document_["textures"] = json::array{{{"source", 0}, {"sampler", 0}}};
      document_["samplers"] = json::array{{{"magFilter", 9729}, {"minFilter", 9987}}};
    }
  }

  std::string Text(std::string_view bin_name) {
    json::object buffer{{"byteLength", bytes_.size()}};
    if (!bin_name.empty()) buffer["uri"] = bin_name;
    document_["buffers"] = json::array{std::move(buffer)};
    return json::serialize(document_);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::size_t AddView(std::size_t begin, bool vertices) {
    json::object view{{"buffer", 0}, {"byteOffset", begin}, {"byteLength", bytes_.size() - begin}};
    if (vertices) view["target"] = kArrayBuffer;
    views_.push_back(std::move(view));
    return views_.size() - 1;
  }

  std::size_t AddVectors(const std::vector<Vec3>& vectors, bool bounds) {
    const std::size_t begin = bytes_.size();
    Vec3 low{};
    Vec3 high{};
    low.fill(std::numeric_limits<float>::max());
    high.fill(std::numeric_limits<float>::lowest());
    for (const Vec3& vector : vectors) {
      AppendVec(bytes_, vector);
      for (std::size_t i = 0; i < 3; ++i) {
        low[i] = std::min(low[i], vector[i]);
        high[i] = std::max(high[i], vector[i]);
      }
    }
    json::object accessor{{"bufferView", AddView(begin, true)},
                          {"componentType", kFloat},
                          {"count", vectors.size()},
                          {"type", "VEC3"}};
    if (bounds) {
      accessor["min"] = json::array{low[0], low[1], low[2]};
      accessor["max"] = json::array{high[0], high[1], high[2]};
    }
    accessors_.push_back(std::move(accessor));
    return accessors_.size() - 1;
  }

  void AddPart(const Part& part, bool textured) {
    json::object attributes{{"POSITION", AddVectors(part.positions, true)},
                            {"NORMAL", AddVectors(part.normals, false)}};
    json::object surface{{"baseColorFactor", {part.colour[0], part.colour[1], part.colour[2], 1.0}},
                         {"metallicFactor", 0.1},
                         {"roughnessFactor", 0.7}};
    if (textured) {
      const std::size_t begin = bytes_.size();
      for (const auto& at : part.texture_at)
        for (const float f : at) AppendFloat(bytes_, f);
      accessors_.push_back({{"bufferView", AddView(begin, true)},
                            {"componentType", kFloat},
                            {"count", part.texture_at.size()},
                            {"type", "VEC2"}});
      attributes["TEXCOORD_0"] = accessors_.size() - 1;
      surface["baseColorFactor"] = {1.0, 1.0, 1.0, 1.0};
      surface["baseColorTexture"] = {{"index", 0}};
    }
    materials_.push_back({{"name", part.name}, {"pbrMetallicRoughness", std::move(surface)}});
    meshes_.push_back(
        {{"name", part.name},
         {"primitives", json::array{json::object{{"attributes", std::move(attributes)},
                                                 {"material", materials_.size() - 1}}}}});
  }

  void AddTexture(std::string_view png) {
    Pad(bytes_, '\0');
    const std::size_t begin = bytes_.size();
    bytes_ += png;
    image_view_ = AddView(begin, false);
    Pad(bytes_, '\0');
  }

  json::object document_;
  json::array meshes_, materials_, accessors_, views_;
  std::size_t image_view_ = 0;
  std::string bytes_;
};

}  // namespace

std::string WriteGlb(const Mesh& mesh, std::string_view name, std::string_view texture_png) {
  Document document(mesh, name, texture_png);
  std::string text = document.Text("");
  Pad(text, ' ');
  const std::string& bytes = document.bytes();
  constexpr std::uint32_t kHeaderBytes = 12;
  constexpr std::uint32_t kChunkBytes = 8;
  std::string glb = "glTF";
  Append32(glb, 2);
  Append32(glb,
           static_cast<std::uint32_t>(kHeaderBytes + 2 * kChunkBytes + text.size() + bytes.size()));
  Append32(glb, static_cast<std::uint32_t>(text.size()));
  glb += "JSON" + text;
  Append32(glb, static_cast<std::uint32_t>(bytes.size()));
  glb += std::string("BIN\0", 4) + bytes;
  return glb;
}

GltfFiles WriteGltf(const Mesh& mesh, std::string_view name, std::string_view bin_name) {
  Document document(mesh, name, {});
  return {.gltf = document.Text(bin_name), .bin = document.bytes()};
}

std::string WriteStl(const Mesh& mesh, std::string_view name) {
  constexpr std::size_t kHeaderBytes = 80;
  std::string stl(name.substr(0, kHeaderBytes));
  stl.resize(kHeaderBytes, ' ');
  Append32(stl, static_cast<std::uint32_t>(mesh.triangles()));
  for (const Part& part : mesh.parts())
    for (std::size_t i = 0; i + 2 < part.positions.size(); i += 3) {
      AppendVec(stl, part.normals[i]);
      for (std::size_t corner = 0; corner < 3; ++corner) AppendVec(stl, part.positions[i + corner]);
      stl.append(2, '\0');
    }
  return stl;
}

std::string WritePly(const std::vector<Point>& points) {
  std::string ply = fmt::format(
      "ply\nformat binary_little_endian 1.0\ncomment made by vams demo\nelement vertex {}\n"
      "property float x\nproperty float y\nproperty float z\n"
      "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n",
      points.size());
  for (const Point& point : points) {
    AppendVec(ply, point.at);
    for (const std::uint8_t byte : point.colour) ply += static_cast<char>(byte);
  }
  return ply;
}

std::string WritePdf(std::string_view heading, const std::vector<std::string>& lines,
                     const std::vector<Stroke>& strokes) {
  constexpr float kPointsPerMm = 72.0F / 25.4F;
  const auto escaped = [](std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '(' || c == ')' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  };
  std::string page = fmt::format("BT /F1 20 Tf 57 770 Td ({}) Tj ET\n", escaped(heading));
  int y = 742;
  for (const std::string& line : lines) {
    page += fmt::format("BT /F1 11 Tf 57 {} Td ({}) Tj ET\n", y, escaped(line));
    y -= 16;
  }
  page += "0.8 w\n";
  for (const Stroke& s : strokes)
    page += fmt::format("{:.2f} {:.2f} m {:.2f} {:.2f} l S\n", s.x1 * kPointsPerMm,
                        s.y1 * kPointsPerMm, s.x2 * kPointsPerMm, s.y2 * kPointsPerMm);
  const std::vector<std::string> objects = {
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << "
      "/F1 5 0 R >> >> >>",
      fmt::format("<< /Length {} >>\nstream\n{}endstream", page.size(), page),
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"};
  std::string pdf = "%PDF-1.4\n";
  std::string table = fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", pdf.size());
    pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  const std::size_t at = pdf.size();
  pdf += table + fmt::format("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n",
                             objects.size() + 1, at);
  return pdf;
}

}  // namespace vams::demo
