// vams backup create|list|show|verify|restore|prune
#include <fmt/format.h>

#include "app/backups.h"
#include "app/settings.h"
#include "cli/cli.h"
#include "cli/stoppable.h"
#include "config/absolute_paths.h"
#include "lifecycle/backup/backup.h"

namespace vams::cli {

namespace backup = lifecycle::backup;

namespace {

struct BackupOptions {
  std::string id, repository, key_file, to, at;
  std::string database, asset;
  bool read_data = false, restore = false, skip_damaged = false, dry_run = false, replace = false;
  std::optional<std::uint64_t> keep_last;
  backup::KeepRules keep;
};

// Whose backups, where they are and what opens them.
struct Source {
  std::optional<lifecycle::Stack> stack;  // nothing: it is not there any more
  config::Config config;
  backup::Location location;
  objects::EncryptionChoice encryption;

  Result<std::unique_ptr<backup::Vault>> Open(backup::Repository::Purpose purpose,
                                              std::string_view doing,
                                              const BackupOptions& options) const {
    TRY(const auto keys,
        backup::StackKeysOf(stack ? &*stack : nullptr, encryption, options.key_file));
    return backup::Vault::Open(location, keys.get(), purpose, doing, SystemRandom());
  }
};

// The stack that is named; else the only one there is; else the only one that has backups.
Result<Source> SourceOf(const Context& context, const BackupOptions& options) {
  TRY(const auto registry, context.Registry());
  Source source;
  auto name = context.StackName();
  if (!name.ok() && context.stack.empty() && !options.repository.empty()) {
    const auto stacks = backup::StacksWithBackups(options.repository);
    if (stacks.size() == 1) name = stacks.front();
  }
  if (!name.ok()) return std::move(name).error();
  if (registry.Exists(*name)) {
    TRY(source.stack, registry.Get(*name));
  }
  TRY(const auto sources, context.ConfigSources(source.stack ? &*source.stack : nullptr));
  TRY(source.config, config::Load(sources));
  source.encryption = app::EncryptionOf(source.config);
  source.location = {options.repository.empty()
                         ? app::BackupFolderOf(source.config, registry.home())
                         : options.repository,
                     *name};
  return source;
}

boost::json::array FindingsJson(const std::vector<backup::Finding>& findings) {
  boost::json::array list;
  for (const auto& finding : findings)
    list.push_back({{"kind", finding.kind}, {"what", finding.what}, {"detail", finding.detail}});
  return list;
}

void PrintFindings(const std::vector<backup::Finding>& findings) {
  for (const auto& finding : findings)
    fmt::print("{} {}: {}\n", finding.kind, finding.what, finding.detail);
}

boost::json::object Summary(const backup::Manifest& manifest) {
  return {{"id", manifest.id},
          {"createdAt", IsoMillis(manifest.created_millis)},
          {"stack", manifest.stack},
          {"dataVersion", manifest.data_version.ToString()},
          {"generation", manifest.generation},
          {"position", manifest.position},
          {"rows", manifest.rows()},
          {"tables", manifest.tables.size()},
          {"contents", manifest.blobs.count},
          {"bytes", manifest.blobs.bytes},
          {"missing", manifest.missing.size()}};
}

std::string Extent(const backup::Manifest& manifest) {
  return fmt::format(
      "{} in {}, {} ({})", Rows(manifest.rows()), Counted(manifest.tables.size(), "table"),
      Counted(manifest.blobs.count, "content"), Counted(manifest.blobs.bytes, "byte"));
}

// From when to when a restore can choose a time.
std::pair<std::string, std::string> Reach(const backup::Manifest& manifest) {
  std::string from = manifest.generation_created_at;
  if (manifest.floor > 0)
    from = IsoMillis(manifest.log.empty() ? manifest.created_millis
                                          : manifest.log.front().first_millis);
  return {std::max(from, manifest.generation_created_at), IsoMillis(manifest.created_millis)};
}

// What long work is given.
struct BackupWork {
  explicit BackupWork(const Context& context)
      : stoppable(op),
        line(context),
        setting{context.clock, SystemRandom(), op,
                [this](std::string_view phase, std::uint64_t done) { line.Show(phase, done); }} {}
  OpContext op;
  Stoppable stoppable;
  ProgressLine line;
  backup::Setting setting;
};

Result<int> CreateBackup(Context& context, const BackupOptions& options) {
  TRY(const auto source, SourceOf(context, options));
  TRY(const auto stack, context.Stack());
  std::optional<backup::CreateReport> report;
  {
    BackupWork work(context);
    TRY(report, backup::Create(stack, source.location.folder, source.encryption, work.setting));
  }
  const auto& made = report->manifest;
  if (context.json) {
    auto object = Summary(made);
    object["chunksWritten"] = report->written.chunks;
    object["bytesWritten"] = report->written.stored;
    object["bytesReused"] = report->reused_bytes;
    object["verified"] = true;
    object["findings"] = FindingsJson(report->findings);
    PrintJson(object);
  } else {
    PrintFindings(report->findings);
    fmt::print(
        "backup {} of stack \"{}\": {}\nwritten and verified: {}; {} of contents were there "
        "already\n",
        made.id, made.stack, Extent(made), Counted(report->written.stored, "byte"),
        Counted(report->reused_bytes, "byte"));
    if (!made.missing.empty())
      fmt::print("it lacks {} that the stack has lost\n", Counted(made.missing.size(), "content"));
  }
  return made.missing.empty() ? kDone : kDifferent;
}

Result<int> ListBackups(Context& context, const BackupOptions& options) {
  TRY(const auto source, SourceOf(context, options));
  TRY(const auto vault,
      source.Open(backup::Repository::Purpose::kRead, "vams backup list", options));
  TRY(const auto ids, vault->Ids());
  boost::json::array list;
  std::vector<std::vector<std::string>> rows{
      {"BACKUP", "CREATED", "DATA VERSION", "GENERATION", "ROWS", "CONTENTS", "BYTES"}};
  bool damaged = false;
  for (const auto& id : ids) {
    const auto manifest = vault->Get(id);
    if (!manifest.ok() && manifest.error().code != Code::kCorrupt) return manifest.error();
    if (!manifest.ok()) {
      damaged = true;
      list.push_back({{"id", id}, {"damaged", manifest.error().message}});
      rows.push_back({id, "damaged: see \"vams backup show\""});
      continue;
    }
    list.push_back(Summary(*manifest));
    rows.push_back({id, IsoMillis(manifest->created_millis), manifest->data_version.ToString(),
                    std::to_string(manifest->generation), Thousands(manifest->rows()),
                    Thousands(manifest->blobs.count), Thousands(manifest->blobs.bytes)});
  }
  if (context.json)
    PrintJson({{"stack", source.location.stack},
               {"repository", vault->repository().Where()},
               {"backups", list}});
  else if (ids.empty())
    fmt::print("no backups in {}\n", vault->repository().Where());
  else
    fmt::print("{}", Columns(rows));
  return damaged ? kDifferent : kDone;
}

Result<int> ShowBackup(Context& context, const BackupOptions& options) {
  TRY(const auto source, SourceOf(context, options));
  TRY(const auto vault,
      source.Open(backup::Repository::Purpose::kRead, "vams backup show", options));
  TRY(const auto id, vault->Resolve(options.id));
  TRY(const auto manifest, vault->Get(id));
  const auto [from, to] = Reach(manifest);
  if (context.json) {
    auto object = Summary(manifest);
    object["reach"] = boost::json::object{{"from", from}, {"to", to}};
    boost::json::array tables;
    for (const auto& table : manifest.tables)
      tables.push_back({{"name", table.spec.name},
                        {"rows", table.digest.count},
                        {"digest", migrate::ToHex(table.digest)}});
    object["tables"] = tables;
    object["earlierContents"] = manifest.history.count;
    if (manifest.config) object["config"] = *manifest.config;
    if (manifest.outputs) {
      boost::system::error_code ec;
      if (auto outputs = boost::json::parse(*manifest.outputs, ec); !ec)
        object["outputs"] = std::move(outputs);
    }
    PrintJson(object);
    return kDone;
  }
  fmt::print(
      "{}",
      Columns({{"backup", manifest.id},
               {"of", fmt::format("stack \"{}\", generation {}, data version {}", manifest.stack,
                                  manifest.generation, manifest.data_version.ToString())},
               {"created", to},
               {"holds", Extent(manifest)},
               {"lacks", Counted(manifest.missing.size(), "content")},
               {"restores", fmt::format("any time from {} to {}", from, to)},
               {"earlier", Counted(manifest.history.count, "content")}}));
  return kDone;
}

Result<int> VerifyRestore(Context& context, const BackupOptions& options, const Source& source,
                          backup::Vault& vault) {
  TRY(const auto registry, context.Registry());
  TRY(const auto id, vault.Resolve(options.id.empty() ? "latest" : options.id));
  std::optional<backup::RestoreReport> report;
  {
    BackupWork work(context);
    TRY(report, backup::VerifyByRestoring(vault, registry.home(), id, work.setting));
  }
  if (context.json) {
    PrintJson({{"stack", source.location.stack},
               {"backup", id},
               {"proved", report->proved},
               {"rows", report->rows},
               {"contents", report->contents},
               {"bytes", report->bytes},
               {"findings", FindingsJson(report->findings)}});
  } else {
    PrintFindings(report->findings);
    fmt::print("{} {}: {}, {} ({}) restored and compared\n", id,
               report->proved ? "restores as it was" : "does not restore as it was",
               Rows(report->rows), Counted(report->contents, "content"),
               Counted(report->bytes, "byte"));
  }
  return report->proved ? kDone : kDifferent;
}

Result<int> VerifyBackup(Context& context, const BackupOptions& options) {
  TRY(const auto source, SourceOf(context, options));
  TRY(const auto vault,
      source.Open(backup::Repository::Purpose::kRead, "vams backup verify", options));
  if (options.restore) return VerifyRestore(context, options, source, *vault);
  std::optional<backup::VerifyReport> report;
  {
    BackupWork work(context);
    TRY(report, backup::Verify(*vault, {options.id, options.read_data}, work.setting));
  }
  const bool clean = report->findings.empty();
  if (context.json) {
    PrintJson({{"stack", source.location.stack},
               {"clean", clean},
               {"dataRead", options.read_data},
               {"backups", report->backups},
               {"packs", report->packs},
               {"chunks", report->chunks},
               {"bytes", report->bytes},
               {"findings", FindingsJson(report->findings)}});
  } else {
    PrintFindings(report->findings);
    fmt::print(
        "the backups of stack \"{}\" are {}: {}, {} in {}{}\n", source.location.stack,
        clean ? "whole" : fmt::format("damaged in {}", Counted(report->findings.size(), "place")),
        Counted(report->backups, "backup"), Counted(report->chunks, "chunk"),
        Counted(report->packs, "pack"),
        options.read_data ? fmt::format(", {} read", Counted(report->bytes, "byte")) : "");
  }
  return clean ? kDone : kDifferent;
}

// Into a stack that is there: its own settings.  Into one that is made: those it gets.
Status ChooseTarget(const Context& context, const BackupOptions& options, const Source& source,
                    const backup::Manifest& manifest, const lifecycle::StackRegistry& registry,
                    backup::RestoreRequest& request) {
  request.stack = options.to.empty() ? source.location.stack : options.to;
  if (registry.Exists(request.stack)) {
    TRY(const auto stack, registry.Get(request.stack));
    if (!context.yes)
      return Error(Code::kConflict,
                   fmt::format("stack \"{}\" is there; restoring makes a new generation of it, and "
                               "what was written since {} is then in the generation before only; "
                               "nothing was done; say so with --yes, or restore into another stack "
                               "with --to",
                               stack.name, IsoMillis(manifest.created_millis)));
    TRY(const auto sources, context.ConfigSources(&stack));
    TRY(const auto config, config::Load(sources));
    request.encryption = app::EncryptionOf(config);
    return Ok();
  }
  TRY(auto sources, context.ConfigSources(nullptr));
  if (context.config_file.empty()) {
    sources.file_text = manifest.config;
  } else {
    TRY(request.config, config::TextToKeep(sources));
  }
  TRY(const auto config, config::Load(sources));
  request.encryption = app::EncryptionOf(config);
  if (request.encryption.enabled && request.encryption.key_file.empty())
    request.own_key = options.key_file;
  return Ok();
}

// "D" or, with a slash, "D/A".
Result<backup::PartRequest> PartOf(const BackupOptions& options) {
  backup::PartRequest request;
  if (!options.database.empty() && !options.asset.empty())
    return Error(Code::kInvalid,
                 "--asset names its database itself; nothing was done; leave "
                 "--database out");
  request.database = options.database;
  if (options.asset.empty()) return request;
  const auto slash = options.asset.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == options.asset.size())
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" names no asset; nothing was done; write it as DATABASE/ASSET",
                             options.asset));
  request.database = options.asset.substr(0, slash);
  request.asset = options.asset.substr(slash + 1);
  return request;
}

