#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <thread>

namespace vams {
namespace {

TEST(Metrics, WritesHelpAndTypeOnceAndOrdersByNameAndLabels) {
  Metrics metrics;
  metrics.GetGauge("zeta", "Last.").Set(1.5);
  metrics.GetCounter("requests_total", "Requests.", {{"route", "b"}}).Add(2);
  metrics.GetCounter("requests_total", "Requests.", {{"route", "a"}, {"code", "200"}}).Add();

  EXPECT_EQ(metrics.Text(),
            "# HELP requests_total Requests.\n"
            "# TYPE requests_total counter\n"
            "requests_total{code=\"200\",route=\"a\"} 1\n"
            "requests_total{route=\"b\"} 2\n"
            "# HELP zeta Last.\n"
            "# TYPE zeta gauge\n"
            "zeta 1.5\n");
}

TEST(Metrics, HandsOutTheSameMetricForTheSameLabelsInAnyOrder) {
  Metrics metrics;
  Counter& first = metrics.GetCounter("c", "h", {{"a", "1"}, {"b", "2"}});
  Counter& second = metrics.GetCounter("c", "h", {{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(&first, &second);
}

TEST(Metrics, EscapesHelpAndLabelValues) {
  Metrics metrics;
  metrics.GetCounter("c", "a \"b\" \\ c\nd", {{"l", "q\" b\\ n\n e\xC3\xA9"}});
  metrics.GetCounter("d", "h",
                     {{"l",
                       "bad\xFF"
                       "utf"}});
  EXPECT_EQ(metrics.Text(),
            "# HELP c a \"b\" \\\\ c\\nd\n"
            "# TYPE c counter\n"
            "c{l=\"q\\\" b\\\\ n\\n e\xC3\xA9\"} 0\n"
            "# HELP d h\n"
            "# TYPE d counter\n"
            "d{l=\"bad?utf\"} 0\n");
}

TEST(Metrics, CountsHistogramBucketsUpwardsWithTheBoundInside) {
  Metrics metrics;
  const std::array bounds = {0.1, 1.0};
  Histogram& histogram = metrics.GetHistogram("h", "x", bounds, {{"r", "a"}});
  for (const double value : {0.1, 0.5, 0.25, 7.0, std::numeric_limits<double>::quiet_NaN()})
    histogram.Observe(value);
  EXPECT_EQ(metrics.Text(),
            "# HELP h x\n"
            "# TYPE h histogram\n"
            "h_bucket{r=\"a\",le=\"0.1\"} 1\n"
            "h_bucket{r=\"a\",le=\"1\"} 3\n"
            "h_bucket{r=\"a\",le=\"+Inf\"} 4\n"
            "h_sum{r=\"a\"} 7.85\n"
            "h_count{r=\"a\"} 4\n");
}

TEST(Metrics, AsksCallbacksWhenTheTextIsMade) {
  Metrics metrics;
  double now = 3;
  metrics.ReadGauge("g", "h", {}, [&] { return now; });
  metrics.ReadCounter("c", "h", {}, [&] { return now * 2; });
  now = std::numeric_limits<double>::infinity();
  EXPECT_THAT(metrics.Text(), testing::HasSubstr("\ng +Inf\n"));
  now = 4;
  EXPECT_THAT(metrics.Text(), testing::HasSubstr("\nc 8\n"));
  metrics.ReadGauge("g", "h", {}, [] { return -1.0; });
  EXPECT_THAT(metrics.Text(), testing::HasSubstr("\ng -1\n")) << "the later callback counts";
}

// A callback may register a metric or ask for the text itself: nothing is locked meanwhile.
TEST(Metrics, HoldsNoLockWhileItCallsBack) {
  Metrics metrics;
  metrics.ReadGauge("g", "h", {}, [&] {
    metrics.GetCounter("made_inside", "h").Add();
    return 1.0;
  });
  metrics.Text();
  EXPECT_THAT(metrics.Text(), testing::HasSubstr("made_inside 2\n"));
}

TEST(MetricsDeathTest, RefusesNamesThatTheFormatDoesNotHave) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Metrics metrics;
  EXPECT_DEATH(metrics.GetCounter("1st", "h"), "IsMetricName");
  EXPECT_DEATH(metrics.GetCounter("a-b", "h"), "IsMetricName");
  EXPECT_DEATH(metrics.GetCounter("c", "h", {{"__x", "1"}}), "IsLabelName");
  EXPECT_DEATH(metrics.GetCounter("c", "h", {{"x", "1"}, {"x", "2"}}), "labels");
  EXPECT_DEATH(metrics.GetHistogram("h", "h", DurationBounds(), {{"le", "1"}}), "le");
  metrics.GetCounter("c", "h");
  EXPECT_DEATH(metrics.GetGauge("c", "h"), "kind");
  EXPECT_DEATH(metrics.GetCounter("c", "another help"), "help");
}

TEST(Metrics, LosesNothingWhenManyThreadsUpdateWhileTheTextIsMade) {
  Metrics metrics;
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      Counter& counter = metrics.GetCounter("c", "h");
      Gauge& gauge = metrics.GetGauge("g", "h", {{"thread", std::to_string(t)}});
      Histogram& histogram = metrics.GetHistogram("h", "h", DurationBounds());
      for (int i = 0; i < kRounds; ++i) {
        counter.Add();
        gauge.Add(1);
        histogram.Observe(0.25);
      }
    });
  for (int i = 0; i < 20; ++i) metrics.Text();
  threads.clear();

  EXPECT_EQ(metrics.GetCounter("c", "h").value(), kThreads * kRounds);
  EXPECT_EQ(metrics.GetGauge("g", "h", {{"thread", "2"}}).value(), kRounds);
  const Histogram& histogram = metrics.GetHistogram("h", "h", DurationBounds());
  EXPECT_DOUBLE_EQ(histogram.sum(), kThreads * kRounds * 0.25);
  EXPECT_EQ(histogram.counts()[8], kThreads * kRounds);
}

}  // namespace
}  // namespace vams
