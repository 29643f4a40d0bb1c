// The order in which an export visits assets: an asset and those below it, each once, every one
// before what is below it, children in the order of their links.  Internal to catalog.
// Spec: api-assets.md section 9.2.
//
// Belongs to one thread.  Blocks on the item store.  Keeps keys of assets and links in memory, and
// the records of a bounded number of assets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/link_records.h"

namespace vams::catalog {

struct TreeAsset {
  LinkEnd end;
  bool root = false;
  std::optional<Asset> asset;  // nothing: the caller may not see it
};

class ExportTree {
 public:
  enum class Depth : std::uint8_t { kRootOnly, kChildren, kAll };

  // The root and what is below it.  The caller may see the root.  Source and caller outlive this.
  ExportTree(items::ItemSource& source, Caller& caller, const LinkEnd& root, Depth depth,
             bool keep_links);
  // These and nothing below them; the root is wherever it stands in the list.
  ExportTree(items::ItemSource& source, Caller& caller, const LinkEnd& root,
             const std::vector<LinkEnd>& list);

  // The next asset; nothing behind the last one.  What is not there, or archived, is passed over,
  // and so is everything that only it leads to; what the caller may not see is given without its
  // record, and nothing below it is visited.  The refusal is noted with the caller.
  Result<std::optional<TreeAsset>> Next(OpContext& op);

  // What Next would still give, in that order; without a note of what is refused, and in a list
  // without looking whether it is there.  Next gives nothing afterwards.
  Result<std::vector<LinkEnd>> TakeRest(OpContext& op);

  // Links between assets of the tree that the caller may both see, once it was visited to its end:
  // by parent in the order of the visit, then as the parent's links are.
  struct TreeLink {
    LinkEnd parent, child;
    std::string id;
    std::optional<std::string> alias;
  };
  std::vector<TreeLink> TakeLinks();

 private:
  enum class State : std::uint8_t { kNew, kSeen, kRefused, kMissing };
  struct Node {
    LinkEnd end;
    State state = State::kNew;
    bool below = false;  // its links are followed
  };
  struct Edge {
    std::uint32_t parent, child;
    std::string id;
    std::optional<std::string> alias;
  };

  std::uint32_t NodeOf(const LinkEnd& end);
  Result<std::optional<TreeAsset>> Visit(OpContext& op, bool note);
  Result<std::optional<Asset>> Load(OpContext& op, std::uint32_t node);
  Status Expand(OpContext& op, std::uint32_t node);
  bool MaySee(const Asset& asset, bool note);

  items::ItemSource& source_;
  Caller& caller_;
  const LinkEnd root_;
  const Depth depth_;
  const bool keep_links_;
  const bool list_ = false;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, std::uint32_t> by_pair_;
  std::vector<std::uint32_t> pending_;  // the next one is the last
  std::unordered_map<std::uint32_t, std::optional<Asset>> loaded_;
  std::vector<Edge> edges_;
};

}  // namespace vams::catalog
