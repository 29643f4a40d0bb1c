// One signed request to an AWS service, or to a server that speaks its protocol.  The base of the
// DynamoDB engine and of Lambda calls.
//
// Thread-safe.  Send blocks on the network, and on finding credentials.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "net/aws_credentials.h"
#include "net/http.h"

namespace vams::net {

struct AwsRequest {
  std::string service;      // signing name: "dynamodb", "lambda"
  std::string host_prefix;  // of the public host; empty: the service
  std::string endpoint;     // base URL; empty: the public host of the region
  std::string method = "POST";
  std::string path = "/";  // percent-encoded
  std::string query;       // percent-encoded, without '?'
  std::vector<Header> headers;
  std::string body;
  std::chrono::milliseconds timeout{60'000};
  std::size_t max_response_bytes = std::size_t{64} << 20;
};

class AwsClient {
 public:
  // All must outlive the client.
  AwsClient(Transport& transport, CredentialSource& credentials, const Clock& clock,
            std::string region)
      : transport_(transport),
        credentials_(credentials),
        clock_(clock),
        region_(std::move(region)) {}

  // Signs and sends once; a second time, with fetched credentials, when the service says that they
  // have expired or are not known.  Any other status is the caller's to judge.  `arrived` as in
  // Transport::Send.
  Result<HttpResponse> Send(OpContext& op, const AwsRequest& request, bool* arrived = nullptr);

  const std::string& region() const { return region_; }

 private:
  Transport& transport_;
  CredentialSource& credentials_;
  const Clock& clock_;
  const std::string region_;
};

// What an answer with a status of 400 and more says about itself.
struct AwsFailure {
  std::string type;     // "ThrottlingException": without namespace and URL; empty if it says none
  std::string message;  // without what could hold a secret
};
AwsFailure ReadFailure(const HttpResponse& response);

// Whether new credentials may help.
bool IsExpiredCredentials(std::string_view failure_type);

// The error of a refused signature, key or permission; nothing for other failures.
std::optional<Error> CredentialError(const AwsFailure& failure, std::string_view service,
                                     std::string_view action);

}  // namespace vams::net
