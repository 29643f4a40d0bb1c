// vams assets create|get|list|update|archive|unarchive|delete (cli.md section 5); download and
// export have files of their own.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/client_input.h"
#include "cli/file_commands.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct AssetsOptions {
  std::string database, asset, name, description, bucket_key, reason;
  std::vector<std::string> tags;
  bool distributable = false, not_distributable = false, show_archived = false;
  Paging paging;
  Confirmation confirmation;
  JsonInput input;
};

// Tags may be given one by one or as a list with commas; each counts once.
std::vector<std::string> TagsOf(const std::vector<std::string>& given) {
  std::vector<std::string> tags;
  for (const auto& one : given)
    for (std::size_t from = 0; from <= one.size();) {
      const std::size_t comma = std::min(one.find(',', from), one.size());
      std::string tag = one.substr(from, comma - from);
      tag.erase(0, tag.find_first_not_of(' '));
      tag.erase(tag.find_last_not_of(' ') + 1);
      if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
      from = comma + 1;
    }
  return tags;
}

// The members that create and update share.
Result<json::object> Fields(AssetsOptions& options, const CLI::App& command) {
  json::object body = options.input.object();
  if (options.distributable && options.not_distributable)
    return Error(
        Code::kInvalid,
        "an asset cannot be both distributable and not; nothing was done; leave one of the "
        "two options out");
  if (!options.name.empty()) body["assetName"] = options.name;
  if (!options.description.empty()) body["description"] = options.description;
  if (options.distributable || options.not_distributable)
    body["isDistributable"] = options.distributable;
  if (command.count("--tags") > 0) {
    const auto tags = TagsOf(options.tags);
    body["tags"] = json::array(tags.begin(), tags.end());
  }
  return body;
}

Result<int> CreateAsset(RestClient& client, AssetsOptions& options, const CLI::App& command) {
  TRY_OK(options.input.Read());
  TRY(auto body, Fields(options, command));
  options.input.Fill(options.database, "databaseId");
  TRY_OK(Need(options.database, "--database-id"));
  for (const auto& [key, option] : {std::pair{"assetName", "--name"},
                                    {"description", "--description"},
                                    {"isDistributable", "--distributable or --no-distributable"}})
    if (!body.contains(key)) TRY_OK(Need("", option));
  body["databaseId"] = options.database;
  if (!options.bucket_key.empty()) body["bucketExistingKey"] = options.bucket_key;
  if (!body.contains("tags")) body["tags"] = json::array();
  TRY(const auto answer, client.Call("POST", "/assets", &body));
  return Show(client, answer, [](const json::value& made) {
    fmt::print("created the asset \"{}\"\n", Printable(TextOf(made, "assetId")));
  });
}

void PrintAsset(const json::value& it) {
  std::vector<std::string> tags;
  for (const auto& tag : ListOf(it, "tags"))
    if (tag.is_string()) tags.push_back(Printable(tag.get_string()));
  const json::object& object = it.get_object();
  const auto inner = [&](const char* name, const char* member) {
    const json::value* value = object.if_contains(name);
    return value == nullptr ? std::string() : Printable(TextOf(*value, member));
  };
  std::vector<std::vector<std::string>> rows{
      {"asset", Printable(TextOf(it, "databaseId") + "/" + TextOf(it, "assetId"))},
      {"name", Printable(TextOf(it, "assetName"))},
      {"description", Printable(TextOf(it, "description"))},
      {"type", Printable(TextOf(it, "assetType"))},
      {"state", TextOf(it, "status")},
      {"distributable", FlagOf(it, "isDistributable") ? "yes" : "no"},
      {"tags", fmt::format("{}", fmt::join(tags, ", "))},
      {"version", inner("currentVersion", "Version")},
      {"  of", inner("currentVersion", "DateModified")},
      {"  comment", inner("currentVersion", "Comment")},
      {"stored in", Printable(TextOf(it, "bucketName")) + " " + inner("assetLocation", "Key")},
      {"preview", inner("previewLocation", "Key")}};
  if (!TextOf(it, "archivedAt").empty())
    rows.push_back({"archived", TextOf(it, "archivedAt") + " " +
                                    Printable(TextOf(it, "archivedBy")) + " " +
                                    Printable(TextOf(it, "archivedReason"))});
  fmt::print("{}", Columns(rows));
}

