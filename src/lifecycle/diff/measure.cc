#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/diff/change_set.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::diff {

namespace {

// Tables up to this size are read whole; of others, so many rows from so many places.
constexpr std::uint64_t kReadWhole = 5000;
constexpr std::size_t kPlaces = 16;
constexpr std::size_t kRowsOfPlace = 250;
constexpr std::size_t kPage = 10000;

Result<Extent> ExtentOf(OpContext& op, items::ItemSource& source, const std::string& table,
                        bool& estimated) {
  Extent extent;
  TRY(extent.rows, source.Count(op, table));
  const bool whole = extent.rows <= kReadWhole;
  std::vector<items::Segment> segments{{}};
  if (!whole) {
    TRY(segments, source.SplitScan(op, table, kPlaces));
    estimated = true;
  }
  std::uint64_t rows = 0, bytes = 0;
  const auto add = [&](std::string_view encoded) {
    ++rows;
    bytes += encoded.size();
    return Ok();
  };
  for (const auto& segment : segments) {
    std::string after;
    do {
      TRY_OK(op.Check());
      TRY(after, source.ScanEncoded(op, table, segment, after, whole ? kPage : kRowsOfPlace, add));
    } while (whole && !after.empty());
  }
  extent.bytes = whole || rows == 0 ? bytes
                                    : static_cast<std::uint64_t>(static_cast<double>(bytes) /
                                                                 static_cast<double>(rows) *
                                                                 static_cast<double>(extent.rows));
  return extent;
}

Status AddBuckets(OpContext& op, items::ItemSource& source, Usage& usage) {
  std::string after;
  do {
    TRY_OK(op.Check());
    TRY(after, source.ScanEncoded(op, tables::kObjectVersionsTable, {}, after, kPage,
                                  [&](std::string_view encoded) -> Status {
                                    TRY(const auto item, items::DecodeItem(encoded));
                                    TRY(const auto version, objects::VersionFromItem(item));
                                    Extent& bucket = usage.buckets[version.bucket];
                                    ++bucket.rows;
                                    if (version.present()) bucket.bytes += version.size;
                                    return Ok();
                                  }));
  } while (!after.empty());
  return Ok();
}

}  // namespace

Result<Usage> Measure(OpContext& op, items::ItemStore& store) {
  TRY(const auto view, store.OpenSnapshot(op));
  TRY(const auto specs, view->Tables(op));
  Usage usage;
  for (const auto& spec : specs) {
    TRY(usage.tables[spec.name], ExtentOf(op, *view, spec.name, usage.bytes_estimated));
    if (spec.name == tables::kObjectVersionsTable) TRY_OK(AddBuckets(op, *view, usage));
  }
  return usage;
}

Result<Usage> Measure(OpContext& op, const Stack& stack) {
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  return Measure(op, *store);
}

}  // namespace vams::lifecycle::diff
