#include "migrate/remote/reindex.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/journal.h"

namespace vams::migrate::remote {

namespace json = boost::json;

namespace {

std::string Shortened(std::string_view text) {
  constexpr std::size_t kMost = 400;
  return text.size() <= kMost ? std::string(text) : std::string(text.substr(0, kMost)) + "…";
}

Error Failed(std::string why, std::string_view payload) {
  return Error(Code::kInternal, std::move(why), Shortened(payload));
}

// The body may be an object or its text.
Result<json::object> Body(const json::object& answer, std::string_view payload) {
  const json::value* body = answer.if_contains("body");
  if (body == nullptr) return answer;  // a function that answers without an envelope
  if (body->is_object()) return body->get_object();
  boost::system::error_code ec;
  if (body->is_string())
    if (auto parsed = json::parse(body->get_string(), ec); !ec && parsed.is_object())
      return std::move(parsed.get_object());
  return Failed("its answer has no body that can be read", payload);
}

void Count(const json::object& results, std::string_view kind, ReindexOutcome& outcome) {
  const json::value* part = results.if_contains(kind);
  if (part == nullptr || !part->is_object()) return;
  const auto failed = NumberOf(part->get_object(), "failed_count");
  outcome.failed += failed;
  outcome.summary += fmt::format("{}{}: {} of {}{}", outcome.summary.empty() ? "" : ", ", kind,
                                 NumberOf(part->get_object(), "success_count"),
                                 NumberOf(part->get_object(), "total_count"),
                                 failed == 0 ? "" : fmt::format(" ({} failed)", failed));
}

// Clearing is reported apart, and goes wrong without stopping the rest.
Status CheckClearing(const json::object& results, std::string_view payload) {
  const json::value* clearing = results.if_contains("clear_indexes");
  if (clearing == nullptr || !clearing->is_object()) return Ok();
  for (const auto& index : clearing->get_object()) {
    const json::object* state = index.value().if_object();
    const json::value* success = state != nullptr ? state->if_contains("success") : nullptr;
    if (success != nullptr && success->is_bool() && !success->get_bool())
      return Failed(fmt::format("it could not clear {}", std::string_view(index.key())), payload);
  }
  return Ok();
}

}  // namespace

std::string ReindexPayload(const UpstreamConfig& config) {
  json::object payload{{"operation", config.reindex_operation},
                       {"dry_run", config.dry_run},
                       {"clear_indexes", config.clear_indexes}};
  if (config.limit) payload["limit"] = *config.limit;
  return json::serialize(payload);
}

Result<ReindexOutcome> ReadReindexAnswer(const net::LambdaResult& answer) {
  if (!answer.function_error.empty())
    return Failed(fmt::format("the function ended with an error ({}): {}", answer.function_error,
                              Shortened(answer.payload)),
                  answer.payload);
  if (answer.status != 200)
    return Failed(fmt::format("the call was answered with status {}", answer.status),
                  answer.payload);
  boost::system::error_code ec;
  const json::value parsed = json::parse(answer.payload, ec);
  if (ec || !parsed.is_object()) return Failed("its answer is no JSON object", answer.payload);
  const json::object& object = parsed.get_object();
  TRY(const auto body, Body(object, answer.payload));
  const auto said = [&] {
    std::string text = TextOf(body, "error");
    if (text.empty()) text = TextOf(body, "message");
    return text.empty() ? Shortened(answer.payload) : text;
  };
  if (object.if_contains("statusCode") != nullptr && NumberOf(object, "statusCode") != 200)
    return Failed(
        fmt::format("it answered with status {}: {}", NumberOf(object, "statusCode"), said()),
        answer.payload);
  if (body.if_contains("error") != nullptr)
    return Failed(fmt::format("it answered with an error: {}", said()), answer.payload);
  const json::value* results = body.if_contains("results");
  if (results == nullptr || !results->is_object())
    return Failed(fmt::format("its answer has no results: {}", said()), answer.payload);
  TRY_OK(CheckClearing(results->get_object(), answer.payload));
  ReindexOutcome outcome;
  Count(results->get_object(), "assets", outcome);
  Count(results->get_object(), "files", outcome);
  if (outcome.summary.empty())
    return Failed("its results name neither assets nor files", answer.payload);
  if (outcome.failed > 0)
    return Failed(fmt::format("some could not be indexed: {}", outcome.summary), answer.payload);
  return outcome;
}

Result<ReindexOutcome> InvokeReindex(OpContext& op, const UpstreamConfig& config,
                                     const Invoke& invoke) {
  TRY(const auto answer, invoke(op, config.reindex_function, ReindexPayload(config)));
  return ReadReindexAnswer(answer);
}

}  // namespace vams::migrate::remote
