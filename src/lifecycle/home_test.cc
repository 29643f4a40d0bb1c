#include "lifecycle/home.h"

#include <gtest/gtest.h>

namespace vams::lifecycle {
namespace {

using Environment = std::map<std::string, std::string>;

std::string Resolved(const std::string& option, const Environment& environment,
                     bool is_root = false) {
  const auto home = ResolveHome(option, environment, is_root);
  return home.ok() ? home->string() : "error: " + home.error().message;
}

const Environment kAll{
    {"VAMS_HOME", "/from/variable"}, {"XDG_DATA_HOME", "/from/xdg"}, {"HOME", "/home/ann"}};

TEST(Home, TheOptionWinsOverEverything) {
  EXPECT_EQ(Resolved("/from/option", kAll), "/from/option");
  EXPECT_EQ(Resolved("/from/option", kAll, true), "/from/option");
}

TEST(Home, TheVariableWinsOverTheDefaults) {
  EXPECT_EQ(Resolved("", kAll), "/from/variable");
  EXPECT_EQ(Resolved("", kAll, true), "/from/variable");
}

TEST(Home, RootHasThePlaceOfTheSystem) {
  EXPECT_EQ(Resolved("", {{"XDG_DATA_HOME", "/from/xdg"}, {"HOME", "/root"}}, true),
            "/var/lib/vams");
  EXPECT_EQ(Resolved("", {}, true), "/var/lib/vams");
}

TEST(Home, UsersHaveTheirDataFolder) {
  EXPECT_EQ(Resolved("", {{"XDG_DATA_HOME", "/from/xdg"}, {"HOME", "/home/ann"}}),
            "/from/xdg/vams");
  EXPECT_EQ(Resolved("", {{"HOME", "/home/ann"}}), "/home/ann/.local/share/vams");
}

TEST(Home, AnEmptyVariableIsNone) {
  EXPECT_EQ(Resolved("", {{"VAMS_HOME", ""}, {"XDG_DATA_HOME", ""}, {"HOME", "/home/ann"}}),
            "/home/ann/.local/share/vams");
}

TEST(Home, SaysWhatToGiveWhereNothingTells) {
  const auto home = ResolveHome("", {{"HOME", ""}}, false);
  ASSERT_FALSE(home.ok());
  EXPECT_EQ(home.error().code, Code::kInvalid);
  EXPECT_NE(home.error().message.find("--home DIR"), std::string::npos) << home.error().message;
}

TEST(Home, IsAbsoluteAndPlain) {
  const auto current = std::filesystem::current_path();
  EXPECT_EQ(Resolved("stacks/../here", {}), (current / "here").string());
  EXPECT_EQ(Resolved("", {{"VAMS_HOME", "there"}}), (current / "there").string());
  EXPECT_EQ(Resolved("/a/./b/../c", {}), "/a/c");
}

}  // namespace
}  // namespace vams::lifecycle
