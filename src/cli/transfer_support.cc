#include "cli/transfer_support.h"

#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace vams::cli {

namespace {

constexpr std::chrono::milliseconds kTick{100};

}  // namespace

void RunParallel(OpContext& op, std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& work, const std::function<void()>& tick) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t running = std::min(std::max<std::size_t>(threads, 1), count);  // guarded by mutex
  std::vector<std::thread> workers;
  for (std::size_t i = 0, n = running; i < n; ++i)
    workers.emplace_back([&] {
      for (std::size_t index = next++; index < count && !op.cancelled(); index = next++)
        work(index);
      const std::lock_guard lock(mutex);
      --running;
      ended.notify_all();
    });
  {
    std::unique_lock lock(mutex);
    while (running > 0) {
      ended.wait_for(lock, kTick);
      lock.unlock();
      tick();
      lock.lock();
    }
  }
  for (auto& worker : workers) worker.join();
}

void OutliveBrokenConnections() { ::signal(SIGPIPE, SIG_IGN); }

Result<boost::json::value> CallPatiently(RestClient& client, std::string_view method,
                                         const std::string& path, const boost::json::object* body) {
  const auto& settings = client.retry_settings();
  return WithRetries(client.op(), settings, settings.attempts,
                     [&] { return client.Call(method, path, body); });
}

}  // namespace vams::cli
