// vams assets download and vams file download (cli.md section 11.2).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/download_options.h"
#include "cli/file_commands.h"
#include "cli/stoppable.h"
#include "cli/terminal.h"
#include "cli/transfer_plan.h"
#include "cli/transfer_progress.h"
#include "cli/transfer_support.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct AssetsDownloadOptions {
  std::string local, database, asset, key, version, alias;
  bool recursive = false, flatten = false, asset_preview = false, file_previews = false;
  bool links_only = false;
  std::size_t depth = 0;
  bool tree = false;  // depth was given
  DownloadOptions download;
  JsonInput input;
};

Status FillFromInput(AssetsDownloadOptions& options, const CLI::App& command) {
  TRY_OK(options.input.Read());
  const JsonInput& input = options.input;
  input.Fill(options.local, "local_path", true);
  input.Fill(options.database, "database", true);
  input.Fill(options.asset, "asset", true);
  input.Fill(options.key, "file_key", true);
  input.Fill(options.version, "asset_version_id", true);
  input.Fill(options.alias, "asset_version_alias", true);
  input.Fill(options.recursive, "recursive");
  input.Fill(options.flatten, "flatten_download_tree");
  input.Fill(options.asset_preview, "asset_preview");
  input.Fill(options.file_previews, "file_previews");
  input.Fill(options.links_only, "shareable_links_only");
  input.Fill(options.depth, "asset_link_children_tree_depth");
  input.Fill(options.download.parallel, "parallel_downloads");
  input.Fill(options.download.retries, "retry_attempts");
  input.Fill(options.download.timeout, "timeout");
  input.Fill(options.download.hide_progress, "hide_progress");
  options.tree = command.count("--asset-link-children-tree-depth") > 0 ||
                 input.Has("asset_link_children_tree_depth");
  TRY_OK(Need(options.database, "--database"));
  return Need(options.asset, "--asset");
}

Status CheckTogether(const AssetsDownloadOptions& options) {
  const auto wrong = [](const char* why) {
    return Error(Code::kInvalid, std::string(why) + "; nothing was done; leave one of them out");
  };
  if (options.local.empty() && !options.links_only) return Need("", "LOCAL_PATH");
  const bool versioned = !options.version.empty() || !options.alias.empty();
  if (!options.version.empty() && !options.alias.empty())
    return wrong("--asset-version-id and --asset-version-alias are two ways to say the same");
  if (options.asset_preview && (!options.key.empty() || options.tree || versioned))
    return wrong("--asset-preview is one picture, without a path, a tree or a version");
  if (options.flatten && options.key.empty())
    return Error(Code::kInvalid,
                 "--flatten-download-tree needs --file-key; nothing was done; give "
                 "the folder, such as --file-key /scan/");
  if (options.file_previews && options.key.empty())
    return Error(Code::kInvalid,
                 "--file-previews needs --file-key; nothing was done; give the file "
                 "or the folder");
  return Ok();
}

// An asset to fetch from, and where to.
struct AssetSource {
  std::string database, asset;
  files::Path target;
  std::string base;     // the key that its files' keys begin with
  std::string preview;  // key of its preview; empty: none
};

Result<AssetSource> Look(RestClient& client, std::string database, std::string asset,
                         files::Path target) {
  AssetSource source{
      .database = std::move(database), .asset = std::move(asset), .target = std::move(target)};
  TRY(const auto found, client.Call("GET", AssetPath(source.database, source.asset)));
  const auto key = [&](const char* name) {
    const json::object* object = found.if_object();
    const json::value* at = object == nullptr ? nullptr : object->if_contains(name);
    return at == nullptr ? std::string() : TextOf(*at, "Key");
  };
  source.base = key("assetLocation");
  source.preview = key("previewLocation");
  return source;
}

// The number of the only version that has this alias.
Result<std::string> VersionOf(RestClient& client, const AssetSource& source,
                              const std::string& alias) {
  TRY(const auto list, GetList(client, AssetPath(source.database, source.asset) + "/getVersions",
                               {{"showArchived", "true"}}, "versions", {.auto_paginate = true}));
  std::vector<std::string> found;
  for (const auto& one : ListOf(list, "versions"))
    if (TextOf(one, "versionAlias") == alias) found.push_back(TextOf(one, "Version"));
  if (found.size() == 1) return found.front();
  return Error(found.empty() ? Code::kNotFound : Code::kInvalid,
               fmt::format("{} has the alias \"{}\"; nothing was done; give the number with "
                           "--asset-version-id",
                           found.empty() ? "no version" : "more than one version", alias));
}

