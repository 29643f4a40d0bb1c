// The runs of migrations on somebody else's tables, on disk: <work>/<number>/ with journal, local
// copies and reports.  Format: docs/formats/migration-journal.md and
// docs/operations/migrate-aws.md.
//
// Plain functions; whoever writes holds the work folder's lock.  Blocks on disk.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "files/files.h"
#include "migrate/index/schema.h"
#include "migrate/journal.h"
#include "migrate/remote/upstream_config.h"
#include "migrate/steps.h"

namespace vams::migrate::remote {

// Search indexes that a run fills at its end.
struct SearchPlan {
  std::string url;
  index::IndexNames names;
  index::Part part = index::Part::kBoth;
  bool clear = false;
};

// What a run was planned to do; its first journal entry.
struct RemotePlan {
  std::string kind;  // "migrate", "reverse", "repair"
  tables::DataVersion from, to;
  std::vector<Leg> path;  // one leg; none: only the reindex phase
  Settings settings;
  std::vector<NamedTable> tables;
  std::uint64_t limit = 0;  // 0: all rows
  std::string reindex_function, reindex_payload;
  std::optional<SearchPlan> search;
  std::string reverses;  // the run that a reversal undoes

  // Tables that it may write, canonical, by name.
  std::vector<std::string> WrittenTables() const;
};

boost::json::object ToJson(const RemotePlan& plan);
Result<RemotePlan> PlanFrom(const boost::json::object& object);
// Whether both would do the same to the same tables (the time and the run's id apart).
bool SameWork(const RemotePlan& a, const RemotePlan& b);

struct RemoteRecord {
  std::string id;  // "0001"
  files::Path folder;
  RemotePlan plan;
  Stage stage = Stage::kPlanned;
  std::vector<boost::json::object> entries;

  // A run that met rows changed by others reads the tables again: another round.
  int round() const;
  bool write_begun() const;  // whether the remote tables may hold some of its rows
  files::Path journal() const { return folder / "journal.jsonl"; }
  // What the tables held at the beginning of a round; of the first, the complete copy.
  files::Path now(int round) const;
  // What the round transforms: what the tables held, or that and rows that belong to it.
  files::Path source(int round) const;
  files::Path build(int round) const;
  files::Path result(int round) const { return build(round) / "stage-1.db"; }
};

// All runs, oldest first.
Result<std::vector<RemoteRecord>> RemoteRecords(const files::Path& work);
Result<RemoteRecord> CreateRecord(const files::Path& work, RemotePlan plan, const Clock& clock);
// The journal's present content.
Status Refresh(RemoteRecord& record);

}  // namespace vams::migrate::remote
