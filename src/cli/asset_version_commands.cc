// vams asset-version create|revert|list|get|update|archive|unarchive (cli.md section 5.1).
#include <fmt/format.h>

#include "cli/client_input.h"
#include "cli/terminal.h"
#include "files/files.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct AssetVersionOptions {
  std::string database, asset, version, comment, alias, files;
  bool use_latest = true, revert_metadata = false, show_archived = false;
  Paging paging;
  JsonInput input;
};

Status FillIds(AssetVersionOptions& options) {
  TRY_OK(options.input.Read());
  options.input.Fill(options.database, "databaseId");
  options.input.Fill(options.asset, "assetId");
  TRY_OK(Need(options.database, "--database"));
  return Need(options.asset, "--asset");
}

json::object BodyOf(const AssetVersionOptions& options) {
  json::object body = options.input.object();
  for (const char* id : {"databaseId", "assetId", "assetVersionId"}) body.erase(id);
  return body;
}

// The list of {relativeKey, versionId}, as text or in a file.
Result<json::array> FilesOf(const std::string& given) {
  std::string text = given;
  if (!given.starts_with('[')) {
    TRY(text, files::ReadAll(given.starts_with('@') ? given.substr(1) : given));
  }
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_array())
    return Error(Code::kInvalid,
                 "what --files names is no JSON list; nothing was done; give one such as "
                 R"([{"relativeKey": "/a.glb", "versionId": "…"}])");
  return std::move(value.get_array());
}

Result<int> ShowOperation(const RestClient& client, const json::value& answer) {
  return Show(client, answer, [](const json::value& done) {
    fmt::print("{}\n", Printable(TextOf(done, "message")));
    for (const auto& skipped : ListOf(done, "skippedFiles"))
      if (skipped.is_string()) fmt::print("  left out: {}\n", Printable(skipped.get_string()));
  });
}

Result<int> CreateVersion(RestClient& client, AssetVersionOptions& options) {
  TRY_OK(FillIds(options));
  json::object body = BodyOf(options);
  options.input.Fill(options.comment, "comment");
  TRY_OK(Need(options.comment, "--comment"));
  body["comment"] = options.comment;
  if (!options.alias.empty()) body["versionAlias"] = options.alias;
  if (!options.files.empty() && options.use_latest)
    return Error(
        Code::kInvalid,
        "--files names the files of the version, so it cannot have the latest ones; nothing "
        "was done; add --no-use-latest-files");
  if (!options.files.empty()) {
    TRY(body["files"], FilesOf(options.files));
  }
  if (!body.contains("useLatestFiles")) body["useLatestFiles"] = options.use_latest;
  TRY(const auto answer,
      client.Call("POST", AssetPath(options.database, options.asset) + "/createVersion", &body));
  return ShowOperation(client, answer);
}

Result<int> RevertVersion(RestClient& client, AssetVersionOptions& options) {
  TRY_OK(FillIds(options));
  options.input.Fill(options.version, "assetVersionId");
  TRY_OK(Need(options.version, "--version"));
  json::object body = BodyOf(options);
  // The server insists on one.
  options.input.Fill(options.comment, "comment");
  body["comment"] = options.comment.empty() ? "Reverted" : options.comment;
  if (options.revert_metadata) body["revertMetadata"] = true;
  TRY(const auto answer,
      client.Call("POST",
                  AssetPath(options.database, options.asset) + "/revertAssetVersion/" +
                      net::PercentEncode(options.version),
                  &body));
  return ShowOperation(client, answer);
}

Result<int> ListVersions(RestClient& client, const AssetVersionOptions& options) {
  TRY(const auto list,
      GetList(client, AssetPath(options.database, options.asset) + "/getVersions",
              {{"showArchived", options.show_archived ? "true" : ""}}, "versions", options.paging));
  return Show(client, list, [](const json::value& found) {
    std::vector<std::vector<std::string>> rows{
        {"VERSION", "ALIAS", "FILES", "CREATED", "BY", "STATE", "COMMENT"}};
    for (const auto& one : ListOf(found, "versions"))
      rows.push_back({TextOf(one, "Version"), Printable(TextOf(one, "versionAlias")),
                      std::to_string(NumberOf(one, "fileCount")), TextOf(one, "DateModified"),
                      Printable(TextOf(one, "createdBy")),
                      FlagOf(one, "isCurrent")    ? "current"
                      : FlagOf(one, "isArchived") ? "archived"
                                                  : "",
                      Printable(TextOf(one, "Comment"))});
    fmt::print("{}", rows.size() == 1 ? "no versions\n" : Columns(rows));
    PrintMore(found);
  });
}

