// The fixture, and what concerns engines as a whole.
#include <algorithm>
#include <filesystem>

#include "search/conformance.h"
#include "search/query_string.h"

namespace vams::search::conformance {
namespace {

std::string TextOf(const boost::json::object& fields, std::string_view name) {
  const auto* value = fields.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

void Complete(Document& document, boost::json::object fields, std::string_view database,
              std::string_view asset) {
  document.access.database = std::string(database);
  document.source["str_databaseid"] = database;
  document.source["str_assetid"] = asset;
  for (auto& member : fields) document.source[member.key()] = member.value();
  document.access.asset_type = TextOf(document.source, "str_assettype");
  document.asset_name = TextOf(document.source, "str_assetname");
  std::set<std::string> tags;
  AnyValue(document.source, {.name = "list_tags"}, [&](std::string_view, std::string_view tag) {
    tags.emplace(tag);
    return false;
  });
  document.access.tags.assign(tags.begin(), tags.end());
  const auto* archived = document.source.if_contains("bool_archived");
  document.archived = archived && archived->is_bool() && archived->get_bool();
}

}  // namespace

Document Asset(std::string_view database, std::string_view id, boost::json::object fields) {
  Document document{.kind = Kind::kAsset, .id = std::string(database) + "#" + std::string(id)};
  Complete(document, std::move(fields), database, id);
  return document;
}

Document File(std::string_view database, std::string_view asset, std::string_view path,
              boost::json::object fields) {
  Document document{
      .kind = Kind::kFile,
      .id = std::string(database) + "#" + std::string(asset) + "#" + std::string(path)};
  document.source["str_key"] = path;
  if (const std::size_t dot = path.rfind('.'); dot != std::string_view::npos)
    document.source["str_fileext"] = path.substr(dot + 1);
  Complete(document, std::move(fields), database, asset);
  return document;
}

void IndexConformance::SetUp() {
  folder_.emplace(
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-search-")));
  index_ = Must(GetParam().open(folder_->path()));
}

void IndexConformance::Reopen() {
  index_.reset();
  index_ = Must(GetParam().reopen(folder_->path()));
}

void IndexConformance::Put(std::vector<Document> documents) {
  std::vector<Write> writes;
  for (Document& document : documents) writes.push_back(Write::Put(std::move(document)));
  Must(index_->Apply(op, writes, ++position));
}

void IndexConformance::Remove(std::initializer_list<std::string_view> ids) {
  std::vector<Write> writes;
  for (const std::string_view id : ids) writes.push_back(Write::Remove(std::string(id)));
  Must(index_->Apply(op, writes, ++position));
}

Ids IndexConformance::Hits(const Request& request) {
  Ids ids;
  for (const Hit& hit : Search(request).hits) ids.push_back(hit.document.id);
  return ids;
}

IdSet IndexConformance::Found(Expression filter) {
  Request request{.size = kMaxPage};
  request.filter = std::move(filter);
  const Answer answer = Search(request);
  IdSet found;
  for (const Hit& hit : answer.hits) found.insert(hit.document.id);
  EXPECT_EQ(answer.total, found.size());
  return found;
}

IdSet IndexConformance::FoundByQuery(std::string_view query_string) {
  return Found(Must(ParseQueryString(query_string, {})));
}

IdSet IndexConformance::FoundByText(std::string_view text, bool metadata) {
  const Ids ids = Ranked(text, metadata);
  return IdSet(ids.begin(), ids.end());
}

Ids IndexConformance::Ranked(std::string_view text, bool metadata, Stemming stemming) {
  Request request{.size = kMaxPage};
  request.text = ParseText(text, metadata, stemming);
  return Hits(request);
}

std::set<std::pair<std::string, std::uint64_t>> IndexConformance::AllIds(Generation& generation,
                                                                         std::size_t page) {
  OpContext op;
  std::set<std::pair<std::string, std::uint64_t>> all;
  std::string after;
  do {
    IdPage ids = Must(generation.ScanIds(op, after, page));
    EXPECT_LE(ids.entries.size(), page);
    for (const auto& entry : ids.entries)
      EXPECT_TRUE(all.emplace(entry.id, entry.digest).second) << entry.id << " comes twice";
    after = ids.next;
  } while (!after.empty());
  return all;
}

TEST_P(IndexConformance, EmptyIndexAnswersWithNothing) {
  Request request{.text = ParseText("pump", true, Stemming::kNone)};
  request.facets = {"str_databaseid"};

  const Answer answer = Search(request);

  EXPECT_TRUE(answer.hits.empty());
  EXPECT_EQ(answer.total, 0u);
  EXPECT_TRUE(answer.next.empty());
  ASSERT_EQ(answer.facets.size(), 1u);
  EXPECT_TRUE(answer.facets[0].buckets.empty());
  EXPECT_EQ(Must(index().GetPosition(op)), 0u);
  EXPECT_EQ(Must(index().Count(op)).assets, 0u);
  EXPECT_TRUE(Must(index().Check(op)).empty());
}

TEST_P(IndexConformance, RefusesWhatIsBeyondTheBounds) {
  Put({Asset("db", "a")});
  Expression deep = Expression::Exists({{.name = "MD_"}});
  for (std::size_t i = 0; i <= kMaxDepth; ++i) {
    Expression around{.op = Expression::Op::kNot};
    around.parts.push_back(std::move(deep));
    deep = std::move(around);
  }
  Request too_deep;
  too_deep.filter = deep;
  Request no_facet;
  no_facet.facets = {"str_description"};
  Request large{.size = kMaxPage + 1};
  Request forged{.after = "bm9uc2Vuc2U="};
  Request other_order{.sort = {{"_id"}}, .size = 1};
  Put({Asset("db", "b")});
  other_order.after = Search(other_order).next;
  ASSERT_FALSE(other_order.after.empty());
  other_order.sort = {{"_id", true}};

  for (const Request* bad : {&too_deep, &no_facet, &large, &forged, &other_order})
    EXPECT_CODE(kInvalid, index().Search(op, *bad));
}

TEST_P(IndexConformance, GivesUpWhenTheCallerHas) {
  Put({Asset("db", "a")});
  OpContext cancelled;
  cancelled.Cancel();

  EXPECT_CODE(kCancelled, index().Search(cancelled, {}));
  EXPECT_CODE(kCancelled, index().Apply(cancelled, {}, position + 1));
  EXPECT_EQ(Must(index().GetPosition(op)), position);
}

}  // namespace vams::search::conformance
