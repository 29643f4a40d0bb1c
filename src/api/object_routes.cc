// Contents of objects for whoever holds a signed URL: reading one object, storing one part.  Many
// parts at once are in bundle_routes.cc.
// Spec: api-assets.md sections 1.11 and 5.3.
#include <chrono>
#include <utility>

#include "api/object_answer.h"
#include "api/routes.h"
#include "api/signed_requests.h"
#include "base/encoding.h"
#include "objects/signed_url.h"

namespace vams::api {

namespace {

using objects::UrlGrant;
using objects::UrlMethod;

// Of a part whose URL says nothing about its size (section 5.1).
constexpr std::uint64_t kMaxPartBytes = std::uint64_t{5} << 30;
constexpr std::size_t kMd5Bytes = 16;

}  // namespace

// ---- signed_requests.h ----

void AllowPages(http::Response& response) {
  response.headers.Set("access-control-allow-origin", "*");
  response.headers.Set(
      "access-control-expose-headers",
      "ETag, Content-Length, Content-Range, Accept-Ranges, Last-Modified, x-amz-version-id");
}

http::Response RefuseUrl(Call& call, const Error& error) {
  // Whoever tries addresses is held back by theirs.
  if (http::KeyedLimiter* const limit = call.s.caller_limit; limit != nullptr) {
    const auto now = std::chrono::steady_clock::now();
    if (!limit->TryTake(call.request.client, now)) {
      http::Response busy = Refuse(429, "Too Many Requests");
      const auto wait = limit->RetryAfter(call.request.client, now);
      busy.headers.Set("retry-after", std::to_string(http::RetryAfterSeconds(wait)));
      return busy;
    }
  }
  call.Audit(audit::Channel::kAuthorization, "",
             {{"action", http::VerbName(call.request.verb)},
              {"obj", {{"object__type", "signedUrl"}, {"route__path", call.request.path}}},
              {"sourceIp", call.request.client},
              {"failureReason", error.details.empty() ? error.message : error.details}});
  return Refuse(403, error.message);
}

Result<http::Response> RefuseStored(Call& call, Error error) {
  call.Because(std::string(CodeName(error.code)));
  switch (error.code) {
    case Code::kNotFound:
      return Refuse(404, error.message);
    case Code::kInvalid:
      return Refuse(400, error.message);
    case Code::kTooLarge:
      return Refuse(413, error.message);
    case Code::kDenied:
      error.code = Code::kInternal;
      return error;
    default:
      return error;
  }
}

Result<http::Response> RefuseBody(Call& call, const Error& error) {
  switch (error.code) {
    case Code::kDenied:
      return RefuseUrl(call, error);
    case Code::kTimeout:
      return Refuse(408, error.message);
    default:
      return RefuseStored(call, error);
  }
}

namespace {

// ---- Reading ----

Result<http::Response> ReadObject(Call& call) {
  const bool head = call.request.verb == http::Verb::kHead;
  auto url =
      call.s.urls.Verify(call.op, head ? UrlMethod::kHead : UrlMethod::kGet, call.request.target);
  if (!url.ok() && url.error().code == Code::kDenied) return RefuseUrl(call, url.error());
  if (!url.ok()) return std::move(url).error();
  UrlGrant& grant = url->grant;
  std::optional<std::string> version;
  if (!grant.version_id.empty()) version = grant.version_id;
  ObjectAnswerOptions options{.content_type = std::move(grant.content_type),
                              .content_disposition = std::move(grant.content_disposition),
                              .allowed = grant.range};
  // Kept, but asked about each time: the URL may stand for whatever is newest.
  options.headers.Set("cache-control", "private, no-cache");
  auto answer = AnswerWithObject(call.op, call.s.objects, call.request, {grant.bucket, grant.key},
                                 version, options);
  if (answer.ok()) return *std::move(answer);
  if (answer.error().code == Code::kDenied) return RefuseUrl(call, answer.error());
  return RefuseStored(call, std::move(answer).error());
}

// ---- Storing a part ----

// The body for the store, held to the lengths that the URL allows.
class PartSource {
 public:
  PartSource(http::RequestBody& body, const UrlGrant& grant) : body_(body), grant_(grant) {}

