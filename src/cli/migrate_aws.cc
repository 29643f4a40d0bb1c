#include "cli/migrate_aws.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/migrate_text.h"
#include "cli/stoppable.h"
#include "lifecycle/home.h"
#include "lifecycle/migrate_aws.h"

namespace vams::cli {

namespace {

namespace remote = migrate::remote;

// Upstream's names of arguments that take a text.
constexpr const char* kAliases[] = {"--assets-table",
                                    "--asset-versions-table",
                                    "--s3-asset-buckets-table",
                                    "--databases-table",
                                    "--base-assets-prefix",
                                    "--asset-bucket-name",
                                    "--comments-table",
                                    "--asset-links-table",
                                    "--asset-links-table-v2",
                                    "--function-name",
                                    "--operation",
                                    "--log-level"};

Result<std::pair<std::string, std::string>> Split(const std::string& text, const char* option) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return Error(Code::kInvalid, fmt::format("{} {} is not of the form NAME=VALUE", option, text));
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

std::string Environment(const Context& context, const char* name) {
  const auto found = context.environment.find(name);
  return found != context.environment.end() ? found->second : std::string();
}

// A secret comes from a file or from the environment, never from an argument, which others see.
Result<lifecycle::SearchAccess> SearchAccessOf(const Context& context,
                                               const OpenSearchArguments& arguments) {
  using Auth = lifecycle::SearchAccess::Auth;
  lifecycle::SearchAccess access;
  if (arguments.url.empty()) return access;
  access.auth = arguments.auth == "none"    ? Auth::kNone
                : arguments.auth == "basic" ? Auth::kBasic
                : arguments.auth == "aws"   ? Auth::kAws
                                            : Auth::kGuess;
  access.user =
      arguments.user.empty() ? Environment(context, "VAMS_OPENSEARCH_USER") : arguments.user;
  access.password = Environment(context, "VAMS_OPENSEARCH_PASSWORD");
  if (!arguments.password_file.empty()) {
    TRY(access.password, files::ReadAll(arguments.password_file, 64 << 10));
    while (access.password.ends_with('\n') || access.password.ends_with('\r'))
      access.password.pop_back();
  }
  access.ca_file = arguments.ca_file;
  return access;
}

Result<lifecycle::AwsOptions> OptionsOf(const Context& context, const AwsArguments& arguments) {
  lifecycle::AwsOptions options;
  options.config = context.config_file;
  options.overrides.texts = arguments.texts;
  for (const auto& text : arguments.tables) {
    TRY(auto table, Split(text, "--table"));
    options.overrides.tables.insert(std::move(table));
  }
  if (arguments.dry_run) options.overrides.dry_run = true;
  if (arguments.delete_old_data) options.overrides.delete_old_data = true;
  if (arguments.clear_v2) options.overrides.clear_v2 = true;
  if (arguments.clear_indexes) options.overrides.clear_indexes = true;
  options.overrides.limit = arguments.limit;
  options.overrides.batch_size = arguments.batch_size;
  options.overrides.opensearch_url = arguments.opensearch.url;
  options.overrides.opensearch_assets = arguments.opensearch.assets;
  options.overrides.opensearch_files = arguments.opensearch.files;
  options.overrides.opensearch_documents = arguments.opensearch.documents;
  TRY(options.search, SearchAccessOf(context, arguments.opensearch));
  options.profile = arguments.profile;
  options.region = arguments.region;
  options.endpoint = arguments.endpoint;
  options.max_write_units = arguments.max_wcu;
  options.max_read_units = arguments.max_rcu;
  options.work = arguments.work_dir;
  std::error_code ec;
  for (const auto& text : arguments.listings) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || std::filesystem::exists(text, ec))
      options.listings.push_back({"", text});
    else
      options.listings.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  auto& run = options.run;
  run.dialect = arguments.dialect;
  run.owners = arguments.owners;
  run.quarantine_ambiguous = arguments.quarantine_ambiguous;
  run.strict = arguments.strict;
  run.skip_backup = arguments.skip_backup;
  run.lock = !arguments.no_lock;
  run.create_lock_table = !arguments.no_create_lock_table;
  run.again = arguments.again;
  run.threads = arguments.threads;
  run.remote_threads = arguments.remote_threads;
  const auto user = context.environment.find("USER");
  run.operator_name = user != context.environment.end() ? user->second : "an operator";
  return options;
}

// One text for all remarks of the legs, as for stacks.
lifecycle::MigrationReport AsStackReport(const remote::RemoteReport& report) {
  lifecycle::MigrationReport shown;
  shown.kind = report.kind;
  shown.from = report.from;
  shown.to = report.to;
  shown.dialect = report.dialect;
  shown.path = report.path;
  shown.legs = report.legs;
  shown.verifications = report.verifications;
  return shown;
}

std::string ChangesText(const remote::RemoteReport& report) {
  std::vector<std::vector<std::string>> rows{{"TABLE", "NEW", "CHANGED", "REMOVED", "SET ASIDE"}};
  for (const auto& [table, changes] : report.changes)
    if (!changes.nothing() || changes.kept > 0)
      rows.push_back({table, Thousands(changes.added), Thousands(changes.changed),
                      Thousands(changes.removed), Thousands(changes.kept)});
  return rows.size() > 1 ? "\n" + Columns(rows) : std::string("\nno row of any table differs\n");
}

std::string RemoteText(const remote::RemoteReport& report) {
  std::string text;
  for (const auto& notice : report.notices) text += fmt::format("note: {}\n", notice);
  if (report.nothing_to_do)
    return text + fmt::format(
                      "the tables of {} are migrated already ({} to {}); nothing was "
                      "changed\n",
                      report.config, report.from.ToString(), report.to.ToString());
  text += RemarksOf(AsStackReport(report), report.dry_run);
  text += ChangesText(report);
  for (const auto& protection : report.protections)
    text += fmt::format("protected: {}\n", protection);
  if (!report.reindex.empty()) text += fmt::format("reindex: {}\n", report.reindex);
  if (report.interrupted || report.strict_stop) return text;
  const double seconds = static_cast<double>(report.millis) / 1000;
  if (report.dry_run)
    return text + fmt::format(
                      "\ndry run of {} with {}, data version {} to {}: nothing was changed "
                      "({:.1f} s)\n",
                      report.kind, report.config, report.from.ToString(), report.to.ToString(),
                      seconds);
  if (!report.finished) return text;
  std::uint64_t proved = 0;
  for (const auto& [table, digest] : report.proved) proved += digest.count;
  return text + fmt::format(
                    "\nproved: {} read again from the tables, as they were made\n{} with {}: data "
                    "version {} to {}, in {:.1f} s\nreport: {}\n",
                    Records(proved),
                    report.kind == "reverse"  ? "took back"
                    : report.kind == "repair" ? "repaired"
                                              : "migrated",
                    report.config, report.from.ToString(), report.to.ToString(), seconds,
                    (report.folder / "report.html").string());
}

int Print(const Context& context, const remote::RemoteReport& report) {
  if (context.json)
    PrintJson(remote::ToJson(report));
  else
    fmt::print("{}", RemoteText(report));
  if (report.interrupted) {
    fmt::print(stderr, "vams: {}\n", report.interrupted->message);
    return kInterrupted;
  }
  if (report.strict_stop) {
    fmt::print(stderr,
               "vams: {} quarantined, and --strict wants none; no table was changed; look at "
               "them with \"vams migrate plan\", then run again without --strict\n",
               Records(report.quarantined()));
    return kDifferent;
  }
  if (report.reindex_failed) {
    fmt::print(stderr, "vams: {}\n", report.reindex_failed->message);
    return kFailed;
  }
  return kDone;
}

int Print(const Context& context, const remote::RemoteProof& proof) {
  if (context.json) {
    const auto texts = [](const std::vector<std::string>& list) {
      return boost::json::array(list.begin(), list.end());
    };
    PrintJson({{"migration", proof.report.id},
               {"proved", proof.failures.empty()},
               {"checks", texts(proof.checks)},
               {"changed", texts(proof.changed)},
               {"failures", texts(proof.failures)}});
  } else {
    for (const auto& check : proof.checks) fmt::print("holds: {}\n", check);
    for (const auto& changed : proof.changed) fmt::print("note: {}\n", changed);
    for (const auto& failure : proof.failures) fmt::print("FAILS: {}\n", failure);
    if (proof.failures.empty()) fmt::print("{} {} is proved\n", proof.report.kind, proof.report.id);
  }
  return proof.failures.empty() ? kDone : kDifferent;
}

}  // namespace

