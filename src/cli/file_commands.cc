// vams file create-folder|list|info|move|copy|archive|unarchive|delete|revert|set-primary|
// delete-preview|delete-auxiliary (cli.md section 6); upload and download have files of their own.
#include "cli/file_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/client_input.h"
#include "cli/terminal.h"
#include "cli/transfer_plan.h"
#include "cli/transfer_progress.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct FileOptions {
  std::string database, asset, path, source, destination, to_asset, to_database, version;
  std::string prefix, asset_version, type, type_other;
  bool is_prefix = false, archived = false, basic = false, versions = false;
  Paging paging;
  Confirmation confirmation;
  JsonInput input;
};

// In this group what the document says wins (cli.md section 6).
Status FillIds(FileOptions& options) {
  TRY_OK(options.input.Read());
  options.input.Fill(options.database, "database_id", true);
  options.input.Fill(options.asset, "asset_id", true);
  options.input.Fill(options.path, "file_path", true);
  TRY_OK(Need(options.database, "--database"));
  return Need(options.asset, "--asset");
}

std::string Path(const FileOptions& options, const char* operation) {
  return AssetPath(options.database, options.asset) + operation;
}

Result<int> ShowAffected(const RestClient& client, const json::value& answer) {
  return Show(client, answer, [](const json::value& done) {
    fmt::print("{}\n", Printable(TextOf(done, "message")));
    if (ListOf(done, "affectedFiles").size() < 2) return;
    for (const auto& file : ListOf(done, "affectedFiles"))
      if (file.is_string()) fmt::print("  {}\n", Printable(file.get_string()));
  });
}

Result<int> CreateFolder(RestClient& client, FileOptions& options) {
  TRY_OK(FillIds(options));
  options.input.Fill(options.path, "folder_path", true);
  TRY_OK(Need(options.path, "--path"));
  if (!options.path.ends_with('/')) options.path += '/';
  const json::object body{{"relativeKey", options.path}};
  TRY(const auto answer, client.Call("POST", Path(options, "/createFolder"), &body));
  return ShowMessage(client, answer);
}

Result<int> ListFiles(RestClient& client, FileOptions& options) {
  TRY_OK(FillIds(options));
  options.input.Fill(options.prefix, "prefix", true);
  options.input.Fill(options.asset_version, "asset_version_id", true);
  options.input.Fill(options.archived, "include_archived");
  options.input.Fill(options.basic, "basic");
  TRY(const auto list, GetList(client, Path(options, "/listFiles"),
                               {{"prefix", options.prefix},
                                {"includeArchived", options.archived ? "true" : ""},
                                {"basic", options.basic ? "true" : ""},
                                {"assetVersionId", options.asset_version}},
                               "items", options.paging));
  return Show(client, list, [](const json::value& found) {
    std::vector<std::vector<std::string>> rows{{"FILE", "SIZE", "CHANGED", "TYPE", "STATE"}};
    for (const auto& one : ListOf(found, "items")) {
      const bool folder = FlagOf(one, "isFolder");
      rows.push_back({Printable(TextOf(one, "relativePath")),
                      folder ? "-" : ByteText(static_cast<std::uint64_t>(NumberOf(one, "size"))),
                      TextOf(one, "dateCreatedCurrentVersion"),
                      Printable(TextOf(one, "primaryType")),
                      FlagOf(one, "isPermanentlyDeleted") ? "deleted"
                      : FlagOf(one, "isArchived")         ? "archived"
                      : folder                            ? "folder"
                                                          : ""});
    }
    fmt::print("{}", rows.size() == 1 ? "no files\n" : Columns(rows));
    PrintMore(found);
  });
}

// "v2, v3 (RC1)": the asset versions that a version of the file is in.
std::string AssetVersions(const json::value& version) {
  std::vector<std::string> labels;
  for (const auto& one : ListOf(version, "assetVersionIds"))
    labels.push_back(
        Printable(one.is_string() ? std::string(one.get_string()) : TextOf(one, "label")));
  return fmt::format("{}", fmt::join(labels, ", "));
}

