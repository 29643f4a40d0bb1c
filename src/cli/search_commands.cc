// vams search assets|files|simple|mapping (cli.md section 8); search status has a file of its own.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "cli/client_input.h"
#include "cli/csv.h"
#include "cli/search_request.h"
#include "cli/search_status.h"
#include "cli/search_table.h"
#include "cli/terminal.h"
#include "cli/transfer_support.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

// The server's limits of search.md section 2.1.
constexpr std::int64_t kDeepest = 10'000;
constexpr std::int64_t kPageOfAll = 1000;

struct SearchCommandOptions {
  SearchOptions search;
  SimpleSearchOptions simple;
  std::string format = "table", columns;
  bool all = false, facets = false;
};

// ---- Asking

Error Disabled(const RestClient& client) {
  return Error(Code::kNotSupported,
               fmt::format("search is disabled on {}; nothing was found; list things with \"vams "
                           "assets list\" and \"vams file list\", or ask its operator for a search "
                           "engine (engines.search)",
                           client.url()));
}

// What the server said at the last login; nothing is known of servers without one.
Status CheckEnabled(RestClient& client) {
  Profile& profile = client.profile();
  if (client.url() != profile.url() || !profile.HasFeature("NOOPENSEARCH")) return Ok();
  return Error(Code::kNotSupported,
               fmt::format("search was disabled on {} at the last login; nothing was asked; list "
                           "things with \"vams assets list\", or sign in again with \"vams auth "
                           "login\" if that has changed",
                           client.url()));
}

bool SaysDisabled(const RestAnswer& answer) {
  std::string said = TextOf(answer.body, "message");
  std::ranges::transform(said, said.begin(), [](unsigned char c) { return std::tolower(c); });
  return answer.status == 404 && (said.contains("not available") || said.contains("opensearch"));
}

Result<json::value> AskSearch(RestClient& client, std::string_view method, const char* path,
                              const json::object* body = nullptr) {
  TRY_OK(CheckEnabled(client));
  TRY(const auto answer, client.Ask(method, path, body));
  if (SaysDisabled(answer)) return Disabled(client);
  auto read = client.Read(answer);
  const std::string reason = TextOf(answer.body, "reason");
  if (read.ok() || reason.empty()) return read;
  Error refused = std::move(read).error();
  refused.message += ": " + reason;
  return refused;
}

// ---- Showing

