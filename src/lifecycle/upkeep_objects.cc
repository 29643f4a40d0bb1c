#include "lifecycle/upkeep_objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "tables/system_tables.h"

namespace vams::lifecycle {

namespace {

constexpr std::string_view kSystemPrefix = "sys.";
constexpr std::int64_t kUploadDay = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kUploadMillis = 7 * kUploadDay;
constexpr std::int64_t kEndedUploadMillis = kUploadDay;

std::vector<objects::BlobReferenceTable> ReferenceTables() {
  return {{.table = std::string(tables::kObjectVersionsTable)},
          {.table = std::string(tables::kUploadPartsTable)}};
}

// Those that work in progress builds are left out: what they refer to, a generation does too.
Result<std::vector<files::Path>> ItemStoresOf(const Stack& stack) {
  std::vector<files::Path> stores;
  const auto folder = stack.folder / "generations";
  std::error_code ec;
  std::filesystem::directory_iterator it(folder, ec);
  for (const std::filesystem::directory_iterator end; !ec && it != end; it.increment(ec))
    if (!it->path().filename().string().starts_with(".")) stores.push_back(it->path() / "items.db");
  if (ec) return files::ErrnoError("list", folder, ec.value());
  std::sort(stores.begin(), stores.end());
  return stores;
}

Status CheckTablesKnown(OpContext& op, items::ItemSource& source, const files::Path& path) {
  TRY(const auto specs, source.Tables(op));
  for (const auto& spec : specs)
    if (spec.name.starts_with(kSystemPrefix) && tables::FindSystemTable(spec.name) == nullptr)
      return Error(Code::kNotSupported,
                   fmt::format("{} has a table {} that this release does not know, and which may "
                               "refer to objects; nothing was done; use the release that wrote it",
                               path.string(), spec.name));
  return Ok();
}

objects::BlobReferenceSource ReferencesOf(const Stack& stack, OpContext& op) {
  return [&stack, &op](const objects::BlobReferenceVisitor& visit) -> Status {
    TRY(const auto paths, ItemStoresOf(stack));
    const auto tables = ReferenceTables();
    for (const auto& path : paths) {
      TRY(const auto store, items::OpenSqliteStore(path, {.read_only = true, .readers = 1}));
      TRY(const auto view, store->OpenSnapshot(op));
      TRY_OK(CheckTablesKnown(op, *view, path));
      TRY_OK(objects::VisitBlobReferences(op, *view, tables, visit));
    }
    return Ok();
  };
}

// Ends what was begun before that time and never completed; its parts are collected.
Result<std::uint64_t> AbortOldUploads(objects::ObjectStore& store, std::int64_t before_millis,
                                      OpContext& op) {
  std::uint64_t count = 0;
  objects::ListUploadsRequest request{.created_before_millis = before_millis};
  do {
    TRY(const auto page, store.ListUploads(op, request));
    for (const auto& upload : page.uploads) {
      auto aborted = store.AbortUpload(op, upload.upload_id);
      // Completed or aborted meanwhile.
      if (!aborted.ok() && aborted.error().code == Code::kNotFound) continue;
      TRY_OK(aborted);
      ++count;
    }
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return count;
}

}  // namespace

Result<objects::BlobCheck> CheckObjects(
    const Stack& stack, const objects::EncryptionChoice& encryption, bool read_data, OpContext& op,
    const std::function<void(const objects::BlobFinding& finding)>& found) {
  TRY(const auto blobs, objects::OpenBlobs(stack.blobs(), encryption));
  return objects::BlobUpkeep::Check(op, *blobs, ReferencesOf(stack, op), read_data, found);
}

Result<objects::BlobCollection> CollectObjects(const Stack& stack,
                                               const objects::EncryptionChoice& encryption,
                                               const objects::CollectOptions& options,
                                               const Clock& clock, OpContext& op) {
  std::optional<files::FileLock> lock;
  if (!options.dry_run) {
    TRY(lock, LockStack(stack, "vams objects collect", clock));
  }
  TRY(const auto blobs, objects::OpenBlobs(stack.blobs(), encryption));
  return objects::BlobUpkeep::Collect(op, *blobs, ReferencesOf(stack, op), options);
}

Result<std::string> ReplaceStackKey(const Stack& stack, const objects::EncryptionChoice& encryption,
                                    const files::Path& old_key, const Clock& clock,
                                    Random& random) {
  TRY(const auto lock, LockStack(stack, "vams objects rewrap", clock));
  return objects::ReplaceStackKey(stack.blobs(), encryption, old_key, random);
}

Result<UpkeepReport> UpkeepOnce(const Stack& stack, objects::BlobStore& blobs,
                                objects::ObjectStore& store, const Clock& clock, OpContext& op) {
  UpkeepReport report;
  const std::int64_t now = clock.NowMillis();
  TRY(report.uploads_aborted, AbortOldUploads(store, now - kUploadMillis, op));
  TRY(report.uploads_forgotten, store.Tidy(op, now - kEndedUploadMillis));
  TRY(report.collection, objects::BlobUpkeep::Collect(op, blobs, ReferencesOf(stack, op), {}));
  return report;
}

}  // namespace vams::lifecycle
