// vams ab start|status|validate|switch|rollback|finish|copy
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "app/prepare.h"
#include "app/release.h"
#include "app/settings.h"
#include "app/standby.h"
#include "cli/ab_finish.h"
#include "cli/cli.h"
#include "cli/migrate_options.h"
#include "cli/rest_client.h"
#include "cli/stoppable.h"
#include "cli/update_commands_server.h"
#include "config/absolute_paths.h"
#include "items/dynamodb/dynamodb_store.h"
#include "lifecycle/ab/aws_copy.h"
#include "lifecycle/ab/deploy.h"
#include "lifecycle/ab/open_source.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/update/check.h"
#include "lifecycle/update/service_checks.h"
#include "migrate/report_page.h"
#include "net/http_client.h"

namespace vams::cli {

namespace ab = lifecycle::ab;
namespace json = boost::json;

namespace {

struct AbOptions {
  std::string from, from_home, key_file, here;
  bool read_contents = false, data_only = false, alone = false;
  FinishOptions finish;
  MigrateArguments migration;
  // Of copy.
  std::string aws_profile, endpoint_from, endpoint_to;
  bool resume = false, tables_only = false, dry_run = false;
};

// ---- start

bool IsUrl(const std::string& from) {
  return from.starts_with("http://") || from.starts_with("https://");
}

Result<ab::StartRequest> StartRequestOf(const Context& context, const AbOptions& options) {
  TRY(const auto registry, context.Registry());
  if (options.from.empty() || context.stack.empty())
    return Error(Code::kInvalid,
                 "an A/B deployment has two sides: name the stack or server that serves with "
                 "--from, and the one that is to replace it with --stack; nothing was done");
  ab::StartRequest request{.from = options.from,
                           .from_home = options.from_home,
                           .remote = {},
                           .here_url = options.here,
                           .name = context.stack,
                           .config_text = {},
                           .config = {},
                           .issuer = {},
                           .migration = {}};
  TRY(const auto decided, MigrateOptionsOf(options.migration));
  request.migration.owners = decided.owners;
  request.migration.quarantine_ambiguous = decided.quarantine_ambiguous;
  request.migration.asset_bucket = decided.asset_bucket;
  std::optional<lifecycle::Stack> existing;
  if (registry.Exists(request.name)) {
    TRY(existing, registry.Get(request.name));
  }
  TRY(const auto sources, context.ConfigSources(existing ? &*existing : nullptr));
  if (!context.config_file.empty()) {
    TRY(request.config_text, config::TextToKeep(sources));
  }
  TRY(request.config, config::Load(sources));
  if (IsUrl(options.from)) {
    if (options.key_file.empty() || options.here.empty())
      return Error(Code::kInvalid,
                   "for a server on another machine name the file with the API key of an "
                   "administrator there (--key-file), and where that server reaches this side "
                   "after a switch (--here URL); nothing was done");
    std::string url = options.from;
    while (url.ends_with('/')) url.pop_back();
    std::error_code ec;
    request.remote = ab::Peer{.stack = {},
                              .home = {},
                              .url = url,
                              .key_file = std::filesystem::absolute(options.key_file, ec)};
    return request;
  }
  const lifecycle::StackRegistry other(
      options.from_home.empty() ? registry.home() : files::Path(options.from_home), context.clock);
  TRY(const auto from, other.Get(options.from));
  TRY(const auto from_config, ab::StoredConfig(from));
  request.issuer = app::PublicUrl(from_config);
  if (request.issuer.empty()) {
    TRY(request.issuer, app::IssuerFor(from, from_config));
  }
  return request;
}

void PrintChecks(const std::vector<ab::Check>& checks) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& check : checks)
    rows.push_back({check.result == ab::Check::Result::kPassed    ? "ok"
                    : check.result == ab::Check::Result::kWarning ? "note"
                                                                  : "REFUSED",
                    check.name, check.detail});
  fmt::print("{}", Columns(rows));
}

Result<int> Start(Context& context, const AbOptions& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto request, StartRequestOf(context, options));
  OpContext op;
  const Stoppable stoppable(op);
  TRY(const auto report, ab::Start(op, registry, request, context.clock, SystemRandom()));
  if (context.json) {
    json::object object{{"result", report.standby ? "started" : "refused"},
                        {"checks", ab::ToJson(report.checks)}};
    if (report.standby) {
      object["stack"] = report.standby->name;
      object["deployment"] = report.state.deployment;
      object["created"] = report.created;
    }
    PrintJson(object);
    return report.standby ? kDone : kRefused;
  }
  PrintChecks(report.checks);
  if (!report.standby) {
    fmt::print("nothing was changed; when what is refused above is put right, start again\n");
    return kRefused;
  }
  fmt::print(
      "stack \"{0}\" is the standby of {1}\nits server copies and follows: vams serve --stack "
      "{0}\n",
      report.standby->name, options.from);
  return kDone;
}

