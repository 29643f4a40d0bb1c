// vams stack create|list|show|outputs|clone|destroy
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "app/backups.h"
#include "app/prepare.h"
#include "app/settings.h"
#include "cli/cli.h"
#include "cli/stoppable.h"
#include "cli/terminal.h"
#include "config/absolute_paths.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/stacks/describe.h"
#include "lifecycle/stacks/destroy.h"
#include "lifecycle/stacks/outputs.h"
#include "tables/tables.h"

namespace vams::cli {

namespace {

struct StackOptions {
  std::string name, clone, confirm;
  bool no_backup = false;
};

boost::json::object StackJson(const lifecycle::Stack& stack) {
  return {{"name", stack.name},
          {"createdAt", stack.created_at},
          {"folder", stack.folder.string()},
          {"dataVersion", stack.current.data_version.ToString()},
          {"generation", stack.current.number},
          {"generationCreatedAt", stack.current.created_at},
          {"origin", stack.current.origin}};
}

std::string OriginText(const lifecycle::Generation& generation) {
  const auto* kind = generation.origin.if_contains("kind");
  return kind != nullptr && kind->is_string() ? std::string(kind->as_string()) : "unknown";
}

// Nothing where the configuration cannot be read, or names a place that cannot be looked at.
std::optional<lifecycle::LastBackup> BackupOf(const Context& context, const files::Path& home,
                                              const lifecycle::Stack& stack) {
  const auto sources = context.ConfigSources(&stack);
  if (!sources.ok()) return std::nullopt;
  const auto config = config::Load(*sources);
  if (!config.ok()) return std::nullopt;
  const auto last = lifecycle::LastBackupOf(app::BackupFolderOf(*config, home), stack.name);
  return last.ok() ? *last : std::nullopt;
}

Result<int> Create(Context& context, const std::string& name) {
  TRY(const auto registry, context.Registry());
  TRY(const auto sources, context.ConfigSources(nullptr));
  TRY(const auto config, config::Load(sources));
  TRY_OK(app::CheckBeforeCreate(config, context.environment, context.clock));
  TRY(const auto text, config::TextToKeep(sources));
  TRY(const auto stack, registry.Create(name.empty() ? config.stack_name : name, text));
  TRY_OK(lifecycle::AppendHistory(stack, {{"operation", "create"}, {"result", "done"}},
                                  context.clock));
  TRY(const auto prepared,
      app::PrepareStack(stack, config, context.environment, context.clock, SystemRandom()));
  (void)lifecycle::SaveOutputs(stack);  // a record; the stack is there without it
  if (context.json) {
    boost::json::object object = StackJson(stack);
    app::AddPrepared(object, prepared);
    PrintJson(object);
  } else {
    fmt::print("created stack \"{}\" in {} (data version {})\n{}", stack.name,
               stack.folder.string(), stack.current.data_version.ToString(),
               app::PreparedText(prepared));
  }
  return kDone;
}

Result<int> ListStacks(Context& context) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stacks, registry.List());
  std::vector<std::vector<std::string>> rows{
      {"NAME", "DATA VERSION", "GENERATION", "FROM", "CREATED", "LAST BACKUP", "IN USE", "BYTES"}};
  boost::json::array list;
  for (const auto& stack : stacks) {
    const auto size = lifecycle::SizeOf(stack);
    const auto holder = lifecycle::HolderOf(stack);
    const auto backup = BackupOf(context, registry.home(), stack);
    auto object = StackJson(stack);
    object["bytes"] = size.total();
    if (backup) object["lastBackup"] = backup->at;
    if (holder) object["inUseBy"] = *holder;
    list.push_back(std::move(object));
    rows.push_back({stack.name, stack.current.data_version.ToString(),
                    std::to_string(stack.current.number), OriginText(stack.current),
                    stack.created_at, backup ? backup->at : "none", holder ? "yes" : "no",
                    Thousands(size.total())});
  }
  if (context.json)
    PrintJson({{"home", registry.home().string()}, {"stacks", list}});
  else if (stacks.empty())
    fmt::print("no stacks in {}; create one with \"vams stack create NAME\"\n",
               registry.home().string());
  else
    fmt::print("{}", Columns(rows));
  return kDone;
}

