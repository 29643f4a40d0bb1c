// Files of assets: lists, folders, moving, copying, archiving, reverting, deleting.
// Spec: api-assets.md section 6.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "api/asset_path.h"
#include "api/file_json.h"
#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "base/json.h"
#include "model/asset_file.h"

namespace vams::api {

namespace json = boost::json;

using catalog::AssetFiles;
using catalog::FileChange;

namespace {

constexpr std::string_view kFileList = "listFiles";

AssetFiles::Ref RefOf(const AssetPath& path) { return {path.database_id, path.asset_id}; }

bool Flag(const Call& call, std::string_view name) {
  const auto flag = call.request.FindQuery(name);
  return flag && http::EqualsIgnoreCase(*flag, "true");
}

// A path for the text of a success, in which clients look for "error": a path that has the word is
// not repeated there.
std::string_view Quoted(std::string_view path) {
  const bool alarming = path.find("error") != path.npos || path.find("Error") != path.npos;
  return alarming ? "the given path" : path;
}

json::array Paths(const std::vector<std::string>& paths) {
  return json::array(paths.begin(), paths.end());
}

http::Response Done(std::string message, const FileChange& change) {
  return Answer(json::object{{"success", true},
                             {"message", std::move(message)},
                             {"affectedFiles", Paths(change.affected)}});
}

std::string Followers(const FileChange& change) {
  std::string text;
  if (change.previews > 0) text += fmt::format(" and {} associated preview files", change.previews);
  if (change.records > 0) text += fmt::format(" and {} metadata/attribute records", change.records);
  return text;
}

void Note(Call& call, const AssetPath& asset, std::string type, json::object what) {
  what["databaseId"] = asset.database_id;
  what["assetId"] = asset.asset_id;
  call.Audit(audit::Channel::kActions, std::move(type), std::move(what));
}

// On the wire a refusal of the second tier is like what is invalid; the audit log tells (ruling
// 12). A key that is too long is a bad path, not too large a request.
Endpoint Telling(Result<http::Response> (*handle)(Call&)) {
  return [handle](Call& call) -> Result<http::Response> {
    auto answer = handle(call);
    if (answer.ok()) return answer;
    const Error& error = answer.error();
    const bool denied = error.code == Code::kInvalid && !call.caller().denials().empty();
    if (!denied && error.code != Code::kTooLarge) return answer;
    call.Because(std::string(CodeName(denied ? Code::kDenied : error.code)));
    return RefuseGeneral(error.message);
  };
}

// ---- Reading.

Parsed<catalog::FileListRequest> ReadList(const Call& call) {
  catalog::FileListRequest asked;
  asked.basic = Flag(call, "basic");
  asked.archived = Flag(call, "includeArchived");
  json::object numbers;
  for (const std::string_view name : {"pageSize", "maxItems"})
    if (const auto text = call.request.FindQuery(name)) numbers[name] = *text;
  model::Problems problems;
  asked.limit = model::ReadPageSize(numbers, asked.basic, problems);
  if (auto fine = Check(problems, "ListAssetFilesRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  asked.prefix = call.request.FindQuery("prefix").value_or("");
  if (const auto version = call.request.FindQuery("assetVersionId"); version && !version->empty())
    asked.asset_version = *version;
  const auto token = call.request.FindQuery("startingToken");
  if (!token || token->empty()) return asked;
  const auto place = PlaceOf(*token);
  const std::string of_list = std::string(kFileList) + '\n';
  if (!place || !place->starts_with(of_list) || place->size() == of_list.size())
    return std::unexpected(RefuseGeneral("Error listing files."));
  asked.after = place->substr(of_list.size());
  return asked;
}

Result<http::Response> ListFiles(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto asked, ReadList(call));
  TRY(const auto page, call.s.asset.files.List(call.op, call.caller(), RefOf(asset), asked));
  // A thousand small objects, gone together.
  json::monotonic_resource memory;
  json::array items(&memory);
  items.reserve(page.files.size());
  for (const catalog::FileItem& file : page.files) items.push_back(FileJson(file, &memory));
  json::object answer(&memory);
  answer["items"] = std::move(items);
  answer["NextToken"] = NextToken(kFileList, page.next);
  return Answer(json::value(std::move(answer), &memory));
}

json::object VersionJson(const catalog::FileVersionItem& version) {
  json::array named;
  for (const auto& [id, label] : version.asset_versions)
    named.push_back(json::object{{"id", id}, {"label", label}});
  return {{"versionId", version.version_id},
          {"lastModified", version.modified},
          {"size", version.size},
          {"isLatest", version.latest},
          {"storageClass", "STANDARD"},
          {"etag", TextOrNull(version.etag)},
          {"isArchived", version.archived},
          {"currentAssetVersionFileVersionMismatch", version.mismatch},
          {"assetVersionIds", std::move(named)}};
}

json::object InfoJson(const catalog::FileInfo& info) {
  json::object item{{"fileName", info.file.name},
                    {"key", info.file.key},
                    {"relativePath", info.file.path},
                    {"isFolder", info.file.folder},
                    {"size", info.file.size.value_or(0)},
                    {"contentType", TextOrNull(info.content_type)},
                    {"lastModified", info.file.modified},
                    {"etag", TextOrNull(info.etag)},
                    {"storageClass", "STANDARD"},
                    {"isArchived", info.file.archived},
                    {"primaryType", TextOrNull(info.file.primary_type)},
                    {"previewFile", info.file.preview},
                    {"versions", nullptr}};
  if (!info.versions) return item;
  json::array versions;
  for (const auto& version : *info.versions) versions.push_back(VersionJson(version));
  item["versions"] = std::move(versions);
  return item;
}

struct InfoAsked {
  std::string path;
  bool versions = false;
};

// The query; where it names no file, the body.
Parsed<InfoAsked> ReadInfo(const Call& call) {
  InfoAsked asked{std::string(call.request.FindQuery("filePath").value_or("")),
                  Flag(call, "includeVersions")};
  if (!asked.path.empty()) return asked;
  auto body = OptionalBody(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Problems problems;
  model::ObjectReader reader(*body, problems);
  asked.path = reader.OptionalText("filePath", {.required = false}).value_or("");
  asked.versions = reader.OptionalBool("includeVersions").value_or(asked.versions);
  if (auto fine = Check(problems, "FileInfoRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  if (asked.path.empty())
    return std::unexpected(Refuse(400, "filePath is required in query parameters or request body"));
  return asked;
}

Result<http::Response> GetFileInfo(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto asked, ReadInfo(call));
  TRY(const auto info,
      call.s.asset.files.Info(call.op, call.caller(), RefOf(asset), asked.path, asked.versions));
  return Answer(InfoJson(info));
}

// ---- Changing.

Result<http::Response> CreateFolder(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto path, ReadBody(call, "CreateFolderRequestModel", model::ReadNewFolder));
  TRY_OK(call.s.asset.files.CreateFolder(call.op, call.caller(), RefOf(asset), path));
  Note(call, asset, "folderCreate", {{"operation", "create"}, {"relativeKey", path}});
  return Answer(json::object{{"message", "Folder created successfully"}, {"relativeKey", path}});
}

Result<http::Response> MoveFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto move, ReadBody(call, "MoveFileRequestModel", model::ReadFileMove));
  TRY(const auto change,
      call.s.asset.files.Move(call.op, call.caller(), RefOf(asset), move.source, move.destination));
  Note(call, asset, "fileMove",
       {{"operation", "move"},
        {"sourcePath", move.source},
        {"destinationPath", move.destination},
        {"affectedFiles", Paths(change.affected)}});
  return Done(fmt::format("Successfully moved file from {} to {}{}", Quoted(move.source),
                          Quoted(move.destination), Followers(change)),
              change);
}

Result<http::Response> CopyFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto copy, ReadBody(call, "CopyFileRequestModel", model::ReadFileCopy));
  TRY(const auto change,
      call.s.asset.files.Copy(call.op, call.caller(), RefOf(asset), copy.source,
                              {copy.destination, copy.database_id, copy.asset_id}));
  Note(call, asset, "fileCopy",
       {{"operation", "copy"},
        {"sourcePath", copy.source},
        {"destinationPath", copy.destination},
        {"destinationDatabaseId", copy.database_id.value_or(asset.database_id)},
        {"destinationAssetId", copy.asset_id.value_or(asset.asset_id)},
        {"affectedFiles", Paths(change.affected)}});
  const std::string elsewhere =
      copy.asset_id ? fmt::format(" in asset {}", Quoted(*copy.asset_id)) : std::string();
  return Done(fmt::format("Successfully copied file from {} to {}{}{}", Quoted(copy.source),
                          Quoted(copy.destination), elsewhere, Followers(change)),
              change);
}

