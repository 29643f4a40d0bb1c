// vams database list|create|update|get|delete|list-buckets (cli.md section 4).
#include <fmt/format.h>

#include "cli/client_input.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct DatabaseOptions {
  std::string database, description, bucket, extensions;
  bool show_deleted = false, restrict_metadata = false, free_metadata = false;
  bool clear_extensions = false;
  Paging paging;
  Confirmation confirmation;
  JsonInput input;
};

std::string DatabasePath(const std::string& id) { return "/database/" + net::PercentEncode(id); }

void PrintDatabase(const json::value& it) {
  const auto extensions = TextOf(it, "restrictFileUploadsToExtensions");
  fmt::print("{}", Columns({{"database", Printable(TextOf(it, "databaseId"))},
                            {"description", Printable(TextOf(it, "description"))},
                            {"created", TextOf(it, "dateCreated")},
                            {"assets", Thousands(static_cast<std::uint64_t>(
                                           std::max<std::int64_t>(NumberOf(it, "assetCount"), 0)))},
                            {"bucket", fmt::format("{} {} ({})", TextOf(it, "bucketName"),
                                                   TextOf(it, "baseAssetsPrefix"),
                                                   TextOf(it, "defaultBucketId"))},
                            {"metadata", FlagOf(it, "restrictMetadataOutsideSchemas")
                                             ? "as the schemas say only"
                                             : "any"},
                            {"files", extensions.empty() ? "any" : Printable(extensions)}}));
}

Result<int> ListDatabases(RestClient& client, const DatabaseOptions& options) {
  Parameters parameters{{"showDeleted", options.show_deleted ? "true" : ""}};
  TRY(const auto list, GetList(client, "/database", parameters, "Items", options.paging));
  return Show(client, list, [](const json::value& found) {
    std::vector<std::vector<std::string>> rows{{"DATABASE", "ASSETS", "BUCKET", "DESCRIPTION"}};
    for (const auto& one : ListOf(found, "Items"))
      rows.push_back({Printable(TextOf(one, "databaseId")),
                      std::to_string(NumberOf(one, "assetCount")), TextOf(one, "bucketName"),
                      Printable(TextOf(one, "description"))});
    fmt::print("{}", rows.size() == 1 ? "no databases\n" : Columns(rows));
    PrintMore(found);
  });
}

Result<int> GetDatabase(RestClient& client, const DatabaseOptions& options) {
  TRY(const auto found,
      client.Call("GET", DatabasePath(options.database) +
                             Query({{"showDeleted", options.show_deleted ? "true" : ""}})));
  return Show(client, found, PrintDatabase);
}

// The only bucket that there is; with several, the person has to say which.
Result<std::string> OnlyBucket(RestClient& client) {
  TRY(const auto buckets, client.Call("GET", "/buckets"));
  const auto& items = ListOf(buckets, "Items");
  if (items.size() == 1) return TextOf(items.front(), "bucketId");
  std::string names;
  for (const auto& one : items)
    names += fmt::format("\n  {}  {} {}", TextOf(one, "bucketId"), TextOf(one, "bucketName"),
                         TextOf(one, "baseAssetsPrefix"));
  return Error(Code::kInvalid, fmt::format("say where the files of the database are to lie, with "
                                           "--default-bucket-id; nothing was done; there is:{}",
                                           names.empty() ? " no bucket" : names));
}

Result<int> CreateDatabase(RestClient& client, DatabaseOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  options.input.Fill(options.database, "databaseId");
  options.input.Fill(options.description, "description");
  options.input.Fill(options.bucket, "defaultBucketId");
  TRY_OK(Need(options.database, "--database-id"));
  TRY_OK(Need(options.description, "--description"));
  if (options.bucket.empty() && client.quiet()) TRY_OK(Need("", "--default-bucket-id"));
  if (options.bucket.empty()) {
    TRY(options.bucket, OnlyBucket(client));
  }
  body["databaseId"] = options.database;
  body["description"] = options.description;
  body["defaultBucketId"] = options.bucket;
  if (options.restrict_metadata) body["restrictMetadataOutsideSchemas"] = true;
  if (!options.extensions.empty()) body["restrictFileUploadsToExtensions"] = options.extensions;
  TRY(const auto answer, client.Call("POST", "/database", &body));
  return Show(client, answer, [](const json::value& made) {
    fmt::print("created the database \"{}\"\n", Printable(TextOf(made, "databaseId")));
  });
}