void AddAwsOptions(CLI::App& command, AwsArguments& arguments) {
  const auto text = [&](const char* name, std::string& into, const char* what, const char* type) {
    command.add_option(name, into, what)->type_name(type)->group("With --config");
  };
  const auto flag = [&](const char* name, bool& into, const char* what) {
    command.add_flag(name, into, what)->group("With --config");
  };
  text("--profile", arguments.profile, "Profile of the AWS credentials", "NAME");
  text("--region", arguments.region, "AWS region", "REGION");
  text("--endpoint-url", arguments.endpoint, "Another server that speaks DynamoDB's protocol",
       "URL");
  auto& search = arguments.opensearch;
  text("--opensearch-url", search.url,
       "Fill the search indexes of this server in place of calling the reindex function", "URL");
  text("--opensearch-assets", search.assets, "Its index of assets, if not upstream's", "NAME");
  text("--opensearch-files", search.files, "Its index of files, if not upstream's", "NAME");
  text("--opensearch-user", search.user, "Its user (VAMS_OPENSEARCH_USER)", "NAME");
  text("--opensearch-password-file", search.password_file,
       "File with the user's password (else VAMS_OPENSEARCH_PASSWORD)", "FILE");
  text("--opensearch-ca-file", search.ca_file, "Authorities that vouch for it, PEM", "FILE");
  const auto choice = [&](const char* name, std::string& into, const char* what,
                          std::vector<std::string> values) {
    command.add_option(name, into, what)
        ->check(CLI::IsMember(std::move(values)))
        ->group("With --config");
  };
  choice("--opensearch-documents", search.documents, "Which documents are put there",
         {"assets", "files", "both"});
  choice("--opensearch-auth", search.auth, "How it is signed in to, if not as the URL suggests",
         {"none", "basic", "aws"});
  text("--work-dir", arguments.work_dir, "Folder of journal, copies and reports", "DIR");
  command
      .add_option("--table", arguments.tables,
                  "A table that the configuration does not name; repeatable")
      ->type_name("CANONICAL=PHYSICAL")
      ->allow_extra_args(false)
      ->group("With --config");
  command
      .add_option("--objects-listing", arguments.listings,
                  "Listing of an asset bucket (list-object-versions, inventory); repeatable")
      ->type_name("[BUCKET=]FILE")
      ->allow_extra_args(false)
      ->group("With --config");
  flag("--no-lock", arguments.no_lock, "Do not lock the tables against other operators");
  flag("--no-create-lock-table", arguments.no_create_lock_table,
       "Fail if the lock's table is absent");
  flag("--skip-backup", arguments.skip_backup, "No backup before tables are changed in place");
  flag("--again", arguments.again, "Also when a finished run has done the same");
  command.add_option("--max-wcu", arguments.max_wcu, "Write capacity units a second at most")
      ->type_name("N")
      ->group("With --config");
  command.add_option("--max-rcu", arguments.max_rcu, "Read capacity units a second at most")
      ->type_name("N")
      ->group("With --config");
  command.add_option("--remote-threads", arguments.remote_threads, "Threads that read tables")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->group("With --config");
}

