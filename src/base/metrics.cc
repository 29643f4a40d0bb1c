#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/result.h"

namespace vams {

namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsMetricName(std::string_view name) {
  return !name.empty() && !IsDigit(name[0]) &&
         std::ranges::all_of(name, [](char c) { return IsLetter(c) || IsDigit(c) || c == ':'; });
}

bool IsLabelName(std::string_view name) {
  return !name.empty() && !IsDigit(name[0]) && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) { return IsLetter(c) || IsDigit(c); });
}

void AppendEscaped(std::string& out, std::string_view text, bool quoted) {
  // The format is UTF-8; text that is not would make the whole page unreadable.
  const bool valid = IsUtf8(text);
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quoted)
      out += "\\\"";
    else
      out += valid || static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
}

// `a="x",b="y"` in the order of the names; also the key of a series.
std::string LabelText(Metrics::Labels labels) {
  std::ranges::sort(labels);
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    VAMS_CHECK(IsLabelName(labels[i].first));
    VAMS_CHECK(i == 0 || labels[i].first != labels[i - 1].first);
    if (i > 0) text += ',';
    text.append(labels[i].first).append("=\"");
    AppendEscaped(text, labels[i].second, true);
    text += '"';
  }
  return text;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void AppendSample(std::string& out, std::string_view name, std::string_view suffix,
                  std::string_view labels, std::string_view value) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

void AppendHistogram(std::string& out, std::string_view name, std::string_view labels,
                     const Histogram& histogram) {
  const auto counts = histogram.counts();
  const auto bounds = histogram.bounds();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const std::string bound = i < bounds.size() ? NumberText(bounds[i]) : "+Inf";
    AppendSample(out, name, "_bucket",
                 fmt::format("{}{}le=\"{}\"", labels, labels.empty() ? "" : ",", bound),
                 fmt::to_string(total));
  }
  AppendSample(out, name, "_sum", labels, NumberText(histogram.sum()));
  // The total of the buckets as read here, so that the two agree in the midst of updates.
  AppendSample(out, name, "_count", labels, fmt::to_string(total));
}

}  // namespace

// ---- Histogram ---------------------------------------------------------------------------------

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {
  for (std::size_t i = 0; i < bounds_.size(); ++i)
    VAMS_CHECK(std::isfinite(bounds_[i]) && (i == 0 || bounds_[i - 1] < bounds_[i]));
}

void Histogram::Observe(double value) {
  if (std::isnan(value)) return;
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::counts() const {
  std::vector<std::uint64_t> counts(bounds_.size() + 1);
  for (std::size_t i = 0; i < counts.size(); ++i)
    counts[i] = counts_[i].load(std::memory_order_relaxed);
  return counts;
}

std::span<const double> DurationBounds() {
  static constexpr std::array kBounds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1,
                                         0.25,   0.5,   1.0,   2.5,   5.0,  10.0,  30.0};
  return kBounds;
}

// ---- Registry ----------------------------------------------------------------------------------

// One of the four is set, and never again after that, but for `read`.
struct Metrics::Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::shared_ptr<const Read> read;
};

struct Metrics::Family {
  Kind kind = Kind::kCounter;
  std::string help;
  std::map<std::string, Series, std::less<>> series;  // by the text of the labels
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

std::string_view Metrics::KindName(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

// The caller holds the lock.
Metrics::Series& Metrics::SeriesOf(Kind kind, std::string_view name, std::string_view help,
                                   const Labels& labels) {
  VAMS_CHECK(IsMetricName(name));
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), Family()).first;
    family->second.kind = kind;
    family->second.help = help;
  }
  VAMS_CHECK(family->second.kind == kind && family->second.help == help);
  return family->second.series[LabelText(labels)];
}

Counter& Metrics::GetCounter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& series = SeriesOf(Kind::kCounter, name, help, labels);
  VAMS_CHECK(!series.read);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Metrics::GetGauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  Series& series = SeriesOf(Kind::kGauge, name, help, labels);
  VAMS_CHECK(!series.read);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Metrics::GetHistogram(std::string_view name, std::string_view help,
                                 std::span<const double> bounds, const Labels& labels) {
  for (const auto& label : labels) VAMS_CHECK(label.first != "le");
  const std::scoped_lock lock(mutex_);
  Series& series = SeriesOf(Kind::kHistogram, name, help, labels);
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(bounds);
  VAMS_CHECK(std::ranges::equal(series.histogram->bounds(), bounds));
  return *series.histogram;
}

void Metrics::ReadGauge(std::string_view name, std::string_view help, const Labels& labels,
                        Read read) {
  const std::scoped_lock lock(mutex_);
  Series& series = SeriesOf(Kind::kGauge, name, help, labels);
  VAMS_CHECK(!series.gauge);
  series.read = std::make_shared<const Read>(std::move(read));
}

void Metrics::ReadCounter(std::string_view name, std::string_view help, const Labels& labels,
                          Read read) {
  const std::scoped_lock lock(mutex_);
  Series& series = SeriesOf(Kind::kCounter, name, help, labels);
  VAMS_CHECK(!series.counter);
  series.read = std::make_shared<const Read>(std::move(read));
}

std::string Metrics::Text() const {
  struct Line {
    std::string_view name;
    const Family* family;  // its kind and help never change
    std::string_view labels;
    const Counter* counter;
    const Gauge* gauge;
    const Histogram* histogram;
    std::shared_ptr<const Read> read;
  };
  // Callbacks must not run under the lock; what is listed here is never removed.
  std::vector<Line> lines;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, family] : families_)
      for (const auto& [labels, series] : family.series)
        lines.push_back({name, &family, labels, series.counter.get(), series.gauge.get(),
                         series.histogram.get(), series.read});
  }
  std::string out;
  const Family* described = nullptr;
  for (const Line& line : lines) {
    if (line.family != described) {
      described = line.family;
      out.append("# HELP ").append(line.name).append(" ");
      AppendEscaped(out, line.family->help, false);
      out.append("\n# TYPE ").append(line.name).append(" ").append(KindName(line.family->kind));
      out.append("\n");
    }
    if (line.counter != nullptr)
      AppendSample(out, line.name, "", line.labels, fmt::to_string(line.counter->value()));
    else if (line.gauge != nullptr)
      AppendSample(out, line.name, "", line.labels, NumberText(line.gauge->value()));
    else if (line.histogram != nullptr)
      AppendHistogram(out, line.name, line.labels, *line.histogram);
    else if (line.read != nullptr)
      AppendSample(out, line.name, "", line.labels, NumberText((*line.read)()));
  }
  return out;
}

}  // namespace vams
