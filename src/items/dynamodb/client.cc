#include "items/dynamodb/client.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace vams::items::dynamodb {

namespace {

constexpr std::string_view kStreams = "Streams.";

bool IsThrottling(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes{"ProvisionedThroughputExceededException",
                                                   "ThrottlingException",
                                                   "Throttling",
                                                   "RequestLimitExceeded",
                                                   "ThrottledException",
                                                   "TooManyRequestsException",
                                                   "LimitExceededException"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

bool IsPassing(std::string_view type) {
  constexpr std::array<std::string_view, 6> kTypes{"TransactionConflictException",
                                                   "TransactionInProgressException",
                                                   "InternalServerError",
                                                   "InternalServerErrorException",
                                                   "InternalFailure",
                                                   "ServiceUnavailable"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

bool Says(std::string_view message, std::string_view what) {
  return message.find(what) != std::string_view::npos;
}

// The error of a call that the service refuses for good.
Error Refusal(std::string_view action, const net::AwsFailure& failure, int status) {
  if (auto error = net::CredentialError(failure, "DynamoDB", action)) return *std::move(error);
  const auto& [type, message] = failure;
  const auto with = [&](Code code, std::string_view before) {
    return Error(code, fmt::format("{}{}", before, message.empty() ? type : message),
                 fmt::format("{} of {}, status {}", type, action, status));
  };
  if (type == "ResourceNotFoundException" || type == "TableNotFoundException" ||
      type == "BackupNotFoundException" || type == "ExportNotFoundException" ||
      type == "PointInTimeRecoveryUnavailableException")
    return with(Code::kNotFound, "DynamoDB does not find it: ");
  if (type == "ConditionalCheckFailedException" || type == "TransactionCanceledException")
    return with(Code::kConflict, "a condition of the write did not hold; nothing was written: ");
  if (type == "ResourceInUseException" || type == "TableInUseException" ||
      type == "BackupInUseException" || type == "ExportConflictException" ||
      type == "IdempotentParameterMismatchException" || type == "TableAlreadyExistsException")
    return with(Code::kConflict, "DynamoDB cannot do this now: ");
  if (type == "ItemCollectionSizeLimitExceededException")
    return with(Code::kTooLarge, "the items of one partition key are too large together: ");
  if (type == "TrimmedDataAccessException" || type == "ExpiredIteratorException")
    return with(Code::kNotFound, "the stream no longer has it: ");
  if (type == "UnknownOperationException")
    return with(Code::kNotSupported,
                fmt::format("this server does not know the call {}: ", action));
  if (type == "ValidationException" || type == "SerializationException" ||
      type == "InvalidRestoreTimeException" || type == "InvalidExportTimeException") {
    if (Says(message, "size has exceeded the maximum") ||
        Says(message, "exceeded the maximum allowed size") || Says(message, "size limit") ||
        Says(message, "significant digits") || Says(message, "38 digits") ||
        Says(message, "Number overflow") || Says(message, "Number underflow") ||
        Says(message, "magnitude larger") || Says(message, "magnitude smaller"))
      return with(Code::kTooLarge, "DynamoDB refuses the size: ");
    return with(Code::kInvalid, "DynamoDB refuses the request: ");
  }
  if (status == 413) return with(Code::kTooLarge, "the request is too large: ");
  return with(Code::kInternal,
              fmt::format("DynamoDB answered {} with status {}: ", action, status));
}

bool ChecksumFits(const net::HttpResponse& response, const std::string& checksum) {
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(response.body.data()),
                         static_cast<uInt>(response.body.size()));
  return std::to_string(sum) == checksum;
}

// A body without a checksum is parsed once more than needed; real services send the checksum.
bool IsReadable(const net::HttpResponse& response) {
  if (const auto* checksum = net::FindHeader(response.headers, "x-amz-crc32"))
    return ChecksumFits(response, *checksum);
  boost::system::error_code ec;
  const auto json = boost::json::parse(response.body, ec);
  return !ec && json.is_object();
}

}  // namespace

Client::Client(net::AwsClient& aws, ClientOptions options, net::Timer& timer, Random& random)
    : aws_(aws), options_(std::move(options)), timer_(timer), random_(random) {}

Answer Client::Judge(std::string_view action, net::HttpResponse response) const {
  Answer answer;
  answer.may_be_done = response.status == 200 || response.status >= 500;
  if (response.status == 200) {
    if (!IsReadable(response)) {
      answer.kind = Answer::Kind::kBroken;
      answer.error = Error(Code::kUnavailable,
                           fmt::format("the server's answer to {} arrives damaged every time; "
                                       "check what lies between it and this machine",
                                       action));
    }
    answer.body = std::move(response.body);
    return answer;
  }
  answer.failure = net::ReadFailure(response);
  const auto& type = answer.failure.type;
  if (IsThrottling(type) || response.status == 429) {
    answer.kind = Answer::Kind::kThrottled;
    answer.may_be_done = false;
    answer.error = Error(Code::kUnavailable,
                         fmt::format("DynamoDB throttles {} ({}); repeat it later, or raise the "
                                     "capacity of the table",
                                     action, type),
                         answer.failure.message);
  } else if (response.status >= 500 || IsPassing(type) || type.empty() ||
             type == "CrcMismatchException") {
    answer.kind = Answer::Kind::kBroken;
    answer.error =
        Error(Code::kUnavailable,
              fmt::format("DynamoDB failed to answer {} ({}, status {}); repeat it "
                          "later",
                          action, type.empty() ? "no reason given" : type, response.status),
              answer.failure.message);
  } else {
    answer.kind = Answer::Kind::kRefused;
    answer.error = Refusal(action, answer.failure, response.status);
    answer.body = std::move(response.body);
  }
  return answer;
}

Result<Answer> Client::Once(OpContext& op, std::string_view action, const std::string& body) {
  const bool streams = action.starts_with(kStreams);
  if (streams) action.remove_prefix(kStreams.size());
  net::AwsRequest request{
      .service = "dynamodb",
      .host_prefix = streams ? "streams.dynamodb" : "",
      .endpoint = streams ? options_.streams_endpoint : options_.endpoint,
      .headers = {{"content-type", "application/x-amz-json-1.0"},
                  {"x-amz-target", fmt::format("{}_20120810.{}",
                                               streams ? "DynamoDBStreams" : "DynamoDB", action)}},
      .body = body,
      .timeout = options_.request_timeout};
  bool arrived = false;
  auto response = aws_.Send(op, request, &arrived);
  if (response.ok()) return Judge(action, *std::move(response));
  if (!response.error().retryable) return std::move(response).error();
  Answer answer;
  answer.kind = Answer::Kind::kBroken;
  answer.error = std::move(response).error();
  answer.may_be_done = arrived;
  return answer;
}

Result<Answer> Client::Exchange(OpContext& op, std::string_view action, const std::string& body,
                                Repeatable repeatable) {
  net::Backoff backoff(options_.retry, timer_, random_);
  bool may_be_done = false;
  for (;;) {
    TRY(auto answer, Once(op, action, body));
    may_be_done = may_be_done || (answer.kind != Answer::Kind::kOk && answer.may_be_done);
    if (answer.kind == Answer::Kind::kOk) return answer;
    answer.may_be_done = may_be_done;
    if (answer.kind == Answer::Kind::kRefused) return answer;
    if (repeatable == Repeatable::kNo && may_be_done) {
      answer.error.message += "; the write may have been carried out: read before repeating it";
      return answer;
    }
    TRY(const bool again, backoff.Wait(op));
    if (!again) return answer;
  }
}

Result<std::string> Client::Call(OpContext& op, std::string_view action, const std::string& body,
                                 Repeatable repeatable) {
  TRY(auto answer, Exchange(op, action, body, repeatable));
  if (answer.kind != Answer::Kind::kOk) return std::move(answer.error);
  return std::move(answer.body);
}

}  // namespace vams::items::dynamodb
