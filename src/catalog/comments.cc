#include "catalog/comments.h"

#include <algorithm>
#include <set>
#include <utility>

#include "catalog/asset_marks.h"
#include "catalog/commit_planned.h"
#include "catalog/records.h"
#include "model/database.h"
#include "model/html.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

const std::string kKey = "assetVersionId:commentId";
const std::string kBody = "commentBody";
const std::string kOwner = "commentOwnerID";
const std::string kEdited = "dateEdited";

Error NotAllowed() { return {Code::kDenied, "Action not allowed"}; }
Error NoRecord() { return {Code::kNotFound, "Record not found"}; }

std::string DeletedPartition(std::string_view asset_id) {
  return std::string(asset_id).append(model::kDeletedSuffix);
}

Item CommentKey(std::string_view partition, std::string_view key) {
  return {{"assetId", Value::S(std::string(partition))}, {kKey, Value::S(std::string(key))}};
}

Comment CommentOf(const Item& item) {
  Comment comment{.asset_id = std::string(item.Text("assetId")),
                  .key = std::string(item.Text(kKey)),
                  .body = std::string(item.Text(kBody)),
                  .owner = std::string(item.Text(kOwner)),
                  .owner_name = std::string(item.Text("commentOwnerUsername")),
                  .created = std::string(item.Text("dateCreated")),
                  .edited = TextIfAny(item, kEdited)};
  if (!model::IsSanitizedHtml(comment.body)) comment.body = model::SanitizeHtml(comment.body);
  return comment;
}

Result<std::optional<Item>> FindRecord(OpContext& op, items::ItemSource& source,
                                       std::string_view asset_id, std::string_view key) {
  const Item keys[] = {CommentKey(asset_id, key)};
  TRY(auto found, source.BatchGet(op, kCommentsTable, keys));
  return std::move(found.front());
}

// As it was read.
Condition Same(const Item& item, const std::string& attribute) {
  const Value* value = item.Find(attribute);
  return value == nullptr ? Condition::Lacks(attribute) : Condition::Equals(attribute, *value);
}

// Whoever deletes one of the assets notices that it has a comment more, or one elsewhere.
void TouchAssets(const std::vector<Asset>& assets, std::vector<Write>& writes) {
  std::set<std::string> pairs;
  for (const Asset& asset : assets) {
    writes.push_back(Write::Check(kAssetsTable, AssetKey(asset.stored_database_id(), asset.id),
                                  {Condition::Exists()}));
    pairs.insert(PairOf(asset.database_id, asset.id));
  }
  for (const std::string& pair : pairs) writes.push_back(Touch(pair));
}

}  // namespace

// ---- Permission.

Result<std::vector<Asset>> Comments::Open(OpContext& op, Caller& caller, std::string_view asset_id,
                                          Action action) {
  TRY(auto assets, AssetsWithId(op, stores_.items, asset_id));
  if (assets.empty() && !caller.Require(AssetObject("", "", "", {}), action).ok())
    return NotAllowed();
  for (const Asset& asset : assets)
    if (!caller.Require(ObjectOf(asset), action).ok()) return NotAllowed();
  return assets;
}

Status Comments::Require(OpContext& op, Caller& caller, std::string_view asset_id, Action action) {
  TRY([[maybe_unused]] const auto assets, Open(op, caller, asset_id, action));
  return Ok();
}

// ---- Reading.

Result<std::vector<Comment>> Comments::List(OpContext& op, Caller& caller,
                                            std::string_view asset_id,
                                            const std::optional<std::string>& version,
                                            std::size_t most) {
  TRY_OK(Require(op, caller, asset_id, Action::kGet));
  items::QueryRequest request;
  request.table = kCommentsTable;
  request.partition = Value::S(std::string(asset_id));
  request.descending = true;
  // With the colon: version "1" is not the beginning of version "10".
  if (version) request.sort = items::SortCondition::BeginsWith(Value::S(*version + ":"));
  std::vector<Comment> comments;
  do {
    request.limit = std::min(kPageItems, most - comments.size());
    TRY(items::Page page, stores_.items.Query(op, request));
    for (const Item& item : page.items) comments.push_back(CommentOf(item));
    request.after = std::move(page.next);
  } while (!request.after.empty() && comments.size() < most);
  return comments;
}