// Of very many files the audit log has the number and what they have in common.
json::object ChoiceForAudit(std::string_view operation, const model::FileChoice& choice,
                            const FileChange& change) {
  json::object what{{"operation", operation},
                    {"filePath", choice.path},
                    {"isPrefix", choice.prefix},
                    {"fileCount", change.files}};
  if (!choice.prefix) what["affectedFiles"] = Paths(change.affected);
  return what;
}

Result<http::Response> ArchiveFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto choice, ReadBody(call, "ArchiveFileRequestModel", model::ReadFileChoice));
  TRY(const auto change,
      call.s.asset.files.Archive(call.op, call.caller(), RefOf(asset), choice.path, choice.prefix));
  Note(call, asset, "fileArchive", ChoiceForAudit("archive", choice, change));
  return Done(fmt::format("Successfully archived {} file(s){} {}", change.files,
                          choice.prefix ? " under prefix" : ":", Quoted(choice.path)),
              change);
}

Result<http::Response> UnarchiveFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto choice, ReadBody(call, "UnarchiveFileRequestModel", model::ReadFileChoice));
  TRY(const auto change,
      call.s.asset.files.Unarchive(call.op, call.caller(), RefOf(asset), choice.path));
  Note(call, asset, "fileUnarchive",
       {{"operation", "unarchive"},
        {"filePath", choice.path},
        {"affectedFiles", Paths(change.affected)}});
  return Done(
      fmt::format("Successfully unarchived file: {}{}", Quoted(choice.path), Followers(change)),
      change);
}

