#include "search/opensearch/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>

#include "search/opensearch/terms.h"

namespace vams::search::opensearch {
namespace {

using boost::json::array;
using boost::json::object;

// No document of ours has an id without '#'.
constexpr std::string_view kStateId = "vams-state";
constexpr std::size_t kPage = 1000;
constexpr int kBulkAttempts = 8;

std::string Path(std::string_view index, std::string_view rest) {
  return fmt::format("/{}/{}", index, rest);
}

const array* HitsOf(const object& answer) {
  const auto* hits = answer.if_contains("hits");
  const auto* list = hits ? Find(*hits, "hits") : nullptr;
  return list ? list->if_array() : nullptr;
}

std::string FirstOf(const boost::json::value& hit, std::string_view field) {
  const auto* fields = Find(hit, "fields");
  const auto* values = fields ? Find(*fields, field) : nullptr;
  if (!values || !values->is_array() || values->get_array().empty()) return {};
  const auto& first = values->get_array().front();
  return first.is_string() ? std::string(first.get_string()) : std::string();
}

object StateBody(const State& state) {
  object body = {{"position", state.position}, {"changeLog", state.change_log}};
  if (state.build) {
    object closed;
    for (const auto& [name, key] : state.build->closed) closed[name] = key;
    body["build"] = object{{"kinds", static_cast<int>(state.build->kinds)},
                           {"begunAt", state.build->begun_at},
                           {"finished", state.build->finished},
                           {"closed", std::move(closed)}};
  }
  return {{std::string(kOwn), {{"state", std::move(body)}}}};
}

State StateOf(const boost::json::value& stored) {
  State state{.position = NumberAt(stored, "position"),
              .change_log = TextAt(stored, "changeLog"),
              .build = std::nullopt};
  if (const auto* build = Find(stored, "build")) {
    BuildState of;
    of.kinds = static_cast<KindSet>(NumberAt(*build, "kinds"));
    of.begun_at = NumberAt(*build, "begunAt");
    const auto* finished = Find(*build, "finished");
    of.finished = finished && finished->is_bool() && finished->get_bool();
    if (const auto* closed = Find(*build, "closed"); closed && closed->is_object())
      for (const auto& member : closed->get_object())
        if (const auto* key = member.value().if_string())
          of.closed.emplace(member.key(), std::string(*key));
    state.build = std::move(of);
  }
  return state;
}

std::uint64_t DigestOf(const std::string& text) {
  std::uint64_t digest = 0;
  std::from_chars(text.data(), text.data() + text.size(), digest, 16);
  return digest;
}

object ById() { return {{std::string(field::kId), "asc"}}; }

}  // namespace

void Classes::Add(const AccessClass& access) { Add(ClassKey(access), access); }

void Classes::Add(std::string key, AccessClass access) {
  const std::lock_guard lock(mutex_);
  known_.emplace(std::move(key), std::move(access));
}

std::map<std::string, AccessClass> Classes::All() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

Query Ours(KindSet kinds) {
  array names;
  for (const Kind kind : {Kind::kAsset, Kind::kFile})
    if (Has(kinds, kind)) names.emplace_back(KindName(kind));
  return TermsQuery(field::kKind, std::move(names));
}

// ---- The generation itself
// ---------------------------------------------------------------------------------------

Result<State> Stored::ReadState(OpContext& op) {
  const std::string path = Path(names_.assets, "_doc/") + std::string(kStateId);
  TRY(const Reply reply, client_.Send(op, "GET", path));
  if (reply.status != 404 && !reply.ok())
    return RefusalError("reading the state of the index", reply.status, FailureOf(reply.body));
  const auto* source = reply.body.if_contains("_source");
  const auto* own = source ? opensearch::Find(*source, kOwn) : nullptr;
  const auto* stored = own ? opensearch::Find(*own, "state") : nullptr;
  if (!stored) return Error(Code::kNotFound, "the search index has no state of this software");
  return StateOf(*stored);
}

Status Stored::WriteState(OpContext& op, const State& state) {
  const std::string path = Path(names_.assets, "_doc/") + std::string(kStateId);
  TRY_OK(client_.Call(op, "PUT", path, StateBody(state)));
  return Ok();
}

// ---- Writing
// ---------------------------------------------------------------------------------------

Stored::Line Stored::LineOf(std::string_view action, std::string_view id, const Document* document,
                            std::string_view segment) const {
  Line line{.id = std::string(id), .action = action, .text = {}};
  object where = {{"_index", names_.Of(HomeOf(id))}, {"_id", ServerId(id)}};
  if (aliases_ && document) where["require_alias"] = true;
  line.text = boost::json::serialize(object{{action, std::move(where)}});
  line.text += '\n';
  if (document) {
    line.text += boost::json::serialize(BodyOf(*document, client_.clock().NowMillis(), segment));
    line.text += '\n';
  }
  return line;
}

// The lines to be sent again.
Result<std::vector<Stored::Line>> Stored::BulkOnce(OpContext& op, std::span<Line> lines,
                                                   std::vector<Line>& conflicts) {
  std::string body;
  for (const Line& line : lines) body += line.text;
  TRY(const object answer, client_.Call(op, "POST", "/_bulk", body));
  const auto* items = answer.if_contains("items");
  if (!items || !items->is_array() || items->get_array().size() != lines.size())
    return Unreadable("POST /_bulk");
  std::vector<Line> again;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto* item = opensearch::Find(items->get_array()[i], lines[i].action);
    if (!item) return Unreadable("POST /_bulk");
    const int status = static_cast<int>(NumberAt(*item, "status"));
    if (status < 300 || (status == 404 && lines[i].action == "delete")) continue;
    const Failure failure = FailureOf(item->get_object());
    if (status == 409 && lines[i].action == "create") {
      conflicts.push_back(std::move(lines[i]));
    } else if (IsBusy(status, failure)) {
      again.push_back(std::move(lines[i]));
    } else {
      Error error = RefusalError("a document", status, failure);
      error.details += " (document " + lines[i].id + ")";
      return error;
    }
  }
  return again;
}

