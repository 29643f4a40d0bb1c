// vams metadata-schema list|get|create|update|delete (cli.md section 7.2, api-metadata.md
// section 8).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/client_input.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct MetadataSchemaOptions {
  std::string database, entity_type, schema, name;
  bool enable = false, disable = false;
  Paging paging;
  Confirmation confirmation;
  JsonInput input;
};

std::string SchemaPath(const MetadataSchemaOptions& options) {
  return fmt::format("/database/{}/metadataSchema/{}", net::PercentEncode(options.database),
                     net::PercentEncode(options.schema));
}

// The fields lie one level deeper than one would think.
const json::array& FieldsOf(const json::value& schema) {
  static const json::array none;
  const auto* object = schema.if_object();
  const json::value* fields = object == nullptr ? nullptr : object->if_contains("fields");
  return fields == nullptr ? none : ListOf(*fields, "fields");
}

void PrintSchema(const json::value& it) {
  const std::string files = TextOf(it, "fileKeyTypeRestriction");
  fmt::print("{}", Columns({{"schema", TextOf(it, "metadataSchemaId")},
                            {"name", Printable(TextOf(it, "schemaName"))},
                            {"database", Printable(TextOf(it, "databaseId"))},
                            {"of", TextOf(it, "metadataSchemaEntityType")},
                            {"files", files.empty() ? "any" : Printable(files)},
                            {"enabled", FlagOf(it, "enabled") ? "yes" : "no"},
                            {"created", fmt::format("{} {}", TextOf(it, "dateCreated"),
                                                    Printable(TextOf(it, "createdBy")))},
                            {"modified", fmt::format("{} {}", TextOf(it, "dateModified"),
                                                     Printable(TextOf(it, "modifiedBy")))}}));
  std::vector<std::vector<std::string>> rows{
      {"FIELD", "TYPE", "REQUIRED", "DEFAULT", "NEEDS", "LIST"}};
  for (const auto& field : FieldsOf(it))
    rows.push_back({Printable(TextOf(field, "metadataFieldKeyName")),
                    TextOf(field, "metadataFieldValueType"), FlagOf(field, "required") ? "yes" : "",
                    Printable(TextOf(field, "defaultMetadataFieldValue")),
                    Joined(ListOf(field, "dependsOnFieldKeyName")),
                    Joined(ListOf(field, "controlledListKeys"))});
  fmt::print("\n{}", Columns(rows));
}

Result<int> ListSchemas(RestClient& client, MetadataSchemaOptions& options) {
  TRY_OK(options.input.Read());
  options.input.Fill(options.database, "databaseId");
  options.input.Fill(options.entity_type, "metadataEntityType");
  options.input.Fill(options.paging.page_size, "pageSize");
  options.input.Fill(options.paging.max_items, "maxItems");
  options.input.Fill(options.paging.starting_token, "startingToken");
  const Parameters parameters{{"databaseId", options.database},
                              {"metadataEntityType", options.entity_type}};
  TRY(const auto list, GetList(client, "/metadataschema", parameters, "Items", options.paging));
  return Show(client, list, [](const json::value& found) {
    std::vector<std::vector<std::string>> rows{
        {"SCHEMA", "NAME", "DATABASE", "OF", "FIELDS", "FILES", "STATE"}};
    for (const auto& one : ListOf(found, "Items"))
      rows.push_back({TextOf(one, "metadataSchemaId"), Printable(TextOf(one, "schemaName")),
                      Printable(TextOf(one, "databaseId")), TextOf(one, "metadataSchemaEntityType"),
                      std::to_string(FieldsOf(one).size()),
                      Printable(TextOf(one, "fileKeyTypeRestriction")),
                      FlagOf(one, "enabled") ? "enabled" : "disabled"});
    fmt::print("{}", rows.size() == 1 ? "no schemas\n" : Columns(rows));
    PrintMore(found);
  });
}

Result<int> GetSchema(RestClient& client, const MetadataSchemaOptions& options) {
  TRY(const auto found, client.Call("GET", SchemaPath(options)));
  return Show(client, found, PrintSchema);
}

Result<int> ShowWritten(const RestClient& client, const json::value& answer) {
  return Show(client, answer, [](const json::value& said) {
    fmt::print("{} ({})\n", Printable(TextOf(said, "message")), TextOf(said, "metadataSchemaId"));
  });
}

