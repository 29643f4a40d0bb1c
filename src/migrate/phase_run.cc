#include "migrate/phase_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/fault_point.h"
#include "base/json.h"
#include "items/aws/dynamodb_json.h"
#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/batch_queue.h"
#include "migrate/residue.h"
#include "migrate/unit.h"
#include "migrate/unit_source.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

constexpr std::size_t kBatchRows = 256;
constexpr std::size_t kQueueBytes = std::size_t{4} << 20;
// Memory in which rows are sorted before they go to disk: the tables that a phase writes share one,
// what stands beside them has another.
constexpr std::size_t kTablesMemory = std::size_t{24} << 20;
constexpr std::size_t kBesideMemory = std::size_t{4} << 20;
constexpr std::size_t kUnitsMemory = std::size_t{16} << 20;
constexpr std::size_t kSegmentsPerTable = 8;

using Clock_ = std::chrono::steady_clock;

// One part of one table, and how far it has been read.
struct Input {
  std::size_t table = 0;  // of the phase's reads
  items::Segment segment;
  std::string after;
  bool done = false;
};

std::string Sample(const items::TableSpec* spec, const Output::Remark& remark) {
  if (spec == nullptr) return remark.text;
  return fmt::format("{}: {}", items::DescribeKey(*spec, items::KeyOf(*spec, remark.record)),
                     remark.text);
}

// Records for people, one a line.
std::string Shown(const std::vector<Record>& records) {
  constexpr std::size_t kRecords = 6, kBytes = 1500;
  std::string text;
  for (std::size_t i = 0; i < records.size() && i < kRecords; ++i) {
    if (items::IsSystemTable(records[i].table)) return {};
    std::string record =
        fmt::format("{} {}", records[i].table, items::aws::ToJson(records[i].item));
    if (record.size() > kBytes) {
      std::size_t end = kBytes;
      while (end > 0 && (static_cast<unsigned char>(record[end]) & 0xc0) == 0x80) --end;
      record = record.substr(0, end) + "…";
    }
    text += record + "\n";
  }
  if (records.size() > kRecords) text += fmt::format("… and {} more\n", records.size() - kRecords);
  return text;
}

// ---- From records to rows
// --------------------------------------------------------------------------------

// The sinks of a phase: the tables that it writes, then residue, findings, groups.
struct Sinks {
  std::vector<std::string_view> tables;
  std::size_t residue() const { return tables.size(); }
  std::size_t findings() const { return tables.size() + 1; }
  std::size_t units() const { return tables.size() + 2; }
  std::size_t count() const { return tables.size() + 3; }
};

// Turns units into rows of a batch.  One per thread.
class Transformer {
 public:
  Transformer(OpContext& op, const PhaseJob& job, const Sinks& sinks, items::ItemSource* lookups,
              const ResidueFilter& filter)
      : job_(job),
        sinks_(sinks),
        state_(op, job.source, lookups),
        cx_{job.settings, state_},
        find_(ResidueFinder(op, job.source, job.step, job.direction, filter)),
        versions_(job.direction == Direction::kUp ? TablePair{job.step.from(), job.step.to()}
                                                  : TablePair{job.step.to(), job.step.from()}),
        scope_(ScopeOf(job.step, job.direction)) {}

  // A record of the source state.
  Status See(std::size_t table, std::string_view encoded, Batch& batch) {
    const std::string_view name = ReadsOf(job_.phase.info(), job_.direction)[table];
    batch.read.resize(ReadsOf(job_.phase.info(), job_.direction).size());
    digests_.Add(batch.read[table], encoded);
    TRY(auto item, items::DecodeItem(encoded));
    Record record{name, std::move(item)};
    const items::TableSpec* spec = SpecFor(name, versions_.source);
    if (spec == nullptr)
      return Error(Code::kInternal, fmt::format("phase {} reads {}, which is in no data version",
                                                job_.phase.info().name, name));
    // A record in a table that its version does not have (a newer deployment has put it there) is
    // no output of the way back, so it comes back as it is.
    if (!items::IsSystemTable(name) && tables::FindTable(versions_.source, name) == nullptr)
      AddResidue({.kind = Residue::Kind::kWhole,
                  .table = std::string(name),
                  .key = items::KeyOf(*spec, record.item),
                  .original = record.item,
                  .base = {},
                  .original_key = std::nullopt},
                 batch);
    TRY(const auto group, job_.phase.GroupOf(job_.direction, record, cx_));
    if (group) {
      batch.Add(sinks_.units(),
                EncodeGrouped(*group, table, items::EncodeItem(items::KeyOf(*spec, record.item)),
                              encoded));
      return Ok();
    }
    Unit unit;
    unit.records.push_back(std::move(record));
    return Transform(unit, batch);
  }

