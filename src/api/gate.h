// The way of every request to its endpoint: source address, identity, rate, first tier, handler,
// audit.  An endpoint is reached in no other way, so that none can forget a check.
// Spec: api-auth.md sections 1.4 and 2, permissions.md sections 5, 11 and 14; rulings 15 and 16.
//
// Thread-safe.  Endpoints run whole on a worker and may block.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "api/answers.h"
#include "api/services.h"
#include "catalog/caller.h"
#include "http/routes.h"
#include "model/body.h"

namespace vams::api {

// What a caller must bring.
enum class Guard : std::uint8_t {
  kPublic,  // nothing
  kToken,   // a valid token or key
  kRole,    // and a role whose constraints let the path and the method through
};

// A value, or the answer that refuses the request.
template <typename T>
using Parsed = std::expected<T, http::Response>;

// One request on its way through an endpoint.
class Call {
 public:
  Call(Services& services, const http::Request& asked, OpContext& context)
      : s(services), request(asked), op(context) {}

  Services& s;
  const http::Request& request;
  OpContext& op;

  // A programmer's error behind Guard::kPublic.
  catalog::Caller& caller() {
    VAMS_CHECK(caller_ != nullptr);
    return *caller_;
  }
  const std::string& user() { return caller().user(); }

  // The check of path and method, for endpoints with EndpointRoute::late_first_tier; a programmer's
  // error in others.
  Parsed<void> FirstTier();

  // Lines for the audit log; written once the answer is known.
  void Audit(audit::Channel channel, std::string type, boost::json::object payload);
  // For the ERRORS line of the answer, where the wire does not tell (ruling 12).
  void Because(std::string reason) { reason_ = std::move(reason); }

  // Writes what a copy of the caller noted as refused after the endpoint has returned, while the
  // answer's body was made: the gate wrote what there was until then.  May be kept as long as the
  // services are there, and called from any thread.
  using DenialWriter = std::function<void(std::span<const catalog::Denial>)>;
  // A programmer's error behind Guard::kPublic.
  DenialWriter LateDenials() const {
    VAMS_CHECK(late_denials_);
    return late_denials_();
  }

 private:
  friend class Gate;
  std::unique_ptr<catalog::Caller> caller_;
  std::vector<audit::Event> events_;
  std::string reason_;
  std::function<DenialWriter()> late_denials_;
  std::function<Parsed<void>()> first_tier_;  // empty: was checked before
  bool first_tier_passed_ = false;
};

using Endpoint = std::function<Result<http::Response>(Call&)>;

struct EndpointRoute {
  http::Verb verb = http::Verb::kGet;
  std::string path;
  std::string id;
  Guard guard = Guard::kRole;
  std::string tag;
  std::string summary;
  Endpoint handle;
  // A POST that only reads: its allowed requests are counted for the audit log, not written singly.
  bool reads = false;
  // HEAD is asked for as GET in both tiers (the streaming routes).
  bool head_as_get = false;
  // The endpoint looks at its body first, as clients know it, and then has to ask Call::FirstTier.
  // An answer below 400 without that is never sent: 500 instead.
  bool late_first_tier = false;
  bool admin = false;  // http::Route::admin
  // http::Route::streams_body: the endpoint pulls the body while it arrives.
  bool streams_body = false;
  // Neither the server's rate limit nor that of a caller counts its requests.
  bool unlimited = false;
};

class Gate {
 public:
  // Both borrowed; they outlive the routes that were added.
  Gate(Services& services, http::Routes& routes) : s_(services), routes_(routes) {}

  void Add(EndpointRoute route);
  // What no route matches: a static file, which needs no token, or 404; for everyone whom the
  // address rule lets in.
  using Files = std::function<std::optional<http::Response>(const http::Request&)>;
  void AddFallback(Files files);

 private:
  class Passage;

  Services& s_;
  http::Routes& routes_;
};

// Adds routes that have most things in common: a tag, what a caller must bring.
class RouteGroup {
 public:
  // The gate is borrowed.  Of `common` the verb, path, id, summary and endpoint are not looked at.
  RouteGroup(Gate& gate, EndpointRoute common) : gate_(gate), common_(std::move(common)) {}

  void Add(http::Verb verb, std::string path, std::string id, std::string summary,
           Endpoint handle) {
    EndpointRoute route = common_;
    route.verb = verb;
    route.path = std::move(path);
    route.id = std::move(id);
    route.summary = std::move(summary);
    route.handle = std::move(handle);
    gate_.Add(std::move(route));
  }

 private:
  Gate& gate_;
  const EndpointRoute common_;
};

// The body as an object; else 400 with the wire's text: missing, not JSON, not an object.
Parsed<boost::json::object> Body(const Call& call);
// The same, but an absent body is an empty object.
Parsed<boost::json::object> OptionalBody(const Call& call);
// 400 "Missing required field: name" for the first of them that the object does not have; a null is
// there.
Parsed<void> RequireMembers(const boost::json::object& body,
                            std::initializer_list<std::string_view> names);
// 400 with every complaint about a body, if there is one.
Parsed<void> Check(const model::Problems& problems, std::string_view model);
// 400 with the sentence, if there is one: for parameters of the path and the query.
Parsed<void> Check(const model::Complaint& complaint);

}  // namespace vams::api

// PARSE(decl, expr): declares from a Parsed, or answers its refusal.
#define PARSE(decl, ...) PARSE_IMPL_(VAMS_CONCAT(parsed_, __COUNTER__), decl, __VA_ARGS__)
#define PARSE_IMPL_(tmp, decl, ...)                    \
  auto tmp = (__VA_ARGS__);                            \
  if (!tmp.has_value()) return std::move(tmp).error(); \
  decl = *std::move(tmp)

// PARSE_OK(expr): answers the refusal of a Parsed<void>, if it is one.
#define PARSE_OK(...)                                                                       \
  do {                                                                                      \
    if (auto parsed = (__VA_ARGS__); !parsed.has_value()) return std::move(parsed).error(); \
  } while (false)