Result<int> InfoFile(RestClient& client, FileOptions& options) {
  TRY_OK(FillIds(options));
  TRY_OK(Need(options.path, "--path"));
  options.input.Fill(options.versions, "include_versions");
  TRY(const auto found,
      client.Call("GET", Path(options, "/fileInfo") +
                             Query({{"filePath", options.path},
                                    {"includeVersions", options.versions ? "true" : "false"}})));
  return Show(client, found, [](const json::value& it) {
    const auto size = static_cast<std::uint64_t>(NumberOf(it, "size"));
    std::vector<std::vector<std::string>> facts{
        {"file", Printable(TextOf(it, "relativePath"))},
        {"size", fmt::format("{} ({} bytes)", ByteText(size), Thousands(size))},
        {"changed", TextOf(it, "lastModified")},
        {"content type", Printable(TextOf(it, "contentType"))},
        {"primary type", Printable(TextOf(it, "primaryType"))},
        {"preview", Printable(TextOf(it, "previewFile"))},
        {"checksum (ETag)", TextOf(it, "etag")},
        {"state", FlagOf(it, "isArchived") ? "archived" : "there"}};
    fmt::print("{}", Columns(facts));
    std::vector<std::vector<std::string>> rows{
        {"VERSION", "CREATED", "BYTES", "STATE", "ASSET VERSIONS"}};
    for (const auto& one : ListOf(it, "versions"))
      rows.push_back({TextOf(one, "versionId"), TextOf(one, "lastModified"),
                      std::to_string(NumberOf(one, "size")),
                      FlagOf(one, "isArchived") ? "archived"
                      : FlagOf(one, "isLatest") ? "latest"
                                                : "",
                      AssetVersions(one)});
    if (rows.size() > 1) fmt::print("\n{}", Columns(rows));
  });
}

Result<json::object> FromTo(FileOptions& options) {
  TRY_OK(FillIds(options));
  options.input.Fill(options.source, "source", true);
  options.input.Fill(options.destination, "dest", true);
  TRY_OK(Need(options.source, "--source"));
  TRY_OK(Need(options.destination, "--dest"));
  return json::object{{"sourcePath", options.source}, {"destinationPath", options.destination}};
}

Result<int> MoveFile(RestClient& client, FileOptions& options) {
  TRY(const auto body, FromTo(options));
  TRY(const auto answer, client.Call("POST", Path(options, "/moveFile"), &body));
  return ShowAffected(client, answer);
}

Result<int> CopyFile(RestClient& client, FileOptions& options) {
  TRY(auto body, FromTo(options));
  options.input.Fill(options.to_asset, "dest_asset", true);
  options.input.Fill(options.to_database, "dest_database", true);
  if (!options.to_asset.empty()) body["destinationAssetId"] = options.to_asset;
  if (!options.to_database.empty()) body["destinationDatabaseId"] = options.to_database;
  TRY(const auto answer, client.Call("POST", Path(options, "/copyFile"), &body));
  return ShowAffected(client, answer);
}

Result<json::object> OnPath(FileOptions& options) {
  TRY_OK(FillIds(options));
  TRY_OK(Need(options.path, "--path"));
  return json::object{{"filePath", options.path}};
}

Result<int> ArchiveFile(RestClient& client, FileOptions& options) {
  TRY(auto body, OnPath(options));
  options.input.Fill(options.is_prefix, "prefix");
  body["isPrefix"] = options.is_prefix;
  TRY(const auto answer, client.Call("DELETE", Path(options, "/archiveFile"), &body));
  return ShowAffected(client, answer);
}

Result<int> UnarchiveFile(RestClient& client, FileOptions& options) {
  TRY(const auto body, OnPath(options));
  TRY(const auto answer, client.Call("POST", Path(options, "/unarchiveFile"), &body));
  return ShowAffected(client, answer);
}

Result<int> DeleteFile(RestClient& client, FileOptions& options) {
  TRY(auto body, OnPath(options));
  options.input.Fill(options.is_prefix, "prefix");
  options.input.Fill(options.confirmation.flag, "confirm");
  TRY(const bool go, Confirmed(client, options.confirmation, true, "",
                               {{"filePath", options.path}, {"assetId", options.asset}}));
  if (!go) return kFailed;
  body["isPrefix"] = options.is_prefix;
  body["confirmPermanentDelete"] = true;
  TRY(const auto answer, client.Call("DELETE", Path(options, "/deleteFile"), &body));
  return ShowAffected(client, answer);
}

Result<int> RevertFile(RestClient& client, FileOptions& options) {
  TRY(const auto body, OnPath(options));
  options.input.Fill(options.version, "version_id", true);
  TRY_OK(Need(options.version, "--version"));
  TRY(const auto answer,
      client.Call("POST",
                  Path(options, "/revertFileVersion/") + net::PercentEncode(options.version),
                  &body));
  return ShowMessage(client, answer);
}

Result<int> SetPrimary(RestClient& client, FileOptions& options, const CLI::App& command) {
  TRY(auto body, OnPath(options));
  const bool in_input = options.input.Has("type");
  options.input.Fill(options.type, "type", true);
  options.input.Fill(options.type_other, "type_other", true);
  if (command.count("--type") == 0 && !in_input) TRY_OK(Need("", "--type"));
  if ((options.type == "other") == options.type_other.empty())
    return Error(
        Code::kInvalid,
        "--type other and --type-other TEXT belong together; nothing was done; give both or "
        "neither");
  body["primaryType"] = options.type;
  if (!options.type_other.empty()) body["primaryTypeOther"] = options.type_other;
  TRY(const auto answer, client.Call("PUT", Path(options, "/setPrimaryFile"), &body));
  return ShowMessage(client, answer);
}

