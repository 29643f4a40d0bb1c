// Ingests: creating an asset and uploading its files in two calls on one path.
// Spec: api-assets.md section 5.8.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>

#include "api/routes.h"
#include "api/upload_answers.h"
#include "catalog/asset_records.h"
#include "model/asset.h"

namespace vams::api {

namespace json = boost::json;

using model::IngestedAsset;

namespace {

// The message that the operation inside would have answered with, behind what it was for.  `plain`
// codes have no prefix there.
Result<http::Response> RefuseInner(Call& call, std::string_view what, const Error& error,
                                   std::initializer_list<Code> plain = {}) {
  const bool general = error.code == Code::kInvalid || error.code == Code::kConflict ||
                       error.code == Code::kNotFound;
  if (!general && error.code != Code::kDenied) return error;
  call.Because(std::string(CodeName(error.code)));
  const bool prefix = general && std::ranges::find(plain, error.code) == plain.end();
  return RefuseGeneral(
      fmt::format("{}: {}{}", what, prefix ? "VAMS General Error: " : "", error.message));
}

// The caller has to be let through on the path of the operation inside, too.
Status MayAsk(Call& call, std::string_view path) {
  return call.caller().Require(access::Object::Api(path), access::Action::kPost);
}

// In the order of the wire: path and asset, then the database.
Result<Parsed<void>> MayIngest(Call& call, const IngestedAsset& asset) {
  auto passed = call.FirstTier();
  if (!passed) return passed;
  TRY_OK(call.caller().Require(catalog::AssetObject(asset.database_id, asset.name, {}, asset.tags),
                               access::Action::kPut));
  TRY(const bool there, call.s.asset.uploads.HasDatabase(call.op, asset.database_id));
  if (there) return Parsed<void>();
  return Error(Code::kNotFound, "Database does not exist");
}

// Nothing, or why not.
Status CreateIfAbsent(Call& call, const IngestedAsset& asset) {
  const auto there = call.s.asset.uploads.CheckAsset(call.op, asset.database_id, asset.asset_id);
  if (there.ok() || there.error().code != Code::kNotFound) return there;
  TRY_OK(MayAsk(call, "/assets"));
  const model::NewAsset made{.database_id = asset.database_id,
                             .id = asset.asset_id,
                             .name = asset.name,
                             .description = asset.description,
                             .distributable = asset.distributable,
                             .tags = asset.tags};
  const auto created = call.s.asset.assets.Create(call.op, call.caller(), made);
  if (!created.ok()) {
    // Somebody else was faster: it is there, which is all that is wanted.
    if (created.error().code == Code::kConflict &&
        call.s.asset.uploads.CheckAsset(call.op, asset.database_id, asset.asset_id).ok())
      return Ok();
    return created.error();
  }
  call.Audit(audit::Channel::kActions, "assetCreate",
             {{"databaseId", asset.database_id},
              {"assetId", asset.asset_id},
              {"operation", "create"},
              {"assetName", asset.name},
              {"description", asset.description},
              {"isDistributable", asset.distributable},
              {"tags", json::array(asset.tags.begin(), asset.tags.end())}});
  return Ok();
}

Result<http::Response> BeginIngest(Call& call, const json::object& body) {
  constexpr std::string_view kWhat = "Error initializing upload";
  model::Problems problems;
  const model::NewIngest ingest = model::ReadNewIngest(body, problems);
  PARSE_OK(Check(problems, "IngestAssetInitializeRequestModel"));
  TRY(auto passed, MayIngest(call, ingest.asset));
  PARSE_OK(std::move(passed));
  // Before anything is created.
  model::Problems of_upload;
  model::CheckNewUpload(ingest.upload, of_upload);
  if (!of_upload.empty())
    return RefuseInner(call, kWhat,
                       {Code::kInvalid, of_upload.Text("InitializeUploadRequestModel")},
                       {Code::kInvalid});
  if (const auto made = CreateIfAbsent(call, ingest.asset); !made.ok())
    return RefuseInner(call, "Error creating asset", made.error(), {Code::kInvalid});

  if (const auto may = MayAsk(call, "/uploads"); !may.ok())
    return RefuseInner(call, kWhat, may.error());
  const auto begun = call.s.asset.uploads.Begin(call.op, call.caller(), ingest.upload);
  if (!begun.ok()) return RefuseInner(call, kWhat, begun.error());
  if (!*begun) return TooManyUploads();
  TRY(auto files, BegunFiles(call, **begun));
  AuditBegun(call, ingest.upload, **begun);
  return Answer(json::object{{"message", "Upload initialized successfully"},
                             {"uploadId", (*begun)->id},
                             {"files", std::move(files)}});
}

Result<http::Response> CompleteIngest(Call& call, const json::object& body) {
  constexpr std::string_view kWhat = "Error completing upload";
  model::Problems problems;
  const model::FinishedIngest ingest = model::ReadFinishedIngest(body, problems);
  PARSE_OK(Check(problems, "IngestAssetCompleteRequestModel"));
  TRY(auto passed, MayIngest(call, ingest.asset));
  PARSE_OK(std::move(passed));
  if (const auto there =
          call.s.asset.uploads.CheckAsset(call.op, ingest.asset.database_id, ingest.asset.asset_id);
      !there.ok())
    return RefuseInner(call, kWhat, there.error(), {Code::kNotFound});
  if (const auto may = MayAsk(call, "/uploads/complete"); !may.ok())
    return RefuseInner(call, kWhat, may.error());
  auto done =
      call.s.asset.uploads.Complete(call.op, call.caller(), ingest.upload_id, ingest.upload);
  if (!done.ok()) return RefuseInner(call, kWhat, NeverUnavailable(std::move(done).error()));
  AuditCompleted(call, ingest.upload, ingest.upload_id, *done);
  if (done->outcome == catalog::CompletedUpload::Outcome::kNotStored)
    return RefuseGeneral(fmt::format("{}: {}", kWhat, MessageOf(*done)));
  return Answer(
      json::object{{"message", "Multipart upload and asset ingestion completed successfully."},
                   {"uploadId", ingest.upload_id},
                   {"assetId", ingest.asset.asset_id},
                   {"fileResults", FileResults(*done)},
                   {"overallSuccess", done->outcome == catalog::CompletedUpload::Outcome::kAll},
                   {"largeFileAsynchronousHandling", false}});
}

Result<http::Response> IngestAsset(Call& call) {
  PARSE(const auto body, Body(call));
  return body.contains("uploadId") ? CompleteIngest(call, body) : BeginIngest(call, body);
}

}  // namespace

void AddIngestRoute(Gate& gate) {
  RouteGroup ingests(gate, {.tag = "uploads", .late_first_tier = true});
  ingests.Add(http::Verb::kPost, "/ingest-asset", "ingestAsset",
              "Create an asset and upload its files, in two calls", IngestAsset);
}

}  // namespace vams::api
