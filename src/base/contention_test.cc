#include "base/contention.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace vams {
namespace {

TEST(ContentionTest, CountsItsAttempts) {
  Contention contention(4);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(contention.Next());
    EXPECT_EQ(contention.attempt(), i);
  }
  EXPECT_FALSE(contention.Next());
  EXPECT_FALSE(contention.Next());
}

TEST(ContentionTest, NoneIsNone) { EXPECT_FALSE(Contention(0).Next()); }

// A slow writer beside one that never pauses: without waiting it would be overtaken every time.
TEST(ContentionTest, TheSlowOneGetsItsTurn) {
  std::atomic<int> value = 0;
  std::atomic<bool> done = false;
  std::thread fast([&] {
    while (!done) {
      for (Contention contention; contention.Next();) {
        int seen = value;
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        if (value.compare_exchange_strong(seen, seen + 1)) break;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  bool changed = false;
  for (Contention contention; !changed && contention.Next();) {
    int seen = value;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    changed = value.compare_exchange_strong(seen, seen + 1);
  }
  done = true;
  fast.join();
  EXPECT_TRUE(changed);
}

}  // namespace
}  // namespace vams
