// Tokens of a provider that somebody else wrote: npm's oidc-provider (tests/servers/oidc).  Skipped
// where tools/fetch_oidc_provider could not fetch it.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/encoding.h"
#include "identity/external_provider.h"
#include "net/http_client.h"

namespace vams::identity {
namespace {

// The same as in tools/fetch_oidc_provider.
constexpr const char* kFolder = "oidc-provider-8.8.1";
constexpr int kStartMillis = 60'000;

std::filesystem::path ProviderFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::filesystem::path(cache) / "vams" / kFolder;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "/" : home) / ".cache" / "vams" / kFolder;
}

// The provider program; it dies with this one.
class Provider {
 public:
  explicit Provider(const std::string& folder) {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) return;
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ == 0) {
      // Only calls that are safe between fork and exec.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(127);
      dup2(out[1], 1);
      dup2(open("/dev/null", O_WRONLY), 2);
      execlp("node", "node", OIDC_PROVIDER_SCRIPT, folder.c_str(), nullptr);
      _exit(127);
    }
    close(out[1]);
    pollfd readable{.fd = out[0], .events = POLLIN, .revents = 0};
    char text[16] = "";
    if (poll(&readable, 1, kStartMillis) == 1 && read(out[0], text, sizeof text - 1) > 0)
      port_ = std::atoi(text);
    close(out[0]);
  }
  ~Provider() { Stop(); }

  void Stop() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  int port() const { return port_; }  // 0: it did not start
  std::string issuer() const { return fmt::format("http://127.0.0.1:{}", port_); }

 private:
  pid_t process_ = -1;
  int port_ = 0;
};

// The machine's, which the provider goes by as well, and some.
class LaterClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return SystemClock().NowMillis() + later_.load(); }
  void Advance(std::int64_t seconds) { later_ += seconds * 1000; }

 private:
  std::atomic<std::int64_t> later_ = 0;
};

// Past any proxy of the environment; counts.
class Direct final : public net::Transport {
 public:
  Result<net::HttpResponse> Send(OpContext& op, const net::HttpRequest& request,
                                 bool* arrived) override {
    ++requests;
    net::HttpRequest direct = request;
    direct.direct = true;
    return client_.Send(op, direct, arrived);
  }
  std::atomic<int> requests = 0;

 private:
  net::HttpClient client_;
};

class OidcProvider : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = ProviderFolder();
    if (!std::filesystem::exists(folder))
      GTEST_SKIP() << folder << " is not there; run tools/fetch_oidc_provider";
    provider_ = std::make_unique<Provider>(folder.string());
    ASSERT_NE(provider_->port(), 0)
        << "the provider does not start; run " << OIDC_PROVIDER_SCRIPT << " by hand to see why";
  }

  // An access token of one of the provider's clients.
  std::string Token(std::string_view client, std::string_view scope) {
    const auto secret = fmt::format("{0}:{0}-secret-of-the-test", client);
    const auto answer = transport_.Send(
        op_,
        {.method = "POST",
         .url = provider_->issuer() + "/token",
         .headers = {{"Authorization", "Basic " + Base64Encode(secret)},
                     {"Content-Type", "application/x-www-form-urlencoded"}},
         .body = fmt::format("grant_type=client_credentials&scope={}", net::PercentEncode(scope))},
        nullptr);
    if (!answer.ok() || answer->status != 200) {
      ADD_FAILURE() << (answer.ok() ? answer->body : answer.error().message);
      return "";
    }
    return std::string(boost::json::parse(answer->body).at("access_token").as_string());
  }
  void RotateKeys() {
    const auto answer = transport_.Send(
        op_, {.method = "POST", .url = provider_->issuer() + "/test/rotate"}, nullptr);
    ASSERT_TRUE(answer.ok() && answer->status == 200);
  }
  ExternalProvider Verifier(std::string audience = "vams") {
    return {
        transport_,
        clock_,
        {.issuer = provider_->issuer(), .audience = std::move(audience), .mfa_scope = "plant.mfa"}};
  }

  std::unique_ptr<Provider> provider_;
  Direct transport_;
  LaterClock clock_;
  OpContext op_;
};