boost::json::object SizeJson(const lifecycle::StackSize& size) {
  return {{"total", size.total()},
          {"items", size.items},
          {"contents", size.contents},
          {"shared", size.shared},
          {"other", size.other}};
}

void ShowJson(const lifecycle::Stack& stack, const std::vector<lifecycle::Generation>& generations,
              const lifecycle::StackSize& size, const std::optional<std::string>& holder,
              const std::optional<lifecycle::LastBackup>& backup) {
  auto object = StackJson(stack);
  object["tables"] = stack.current.tables;
  object["bytes"] = SizeJson(size);
  boost::json::array list;
  for (const auto& generation : generations)
    list.push_back({{"number", generation.number},
                    {"dataVersion", generation.data_version.ToString()},
                    {"createdAt", generation.created_at},
                    {"origin", generation.origin},
                    {"current", generation.number == stack.current.number}});
  object["generations"] = std::move(list);
  if (backup) object["lastBackup"] = boost::json::object{{"id", backup->id}, {"at", backup->at}};
  if (holder) object["inUseBy"] = *holder;
  PrintJson(object);
}

Result<int> ShowStack(Context& context, const std::string& name) {
  if (!name.empty()) context.stack = name;
  TRY(const auto stack, context.Stack());
  TRY(const auto registry, context.Registry());
  TRY(const auto generations, registry.Generations(stack));
  const auto size = lifecycle::SizeOf(stack);
  const auto holder = lifecycle::HolderOf(stack);
  const auto backup = BackupOf(context, registry.home(), stack);
  if (context.json) {
    ShowJson(stack, generations, size, holder, backup);
    return kDone;
  }
  std::string others;
  for (const auto& generation : generations)
    if (generation.number != stack.current.number)
      others += fmt::format("{}{} (data version {})", others.empty() ? "" : ", ", generation.number,
                            generation.data_version.ToString());
  fmt::print(
      "{}",
      Columns(
          {{"stack", stack.name},
           {"folder", stack.folder.string()},
           {"created", stack.created_at},
           {"data version", stack.current.data_version.ToString()},
           {"generation", fmt::format("{} (from {}, {})", stack.current.number,
                                      OriginText(stack.current), stack.current.created_at)},
           {"kept", others.empty() ? "no other generation" : others},
           {"bytes", fmt::format("{}: items {}, contents {}{}, other {}", Thousands(size.total()),
                                 Thousands(size.items), Thousands(size.contents),
                                 size.shared == 0 ? std::string()
                                                  : fmt::format(" ({} of them shared with clones)",
                                                                Thousands(size.shared)),
                                 Thousands(size.other))},
           {"last backup", backup ? fmt::format("{} ({})", backup->at, backup->id) : "none"},
           {"in use", holder ? fmt::format("by {}", *holder) : "no"}}));
  return kDone;
}

