#include "app/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vams::app {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string PolicyOf(const config::Config& config) {
  const auto options = ServerOptionsOf(config, "127.0.0.1:8080");
  if (!options.ok()) return options.error().message;
  return std::string(options->default_headers.Find("content-security-policy").value_or(""));
}

TEST(ServerOptions, LetPagesTalkToTheirOwnServerAlone) {
  EXPECT_THAT(PolicyOf({}), HasSubstr("connect-src 'self' blob: data:;"));
}

TEST(ServerOptions, LetTheMapFetchFromWhereItsStyleLies) {
  config::Config config;
  config.location_service = true;
  config.web_ui.map_style_url = "https://maps.example:8443/styles/grey.json?key=a";

  EXPECT_THAT(PolicyOf(config),
              HasSubstr("connect-src 'self' blob: data: https://maps.example:8443;"));

  config.location_service = false;
  EXPECT_THAT(PolicyOf(config), Not(HasSubstr("maps.example")));
}

}  // namespace

}  // namespace vams::app