  Result<std::size_t> operator()(char* to, std::size_t size) {
    auto count = body_.Read({to, size});
    if (!count.ok()) return Refused(std::move(count).error());
    total_ += *count;
    if (*count == 0 || total_ > Most()) {
      if (const Status fits = CheckPart(grant_, total_); !fits.ok()) return Refused(fits.error());
    }
    return *count;
  }

  // The error, if it was the body that ended the storing.
  const std::optional<Error>& refused() const { return refused_; }

  static Status CheckPart(const UrlGrant& grant, std::uint64_t bytes) {
    if (!grant.content_length && bytes > kMaxPartBytes)
      return Error(Code::kTooLarge,
                   "a part has 5 GiB at most; nothing was stored; send the file in more parts");
    return objects::CheckLength(grant, bytes);
  }

 private:
  std::uint64_t Most() const {
    return grant_.content_length ? grant_.content_length->high : kMaxPartBytes;
  }
  Error Refused(Error error) {
    refused_ = error;
    return error;
  }

  http::RequestBody& body_;
  const UrlGrant& grant_;
  std::uint64_t total_ = 0;
  std::optional<Error> refused_;
};

Result<http::Response> PutPart(Call& call) {
  auto url = call.s.urls.Verify(call.op, UrlMethod::kPut, call.request.target);
  if (!url.ok() && url.error().code == Code::kDenied) return RefuseUrl(call, url.error());
  if (!url.ok()) return std::move(url).error();
  const UrlGrant& grant = url->grant;
  VAMS_CHECK(call.request.incoming != nullptr);
  http::RequestBody& body = *call.request.incoming;
  objects::ContentExpectation expected{.size = body.length()};
  if (expected.size)
    if (const Status fits = PartSource::CheckPart(grant, *expected.size); !fits.ok())
      return RefuseBody(call, fits.error());
  if (const auto sent = call.request.headers.Find("content-md5")) {
    const auto digest = Base64Decode(*sent);
    if (!digest || digest->size() != kMd5Bytes)
      return Refuse(400,
                    "the Content-MD5 field is no MD5 digest in base64; nothing was stored; correct "
                    "it or leave it out");
    expected.md5 = HexEncode(*digest);
  }
  PartSource source(body, grant);
  auto stored = call.s.objects.PutPart(call.op, grant.upload_id,
                                       static_cast<std::uint32_t>(grant.part_number),
                                       std::ref(source), expected);
  if (stored.ok()) {
    http::Response response;
    response.headers.Set("etag", '"' + stored->etag + '"');
    return response;
  }
  if (source.refused()) return RefuseBody(call, *source.refused());
  return RefuseStored(call, std::move(stored).error());
}

}  // namespace

Endpoint ForPages(Result<http::Response> (*endpoint)(Call&)) {
  return [endpoint](Call& call) -> Result<http::Response> {
    auto response = endpoint(call);
    if (!response.ok()) return response;
    AllowPages(*response);
    return response;
  };
}

void AddObjectRoutes(Gate& gate) {
  RouteGroup routes(gate, {.guard = Guard::kPublic,
                           .tag = "objects",
                           // How often it is asked follows from the size of the data.
                           .unlimited = true});
  routes.Add(http::Verb::kGet, "/objects/{name}", "readObject",
             "The content of an object, for the holder of a signed URL", ForPages(ReadObject));
  RouteGroup transfers(
      gate, {.guard = Guard::kPublic, .tag = "objects", .streams_body = true, .unlimited = true});
  transfers.Add(http::Verb::kPut, "/objects/{name}", "putObjectPart",
                "Stores a part of an upload, for the holder of a signed URL", ForPages(PutPart));
  AddBundleRoute(transfers);
}

}  // namespace vams::api