Result<std::vector<Stored::Line>> Stored::Bulk(OpContext& op, std::vector<Line> lines) {
  const OpenSearchOptions& options = client_.options();
  std::vector<Line> conflicts;
  std::size_t first = 0;
  while (first < lines.size()) {
    std::size_t bytes = 0;
    std::size_t last = first;
    while (last < lines.size() && last - first < options.bulk_documents &&
           (last == first || bytes + lines[last].text.size() <= options.bulk_bytes))
      bytes += lines[last++].text.size();
    TRY(std::vector<Line> again,
        BulkOnce(op, std::span(lines).subspan(first, last - first), conflicts));
    net::Backoff backoff(options.retry, client_.timer(), client_.random());
    for (int attempt = 1; !again.empty(); ++attempt) {
      TRY(const bool more, backoff.Wait(op));
      if (!more || attempt == kBulkAttempts)
        return Error(Code::kUnavailable,
                     fmt::format("the search server is too busy for {} documents; they are tried "
                                 "again later",
                                 again.size()));
      std::vector<Line> sent = std::move(again);
      TRY(again, BulkOnce(op, sent, conflicts));
    }
    first = last;
  }
  return conflicts;
}

Status Stored::Write(OpContext& op, std::span<const search::Write> writes) {
  std::map<std::string_view, const search::Write*> last;
  for (const search::Write& write : writes) last[write.id] = &write;
  std::vector<Line> lines;
  lines.reserve(last.size());
  for (const auto& [id, write] : last) {
    const Document* document = write->document ? &*write->document : nullptr;
    if (document) classes_.Add(document->access);
    lines.push_back(LineOf(document ? "index" : "delete", id, document, {}));
  }
  TRY_OK(Bulk(op, std::move(lines)));
  return Ok();
}

Status Stored::Add(OpContext& op, std::span<const Document> documents, const std::string& segment,
                   const std::function<bool(std::string_view)>& live) {
  std::vector<Line> lines;
  std::map<std::string_view, const Document*> by_id;
  for (const Document& document : documents) {
    if (!by_id.emplace(document.id, &document).second)
      return Error(Code::kInvalid, "a new index was given a document twice", document.id);
    classes_.Add(document.access);
    lines.push_back(LineOf("create", document.id, &document, segment));
  }
  TRY(const std::vector<Line> conflicts, Bulk(op, std::move(lines)));
  if (conflicts.empty()) return Ok();
  // An attempt whose answer was lost, or a segment that was given up, may have left them.
  TRY_OK(Refresh(op));
  std::vector<Line> replaced;
  for (const Line& line : conflicts) {
    const object body = {{"query", TermQuery(field::kId, line.id)},
                         {"_source", array{field::kSegment}},
                         {"size", 1}};
    TRY(const object answer, Search(op, body));
    const auto* hits = HitsOf(answer);
    const auto* source =
        hits && !hits->empty() ? opensearch::Find(hits->front(), "_source") : nullptr;
    const auto* own = source ? opensearch::Find(*source, kOwn) : nullptr;
    const std::string of = own ? TextAt(*own, "segment") : std::string();
    if (of != segment && live(of))
      return Error(Code::kInvalid, "a new index was given a document twice", line.id);
    replaced.push_back(LineOf("index", line.id, by_id.at(line.id), segment));
  }
  TRY_OK(Bulk(op, std::move(replaced)));
  return Ok();
}

