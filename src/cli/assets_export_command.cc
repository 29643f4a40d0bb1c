// vams assets export (cli.md section 11.3).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/download_options.h"
#include "cli/file_commands.h"
#include "cli/terminal.h"
#include "cli/transfer_support.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct AssetsExportOptions {
  std::string database, asset, starting_token, local;
  bool auto_paginate = true, urls = false, folders = false, primary_only = false;
  bool no_file_metadata = false, no_link_metadata = false, no_asset_metadata = false;
  bool no_relationships = false, subtrees = false, parents = false, archived = false;
  bool download_files = false, by_asset = false, flatten = false;
  std::size_t max_assets = 100;
  std::vector<std::string> extensions;
  DownloadOptions download;
  JsonInput input;
};

Status FillFromInput(AssetsExportOptions& options) {
  TRY_OK(options.input.Read());
  const JsonInput& input = options.input;
  input.Fill(options.database, "databaseId");
  input.Fill(options.asset, "assetId");
  input.Fill(options.auto_paginate, "autoPaginate");
  input.Fill(options.max_assets, "maxAssets");
  input.Fill(options.starting_token, "startingToken");
  input.Fill(options.urls, "generatePresignedUrls");
  input.Fill(options.folders, "includeFolderFiles");
  input.Fill(options.primary_only, "includeOnlyPrimaryTypeFiles");
  input.Fill(options.subtrees, "fetchEntireChildrenSubtrees");
  input.Fill(options.parents, "includeParentRelationships");
  input.Fill(options.archived, "includeArchivedFiles");
  input.Fill(options.extensions, "fileExtensions");
  input.Fill(options.download_files, "downloadFiles");
  input.Fill(options.local, "localPath");
  input.Fill(options.by_asset, "organizeByAsset");
  input.Fill(options.flatten, "flattenDownloads");
  const auto inverted = [&](bool& option, const char* key) {
    bool wanted = !option;
    input.Fill(wanted, key);
    option = !wanted;
  };
  inverted(options.no_file_metadata, "includeFileMetadata");
  inverted(options.no_link_metadata, "includeAssetLinkMetadata");
  inverted(options.no_asset_metadata, "includeAssetMetadata");
  inverted(options.no_relationships, "fetchAssetRelationships");
  TRY_OK(Need(options.database, "--database-id"));
  return Need(options.asset, "--asset-id");
}

Status CheckTogether(const AssetsExportOptions& options) {
  const auto wrong = [](const char* why) {
    return Error(Code::kInvalid, std::string(why) + "; nothing was done");
  };
  if (options.auto_paginate && !options.starting_token.empty())
    return wrong(
        "all pages are fetched from the first one on; --starting-token needs "
        "--no-auto-paginate as well");
  if (options.by_asset && options.flatten)
    return wrong(
        "--organize-by-asset and --flatten-downloads contradict each other; leave one out");
  if ((options.by_asset || options.flatten) && !options.download_files)
    return wrong("--organize-by-asset and --flatten-downloads need --download-files");
  if (options.download_files && options.local.empty())
    return wrong("--download-files needs a folder: give it with --local-path");
  return Ok();
}

json::object BodyOf(const AssetsExportOptions& options) {
  json::array extensions;
  for (std::string one : options.extensions) {
    std::ranges::transform(one, one.begin(), [](unsigned char c) { return std::tolower(c); });
    extensions.push_back(json::string(one.starts_with('.') ? one : "." + one));
  }
  json::object body{{"generatePresignedUrls", options.urls || options.download_files},
                    {"includeFolderFiles", options.folders},
                    {"includeOnlyPrimaryTypeFiles", options.primary_only},
                    {"includeFileMetadata", !options.no_file_metadata},
                    {"includeAssetLinkMetadata", !options.no_link_metadata},
                    {"includeAssetMetadata", !options.no_asset_metadata},
                    {"fetchAssetRelationships", !options.no_relationships},
                    {"fetchEntireChildrenSubtrees", options.subtrees},
                    {"includeParentRelationships", options.parents},
                    {"includeArchivedFiles", options.archived},
                    {"maxAssets", options.max_assets}};
  if (!extensions.empty()) body["fileExtensions"] = std::move(extensions);
  return body;
}

// All pages put together, as upstream's client prints them; the relationships come with the first.
Result<json::object> AllPages(RestClient& client, const std::string& path, json::object body) {
  json::array assets, relationships;
  std::int64_t total = 0;
  std::size_t pages = 0;
  std::string token;
  do {
    if (!token.empty()) body["startingToken"] = token;
    TRY(const auto page, CallPatiently(client, "POST", path, &body));
    for (const auto& asset : ListOf(page, "assets")) assets.push_back(asset);
    if (++pages == 1) {
      relationships = ListOf(page, "relationships");
      total = NumberOf(page, "totalAssetsInTree");
    }
    token = TextOf(page, "NextToken");
  } while (!token.empty());
  const std::size_t retrieved = assets.size();
  return json::object{{"assets", std::move(assets)}, {"relationships", std::move(relationships)},
                      {"totalAssetsInTree", total},  {"assetsRetrieved", retrieved},
                      {"pagesRetrieved", pages},     {"autoPaginated", true}};
}