Result<int> GetVersion(RestClient& client, const AssetVersionOptions& options) {
  TRY(const auto found,
      client.Call("GET", AssetPath(options.database, options.asset) + "/getVersion/" +
                             net::PercentEncode(options.version)));
  return Show(client, found, [](const json::value& it) {
    fmt::print(
        "{}", Columns({{"asset", Printable(TextOf(it, "databaseId") + "/" + TextOf(it, "assetId"))},
                       {"version", TextOf(it, "assetVersionId")},
                       {"created", TextOf(it, "dateCreated")},
                       {"by", Printable(TextOf(it, "createdBy"))},
                       {"comment", Printable(TextOf(it, "comment"))}}));
    std::vector<std::vector<std::string>> rows{{"FILE", "BYTES", "VERSION", "STATE"}};
    for (const auto& one : ListOf(it, "files"))
      rows.push_back({Printable(TextOf(one, "relativeKey")), std::to_string(NumberOf(one, "size")),
                      TextOf(one, "versionId"),
                      FlagOf(one, "isPermanentlyDeleted")      ? "deleted"
                      : FlagOf(one, "isLatestVersionArchived") ? "archived"
                                                               : ""});
    if (rows.size() > 1) fmt::print("\n{}", Columns(rows));
    std::vector<std::vector<std::string>> metadata{{"METADATA OF", "KEY", "VALUE", "TYPE"}};
    for (const auto& one : ListOf(it, "versionedMetadata"))
      metadata.push_back({Printable(TextOf(one, "filePath")), Printable(TextOf(one, "metadataKey")),
                          Printable(TextOf(one, "metadataValue")),
                          TextOf(one, "metadataValueType")});
    if (metadata.size() > 1) fmt::print("\n{}", Columns(metadata));
  });
}

std::string VersionPath(const AssetVersionOptions& options) {
  return AssetPath(options.database, options.asset) + "/assetversions/" +
         net::PercentEncode(options.version);
}

Result<int> UpdateVersion(RestClient& client, const AssetVersionOptions& options,
                          const CLI::App& command) {
  json::object body;
  if (command.count("--comment") > 0) body["comment"] = options.comment;
  if (command.count("--alias") > 0) body["versionAlias"] = options.alias;
  if (body.empty())
    return Error(Code::kInvalid,
                 "there is nothing to change; nothing was done; give --comment or --alias");
  TRY(const auto answer, client.Call("PUT", VersionPath(options), &body));
  return ShowOperation(client, answer);
}

Result<int> SetArchived(RestClient& client, const AssetVersionOptions& options,
                        const char* operation) {
  TRY(const auto answer, client.Call("POST", VersionPath(options) + operation));
  return ShowOperation(client, answer);
}

}  // namespace

void AddAssetVersionCommands(CLI::App& app, Context& context) {
  static AssetVersionOptions options;
  CLI::App* group = app.add_subcommand("asset-version", "Versions of assets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what,
                       std::function<Result<int>(RestClient&)> run, bool has_version,
                       const JsonInput* input = nullptr, std::vector<Required> more = {}) {
    CLI::App* command = AddClientCommand(*group, context, name, what, std::move(run));
    AddDatabaseOption(*command, options.database);
    AddAssetOption(*command, options.asset);
    std::vector<Required> required{{&options.database, "--database"}, {&options.asset, "--asset"}};
    if (has_version) {
      command->add_option("-v,--version", options.version, "The version's number")->type_name("N");
      required.push_back({&options.version, "--version"});
    }
    required.insert(required.end(), more.begin(), more.end());
    Require(*command, required, input);
    return command;
  };
  CLI::App* create = add("create", "Make a version of the files as they are now",
                         [](RestClient& client) { return CreateVersion(client, options); }, false,
                         &options.input, {{&options.comment, "--comment"}});
  create->add_option("--comment", options.comment, "What is new in it");
  create->add_option("--alias", options.alias, "A name for it, such as RC1");
  create->add_flag("--use-latest-files,!--no-use-latest-files", options.use_latest,
                   "Every file as it is now (default)");
  create
      ->add_option("--files", options.files,
                   "Instead, with --no-use-latest-files: a JSON list of relativeKey and versionId, "
                   "its text or a file")
      ->type_name("JSON");
  options.input.AddOption(*create);
  CLI::App* revert = add(
      "revert", "Make the files what they were in a version",
      [](RestClient& client) { return RevertVersion(client, options); }, true, &options.input);
  revert->add_option("--comment", options.comment, "Why");
  revert->add_flag("--revert-metadata,!--no-revert-metadata", options.revert_metadata,
                   "The metadata as well");
  options.input.AddOption(*revert);
  CLI::App* list = add(
      "list", "List an asset's versions",
      [](RestClient& client) { return ListVersions(client, options); }, false);
  list->add_flag("--show-archived", options.show_archived, "Those that are archived as well");
  options.paging.AddOptions(*list);
  add(
      "get", "Show a version, its files and its metadata",
      [](RestClient& client) { return GetVersion(client, options); }, true);
  static CLI::App* update = nullptr;
  update = add(
      "update", "Change a version's comment or alias",
      [](RestClient& client) { return UpdateVersion(client, options, *update); }, true);
  update->add_option("--comment", options.comment, "The new comment");
  update->add_option("--alias", options.alias, "The new alias; \"\" removes it");
  add(
      "archive", "Hide a version",
      [](RestClient& client) { return SetArchived(client, options, "/archive"); }, true);
  add(
      "unarchive", "Show a version again",
      [](RestClient& client) { return SetArchived(client, options, "/unarchive"); }, true);
}

}  // namespace vams::cli
