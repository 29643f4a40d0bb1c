// vams metadata export: the metadata of a database or an asset as a table that import takes.
// docs/operations/metadata.md.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "cli/client_input.h"
#include "cli/metadata_calls.h"
#include "cli/metadata_commands.h"
#include "cli/stoppable.h"
#include "cli/transfer_support.h"
#include "files/files.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kParallel = 8;

struct MetadataExportOptions {
  std::string database, asset, format, output;
  std::vector<std::string> paths;
};

TableFormat FormatOf(const MetadataExportOptions& options, bool quiet) {
  if (options.format == "wide") return TableFormat::kWide;
  if (options.format == "json") return TableFormat::kJson;
  if (options.format == "csv") return TableFormat::kLong;
  const bool json = options.output.empty() ? quiet : options.output.ends_with(".json");
  return json ? TableFormat::kJson : TableFormat::kLong;
}

// A file, all below a folder ("/scans/"), or a pattern ("/scans/*.e57"); nothing named is all.
bool Wanted(const MetadataExportOptions& options, const std::string& path) {
  if (options.paths.empty()) return true;
  return std::ranges::any_of(options.paths, [&](std::string wanted) {
    if (!wanted.starts_with('/')) wanted.insert(0, 1, '/');
    if (wanted.ends_with('/')) return path.starts_with(wanted);
    return path == wanted || ::fnmatch(wanted.c_str(), path.c_str(), 0) == 0;
  });
}

using Entities = std::vector<MetadataEntity>;

void AddEntity(Entities& entities, MetadataTarget target, std::vector<model::MetadataItem> items) {
  if (items.empty()) return;
  entities.push_back({.target = std::move(target), .items = std::move(items), .kept = {}});
}

// {"height": {"valueType": "number", "value": "4"}}, as an asset's export has them.
std::vector<model::MetadataItem> ItemsOf(const json::value& of, const char* member) {
  std::vector<model::MetadataItem> items;
  const auto* object = of.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(member);
  if (found == nullptr || !found->is_object()) return items;
  for (const auto& [key, value] : found->get_object()) {
    const auto type = model::FindValueType(TextOf(value, "valueType"));
    items.push_back({.key = std::string(key),
                     .value = TextOf(value, "value"),
                     .type = type.value_or(model::ValueType::kString)});
  }
  return items;
}

// Of the asset and its files, a page of the export at a time.
Status ReadAsset(RestClient& client, const MetadataExportOptions& options,
                 const std::string& database, const std::string& asset, Entities& entities) {
  json::object body{{"fetchAssetRelationships", false}, {"generatePresignedUrls", false}};
  std::string token;
  do {
    if (!token.empty()) body["startingToken"] = token;
    TRY(const auto page,
        CallPatiently(client, "POST", AssetPath(database, asset) + "/export", &body));
    for (const auto& one : ListOf(page, "assets")) {
      if (options.paths.empty())
        AddEntity(entities, {.database = database, .asset = asset}, ItemsOf(one, "metadata"));
      for (const auto& file : ListOf(one, "files")) {
        MetadataTarget target{
            .database = database, .asset = asset, .path = TextOf(file, "relativePath")};
        if (!target.path.starts_with('/')) target.path.insert(0, 1, '/');
        if (!Wanted(options, target.path)) continue;
        AddEntity(entities, target, ItemsOf(file, "metadata"));
        target.kind = model::FileMetadataKind::kAttribute;
        AddEntity(entities, target, ItemsOf(file, "attributes"));
      }
    }
    token = TextOf(page, "NextToken");
  } while (!token.empty());
  return Ok();
}

// Of what has no export of its own.  Fields of schemas that have no value are left out.
Status ReadOne(RestClient& client, const MetadataTarget& target, Entities& entities) {
  TRY(const auto answer, CallPatiently(client, "GET", MetadataQuery(target)));
  std::vector<model::MetadataItem> items;
  for (StoredItem& one : ReadStored(answer))
    if (!one.maybe_default || !one.item.value.empty()) items.push_back(std::move(one.item));
  AddEntity(entities, target, std::move(items));
  return Ok();
}

void AddLinks(const json::array& links, std::vector<std::string>& ids) {
  for (const auto& link : links) {
    ids.push_back(TextOf(link, "assetLinkId"));
    AddLinks(ListOf(link, "children"), ids);
  }
}

Result<std::vector<std::string>> AssetsOf(RestClient& client, const std::string& database) {
  std::vector<std::string> ids;
  std::string token;
  do {
    TRY(const auto page, CallPatiently(client, "GET",
                                       "/database/" + net::PercentEncode(database) + "/assets" +
                                           Query({{"startingToken", token}})));
    for (const auto& one : ListOf(page, "Items")) ids.push_back(TextOf(one, "assetId"));
    token = TextOf(page, "NextToken");
  } while (!token.empty());
  std::ranges::sort(ids);
  return ids;
}

