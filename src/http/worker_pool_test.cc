#include "http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace vams::http {
namespace {

TEST(WorkerPool, TakesOneTaskForEachIdleThreadAndTheQueueAndNoMore) {
  WorkerPool pool(2, 1);
  std::latch running(2);
  std::latch release(1);
  std::atomic<int> done = 0;
  const auto block = [&] {
    running.count_down();
    release.wait();
    ++done;
  };

  EXPECT_TRUE(pool.TryPost(block));
  EXPECT_TRUE(pool.TryPost(block));
  running.wait();
  EXPECT_TRUE(pool.TryPost([&] { ++done; })) << "the place in the queue";
  EXPECT_FALSE(pool.TryPost([&] { ++done; })) << "nothing is left";
  release.count_down();
  pool.Join();

  EXPECT_EQ(done, 3) << "what was queued is run before the threads end";
  EXPECT_FALSE(pool.TryPost([] {}));
}

// Threads that have not woken up yet are idle all the same: a burst as wide as the pool fits
// without any queue.
TEST(WorkerPool, TakesABurstAsWideAsThePoolWithoutAQueue) {
  for (int round = 0; round < 100; ++round) {
    WorkerPool pool(3, 0);
    std::atomic<int> done = 0;
    std::latch all(3);
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(pool.TryPost([&] {
        all.arrive_and_wait();
        ++done;
      }));
    pool.Join();
    EXPECT_EQ(done, 3);
  }
}

}  // namespace
}  // namespace vams::http
