// vams asset-links create|get|update|delete|list (cli.md section 5.2).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "cli/client_input.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct AssetLinksOptions {
  std::string from_asset, from_database, to_asset, to_database, type, alias, link;
  std::string database, asset;
  std::vector<std::string> tags;
  bool tree = false;
  Confirmation confirmation;
  JsonInput input;
};

// The type as the server spells it.
Result<std::string> TypeOf(const std::string& given) {
  std::string lower = given;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "related") return std::string("related");
  if (lower == "parentchild") return std::string("parentChild");
  return Error(Code::kInvalid,
               fmt::format("\"{}\" is no type of link; nothing was done; say related "
                           "or parentChild",
                           given));
}

Result<int> CreateLink(RestClient& client, AssetLinksOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  const std::vector<std::tuple<std::string*, const char*, const char*>> members{
      {&options.from_asset, "fromAssetId", "--from-asset-id"},
      {&options.from_database, "fromAssetDatabaseId", "--from-database-id"},
      {&options.to_asset, "toAssetId", "--to-asset-id"},
      {&options.to_database, "toAssetDatabaseId", "--to-database-id"},
      {&options.type, "relationshipType", "--relationship-type"}};
  for (const auto& [value, key, option] : members) {
    options.input.Fill(*value, key);
    TRY_OK(Need(*value, option));
    body[key] = *value;
  }
  TRY(const auto type, TypeOf(options.type));
  body["relationshipType"] = type;
  if (!options.alias.empty()) body["assetLinkAliasId"] = options.alias;
  if (!options.tags.empty() || !body.contains("tags")) body["tags"] = Texts(options.tags);
  TRY(const auto answer, client.Call("POST", "/asset-links", &body));
  return Show(client, answer, [&](const json::value& made) {
    fmt::print("linked \"{}\" {} \"{}\": {}\n", Printable(options.from_asset),
               type == "related" ? "with" : "as the parent of", Printable(options.to_asset),
               TextOf(made, "assetLinkId"));
  });
}

Result<int> GetLink(RestClient& client, const AssetLinksOptions& options) {
  TRY(const auto found,
      client.Call("GET", "/asset-links/single/" + net::PercentEncode(options.link)));
  return Show(client, found, [](const json::value& answer) {
    const json::object* object = answer.if_object();
    const json::value* link = object == nullptr ? nullptr : object->if_contains("assetLink");
    if (link == nullptr) return;
    std::vector<std::string> tags;
    for (const auto& tag : ListOf(*link, "tags"))
      if (tag.is_string()) tags.push_back(Printable(tag.get_string()));
    const auto end = [&](const char* database, const char* asset) {
      return Printable(TextOf(*link, database) + "/" + TextOf(*link, asset));
    };
    fmt::print("{}", Columns({{"link", TextOf(*link, "assetLinkId")},
                              {"type", TextOf(*link, "relationshipType")},
                              {"from", end("fromAssetDatabaseId", "fromAssetId")},
                              {"to", end("toAssetDatabaseId", "toAssetId")},
                              {"alias", Printable(TextOf(*link, "assetLinkAliasId"))},
                              {"tags", fmt::format("{}", fmt::join(tags, ", "))}}));
  });
}

Result<int> UpdateLink(RestClient& client, AssetLinksOptions& options, const CLI::App& command) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  options.input.Fill(options.link, "assetLinkId");
  TRY_OK(Need(options.link, "--asset-link-id"));
  body.erase("assetLinkId");
  if (command.count("--alias-id") > 0) body["assetLinkAliasId"] = options.alias;
  if (command.count("--tags") > 0) body["tags"] = Texts(options.tags);
  if (body.empty())
    return Error(Code::kInvalid,
                 "there is nothing to change; nothing was done; give --alias-id or --tags");
  const std::string path = "/asset-links/" + net::PercentEncode(options.link);
  // The server takes tags that are left out for none.
  if (!body.contains("tags")) {
    TRY(const auto now,
        client.Call("GET", "/asset-links/single/" + net::PercentEncode(options.link)));
    const json::object* object = now.if_object();
    const json::value* link = object == nullptr ? nullptr : object->if_contains("assetLink");
    if (link != nullptr) body["tags"] = ListOf(*link, "tags");
  }
  TRY(const auto answer, client.Call("PUT", path, &body));
  return ShowMessage(client, answer);
}

Result<int> DeleteLink(RestClient& client, const AssetLinksOptions& options) {
  TRY(const bool go, Confirmed(client, options.confirmation, false,
                               fmt::format("delete the link {}?", Printable(options.link)), {}));
  if (!go) return kFailed;
  TRY(const auto answer, client.Call("DELETE", "/asset-links/" + net::PercentEncode(options.link)));
  return ShowMessage(client, answer);
}

