// A data set folder as it comes from AWS: point-in-time exports to S3, folders of item lines,
// outputs of table scans.  OpenDataset finds the tables and how each is stored; ReadTable streams
// one. Formats and what is verified: docs/formats/aws-export.md; spec: lifecycle.md sections 3
// and 4.
//
// Both functions are thread-safe and block on disk; different tables may be read at the same time.
// Errors name the file and, inside it, line and JSON path.  kInvalid: not this kind of data, or
// content that DynamoDB would not hold; kCorrupt: damaged, cut off or incomplete.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"

namespace vams::items::aws {

struct DataFile {
  files::Path path;
  std::optional<std::uint64_t> items;  // what its manifest says
  std::string md5;                     // of the stored bytes, 16 bytes; empty: not known
};

struct TableFiles {
  enum class Layout : std::uint8_t {
    kExport,  // point-in-time export: data files and their manifests
    kLines,   // one {"Item":{…}} per line
    kScan,    // output of `aws dynamodb scan`
  };

  std::string physical_name;  // as AWS or the file calls it
  Layout layout = Layout::kLines;
  std::vector<DataFile> files;
  files::Path where;        // the export's folder, or the file
  std::string export_time;  // kExport: the moment the data is of, ISO 8601; else empty
};

std::string_view LayoutName(TableFiles::Layout layout);

struct Dataset {
  std::vector<TableFiles> tables;              // by physical name, which is unique
  std::optional<files::Path> objects_listing;  // _s3-objects.json beside the tables
};

// `where`: a folder that holds exports at any depth up to six and table files at its top, or one
// table file, or the folder of one export.  Manifests and their checksums are verified here, data
// files when they are read.  kNotFound when there is nothing to read.
Result<Dataset> OpenDataset(const files::Path& where);

// Where an item came from; lives as long as the call of the visitor.
struct Origin {
  const files::Path& file;
  std::uint64_t line;  // from 1; of a scan: where the item begins
};

// Gets each item in stored form (codec.h); the view dies with the call.  Its error ends the
// reading.
using ItemVisitor = std::function<Status(std::string_view encoded, const Origin& origin)>;

struct ReadOptions {
  // Take what is readable: pass over damaged lines, go on behind damaged files, accept scans that
  // are not complete.  Every loss is in the report.
  bool partial = false;
};

struct ReadReport {
  std::uint64_t items = 0;  // handed to the visitor
  std::uint64_t bytes = 0;  // of JSON text read
  // With `partial`: what was damaged, as messages; the first 1000, and how many there were.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
};

// Without `partial` the first damage is the error.  A file's checksum and count are known only at
// its end, after its items were visited: keep them apart until the whole table is read.
Result<ReadReport> ReadTable(const TableFiles& table, const ReadOptions& options,
                             const ItemVisitor& visit);

}  // namespace vams::items::aws
