#include "identity/external_provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/hash.h"
#include "base/log.h"
#include "identity/jwt.h"
#include "identity/jwt_cache.h"
#include "identity/jwt_json.h"

namespace vams::identity {

namespace json = boost::json;

namespace {

constexpr std::int64_t kFreshMillis = 3'600'000;        // keys are asked for again
constexpr std::int64_t kUsableMillis = 24 * 3'600'000;  // keys are given up
constexpr std::int64_t kRetryMillis = 60'000;           // between two requests, whatever for
constexpr std::int64_t kFirstRetryMillis = 5000;        // the same while no key is known at all
constexpr std::size_t kMaxAnswerBytes = 256 * 1024;
constexpr std::size_t kCachedTokens = 10'000;
constexpr std::chrono::seconds kConnectTime{5}, kAnswerTime{10};
constexpr std::chrono::milliseconds kWaitSlice{100};  // until a cancelled operation is noticed

Error NoKeys(std::string reason) {
  return Error(Code::kUnavailable,
               "the identity provider's keys cannot be had, so tokens cannot be checked; try again "
               "in a minute",
               std::move(reason));
}

bool IsPrintable(char c) { return c > ' ' && c < '\x7f'; }

bool SameKeys(const KeySet& a, const KeySet& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.Thumbprint() == y.second.Thumbprint();
  });
}

}  // namespace

struct ExternalProvider::Impl {
  using Keys = std::shared_ptr<const KeySet>;

  // What a token stood for, and with which keys that was found out.
  struct Known {
    std::shared_ptr<const Identity> identity;
    Keys keys;
  };

  Impl(net::Transport& t, const Clock& c, ExternalProviderOptions o)
      : transport(t), clock(c), options(std::move(o)) {
    base = options.issuer;
    while (base.ends_with('/')) base.pop_back();
  }

  Result<net::HttpResponse> Ask(OpContext& op, const std::string& url);
  Result<std::string> KeysUrl(OpContext& op);
  Result<KeySet> FetchKeys(OpContext& op);
  Result<Keys> CurrentKeys(OpContext& op, const Keys& unfit);
  void Learn(OpContext& op, Result<KeySet> fetched);

  net::Transport& transport;
  const Clock& clock;
  const ExternalProviderOptions options;
  std::string base;  // the issuer without a slash at its end
  DigestCache<Known> cache{kCachedTokens};

  std::mutex mutex;  // guards the rest; never held while the provider is asked
  std::condition_variable asked;
  Keys keys;  // nullptr: none yet
  std::int64_t fetched_millis = 0;
  std::optional<std::int64_t> asked_millis;  // the last time, whatever came of it
  bool asking = false;
  std::string failure;  // why the last request got no keys

  // Under the lock.  A clock that was set back does not keep anybody waiting.
  bool MayAsk(std::int64_t now) const {
    if (!asked_millis.has_value() || now < *asked_millis) return true;
    return now - *asked_millis >= (keys == nullptr ? kFirstRetryMillis : kRetryMillis);
  }
};

ExternalProvider::ExternalProvider(net::Transport& transport, const Clock& clock,
                                   ExternalProviderOptions options)
    : impl_(std::make_unique<Impl>(transport, clock, std::move(options))) {}
ExternalProvider::~ExternalProvider() = default;

// The transport follows no redirects: keys come from where the operator said, or not at all.
Result<net::HttpResponse> ExternalProvider::Impl::Ask(OpContext& op, const std::string& url) {
  auto answer = transport.Send(op, {.url = url,
                                    .headers = {{"Accept", "application/json"}},
                                    .connect_timeout = kConnectTime,
                                    .timeout = kAnswerTime,
                                    .max_response_bytes = kMaxAnswerBytes});
  if (!answer.ok()) return std::move(answer).error().With(url);
  if (answer->body.size() > kMaxAnswerBytes)
    return Error(Code::kTooLarge, fmt::format("{}: more than {} bytes", url, kMaxAnswerBytes));
  return answer;
}

// Of the discovery document (OpenID Connect Discovery 1.0 section 4), or where providers without
// one keep their keys.
Result<std::string> ExternalProvider::Impl::KeysUrl(OpContext& op) {
  const std::string usual = base + "/.well-known/jwks.json";
  const std::string url = base + "/.well-known/openid-configuration";
  TRY(const auto answer, Ask(op, url));
  if (answer.status >= 400 && answer.status < 500) return usual;
  if (answer.status != 200)
    return Error(Code::kUnavailable, fmt::format("{}: status {}", url, answer.status));
  const auto document = ParseStrictObject(answer.body);
  if (!document.has_value())
    return Error(Code::kCorrupt, fmt::format("{}: no strict JSON object", url));
  const auto* issuer = FindText(*document, "issuer");
  if (issuer == nullptr || *issuer != options.issuer)
    return Error(Code::kInvalid, fmt::format("{}: names another issuer than the configured {}", url,
                                             options.issuer));
  if (!document->contains("jwks_uri")) return usual;
  const auto* keys_url = FindText(*document, "jwks_uri");
  // Keys over plain HTTP would undo the issuer's TLS; and the URL goes to the log.
  const bool plain = options.issuer.starts_with("http://");
  if (keys_url == nullptr || !std::ranges::all_of(*keys_url, IsPrintable) ||
      !(keys_url->starts_with("https://") || (plain && keys_url->starts_with("http://"))))
    return Error(Code::kInvalid, fmt::format("{}: jwks_uri is no https URL", url));
  return std::string(*keys_url);
}