void AddUpstreamAliases(CLI::App& command, AwsArguments& arguments) {
  constexpr const char* kGroup = "With --config, as upstream's scripts have them";
  for (const char* alias : kAliases)
    command
        .add_option_function<std::string>(
            alias,
            [&arguments, alias](const std::string& value) {
              arguments.texts[std::string(remote::KeyOfArgument(alias))] = value;
            },
            "In place of the configuration's")
        ->type_name("TEXT")
        ->group(kGroup);
  command.add_option("--limit", arguments.limit, "Only the first rows of each table")
      ->type_name("N")
      ->group(kGroup);
  command.add_option("--batch-size", arguments.batch_size, "Accepted; the engine has its own")
      ->type_name("N")
      ->group(kGroup);
  command.add_flag("--delete-old-data", arguments.delete_old_data, "Answered: nothing is deleted")
      ->group(kGroup);
  command.add_flag("--clear-v2", arguments.clear_v2, "Answered: nothing is deleted")->group(kGroup);
  command.add_flag("--clear-indexes", arguments.clear_indexes, "For the reindex function")
      ->group(kGroup);
}

Result<int> MigrateAws(Context& context, const AwsArguments& arguments, AwsOperation operation) {
  TRY(const auto home, lifecycle::ResolveHome(context.home, context.environment, ::geteuid() == 0));
  TRY(auto options, OptionsOf(context, arguments));
  if (operation == AwsOperation::kCancel) {
    const files::Path work =
        options.work.empty() ? home / "migrations" / options.config.stem() : options.work;
    TRY(const auto record, remote::CancelRemote(work, context.clock));
    fmt::print("cancelled {}; no table was changed\n", record.folder.string());
    return kDone;
  }
  OpContext op;
  const Stoppable stoppable(op);
  TRY(const auto migration, lifecycle::AwsMigration::Open(op, home, context.environment,
                                                          std::move(options), context.clock));
  if (operation == AwsOperation::kPolicy) {
    TRY(const auto policy, migration->Policy());
    fmt::print("{}\n", policy);
    return kDone;
  }
  MigrationProgress progress(context);
  const auto job = migration->Job([&](const migrate::Progress& p) { progress.Show(p); });
  if (operation == AwsOperation::kVerify) {
    TRY(const auto proof, remote::VerifyRemote(op, job));
    return Print(context, proof);
  }
  if (operation == AwsOperation::kReindex) {
    TRY(const auto outcome, remote::ReindexRemote(op, job));
    if (context.json)
      PrintJson({{"reindex", outcome.summary}, {"failed", outcome.failed}});
    else
      fmt::print("reindex: {}\n", outcome.summary);
    return outcome.failed == 0 ? kDone : kFailed;
  }
  TRY(const auto report, operation == AwsOperation::kPlan      ? remote::PlanRemote(op, job)
                         : operation == AwsOperation::kReverse ? remote::ReverseRemote(op, job)
                         : operation == AwsOperation::kRepair  ? remote::RepairRemote(op, job)
                                                               : remote::RunRemote(op, job));
  return Print(context, report);
}

}  // namespace vams::cli