Status AddState(json::object& body, const MetadataSchemaOptions& options) {
  if (options.enable && options.disable)
    return Error(Code::kInvalid,
                 "--enable and --disable contradict each other; nothing was done; leave one of "
                 "them out");
  if (options.enable || options.disable) body["enabled"] = options.enable;
  return Ok();
}

Result<int> CreateSchema(RestClient& client, MetadataSchemaOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  if (!options.database.empty()) body["databaseId"] = options.database;
  if (!options.entity_type.empty()) body["metadataSchemaEntityType"] = options.entity_type;
  if (!options.name.empty()) body["schemaName"] = options.name;
  TRY_OK(AddState(body, options));
  TRY(const auto answer, client.Call("POST", "/metadataschema", &body));
  return ShowWritten(client, answer);
}

Result<int> UpdateSchema(RestClient& client, MetadataSchemaOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  options.input.Fill(options.schema, "metadataSchemaId");
  TRY_OK(Need(options.schema, "--schema-id"));
  body["metadataSchemaId"] = options.schema;
  if (!options.name.empty()) body["schemaName"] = options.name;
  TRY_OK(AddState(body, options));
  if (body.size() == 1)
    return Error(Code::kInvalid,
                 "there is nothing to change; nothing was done; give --schema-name, --enable, "
                 "--disable or a document with --json-input");
  TRY(const auto answer, client.Call("PUT", "/metadataschema", &body));
  return ShowWritten(client, answer);
}

Result<int> DeleteSchema(RestClient& client, const MetadataSchemaOptions& options) {
  TRY(const bool go,
      Confirmed(client, options.confirmation, true,
                fmt::format("delete the schema {}? Values that were stored with it stay",
                            Printable(options.schema)),
                {{"databaseId", options.database}, {"metadataSchemaId", options.schema}}));
  if (!go) return kFailed;
  const json::object body{{"confirmDelete", true}};
  TRY(const auto answer, client.Call("DELETE", SchemaPath(options), &body));
  return ShowMessage(client, answer);
}

void AddEntityType(CLI::App& command, MetadataSchemaOptions& options) {
  command.add_option("-e,--entity-type", options.entity_type, "What it describes")
      ->check(CLI::IsMember({"databaseMetadata", "assetMetadata", "fileMetadata", "fileAttribute",
                             "assetLinkMetadata"}));
}

}  // namespace

void AddMetadataSchemaCommands(CLI::App& app, Context& context) {
  static MetadataSchemaOptions options;
  CLI::App* group =
      app.add_subcommand("metadata-schema", "Which values metadata has, and of which type");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    return AddClientCommand(*group, context, name, what,
                            [run](RestClient& client) { return run(client, options); });
  };
  const auto database_option = [&](CLI::App& command) {
    command
        .add_option("-d,--database-id,--database", options.database,
                    "The database, or GLOBAL for all of them")
        ->type_name("ID");
  };
  const auto schema_option = [&](CLI::App& command) {
    command.add_option("-s,--schema-id", options.schema, "The schema")->type_name("ID");
  };
  const auto state_options = [&](CLI::App& command) {
    command.add_option("--schema-name", options.name, "What it is called");
    command.add_flag("--enable", options.enable, "It counts");
    command.add_flag("--disable", options.disable, "It does not count");
  };
  CLI::App* list = add("list", "List the schemas", ListSchemas);
  database_option(*list);
  AddEntityType(*list, options);
  options.paging.AddOptions(*list);
  options.input.AddOption(*list);
  CLI::App* get = add("get", "Show a schema with its fields", GetSchema);
  database_option(*get);
  schema_option(*get);
  Require(*get, {{&options.database, "--database-id"}, {&options.schema, "--schema-id"}});
  CLI::App* create = add("create", "Create a schema from a JSON document", CreateSchema);
  database_option(*create);
  AddEntityType(*create, options);
  state_options(*create);
  options.input.AddOption(*create);
  Require(*create, {{&options.input.text(), "--json-input"}});
  CLI::App* update =
      add("update", "Change a schema; \"fields\" replaces all of them", UpdateSchema);
  schema_option(*update);
  state_options(*update);
  options.input.AddOption(*update);
  Require(*update, {{&options.schema, "--schema-id"}}, &options.input);
  CLI::App* remove = add("delete", "Delete a schema", DeleteSchema);
  database_option(*remove);
  schema_option(*remove);
  options.confirmation.AddOptions(*remove, true);
  Require(*remove, {{&options.database, "--database-id"}, {&options.schema, "--schema-id"}});
}

}  // namespace vams::cli