Status Stored::Refresh(OpContext& op) {
  TRY_OK(client_.Call(op, "POST", Path(names_.both(), "_refresh")));
  return Ok();
}

// By id, since not every service removes by query.
Status Stored::Remove(OpContext& op, const Query& query) {
  TRY_OK(Refresh(op));
  std::string after;
  do {
    TRY(const IdPage page, Ids(op, query, after, kPage));
    std::vector<Line> lines;
    for (const auto& entry : page.entries) lines.push_back(LineOf("delete", entry.id, nullptr, {}));
    TRY_OK(Bulk(op, std::move(lines)));
    after = page.next;
  } while (!after.empty());
  return Refresh(op);
}

// ---- Reading
// ---------------------------------------------------------------------------------------

Result<object> Stored::Search(OpContext& op, const object& body) {
  const std::string path = Path(names_.both(), "_search?allow_partial_search_results=false");
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    TRY(Reply reply, client_.Send(op, "POST", path, boost::json::serialize(body)));
    if (reply.ok()) return std::move(reply.body);
    // An index that another generation has just replaced is gone under the search.
    const Failure failure = FailureOf(reply.body);
    const bool gone = reply.status == 404 || failure.type == "search_phase_execution_exception" ||
                      failure.type == "index_closed_exception" ||
                      failure.type == "no_shard_available_action_exception";
    if (!gone || attempt == kAttempts) return RefusalError("the search", reply.status, failure);
  }
}

Result<std::optional<Document>> Stored::Find(OpContext& op, std::string_view id) {
  const std::string path = Path(names_.Of(HomeOf(id)), "_mget");
  TRY(const object answer, client_.Call(op, "POST", path, object{{"ids", array{ServerId(id)}}}));
  const auto* documents = answer.if_contains("docs");
  if (!documents || !documents->is_array() || documents->get_array().empty())
    return Unreadable("POST /_mget");
  const auto* source = opensearch::Find(documents->get_array().front(), "_source");
  if (!source) return std::optional<Document>();
  TRY(Document document, DocumentOf(*source));
  return std::optional(std::move(document));
}

Result<Counts> Stored::Count(OpContext& op) {
  TRY_OK(Refresh(op));
  const auto filter = [](Query query) { return object{{"filter", std::move(query)}}; };
  const object body = {
      {"size", 0},
      {"query", Ours(KindSet::kBoth)},
      {"aggs",
       {{"assets", filter(Ours(KindSet::kAssets))},
        {"files", filter(Ours(KindSet::kFiles))},
        {"archived", filter(Query{{"term", {{std::string(field::kArchived), true}}}})}}}};
  TRY(const object answer, Search(op, body));
  const auto number = [&](std::string_view name) -> std::uint64_t {
    const auto* groups = answer.if_contains("aggregations");
    const auto* group = groups ? opensearch::Find(*groups, name) : nullptr;
    return group ? NumberAt(*group, "doc_count") : 0;
  };
  Counts counts{
      .assets = number("assets"), .files = number("files"), .archived = number("archived")};
  // Not every service tells its sizes.
  TRY(const Reply stats, client_.Send(op, "GET", Path(names_.both(), "_stats/store")));
  if (stats.ok())
    if (const auto* all = stats.body.if_contains("_all"))
      if (const auto* primaries = opensearch::Find(*all, "primaries"))
        if (const auto* store = opensearch::Find(*primaries, "store"))
          counts.disk_bytes = NumberAt(*store, "size_in_bytes");
  return counts;
}

Result<IdPage> Stored::ScanIds(OpContext& op, std::string_view after, std::size_t limit) {
  if (after.empty()) TRY_OK(Refresh(op));
  return Ids(op, MatchAll(), after, std::clamp<std::size_t>(limit, 1, kMaxPage));
}

Result<IdPage> Stored::Ids(OpContext& op, const Query& query, std::string_view after,
                           std::size_t size) {
  object body = {{"size", size},
                 {"query", AllOf({Ours(KindSet::kBoth), query})},
                 {"_source", false},
                 {"track_total_hits", false},
                 {"docvalue_fields", array{field::kId, field::kDigest}},
                 {"sort", array{ById()}}};
  if (!after.empty()) body["search_after"] = array{after};
  TRY(const object answer, Search(op, body));
  const auto* hits = HitsOf(answer);
  if (!hits) return Unreadable("POST /_search");
  IdPage page;
  for (const auto& hit : *hits)
    page.entries.push_back(
        {.id = FirstOf(hit, field::kId), .digest = DigestOf(FirstOf(hit, field::kDigest))});
  if (page.entries.size() == size) page.next = page.entries.back().id;
  return page;
}

