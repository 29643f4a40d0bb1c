#include "api/lifecycle_events.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "http/event_stream.h"
#include "lifecycle/operation.h"

namespace vams::api {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kMostListeners = 32;
constexpr std::chrono::milliseconds kLook{500};
constexpr std::chrono::seconds kBeat{15};

// Of this process: whoever listens holds a connection and looks at the disk twice a second.
std::atomic<int> listeners{0};

class OperationEvents final : public http::EventSource {
 public:
  OperationEvents(lifecycle::Stack stack, std::string id)
      : stack_(std::move(stack)), id_(std::move(id)) {}
  ~OperationEvents() override { --listeners; }

  bool ended() const override { return ended_ && text_.empty(); }
  std::chrono::milliseconds rest() const override { return kLook; }

  Result<std::size_t> Read(OpContext& op, std::span<char> buffer) override {
    TRY_OK(op.Check());
    if (text_.empty() && !ended_) TRY_OK(Look());
    const std::size_t size = std::min(buffer.size(), text_.size());
    std::memcpy(buffer.data(), text_.data(), size);
    text_.erase(0, size);
    return size;
  }

 private:
  Status Look() {
    const auto now = SteadyClock::now();
    struct stat status = {};
    const bool same = ::stat(journal_.c_str(), &status) == 0 && status.st_size == size_;
    if (!same || now - looked_ >= kBeat) {
      TRY(const auto record, lifecycle::GetOperation(stack_, id_));
      journal_ = record.journal();
      size_ = ::stat(journal_.c_str(), &status) == 0 ? status.st_size : -1;
      looked_ = now;
      std::string data = boost::json::serialize(lifecycle::ToJson(record));
      if (data != told_) text_ = http::EventText("operation", data);
      told_ = std::move(data);
      // Who waits for one whose process died would wait for ever.
      ended_ = record.ended() || record.state == "interrupted";
      if (ended_) text_ += http::EventText("end", "{}");
    }
    if (!text_.empty()) {
      beat_ = now;
    } else if (now - beat_ >= kBeat) {
      beat_ = now;
      text_ = http::kHeartbeat;
    }
    return Ok();
  }

  const lifecycle::Stack stack_;
  const std::string id_;
  files::Path journal_;
  off_t size_ = -1;
  std::string told_;
  std::string text_;  // to be sent
  bool ended_ = false;
  SteadyClock::time_point beat_ = SteadyClock::now(), looked_;
};

}  // namespace

Result<http::Response> FollowOperation(const lifecycle::Stack& stack, const std::string& id) {
  if (++listeners > kMostListeners) {
    --listeners;
    return Error(Code::kUnavailable,
                 "too many follow operations at once; close a page, or ask for the operation now "
                 "and then instead");
  }
  return http::EventResponse(std::make_shared<OperationEvents>(stack, id));
}

}  // namespace vams::api
