// A real OpenSearch node for tests, of its Maven packages.
//
// tools/fetch_opensearch has put it into ${XDG_CACHE_HOME:-~/.cache}/vams.  Indexes are shared by
// all who use the node: every test takes names of its own.  Threads: as local_server.h says.
#pragma once

#include "testing/local_server.h"

namespace vams::testing {

struct OpenSearchServer {
  // Whether the node was fetched; without it tests are skipped.
  static bool IsThere();
  // One for the whole program; see SharedServer.
  static LocalServer& Shared();
};

}  // namespace vams::testing
