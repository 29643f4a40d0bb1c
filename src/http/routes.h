// The route table: which handler answers which verb and path.  It is the source of the OpenAPI
// text, the permission listing and the labels of metrics, so every route has an id.
//
// Thread rule: build it first, share it read-only afterwards.  Nothing here blocks.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "http/message.h"

namespace vams::http {

// Runs whole on one thread of a pool and may block.  The context carries the request id and is
// cancelled when the server stops without waiting any longer.
using Handler = std::function<Result<Response>(const Request&, OpContext&)>;

struct Route {
  Verb verb = Verb::kGet;
  std::string path;  // "/database/{databaseId}/assets"; a parameter is a whole segment
  std::string id;    // "getAssets"; unique
  Handler handle;
  // Answered by the server's own `admin` thread, also when every worker is stuck: health and
  // lifecycle status.  Such a handler must not wait for what the workers wait for.
  bool admin = false;
};

struct Found {
  const Route* route;  // borrowed from the table
  NameValues parameters;
};
struct NoSuchPath {};
struct NoSuchVerb {
  std::string allow;  // for the Allow header, "GET, HEAD, POST"
};
struct BadPath {};  // a broken percent escape, or an escaped NUL

using Match = std::variant<Found, NoSuchPath, NoSuchVerb, BadPath>;

class Routes {
 public:
  // A malformed path, a second route for the same verb and path, a second use of an id, or two
  // names for a parameter at one place is a programmer's error.
  void Add(Route route);

  // `raw_path` as sent, without query.  A fixed segment wins over a parameter.  HEAD finds the GET
  // route where there is none for HEAD; `verb` may be missing (an unknown method).
  Match Find(std::optional<Verb> verb, std::string_view raw_path) const;

  std::span<const Route> all() const { return routes_; }

 private:
  // Routes with the same segments, whatever their verbs.
  struct Pattern {
    std::vector<std::string> segments;  // "{name}" for a parameter
    std::vector<std::size_t> routes;    // indexes into routes_
  };

  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;
};

// Decodes percent escapes; nothing if one is broken.  `plus_is_space` for form-encoded queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// The pairs of a query string, decoded; nothing if an escape is broken.
std::optional<NameValues> ParseQuery(std::string_view text);

}  // namespace vams::http
