#include "net/aws_config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/test_support.h"

namespace vams::net {
namespace {

using test::Variables;

class AwsFiles : public ::testing::Test {
 protected:
  AwsFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vams-net-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~AwsFiles() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, std::string_view text) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  Environment With(std::map<std::string, std::string, std::less<>> variables) {
    variables.emplace("HOME", folder_.string());
    return Variables(std::move(variables));
  }

  std::filesystem::path folder_;
};

TEST_F(AwsFiles, DefaultProfileComesFromTheHomeFolder) {
  Write(".aws/config", "[default]\nregion = eu-central-1\noutput=json\n");
  Write(".aws/credentials", "[default]\naws_access_key_id=AKID\naws_secret_access_key = s=cret\n");

  const auto profile = LoadProfile(With({})).value();
  const auto credentials = ProfileCredentials(profile).value().value();

  EXPECT_TRUE(profile.found);
  EXPECT_EQ(credentials.access_key, "AKID");
  EXPECT_EQ(credentials.secret_key, "s=cret");
  EXPECT_EQ(credentials.session_token, "");
  EXPECT_EQ(ResolveRegion("", With({}), profile).value(), "eu-central-1");
}

TEST_F(AwsFiles, NamedProfilesHaveTheirHeadingsInBothFiles) {
  const auto config = Write("c",
                            "# comment\n[profile  plant]\nregion=us-west-2\n"
                            "s3 =\n  max_concurrent_requests = 20\n; comment\n"
                            "[plant]\nregion=wrong\n[profile \"with space\"]\nregion=ap-south-1\n"
                            "[sso-session plant]\nregion=wrong\n");
  const auto shared = Write("s",
                            "[default]\naws_access_key_id=NO\naws_secret_access_key=NO\n"
                            "[plant]\r\naws_access_key_id = PLANT\r\n"
                            "aws_secret_access_key = key\r\naws_session_token = token\r\n");
  const auto environment = With({{"AWS_PROFILE", "plant"},
                                 {"AWS_CONFIG_FILE", config},
                                 {"AWS_SHARED_CREDENTIALS_FILE", shared}});

  const auto profile = LoadProfile(environment).value();
  const auto credentials = ProfileCredentials(profile).value().value();
  const auto spaced =
      LoadProfile(With({{"AWS_PROFILE", "with space"}, {"AWS_CONFIG_FILE", config}})).value();

  EXPECT_EQ(ResolveRegion("", environment, profile).value(), "us-west-2");
  EXPECT_EQ(credentials.access_key, "PLANT");
  EXPECT_EQ(credentials.session_token, "token");
  EXPECT_FALSE(profile.settings.contains("max_concurrent_requests"));
  EXPECT_EQ(spaced.settings.at("region"), "ap-south-1");
}

TEST_F(AwsFiles, UnknownProfileIsAnErrorOnlyWhenItWasChosen) {
  const auto chosen = LoadProfile(With({{"AWS_PROFILE", "nobody"}}));

  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.error().code, Code::kNotFound);
  EXPECT_FALSE(LoadProfile(With({})).value().found);
}

TEST_F(AwsFiles, BrokenFilesAreNamedWithTheLine) {
  const auto config = Write("c", "[default]\nregion eu-west-1\n");

  const auto profile = LoadProfile(With({{"AWS_CONFIG_FILE", config}}));

  ASSERT_FALSE(profile.ok());
  EXPECT_NE(profile.error().message.find(config + ", line 2"), std::string::npos);
}

TEST_F(AwsFiles, ProfilesThatNeedAnotherProgramSayHow) {
  const auto config = Write("c", "[default]\nrole_arn=arn:aws:iam::1:role/x\n");
  const auto half = Write("h", "[default]\naws_access_key_id=AKID\n");

  const auto role = ProfileCredentials(LoadProfile(With({{"AWS_CONFIG_FILE", config}})).value());
  const auto halved = ProfileCredentials(LoadProfile(With({{"AWS_CONFIG_FILE", half}})).value());

  EXPECT_EQ(role.error().code, Code::kNotSupported);
  EXPECT_NE(role.error().message.find("export-credentials"), std::string::npos);
  EXPECT_EQ(halved.error().code, Code::kInvalid);
}

TEST(AwsConfig, RegionIsTheFirstThatIsSet) {
  const AwsProfile profile{.name = "p", .found = true, .settings = {{"region", "file"}}};
  const auto both = Variables({{"AWS_REGION", "first"}, {"AWS_DEFAULT_REGION", "second"}});

  EXPECT_EQ(ResolveRegion("given", both, profile).value(), "given");
  EXPECT_EQ(ResolveRegion("", both, profile).value(), "first");
  EXPECT_EQ(ResolveRegion("", Variables({{"AWS_DEFAULT_REGION", "second"}}), profile).value(),
            "second");
  EXPECT_EQ(ResolveRegion("", Variables({}), profile).value(), "file");
  EXPECT_EQ(ResolveRegion("", Variables({}), {}).error().code, Code::kInvalid);
}

TEST(AwsConfig, EndpointOfTheServiceBeatsTheCommonOne) {
  const AwsProfile profile{.settings = {{"endpoint_url", "http://file"}}};
  const auto environment = Variables({{"AWS_ENDPOINT_URL_DYNAMODB", "http://one:8000/"},
                                      {"AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "http://streams"},
                                      {"AWS_ENDPOINT_URL", "http://all"}});
  const auto ignoring = Variables(
      {{"AWS_ENDPOINT_URL", "http://all"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}});

  EXPECT_EQ(ResolveEndpoint("http://given", "dynamodb", environment, profile), "http://given");
  EXPECT_EQ(ResolveEndpoint("", "dynamodb", environment, profile), "http://one:8000");
  EXPECT_EQ(ResolveEndpoint("", "dynamodb-streams", environment, profile), "http://streams");
  EXPECT_EQ(ResolveEndpoint("", "lambda", environment, profile), "http://all");
  EXPECT_EQ(ResolveEndpoint("", "lambda", Variables({}), profile), "http://file");
  EXPECT_EQ(ResolveEndpoint("", "lambda", Variables({}), {}), "");
  EXPECT_EQ(ResolveEndpoint("", "lambda", ignoring, profile), "");
}

}  // namespace
}  // namespace vams::net
