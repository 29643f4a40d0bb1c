// vams export
#include <fmt/format.h>

#include "app/settings.h"
#include "cli/cli.h"
#include "lifecycle/export.h"

namespace vams::cli {

namespace {

struct ExportOptions {
  std::string to, format = "dynamodb", objects;
};

Result<int> Export(Context& context, const ExportOptions& options) {
  TRY(const auto registry, context.Registry());
  lifecycle::ExportRequest request;
  TRY(request.stack, context.StackName());
  request.to = options.to;
  request.format = options.format == "lines" ? items::aws::ExportFormat::kLines
                                             : items::aws::ExportFormat::kDynamoDb;
  if (!options.objects.empty()) request.objects = options.objects;
  TRY(const auto stack, registry.Get(request.stack));
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  request.encryption = app::EncryptionOf(config);
  OpContext op;
  Result<lifecycle::ExportReport> report = [&] {
    ProgressLine line(context);
    return lifecycle::Export(
        registry, request, context.clock, SystemRandom(), op,
        [&](std::string_view phase, std::uint64_t rows) { line.Show(phase, rows); });
  }();
  if (!report.ok()) return std::move(report).error();
  if (context.json) {
    boost::json::array tables;
    for (const auto& table : report->tables)
      tables.push_back(boost::json::object{{"table", table.canonical}, {"rows", table.rows}});
    PrintJson({{"stack", request.stack},
               {"to", request.to.string()},
               {"format", options.format},
               {"dataVersion", report->data_version.ToString()},
               {"rows", report->rows},
               {"bytes", report->bytes},
               {"tables", tables},
               {"objectsListed", report->objects_listed},
               {"objectsCopied", report->objects_copied},
               {"problems", boost::json::array(report->problems.begin(), report->problems.end())}});
    return kDone;
  }
  for (const auto& problem : report->problems) fmt::print("problem: {}\n", problem);
  if (report->objects_listed > 0)
    fmt::print("objects: {} listed, {} copied\n", Thousands(report->objects_listed),
               Thousands(report->objects_copied));
  fmt::print("exported stack \"{}\" (data version {}) to {}: {} tables, {}\n", request.stack,
             report->data_version.ToString(), request.to.string(), report->tables.size(),
             Rows(report->rows));
  return kDone;
}

}  // namespace

void AddExportCommand(CLI::App& app, Context& context) {
  static ExportOptions options;
  CLI::App* command = AddCommand(app, context, "export", "Write a stack's data as AWS lays it out",
                                 [&context] { return Export(context, options); });
  command->add_option("--to", options.to, "New or empty folder")->type_name("DIR")->required();
  command
      ->add_option("--format", options.format,
                   "dynamodb: exports as AWS makes them; lines: a file per table")
      ->check(CLI::IsMember({"dynamodb", "lines"}));
  command
      ->add_option("--objects", options.objects,
                   "Folder for object bytes, as a synced bucket has them")
      ->type_name("DIR");
}

}  // namespace vams::cli
