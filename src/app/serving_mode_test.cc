#include "app/serving_mode.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace vams::app {
namespace {

using http::Verb;
using lifecycle::ServingMode;

class ServingModesTest : public testing::Test {
 protected:
  ServingModesTest()
      : folder_(*files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-modes")) {
    stack_.folder = folder_.path();
    const auto answer = [](const http::Request&, OpContext&) -> Result<http::Response> {
      return http::Response();
    };
    routes_.Add({.verb = Verb::kGet, .path = "/healthz", .id = "getHealth", .handle = answer});
    routes_.Add({.verb = Verb::kPost, .path = "/auth/login", .id = "login", .handle = answer});
    routes_.Add({.verb = Verb::kGet, .path = "/database", .id = "getDatabases", .handle = answer});
    routes_.Add(
        {.verb = Verb::kGet, .path = "/admin/lifecycle", .id = "getLifecycle", .handle = answer});
    routes_.Add({.verb = Verb::kGet,
                 .path = "/admin/lifecycle/history",
                 .id = "getLifecycleHistory",
                 .handle = answer});
    routes_.Add(
        {.verb = Verb::kGet, .path = "/admin/lifecycles", .id = "getOther", .handle = answer});
    routes_.SetFallback(answer);
  }

  // The answer's status.
  int Ask(const http::Routes& routes, std::string path, Verb verb = Verb::kGet,
          std::string_view accept = "application/json", std::string_view token = {}) {
    http::Request request;
    request.verb = verb;
    request.path = path;
    request.headers.Set("accept", accept);
    if (!token.empty()) request.headers.Set("authorization", token);
    const http::Match match = routes.Find(verb, path);
    const http::Route* route = match.route != nullptr ? match.route : routes.fallback();
    OpContext op;
    const auto answer = route->handle(request, op);
    EXPECT_TRUE(answer.ok());
    last_ = answer.ok() ? *answer : http::Response();
    return last_.status;
  }

  files::TempFolder folder_;
  lifecycle::Stack stack_;
  items::WriteGate gate_;
  http::Routes routes_;
  http::Response last_;
};

TEST_F(ServingModesTest, ServingRefusesNothing) {
  ServingModes modes(stack_, {}, gate_);
  const auto routes = modes.Guard(routes_, {});

  EXPECT_EQ(modes.mode(), ServingMode::kServing);
  for (const char* path : {"/healthz", "/database", "/admin/lifecycle", "/x.js"})
    EXPECT_EQ(Ask(routes, path), 200) << path;
}

// A freeze is the store's matter: reads are answered, and writes are refused where they are made.
TEST_F(ServingModesTest, AFreezeIsToldAndRefusesNothingHere) {
  ServingModes modes(stack_, {}, gate_);
  const auto routes = modes.Guard(routes_, {});
  OpContext op;
  modes.Frozen("an update");
  ASSERT_TRUE(gate_.Close(op, "an update").ok());

  EXPECT_EQ(modes.mode(), ServingMode::kFrozen);
  EXPECT_EQ(modes.reason(), "an update");
  EXPECT_EQ(Ask(routes, "/database"), 200);
}

TEST_F(ServingModesTest, MaintenanceLeavesHealthSignInAndLifecycle) {
  ServingModes modes(stack_, {}, gate_);
  const auto routes =
      modes.Guard(routes_, [](std::string_view credential) { return credential == "operator's"; });
  ASSERT_TRUE(WriteMaintenance(stack_, {.message = "until <noon>", .since = {}, .by = {}}).ok());
  EXPECT_EQ(Ask(routes, "/database"), 200);  // before it is told
  modes.Refresh();

  EXPECT_EQ(modes.mode(), ServingMode::kMaintenance);
  EXPECT_EQ(Ask(routes, "/healthz"), 200);
  EXPECT_EQ(Ask(routes, "/auth/login", Verb::kPost), 200);
  EXPECT_EQ(Ask(routes, "/admin/lifecycle"), 200);
  EXPECT_EQ(Ask(routes, "/admin/lifecycle/history"), 200);
  EXPECT_EQ(Ask(routes, "/admin/lifecycles"), 503);
  EXPECT_EQ(Ask(routes, "/database"), 503);
  EXPECT_EQ(last_.body, R"({"message":"until <noon>"})");
  EXPECT_TRUE(last_.headers.Has("retry-after"));
  EXPECT_EQ(Ask(routes, "/database", Verb::kGet, "application/json", "Bearer operator's"), 200);
  EXPECT_EQ(Ask(routes, "/database", Verb::kGet, "application/json", "Bearer another"), 503);
  // Of the web application the page says so, and its files are there for administrators.
  EXPECT_EQ(Ask(routes, "/", Verb::kGet, "text/html"), 503);
  EXPECT_NE(last_.body.find("until &lt;noon&gt;"), std::string::npos);
  EXPECT_EQ(Ask(routes, "/index.html", Verb::kGet, "text/html"), 200);
  EXPECT_EQ(Ask(routes, "/x.js"), 200);

  ASSERT_TRUE(RemoveMaintenance(stack_).ok());
  modes.Refresh();
  EXPECT_EQ(Ask(routes, "/database"), 200);
}

TEST_F(ServingModesTest, OlderDataLeavesTheApplicationToo) {
  ServingModes modes(stack_, {.mode = ServingMode::kUpdateNeeded, .reason = "update it"}, gate_);
  const auto routes = modes.Guard(routes_, [](std::string_view) { return true; });

  EXPECT_EQ(modes.mode(), ServingMode::kUpdateNeeded);
  EXPECT_EQ(Ask(routes, "/", Verb::kGet, "text/html"), 200);
  EXPECT_EQ(Ask(routes, "/auth/login", Verb::kPost), 200);
  // Nobody has a token that makes the data newer.
  EXPECT_EQ(Ask(routes, "/database"), 503);
  EXPECT_EQ(last_.body, R"({"message":"update it"})");
}

TEST_F(ServingModesTest, AFileThatCannotBeReadIsMaintenance) {
  ASSERT_TRUE(files::WriteAtomically(stack_.folder / "maintenance.json", "{").ok());

  const ServingModes modes(stack_, {}, gate_);

  EXPECT_EQ(modes.mode(), ServingMode::kMaintenance);
  EXPECT_FALSE(modes.reason().empty());
}

}  // namespace
}  // namespace vams::app
