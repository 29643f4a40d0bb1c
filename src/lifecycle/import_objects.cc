#include "lifecycle/import_objects.h"

#include <fmt/format.h>

#include "objects/blob_store.h"
#include "objects/listing.h"
#include "objects/object_export.h"
#include "objects/object_import.h"
#include "tables/system_tables.h"

namespace vams::lifecycle {

namespace {
constexpr char kListingName[] = "_s3-objects.json";
}

Status CheckObjectSources(const ImportRequest& request,
                          const std::vector<ImportRequest::Objects>& listings) {
  for (const auto& listing : listings)
    TRY_OK(objects::ListingReader::Open(listing.path, listing.bucket));
  for (const auto& folder : request.folders) {
    std::error_code ec;
    if (!std::filesystem::is_directory(folder.path, ec))
      return Error(Code::kNotFound,
                   fmt::format("there is no folder {}; nothing was imported; check the path",
                               folder.path.string()));
  }
  return Ok();
}

Status ImportObjects(items::ItemStore& store, const files::Path& blobs,
                     const ImportRequest& request,
                     const std::vector<ImportRequest::Objects>& listings, ImportReport& report,
                     OpContext& op) {
  if (!listings.empty() || !request.folders.empty()) {
    TRY(const auto blob_store, objects::OpenBlobs(blobs, request.encryption));
    objects::ObjectImporter importer(store, *blob_store,
                                     {.etags_are_md5 = request.etags_are_md5, .on_progress = {}});
    for (const auto& listing : listings)
      TRY_OK(importer.AddListing(op, listing.path, listing.bucket));
    for (const auto& folder : request.folders)
      TRY_OK(importer.AddFolder(op, folder.path, folder.bucket));
    const auto& done = importer.report();
    report.objects.listed = done.listed;
    report.objects.filled = done.filled + done.created;
    report.objects.bytes = done.bytes;
    report.objects.problems = done.problems;
  }
  TRY(const auto counts, objects::CountObjects(op, store));
  report.objects.present = counts.present;
  report.objects.absent = counts.absent;
  return Ok();
}

Status ExportObjects(items::ItemSource& view, const files::Path& blobs,
                     const ExportRequest& request, ExportReport& report, OpContext& op) {
  TRY(const auto any, view.Scan(op, tables::kObjectsTable, {}, "", 1));
  if (any.items.empty()) return Ok();
  TRY(report.objects_listed, objects::WriteListing(op, view, request.to / kListingName));
  if (!request.objects) return Ok();
  TRY(const auto blob_store, objects::OpenBlobs(blobs, request.encryption));
  TRY(const auto copied, objects::CopyObjects(op, view, *blob_store, *request.objects));
  report.objects_copied = copied.copied;
  report.problems = copied.problems;
  return Ok();
}

}  // namespace vams::lifecycle
