// The route table: which handler answers which verb and path.  It is the source of the OpenAPI
// text, the permission listing and the labels of metrics, so every route has an id.
//
// Thread rule: build it first, share it read-only afterwards.  Nothing here blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
  // "/database/{databaseId}/assets": a parameter is a whole segment.  "/files/{path+}": the last
  // segment may take the rest of the path, slashes and all, one segment at least.
  std::string path;
  std::string id;  // "getAssets"; unique
  Handler handle;
  // Answered by the server's own `admin` thread, also when every worker is stuck, and whatever the
  // rate limit says: health and lifecycle status.  Such a handler must not wait for what the
  // workers wait for.
  bool admin = false;
  // The handler takes microseconds and waits for nothing (memory, at most a cached page), so it
  // runs on the I/O thread, which saves two thread switches.  Its answer is not compressed.
  bool inline_ok = false;
  // The handler pulls the body from Request::incoming while it arrives, whatever its size.  It runs
  // on a pool of its own, because a slow client holds its thread.
  bool streams_body = false;
  // ServerOptions::rate_limit does not count its requests: transfers of bytes, whose number follows
  // from the size of the data.
  bool unlimited = false;
  // For the OpenAPI text.
  std::string summary;
  std::string tag;
  std::string security = "role";  // "none", "token" or "role": what a caller needs
};

// What a path came to.
struct Match {
  enum class Kind : std::uint8_t { kFound, kNone, kBadPath };

  Kind kind = Kind::kNone;
  const Route* route = nullptr;  // kFound only; borrowed from the table
  NameValues parameters;         // kFound only
  // Decoded, as in Request::path; as sent when that is impossible (kBadPath).
  std::string path;
};

class Routes {
 public:
  Routes();
  ~Routes();
  Routes(const Routes& other);
  Routes(Routes&&) noexcept;
  Routes& operator=(Routes other) noexcept;

  // A malformed path, a second route for the same verb and path, or a second use of an id is a
  // programmer's error.  Routes may name the parameter at one place differently.
  void Add(Route route);

  // Answers what no route matches: an unknown path, or a known one with another verb; the access
  // log calls it "fallback".  Without one such requests are answered 404, and so are methods that
  // no route can have.
  void SetFallback(Handler handle, bool inline_ok = false);
  // Null without one.
  const Route* fallback() const { return fallback_ ? &*fallback_ : nullptr; }

  // `raw_path` as sent, without query.  Among routes for the verb, a fixed segment wins over a
  // parameter, and that over a greedy tail, from the left.  HEAD finds the GET route where there is
  // none for HEAD; `verb` may be missing (an unknown method).  kBadPath: a broken escape, a NUL,
  // text that is not UTF-8, no slash at the front; or, outside a greedy tail, an empty, "." or ".."
  // segment or an escaped slash.  Its cost hardly grows with the number of routes.
  Match Find(std::optional<Verb> verb, std::string_view raw_path) const;

  std::span<const Route> all() const { return routes_; }

 private:
  struct Node;
  class Search;

  std::vector<Route> routes_;
  std::vector<Node> nodes_;  // a tree of segments; the first is the root
  std::optional<Route> fallback_;
};

// Decodes percent escapes; nothing if one is broken.  `plus_is_space` for form-encoded queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// The pairs of a query string, decoded; nothing if an escape is broken.
std::optional<NameValues> ParseQuery(std::string_view text);

}  // namespace vams::http
