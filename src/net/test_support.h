// What tests of modules that call other servers share: time that passes without waiting, seeded
// chance, environments.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "net/aws_config.h"
#include "net/retry.h"

namespace vams::net::test {

// Sleeping moves its time.  Thread-safe.
class FakeTimer final : public Timer {
 public:
  TimePoint Now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  Status Sleep(OpContext& op, std::chrono::milliseconds time) override {
    TRY_OK(op.Check());
    const std::lock_guard lock(mutex_);
    now_ += time;
    sleeps_.push_back(time);
    return Ok();
  }
  std::vector<std::chrono::milliseconds> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  mutable std::mutex mutex_;
  TimePoint now_ = std::chrono::steady_clock::now();
  std::vector<std::chrono::milliseconds> sleeps_;
};

// Thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {}
  void Fill(void* bytes, std::size_t count) override {
    const std::lock_guard lock(mutex_);
    auto* out = static_cast<unsigned char*>(bytes);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937 engine_;
};

// An environment of exactly these variables.
inline Environment Variables(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    if (at == variables.end() || at->second.empty()) return std::nullopt;
    return at->second;
  };
}

}  // namespace vams::net::test
