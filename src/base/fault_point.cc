#include "base/fault_point.h"

#ifdef VAMS_FAULT_POINTS

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

namespace vams::internal {

namespace {
struct Armed {
  std::string name;
  bool kill = true;
  std::atomic<long> visits_left{1};

  Armed() {
    const char* spec = std::getenv("VAMS_FAULT");
    if (spec == nullptr) return;
    std::string_view text = spec;
    const auto equals = text.rfind('=');
    if (equals == text.npos) return;
    kill = text.substr(equals + 1) == "kill";
    std::string_view target = text.substr(0, equals);
    if (const auto colon = target.rfind(':'); colon != target.npos) {
      visits_left = std::atol(std::string(target.substr(colon + 1)).c_str());
      target = target.substr(0, colon);
    }
    name = target;
  }
};
}  // namespace

Status VisitFaultPoint(const char* name) {
  static Armed armed;
  if (armed.name.empty() || armed.name != name) return Ok();
  if (armed.visits_left.fetch_sub(1) != 1) return Ok();
  if (armed.kill) ::kill(::getpid(), SIGKILL);
  return Error(Code::kUnavailable, fmt::format("fault injected at {}", name));
}

}  // namespace vams::internal
#endif
