// Migrations of an AWS-shaped target: tables that a configuration file of upstream names, reached
// through an item store whose table names are the canonical ones.  Spec: lifecycle.md section 4
// ("AWS-shaped targets") and 8, docs/operations/migrate-aws.md.
//
// A run copies the tables here (mirror.h), takes the step on this machine with the same engine as a
// self-hosted stack, proves the result, writes only what differs (apply.h), and proves the remote
// tables.  Every function takes the locks it needs, blocks for as long as the tables are large, and
// may be called again after any crash: it goes on where the work stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "migrate/index/fill.h"
#include "migrate/remote/apply.h"
#include "migrate/remote/record.h"
#include "migrate/remote/reindex.h"
#include "migrate/verify.h"

namespace vams::migrate::remote {

struct RemoteOptions {
  Dialect dialect = Dialect::kCorrected;
  std::map<std::string, std::string, std::less<>> owners;
  bool quarantine_ambiguous = false;
  bool strict = false;  // writes nothing when records were quarantined
  bool skip_backup = false;
  bool lock = true;  // --no-lock
  bool create_lock_table = true;
  bool again = false;  // a finished run of the same work does not end the matter
  std::string operator_name;
  int threads = 2;         // of the work on this machine
  int remote_threads = 8;  // of reading
  std::chrono::milliseconds heartbeat = std::chrono::seconds(20);
};

// What only the caller can do.  Any may be empty.
struct Hooks {
  // Makes sure that a table can be brought back to what it is now: a sentence about how.
  // kNotSupported when the server cannot.
  std::function<Result<std::string>(OpContext& op, std::string_view table)> protect;
  Invoke invoke;
  // The server whose indexes are filled; may be nullptr where the configuration names none.
  search::RawIndexes* search = nullptr;
  // Brings the listing of the assets' buckets into sys.objects of a store (objects/listing.h).
  std::function<Status(OpContext& op, items::ItemStore& store)> list_objects;
};

struct RemoteJob {
  const UpstreamConfig& config;
  items::ItemStore& store;
  // Where the lock's table is; nullptr: `store`.
  items::ItemStore* lock_store = nullptr;
  files::Path work;
  const Clock& clock;
  RemoteOptions options;
  Hooks hooks;
  OnProgress on_progress;
};

struct RemoteReport {
  std::string id, kind;  // id is empty for a rehearsal
  std::string config;    // the file's name
  tables::DataVersion from, to;
  Dialect dialect = Dialect::kCorrected;
  std::vector<std::string> path;
  std::vector<NamedTable> tables;
  bool dry_run = false, nothing_to_do = false, resumed = false, strict_stop = false;
  bool finished = false;  // the tables hold the result, and that is proved
  int rounds = 1;
  std::string started_at, finished_at;
  std::int64_t millis = 0;
  std::map<std::string, std::uint64_t> read;  // rows by table
  std::vector<LegOutcome> legs;
  std::vector<Verification> verifications;
  Changes changes;
  std::uint64_t refused = 0;             // rows that the server did not take; quarantined
  std::map<std::string, Digest> proved;  // of the remote tables, read again at the end
  std::vector<std::string> protections;  // how each table that is changed in place can come back
  std::vector<std::string> notices;
  std::string reindex;                  // what the function answered, or what was filled
  std::optional<Error> reindex_failed;  // the data is migrated and proved all the same
  std::vector<index::Found> indexes;    // of search that are on the server
  std::optional<index::FillOutcome> search;
  std::optional<Error> interrupted;  // the same command goes on
  files::Path folder;

  std::uint64_t quarantined() const;
};

// Reads everything, makes the result in a folder that is thrown away, and tells exactly what would
// be written.  Writes nothing that is remote.
Result<RemoteReport> PlanRemote(OpContext& op, const RemoteJob& job);
// With the configuration's dry_run it is PlanRemote, except that ambiguous records are errors.
Result<RemoteReport> RunRemote(OpContext& op, const RemoteJob& job);
// Undoes the newest run of this configuration's step that is not undone yet, keeping what was
// written since.  kConflict when the work folder holds none, or a newer one of another step.
Result<RemoteReport> ReverseRemote(OpContext& op, const RemoteJob& job);
// Mends what upstream's script left in tables of the configuration's newer version.
Result<RemoteReport> RepairRemote(OpContext& op, const RemoteJob& job);
// The reindex phase alone: the function once, kInternal with its own words when it failed; or the
// search indexes from the tables as they are now, which hold the configuration's newer version.
Result<ReindexOutcome> ReindexRemote(OpContext& op, const RemoteJob& job);

struct RemoteProof {
  RemoteReport report;                // of the run that is proved
  std::vector<std::string> checks;    // what holds
  std::vector<std::string> failures;  // what does not
  std::vector<std::string> changed;   // tables written to since, with counts and samples
};
// Proves again that the tables hold what the newest finished run left there.
Result<RemoteProof> VerifyRemote(OpContext& op, const RemoteJob& job);

// Gives up an unfinished run that has written nothing to the remote tables.
Result<RemoteRecord> CancelRemote(const files::Path& work, const Clock& clock);

boost::json::object ToJson(const RemoteReport& report);
std::string HtmlReport(const RemoteReport& report);

}  // namespace vams::migrate::remote
