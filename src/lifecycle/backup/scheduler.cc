#include "lifecycle/backup/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/log.h"

namespace vams::lifecycle::backup {

namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
// How long to wait after a failure, and how often to look at the clock.
constexpr std::int64_t kRetry = 15 * kMinute;
constexpr std::int64_t kLook = kMinute;

Error NoSchedule(std::string_view text) {
  return Error(Code::kInvalid,
               fmt::format("backup.schedule \"{}\" says no time; give \"hourly\", \"daily\", "
                           "\"weekly\", a time of day in UTC such as \"03:30\", or how long lies "
                           "between two backups, such as \"6h\", \"30m\" or \"2d\"",
                           text));
}

std::optional<std::int64_t> Number(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || number < 0 ||
      number > most)
    return std::nullopt;
  return number;
}

}  // namespace

Result<Schedule> ParseSchedule(const std::string& text) {
  if (text == "hourly") return Schedule{.every_millis = kHour, .minute_of_day = {}};
  if (text == "daily") return Schedule{.every_millis = kDay, .minute_of_day = {}};
  if (text == "weekly") return Schedule{.every_millis = 7 * kDay, .minute_of_day = {}};
  if (text.size() == 5 && text[2] == ':') {
    const auto hour = Number(text.substr(0, 2), 23), minute = Number(text.substr(3), 59);
    if (!hour || !minute) return NoSchedule(text);
    return Schedule{.every_millis = 0, .minute_of_day = *hour * 60 + *minute};
  }
  if (text.size() < 2) return NoSchedule(text);
  const std::int64_t unit = text.back() == 'm'   ? kMinute
                            : text.back() == 'h' ? kHour
                            : text.back() == 'd' ? kDay
                                                 : 0;
  const auto count = Number(std::string_view(text).substr(0, text.size() - 1), 10'000);
  if (unit == 0 || !count || *count == 0) return NoSchedule(text);
  return Schedule{.every_millis = *count * unit, .minute_of_day = {}};
}

std::int64_t Schedule::DueAfter(std::optional<std::int64_t> last_millis,
                                std::int64_t now_millis) const {
  // A clock that was ahead must not put backups off.
  if (last_millis) last_millis = std::min(*last_millis, now_millis);
  if (!minute_of_day) return last_millis ? *last_millis + every_millis : now_millis;
  const std::int64_t after = last_millis ? *last_millis + 1 : now_millis;
  const std::int64_t midnight = after / kDay * kDay;
  const std::int64_t today = midnight + *minute_of_day * kMinute;
  return today >= after ? today : today + kDay;
}

Scheduler::Scheduler(Stack stack, SchedulerOptions options, const Clock& clock, Random& random)
    : stack_(std::move(stack)),
      options_(std::move(options)),
      clock_(clock),
      random_(random),
      started_millis_(clock.NowMillis()),
      thread_([this] { Work(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (running_ != nullptr) running_->Cancel();
  }
  stop_asked_.notify_all();
  thread_.join();
}

void Scheduler::Work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    OpContext op;
    running_ = &op;
    lock.unlock();
    const auto due = Once(op);
    lock.lock();
    running_ = nullptr;
    std::int64_t wait = kRetry;
    if (due.ok())
      wait = std::clamp<std::int64_t>(*due - clock_.NowMillis(), 0, kLook);
    else if (due.error().code != Code::kCancelled)
      LogWarning(fmt::format("the scheduled backup failed and is tried again in 15 minutes: {}",
                             due.error().message));
    stop_asked_.wait_for(lock, std::chrono::milliseconds(wait), [this] { return stopping_; });
  }
}

Result<std::int64_t> Scheduler::Once(OpContext& op) {
  const Setting setting{clock_, random_, op, [](std::string_view, std::uint64_t) {}};
  TRY(const auto repository, OpenRepository((files::Path(options_.folder) / stack_.name).string()));
  TRY(const auto backups, repository->List("backups"));
  std::optional<std::int64_t> last;
  if (!backups.empty()) {
    TRY(const auto keys, objects::OpenStackKeys(stack_.blobs(), options_.encryption));
    TRY(const auto vault, Vault::Open({options_.folder, stack_.name}, keys.get(),
                                      Repository::Purpose::kRead, "the schedule", random_));
    TRY(const auto newest, vault->FindNewest());
    if (newest) last = newest->created_millis;
  }
  // The first one at a time of day waits for that time.
  if (!last && options_.schedule.minute_of_day) last = started_millis_;
  const std::int64_t due = options_.schedule.DueAfter(last, clock_.NowMillis());
  if (due > clock_.NowMillis()) return due;
  TRY_OK(BackUp(setting));
  return options_.schedule.DueAfter(clock_.NowMillis(), clock_.NowMillis());
}

Status Scheduler::BackUp(const Setting& setting) {
  TRY(const auto made, Create(stack_, options_.folder, options_.encryption, setting));
  LogInfo(fmt::format("backup {}: {} rows, {} contents; {} bytes written and read again",
                      made.manifest.id, made.manifest.rows(), made.manifest.blobs.count,
                      made.written.stored));
  for (const auto& finding : made.findings)
    LogWarning(fmt::format("backup {}: {}: {}", made.manifest.id, finding.what, finding.detail));
  if (const Status pruned = PruneOld(setting);
      !pruned.ok() && pruned.error().code != Code::kCancelled)
    LogWarning(fmt::format("old backups were not removed and will be after the next: {}",
                           pruned.error().message));
  return Ok();
}

Status Scheduler::PruneOld(const Setting& setting) {
  TRY(const auto keys, objects::OpenStackKeys(stack_.blobs(), options_.encryption));
  TRY(const auto vault, Vault::Open({options_.folder, stack_.name}, keys.get(),
                                    Repository::Purpose::kPrune, "vams serve", random_));
  TRY(const auto report, Prune(*vault, {.last = options_.keep}, false, setting));
  for (const auto& finding : report.findings)
    LogWarning(
        fmt::format("backup {} is damaged, so no space is freed: {}; remove it with \"vams "
                    "backup prune --drop-damaged\"",
                    finding.what, finding.detail));
  return Ok();
}

}  // namespace vams::lifecycle::backup