void PrintPart(const backup::PartRequest& part, const backup::PartReport& report, bool json) {
  if (json) {
    boost::json::object object{{"stack", report.stack},
                               {"generation", report.generation},
                               {"backup", report.backup},
                               {"database", part.database},
                               {"assets", report.assets},
                               {"rowsAdded", report.added},
                               {"rowsChanged", report.changed},
                               {"rowsRemoved", report.removed},
                               {"rowsSame", report.same},
                               {"contents", report.contents},
                               {"bytes", report.bytes},
                               {"proved", report.proved},
                               {"findings", FindingsJson(report.findings)}};
    if (!part.asset.empty()) object["asset"] = part.asset;
    if (report.state_at) object["at"] = *report.state_at;
    PrintJson(object);
    return;
  }
  PrintFindings(report.findings);
  fmt::print(
      "restored {} into stack \"{}\" (generation {}) from backup {}{}: {}, {} added, {} changed, "
      "{} "
      "removed; {} ({}) brought\n",
      part.asset.empty() ? fmt::format("database \"{}\"", part.database)
                         : fmt::format("asset \"{}/{}\"", part.database, part.asset),
      report.stack, report.generation, report.backup,
      report.state_at ? fmt::format(" as of {}", *report.state_at) : std::string(),
      Counted(report.assets, "asset"), Rows(report.added), Thousands(report.changed),
      Thousands(report.removed), Counted(report.contents, "content"),
      Counted(report.bytes, "byte"));
}

