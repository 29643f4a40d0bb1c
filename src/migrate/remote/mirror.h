// Brings tables of a remote store into a local SQLite item store, once, so that everything else
// about a migration happens on this machine.  Resumable: every segment's place is kept with the
// rows that have come.  Spec: lifecycle.md section 8; docs/operations/migrate-aws.md.
//
// Blocks for as long as the tables are large; reads with threads of its own.  Memory is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "items/store.h"
#include "migrate/journal.h"
#include "migrate/phase_run.h"
#include "migrate/remote/upstream_config.h"

namespace vams::migrate::remote {

// The shape in which a table of that version is kept here.
Result<std::vector<items::TableSpec>> LocalSpecs(const std::vector<NamedTable>& tables,
                                                 tables::DataVersion version);

// Proves that every table is there and has the keys that its name promises, before anything is
// written anywhere.  kInvalid with the whole list: configuration key, physical name, what was
// found.
Status CheckTables(OpContext& op, items::ItemSource& remote, const std::vector<NamedTable>& tables,
                   std::string_view file);

struct MirrorJob {
  items::ItemSource& remote;
  std::vector<items::TableSpec> tables;
  files::Path path;            // of the store; created if absent
  Journal* journal = nullptr;  // nullptr: not resumable
  // At most that many rows of these tables, as upstream's --limit; 0: all.
  std::uint64_t limit = 0;
  std::set<std::string, std::less<>> limited;
  int threads = 8;
  OnProgress on_progress;
};

// The store at `path` holds the tables when it returns.  Rows by table.  After an error the same
// call goes on where it stopped.
Result<std::map<std::string, std::uint64_t>> Mirror(OpContext& op, const MirrorJob& job);

// Brings only the rows whose keys one of the `known` stores has: what a run of a part of the data
// is about.  Not resumable: the store's tables are made anew.
Status MirrorKnown(OpContext& op, items::ItemSource& remote,
                   const std::vector<items::TableSpec>& tables,
                   const std::vector<items::ItemSource*>& known, const files::Path& path);

// Calls `visit` for every encoded row of a table, from `threads` threads at once, as a scan in
// segments gives them; `visit` is told which thread it is called from.
Status ScanInParallel(OpContext& op, items::ItemSource& source, std::string_view table, int threads,
                      const std::function<Status(int thread, std::string_view encoded)>& visit);

}  // namespace vams::migrate::remote