// ---- status, validate

void PrintSide(const json::object& status, std::string_view role) {
  const json::value* side = status.if_contains(role);
  if (side == nullptr || !side->is_object()) return;
  const json::value* served = side->as_object().if_contains("served");
  std::string how = TextOf(*side, "url");
  if (served != nullptr)
    how = !served->as_bool() ? "not served" : how.empty() ? "served" : "served at " + how;
  fmt::print("{}", Columns({{std::string(role), TextOf(*side, "stack"), how}}));
}

Result<int> ShowStatus(Context& context) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.Stack());
  OpContext op;
  TRY(const json::object status, ab::StatusOf(op, registry, stack, context.clock));
  if (context.json) {
    PrintJson(status);
    return kDone;
  }
  if (status.at("deployment").is_null()) {
    fmt::print("stack \"{}\" takes part in no A/B deployment\n", stack.name);
    return kDone;
  }
  PrintSide(status, "serving");
  PrintSide(status, "standby");
  const json::value told(status);
  if (const auto phase = TextOf(told, "phase"); !phase.empty()) {
    std::vector<std::vector<std::string>> rows{{"phase", phase}};
    rows.push_back(
        {"copied",
         fmt::format("{}, {} contents", Rows(static_cast<std::uint64_t>(NumberOf(told, "rows"))),
                     Thousands(static_cast<std::uint64_t>(NumberOf(told, "contents"))))});
    rows.push_back(
        {"rate", fmt::format("{:.0f} a second", status.at("perSecond").to_number<double>())});
    rows.push_back(
        {"lag", fmt::format("{} changes, {}",
                            Thousands(static_cast<std::uint64_t>(NumberOf(told, "lagChanges"))),
                            migrate::Seconds(NumberOf(told, "lagMillis")))});
    if (const auto problem = TextOf(told, "problem"); !problem.empty())
      rows.push_back({"problem", problem});
    fmt::print("{}", Columns(rows));
  }
  if (status.contains("pauseMillis"))
    fmt::print("writes were paused for {} ms at the last switch\n", NumberOf(told, "pauseMillis"));
  return kDone;
}

// What a standby's server does for a command.
Result<json::object> AskStandby(Context& context, std::string_view want, json::object options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.Stack());
  TRY(const auto standby, ab::StandbyOf(registry, stack));
  OpContext op;
  const Stoppable stoppable(op);
  ProgressLine line(context);
  return ab::Ask(op, standby, want, std::move(options), SystemRandom(),
                 [&](const ab::Progress& progress) {
                   line.Show(progress.phase,
                             progress.phase == "copying" ? progress.rows : progress.lag_changes());
                 });
}

// The standby as a client would find it after a switch: a clone of it is served for a moment at a
// free port, because the standby itself answers nobody and must not be written to.  Nothing for one
// with data that this release does not serve.
Result<std::vector<lifecycle::Check>> LookAtService(Context& context) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.Stack());
  TRY(const auto standby, ab::StandbyOf(registry, stack));
  std::vector<lifecycle::Check> checks;
  if (standby.current.data_version != app::ServedDataVersion()) return checks;
  OpContext op;
  const Stoppable stoppable(op);
  ProgressLine line(context);
  TRY(const auto folder,
      files::TempFolder::Create(standby.folder.parent_path().parent_path(), ".ab-validate"));
  const lifecycle::StackRegistry apart(folder.path(), context.clock);
  TRY(const auto clone,
      lifecycle::CloneStack(
          standby, apart, {.name = standby.name, .config = {}, .keep_transient = true},
          context.clock, op,
          [&](std::string_view phase, std::uint64_t done) { line.Show(phase, done); }));
  TRY(const auto server, ServeTemporarily(apart, clone.stack, false));
  TRY(const auto config, ab::StoredConfig(clone.stack));
  net::HttpClient http;
  return lifecycle::CheckService(op, http, SystemRandom(),
                                 {.url = server->url(),
                                  .token = server->token(),
                                  .access_log = clone.stack.folder / "logs" / "access.jsonl",
                                  .own_bucket = app::OwnBucketOf(config, clone.stack.name)},
                                 [&](const lifecycle::Check& check) { line.Show(check.name, 0); });
}

