// vams file upload (cli.md section 11.1).
#include <fmt/format.h>

#include <algorithm>

#include "cli/client_input.h"
#include "cli/file_commands.h"
#include "cli/stoppable.h"
#include "cli/terminal.h"
#include "cli/transfer_files.h"
#include "cli/transfer_progress.h"
#include "cli/transfer_upload.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct FileUploadOptions {
  std::string database, asset, directory, location;
  std::vector<std::string> sources;
  bool recursive = false, asset_preview = false, force_skip = false, hide_progress = false;
  bool restart = false;
  std::size_t parallel = 10, retries = 3, part_size = 0;
  JsonInput input;
};

Status FillFromInput(FileUploadOptions& options) {
  TRY_OK(options.input.Read());
  if ((options.input.Has("files") || options.input.Has("directory")) &&
      (!options.sources.empty() || !options.directory.empty()))
    return Error(Code::kInvalid,
                 "both the command line and --json-input say what to upload; nothing was sent; say "
                 "it in one place");
  options.input.Fill(options.database, "database_id", true);
  options.input.Fill(options.asset, "asset_id", true);
  options.input.Fill(options.sources, "files");
  options.input.Fill(options.directory, "directory", true);
  options.input.Fill(options.location, "asset_location", true);
  options.input.Fill(options.asset_preview, "asset_preview");
  options.input.Fill(options.recursive, "recursive");
  options.input.Fill(options.hide_progress, "hide_progress");
  options.input.Fill(options.parallel, "parallel_uploads");
  options.input.Fill(options.retries, "retry_attempts");
  TRY_OK(Need(options.database, "--database"));
  return Need(options.asset, "--asset");
}

Result<CollectedFiles> Collect(FileUploadOptions& options) {
  std::error_code error;
  if (options.directory.empty() && options.sources.size() == 1 &&
      std::filesystem::is_directory(options.sources.front(), error)) {
    options.directory = options.sources.front();
    options.sources.clear();
  }
  if (options.directory.empty() == options.sources.empty())
    return Error(
        Code::kInvalid,
        "say what to upload: some files, or one folder; nothing was sent; as in \"vams file "
        "upload model.glb\" or \"vams file upload --directory models --recursive\"");
  if (!options.directory.empty() && options.asset_preview)
    return Error(Code::kInvalid, "an asset has one preview; nothing was sent; name one file");
  if (!options.directory.empty())
    return CollectFolder(options.directory, options.recursive, options.location);
  TRY(auto collected, CollectNamed(options.sources, options.location));
  if (options.asset_preview && collected.files.size() + collected.refused.size() != 1)
    return Error(Code::kInvalid, "an asset has one preview; nothing was sent; name one file");
  return collected;
}

// Leaves what the server would refuse out, and says so.
Status CheckAll(RestClient& client, const FileUploadOptions& options, CollectedFiles& collected) {
  TRY_OK(client.Call("GET", AssetPath(options.database, options.asset)));
  // Who may write to an asset need not be allowed to see its database; the server looks as well.
  const auto database = client.Call("GET", "/database/" + net::PercentEncode(options.database));
  const auto allowed =
      database.ok() ? TextOf(*database, "restrictFileUploadsToExtensions") : std::string();
  std::vector<UploadFile> good;
  for (auto& file : collected.files) {
    const auto checked = [&]() -> Status {
      TRY_OK(CheckUpload(file, options.asset_preview, allowed));
      TRY(file.part_size, PartSize(file.size, options.part_size * kMiB));
      return Ok();
    }();
    if (checked.ok())
      good.push_back(std::move(file));
    else
      collected.refused.push_back({file.path, file.key, checked.error().message});
  }
  collected.files = std::move(good);
  return Ok();
}

// What was asked for: asked for again, it continues what was interrupted.
std::string SourcesText(const FileUploadOptions& options) {
  std::error_code error;
  std::string text = KeyPrefix(options.location);
  if (!options.directory.empty())
    return text + "\n" + std::filesystem::weakly_canonical(options.directory, error).string() +
           (options.recursive ? "\nrecursive" : "");
  std::vector<std::string> paths;
  for (const auto& source : options.sources)
    paths.push_back(std::filesystem::absolute(source, error).string());
  std::ranges::sort(paths);
  for (const auto& path : paths) text += "\n" + path;
  return text;
}

struct UploadTotals {
  std::size_t ok = 0, failed = 0, earlier = 0;
  std::uint64_t bytes = 0, sent = 0;
};

json::object ToJson(const UploadReport& report, const CollectedFiles& collected,
                    const UploadTotals& totals) {
  const double speed = static_cast<double>(totals.sent) / std::max(report.seconds, 0.001);
  json::object object{
      {"overall_success", totals.failed == 0},
      {"total_files", totals.ok + totals.failed},
      {"successful_files", totals.ok},
      {"failed_files", totals.failed},
      {"total_size", totals.bytes},
      {"total_size_formatted", ByteText(totals.bytes)},
      {"upload_duration", report.seconds},
      {"average_speed", speed},
      {"average_speed_formatted", ByteText(static_cast<std::uint64_t>(speed)) + "/s"},
      {"sequence_results", report.sequences},
      {"files_of_earlier_run", totals.earlier},
      {"parts_of_earlier_run", report.continued_parts},
      {"interrupted", report.interrupted}};
  json::array failures;
  for (const auto& file : report.files)
    if (!file.ok)
      failures.push_back({{"relative_key", file.file.key},
                          {"local_path", file.file.path.string()},
                          {"error", file.error}});
  for (const auto& one : collected.refused)
    failures.push_back({{"relative_key", one.key},
                        {"local_path", Printable(one.path.string())},
                        {"error", one.reason}});
  object["failures"] = std::move(failures);
  return object;
}

