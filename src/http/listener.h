// The listening sockets of the server: opened for addresses, or adopted from a hand-over.
// For the server, and for who keeps some sockets of a server and opens others.
//
// Thread rule: plain values.  Opening resolves names, which may block.
#pragma once

#include <span>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "http/listen_address.h"
#include "http/server.h"

namespace vams::http {

struct Listener {
  FileDescriptor socket;  // non-blocking
  ListenAddress bound;
};

// Those of `options.listeners` (duplicated) if there are any, else one for each address; all or
// none.  kUnavailable with the cause and what to do; kInvalid for an adopted descriptor that does
// not listen.
Result<std::vector<Listener>> OpenListeners(const ServerOptions& options);

// A second descriptor of the same socket.
Result<FileDescriptor> Duplicate(int socket);

}  // namespace vams::http
