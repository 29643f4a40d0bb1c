#include "net/lambda.h"

#include <fmt/format.h>

namespace vams::net {

namespace {

// A function may run for 900 s; its answer travels a little longer.
constexpr std::chrono::milliseconds kLongest{930'000};

}  // namespace

Result<LambdaResult> InvokeFunction(OpContext& op, AwsClient& client, std::string_view endpoint,
                                    std::string_view function, std::string payload) {
  AwsRequest request{
      .service = "lambda",
      .endpoint = std::string(endpoint),
      .path = fmt::format("/2015-03-31/functions/{}/invocations", PercentEncode(function)),
      .headers = {{"content-type", "application/json"},
                  {"x-amz-invocation-type", "RequestResponse"}},
      .body = std::move(payload),
      .timeout = kLongest};
  bool arrived = false;
  auto response = client.Send(op, request, &arrived);
  if (!response.ok()) {
    Error error = std::move(response).error();
    if (error.code == Code::kUnavailable) {
      error.retryable = !arrived;
      error.message += arrived ? fmt::format(
                                     "; function {} may have run or be running: look at "
                                     "its log before calling it again",
                                     function)
                               : fmt::format("; function {} was not called", function);
    }
    return error;
  }
  if (response->status >= 400) {
    const auto failure = ReadFailure(*response);
    if (auto error = CredentialError(failure, "Lambda", fmt::format("calling {}", function)))
      return *std::move(error);
    if (response->status == 404)
      return Error(Code::kNotFound,
                   fmt::format("there is no Lambda function {} in region {}; check its name and "
                               "the region",
                               function, client.region()),
                   failure.message);
    const bool later = response->status == 429 || response->status >= 500;
    return Error(
        later ? Code::kUnavailable : Code::kInvalid,
        fmt::format("Lambda did not run {}: {} (status {})", function,
                    failure.type.empty() ? "no reason given" : failure.type, response->status),
        failure.message);
  }
  LambdaResult result{.status = response->status, .payload = std::move(response->body)};
  if (const auto* error = FindHeader(response->headers, "x-amz-function-error"))
    result.function_error = *error;
  return result;
}

}  // namespace vams::net
