#include "catalog/asset_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/contention.h"
#include "base/random.h"
#include "catalog/asset_marks.h"
#include "catalog/records.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

// The marks that all links share.  No asset's, whose name has a colon.
constexpr std::string_view kAllLinks = "links";
// Of several who make links one gets through each time; the request's deadline ends it before this.
constexpr int kLinkAttempts = 1'000;

constexpr std::string_view kNoLink = "Asset link not found";
constexpr std::string_view kEndsGone = "One or both linked assets no longer exist";
constexpr std::string_view kSameAlias =
    "Validation Error: A parent-child relationship already exists between these assets with "
    "provided alias";

Error LinksBusy() {
  return {Code::kUnavailable,
          "links are being made by others all the time, so nothing was changed; try again"};
}

Status Require(Caller& caller, const Asset& asset, Action action, std::string_view refusal) {
  if (caller.Require(ObjectOf(asset), action).ok()) return Ok();
  return Error(Code::kDenied, std::string(refusal));
}

// The search for a way between two assets along parents and children: down from one of them, and up
// from the other, in turns, so that the smaller side decides how long it takes.
class Side {
 public:
  Side(bool down, const LinkEnd& start, const LinkEnd& goal)
      : down_(down), goal_(goal), seen_{start}, open_{start} {}

  bool done() const { return open_.empty(); }
  // One more asset.  True: the goal was reached.
  Result<bool> Step(OpContext& op, items::ItemSource& source) {
    const LinkEnd at = std::move(open_.back());
    open_.pop_back();
    TRY(const auto links, down_ ? LinksFrom(op, source, at) : LinksTo(op, source, at));
    for (const Link& link : links) {
      if (link.type != LinkType::kParentChild) continue;
      const LinkEnd& next = down_ ? link.to : link.from;
      if (next == goal_) return true;
      if (seen_.insert(next).second) open_.push_back(next);
    }
    return false;
  }

 private:
  const bool down_;
  const LinkEnd goal_;
  std::set<LinkEnd> seen_;
  std::vector<LinkEnd> open_;
};

}  // namespace

// ---- Making one.

Status AssetLinks::CheckNoCycle(OpContext& op, const Link& link) {
  std::array sides{Side(true, link.to, link.from), Side(false, link.from, link.to)};
  while (true) {
    for (Side& side : sides) {
      // One side that is known as a whole is enough.
      if (side.done()) return Ok();
      TRY_OK(op.Check());
      TRY(const bool reached, side.Step(op, stores_.items));
      if (reached)
        return Error(Code::kConflict,
                     "Validation Error: Creating this parent-child relationship would create a "
                     "cycle");
    }
  }
}

Status AssetLinks::CheckNew(OpContext& op, Caller& caller, const Link& link) {
  TRY(const auto from, FindAsset(op, stores_.items, link.from.database_id, link.from.asset_id));
  TRY(const auto to, FindAsset(op, stores_.items, link.to.database_id, link.to.asset_id));
  if (!from || !to) return Error(Code::kNotFound, "One or both assets do not exist");
  TRY_OK(
      Require(caller, *from, Action::kPost, "Not authorized to create links for the source asset"));
  TRY_OK(
      Require(caller, *to, Action::kPost, "Not authorized to create links for the target asset"));

  TRY(const auto along, LinksBetween(op, stores_.items, link.from, link.to));
  TRY(const auto back, LinksBetween(op, stores_.items, link.to, link.from));
  const auto same_type = [&](const Link& other) { return other.type == link.type; };
  if (link.type == LinkType::kRelated) {
    if (std::ranges::any_of(along, same_type) || std::ranges::any_of(back, same_type))
      return Error(Code::kConflict,
                   "Validation Error: A relationship already exists between these assets");
    return Ok();
  }
  if (std::ranges::any_of(back, same_type) || std::ranges::any_of(along, [&](const Link& other) {
        return same_type(other) && other.alias == link.alias;
      }))
    return Error(Code::kConflict, std::string(kSameAlias));
  return CheckNoCycle(op, link);
}

Result<std::string> AssetLinks::Create(OpContext& op, Caller& caller,
                                       const model::NewAssetLink& asked) {
  Link link{.id = {},
            .from = {asked.from_database, asked.from_asset},
            .to = {asked.to_database, asked.to_asset},
            .type = asked.parent_child ? LinkType::kParentChild : LinkType::kRelated,
            .alias = std::nullopt,
            .tags = asked.tags};
  if (!asked.alias.empty()) link.alias = asked.alias;
  if (link.from == link.to)
    return Error(Code::kInvalid, "Cannot create asset link to the same asset");

  const auto asset_is_there = [](const LinkEnd& end) {
    return Write::Check(kAssetsTable, AssetKey(end.database_id, end.asset_id),
                        {Condition::Exists()});
  };
  for (Contention contention(kLinkAttempts); contention.Next();) {
    TRY_OK(op.Check());
    // Before what is looked for, so that a link that somebody makes meanwhile is noticed.
    TRY(const auto marks, ReadMarks(op, stores_.items, kAllLinks));
    TRY_OK(CheckNew(op, caller, link));
    link.id = NewUuid(stores_.random);
    const Write writes[] = {Write::Put(kLinksTable, LinkItem(link), {Condition::Absent()}),
                            asset_is_there(link.from), asset_is_there(link.to),
                            // Who deletes one of the assets notices that it has a link more.
                            Touch(link.from.pair()), Touch(link.to.pair()),
                            Touch(kAllLinks, {}, {Unedited(marks)})};
    const auto done = stores_.items.Commit(op, writes);
    if (done.ok()) return std::move(link.id);
    if (done.error().code != Code::kConflict) return done.error();
  }
  return LinksBusy();
}