Result<KeySet> ExternalProvider::Impl::FetchKeys(OpContext& op) {
  TRY(const auto url, KeysUrl(op));
  TRY(const auto answer, Ask(op, url));
  if (answer.status != 200)
    return Error(Code::kUnavailable, fmt::format("{}: status {}", url, answer.status));
  auto set = ParseKeySet(answer.body);
  if (!set.ok()) return std::move(set).error().With(url);
  if (set->empty())
    return Error(Code::kInvalid, fmt::format("{}: no key that serves for RS256", url));
  return set;
}

// Under the lock.
void ExternalProvider::Impl::Learn(OpContext& op, Result<KeySet> fetched) {
  const std::int64_t now = clock.NowMillis();
  if (fetched.ok()) {
    // Tokens that were verified with a key that is withdrawn have to be looked at again.
    if (keys == nullptr || !SameKeys(*keys, *fetched)) {
      keys = std::make_shared<const KeySet>(*std::move(fetched));
      cache.Clear();
    }
    fetched_millis = now;
    asked_millis = now;
    return;
  }
  // That the caller gave up says nothing about the provider.
  if (op.cancelled()) return;
  failure = fmt::format("{} {}", fetched.error().message, fetched.error().details);
  asked_millis = now;
  if (keys == nullptr || now - fetched_millis >= kUsableMillis)
    LogError(fmt::format("the identity provider's keys cannot be had, so nobody can sign in: {}",
                         failure));
  else
    LogWarning(
        fmt::format("the identity provider's keys could not be asked for again; those known "
                    "since {} serve until {}: {}",
                    IsoMillis(fetched_millis), IsoMillis(fetched_millis + kUsableMillis), failure));
}

// The keys to verify with; `unfit` are those that lack the key looked for, or nullptr.  They come
// back when the provider may not be asked again yet.
Result<ExternalProvider::Impl::Keys> ExternalProvider::Impl::CurrentKeys(OpContext& op,
                                                                         const Keys& unfit) {
  std::unique_lock lock(mutex);
  for (;;) {
    const std::int64_t now = clock.NowMillis();
    const std::int64_t age = now - fetched_millis;
    const bool usable = keys != nullptr && age < kUsableMillis;
    const bool fits = unfit == nullptr || keys != unfit;
    if (usable && fits && age >= 0 && age < kFreshMillis) return keys;
    if (asking) {
      if (usable && fits) return keys;
      asked.wait_for(lock, kWaitSlice);
      TRY_OK(op.Check());
      continue;
    }
    if (!MayAsk(now)) {
      if (usable) return keys;
      return NoKeys(failure);
    }
    asking = true;
    lock.unlock();
    auto fetched = FetchKeys(op);
    lock.lock();
    asking = false;
    Learn(op, std::move(fetched));
    asked.notify_all();
    TRY_OK(op.Check());
  }
}

Result<std::shared_ptr<const Identity>> ExternalProvider::Verify(OpContext& op,
                                                                 std::string_view token) {
  const std::string digest = Sha256(token);
  const std::int64_t now_seconds = impl_->clock.NowMillis() / 1000;
  const auto known = impl_->cache.Find(digest);
  std::optional<ParsedToken> parsed;
  if (!known.has_value()) {
    // Before anybody is asked for keys: what is no token at all costs the provider nothing.
    TRY(parsed, ParseToken(token));
  } else if (now_seconds >= known->identity->expires) {
    impl_->cache.Erase(digest);
    return TokenRefused("expired");
  }

  TRY(auto keys, impl_->CurrentKeys(op, nullptr));
  if (known.has_value() && known->keys == keys) return known->identity;
  if (!parsed.has_value()) {
    TRY(parsed, ParseToken(token));
  }
  const TokenRules rules{.issuer = impl_->options.issuer,
                         .audience = impl_->options.audience,
                         .now_seconds = now_seconds};
  auto verified = VerifyToken(*parsed, *keys, rules);
  if (!verified.ok() && verified.error().code == Code::kNotFound) {
    TRY(keys, impl_->CurrentKeys(op, keys));
    verified = VerifyToken(*parsed, *keys, rules);
    if (!verified.ok() && verified.error().code == Code::kNotFound)
      return TokenRefused("it was signed with a key that the provider does not publish");
  }
  TRY_OK(std::move(verified));
  TRY(auto identity,
      IdentityOf(parsed->claims, HasSecondFactor(parsed->claims, impl_->options.mfa_scope)));
  auto shared = std::make_shared<const Identity>(std::move(identity));
  // Keys that were replaced meanwhile make the entry worthless at its first use.
  impl_->cache.Put(digest, {shared, keys}, impl_->cache.generation());
  return shared;
}

}  // namespace vams::identity
