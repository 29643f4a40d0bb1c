// vams metadata asset|file|asset-link|database list|update|delete (cli.md section 7.1).
#include "cli/metadata_commands.h"

#include <fmt/format.h>

#include "cli/client_input.h"
#include "cli/metadata_calls.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct MetadataOptions {
  MetadataTarget target;
  std::string type, page_size, starting_token, version, update_type;
  JsonInput input;
};

void PrintItems(const json::value& answer) {
  std::vector<std::vector<std::string>> rows{{"KEY", "TYPE", "VALUE", "SCHEMA"}};
  for (const auto& one : ListOf(answer, "metadata")) {
    std::string schema = Printable(TextOf(one, "metadataSchemaName"));
    if (FlagOf(one, "metadataSchemaRequired")) schema += ", required";
    rows.push_back({Printable(TextOf(one, "metadataKey")), TextOf(one, "metadataValueType"),
                    Printable(TextOf(one, "metadataValue")), std::move(schema)});
  }
  fmt::print("{}", rows.size() == 1 ? "no metadata\n" : Columns(rows));
}

// What a call that works on many keys answers.
Result<int> ShowResult(const RestClient& client, const json::value& answer) {
  const auto& failed = ListOf(answer, "failedItems");
  if (client.quiet()) {
    PrintJson(answer);
  } else {
    fmt::print("{}\n", Printable(TextOf(answer, "message")));
    for (const auto& one : failed)
      fmt::print(stderr, "vams: {}: {}\n", Printable(TextOf(one, "key")),
                 Printable(TextOf(one, "error")));
  }
  if (failed.empty()) return kDone;
  return PartlyDone(client.context(), NumberOf(answer, "successCount") > 0);
}

// What only files have.
void AddFileMembers(json::object& body, const MetadataOptions& options) {
  if (options.target.path.empty()) return;
  body["filePath"] = options.target.path;
  body["type"] = options.type;
}

Result<int> ListMetadata(RestClient& client, const MetadataOptions& options) {
  const bool file = !options.target.path.empty();
  TRY(const auto found, client.Call("GET", MetadataPath(options.target) +
                                               Query({{"filePath", options.target.path},
                                                      {"type", file ? options.type : std::string()},
                                                      {"pageSize", options.page_size},
                                                      {"startingToken", options.starting_token},
                                                      {"assetVersionId", options.version}})));
  return Show(client, found, PrintItems);
}

Result<int> UpdateMetadata(RestClient& client, MetadataOptions& options) {
  TRY_OK(options.input.Read());
  if (ListOf(options.input.object(), "metadata").empty())
    return Error(Code::kInvalid,
                 "the document of --json-input has no list \"metadata\" with something in it; "
                 "nothing was done");
  json::object body{{"metadata", options.input.object().at("metadata")}};
  options.input.Fill(options.update_type, "updateType");
  body["updateType"] = options.update_type.empty() ? "update" : options.update_type;
  AddFileMembers(body, options);
  TRY(const auto answer, client.Call("PUT", MetadataPath(options.target), &body));
  return ShowResult(client, answer);
}

Result<int> DeleteMetadata(RestClient& client, MetadataOptions& options) {
  TRY_OK(options.input.Read());
  if (ListOf(options.input.object(), "metadataKeys").empty())
    return Error(Code::kInvalid,
                 "the document of --json-input has no list \"metadataKeys\" with something in it; "
                 "nothing was done");
  json::object body{{"metadataKeys", options.input.object().at("metadataKeys")}};
  AddFileMembers(body, options);
  TRY(const auto answer, client.Call("DELETE", MetadataPath(options.target), &body));
  return ShowResult(client, answer);
}

// Says whose metadata a command is about, and what of that has to be said.
std::vector<Required> AddTarget(CLI::App& command, const std::string& entity,
                                MetadataOptions& options) {
  std::vector<Required> required;
  if (entity == "asset-link") {
    command.add_option("--asset-link-id", options.target.link, "The link")->type_name("ID");
    return {{&options.target.link, "--asset-link-id"}};
  }
  AddDatabaseOption(command, options.target.database);
  required.push_back({&options.target.database, "--database-id"});
  if (entity == "database") return required;
  AddAssetOption(command, options.target.asset);
  required.push_back({&options.target.asset, "--asset-id"});
  if (entity == "asset") return required;
  command.add_option("--file-path", options.target.path, "The file")->type_name("PATH");
  command.add_option("--type", options.type, "metadata or attribute")
      ->check(CLI::IsMember({"metadata", "attribute"}));
  required.push_back({&options.target.path, "--file-path"});
  required.push_back({&options.type, "--type"});
  return required;
}

void AddEntity(CLI::App& metadata, Context& context, const std::string& entity,
               const std::string& of, MetadataOptions& options) {
  CLI::App* group = metadata.add_subcommand(entity, "Metadata of " + of);
  group->require_subcommand(1);
  const auto add = [&](const char* name, const std::string& what, auto run) {
    return AddClientCommand(*group, context, name, what,
                            [run, &options](RestClient& client) { return run(client, options); });
  };
  CLI::App* list = add("list", "List the metadata of " + of, ListMetadata);
  Require(*list, AddTarget(*list, entity, options));
  list->add_option("--page-size", options.page_size, "At most so many in a page")->type_name("N");
  list->add_option("--starting-token", options.starting_token, "Where the page before ended")
      ->type_name("TOKEN");
  if (entity == "asset" || entity == "file")
    list->add_option("--asset-version-id", options.version, "As it was in this version")
        ->type_name("ID");

  CLI::App* update = add("update", "Add values to " + of + ", or change them", UpdateMetadata);
  auto required = AddTarget(*update, entity, options);
  update
      ->add_option("--update-type", options.update_type,
                   "update (default), or replace_all, which removes what is not given")
      ->check(CLI::IsMember({"update", "replace_all"}));
  options.input.AddOption(*update);
  required.push_back({&options.input.text(), "--json-input"});
  Require(*update, required);

  CLI::App* remove = add("delete", "Remove values from " + of, DeleteMetadata);
  required = AddTarget(*remove, entity, options);
  options.input.AddOption(*remove);
  required.push_back({&options.input.text(), "--json-input"});
  Require(*remove, required);
}

}  // namespace

void AddMetadataCommands(CLI::App& app, Context& context) {
  static MetadataOptions options;
  CLI::App* group = app.add_subcommand("metadata", "What is known about things: typed values");
  group->require_subcommand(1);
  AddEntity(*group, context, "asset", "an asset", options);
  AddEntity(*group, context, "file", "a file", options);
  AddEntity(*group, context, "asset-link", "a link between assets", options);
  AddEntity(*group, context, "database", "a database", options);
  AddMetadataImportCommand(*group, context);
  AddMetadataExportCommand(*group, context);
}

}  // namespace vams::cli
