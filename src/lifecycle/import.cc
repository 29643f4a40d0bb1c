#include "lifecycle/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <mutex>
#include <thread>

#include "base/fault_point.h"
#include "items/aws/dataset.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/import_objects.h"
#include "lifecycle/spool.h"
#include "tables/physical_names.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::size_t kReaders = 2;
constexpr std::size_t kMaxProblems = 1000;
constexpr std::size_t kImportPage = 10000;
// Three loads' worth of this stays well below the memory promised for an import.
constexpr std::size_t kSortMemory = std::size_t{64} << 20;

// Some files of one table of one source, read on their own.
struct Job {
  std::string canonical;
  std::string physical;
  items::aws::TableFiles files;
  std::optional<Spool> spool;
  Status status = Ok();
  items::aws::ReadReport report;
};

// The wording of the reader, as what it means for the import.
Error Damaged(Error error) {
  if (error.code == Code::kInvalid) error.code = Code::kCorrupt;
  error.message += "; nothing was imported";
  if (error.code == Code::kCorrupt)
    error.message += "; repair or replace the file, or take what is readable with --partial";
  return error;
}

struct Plan {
  std::vector<Job> jobs;           // in the order in which later rows win
  std::vector<std::string> named;  // canonical tables that a source has, with or without rows
  std::vector<ImportRequest::Objects> listings;
};

Result<Plan> MakePlan(const ImportRequest& request) {
  Plan plan;
  plan.listings = request.listings;
  auto unused = request.map;
  for (const auto& from : request.from) {
    auto dataset = items::aws::OpenDataset(from);
    if (!dataset.ok()) {
      Error error = std::move(dataset).error();
      if (error.code == Code::kInvalid) error.code = Code::kCorrupt;
      return error;
    }
    std::vector<std::string> physical;
    std::map<std::string, std::string> given;
    for (const auto& table : dataset->tables) {
      physical.push_back(table.physical_name);
      if (const auto mapped = request.map.find(table.physical_name); mapped != request.map.end()) {
        given.insert(*mapped);
        unused.erase(table.physical_name);
      }
    }
    TRY(const auto mapping, tables::MapNames(physical, given));
    if (auto complete = mapping.RequireComplete(); !complete.ok())
      return std::move(complete).error().With(from.string());
    for (const auto& [canonical, name] : mapping.physical_of) {
      plan.named.push_back(canonical);
      const auto table = std::find_if(dataset->tables.begin(), dataset->tables.end(),
                                      [&](const auto& t) { return t.physical_name == name; });
      // Files of one export hold different keys, so they can be read side by side; no more jobs
      // than readers, because every job has a spool, which holds memory and a file.
      const auto& all = table->files;
      const std::size_t parts = std::min(kReaders, all.size());
      for (std::size_t part = 0; part < parts; ++part) {
        Job job{
            .canonical = canonical, .physical = name, .files = *table, .spool = {}, .report = {}};
        const auto at = [&](std::size_t p) {
          return all.begin() + static_cast<std::ptrdiff_t>(all.size() * p / parts);
        };
        job.files.files.assign(at(part), at(part + 1));
        plan.jobs.push_back(std::move(job));
      }
    }
    if (dataset->objects_listing) plan.listings.push_back({"", *dataset->objects_listing});
  }
  if (!unused.empty())
    return Error(
        Code::kInvalid,
        fmt::format("--map names \"{}\", but no source has a table of that name; nothing was "
                    "imported; check the name",
                    unused.begin()->first));
  std::sort(plan.named.begin(), plan.named.end());
  plan.named.erase(std::unique(plan.named.begin(), plan.named.end()), plan.named.end());
  return plan;
}

