// Uploads: beginning one, and making files of what was sent to its part URLs.
// Spec: api-assets.md sections 5.2 to 5.5.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/public_url.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "api/upload_answers.h"
#include "base/log.h"
#include "model/part_bundle.h"

namespace vams::api {

namespace json = boost::json;

using catalog::CompletedUpload;
using catalog::FileResult;

namespace {

constexpr std::uint64_t kLargestPart = std::uint64_t{5} << 30;

json::object FileAudit(const model::UploadTarget& upload, std::string_view path) {
  return {{"databaseId", upload.database_id},
          {"assetId", upload.asset_id},
          {"filePath", path},
          {"uploadDenied", false}};
}

// That the asset is there is said before anything about the caller's rights.
Result<Parsed<void>> CheckAsset(Call& call, const model::UploadTarget& upload) {
  const auto there = call.s.asset.uploads.CheckAsset(call.op, upload.database_id, upload.asset_id);
  if (there.ok()) return call.FirstTier();
  if (there.error().code != Code::kNotFound) return there.error();
  call.Because(std::string(CodeName(Code::kNotFound)));
  return Parsed<void>(std::unexpected(Refuse(400, there.error().message)));
}

// Where small files are sent together, as docs/formats/part-bundle.md says.
Result<json::object> BundleTarget(Call& call, const model::NewUpload& upload,
                                  const catalog::BegunUpload& begun) {
  TRY(const auto path,
      call.s.urls.Sign(call.op,
                       {.method = objects::UrlMethod::kPost,
                        .bucket = begun.files.front().object.bucket,
                        .key = upload.asset_id,
                        .upload_id = begun.id,
                        .content_length = objects::ByteBounds{1, model::kMaxBundleBytes}},
                       call.s.settings.signed_url_seconds));
  return json::object{{"uploadUrl", PublicUrl(call) + path},
                      {"maxBytes", model::kMaxBundleBytes},
                      {"maxParts", model::kMaxBundledParts}};
}

Result<http::Response> InitializeUpload(Call& call) {
  PARSE(const auto upload, ReadBody(call, "InitializeUploadRequestModel", model::ReadNewUpload));
  TRY(auto passed, CheckAsset(call, upload));
  PARSE_OK(std::move(passed));
  TRY(const auto begun, call.s.asset.uploads.Begin(call.op, call.caller(), upload));
  if (!begun) return TooManyUploads();
  TRY(auto files, BegunFiles(call, *begun));
  AuditBegun(call, upload, *begun);
  json::object answer{{"uploadId", begun->id},
                      {"message", "Upload initialized successfully"},
                      {"files", std::move(files)}};
  if (std::ranges::any_of(begun->files, &catalog::BegunFile::bundled)) {
    TRY(auto bundle, BundleTarget(call, upload, *begun));
    answer["bundle"] = std::move(bundle);
  }
  return Answer(answer);
}

Result<http::Response> CompleteUpload(Call& call) {
  const std::string& id = call.request.Parameter("uploadId");
  PARSE(const auto upload, ReadBody(call, "CompleteUploadRequestModel", model::ReadFinishedUpload));
  auto passed = CheckAsset(call, upload);
  if (!passed.ok()) return NeverUnavailable(std::move(passed).error());
  PARSE_OK(*std::move(passed));
  auto done = call.s.asset.uploads.Complete(call.op, call.caller(), id, upload);
  if (!done.ok()) return NeverUnavailable(std::move(done).error());
  AuditCompleted(call, upload, id, *done);
  const bool stored = done->outcome != CompletedUpload::Outcome::kNotStored;
  json::object answer{{"message", MessageOf(*done)},
                      {"uploadId", id},
                      {"assetId", upload.asset_id},
                      {"assetType", nullptr},
                      {"overallSuccess", done->outcome == CompletedUpload::Outcome::kAll},
                      {"largeFileAsynchronousHandling", false},
                      {"fileResults", FileResults(*done)}};
  if (!done->asset_type.empty()) answer["assetType"] = done->asset_type;
  return Answer(stored ? 200 : 409, answer);
}

}  // namespace

Result<json::array> BegunFiles(Call& call, const catalog::BegunUpload& begun) {
  const std::string url = PublicUrl(call);
  json::array files;
  for (const catalog::BegunFile& file : begun.files) {
    json::array parts;
    for (int number = 1; number <= file.parts && !file.bundled; ++number) {
      TRY(const auto path,
          call.s.urls.Sign(call.op,
                           {.method = objects::UrlMethod::kPut,
                            .bucket = file.object.bucket,
                            .key = file.object.key,
                            .upload_id = file.multipart_id,
                            .part_number = number,
                            .content_length = objects::ByteBounds{0, kLargestPart}},
                           call.s.settings.signed_url_seconds));
      parts.push_back(json::object{{"PartNumber", number}, {"UploadUrl", url + path}});
    }
    files.push_back(json::object{{"relativeKey", file.path},
                                 {"uploadIdS3", file.multipart_id},
                                 {"numParts", file.parts},
                                 {"partUploadUrls", std::move(parts)}});
  }
  return files;
}

json::array FileResults(const CompletedUpload& done) {
  json::array results;
  for (const FileResult& file : done.files) {
    json::object result{{"relativeKey", file.path},
                        {"uploadIdS3", file.multipart_id},
                        {"success", file.ok()},
                        {"error", nullptr},
                        {"largeFileAsynchronousHandling", false}};
    if (!file.ok()) result["error"] = file.error;
    results.push_back(std::move(result));
  }
  return results;
}

std::string_view MessageOf(const CompletedUpload& done) {
  switch (done.outcome) {
    case CompletedUpload::Outcome::kAll:
      return "Upload completed successfully";
    case CompletedUpload::Outcome::kNone:
      return "No files were successfully uploaded";
    default:
      return "Upload completed with some failures";
  }
}

http::Response TooManyUploads() {
  http::Response response =
      Refuse(429,
             "VAMS General Error: Rate limit exceeded. Maximum 20 upload initializations per user "
             "per minute allowed.");
  response.headers.Set("retry-after", "60");
  return response;
}

void AuditBegun(Call& call, const model::NewUpload& upload, const catalog::BegunUpload& begun) {
  json::object told = FileAudit(upload, fmt::format("{} files", begun.files.size()));
  told["customData"] = {{"uploadId", begun.id},
                        {"uploadType", model::UploadTypeName(upload.type)},
                        {"status", "initialized"},
                        {"fileCount", begun.files.size()}};
  call.Audit(audit::Channel::kFileUpload, {}, std::move(told));
}

void AuditCompleted(Call& call, const model::FinishedUpload& upload, std::string_view upload_id,
                    const CompletedUpload& done) {
  std::string paths;
  std::size_t good = 0;
  for (const FileResult& file : done.files) {
    if (file.ok()) {
      paths += (good++ > 0 ? ", " : "") + file.path;
    } else if (file.blocked) {
      json::object denied = FileAudit(upload, file.path);
      denied["uploadDenied"] = true;
      denied["uploadDeniedReason"] = "File contains potentially malicious executable type";
      denied["customData"] = {{"uploadId", upload_id},
                              {"uploadType", model::UploadTypeName(upload.type)}};
      call.Audit(audit::Channel::kFileUpload, {}, std::move(denied));
    }
  }
  if (done.outcome == CompletedUpload::Outcome::kNotStored) {
    LogError(fmt::format("request {}: the files of upload {} could not be stored: {}",
                         call.op.request_id, upload_id, done.failure));
    call.Because("not stored");
  }
  if (good == 0) return;
  json::object told = FileAudit(upload, paths);
  told["customData"] = {
      {"uploadId", upload_id},           {"uploadType", model::UploadTypeName(upload.type)},
      {"status", "completed"},           {"successfulFiles", good},
      {"totalFiles", done.files.size()}, {"hasFailures", good < done.files.size()}};
  call.Audit(audit::Channel::kFileUpload, {}, std::move(told));
}

Error NeverUnavailable(Error error) {
  if (error.code == Code::kUnavailable || error.code == Code::kTimeout)
    error.code = Code::kInternal;
  return error;
}

void AddUploadRoutes(Gate& gate) {
  // The body comes first, and then whether there is such an asset.
  RouteGroup uploads(gate, {.tag = "uploads", .late_first_tier = true});
  uploads.Add(http::Verb::kPost, "/uploads", "initializeUpload",
              "Begin an upload of files, or of the preview of an asset", InitializeUpload);
  uploads.Add(http::Verb::kPost, "/uploads/{uploadId}/complete", "completeUpload",
              "Make files of what was uploaded", CompleteUpload);
  AddIngestRoute(gate);
}

}  // namespace vams::api
