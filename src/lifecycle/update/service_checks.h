// Looks at a served stack through its public API, as a client would: lifecycle.md section 5.9.
// Everything it makes is in a scratch database with assets of its own, and is removed again.
//
// One thread.  Blocks on the network.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/random.h"
#include "files/files.h"
#include "lifecycle/update/check.h"
#include "net/http.h"

namespace vams::lifecycle {

struct ServiceTarget {
  std::string url;    // without a slash at the end; of this machine
  std::string token;  // of an administrator
  // The access log of the server, for the answers that it gave to others meanwhile; empty: none.
  files::Path access_log;
  std::string own_bucket;  // where the scratch files are put, if there is such a bucket
  // How long a search may take to find what was made, and how often to look.
  std::chrono::milliseconds search_patience = std::chrono::seconds(60);
  std::chrono::milliseconds poll = std::chrono::milliseconds(100);
};

// The id of the scratch database.  Deleting a database keeps its record as a deleted one, so there
// is at most this one, "vams-service-check#deleted".
inline constexpr std::string_view kScratchDatabase = "vams-service-check";

// One check each: health, web page, sign-in, databases, round trip, search, error log.  `done` is
// called with each when it is known.  An error only when cancelled.
Result<std::vector<Check>> CheckService(OpContext& op, net::Transport& transport, Random& random,
                                        const ServiceTarget& target,
                                        const std::function<void(const Check&)>& done);

}  // namespace vams::lifecycle
