#include "http/event_stream.h"

#include <utility>

namespace vams::http {

std::string EventText(std::string_view name, std::string_view data) {
  std::string text;
  if (!name.empty()) text.append("event: ").append(name).append("\n");
  while (true) {
    const std::size_t end = data.find('\n');
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.npos) break;
    data.remove_prefix(end + 1);
  }
  return text.append("\n");
}

Response EventResponse(std::shared_ptr<EventSource> source) {
  Response response;
  response.headers.Set("content-type", "text/event-stream");
  response.headers.Set("cache-control", "no-cache, no-store");
  response.headers.Set("x-accel-buffering", "no");
  response.stream = std::move(source);
  return response;
}

}  // namespace vams::http