  Status Transform(const Unit& unit, Batch& batch) {
    const bool sample = batch.outcome.samples.empty();
    std::string before = sample ? Shown(unit.records) : std::string();
    TRY(auto result, TransformUnit(job_.phase, job_.direction, versions_, unit, cx_, find_));
    Output& out = result.output;
    ++batch.outcome.units;
    if (sample) batch.outcome.samples.push_back({std::move(before), Shown(out.puts)});
    for (const auto& put : out.puts) {
      buffer_.clear();
      items::AppendItem(buffer_, put.item);
      const std::size_t sink = SinkOf(put.table);
      batch.put.resize(sinks_.tables.size());
      digests_.Add(batch.put[sink], buffer_);
      batch.Add(sink, buffer_);
    }
    for (const auto& residue : result.residue) AddResidue(residue, batch);
    if (job_.settings.quarantine_ambiguous) {
      for (auto& remark : out.ambiguous) out.quarantined.push_back(std::move(remark));
      out.ambiguous.clear();
    }
    AddFindings(FindingKind::kQuarantined, out.quarantined, batch.outcome.quarantined, batch);
    AddFindings(FindingKind::kNote, out.notes, batch.outcome.notes, batch);
    for (const auto& remark : out.ambiguous)
      batch.outcome.Count(batch.outcome.ambiguous, remark.code,
                          Sample(SpecFor(remark.table, versions_.source), remark));
    for (const auto& remark : out.defects)
      batch.outcome.Count(batch.outcome.defects, remark.code,
                          Sample(SpecFor(remark.table, versions_.source), remark));
    return Ok();
  }

 private:
  std::size_t SinkOf(std::string_view table) const {
    for (std::size_t i = 0; i < sinks_.tables.size(); ++i)
      if (sinks_.tables[i] == table) return i;
    VAMS_CHECK(false);  // TransformUnit has refused it
  }

  void AddResidue(const Residue& residue, Batch& batch) {
    ++batch.outcome.residue;
    batch.Add(sinks_.residue(),
              items::EncodeItem(
                  ResidueItem(ResidueScope(job_.step, job_.direction, residue.table), residue)));
  }

  void AddFindings(FindingKind kind, const std::vector<Output::Remark>& remarks,
                   std::map<std::string, RemarkCount>& counts, Batch& batch) {
    for (const auto& remark : remarks) {
      const items::TableSpec* spec = SpecFor(remark.table, versions_.source);
      batch.outcome.Count(counts, remark.code, Sample(spec, remark));
      if (spec != nullptr)
        batch.Add(sinks_.findings(), items::EncodeItem(FindingItem(scope_, kind, *spec, remark)));
    }
  }

  const PhaseJob& job_;
  const Sinks& sinks_;
  State state_;
  const Context cx_;
  const FindResidue find_;
  const TablePair versions_;
  const std::string scope_;
  DigestBuilder digests_;
  std::string buffer_;
};

files::Path UnitsPath(const PhaseJob& job) {
  return job.scratch / fmt::format("{}.units.db", job.phase.info().name);
}
files::Path LookupsPath(const PhaseJob& job) {
  return job.scratch / fmt::format("{}.lookups.db", job.phase.info().name);
}

// ---- The run
// -----------------------------------------------------------------------------------------------

class PhaseRun {
 public:
  PhaseRun(OpContext& op, const PhaseJob& job)
      : op_(op), job_(job), reads_(ReadsOf(job.phase.info(), job.direction)) {
    sinks_.tables = WritesOf(job.phase.info(), job.direction);
    outcome_.phase = job.phase.info().name;
    outcome_.what = job.phase.info().what;
  }

  Result<PhaseOutcome> Run() {
    started_ = Clock_::now();
    TRY_OK(PlanInputs());
    TRY_OK(OpenScratch());
    TRY_OK(OpenLoaders());
    TRY(const auto filter,
        ResidueFilter::Build(op_, job_.source, job_.step, job_.direction, sinks_.tables));
    filter_ = filter;
    if (!read_all_) {
      TRY_OK(ReadInputs());
      VAMS_POINT("migrate.inputs_read");
      // Before the groups are sorted: whoever resumes later finds all inputs read.
      TRY_OK(Checkpoint());
      TRY_OK(FinishLoader(sinks_.units()));
      read_all_ = true;
      TRY_OK(Checkpoint());
    }
    TRY_OK(ReadGroups());
    VAMS_POINT("migrate.groups_read");
    // Counting alone, they are part of the answer.
    if (Total(outcome_.ambiguous) > 0 && job_.destination != nullptr) return Undecided();
    for (std::size_t sink = 0; sink < sinks_.count(); ++sink) TRY_OK(FinishLoader(sink));
    outcome_.millis += MillisSince(started_);
    return std::move(outcome_);
  }