// A path in the asset, for an item of a listing.
std::string PathIn(const AssetSource& source, const json::value& item) {
  const std::string key = TextOf(item, "key");
  if (!source.base.empty() && key.starts_with(source.base) && key.size() > source.base.size())
    return "/" + key.substr(source.base.size());
  return TextOf(item, "relativePath");
}

DownloadItem ItemOf(const AssetSource& source, const AssetsDownloadOptions& options,
                    std::string key) {
  return {.database = source.database,
          .asset = source.asset,
          .key = std::move(key),
          .version = options.version,
          .alias = options.alias,
          .target = source.target};
}

std::string NameIn(const std::string& key) { return key.substr(key.rfind('/') + 1); }

// Adds the files of a folder, page by page.
Status AddFolder(RestClient& client, const AssetSource& source,
                 const AssetsDownloadOptions& options, const std::string& version,
                 DownloadList& list, std::size_t& deeper) {
  const std::string folder = KeyPrefix(options.key);
  std::string token;
  do {
    TRY(const auto page, CallPatiently(client, "GET",
                                       AssetPath(source.database, source.asset) + "/listFiles" +
                                           Query({{"prefix", folder == "/" ? "" : folder},
                                                  {"includeArchived", "false"},
                                                  {"basic", options.file_previews ? "" : "true"},
                                                  {"assetVersionId", version},
                                                  {"pageSize", "1000"},
                                                  {"startingToken", token}})));
    for (const auto& one : ListOf(page, "items")) {
      const std::string path = PathIn(source, one);
      if (FlagOf(one, "isFolder") || path.ends_with('/') || !path.starts_with(folder)) continue;
      if (!options.recursive && path.find('/', folder.size()) != path.npos) {
        ++deeper;
        continue;
      }
      if (FlagOf(one, "isPermanentlyDeleted")) {
        list.AddFailure(path, "that version of it was deleted for good");
        continue;
      }
      DownloadItem item = ItemOf(source, options, path);
      // The server takes further slashes at the beginning for one.
      if (path.starts_with("//")) item.full_key = TextOf(one, "key");
      item.size = static_cast<std::uint64_t>(std::max<std::int64_t>(NumberOf(one, "size"), 0));
      list.Add(item, options.flatten ? NameIn(path) : path);
      if (const auto preview = TextOf(one, "previewFile");
          options.file_previews && !preview.empty())
        list.Add(ItemOf(source, options, preview), options.flatten ? NameIn(preview) : preview);
    }
    token = TextOf(page, "NextToken");
  } while (!token.empty());
  return Ok();
}

Status AddFile(RestClient& client, const AssetSource& source, const AssetsDownloadOptions& options,
               DownloadList& list) {
  list.Add(ItemOf(source, options, options.key), NameIn(options.key));
  if (!options.file_previews) return Ok();
  TRY(const auto info, client.Call("GET", AssetPath(source.database, source.asset) + "/fileInfo" +
                                              Query({{"filePath", options.key}})));
  if (const auto preview = TextOf(info, "previewFile"); !preview.empty())
    list.Add(ItemOf(source, options, preview), NameIn(preview));
  return Ok();
}

// The children of a link tree, down to `depth`, each once.
void AddChildren(const json::array& children, std::size_t depth,
                 std::vector<std::pair<std::string, std::string>>& found) {
  if (depth == 0) return;
  for (const auto& child : children) {
    std::pair id{TextOf(child, "databaseId"), TextOf(child, "assetId")};
    if (std::ranges::find(found, id) == found.end()) found.push_back(id);
    AddChildren(ListOf(child, "children"), depth - 1, found);
  }
}

