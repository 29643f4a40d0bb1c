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

TEST(WorkerPool, RunsQueuedTasksOnceItIsWoken) {
  WorkerPool pool(2, 100);
  std::latch all(50);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool.TryQueue([&] { all.count_down(); }));
  pool.Wake();
  all.wait();
  pool.Wake();  // with nothing to do
  pool.Join();
  EXPECT_FALSE(pool.TryQueue([] {}));
}

// Two tasks that wait for each other need two threads, though one Wake was for both.
TEST(WorkerPool, WakesAThreadForEachQueuedTask) {
  WorkerPool pool(2, 0);
  std::latch both(2);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool.TryQueue([&] { both.arrive_and_wait(); }));
  pool.Wake();
  pool.Join();
}

}  // namespace
}  // namespace vams::http
