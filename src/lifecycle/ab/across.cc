// The follower where the two sides have different data versions.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/follower.h"
#include "lifecycle/ab/follower_rows.h"
#include "lifecycle/ab/stack_source.h"
#include "lifecycle/ab/tables.h"
#include "objects/blob_references.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::ab {

namespace {

constexpr std::size_t kAcrossPage = 500;

}  // namespace

Status Follower::CopyThroughSteps(OpContext& op, const SourceLook& look) {
  TRY(crossing_, Crossing::Between(look.data_version, tables::kNewest, setup_.state));
  TRY(auto builder, GenerationBuilder::ForStack(setup_.registry, setup_.stack));
  TRY(const auto work, files::TempFolder::Create(setup_.stack.folder, kWork));
  const files::Path clone = work.path() / "source.db";
  TRY_OK(source_.Clone(op, clone));
  Tell("migrating", true);
  TRY(const auto result, crossing_->Whole(op, clone, work.path()));
  TRY_OK(items::SealSqliteStore(result));
  if (::link(result.c_str(), builder.items().c_str()) != 0)
    return files::ErrnoError("move", result, errno);
  {
    TRY(const auto store, items::OpenSqliteStore(clone, {.read_only = true}));
    TRY(position_, store->LastChange(op));
  }
  {
    TRY(const auto store, items::OpenSqliteStore(builder.items(), {.clock = &setup_.clock}));
    TRY(const auto specs, store->Tables(op));
    std::vector<items::TableSpec> missing;
    for (auto& spec : TablesOfGeneration(tables::kNewest))
      if (std::ranges::find(specs, spec.name, &items::TableSpec::name) == specs.end())
        missing.push_back(std::move(spec));
    TRY_OK(store->CreateTables(op, missing));
    TRY(blobs_,
        objects::OpenBlobs(setup_.stack.blobs(), setup_.encryption, {.clock = &setup_.clock}));
    TRY_OK(FetchReferred(op, *store));
    TRY_OK(CommitPosition(op, *store, look.generation, position_));
    for (const auto& spec : specs) {
      TRY(const std::uint64_t rows, store->Count(op, spec.name));
      progress_.rows += rows;
    }
  }
  TRY(setup_.stack, builder.Publish(tables::kNewest,
                                    {{"kind", "ab"},
                                     {"from", look.stack},
                                     {"dataVersion", look.data_version.ToString()},
                                     {"deployment", setup_.state.deployment},
                                     {"generation", look.generation},
                                     {"position", position_},
                                     {"whole", position_}},
                                    {}));
  return Ok();
}

// Every content that the store's records refer to.
Status Follower::FetchReferred(OpContext& op, items::ItemStore& store) {
  const objects::BlobReferenceTable tables[] = {
      {.table = std::string(tables::kObjectVersionsTable)},
      {.table = std::string(tables::kUploadPartsTable)}};
  std::vector<backup::Content> contents;
  TRY_OK(objects::VisitBlobReferences(op, store, tables,
                                      [&](std::string_view sha256, std::uint64_t size) -> Status {
                                        TRY(const auto digest, objects::DigestFromHex(sha256));
                                        contents.push_back({digest, size});
                                        return Ok();
                                      }));
  return FetchMissing(op, std::move(contents));
}

// `source` is how the other side was at `to`.
Status Follower::CarryTo(OpContext& op, items::ItemSource& source, items::Position to) {
  std::vector<backup::Content> contents;
  for (items::Position at = position_; at < to;) {
    TRY(const auto page, source_.Changes(op, at, kAcrossPage, std::chrono::milliseconds(0)));
    if (page.changes.empty()) break;
    at = page.next;
    for (const auto& change : page.changes)
      if (change.after && RefersToContents(change.table))
        TRY_OK(backup::ContentsOfItem(*change.after, contents));
  }
  TRY_OK(FetchMissing(op, std::move(contents)));
  TRY(const auto work, files::TempFolder::Create(setup_.stack.folder, kWork));
  const auto changes = [this](OpContext& reading, items::Position after, std::size_t limit) {
    return source_.Changes(reading, after, limit, std::chrono::milliseconds(0));
  };
  TRY(const std::uint64_t carried,
      crossing_->Carry(op, source, changes, position_, to, *store_, work.path()));
  TRY_OK(CommitPosition(op, *store_, generation_, to));
  position_ = to;
  progress_.applied += carried;
  return Ok();
}

Result<bool> Follower::StepAcross(OpContext& op, std::chrono::milliseconds wait) {
  TRY(const auto page, source_.Changes(op, position_, 1, wait));
  if (page.changes.empty()) {
    progress_.source_position = position_;
    progress_.lag_millis = 0;
    Tell("following");
    return false;
  }
  TRY(const auto view, source_.OpenView(op));
  TRY(const items::Position last, view->LastChange(op));
  progress_.source_position = last;
  TRY(const auto look, source_.Look(op));
  progress_.lag_millis =
      std::max<std::int64_t>(0, look.now_millis - page.changes.front().at_millis);
  TRY_OK(CarryTo(op, *view, last));
  Tell("following");
  return true;
}

Status Follower::DrainAcross(OpContext& op, items::Position position) {
  if (position_ >= position) return Ok();
  TRY(const auto view, source_.OpenView(op));
  TRY(const items::Position last, view->LastChange(op));
  if (last != position)
    return Error(
        Code::kUnavailable,
        fmt::format("{} goes on being written; nothing was switched; try again", source_.Where()));
  return CarryTo(op, *view, position);
}

// What the whole transformation makes of the source at one position is what is compared with.
Result<Inventory> Follower::InventoryAcross(OpContext& op, std::vector<std::string>& names) {
  TRY(const auto work, files::TempFolder::Create(setup_.stack.folder, kWork));
  const files::Path clone = work.path() / "source.db";
  TRY_OK(source_.Clone(op, clone));
  items::Position position = 0;
  {
    TRY(const auto store, items::OpenSqliteStore(clone, {.read_only = true}));
    TRY(position, store->LastChange(op));
    if (position > position_) TRY_OK(CarryTo(op, *store, position));
  }
  TRY(const auto result, crossing_->Whole(op, clone, work.path()));
  TRY(const auto store, items::OpenSqliteStore(result, {.read_only = true}));
  TRY(const auto there, store->Tables(op));
  // What was lost and set aside is told by each run in its own way.
  std::erase_if(names, [&](const std::string& name) {
    return name == tables::kResidueTable || name == tables::kFindingsTable ||
           std::ranges::find(there, name, &items::TableSpec::name) == there.end();
  });
  TRY(auto inventory, InventoryOf(op, *store, names));
  inventory.position = position;
  return inventory;
}

}  // namespace vams::lifecycle::ab
