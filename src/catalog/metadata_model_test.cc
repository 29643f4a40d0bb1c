// Random sequences of operations on metadata, and on what it belongs to, beside a model of plain
// maps: after each of them everything that is stored is what the model says.  VAMS_SEED sets the
// seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "catalog/asset_versions.h"
#include "catalog/metadata_support_test.h"

namespace vams::catalog {
namespace {

using namespace test;  // NOLINT
using model::MetadataItem;
using model::ValueType;

std::uint64_t Seed() {
  const char* given = std::getenv("VAMS_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

using Records = std::map<std::string, std::pair<std::string, ValueType>>;

const Texts kKeys = {"a", "a:b", "ä", "unit", "z z"};
const Texts kPaths = {"/a.glb", "/cad/b.glb", "/cad/c", "/cad:d"};
constexpr int kSteps = 600;

class MetadataModelTest : public MetadataTest {
 protected:
  MetadataModelTest() {
    const std::uint64_t seed = Seed();
    fmt::print("VAMS_SEED={}\n", seed);
    random_.seed(seed);
    // Of assets alone: what creates also writes the default.
    model::SchemaField unit = SchemaText("unit");
    unit.default_value = "m";
    PutSchema("s", {unit});
    link_ = Link();
    live_.insert("/cad/boom.glb");
  }

  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[random_() % from.size()];
  }
  bool Chance(unsigned percent) { return random_() % 100 < percent; }

  // Names in the model: "database", "asset", "link", "metadata /a.glb", "attribute /a.glb".
  std::pair<std::string, MetadataEntity> SomeEntity() {
    switch (random_() % 5) {
      case 0:
        return {"database", kHarbor};
      case 1:
        return {"asset", kGantryAsset};
      case 2:
        return {"link", MetadataEntity::OfLink(link_)};
      default:
        break;
    }
    const std::string& path = Pick(kPaths);
    return Chance(50)
               ? std::pair("metadata " + path, MetadataEntity::OfFile(kDatabase, "gantry", path))
               : std::pair("attribute " + path,
                           MetadataEntity::OfFile(kDatabase, "gantry", path,
                                                  model::FileMetadataKind::kAttribute));
  }
  std::vector<MetadataItem> SomeItems(const std::string& name) {
    std::vector<MetadataItem> items;
    for (std::size_t n = 1 + random_() % 4; n > 0; --n) {
      const std::string& key = Pick(kKeys);
      const bool number = key != "unit" && !name.starts_with("attribute") && Chance(30);
      items.push_back(
          {key, std::to_string(random_() % 3), number ? ValueType::kNumber : ValueType::kString});
    }
    return items;
  }
  bool CanBeWritten(const std::string& name) {
    const std::size_t slash = name.find('/');
    return slash == name.npos || live_.contains(name.substr(slash));
  }
  void Put(Records& records, const std::vector<MetadataItem>& items) {
    for (const MetadataItem& item : items) records[item.key] = {item.value, item.type};
  }

  // ---- Operations.

  void Write() {
    const auto [name, entity] = SomeEntity();
    const auto items = SomeItems(name);
    const unsigned mode = random_() % 3;
    const auto done = mode == 0 ? TryCreate(entity, items) : TryUpdate(entity, items, mode == 2);
    ASSERT_EQ(done.ok(), CanBeWritten(name)) << name;
    if (!done.ok()) return;
    Records& records = model_[name];
    if (mode == 2) {
      std::set<std::string> kept;
      for (const MetadataItem& item : items) kept.insert(item.key);
      EXPECT_EQ(done->removed,
                std::erase_if(records, [&](const auto& one) { return !kept.contains(one.first); }));
    }
    std::size_t written = items.size();
    Put(records, items);
    if (mode == 0 && name == "asset" && !records.contains("unit")) {
      records["unit"] = {"m", ValueType::kString};
      ++written;
    }
    EXPECT_EQ(done->done.size(), written);
  }
  void Remove() {
    const auto [name, entity] = SomeEntity();
    std::set<std::string> keys;
    for (std::size_t n = 1 + random_() % 3; n > 0; --n) keys.insert(Pick(kKeys));
    const auto done = Delete(entity, Texts(keys.begin(), keys.end()));
    std::size_t gone = 0;
    for (const std::string& key : keys) gone += model_[name].erase(key);
    EXPECT_EQ(done.done.size(), gone);
    EXPECT_EQ(done.total(), keys.size());
  }
  void Upload() {
    const std::string& path = Pick(kPaths);
    bench.PutFile("gantry", path, "mesh");
    live_.insert(path);
  }
  // A file that is there goes to where none ever was or is archived, or is deleted for good.
  void MoveOrDelete() {
    const std::string& from = Pick(kPaths);
    const std::string& to = Pick(kPaths);
    AssetFiles files(bench.stores());
    const AssetFiles::Ref gantry{kDatabase, "gantry"};
    const bool can = live_.contains(from) && !live_.contains(to) && from != to;
    switch (random_() % 3) {
      case 0: {
        const auto done = files.Move(bench.op, caller, gantry, from, to);
        ASSERT_EQ(done.ok(), can) << from << " " << to;
        if (!can) return;
        Carry(from, to, true);
        live_.erase(from);
        live_.insert(to);
        // The marker that is left there would be in the way of the next one.
        Must(files.Delete(bench.op, caller, gantry, from, false, true));
        return;
      }
      case 1: {
        const auto done = files.Copy(bench.op, caller, gantry, from, {to, {}, {}});
        ASSERT_EQ(done.ok(), can) << from << " " << to;
        if (!can) return;
        Carry(from, to, false);
        live_.insert(to);
        return;
      }
      default: {
        const auto done = files.Delete(bench.op, caller, gantry, from, false, true);
        ASSERT_EQ(done.ok(), live_.contains(from));
        live_.erase(from);
        for (const char* kind : {"metadata ", "attribute "}) model_[kind + from].clear();
      }
    }
  }
  void Carry(const std::string& from, const std::string& to, bool move) {
    for (const std::string kind : {"metadata ", "attribute "}) {
      ASSERT_TRUE(model_[kind + to].empty());
      model_[kind + to] = model_[kind + from];
      if (move) model_[kind + from].clear();
    }
  }
  void MakeVersion() {
    const auto made = Must(AssetVersions(bench.stores())
                               .Create(bench.op, caller, {kDatabase, "gantry"},
                                       {.latest = true, .files = {}, .comment = "c", .alias = ""}));
    Keep(made.id, live_);
  }
  void Keep(const std::string& id, const std::set<std::string>& files) {
    Version& version = versions_[id];
    version.files = files;
    version.records["asset"] = model_["asset"];
    for (const std::string& file : files)
      for (const std::string kind : {"metadata ", "attribute "})
        version.records[kind + file] = model_[kind + file];
  }
  void GoBack() {
    if (versions_.empty()) return;
    auto at = versions_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_() % versions_.size()));
    const Version version = at->second;
    const auto made = Must(AssetVersions(bench.stores())
                               .Revert(bench.op, caller, {kDatabase, "gantry"}, at->first,
                                       {.comment = "c", .metadata = true}));
    // What was deleted for good since does not come back.
    std::set<std::string> files = version.files;
    for (const std::string& path : made.skipped) EXPECT_EQ(files.erase("/" + path), 1U) << path;
    const bool empty =
        std::ranges::all_of(version.records, [](const auto& one) { return one.second.empty(); });
    if (!empty) {
      for (auto& [name, records] : model_)
        if (name == "asset" || name.find('/') != name.npos) records.clear();
      for (const auto& [name, records] : version.records)
        if (name == "asset" || files.contains(name.substr(name.find('/')))) model_[name] = records;
    }
    live_.insert(files.begin(), files.end());
    Keep(made.id, files);
  }

