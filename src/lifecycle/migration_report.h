// The report of a migration for machines and people: report.json and a page without outside parts,
// report.html.  Spec: lifecycle.md section 8.  Thread-safe; WriteReports blocks on disk.
#pragma once

#include <string>

#include "lifecycle/migrate_stack.h"

namespace vams::lifecycle {

std::string HtmlReport(const MigrationReport& report);
// Into report.folder.
Status WriteReports(const MigrationReport& report);

}  // namespace vams::lifecycle
