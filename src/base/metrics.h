// Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4).
// For every module: `app` owns the registry and hands out references.  No I/O.
//
// Thread-safe.  Updating a metric is one or two atomic instructions; get its handle once, at the
// start, because that takes a lock.  Handles live as long as the registry.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vams {

// Only grows.  On a cache line of its own, so that threads with different metrics do not meet.
class alignas(64) Counter {
 public:
  void Add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class alignas(64) Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double value) { value_.fetch_add(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Histogram {
 public:
  // Upper bounds of the buckets, strictly growing and finite; one without a bound is added.
  explicit Histogram(std::span<const double> bounds);

  // NaN is left out: it would make the sum useless for good.
  void Observe(double value);

  std::span<const double> bounds() const { return bounds_; }
  // How many values fell into each bucket; one more than there are bounds.
  std::vector<std::uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_ = 0;
};

// 0.5 ms to 30 s, for durations in seconds.
std::span<const double> DurationBounds();

class Metrics {
 public:
  // Names of labels must be those of the format; values are any text.  The order does not count.
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The metric of that name and these labels, made at the first call.  A malformed name, or one
  // used before for another kind or with another help text, is a programmer's error.
  Counter& GetCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& GetHistogram(std::string_view name, std::string_view help,
                          std::span<const double> bounds, const Labels& labels = {});

  // Metrics whose value is asked for when the text is made, on the thread that makes it.  `read`
  // must not block and must stay callable as long as the registry lives.  A second one for the same
  // name and labels takes the first one's place.
  using Read = std::function<double()>;
  void ReadGauge(std::string_view name, std::string_view help, const Labels& labels, Read read);
  void ReadCounter(std::string_view name, std::string_view help, const Labels& labels, Read read);

  // Everything, ordered by name and then by labels.  Content type: kContentType.
  std::string Text() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  enum class Kind : std::uint8_t { kCounter, kGauge, kHistogram };
  struct Series;
  struct Family;

  Series& SeriesOf(Kind kind, std::string_view name, std::string_view help, const Labels& labels);
  static std::string_view KindName(Kind kind);

  mutable std::mutex mutex_;  // guards the maps and the pointers in them, not the metrics
  std::map<std::string, Family, std::less<>> families_;  // entries are never removed
};

}  // namespace vams
