// What a stack knows of the A/B deployment it takes part in: its role, who the other side is, and
// how far its server has followed it.  Format: docs/formats/ab-state.md; spec: lifecycle.md
// section 7, decision 012.
//
// Plain values and functions without shared state.  They block on disk.
//
// Fencing: every change of roles raises the epoch, and the side that hands over writes its new role
// first.  A stack whose ab.json says standby takes no writes, whatever the other side says; a
// standby may begin to serve only once the other side's state, or the operator, gave it the role.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "items/store.h"
#include "lifecycle/stack.h"
#include "migrate/step.h"

namespace vams::lifecycle::ab {

// The table in which a standby keeps, in the commit that applies changes, how far it has come.
inline constexpr std::string_view kTable = "sys.ab";
// The consumer of the change log that keeps what the other side has not seen yet.
inline constexpr std::string_view kConsumer = "ab";

enum class Role : std::uint8_t { kServing, kStandby };
std::string_view NameOf(Role role);  // "serving", "standby"

// Where the other side is: a stack of a home on this machine, or a server.
struct Peer {
  std::string stack;
  files::Path home;      // this machine's; empty: another one
  std::string url;       // another machine's server, without a slash at the end
  files::Path key_file;  // of an API key of an administrator there

  bool remote() const { return !url.empty(); }
};

struct State {
  Role role = Role::kServing;
  std::uint64_t epoch = 1;
  std::string deployment;  // a UUID, the same on both sides
  Peer peer;               // peer.stack is empty once the deployment is finished
  // The name that the data's own buckets are called after: that of the stack it came from.
  std::string data_name;
  // Of tokens: that of the side that served first, so that nobody is signed out.
  std::string issuer;
  // The public addresses, which the serving side listens at besides its configuration's.
  std::vector<std::string> addresses;
  // Of a standby whose store says nothing for this epoch: where following begins in the other
  // side's change log.  Generation 0: with a copy.
  std::uint64_t from_generation = 0;
  items::Position from_position = 0;
  std::uint64_t switches = 0;
  std::string started_at, switched_at;  // ISO 8601
  std::int64_t pause_millis = -1;       // of the last switch to this side; -1: none
  // Between two data versions: what the operator decided at the start, the same on both sides.
  std::optional<migrate::Settings> migration;

  bool finished() const { return peer.stack.empty(); }
};

boost::json::object ToJson(const State& state);
// kCorrupt, naming `where`.
Result<State> StateFrom(const boost::json::object& object, std::string_view where);

// Nothing for a stack that never took part in one.  kCorrupt for a damaged file: its server must
// not start, because it cannot know whether it may take writes.
Result<std::optional<State>> ReadState(const Stack& stack);
// Durable, and whole or not at all.
Status WriteState(const Stack& stack, const State& state);
Status RemoveState(const Stack& stack);

// Whether the stack must not serve, because the other side does or it was never switched to.
Result<bool> IsStandby(const Stack& stack);
// The name of the stack for what the data is called after (State::data_name).
Result<std::string> DataNameOf(const Stack& stack);

// ---- What a standby's server tells while it works.  Not durable.

struct Progress {
  std::string phase;  // "copying", "contents", "following", "switching", "waiting", "serving"
  std::int64_t at_millis = 0;
  std::int64_t pid = 0;
  std::uint64_t rows = 0;                         // copied
  std::uint64_t contents = 0, content_bytes = 0;  // copied
  std::uint64_t applied = 0;                      // changes, since the process started
  double per_second = 0;                          // rows or changes, lately
  items::Position position = 0, source_position = 0;
  std::int64_t lag_millis = 0;  // age of the oldest change that is not applied; 0: none
  std::uint64_t absent = 0;     // contents that the source does not have either
  std::string problem;          // why it cannot go on now; empty: it can

  std::uint64_t lag_changes() const {
    return source_position > position ? source_position - position : 0;
  }
};
boost::json::object ToJson(const Progress& progress);
Status WriteProgress(const Stack& stack, const Progress& progress);
Result<std::optional<Progress>> ReadProgress(const Stack& stack);

// ---- What a command asks of the standby's server: one at a time, through files in `ab/`.

struct Request {
  std::string id;    // a UUID
  std::string want;  // "switch", "validate", "stop"
  boost::json::object options;
};
struct Reply {
  std::string id;
  Status status = Ok();
  boost::json::object result;
};

// kConflict while another request waits.
Status PutRequest(const Stack& stack, const Request& request);
// Takes the request away; nothing if there is none.
Result<std::optional<Request>> TakeRequest(const Stack& stack);
Status PutReply(const Stack& stack, const Reply& reply);
// Nothing while it is not there.
Result<std::optional<Reply>> FindReply(const Stack& stack, std::string_view id);
// Forgets a request that nobody took.
Status DropRequest(const Stack& stack);

}  // namespace vams::lifecycle::ab
