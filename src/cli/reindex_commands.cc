// vams reindex: on a stack that is not served directly, else through the server's endpoints.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "app/reindex.h"
#include "cli/cli.h"
#include "cli/rest_client.h"
#include "cli/stoppable.h"
#include "cli/terminal.h"
#include "indexing/reindexer.h"
#include "net/retry.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kLookAgain{300};
constexpr const char* kPath = "/admin/search/reindex";

struct ReindexOptions {
  bool assets = false, files = false, clear = false, dry_run = false;
  std::uint64_t limit = 0;
};

indexing::ReindexOptions ReindexAsked(const ReindexOptions& options) {
  indexing::ReindexOptions made{
      .clear = options.clear, .dry_run = options.dry_run, .limit = options.limit};
  if (options.assets != options.files)
    made.kinds = options.assets ? search::KindSet::kAssets : search::KindSet::kFiles;
  return made;
}

// One line on a terminal's standard error, rewritten.
class Line {
 public:
  explicit Line(const Context& context) : shows_(::isatty(2) == 1 && !context.json) {}
  ~Line() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void Show(const json::object& progress) {
    if (!shows_) return;
    shown_ = true;
    const json::value told(progress);
    const auto count = [&](const char* name) {
      return static_cast<std::uint64_t>(std::max<std::int64_t>(NumberOf(told, name), 0));
    };
    std::string text = fmt::format("\r\033[K{}: {}", Printable(TextOf(told, "phase")),
                                   Thousands(count("assets") + count("files")));
    if (count("expected") > 0) text += " of " + Thousands(count("expected"));
    std::fputs((text + " documents").c_str(), stderr);
  }

 private:
  const bool shows_;
  bool shown_ = false;
};

void PrintKind(const json::value& results, std::string_view kind) {
  const json::value* part = results.as_object().if_contains(kind);
  if (part == nullptr) return;
  fmt::print("{}: {} indexed, {} failed, {} in all\n", kind, NumberOf(*part, "success_count"),
             NumberOf(*part, "failed_count"), NumberOf(*part, "total_count"));
  for (const auto& error : ListOf(*part, "errors"))
    if (const auto* text = error.if_string()) fmt::print("  {}\n", Printable(*text));
}

// Documents that could not be made are a finding, not a success.
int Print(const Context& context, const json::value& results) {
  if (context.json) {
    PrintJson(results);
  } else {
    if (const auto error = TextOf(results, "clear_indexes_error"); !error.empty())
      fmt::print("the index was not cleared first: {}\n", Printable(error));
    PrintKind(results, "assets");
    PrintKind(results, "files");
  }
  std::int64_t failed = 0;
  for (const char* kind : {"assets", "files"})
    if (const auto* part = results.as_object().if_contains(kind))
      failed += NumberOf(*part, "failed_count");
  return failed == 0 ? kDone : kDifferent;
}

Result<int> OnStack(Context& context, const ReindexOptions& options) {
  TRY(const auto stack, context.Stack());
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  OpContext op;
  const Stoppable stoppable(op);
  auto results = [&] {
    Line line(context);
    return app::ReindexStack(
        op, stack, config, ReindexAsked(options), context.clock, SystemRandom(),
        [&](const auto& progress) { line.Show(indexing::ProgressJson(progress)); });
  }();
  if (results.ok()) return Print(context, *results);
  if (op.cancelled()) {
    fmt::print(stderr, "vams: {}\n", results.error().message);
    return kInterrupted;
  }
  if (results.error().code != Code::kConflict) return results.error();
  return Error(Code::kConflict,
               fmt::format("{}; to reindex while it is served, sign in and name the server with "
                           "--profile NAME",
                           results.error().message));
}

// The run goes on in the server when this program stops.
Result<json::value> Watched(const Context& context, RestClient& client, const std::string& id) {
  Line line(context);
  for (;;) {
    TRY(const auto progress, client.Call("GET", kPath));
    const json::object* told = progress.if_object();
    if (told == nullptr || TextOf(progress, "id") != id)
      return Error(Code::kUnavailable,
                   fmt::format("{} knows nothing of the run {} any more: it was restarted, and "
                               "goes on with what was built; see \"vams search status\"",
                               client.url(), id));
    if (!FlagOf(progress, "running")) {
      if (TextOf(progress, "phase") != "done")
        return Error(Code::kInternal, Printable(TextOf(progress, "error")));
      const json::value* results = told->if_contains("results");
      return results != nullptr && results->is_object() ? *results : json::object();
    }
    line.Show(*told);
    TRY_OK(net::SystemTimer().Sleep(client.op(), kLookAgain));
  }
}

Result<int> OnServer(Context& context, const ReindexOptions& options) {
  TRY(const auto client, RestClient::Open(context));
  const Stoppable stoppable(client->op());
  const auto wanted = ReindexAsked(options);
  json::object body{{"operation", indexing::OperationName(wanted.kinds)},
                    {"dry_run", wanted.dry_run},
                    {"clear_indexes", wanted.clear}};
  if (wanted.limit > 0) body["limit"] = wanted.limit;
  TRY(const auto started, client->Call("POST", kPath, &body));
  auto results = Watched(context, *client, TextOf(started, "id"));
  if (results.ok()) return Print(context, *results);
  if (!client->op().cancelled()) return results.error();
  fmt::print(stderr,
             "vams: stopped watching; the server goes on with the run {}; \"vams search status\" "
             "shows it\n",
             Printable(TextOf(started, "id")));
  return kInterrupted;
}

bool MeansServer(const Context& context) {
  const auto set = [&](const char* name) {
    const auto found = context.environment.find(name);
    return found != context.environment.end() && !found->second.empty();
  };
  if (!context.profile.empty()) return true;
  return context.stack.empty() && (set("VAMS_PROFILE") || set("VAMS_API_URL"));
}

}  // namespace

void AddReindexCommands(CLI::App& app, Context& context) {
  static ReindexOptions options;
  CLI::App* command = AddCommand(
      app, context, "reindex", "Build the search index anew beside the one that serves",
      [&context]() -> Result<int> {
        return MeansServer(context) ? OnServer(context, options) : OnStack(context, options);
      });
  AddConfigOptions(*command, context);
  command->add_flag("--assets", options.assets, "Assets alone");
  command->add_flag("--files", options.files, "Files alone");
  command->add_flag("--clear", options.clear, "Empty the index that serves first");
  command->add_flag("--dry-run", options.dry_run, "Count what would be indexed");
  command
      ->add_option("--limit", options.limit,
                   "Make at most so many of each kind anew, in the index that serves")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command
      ->add_option("--profile", context.profile,
                   "The server and login to use: for a stack that is served")
      ->type_name("NAME");
}

}  // namespace vams::cli
