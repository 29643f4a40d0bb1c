// Up and down, again and again, with random writes in between, against a model in memory that knows
// the data as people do: after every update and every rollback each row is what the model says.
#include <gmock/gmock.h>

#include <random>

#include "lifecycle/migrate_stack.h"
#include "lifecycle/rollback/rollback.h"
#include "lifecycle/support_test.h"
#include "lifecycle/update/fake_service_test.h"

namespace vams::lifecycle::test {

namespace {

using items::Item;
using items::Value;
using items::Write;

Value S(std::string_view text) { return Value::S(std::string(text)); }

// What people know of a version of an asset.
struct Version {
  std::string comment, alias;  // 2.4 has no alias
  bool archived = false;       // nor this
  std::map<std::string, std::string> files;
  friend bool operator==(const Version&, const Version&) = default;
};
struct Asset {
  std::string name, current;
  int made = 1;  // versions
  std::map<std::string, Version> versions;
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {}

  // One random change; `newer`: by a release that knows what 2.4 does not.
  void Change(bool newer) {
    const std::string id = fmt::format("asset-{}", Below(8));
    auto found = assets_.find(id);
    if (found == assets_.end()) {
      Asset asset{.name = Words(), .current = "1", .made = 1, .versions = {}};
      asset.versions["1"] = {Words(), "", false, {{"/a.glb", Words()}}};
      assets_.emplace(id, std::move(asset));
      return;
    }
    Asset& asset = found->second;
    Version& version = asset.versions[asset.current];
    switch (Below(newer ? 8 : 5)) {
      case 0:
        asset.name = Words();
        break;
      case 1: {
        const auto files = version.files;
        asset.current = std::to_string(++asset.made);
        asset.versions[asset.current] = {Words(), "", false, files};
        break;
      }
      case 2:
        version.comment = Words();
        break;
      case 3:
        version.files[fmt::format("/{}.obj", Below(4))] = Words();
        break;
      case 4:
        tags_.insert(Words());
        break;
      case 5:
        version.alias = Words();
        break;
      case 6:
        version.archived = !version.archived;
        break;
      default:
        if (asset.versions.begin()->first != asset.current)
          asset.versions.erase(asset.versions.begin());
    }
  }

  // The rows of the tables that the steps decide, and of some that they leave alone.
  std::map<std::string, std::vector<Item>> RowsAs(bool newer) const {
    std::map<std::string, std::vector<Item>> rows;
    for (const auto& tag : tags_) rows["TagStorageTable"].push_back({{"tagName", S(tag)}});
    for (const auto& [id, asset] : assets_) {
      rows["AssetStorageTable"].push_back({{"assetId", S(id)},
                                           {"assetName", S(asset.name)},
                                           {"currentVersionId", S(asset.current)},
                                           {"databaseId", S("plant")}});
      for (const auto& [number, version] : asset.versions)
        AddVersion(id, number, version, number == asset.current, newer, rows);
    }
    return rows;
  }

  std::size_t Below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

