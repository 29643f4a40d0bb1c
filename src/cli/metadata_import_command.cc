// vams metadata import: a table of metadata of many things onto the server, with a look at what
// changes before anything does.  docs/operations/metadata.md.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <iterator>

#include "cli/client_input.h"
#include "cli/metadata_calls.h"
#include "cli/metadata_commands.h"
#include "cli/stoppable.h"
#include "cli/terminal.h"
#include "cli/transfer_support.h"
#include "files/files.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kShownEntities = 100;
constexpr std::size_t kShownProblems = 20;
constexpr std::size_t kShownValue = 60;     // code points
constexpr std::size_t kWorthProgress = 50;  // entities; fewer are done at once

struct MetadataImportOptions {
  std::string file;
  TableDefaults defaults;
  bool replace = false, dry_run = false, everything = false;
  std::size_t parallel = 8;
  Confirmation confirmation;
};

enum class State { kUnread, kUnchanged, kPlanned, kWritten, kRefused };

const char* Name(State state) {
  switch (state) {
    case State::kUnread:
      return "not tried";
    case State::kUnchanged:
      return "unchanged";
    case State::kPlanned:
      return "planned";
    case State::kWritten:
      return "written";
    case State::kRefused:
      break;
  }
  return "refused";
}

// One entity on its way.  Each is touched by one thread at a time.
struct ImportWork {
  MetadataPlan plan;
  State state = State::kUnread;
  std::optional<Error> error;
};

std::string EntityCount(std::size_t count) {
  return Thousands(count) + (count == 1 ? " entity" : " entities");
}

struct Totals {
  std::size_t entities = 0, added = 0, changed = 0, removed = 0, unchanged = 0;

  void Add(const MetadataPlan& plan) {
    ++entities;
    added += plan.Added();
    changed += plan.Changed();
    removed += plan.Removed();
    unchanged += plan.unchanged;
  }
  std::string Text() const {
    std::string text = fmt::format("{} added, {} changed", added, changed);
    if (removed > 0) text += fmt::format(", {} removed", removed);
    return text + fmt::format(", {} unchanged", unchanged);
  }
};

std::size_t CountOf(const std::vector<ImportWork>& all, State state) {
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const ImportWork& work) { return work.state == state; }));
}

// ---- reading

Result<MetadataTable> ReadTable(const MetadataImportOptions& options) {
  std::string text;
  if (options.file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  } else {
    auto read = files::ReadAll(options.file);
    if (!read.ok())
      return Error(Code::kInvalid,
                   fmt::format("{}; nothing was done; name the table, or - for standard input",
                               read.error().message));
    text = *std::move(read);
  }
  auto table = ReadMetadataTable(text, options.defaults);
  if (!table.ok())
    return Error(Code::kInvalid, fmt::format("{} cannot be imported; nothing was done; {}",
                                             options.file, table.error().message));
  auto& problems = table->problems;
  for (const MetadataEntity& entity : table->entities)
    if (options.replace && entity.items.size() > model::kMetadataRecordsMax)
      problems.push_back(
          fmt::format("{}: more than {} values", Label(entity.target), model::kMetadataRecordsMax));
  if (problems.empty()) return table;
  std::string list;
  for (std::size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i)
    list += "\n  " + problems[i];
  if (problems.size() > kShownProblems)
    list += fmt::format("\n  and {} more", problems.size() - kShownProblems);
  return Error(Code::kInvalid, fmt::format("{} cannot be imported; nothing was done; mend this:{}",
                                           options.file, list));
}

// Whether the calls after one that ended like this are worth making.
bool EndsAll(const Error& error) {
  return error.code == Code::kUnauthenticated || error.code == Code::kUnavailable ||
         error.code == Code::kCancelled;
}

// Calls `step` for every entity in this state until one fails in a way that all would.
template <typename Step>
void ForEach(RestClient& client, const MetadataImportOptions& options, std::vector<ImportWork>& all,
             State state, const char* phase, Step step) {
  std::atomic<bool> ended{false};
  std::atomic<std::size_t> done{0};
  ProgressLine progress(client.context());
  RunParallel(
      client.op(), all.size(), options.parallel,
      [&](std::size_t index) {
        ImportWork& work = all[index];
        if (ended || work.state != state) return;
        if (auto status = step(index, work); !status.ok()) {
          if (EndsAll(status.error())) ended = true;
          work.state = State::kRefused;
          work.error = std::move(status).error();
        }
        ++done;
      },
      [&] {
        if (all.size() >= kWorthProgress) progress.Show(phase, done);
      });
}

