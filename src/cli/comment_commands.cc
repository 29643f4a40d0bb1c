// vams comment list|add|edit|delete (api-metadata.md section 16).
#include <fmt/format.h>

#include "cli/client_input.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct CommentOptions {
  std::string asset, version, comment, body;
  Confirmation confirmation;
  JsonInput input;
};

// Members have the colon in their name; so has the path.
constexpr const char* kKey = "assetVersionId:commentId";

std::string AssetComments(const CommentOptions& options) {
  return "/comments/assets/" + net::PercentEncode(options.asset);
}

std::string OneComment(const CommentOptions& options) {
  return fmt::format("{}/{}/{}:{}", AssetComments(options), kKey,
                     net::PercentEncode(options.version), net::PercentEncode(options.comment));
}

// Clients choose the ids of comments.
std::string NewCommentId() { return "x" + NewUuid(SystemRandom()); }

Result<int> ListComments(RestClient& client, const CommentOptions& options) {
  std::string path = AssetComments(options);
  if (!options.version.empty()) path += "/assetVersionId/" + net::PercentEncode(options.version);
  TRY(const auto found, client.Call("GET", path));
  return Show(client, found, [](const json::value& answer) {
    const auto& comments = ListOf(answer, "message");
    if (comments.empty()) fmt::print("no comments\n");
    std::vector<std::vector<std::string>> rows{{"VERSION", "COMMENT", "BY", "WRITTEN", "TEXT"}};
    for (const auto& one : comments) {
      const std::string key = TextOf(one, kKey);
      const std::size_t colon = std::min(key.find(':'), key.size());
      const std::string edited = TextOf(one, "dateEdited");
      rows.push_back({Printable(key.substr(0, colon)),
                      Printable(key.substr(std::min(colon + 1, key.size()))),
                      Printable(TextOf(one, "commentOwnerUsername")),
                      edited.empty() ? TextOf(one, "dateCreated") : edited,
                      Printable(TextOf(one, "commentBody"))});
    }
    if (!comments.empty()) fmt::print("{}", Columns(rows));
  });
}

Result<json::object> BodyOf(CommentOptions& options) {
  TRY_OK(options.input.Read());
  options.input.Fill(options.body, "commentBody");
  TRY_OK(Need(options.body, "--comment-body"));
  return json::object{{"commentBody", options.body}};
}

Result<int> AddComment(RestClient& client, CommentOptions& options) {
  TRY(const json::object body, BodyOf(options));
  if (options.comment.empty()) options.comment = NewCommentId();
  TRY(const auto answer, client.Call("POST", OneComment(options), &body));
  return Show(client, answer,
              [&](const json::value&) { fmt::print("wrote the comment {}\n", options.comment); });
}

Result<int> Edit(RestClient& client, CommentOptions& options) {
  TRY(const json::object body, BodyOf(options));
  TRY(const auto answer, client.Call("PUT", OneComment(options), &body));
  return Show(client, answer, [&](const json::value&) {
    fmt::print("changed the comment {}\n", Printable(options.comment));
  });
}

Result<int> DeleteComment(RestClient& client, const CommentOptions& options) {
  TRY(const bool go,
      Confirmed(client, options.confirmation, false,
                fmt::format("delete the comment {}?", Printable(options.comment)), {}));
  if (!go) return kFailed;
  TRY(const auto answer, client.Call("DELETE", OneComment(options)));
  return ShowMessage(client, answer);
}

}  // namespace

void AddCommentCommands(CLI::App& app, Context& context) {
  static CommentOptions options;
  CLI::App* group = app.add_subcommand("comment", "Comments on versions of assets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    CLI::App* command = AddClientCommand(
        *group, context, name, what, [run](RestClient& client) { return run(client, options); });
    AddAssetOption(*command, options.asset);
    return command;
  };
  const auto version_option = [&](CLI::App* command, const char* what) {
    command->add_option("--asset-version-id", options.version, what)->type_name("ID");
  };
  const auto comment_option = [&](CLI::App* command, const char* what) {
    command->add_option("--comment-id", options.comment, what)->type_name("ID");
  };
  const auto body_option = [&](CLI::App* command) {
    command->add_option("--comment-body", options.body, "The text, which may be HTML")
        ->type_name("TEXT");
    options.input.AddOption(*command);
  };
  CLI::App* list = add("list", "List the comments of an asset", ListComments);
  version_option(list, "Only on this version");
  Require(*list, {{&options.asset, "--asset-id"}});
  const std::vector<Required> one{{&options.asset, "--asset-id"},
                                  {&options.version, "--asset-version-id"}};
  CLI::App* create = add("add", "Write a comment", AddComment);
  version_option(create, "The version it is about");
  comment_option(create, "Its id (default: a new one)");
  body_option(create);
  Require(*create, one);
  auto all = one;
  all.push_back({&options.comment, "--comment-id"});
  CLI::App* edit = add("edit", "Change a comment of one's own", Edit);
  version_option(edit, "The version it is about");
  comment_option(edit, "The comment");
  body_option(edit);
  Require(*edit, all);
  CLI::App* remove = add("delete", "Delete a comment of one's own", DeleteComment);
  version_option(remove, "The version it is about");
  comment_option(remove, "The comment");
  options.confirmation.AddOptions(*remove, false);
  Require(*remove, all);
}

}  // namespace vams::cli