Result<int> UpdateDatabase(RestClient& client, DatabaseOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  options.input.Fill(options.database, "databaseId");
  TRY_OK(Need(options.database, "--database-id"));
  body.erase("databaseId");
  if (options.restrict_metadata && options.free_metadata)
    return Error(
        Code::kInvalid,
        "metadata cannot be both restricted and not; nothing was done; leave one of the two "
        "options out");
  if (options.clear_extensions && !options.extensions.empty())
    return Error(
        Code::kInvalid,
        "--clear-file-extensions and --restrict-file-uploads-to-extensions contradict each "
        "other; nothing was done; leave one of them out");
  if (!options.description.empty()) body["description"] = options.description;
  if (!options.bucket.empty()) body["defaultBucketId"] = options.bucket;
  if (options.restrict_metadata || options.free_metadata)
    body["restrictMetadataOutsideSchemas"] = options.restrict_metadata;
  if (!options.extensions.empty() || options.clear_extensions)
    body["restrictFileUploadsToExtensions"] = options.extensions;
  if (body.empty())
    return Error(Code::kInvalid,
                 "there is nothing to change; nothing was done; give an option such as "
                 "--description");
  TRY(const auto answer, client.Call("PUT", DatabasePath(options.database), &body));
  return ShowMessage(client, answer);
}

Result<int> DeleteDatabase(RestClient& client, const DatabaseOptions& options) {
  TRY(const bool go,
      Confirmed(client, options.confirmation, true,
                fmt::format("delete the database \"{}\"?", Printable(options.database)),
                {{"databaseId", options.database}}));
  if (!go) return kFailed;
  TRY(const auto answer, client.Call("DELETE", DatabasePath(options.database)));
  return ShowMessage(client, answer);
}

Result<int> Buckets(RestClient& client, const DatabaseOptions& options) {
  TRY(const auto list, GetList(client, "/buckets", {}, "Items", options.paging));
  return Show(client, list, [](const json::value& found) {
    std::vector<std::vector<std::string>> rows{{"ID", "BUCKET", "PREFIX"}};
    for (const auto& one : ListOf(found, "Items"))
      rows.push_back({TextOf(one, "bucketId"), Printable(TextOf(one, "bucketName")),
                      Printable(TextOf(one, "baseAssetsPrefix"))});
    fmt::print("{}", Columns(rows));
    PrintMore(found);
  });
}

}  // namespace

void AddDatabaseCommands(CLI::App& app, Context& context) {
  static DatabaseOptions options;
  CLI::App* group = app.add_subcommand("database", "Databases of assets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    return AddClientCommand(*group, context, name, what,
                            [run](RestClient& client) { return run(client, options); });
  };
  const auto fields = [&](CLI::App* command) {
    AddDatabaseOption(*command, options.database);
    command->add_option("--description", options.description, "What it is for");
    command->add_option("--default-bucket-id", options.bucket, "Where the files of new assets lie")
        ->type_name("ID");
    command->add_flag("--restrict-metadata-outside-schemas", options.restrict_metadata,
                      "Metadata as the schemas say only");
    command
        ->add_option("--restrict-file-uploads-to-extensions", options.extensions,
                     "The only kinds of files to take, such as .glb,.e57")
        ->type_name("LIST");
    options.input.AddOption(*command);
  };
  CLI::App* list = add("list", "List the databases", ListDatabases);
  list->add_flag("--show-deleted", options.show_deleted, "Those that were deleted instead");
  options.paging.AddOptions(*list);
  CLI::App* create = add("create", "Create a database", CreateDatabase);
  fields(create);
  Require(*create, {{&options.database, "--database-id"}, {&options.description, "--description"}},
          &options.input);
  CLI::App* update = add("update", "Change a database", UpdateDatabase);
  fields(update);
  update->add_flag("--no-restrict-metadata-outside-schemas", options.free_metadata, "Any metadata");
  update->add_flag("--clear-file-extensions", options.clear_extensions, "Any kind of files");
  Require(*update, {{&options.database, "--database-id"}}, &options.input);
  CLI::App* get = add("get", "Show a database", GetDatabase);
  AddDatabaseOption(*get, options.database);
  get->add_flag("--show-deleted", options.show_deleted, "One that was deleted");
  Require(*get, {{&options.database, "--database-id"}});
  CLI::App* remove = add("delete", "Delete a database without assets", DeleteDatabase);
  AddDatabaseOption(*remove, options.database);
  options.confirmation.AddOptions(*remove, true);
  Require(*remove, {{&options.database, "--database-id"}});
  options.paging.AddOptions(*add("list-buckets", "List where files can lie", Buckets));
}

}  // namespace vams::cli
