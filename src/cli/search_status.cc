// vams search status: how the search index is, from GET /admin/search.
#include "cli/search_status.h"

#include <fmt/format.h>

#include <chrono>

#include "cli/client_input.h"
#include "cli/rest_client.h"
#include "cli/terminal.h"
#include "cli/transfer_progress.h"
#include "net/retry.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

using Rows = std::vector<std::vector<std::string>>;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStatusAgain{100};
constexpr std::size_t kTroublesShown = 10;

const json::value& PartOf(const json::value& answer, std::string_view name) {
  static const json::value none;
  const auto* object = answer.if_object();
  const json::value* part = object == nullptr ? nullptr : object->if_contains(name);
  return part == nullptr ? none : *part;
}

std::string Count(const json::value& object, std::string_view name) {
  return Thousands(static_cast<std::uint64_t>(std::max<std::int64_t>(NumberOf(object, name), 0)));
}

std::string Size(const json::value& object, std::string_view name) {
  return ByteText(static_cast<std::uint64_t>(std::max<std::int64_t>(NumberOf(object, name), 0)));
}

// `caught_up`: what comes while one looks is not what was asked for.
std::string StateText(const json::value& indexer, bool caught_up, bool reindexing) {
  if (FlagOf(indexer, "needsReindex"))
    return reindexing ? "incomplete until the reindex is done"
                      : "incomplete: it misses changes that are no longer known; run \"vams "
                        "reindex\"";
  std::string state = "up to date";
  const std::int64_t behind = NumberOf(indexer, "lastChange") - NumberOf(indexer, "position");
  if (behind > 0 && !caught_up) {
    const auto age = static_cast<double>(NumberOf(indexer, "behindMillis")) / 1000;
    state = fmt::format("{} {} behind, {:.1f} s", Thousands(static_cast<std::uint64_t>(behind)),
                        behind == 1 ? "change" : "changes", age);
  }
  if (const auto problem = TextOf(indexer, "problem"); !problem.empty())
    state += fmt::format("; nothing can be indexed now: {}", Printable(problem));
  return state;
}

// Nothing where none was run since the server's start.
std::string ReindexText(const json::value& run) {
  const std::string phase = TextOf(run, "phase");
  if (phase.empty() || phase == "idle") return {};
  if (!FlagOf(run, "running")) {
    std::string text = fmt::format("{} at {}", Printable(phase), Printable(TextOf(run, "endedAt")));
    if (const auto error = TextOf(run, "error"); !error.empty()) text += ": " + Printable(error);
    return text;
  }
  const auto made = static_cast<std::uint64_t>(
      std::max<std::int64_t>(NumberOf(run, "assets") + NumberOf(run, "files"), 0));
  std::string text = fmt::format("{}, {}", Printable(phase), Thousands(made));
  if (NumberOf(run, "expected") > 0) text += " of " + Count(run, "expected");
  text += made == 1 ? " document" : " documents";
  if (NumberOf(run, "documentsPerSecond") > 0)
    text += fmt::format(", {} a second", Count(run, "documentsPerSecond"));
  if (PartOf(run, "secondsLeft").is_number())
    text += fmt::format(", {} left", TimeText(std::chrono::seconds(NumberOf(run, "secondsLeft"))));
  return text;
}

void PrintStatus(const json::value& answer) {
  const json::value& counts = PartOf(answer, "counts");
  const json::value& indexer = PartOf(answer, "indexer");
  const std::string generation = Printable(TextOf(answer, "generation"));
  Rows rows{{"engine", Printable(TextOf(answer, "engine")) +
                           (generation.empty() ? "" : fmt::format(" ({})", generation))},
            {"documents", fmt::format("{} assets, {} files; {} archived", Count(counts, "assets"),
                                      Count(counts, "files"), Count(counts, "archived"))},
            {"size", fmt::format("{} on disk, {} in memory", Size(answer, "diskBytes"),
                                 Size(answer, "memoryBytes"))},
            {"state", StateText(indexer, FlagOf(answer, "caughtUp"),
                                FlagOf(PartOf(answer, "reindex"), "running"))}};
  if (const auto reindex = ReindexText(PartOf(answer, "reindex")); !reindex.empty())
    rows.push_back({"reindex", reindex});
  if (NumberOf(indexer, "troubleCount") > 0)
    rows.push_back(
        {"troubles",
         fmt::format("{}, tried again until {}:", Count(indexer, "troubleCount"),
                     NumberOf(indexer, "troubleCount") == 1 ? "it works" : "they work")});
  fmt::print("{}", Columns(rows));
  std::size_t shown = 0;
  for (const auto& trouble : ListOf(indexer, "troubles")) {
    if (++shown > kTroublesShown) break;
    fmt::print("  {}: {}\n", Printable(TextOf(trouble, "id")),
               Printable(TextOf(trouble, "message")));
  }
  if (NumberOf(indexer, "troubleCount") > static_cast<std::int64_t>(kTroublesShown))
    fmt::print("  … --json-output shows more\n");
}

Result<json::value> Ask(RestClient& client, const char* query = "") {
  TRY(const auto answer, client.Ask("GET", std::string("/admin/search") + query));
  if (answer.status == 404)
    return Error(Code::kNotSupported,
                 fmt::format("{} has no search index: search is disabled there, or it is a server "
                             "of another release; see engines.search in its configuration",
                             client.url()));
  return client.Read(answer);
}

std::int64_t PositionOf(const json::value& answer, std::string_view which) {
  return NumberOf(PartOf(answer, "indexer"), which);
}

// What was written before the first look is found after it, whatever comes meanwhile.
Result<json::value> AskUntilFound(RestClient& client, std::int64_t seconds) {
  const auto end = Steady::now() + std::chrono::seconds(seconds);
  const auto look = [&] { return Ask(client, "?catchUp=true"); };
  TRY(auto answer, look());
  const std::int64_t wanted = PositionOf(answer, "lastChange");
  while (!FlagOf(answer, "caughtUp") && PositionOf(answer, "position") < wanted) {
    if (FlagOf(PartOf(answer, "indexer"), "needsReindex") || Steady::now() >= end)
      return Error(Code::kTimeout,
                   fmt::format("the index is still {} changes behind; \"vams search status\" says "
                               "why",
                               wanted - PositionOf(answer, "position")));
    TRY_OK(net::SystemTimer().Sleep(client.op(), kStatusAgain));
    TRY(answer, look());
  }
  return answer;
}

}  // namespace

void AddSearchStatusCommand(CLI::App& search, Context& context) {
  static std::int64_t seconds = 0;
  CLI::App* command = AddClientCommand(
      search, context, "status", "How the index is: size, what it has not seen yet, reindexing",
      [](RestClient& client) -> Result<int> {
        TRY(const auto answer, seconds > 0 ? AskUntilFound(client, seconds) : Ask(client));
        return Show(client, answer, PrintStatus);
      });
  command
      ->add_option("--wait", seconds, "Until what was written before can be found, at most so long")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400));
}

}  // namespace vams::cli
