#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace vams {

namespace {
spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_color_mt("vams");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return made;
  }();
  return *logger;
}
}  // namespace

void LogInfo(std::string_view line) { Logger().info("{}", line); }
void LogWarning(std::string_view line) { Logger().warn("{}", line); }
void LogError(std::string_view line) { Logger().error("{}", line); }

}  // namespace vams
