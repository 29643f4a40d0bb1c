// Links between assets.  Spec: api-assets.md section 11.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "api/asset_path.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "model/asset_link.h"

namespace vams::api {

namespace json = boost::json;

namespace {

using catalog::LinkedAsset;

// Texts without upstream's prefix; what else goes wrong is answered as usual.
Result<http::Response> Refused(Call& call, const Error& error) {
  if (error.code != Code::kNotFound && error.code != Code::kConflict &&
      error.code != Code::kInvalid)
    return error;
  call.Because(std::string(CodeName(error.code)));
  return Refuse(400, error.message);
}

Parsed<std::string> ReadLinkId(const Call& call, std::string_view name) {
  const std::string& id = call.request.Parameter(name);
  if (auto fine = Check(model::CheckId(name, id)); !fine)
    return std::unexpected(std::move(fine).error());
  return id;
}

Parsed<model::NewAssetLink> ReadNew(const Call& call) {
  return ReadBody(
      call, "CreateAssetLinkRequestModel", model::ReadNewAssetLink,
      {"fromAssetId", "fromAssetDatabaseId", "toAssetId", "toAssetDatabaseId", "relationshipType"});
}

Parsed<model::AssetLinkChange> ReadChange(const Call& call) {
  return ReadBody(call, "UpdateAssetLinkRequestModel", model::ReadAssetLinkChange);
}

Parsed<bool> ReadTree(const Call& call) {
  json::object query;
  if (const auto text = call.request.FindQuery("childTreeView")) query["childTreeView"] = *text;
  model::Problems problems;
  const bool tree =
      model::ObjectReader(query, problems).OptionalBool("childTreeView").value_or(false);
  if (auto fine = Check(problems, "GetAssetLinksRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return tree;
}

// ---- Answers.

json::value AliasJson(const std::optional<std::string>& alias) {
  return alias ? json::value(*alias) : json::value(nullptr);
}

json::object LinkedJson(const LinkedAsset& linked) {
  return {{"assetId", linked.end.asset_id},
          {"assetName", linked.name},
          {"databaseId", linked.end.database_id},
          {"assetLinkId", linked.link_id},
          {"assetLinkAliasId", AliasJson(linked.alias)}};
}

json::array ListJson(const std::vector<LinkedAsset>& linked) {
  json::array list;
  for (const LinkedAsset& one : linked) list.push_back(LinkedJson(one));
  return list;
}

// The tree as text.  As values inside each other a deep one would not survive its destruction,
// which goes down as many calls as there are levels.
std::string TreeText(const std::vector<LinkedAsset>& places) {
  std::string text = "[";
  std::size_t open = 0;  // places whose list of children has not ended
  for (std::size_t i = 0; i < places.size(); ++i) {
    const LinkedAsset& place = places[i];
    for (; open > place.depth; --open) text += "]}";
    if (text.back() != '[') text += ',';
    text += json::serialize(LinkedJson(place));
    text.back() = ',';  // in place of the closing brace
    text += "\"children\":[";
    ++open;
  }
  for (; open > 0; --open) text += "]}";
  return text + "]";
}

json::object LinkJson(const catalog::Link& link) {
  return {{"assetLinkId", link.id},
          {"fromAssetId", link.from.asset_id},
          {"fromAssetDatabaseId", link.from.database_id},
          {"toAssetId", link.to.asset_id},
          {"toAssetDatabaseId", link.to.database_id},
          {"relationshipType", catalog::LinkTypeName(link.type)},
          {"assetLinkAliasId", AliasJson(link.alias)},
          {"tags", json::array(link.tags.begin(), link.tags.end())}};
}

// ---- Endpoints.

Result<http::Response> CreateLink(Call& call) {
  PARSE(const auto link, ReadNew(call));
  const auto id = call.s.asset.links.Create(call.op, call.caller(), link);
  if (!id.ok()) return Refused(call, id.error());
  call.Audit(audit::Channel::kActions, "assetLinkCreate",
             {{"assetLinkId", *id},
              {"operation", "create"},
              {"fromAssetId", link.from_asset},
              {"fromAssetDatabaseId", link.from_database},
              {"toAssetId", link.to_asset},
              {"toAssetDatabaseId", link.to_database},
              {"relationshipType", link.parent_child ? "parentChild" : "related"},
              {"assetLinkAliasId", link.alias},
              {"tags", json::array(link.tags.begin(), link.tags.end())}});
  return Answer(json::object{{"assetLinkId", *id}, {"message", "Asset link created successfully"}});
}

Result<http::Response> ListLinks(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const bool tree, ReadTree(call));
  const auto links =
      call.s.asset.links.List(call.op, call.caller(), {asset.database_id, asset.asset_id}, tree);
  if (!links.ok()) return Refused(call, links.error());
  const json::object hidden{{"related", links->hidden_related},
                            {"parents", links->hidden_parents},
                            {"children", links->hidden_children}};
  http::Response response = Answer(json::object());
  response.body = fmt::format(
      R"({{"related":{},"parents":{},"children":{},"unauthorizedCounts":{},"message":"Success"}})",
      json::serialize(ListJson(links->related)), json::serialize(ListJson(links->parents)),
      tree ? TreeText(links->children) : json::serialize(ListJson(links->children)),
      json::serialize(hidden));
  return response;
}

Result<http::Response> GetLink(Call& call) {
  PARSE(const auto id, ReadLinkId(call, "assetLinkId"));
  const auto link = call.s.asset.links.Get(call.op, call.caller(), id);
  if (!link.ok()) return Refused(call, link.error());
  return Answer(json::object{{"assetLink", LinkJson(*link)}, {"message", "Success"}});
}

Result<http::Response> UpdateLink(Call& call) {
  PARSE(const auto id, ReadLinkId(call, "assetLinkId"));
  PARSE(const auto change, ReadChange(call));
  const auto done = call.s.asset.links.Update(call.op, call.caller(), id, change);
  if (!done.ok()) return Refused(call, done.error());
  json::object changed{{"assetLinkId", id},
                       {"operation", "update"},
                       {"tags", json::array(change.tags.begin(), change.tags.end())}};
  if (change.alias) changed["assetLinkAliasId"] = *change.alias;
  call.Audit(audit::Channel::kActions, "assetLinkUpdate", std::move(changed));
  return Answer(json::object{{"message", "Asset link updated successfully"}});
}

Result<http::Response> DeleteLink(Call& call) {
  PARSE(const auto id, ReadLinkId(call, "relationId"));
  const auto link = call.s.asset.links.Delete(call.op, call.caller(), id);
  if (!link.ok()) return Refused(call, link.error());
  json::object removed = LinkJson(*link);
  removed["operation"] = "delete";
  call.Audit(audit::Channel::kActions, "assetLinkDelete", std::move(removed));
  return Answer(json::object{{"message", "Asset link deleted successfully"}});
}

}  // namespace

void AddAssetLinkRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup links(gate, {.tag = "asset links"});
  links.Add(Verb::kPost, "/asset-links", "createAssetLink", "Link two assets", CreateLink);
  links.Add(Verb::kGet, "/database/{databaseId}/assets/{assetId}/asset-links", "listAssetLinks",
            "What an asset is linked to, on request with the tree of its children", ListLinks);
  links.Add(Verb::kGet, "/asset-links/single/{assetLinkId}", "getAssetLink", "A link", GetLink);
  links.Add(Verb::kPut, "/asset-links/{assetLinkId}", "updateAssetLink",
            "Change the tags or the alias of a link", UpdateLink);
  links.Add(Verb::kDelete, "/asset-links/{relationId}", "deleteAssetLink", "Remove a link",
            DeleteLink);
}

}  // namespace vams::api
