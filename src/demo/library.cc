#include "demo/library.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "demo/formats.h"
#include "demo/image.h"
#include "demo/mesh.h"

namespace vams::demo {

namespace {

constexpr Colour kYellow{0.85F, 0.52F, 0.03F};
constexpr Colour kSteel{0.32F, 0.36F, 0.40F};
constexpr Colour kDark{0.05F, 0.06F, 0.08F};
constexpr Colour kRed{0.55F, 0.05F, 0.04F};
constexpr Colour kBlue{0.04F, 0.16F, 0.42F};
constexpr Colour kConcrete{0.45F, 0.43F, 0.40F};
constexpr Colour kWood{0.38F, 0.2F, 0.09F};
constexpr Colour kBrass{0.7F, 0.48F, 0.14F};

constexpr int kPreviewWidth = 480;
constexpr int kPreviewHeight = 360;

const std::string kHarbour = "demo-harbour";
const std::string kStudio = "demo-studio";

std::string PictureOf(const Mesh& mesh) {
  return EncodePng(Render(mesh, kPreviewWidth, kPreviewHeight));
}
// A model with the picture that lists show for it.
void AddModel(std::vector<DemoFile>& files, std::string path, std::string content, const Mesh& mesh,
              std::string primary = {}) {
  files.push_back({path + ".previewFile.png", PictureOf(mesh), {}});
  files.push_back({std::move(path), std::move(content), std::move(primary)});
}

// ---- Models

Mesh Wheel() {
  Mesh mesh;
  mesh.Begin("tyre", kDark).Cylinder({0, 0, 0}, 0.45F, 0.22F, 2, 40);
  mesh.Begin("rim", kSteel).Cylinder({0, 0, 0}, 0.28F, 0.26F, 2, 32);
  mesh.Begin("hub", kBrass).Cylinder({0, 0, 0}, 0.09F, 0.34F, 2, 20);
  return mesh;
}

Mesh Hook() {
  Mesh mesh;
  mesh.Begin("block", kYellow).Box({0, 1.2F, 0}, {0.9F, 0.7F, 0.4F});
  mesh.Begin("sheaves", kSteel);
  for (const float x : {-0.25F, 0.25F}) mesh.Cylinder({x, 1.35F, 0}, 0.34F, 0.5F, 2, 32);
  mesh.Begin("hook", kDark).Beam({0, 0.9F, 0}, {0, 0.45F, 0}, 0.14F);
  constexpr int kPieces = 14;
  Vec3 before{0, 0.45F, 0};
  for (int i = 1; i <= kPieces; ++i) {
    const float angle = 4.4F * static_cast<float>(i) / kPieces;
    const Vec3 next{0.32F * (1 - std::cos(angle)), 0.45F - 0.32F * std::sin(angle), 0};
    mesh.Beam(before, next, 0.13F);
    before = next;
  }
  return mesh;
}

Mesh Trolley() {
  Mesh mesh;
  mesh.Begin("frame", kYellow).Box({0, 0.5F, 0}, {2.6F, 0.3F, 1.8F});
  mesh.Begin("drums", kSteel);
  for (const float x : {-0.6F, 0.6F}) mesh.Cylinder({x, 0.95F, 0}, 0.35F, 1.5F, 2, 32);
  mesh.Begin("motor", kBlue).Box({0, 0.95F, 0.55F}, {0.4F, 0.5F, 0.5F});
  for (const float x : {-1.0F, 1.0F})
    for (const float z : {-0.9F, 0.9F}) mesh.Add(Wheel(), {x, 0.3F, z});
  return mesh;
}

// `with_trolley`: as built; else as designed.
Mesh Gantry(bool with_trolley) {
  Mesh mesh;
  mesh.Begin("legs", kYellow);
  for (const float x : {-5.0F, 5.0F})
    for (const float z : {-3.0F, 3.0F}) mesh.Beam({x, 0.8F, z}, {x * 0.9F, 12, z}, 0.55F);
  mesh.Begin("portals", kYellow);
  for (const float x : {-4.5F, 4.5F}) mesh.Beam({x, 12, -3.3F}, {x, 12, 3.3F}, 0.6F);
  mesh.Begin("boom", kYellow);
  for (const float z : {-1.0F, 1.0F}) {
    mesh.Beam({-9, 12.5F, z}, {13, 12.5F, z}, 0.5F);
    mesh.Beam({-4.5F, 12, z}, {0, 17, z * 0.6F}, 0.35F);
    mesh.Beam({4.5F, 12, z}, {0, 17, z * 0.6F}, 0.35F);
  }
  mesh.Begin("stays", kSteel);
  for (const float z : {-0.6F, 0.6F}) {
    mesh.Beam({0, 17, z}, {12.5F, 12.7F, z}, 0.12F);
    mesh.Beam({0, 17, z}, {-8.6F, 12.7F, z}, 0.12F);
  }
  mesh.Begin("bracing", kRed);
  for (const float z : {-3.0F, 3.0F}) {
    mesh.Beam({-4.9F, 4, z}, {4.9F, 4, z}, 0.3F);
    mesh.Beam({-4.8F, 4.2F, z}, {4.5F, 11.5F, z}, 0.22F);
  }
  mesh.Begin("cabin", kBlue).Box({3, 11.3F, 1.9F}, {1.6F, 1.5F, 1.4F});
  for (const float x : {-5.0F, 5.0F})
    for (const float z : {-3.4F, 3.4F}) {
      mesh.Add(Wheel(), {x - 0.5F, 0.45F, z});
      mesh.Add(Wheel(), {x + 0.5F, 0.45F, z});
    }
  if (with_trolley) {
    mesh.Add(Trolley(), {8, 12.6F, 0});
    mesh.Begin("ropes", kDark);
    for (const float z : {-0.3F, 0.3F}) mesh.Beam({8, 12.6F, z}, {8, 6.5F, z}, 0.06F);
    mesh.Add(Hook(), {8, 5, 0});
  }
  return mesh;
}

Mesh Bollard() {
  Mesh mesh;
  mesh.Begin("base", kConcrete).Box({0, 0.1F, 0}, {1, 0.2F, 1});
  mesh.Begin("post", kDark).Cylinder({0, 0.5F, 0}, 0.22F, 0.7F, 1, 32);
  mesh.Cylinder({0, 0.85F, 0}, 0.34F, 0.16F, 1, 32);
  return mesh;
}

Mesh Lantern(bool lit) {
  Mesh mesh;
  mesh.Begin("foot", kBrass).Cylinder({0, 0.05F, 0}, 0.42F, 0.1F, 1, 32);
  mesh.Begin("glass", lit ? Colour{1, 0.75F, 0.3F} : Colour{0.6F, 0.72F, 0.75F})
      .Sphere({0, 0.62F, 0}, 0.3F, 20);
  mesh.Begin("cage", kDark);
  for (int i = 0; i < 6; ++i) {
    const float angle = static_cast<float>(i) * 1.0472F;
    const float x = 0.36F * std::cos(angle);
    const float z = 0.36F * std::sin(angle);
    mesh.Beam({x, 0.1F, z}, {x, 1.1F, z}, 0.035F);
  }
  mesh.Begin("roof", kBrass).Cylinder({0, 1.14F, 0}, 0.42F, 0.08F, 1, 32);
  mesh.Cylinder({0, 1.24F, 0}, 0.2F, 0.14F, 1, 32);
  mesh.Beam({-0.12F, 1.3F, 0}, {-0.12F, 1.5F, 0}, 0.04F);
  mesh.Beam({0.12F, 1.3F, 0}, {0.12F, 1.5F, 0}, 0.04F);
  mesh.Beam({-0.14F, 1.5F, 0}, {0.14F, 1.5F, 0}, 0.04F);
  return mesh;
}

Mesh Crate() {
  Mesh mesh;
  mesh.Begin("boards", kWood).TexturedBox({0, 0.5F, 0}, {1, 1, 1});
  return mesh;
}

Mesh Table() {
  Mesh mesh;
  mesh.Begin("top", kWood).Box({0, 0.74F, 0}, {1.6F, 0.06F, 0.8F});
  mesh.Begin("legs", kDark);
  for (const float x : {-0.7F, 0.7F})
    for (const float z : {-0.32F, 0.32F}) mesh.Beam({x, 0, z}, {x, 0.72F, z}, 0.07F);
  return mesh;
}

// ---- Other files

float Ripple(int seed, float x, float z) {
  return std::sin(x * 1.7F + static_cast<float>(seed)) * std::cos(z * 2.3F) +
         0.4F * std::sin(x * 7.1F + z * 5.3F);
}

// A quay wall with water in front, as a scanner sees it.
std::vector<Point> QuayScan() {
  constexpr int kAlong = 400;
  constexpr int kUp = 60;
  std::vector<Point> points;
  points.reserve(static_cast<std::size_t>(kAlong) * kUp * 2);
  for (int i = 0; i < kAlong; ++i)
    for (int j = 0; j < kUp; ++j) {
      const float x = static_cast<float>(i) * 0.1F - 20;
      const float y = static_cast<float>(j) * 0.07F;
      const bool joint = i % 40 < 2 || j % 15 == 0;
      const float bulge = 0.03F * Ripple(3, x, y) - (joint ? 0.05F : 0);
      const auto grey = static_cast<std::uint8_t>(120 + 40 * bulge * 10 + (joint ? -40 : 0));
      const bool wet = y < 0.9F + 0.1F * Ripple(5, x, 0);
      points.push_back({{x, y, bulge},
                        {wet ? static_cast<std::uint8_t>(grey / 2) : grey,
                         wet ? static_cast<std::uint8_t>(grey * 2 / 3) : grey,
                         static_cast<std::uint8_t>(grey - 12)}});
      const float z = static_cast<float>(j) * 0.1F;
      const float wave = 0.05F * Ripple(11, x, z);
      points.push_back({{x, wave, z + 0.2F},
                        {30, static_cast<std::uint8_t>(80 + 300 * wave),
                         static_cast<std::uint8_t>(110 + 300 * wave)}});
    }
  return points;
}

std::string LoadTable(int rows) {
  std::string csv = "radius_m,load_t,wind_limit_m_s\n";
  for (int i = 0; i < rows; ++i) {
    const double radius = 4 + i * 0.5;
    csv += fmt::format("{:.1f},{:.2f},{}\n", radius, 40.0 * 6 / (radius + 2), 20 - i / 4);
  }
  return csv;
}

std::string GantryDrawing(std::string_view revision) {
  const std::vector<Stroke> strokes = {
      {30, 60, 190, 60},    {60, 64, 64, 140},   {140, 64, 136, 140},  {60, 90, 140, 90},
      {40, 144, 190, 144},  {40, 140, 190, 140}, {64, 144, 100, 180},  {136, 144, 100, 180},
      {100, 180, 186, 146}, {100, 180, 44, 146}, {160, 140, 160, 100}, {156, 100, 164, 100}};
  return WritePdf("Gantry crane, side view",
                  {fmt::format("Revision {}", revision), "Height to boom 12.5 m, outreach 13 m",
                   "Wheel gauge 10 m, eight wheels of 0.9 m", "Scale 1:125"},
                  strokes);
}

// ---- Assets

DemoAsset GantryAsset() {
  DemoAsset asset{.database = kHarbour,
                  .id = "gantry-crane",
                  .name = "Gantry crane",
                  .description = "Ship-to-shore gantry of quay 3 with its drawing and load table",
                  .tags = {"as-built", "mechanical"},
                  .preview_png = PictureOf(Gantry(true)),
                  .versions = {},
                  .metadata = {{"Height", "17.2", "number"},
                               {"Commissioned", "2024-05-14T08:00:00Z", "date"},
                               {"Location", R"({"lat":53.5413,"long":9.9841,"alt":6.5})", "lla"},
                               {"Maker", "Northbank Works", "string"}}};
  DemoVersion designed{.files = {}, .comment = "As designed", .alias = "design"};
  AddModel(designed.files, "model/gantry.glb", WriteGlb(Gantry(false), "gantry"), Gantry(false),
           "primary");
  designed.files.push_back({"drawings/gantry.pdf", GantryDrawing("A"), {}});
  designed.files.push_back({"data/load-table.csv", LoadTable(12), {}});
  DemoVersion built{
      .files = {}, .comment = "As built: trolley, hook and measured loads", .alias = "as-built"};
  AddModel(built.files, "model/gantry.glb", WriteGlb(Gantry(true), "gantry"), Gantry(true),
           "primary");
  built.files.push_back({"model/gantry.stl", WriteStl(Gantry(true), "gantry"), "lod1"});
  built.files.push_back({"drawings/gantry.pdf", GantryDrawing("B"), {}});
  built.files.push_back({"data/load-table.csv", LoadTable(20), {}});
  asset.versions = {std::move(designed), std::move(built)};
  return asset;
}

DemoAsset ModelAsset(std::string database, std::string id, std::string name,
                     std::string description, std::vector<std::string> tags, const Mesh& mesh,
                     std::string comment) {
  DemoVersion version{.files = {}, .comment = std::move(comment), .alias = {}};
  AddModel(version.files, fmt::format("model/{}.glb", id), WriteGlb(mesh, id), mesh, "primary");
  return {.database = std::move(database),
          .id = std::move(id),
          .name = std::move(name),
          .description = std::move(description),
          .tags = std::move(tags),
          .preview_png = PictureOf(mesh),
          .versions = {std::move(version)},
          .metadata = {}};
}

DemoAsset HookAsset() {
  DemoAsset asset =
      ModelAsset(kHarbour, "hook-block", "Hook block", "Hook block with two sheaves, 40 t",
                 {"as-built", "mechanical"}, Hook(), "First delivery");
  asset.versions[0].files.push_back({"print/hook-block.stl", WriteStl(Hook(), "hook block"), {}});
  asset.metadata = {{"Safe load", "40", "number"}, {"Inspected", "2025-02-03T00:00:00Z", "date"}};
  return asset;
}

DemoAsset ScanAsset() {
  Mesh picture;
  picture.Begin("wall", kConcrete).Box({0, 2, -0.5F}, {12, 4, 1});
  picture.Begin("water", kBlue).Box({0, -0.1F, 2.5F}, {12, 0.2F, 5});
  DemoVersion version{.files = {{"scan/quay-wall.ply", WritePly(QuayScan()), "primary"}},
                      .comment = "Survey of spring",
                      .alias = "survey"};
  version.files.push_back({"scan/quay-wall.ply.previewFile.png", PictureOf(picture), {}});
  version.files.push_back(
      {"scan/readme.txt",
       "Point cloud of the quay wall, 0.1 m by 0.07 m.\nAxes in metres, y up, z to the water.\n",
       {}});
  return {.database = kHarbour,
          .id = "quay-wall-scan",
          .name = "Quay wall scan",
          .description = "Laser scan of forty metres of quay wall and the water in front of it",
          .tags = {"survey"},
          .preview_png = PictureOf(picture),
          .versions = {std::move(version)},
          .metadata = {{"Points", "48000", "number"},
                       {"Location", R"({"lat":53.5409,"long":9.9838,"alt":3.1})", "lla"}}};
}

DemoAsset PhotosAsset() {
  DemoVersion version{.files = {}, .comment = "Evening series", .alias = {}};
  for (std::uint32_t i = 1; i <= 3; ++i)
    version.files.push_back({fmt::format("evening-{}.png", i),
                             EncodePng(Seascape(960, 600, i * 17)), i == 1 ? "primary" : ""});
  return {.database = kHarbour,
          .id = "quay-photos",
          .name = "Quay at evening",
          .description = "Reference pictures of the quay for lighting",
          .tags = {"survey"},
          .preview_png = EncodePng(Seascape(480, 300, 17)),
          .versions = {std::move(version)},
          .metadata = {}};
}

DemoAsset LanternAsset() {
  DemoAsset asset =
      ModelAsset(kStudio, "lantern", "Storm lantern", "Hero prop of the night scene, unlit and lit",
                 {"concept", "prop"}, Lantern(false), "Unlit");
  DemoVersion lit{.files = {}, .comment = "Lit", .alias = "final"};
  AddModel(lit.files, "model/lantern.glb", WriteGlb(Lantern(true), "lantern"), Lantern(true),
           "primary");
  asset.versions.push_back(std::move(lit));
  asset.preview_png = PictureOf(Lantern(true));
  return asset;
}

DemoAsset CrateAsset() {
  const std::string board = EncodePng(Checkerboard(256, 8, {214, 176, 120}, {150, 104, 58}));
  DemoVersion version{.files = {}, .comment = "With texture", .alias = {}};
  AddModel(version.files, "model/crate.glb", WriteGlb(Crate(), "crate", board), Crate(), "primary");
  version.files.push_back({"textures/boards.png", board, {}});
  return {.database = kStudio,
          .id = "cargo-crate",
          .name = "Cargo crate",
          .description = "Textured crate, one metre",
          .tags = {"prop"},
          .preview_png = PictureOf(Crate()),
          .versions = {std::move(version)},
          .metadata = {{"Bounds", R"({"x":1,"y":1,"z":1})", "xyz"}}};
}

DemoAsset TableAsset() {
  DemoAsset asset =
      ModelAsset(kStudio, "work-table", "Work table", "Table as glTF with a separate buffer",
                 {"prop"}, Table(), "First model");
  GltfFiles files = WriteGltf(Table(), "work-table", "work-table.bin");
  asset.versions[0].files.push_back({"gltf/work-table.gltf", std::move(files.gltf), {}});
  asset.versions[0].files.push_back({"gltf/work-table.bin", std::move(files.bin), {}});
  return asset;
}

}  // namespace

Library MakeLibrary() {
  Library library;
  library.databases = {{kHarbour, "Quay 3: cranes, parts, surveys (demonstration)"},
                       {kStudio, "Props and sets of a short film (demonstration)"}};
  library.tag_types = {
      {"phase",
       "How far an asset is",
       {{"concept", "An idea, not final"},
        {"as-built", "As it stands on site"},
        {"survey", "Measured on site"}}},
      {"kind",
       "What an asset is",
       {{"mechanical", "Machines and their parts"}, {"prop", "Objects of a set"}}}};
  library.assets.push_back(GantryAsset());
  library.assets.push_back(ModelAsset(kHarbour, "trolley", "Trolley",
                                      "Trolley of the gantry with hoist drums",
                                      {"as-built", "mechanical"}, Trolley(), "First delivery"));
  library.assets.push_back(HookAsset());
  library.assets.push_back(ModelAsset(kHarbour, "wheel", "Crane wheel",
                                      "Wheel of the gantry and the trolley",
                                      {"as-built", "mechanical"}, Wheel(), "First delivery"));
  library.assets.push_back(ModelAsset(kHarbour, "bollard", "Bollard", "Mooring bollard of quay 3",
                                      {"as-built"}, Bollard(), "Measured"));
  library.assets.push_back(ScanAsset());
  library.assets.push_back(PhotosAsset());
  library.assets.push_back(LanternAsset());
  library.assets.push_back(CrateAsset());
  library.assets.push_back(TableAsset());
  library.links = {{kHarbour, "gantry-crane", kHarbour, "trolley", true, ""},
                   {kHarbour, "trolley", kHarbour, "hook-block", true, ""},
                   {kHarbour, "trolley", kHarbour, "wheel", true, "left"},
                   {kHarbour, "trolley", kHarbour, "wheel", true, "right"},
                   {kHarbour, "gantry-crane", kHarbour, "wheel", true, "portal"},
                   {kHarbour, "gantry-crane", kHarbour, "quay-wall-scan", false, ""},
                   {kHarbour, "bollard", kHarbour, "quay-wall-scan", false, ""},
                   {kStudio, "lantern", kStudio, "work-table", false, ""},
                   {kStudio, "cargo-crate", kHarbour, "quay-photos", false, ""}};
  return library;
}

}  // namespace vams::demo
