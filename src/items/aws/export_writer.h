// Writes one table in the layouts of dataset.h: a point-in-time export as AWS lays it out, or item
// lines.  Everything is written and synced under a hidden name and appears under its final name
// in one rename, whole.  Formats: docs/formats/aws-export.md; spec: lifecycle.md section 3.
//
// Not thread-safe; several writers may write different tables into one folder.  Blocks on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::items::aws {

enum class ExportFormat : std::uint8_t {
  kDynamoDb,  // <folder>/<physical name>/AWSDynamoDB/<export id>/…
  kLines,     // <folder>/<canonical name>.json
};

struct ExportOptions {
  files::Path folder;  // made if absent
  ExportFormat format = ExportFormat::kDynamoDb;
  std::string physical_name;            // the table as AWS would call it: folder and ARN
  std::string canonical_name;           // the table as the data version calls it: the lines' file
  std::int64_t export_time_millis = 0;  // the moment the items are of

  // What only AWS knows is filled in with these, as readers expect the fields.
  std::string region = "us-east-1";
  std::string account = "000000000000";
  std::string bucket = "vams-export";

  std::uint64_t data_file_bytes = std::uint64_t{256} << 20;  // of JSON text, then a new data file
  // Measured on item lines: the whole export takes about 0.55 times as long with level 1 as with 6
  // and 1.3 times the bytes; level 3 is close to 1 in both.
  int compression_level = 1;
};

struct ExportResult {
  files::Path path;  // the folder of the table, or the file
  std::uint64_t items = 0;
  std::uint64_t json_bytes = 0;    // of item lines
  std::uint64_t stored_bytes = 0;  // of them on disk
};

class ExportWriter {
 public:
  // kConflict if the table's folder or file is there already.
  static Result<std::unique_ptr<ExportWriter>> Open(const ExportOptions& options,
                                                    const Clock& clock, Random& random);
  // Without Finish nothing stays behind.
  ~ExportWriter();

  // An item in stored form; kCorrupt when it is damaged.  After an error the writer is used up.
  Status Add(std::string_view encoded);
  // Completes the export and gives it its name.  The writer is used up.
  Result<ExportResult> Finish();

 private:
  struct Impl;
  explicit ExportWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::items::aws