Result<int> RestorePart(Context& context, const BackupOptions& options, const Source& source) {
  TRY(auto request, PartOf(options));
  TRY(const auto registry, context.Registry());
  TRY(const auto vault,
      source.Open(backup::Repository::Purpose::kRead, "vams backup restore", options));
  TRY(request.id, vault->Resolve(options.id));
  if (!options.at.empty()) {
    TRY(request.at_millis, backup::TimeFrom(options.at));
  }
  request.stack = options.to.empty() ? source.location.stack : options.to;
  request.skip_damaged = options.skip_damaged;
  request.replace = options.replace;
  TRY(const auto stack, registry.Get(request.stack));
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  request.encryption = app::EncryptionOf(config);
  std::optional<backup::PartReport> report;
  {
    BackupWork work(context);
    TRY(report, backup::RestorePart(*vault, registry, request, work.setting));
  }
  PrintPart(request, *report, context.json);
  return report->findings.empty() ? kDone : kDifferent;
}

Result<int> Restore(Context& context, const BackupOptions& options) {
  TRY(const auto source, SourceOf(context, options));
  if (!options.database.empty() || !options.asset.empty())
    return RestorePart(context, options, source);
  TRY(const auto registry, context.Registry());
  TRY(const auto vault,
      source.Open(backup::Repository::Purpose::kRead, "vams backup restore", options));
  backup::RestoreRequest request;
  TRY(request.id, vault->Resolve(options.id));
  TRY(const auto manifest, vault->Get(request.id));
  if (!options.at.empty()) {
    TRY(request.at_millis, backup::TimeFrom(options.at));
  }
  request.skip_damaged = options.skip_damaged;
  TRY_OK(ChooseTarget(context, options, source, manifest, registry, request));
  std::optional<backup::RestoreReport> report;
  {
    BackupWork work(context);
    TRY(report, backup::Restore(*vault, registry, request, work.setting));
  }
  if (context.json) {
    boost::json::object object{
        {"stack", report->stack},           {"created", report->created},
        {"generation", report->generation}, {"backup", report->backup},
        {"position", report->position},     {"rows", report->rows},
        {"contents", report->contents},     {"bytes", report->bytes},
        {"proved", report->proved},         {"findings", FindingsJson(report->findings)}};
    if (report->state_at) object["at"] = *report->state_at;
    PrintJson(object);
  } else {
    PrintFindings(report->findings);
    fmt::print(
        "{} stack \"{}\" (generation {}) from backup {}{}: {}, {} ({}) brought\n",
        report->created ? "made" : "restored", report->stack, report->generation, report->backup,
        report->state_at ? fmt::format(" as of {}", *report->state_at) : std::string(),
        Rows(report->rows), Counted(report->contents, "content"), Counted(report->bytes, "byte"));
    if (!report->findings.empty())
      fmt::print("it lacks what is named above\n");
    else if (report->proved)
      fmt::print("the digests of all {} are those of the backup\n",
                 Counted(report->tables, "table"));
  }
  return report->findings.empty() ? kDone : kDifferent;
}

