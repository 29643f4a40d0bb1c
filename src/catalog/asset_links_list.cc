// What an asset is linked to, with the tree of its children.  Spec: api-assets.md section 11.2.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "catalog/asset_links.h"

namespace vams::catalog {

using access::Action;

namespace {

// The assets at the other ends, each read and decided on once.
class Ends {
 public:
  Ends(OpContext& op, items::ItemSource& source, Caller& caller)
      : op_(op), source_(source), caller_(caller) {}

  // Reads those at the other ends of these links.
  Status Load(const std::vector<Link>& links, const LinkEnd& end) {
    std::vector<LinkEnd> wanted;
    std::vector<items::Item> keys;
    for (const Link& link : links) {
      const LinkEnd& other = link.other(end);
      if (!names_.emplace(other, std::nullopt).second) continue;
      // A broken record names no asset.
      if (other.database_id.empty() || other.asset_id.empty()) continue;
      wanted.push_back(other);
      keys.push_back(AssetKey(other.database_id, other.asset_id));
    }
    if (keys.empty()) return Ok();
    TRY(auto found, source_.BatchGet(op_, kAssetsTable, keys));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i]) continue;
      const Asset asset = AssetOf(*std::move(found[i]));
      if (caller_.MaySee(ObjectOf(asset))) names_[wanted[i]] = asset.name;
    }
    return Ok();
  }

  // The name of an active asset that the caller may see.  Precondition: it was read.
  const std::optional<std::string>& Name(const LinkEnd& end) const { return names_.at(end); }

 private:
  OpContext& op_;
  items::ItemSource& source_;
  Caller& caller_;
  std::map<LinkEnd, std::optional<std::string>> names_;
};

// In an order that stays: by the other end, then by alias.
void Sort(std::vector<Link>& links, const LinkEnd& end) {
  std::ranges::sort(links, [&](const Link& a, const Link& b) {
    return std::tie(a.other(end), a.alias, a.id) < std::tie(b.other(end), b.alias, b.id);
  });
}

Status AddFlat(const std::vector<Link>& links, const LinkEnd& asset, Ends& ends,
               std::vector<LinkedAsset>& seen, std::size_t& hidden) {
  TRY_OK(ends.Load(links, asset));
  for (const Link& link : links) {
    const auto& name = ends.Name(link.other(asset));
    if (name)
      seen.push_back({link.other(asset), *name, link.id, link.alias, 0});
    else
      ++hidden;
  }
  return Ok();
}

// Walks down the children without recursion: trees may be deeper than any stack.
class Walk {
 public:
  Walk(OpContext& op, items::ItemSource& source, Ends& ends, LinksOfAsset& links)
      : op_(op), source_(source), ends_(ends), links_(links) {}

  Status Run(const LinkEnd& asset) {
    TRY_OK(Enter(asset));
    while (!way_.empty()) {
      Place& place = way_.back();
      const std::vector<Link>& children = *place.children;
      if (place.next == children.size()) {
        on_way_.erase(place.end);
        way_.pop_back();
        continue;
      }
      TRY_OK(Visit(children[place.next++]));
    }
    return Ok();
  }

 private:
  struct Place {
    LinkEnd end;
    const std::vector<Link>* children;
    std::size_t next = 0;
  };

  Status Enter(const LinkEnd& end) {
    TRY_OK(op_.Check());
    auto known = children_.find(end);
    if (known == children_.end()) {
      TRY(auto links, LinksFrom(op_, source_, end));
      std::erase_if(links, [](const Link& link) { return link.type != LinkType::kParentChild; });
      Sort(links, end);
      TRY_OK(ends_.Load(links, end));
      known = children_.emplace(end, std::move(links)).first;
    }
    way_.push_back({end, &known->second, 0});
    on_way_.insert(end);
    return Ok();
  }

  Status Visit(const Link& link) {
    const auto& name = ends_.Name(link.to);
    if (!name) {
      // The same link is met again under every place of its parent.
      if (hidden_.insert(link.id).second) ++links_.hidden_children;
      return Ok();
    }
    if (links_.children.size() == AssetLinks::kMostOfTree)
      return Error(Code::kTooLarge,
                   fmt::format("the tree of children has more than {} places; ask for the children "
                               "of one asset at a time, without childTreeView",
                               AssetLinks::kMostOfTree));
    links_.children.push_back({link.to, *name, link.id, link.alias, way_.size() - 1});
    // Only data that others wrote leads back to an asset on the way.
    if (on_way_.contains(link.to)) return Ok();
    return Enter(link.to);
  }

  OpContext& op_;
  items::ItemSource& source_;
  Ends& ends_;
  LinksOfAsset& links_;
  std::map<LinkEnd, std::vector<Link>> children_;
  std::vector<Place> way_;
  std::set<LinkEnd> on_way_;
  std::set<std::string> hidden_;
};

}  // namespace

Result<LinksOfAsset> AssetLinks::List(OpContext& op, Caller& caller, const LinkEnd& asset,
                                      bool tree) {
  TRY(const auto record, FindAsset(op, stores_.items, asset.database_id, asset.asset_id));
  if (!record) return Error(Code::kNotFound, "Asset not found in database");
  if (!caller.Require(ObjectOf(*record), Action::kGet).ok())
    return Error(Code::kDenied, "Not authorized to view links for this asset");

  TRY(const auto from, LinksFrom(op, stores_.items, asset));
  TRY(const auto to, LinksTo(op, stores_.items, asset));
  std::vector<Link> related, parents, children;
  for (const Link& link : from)
    (link.type == LinkType::kRelated ? related : children).push_back(link);
  for (const Link& link : to) {
    // A link of an asset to itself, which only others write, is in both lists.
    if (link.type == LinkType::kParentChild)
      parents.push_back(link);
    else if (link.from != link.to)
      related.push_back(link);
  }
  for (std::vector<Link>* links : {&related, &parents, &children}) Sort(*links, asset);

  LinksOfAsset links;
  Ends ends(op, stores_.items, caller);
  TRY_OK(AddFlat(related, asset, ends, links.related, links.hidden_related));
  TRY_OK(AddFlat(parents, asset, ends, links.parents, links.hidden_parents));
  if (tree)
    TRY_OK(Walk(op, stores_.items, ends, links).Run(asset));
  else
    TRY_OK(AddFlat(children, asset, ends, links.children, links.hidden_children));
  return links;
}

}  // namespace vams::catalog