Result<int> DeletePreview(RestClient& client, FileOptions& options) {
  TRY_OK(FillIds(options));
  TRY(const auto answer, client.Call("DELETE", Path(options, "/deleteAssetPreview")));
  return ShowMessage(client, answer);
}

Result<int> DeleteAuxiliary(RestClient& client, FileOptions& options) {
  TRY(const auto body, OnPath(options));
  TRY(const auto answer,
      client.Call("DELETE", Path(options, "/deleteAuxiliaryPreviewAssetFiles"), &body));
  return ShowMessage(client, answer);
}

// Adds the commands of the group, which share most of their options.
class Group {
 public:
  Group(CLI::App& group, Context& context, FileOptions& options)
      : group_(group), context_(context), options_(options) {}

  template <typename Run>
  CLI::App* Add(const char* name, const char* what, Run run, bool has_path,
                std::vector<Required> more = {}) {
    CLI::App* command =
        AddClientCommand(group_, context_, name, what,
                         [run, &options = options_](RestClient& c) { return run(c, options); });
    AddDatabaseOption(*command, options_.database);
    AddAssetOption(*command, options_.asset);
    options_.input.AddOption(*command);
    std::vector<Required> required{{&options_.database, "--database"},
                                   {&options_.asset, "--asset"}};
    if (has_path) {
      command->add_option("-p,--path", options_.path, "The file, as /scan/east.e57");
      required.push_back({&options_.path, "--path"});
    }
    required.insert(required.end(), more.begin(), more.end());
    Require(*command, std::move(required), &options_.input);
    return command;
  }

 private:
  CLI::App& group_;
  Context& context_;
  FileOptions& options_;
};

}  // namespace

void AddFileCommands(CLI::App& app, Context& context) {
  static FileOptions options;
  CLI::App* files = app.add_subcommand("file", "Files of assets");
  files->require_subcommand(1);
  AddUploadCommand(*files, context);
  AddFileDownloadCommand(*files, context);
  Group group(*files, context, options);
  group.Add("create-folder", "Make an empty folder", CreateFolder, true);
  CLI::App* list = group.Add("list", "List an asset's files", ListFiles, false);
  list->add_option("--prefix", options.prefix, "Those whose path begins so");
  list->add_flag("--include-archived", options.archived, "Those that are archived as well");
  list->add_flag("--basic", options.basic, "Names and sizes only, which is faster");
  list->add_option("--asset-version-id", options.asset_version, "As of this version of the asset")
      ->type_name("N");
  options.paging.AddOptions(*list);
  group.Add("info", "Show a file", InfoFile, true)
      ->add_flag("--include-versions", options.versions, "Its versions as well");
  const std::vector<Required> ends{{&options.source, "--source"}, {&options.destination, "--dest"}};
  CLI::App* move = group.Add("move", "Move or rename a file", MoveFile, false, ends);
  CLI::App* copy = group.Add("copy", "Copy a file, also to another asset", CopyFile, false, ends);
  for (CLI::App* command : {move, copy}) {
    command->add_option("--source", options.source, "The file")->type_name("PATH");
    command->add_option("--dest", options.destination, "Its new path")->type_name("PATH");
  }
  copy->add_option("--dest-asset", options.to_asset, "Another asset")->type_name("ID");
  copy->add_option("--dest-database", options.to_database, "Its database")->type_name("ID");
  CLI::App* archive = group.Add("archive", "Hide a file; it can be unarchived", ArchiveFile, true);
  group.Add("unarchive", "Bring an archived file back", UnarchiveFile, true);
  CLI::App* remove =
      group.Add("delete", "Delete a file with all its versions, for good", DeleteFile, true);
  for (CLI::App* command : {archive, remove})
    command->add_flag("--prefix", options.is_prefix, "Every file whose path begins so");
  remove->add_flag("--confirm", options.confirmation.flag, "Needed: this cannot be undone");
  group
      .Add("revert", "Make an earlier version of a file the latest", RevertFile, true,
           {{&options.version, "--version"}})
      ->add_option("-v,--version", options.version, "That version")
      ->type_name("ID");
  static CLI::App* primary = nullptr;
  primary = group.Add(
      "set-primary", "Say what a file is to its asset",
      [](RestClient& client, FileOptions& given) { return SetPrimary(client, given, *primary); },
      true);
  primary
      ->add_option("--type", options.type,
                   "primary, lod1 to lod5, other, or \"\" for nothing special")
      ->check(CLI::IsMember({"", "primary", "lod1", "lod2", "lod3", "lod4", "lod5", "other"}));
  primary->add_option("--type-other", options.type_other, "What it is, with --type other");
  group.Add("delete-preview", "Delete the asset's preview picture", DeletePreview, false);
  group.Add("delete-auxiliary", "Delete what viewers made of a file", DeleteAuxiliary, true);
}

}  // namespace vams::cli