Result<int> Outputs(Context& context, const std::string& name) {
  if (!name.empty()) context.stack = name;
  TRY(const auto stack, context.Stack());
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  TRY(const auto buckets, lifecycle::BucketNamesOf(stack.current.items()));
  const auto outputs = lifecycle::OutputsOf(stack, config, buckets);
  if (context.json) {
    PrintJson(lifecycle::DescribeStacks(stack, outputs));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows{{"OUTPUT", "VALUE", "DESCRIPTION"}};
  for (const auto& output : outputs) rows.push_back({output.key, output.value, output.description});
  fmt::print("{}", Columns(rows));
  return kDone;
}

void PrintClone(const lifecycle::CloneReport& report, const std::string& from, bool json) {
  const auto& contents = report.contents;
  if (json) {
    boost::json::array switched_off;
    for (const auto& setting : report.switched_off)
      switched_off.push_back(lifecycle::ToJson(setting));
    auto object = StackJson(report.stack);
    object["position"] = report.position;
    object["itemBytes"] = report.item_bytes;
    object["itemsShared"] = report.reflinked;
    object["filesShared"] = contents.linked_files;
    object["bytesShared"] = contents.linked_bytes;
    object["filesCopied"] = contents.copied_files;
    object["bytesCopied"] = contents.copied_bytes;
    object["switchedOff"] = std::move(switched_off);
    object["millis"] = report.millis;
    PrintJson(object);
    return;
  }
  fmt::print(
      "made stack \"{}\" from stack \"{}\" (generation {}, up to change {}) in {} ms\nitems: {} "
      "bytes {}; contents: {} shared in {}, {} copied\n",
      report.stack.name, from, report.generation, report.position, report.millis,
      Thousands(report.item_bytes), report.reflinked ? "shared" : "copied",
      fmt::format("{} bytes", Thousands(contents.linked_bytes)),
      contents.linked_files == 1 ? "1 file"
                                 : fmt::format("{} files", Thousands(contents.linked_files)),
      fmt::format("{} bytes", Thousands(contents.copied_bytes)));
  if (report.switched_off.empty()) return;
  fmt::print("its configuration differs:\n");
  std::vector<std::vector<std::string>> rows;
  for (const auto& setting : report.switched_off)
    rows.push_back({"  " + setting.path, setting.now, setting.why});
  fmt::print("{}", Columns(rows));
}

Result<int> Clone(Context& context, const StackOptions& options) {
  if (!options.name.empty()) context.stack = options.name;
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.Stack());
  lifecycle::RemoveDestroyed(registry);
  lifecycle::CloneRequest request{.name = options.clone, .config = {}};
  if (!context.config_file.empty()) {
    TRY(const auto sources, context.ConfigSources(nullptr));
    TRY(const auto config, config::Load(sources));
    TRY_OK(app::CheckBeforeCreate(config, context.environment, context.clock));
    TRY(request.config, config::TextToKeep(sources));
  }
  std::optional<lifecycle::CloneReport> report;
  {
    OpContext op;
    const Stoppable stoppable(op);
    ProgressLine line(context);
    TRY(report, lifecycle::CloneStack(
                    stack, registry, request, context.clock, op,
                    [&](std::string_view phase, std::uint64_t done) { line.Show(phase, done); }));
  }
  TRY_OK(lifecycle::AppendHistory(report->stack,
                                  {{"operation", "clone"},
                                   {"result", "done"},
                                   {"from", stack.name},
                                   {"generation", report->generation},
                                   {"position", report->position}},
                                  context.clock));
  (void)lifecycle::SaveOutputs(report->stack);  // a record; the clone is there without it
  PrintClone(*report, stack.name, context.json);
  return kDone;
}

// The stack's name, typed or given: a "yes" is too easily said.
Status Confirm(const Context& context, const StackOptions& options, const std::string& name) {
  const Error refused(
      Code::kConflict,
      fmt::format("destroying stack \"{0}\" has to be confirmed by its name; nothing was removed; "
                  "type it when asked, or say --yes --confirm {0}",
                  name));
  if (!options.confirm.empty() || context.yes)
    return context.yes && options.confirm == name ? Ok() : Status(refused);
  if (::isatty(STDIN_FILENO) == 0) return refused;
  fmt::print(stderr,
             "This removes stack \"{}\" with everything in it.\nIts name, to confirm: ", name);
  std::string typed;
  std::getline(std::cin, typed);
  return typed == name ? Ok() : Status(refused);
}

// A last backup, every byte of which is read again.
Result<std::string> FinalBackup(Context& context, const lifecycle::Stack& stack) {
  namespace backup = lifecycle::backup;
  TRY(const auto registry, context.Registry());
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  const auto encryption = app::EncryptionOf(config);
  const std::string folder = app::BackupFolderOf(config, registry.home());
  OpContext op;
  const Stoppable stoppable(op);
  ProgressLine line(context);
  const backup::Setting setting{
      context.clock, SystemRandom(), op,
      [&](std::string_view phase, std::uint64_t done) { line.Show(phase, done); }};
  const auto refused = [&](const Error& error) {
    return Error(error.code, fmt::format("no final backup of stack \"{}\" could be made: {}; "
                                         "nothing was removed; mend that, or leave it out with "
                                         "--no-backup",
                                         stack.name, error.message));
  };
  const auto made = backup::Create(stack, folder, encryption, setting);
  if (!made.ok()) return refused(made.error());
  TRY(const auto keys, backup::StackKeysOf(&stack, encryption, {}));
  TRY(const auto vault,
      backup::Vault::Open({folder, stack.name}, keys.get(), backup::Repository::Purpose::kRead,
                          "vams stack destroy", SystemRandom()));
  TRY(const auto verified,
      backup::Verify(*vault, {.id = made->manifest.id, .read_data = true}, setting));
  if (!verified.findings.empty())
    return refused(Error(Code::kCorrupt, fmt::format("{} is damaged: {}", made->manifest.id,
                                                     verified.findings.front().detail)));
  return made->manifest.id;
}

