// Finding assets and files.  Spec: search.md sections 1 to 3.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

#include "api/read_body.h"
#include "api/routes.h"
#include "api/search_answer.h"
#include "api/search_request.h"
#include "base/log.h"

namespace vams::api {

namespace json = boost::json;

namespace {

using SteadyClock = std::chrono::steady_clock;

// The text by which clients know that search is switched off.
http::Response NotEnabled() {
  return Refuse(404, "Search is not available when OpenSearch feature is not enabled");
}

// One status for all failures on the wire.  What the client can mend is said beside the text that
// clients know; what it cannot is for the log.
Result<http::Response> Failed(Call& call, const Error& error) {
  if (error.code == Code::kCancelled || error.code == Code::kTimeout) return error;
  call.Because(std::string(CodeName(error.code)));
  if (error.code != Code::kInvalid) {
    LogError(fmt::format("request {}: {}: {}: {}", call.request.request_id, CodeName(error.code),
                         error.message, error.details));
    return RefuseGeneral(error.message);
  }
  json::object refusal{{"message", fmt::format("VAMS General Error: {}", error.message)}};
  if (!error.details.empty()) refusal["reason"] = error.details;
  return Answer(400, refusal);
}

http::Response Found(catalog::FoundPage page, SteadyClock::time_point begin) {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin);
  return Answer(SearchAnswer(std::move(page), took.count()));
}

Result<http::Response> Search(Call& call) {
  if (call.s.asset_search == nullptr) return NotEnabled();
  PARSE(const auto query, ReadBody(call, "SearchRequestModel", ReadSearchQuery));
  const auto begin = SteadyClock::now();
  auto page = call.s.asset_search->Search(call.op, call.caller(), query);
  if (!page.ok()) return Failed(call, page.error());
  return Found(*std::move(page), begin);
}

Result<http::Response> SimpleSearch(Call& call) {
  if (call.s.asset_search == nullptr) return NotEnabled();
  PARSE(const auto query, ReadBody(call, "SimpleSearchRequestModel", ReadSimpleQuery));
  const auto begin = SteadyClock::now();
  auto page = call.s.asset_search->Simple(call.op, call.caller(), query);
  if (!page.ok()) return Failed(call, page.error());
  return Found(*std::move(page), begin);
}

Result<http::Response> Mapping(Call& call) {
  if (call.s.asset_search == nullptr) return NotEnabled();
  auto mappings = call.s.asset_search->Mappings(call.op);
  if (!mappings.ok()) return Failed(call, mappings.error());
  return Answer(json::object{{"mappings", *std::move(mappings)}});
}

Result<http::Response> MappingElsewhere(Call& call) {
  if (call.s.asset_search == nullptr) return NotEnabled();
  return Refuse(400, "GET method only supported on /search endpoint");
}

}  // namespace

void AddSearchRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup search(gate, {.tag = "search", .reads = true});
  search.Add(Verb::kPost, "/search", "search", "Search assets and files", Search);
  search.Add(Verb::kPost, "/search/simple", "simpleSearch", "Search by single fields",
             SimpleSearch);
  search.Add(Verb::kGet, "/search", "getSearchMapping", "The fields of the search index", Mapping);
  search.Add(Verb::kGet, "/search/simple", "getSimpleSearch", "Refused: searches are sent by POST",
             MappingElsewhere);
}

}  // namespace vams::api
