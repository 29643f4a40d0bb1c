// The objects' part of imports and exports: listings, bytes, and where they stand.  For import.cc
// and export.cc.
#pragma once

#include "lifecycle/export.h"
#include "lifecycle/import.h"

namespace vams::lifecycle {

// Whether the listings can be read and the folders are there: asked before anything is made,
// because what follows takes long.
Status CheckObjectSources(const ImportRequest& request,
                          const std::vector<ImportRequest::Objects>& listings);

// Records what the listings list (the request's and those found beside tables), takes bytes from
// the request's folders; fills in report.objects.
Status ImportObjects(items::ItemStore& store, const files::Path& blobs,
                     const ImportRequest& request,
                     const std::vector<ImportRequest::Objects>& listings, ImportReport& report,
                     OpContext& op);

// Writes _s3-objects.json if there are objects, and their bytes if the request names a folder for
// them.
Status ExportObjects(items::ItemSource& view, const files::Path& blobs,
                     const ExportRequest& request, ExportReport& report, OpContext& op);

}  // namespace vams::lifecycle
