// The manifests of one point-in-time export.  Internal to items/aws.  Blocks on disk.
#pragma once

#include "base/result.h"
#include "files/files.h"
#include "items/aws/dataset.h"

namespace vams::items::aws {

// Whether `folder` is that of an export, finished or not.
bool IsExportFolder(const files::Path& folder);

// Reads and verifies manifest-summary.json and manifest-files.json; data files need not be there.
Result<TableFiles> OpenExport(const files::Path& folder);

}  // namespace vams::items::aws