// Reads every job into its spool; several at a time.
Status ReadAll(Plan& plan, const ImportRequest& request, const files::Path& folder,
               tables::VersionDetector& detector, OpContext& op, const Progress& progress) {
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> rows = 0;
  std::atomic<bool> failed = false;
  std::mutex detector_mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < plan.jobs.size() && !failed; i = next++) {
      Job& job = plan.jobs[i];
      job.spool.emplace(folder);
      auto report =
          items::aws::ReadTable(job.files, {.partial = request.partial},
                                [&](std::string_view encoded, const items::aws::Origin&) -> Status {
                                  if (failed) return Error(Code::kCancelled, "another file failed");
                                  if (rows.fetch_add(1, std::memory_order_relaxed) % 8192 == 0)
                                    TRY_OK(op.Check());
                                  {
                                    const std::lock_guard lock(detector_mutex);
                                    detector.See(job.canonical, encoded);
                                  }
                                  return job.spool->Add(encoded);
                                });
      auto settled = report.ok() ? job.spool->Settle() : Ok();
      if (report.ok() && settled.ok()) {
        job.report = *std::move(report);
      } else if (report.ok()) {
        job.status = std::move(settled);
        failed = true;
      } else {
        job.status = std::move(report).error();
        failed = true;
      }
    }
  };
  std::vector<std::thread> readers;
  for (std::size_t i = 1; i < std::min(kReaders, plan.jobs.size()); ++i) readers.emplace_back(work);
  work();
  for (auto& reader : readers) reader.join();
  progress("read", rows);
  TRY_OK(op.Check());
  const Job* cancelled = nullptr;
  for (const Job& job : plan.jobs) {
    if (job.status.ok()) continue;
    if (job.status.error().code == Code::kCancelled) {
      cancelled = &job;
      continue;
    }
    return Damaged(job.status.error());
  }
  if (cancelled != nullptr) return cancelled->status;
  return Ok();
}

// The tables of the generation: those of the version, and those that a newer deployment put rows
// into.
std::vector<items::TableSpec> TablesFor(tables::DataVersion version, const Plan& plan) {
  auto specs = TablesOfGeneration(version);
  for (const Job& job : plan.jobs) {
    const bool there = std::any_of(specs.begin(), specs.end(),
                                   [&](const auto& s) { return s.name == job.canonical; });
    if (there || job.spool->items() == 0) continue;
    if (const auto* table = tables::FindTableInAny(job.canonical))
      specs.push_back(tables::SpecOf(*table));
  }
  return specs;
}

// Copies a table of the stack as it was, ahead of what is imported.
Status CopyOld(items::ItemSource& old, items::BulkLoader& load, const std::string& table,
               OpContext& op) {
  std::string after;
  do {
    TRY(after, old.ScanEncoded(op, table, {}, after, kImportPage, [&](std::string_view encoded) {
      return load.AddEncoded(op, encoded);
    }));
  } while (!after.empty());
  return Ok();
}

// Of the rows taken with `partial`.
void AddProblem(ImportReport& report, std::string problem) {
  ++report.problem_count;
  if (report.problems.size() < kMaxProblems) report.problems.push_back(std::move(problem));
}

// Stores old and new rows, table by table.
Status StoreRows(items::ItemStore& store, items::ItemSource* old, Plan& plan,
                 const ImportRequest& request, ImportReport& report, OpContext& op,
                 const Progress& progress) {
  TRY(const auto specs, store.Tables(op));
  for (const auto& spec : specs) {
    const bool in_old = old != nullptr && old->Table(op, spec.name).ok();
    const bool named = std::binary_search(plan.named.begin(), plan.named.end(), spec.name);
    if (!in_old && !named) continue;
    TRY(auto load,
        store.OpenBulkLoad(op, spec.name, {.name = "import", .sort_memory = kSortMemory}));
    if (in_old) TRY_OK(CopyOld(*old, *load, spec.name, op));
    ImportReport::Table table{.canonical = spec.name, .physical = {}};
    for (Job& job : plan.jobs) {
      if (job.canonical != spec.name) continue;
      table.physical = job.physical;
      table.read += job.spool->items();
      auto added = job.spool->ForEach([&](std::string_view encoded) -> Status {
        auto row = load->AddEncoded(op, encoded);
        if (row.ok() || !request.partial || row.error().code != Code::kInvalid) return row;
        AddProblem(report, fmt::format("{}: {}", job.files.where.string(), row.error().message));
        return Ok();
      });
      if (!added.ok()) return Damaged(std::move(added).error().With(job.files.where.string()));
      job.spool.reset();
    }
    TRY(table.stored, load->Finish(op));
    VAMS_POINT("lifecycle.import.after_table");
    table.of_other_version = tables::FindTable(report.data_version, spec.name) == nullptr;
    report.rows += table.read;
    if (!items::IsSystemTable(spec.name) && (named || table.stored > 0))
      report.tables.push_back(table);
    progress("stored " + spec.name, report.rows);
  }
  return Ok();
}

