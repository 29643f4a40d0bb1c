// Calling an AWS Lambda function and waiting for what it returns.
// Thread-safe.  Blocks until the function ends: up to fifteen minutes.
#pragma once

#include <string>
#include <string_view>

#include "net/aws_client.h"

namespace vams::net {

struct LambdaResult {
  int status = 0;              // 200
  std::string function_error;  // "Unhandled", …; empty: the function succeeded
  std::string payload;         // what it returned, or the description of its error
};

// Invokes `function` (name or ARN; "name:qualifier" chooses a version) synchronously.  Never tried
// again by itself, because nobody knows what a half-done call has done: kUnavailable says whether
// the call can have arrived.  kNotFound: no such function; kDenied, kUnauthenticated: credentials.
// An error inside the function is a result.
Result<LambdaResult> InvokeFunction(OpContext& op, AwsClient& client, std::string_view endpoint,
                                    std::string_view function, std::string payload);

}  // namespace vams::net
