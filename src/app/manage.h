// The server's side of the socket `manage` (lifecycle/served_stack.h).
//
// One thread answers everybody, one question after the other; ManageHandler is called on it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/inherited.h"
#include "base/result.h"
#include "items/store.h"
#include "lifecycle/manage_socket.h"

namespace vams::app {

// What the process can be asked.
class ManageHandler {
 public:
  virtual ~ManageHandler() = default;

  virtual lifecycle::ServedState State() = 0;
  // Of the one who has the lease; see lifecycle::ServedStack.
  virtual Result<items::Position> Freeze(std::string_view reason) = 0;
  virtual void Thaw() = 0;
  // The generation that is served is no longer the one that `current` names.
  virtual bool Moved() = 0;
  // Begins to start the program anew; nobody is answered any more.
  virtual void Reload() = 0;
  virtual Result<std::string> AdminToken() = 0;
  virtual Status Refresh() = 0;
};

class ManageServer {
 public:
  // `failed`: why the start that clients wait for has come to nothing; they are answered that.  The
  // handler is borrowed.
  static Result<std::unique_ptr<ManageServer>> Start(lifecycle::ManageSocket listening,
                                                     std::vector<ManageClient> clients,
                                                     ManageHandler& handler,
                                                     const std::optional<Error>& failed = {});
  // Writes that are held back stay so: the process ends, and what it serves may have been replaced.
  // The socket's file stays.
  ~ManageServer();
  ManageServer(const ManageServer&) = delete;
  ManageServer& operator=(const ManageServer&) = delete;

  // Stops answering and gives the sockets to whoever comes next.
  void HandOver(Inherited& inherited);

 private:
  struct Impl;
  explicit ManageServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The listening socket of a stack whose lock the caller holds.
Result<lifecycle::ManageSocket> ListenFor(const lifecycle::Stack& stack);

}  // namespace vams::app
