// What the audit log says of comments; answers are those of tests/api/comments.api.
#include <gtest/gtest.h>

#include <string>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/asset_records.h"

namespace vams::api {
namespace {

using test::TestStack;

constexpr char kComment[] = "/comments/assets/crane-3/assetVersionId:commentId/1:xaaa";
constexpr char kBody[] = R"({"commentBody": "<p>Check</p>"})";

class CommentRoutesTest : public ::testing::Test {
 protected:
  CommentRoutesTest() {
    AddCommentRoutes(stack.gate());
    const items::Write writes[] = {
        items::Write::Put(catalog::kAssetsTable, catalog::AssetKey("harbor", "crane-3"))};
    test::Must(stack.store().Commit(stack.op(), writes));
    stack.AddUser("ben", "Canary-Qu4y-pass!", "admin");
    ben = stack.TokenFor("ben", "Canary-Qu4y-pass!");
  }

  TestStack stack;
  std::string ben;
};

TEST_F(CommentRoutesTest, EveryWriteLeavesALine) {
  EXPECT_EQ(stack.Ask("POST", kComment, kBody, ben).status, 200);
  EXPECT_EQ(stack.Ask("PUT", kComment, kBody, ben).status, 200);
  EXPECT_EQ(stack.Ask("DELETE", kComment, "", ben).status, 200);

  for (const std::string_view type : {"commentCreate", "commentUpdate", "commentDelete"})
    EXPECT_EQ(stack.AuditLines({type, "[user: ben]", "crane-3", "1:xaaa"}).size(), 1U) << type;
}

// No rule refuses it, so no rule would leave a line.
TEST_F(CommentRoutesTest, TouchingSomebodyElsesCommentLeavesALine) {
  ASSERT_EQ(stack.Ask("POST", kComment, kBody, stack.AdminToken()).status, 200);

  for (const std::string_view verb : {"POST", "PUT", "DELETE"}) {
    EXPECT_EQ(stack.Ask(verb, kComment, kBody, ben).status, 403) << verb;
    EXPECT_EQ(stack
                  .AuditLines({"AUTHORIZATION", "[user: ben]", verb,
                               "the comment is somebody else's", "1:xaaa"})
                  .size(),
              1U)
        << verb;
  }
}

TEST_F(CommentRoutesTest, ARefusalOfThePathLeavesALineWhateverItsStatus) {
  EXPECT_EQ(stack.Ask("GET", kComment, "", stack.NobodyToken()).status, 405);
  EXPECT_EQ(stack.AuditLines({"AUTHORIZATION", "[user: nobody]", "route__path", "1:xaaa"}).size(),
            1U);
}

}  // namespace
}  // namespace vams::api
