// Migrating a self-hosted stack: plan, run, verify, reverse, repair, cancel.  Spec: lifecycle.md
// sections 4, 5 and 8, migrations.md, docs/operations/migrations.md.
//
// Every change builds a new generation beside the current one and switches to it in one rename;
// until then nothing that serves is touched.  The functions take the stack's lock, block for as
// long as the data is large, and may be called again after any crash: they go on where the work
// stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/migration_record.h"
#include "lifecycle/stacks/kept_config.h"
#include "tables/detect_version.h"

namespace vams::lifecycle {

struct MigrateOptions {
  std::optional<tables::DataVersion> to;  // nothing: the newest (reverse: where it came from)
  migrate::Dialect dialect = migrate::Dialect::kCorrected;
  std::map<std::string, std::string, std::less<>> owners;
  bool quarantine_ambiguous = false;
  // Does not cut over when records were quarantined.
  bool strict = false;
  // Does everything, verification included, in the work folder, and throws it away.
  bool dry_run = false;
  std::string asset_bucket;
  std::string base_assets_prefix = "/";
  int threads = 2;
  std::uint64_t chunk_rows = migrate::kChunkRows;

  // Of an operation (lifecycle/update), which keeps others away itself: the caller holds the
  // stack's lock, or has had the server that holds it frozen.
  bool caller_keeps_others_away = false;
  // What the new generation has; nothing: the configuration of the stack.  Of an operation that has
  // had generations keep theirs.
  std::optional<BroughtConfig> config;
  // Called when everything is built and proved and nothing serves yet; an error keeps it so, and
  // the next run goes on from there.
  std::function<Status(const struct MigrationReport& report)> before_cut_over;
};

struct MigrationReport {
  std::string stack, id, kind;  // id is empty for a plan or a dry run
  tables::DataVersion from, to;
  migrate::Dialect dialect = migrate::Dialect::kCorrected;
  std::vector<std::string> path;
  bool dry_run = false;
  bool nothing_to_do = false;  // the data is where it should be already
  bool resumed = false;
  bool strict_stop = false;  // records were quarantined, and the operator wanted none
  std::uint64_t source_generation = 0, result_generation = 0;
  std::string started_at, finished_at;
  std::int64_t millis = 0;
  std::vector<migrate::LegOutcome> legs;
  std::vector<migrate::Verification> verifications;
  // Of a reversal: how the result differs from the generation that it goes back to.
  struct Return {
    std::uint64_t generation = 0;                       // 0: it is not there any more
    std::uint64_t writes = 0;                           // changes made since it was superseded
    std::uint64_t added = 0, changed = 0, removed = 0;  // records
  };
  std::optional<Return> returned;
  // Where the work stopped without being lost; the same command goes on.
  std::optional<Error> interrupted;
  files::Path folder;  // with report.json and report.html; empty for a plan or a dry run

  std::uint64_t quarantined() const;
};

// The data version that all rows say together.  lifecycle.md section 5.2.
Result<tables::Detection> DetectVersion(OpContext& op, items::ItemSource& source);

// What a migration would do, from reading everything and writing nothing that stays.
struct MigrationEstimate {
  MigrationReport report;  // a count-only run
  tables::Detection detection;
  std::uint64_t rows = 0;          // of all tables
  std::uint64_t data_bytes = 0;    // of the item store
  std::int64_t seconds = 0;        // estimated, from a measured sample
  std::uint64_t needed_bytes = 0;  // estimated, at the most crowded moment
  std::uint64_t free_bytes = 0;
};

// kConflict: refused (the stack is in use, the data contradicts itself, records are ambiguous).
Result<MigrationEstimate> PlanMigration(const StackRegistry& registry, const std::string& stack,
                                        const MigrateOptions& options, const Clock& clock,
                                        OpContext& op, const migrate::OnProgress& progress);
Result<MigrationReport> RunMigration(const StackRegistry& registry, const std::string& stack,
                                     const MigrateOptions& options, const Clock& clock,
                                     OpContext& op, const migrate::OnProgress& progress);
// Back to where the last migration came from, with the writes made since.
Result<MigrationReport> ReverseMigration(const StackRegistry& registry, const std::string& stack,
                                         const MigrateOptions& options, const Clock& clock,
                                         OpContext& op, const migrate::OnProgress& progress);
// Mends what upstream's scripts left behind.
Result<MigrationReport> RepairStack(const StackRegistry& registry, const std::string& stack,
                                    const MigrateOptions& options, const Clock& clock,
                                    OpContext& op, const migrate::OnProgress& progress);

struct MigrationProof {
  MigrationReport report;             // of the migration that made the current generation
  std::vector<std::string> checks;    // what was proved
  std::vector<std::string> failures;  // what does not hold
  std::vector<std::string> remarks;   // what could not be proved, and why
};
// Proves again that the current generation is what its migration made of the generation before.
// `beside_others`: without the stack's lock; what is written meanwhile makes a remark of what would
// have been a failure.
Result<MigrationProof> VerifyMigration(const StackRegistry& registry, const std::string& stack,
                                       int threads, const Clock& clock, OpContext& op,
                                       const migrate::OnProgress& progress,
                                       bool beside_others = false);

// Gives up a migration that was not cut over, and its work.  kNotFound if there is none.
Result<MigrationRecord> CancelMigration(const StackRegistry& registry, const std::string& stack,
                                        const Clock& clock);

boost::json::object ToJson(const MigrationReport& report);

}  // namespace vams::lifecycle
