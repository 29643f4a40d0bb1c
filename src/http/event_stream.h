// A body that goes on as things happen: server-sent events (HTML standard, section 9.2).  The
// server waits between the looks of such a source without holding a thread, and ends its body when
// it drains, so that the client asks again, of whoever serves then.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vams::http {

class EventSource : public BodySource {
 public:
  // Read must not wait; 0 bytes mean that there is nothing to tell now, unless it has ended.
  virtual bool ended() const = 0;
  // Until the next look, once there is nothing to tell.
  virtual std::chrono::milliseconds rest() const = 0;
};

// One event; `data` may have several lines.  An empty name is the default, "message".
std::string EventText(std::string_view name, std::string_view data);
// What keeps proxies and clients from giving up while nothing happens.
inline constexpr std::string_view kHeartbeat = ": \n\n";

// 200 with the fields that keep proxies from holding events back.
Response EventResponse(std::shared_ptr<EventSource> source);

}  // namespace vams::http
