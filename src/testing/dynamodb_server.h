// Starts a DynamoDB-protocol server for tests: DynamoDB Local or dynalite, in memory, on 127.0.0.1
// and a free port, and stops it again.
//
//   static DynamoDbServer& server = DynamoDbServer::Shared(DynamoDbServer::Kind::kDynamoDbLocal);
//   options.endpoint = server.endpoint();   // "http://127.0.0.1:40123"
//
// tools/fetch_dynamodb_local has put the servers into ${XDG_CACHE_HOME:-~/.cache}/vams; a missing
// one is an error that says so.  Any credentials and any region do, but tables are shared by all
// who use the server: every test takes table names of its own.
//
// The server dies with the thread that started it, also when the test is killed.  Starting blocks
// for the seconds that it takes; endpoint() is thread-safe.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace vams::testing {

class DynamoDbServer {
 public:
  enum class Kind : std::uint8_t { kDynamoDbLocal, kDynalite };

  static Result<std::unique_ptr<DynamoDbServer>> Start(Kind kind);
  // One server of each kind for the whole program, started at the first call, which must come from
  // the main thread.  Fails the program with the reason when it cannot start.
  static DynamoDbServer& Shared(Kind kind);

  ~DynamoDbServer();
  DynamoDbServer(const DynamoDbServer&) = delete;
  DynamoDbServer& operator=(const DynamoDbServer&) = delete;

  const std::string& endpoint() const { return endpoint_; }

 private:
  DynamoDbServer(pid_t process, std::string endpoint)
      : process_(process), endpoint_(std::move(endpoint)) {}

  pid_t process_;
  std::string endpoint_;
};

}  // namespace vams::testing