// Where a file of an asset goes: <asset>/<path>, <asset>/<name> or <name>.
DownloadList ListedFiles(const json::object& exported, const AssetsExportOptions& options) {
  DownloadList list;
  std::set<std::string> names;
  for (const auto& asset : ListOf(exported, "assets")) {
    const std::string id = TextOf(asset, "assetid"), database = TextOf(asset, "databaseid");
    if (FlagOf(asset, "unauthorizedAsset")) continue;
    std::string folder = id;
    if (!names.insert(id).second) folder += "@" + database;  // two databases may have the same id
    for (const auto& file : ListOf(asset, "files")) {
      const std::string path = TextOf(file, "relativePath");
      if (FlagOf(file, "isFolder") || path.ends_with('/')) continue;
      const std::string name = path.substr(path.rfind('/') + 1);
      DownloadItem item{
          .database = database,
          .asset = id,
          .key = path,
          .url = TextOf(file, "presignedFileDownloadUrl"),
          .target = options.local,
          .size = static_cast<std::uint64_t>(std::max<std::int64_t>(NumberOf(file, "size"), 0))};
      if (options.flatten) {
        list.Add(std::move(item), name);
        continue;
      }
      const bool keep = !options.by_asset && path.starts_with('/');
      list.Add(std::move(item), folder + (keep ? path : "/" + name));
    }
  }
  return list;
}

void Print(const json::object& exported) {
  std::vector<std::vector<std::string>> rows{{"ASSET", "NAME", "FILES", "BYTES"}};
  for (const auto& asset : ListOf(exported, "assets")) {
    if (FlagOf(asset, "unauthorizedAsset")) {
      rows.push_back({Printable(TextOf(asset, "databaseId") + "/" + TextOf(asset, "assetId")),
                      "(not for you)", "", ""});
      continue;
    }
    std::int64_t bytes = 0;
    for (const auto& file : ListOf(asset, "files")) bytes += NumberOf(file, "size");
    rows.push_back({Printable(TextOf(asset, "databaseid") + "/" + TextOf(asset, "assetid")),
                    Printable(TextOf(asset, "assetname")),
                    std::to_string(ListOf(asset, "files").size()), std::to_string(bytes)});
  }
  fmt::print("{}{} relationships; --json-output shows everything\n", Columns(rows),
             ListOf(exported, "relationships").size());
  PrintMore(exported);
}

Result<int> Export(RestClient& client, AssetsExportOptions& options) {
  TRY_OK(FillFromInput(options));
  TRY_OK(CheckTogether(options));
  json::object body = BodyOf(options);
  const std::string path = AssetPath(options.database, options.asset) + "/export";
  json::object exported;
  if (options.auto_paginate) {
    TRY(exported, AllPages(client, path, std::move(body)));
  } else {
    if (!options.starting_token.empty()) body["startingToken"] = options.starting_token;
    TRY(auto page, client.Call("POST", path, &body));
    if (!page.is_object())
      return Error(Code::kInternal, "the server's answer is no export; check its release");
    exported = std::move(page.get_object());
  }
  int status = kDone;
  if (!client.quiet()) Print(exported);
  if (options.download_files) {
    json::object report;
    TRY(status, Download(client, ListedFiles(exported, options), options.download, report,
                         !client.quiet()));
    exported["downloadResults"] = std::move(report);
  }
  if (client.quiet()) PrintJson(exported);
  return status;
}

}  // namespace

void AddAssetsExportCommand(CLI::App& assets, Context& context) {
  static AssetsExportOptions options;
  CLI::App* command = AddClientCommand(assets, context, "export",
                                       "Everything about an asset and what is linked below it",
                                       [](RestClient& client) { return Export(client, options); });
  AddDatabaseOption(*command, options.database);
  AddAssetOption(*command, options.asset);
  command->add_flag("--auto-paginate,!--no-auto-paginate", options.auto_paginate,
                    "All pages (default)");
  command->add_option("--max-assets", options.max_assets, "Assets in a page (default: 100)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--starting-token", options.starting_token, "Where the page before ended")
      ->type_name("TOKEN");
  command->add_flag("--generate-presigned-urls", options.urls, "With links to the files");
  command->add_flag("--include-folder-files", options.folders, "Folders as well");
  command->add_flag("--include-only-primary-type-files", options.primary_only,
                    "Files with a primary type only");
  command->add_flag("--no-file-metadata", options.no_file_metadata, "Without that of files");
  command->add_flag("--no-asset-link-metadata", options.no_link_metadata, "Without links");
  command->add_flag("--no-asset-metadata", options.no_asset_metadata, "Without that of assets");
  command->add_flag("--no-fetch-relationships", options.no_relationships, "This asset alone");
  command->add_flag("--fetch-entire-subtrees", options.subtrees,
                    "Children of children, and so on, as well");
  command->add_flag("--include-parent-relationships", options.parents, "Passed on");
  command->add_flag("--include-archived-files", options.archived, "Passed on");
  command->add_option("--file-extensions", options.extensions, "Such files only; repeatable")
      ->type_name("EXT")
      ->allow_extra_args(false);
  command->add_flag("--download-files", options.download_files, "Fetch the files as well");
  command->add_option("--local-path", options.local, "To this folder")->type_name("DIR");
  command->add_flag("--organize-by-asset", options.by_asset, "As <asset>/<name>, without folders");
  command->add_flag("--flatten-downloads", options.flatten, "As <name>");
  options.download.AddOptions(*command, "--hide-download-progress", "--download-timeout");
  options.input.AddOption(*command);
  Require(*command, {{&options.database, "--database-id"}, {&options.asset, "--asset-id"}},
          &options.input);
}

}  // namespace vams::cli
