// Upstream's own configuration files of its four migration scripts, read so that
// `vams migrate run --config FILE` can stand in for `./run_migration.sh FILE`.
// Spec: migrations.md sections 3.1, 4.2, 5.1 and 6.1; lifecycle.md section 2.
//
// Which step a file is for follows from its keys.  Everything that is wrong with a file is told at
// once, each with its key: unknown keys with the nearest known one, wrong types, names that were
// never filled in.
//
// Plain values and pure functions; ReadUpstreamConfig blocks on disk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"
#include "tables/data_version.h"

namespace vams::migrate::remote {

// What the command line says; each wins over the file.
struct Overrides {
  // Text by configuration key, such as "assets_table_name"; see KeyOfArgument.
  std::map<std::string, std::string, std::less<>> texts;
  // Tables that upstream's files do not name: canonical name -> physical name.
  std::map<std::string, std::string, std::less<>> tables;
  std::optional<bool> dry_run, delete_old_data, clear_v2, clear_indexes;
  std::optional<std::uint64_t> limit, batch_size;
  // What upstream's files have no word for: indexes that are filled from here (SearchTarget).
  std::string opensearch_url, opensearch_assets, opensearch_files, opensearch_documents;
};

// Search indexes on an OpenSearch server that are filled directly, in place of calling a function.
struct SearchTarget {
  std::string url;            // empty: none
  std::string assets, files;  // names of indexes or aliases; empty: upstream's of the version
  friend bool operator==(const SearchTarget&, const SearchTarget&) = default;
};

struct NamedTable {
  std::string canonical;
  std::string physical;
  std::string key;  // of the file that named it; empty: named on the command line, or found
};

struct UpstreamConfig {
  std::string file;  // for messages
  tables::DataVersion from, to;
  std::vector<NamedTable> tables;  // by canonical name
  bool dry_run = false;
  std::optional<std::uint64_t> limit;
  std::uint64_t batch_size = 25;  // checked, and otherwise of no effect: the engine has its own
  std::string profile, region;    // empty: as AWS tools find them
  std::string log_level = "INFO";
  std::string base_assets_prefix = "/";
  std::string asset_bucket;
  std::string reindex_function;  // empty: no reindex phase
  std::string reindex_operation = "both";
  bool clear_indexes = false;
  SearchTarget opensearch;
  std::vector<std::string>
      notices;  // sentences for the operator: phases left out, deletions put off

  const NamedTable* Find(std::string_view canonical) const;
  std::map<std::string, std::string> PhysicalNames() const;  // canonical -> physical
};

// kInvalid with the whole list of what is wrong.  `file` is its name for messages.
Result<UpstreamConfig> ParseUpstreamConfig(std::string_view json, std::string_view file,
                                           const Overrides& overrides = {});
Result<UpstreamConfig> ReadUpstreamConfig(const files::Path& path, const Overrides& overrides = {});

// The configuration key for an argument of upstream's scripts ("--assets-table" gives
// "assets_table_name"); empty if none of them had it.
std::string_view KeyOfArgument(std::string_view argument);

// Whether a value was left as a template has it: empty, YOUR_…, <…>, …XXXX…, PROD_…_NAME.
bool IsPlaceholder(std::string_view value);

// The tables that the step of this configuration reads or writes, or that search documents are made
// from, and that it does not name.
std::vector<std::string> TablesNotNamed(const UpstreamConfig& config);
// Adds those of them whose physical name is certain: a name of the form of a CDK stack's table,
// with the same stack in front as a table that the configuration names.  Returns the canonical
// names added, each with a notice.
std::vector<std::string> AddSiblings(UpstreamConfig& config,
                                     const std::vector<std::string>& physical_names);

}  // namespace vams::migrate::remote
