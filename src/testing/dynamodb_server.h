// DynamoDB-protocol servers for tests: DynamoDB Local or dynalite, in memory.
//
//   options.endpoint = DynamoDbServer::Shared(DynamoDbServer::Kind::kDynalite).endpoint();
//
// tools/fetch_dynamodb_local has put the servers into ${XDG_CACHE_HOME:-~/.cache}/vams; a missing
// one is an error that says so.  Any credentials and any region do, but tables are shared by all
// who use the server: every test takes table names of its own.  Threads: as local_server.h says.
#pragma once

#include <cstdint>

#include "testing/local_server.h"

namespace vams::testing {

struct DynamoDbServer {
  enum class Kind : std::uint8_t { kDynamoDbLocal, kDynalite };

  // One of each kind for the whole program; see SharedServer.
  static LocalServer& Shared(Kind kind);
};

}  // namespace vams::testing