// Calls `read` for each of `count` things, each with entities of its own, and appends these in
// order.  The first failure ends it.
template <typename Read>
Status InParallel(RestClient& client, std::size_t count, Entities& entities, Read read) {
  std::vector<Entities> parts(count);
  std::mutex mutex;
  std::optional<Error> failed;  // guarded by mutex
  std::atomic<bool> ended{false};
  RunParallel(
      client.op(), count, kParallel,
      [&](std::size_t index) {
        if (ended) return;
        if (auto status = read(index, parts[index]); !status.ok()) {
          const std::lock_guard lock(mutex);
          ended = true;
          if (!failed) failed = std::move(status).error();
        }
      },
      [] {});
  if (failed) return *std::move(failed);
  if (client.op().cancelled()) return Error(Code::kCancelled, "stopped; nothing was written");
  for (Entities& part : parts) std::ranges::move(part, std::back_inserter(entities));
  return Ok();
}

Result<Entities> Collect(RestClient& client, const MetadataExportOptions& options) {
  Entities entities;
  std::vector<std::string> assets{options.asset};
  if (options.asset.empty()) {
    if (options.paths.empty()) TRY_OK(ReadOne(client, {.database = options.database}, entities));
    TRY(assets, AssetsOf(client, options.database));
  }
  TRY_OK(InParallel(client, assets.size(), entities, [&](std::size_t index, Entities& part) {
    return ReadAsset(client, options, options.database, assets[index], part);
  }));
  if (!options.paths.empty()) return entities;
  std::vector<std::vector<std::string>> found(assets.size());
  TRY_OK(InParallel(client, assets.size(), entities, [&](std::size_t index, Entities&) -> Status {
    TRY(const auto answer,
        CallPatiently(client, "GET", AssetPath(options.database, assets[index]) + "/asset-links"));
    for (const char* relation : {"related", "parents", "children"})
      AddLinks(ListOf(answer, relation), found[index]);
    return Ok();
  }));
  std::vector<std::string> links;
  for (const auto& ids : found) links.insert(links.end(), ids.begin(), ids.end());
  std::ranges::sort(links);
  links.erase(std::unique(links.begin(), links.end()), links.end());
  TRY_OK(InParallel(client, links.size(), entities, [&](std::size_t index, Entities& part) {
    return ReadOne(client, {.link = links[index]}, part);
  }));
  return entities;
}

Result<int> Export(RestClient& client, const MetadataExportOptions& options) {
  OutliveBrokenConnections();
  const Stoppable stoppable(client.op());
  TRY(const Entities entities, Collect(client, options));
  std::size_t left_out = 0;
  const std::string table =
      WriteMetadataTable(entities, FormatOf(options, client.quiet()), left_out);
  if (left_out > 0)
    fmt::print(stderr,
               "warning: {} empty values have no place in a wide table and were left out; the "
               "formats csv and json keep them\n",
               left_out);
  if (options.output.empty()) {
    fmt::print("{}", table);
    return kDone;
  }
  TRY_OK(files::WriteAtomically(options.output, table));
  std::size_t values = 0;
  for (const MetadataEntity& entity : entities) values += entity.items.size();
  const json::value report{{"file", options.output},
                           {"entities", entities.size()},
                           {"values", values},
                           {"emptyValuesLeftOut", left_out}};
  return Show(client, report, [&](const json::value&) {
    fmt::print("wrote {} values of {} entities to {}\n", Thousands(values),
               Thousands(entities.size()), options.output);
  });
}

}  // namespace

void AddMetadataExportCommand(CLI::App& metadata, Context& context) {
  static MetadataExportOptions options;
  CLI::App* command = AddClientCommand(
      metadata, context, "export", "The metadata of a database or an asset as a CSV or JSON table",
      [](RestClient& client) { return Export(client, options); });
  AddDatabaseOption(*command, options.database);
  AddAssetOption(*command, options.asset);
  command
      ->add_option("--file-path", options.paths,
                   "Only of this file, folder (with / at its end) or pattern; repeatable")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("--format", options.format,
                   "csv: a line for each value (default); wide: a line for each entity; json")
      ->check(CLI::IsMember({"csv", "wide", "json"}));
  command->add_option("-o,--output", options.output, "Into this file, not onto the terminal")
      ->type_name("FILE");
  Require(*command, {{&options.database, "--database-id"}});
}

}  // namespace vams::cli
