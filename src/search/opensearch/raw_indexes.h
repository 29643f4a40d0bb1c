// Indexes on an OpenSearch server as anybody's software makes them: their mappings, whole documents
// in and out by id.  For migrations, which recognise and fill the indexes of upstream's releases;
// the search engine itself is opensearch_index.h.
//
// Thread-safe.  Every call blocks on the network, and between the attempts that OpenSearchOptions
// allow.  No error holds a secret.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "search/opensearch/opensearch_index.h"

namespace vams::search {

namespace opensearch {
class Client;
}

struct RawDocument {
  std::string id;
  boost::json::object source;
};

struct RawIndex {
  std::string name;  // physical; another than was asked for where that is an alias
  boost::json::object mappings, settings;
};

// A document that the server does not take for its own sake; others are not touched by that.
struct RefusedDocument {
  std::string id;
  std::string reason;
};

class RawIndexes {
 public:
  // The longest id that the server takes, in bytes.
  static constexpr std::size_t kMaxId = 512;

  // Nothing is asked of the server.  kInvalid for a URL that is none.
  static Result<std::unique_ptr<RawIndexes>> Open(OpenSearchOptions options);
  ~RawIndexes();

  // Nothing: the server has neither an index nor an alias of that name.  kConflict: an alias of
  // several indexes.  kInvalid: no name of an index.
  Result<std::optional<RawIndex>> Describe(OpContext& op, std::string_view name);
  // Some of its documents, the first by no particular order.
  Result<std::vector<RawDocument>> Sample(OpContext& op, std::string_view name, std::size_t most);
  // `body` has "settings" and "mappings".  kConflict: there is one already.
  Status Create(OpContext& op, std::string_view name, const boost::json::object& body);

  // Puts each under its id, in place of what is there.  Busy servers are asked again, for the
  // documents that they did not take alone; kUnavailable when that takes too long, and then any of
  // them may be there.  Returns those that are refused for good.
  Result<std::vector<RefusedDocument>> Put(OpContext& op, std::string_view name,
                                           std::span<const RawDocument> documents);
  // The same for removing; what is not there is no error.
  Result<std::vector<RefusedDocument>> Remove(OpContext& op, std::string_view name,
                                              std::span<const std::string> ids);

  // In the order of the ids; nothing for one that is not there.  Sees every write before.
  Result<std::vector<std::optional<boost::json::object>>> Get(OpContext& op, std::string_view name,
                                                              std::span<const std::string> ids);
  // Of all writes before; without `refresh`, of those that searches see already.
  Result<std::uint64_t> Count(OpContext& op, std::string_view name, bool refresh = true);

  struct IdPage {
    std::vector<std::string> ids;
    std::string next;  // the `after` of the following call; empty: this is the last
  };
  // Every id once, in an order of the server's, as of the last Count.
  Result<IdPage> Ids(OpContext& op, std::string_view name, std::string_view after,
                     std::size_t limit);

 private:
  explicit RawIndexes(std::unique_ptr<opensearch::Client> client);

  struct Line {
    std::string_view id;
    std::string text;  // action and body, each with its line end
  };
  Result<std::vector<RefusedDocument>> Bulk(OpContext& op, std::string_view name,
                                            std::string_view action, std::vector<Line> lines);
  Result<std::vector<Line>> BulkOnce(OpContext& op, std::string_view path, std::string_view action,
                                     std::vector<Line> lines,
                                     std::vector<RefusedDocument>& refused);
  Result<boost::json::object> Call(OpContext& op, std::string_view method, const std::string& path,
                                   const boost::json::object& body);

  const std::unique_ptr<opensearch::Client> client_;
};

}  // namespace vams::search
