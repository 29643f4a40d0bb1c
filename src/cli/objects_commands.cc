// vams objects check|collect|rewrap
#include <fmt/format.h>

#include <charconv>

#include "app/settings.h"
#include "cli/cli.h"
#include "cli/stoppable.h"
#include "lifecycle/upkeep_objects.h"

namespace vams::cli {

namespace {

struct ObjectsOptions {
  bool read_data = false;
  bool dry_run = false;
  std::string grace = "24h";
  std::string old_key;
};

Result<objects::EncryptionChoice> EncryptionOf(const Context& context,
                                               const lifecycle::Stack& stack) {
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  return app::EncryptionOf(config);
}

Result<std::chrono::milliseconds> Duration(const std::string& text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(parsed.ptr, text.data() + text.size());
  const std::int64_t seconds = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3600
                               : unit == "d" ? 86400
                                             : 0;
  constexpr std::int64_t kCentury = std::int64_t{100} * 366 * 86400;
  if (parsed.ec != std::errc() || seconds == 0 || number < 0 || number > kCentury / seconds)
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" is no duration; nothing was done; give a whole number with s, "
                             "m, h or d, such as 36h",
                             text));
  return std::chrono::seconds(number * seconds);
}

void PrintCheck(const lifecycle::Stack& stack, const objects::BlobCheck& check) {
  const std::string extent =
      fmt::format("{} ({}) in {} and files of their own", Counted(check.blobs, "blob"),
                  Counted(check.bytes, "byte"), Counted(check.packs, "pack"));
  if (check.clean())
    fmt::print("the objects of stack \"{}\" are whole: {}\n", stack.name, extent);
  else
    fmt::print(
        "the objects of stack \"{}\" are not whole: {} missing, {} damaged, {} in packs, {} "
        "out of place; {}\n",
        stack.name, Counted(check.missing, "blob"), Thousands(check.damaged),
        Counted(check.damaged_packs, "damage"), Counted(check.stray, "file"), extent);
  if (check.extra > 0)
    fmt::print("nothing refers to {} ({}); \"vams objects collect\" removes what is old enough\n",
               Counted(check.extra, "blob"), Counted(check.extra_bytes, "byte"));
}

Result<int> Check(Context& context, const ObjectsOptions& options) {
  TRY(const auto stack, context.Stack());
  TRY(const auto encryption, EncryptionOf(context, stack));
  OpContext op;
  const Stoppable stoppable(op);
  boost::json::array findings;
  const auto found = [&](const objects::BlobFinding& finding) {
    if (context.json)
      findings.push_back({{"kind", objects::KindName(finding.kind)},
                          {"what", finding.what},
                          {"detail", finding.detail}});
    else
      fmt::print("{} {}: {}\n", objects::KindName(finding.kind), finding.what, finding.detail);
  };
  TRY(const auto check, lifecycle::CheckObjects(stack, encryption, options.read_data, op, found));
  if (context.json)
    PrintJson({{"stack", stack.name},
               {"clean", check.clean()},
               {"dataRead", options.read_data},
               {"references", check.references},
               {"blobs", check.blobs},
               {"bytes", check.bytes},
               {"packs", check.packs},
               {"missing", check.missing},
               {"damaged", check.damaged},
               {"damagedPacks", check.damaged_packs},
               {"stray", check.stray},
               {"extra", check.extra},
               {"extraBytes", check.extra_bytes},
               {"findings", findings}});
  else
    PrintCheck(stack, check);
  return check.clean() ? kDone : kDifferent;
}

Result<int> Collect(Context& context, const ObjectsOptions& options) {
  TRY(const auto grace, Duration(options.grace));
  TRY(const auto stack, context.Stack());
  TRY(const auto encryption, EncryptionOf(context, stack));
  OpContext op;
  const Stoppable stoppable(op);
  TRY(const auto done,
      lifecycle::CollectObjects(stack, encryption, {.grace = grace, .dry_run = options.dry_run},
                                context.clock, op));
  if (context.json) {
    boost::json::array problems;
    for (const auto& problem : done.problems) problems.push_back(problem.c_str());
    PrintJson({{"stack", stack.name},
               {"dryRun", options.dry_run},
               {"references", done.references},
               {"removed", done.removed},
               {"removedBytes", done.removed_bytes},
               {"freedBytes", done.freed_bytes},
               {"packsRewritten", done.packs_rewritten},
               {"waiting", done.waiting},
               {"waitingBytes", done.waiting_bytes},
               {"problems", problems}});
  } else {
    for (const auto& problem : done.problems) fmt::print("{}\n", problem);
    fmt::print("{} {} ({}) of stack \"{}\"; {} on disk {}\n",
               options.dry_run ? "would remove" : "removed", Counted(done.removed, "blob"),
               Counted(done.removed_bytes, "byte"), stack.name, Counted(done.freed_bytes, "byte"),
               options.dry_run ? "would be free" : "are free");
    if (done.waiting > 0)
      fmt::print("{} ({}) wait in packs that are mostly used\n",
                 Counted(done.waiting, "unused blob"), Counted(done.waiting_bytes, "byte"));
  }
  return done.problems.empty() ? kDone : kDifferent;
}

Result<int> Rewrap(Context& context, const ObjectsOptions& options) {
  TRY(const auto stack, context.Stack());
  TRY(const auto encryption, EncryptionOf(context, stack));
  TRY(const auto key, lifecycle::ReplaceStackKey(stack, encryption, options.old_key, context.clock,
                                                 SystemRandom()));
  if (context.json)
    PrintJson({{"stack", stack.name}, {"key", key}});
  else
    fmt::print("stack \"{}\" has the stack key {}: keep a copy of its file apart from the data\n",
               stack.name, key);
  return kDone;
}

}  // namespace

void AddObjectsCommands(CLI::App& app, Context& context) {
  static ObjectsOptions options;
  CLI::App* objects =
      app.add_subcommand("objects", "Check and clean up the stored bytes of objects");
  objects->require_subcommand(1);
  CLI::App* check = AddCommand(*objects, context, "check",
                               "Compare the stored bytes with the records (beside a server, too)",
                               [&context] { return Check(context, options); });
  check->add_flag("--read-data", options.read_data, "Read every byte and compare its digest");
  CLI::App* collect =
      AddCommand(*objects, context, "collect", "Remove stored bytes that no record refers to",
                 [&context] { return Collect(context, options); });
  collect->add_flag("--dry-run", options.dry_run,
                    "Say what would be removed (beside a server, too)");
  collect->add_option("--grace", options.grace, "Keep what was added in this time (24h)")
      ->type_name("DURATION");
  CLI::App* rewrap = AddCommand(*objects, context, "rewrap",
                                "Give an encrypted stack another stack key (it is not served)",
                                [&context] { return Rewrap(context, options); });
  rewrap
      ->add_option("--old-key", options.old_key,
                   "The key until now, when the configuration names the new one")
      ->type_name("FILE");
}

}  // namespace vams::cli
