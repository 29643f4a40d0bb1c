// vams import
#include <fmt/format.h>

#include <chrono>

#include "app/settings.h"
#include "base/json.h"
#include "cli/cli.h"
#include "config/absolute_paths.h"
#include "lifecycle/import.h"

namespace vams::cli {

namespace {

struct ImportOptions {
  std::vector<std::string> from, map, listings, folders;
  std::string data_version = "auto";
  bool partial = false, merge = false, etags_not_md5 = false;
};

// "BUCKET=PATH" or "PATH".  A path that exists as it stands is a path, whatever it contains.
lifecycle::ImportRequest::Objects ObjectsOf(const std::string& text) {
  std::error_code ec;
  const auto equals = text.find('=');
  if (equals == text.npos || std::filesystem::exists(text, ec)) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<lifecycle::ImportRequest> RequestOf(Context& context, const ImportOptions& options) {
  lifecycle::ImportRequest request;
  if (!context.stack.empty()) {
    request.stack = context.stack;
  } else {
    TRY(request.stack, context.StackName());
  }
  for (const auto& from : options.from) request.from.emplace_back(from);
  for (const auto& entry : options.map) {
    const auto equals = entry.find('=');
    if (equals == entry.npos || equals == 0 || equals + 1 == entry.size())
      return Error(Code::kInvalid,
                   fmt::format("--map {} is not of the form PHYSICAL=CANONICAL", entry));
    request.map[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  if (options.data_version != "auto") {
    TRY(request.data_version, tables::DataVersion::ParseKnown(options.data_version));
  }
  request.partial = options.partial;
  request.merge = options.merge;
  request.etags_are_md5 = !options.etags_not_md5;
  for (const auto& text : options.listings) request.listings.push_back(ObjectsOf(text));
  for (const auto& text : options.folders) request.folders.push_back(ObjectsOf(text));
  TRY(const auto sources, context.ConfigSources(nullptr));
  TRY(const auto config, config::Load(sources));
  TRY(request.config, config::TextToKeep(sources));
  request.encryption = app::EncryptionOf(config);
  TRY(const auto registry, context.Registry());
  if (!registry.Exists(request.stack)) return request;
  // Its blobs are as its own configuration says.
  TRY(const auto stack, registry.Get(request.stack));
  TRY(const auto own_sources, context.ConfigSources(&stack));
  TRY(const auto own_config, config::Load(own_sources));
  request.encryption = app::EncryptionOf(own_config);
  return request;
}

boost::json::object DetectionJson(const tables::Detection& detection) {
  boost::json::array evidence;
  for (const auto& e : detection.evidence)
    evidence.push_back(boost::json::object{{"name", e.name},
                                           {"table", e.table},
                                           {"rows", e.count},
                                           {"what", e.what},
                                           {"outweighed", e.outweighed},
                                           {"samples", Texts(e.samples)}});
  return {{"fromTablesOnly", detection.from_tables_only},
          {"evidence", evidence},
          {"notes", Texts(detection.notes)}};
}

boost::json::object ReportJson(const lifecycle::ImportReport& report, double seconds) {
  boost::json::array tables;
  for (const auto& table : report.tables)
    tables.push_back(boost::json::object{{"table", table.canonical},
                                         {"source", table.physical},
                                         {"read", table.read},
                                         {"stored", table.stored},
                                         {"ofOtherVersion", table.of_other_version}});
  boost::json::object out{{"stack", report.stack},
                          {"created", report.created},
                          {"generation", report.generation},
                          {"dataVersion", report.data_version.ToString()},
                          {"rows", report.rows},
                          {"bytes", report.bytes},
                          {"seconds", seconds},
                          {"tables", tables},
                          {"objects",
                           {{"listed", report.objects.listed},
                            {"present", report.objects.present},
                            {"absent", report.objects.absent},
                            {"filled", report.objects.filled},
                            {"bytes", report.objects.bytes},
                            {"problems", Texts(report.objects.problems)}}},
                          {"problemCount", report.problem_count},
                          {"problems", Texts(report.problems)}};
  if (report.detection) out["detection"] = DetectionJson(*report.detection);
  return out;
}

void PrintReport(const lifecycle::ImportReport& report, double seconds) {
  if (report.detection) fmt::print("{}\n", tables::Describe(*report.detection));
  std::vector<std::vector<std::string>> rows{{"TABLE", "READ", "STORED", ""}};
  for (const auto& table : report.tables) {
    if (table.read == 0 && table.stored == 0) continue;
    rows.push_back({table.canonical, Thousands(table.read), Thousands(table.stored),
                    table.of_other_version ? "not of this data version; kept" : ""});
  }
  if (rows.size() > 1) fmt::print("{}\n", Columns(rows));
  const auto& o = report.objects;
  if (o.listed + o.present + o.absent + o.filled > 0)
    fmt::print("objects: {} listed, {} with their bytes, {} without; {} filled now ({} bytes)\n",
               Thousands(o.listed), Thousands(o.present), Thousands(o.absent), Thousands(o.filled),
               Thousands(o.bytes));
  for (const auto& problem : o.problems) fmt::print("problem: {}\n", problem);
  for (const auto& problem : report.problems) fmt::print("problem: {}\n", problem);
  if (report.problem_count > report.problems.size())
    fmt::print("… and {} more problems\n",
               Thousands(report.problem_count - report.problems.size()));
  fmt::print("{} stack \"{}\": generation {}, data version {}, {} in {:.1f} s\n",
             report.created ? "created" : "imported into", report.stack, report.generation,
             report.data_version.ToString(), Rows(report.rows), seconds);
}

Result<int> Import(Context& context, const ImportOptions& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto request, RequestOf(context, options));
  OpContext op;
  const auto start = std::chrono::steady_clock::now();
  Result<lifecycle::ImportReport> report = [&] {
    ProgressLine line(context);
    return lifecycle::Import(
        registry, request, context.clock, op,
        [&](std::string_view phase, std::uint64_t rows) { line.Show(phase, rows); });
  }();
  if (!report.ok()) return std::move(report).error();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (context.json)
    PrintJson(ReportJson(*report, seconds));
  else
    PrintReport(*report, seconds);
  return kDone;
}

}  // namespace

void AddImportCommand(CLI::App& app, Context& context) {
  static ImportOptions options;
  CLI::App* import = AddCommand(app, context, "import", "Bring a VAMS data set into a stack",
                                [&context] { return Import(context, options); });
  const auto list = [&](const char* flag, std::vector<std::string>& into, const char* what,
                        const char* type) {
    import->add_option(flag, into, what)->type_name(type)->allow_extra_args(false);
  };
  list("--from", options.from,
       "Export to S3, folder of table files, or table file; repeatable, later rows win on equal "
       "keys",
       "PATH");
  list("--map", options.map, "What a table is whose name does not say it; repeatable",
       "PHYSICAL=CANONICAL");
  import
      ->add_option("--data-version", options.data_version,
                   "Data version of the rows, if detection needs help")
      ->type_name("auto|2.x");
  list("--objects-listing", options.listings,
       "Listing of a bucket (list-object-versions, inventory); repeatable", "[BUCKET=]FILE");
  list("--objects", options.folders, "Synced bucket, or folder of such; repeatable",
       "[BUCKET=]DIR");
  import->add_flag("--partial", options.partial,
                   "Take what is readable of damaged files, and list what was lost");
  import->add_flag("--merge", options.merge,
                   "Into a stack that has rows: they stay, imported ones win on equal keys");
  import->add_flag(
      "--etags-not-md5", options.etags_not_md5,
      "Do not compare object bytes with their ETags (buckets encrypted with KMS or customer keys)");
  AddConfigOptions(*import, context);
}

}  // namespace vams::cli