json::array EvidenceJson(const tables::Detection& detection) {
  json::array evidence;
  for (const auto& e : detection.evidence)
    evidence.push_back(
        json::object{{"name", e.name}, {"table", e.table}, {"rows", e.count}, {"what", e.what}});
  return evidence;
}

json::object OriginJson(const ImportRequest& request, const ImportReport& report) {
  json::array sources;
  for (const auto& from : request.from) sources.push_back(json::string(from.string()));
  json::object origin{{"kind", "import"}, {"sources", sources}, {"merged", request.merge}};
  if (report.detection) origin["evidence"] = EvidenceJson(*report.detection);
  if (report.problem_count > 0) origin["problems"] = report.problem_count;
  return origin;
}

Result<json::object> CountTables(items::ItemStore& store, OpContext& op) {
  json::object counts;
  TRY(const auto specs, store.Tables(op));
  for (const auto& spec : specs) {
    TRY(const auto count, store.Count(op, spec.name));
    counts[spec.name] = count;
  }
  return counts;
}

Result<bool> HasRows(items::ItemSource& source, OpContext& op) {
  TRY(const auto specs, source.Tables(op));
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    TRY(const auto page, source.Scan(op, spec.name, {}, "", 1));
    if (!page.items.empty()) return true;
  }
  return false;
}

// What an existing stack contributes: its lock, and its rows, which stay.
struct Existing {
  Stack stack;
  files::FileLock lock;
  std::unique_ptr<items::ItemStore> store;
  bool has_rows = false;
};

Result<Existing> OpenExisting(const StackRegistry& registry, const ImportRequest& request,
                              const Clock& clock, OpContext& op) {
  TRY(auto stack, registry.Get(request.stack));
  TRY(auto lock, LockStack(stack, "vams import", clock));
  TRY(auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(const bool has_rows, HasRows(*store, op));
  if (has_rows && !request.merge && !request.from.empty())
    return Error(
        Code::kConflict,
        fmt::format("stack \"{}\" has rows already (data version {}); nothing was imported; import "
                    "into another stack, or add --merge to keep its rows and let imported ones win",
                    stack.name, stack.current.data_version.ToString()));
  if (request.config)
    return Error(
        Code::kConflict,
        fmt::format("stack \"{}\" exists and has its configuration; nothing was imported; leave "
                    "--config out",
                    stack.name));
  return Existing{std::move(stack), std::move(lock), std::move(store), has_rows};
}

// The version to store as: what the data says, checked against what the user and the stack say.
Result<tables::DataVersion> DecideVersion(const ImportRequest& request, const Existing* existing,
                                          ImportReport& report) {
  if (request.from.empty()) return existing->stack.current.data_version;
  if (request.data_version) {
    TRY_OK(tables::Reconcile(*report.detection, *request.data_version));
    return *request.data_version;
  }
  if (existing != nullptr && existing->has_rows) {
    const Stack& stack = existing->stack;
    if (auto fits = tables::Reconcile(*report.detection, stack.current.data_version); !fits.ok())
      return std::move(fits).error().With(
          fmt::format("stack \"{}\" has data version {}, and its rows and the imported ones do "
                      "not go together as that; nothing was imported; import into a stack "
                      "of its own, or say what they are together with --data-version",
                      stack.name, stack.current.data_version.ToString()));
    return stack.current.data_version;
  }
  return tables::VersionOf(*report.detection);
}

Status SeeOldRows(items::ItemSource& old, tables::VersionDetector& detector, OpContext& op) {
  TRY(const auto specs, old.Tables(op));
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    std::string after;
    do {
      TRY(after,
          old.ScanEncoded(op, spec.name, {}, after, kImportPage, [&](std::string_view encoded) {
            detector.See(spec.name, encoded);
            return Ok();
          }));
    } while (!after.empty());
  }
  return Ok();
}

