// Links between assets, of one database or of two: related ones, and parents with their children.
// Spec: api-assets.md section 11.
//
// Messages of errors are the texts of the wire; they carry no prefix there.  kNotFound, kConflict
// and kInvalid are 400.
//
// Parents and children never form a cycle, and no two links say the same, however many are made at
// once: whoever makes a link or gives it another alias changes one record that all of them share,
// in the same commit, and looks again if somebody was faster.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/link_records.h"
#include "catalog/stores.h"
#include "model/asset_link.h"

namespace vams::catalog {

// The other end of a link, as lists show it.
struct LinkedAsset {
  LinkEnd end;
  std::string name;
  std::string link_id;
  std::optional<std::string> alias;
  // In a tree: 0 for a child of the asset that was asked for, 1 for a child of such a child…  A
  // parent stands before its children.
  std::size_t depth = 0;
};

struct LinksOfAsset {
  std::vector<LinkedAsset> related, parents, children;
  // Links whose other end is gone, archived, or not to be seen by the caller; each counted once.
  std::size_t hidden_related = 0, hidden_parents = 0, hidden_children = 0;
};

class AssetLinks {
 public:
  // What the stores refer to must outlive this.
  explicit AssetLinks(const Stores& stores) : stores_(stores) {}

  // Needs POST on both assets; the id of the new link.  In this order: kInvalid for a link to the
  // same asset; kNotFound "One or both assets do not exist"; kDenied; kConflict for a link that is
  // there already and for a cycle.
  Result<std::string> Create(OpContext& op, Caller& caller, const model::NewAssetLink& link);

  // Needs GET.  `tree`: the children's children as well, as deep as they go.  kNotFound "Asset not
  // found in database"; kDenied; kTooLarge for a tree of more than kMostOfTree places.
  Result<LinksOfAsset> List(OpContext& op, Caller& caller, const LinkEnd& asset, bool tree);
  static constexpr std::size_t kMostOfTree = 100'000;

  // These three: kNotFound "Asset link not found", "One or both linked assets no longer exist";
  // kDenied.
  // Needs GET on both assets.
  Result<Link> Get(OpContext& op, Caller& caller, std::string_view id);
  // Needs PUT on both assets.  kInvalid for an alias of a related link; kConflict for one that
  // another link between the two has.
  Status Update(OpContext& op, Caller& caller, std::string_view id,
                const model::AssetLinkChange& change);
  // Needs DELETE on both assets, archived or not; of one that was deleted for good nothing is
  // asked. The link as it was.
  Result<Link> Delete(OpContext& op, Caller& caller, std::string_view id);

 private:
  Status CheckNew(OpContext& op, Caller& caller, const Link& link);
  Status CheckNoCycle(OpContext& op, const Link& link);
  Result<Link> Open(OpContext& op, Caller& caller, std::string_view id, access::Action action,
                    std::string_view refusal);
  Status TryUpdate(OpContext& op, Caller& caller, std::string_view id,
                   const model::AssetLinkChange& change);
  // Nothing: it was overtaken.
  Result<std::optional<Link>> TryDelete(OpContext& op, Caller& caller, std::string_view id);

  const Stores stores_;
};

}  // namespace vams::catalog