Result<int> Validate(Context& context, const AbOptions& options) {
  TRY(json::object report,
      AskStandby(context, "validate", {{"readContents", options.read_contents}}));
  const bool same = TextOf(report, "result") == "same";
  std::vector<lifecycle::Check> service;
  if (!options.data_only) {
    TRY(service, LookAtService(context));
    report["service"] = lifecycle::ToJson(service);
  }
  const bool works = lifecycle::WorstOf(service) != lifecycle::CheckResult::kRefused;
  if (context.json) {
    PrintJson(report);
    return same && works ? kDone : kDifferent;
  }
  fmt::print("{}", lifecycle::ChecksText(service));
  std::uint64_t rows = 0, tables = 0;
  for (const json::value& table : ListOf(report, "tables")) {
    ++tables;
    rows += static_cast<std::uint64_t>(NumberOf(table, "rows"));
    if (!FlagOf(table, "same"))
      fmt::print("table {}: {} here, {} at the source, and not the same\n", TextOf(table, "table"),
                 Rows(static_cast<std::uint64_t>(NumberOf(table, "rows"))),
                 Rows(static_cast<std::uint64_t>(NumberOf(table, "sourceRows"))));
  }
  for (const json::value& difference : ListOf(report.at("samples").as_object(), "different"))
    fmt::print("{}\n", std::string(difference.as_string()));
  const json::value& contents = report.at("contents");
  for (const json::value& damaged : ListOf(contents, "damaged"))
    fmt::print("content {} is damaged\n", std::string(damaged.as_string()));
  if (const auto absent = NumberOf(contents, "absentAtSource"); absent > 0)
    fmt::print("note: {} contents are missing at the source as well\n", absent);
  if (const auto search = TextOf(report, "search"); !search.empty())
    fmt::print("note: {}\n", search);
  fmt::print("{}: {} in {} tables, {} contents, at change {} of the source\n",
             same ? "the same" : "DIFFERENT", Rows(rows), tables,
             Thousands(static_cast<std::uint64_t>(NumberOf(contents, "referred"))),
             NumberOf(report, "position"));
  if (!works) fmt::print("the standby would not serve as it should\n");
  return same && works ? kDone : kDifferent;
}

// ---- switch, rollback

Result<int> Switch(Context& context, const AbOptions& options, bool back) {
  TRY(const auto stack, context.Stack());
  TRY(const auto state, ab::ReadState(stack));
  if (state && !state->finished() && (state->switches % 2 == 1) != back)
    return Error(Code::kConflict,
                 back
                     ? "nothing was switched yet, so there is nothing to go back from; switch with "
                       "\"vams ab switch\""
                     : "the roles were switched already; go back with \"vams ab rollback\", or end "
                       "the deployment with \"vams ab finish\"");
  if (options.alone) return SwitchAlone(context);
  TRY(const json::object result, AskStandby(context, "switch", {}));
  if (context.json) {
    PrintJson(result);
    return kDone;
  }
  fmt::print(
      "stack \"{}\" serves; writes were paused for {} ms, {} changes were applied meanwhile\n",
      TextOf(result, "stack"), NumberOf(result, "pauseMillis"), NumberOf(result, "drained"));
  const auto hook = TextOf(result, "hookFailed");
  if (hook.empty()) return kDone;
  fmt::print(stderr, "vams: {}\n", hook);
  return kFailed;
}

// ---- copy

Result<std::unique_ptr<items::DynamoStore>> OpenTables(const Context& context,
                                                       const AbOptions& options, bool source,
                                                       const ab::CopySchema& schema) {
  items::DynamoOptions dynamo{.region = source ? schema.region_from : schema.region_to,
                              .endpoint = source ? options.endpoint_from : options.endpoint_to};
  for (const auto& table : schema.tables)
    dynamo.physical_names[table.descriptor] = source ? table.from : table.to;
  dynamo.environment = [&context, profile = options.aws_profile](
                           std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_PROFILE" && !profile.empty()) return profile;
    const auto found = context.environment.find(std::string(name));
    if (found == context.environment.end() || found->second.empty()) return std::nullopt;
    return found->second;
  };
  return items::OpenDynamoStore(std::move(dynamo));
}

void PrintCopied(const Context& context, const std::vector<ab::CopiedTable>& copied, bool dry_run) {
  if (context.json) {
    json::array tables;
    for (const auto& table : copied) tables.push_back(ab::ToJson(table));
    PrintJson({{"dryRun", dry_run}, {"tables", std::move(tables)}});
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& table : copied)
    rows.push_back({dry_run      ? "would copy"
                    : table.same ? "same"
                                 : "DIFFERENT",
                    fmt::format("{} -> {}", table.from, table.to),
                    dry_run || table.same
                        ? Rows(table.rows)
                        : fmt::format("{} there, {} here", Rows(table.rows), Rows(table.present))});
  fmt::print("{}", Columns(rows));
}

