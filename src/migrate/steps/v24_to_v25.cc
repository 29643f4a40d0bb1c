// The step 2.4 -> 2.5: asset versions and their files move to tables whose keys name the database.
// Spec: migrations.md section 6; docs/operations/migration-2.4-to-2.5.md.

#include "migrate/steps/v24_to_v25.h"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/steps.h"

namespace vams::migrate {

namespace v25 {

namespace {

using items::Item;

void Broken(std::vector<Problem>& problems, std::string text) {
  problems.push_back({Problem::Kind::kBroken, std::move(text)});
}
// Reported; verification does not fail.
void Odd(std::vector<Problem>& problems, std::string text) {
  problems.push_back({Problem::Kind::kOrphan, std::move(text)});
}

Status CheckAsset(std::string_view database, std::string_view asset, State& state,
                  std::vector<Problem>& problems) {
  TRY(const auto homes, Homes::Of(state, asset));
  const bool known = database.empty() ? !homes.empty() : homes.Find(database) != nullptr;
  if (known) return Ok();
  Odd(problems, database.empty()
                    ? fmt::format("no database has an asset \"{}\"", asset)
                    : fmt::format("the database \"{}\" has no asset \"{}\"", database, asset));
  return Ok();
}

// `partition`: of the table of versions, with the versions of one asset.  They are read together,
// because the files of neighbouring versions follow each other.
Status CheckVersionExists(std::string_view table, std::string_view partition,
                          std::string_view version, State& state, std::vector<Problem>& problems) {
  TRY(const auto rows, state.QueryShared(table, "", partition));
  const bool exists = std::ranges::any_of(
      *rows, [version](const Item& row) { return row.Text(kVersionId) == version; });
  if (!exists) Odd(problems, fmt::format("there is no version {} of \"{}\"", version, partition));
  return Ok();
}

// The application looks for versions under the plain database id; the upstream script leaves the
// mark of archived assets in the key.
void CheckMark(std::string_view database, const Context& cx, std::vector<Problem>& problems) {
  if (cx.settings.dialect == Dialect::kCorrected && IsArchivedMark(database))
    Odd(problems, fmt::format("the key has the database id \"{}\", where the application does "
                              "not look; `vams migrate repair` mends it",
                              database));
}

Status CheckVersion2(const Item& row, const Context& cx, std::vector<Problem>& problems) {
  const auto parts = SplitAssetKey(row.Text(kAssetKey));
  if (!parts) {
    Broken(problems,
           fmt::format("the key \"{}\" names no database and asset", row.Text(kAssetKey)));
    return Ok();
  }
  if (row.Text(kAssetId) != parts->asset || row.Text(kDatabaseId) != parts->database)
    Odd(problems, fmt::format("the key \"{}\" and the attributes databaseId and assetId say "
                              "different things",
                              row.Text(kAssetKey)));
  CheckMark(parts->database, cx, problems);
  return CheckAsset(parts->database, parts->asset, cx.state, problems);
}

Status CheckFile2(const Item& row, const Context& cx, std::vector<Problem>& problems) {
  const auto parts = SplitVersionKey2(row.Text(kVersionKey2));
  if (!parts) {
    Broken(problems, fmt::format("the key \"{}\" names no database, asset and version",
                                 row.Text(kVersionKey2)));
    return Ok();
  }
  const std::string asset_key = Join(parts->database, parts->asset);
  if (row.Text(kAssetKey) != asset_key)
    Odd(problems, fmt::format("the key \"{}\" and the attribute databaseId:assetId say "
                              "different things",
                              row.Text(kVersionKey2)));
  CheckMark(parts->database, cx, problems);
  TRY_OK(CheckVersionExists(kVersions2, asset_key, parts->version, cx.state, problems));
  return CheckAsset(parts->database, parts->asset, cx.state, problems);
}

Status CheckFile1(const Item& row, const Context& cx, std::vector<Problem>& problems) {
  const auto parts = SplitVersionKey1(row.Text(kVersionKey1));
  if (!parts) {
    // Rows that were never migrated come back as they were.
    Odd(problems, fmt::format("the key \"{}\" names no asset and version", row.Text(kVersionKey1)));
    return Ok();
  }
  TRY_OK(CheckVersionExists(kVersions1, parts->asset, parts->version, cx.state, problems));
  return CheckAsset({}, parts->asset, cx.state, problems);
}

Status CheckSnapshot(const Item& row, const Context& cx, std::vector<Problem>& problems) {
  const auto asset_key = AssetKeyOfSnapshot(row);
  if (!asset_key) {
    // The upstream script leaves such rows; going down they come back as they were.
    Odd(problems,
        fmt::format("the key \"{}\" names no database, asset and version", row.Text(kVersionKey2)));
    return Ok();
  }
  TRY(auto reason, WhyNoSnapshot(row, cx.state));
  if (!reason.empty()) Odd(problems, std::move(reason));
  return Ok();
}

class Step25 final : public Step {
 public:
  tables::DataVersion from() const override { return {2, 4}; }
  tables::DataVersion to() const override { return {2, 5}; }
  std::vector<const Phase*> Phases(Dialect dialect) const override {
    return {&AssetVersionsPhase(dialect), &FileVersionsPhase(dialect), &SnapshotsPhase(dialect)};
  }

  Result<std::vector<Problem>> CheckRecord(Direction direction, const Record& record,
                                           const Context& cx) const override {
    std::vector<Problem> problems;
    const Item& row = record.item;
    if (record.table == kVersions2) {
      TRY_OK(CheckVersion2(row, cx, problems));
    } else if (record.table == kFiles2) {
      TRY_OK(CheckFile2(row, cx, problems));
    } else if (record.table == kVersions1) {
      TRY_OK(CheckAsset({}, row.Text(kAssetId), cx.state, problems));
    } else if (record.table == kFiles1) {
      TRY_OK(CheckFile1(row, cx, problems));
    } else if (record.table == kSnapshots) {
      TRY_OK(CheckSnapshot(row, cx, problems));
      if (direction == Direction::kUp && row.Text(kAssetKey).empty() && AssetKeyOfSnapshot(row))
        Broken(problems, "the attribute databaseId:assetId is missing");
    }
    return problems;
  }
};

}  // namespace

}  // namespace v25

const Step& Step24To25() {
  static const v25::Step25 step;
  return step;
}

}  // namespace vams::migrate
