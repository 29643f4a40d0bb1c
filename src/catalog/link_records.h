// Records of links between assets, and of their metadata.  Internal to catalog.
// Spec: api-assets.md section 11, data-model.md section 4.20.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

inline const std::string kLinksTable = "AssetLinksStorageTableV2.2";
inline const std::string kLinkMetadataTable = "AssetLinksMetadataStorageTable";

// One end of a link; the ids are plain.
struct LinkEnd {
  std::string database_id, asset_id;
  std::string pair() const { return database_id + ":" + asset_id; }
  auto operator<=>(const LinkEnd&) const = default;
};

enum class LinkType : std::uint8_t { kRelated, kParentChild };
std::string_view LinkTypeName(LinkType type);  // "related", "parentChild"
std::optional<LinkType> FindLinkType(std::string_view name);

struct Link {
  std::string id;
  LinkEnd from;  // of parentChild: the parent
  LinkEnd to;
  LinkType type = LinkType::kRelated;
  std::optional<std::string> alias;  // never empty
  std::vector<std::string> tags;

  const LinkEnd& other(const LinkEnd& end) const { return end == from ? to : from; }
};

Result<std::optional<Link>> FindLink(OpContext& op, items::ItemSource& source, std::string_view id);
// Links that begin or end at the asset, both types, by the other end; of equal ends in the order of
// their ids.
Result<std::vector<Link>> LinksFrom(OpContext& op, items::ItemSource& source, const LinkEnd& from);
Result<std::vector<Link>> LinksTo(OpContext& op, items::ItemSource& source, const LinkEnd& to);

// Those from one of the two to the other.
Result<std::vector<Link>> LinksBetween(OpContext& op, items::ItemSource& source,
                                       const LinkEnd& from, const LinkEnd& to);

items::Item LinkKey(std::string_view id);
items::Item LinkItem(const Link& link);
// Of the link, which comes first, of its metadata, and of the marks of its metadata: the commit
// fails if somebody has written some since.
Result<std::vector<items::Write>> DeletionsOfLink(OpContext& op, items::ItemSource& source,
                                                  std::string_view id);
// Of all links in both directions with their metadata, for the permanent deletion of the asset.
Result<std::vector<items::Write>> DeletionsOfLinks(OpContext& op, items::ItemSource& source,
                                                   const LinkEnd& asset);

}  // namespace vams::catalog
