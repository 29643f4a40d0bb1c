// Downloads by signed URL, and streams of files and of the data that viewers derive from them.
// Spec: api-assets.md section 8; rulings 3, 4 and 16.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "api/asset_path.h"
#include "api/disposition.h"
#include "api/object_answer.h"
#include "api/public_url.h"
#include "api/routes.h"
#include "base/json.h"

namespace vams::api {

namespace json = boost::json;

namespace {

// ---- Downloads ----

Parsed<model::DownloadRequest> ReadRequest(const json::object& body) {
  model::Problems problems;
  model::DownloadRequest request = model::ReadDownload(body, problems);
  if (auto fine = Check(problems, "DownloadAssetRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return request;
}

// The URL is good for whoever has it; a file is saved under its name, a picture is shown.
Result<std::string> SignedDownload(Call& call, const catalog::Downloadable& file, bool preview) {
  const objects::UrlGrant grant{
      .bucket = file.object.bucket,
      .key = file.object.key,
      .version_id = file.version_id.value_or(""),
      .content_disposition = DispositionOf(preview ? "inline" : "attachment", file.object.key)};
  TRY(const auto target, call.s.urls.Sign(call.op, grant, call.s.settings.signed_url_seconds));
  return PublicUrl(call) + target;
}

Result<http::Response> Download(Call& call) {
  PARSE(const auto body, Body(call));
  PARSE(const auto path, ReadAssetPath(call));
  PARSE(const auto request, ReadRequest(body));
  catalog::Downloads& downloads = call.s.asset.downloads;
  const auto asset = downloads.Find(call.op, path.database_id, path.asset_id);
  if (!asset.ok() && asset.error().code == Code::kNotFound) {
    call.Because(std::string(CodeName(Code::kNotFound)));
    return Refuse(400, asset.error().message);
  }
  if (!asset.ok()) return asset.error();
  PARSE_OK(call.FirstTier());
  TRY(const auto file, request.preview ? downloads.Preview(call.op, call.caller(), *asset)
                                       : downloads.File(call.op, call.caller(), *asset, request.key,
                                                        request.version));
  if (file.archived) {
    http::Response gone = RefuseGeneral("File version has been archived and cannot be downloaded");
    gone.status = 410;
    return gone;
  }
  TRY(const auto url, SignedDownload(call, file, request.preview));
  call.Audit(audit::Channel::kFileDownload, "",
             {{"databaseId", path.database_id},
              {"assetId", path.asset_id},
              {"filePath", request.key.value_or("asset_root")},
              {"customData",
               {{"downloadType", request.type()}, {"versionId", TextOrNull(file.version_id)}}}});
  return Answer(json::object{{"downloadUrl", url},
                             {"expiresIn", call.s.settings.signed_url_seconds},
                             {"downloadType", request.type()},
                             {"versionId", TextOrNull(file.version_id)},
                             {"message", "Download URL generated successfully"}});
}

// ---- Streams ----

// What tells the two kinds of streams apart.
struct StreamKind {
  std::string_view no_key;
  std::string_view not_distributable;
  std::string_view blocked;
  std::string_view failed;
  std::string_view audit_type;
  bool auxiliary;
};

constexpr StreamKind kFileStream{
    .no_key = "No Asset File Object Key Provided in Path",
    .not_distributable = "Asset not distributable",
    .blocked = "Unallowed file extension or content type in asset file",
    .failed = "Error Fetching Asset File from Path Provided",
    .audit_type = "direct_stream",
    .auxiliary = false};
constexpr StreamKind kAuxiliaryStream{
    .no_key = "No Auxiliary Preview File Object Key Provided in Path",
    .not_distributable = "Asset is not currently allowing file distribution",
    .blocked = "Unallowed file extension or content type in auxiliary preview file",
    .failed = "Error Fetching Auxiliary Preview File from Path Provided",
    .audit_type = "auxiliary_preview_direct_stream",
    .auxiliary = true};

bool IsHead(const Call& call) { return call.request.verb == http::Verb::kHead; }

// Players of another origin may send Range, and read why they got nothing.
http::Response RefuseStream(Call& call, int status, std::string_view text, Code why) {
  call.Because(std::string(CodeName(why)));
  http::Response response = Refuse(status, text);
  if (IsHead(call)) return response;
  response.headers.Set("access-control-allow-origin", "*");
  response.headers.Set("access-control-allow-headers", "Range");
  return response;
}

struct StreamAsked {
  AssetPath asset;
  std::string path;  // of the file
  model::VersionChoice version;
};

Parsed<StreamAsked> ReadStream(Call& call, const StreamKind& kind) {
  const auto query = [&](std::string_view name) {
    return kind.auxiliary ? std::string() : std::string(call.request.FindQuery(name).value_or(""));
  };
  StreamAsked asked;
  asked.version = {.version_id = query("versionId"),
                   .asset_version = query("assetVersionId"),
                   .alias = query("assetVersionIdAlias")};
  if (const auto complaint = model::CheckVersionChoice(asked.version))
    return std::unexpected(RefuseStream(call, 400, *complaint, Code::kInvalid));
  asked.path = call.request.Parameter("proxy");
  if (asked.path.empty())
    return std::unexpected(RefuseStream(call, 400, kind.no_key, Code::kInvalid));
  auto asset = ReadAssetPath(call);
  if (!asset) return std::unexpected(std::move(asset).error());
  asked.asset = *std::move(asset);
  if (!kind.auxiliary && !asked.path.starts_with('/')) asked.path.insert(0, 1, '/');
  if (auto fine = Check(kind.auxiliary
                            ? model::CheckAuxiliaryPath("auxiliaryPreviewAssetPathKey", asked.path)
                            : model::CheckRelativePath("assetFilePathKey", asked.path));
      !fine)
    return std::unexpected(std::move(fine).error());
  if (auto fine = Check(model::CheckAtMost256("versionId", asked.version.version_id)); !fine)
    return std::unexpected(std::move(fine).error());
  return asked;
}

std::uint64_t LengthOf(const http::Response& response) {
  if (response.file) return response.file->length;
  return response.stream ? response.stream->length().value_or(0) : response.body.size();
}

// Each time bytes are sent; a client that has them already downloads nothing.
void AuditStream(Call& call, const StreamKind& kind, const StreamAsked& asked,
                 const catalog::Downloadable& file, const http::Response& response) {
  if (IsHead(call) || (response.status != 200 && response.status != 206)) return;
  const auto range = call.request.headers.Find("range");
  json::object custom{{"streamType", kind.audit_type},
                      {"fileSize", LengthOf(response)},
                      {"rangeHeader", range ? json::value(*range) : json::value(nullptr)}};
  if (!kind.auxiliary) custom["versionId"] = TextOrNull(file.version_id);
  call.Audit(audit::Channel::kFileDownloadStreamed, "",
             {{"databaseId", asked.asset.database_id},
              {"assetId", asked.asset.asset_id},
              {"filePath", file.object.key},
              {"customData", std::move(custom)}});
}

// The content, or what clients are told where there is none.
Result<http::Response> SendObject(Call& call, const StreamKind& kind, const StreamAsked& asked,
                                  const catalog::Downloadable& file) {
  ObjectAnswerOptions options;
  options.headers.Set("cache-control", "no-cache, no-store");
  options.headers.Set("access-control-allow-origin", "*");
  options.headers.Set("access-control-allow-headers", "Range");
  if (IsHead(call)) options.headers.Set("x-amz-storage-class", "STANDARD");
  auto answer = AnswerWithObject(call.op, call.s.objects, call.request, file.object,
                                 file.version_id, options);
  if (!answer.ok()) {
    if (answer.error().code != Code::kNotFound) return std::move(answer).error();
    if (IsHead(call)) return RefuseStream(call, 404, "File not found", Code::kNotFound);
    return RefuseStream(call, 400, kind.failed, Code::kNotFound);
  }
  if (answer->status == 416) return RefuseStream(call, 400, kind.failed, Code::kInvalid);
  if (catalog::IsBlockedContentType(answer->headers.Find("content-type").value_or("")))
    return RefuseStream(call, 400, kind.blocked, Code::kInvalid);
  AuditStream(call, kind, asked, file, *answer);
  return answer;
}

Result<http::Response> Stream(Call& call, const StreamKind& kind) {
  PARSE(const auto asked, ReadStream(call, kind));
  catalog::Downloads& downloads = call.s.asset.downloads;
  const auto asset = downloads.Find(call.op, asked.asset.database_id, asked.asset.asset_id);
  if (!asset.ok() && asset.error().code == Code::kNotFound)
    return RefuseStream(call, 404, "Asset not found in database", Code::kNotFound);
  if (!asset.ok()) return asset.error();
  if (!asset->distributable)
    return RefuseStream(call, 403, kind.not_distributable, Code::kConflict);
  PARSE_OK(call.FirstTier());
  const auto stream =
      kind.auxiliary ? downloads.StreamAuxiliary(call.op, call.caller(), *asset, asked.path)
                     : downloads.Stream(call.op, call.caller(), *asset, asked.path, asked.version);
  if (!stream.ok()) {
    if (stream.error().code == Code::kNotFound && asset->location.empty())
      return RefuseStream(call, 404, stream.error().message, Code::kNotFound);
    return stream.error();
  }
  if (stream->blocked) return RefuseStream(call, 400, kind.blocked, Code::kInvalid);
  return SendObject(call, kind, asked, stream->file);
}

// The path without a file.
Result<http::Response> RefuseNoKey(Call& call, const StreamKind& kind) {
  return RefuseStream(call, 400, kind.no_key, Code::kInvalid);
}

}  // namespace

void AddDownloadRoutes(Gate& gate) {
  using http::Verb;
  const std::string asset = "/database/{databaseId}/assets/{assetId}";
  RouteGroup downloads(gate, {.tag = "downloads", .reads = true, .late_first_tier = true});
  downloads.Add(Verb::kPost, asset + "/download", "downloadAsset",
                "A URL that a file can be downloaded from without an account", Download);
  RouteGroup streams(gate, {.tag = "downloads", .head_as_get = true, .late_first_tier = true});
  RouteGroup nothing(gate, {.tag = "downloads", .head_as_get = true});
  const auto add = [&](const std::string& path, const std::string& id, const std::string& summary,
                       const StreamKind& kind) {
    streams.Add(Verb::kGet, path + "/{proxy+}", id, summary,
                [&kind](Call& call) { return Stream(call, kind); });
    nothing.Add(Verb::kGet, path, id + "WithoutFile", "Refused: the file's path is missing",
                [&kind](Call& call) { return RefuseNoKey(call, kind); });
  };
  add(asset + "/download/stream", "streamAsset", "The content of a file, or a range of it",
      kFileStream);
  add(asset + "/auxiliaryPreviewAssets/stream", "streamAuxiliary",
      "Data that a viewer derived from a file, or a range of it", kAuxiliaryStream);
}

}  // namespace vams::api
