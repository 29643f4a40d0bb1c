// The engine on a server or service that speaks the OpenSearch protocol (2.7 and later; Amazon
// OpenSearch Service with signed requests).  Two indexes for each generation, behind the aliases
// that upstream's indexes are named after.  What they hold: docs/formats/search-opensearch.md.
//
// Conditions are answered by terms that are made here rather than by the server's analysis, so that
// it finds exactly the documents that the definition names, counts and facets over them, and sorts
// them; only ranking is the server's own.
//
// Thread rule: as search.h says.  Every call blocks on the network.  One process writes an index.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "net/aws_credentials.h"
#include "net/http.h"
#include "net/retry.h"
#include "search/search.h"

namespace vams::search {

struct OpenSearchOptions {
  enum class Auth : std::uint8_t { kNone, kBasic, kSigV4 };

  std::string url;  // http://localhost:9200, https://search-x.eu-west-1.es.amazonaws.com
  Auth auth = Auth::kNone;
  std::string username;        // kBasic
  std::string password;        // kBasic
  std::string region;          // kSigV4
  std::string service = "es";  // kSigV4
  // kSigV4: nullptr: as AWS tools find them.  Not owned, as all the pointers below.
  net::CredentialSource* credentials = nullptr;
  std::string ca_file;  // PEM of authorities; empty: the system's

  std::string assets = "vams-assets-v2";
  std::string files = "vams-files-v2";
  // Names the change log that positions belong to.  An index that was filled from another one is at
  // position 0.
  std::string change_log;
  // Whether Apply returns only when searches see the batch.  Costs a refresh for each.
  bool visible_at_once = false;
  std::size_t bulk_bytes = std::size_t{5} << 20U;
  std::size_t bulk_documents = 2000;
  std::chrono::milliseconds request_timeout{60'000};
  net::RetryPolicy retry;

  net::Transport* transport = nullptr;  // nullptr: over libcurl
  const Clock* clock = nullptr;
  net::Timer* timer = nullptr;
  Random* random = nullptr;
};

// Creates empty indexes where the server has none.  Where it has an index of upstream's instead of
// an alias, that one is kept and added to until the first new generation takes its name; what
// upstream wrote into it is found by no condition, and the position is 0.
Result<std::unique_ptr<Index>> OpenOpenSearchIndex(OpContext& op, OpenSearchOptions options);

}  // namespace vams::search
