#include "search/opensearch/searching.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "search/marks.h"
#include "search/opensearch/terms.h"
#include "search/ranking.h"

namespace vams::search::opensearch {
namespace {

using boost::json::array;
using boost::json::object;

// As many as a query of the server may name.
constexpr std::size_t kMaxNamed = 60'000;
// Counting is exact up to so many distinct values.
constexpr std::size_t kFacetValues = 20'000;
constexpr std::string_view kKeyword = ".keyword";

Error TooMany(std::string_view what) {
  return {Code::kTooLarge,
          fmt::format("{} more than {} documents or assets, which is more than the search server "
                      "takes in one search; narrow the search",
                      what, kMaxNamed)};
}

// Documents of which the server can say only that they may fit, looked at one by one.
Compiler::Resolve ResolveIn(OpContext& op, Stored& stored) {
  return [&](const Query& candidates, const Compiler::Fits& fits) -> Result<Query> {
    array ids;
    TRY_OK(stored.Scan(op, candidates, [&](std::span<Document> documents) -> Status {
      for (const Document& document : documents)
        if (fits(document)) ids.emplace_back(document.id);
      if (ids.size() > kMaxNamed) return TooMany("a condition of this search fits");
      return Ok();
    }));
    return TermsQuery(field::kId, std::move(ids));
  };
}

// What the caller may read.
Result<Query> Readable(OpContext& op, Stored& stored, const Classes& classes,
                       const AccessFilter& access) {
  array allowed;
  array by_name;
  std::map<std::string, AccessClass> all = classes.All();
  for (const auto& [key, of] : all) switch (access.Decide(of)) {
      case AccessFilter::Verdict::kAllow:
        allowed.emplace_back(key);
        break;
      case AccessFilter::Verdict::kByName:
        by_name.emplace_back(key);
        break;
      case AccessFilter::Verdict::kDeny:
        break;
    }
  if (allowed.size() > kMaxNamed) return TooMany("the rules tell apart");
  array queries;
  if (!allowed.empty()) queries.push_back(TermsQuery(field::kClass, std::move(allowed)));
  if (!by_name.empty()) {
    array named;
    TRY_OK(stored.Distinct(op, field::kNamed, TermsQuery(field::kClass, std::move(by_name)),
                           [&](const std::string& key, const boost::json::value& own) {
                             if (access.DecideName(AccessOf(own), TextAt(own, "name")))
                               named.emplace_back(key);
                           }));
    if (named.size() > kMaxNamed) return TooMany("the rules decide by the names of");
    if (!named.empty()) queries.push_back(TermsQuery(field::kNamed, std::move(named)));
  }
  return AnyOf(std::move(queries));
}

std::string FieldOf(const SortKey& key) {
  std::string name = key.field;
  if (name == "_id") return std::string(field::kId);
  if (name.ends_with(kKeyword)) name.resize(name.size() - kKeyword.size());
  const Field* known = FindField(name);
  return known && known->type != FieldType::kFlat ? SortField(name) : std::string();
}

object SortOf(const SortKey& key) {
  const std::string_view order = key.descending ? "desc" : "asc";
  if (key.field == "_score") return {{"_score", {{"order", order}}}};
  // A field that no document has orders nothing.
  if (const std::string name = FieldOf(key); !name.empty())
    return {
        {name, {{"order", order}, {"missing", "_last"}, {"mode", key.descending ? "max" : "min"}}}};
  return {{"vams.none", {{"order", order}, {"missing", "_last"}, {"unmapped_type", "keyword"}}}};
}

object FacetOf(const std::string& name, std::size_t size) {
  const std::string on = SortField(name);
  const object values = {{"terms",
                          {{"field", on},
                           {"size", std::max<std::size_t>(size, 1)},
                           {"shard_size", std::max(size, kFacetValues)},
                           {"order", array{object{{"_count", "desc"}}, object{{"_key", "asc"}}}}}}};
  const object having = {{"filter", {{"exists", {{"field", on}}}}}};
  return {{"filter", Query{{"term", {{std::string(field::kArchived), false}}}}},
          {"aggs", {{"values", values}, {"having", having}}}};
}

Facet FacetFrom(const std::string& name, std::size_t size, const boost::json::value& group,
                bool& exact) {
  Facet facet{.field = name};
  if (const auto* having = Find(group, "having")) facet.documents = NumberAt(*having, "doc_count");
  const auto* values = Find(group, "values");
  const auto* buckets = values ? Find(*values, "buckets") : nullptr;
  if (!buckets || !buckets->is_array()) return facet;
  if (NumberAt(*values, "doc_count_error_upper_bound") > 0) exact = false;
  for (const auto& bucket : buckets->get_array())
    if (facet.buckets.size() < size)
      facet.buckets.push_back(
          {.key = TextAt(bucket, "key"), .count = NumberAt(bucket, "doc_count")});
  return facet;
}

struct Asked {
  object body;
  std::vector<SortKey> keys;
  bool ranked = false;
};

Result<Query> QueryOf(OpContext& op, Stored& stored, const Classes& classes, const Request& request,
                      bool ranked) {
  Compiler compiler(ResolveIn(op, stored));
  array filter = {Ours(request.kinds)};
  if (!request.include_archived)
    filter.push_back(Query{{"term", {{std::string(field::kArchived), false}}}});
  for (const Expression* expression : {&request.match, &request.filter}) {
    if (expression->op == Expression::Op::kAll) continue;
    TRY(Query query, compiler.Compile(*expression));
    filter.push_back(std::move(query));
  }
  if (request.access) {
    TRY(Query readable, Readable(op, stored, classes, *request.access));
    filter.push_back(std::move(readable));
  }
  object parts = {{"filter", std::move(filter)}};
  if (ranked) {
    TRY(Query text, compiler.Compile(*request.text));
    parts["must"] = array{std::move(text)};
  }
  return Query{{"bool", std::move(parts)}};
}

Result<Asked> Ask(OpContext& op, Stored& stored, const Classes& classes, const Request& request) {
  Asked asked{.body = {}, .keys = EffectiveSort(request), .ranked = false};
  asked.ranked = request.text && !request.text->terms.empty();
  TRY(Query query, QueryOf(op, stored, classes, request, asked.ranked));
  array sort;
  for (const SortKey& key : asked.keys) sort.push_back(SortOf(key));
  sort.push_back(object{{std::string(field::kId), "asc"}});
  asked.body = {{"size", request.size},
                {"query", std::move(query)},
                {"track_total_hits", true},
                {"track_scores", true},
                {"sort", std::move(sort)}};
  if (!request.after.empty()) {
    TRY(Cursor cursor, DecodeCursor(request.after, asked.keys));
    cursor.values.emplace_back(cursor.id);
    asked.body["search_after"] = std::move(cursor.values);
  } else if (request.from > 0) {
    asked.body["from"] = request.from;
  }
  if (!request.facets.empty()) {
    object groups;
    for (const std::string& name : request.facets) groups[name] = FacetOf(name, request.facet_size);
    asked.body["aggs"] = std::move(groups);
  }
  return asked;
}

Result<Hit> HitFrom(const Request& request, const Asked& asked, const boost::json::value& found) {
  const auto* source = Find(found, "_source");
  if (!source) return Unreadable("POST /_search");
  TRY(Document document, DocumentOf(*source));
  Hit hit{.document = std::move(document)};
  double score = kScoreWithoutText;
  const auto* given = Find(found, "_score");
  if (asked.ranked && given && given->is_number()) score = given->to_number<double>();
  if (std::ranges::any_of(asked.keys, [](const SortKey& key) { return key.field == "_score"; }))
    hit.score = score;
  if (!request.sort.empty())
    for (const SortKey& key : asked.keys) hit.sort.push_back(SortValueOf(key, hit.document, score));
  AddMarks(request, hit);
  return hit;
}

// Where the page ended, in the server's own values.
std::string NextOf(const Asked& asked, const boost::json::value& last) {
  const auto* values = Find(last, "sort");
  if (!values || !values->is_array() || values->get_array().size() != asked.keys.size() + 1)
    return {};
  Cursor cursor{.values = values->get_array(), .id = {}};
  if (const auto* id = cursor.values.back().if_string()) cursor.id = std::string(*id);
  cursor.values.pop_back();
  return EncodeCursor(cursor, asked.keys);
}

}  // namespace

Result<Answer> SearchOnce(OpContext& op, Stored& stored, const Classes& classes,
                          const Request& request) {
  if (request.after.empty() && request.from + request.size > kMaxWindow)
    return Error(Code::kInvalid,
                 fmt::format("this search engine shows the first {} hits by offset; go on from the "
                             "position of the page before",
                             kMaxWindow));
  TRY(const Asked asked, Ask(op, stored, classes, request));
  TRY(const object found, stored.Search(op, asked.body));
  const auto* hits = found.if_contains("hits");
  const auto* list = hits ? Find(*hits, "hits") : nullptr;
  const auto* total = hits ? Find(*hits, "total") : nullptr;
  if (!list || !list->is_array() || !total) return Unreadable("POST /_search");
  Answer answer{.total = NumberAt(*total, "value")};
  for (const auto& one : list->get_array()) {
    TRY(Hit hit, HitFrom(request, asked, one));
    answer.hits.push_back(std::move(hit));
  }
  const std::size_t shown = list->get_array().size();
  const bool more =
      request.after.empty() ? request.from + shown < answer.total : shown == request.size;
  if (shown > 0 && more) answer.next = NextOf(asked, list->get_array().back());
  if (!request.facets.empty()) {
    const auto* groups = found.if_contains("aggregations");
    for (const std::string& name : request.facets) {
      const auto* group = groups ? Find(*groups, name) : nullptr;
      if (!group) return Unreadable("POST /_search");
      answer.facets.push_back(FacetFrom(name, request.facet_size, *group, answer.exact));
    }
  }
  return answer;
}

}  // namespace vams::search::opensearch
