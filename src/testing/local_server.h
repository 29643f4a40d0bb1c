// Starts a server program for tests, on 127.0.0.1 and a free port, and stops it again.
//
// The server dies with the thread that started it, also when the test is killed.  Starting blocks
// for the seconds that it takes; endpoint() is thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"

namespace vams::testing {

// Where the tools/fetch_... scripts put servers.
files::Path CacheFolder();

class LocalServer {
 public:
  using Command = std::function<std::vector<std::string>(std::uint16_t port)>;

  // Returns when the server answers HTTP.
  static Result<std::unique_ptr<LocalServer>> Start(const Command& command);

  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  const std::string& endpoint() const { return endpoint_; }  // "http://127.0.0.1:40123"

 private:
  LocalServer(pid_t process, std::string endpoint)
      : process_(process), endpoint_(std::move(endpoint)) {}

  pid_t process_;
  std::string endpoint_;
};

// The server of a whole program: started by the first call, which must come from the main thread.
// Fails the program with the reason when it cannot start.
LocalServer& SharedServer(std::unique_ptr<LocalServer>& place,
                          const std::function<Result<std::unique_ptr<LocalServer>>()>& start);

}  // namespace vams::testing
