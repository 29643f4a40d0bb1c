// Assets: creating, listing, changing, archiving and deleting them.  Spec: api-assets.md section 4.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "base/json.h"
#include "model/asset.h"
#include "model/database.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kAllAssets = "assets";
constexpr std::size_t kPageSize = 3000;
// A page may hold fewer assets than asked for.
constexpr std::size_t kMostOfPage = 10'000;

// {"Key": …} as it is stored, or null.
json::value KeyJson(const items::Item& item, std::string_view attribute) {
  const items::Value* location = item.Find(attribute);
  if (location == nullptr || !location->is(items::Kind::kM) || !location->map().Has("Key"))
    return nullptr;
  return json::object{{"Key", location->map().Text("Key")}};
}

json::value VersionJson(const std::optional<catalog::CurrentVersion>& version) {
  if (!version) return nullptr;
  json::object shown{{"Version", version->id},           {"DateModified", version->date},
                     {"Comment", version->comment},      {"description", version->description},
                     {"createdBy", version->created_by}, {"versionAlias", nullptr}};
  if (!version->alias.empty()) shown["versionAlias"] = version->alias;
  return shown;
}

json::object AssetJson(const catalog::AssetView& view) {
  const catalog::Asset& asset = view.asset;
  const std::string_view status = asset.item.Text("status");
  return {{"databaseId", asset.stored_database_id()},
          {"assetId", asset.id},
          {"assetName", asset.name},
          {"description", asset.description},
          {"isDistributable", asset.distributable},
          {"tags", Texts(asset.tags)},
          {"assetType", asset.type},
          {"status", status.empty() ? "active" : status},
          {"bucketId", asset.bucket_id},
          {"bucketName", view.bucket_name},
          {"currentVersion", VersionJson(view.version)},
          {"assetLocation", KeyJson(asset.item, "assetLocation")},
          {"previewLocation", KeyJson(asset.item, "previewLocation")},
          {"archivedAt", TextOrNull(asset.archived_at)},
          {"archivedBy", TextOrNull(asset.archived_by)},
          {"archivedReason", TextOrNull(asset.archived_reason)}};
}

// ---- What requests say.

struct AssetRef {
  std::string database_id;  // with the suffix where the route takes it
  std::string asset_id;

  std::string plain_database_id() const { return std::string(model::PlainId(database_id)); }
};

// Of the path.  `archived`: the database id may carry the suffix of archived records.
Parsed<AssetRef> ReadRef(const Call& call, bool archived = false) {
  AssetRef ref{call.request.Parameter("databaseId"), call.request.Parameter("assetId")};
  const std::string_view database = archived ? model::PlainId(ref.database_id) : ref.database_id;
  if (auto fine = Check(model::CheckId("databaseId", database)); !fine)
    return std::unexpected(std::move(fine).error());
  if (auto fine = Check(model::CheckAssetId("assetId", ref.asset_id)); !fine)
    return std::unexpected(std::move(fine).error());
  return ref;
}

Parsed<bool> ReadShowArchived(const Call& call) {
  static constexpr std::array<std::string_view, 3> kYes = {"true", "1", "yes"};
  static constexpr std::array<std::string_view, 4> kNo = {"", "false", "0", "no"};
  const auto flag = call.request.FindQuery("showArchived");
  if (!flag) return false;
  const auto is = [&](std::string_view word) { return http::EqualsIgnoreCase(*flag, word); };
  if (std::ranges::any_of(kYes, is)) return true;
  if (std::ranges::any_of(kNo, is)) return false;
  return std::unexpected(
      Refuse(400, "showArchived parameter must be a valid boolean value (true/false)"));
}

struct ListAsked {
  bool archived = false;
  std::size_t limit = kPageSize;
  std::optional<std::string> after;  // nothing: a token that this list did not give
};

// `list` names what is listed, for its tokens.
Parsed<ListAsked> ReadList(const Call& call, std::string_view list, std::string_view model) {
  ListAsked asked;
  auto archived = ReadShowArchived(call);
  if (!archived) return std::unexpected(std::move(archived).error());
  asked.archived = *archived;
  json::object numbers;
  for (const char* name : {"maxItems", "pageSize"})
    if (const auto text = call.request.FindQuery(name)) numbers[name] = *text;
  model::Problems problems;
  model::ObjectReader reader(numbers, problems);
  (void)reader.OptionalInt("maxItems", 1);
  const auto size = reader.OptionalInt("pageSize", 1);
  if (!problems.empty())
    return std::unexpected(Refuse(400, "Invalid parameter: " + problems.Text(model)));
  asked.limit = std::min(kMostOfPage, static_cast<std::size_t>(size.value_or(kPageSize)));
  asked.after = AfterOf(call.request, list);
  return asked;
}