 private:
  // The inputs must be the same in every attempt, so they are journaled before the first is read.
  Status PlanInputs() {
    const std::string name(job_.phase.info().name);
    if (job_.journal != nullptr)
      if (const json::object* planned = job_.journal->Last("inputs", job_.leg, name);
          planned != nullptr) {
        for (const auto& entry : planned->at("inputs").as_array()) {
          const auto& input = entry.as_object();
          inputs_.push_back({.table = NumberOf(input, "table"),
                             .segment = {Base64Decode(TextOf(input, "segment")).value_or("")},
                             .after = {},
                             .done = false});
        }
        return Ok();
      }
    json::array inputs;
    for (std::size_t table = 0; table < reads_.size(); ++table) {
      auto segments = job_.source.SplitScan(op_, reads_[table], kSegmentsPerTable);
      if (!segments.ok() && segments.error().code == Code::kNotFound) continue;
      if (!segments.ok()) return std::move(segments).error();
      for (auto& segment : *segments) {
        inputs.push_back(json::object{{"table", table}, {"segment", Base64Encode(segment.token)}});
        inputs_.push_back(
            {.table = table, .segment = std::move(segment), .after = {}, .done = false});
      }
    }
    if (job_.journal == nullptr) return Ok();
    return job_.journal->Append(
        "inputs", {{"leg", job_.leg}, {"phase", name}, {"inputs", std::move(inputs)}});
  }

  // The stores for groups and lookups.  Lookups are made anew in every attempt: they are small
  // beside the work, and need no journal.
  Status OpenScratch() {
    if (job_.journal == nullptr) TRY_OK(items::RemoveSqliteStore(UnitsPath(job_)));
    TRY(units_store_, items::OpenSqliteStore(UnitsPath(job_)));
    const auto spec = UnitsTable();
    TRY_OK(units_store_->CreateTables(op_, std::span(&spec, 1)));
    const auto& wanted = LookupsOf(job_.phase.info(), job_.direction);
    if (wanted.empty()) return Ok();
    TRY_OK(items::RemoveSqliteStore(LookupsPath(job_)));
    TRY(lookups_store_, items::OpenSqliteStore(LookupsPath(job_)));
    return BuildLookups(op_, job_.source, *lookups_store_, wanted);
  }

  // Opens all loads and takes up the oldest checkpoint that they agree on: rows added again behind
  // it replace themselves.
  Status OpenLoaders() {
    loaders_.resize(sinks_.count());
    std::optional<std::string> oldest;
    bool all_resumed = true;
    std::uint64_t oldest_number = 0;
    for (std::size_t sink = 0; sink < sinks_.count(); ++sink) {
      if (IsFinished(sink) || !IsUsed(sink)) continue;
      items::ItemStore* store = sink == sinks_.units() ? units_store_.get() : job_.destination;
      if (store == nullptr) continue;
      TRY(loaders_[sink],
          store->OpenBulkLoad(
              op_, TableOf(sink),
              {.log = items::BulkLog::kNone, .name = LoadName(), .sort_memory = MemoryOf(sink)}));
      const auto token = loaders_[sink]->resumed_from();
      if (!token) {
        all_resumed = false;
        continue;
      }
      TRY(const auto number, CheckpointNumber(*token));
      if (!oldest || number < oldest_number) {
        oldest = token;
        oldest_number = number;
      }
    }
    if (oldest && all_resumed) return TakeUp(*oldest);
    return Ok();
  }

  // A phase that carries the residue or the findings over leaves none of its own.
  bool IsUsed(std::size_t sink) const {
    const bool own = sink == sinks_.residue() || sink == sinks_.findings();
    return !own || std::none_of(sinks_.tables.begin(), sinks_.tables.end(), items::IsSystemTable);
  }

  std::string TableOf(std::size_t sink) const {
    if (sink == sinks_.units()) return std::string(kUnitsTable);
    if (sink == sinks_.residue()) return std::string(tables::kResidueTable);
    if (sink == sinks_.findings()) return std::string(tables::kFindingsTable);
    return std::string(sinks_.tables[sink]);
  }
  std::size_t MemoryOf(std::size_t sink) const {
    if (sink == sinks_.units()) return kUnitsMemory;
    if (sink >= sinks_.residue()) return kBesideMemory;
    return kTablesMemory / sinks_.tables.size();
  }
  std::string LoadName() const { return fmt::format("{} {}", job_.leg, job_.phase.info().name); }