Status Stored::Scan(OpContext& op, const Query& query,
                    const std::function<Status(std::span<Document>)>& visit) {
  std::string after;
  for (;;) {
    object body = {{"size", kPage},
                   {"query", AllOf({Ours(KindSet::kBoth), query})},
                   {"track_total_hits", false},
                   {"sort", array{ById()}}};
    if (!after.empty()) body["search_after"] = array{after};
    TRY(const object answer, Search(op, body));
    const auto* hits = HitsOf(answer);
    if (!hits) return Unreadable("POST /_search");
    std::vector<Document> documents;
    for (const auto& hit : *hits) {
      const auto* source = opensearch::Find(hit, "_source");
      if (!source) return Unreadable("POST /_search");
      TRY(Document document, DocumentOf(*source));
      documents.push_back(std::move(document));
    }
    if (documents.empty()) return Ok();
    after = documents.back().id;
    TRY_OK(visit(documents));
    if (hits->size() < kPage) return Ok();
  }
}

Status Stored::Distinct(
    OpContext& op, std::string_view field, const Query& query,
    const std::function<void(const std::string&, const boost::json::value&)>& visit) {
  std::string after;
  for (;;) {
    object composite = {{"size", kPage},
                        {"sources", array{object{{"value", {{"terms", {{"field", field}}}}}}}}};
    if (!after.empty()) composite["after"] = object{{"value", after}};
    const object sample = {
        {"top_hits", {{"size", 1}, {"_source", array{"vams.access", "vams.name"}}}}};
    const object body = {
        {"size", 0},
        {"query", AllOf({Ours(KindSet::kBoth), query})},
        {"aggs", {{"all", {{"composite", composite}, {"aggs", {{"one", sample}}}}}}}};
    TRY(const object answer, Search(op, body));
    const auto* groups = answer.if_contains("aggregations");
    const auto* all = groups ? opensearch::Find(*groups, "all") : nullptr;
    const auto* buckets = all ? opensearch::Find(*all, "buckets") : nullptr;
    if (!buckets || !buckets->is_array()) return Unreadable("POST /_search");
    for (const auto& bucket : buckets->get_array()) {
      const auto* key = opensearch::Find(bucket, "key");
      const auto* one = opensearch::Find(bucket, "one");
      const auto* hits = one && one->is_object() ? HitsOf(one->get_object()) : nullptr;
      const auto* source =
          hits && !hits->empty() ? opensearch::Find(hits->front(), "_source") : nullptr;
      const auto* own = source ? opensearch::Find(*source, kOwn) : nullptr;
      if (!key || !own) return Unreadable("POST /_search");
      after = TextAt(*key, "value");
      visit(after, *own);
    }
    if (buckets->get_array().size() < kPage) return Ok();
  }
}

Status Stored::LoadClasses(OpContext& op) {
  return Distinct(op, field::kClass, MatchAll(),
                  [&](const std::string& key, const boost::json::value& own) {
                    classes_.Add(key, AccessOf(own));
                  });
}

Result<std::vector<std::string>> Stored::Check(OpContext& op) {
  std::vector<std::string> findings;
  const object foreign = {
      {"size", 0},
      {"track_total_hits", true},
      {"query",
       {{"bool",
         {{"must_not",
           array{Ours(KindSet::kBoth), Query{{"ids", {{"values", array{kStateId}}}}}}}}}}}};
  TRY(const object answer, Search(op, foreign));
  const auto* hits = answer.if_contains("hits");
  const auto* total = hits ? opensearch::Find(*hits, "total") : nullptr;
  if (const std::uint64_t count = total ? NumberAt(*total, "value") : 0; count > 0)
    findings.push_back(fmt::format(
        "{} documents were written by other software and are found by no search", count));
  // What cannot be read, and an id that is there twice.
  std::string before;
  const Status scanned = Scan(op, MatchAll(), [&](std::span<Document> documents) -> Status {
    for (const Document& document : documents) {
      if (document.id == before) findings.push_back("there are two documents " + before);
      before = document.id;
    }
    return Ok();
  });
  if (!scanned.ok() && scanned.error().code == Code::kCorrupt)
    findings.push_back(scanned.error().message);
  else
    TRY_OK(scanned);
  return findings;
}

}  // namespace vams::search::opensearch
