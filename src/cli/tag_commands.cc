// vams tag and vams tag-type (cli.md section 7.3).  The bodies are flat, which every server
// understands; lists in "tags" and "tagTypes" of a document are passed on as they are.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/client_input.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct TagOptions {
  std::string tag, type, description, only_type;
  bool required = false, not_required = false, show_tags = false;
  Confirmation confirmation;
  JsonInput input;
};

// Tag types that assets must have are marked in the lists of tags.
constexpr std::string_view kRequiredMark = " [R]";

std::string TypeName(const json::value& tag) {
  std::string name = TextOf(tag, "tagTypeName");
  if (name.ends_with(kRequiredMark)) name.resize(name.size() - kRequiredMark.size());
  return name;
}

const json::array& ItemsOf(const json::value& answer) {
  static const json::array none;
  const auto* object = answer.if_object();
  const json::value* message = object == nullptr ? nullptr : object->if_contains("message");
  return message == nullptr ? none : ListOf(*message, "Items");
}

// All pages in the shape of one.
Result<json::value> AllOf(RestClient& client, const std::string& path) {
  json::array all;
  std::string token;
  do {
    TRY(const auto page, client.Call("GET", path + Query({{"startingToken", token}})));
    for (const auto& one : ItemsOf(page)) all.push_back(one);
    const auto* object = page.if_object();
    const json::value* message = object == nullptr ? nullptr : object->if_contains("message");
    token = message == nullptr ? std::string() : TextOf(*message, "NextToken");
  } while (!token.empty());
  return json::value{{"message", {{"Items", std::move(all)}}}};
}

// The one of this name as the server has it.
Result<json::object> Find(RestClient& client, const std::string& path, const char* member,
                          const std::string& name, const char* what) {
  TRY(const auto list, AllOf(client, path));
  for (const auto& one : ItemsOf(list))
    if (TextOf(one, member) == name) return one.get_object();
  return Error(Code::kNotFound,
               fmt::format("there is no {} \"{}\"; nothing was done; see \"vams {} "
                           "list\"",
                           what, name, path == "/tags" ? "tag" : "tag-type"));
}

// ---- tags

Result<int> ListTags(RestClient& client, const TagOptions& options) {
  if (client.quiet()) {
    TRY(const auto page, client.Call("GET", "/tags"));
    PrintJson(page);
    return kDone;
  }
  TRY(const auto list, AllOf(client, "/tags"));
  std::vector<std::vector<std::string>> rows{{"TAG", "TYPE", "DESCRIPTION"}};
  for (const auto& one : ItemsOf(list)) {
    const std::string type = TypeName(one);
    if (!options.only_type.empty() && type != options.only_type) continue;
    const bool required = TextOf(one, "tagTypeName").ends_with(kRequiredMark);
    rows.push_back({Printable(TextOf(one, "tagName")),
                    Printable(type) + (required ? " (required)" : ""),
                    Printable(TextOf(one, "description"))});
  }
  fmt::print("{}", rows.size() == 1 ? "no tags\n" : Columns(rows));
  return kDone;
}

Result<int> CreateTag(RestClient& client, TagOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  if (!body.contains("tags")) {
    options.input.Fill(options.tag, "tagName");
    options.input.Fill(options.description, "description");
    options.input.Fill(options.type, "tagTypeName");
    TRY_OK(Need(options.tag, "--tag-name"));
    TRY_OK(Need(options.description, "--description"));
    TRY_OK(Need(options.type, "--tag-type-name"));
    body["tagName"] = options.tag;
    body["description"] = options.description;
    body["tagTypeName"] = options.type;
  }
  TRY(const auto answer, client.Call("POST", "/tags", &body));
  return ShowMessage(client, answer);
}

Result<int> UpdateTag(RestClient& client, TagOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  if (!body.contains("tags")) {
    options.input.Fill(options.tag, "tagName");
    options.input.Fill(options.description, "description");
    options.input.Fill(options.type, "tagTypeName");
    TRY_OK(Need(options.tag, "--tag-name"));
    if (options.description.empty() && options.type.empty())
      return Error(Code::kInvalid,
                   "there is nothing to change; nothing was done; give --description or "
                   "--tag-type-name");
    // The server takes a tag as a whole.
    TRY(const json::object now, Find(client, "/tags", "tagName", options.tag, "tag"));
    body["tagName"] = options.tag;
    body["description"] =
        options.description.empty() ? TextOf(now, "description") : options.description;
    body["tagTypeName"] = options.type.empty() ? TypeName(now) : options.type;
  }
  TRY(const auto answer, client.Call("PUT", "/tags", &body));
  return ShowMessage(client, answer);
}

Result<int> DeleteTag(RestClient& client, const TagOptions& options) {
  TRY(const bool go, Confirmed(client, options.confirmation, true, "", {{"tagName", options.tag}}));
  if (!go) return kFailed;
  TRY(const auto answer, client.Call("DELETE", "/tags/" + net::PercentEncode(options.tag)));
  return ShowMessage(client, answer);
}

// ---- tag types

Result<int> ListTypes(RestClient& client, const TagOptions& options) {
  if (client.quiet()) {
    TRY(const auto page, client.Call("GET", "/tag-types"));
    PrintJson(page);
    return kDone;
  }
  TRY(const auto list, AllOf(client, "/tag-types"));
  std::vector<std::vector<std::string>> rows{{"TAG TYPE", "REQUIRED", "TAGS", "DESCRIPTION"}};
  for (const auto& one : ItemsOf(list)) {
    std::vector<std::string> tags;
    for (const auto& tag : ListOf(one, "tags"))
      if (tag.is_string()) tags.push_back(Printable(tag.get_string()));
    rows.push_back(
        {Printable(TextOf(one, "tagTypeName")), TextOf(one, "required") == "True" ? "yes" : "no",
         options.show_tags ? fmt::format("{}", fmt::join(tags, ", ")) : std::to_string(tags.size()),
         Printable(TextOf(one, "description"))});
  }
  fmt::print("{}", rows.size() == 1 ? "no tag types\n" : Columns(rows));
  return kDone;
}

