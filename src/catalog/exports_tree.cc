#include "catalog/exports_tree.h"

#include <algorithm>

namespace vams::catalog {

namespace {

// Records read together, and kept until their turn comes.
constexpr std::size_t kBatch = 64;
constexpr std::size_t kMostLoaded = 512;
constexpr std::size_t kLookAhead = 256;

}  // namespace

ExportTree::ExportTree(items::ItemSource& source, Caller& caller, const LinkEnd& root, Depth depth,
                       bool keep_links)
    : source_(source), caller_(caller), root_(root), depth_(depth), keep_links_(keep_links) {
  pending_.push_back(NodeOf(root));
  nodes_.front().below = depth != Depth::kRootOnly;
}

ExportTree::ExportTree(items::ItemSource& source, Caller& caller, const LinkEnd& root,
                       const std::vector<LinkEnd>& list)
    : source_(source),
      caller_(caller),
      root_(root),
      depth_(Depth::kRootOnly),
      keep_links_(false),
      list_(true) {
  for (const LinkEnd& end : list) pending_.push_back(NodeOf(end));
  std::ranges::reverse(pending_);
}

std::uint32_t ExportTree::NodeOf(const LinkEnd& end) {
  const auto [at, added] = by_pair_.try_emplace(PairOf(end.database_id, end.asset_id),
                                                static_cast<std::uint32_t>(nodes_.size()));
  if (added) nodes_.push_back({.end = end});
  return at->second;
}

bool ExportTree::MaySee(const Asset& asset, bool note) {
  const auto object = ObjectOf(asset);
  if (note) return caller_.MaySee(object);
  return caller_.policy().Decide(object, access::Action::kGet).allowed;
}

// With the record of the node those of the next ones are read, unless many are there already.
Result<std::optional<Asset>> ExportTree::Load(OpContext& op, std::uint32_t node) {
  if (!loaded_.contains(node)) {
    std::vector<std::uint32_t> wanted{node};
    for (std::size_t i = 1; i <= std::min(pending_.size(), kLookAhead); ++i) {
      if (wanted.size() == kBatch || loaded_.size() + wanted.size() > kMostLoaded) break;
      const std::uint32_t next = pending_[pending_.size() - i];
      if (nodes_[next].state == State::kNew && !loaded_.contains(next) &&
          std::ranges::find(wanted, next) == wanted.end())
        wanted.push_back(next);
    }
    std::vector<items::Item> keys;
    for (const std::uint32_t one : wanted)
      keys.push_back(AssetKey(nodes_[one].end.database_id, nodes_[one].end.asset_id));
    TRY(auto records, source_.BatchGet(op, kAssetsTable, keys));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::optional<Asset> asset;
      if (records[i]) asset = AssetOf(*std::move(records[i]));
      loaded_.insert_or_assign(wanted[i], std::move(asset));
    }
  }
  return std::move(loaded_.extract(node).mapped());
}

Status ExportTree::Expand(OpContext& op, std::uint32_t node) {
  const LinkEnd parent = nodes_[node].end;
  TRY(const auto links, LinksFrom(op, source_, parent));
  std::vector<std::uint32_t> children;
  for (const Link& link : links) {
    if (link.type != LinkType::kParentChild) continue;
    // Nothing can be filed under an empty id.
    if (link.to.database_id.empty() || link.to.asset_id.empty()) continue;
    const std::uint32_t child = NodeOf(link.to);
    if (depth_ == Depth::kAll) nodes_[child].below = true;
    if (keep_links_)
      edges_.push_back({.parent = node, .child = child, .id = link.id, .alias = link.alias});
    if (nodes_[child].state == State::kNew && (children.empty() || children.back() != child))
      children.push_back(child);
  }
  pending_.insert(pending_.end(), children.rbegin(), children.rend());
  return Ok();
}

Result<std::optional<TreeAsset>> ExportTree::Visit(OpContext& op, bool note) {
  while (!pending_.empty()) {
    TRY_OK(op.Check());
    const std::uint32_t node = pending_.back();
    pending_.pop_back();
    if (nodes_[node].state != State::kNew) continue;
    TRY(auto asset, Load(op, node));
    if (!asset) {
      nodes_[node].state = State::kMissing;
      continue;
    }
    const bool seen = MaySee(*asset, note);
    nodes_[node].state = seen ? State::kSeen : State::kRefused;
    if (seen && nodes_[node].below) TRY_OK(Expand(op, node));
    TreeAsset visited{.end = nodes_[node].end, .root = nodes_[node].end == root_};
    if (seen) visited.asset = std::move(asset);
    return std::optional(std::move(visited));
  }
  return std::optional<TreeAsset>();
}

Result<std::optional<TreeAsset>> ExportTree::Next(OpContext& op) { return Visit(op, true); }

Result<std::vector<LinkEnd>> ExportTree::TakeRest(OpContext& op) {
  std::vector<LinkEnd> rest;
  if (list_) {
    for (auto next = pending_.rbegin(); next != pending_.rend(); ++next)
      if (nodes_[*next].state == State::kNew) rest.push_back(nodes_[*next].end);
    pending_.clear();
    return rest;
  }
  for (;;) {
    TRY(auto visited, Visit(op, false));
    if (!visited) return rest;
    rest.push_back(std::move(visited->end));
  }
}

std::vector<ExportTree::TreeLink> ExportTree::TakeLinks() {
  std::vector<TreeLink> links;
  for (Edge& edge : std::exchange(edges_, {}))
    if (nodes_[edge.child].state == State::kSeen)
      links.push_back({.parent = nodes_[edge.parent].end,
                       .child = nodes_[edge.child].end,
                       .id = std::move(edge.id),
                       .alias = std::move(edge.alias)});
  return links;
}

}  // namespace vams::catalog