// The asset and, where asked for, what is linked below it, each in a folder of its own.
Result<std::vector<AssetSource>> Sources(RestClient& client, const AssetsDownloadOptions& options,
                                         DownloadList& list) {
  std::vector<AssetSource> sources;
  if (!options.tree) {
    TRY(auto only, Look(client, options.database, options.asset, options.local));
    sources.push_back(std::move(only));
    return sources;
  }
  std::vector<std::pair<std::string, std::string>> ids{{options.database, options.asset}};
  TRY(const auto links, client.Call("GET", AssetPath(options.database, options.asset) +
                                               "/asset-links?childTreeView=true"));
  AddChildren(ListOf(links, "children"), options.depth, ids);
  std::set<std::string> names;
  for (const auto& [database, asset] : ids) {
    // Two databases may have the same id.
    const std::string name = names.insert(asset).second ? asset : asset + "@" + database;
    auto source = Look(client, database, asset, files::Path(options.local) / name);
    if (source.ok())
      sources.push_back(*std::move(source));
    else if (sources.empty())
      return std::move(source).error();
    else
      list.AddFailure(database + "/" + asset, source.error().message);
  }
  return sources;
}

Result<DownloadList> Collect(RestClient& client, AssetsDownloadOptions& options) {
  DownloadList list;
  TRY(const auto sources, Sources(client, options, list));
  // Versions are those of one asset.
  if (options.tree) options.version = options.alias = "";
  std::size_t deeper = 0;
  for (const auto& source : sources) {
    if (options.asset_preview) {
      DownloadItem item = ItemOf(source, options, source.preview);
      item.asset_preview = true;
      const auto name = NameIn(source.preview);
      list.Add(item, name.empty() ? "assetpreview" : name);
    } else if (!options.key.empty() && !options.key.ends_with('/')) {
      TRY_OK(AddFile(client, source, options, list));
    } else {
      std::string version = options.version;
      if (!options.alias.empty()) {
        TRY(version, VersionOf(client, source, options.alias));
      }
      TRY_OK(AddFolder(client, source, options, version, list, deeper));
    }
  }
  if (deeper > 0 && !client.quiet())
    fmt::print(stderr, "{} in folders left out; --recursive takes everything\n", FileText(deeper));
  return list;
}

// Upstream's rule for flattened trees: rather nothing than half.
Status CheckFlat(const AssetsDownloadOptions& options, const DownloadList& list) {
  if (!options.flatten || list.failures.empty()) return Ok();
  return Error(Code::kInvalid,
               fmt::format("{}: {}; nothing was downloaded; leave "
                           "--flatten-download-tree out",
                           Printable(list.failures.front().key), list.failures.front().error));
}

Result<int> PrintLinks(RestClient& client, const DownloadList& list,
                       const DownloadOptions& options) {
  std::vector<json::object> links(list.items.size());
  std::vector<std::string> errors(list.items.size());
  const Stoppable stoppable(client.op());
  RunParallel(
      client.op(), list.items.size(), options.parallel,
      [&](std::size_t i) {
        const auto answer = AskForDownload(client, list.items[i]);
        if (!answer.ok()) {
          errors[i] = answer.error().message;
          return;
        }
        links[i] = {{"filePath", list.items[i].key},
                    {"downloadUrl", TextOf(*answer, "downloadUrl")},
                    {"expiresIn", NumberOf(*answer, "expiresIn")},
                    {"downloadType", TextOf(*answer, "downloadType")}};
      },
      [] {});
  TRY_OK(client.op().Check());
  json::array good, bad;
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (!errors[i].empty()) {
      bad.push_back({{"filePath", list.items[i].key}, {"error", errors[i]}});
      if (!client.quiet())
        fmt::print(stderr, "failed: {}: {}\n", Printable(list.items[i].key), errors[i]);
      continue;
    }
    if (!client.quiet())
      fmt::print("{}\n  {}\n", Printable(list.items[i].key),
                 Printable(TextOf(links[i], "downloadUrl")));
    good.push_back(std::move(links[i]));
  }
  const bool all = bad.empty(), some = !good.empty();
  if (client.quiet())
    PrintJson({{"shareableLinks", good},
               {"totalFiles", good.size()},
               {"message", fmt::format("Generated {} links", good.size())},
               {"failures", std::move(bad)}});
  return all ? static_cast<int>(kDone) : PartlyDone(client.context(), some);
}