void PrintReport(const UploadReport& report, const CollectedFiles& collected,
                 const UploadTotals& totals) {
  const double speed = static_cast<double>(totals.sent) / std::max(report.seconds, 0.001);
  fmt::print("uploaded {} of {}, {}, in {} ({}/s)\n", Thousands(totals.ok),
             FileText(totals.ok + totals.failed), ByteText(totals.sent),
             TimeText(std::chrono::seconds(static_cast<std::int64_t>(report.seconds + 0.5))),
             ByteText(static_cast<std::uint64_t>(speed)));
  if (totals.earlier > 0)
    fmt::print("{} sent by an earlier run that was interrupted\n", FileText(totals.earlier));
  if (report.continued_parts > 0)
    fmt::print("parts sent by an earlier run: {}\n", Thousands(report.continued_parts));
  if (report.large_files_later)
    fmt::print(
        "the server is still joining large files; \"vams file list\" shows them when done\n");
  if (report.interrupted || report.stopped_by) {
    fmt::print(stderr, "vams: {}; the same command continues where it was\n",
               report.stopped_by ? report.stopped_by->message : "interrupted");
    if (report.interrupted) return;
  }
  for (const auto& file : report.files)
    if (!file.ok && !(report.stopped_by && file.error == report.stopped_by->message))
      fmt::print(stderr, "failed: {}: {}\n", Printable(file.file.key), file.error);
  for (const auto& one : collected.refused)
    fmt::print(stderr, "failed: {}: {}\n", Printable(one.key.empty() ? one.path.string() : one.key),
               one.reason);
}

Result<int> Upload(const Context& context, RestClient& client, FileUploadOptions& options) {
  TRY_OK(FillFromInput(options));
  if (options.part_size > 0 &&
      (options.part_size < kSmallestPart / kMiB || options.part_size > kLargestPart / kMiB))
    return Error(Code::kInvalid, "a part has 5 to 5120 MiB; nothing was sent; choose such a size");
  TRY(auto collected, Collect(options));
  TRY_OK(CheckAll(client, options, collected));
  UploadJob job{.database = options.database,
                .asset = options.asset,
                .asset_preview = options.asset_preview,
                .files = collected.files,
                .parallel = options.parallel,
                .retries = static_cast<int>(std::min<std::size_t>(options.retries, 1000)),
                .show_progress = !context.json && !options.hide_progress,
                .fresh = options.restart,
                .sources = SourcesText(options)};
  const Stoppable stoppable(client.op());
  TRY(const auto report, RunUpload(client, job));
  UploadTotals totals{.failed = collected.refused.size()};
  for (const auto& file : report.files) {
    ++(file.ok ? totals.ok : totals.failed);
    totals.bytes += file.file.size;
    if (file.ok && file.earlier) ++totals.earlier;
    if (file.ok && !file.earlier) totals.sent += file.file.size;
  }
  // Nothing happened: an ordinary error.
  if (report.stopped_by && totals.ok == 0) return *report.stopped_by;
  if (context.json)
    PrintJson(ToJson(report, collected, totals));
  else
    PrintReport(report, collected, totals);
  return totals.failed == 0 ? static_cast<int>(kDone)
                            : PartlyDone(context, totals.ok > 0 || report.interrupted);
}

}  // namespace

void AddUploadCommand(CLI::App& file, Context& context) {
  static FileUploadOptions options;
  CLI::App* command =
      AddClientCommand(file, context, "upload", "Send files, or a folder, to an asset",
                       [&context](RestClient& client) { return Upload(context, client, options); });
  AddDatabaseOption(*command, options.database);
  AddAssetOption(*command, options.asset);
  command->add_option("files", options.sources, "Files, or one folder")->type_name("PATH");
  command->add_option("--directory", options.directory, "A folder, instead")->type_name("DIR");
  command->add_flag("--recursive", options.recursive, "The folders in it as well");
  command->add_option("--asset-location", options.location, "The folder of the asset (default: /)")
      ->type_name("PATH");
  command->add_flag("--asset-preview", options.asset_preview,
                    "The file becomes the asset's preview picture");
  command
      ->add_option("--parallel-uploads", options.parallel, "Parts under way at once (default: 10)")
      ->check(CLI::Range(1, 64));
  command->add_option("--retry-attempts", options.retries, "Further tries of a part (default: 3)")
      ->check(CLI::Range(0, 1000));
  command
      ->add_option("--part-size", options.part_size,
                   "MiB in a part (default: 64, more for files of more than 12 GiB)")
      ->type_name("MIB");
  command->add_flag("--restart", options.restart,
                    "Begin anew, even where an earlier run was interrupted");
  command->add_flag("--force-skip", options.force_skip,
                    "Leave files out that fail; it is always so");
  command->add_flag("--hide-progress", options.hide_progress, "Show nothing while it runs");
  options.input.AddOption(*command);
  Require(*command, {{&options.database, "--database"}, {&options.asset, "--asset"}},
          &options.input);
}

}  // namespace vams::cli