Result<int> PruneBackup(Context& context, const BackupOptions& options) {
  TRY(const auto source, SourceOf(context, options));
  TRY(const auto vault,
      source.Open(backup::Repository::Purpose::kPrune, "vams backup prune", options));
  backup::KeepRules rules = options.keep;
  if (options.keep_last)
    rules.last = *options.keep_last;
  else if (!rules.any())
    rules.last = static_cast<std::uint64_t>(source.config.backup.keep);
  std::optional<backup::PruneReport> report;
  {
    BackupWork work(context);
    TRY(report, backup::Prune(*vault, rules, options.dry_run, work.setting));
  }
  if (context.json) {
    const auto list = [](const std::vector<std::string>& ids) {
      return boost::json::array(ids.begin(), ids.end());
    };
    PrintJson({{"stack", source.location.stack},
               {"dryRun", options.dry_run},
               {"kept", list(report->kept)},
               {"removed", list(report->removed)},
               {"packsRemoved", report->packs_removed},
               {"packsRewritten", report->packs_rewritten},
               {"chunksRemoved", report->chunks_removed},
               {"freedBytes", report->freed_bytes},
               {"findings", FindingsJson(report->findings)}});
    return report->findings.empty() || options.keep.drop_damaged ? kDone : kDifferent;
  }
  PrintFindings(report->findings);
  if (!report->findings.empty() && !options.keep.drop_damaged)
    fmt::print(
        "what these backups need is not known, so no space is freed; --drop-damaged removes "
        "them\n");
  for (const auto& id : report->removed)
    fmt::print("{} {}\n", options.dry_run ? "would remove" : "removed", id);
  fmt::print("{} kept, {} {}; {} {}\n", Counted(report->kept.size(), "backup"),
             Thousands(report->removed.size()), options.dry_run ? "would be removed" : "removed",
             Counted(report->freed_bytes, "byte"), options.dry_run ? "would be free" : "are free");
  return report->findings.empty() || options.keep.drop_damaged ? kDone : kDifferent;
}

