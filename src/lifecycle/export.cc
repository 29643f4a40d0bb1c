#include "lifecycle/export.h"

#include <fmt/format.h>

#include "items/sqlite/sqlite_store.h"
#include "lifecycle/import_objects.h"

namespace vams::lifecycle {

namespace {

constexpr std::size_t kScanPage = 10000;

// The folder must be new or empty: mixing two exports would make a data set that never was.
Status CheckTarget(const files::Path& to) {
  std::error_code ec;
  if (!std::filesystem::exists(to, ec)) return files::MakeFolders(to);
  if (!std::filesystem::is_directory(to, ec))
    return Error(
        Code::kInvalid,
        fmt::format("{} is no folder; nothing was exported; name a new or empty folder with --to",
                    to.string()));
  if (!std::filesystem::is_empty(to, ec) && !ec)
    return Error(
        Code::kConflict,
        fmt::format("{} is not empty; nothing was exported; name a new or empty folder with --to",
                    to.string()));
  if (ec) return files::ErrnoError("read", to, ec.value());
  return Ok();
}

}  // namespace

Result<ExportReport> Export(const StackRegistry& registry, const ExportRequest& request,
                            const Clock& clock, Random& random, OpContext& op,
                            const Progress& progress) {
  TRY(const Stack stack, registry.Get(request.stack));
  TRY_OK(CheckTarget(request.to));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(const auto view, store->OpenSnapshot(op));
  const std::int64_t now = clock.NowMillis();

  ExportReport report;
  report.data_version = stack.current.data_version;
  TRY(const auto specs, view->Tables(op));
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    TRY(const auto writer, items::aws::ExportWriter::Open({.folder = request.to,
                                                           .format = request.format,
                                                           .physical_name = spec.name,
                                                           .canonical_name = spec.name,
                                                           .export_time_millis = now},
                                                          clock, random));
    std::string after;
    do {
      TRY_OK(op.Check());
      TRY(after, view->ScanEncoded(op, spec.name, {}, after, kScanPage,
                                   [&](std::string_view encoded) { return writer->Add(encoded); }));
    } while (!after.empty());
    TRY(const auto written, writer->Finish());
    report.tables.push_back({spec.name, written.items});
    report.rows += written.items;
    report.bytes += written.stored_bytes;
    progress("wrote " + spec.name, report.rows);
  }
  TRY_OK(ExportObjects(*view, stack.blobs(), request, report, op));
  return report;
}

}  // namespace vams::lifecycle
