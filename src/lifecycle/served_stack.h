// What an operation asks of the process that serves a stack: how it is, to hold writes back, to
// start anew on whatever `current` names, and a token to look at its work with.  The process
// answers on the socket `manage` in the stack's folder (app/manage.h), one line of JSON each way.
// Spec: lifecycle.md sections 5 to 7; docs/decisions/012, docs/formats/stack-layout.md.
//
// Not thread-safe: one owner, one connection.  Every call blocks until the process answers, ends,
// or the limit of the call has passed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "items/store.h"
#include "lifecycle/stack.h"
#include "tables/data_version.h"

namespace vams::lifecycle {

enum class ServingMode : std::uint8_t {
  kServing,
  kFrozen,        // reads are answered, writes are refused until the lease ends
  kMaintenance,   // everything but health, sign-in and the lifecycle endpoints is refused
  kUpdateNeeded,  // the data is older than the release: as in maintenance
  kStandby,       // the target of an A/B copy that is not switched to yet
  kFailed,        // the last reload did not find data it could serve; another one is awaited
};
std::string_view Name(ServingMode mode);  // "serving", "frozen", …, "update-needed"
std::optional<ServingMode> FindServingMode(std::string_view name);

struct ServedState {
  std::string release;  // of the program that runs, which may be older than the installed one
  std::int64_t pid = 0;
  std::string url;  // where clients on this machine reach it
  std::uint64_t generation = 0;
  tables::DataVersion data_version;
  ServingMode mode = ServingMode::kServing;
  std::string reason;               // of a mode other than kServing, for people
  items::Position last_change = 0;  // in the change log of the generation that is served
};

class ServedStack {
 public:
  // Nothing if no process serves the stack: take its lock then, and if that is held, somebody has
  // begun to serve meanwhile; ask again.  While a server reloads it counts as serving, and the
  // answer waits for it.  kDenied for another user's server (root may ask all, and everybody who
  // runs as the server's user), kTimeout, kUnavailable when it answers something else.
  static Result<std::optional<ServedStack>> Find(
      const Stack& stack, std::chrono::milliseconds limit = std::chrono::seconds(30));

  ServedStack(ServedStack&&) noexcept;
  ServedStack& operator=(ServedStack&&) noexcept;
  // Ends a freeze of this connection.
  ~ServedStack();

  Result<ServedState> State();

  // Waits for the commits under way, refuses every later one with 503 and `reason`, and answers the
  // position of the last change there is.  Reads go on.
  //
  // The freeze belongs to this object: it ends with Thaw, Reload, the object's destruction or the
  // death of this process.  If `current` names another generation by then than the one that is
  // served, the server reloads instead of taking writes again, so that none goes where it would be
  // lost.  A second Freeze of the same object answers the position again.  kConflict while somebody
  // else has frozen it; kUnavailable if a commit does not end within a minute (nothing is frozen),
  // and under kFailed, where nobody can write anyway.  Under kUpdateNeeded it keeps sign-ins out of
  // the data, which would be lost if it is replaced.
  //
  // A server that ends loses the freeze, and another one may be started: ask State() before a
  // switch, which fails then.
  Result<items::Position> Freeze(std::string_view reason);

  // Takes writes again; answers once it does.  No error when nothing was frozen.
  Status Thaw();

  // Starts the program of the server anew (it may be another release by now) on whatever `current`
  // names, keeping its listening sockets, and answers the new state once it answers requests.  A
  // freeze is over then.  kUnavailable with the reason when the new start failed: the server is in
  // ServingMode::kFailed then, answers 503, and can be asked to reload again, after `current` was
  // set back say.  kCancelled if the process ended instead: nobody serves any more.
  Result<ServedState> Reload(std::chrono::milliseconds limit = std::chrono::minutes(10));

  // A token of the first administrator for this server's API ("Authorization: Bearer …"), good for
  // a quarter of an hour and not stored anywhere: it ends with the process, and with a reload.
  // kUnavailable under kFailed.
  Result<std::string> AdminToken();

  // Has the server read again what decides its mode: maintenance.json, ab.json.
  Result<ServedState> Refresh();

 private:
  struct Impl;
  explicit ServedStack(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Where the socket is.
inline files::Path ManageSocketOf(const Stack& stack) { return stack.folder / "manage"; }

}  // namespace vams::lifecycle
