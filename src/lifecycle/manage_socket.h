// The socket `manage` of a stack and what goes over it: one line of JSON asks, one line answers.
// For served_stack.cc, which asks, and for the server in `app`, which answers.
// Format: docs/formats/stack-layout.md, "The socket manage".
//
// Thread-safe (no shared state).
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "files/files.h"
#include "lifecycle/served_stack.h"

namespace vams::lifecycle {

// Longer lines are refused.
inline constexpr std::size_t kLongestManageLine = std::size_t{64} << 10;

// An owned descriptor.
class ManageSocket {
 public:
  ManageSocket() = default;
  explicit ManageSocket(int fd) : fd_(fd) {}
  ~ManageSocket() { Close(); }
  ManageSocket(ManageSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ManageSocket& operator=(ManageSocket&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Close();

 private:
  int fd_ = -1;
};

// Both work for paths of any length.  kNotFound: nobody listens there.
Result<ManageSocket> ConnectManage(const files::Path& path);
// For its owner only.  The caller holds the stack's lock, so that what lies there is left over from
// a dead process and is replaced; kConflict if it is no socket.
Result<ManageSocket> ListenManage(const files::Path& path);

// The user at the other end is ours, or root.
bool IsOurs(const ManageSocket& connection);

boost::json::object ToJson(const ServedState& state);
Result<ServedState> ServedStateOf(const boost::json::object& object);

// {"error": {"code", "message"}}, and back.
boost::json::object ErrorJson(const Error& error);
Error ErrorOf(const boost::json::object& error);

}  // namespace vams::lifecycle
