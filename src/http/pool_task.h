// Running blocking work on a pool from a coroutine of the I/O thread.  Private to the module.
//
// Thread rule: RunOn is awaited on the I/O thread; the work runs on a thread of the pool, the
// coroutine goes on on its own thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "http/worker_pool.h"

namespace vams::http {

namespace internal {

template <typename Work>
struct PoolStart {
  WorkerPool* pool;
  Work* work;
  bool* posted;
  boost::asio::any_io_executor executor;

  template <typename Completion>
  void operator()(Completion completion) const {
    struct Job {
      Completion completion;
      boost::asio::any_io_executor executor;
      Work* work;

      void Finish() {
        boost::asio::post(executor, [this] {
          const std::unique_ptr<Job> self(this);
          std::move(completion)();
        });
      }
    };
    Job* const job = new Job{std::move(completion), executor, work};
    // A single pointer, which std::function holds without allocating.
    *posted = pool->TryQueue([job] {
      (*job->work)();
      job->Finish();
    });
    if (!*posted) return job->Finish();
    // Behind what else is ready on this thread, which may want the pool as well.
    boost::asio::post(executor, [pool = pool] { pool->Wake(); });
  }
};

}  // namespace internal

// Calls `work` on a thread of the pool and completes when it has returned; false, and it is not
// called, if the pool's queue is full.  `work` must not throw and must outlive the call.
template <typename Work>
boost::asio::awaitable<bool> RunOn(WorkerPool& pool, Work& work) {
  namespace asio = boost::asio;
  bool posted = false;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const internal::PoolStart<Work> start{&pool, &work, &posted, executor};
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
  co_return posted;
}

}  // namespace vams::http
