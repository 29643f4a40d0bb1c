// The two indexes of one generation on the server: documents in and out, what is known about the
// generation itself, scans.  Private to search/opensearch.  docs/formats/search-opensearch.md.
//
// Thread-safe.  Every call blocks on the network.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/opensearch/client.h"
#include "search/opensearch/query.h"
#include "search/search.h"

namespace vams::search::opensearch {

// Physical names, or the aliases that serve.
struct Names {
  std::string assets;
  std::string files;

  const std::string& Of(Kind home) const { return home == Kind::kAsset ? assets : files; }
  std::string both() const { return assets + "," + files; }
};

// A build that has not ended.
struct BuildState {
  KindSet kinds = KindSet::kBoth;
  Position begun_at = 0;  // BuildOptions::position
  bool finished = false;
  // Name of each closed segment, and what its documents are marked with.
  std::map<std::string, std::string> closed;
};

// What a generation says about itself, in a document of its own.
struct State {
  Position position = 0;
  std::string change_log;
  std::optional<BuildState> build;
};

// The access classes that documents have or had: what permissions are decided by.  Never forgets,
// which costs little, since a class that no document has any more finds nothing.
class Classes {
 public:
  void Add(const AccessClass& access);
  void Add(std::string key, AccessClass access);
  std::map<std::string, AccessClass> All() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, AccessClass> known_;
};

class Stored {
 public:
  Stored(Client& client, Classes& classes, Names names)
      : client_(client), classes_(classes), names_(std::move(names)) {}

  // The names are aliases: writes fail where they are none any more, instead of making indexes of
  // them.  Before the first write.
  void ExpectAliases() { aliases_ = true; }

  const Names& names() const { return names_; }
  Client& client() const { return client_; }

  // kNotFound: no such generation, or one that this software did not make.
  Result<State> ReadState(OpContext& op);
  Status WriteState(OpContext& op, const State& state);

  // Of several writes to one id the last counts.  An error leaves some of them done.
  Status Write(OpContext& op, std::span<const search::Write> writes);
  // New documents of a segment; kInvalid: an id is there already, in a segment of `live`.
  Status Add(OpContext& op, std::span<const Document> documents, const std::string& segment,
             const std::function<bool(std::string_view)>& live);
  // Searches see everything that was written before.
  Status Refresh(OpContext& op);

  Result<std::optional<Document>> Find(OpContext& op, std::string_view id);
  Result<Counts> Count(OpContext& op);
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit);
  Result<std::vector<std::string>> Check(OpContext& op);
  Status Remove(OpContext& op, const Query& query);
  // Every document that the query finds, by id; ends early when `visit` fails.
  Status Scan(OpContext& op, const Query& query,
              const std::function<Status(std::span<Document>)>& visit);
  // A search in both indexes, that fails rather than being incomplete.
  Result<boost::json::object> Search(OpContext& op, const boost::json::object& body);
  // The distinct values of a keyword field among what `query` finds, each with the stored part
  // `vams` of one document that has it.
  Status Distinct(
      OpContext& op, std::string_view field, const Query& query,
      const std::function<void(const std::string& value, const boost::json::value& own)>& visit);
  // Reads which classes there are.
  Status LoadClasses(OpContext& op);

 private:
  struct Line {
    std::string id;  // of the document
    std::string_view action;
    std::string text;  // action and body, each with its line end
  };

  Result<IdPage> Ids(OpContext& op, const Query& query, std::string_view after, std::size_t size);
  Line LineOf(std::string_view action, std::string_view id, const Document* document,
              std::string_view segment) const;
  // Sends the lines and gives back those that are refused because of what is there.
  Result<std::vector<Line>> Bulk(OpContext& op, std::vector<Line> lines);
  Result<std::vector<Line>> BulkOnce(OpContext& op, std::span<Line> lines,
                                     std::vector<Line>& conflicts);

  Client& client_;
  Classes& classes_;
  const Names names_;
  bool aliases_ = false;
};

// Every document of ours, and nothing else that the indexes may hold.
Query Ours(KindSet kinds);

}  // namespace vams::search::opensearch
