#include "catalog/comments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "catalog/asset_support_test.h"
#include "catalog/assets.h"

namespace vams::catalog::test {
namespace {

using access::Action;
using items::Item;
using items::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kAll = 10'000;
const Fails kRefused(Code::kDenied, "Action not allowed");
const Fails kUnknown(Code::kNotFound, "Record not found");

// The same rights for somebody else: the policy names "tester", so it is made for another name.
Caller As(const std::string& user, const std::vector<std::string>& actions = kEveryAction) {
  auto identity = std::make_shared<identity::Identity>();
  identity->user = user;
  Rule rule{.id = "assets", .type = "asset"};
  for (const std::string& action : actions) rule.users.push_back(Allow(user, action));
  const std::vector constraints{Make(std::move(rule))};
  return {std::move(identity),
          std::make_shared<const access::Policy>(access::Policy::Compile(user, {}, constraints))};
}

class CommentsTest : public ::testing::Test {
 protected:
  CommentsTest() { bench.MakeAsset("gantry"); }

  Status Create(const std::string& key, const std::string& body = "<p>x</p>") {
    return comments.Create(op, ana, "gantry", key, body);
  }
  // "key body by owner at created", "edited …" behind it.
  std::vector<std::string> Listed(const std::optional<std::string>& version = {},
                                  std::size_t most = kAll) {
    std::vector<std::string> texts;
    for (const Comment& c : Must(comments.List(op, ana, "gantry", version, most)))
      texts.push_back(c.key + " " + c.body + " by " + c.owner + (c.edited ? ", edited" : ""));
    return texts;
  }
  std::vector<std::string> Keys(const std::optional<std::string>& version = {},
                                std::size_t most = kAll) {
    std::vector<std::string> keys;
    for (const Comment& c : Must(comments.List(op, ana, "gantry", version, most)))
      keys.push_back(c.key);
    return keys;
  }
  void PutRow(const std::string& key, const std::string& body, const std::string& owner = "ana",
              const std::string& asset = "gantry") {
    bench.PutItem(kCommentsTable, {{"assetId", Value::S(asset)},
                                   {"assetVersionId:commentId", Value::S(key)},
                                   {"commentBody", Value::S(body)},
                                   {"commentOwnerID", Value::S(owner)}});
  }

