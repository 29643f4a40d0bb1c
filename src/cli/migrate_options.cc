#include "cli/migrate_options.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "files/files.h"

namespace vams::cli {

namespace {

Result<std::map<std::string, std::string, std::less<>>> OwnersFrom(const std::string& path) {
  std::map<std::string, std::string, std::less<>> owners;
  if (path.empty()) return owners;
  TRY(const auto text, files::ReadAll(path));
  boost::system::error_code ec;
  const auto value = boost::json::parse(text, ec);
  if (ec || !value.is_object())
    return Error(Code::kInvalid,
                 fmt::format("{} is no JSON object; owners are written as {{\"ASSET\": "
                             "\"DATABASE\", \"ASSET,VERSION\": \"DATABASE\"}}",
                             path));
  for (const auto& owner : value.as_object()) {
    if (!owner.value().is_string() || owner.value().as_string().empty())
      return Error(Code::kInvalid,
                   fmt::format("{}: the owner of \"{}\" is no database id; write it as text", path,
                               std::string(owner.key())));
    owners[std::string(owner.key())] = owner.value().as_string();
  }
  return owners;
}

}  // namespace

void AddThreadsOption(CLI::App& command, MigrateArguments& arguments) {
  command.add_option("--threads", arguments.threads, "Threads that read and transform")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
}

void AddAmbiguityOptions(CLI::App& command, MigrateArguments& arguments) {
  command
      .add_option("--owners", arguments.owners,
                  "Databases of records that nothing else decides about")
      ->type_name("FILE");
  command
      .add_option("--ambiguous", arguments.ambiguous,
                  "What to do with records that nothing decides about")
      ->type_name("quarantine");
}

void AddAssetBucketOption(CLI::App& command, MigrateArguments& arguments) {
  command
      .add_option("--asset-bucket", arguments.asset_bucket,
                  "2.1: the bucket of the assets, where the data does not say it")
      ->type_name("NAME");
}

void AddDecidingOptions(CLI::App& command, MigrateArguments& arguments) {
  command.add_option("--to", arguments.to, "The data version to reach")->type_name("2.x");
  AddAmbiguityOptions(command, arguments);
  AddThreadsOption(command, arguments);
}

void AddDialectOptions(CLI::App& command, MigrateArguments& arguments) {
  command
      .add_option("--dialect", arguments.dialect,
                  "corrected, or reference: upstream's scripts row for row")
      ->type_name("NAME");
  AddAssetBucketOption(command, arguments);
}

void AddChangingOptions(CLI::App& command, MigrateArguments& arguments) {
  command.add_flag("--strict", arguments.strict, "Do not switch when records are quarantined");
  command
      .add_option("--chunk-rows", arguments.chunk_rows,
                  "Rows between two checkpoints: what a crash can cost")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000'000));
}

Result<lifecycle::MigrateOptions> MigrateOptionsOf(const MigrateArguments& options) {
  lifecycle::MigrateOptions request;
  if (!options.to.empty()) {
    TRY(request.to, tables::DataVersion::ParseKnown(options.to));
  }
  if (options.dialect == "reference")
    request.dialect = migrate::Dialect::kReference;
  else if (options.dialect != "corrected")
    return Error(Code::kInvalid,
                 fmt::format("--dialect {} is unknown; there are corrected (the default) and "
                             "reference (upstream's scripts row for row)",
                             options.dialect));
  if (!options.ambiguous.empty() && options.ambiguous != "quarantine")
    return Error(Code::kInvalid,
                 fmt::format("--ambiguous {} is unknown; there is quarantine", options.ambiguous));
  request.quarantine_ambiguous = !options.ambiguous.empty();
  TRY(request.owners, OwnersFrom(options.owners));
  request.strict = options.strict;
  request.asset_bucket = options.asset_bucket;
  request.threads = options.threads;
  request.chunk_rows = options.chunk_rows;
  return request;
}

}  // namespace vams::cli