void CollectProblems(const Plan& plan, ImportReport& report) {
  for (const Job& job : plan.jobs) {
    report.bytes += job.report.bytes;
    report.problem_count += job.report.problem_count;
    for (const auto& problem : job.report.problems)
      if (report.problems.size() < kMaxProblems) report.problems.push_back(problem);
  }
}

}  // namespace

Result<ImportReport> Import(const StackRegistry& registry, const ImportRequest& request,
                            const Clock& clock, OpContext& op, const Progress& progress) {
  TRY_OK(CheckStackName(request.stack));
  if (request.from.empty() && request.listings.empty() && request.folders.empty())
    return Error(Code::kInvalid, "there is nothing to import; give a data set with --from PATH");
  if (request.from.empty() && request.data_version)
    return Error(Code::kInvalid,
                 "--data-version says of which version rows are, but no rows are given; add --from "
                 "PATH or leave it out");
  ImportReport report;
  report.stack = request.stack;
  TRY(Plan plan, MakePlan(request));
  TRY_OK(CheckObjectSources(request, plan.listings));

  std::optional<Existing> existing;
  if (registry.Exists(request.stack)) {
    TRY(existing, OpenExisting(registry, request, clock, op));
  } else if (request.from.empty()) {
    // Objects alone need a stack to belong to; the registry's error says which there are.
    TRY([[maybe_unused]] const auto stack, registry.Get(request.stack));
  }
  report.created = !existing;
  TRY(auto builder, existing
                        ? GenerationBuilder::ForStack(registry, existing->stack)
                        : GenerationBuilder::ForNewStack(registry, request.stack, request.config));

  tables::VersionDetector detector;
  for (const auto& named : plan.named) detector.SeeTable(named, true);
  if (existing && existing->has_rows) TRY_OK(SeeOldRows(*existing->store, detector, op));
  TRY_OK(ReadAll(plan, request, builder.folder(), detector, op, progress));
  CollectProblems(plan, report);
  if (!request.from.empty()) report.detection = detector.Finish();
  TRY(report.data_version, DecideVersion(request, existing ? &*existing : nullptr, report));

  json::object counts;
  {
    TRY(const auto store, items::OpenSqliteStore(builder.items(), {.clock = &clock}));
    const auto specs = TablesFor(report.data_version, plan);
    TRY_OK(store->CreateTables(op, specs));
    if (existing) {
      // Tables of the old generation that are neither of this version nor named here still have
      // rows to keep.
      TRY(const auto old_specs, existing->store->Tables(op));
      for (const auto& spec : old_specs)
        if (!store->Table(op, spec.name).ok()) TRY_OK(store->CreateTables(op, std::span(&spec, 1)));
    }
    TRY_OK(StoreRows(*store, existing ? existing->store.get() : nullptr, plan, request, report, op,
                     progress));
    TRY_OK(ImportObjects(*store, builder.blobs(), request, plan.listings, report, op));
    TRY(counts, CountTables(*store, op));
  }
  if (existing) existing->store.reset();
  TRY(const Stack stack,
      builder.Publish(report.data_version, OriginJson(request, report), std::move(counts)));
  report.generation = stack.current.number;
  TRY_OK(AppendHistory(stack,
                       {{"operation", "import"},
                        {"result", "done"},
                        {"generation", stack.current.number},
                        {"dataVersion", report.data_version.ToString()},
                        {"rows", report.rows}},
                       clock));
  return report;
}

}  // namespace vams::lifecycle