// The list of a database goes on with the same tokens only as long as it is the same list.
std::string ListOf(const AssetRef& ref) { return "assets/" + ref.database_id; }

http::Response Page(const catalog::AssetPage& page, std::string_view list) {
  json::array items;
  for (const catalog::AssetView& view : page.assets) items.push_back(AssetJson(view));
  json::object answer{{"Items", std::move(items)}};
  if (!page.next.empty()) answer["NextToken"] = NextToken(list, page.next);
  return Answer(answer);
}

// The answer of what was done with an asset.
http::Response Done(const Call& call, const std::string& asset_id, std::string_view operation,
                    std::string message) {
  return Answer(json::object{{"success", true},
                             {"message", std::move(message)},
                             {"assetId", asset_id},
                             {"operation", operation},
                             {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

// Not found, refused and against the state of things are one status on the wire (ruling 12).
Result<http::Response> AssetRefused(Call& call, const Error& error) {
  if (error.code == Code::kNotFound || error.code == Code::kConflict)
    call.Because(std::string(CodeName(error.code)));
  return error;
}

json::object Told(const AssetRef& ref, std::string_view operation) {
  return {
      {"databaseId", ref.plain_database_id()}, {"assetId", ref.asset_id}, {"operation", operation}};
}

// ---- Endpoints.

Parsed<model::NewAsset> ReadNewAsset(const Call& call) {
  return ReadBody(call, "CreateAssetRequestModel", model::ReadNewAsset,
                  {"databaseId", "assetName", "description", "isDistributable"});
}

Result<http::Response> CreateAsset(Call& call) {
  PARSE(const auto asset, ReadNewAsset(call));
  PARSE_OK(call.FirstTier());
  const auto id = call.s.asset.assets.Create(call.op, call.caller(), asset);
  if (!id.ok()) {
    call.Because(std::string(CodeName(id.error().code)));
    // What is wrong with tags has no prefix on the wire.
    if (id.error().code == Code::kInvalid) return Refuse(400, id.error().message);
    return id.error();
  }
  json::object told{{"databaseId", asset.database_id},
                    {"assetId", *id},
                    {"operation", "create"},
                    {"assetName", asset.name},
                    {"description", asset.description},
                    {"isDistributable", asset.distributable},
                    {"tags", Texts(asset.tags)}};
  if (asset.existing_key) told["bucketExistingKey"] = *asset.existing_key;
  call.Audit(audit::Channel::kActions, "assetCreate", std::move(told));
  return Answer(json::object{{"assetId", *id}, {"message", "Asset created successfully"}});
}

Result<http::Response> ListAssets(Call& call) {
  AssetRef ref{call.request.Parameter("databaseId"), {}};
  PARSE_OK(Check(model::CheckId("databaseId", ref.database_id)));
  PARSE(const auto asked, ReadList(call, ListOf(ref), "GetAssetsRequestModel"));
  if (!asked.after) return RefuseGeneral("Error retrieving assets.");
  TRY(const auto page, call.s.asset.assets.List(call.op, call.caller(), ref.database_id,
                                                asked.archived, *asked.after, asked.limit));
  return Page(page, ListOf(ref));
}

Result<http::Response> ListAllAssets(Call& call) {
  PARSE(const auto asked, ReadList(call, kAllAssets, "GetAllAssetsRequestModel"));
  if (!asked.after) return RefuseGeneral("Error retrieving all assets.");
  TRY(const auto page, call.s.asset.assets.ListAll(call.op, call.caller(), asked.archived,
                                                   *asked.after, asked.limit));
  return Page(page, kAllAssets);
}

Result<http::Response> GetAsset(Call& call) {
  PARSE(const auto ref, ReadRef(call));
  PARSE(const bool archived, ReadShowArchived(call));
  const auto view =
      call.s.asset.assets.Get(call.op, call.caller(), ref.database_id, ref.asset_id, archived);
  if (view.ok()) return Answer(AssetJson(*view));
  if (view.error().code == Code::kNotFound) return Refuse(404, view.error().message);
  return view.error();
}

Result<http::Response> UpdateAsset(Call& call) {
  PARSE(const auto ref, ReadRef(call, true));
  PARSE(const auto change, ReadBody(call, "UpdateAssetRequestModel", model::ReadAssetChange));
  if (const auto done =
          call.s.asset.assets.Update(call.op, call.caller(), ref.database_id, ref.asset_id, change);
      !done.ok())
    return AssetRefused(call, done.error());
  json::object told = Told(ref, "update");
  if (change.name) told["assetName"] = *change.name;
  if (change.description) told["description"] = *change.description;
  if (change.distributable) told["isDistributable"] = *change.distributable;
  if (change.tags) told["tags"] = Texts(*change.tags);
  call.Audit(audit::Channel::kActions, "assetUpdate", std::move(told));
  return Done(call, ref.asset_id, "update", "Asset updated successfully");
}

Result<http::Response> ArchiveAsset(Call& call) {
  PARSE(const auto ref, ReadRef(call));
  PARSE(const auto body, OptionalBody(call));
  model::Problems problems;
  const auto asked = model::ReadReasoned(body, "confirmArchive", "", problems);
  PARSE_OK(Check(problems, "ArchiveAssetRequestModel"));
  if (const auto done = call.s.asset.assets.Archive(call.op, call.caller(), ref.database_id,
                                                    ref.asset_id, asked.reason);
      !done.ok())
    return AssetRefused(call, done.error());
  json::object told = Told(ref, "archive");
  if (asked.reason) told["reason"] = *asked.reason;
  call.Audit(audit::Channel::kActions, "assetArchive", std::move(told));
  return Done(call, ref.asset_id, "archive",
              fmt::format("Asset {} archived successfully", ref.asset_id));
}

Result<http::Response> UnarchiveAsset(Call& call) {
  PARSE(const auto ref, ReadRef(call, true));
  PARSE(const auto body, Body(call));
  model::Problems problems;
  const auto asked = model::ReadReasoned(body, "confirmUnarchive", "unarchiving", problems);
  PARSE_OK(Check(problems, "UnarchiveAssetRequestModel"));
  if (const auto done = call.s.asset.assets.Unarchive(
          call.op, call.caller(), ref.plain_database_id(), ref.asset_id, asked.reason);
      !done.ok())
    return AssetRefused(call, done.error());
  json::object told = Told(ref, "unarchive");
  if (asked.reason) told["reason"] = *asked.reason;
  call.Audit(audit::Channel::kActions, "assetUnarchive", std::move(told));
  return Done(call, ref.asset_id, "unarchive",
              fmt::format("Asset {} unarchived successfully", ref.asset_id));
}

Result<http::Response> DeleteAsset(Call& call) {
  PARSE(const auto ref, ReadRef(call));
  PARSE(const auto body, Body(call));
  model::Problems problems;
  const auto asked =
      model::ReadReasoned(body, "confirmPermanentDelete", "permanent deletion", problems);
  PARSE_OK(Check(problems, "DeleteAssetRequestModel"));
  if (!asked.confirmed) return RefuseGeneral("Permanent deletion requires explicit confirmation");
  if (const auto done =
          call.s.asset.assets.Delete(call.op, call.caller(), ref.database_id, ref.asset_id);
      !done.ok())
    return AssetRefused(call, done.error());
  json::object told = Told(ref, "delete");
  if (asked.reason) told["reason"] = *asked.reason;
  call.Audit(audit::Channel::kActions, "assetDelete", std::move(told));
  return Done(call, ref.asset_id, "delete",
              fmt::format("Asset {} permanently deleted from all systems", ref.asset_id));
}

}  // namespace

void AddAssetRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup assets(gate, {.tag = "assets"});
  RouteGroup body_first(gate, {.tag = "assets", .late_first_tier = true});
  const std::string one = "/database/{databaseId}/assets/{assetId}";
  body_first.Add(Verb::kPost, "/assets", "createAsset", "Create an asset", CreateAsset);
  assets.Add(Verb::kGet, "/assets", "listAllAssets",
             "The assets of all databases that the caller may see", ListAllAssets);
  assets.Add(Verb::kGet, "/database/{databaseId}/assets", "listAssets",
             "The assets of a database that the caller may see", ListAssets);
  assets.Add(Verb::kGet, one, "getAsset", "An asset", GetAsset);
  assets.Add(Verb::kPut, one, "updateAsset", "Change an asset", UpdateAsset);
  assets.Add(Verb::kDelete, one + "/archiveAsset", "archiveAsset", "Archive an asset",
             ArchiveAsset);
  assets.Add(Verb::kPut, one + "/unarchiveAsset", "unarchiveAsset", "Bring an archived asset back",
             UnarchiveAsset);
  assets.Add(Verb::kDelete, one + "/deleteAsset", "deleteAsset",
             "Delete an asset with all that belongs to it, for good", DeleteAsset);
}

}  // namespace vams::api
