// What the tests of tokens share: keys that are made once, tokens of any content, a clock.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "identity/jwt.h"

namespace vams::identity::test {

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message << " (" << result.error().details << ")";
    std::abort();
  }
  return *std::move(result);
}

// The n-th key of the program; making one takes a while.
inline const RsaKey& KeyNumber(std::size_t n) {
  static std::vector<RsaKey>& keys = *new std::vector<RsaKey>;
  while (keys.size() <= n) keys.push_back(Must(RsaKey::Generate()));
  return keys[n];
}

// A token whose parts are exactly these texts, signed.
inline std::string RawToken(const RsaKey& key, std::string_view header, std::string_view claims) {
  const std::string text = Base64UrlEncode(header) + "." + Base64UrlEncode(claims);
  return text + "." + Base64UrlEncode(Must(key.SignRs256(text)));
}

class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t seconds) : millis_(seconds * 1000) {}
  std::int64_t NowMillis() const override { return millis_.load(); }
  void Advance(std::int64_t seconds) { millis_ += seconds * 1000; }

 private:
  std::atomic<std::int64_t> millis_;
};

}  // namespace vams::identity::test
