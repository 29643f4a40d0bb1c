#include "net/aws_client.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/encoding.h"
#include "base/hash.h"
#include "net/sigv4.h"

namespace vams::net {

namespace {

std::string PublicEndpoint(const AwsRequest& request, const std::string& region) {
  const std::string& prefix = request.host_prefix.empty() ? request.service : request.host_prefix;
  return fmt::format("https://{}.{}.amazonaws.com{}", prefix, region,
                     region.starts_with("cn-") ? ".cn" : "");
}

// Of "https://host:8000/base": "host:8000" and "/base".  Standard ports do not stand in the Host
// header that is signed.
struct Address {
  std::string host;
  std::string base;
};

Result<Address> ParseEndpoint(const std::string& endpoint) {
  const bool tls = endpoint.starts_with("https://");
  if (!tls && !endpoint.starts_with("http://"))
    return Error(Code::kInvalid,
                 fmt::format("the endpoint \"{}\" must begin with http:// or https://",
                             endpoint.substr(0, 100)));
  const auto rest = endpoint.substr(tls ? 8 : 7);
  const auto slash = rest.find('/');
  Address address{rest.substr(0, slash), slash == std::string::npos ? "" : rest.substr(slash)};
  while (address.base.ends_with('/')) address.base.pop_back();
  if (address.host.empty() || address.host.find('@') != std::string::npos ||
      rest.find_first_of("?# ") != std::string::npos)
    return Error(Code::kInvalid,
                 "an endpoint is a scheme, a host and perhaps a port: "
                 "http://localhost:8000");
  const std::string_view standard = tls ? ":443" : ":80";
  if (address.host.ends_with(standard)) address.host.resize(address.host.size() - standard.size());
  return address;
}

}  // namespace

Result<HttpResponse> AwsClient::Send(OpContext& op, const AwsRequest& request, bool* arrived) {
  if (arrived != nullptr) *arrived = false;
  const std::string endpoint =
      request.endpoint.empty() ? PublicEndpoint(request, region_) : request.endpoint;
  TRY(const auto address, ParseEndpoint(endpoint));
  const std::string payload_hash = HexEncode(Sha256(request.body));
  for (bool again = false;; again = true) {
    TRY(const auto credentials, credentials_.Get(op));
    SignedRequest to_sign{.method = request.method,
                          .path = address.base + request.path,
                          .query = request.query,
                          .headers = request.headers,
                          .payload_hash = payload_hash};
    to_sign.headers.push_back({"host", address.host});
    Sign(to_sign, {.region = region_, .service = request.service, .at_millis = clock_.NowMillis()},
         credentials);
    HttpRequest http{
        .method = request.method,
        .url = fmt::format("{}://{}{}{}{}", endpoint.starts_with("https://") ? "https" : "http",
                           address.host, to_sign.path, request.query.empty() ? "" : "?",
                           request.query),
        .headers = std::move(to_sign.headers),
        .body = request.body,
        .timeout = request.timeout,
        .max_response_bytes = request.max_response_bytes};
    std::erase_if(http.headers, [](const Header& header) { return header.name == "host"; });
    TRY(auto response, transport_.Send(op, http, arrived));
    if (response.status < 400 || again || !IsExpiredCredentials(ReadFailure(response).type))
      return response;
    credentials_.Refuse(credentials);
  }
}

AwsFailure ReadFailure(const HttpResponse& response) {
  AwsFailure failure;
  if (const auto* type = FindHeader(response.headers, "x-amzn-errortype")) failure.type = *type;
  boost::system::error_code ec;
  const auto json = boost::json::parse(response.body, ec);
  if (!ec && json.is_object()) {
    const auto text = [&](const char* name) -> std::string {
      const auto* value = json.get_object().if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                    : std::string();
    };
    for (const char* name : {"__type", "code", "Type"})
      if (failure.type.empty()) failure.type = text(name);
    failure.message = text("message");
    if (failure.message.empty()) failure.message = text("Message");
  }
  // "com.amazonaws.dynamodb.v20120810#ThrottlingException", "ThrottlingException:http://…"
  if (const auto hash = failure.type.rfind('#'); hash != std::string::npos)
    failure.type.erase(0, hash + 1);
  failure.type = failure.type.substr(0, failure.type.find(':'));
  // A refused signature is explained with the headers that were signed, a session token among them.
  if (failure.type.find("Signature") != std::string::npos ||
      failure.message.find("security-token") != std::string::npos)
    failure.message = failure.message.substr(0, failure.message.find_first_of(".\n"));
  if (failure.message.size() > 1000) failure.message.resize(1000);
  return failure;
}

bool IsExpiredCredentials(std::string_view type) {
  return type == "ExpiredTokenException" || type == "ExpiredToken" ||
         type == "UnrecognizedClientException" || type == "InvalidClientTokenId" ||
         type == "RequestExpired";
}

std::optional<Error> CredentialError(const AwsFailure& failure, std::string_view service,
                                     std::string_view action) {
  const auto& type = failure.type;
  const auto with = [&](Code code, std::string why) {
    return Error(code, fmt::format("{} refused {}: {}", service, action, why), failure.message);
  };
  if (type == "ExpiredTokenException" || type == "ExpiredToken" || type == "RequestExpired")
    return with(Code::kUnauthenticated,
                "the AWS credentials have expired and no newer ones were found; log in again and "
                "repeat");
  if (type == "UnrecognizedClientException" || type == "InvalidClientTokenId" ||
      type == "MissingAuthenticationTokenException" || type == "MissingAuthenticationToken")
    return with(Code::kUnauthenticated,
                "it does not know the AWS access key; check the credentials and the region");
  if (type == "InvalidSignatureException" || type == "SignatureDoesNotMatch" ||
      type == "IncompleteSignatureException" || type == "IncompleteSignature")
    return with(Code::kUnauthenticated,
                "the signature is not right; check the AWS secret key and this machine's clock");
  if (type == "AccessDeniedException" || type == "AccessDenied" || type == "NotAuthorized" ||
      type == "OptInRequired")
    return with(Code::kDenied, fmt::format("the AWS identity in use may not do that{}{}; have the "
                                           "permission granted, or use another profile",
                                           failure.message.empty() ? "" : ": ", failure.message));
  return std::nullopt;
}

}  // namespace vams::net
