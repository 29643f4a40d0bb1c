// Passing listening sockets from a running process to the one that takes its place, so that no
// connection is refused in between.  For `app`.
//
// Over a Unix socket of packets: the taker sends a request line, gets the descriptors, gets its
// server ready with them, confirms, and has the confirmation acknowledged; only then does the old
// process let go.  Until then a crash of the taker leaves the old one as it was, and the taker may
// still give up by closing.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace vams::http {

// The side of the running process.  Thread-safe.  Start and the destructor block briefly.
class ListenerOffer {
 public:
  // Duplicates of the listening sockets, at most 64; an error is passed on to the taker.
  using Listeners = std::function<Result<std::vector<FileDescriptor>>()>;
  using Taken = std::function<void()>;

  struct Options {
    // For the request line.
    std::chrono::milliseconds request_timeout{5'000};
    // For the taker to get ready; past it the taker is told nothing more and the offer stands.
    std::chrono::milliseconds confirm_timeout{120'000};
  };

  // Makes the socket at `path`, for its owner only, and serves one taker at a time on a thread of
  // its own.  Takers of other users are turned away, but for root.  `on_taken` is called once, on
  // that thread, after which nothing is offered any longer; it must not destroy the offer.
  //
  // A socket that a dead process left at `path` is replaced.  kConflict when a living process
  // offers there, or when `path` is something other than a socket; it is left alone.
  static Result<std::unique_ptr<ListenerOffer>> Start(const std::filesystem::path& path,
                                                      Listeners listeners, Taken on_taken,
                                                      const Options& options);
  static Result<std::unique_ptr<ListenerOffer>> Start(const std::filesystem::path& path,
                                                      Listeners listeners, Taken on_taken) {
    return Start(path, std::move(listeners), std::move(on_taken), Options());
  }

  // Ends a transfer under way as a crash would, waits for `listeners` or `on_taken` if one runs,
  // and removes the socket unless the listeners were taken: then it is the successor's.
  ~ListenerOffer();
  ListenerOffer(const ListenerOffer&) = delete;
  ListenerOffer& operator=(const ListenerOffer&) = delete;

 private:
  class Impl;
  explicit ListenerOffer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The side of the new process, between receiving and confirming.  Not thread-safe.
struct Takeover {
  std::vector<FileDescriptor> listeners;  // close-on-exec
  FileDescriptor connection;              // closing it unconfirmed gives up

  // Tells the old process to let go; blocks until it has acknowledged.  After an error the old one
  // keeps serving, or is dead.
  Status Confirm(std::chrono::milliseconds timeout);
};

// Asks the process that offers at `path`.  Blocks.  kNotFound when none does; kTimeout; kDenied for
// another user's; kUnavailable with its reason when it refuses, dies meanwhile, or answers
// something else than listening sockets.
Result<Takeover> TakeListeners(const std::filesystem::path& path,
                               std::chrono::milliseconds timeout);

}  // namespace vams::http
