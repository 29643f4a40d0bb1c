// One call of the DynamoDB protocol (JSON 1.0): signing, retries, checking the answer, and errors
// in our terms.  Internal to items/dynamodb.
//
// Thread-safe.  Every call blocks on the network, and between attempts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/aws_client.h"
#include "net/retry.h"

namespace vams::items::dynamodb {

struct ClientOptions {
  std::string endpoint;          // empty: the public one of the region
  std::string streams_endpoint;  // the same for DynamoDB Streams
  net::RetryPolicy retry;
  std::chrono::milliseconds request_timeout{30'000};
};

// What one attempt came to.
struct Answer {
  enum class Kind : std::uint8_t {
    kOk,
    kThrottled,  // too much at once: later, and less
    kBroken,     // the server failed, or its answer cannot be read: later
    kRefused,    // for good; see `failure`
  };
  Kind kind = Kind::kOk;
  std::string body;  // JSON
  net::AwsFailure failure;
  Error error;               // what to report if this was the last attempt; not of kOk
  bool may_be_done = false;  // not of kOk: whether the server can have carried the call out
};

enum class Repeatable : std::uint8_t {
  kYes,  // doing it twice is doing it once: reads, puts and deletes without conditions
  kNo,   // once it can have been done, it is not tried again
};

class Client {
 public:
  Client(net::AwsClient& aws, ClientOptions options, net::Timer& timer, Random& random);

  // One attempt.  Errors are only those of the operation itself (cancelled, late) and of the
  // configuration.  `action` is "GetItem"; of Streams "Streams.GetRecords".
  Result<Answer> Once(OpContext& op, std::string_view action, const std::string& body);
  // Attempts until one is kOk or kRefused, or the budget is used up; then the last one.
  Result<Answer> Exchange(OpContext& op, std::string_view action, const std::string& body,
                          Repeatable repeatable = Repeatable::kYes);
  // The same; whatever is not kOk becomes its error.
  Result<std::string> Call(OpContext& op, std::string_view action, const std::string& body,
                           Repeatable repeatable = Repeatable::kYes);

  const ClientOptions& options() const { return options_; }
  const std::string& region() const { return aws_.region(); }
  net::Timer& timer() { return timer_; }
  Random& random() { return random_; }

 private:
  Answer Judge(std::string_view action, net::HttpResponse response) const;

  net::AwsClient& aws_;
  const ClientOptions options_;
  net::Timer& timer_;
  Random& random_;
};

}  // namespace vams::items::dynamodb