  AssetBench bench;
  OpContext& op = bench.op;
  Comments comments{bench.stores()};
  Assets assets{bench.stores()};
  Caller ana = As("ana"), ben = As("ben");
};

// ---- Records, lists.

TEST_F(CommentsTest, RecordsHaveTheFormOfTheDataModel) {
  Must(Create("3:x117e", "<p>Check the weld № 1</p>"));
  EXPECT_THAT(bench.Rows(kCommentsTable),
              ElementsAre(Item{{"assetId", Value::S("gantry")},
                               {"assetVersionId:commentId", Value::S("3:x117e")},
                               {"commentBody", Value::S("<p>Check the weld № 1</p>")},
                               {"commentOwnerID", Value::S("ana")},
                               {"commentOwnerUsername", Value::S("ana")},
                               {"dateCreated", Value::S("2025-03-01T10:00:00.123000Z")}}));

  bench.clock.now += 1000;
  Must(comments.Edit(op, ana, "gantry", "3:x117e", "<p>Done</p>"));

  EXPECT_THAT(bench.Rows(kCommentsTable),
              ElementsAre(Item{{"assetId", Value::S("gantry")},
                               {"assetVersionId:commentId", Value::S("3:x117e")},
                               {"commentBody", Value::S("<p>Done</p>")},
                               {"commentOwnerID", Value::S("ana")},
                               {"commentOwnerUsername", Value::S("ana")},
                               {"dateCreated", Value::S("2025-03-01T10:00:00.123000Z")},
                               {"dateEdited", Value::S("2025-03-01T10:00:01.123000Z")}}));
}

TEST_F(CommentsTest, ListsBeginWithTheGreatestKey) {
  for (const char* key : {"1:xaa", "10:xbb", "2:xcc", "1:xdd", "v:xee"}) Must(Create(key));
  EXPECT_THAT(Keys(), ElementsAre("v:xee", "2:xcc", "1:xdd", "1:xaa", "10:xbb"));
  EXPECT_THAT(Keys({}, 2), ElementsAre("v:xee", "2:xcc"));
  // Not of version 10, though its keys begin alike.
  EXPECT_THAT(Keys("1"), ElementsAre("1:xdd", "1:xaa"));
  EXPECT_THAT(Keys("1", 1), ElementsAre("1:xdd"));
  EXPECT_THAT(Keys("1:x"), IsEmpty());
  EXPECT_THAT(Keys("3"), IsEmpty());
}

TEST_F(CommentsTest, LongListsAreWhole) {
  for (int i = 0; i < 2500; ++i) PutRow("1:x" + std::to_string(10'000 + i), "a");
  const auto keys = Keys();
  EXPECT_THAT(keys, SizeIs(2500));
  EXPECT_EQ(keys.back(), "1:x10000");
  EXPECT_THAT(Keys("1", 1500), SizeIs(1500));
}

TEST_F(CommentsTest, WhatOthersStoredIsSanitizedWhenItIsRead) {
  PutRow("1:xaa", "<p onclick=\"run()\">a</p><script>run()</script>");
  PutRow("1:xbb", "a < b");
  EXPECT_THAT(Listed(), ElementsAre("1:xbb a &lt; b by ana", "1:xaa <p>a</p> by ana"));
  EXPECT_EQ(Must(comments.Get(op, ana, "gantry", "1:xaa"))->body, "<p>a</p>");
  // The record is not changed by that.
  EXPECT_EQ(bench.Rows(kCommentsTable)[0].Text("commentBody"),
            "<p onclick=\"run()\">a</p><script>run()</script>");
}

// ---- Who may what.

TEST_F(CommentsTest, OnlyTheOwnerChangesAComment) {
  Must(Create("1:xaa"));
  EXPECT_EQ(Failure(comments.Create(op, ben, "gantry", "1:xaa", "b")).first, Code::kDenied);
  EXPECT_EQ(Failure(comments.Edit(op, ben, "gantry", "1:xaa", "b")),
            Fails(Code::kDenied, "Only the creator of a comment can edit it"));
  EXPECT_EQ(Failure(comments.Delete(op, ben, "gantry", "1:xaa")),
            Fails(Code::kDenied, "Only the creator of a comment can delete it"));
  EXPECT_THAT(Listed(), ElementsAre("1:xaa <p>x</p> by ana"));

  Must(comments.Edit(op, ana, "gantry", "1:xaa", "b"));
  EXPECT_THAT(Listed(), ElementsAre("1:xaa b by ana, edited"));
  // In place of one's own; it is a new one then.
  Must(Create("1:xaa", "c"));
  EXPECT_THAT(Listed(), ElementsAre("1:xaa c by ana"));
  Must(comments.Delete(op, ana, "gantry", "1:xaa"));
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_EQ(Must(comments.Get(op, ana, "gantry", "1:xaa")), std::nullopt);
}

TEST_F(CommentsTest, UnknownOnesAreToldApart) {
  EXPECT_EQ(Failure(comments.Edit(op, ana, "gantry", "1:xaa", "b")), kUnknown);
  EXPECT_EQ(Failure(comments.Delete(op, ana, "gantry", "1:xaa")), kUnknown);
  EXPECT_EQ(Failure(comments.Create(op, ana, "ghost", "1:xaa", "b")), kUnknown);
  EXPECT_THAT(Must(comments.List(op, ana, "ghost", {}, kAll)), IsEmpty());
  EXPECT_THAT(bench.Rows(kCommentsTable), IsEmpty());
}

TEST_F(CommentsTest, EachActionNeedsItsRightToTheAsset) {
  Must(Create("1:xaa"));
  for (const std::string action : {"GET", "PUT", "POST", "DELETE"}) {
    Caller by = As("ana", {action});
    EXPECT_EQ(comments.List(op, by, "gantry", {}, kAll).ok(), action == "GET");
    EXPECT_EQ(comments.Get(op, by, "gantry", "1:xaa").ok(), action == "GET");
    EXPECT_EQ(comments.Create(op, by, "gantry", "1:xaa", "b").ok(), action == "POST");
    EXPECT_EQ(comments.Edit(op, by, "gantry", "1:xaa", "b").ok(), action == "POST");
    EXPECT_EQ(comments.Delete(op, by, "gantry", "1:xaa").ok(), action == "DELETE");
  }
  Caller nobody = As("ana", {});
  EXPECT_EQ(Failure(comments.Get(op, nobody, "gantry", "1:xaa")), kRefused);
  EXPECT_EQ(Failure(comments.Create(op, nobody, "gantry", "1:xaa", "b")), kRefused);
  EXPECT_EQ(Failure(comments.Edit(op, nobody, "ghost", "1:xaa", "b")), kRefused);
  EXPECT_EQ(Failure(comments.Delete(op, nobody, "gantry", "1:xaa")), kRefused);
  EXPECT_EQ(Failure(comments.Require(op, nobody, "ghost", Action::kGet)), kRefused);
}

TEST_F(CommentsTest, AnArchivedAssetIsSeenWithItsPlainDatabase) {
  Must(Create("1:xaa"));
  Caller owner = MayAssets();
  Must(assets.Archive(op, owner, kDatabase, "gantry", {}));
  Caller by_database = MayAssetsWith("databaseId", kDatabase);

  EXPECT_THAT(Must(comments.List(op, by_database, "gantry", {}, kAll)), SizeIs(1));
  Must(comments.Create(op, by_database, "gantry", "1:xbb", "b"));
  EXPECT_THAT(Keys(), ElementsAre("1:xbb", "1:xaa"));
}

// A namesake in a database of one's own would be a way to comments of an asset that one may not
// see.
TEST_F(CommentsTest, EveryAssetOfTheIdIsAsked) {
  Must(Create("1:xaa"));
  bench.AddDatabase("depot", bench.AddBucket("store"));
  Caller depot = MayAssetsWith("databaseId", "depot");
  EXPECT_EQ(Failure(comments.Get(op, depot, "gantry", "1:xaa")), kRefused);

  bench.MakeAsset("gantry", {.database = "depot"});

  EXPECT_EQ(Failure(comments.Get(op, depot, "gantry", "1:xaa")), kRefused);
  EXPECT_EQ(Failure(comments.List(op, depot, "gantry", {}, kAll)), kRefused);
  EXPECT_EQ(Failure(comments.Create(op, depot, "gantry", "1:xbb", "b")), kRefused);
  EXPECT_THAT(Keys(), ElementsAre("1:xaa"));
}

// ---- Deletion.

TEST_F(CommentsTest, DeletedOnesAreKeptAside) {
  Must(Create("1:xaa"));
  Must(comments.Delete(op, ana, "gantry", "1:xaa"));
  const auto rows = bench.Rows(kCommentsTable);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].Text("assetId"), "gantry#deleted");
  EXPECT_EQ(rows[0].Text("commentBody"), "<p>x</p>");
  EXPECT_EQ(Failure(comments.Edit(op, ana, "gantry", "1:xaa", "b")), kUnknown);
  // The key is free again, and deleting it again is no conflict with what is kept.
  Must(comments.Create(op, ben, "gantry", "1:xaa", "b"));
  Must(comments.Delete(op, ben, "gantry", "1:xaa"));
  EXPECT_EQ(bench.Rows(kCommentsTable)[0].Text("commentBody"), "b");
}

// ---- Others at the same time: each acts between what the call reads and what it commits.

class CommentRaceTest : public CommentsTest {
 protected:
  void Meanwhile(std::function<void()> act) { hooked.before = Once("Commit", std::move(act)); }