Result<int> Destroy(Context& context, const StackOptions& options) {
  if (!options.name.empty()) context.stack = options.name;
  if (context.stack.empty())
    return Error(Code::kInvalid,
                 "which stack? nothing was removed; name it: vams stack destroy NAME");
  TRY(const auto registry, context.Registry());
  lifecycle::RemoveDestroyed(registry);
  TRY(auto destroyer, lifecycle::StackDestroyer::Begin(registry, context.stack, context.clock));
  const std::string name = destroyer.stack().name;
  std::error_code ec;
  if (std::filesystem::exists(destroyer.stack().folder / "ab.json", ec))
    return Error(
        Code::kConflict,
        fmt::format("stack \"{}\" is part of an A/B deployment; nothing was removed; end it "
                    "with \"vams ab finish\", which removes the stack that is left over",
                    name));
  TRY_OK(Confirm(context, options, name));
  boost::json::object entry;
  std::string backup;
  if (!options.no_backup) {
    TRY(backup, FinalBackup(context, destroyer.stack()));
    entry["backup"] = backup;
  }
  TRY(const auto report, std::move(destroyer).Finish(std::move(entry)));
  if (context.json) {
    boost::json::object object{
        {"destroyed", name}, {"left", boost::json::array(report.left.begin(), report.left.end())}};
    if (!backup.empty()) object["backup"] = backup;
    PrintJson(object);
    return kDone;
  }
  fmt::print("destroyed stack \"{}\"; {}\n", name,
             backup.empty() ? std::string("no backup was made")
                            : fmt::format("its last backup is {}: \"vams backup restore {} --stack "
                                          "{}\" brings it back",
                                          backup, backup, name));
  for (const auto& sentence : report.left) fmt::print("note: {}\n", sentence);
  return kDone;
}

}  // namespace

void AddStackCommands(CLI::App& app, Context& context) {
  CLI::App* stack =
      app.add_subcommand("stack", "Create, list, show, clone and destroy stacks; their outputs");
  stack->require_subcommand(1);
  static StackOptions options;
  CLI::App* create = AddCommand(
      *stack, context, "create", "Create an empty stack of the newest data version",
      [&context] { return Create(context, options.name.empty() ? context.stack : options.name); });
  create->add_option("name", options.name, "Its name (default: app.baseStackName)");
  AddConfigOptions(*create, context);
  AddCommand(*stack, context, "list", "List the stacks of this home",
             [&context] { return ListStacks(context); });
  CLI::App* show = AddCommand(*stack, context, "show", "Show one stack",
                              [&context] { return ShowStack(context, options.name); });
  CLI::App* outputs =
      AddCommand(*stack, context, "outputs", "Show a stack's outputs, as describe-stacks does",
                 [&context] { return Outputs(context, options.name); });
  for (CLI::App* command : {show, outputs})
    command->add_option("name", options.name, "Its name (default: the only one)");
  CLI::App* clone =
      AddCommand(*stack, context, "clone",
                 "Make another stack of a stack, which may be served; contents are shared",
                 [&context] { return Clone(context, options); });
  clone->add_option("name", options.name, "The stack")->required();
  clone->add_option("new", options.clone, "The name of the clone")->required();
  AddConfigOptions(*clone, context);
  CLI::App* destroy = AddCommand(*stack, context, "destroy", "Remove a stack for good",
                                 [&context] { return Destroy(context, options); });
  destroy->add_option("name", options.name, "The stack");
  destroy->add_option("--confirm", options.confirm, "The stack's name once more, with --yes")
      ->type_name("NAME");
  destroy->add_flag("--no-backup", options.no_backup, "Do not make a last backup");
}

}  // namespace vams::cli
