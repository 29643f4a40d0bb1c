// The sockets of a server that starts anew in its process (app/inherited.h) where its configuration
// may have other addresses by now: those it goes on with, and new ones.
//
// Used by one thread.  Opening may block on the resolution of names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/inherited.h"
#include "base/file_descriptor.h"
#include "base/result.h"
#include "http/listen_address.h"

namespace vams::app {

using Listeners = std::vector<std::shared_ptr<FileDescriptor>>;

// As they are handed on: "127.0.0.1:8080".
std::vector<std::string> TextsOf(const std::vector<http::ListenAddress>& addresses);

// One socket for each address, or, when they are the addresses that the sockets were opened for, or
// nobody knows for which: all that were inherited.  What was inherited stays, for the case that
// this start fails, but for sockets that are in the way of a new address.  Nothing without
// inherited sockets: the server opens its own.  kUnavailable when an address cannot be had.
Result<Listeners> ListenersFor(const std::vector<http::ListenAddress>& addresses,
                               Inherited& inherited);

}  // namespace vams::app
