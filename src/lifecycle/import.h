// Bringing a VAMS data set into a stack: lifecycle.md sections 2 and 4, docs/formats/aws-export.md.
//
// Everything is read, verified and its data version found before the first row is stored; the rows
// go into a new generation that becomes current in one rename.  After an error the stack is as it
// was. Blocks for as long as the data set is large.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/stack.h"
#include "objects/encryption_keys.h"
#include "tables/detect_version.h"

namespace vams::lifecycle {

struct ImportRequest {
  std::string stack;
  std::vector<files::Path> from;                    // later rows win on equal keys
  std::map<std::string, std::string> map;           // physical -> canonical table name
  std::optional<tables::DataVersion> data_version;  // nothing: as detected
  bool partial = false;                             // take what is readable
  bool merge = false;                 // into a stack that has rows: those stay, imported rows win
  std::optional<std::string> config;  // of a stack that is made; the text of the file
  // A listing with its bucket (empty: the listing says), a synced folder with its bucket (empty:
  // its first level).
  struct Objects {
    std::string bucket;
    files::Path path;
  };
  std::vector<Objects> listings, folders;
  bool etags_are_md5 = true;  // false for buckets encrypted with KMS or customer keys
  objects::EncryptionChoice encryption = {};  // of the stack's blobs
};

struct ImportReport {
  struct Table {
    std::string canonical;
    std::string physical;           // of the last source
    std::uint64_t read = 0;         // rows in the sources
    std::uint64_t stored = 0;       // distinct keys
    bool of_other_version = false;  // rows that a newer deployment has put there: kept
  };
  std::string stack;
  std::uint64_t generation = 0;
  bool created = false;
  tables::DataVersion data_version;
  std::optional<tables::Detection> detection;  // nothing when only objects were imported
  std::vector<Table> tables;                   // with rows or named by a source, by name
  std::uint64_t rows = 0, bytes = 0;           // read
  std::vector<std::string> problems;           // with `partial`
  std::uint64_t problem_count = 0;
  struct Objects {
    std::uint64_t listed = 0, present = 0, absent = 0, filled = 0, bytes = 0;
    std::vector<std::string> problems;
  } objects;
};

// Called now and then with what is going on and how many rows it concerns so far.
using Progress = std::function<void(std::string_view phase, std::uint64_t rows)>;

// kCorrupt: a source is damaged or is no data set.  kConflict: refused (the stack has rows, is in
// use, or the evidence of the data version contradicts itself).  kInvalid: names that fit no table.
Result<ImportReport> Import(const StackRegistry& registry, const ImportRequest& request,
                            const Clock& clock, OpContext& op, const Progress& progress);

}  // namespace vams::lifecycle
