// What a server hands to the program that takes its place in the same process (execv): its
// listening sockets, so that no connection is refused meanwhile, and the socket `manage` with those
// who ask there.  docs/decisions/012.
//
// Used by one thread, before others start and after they have ended.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "files/files.h"
#include "lifecycle/manage_socket.h"

namespace vams::app {

// Somebody connected to `manage`.
struct ManageClient {
  lifecycle::ManageSocket socket;
  bool waiting = false;  // for the answer to a reload
};

struct Inherited {
  std::string stack;  // by name: there may be more by now than there were
  std::vector<FileDescriptor> listeners;
  std::vector<std::string> addresses;  // as they were asked for; empty: not known
  lifecycle::ManageSocket manage;
  std::vector<ManageClient> clients;
};

// How this process was started: by which file, and with which arguments.  The file may be replaced
// by another release later, so ask early.
struct Program {
  files::Path path;
  std::vector<std::string> arguments;  // the first is the name

  static Result<Program> OfThisProcess();
};

// The stack that is served, if this process was started by Exec.
std::optional<std::string> InheritedStack(const std::map<std::string, std::string>& environment);
// What was handed over; takes it out of the process's environment, so that no child gets it.
// Nothing if there is none.
std::optional<Inherited> TakeInherited(const std::map<std::string, std::string>& environment);

// Becomes the program anew.  Returns only the error, and then what was inherited is still there.
Error Exec(const Program& program, Inherited& inherited);

}  // namespace vams::app