Result<int> GetAsset(RestClient& client, const AssetsOptions& options) {
  TRY(const auto found,
      client.Call("GET", AssetPath(options.database, options.asset) +
                             Query({{"showArchived", options.show_archived ? "true" : ""}})));
  if (!found.is_object())
    return Error(Code::kInternal, "the server's answer is no asset; check its release");
  return Show(client, found, PrintAsset);
}

Result<int> ListAssets(RestClient& client, const AssetsOptions& options) {
  const std::string path = options.database.empty()
                               ? "/assets"
                               : "/database/" + net::PercentEncode(options.database) + "/assets";
  TRY(const auto list,
      GetList(client, path, {{"showArchived", options.show_archived ? "true" : ""}}, "Items",
              options.paging));
  return Show(client, list, [](const json::value& found) {
    std::vector<std::vector<std::string>> rows{{"DATABASE", "ASSET", "NAME", "TYPE", "STATE"}};
    for (const auto& one : ListOf(found, "Items"))
      rows.push_back({Printable(TextOf(one, "databaseId")), Printable(TextOf(one, "assetId")),
                      Printable(TextOf(one, "assetName")), Printable(TextOf(one, "assetType")),
                      TextOf(one, "status")});
    fmt::print("{}", rows.size() == 1 ? "no assets\n" : Columns(rows));
    PrintMore(found);
  });
}

Result<int> UpdateAsset(RestClient& client, AssetsOptions& options, const CLI::App& command) {
  TRY_OK(options.input.Read());
  TRY(auto body, Fields(options, command));
  options.input.Fill(options.database, "databaseId");
  options.input.Fill(options.asset, "assetId");
  TRY_OK(Need(options.database, "--database-id"));
  TRY_OK(Need(options.asset, "ASSET_ID"));
  body.erase("databaseId");
  body.erase("assetId");
  if (body.empty())
    return Error(Code::kInvalid,
                 "there is nothing to change; nothing was done; give an option such as --name");
  TRY(const auto answer, client.Call("PUT", AssetPath(options.database, options.asset), &body));
  return ShowMessage(client, answer);
}

// In these commands what the document says wins (cli.md section 2.7, J4).
Result<json::object> Reasoned(AssetsOptions& options) {
  TRY_OK(options.input.Read());
  options.input.Fill(options.database, "databaseId", true);
  options.input.Fill(options.asset, "assetId", true);
  options.input.Fill(options.reason, "reason", true);
  TRY_OK(Need(options.database, "--database"));
  TRY_OK(Need(options.asset, "ASSET_ID"));
  json::object body;
  if (!options.reason.empty()) body["reason"] = options.reason;
  return body;
}

Result<int> ArchiveAsset(RestClient& client, AssetsOptions& options) {
  TRY(const auto body, Reasoned(options));
  TRY(const auto answer,
      client.Call("DELETE", AssetPath(options.database, options.asset) + "/archiveAsset", &body));
  return ShowMessage(client, answer);
}

Result<int> UnarchiveAsset(RestClient& client, AssetsOptions& options) {
  TRY(auto body, Reasoned(options));
  body["confirmUnarchive"] = true;
  TRY(const auto answer,
      client.Call("PUT", AssetPath(options.database, options.asset) + "/unarchiveAsset", &body));
  return ShowMessage(client, answer);
}