Result<int> CreateType(RestClient& client, TagOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  if (!body.contains("tagTypes")) {
    options.input.Fill(options.type, "tagTypeName");
    options.input.Fill(options.description, "description");
    TRY_OK(Need(options.type, "--tag-type-name"));
    TRY_OK(Need(options.description, "--description"));
    body["tagTypeName"] = options.type;
    body["description"] = options.description;
    if (options.required || !body.contains("required"))
      body["required"] = options.required ? "True" : "False";
  }
  TRY(const auto answer, client.Call("POST", "/tag-types", &body));
  return ShowMessage(client, answer);
}

Result<int> UpdateType(RestClient& client, TagOptions& options) {
  TRY_OK(options.input.Read());
  json::object body = options.input.object();
  if (options.required && options.not_required)
    return Error(Code::kInvalid,
                 "--required and --not-required contradict each other; nothing was done; leave one "
                 "of them out");
  if (!body.contains("tagTypes")) {
    options.input.Fill(options.type, "tagTypeName");
    options.input.Fill(options.description, "description");
    TRY_OK(Need(options.type, "--tag-type-name"));
    const bool state = options.required || options.not_required || body.contains("required");
    if (options.description.empty() && !state)
      return Error(Code::kInvalid,
                   "there is nothing to change; nothing was done; give --description, --required "
                   "or --not-required");
    // The server takes a type as a whole: what is left out would be reset.
    TRY(const json::object now,
        Find(client, "/tag-types", "tagTypeName", options.type, "tag type"));
    body["tagTypeName"] = options.type;
    body["description"] =
        options.description.empty() ? TextOf(now, "description") : options.description;
    if (options.required || options.not_required)
      body["required"] = options.required ? "True" : "False";
    else if (!body.contains("required"))
      body["required"] = TextOf(now, "required") == "True" ? "True" : "False";
  }
  TRY(const auto answer, client.Call("PUT", "/tag-types", &body));
  return ShowMessage(client, answer);
}

Result<int> DeleteType(RestClient& client, const TagOptions& options) {
  TRY(const bool go,
      Confirmed(client, options.confirmation, true, "", {{"tagTypeName", options.type}}));
  if (!go) return kFailed;
  TRY(const auto answer, client.Call("DELETE", "/tag-types/" + net::PercentEncode(options.type)));
  return ShowMessage(client, answer);
}

void AddTags(CLI::App& app, Context& context, TagOptions& options) {
  CLI::App* group = app.add_subcommand("tag", "Tags of assets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    return AddClientCommand(*group, context, name, what,
                            [run, &options](RestClient& client) { return run(client, options); });
  };
  const auto fields = [&](CLI::App* command) {
    command->add_option("--tag-name", options.tag, "The tag")->type_name("NAME");
    command->add_option("--description", options.description, "What it says");
    command->add_option("--tag-type-name", options.type, "The tag type it belongs to")
        ->type_name("NAME");
    options.input.AddOption(*command);
  };
  add("list", "List the tags", ListTags)
      ->add_option("--tag-type", options.only_type, "Only of this tag type")
      ->type_name("NAME");
  CLI::App* create = add("create", "Create a tag", CreateTag);
  fields(create);
  Require(*create,
          {{&options.tag, "--tag-name"},
           {&options.description, "--description"},
           {&options.type, "--tag-type-name"}},
          &options.input);
  CLI::App* update = add("update", "Change a tag's description or type", UpdateTag);
  fields(update);
  Require(*update, {{&options.tag, "--tag-name"}}, &options.input);
  CLI::App* remove = add("delete", "Delete a tag; assets keep its name", DeleteTag);
  remove->add_option("NAME", options.tag, "The tag")->required();
  options.confirmation.AddOptions(*remove, true);
}

void AddTypes(CLI::App& app, Context& context, TagOptions& options) {
  CLI::App* group = app.add_subcommand("tag-type", "Kinds of tags");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    return AddClientCommand(*group, context, name, what,
                            [run, &options](RestClient& client) { return run(client, options); });
  };
  const auto fields = [&](CLI::App* command) {
    command->add_option("--tag-type-name", options.type, "The tag type")->type_name("NAME");
    command->add_option("--description", options.description, "What its tags say");
    command->add_flag("--required", options.required, "Every new asset needs one of its tags");
    options.input.AddOption(*command);
  };
  add("list", "List the tag types", ListTypes)
      ->add_flag("--show-tags", options.show_tags, "With the names of their tags");
  CLI::App* create = add("create", "Create a tag type", CreateType);
  fields(create);
  Require(*create, {{&options.type, "--tag-type-name"}, {&options.description, "--description"}},
          &options.input);
  CLI::App* update = add("update", "Change a tag type", UpdateType);
  fields(update);
  update->add_flag("--not-required", options.not_required, "Assets need none of its tags");
  Require(*update, {{&options.type, "--tag-type-name"}}, &options.input);
  CLI::App* remove = add("delete", "Delete a tag type without tags", DeleteType);
  remove->add_option("NAME", options.type, "The tag type")->required();
  options.confirmation.AddOptions(*remove, true);
}

}  // namespace

void AddTagCommands(CLI::App& app, Context& context) {
  static TagOptions options;
  AddTags(app, context, options);
  AddTypes(app, context, options);
}

}  // namespace vams::cli
