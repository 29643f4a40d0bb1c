// The search index for administrators: how it is, and building it anew.  Own endpoints; the words
// of the request and the result object are those of upstream's reindexer (search.md section 8).
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <limits>
#include <utility>

#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;
using indexing::ReindexOptions;

namespace {

constexpr std::string_view kNoEngine =
    "Search is not available when OpenSearch feature is not enabled";

json::object IndexerJson(const indexing::IndexerStatus& status) {
  json::array troubles;
  for (const auto& trouble : status.troubles)
    troubles.push_back(json::object{
        {"id", trouble.id}, {"message", trouble.message}, {"attempts", trouble.attempts}});
  return {{"position", status.position},
          {"lastChange", status.last_change},
          {"behindMillis", status.behind_millis},
          {"applied", status.applied},
          {"needsReindex", status.needs_reindex},
          {"problem", status.problem.empty() ? json::value() : json::value(status.problem)},
          {"troubleCount", status.trouble_count},
          {"troubles", std::move(troubles)}};
}

// Whether the index shows what was written before the call, for which it gets a moment.
bool CatchesUp(Call& call) {
  OpContext moment(
      std::min(call.op.deadline(), OpContext::SteadyClock::now() + std::chrono::seconds(1)));
  return call.s.indexer->CatchUp(moment).ok();
}

Result<http::Response> GetSearchStatus(Call& call) {
  if (call.s.search == nullptr) return Refuse(404, kNoEngine);
  json::object status;
  if (call.request.FindQuery("catchUp") == "true") status["caughtUp"] = CatchesUp(call);
  TRY(const auto counts, call.s.search->Count(call.op));
  status["engine"] = call.s.search_engine;
  status["generation"] = counts.generation;
  status["counts"] = json::object{
      {"assets", counts.assets}, {"files", counts.files}, {"archived", counts.archived}};
  status["diskBytes"] = counts.disk_bytes;
  status["memoryBytes"] = counts.memory_bytes;
  status["indexer"] = IndexerJson(call.s.indexer->status());
  status["reindex"] = indexing::ProgressJson(call.s.reindexer->progress());
  return Answer(status);
}

Result<http::Response> GetReindex(Call& call) {
  if (call.s.reindexer == nullptr) return Refuse(404, kNoEngine);
  return Answer(indexing::ProgressJson(call.s.reindexer->progress()));
}

Parsed<ReindexOptions> ReadOptions(const Call& call) {
  const auto body = OptionalBody(call);
  if (!body) return std::unexpected(body.error());
  model::Problems problems;
  model::ObjectReader reader(*body, problems);
  ReindexOptions options;
  const auto operation = reader.OptionalText("operation", {.required = false});
  if (const auto kinds = indexing::FindOperation(operation.value_or("both")))
    options.kinds = *kinds;
  else
    problems.Add("operation",
                 "value is not a valid enumeration member; permitted: 'assets', 'files', 'both' "
                 "(type=type_error.enum)");
  options.dry_run = reader.OptionalBool("dry_run").value_or(false);
  options.clear = reader.OptionalBool("clear_indexes").value_or(false);
  if (const auto limit = reader.OptionalInt("limit", 1))
    options.limit = static_cast<std::uint64_t>(*limit);
  options.low_priority = true;
  if (auto fine = Check(problems, "ReindexRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return options;
}

Result<http::Response> PostReindex(Call& call) {
  if (call.s.reindexer == nullptr) return Refuse(404, kNoEngine);
  PARSE(const auto options, ReadOptions(call));
  const auto id = call.s.reindexer->Start(options);
  if (!id.ok()) {
    if (id.error().code != Code::kConflict) return RefuseError(id.error());
    call.Because(id.error().message);
    return Refuse(409, id.error().message);
  }
  call.Audit(audit::Channel::kActions, "searchReindex",
             {{"runId", *id},
              {"operation", indexing::OperationName(options.kinds)},
              {"dryRun", options.dry_run},
              {"clearIndexes", options.clear},
              {"limit", options.limit}});
  return Answer(
      202, json::object{{"id", *id},
                        {"message", options.dry_run ? "Counting started" : "Reindexing started"}});
}

Result<http::Response> DeleteReindex(Call& call) {
  if (call.s.reindexer == nullptr) return Refuse(404, kNoEngine);
  const std::string id = call.s.reindexer->progress().id;
  if (!call.s.reindexer->Cancel())
    return Refuse(409, "No reindex is under way; nothing was cancelled");
  call.Audit(audit::Channel::kActions, "searchReindexCancel", {{"runId", id}});
  return Answer(202, json::object{{"id", id},
                                  {"message",
                                   "Reindexing is being cancelled; the index that "
                                   "serves stays as it is"}});
}

}  // namespace

void AddReindexRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup routes(gate, {.tag = "search"});
  routes.Add(Verb::kGet, "/admin/search", "getSearchStatus",
             "The search index: size, how far it has followed, and what could not be indexed",
             GetSearchStatus);
  routes.Add(Verb::kGet, "/admin/search/reindex", "getReindex", "How far building it anew is",
             GetReindex);
  routes.Add(Verb::kPost, "/admin/search/reindex", "startReindex",
             "Build the search index anew beside the one that serves", PostReindex);
  routes.Add(Verb::kDelete, "/admin/search/reindex", "cancelReindex",
             "End building it anew; the old one serves on", DeleteReindex);
}

}  // namespace vams::api