void AddSourceOptions(CLI::App& command, Context& context, BackupOptions& options) {
  AddConfigOptions(command, context);
  command
      .add_option("--repository", options.repository,
                  "Folder above the backups of all stacks (default: backup.repository)")
      ->type_name("DIR");
}

void AddKeyOption(CLI::App& command, BackupOptions& options) {
  command
      .add_option("--key-file", options.key_file,
                  "The stack key that opens the backups (default: that of the stack)")
      ->type_name("FILE");
}

void AddPruneCommand(CLI::App& group, Context& context, BackupOptions& options) {
  CLI::App* prune = AddCommand(group, context, "prune", "Remove old backups",
                               [&context, &options] { return PruneBackup(context, options); });
  AddSourceOptions(*prune, context, options);
  AddKeyOption(*prune, options);
  prune->add_option("--keep-last", options.keep_last, "Keep the last N (default: backup.keep)");
  prune->add_option("--keep-daily", options.keep.daily, "Keep the newest of each of N days");
  prune->add_option("--keep-weekly", options.keep.weekly, "Keep the newest of each of N weeks");
  prune->add_option("--keep-monthly", options.keep.monthly, "Keep the newest of each of N months");
  prune->add_flag("--drop-damaged", options.keep.drop_damaged,
                  "Remove backups that cannot be read, too");
  prune->add_flag("--dry-run", options.dry_run, "Say what would be removed");
}

}  // namespace