  HookedStore hooked{bench.items(), true};
  AssetBench::View view = bench.Through(hooked);
  Comments through{view.stores};
};

TEST_F(CommentRaceTest, AKeyThatSomebodyElseTakesIsNotOverwritten) {
  Meanwhile([&] { Must(comments.Create(op, ben, "gantry", "1:xaa", "of ben")); });
  EXPECT_EQ(Failure(through.Create(op, ana, "gantry", "1:xaa", "of ana")).first, Code::kDenied);
  EXPECT_THAT(Listed(), ElementsAre("1:xaa of ben by ben"));
}

TEST_F(CommentRaceTest, ACommentThatChangesHandsIsNotEdited) {
  Must(Create("1:xaa"));
  Meanwhile([&] {
    Must(comments.Delete(op, ana, "gantry", "1:xaa"));
    Must(comments.Create(op, ben, "gantry", "1:xaa", "of ben"));
  });
  EXPECT_EQ(Failure(through.Edit(op, ana, "gantry", "1:xaa", "of ana")).first, Code::kDenied);
  EXPECT_THAT(Listed(), ElementsAre("1:xaa of ben by ben"));
}

TEST_F(CommentRaceTest, ADeletedCommentIsNotEdited) {
  Must(Create("1:xaa"));
  Meanwhile([&] { Must(comments.Delete(op, ana, "gantry", "1:xaa")); });
  EXPECT_EQ(Failure(through.Edit(op, ana, "gantry", "1:xaa", "b")), kUnknown);
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(CommentRaceTest, WhatIsKeptOfADeletedCommentIsItsLastText) {
  Must(Create("1:xaa"));
  Meanwhile([&] { Must(comments.Edit(op, ana, "gantry", "1:xaa", "last")); });
  Must(through.Delete(op, ana, "gantry", "1:xaa"));
  EXPECT_EQ(bench.Rows(kCommentsTable)[0].Text("commentBody"), "last");
  EXPECT_THAT(bench.Rows(kCommentsTable), SizeIs(1));
}

TEST_F(CommentRaceTest, AnAssetThatIsDeletedMeanwhileGetsNoComment) {
  Caller owner = MayAssets();
  Meanwhile([&] { Must(assets.Delete(op, owner, kDatabase, "gantry")); });
  EXPECT_EQ(Failure(through.Create(op, ana, "gantry", "1:xaa", "b")), kUnknown);
  EXPECT_THAT(bench.Rows(kCommentsTable), IsEmpty());
}

TEST_F(CommentRaceTest, AnAssetThatIsDeletedTakesACommentMadeMeanwhileWithIt) {
  Must(Create("1:xaa"));
  Caller owner = MayAssets();
  Meanwhile([&] {
    Must(Create("1:xbb"));
    Must(comments.Delete(op, ana, "gantry", "1:xaa"));
  });
  Must(Assets(view.stores).Delete(op, owner, kDatabase, "gantry"));
  EXPECT_THAT(bench.Rows(kCommentsTable), IsEmpty());
}

TEST_F(CommentRaceTest, TheLastOfTwoNamesakesTakesTheCommentsWithIt) {
  Must(Create("1:xaa"));
  bench.AddDatabase("depot", bench.AddBucket("store"));
  bench.MakeAsset("gantry", {.database = "depot"});
  Caller owner = MayAssets();
  Meanwhile([&] { Must(assets.Delete(op, owner, "depot", "gantry")); });
  Must(Assets(view.stores).Delete(op, owner, kDatabase, "gantry"));
  EXPECT_THAT(bench.Rows(kCommentsTable), IsEmpty());
}

TEST(CommentFaults, AnInterruptedDeletionLeavesOneRecord) {
  ExpectAllOrNothing(
      [](AssetBench& bench) {
        bench.MakeAsset("gantry");
        Caller ana = As("ana");
        Must(Comments(bench.stores()).Create(bench.op, ana, "gantry", "1:xaa", "a"));
      },
      [](AssetBench& bench, const Stores& stores) {
        Caller ana = As("ana");
        (void)Comments(stores).Delete(bench.op, ana, "gantry", "1:xaa");
      },
      [](AssetBench& bench) {
        std::vector<std::string> rows;
        for (const Item& row : bench.Rows(kCommentsTable))
          rows.push_back(std::string(row.Text("assetId")));
        return rows;
      });
}

}  // namespace
}  // namespace vams::catalog::test