std::vector<ImportWork> MakePlans(RestClient& client, const MetadataImportOptions& options,
                                  const MetadataTable& table) {
  std::vector<ImportWork> all(table.entities.size());
  ForEach(client, options, all, State::kUnread, "reading",
          [&](std::size_t index, ImportWork& work) -> Status {
            const MetadataEntity& entity = table.entities[index];
            work.plan.target = entity.target;
            TRY(const auto answer, CallPatiently(client, "GET", MetadataQuery(entity.target)));
            work.plan = PlanOf(entity, ReadStored(answer), options.replace);
            work.state = work.plan.changes.empty() ? State::kUnchanged : State::kPlanned;
            return Ok();
          });
  // Those that were never tried are to be named as well.
  for (std::size_t i = 0; i < all.size(); ++i) all[i].plan.target = table.entities[i].target;
  return all;
}

// ---- showing

std::string Shown(const model::MetadataItem& item, bool with_type) {
  std::string value = Printable(item.value);
  std::size_t end = 0;
  for (std::size_t points = 0; end < value.size(); ++end)
    if ((static_cast<unsigned char>(value[end]) & 0xC0U) != 0x80U && ++points > kShownValue) break;
  if (end < value.size()) value = value.substr(0, end) + "…";
  if (value.empty()) value = "(empty)";
  return with_type ? fmt::format("{} ({})", value, model::ValueTypeName(item.type)) : value;
}

void PrintChange(const MetadataChange& change) {
  const std::string key = Printable(change.key);
  if (!change.before)
    fmt::print("  + {} = {}\n", key, Shown(*change.after, true));
  else if (!change.after)
    fmt::print("  - {} = {}\n", key, Shown(*change.before, true));
  else {
    const bool types = change.before->type != change.after->type;
    fmt::print("  ~ {}: {} -> {}\n", key, Shown(*change.before, types),
               Shown(*change.after, types));
  }
}

void PrintPreview(const std::vector<ImportWork>& all, bool everything) {
  Totals totals;
  std::size_t shown = 0, left_out = 0, changing = 0;
  for (const ImportWork& work : all) {
    if (work.state == State::kUnchanged) totals.Add(work.plan);
    if (work.state != State::kPlanned) continue;
    totals.Add(work.plan);
    ++changing;
    if (!everything && shown == kShownEntities) {
      ++left_out;
      continue;
    }
    ++shown;
    Totals own;
    own.Add(work.plan);
    fmt::print("{}: {}\n", Printable(Label(work.plan.target)), own.Text());
    for (const MetadataChange& change : work.plan.changes) PrintChange(change);
  }
  if (left_out > 0) fmt::print("and {} more; --full-preview shows them\n", Thousands(left_out));
  fmt::print("{} of {} to be changed; values: {}\n", Thousands(changing), EntityCount(all.size()),
             totals.Text());
}

json::value ToJson(const std::optional<model::MetadataItem>& item) {
  if (!item) return nullptr;
  return {{"metadataValue", item->value}, {"metadataValueType", model::ValueTypeName(item->type)}};
}

json::object ToJson(const ImportWork& work) {
  const MetadataTarget& target = work.plan.target;
  json::object object;
  if (!target.link.empty()) object["assetLinkId"] = target.link;
  if (!target.database.empty()) object["databaseId"] = target.database;
  if (!target.asset.empty()) object["assetId"] = target.asset;
  if (!target.path.empty()) {
    object["filePath"] = target.path;
    object["type"] = model::FileMetadataKindName(target.kind);
  }
  object["status"] = Name(work.state);
  if (work.error) object["error"] = work.error->message;
  json::array changes;
  for (const MetadataChange& change : work.plan.changes)
    changes.push_back(json::object{{"metadataKey", change.key},
                                   {"before", ToJson(change.before)},
                                   {"after", ToJson(change.after)}});
  object["changes"] = std::move(changes);
  object["unchanged"] = work.plan.unchanged;
  return object;
}

json::object Report(const std::vector<ImportWork>& all, const MetadataImportOptions& options) {
  Totals totals;
  json::array entities;
  for (const ImportWork& work : all) {
    if (work.state != State::kRefused) totals.Add(work.plan);
    entities.push_back(ToJson(work));
  }
  return {{"dryRun", options.dry_run},
          {"replaceAll", options.replace},
          {"entities", std::move(entities)},
          {"totals",
           {{"entities", all.size()},
            {"written", CountOf(all, State::kWritten)},
            {"unchanged", CountOf(all, State::kUnchanged)},
            {"refused", CountOf(all, State::kRefused)},
            {"notTried",
             CountOf(all, State::kUnread) + (options.dry_run ? 0 : CountOf(all, State::kPlanned))},
            {"valuesAdded", totals.added},
            {"valuesChanged", totals.changed},
            {"valuesRemoved", totals.removed},
            {"valuesUnchanged", totals.unchanged}}}};
}

