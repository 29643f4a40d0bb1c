#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json.hpp>
#include <set>

#include "catalog/asset_links.h"
#include "catalog/asset_support_test.h"
#include "catalog/asset_versions.h"
#include "demo/formats.h"
#include "demo/image.h"
#include "demo/load.h"

namespace vams::demo {
namespace {

namespace json = boost::json;
using catalog::test::AssetBench;
using catalog::test::Must;

std::uint32_t Little32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}
std::uint32_t Big32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

Mesh Cube() {
  Mesh mesh;
  mesh.Begin("cube", {1, 0, 0}).Box({0, 0, 0}, {2, 2, 2});
  return mesh;
}

TEST(Mesh, TrianglesOfSolidsLookOutwards) {
  Mesh mesh;
  mesh.Begin("box", {1, 1, 1}).Box({0, 0, 0}, {2, 4, 6});
  mesh.Cylinder({0, 0, 0}, 1, 2, 1).Sphere({0, 0, 0}, 1).Beam({0, -1, 0}, {0, 1, 0}, 0.5F);
  const Part& part = mesh.parts().front();
  for (std::size_t i = 0; i < part.positions.size(); i += 3) {
    const Vec3 middle =
        (part.positions[i] + part.positions[i + 1] + part.positions[i + 2]) * (1 / 3.0F);
    EXPECT_GT(Dot(part.normals[i], middle), 0) << "triangle " << i / 3;
  }
}

TEST(WriteGlb, IsOneFileWhoseLengthsAndCountsFit) {
  const std::string glb = WriteGlb(Cube(), "cube");
  ASSERT_EQ(glb.substr(0, 4), "glTF");
  EXPECT_EQ(Little32(glb, 8), glb.size());
  const std::uint32_t text_bytes = Little32(glb, 12);
  const auto document = json::parse(glb.substr(20, text_bytes));
  const std::uint32_t bin_bytes = Little32(glb, 20 + text_bytes);
  EXPECT_EQ(glb.size(), 28 + text_bytes + bin_bytes);
  EXPECT_EQ(document.at_pointer("/buffers/0/byteLength").to_number<std::uint32_t>(), bin_bytes);
  EXPECT_EQ(document.at_pointer("/accessors/0/count").to_number<int>(), 36);
  EXPECT_EQ(document.at_pointer("/accessors/0/max/0").to_number<double>(), 1.0);
}

TEST(WriteStl, HasATriangleForEachOfTheMesh) {
  const std::string stl = WriteStl(Cube(), "cube");
  EXPECT_EQ(Little32(stl, 80), 12U);
  EXPECT_EQ(stl.size(), 84U + 12 * 50);
}

TEST(EncodePng, HoldsThePixels) {
  Image image(3, 2);
  image.At(2, 1) = {7, 8, 9};
  const std::string png = EncodePng(image);
  ASSERT_EQ(png.substr(1, 3), "PNG");
  EXPECT_EQ(Big32(png, 16), 3U);
  const std::uint32_t size = Big32(png, 33);
  std::string rows(2 * (1 + 3 * 3), '\0');
  uLongf length = rows.size();
  ASSERT_EQ(::uncompress(reinterpret_cast<Bytef*>(rows.data()), &length,
                         reinterpret_cast<const Bytef*>(png.data()) + 41, size),
            Z_OK);
  EXPECT_EQ(rows.substr(rows.size() - 3), "\x07\x08\x09");
}

TEST(Render, ShowsTheModelInItsColourBeforeTheBackground) {
  Image image = Render(Cube(), 40, 40);
  const Pixel middle = image.At(20, 20);
  const Pixel corner = image.At(0, 0);
  EXPECT_GT(middle[0], 120);
  EXPECT_LT(middle[1], 40);
  EXPECT_GT(corner[1], 150);
}

TEST(WritePdf, NamesWhereItsObjectsBegin) {
  const std::string pdf = WritePdf("A (heading)", {"line"}, {{0, 0, 10, 10}});
  EXPECT_EQ(pdf.substr(0, 5), "%PDF-");
  const std::size_t table = std::stoul(pdf.substr(pdf.find("startxref\n") + 10));
  EXPECT_EQ(pdf.substr(table, 4), "xref");
  const std::size_t first = std::stoul(pdf.substr(table + 9 + 20, 10));
  EXPECT_EQ(pdf.substr(first, 7), "1 0 obj");
}

TEST(MakeLibrary, IsTheSameEveryTimeAndSmall) {
  const Library one = MakeLibrary();
  const Library two = MakeLibrary();
  std::size_t bytes = 0;
  ASSERT_EQ(one.assets.size(), two.assets.size());
  for (std::size_t i = 0; i < one.assets.size(); ++i)
    for (std::size_t v = 0; v < one.assets[i].versions.size(); ++v)
      for (std::size_t f = 0; f < one.assets[i].versions[v].files.size(); ++f) {
        const DemoFile& file = one.assets[i].versions[v].files[f];
        EXPECT_EQ(file.content, two.assets[i].versions[v].files[f].content) << file.path;
        bytes += file.content.size();
      }
  EXPECT_LT(bytes, std::size_t{8} << 20);
}

class LoadTest : public ::testing::Test {
 protected:
  Loaded LoadIt() {
    const catalog::Stores stores = bench_.stores();
    return Must(Load(bench_.op, stores, "administrator", catalog::test::kBucket, library_));
  }
  AssetBench bench_;
  static const Library& Whole() {
    static const Library library = MakeLibrary();
    return library;
  }
  const Library& library_ = Whole();
};

TEST_F(LoadTest, BringsEverythingOfTheLibrary) {
  const Loaded loaded = LoadIt();

  EXPECT_EQ(loaded.databases, library_.databases.size());
  EXPECT_EQ(loaded.assets, library_.assets.size());
  EXPECT_EQ(loaded.links, library_.links.size());
  std::set<std::string> extensions;
  for (const DemoAsset& asset : library_.assets) {
    const auto place = bench_.Place(asset.id, asset.database);
    EXPECT_EQ(place.asset.current_version, std::to_string(asset.versions.size())) << asset.id;
    ASSERT_TRUE(place.asset.preview) << asset.id;
    EXPECT_EQ(bench_.Content(place.Object(*place.asset.preview)), asset.preview_png);
    for (const DemoFile& file : asset.versions.back().files) {
      EXPECT_EQ(bench_.Content(place.ObjectAt(file.path)), file.content) << file.path;
      extensions.insert(catalog::ExtensionOf(file.path));
    }
  }
  for (const char* extension : {".glb", ".gltf", ".stl", ".ply", ".png", ".pdf", ".csv"})
    EXPECT_TRUE(extensions.contains(extension)) << extension;
}

TEST_F(LoadTest, AnOlderVersionHasItsOwnFiles) {
  LoadIt();
  catalog::AssetVersions versions(bench_.stores());
  catalog::Caller caller = catalog::test::MayAssets();
  const auto details = Must(versions.Get(bench_.op, caller, {"demo-harbour", "gantry-crane"}, "1"));
  const auto place = bench_.Place("gantry-crane", "demo-harbour");
  const DemoFile& model = library_.assets.front().versions.front().files.at(1);
  ASSERT_EQ(model.path, "model/gantry.glb");
  bool seen = false;
  for (const auto& file : details.files) {
    if (file.file.path != model.path) continue;
    seen = true;
    EXPECT_EQ(bench_.Content(place.ObjectAt(model.path), file.file.version_id), model.content);
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(details.version.alias, "design");
}

TEST_F(LoadTest, ASecondLoadChangesNothing) {
  LoadIt();
  const auto before = Must(bench_.items().LastChange(bench_.op));

  const Loaded again = LoadIt();

  EXPECT_EQ(again.assets + again.versions + again.files + again.links + again.databases, 0U);
  EXPECT_EQ(Must(bench_.items().LastChange(bench_.op)), before);
}

TEST_F(LoadTest, GoesOnWhereItWasInterrupted) {
  Library few = Whole();
  few.assets.resize(2);
  int interrupted = 0;
  for (std::size_t n = 5; interrupted < 6; n *= 3) {
    AssetBench bench;
    testing::FaultyStore faulty(bench.items());
    auto view = bench.Through(faulty);
    faulty.FailCall(n, Code::kUnavailable, testing::FaultyStore::When::kAfter);
    const auto first = Load(bench.op, view.stores, "administrator", catalog::test::kBucket, few);
    if (!faulty.failed()) break;
    ++interrupted;
    const catalog::Stores stores = bench.stores();
    Must(Load(bench.op, stores, "administrator", catalog::test::kBucket, few));
    for (const DemoAsset& asset : few.assets)
      EXPECT_EQ(bench.Place(asset.id, asset.database).asset.current_version,
                std::to_string(asset.versions.size()))
          << asset.id << " after a failure at call " << n;
  }
  EXPECT_GE(interrupted, 3);
}

TEST_F(LoadTest, AStackIsEmptyUntilItHasADatabase) {
  EXPECT_FALSE(Must(IsEmpty(bench_.op, bench_.stores())));  // the bench has one
}

}  // namespace
}  // namespace vams::demo