std::string ReasonOf(const Result<std::shared_ptr<const Identity>>& result) {
  return result.ok() ? "taken as " + result.value()->user : result.error().details;
}

TEST_F(OidcProvider, ItsTokensAreTakenWithTheUserAndTheSecondFactorTheyName) {
  ExternalProvider verifier = Verifier();

  const auto dana = verifier.Verify(op_, Token("dana", "assets"));
  const auto strong = verifier.Verify(op_, Token("dana", "assets plant.mfa"));
  const auto lee = verifier.Verify(op_, Token("lee", "assets"));

  ASSERT_EQ(ReasonOf(dana), "taken as dana");
  EXPECT_EQ((*dana)->email, "dana@plant.example");
  EXPECT_FALSE((*dana)->mfa);
  EXPECT_EQ((*dana)->claims.at("scope"), "assets");
  ASSERT_EQ(ReasonOf(strong), "taken as dana");
  EXPECT_TRUE((*strong)->mfa) << "by its scope";
  ASSERT_EQ(ReasonOf(lee), "taken as Lee");
  EXPECT_TRUE((*lee)->mfa) << "by its amr";
  EXPECT_EQ((*lee)->role_claims, std::vector<std::string>{"editor"});
}

TEST_F(OidcProvider, TokensThatWereChangedOrAreForOthersAreRefused) {
  ExternalProvider verifier = Verifier();
  const std::string token = Token("dana", "assets");
  ASSERT_EQ(ReasonOf(verifier.Verify(op_, token)), "taken as dana");

  std::string forged = token;
  char& first = forged[token.rfind('.') + 1];
  first = first == 'A' ? 'B' : 'A';
  EXPECT_EQ(ReasonOf(verifier.Verify(op_, forged)), "the signature is wrong");
  ExternalProvider of_another = Verifier("another application");
  EXPECT_EQ(ReasonOf(of_another.Verify(op_, token)), "it is for another audience");
  clock_.Advance(3 * 24 * 3600);
  EXPECT_EQ(ReasonOf(verifier.Verify(op_, token)), "expired");
}

TEST_F(OidcProvider, RotatedKeysAreFoundAndWithdrawnOnesForgotten) {
  ExternalProvider verifier = Verifier();
  const std::string old = Token("dana", "assets");
  ASSERT_EQ(ReasonOf(verifier.Verify(op_, old)), "taken as dana");
  RotateKeys();
  const std::string fresh = Token("dana", "assets");

  EXPECT_EQ(ReasonOf(verifier.Verify(op_, fresh)),
            "it was signed with a key that the provider does not publish");
  clock_.Advance(60);
  EXPECT_EQ(ReasonOf(verifier.Verify(op_, fresh)), "taken as dana");
  EXPECT_EQ(ReasonOf(verifier.Verify(op_, old)),
            "it was signed with a key that the provider does not publish");
}

TEST_F(OidcProvider, ItsKeysServeForADayWhenItIsGone) {
  ExternalProvider verifier = Verifier(), latecomer = Verifier();
  const std::string token = Token("dana", "assets"), other = Token("lee", "assets");
  ASSERT_EQ(ReasonOf(verifier.Verify(op_, token)), "taken as dana");
  provider_->Stop();

  clock_.Advance(2 * 3600);
  EXPECT_EQ(ReasonOf(verifier.Verify(op_, other)), "taken as Lee");
  const int requests = transport_.requests;
  EXPECT_EQ(ReasonOf(verifier.Verify(op_, other)), "taken as Lee");
  EXPECT_EQ(transport_.requests, requests) << "the provider is not asked by every request";
  const auto without_keys = latecomer.Verify(op_, token);
  ASSERT_FALSE(without_keys.ok());
  EXPECT_EQ(without_keys.error().code, Code::kUnavailable);
  clock_.Advance(22 * 3600);
  const auto too_late = verifier.Verify(op_, token);
  ASSERT_FALSE(too_late.ok());
  EXPECT_EQ(too_late.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace vams::identity