Result<std::optional<Comment>> Comments::Get(OpContext& op, Caller& caller,
                                             std::string_view asset_id, std::string_view key) {
  TRY_OK(Require(op, caller, asset_id, Action::kGet));
  TRY(const auto record, FindRecord(op, stores_.items, asset_id, key));
  std::optional<Comment> comment;
  if (record) comment = CommentOf(*record);
  return comment;
}

// ---- Writing.

Status Comments::Create(OpContext& op, Caller& caller, std::string_view asset_id,
                        std::string_view key, const std::string& body) {
  return CommitPlanned(
      op, stores_.items, "the comment or its asset is", [&](std::vector<Write>& writes) -> Status {
        TRY(const auto assets, Open(op, caller, asset_id, Action::kPost));
        if (assets.empty()) return NoRecord();
        TRY(const auto there, FindRecord(op, stores_.items, asset_id, key));
        if (there && there->Text(kOwner) != caller.user())
          return Error(
              Code::kDenied,
              "Only the creator of the comment with this id can replace it; choose another id");
        Item item = CommentKey(asset_id, key);
        item.Set(kBody, Value::S(body));
        item.Set(kOwner, Value::S(caller.user()));
        item.Set("commentOwnerUsername", Value::S(caller.user()));
        item.Set("dateCreated", Value::S(IsoMicrosNoZone(stores_.clock.NowMillis()) + "Z"));
        writes.push_back(Write::Put(kCommentsTable, std::move(item),
                                    {there ? Same(*there, kOwner) : Condition::Absent()}));
        TouchAssets(assets, writes);
        return Ok();
      });
}

Status Comments::Edit(OpContext& op, Caller& caller, std::string_view asset_id,
                      std::string_view key, const std::string& body) {
  return CommitPlanned(
      op, stores_.items, "the comment or its asset is", [&](std::vector<Write>& writes) -> Status {
        TRY_OK(Require(op, caller, asset_id, Action::kPost));
        TRY(const auto there, FindRecord(op, stores_.items, asset_id, key));
        if (!there) return NoRecord();
        if (there->Text(kOwner) != caller.user())
          return Error(Code::kDenied, "Only the creator of a comment can edit it");
        writes.push_back(
            Write::Update(kCommentsTable, CommentKey(asset_id, key),
                          {{Mutation::Op::kSet, kBody, Value::S(body)},
                           {Mutation::Op::kSet, kEdited,
                            Value::S(IsoMicrosNoZone(stores_.clock.NowMillis()) + "Z")}},
                          {Condition::Exists(), Same(*there, kOwner)}));
        return Ok();
      });
}

Status Comments::Delete(OpContext& op, Caller& caller, std::string_view asset_id,
                        std::string_view key) {
  return CommitPlanned(
      op, stores_.items, "the comment or its asset is", [&](std::vector<Write>& writes) -> Status {
        TRY(const auto assets, Open(op, caller, asset_id, Action::kDelete));
        TRY(auto there, FindRecord(op, stores_.items, asset_id, key));
        if (!there) return NoRecord();
        if (there->Text(kOwner) != caller.user())
          return Error(Code::kDenied, "Only the creator of a comment can delete it");
        // What is kept is what was there last: an edit in between is looked at again.
        writes.push_back(Write::Delete(kCommentsTable, CommentKey(asset_id, key),
                                       {Condition::Exists(), Same(*there, kOwner),
                                        Same(*there, kBody), Same(*there, kEdited)}));
        there->Set("assetId", Value::S(DeletedPartition(asset_id)));
        writes.push_back(Write::Put(kCommentsTable, *std::move(there)));
        TouchAssets(assets, writes);
        return Ok();
      });
}

Result<std::vector<Write>> DeletionsOfComments(OpContext& op, items::ItemSource& source,
                                               std::string_view asset_id) {
  std::vector<Write> writes;
  for (const std::string& partition : {std::string(asset_id), DeletedPartition(asset_id)})
    TRY_OK(ForEachOfPartition(op, source, kCommentsTable, partition, [&](const Item& comment) {
      writes.push_back(Write::Delete(kCommentsTable, CommentKey(partition, comment.Text(kKey))));
    }));
  return writes;
}

}  // namespace vams::catalog