Result<int> Copy(Context& context, const AbOptions& options) {
  if (context.config_file.empty())
    return Error(Code::kInvalid,
                 "name upstream's file with the tables of both sides (MigrationSchema_….json) with "
                 "--config; nothing was done");
  TRY(const auto schema, ab::ReadCopySchema(context.config_file));
  if (!schema.buckets.empty() && !options.tables_only)
    return Error(Code::kNotSupported,
                 fmt::format("the file names buckets ({}), and this release does not speak the S3 "
                             "protocol yet; nothing was copied; copy them with other means and say "
                             "--tables-only here",
                             fmt::join(schema.buckets, ", ")));
  TRY(const auto from, OpenTables(context, options, true, schema));
  TRY(const auto to, OpenTables(context, options, false, schema));
  OpContext op;
  const Stoppable stoppable(op);
  ProgressLine line(context);
  const ab::CopyOptions copying{
      .resume = options.resume,
      .dry_run = options.dry_run,
      .progress = [&](std::string_view table, std::uint64_t rows) { line.Show(table, rows); }};
  TRY_OK(ab::CheckCopy(op, *from, *to, schema, copying));
  std::vector<ab::CopiedTable> copied;
  for (const auto& table : schema.tables) {
    auto one = ab::CopyTable(op, *from, *to, table, copying);
    if (!one.ok()) {
      if (!op.cancelled()) return one.error();
      fmt::print(stderr, "vams: stopped in \"{}\"; go on with --resume\n", table.to);
      return kInterrupted;
    }
    copied.push_back(*std::move(one));
  }
  PrintCopied(context, copied, options.dry_run);
  const bool same = std::ranges::all_of(copied, &ab::CopiedTable::same);
  return same || options.dry_run ? kDone : kDifferent;
}

}  // namespace

void AddAbCommands(CLI::App& app, Context& context) {
  static AbOptions options;
  CLI::App* group = app.add_subcommand("ab", "Move a stack to a replacement while it serves");
  group->require_subcommand(1);
  CLI::App* start = AddCommand(*group, context, "start", "Make a stack the standby of another one",
                               [&context] { return Start(context, options); });
  AddConfigOptions(*start, context);
  start->add_option("--from", options.from, "The stack that serves, or the URL of its server")
      ->type_name("STACK|URL");
  start->add_option("--from-home", options.from_home, "The home of that stack, if another one")
      ->type_name("DIR");
  start
      ->add_option("--key-file", options.key_file,
                   "With a URL: file with the API key of an administrator there")
      ->type_name("FILE");
  start
      ->add_option("--here", options.here,
                   "With a URL: where that server reaches this side after a switch")
      ->type_name("URL");
  AddAmbiguityOptions(*start, options.migration);
  AddAssetBucketOption(*start, options.migration);
  AddCommand(*group, context, "status", "Show both sides, phase, progress and lag",
             [&context] { return ShowStatus(context); });
  CLI::App* validate =
      AddCommand(*group, context, "validate", "Compare the standby with the side that serves",
                 [&context] { return Validate(context, options); });
  validate->add_flag("--read-contents", options.read_contents,
                     "Compare every content with its digest as well");
  validate->add_flag("--data-only", options.data_only,
                     "Without serving a clone of the standby to look at its service");
  CLI::App* change = AddCommand(*group, context, "switch", "Have the standby take over",
                                [&context] { return Switch(context, options, false); });
  CLI::App* back = AddCommand(*group, context, "rollback", "Go back to the side that served before",
                              [&context] { return Switch(context, options, true); });
  for (CLI::App* command : {change, back})
    command->add_flag("--alone", options.alone,
                      "The side that serves is lost: serve what the standby has of it");
  CLI::App* finish =
      AddCommand(*group, context, "finish", "Back up and remove the side that serves no longer",
                 [&context] { return FinishDeployment(context, options.finish); });
  finish->add_flag("--abandon", options.finish.abandon,
                   "Before a switch: remove the standby and leave everything as it was");
  finish->add_flag("--no-backup", options.finish.no_backup, "Without a final backup");
  finish->add_flag("--alone", options.finish.alone,
                   "The standby is lost: end the deployment without it");
  CLI::App* copy = AddCommand(*group, context, "copy",
                              "Copy the tables of an AWS VAMS to those of its replacement",
                              [&context] { return Copy(context, options); });
  copy->add_option("--config", context.config_file, "Upstream's MigrationSchema_….json")
      ->type_name("FILE");
  copy->add_option("--profile", options.aws_profile, "Profile of the AWS configuration")
      ->type_name("NAME");
  copy->add_option("--endpoint-from", options.endpoint_from, "Server of the old tables")
      ->type_name("URL");
  copy->add_option("--endpoint-to", options.endpoint_to, "Server of the new tables")
      ->type_name("URL");
  copy->add_flag("--resume", options.resume, "Go on with a copy, over the rows that are there");
  copy->add_flag("--tables-only", options.tables_only, "Leave the file's buckets out");
  copy->add_flag("--dry-run", options.dry_run, "Check and count, write nothing");
}

}  // namespace vams::cli
