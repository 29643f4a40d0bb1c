// One request on its way through the server, and the code of others that runs for it: its handler,
// and the source of its answer.  Private to the module; includes Beast.
//
// Thread rule: an exchange belongs to its connection's coroutine; RunHandler and PullStream run on
// a thread of a pool while that waits for them, and may block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/op_context.h"
#include "http/incoming_body.h"
#include "http/message.h"
#include "http/routes.h"

namespace vams::http {

struct Exchange {
  Request request;
  OpContext op;
  Response response;
  std::string method;  // as sent
  const Route* route = nullptr;
  bool keep_alive = false;
  bool old_version = false;  // HTTP/1.0
  std::uint64_t bytes_received = 0;
  bool answered = false;  // the answer has begun
  bool awaits_continue = false;
  std::optional<IncomingBody> incoming;  // of a route that takes it while it arrives
};

// What a client gets of a failure that only the log explains.
Response InternalError(const std::string& request_id);

// Calls the handler.  What it throws ends here.
struct RunHandler {
  Exchange* exchange;
  void operator()() const;
};

// One pull of a stream.
struct PullStream {
  Exchange* exchange;
  std::span<char> buffer;
  bool may_be_file = false;
  std::size_t got = 0;
  std::optional<FileBody> file;  // instead of bytes
  bool failed = false;

  void operator()();
};

}  // namespace vams::http