Result<http::Response> DeleteFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto choice, ReadBody(call, "DeleteFileRequestModel", model::ReadFileChoice));
  TRY(const auto change, call.s.asset.files.Delete(call.op, call.caller(), RefOf(asset),
                                                   choice.path, choice.prefix, choice.confirmed));
  Note(call, asset, "fileDelete", ChoiceForAudit("delete", choice, change));
  return Done(fmt::format("Successfully deleted {} file(s) and all versions{} {}", change.files,
                          choice.prefix ? " under prefix" : ":", Quoted(choice.path)),
              change);
}

Result<http::Response> RevertFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  const std::string& version = call.request.Parameter("versionId");
  PARSE_OK(Check(model::CheckAtMost256("versionId", version)));
  PARSE(const auto choice, ReadBody(call, "RevertFileVersionRequestModel", model::ReadFileChoice));
  TRY(const auto made,
      call.s.asset.files.Revert(call.op, call.caller(), RefOf(asset), choice.path, version));
  Note(call, asset, "fileRevert",
       {{"operation", "revert"},
        {"filePath", choice.path},
        {"revertedFromVersionId", version},
        {"newVersionId", made}});
  return Answer(json::object{{"success", true},
                             {"message", fmt::format("Successfully reverted file {} to version {}",
                                                     Quoted(choice.path), version)},
                             {"filePath", choice.path},
                             {"revertedFromVersionId", version},
                             {"newVersionId", made}});
}

