// Writing a stack's data as a VAMS data set: lifecycle.md sections 2 and 3,
// docs/formats/aws-export.md. A consistent view is written while the stack may be serving.  Blocks
// for as long as the data is large.
#pragma once

#include "items/aws/export_writer.h"
#include "lifecycle/import.h"
#include "lifecycle/stack.h"

namespace vams::lifecycle {

struct ExportRequest {
  std::string stack;
  files::Path to;
  items::aws::ExportFormat format = items::aws::ExportFormat::kDynamoDb;
  std::optional<files::Path> objects;         // where object bytes go, as a synced bucket has them
  objects::EncryptionChoice encryption = {};  // of the stack's blobs
};

struct ExportReport {
  struct Table {
    std::string canonical;
    std::uint64_t rows = 0;
  };
  std::vector<Table> tables;
  tables::DataVersion data_version;
  std::uint64_t rows = 0, bytes = 0;
  std::uint64_t objects_listed = 0, objects_copied = 0;
  std::vector<std::string> problems;  // of objects
};

// kConflict if `to` has files of such an export already; what was written before an error stays.
Result<ExportReport> Export(const StackRegistry& registry, const ExportRequest& request,
                            const Clock& clock, Random& random, OpContext& op,
                            const Progress& progress);

}  // namespace vams::lifecycle
