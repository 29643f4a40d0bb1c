// Copies the tables of an AWS VAMS from the names and region of one deployment to those of another,
// as upstream's A/B script does: named by its own configuration file (MigrationSchema_….json), but
// verified, and refusing what it would overwrite.  Spec: lifecycle.md section 7, migrations.md
// section 7.
//
// One thread, which blocks on the network for as long as the tables are large.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"

namespace vams::lifecycle::ab {

struct TableMapping {
  std::string descriptor;  // "assetStorageTable"
  std::string from, to;    // names there
};

struct CopySchema {
  std::string region_from, region_to;
  std::vector<TableMapping> tables;
  std::vector<std::string> buckets;  // descriptors of those that name any
};

// kInvalid with every problem, a line each.
Result<CopySchema> ReadCopySchema(const files::Path& path);

struct CopyOptions {
  bool resume = false;   // rows that are there already are expected, and replaced
  bool dry_run = false;  // counts and checks, writes nothing
  std::function<void(std::string_view table, std::uint64_t rows)> progress;
};

struct CopiedTable {
  std::string table, from, to;
  std::uint64_t rows = 0;     // read
  std::uint64_t present = 0;  // rows of the destination afterwards
  bool same = false;          // by count and digest
};
boost::json::object ToJson(const CopiedTable& table);

// Looks at all tables before it writes to one: kNotFound for a table that is not there, kInvalid
// for one with other keys, kConflict for a destination that holds rows.
Status CheckCopy(OpContext& op, items::ItemSource& from, items::ItemSource& to,
                 const CopySchema& schema, const CopyOptions& options);
// Both stores know the tables by their descriptors.
Result<CopiedTable> CopyTable(OpContext& op, items::ItemSource& from, items::ItemStore& to,
                              const TableMapping& table, const CopyOptions& options);

}  // namespace vams::lifecycle::ab