Result<int> DeleteAsset(RestClient& client, AssetsOptions& options) {
  TRY(auto body, Reasoned(options));
  options.input.Fill(options.confirmation.flag, "confirmPermanentDelete");
  TRY(const bool go,
      Confirmed(client, options.confirmation, true,
                fmt::format("delete the asset \"{}\" with all its files and versions for good?",
                            Printable(options.asset)),
                {{"databaseId", options.database}, {"assetId", options.asset}}));
  if (!go) return kFailed;
  body["confirmPermanentDelete"] = true;
  TRY(const auto answer,
      client.Call("DELETE", AssetPath(options.database, options.asset) + "/deleteAsset", &body));
  return ShowMessage(client, answer);
}

void AddFieldOptions(CLI::App& command, AssetsOptions& options) {
  AddDatabaseOption(command, options.database);
  command.add_option("--name", options.name, "Its name");
  command.add_option("--description", options.description, "What it is");
  command.add_flag("--distributable", options.distributable, "Its files may be downloaded");
  command.add_flag("--no-distributable", options.not_distributable, "They may not");
  command.add_option("--tags", options.tags, "A tag, or several with commas; repeatable")
      ->type_name("TAG")
      ->allow_extra_args(false);
  options.input.AddOption(command);
}

}  // namespace

void AddAssetsCommands(CLI::App& app, Context& context) {
  static AssetsOptions options;
  CLI::App* assets = app.add_subcommand("assets", "Assets");
  assets->require_subcommand(1);
  const auto asset_argument = [&](CLI::App& command) {
    command.add_option("asset", options.asset, "The asset")->type_name("ASSET_ID");
  };
  static CLI::App *create = nullptr, *update = nullptr;
  create = AddClientCommand(*assets, context, "create", "Create an asset", [](RestClient& client) {
    return CreateAsset(client, options, *create);
  });
  AddFieldOptions(*create, options);
  create
      ->add_option("--bucket-key", options.bucket_key,
                   "Take over the files that lie under this key already")
      ->type_name("KEY");
  Require(*create,
          {{&options.database, "--database-id"},
           {&options.name, "--name"},
           {&options.description, "--description"}},
          &options.input);
  update = AddClientCommand(*assets, context, "update", "Change an asset", [](RestClient& client) {
    return UpdateAsset(client, options, *update);
  });
  asset_argument(*update);
  AddFieldOptions(*update, options);
  const std::vector<Required> ids{{&options.asset, "ASSET_ID"},
                                  {&options.database, "--database-id"}};
  Require(*update, ids, &options.input);
  CLI::App* get = AddClientCommand(*assets, context, "get", "Show an asset",
                                   [](RestClient& client) { return GetAsset(client, options); });
  asset_argument(*get);
  AddDatabaseOption(*get, options.database);
  get->add_flag("--show-archived", options.show_archived, "One that is archived");
  Require(*get, ids);
  CLI::App* list = AddClientCommand(*assets, context, "list", "List assets",
                                    [](RestClient& client) { return ListAssets(client, options); });
  AddDatabaseOption(*list, options.database);
  list->add_flag("--show-archived", options.show_archived,
                 "Those that are archived as well; without a database, those alone");
  options.paging.AddOptions(*list);
  const auto add = [&](const char* name, const char* what, auto run) {
    CLI::App* command = AddClientCommand(
        *assets, context, name, what, [run](RestClient& client) { return run(client, options); });
    asset_argument(*command);
    AddDatabaseOption(*command, options.database);
    command->add_option("--reason", options.reason, "Why");
    options.input.AddOption(*command);
    Require(*command, ids, &options.input);
    return command;
  };
  add("archive", "Hide an asset; it can be unarchived", ArchiveAsset);
  add("unarchive", "Bring an archived asset back", UnarchiveAsset);
  CLI::App* remove = add("delete", "Delete an asset with everything, for good", DeleteAsset);
  options.confirmation.AddOptions(*remove, true);
  AddAssetsDownloadCommand(*assets, context);
  AddAssetsExportCommand(*assets, context);
}

}  // namespace vams::cli