Result<int> DownloadAssets(RestClient& client, AssetsDownloadOptions& options,
                           const CLI::App& command) {
  TRY_OK(FillFromInput(options, command));
  TRY_OK(CheckTogether(options));
  TRY(auto list, Collect(client, options));
  TRY_OK(CheckFlat(options, list));
  if (list.items.empty() && list.failures.empty())
    return Error(Code::kNotFound,
                 fmt::format("there are no files at {}; nothing was downloaded; see \"vams file "
                             "list\"",
                             options.key.empty() ? "/" : Printable(options.key)));
  if (options.links_only) return PrintLinks(client, list, options.download);
  json::object report;
  TRY(const int status,
      Download(client, std::move(list), options.download, report, !client.quiet()));
  if (client.quiet()) PrintJson(report);
  return status;
}

struct FileDownloadOptions {
  std::string local, database, asset, path, version, alias;
  DownloadOptions download;
};

// One file, to a folder or to a name of one's own.
Result<int> DownloadFile(RestClient& client, const FileDownloadOptions& options) {
  DownloadItem item{.database = options.database,
                    .asset = options.asset,
                    .key = options.path,
                    .version = options.version,
                    .alias = options.alias};
  if (options.path.ends_with('/'))
    return Error(Code::kInvalid,
                 "this fetches one file; nothing was downloaded; for a folder say \"vams assets "
                 "download LOCAL_PATH --file-key FOLDER/\"");
  DownloadList list;
  std::error_code error;
  const bool folder = options.local.empty() || options.local.ends_with('/') ||
                      std::filesystem::is_directory(options.local, error);
  item.target = options.local.empty() ? files::Path(".") : files::Path(options.local);
  if (folder)
    list.Add(item, NameIn(options.path));
  else
    list.AddAt(item);
  json::object report;
  TRY(const int status,
      Download(client, std::move(list), options.download, report, !client.quiet()));
  if (client.quiet()) PrintJson(report);
  return status;
}

void AddVersionOptions(CLI::App& command, std::string& version, std::string& alias) {
  command.add_option("--asset-version-id", version, "As of this version of the asset")
      ->type_name("N");
  command.add_option("--asset-version-alias", alias, "As of the version with this alias")
      ->type_name("TEXT");
}

}  // namespace

void AddAssetsDownloadCommand(CLI::App& assets, Context& context) {
  static AssetsDownloadOptions options;
  static CLI::App* command = nullptr;
  command = AddClientCommand(
      assets, context, "download", "Fetch an asset's files to a folder",
      [](RestClient& client) { return DownloadAssets(client, options, *command); });
  command->add_option("local", options.local, "The folder; it is made if there is none")
      ->type_name("LOCAL_PATH");
  AddDatabaseOption(*command, options.database);
  AddAssetOption(*command, options.asset);
  command->add_option("--file-key", options.key, "One file, or a folder: then with / at its end")
      ->type_name("PATH");
  command->add_flag("--recursive", options.recursive, "The folders in it as well");
  command->add_flag("--flatten-download-tree", options.flatten, "All files into one folder");
  command->add_flag("--asset-preview", options.asset_preview, "The asset's preview picture");
  command->add_flag("--file-previews", options.file_previews,
                    "The files' preview pictures as well");
  AddVersionOptions(*command, options.version, options.alias);
  command
      ->add_option("--asset-link-children-tree-depth", options.depth,
                   "Linked children to this depth as well, each asset in a folder of its own")
      ->type_name("N");
  command->add_flag("--shareable-links-only", options.links_only,
                    "Print links that anybody can download from for a while; fetch nothing");
  options.download.AddOptions(*command, "--hide-progress", "--timeout");
  options.input.AddOption(*command);
  Require(*command, {{&options.database, "--database"}, {&options.asset, "--asset"}},
          &options.input);
}

void AddFileDownloadCommand(CLI::App& file, Context& context) {
  static FileDownloadOptions options;
  CLI::App* command =
      AddClientCommand(file, context, "download", "Fetch one file",
                       [](RestClient& client) { return DownloadFile(client, options); });
  command->add_option("local", options.local, "A folder, or a name for the file (default: .)")
      ->type_name("LOCAL_PATH");
  AddDatabaseOption(*command, options.database);
  AddAssetOption(*command, options.asset);
  command->add_option("-p,--path", options.path, "The file, as /scan/east.e57");
  AddVersionOptions(*command, options.version, options.alias);
  options.download.AddOptions(*command, "--hide-progress", "--timeout");
  Require(
      *command,
      {{&options.database, "--database"}, {&options.asset, "--asset"}, {&options.path, "--path"}});
}

}  // namespace vams::cli