void PrintOutcome(const RestClient& client, const std::vector<ImportWork>& all, bool dry_run) {
  if (client.quiet()) return;
  Totals written;
  for (const ImportWork& work : all)
    if (work.state == State::kWritten) written.Add(work.plan);
  if (!dry_run && written.entities > 0)
    fmt::print("wrote {}; values: {} added, {} changed, {} removed\n",
               EntityCount(written.entities), written.added, written.changed, written.removed);
  for (const ImportWork& work : all)
    if (work.state == State::kRefused)
      fmt::print(stderr, "vams: {}: {}\n", Printable(Label(work.plan.target)),
                 Printable(work.error->message));
  const std::size_t left =
      CountOf(all, State::kUnread) + (dry_run ? 0 : CountOf(all, State::kPlanned));
  if (left > 0)
    fmt::print(stderr, "vams: {} not tried; run the same command again for the rest\n",
               EntityCount(left));
}

// ---- writing

Status Write(RestClient& client, const MetadataPlan& plan, bool replace) {
  if (plan.send.empty())
    return Error(Code::kInvalid,
                 "nothing would be left of its metadata; it was not changed; remove the values "
                 "with \"vams metadata … delete\"");
  const json::object body = BodyOf(plan, replace);
  TRY(const auto answer, CallPatiently(client, "PUT", MetadataPath(plan.target), &body));
  std::string failed;
  for (const auto& one : ListOf(answer, "failedItems"))
    failed += fmt::format("{}{}: {}", failed.empty() ? "" : "; ", TextOf(one, "key"),
                          TextOf(one, "error"));
  if (!failed.empty()) return Error(Code::kInvalid, failed);
  return Ok();
}

int OutcomeOf(const RestClient& client, const std::vector<ImportWork>& all, bool dry_run) {
  const std::size_t bad = CountOf(all, State::kRefused) + CountOf(all, State::kUnread) +
                          (dry_run ? 0 : CountOf(all, State::kPlanned));
  if (bad == 0) return kDone;
  return PartlyDone(client.context(), bad < all.size());
}

Result<int> Import(RestClient& client, MetadataImportOptions& options) {
  const bool asks = !options.dry_run && !options.confirmation.yes;
  if (asks && (client.quiet() || ::isatty(0) != 1))
    return Error(Code::kInvalid,
                 "there is nobody to ask whether the changes are right; nothing was done; say "
                 "--dry-run to see them, or --yes to make them");
  TRY(const MetadataTable table, ReadTable(options));
  OutliveBrokenConnections();
  const Stoppable stoppable(client.op());
  std::vector<ImportWork> all = MakePlans(client, options, table);
  // Nothing is known of the server's state: that is no question of single entities.
  for (ImportWork& work : all)
    if (work.error && EndsAll(*work.error)) return *std::move(work.error);
  if (!client.quiet()) PrintPreview(all, options.everything);
  if (asks && CountOf(all, State::kPlanned) > 0) {
    TRY(const bool go, Confirmed(client, options.confirmation, false, "make these changes?", {}));
    if (!go) return kFailed;
  }
  if (!options.dry_run)
    ForEach(client, options, all, State::kPlanned, "writing",
            [&](std::size_t, ImportWork& work) -> Status {
              TRY_OK(Write(client, work.plan, options.replace));
              work.state = State::kWritten;
              return Ok();
            });
  if (client.quiet()) PrintJson(Report(all, options));
  PrintOutcome(client, all, options.dry_run);
  return OutcomeOf(client, all, options.dry_run);
}

}  // namespace

void AddMetadataImportCommand(CLI::App& metadata, Context& context) {
  static MetadataImportOptions options;
  CLI::App* command = AddClientCommand(
      metadata, context, "import",
      "Metadata of many files, assets, databases and links from a CSV or JSON table",
      [](RestClient& client) { return Import(client, options); });
  command->add_option("FILE", options.file, "The table; - for standard input")->required();
  AddDatabaseOption(*command, options.defaults.database);
  AddAssetOption(*command, options.defaults.asset);
  command->add_flag("--replace-all", options.replace,
                    "Remove the values of each entity that the table does not have");
  command->add_flag("--dry-run", options.dry_run, "Only show what would change");
  command->add_flag("--full-preview", options.everything,
                    fmt::format("Show the changes of more than {} entities", kShownEntities));
  command->add_option("--parallel", options.parallel, "Calls under way at once (default: 8)")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  options.confirmation.AddOptions(*command, false);
}

}  // namespace vams::cli