  // Whether a load was finished by an earlier attempt; then there is nothing to resume.
  bool IsFinished(std::size_t sink) const {
    if (job_.journal == nullptr) return false;
    const std::string name(job_.phase.info().name), table = TableOf(sink);
    for (const auto& entry : job_.journal->entries())
      if (TextOf(entry, "event") == "loaded" && TextOf(entry, "leg") == job_.leg &&
          TextOf(entry, "phase") == name && TextOf(entry, "table") == table)
        return true;
    return false;
  }

  static Result<std::uint64_t> CheckpointNumber(const std::string& token) {
    boost::system::error_code ec;
    const json::value value = json::parse(token, ec);
    if (ec || !value.is_object())
      return Error(Code::kCorrupt,
                   "the checkpoint of a bulk load is damaged; cancel the migration "
                   "and start again");
    return NumberOf(value.as_object(), "n");
  }

  Status TakeUp(const std::string& token) {
    boost::system::error_code ec;
    const json::value parsed = json::parse(token, ec);
    const json::object& object = parsed.as_object();  // CheckpointNumber has looked
    number_ = NumberOf(object, "n");
    const auto& positions = object.at("inputs").as_array();
    if (positions.size() != inputs_.size())
      return Error(Code::kCorrupt,
                   "the checkpoint of a bulk load and the journal disagree; cancel "
                   "the migration and start again");
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const auto& position = positions[i].as_object();
      inputs_[i].after = Base64Decode(TextOf(position, "after")).value_or("");
      inputs_[i].done = position.at("done").as_bool();
    }
    read_all_ = object.at("readAll").as_bool();
    groups_.after = Base64Decode(TextOf(object, "groupsAfter")).value_or("");
    groups_.last_group = Base64Decode(TextOf(object, "lastGroup")).value_or("");
    TRY(outcome_, OutcomeFrom(object.at("outcome").as_object()));
    return Ok();
  }

  Status Checkpoint() {
    if (job_.journal == nullptr) return Ok();
    ++number_;
    since_checkpoint_ = 0;
    PhaseOutcome so_far = outcome_;
    so_far.millis += MillisSince(started_);
    json::array inputs;
    for (const auto& input : inputs_)
      inputs.push_back(json::object{{"after", Base64Encode(input.after)}, {"done", input.done}});
    const std::string token =
        json::serialize(json::object{{"n", number_},
                                     {"inputs", std::move(inputs)},
                                     {"readAll", read_all_},
                                     {"groupsAfter", Base64Encode(groups_.after)},
                                     {"lastGroup", Base64Encode(groups_.last_group)},
                                     {"outcome", ToJson(so_far)}});
    for (const auto& loader : loaders_)
      if (loader != nullptr) {
        TRY_OK(loader->Checkpoint(op_, token));
        VAMS_POINT("migrate.between_checkpoints");
      }
    TRY_OK(job_.journal->Append("chunk", {{"leg", job_.leg},
                                          {"phase", outcome_.phase},
                                          {"n", number_},
                                          {"read", Total(outcome_.read)},
                                          {"put", Total(outcome_.put)}}));
    VAMS_POINT("migrate.after_chunk");
    return Ok();
  }

  // ---- Reading the inputs in parallel

  Status ReadInputs() {
    BatchQueue queue(kQueueBytes, job_.threads);
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> readers;
    for (int i = 0; i < job_.threads; ++i)
      readers.emplace_back([&] { queue.Done(ReadSome(queue, next)); });
    const auto consumed = Consume(queue);
    if (!consumed.ok()) queue.Stop();
    return consumed;  // the readers are joined before the queue goes
  }

  Status ReadSome(BatchQueue& queue, std::atomic<std::size_t>& next) {
    Transformer transformer(op_, job_, sinks_, lookups_store_.get(), *filter_);
    for (std::size_t i = next++; i < inputs_.size(); i = next++) {
      // The consumer writes `after` and `done` of inputs whose batches it has seen; this thread
      // alone makes those batches, and has read both before it makes the first.
      const Input& input = inputs_[i];
      if (input.done) continue;
      const std::size_t table = input.table;
      const items::Segment segment = input.segment;
      std::string after = input.after;
      do {
        TRY_OK(op_.Check());
        Batch batch;
        batch.input = i;
        TRY(after, job_.source.ScanEncoded(op_, reads_[table], segment, after, kBatchRows,
                                           [&](std::string_view encoded) -> Status {
                                             return transformer.See(table, encoded, batch);
                                           }));
        batch.after = after;
        batch.last = after.empty();
        if (!queue.Push(std::move(batch))) return Ok();
      } while (!after.empty());
    }
    return Ok();
  }

  Status Consume(BatchQueue& queue) {
    for (;;) {
      TRY(auto batch, queue.Pop());
      if (!batch) return Ok();
      TRY_OK(Load(*batch));
      inputs_[batch->input].after = std::move(batch->after);
      inputs_[batch->input].done = batch->last;
      if (since_checkpoint_ >= job_.chunk_rows) TRY_OK(Checkpoint());
    }
  }

  Status Load(const Batch& batch) {
    std::string_view rest = batch.bytes;
    for (const auto& row : batch.rows) {
      if (auto& loader = loaders_[row.sink]; loader != nullptr)
        TRY_OK(loader->AddEncoded(op_, rest.substr(0, row.size)));
      rest.remove_prefix(row.size);
    }
    since_checkpoint_ += batch.rows.size();
    outcome_.Add(batch.outcome);
    for (std::size_t i = 0; i < batch.read.size(); ++i)
      if (batch.read[i].count > 0) outcome_.read[std::string(reads_[i])].Add(batch.read[i]);
    for (std::size_t i = 0; i < batch.put.size(); ++i)
      if (batch.put[i].count > 0) outcome_.put[std::string(sinks_.tables[i])].Add(batch.put[i]);
    if (job_.on_progress) {
      const auto now = Clock_::now();
      if (now - told_ >= std::chrono::milliseconds(200)) {
        told_ = now;
        job_.on_progress({.leg = job_.leg,
                          .phase = outcome_.phase,
                          .done = Total(outcome_.read),
                          .total = job_.total});
      }
    }
    return Ok();
  }

  // ---- Groups

  Status ReadGroups() {
    Transformer transformer(op_, job_, sinks_, lookups_store_.get(), *filter_);
    Batch batch;
    TRY_OK(ForEachGroup(op_, *units_store_, reads_, groups_,
                        [&](Unit& unit, const GroupPosition& behind) -> Status {
                          TRY_OK(op_.Check());
                          TRY_OK(transformer.Transform(unit, batch));
                          groups_ = behind;
                          if (batch.rows.size() < kBatchRows) return Ok();
                          TRY_OK(Load(batch));
                          batch = {};
                          if (since_checkpoint_ >= job_.chunk_rows) TRY_OK(Checkpoint());
                          return Ok();
                        }));
    TRY_OK(Load(batch));
    return Checkpoint();
  }

  Error Undecided() const {
    std::string samples;
    for (const auto& [code, counted] : outcome_.ambiguous)
      for (const auto& sample : counted.samples)
        samples += fmt::format("\n  {} ({})", sample, code);
    return Error(
        Code::kConflict,
        fmt::format("{} {} of phase {} could belong to several places and nothing in the data "
                    "decides; nothing was changed; name the owners with --owners FILE, or set "
                    "them aside with --ambiguous quarantine:{}",
                    Total(outcome_.ambiguous),
                    Total(outcome_.ambiguous) == 1 ? "record" : "records", outcome_.phase,
                    samples));
  }

  Status FinishLoader(std::size_t sink) {
    if (loaders_[sink] == nullptr) return Ok();
    TRY_OK(loaders_[sink]->Finish(op_));
    loaders_[sink].reset();
    VAMS_POINT("migrate.loaded");
    if (job_.journal == nullptr) return Ok();
    return job_.journal->Append(
        "loaded", {{"leg", job_.leg}, {"phase", outcome_.phase}, {"table", TableOf(sink)}});
  }

  OpContext& op_;
  const PhaseJob& job_;
  const std::vector<std::string_view>& reads_;
  Sinks sinks_;
  PhaseOutcome outcome_;
  Clock_::time_point started_, told_;
  std::vector<Input> inputs_;
  std::unique_ptr<items::ItemStore> units_store_, lookups_store_;
  std::vector<std::unique_ptr<items::BulkLoader>> loaders_;
  std::shared_ptr<const ResidueFilter> filter_;
  GroupPosition groups_;
  bool read_all_ = false;
  std::uint64_t number_ = 0;
  std::uint64_t since_checkpoint_ = 0;
};

}  // namespace

Result<PhaseOutcome> RunPhase(OpContext& op, const PhaseJob& job) {
  return PhaseRun(op, job).Run();
}

Status RemoveScratch(const PhaseJob& job) {
  TRY_OK(items::RemoveSqliteStore(UnitsPath(job)));
  return items::RemoveSqliteStore(LookupsPath(job));
}

}  // namespace vams::migrate
