// Versions of assets: snapshots of their files and metadata.  Spec: api-assets.md section 10.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/asset_path.h"
#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "base/json.h"
#include "model/asset_version.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kVersionsPage = 1000;

catalog::AssetIds IdsOf(const AssetPath& path) { return {path.database_id, path.asset_id}; }

// One status for all on the wire (ruling 12).
http::Response VersionRefused(Call& call, const Error& error) {
  const bool denied = error.code == Code::kInvalid && !call.caller().denials().empty();
  call.Because(std::string(CodeName(denied ? Code::kDenied : error.code)));
  return RefuseError(error);
}

bool IsRefusal(const Error& error) {
  return error.code == Code::kNotFound || error.code == Code::kConflict ||
         error.code == Code::kInvalid;
}

// ---- What requests say.

struct VersionPath {
  AssetPath asset;
  std::string id;
};

Parsed<VersionPath> ReadVersionPath(const Call& call) {
  auto asset = ReadAssetPath(call);
  if (!asset) return std::unexpected(std::move(asset).error());
  VersionPath path{*std::move(asset), call.request.Parameter("assetVersionId")};
  if (auto fine = Check(model::CheckNumber("assetVersionId", path.id)); !fine)
    return std::unexpected(std::move(fine).error());
  return path;
}

struct VersionsAsked {
  bool archived = false;
  std::size_t size = kVersionsPage;
};

Parsed<VersionsAsked> ReadVersionsAsked(const Call& call) {
  json::object query;
  for (const char* name : {"pageSize", "showArchived"})
    if (const auto text = call.request.FindQuery(name)) query[name] = *text;
  model::Problems problems;
  model::ObjectReader reader(query, problems);
  const auto size = reader.OptionalInt("pageSize", 1);
  const bool archived = reader.OptionalBool("showArchived").value_or(false);
  if (auto fine = Check(problems, "GetAssetVersionsRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return VersionsAsked{archived, static_cast<std::size_t>(size.value_or(kVersionsPage))};
}

// A token goes on with the list of its asset only.
std::string ListOf(const AssetPath& asset) {
  return fmt::format("versions/{}/{}", asset.database_id, asset.asset_id);
}

// ---- Answers.

http::Response Done(const Call& call, const AssetPath& asset, std::string_view version,
                    std::string_view operation, std::string message, json::value skipped) {
  return Answer(json::object{{"success", true},
                             {"message", std::move(message)},
                             {"assetId", asset.asset_id},
                             {"assetVersionId", version},
                             {"operation", operation},
                             {"timestamp", Timestamp(call.s.clock.NowMillis())},
                             {"skippedFiles", std::move(skipped)}});
}

json::value Skipped(const catalog::MadeVersion& made) {
  if (made.skipped.empty()) return nullptr;
  return json::array(made.skipped.begin(), made.skipped.end());
}

json::object VersionJson(const AssetPath& asset, const catalog::AssetVersionView& view) {
  const catalog::AssetVersion& version = view.version;
  return {{"Version", version.id},           {"DateModified", version.created_at},
          {"Comment", version.comment},      {"description", version.description},
          {"createdBy", version.created_by}, {"isCurrent", view.current},
          {"fileCount", view.files},         {"versionAlias", TextOrNull(version.alias)},
          {"isArchived", version.archived},  {"assetId", asset.asset_id},
          {"databaseId", asset.database_id}};
}

json::object FileJson(const catalog::FileOfVersion& of) {
  const catalog::FileVersion& file = of.file;
  return {{"relativeKey", file.path},
          {"versionId", file.version_id},
          {"isPermanentlyDeleted", of.deleted},
          {"isLatestVersionArchived", of.latest_archived},
          {"size", file.size ? json::value(*file.size) : json::value(nullptr)},
          {"lastModified", TextOrNull(file.last_modified)},
          {"etag", TextOrNull(file.etag)}};
}

void NoteVersion(Call& call, const AssetPath& asset, std::string type, json::object what) {
  what["databaseId"] = asset.database_id;
  what["assetId"] = asset.asset_id;
  call.Audit(audit::Channel::kActions, std::move(type), std::move(what));
}

// ---- Endpoints.

Result<http::Response> CreateVersion(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto version,
        ReadBody(call, "CreateAssetVersionRequestModel", model::ReadNewAssetVersion));
  const auto made = call.s.asset.versions.Create(call.op, call.caller(), IdsOf(asset), version);
  if (!made.ok()) {
    if (IsRefusal(made.error())) return VersionRefused(call, made.error());
    return made.error();
  }
  NoteVersion(call, asset, "assetVersionCreate",
              {{"assetVersionId", made->id},
               {"operation", "create"},
               {"comment", version.comment},
               {"versionAlias", version.alias},
               {"files", made->files},
               {"skippedFiles", Skipped(*made)}});
  return Done(call, asset, made->id, "create",
              fmt::format("Successfully created version {} with {} files", made->id, made->files),
              Skipped(*made));
}

Result<http::Response> ListVersions(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto asked, ReadVersionsAsked(call));
  const std::string list = ListOf(asset);
  const auto after = AfterOf(call.request, list);
  if (!after) return RefuseGeneral("Invalid pagination token");
  const auto page = call.s.asset.versions.List(call.op, call.caller(), IdsOf(asset), asked.archived,
                                               *after, asked.size);
  if (!page.ok()) {
    if (IsRefusal(page.error())) return VersionRefused(call, page.error());
    return page.error();
  }
  json::array versions;
  for (const catalog::AssetVersionView& view : page->versions)
    versions.push_back(VersionJson(asset, view));
  return Answer(
      json::object{{"versions", std::move(versions)}, {"NextToken", NextToken(list, page->next)}});
}