void AddRows(std::vector<std::vector<std::string>>& rows, const std::string& relation,
             const json::array& links, std::size_t depth) {
  for (const auto& link : links) {
    rows.push_back({relation, std::string(2 * depth, ' ') + Printable(TextOf(link, "assetName")),
                    Printable(TextOf(link, "databaseId") + "/" + TextOf(link, "assetId")),
                    Printable(TextOf(link, "assetLinkAliasId")), TextOf(link, "assetLinkId")});
    AddRows(rows, relation, ListOf(link, "children"), depth + 1);
  }
}

Result<int> ListLinks(RestClient& client, const AssetLinksOptions& options) {
  TRY(const auto found,
      client.Call("GET", AssetPath(options.database, options.asset) + "/asset-links" +
                             Query({{"childTreeView", options.tree ? "true" : ""}})));
  return Show(client, found, [](const json::value& answer) {
    std::vector<std::vector<std::string>> rows{{"RELATION", "NAME", "ASSET", "ALIAS", "LINK"}};
    AddRows(rows, "related", ListOf(answer, "related"), 0);
    AddRows(rows, "parent", ListOf(answer, "parents"), 0);
    AddRows(rows, "child", ListOf(answer, "children"), 0);
    fmt::print("{}", rows.size() == 1 ? "no links\n" : Columns(rows));
    const json::object* object = answer.if_object();
    const json::value* counts =
        object == nullptr ? nullptr : object->if_contains("unauthorizedCounts");
    if (counts == nullptr) return;
    const auto hidden =
        NumberOf(*counts, "related") + NumberOf(*counts, "parents") + NumberOf(*counts, "children");
    if (hidden > 0)
      fmt::print("{} more to assets that are archived, gone or not for you\n", hidden);
  });
}

}  // namespace

void AddAssetLinksCommands(CLI::App& app, Context& context) {
  static AssetLinksOptions options;
  CLI::App* group = app.add_subcommand("asset-links", "Links between assets");
  group->require_subcommand(1);
  const auto link_option = [&](CLI::App& command) {
    command.add_option("--asset-link-id", options.link, "The link")->type_name("ID");
  };
  const auto tags_option = [&](CLI::App& command, const char* what) {
    command.add_option("--tags", options.tags, what)->type_name("TAG")->allow_extra_args(false);
  };
  CLI::App* create =
      AddClientCommand(*group, context, "create", "Link two assets",
                       [](RestClient& client) { return CreateLink(client, options); });
  create->add_option("--from-asset-id", options.from_asset, "One asset, or the parent")
      ->type_name("ID");
  create->add_option("--from-database-id", options.from_database, "Its database")->type_name("ID");
  create->add_option("--to-asset-id", options.to_asset, "The other asset, or the child")
      ->type_name("ID");
  create->add_option("--to-database-id", options.to_database, "Its database")->type_name("ID");
  create->add_option("--relationship-type", options.type, "related or parentChild")
      ->type_name("TYPE");
  create->add_option("--alias-id", options.alias, "Tells several links to one child apart")
      ->type_name("TEXT");
  tags_option(*create, "A tag of the link; repeatable");
  options.input.AddOption(*create);
  Require(*create,
          {{&options.from_asset, "--from-asset-id"},
           {&options.from_database, "--from-database-id"},
           {&options.to_asset, "--to-asset-id"},
           {&options.to_database, "--to-database-id"},
           {&options.type, "--relationship-type"}},
          &options.input);
  CLI::App* get = AddClientCommand(*group, context, "get", "Show a link",
                                   [](RestClient& client) { return GetLink(client, options); });
  link_option(*get);
  Require(*get, {{&options.link, "--asset-link-id"}});
  static CLI::App* update = nullptr;
  update =
      AddClientCommand(*group, context, "update", "Change a link's alias or tags",
                       [](RestClient& client) { return UpdateLink(client, options, *update); });
  link_option(*update);
  update->add_option("--alias-id", options.alias, "The alias; \"\" removes it")->type_name("TEXT");
  tags_option(*update, "A tag; all that are given replace those that there are");
  options.input.AddOption(*update);
  Require(*update, {{&options.link, "--asset-link-id"}}, &options.input);
  CLI::App* remove =
      AddClientCommand(*group, context, "delete", "Delete a link",
                       [](RestClient& client) { return DeleteLink(client, options); });
  link_option(*remove);
  options.confirmation.AddOptions(*remove, false);
  Require(*remove, {{&options.link, "--asset-link-id"}});
  CLI::App* list = AddClientCommand(*group, context, "list", "List an asset's links",
                                    [](RestClient& client) { return ListLinks(client, options); });
  AddDatabaseOption(*list, options.database);
  AddAssetOption(*list, options.asset);
  list->add_flag("--tree-view", options.tree, "Children of children as well");
  Require(*list, {{&options.database, "--database-id"}, {&options.asset, "--asset-id"}});
}

}  // namespace vams::cli