Result<http::Response> SetPrimaryFile(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto change, ReadBody(call, "SetPrimaryFileRequestModel", model::ReadPrimaryType));
  TRY(const auto made, call.s.asset.files.SetPrimaryType(call.op, call.caller(), RefOf(asset),
                                                         change.path, change.type));
  const json::value type = change.type.empty() ? json::value(nullptr) : json::value(change.type);
  Note(call, asset, "filePrimaryType",
       {{"operation", "update"},
        {"filePath", change.path},
        {"primaryType", type},
        {"newVersionId", made}});
  const std::string message =
      change.type.empty()
          ? fmt::format("Removed primary type metadata from file: {}", Quoted(change.path))
          : fmt::format("Set primary type '{}' for file: {}", Quoted(change.type),
                        Quoted(change.path));
  return Answer(json::object{
      {"success", true}, {"message", message}, {"filePath", change.path}, {"primaryType", type}});
}

Result<http::Response> DeleteAssetPreview(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  TRY_OK(call.s.asset.files.DeletePreview(call.op, call.caller(), RefOf(asset)));
  Note(call, asset, "assetPreviewDelete", {{"operation", "delete"}});
  return Answer(json::object{
      {"success", true},
      {"message",
       fmt::format("Successfully deleted preview file for asset {}", Quoted(asset.asset_id))},
      {"assetId", asset.asset_id}});
}

Result<http::Response> DeleteAuxiliaryFiles(Call& call) {
  PARSE(const auto asset, ReadAssetPath(call));
  PARSE(const auto choice,
        ReadBody(call, "DeleteAuxiliaryPreviewAssetFilesRequestModel", model::ReadFileChoice));
  TRY(const std::size_t count,
      call.s.asset.files.DeleteAuxiliary(call.op, call.caller(), RefOf(asset), choice.path));
  Note(call, asset, "fileAuxiliaryDelete",
       {{"operation", "delete"}, {"filePath", choice.path}, {"deletedCount", count}});
  return Answer(json::object{
      {"success", true},
      {"message",
       fmt::format("Successfully deleted {} auxiliary preview files under prefix", count)},
      {"filePath", choice.path},
      {"deletedCount", count}});
}

}  // namespace

void AddAssetFileRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup files(gate, {.tag = "files"});
  const auto at = [](std::string_view name) {
    return fmt::format("/database/{{databaseId}}/assets/{{assetId}}/{}", name);
  };
  files.Add(Verb::kGet, at("listFiles"), "listFiles", "Files of an asset", Telling(ListFiles));
  files.Add(Verb::kGet, at("fileInfo"), "getFileInfo", "A file, with its versions if asked for",
            Telling(GetFileInfo));
  files.Add(Verb::kPost, at("createFolder"), "createFolder", "Create a folder",
            Telling(CreateFolder));
  files.Add(Verb::kPost, at("moveFile"), "moveFile", "Move or rename a file", Telling(MoveFile));
  files.Add(Verb::kPost, at("copyFile"), "copyFile", "Copy a file, to another asset perhaps",
            Telling(CopyFile));
  files.Add(Verb::kDelete, at("archiveFile"), "archiveFile", "Archive a file or a prefix",
            Telling(ArchiveFile));
  files.Add(Verb::kPost, at("unarchiveFile"), "unarchiveFile", "Bring an archived file back",
            Telling(UnarchiveFile));
  files.Add(Verb::kDelete, at("deleteFile"), "deleteFile",
            "Delete a file or a prefix with all versions", Telling(DeleteFile));
  files.Add(Verb::kPost, at("revertFileVersion/{versionId}"), "revertFileVersion",
            "Make an earlier version of a file the current one", Telling(RevertFile));
  files.Add(Verb::kPut, at("setPrimaryFile"), "setPrimaryFile", "Set the primary type of a file",
            Telling(SetPrimaryFile));
  files.Add(Verb::kDelete, at("deleteAssetPreview"), "deleteAssetPreview",
            "Delete the preview picture of an asset", Telling(DeleteAssetPreview));
  files.Add(Verb::kDelete, at("deleteAuxiliaryPreviewAssetFiles"),
            "deleteAuxiliaryPreviewAssetFiles", "Delete what was derived from a file",
            Telling(DeleteAuxiliaryFiles));
}

}  // namespace vams::api