// Of the terminal; nothing where the output goes elsewhere.
std::optional<std::size_t> Width() {
  winsize size{};
  if (::isatty(1) != 1 || ::ioctl(1, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return std::nullopt;
  return size.ws_col;
}

void PrintCsv(const json::array& hits, const std::vector<HitColumn>& columns, bool header) {
  std::string text;
  if (header && !columns.empty()) AppendCsvHeader(text, columns);
  if (!columns.empty()) AppendHitsCsv(text, hits, columns);
  fmt::print("{}", text);
}

void PrintPlace(const json::value& answer, const SearchWindow& window) {
  const auto count = static_cast<std::int64_t>(HitsOf(answer).size());
  const std::int64_t total = TotalOf(answer), end = window.from + count;
  if (count == 0) {
    fmt::print("{}", total == 0 ? "nothing was found\n"
                                : fmt::format("no more hits; there are {}\n", Thousands(total)));
    return;
  }
  fmt::print("{}-{} of {}{}", Thousands(window.from + 1), Thousands(end),
             Thousands(std::max(total, end)), IsLeastTotal(answer) ? " or more" : "");
  if (end < total && end < kDeepest)
    fmt::print("; more: --from {}", end);
  else if (end < total)
    fmt::print("; more: --all");
  fmt::print("\n");
}

Result<int> ShowHits(const SearchCommandOptions& options, const json::value& answer,
                     const HitKinds& kinds, const SearchWindow& window) {
  if (options.format == "json") {
    PrintJson(answer);
    return kDone;
  }
  const json::array& hits = HitsOf(answer);
  const auto chosen = SplitAtCommas(options.columns);
  if (options.format == "csv") {
    PrintCsv(hits, ColumnsOf(chosen.empty() ? SourceFields(hits) : chosen), true);
    return kDone;
  }
  if (!hits.empty())
    fmt::print("{}",
               HitTable(hits, chosen.empty() ? UsualColumns(kinds) : ColumnsOf(chosen), Width()));
  if (options.facets) fmt::print("{}", FacetLines(answer));
  PrintPlace(answer, window);
  return kDone;
}

// ---- All hits, page by page

// The document fields that hits of this kind can have.
Result<std::vector<std::string>> FieldsOf(RestClient& client, std::string_view entity) {
  TRY(const auto mapping, AskSearch(client, "GET", "/search"));
  std::set<std::string> fields;
  for (const auto& row : MappingRows(mapping))
    if (row[0].starts_with(entity)) fields.insert(row[1]);
  return std::vector<std::string>(fields.begin(), fields.end());
}

// Prints pages as they come: rows of one table, or one hit a line.
class Pages {
 public:
  Pages(const SearchCommandOptions& options, std::vector<HitColumn> columns)
      : options_(options), columns_(std::move(columns)) {}

  void Print(const json::array& hits) {
    if (options_.format == "json") {
      for (const auto& hit : hits) PrintJson(hit);
    } else if (options_.format == "csv") {
      PrintCsv(hits, columns_, !std::exchange(begun_, true));
      if (options_.columns.empty()) NoteLeftOut(hits);
    } else if (!hits.empty()) {
      fmt::print("{}", HitTable(hits, columns_, Width()));
    }
    count_ += hits.size();
  }

  void End() const {
    if (options_.format == "table")
      fmt::print("{}\n", count_ == 0 ? "nothing was found" : Thousands(count_) + " in all");
    if (!left_out_.empty())
      fmt::print(stderr,
                 "warning: fields that came up meanwhile were left out ({}); run it again, or name "
                 "them with --columns\n",
                 Printable(*left_out_.begin()));
  }

  std::size_t count() const { return count_; }

 private:
  void NoteLeftOut(const json::array& hits) {
    for (auto& field : SourceFields(hits))
      if (std::ranges::find(columns_, field, &HitColumn::header) == columns_.end())
        left_out_.insert(std::move(field));
  }

  const SearchCommandOptions& options_;
  const std::vector<HitColumn> columns_;
  std::set<std::string> left_out_;
  std::size_t count_ = 0;
  bool begun_ = false;
};

Result<std::vector<HitColumn>> ColumnsOfAll(RestClient& client, const SearchCommandOptions& options,
                                            std::string_view entity, const HitKinds& kinds) {
  if (const auto chosen = SplitAtCommas(options.columns); !chosen.empty()) return ColumnsOf(chosen);
  if (options.format != "csv") return UsualColumns(kinds);
  TRY(const auto fields, FieldsOf(client, entity));
  return ColumnsOf(fields);
}

// Makes `body` ask for what comes behind `page`; false behind the last one.
Result<bool> AskForMore(const json::value& page, json::object& body, std::size_t so_far) {
  if (std::string next = TextOf(page, "searchAfter"); !next.empty()) {
    body["searchAfter"] = next;
    return true;
  }
  if (body.contains("searchAfter")) return false;
  // Of our server this was all; upstream's counts from the beginning, up to its limit.
  const auto size = body.at("size").to_number<std::int64_t>();
  const auto count = static_cast<std::int64_t>(HitsOf(page).size());
  if (count == 0 || count < size) return false;
  const auto from = static_cast<std::int64_t>(so_far);
  if (from + size > kDeepest)
    return Error(Code::kNotSupported,
                 fmt::format("this server gives no more than {} hits; these are not all; narrow "
                             "the search down, such as with --filters",
                             Thousands(so_far)));
  body["from"] = from;
  return true;
}

Result<int> ShowAll(RestClient& client, const SearchCommandOptions& options, json::object body,
                    std::string_view entity, const HitKinds& kinds) {
  TRY(auto columns, ColumnsOfAll(client, options, entity, kinds));
  body["aggregations"] = false;
  Pages pages(options, std::move(columns));
  TRY(auto page, AskSearch(client, "POST", "/search", &body));
  while (true) {
    pages.Print(HitsOf(page));
    TRY(const bool more, AskForMore(page, body, pages.count()));
    if (!more) break;
    TRY(page, CallPatiently(client, "POST", "/search", &body));
  }
  pages.End();
  return kDone;
}

// ---- Commands

Result<int> Search(RestClient& client, SearchCommandOptions& options, const CLI::App& command,
                   const char* entity) {
  SearchWindow& window = options.search.window;
  if (options.all && command.count("--from") > 0)
    return Error(Code::kInvalid,
                 "--all begins with the first hit; nothing was asked; leave --from out");
  if (options.all && options.facets)
    return Error(Code::kInvalid,
                 "--facets counts values of one answer; nothing was asked; leave --all out");
  if (options.all && command.count("--size") == 0) window.size = kPageOfAll;
  TRY(auto body, SearchBody(options.search, entity));
  const bool assets = std::string_view(entity) == "asset";
  const HitKinds kinds{.assets = assets,
                       .files = !assets,
                       .ranked = !options.search.query.empty(),
                       .archived = window.archived,
                       .explained = options.search.explain,
                       .sort_field = options.search.sort_field};
  if (options.all) return ShowAll(client, options, std::move(body), entity, kinds);
  TRY(const auto answer, AskSearch(client, "POST", "/search", &body));
  return ShowHits(options, answer, kinds, window);
}

Result<int> Simple(RestClient& client, const SearchCommandOptions& options) {
  TRY(const auto body, SimpleSearchBody(options.simple));
  const auto types = SplitAtCommas(options.simple.entity_types);
  const auto asked = [&](std::string_view type) {
    return types.empty() || std::ranges::find(types, type) != types.end();
  };
  const HitKinds kinds{.assets = asked("asset"),
                       .files = asked("file"),
                       .ranked = !options.simple.query.empty(),
                       .archived = options.simple.window.archived};
  TRY(const auto answer, AskSearch(client, "POST", "/search/simple", &body));
  return ShowHits(options, answer, kinds, options.simple.window);
}

Result<int> Mapping(RestClient& client, const SearchCommandOptions& options) {
  TRY(const auto answer, AskSearch(client, "GET", "/search"));
  auto rows = MappingRows(answer);
  if (options.format == "json") {
    PrintJson(answer);
  } else if (options.format == "csv") {
    std::string text;
    AppendCsv(text, {"index", "field", "type"});
    for (const auto& row : rows) AppendCsv(text, row);
    fmt::print("{}", text);
  } else {
    for (auto& row : rows)
      for (auto& cell : row) cell = Printable(cell);
    rows.insert(rows.begin(), {"INDEX", "FIELD", "TYPE"});
    fmt::print("{}", Columns(rows));
  }
  return kDone;
}

// ---- SearchCommandOptions

// --output-format json is --json-output, whichever of them is given.
CLI::App* AddSearchCommand(CLI::App& group, Context& context, SearchCommandOptions& options,
                           const char* name, const char* what,
                           std::function<Result<int>(RestClient&)> run) {
  CLI::App* command = AddClientCommand(group, context, name, what,
                                       [&context, &options, run = std::move(run)](auto& client) {
                                         if (context.json) options.format = "json";
                                         return run(client);
                                       });
  command
      ->add_option_function<std::string>(
          "--output-format",
          [&context, &options](const std::string& format) {
            options.format = format;
            if (format == "json") context.json = true;
          },
          "table (default), csv, or json: the server's answer")
      ->check(CLI::IsMember({"table", "json", "csv"}));
  return command;
}

void AddWindowOptions(CLI::App& command, SearchWindow& window) {
  command.add_option("--from", window.from, "Leave out so many hits (default: 0)")->type_name("N");
  command.add_option("--size", window.size, "At most so many hits (default: 100)")->type_name("N");
  command.add_flag("--include-archived", window.archived, "What is archived as well");
}

void AddQueryOption(CLI::App& command, std::string& query) {
  command.add_option("-q,--query", query, "Words that must occur; \"…\" is a phrase")
      ->type_name("TEXT");
}

void AddColumnOption(CLI::App& command, SearchCommandOptions& options) {
  command
      .add_option("--columns", options.columns,
                  "These fields, with commas, such as str_assetname,MD_.maker,_score")
      ->type_name("FIELDS");
}

void AddSearchOptions(CLI::App& command, SearchCommandOptions& options) {
  SearchOptions& search = options.search;
  AddQueryOption(command, search.query);
  command
      .add_option("--metadata-query", search.metadata_query,
                  "KEY:VALUE, several with AND or OR; or a key or value alone")
      ->type_name("TEXT");
  command
      .add_option("--metadata-mode", search.metadata_mode,
                  "What a --metadata-query without a colon is (default: both)")
      ->check(CLI::IsMember({"key", "value", "both"}));
  command.add_flag("--include-metadata,!--no-metadata", search.metadata,
                   "--query looks at values of metadata, too (default), or not");
  command.add_flag("--explain-results", search.explain, "Say where each hit was found");
  command.add_option("--sort-field", search.sort_field, "Order by this field, not by relevance")
      ->type_name("FIELD");
  command.add_flag("--sort-desc", search.descending, "With the greatest first");
  command
      .add_option("--filters", search.filters,
                  "A query string such as 'str_databaseid:plant', or a JSON list of them")
      ->type_name("TEXT|JSON");
  command.add_option("--near", search.near, "Places at most --distance from here, in degrees")
      ->type_name("LAT,LON");
  command.add_option("--distance", search.distance, "As 500m, 10km, 3mi")->type_name("LENGTH");
  command.add_option("--within", search.within, "Places in this box, in degrees")
      ->type_name("SOUTH,WEST,NORTH,EAST");
  AddWindowOptions(command, search.window);
  command.add_flag("--all", options.all, "All hits, page by page; JSON then is one hit a line");
  command.add_flag("--facets", options.facets, "With counts of values, below the table");
  AddColumnOption(command, options);
}

void AddSimpleOptions(CLI::App& command, SearchCommandOptions& options) {
  SimpleSearchOptions& simple = options.simple;
  AddQueryOption(command, simple.query);
  const auto add = [&](const char* name, std::string& value, const char* what, const char* type) {
    command.add_option(name, value, what)->type_name(type);
  };
  add("--asset-name", simple.asset_name, "The name, or a pattern with * and ?", "NAME");
  add("--asset-id", simple.asset_id, "The id, or a pattern", "ID");
  add("--asset-type", simple.asset_type, "The type, or a pattern, such as .glb", "TYPE");
  add("--file-key", simple.file_key, "The path in the asset, or a pattern", "PATH");
  add("--file-ext", simple.file_extension, "The extension, such as glb", "EXT");
  AddDatabaseOption(command, simple.database);
  add("--tags", simple.tags, "One of these tags, with commas", "TAGS");
  add("--metadata-key", simple.metadata_key, "Has metadata of this key", "KEY");
  add("--metadata-value", simple.metadata_value, "Has it in a value, or a pattern", "TEXT");
  add("--entity-types", simple.entity_types, "asset, file or both, with a comma (default: both)",
      "TYPES");
  AddWindowOptions(command, simple.window);
  AddColumnOption(command, options);
}

}  // namespace

void AddSearchCommands(CLI::App& app, Context& context) {
  static SearchCommandOptions options;
  CLI::App* group = app.add_subcommand("search", "Find assets and files");
  group->require_subcommand(1);
  static CLI::App *assets = nullptr, *files = nullptr;
  assets = AddSearchCommand(
      *group, context, options, "assets", "Find assets",
      [](RestClient& client) { return Search(client, options, *assets, "asset"); });
  AddSearchOptions(*assets, options);
  files = AddSearchCommand(*group, context, options, "files", "Find files", [](RestClient& client) {
    return Search(client, options, *files, "file");
  });
  AddSearchOptions(*files, options);
  CLI::App* simple =
      AddSearchCommand(*group, context, options, "simple", "Find by names, tags and metadata",
                       [](RestClient& client) { return Simple(client, options); });
  AddSimpleOptions(*simple, options);
  AddSearchCommand(*group, context, options, "mapping", "The fields that can be searched",
                   [](RestClient& client) { return Mapping(client, options); });
  AddSearchStatusCommand(*group, context);
}

}  // namespace vams::cli
