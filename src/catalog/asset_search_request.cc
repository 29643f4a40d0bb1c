#include "catalog/asset_search_request.h"

#include <fmt/format.h>

#include <utility>

namespace vams::catalog {

using search::Expression;
using search::KindSet;
using search::Request;

namespace {

constexpr std::size_t kFacetSize = 1000;
// A field that upstream's documents had once; clients still send filters on it.
constexpr std::string_view kRecordType = "_rectype";

void AddText(Request& request, std::string_view text, bool metadata, search::Stemming stemming) {
  search::TextQuery parsed = search::ParseText(text, metadata, stemming);
  if (!parsed.terms.empty()) request.text = std::move(parsed);
}

std::vector<std::string> FacetsOf(KindSet kinds) {
  std::vector<std::string> facets;
  if (Has(kinds, search::Kind::kAsset)) facets.emplace_back("str_assettype");
  if (Has(kinds, search::Kind::kFile)) facets.emplace_back("str_fileext");
  facets.emplace_back("str_databaseid");
  if (Has(kinds, search::Kind::kFile)) facets.emplace_back("str_assetid");
  facets.emplace_back("list_tags");
  return facets;
}

Result<Expression> FilterOf(const SearchQuery& query, std::int64_t now_millis) {
  std::vector<Expression> all;
  for (const SearchFilter& filter : query.filters) {
    if (filter.text.find(kRecordType) != filter.text.npos) continue;
    search::QueryStringOptions options = filter.options;
    options.now_millis = now_millis;
    auto parsed = search::ParseQueryString(filter.text, options);
    if (!parsed.ok()) return Refused(parsed.error(), "Error executing search query");
    all.push_back(*std::move(parsed));
  }
  all.push_back(query.place);
  return Expression::And(std::move(all));
}

// The criteria of one index of a simple search.
class SimpleCriteria {
 public:
  Status Whole(std::string_view field, const std::string& value) {
    if (value.empty()) return Ok();
    std::vector<search::FieldRef> fields = {{.name = std::string(field)}};
    all_.push_back(Expression::Equals(std::move(fields), {value}));
    return Ok();
  }
  Status Parameter(std::string_view field, const std::string& value) {
    if (value.empty()) return Ok();
    TRY(Expression expression, search::SimpleParameter(field, value));
    all_.push_back(std::move(expression));
    return Ok();
  }
  Status AnyParameter(std::string_view field, const std::vector<std::string>& values) {
    if (values.empty()) return Ok();
    std::vector<Expression> any;
    for (const std::string& value : values) {
      TRY(Expression expression, search::SimpleParameter(field, value));
      any.push_back(std::move(expression));
    }
    all_.push_back(Expression::Or(std::move(any)));
    return Ok();
  }
  Status Metadata(const SimpleQuery& query) {
    if (!query.metadata_key.empty()) {
      TRY(Expression key, search::SimpleMetadataKey(query.metadata_key));
      all_.push_back(std::move(key));
    }
    if (!query.metadata_value.empty()) {
      TRY(Expression value, search::SimpleMetadataValue(query.metadata_value));
      all_.push_back(std::move(value));
    }
    return Ok();
  }
  Expression Take() { return Expression::And(std::move(all_)); }

 private:
  std::vector<Expression> all_;
};

Result<Expression> CriteriaOf(const SimpleQuery& query, search::Kind kind) {
  SimpleCriteria criteria;
  TRY_OK(criteria.Parameter("str_assetname", query.asset_name));
  TRY_OK(criteria.Parameter("str_assetid", query.asset_id));
  if (kind == search::Kind::kAsset) {
    TRY_OK(criteria.Parameter("str_assettype", query.asset_type));
  } else {
    TRY_OK(criteria.Parameter("str_key", query.file_key));
    TRY_OK(criteria.Whole("str_fileext", query.file_extension));
  }
  TRY_OK(criteria.Whole("str_databaseid", query.database_id));
  TRY_OK(criteria.AnyParameter("list_tags", query.tags));
  TRY_OK(criteria.Metadata(query));
  return criteria.Take();
}

std::string BuildingFailed(std::string_view simple, search::Kind kind) {
  return fmt::format("Error building {}{} search query", simple, search::KindName(kind));
}

}  // namespace

Error Refused(const Error& cause, std::string_view text) {
  if (cause.code != Code::kInvalid) return Failed(cause, text);
  return {Code::kInvalid, std::string(text), cause.message};
}

Error Failed(const Error& cause, std::string_view text) {
  if (cause.code == Code::kCancelled || cause.code == Code::kTimeout) return cause;
  return {cause.code == Code::kInvalid ? Code::kInternal : cause.code, std::string(text),
          fmt::format("{} ({})", cause.message, cause.details)};
}

Result<Request> RequestOf(const SearchQuery& query, search::Stemming stemming,
                          std::int64_t now_millis) {
  Request request{.kinds = query.kinds,
                  .include_archived = query.archived,
                  .sort = query.sort,
                  .from = query.from,
                  .size = query.size,
                  .after = query.after,
                  .facet_size = kFacetSize,
                  .highlights = true,
                  .explain = query.explain};
  AddText(request, query.text, query.text_in_metadata, stemming);
  auto match = search::ParseMetadataQuery(query.metadata, query.metadata_mode);
  if (!match.ok()) {
    const search::Kind first =
        Has(query.kinds, search::Kind::kAsset) ? search::Kind::kAsset : search::Kind::kFile;
    return Refused(match.error(), BuildingFailed("", first));
  }
  request.match = *std::move(match);
  TRY(request.filter, FilterOf(query, now_millis));
  if (query.facets) request.facets = FacetsOf(query.kinds);
  return request;
}

Result<Request> RequestOf(const SimpleQuery& query, search::Kind kind, search::Stemming stemming) {
  Request request{.kinds = kind == search::Kind::kAsset ? KindSet::kAssets : KindSet::kFiles,
                  .include_archived = query.archived,
                  .highlights = true};
  AddText(request, query.text, true, stemming);
  auto criteria = CriteriaOf(query, kind);
  if (!criteria.ok()) return Refused(criteria.error(), BuildingFailed("simple ", kind));
  request.match = *std::move(criteria);
  return request;
}

}  // namespace vams::catalog
