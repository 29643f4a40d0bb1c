// Comments on versions of assets.  Spec: api-metadata.md section 16.
//
// Clients know the statuses: who may not call a route at all is told 405 by those that read and
// remove, and 403 by those that write.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "model/comment.h"

namespace vams::api {

namespace json = boost::json;

namespace {

using access::Action;

constexpr std::string_view kKey = "assetVersionId:commentId";

// The endpoint behind the check of path and method, whose refusal is answered like this.
Endpoint Behind(int status, std::string_view text, Endpoint endpoint) {
  return [=](Call& call) -> Result<http::Response> {
    if (!call.FirstTier()) {
      call.Because("no rule lets the path and the method through");
      return Refuse(status, text);
    }
    return endpoint(call);
  };
}

// ---- Requests.

struct CommentPath {
  std::string asset_id, key;
};

Parsed<std::string> ReadAssetId(const Call& call) {
  const std::string& id = call.request.Parameter("assetId");
  if (auto fine = Check(model::CheckId("assetId", id)); !fine)
    return std::unexpected(std::move(fine).error());
  return id;
}

Parsed<std::string> ReadKey(const Call& call) {
  const std::string& key = call.request.Parameter(kKey);
  if (auto fine = Check(model::CheckCommentKey(key)); !fine)
    return std::unexpected(std::move(fine).error());
  return key;
}

Parsed<CommentPath> ReadPath(const Call& call) {
  auto asset_id = ReadAssetId(call);
  if (!asset_id) return std::unexpected(std::move(asset_id).error());
  auto key = ReadKey(call);
  if (!key) return std::unexpected(std::move(key).error());
  return CommentPath{*std::move(asset_id), *std::move(key)};
}

Parsed<std::string> ReadText(const Call& call) {
  return ReadBody(call, "CommentRequestModel", model::ReadCommentBody);
}

// The asset of the path as it was sent: clients are told whether they may before they are told what
// is wrong with it.
Status MayOnAsset(Call& call, Action action) {
  return call.s.asset.comments.Require(call.op, call.caller(), call.request.Parameter("assetId"),
                                       action);
}

// ---- Answers.

json::object CommentJson(const catalog::Comment& comment) {
  json::object shown{{"assetId", comment.asset_id},
                     {kKey, comment.key},
                     {"commentBody", comment.body},
                     {"commentOwnerID", comment.owner},
                     {"commentOwnerUsername", comment.owner_name},
                     {"dateCreated", comment.created}};
  if (comment.edited) shown["dateEdited"] = *comment.edited;
  return shown;
}

void AuditComment(Call& call, std::string type, const CommentPath& path,
                  std::string_view operation) {
  call.Audit(audit::Channel::kActions, std::move(type),
             {{"assetId", path.asset_id}, {kKey, path.key}, {"operation", operation}});
}

// Texts without upstream's prefix, and what is unknown is told.
Result<http::Response> Refused(Call& call, const CommentPath& path, const Error& error) {
  // The rules allow it, but the comment is somebody else's: no rule has left a line about that.
  if (error.code == Code::kDenied && call.caller().denials().empty())
    call.Audit(audit::Channel::kAuthorization, {},
               {{"action", http::VerbName(call.request.verb)},
                {"obj", {{"assetId", path.asset_id}, {kKey, path.key}}},
                {"failureReason", "the comment is somebody else's"}});
  if (error.code != Code::kNotFound) return error;
  call.Because(std::string(CodeName(error.code)));
  return Refuse(404, error.message);
}

http::Response Message(std::string_view text) { return Answer(json::object{{"message", text}}); }

// ---- Endpoints.

Result<http::Response> ListSome(Call& call, const std::optional<std::string>& version) {
  TRY_OK(MayOnAsset(call, Action::kGet));
  PARSE(const auto asset_id, ReadAssetId(call));
  const auto page = AskedPage(call.request, "comments");
  // No list of comments ever gives a token, so any is a bad one.
  if (!page || !page->after.empty()) return Answer(json::object{{"message", json::array()}});
  TRY(const auto comments,
      call.s.asset.comments.List(call.op, call.caller(), asset_id, version, page->size));
  json::array items;
  for (const catalog::Comment& comment : comments) items.push_back(CommentJson(comment));
  return Answer(json::object{{"message", std::move(items)}});
}

Result<http::Response> ListComments(Call& call) { return ListSome(call, std::nullopt); }

Result<http::Response> ListOfVersion(Call& call) {
  return ListSome(call, call.request.Parameter("assetVersionId"));
}

Result<http::Response> GetComment(Call& call) {
  TRY_OK(MayOnAsset(call, Action::kGet));
  PARSE(const auto path, ReadPath(call));
  TRY(const auto comment,
      call.s.asset.comments.Get(call.op, call.caller(), path.asset_id, path.key));
  return Answer(json::object{{"message", comment ? CommentJson(*comment) : json::object()}});
}

Result<http::Response> CreateComment(Call& call) {
  TRY_OK(MayOnAsset(call, Action::kPost));
  PARSE(const auto path, ReadPath(call));
  PARSE(const auto body, ReadText(call));
  const auto done =
      call.s.asset.comments.Create(call.op, call.caller(), path.asset_id, path.key, body);
  if (!done.ok()) return Refused(call, path, done.error());
  AuditComment(call, "commentCreate", path, "create");
  return Message("Succeeded");
}

Result<http::Response> EditComment(Call& call) {
  PARSE(const auto path, ReadPath(call));
  PARSE(const auto body, ReadText(call));
  const auto done =
      call.s.asset.comments.Edit(call.op, call.caller(), path.asset_id, path.key, body);
  if (!done.ok()) return Refused(call, path, done.error());
  AuditComment(call, "commentUpdate", path, "update");
  return Message("Succeeded");
}

Result<http::Response> DeleteComment(Call& call) {
  CommentPath path{.asset_id = call.request.Parameter("assetId"), .key = {}};
  PARSE_OK(Check(model::CheckAssetId("assetId", path.asset_id)));
  PARSE(path.key, ReadKey(call));
  const auto done = call.s.asset.comments.Delete(call.op, call.caller(), path.asset_id, path.key);
  if (!done.ok()) return Refused(call, path, done.error());
  AuditComment(call, "commentDelete", path, "delete");
  return Message("Comment deleted");
}

}  // namespace

void AddCommentRoutes(Gate& gate) {
  using http::Verb;
  const std::string of_asset = "/comments/assets/{assetId}";
  const std::string one = of_asset + "/assetVersionId:commentId/{assetVersionId:commentId}";
  const auto quiet = [](Endpoint endpoint) {
    return Behind(405, "Method not allowed", std::move(endpoint));
  };
  const auto plain = [](Endpoint endpoint) {
    return Behind(403, "Action not allowed", std::move(endpoint));
  };
  RouteGroup comments(gate, {.tag = "comments", .late_first_tier = true});
  comments.Add(Verb::kGet, of_asset, "listComments", "Comments on an asset", quiet(ListComments));
  comments.Add(Verb::kGet, of_asset + "/assetVersionId/{assetVersionId}", "listVersionComments",
               "Comments on a version of an asset", quiet(ListOfVersion));
  comments.Add(Verb::kGet, one, "getComment", "A comment", quiet(GetComment));
  comments.Add(Verb::kPost, one, "createComment", "Comment on a version of an asset",
               plain(CreateComment));
  comments.Add(Verb::kPut, one, "updateComment", "Change one's own comment", plain(EditComment));
  comments.Add(Verb::kDelete, one, "deleteComment", "Remove one's own comment",
               quiet(DeleteComment));
}

}  // namespace vams::api