void AddBackupCommands(CLI::App& app, Context& context) {
  static BackupOptions options;
  CLI::App* group = app.add_subcommand("backup", "Make, check, restore and remove backups");
  group->require_subcommand(1);
  CLI::App* create =
      AddCommand(*group, context, "create", "Back up a stack, which may be served meanwhile",
                 [&context] { return CreateBackup(context, options); });
  AddSourceOptions(*create, context, options);
  CLI::App* list = AddCommand(*group, context, "list", "List the backups of a stack",
                              [&context] { return ListBackups(context, options); });
  CLI::App* show = AddCommand(*group, context, "show", "Show what a backup holds",
                              [&context] { return ShowBackup(context, options); });
  CLI::App* verify = AddCommand(*group, context, "verify", "Look whether backups are whole",
                                [&context] { return VerifyBackup(context, options); });
  CLI::App* restore = AddCommand(*group, context, "restore",
                                 "Restore a stack that is not served, or make a new one",
                                 [&context] { return Restore(context, options); });
  for (CLI::App* command : {list, show, verify, restore}) {
    AddSourceOptions(*command, context, options);
    AddKeyOption(*command, options);
  }
  show->add_option("backup", options.id, "Its id, or \"latest\"")->required();
  verify->add_option("backup", options.id, "Its id, or \"latest\" (default: all)");
  verify->add_flag("--read-data", options.read_data, "Read every byte and compare its digest");
  verify->add_flag(
      "--restore", options.restore,
      "Restore it (default: the latest) into a stack that is thrown away, and compare");
  restore->add_option("backup", options.id, "Its id, or \"latest\"")->required();
  restore->add_option("--to", options.to, "The stack it becomes (default: the one it is of)")
      ->type_name("NAME");
  restore->add_option("--at", options.at, "Its state at that time, such as 2025-03-01T10:00:00Z")
      ->type_name("TIME");
  restore
      ->add_option("--database", options.database, "Only this database, into a stack that is there")
      ->type_name("DATABASE");
  restore->add_option("--asset", options.asset, "Only this asset, into a stack that is there")
      ->type_name("DATABASE/ASSET");
  restore->add_flag("--replace", options.replace,
                    "Put the database or asset in the place of what is there now");
  restore->add_flag("--skip-damaged", options.skip_damaged,
                    "Restore what is whole, and name what is not");
  AddPruneCommand(*group, context, options);
}

}  // namespace vams::cli