Result<http::Response> GetVersion(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  const auto details = call.s.asset.versions.Get(call.op, call.caller(), IdsOf(asset),
                                                 call.request.Parameter("assetVersionId"));
  if (!details.ok()) {
    if (IsRefusal(details.error())) return VersionRefused(call, details.error());
    return details.error();
  }
  json::array files;
  files.reserve(details->files.size());
  for (const catalog::FileOfVersion& file : details->files) files.push_back(FileJson(file));
  json::array metadata;
  for (const catalog::MetadataRow& row : details->metadata)
    metadata.push_back(json::object{{"type", catalog::MetadataKindName(row.kind)},
                                    {"filePath", row.path},
                                    {"metadataKey", row.key},
                                    {"metadataValue", row.value},
                                    {"metadataValueType", row.type}});
  return Answer(json::object{{"assetId", asset.asset_id},
                             {"assetVersionId", details->version.id},
                             {"databaseId", asset.database_id},
                             {"dateCreated", details->version.created_at},
                             {"comment", details->version.comment},
                             {"files", std::move(files)},
                             {"createdBy", details->version.created_by},
                             {"versionedMetadata", std::move(metadata)}});
}

Result<http::Response> UpdateVersion(Call& call) {
  PARSE(const auto path, ReadVersionPath(call));
  PARSE(const auto change,
        ReadBody(call, "UpdateAssetVersionRequestModel", model::ReadAssetVersionChange));
  const auto done =
      call.s.asset.versions.Update(call.op, call.caller(), IdsOf(path.asset), path.id, change);
  if (!done.ok()) {
    if (IsRefusal(done.error())) return VersionRefused(call, done.error());
    return done.error();
  }
  json::object changed{{"assetVersionId", path.id}, {"operation", "update"}};
  if (change.comment) changed["comment"] = *change.comment;
  if (change.alias) changed["versionAlias"] = *change.alias;
  NoteVersion(call, path.asset, "assetVersionUpdate", std::move(changed));
  return Done(call, path.asset, path.id, "update",
              fmt::format("Successfully updated version {}", path.id), nullptr);
}

Result<http::Response> SetArchived(Call& call, bool archived) {
  PARSE(const auto path, ReadVersionPath(call));
  const auto done = call.s.asset.versions.SetArchived(call.op, call.caller(), IdsOf(path.asset),
                                                      path.id, archived);
  if (!done.ok()) {
    const Error& error = done.error();
    if (!IsRefusal(error)) return error;
    if (error.code != Code::kConflict) return VersionRefused(call, error);
    call.Because(std::string(CodeName(error.code)));
    return Refuse(400, error.message);
  }
  const std::string_view operation = archived ? "archive" : "unarchive";
  NoteVersion(call, path.asset, archived ? "assetVersionArchive" : "assetVersionUnarchive",
              {{"assetVersionId", path.id}, {"operation", operation}});
  return Done(call, path.asset, path.id, operation,
              fmt::format("Successfully {}d version {}", operation, path.id), nullptr);
}

Result<http::Response> ArchiveVersion(Call& call) { return SetArchived(call, true); }
Result<http::Response> UnarchiveVersion(Call& call) { return SetArchived(call, false); }

Result<http::Response> RevertVersion(Call& call) {
  PARSE(const auto path, ReadVersionPath(call));
  PARSE(const auto revert,
        ReadBody(call, "RevertAssetVersionRequestModel", model::ReadAssetVersionRevert));
  const auto made =
      call.s.asset.versions.Revert(call.op, call.caller(), IdsOf(path.asset), path.id, revert);
  if (!made.ok()) {
    if (IsRefusal(made.error())) return VersionRefused(call, made.error());
    return made.error();
  }
  NoteVersion(call, path.asset, "assetVersionRevert",
              {{"assetVersionId", made->id},
               {"operation", "revert"},
               {"revertedTo", path.id},
               {"comment", revert.comment},
               {"revertMetadata", revert.metadata},
               {"files", made->files},
               {"skippedFiles", Skipped(*made)}});
  return Done(
      call, path.asset, made->id, "revert",
      fmt::format("Successfully reverted to version {} with {} files", path.id, made->files),
      Skipped(*made));
}

}  // namespace

void AddAssetVersionRoutes(Gate& gate) {
  using http::Verb;
  static const std::string asset = "/database/{databaseId}/assets/{assetId}";
  RouteGroup versions(gate, {.tag = "asset versions"});
  versions.Add(Verb::kPost, asset + "/createVersion", "createAssetVersion",
               "Make a version of an asset", CreateVersion);
  versions.Add(Verb::kGet, asset + "/getVersions", "listAssetVersions", "The versions of an asset",
               ListVersions);
  versions.Add(Verb::kGet, asset + "/getVersion/{assetVersionId}", "getAssetVersion",
               "What a version of an asset holds", GetVersion);
  versions.Add(Verb::kPut, asset + "/assetversions/{assetVersionId}", "updateAssetVersion",
               "Change the comment or the alias of a version", UpdateVersion);
  versions.Add(Verb::kPost, asset + "/assetversions/{assetVersionId}/archive",
               "archiveAssetVersion", "Leave a version out of lists", ArchiveVersion);
  versions.Add(Verb::kPost, asset + "/assetversions/{assetVersionId}/unarchive",
               "unarchiveAssetVersion", "Bring a version back into lists", UnarchiveVersion);
  versions.Add(Verb::kPost, asset + "/revertAssetVersion/{assetVersionId}", "revertAssetVersion",
               "Bring back the files of a version", RevertVersion);
}

}  // namespace vams::api
