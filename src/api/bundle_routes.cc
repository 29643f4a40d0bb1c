// Many small parts of an upload in one request, for whoever holds the upload's signed URL for that.
// They are stored in batches while the body arrives; whatever becomes of the rest, parts that came
// whole are stored and named in the answer.  Format: docs/formats/part-bundle.md.
#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "api/routes.h"
#include "api/signed_requests.h"
#include "base/encoding.h"
#include "model/part_bundle.h"

namespace vams::api {

namespace json = boost::json;

namespace {

// What is read before it is stored: more than a part can be long.
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::size_t kChunk = std::size_t{256} << 10;
static_assert(kBatchBytes > 2 * model::kMaxBundledPartBytes);

json::object Told(const model::BundledPart& part, const Result<objects::PartInfo>& stored) {
  json::object told{{"uploadIdS3", part.upload_id}, {"PartNumber", part.number}};
  if (stored.ok())
    told["ETag"] = '"' + stored->etag + '"';
  else
    told["error"] = stored.error().message;
  return told;
}

// One request, from its first byte to the last part.
class Bundle {
 public:
  Bundle(Call& call, const objects::UrlGrant& grant) : call_(call), grant_(grant) {}

  // Errors are those of reading and storing.  What is wrong with the bundle is in framing().
  Status Run();

  const Status& framing() const { return framing_; }
  // Where an error of Run came from.
  bool body_failed() const { return body_failed_; }
  json::array TakeParts() { return std::move(told_); }

 private:
  Status Fill();
  Status Store(const std::vector<model::BundledPart>& parts);

  Call& call_;
  const objects::UrlGrant& grant_;
  model::BundleReader reader_;
  std::string buffer_;
  std::uint64_t total_ = 0;
  bool ended_ = false;  // the body
  bool body_failed_ = false;
  Status framing_ = Ok();
  json::array told_;
};

Status Bundle::Fill() {
  while (!ended_ && buffer_.size() < kBatchBytes) {
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kChunk);
    auto count = call_.request.incoming->Read({buffer_.data() + had, kChunk});
    buffer_.resize(had + count.value_or(0));
    if (!count.ok()) return std::move(count).error();
    total_ += *count;
    if (total_ > grant_.content_length->high) return CheckLength(grant_, total_);
    ended_ = *count == 0;
  }
  return Ok();
}

Status Bundle::Store(const std::vector<model::BundledPart>& parts) {
  std::vector<objects::PartBytes> contents;
  for (const model::BundledPart& part : parts)
    contents.push_back({.upload_id = std::string(part.upload_id),
                        .number = part.number,
                        .bytes = part.bytes,
                        .md5 = HexEncode(part.md5)});
  TRY(const auto stored,
      call_.s.asset.uploads.StoreParts(call_.op, grant_.key, grant_.upload_id, contents));
  for (std::size_t i = 0; i < parts.size(); ++i) told_.push_back(Told(parts[i], stored[i]));
  return Ok();
}

Status Bundle::Run() {
  while (!ended_ && framing_.ok()) {
    const auto filled = Fill();
    // What came whole before the connection broke is worth keeping as well.
    std::vector<model::BundledPart> parts;
    std::string_view rest = buffer_;
    framing_ = reader_.Take(rest, parts);
    if (!parts.empty()) TRY_OK(Store(parts));
    buffer_.erase(0, buffer_.size() - rest.size());
    if (!filled.ok()) {
      body_failed_ = true;
      return filled;
    }
  }
  if (framing_.ok() && !reader_.whole())
    framing_ = Error(Code::kInvalid,
                     "the bundle ends before its end; the parts that came whole were taken; send "
                     "the others again");
  return Ok();
}

Result<http::Response> PutBundle(Call& call) {
  auto url = call.s.urls.Verify(call.op, objects::UrlMethod::kPost, call.request.target);
  if (!url.ok() && url.error().code == Code::kDenied) return RefuseUrl(call, url.error());
  if (!url.ok()) return std::move(url).error();
  VAMS_CHECK(call.request.incoming != nullptr);
  if (const auto length = call.request.incoming->length())
    if (const auto fits = CheckLength(url->grant, *length); !fits.ok())
      return RefuseBody(call, fits.error());
  Bundle bundle(call, url->grant);
  if (const auto done = bundle.Run(); !done.ok())
    return bundle.body_failed() ? RefuseBody(call, done.error()) : RefuseStored(call, done.error());
  const Status& framing = bundle.framing();
  if (framing.ok())
    return Answer(json::object{{"message", "Parts stored"}, {"parts", bundle.TakeParts()}});
  call.Because(std::string(CodeName(framing.error().code)));
  return Answer(framing.error().code == Code::kTooLarge ? 413 : 400,
                json::object{{"message", framing.error().message}, {"parts", bundle.TakeParts()}});
}

}  // namespace

void AddBundleRoute(RouteGroup& routes) {
  routes.Add(http::Verb::kPost, "/objects/{name}", "putObjectParts",
             "Stores many small parts of an upload, for the holder of a signed URL",
             ForPages(PutBundle));
}

}  // namespace vams::api