 private:
  std::string Words() { return fmt::format("text {}", Below(100'000)); }

  static void AddVersion(const std::string& id, const std::string& number, const Version& version,
                         bool current, bool newer, std::map<std::string, std::vector<Item>>& rows) {
    Item row{{"assetId", S(id)},
             {"assetVersionId", S(number)},
             {"comment", S(version.comment)},
             {"dateCreated", S("2025-01-14T10:03:00.000103")},
             {"isCurrentVersion", Value::Bool(current)},
             {"specifiedPipelines", Value::L({})}};
    if (newer) {
      row.Set("databaseId", S("plant"));
      row.Set("databaseId:assetId", S("plant:" + id));
      if (!version.alias.empty()) row.Set("versionAlias", S(version.alias));
      if (version.archived) row.Set("isArchived", Value::Bool(true));
    }
    rows[newer ? "AssetVersionsStorageTableV2" : "AssetVersionsStorageTable"].push_back(row);
    for (const auto& [path, etag] : version.files) {
      Item file{{"fileKey", S(path)}, {"etag", S(etag)}, {"versionId", S("o1")}};
      if (newer) {
        file.Set("databaseId:assetId", S("plant:" + id));
        file.Set("databaseId:assetId:assetVersionId", S(fmt::format("plant:{}:{}", id, number)));
      } else {
        file.Set("assetId:assetVersionId", S(fmt::format("{}:{}", id, number)));
      }
      rows[newer ? "AssetFileVersionsStorageTableV2" : "AssetFileVersionsStorageTable"].push_back(
          std::move(file));
    }
  }

  std::mt19937_64 random_;
  std::map<std::string, Asset> assets_;
  std::set<std::string> tags_;
};

class UpAndDownTest : public ::testing::Test {
 protected:
  UpAndDownTest() {
    (void)Must(registry_.Create("yard", std::nullopt));
    request_.stack = "yard";
    setting_.config_of = [](const Stack&) -> Result<StackConfig> { return StackConfig(); };
  }

  Stack Now() { return Must(registry_.Get("yard")); }

  // Makes the rows of the model's tables what the model says, as a server of that version would.
  void Store(const Model& model, bool newer) {
    const auto store = Must(items::OpenSqliteStore(Now().current.items()));
    std::vector<Write> writes;
    for (const auto& [table, rows] : model.RowsAs(newer)) {
      const auto spec = Must(store->Table(op_, table));
      std::map<std::string, Item> wanted;
      for (const auto& row : rows) wanted.emplace(items::EncodeItem(items::KeyOf(spec, row)), row);
      for (const auto& row : All(*store, table)) {
        const auto key = items::KeyOf(spec, row);
        const auto found = wanted.find(items::EncodeItem(key));
        if (found == wanted.end())
          writes.push_back(Write::Delete(table, key));
        else if (found->second == row)
          wanted.erase(found);
      }
      for (auto& [key, row] : wanted) writes.push_back(Write::Put(table, std::move(row)));
    }
    if (!writes.empty()) (void)Must(store->Commit(op_, writes));
  }

  void ExpectModel(const Model& model, bool newer, const std::string& where) {
    const auto store = Must(items::OpenSqliteStore(Now().current.items(), {.read_only = true}));
    for (const auto& [table, rows] : model.RowsAs(newer)) {
      std::set<std::string> expected, found;
      for (const auto& row : rows) expected.insert(items::aws::ToJson(row));
      for (const auto& row : All(*store, table)) found.insert(items::aws::ToJson(row));
      EXPECT_EQ(expected, found) << where << ": " << table;
    }
  }

  std::vector<Item> All(items::ItemSource& store, const std::string& table) {
    std::vector<Item> rows;
    std::string after;
    do {
      auto page = Must(store.Scan(op_, table, {}, after, 1000));
      std::move(page.items.begin(), page.items.end(), std::back_inserter(rows));
      after = page.next;
    } while (!after.empty());
    return rows;
  }

  // Those that nothing can go back to any more; a hundred would fill the disk.
  void PruneOld() {
    const auto now = Now();
    for (const auto& generation : Must(registry_.Generations(now)))
      if (generation.number + 3 < now.current.number) (void)files::RemoveTree(generation.folder);
  }

  void Go(int rounds, std::uint64_t seed) {
    Model model(seed);
    for (int i = 0; i < 40; ++i) model.Change(true);
    Store(model, true);
    (void)Must(ReverseTo24());
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
      const std::string where = fmt::format("seed {}, round {}", seed, round);
      OpContext op;
      MigrateOptions options;
      (void)Must(RunMigration(registry_, "yard", options, clock_, op, {}));
      ExpectModel(model, true, where + ", up");
      for (std::size_t i = model.Below(6); i > 0; --i) model.Change(true);
      Store(model, true);
      const auto report = Must(RollBackStack(setting_, request_));
      ASSERT_EQ(report.result, OperationResult::kDone) << where << ": " << report.message;
      ExpectModel(model, false, where + ", down");
      for (std::size_t i = model.Below(4); i > 0; --i) model.Change(false);
      Store(model, false);
      PruneOld();
    }
  }
  Result<MigrationReport> ReverseTo24() {
    OpContext op;
    MigrateOptions options;
    options.to = tables::DataVersion{2, 4};
    return ReverseMigration(registry_, "yard", options, clock_, op, {});
  }

  files::TempFolder home_ = MakeTemp();
  FixedClock clock_;
  StackRegistry registry_{home_.path(), clock_};
  OpContext op_;
  FakeService service_;
  RollbackRequest request_;
  UpdateSetting setting_{.registry = registry_,
                         .clock = clock_,
                         .random = SystemRandom(),
                         .op = op_,
                         .transport = service_,
                         .release = "test",
                         .config_of = {},
                         .serve = {},
                         .on_step = {},
                         .on_progress = {}};
};

TEST_F(UpAndDownTest, GivesWhatTheModelSaysEachTime) { Go(4, 5); }

using UpAndDownSlowTest = UpAndDownTest;
TEST_F(UpAndDownSlowTest, AHundredTimes) { Go(100, 7); }

}  // namespace

}  // namespace vams::lifecycle::test
