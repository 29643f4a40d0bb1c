#include "search/opensearch/client.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

#include "base/encoding.h"

namespace vams::search::opensearch {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{512} << 20U;
constexpr std::size_t kMaxReason = 500;

bool IsPassing(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

Error Busy(std::string_view what, int status, const Failure& failure) {
  return {Code::kUnavailable,
          fmt::format("the search server is too busy for {} (status {}); it is tried again later",
                      what, status),
          failure.type + ": " + failure.reason};
}

// Without the names of documents, which stand behind the question mark of no path.
std::string Named(std::string_view method, std::string_view path) {
  return fmt::format("{} {}", method, path.substr(0, path.find('?')));
}

Result<boost::json::object> ParseBody(std::string_view what, const std::string& text) {
  if (text.empty()) return boost::json::object();
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  options.max_depth = 4096;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error, {}, options);
  if (error || !value.is_object()) return Unreadable(what);
  return std::move(value.get_object());
}

}  // namespace

const boost::json::value* Find(const boost::json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object ? object->if_contains(name) : nullptr;
}

std::string TextAt(const boost::json::value& value, std::string_view name) {
  const auto* found = Find(value, name);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::uint64_t NumberAt(const boost::json::value& value, std::string_view name) {
  const auto* found = Find(value, name);
  if (!found || !found->is_number()) return 0;
  boost::system::error_code error;
  const auto number = found->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

Error Unreadable(std::string_view what) {
  return {
      Code::kUnavailable,
      fmt::format("the search server's answer to {} cannot be read; check that engines.search.url "
                  "(of a migration: --opensearch-url) leads to OpenSearch itself",
                  what)};
}

Failure FailureOf(const boost::json::object& body) {
  const auto* error = body.if_contains("error");
  if (!error) return {.type = {}, .reason = TextAt(body, "Message").substr(0, kMaxReason)};
  if (error->is_string()) return {.type = {}, .reason = std::string(error->get_string())};
  const auto* cause = error;
  if (const auto* roots = Find(*error, "root_cause"); roots && roots->is_array())
    if (!roots->get_array().empty()) cause = &roots->get_array().front();
  return {.type = TextAt(*cause, "type"), .reason = TextAt(*cause, "reason").substr(0, kMaxReason)};
}

bool IsBusy(int status, const Failure& failure) {
  return IsPassing(status) || failure.type == "es_rejected_execution_exception" ||
         failure.type == "rejected_execution_exception" ||
         failure.type == "circuit_breaking_exception";
}

Error RefusalError(std::string_view what, int status, const Failure& failure) {
  const std::string details =
      fmt::format("{}: {} (status {})", failure.type, failure.reason, status);
  if (status == 401)
    return {Code::kUnauthenticated,
            "the search server does not know the credentials; check those of engines.search (of a "
            "migration: --opensearch-user and its password)",
            details};
  if (status == 403)
    return {Code::kDenied,
            fmt::format("the search server refuses {} to these credentials; have the right granted",
                        what),
            details};
  if (status == 404)
    return {Code::kNotFound, fmt::format("the search server has none: {}", what), details};
  if (status == 413)
    return {Code::kTooLarge, fmt::format("the search server finds {} too large", what), details};
  const bool too_many = failure.type.contains("too_many_clauses") ||
                        failure.type.contains("too_many_nested_clauses") ||
                        failure.reason.contains("maxClauseCount");
  if (too_many)
    return {Code::kInvalid,
            "the search has more words and conditions than the search server takes at once; use "
            "fewer",
            details};
  if (status == 400)
    return {Code::kInvalid,
            fmt::format("the search server refuses {}: {}", what,
                        failure.reason.empty() ? failure.type : failure.reason),
            details};
  return {Code::kInternal,
          fmt::format("the search server answered {} with status {}", what, status), details};
}

Result<std::unique_ptr<Client>> Client::Open(OpenSearchOptions options) {
  while (options.url.ends_with('/')) options.url.pop_back();
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://"))
    return Error(Code::kInvalid, "the search server's URL must begin with http:// or https://");
  if (!options.clock) options.clock = &SystemClock();
  if (!options.timer) options.timer = &net::SystemTimer();
  if (!options.random) options.random = &SystemRandom();
  std::unique_ptr<Client> client(new Client(std::move(options)));
  OpenSearchOptions& own = client->options_;
  if (!own.transport) {
    client->transport_ =
        std::make_unique<net::HttpClient>(net::HttpClientOptions{.ca_bundle = own.ca_file});
    own.transport = client->transport_.get();
  }
  if (own.auth == OpenSearchOptions::Auth::kSigV4) {
    const net::Environment environment = net::SystemEnvironment();
    if (!own.credentials) {
      client->credentials_ = net::DefaultCredentials(environment, *own.transport, *own.clock);
      own.credentials = client->credentials_.get();
    }
    if (own.region.empty()) {
      TRY(const auto profile, net::LoadProfile(environment));
      TRY(own.region, net::ResolveRegion({}, environment, profile));
    }
    client->aws_ =
        std::make_unique<net::AwsClient>(*own.transport, *own.credentials, *own.clock, own.region);
  }
  return client;
}

Result<net::HttpResponse> Client::Once(OpContext& op, std::string_view method,
                                       std::string_view path, const std::string& body) {
  const std::string type = path.ends_with("_bulk") || path.ends_with("_msearch")
                               ? "application/x-ndjson"
                               : "application/json";
  const std::string_view bare = path.substr(0, path.find('?'));
  const std::string_view query = bare.size() == path.size() ? "" : path.substr(bare.size() + 1);
  std::vector<net::Header> headers;
  if (!body.empty()) headers.push_back({"content-type", type});
  if (aws_) {
    return aws_->Send(op, {.service = options_.service,
                           .host_prefix = {},
                           .endpoint = options_.url,
                           .method = std::string(method),
                           .path = std::string(bare),
                           .query = std::string(query),
                           .headers = std::move(headers),
                           .body = body,
                           .timeout = options_.request_timeout,
                           .max_response_bytes = kMaxAnswerBytes});
  }
  if (options_.auth == OpenSearchOptions::Auth::kBasic)
    headers.push_back(
        {"authorization", "Basic " + Base64Encode(options_.username + ":" + options_.password)});
  net::HttpRequest request{.method = std::string(method),
                           .url = options_.url + std::string(path),
                           .headers = std::move(headers),
                           .body = body,
                           .timeout = options_.request_timeout,
                           .max_response_bytes = kMaxAnswerBytes};
  return options_.transport->Send(op, request);
}

Result<Reply> Client::Send(OpContext& op, std::string_view method, std::string_view path,
                           const std::string& body) {
  TRY_OK(op.Check());
  const std::string what = Named(method, path);
  net::Backoff backoff(options_.retry, timer(), random());
  for (;;) {
    auto response = Once(op, method, path, body);
    Error error;
    if (response.ok()) {
      auto parsed = method == "HEAD" ? boost::json::object() : ParseBody(what, response->body);
      if (!IsPassing(response->status) && (parsed.ok() || response->status >= 400))
        return Reply{.status = response->status,
                     .body = parsed.ok() ? *std::move(parsed) : boost::json::object()};
      error = parsed.ok()                   ? Busy(what, response->status, FailureOf(*parsed))
              : IsPassing(response->status) ? Busy(what, response->status, {})
                                            : std::move(parsed).error();
    } else {
      if (!response.error().retryable) return std::move(response).error();
      error = std::move(response).error();
    }
    TRY(const bool again, backoff.Wait(op));
    if (!again) return error;
  }
}

Result<boost::json::object> Client::Call(OpContext& op, std::string_view method,
                                         std::string_view path, const std::string& body) {
  TRY(Reply reply, Send(op, method, path, body));
  if (!reply.ok()) return RefusalError(Named(method, path), reply.status, FailureOf(reply.body));
  return std::move(reply.body);
}

Result<boost::json::object> Client::Call(OpContext& op, std::string_view method,
                                         std::string_view path, const boost::json::object& body) {
  return Call(op, method, path, boost::json::serialize(body));
}

}  // namespace vams::search::opensearch