  // ---- Comparing.

  void Compare() {
    std::map<std::string, Records> have;
    const auto add = [&](const std::string& name, const items::Item& row, const char* prefix) {
      const std::string p(prefix);
      have[name][std::string(row.Text(p + "Key"))] = {
          std::string(row.Text(p + "Value")),
          model::FindValueType(row.Text(p + "ValueType")).value()};
    };
    for (const auto& row : bench.Rows("DatabaseMetadataStorageTableV2"))
      add("database", row, "metadata");
    for (const auto& row : bench.Rows("AssetLinksMetadataStorageTable"))
      add("link", row, "metadata");
    const auto path_of = [](const items::Item& row) {
      return std::string(row.Text("databaseId:assetId:filePath"))
          .substr(std::string("harbor:gantry:").size());
    };
    for (const auto& row : bench.Rows(kFileMetadataTable))
      add(path_of(row) == "/" ? "asset" : "metadata " + path_of(row), row, "metadata");
    for (const auto& row : bench.Rows(kFileAttributesTable))
      add("attribute " + path_of(row), row, "attribute");
    std::map<std::string, Records> want = model_;
    std::erase_if(want, [](const auto& one) { return one.second.empty(); });
    ASSERT_EQ(have, want);
  }

  std::mt19937_64 random_;
  std::string link_;
  std::set<std::string> live_;
  std::map<std::string, Records> model_;
  struct Version {
    std::set<std::string> files;
    std::map<std::string, Records> records;
  };
  std::map<std::string, Version> versions_;
};

TEST_F(MetadataModelTest, AnySequenceEqualsTheModel) {
  for (int step = 0; step < kSteps; ++step) {
    const unsigned dice = random_() % 100;
    if (dice < 50)
      Write();
    else if (dice < 65)
      Remove();
    else if (dice < 77)
      Upload();
    else if (dice < 92)
      MoveOrDelete();
    else if (dice < 96)
      MakeVersion();
    else
      GoBack();
    if (HasFatalFailure()) return;
    Compare();
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
}

}  // namespace
}  // namespace vams::catalog
