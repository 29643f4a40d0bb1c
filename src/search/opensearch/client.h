// One call of the OpenSearch protocol: credentials, retries, checking the answer, errors in our
// terms.  Private to search/opensearch.
//
// Thread-safe.  Every call blocks on the network, and between attempts.  No error holds a secret.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "net/aws_client.h"
#include "net/http_client.h"
#include "search/opensearch/opensearch_index.h"

namespace vams::search::opensearch {

// What the server says about a refusal.
struct Failure {
  std::string type;  // "index_not_found_exception"; empty: none given
  std::string reason;
};

struct Reply {
  int status = 0;
  boost::json::object body;

  bool ok() const { return status < 400; }
};

class Client {
 public:
  static Result<std::unique_ptr<Client>> Open(OpenSearchOptions options);

  // Attempts until the server answers with anything but "too busy" and "failed", or the budget is
  // used up.  `path` has no characters that need encoding.  The body is JSON, or lines of it.
  Result<Reply> Send(OpContext& op, std::string_view method, std::string_view path,
                     const std::string& body = {});
  // The same; a refusal becomes an error.
  Result<boost::json::object> Call(OpContext& op, std::string_view method, std::string_view path,
                                   const std::string& body = {});
  Result<boost::json::object> Call(OpContext& op, std::string_view method, std::string_view path,
                                   const boost::json::object& body);

  const OpenSearchOptions& options() const { return options_; }
  const Clock& clock() const { return *options_.clock; }
  net::Timer& timer() { return *options_.timer; }
  Random& random() { return *options_.random; }

 private:
  explicit Client(OpenSearchOptions options) : options_(std::move(options)) {}

  Result<net::HttpResponse> Once(OpContext& op, std::string_view method, std::string_view path,
                                 const std::string& body);

  OpenSearchOptions options_;
  std::unique_ptr<net::HttpClient> transport_;
  std::unique_ptr<net::CredentialSource> credentials_;
  std::unique_ptr<net::AwsClient> aws_;
};

// Of the body of a refused call, or of one item of a bulk or search call.
Failure FailureOf(const boost::json::object& body);
bool IsBusy(int status, const Failure& failure);
Error RefusalError(std::string_view what, int status, const Failure& failure);

// ---- Looking into answers; what is missing is empty, zero or an error
// -------------------------------------------------------------------------------

const boost::json::value* Find(const boost::json::value& value, std::string_view name);
std::string TextAt(const boost::json::value& value, std::string_view name);
std::uint64_t NumberAt(const boost::json::value& value, std::string_view name);
// kUnavailable: the server's answer is not what the protocol says.
Error Unreadable(std::string_view what);

}  // namespace vams::search::opensearch
