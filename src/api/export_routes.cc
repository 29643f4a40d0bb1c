// Export of an asset with its children.  Spec: api-assets.md section 9; ruling 6.
#include <memory>
#include <utility>

#include "api/asset_path.h"
#include "api/disposition.h"
#include "api/export_text.h"
#include "api/gzip_source.h"
#include "api/public_url.h"
#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;

namespace {

// Answers longer than this are compressed, whether the client says that it takes that or not
// (section 1.1).
constexpr std::size_t kMostPlain = 102'400;

Parsed<model::ExportRequest> ReadRequest(const Call& call) {
  auto body = OptionalBody(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Problems problems;
  model::ExportRequest request = model::ReadExport(*body, problems);
  if (auto fine = Check(problems, "AssetExportRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return request;
}

ExportText::Signer SignerFor(const Call& call) {
  return [&urls = call.s.urls, server = PublicUrl(call),
          seconds = call.s.settings.signed_url_seconds](
             OpContext& op, const objects::ObjectId& object,
             const std::string& version_id) -> Result<std::string> {
    const objects::UrlGrant grant{.bucket = object.bucket,
                                  .key = object.key,
                                  .version_id = version_id,
                                  .content_disposition = DispositionOf("attachment", object.key)};
    TRY(const auto target, urls.Sign(op, grant, seconds));
    return server + target;
  };
}

// The export under way, with whoever was refused on it, who are told to the audit log when it ends,
// however it ends.
struct Running {
  Running(std::unique_ptr<catalog::Export> source, const Call& call)
      : text(std::move(source), SignerFor(call), call.s.settings.signed_url_seconds),
        write_denials(call.LateDenials()) {}
  ~Running() { write_denials(text.source().caller().denials()); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  ExportText text;
  const Call::DenialWriter write_denials;
};

Result<http::Response> AnswerWith(OpContext& op, std::shared_ptr<Running> running) {
  http::Response response;
  response.headers.Set("content-type", "application/json");
  std::string begin;
  bool more = true;
  while (more && begin.size() <= kMostPlain) {
    TRY(more, running->text.Next(op, begin));
  }
  if (begin.size() <= kMostPlain) {
    response.body = std::move(begin);
    return response;
  }
  response.headers.Set("content-encoding", "gzip");
  response.stream = std::make_shared<GzipSource>(
      std::move(begin), [running = std::move(running)](OpContext& reading, std::string& piece) {
        return running->text.Next(reading, piece);
      });
  return response;
}

Result<http::Response> ExportAsset(Call& call) {
  PARSE(const auto path, ReadAssetPath(call));
  PARSE(auto request, ReadRequest(call));
  json::object audited{{"databaseId", path.database_id},
                       {"assetId", path.asset_id},
                       {"filePath", "asset_root"},
                       {"customData",
                        {{"downloadType", "export"},
                         {"generatePresignedUrls", request.signed_urls},
                         {"fetchEntireChildrenSubtrees", request.whole_tree}}}};
  TRY(auto source,
      call.s.asset.exports.Begin(call.op, call.caller(), {path.database_id, path.asset_id},
                                 std::move(request)));
  TRY(auto response, AnswerWith(call.op, std::make_shared<Running>(std::move(source), call)));
  call.Audit(audit::Channel::kFileDownload, "", std::move(audited));
  return response;
}

}  // namespace

void AddExportRoutes(Gate& gate) {
  RouteGroup exports(gate, {.tag = "downloads", .reads = true});
  exports.Add(http::Verb::kPost, "/database/{databaseId}/assets/{assetId}/export", "exportAsset",
              "An asset and its children with files, metadata and links", ExportAsset);
}

}  // namespace vams::api