// ---- Reading, changing and removing one.

Result<Link> AssetLinks::Open(OpContext& op, Caller& caller, std::string_view id, Action action,
                              std::string_view refusal) {
  TRY(auto link, FindLink(op, stores_.items, id));
  if (!link) return Error(Code::kNotFound, std::string(kNoLink));
  TRY(const auto from, FindAsset(op, stores_.items, link->from.database_id, link->from.asset_id));
  TRY(const auto to, FindAsset(op, stores_.items, link->to.database_id, link->to.asset_id));
  if (!from || !to) return Error(Code::kNotFound, std::string(kEndsGone));
  TRY_OK(Require(caller, *from, action, refusal));
  TRY_OK(Require(caller, *to, action, refusal));
  return *std::move(link);
}

Result<Link> AssetLinks::Get(OpContext& op, Caller& caller, std::string_view id) {
  return Open(op, caller, id, Action::kGet, "Not authorized to view this asset link");
}

Status AssetLinks::TryUpdate(OpContext& op, Caller& caller, std::string_view id,
                             const model::AssetLinkChange& change) {
  TRY(const auto marks, ReadMarks(op, stores_.items, kAllLinks));
  TRY(const Link link,
      Open(op, caller, id, Action::kPut, "Not authorized to update this asset link"));
  Value::List tags;
  for (const std::string& tag : change.tags) tags.push_back(Value::S(tag));
  std::vector<Mutation> mutations{{Mutation::Op::kSet, "tags", Value::L(std::move(tags))}};
  std::vector<Write> writes;
  if (change.alias && change.alias->empty()) {
    mutations.push_back({Mutation::Op::kRemove, "assetLinkAliasId", {}});
  } else if (change.alias) {
    if (link.type == LinkType::kRelated)
      return Error(Code::kInvalid,
                   "Validation Error: assetLinkAliasId can only be used with parentChild "
                   "relationships");
    mutations.push_back({Mutation::Op::kSet, "assetLinkAliasId", Value::S(*change.alias)});
  }
  writes.push_back(
      Write::Update(kLinksTable, LinkKey(id), std::move(mutations), {Condition::Exists()}));
  if (change.alias && link.type == LinkType::kParentChild) {
    const auto alias = change.alias->empty() ? std::nullopt : change.alias;
    TRY(const auto along, LinksBetween(op, stores_.items, link.from, link.to));
    if (std::ranges::any_of(along, [&](const Link& other) {
          return other.id != id && other.type == link.type && other.alias == alias;
        }))
      return Error(Code::kConflict, std::string(kSameAlias));
    writes.push_back(Touch(kAllLinks, {}, {Unedited(marks)}));
  }
  auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return Ok();
  // The index tells it from the refusals above.
  return std::move(done).error();
}

Status AssetLinks::Update(OpContext& op, Caller& caller, std::string_view id,
                          const model::AssetLinkChange& change) {
  for (Contention contention(kLinkAttempts); contention.Next();) {
    TRY_OK(op.Check());
    auto done = TryUpdate(op, caller, id, change);
    if (done.ok()) return Ok();
    const Error& error = done.error();
    if (error.code != Code::kConflict || error.index < 0) return done;
  }
  return LinksBusy();
}

Result<std::optional<Link>> AssetLinks::TryDelete(OpContext& op, Caller& caller,
                                                  std::string_view id) {
  TRY(auto link, FindLink(op, stores_.items, id));
  if (!link) return Error(Code::kNotFound, std::string(kNoLink));
  for (const LinkEnd& end : {link->from, link->to}) {
    TRY(auto asset, FindAsset(op, stores_.items, end.database_id, end.asset_id));
    if (!asset) {
      TRY(asset, FindArchivedAsset(op, stores_.items, end.database_id, end.asset_id));
    }
    if (asset)
      TRY_OK(Require(caller, *asset, Action::kDelete, "Not authorized to delete this asset link"));
  }
  TRY(auto writes, DeletionsOfLink(op, stores_.items, id));
  writes.front().conditions = {Condition::Exists()};
  const auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return link;
  // Somebody else removed it, or wrote metadata of it.
  if (done.error().code == Code::kConflict) return std::optional<Link>();
  return done.error();
}

Result<Link> AssetLinks::Delete(OpContext& op, Caller& caller, std::string_view id) {
  for (Contention contention(kLinkAttempts); contention.Next();) {
    TRY_OK(op.Check());
    TRY(auto link, TryDelete(op, caller, id));
    if (link) return *std::move(link);
  }
  return LinksBusy();
}

}  // namespace vams::catalog
