#include "catalog/link_records.h"

#include <algorithm>
#include <set>
#include <utility>

#include "catalog/asset_marks.h"
#include "catalog/records.h"

namespace vams::catalog {

using items::Item;
using items::Kind;
using items::Value;
using items::Write;

namespace {

constexpr std::string_view kFromPair = "fromAssetDatabaseId:fromAssetId";
constexpr std::string_view kToPair = "toAssetDatabaseId:toAssetId";

Link LinkOf(const Item& item) {
  Link link{
      .id = std::string(item.Text("assetLinkId")),
      .from = {std::string(item.Text("fromAssetDatabaseId")),
               std::string(item.Text("fromAssetId"))},
      .to = {std::string(item.Text("toAssetDatabaseId")), std::string(item.Text("toAssetId"))},
      .type = FindLinkType(item.Text("relationshipType")).value_or(LinkType::kRelated),
      .alias = TextIfAny(item, "assetLinkAliasId"),
      .tags = {}};
  if (link.alias && link.alias->empty()) link.alias.reset();
  const Value* tags = item.Find("tags");
  if (tags != nullptr && tags->is(Kind::kSS)) link.tags = tags->set();
  if (tags != nullptr && tags->is(Kind::kL))
    for (const Value& tag : tags->list())
      if (tag.is(Kind::kS)) link.tags.push_back(tag.text());
  return link;
}

Result<std::vector<Link>> Read(OpContext& op, items::ItemSource& source, std::string_view index,
                               const LinkEnd& end, const LinkEnd* other = nullptr) {
  std::vector<Link> links;
  items::QueryRequest request;
  request.table = kLinksTable;
  request.index = index;
  request.partition = Value::S(end.pair());
  if (other != nullptr)
    request.sort =
        items::SortCondition::Is(items::SortCondition::Op::kEqual, Value::S(other->pair()));
  request.limit = kPageItems;
  do {
    TRY(const items::Page page, source.Query(op, request));
    for (const Item& item : page.items) links.push_back(LinkOf(item));
    request.after = page.next;
  } while (!request.after.empty());
  return links;
}

}  // namespace

std::string_view LinkTypeName(LinkType type) {
  return type == LinkType::kRelated ? "related" : "parentChild";
}

std::optional<LinkType> FindLinkType(std::string_view name) {
  for (const LinkType type : {LinkType::kRelated, LinkType::kParentChild})
    if (name == LinkTypeName(type)) return type;
  return std::nullopt;
}

Result<std::optional<Link>> FindLink(OpContext& op, items::ItemSource& source,
                                     std::string_view id) {
  // What cannot be a key is the id of no link.
  if (id.empty()) return std::optional<Link>();
  const Item keys[] = {LinkKey(id)};
  TRY(const auto found, source.BatchGet(op, kLinksTable, keys));
  std::optional<Link> link;
  if (found.front()) link = LinkOf(*found.front());
  return link;
}

Result<std::vector<Link>> LinksFrom(OpContext& op, items::ItemSource& source, const LinkEnd& from) {
  return Read(op, source, "fromAssetGSI", from);
}

Result<std::vector<Link>> LinksTo(OpContext& op, items::ItemSource& source, const LinkEnd& to) {
  return Read(op, source, "toAssetGSI", to);
}

Result<std::vector<Link>> LinksBetween(OpContext& op, items::ItemSource& source,
                                       const LinkEnd& from, const LinkEnd& to) {
  return Read(op, source, "fromAssetGSI", from, &to);
}

Item LinkKey(std::string_view id) { return {{"assetLinkId", Value::S(std::string(id))}}; }

Item LinkItem(const Link& link) {
  Item item = LinkKey(link.id);
  item.Set(kFromPair, Value::S(link.from.pair()));
  item.Set("fromAssetDatabaseId", Value::S(link.from.database_id));
  item.Set("fromAssetId", Value::S(link.from.asset_id));
  item.Set(kToPair, Value::S(link.to.pair()));
  item.Set("toAssetDatabaseId", Value::S(link.to.database_id));
  item.Set("toAssetId", Value::S(link.to.asset_id));
  item.Set("relationshipType", Value::S(std::string(LinkTypeName(link.type))));
  Value::List tags;
  for (const std::string& tag : link.tags) tags.push_back(Value::S(tag));
  item.Set("tags", Value::L(std::move(tags)));
  if (link.alias) item.Set("assetLinkAliasId", Value::S(*link.alias));
  return item;
}

Result<std::vector<Write>> DeletionsOfLink(OpContext& op, items::ItemSource& source,
                                           std::string_view id) {
  // Before its metadata is looked for.
  TRY(const auto marks, ReadMarks(op, source, LinkMarks(id)));
  std::vector<Write> writes{Write::Delete(kLinksTable, LinkKey(id)), DropMarks(marks)};
  TRY_OK(ForEachOfPartition(op, source, kLinkMetadataTable, id, [&](const Item& item) {
    Item key = LinkKey(id);
    key.Set("metadataKey", Value::S(std::string(item.Text("metadataKey"))));
    writes.push_back(Write::Delete(kLinkMetadataTable, std::move(key)));
  }));
  return writes;
}

Result<std::vector<Write>> DeletionsOfLinks(OpContext& op, items::ItemSource& source,
                                            const LinkEnd& asset) {
  TRY(const auto from, LinksFrom(op, source, asset));
  TRY(auto links, LinksTo(op, source, asset));
  links.insert(links.end(), from.begin(), from.end());
  std::vector<Write> writes;
  std::set<std::string> seen;  // a link of an asset to itself is found twice
  for (const Link& link : links) {
    if (!seen.insert(link.id).second) continue;
    TRY(auto deletions, DeletionsOfLink(op, source, link.id));
    std::ranges::move(deletions, std::back_inserter(writes));
  }
  return writes;
}

}  // namespace vams::catalog
