#include "api/gate.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "api/address_ranges.h"
#include "base/log.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kBearer = "bearer";
constexpr std::string_view kKeyPrefix = "vams_";
// Filtered objects that one audit line names (api-auth.md section 11.3, decision A5).
constexpr std::size_t kNamedObjects = 20;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// What stands behind "Bearer" and white space; nothing for another form.
std::optional<std::string_view> BearerOf(std::string_view header) {
  if (header.size() <= kBearer.size() ||
      !http::EqualsIgnoreCase(header.substr(0, kBearer.size()), kBearer) ||
      !IsBlank(header[kBearer.size()]))
    return std::nullopt;
  header.remove_prefix(kBearer.size());
  while (!header.empty() && IsBlank(header.front())) header.remove_prefix(1);
  if (header.empty()) return std::nullopt;
  return header;
}

json::value BodyForAudit(const std::string& body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  // No object: a body of no endpoint here, whose secrets no member's name tells from the rest.
  if (error || !value.is_object()) return json::string(fmt::format("<{} bytes>", body.size()));
  return value;
}

// The request as audit lines show it; the log masks it.
json::object RequestForAudit(const http::Request& request, const identity::Identity* who) {
  json::object headers;
  for (const auto& [name, value] : request.headers) headers[name] = value;
  json::object query;
  for (const auto& [name, value] : request.query) query[name] = value;
  json::object event{{"httpMethod", http::VerbName(request.verb)},
                     {"path", request.path},
                     {"headers", std::move(headers)},
                     {"queryStringParameters", std::move(query)},
                     {"sourceIp", request.client}};
  if (!request.body.empty()) event["body"] = BodyForAudit(request.body);
  if (who != nullptr) event["claims"] = who->claims;
  return event;
}

audit::Actor ActorOf(const identity::Identity* who) {
  audit::Actor actor;
  if (who == nullptr) return actor;
  if (!who->user.empty()) actor.user = who->user;
  actor.roles = who->role_claims;
  actor.mfa = who->mfa;
  return actor;
}

json::object ObjectJson(const access::Object& object) {
  json::object fields{{"object__type", access::Name(object.type())}};
  for (std::size_t i = 0; i < access::kFields; ++i) {
    const auto field = static_cast<access::Field>(i);
    if (field == access::Field::kTags) {
      if (!object.tags().empty())
        fields["tags"] = json::array(object.tags().begin(), object.tags().end());
    } else if (field != access::Field::kObjectType && !object.Get(field).empty()) {
      fields[access::Name(field)] = object.Get(field);
    }
  }
  return fields;
}

http::Response TooMany(std::chrono::milliseconds wait) {
  http::Response response = Refuse(429, "Too Many Requests");
  response.headers.Set("retry-after", std::to_string(http::RetryAfterSeconds(wait)));
  return response;
}

}  // namespace

// A route's way in, shared by all of its requests.
class Gate::Passage : public std::enable_shared_from_this<Passage> {
 public:
  Passage(Services& services, EndpointRoute route)
      : s_(services),
        route_(std::move(route)),
        ranges_(services.settings.allowed_ip_ranges),
        writes_(route_.verb != http::Verb::kGet && route_.verb != http::Verb::kHead &&
                !route_.reads) {}

  http::Response Handle(const http::Request& request, OpContext& op) const;

 private:
  using Who = std::shared_ptr<const identity::Identity>;

  Parsed<Who> Authenticate(const http::Request& request, OpContext& op) const;
  Result<Who> VerifyToken(OpContext& op, std::string_view token) const;
  Parsed<void> FirstTier(const Call& call) const;
  http::Response Run(Call& call) const;
  void WriteAudit(Call& call, const http::Response& response) const;
  void WriteDenials(const audit::Event& event, std::span<const catalog::Denial> denials) const;
  audit::Event DenialOf(const Call& call) const;

  void Refused(const http::Request& request, std::string_view reason) const;
  audit::Event EventOf(const Call& call, audit::Channel channel) const;

  Services& s_;
  const EndpointRoute route_;
  const AddressRanges ranges_;
  const bool writes_;
};

// The authenticator's own refusals name no user (api-auth.md section 11.2).
void Gate::Passage::Refused(const http::Request& request, std::string_view reason) const {
  audit::Event event;
  event.channel = audit::Channel::kAuthorization;
  event.outcome = false;
  event.actor.user = "unknown";
  event.payload = {{"sourceIp", request.client}, {"failureReason", reason}};
  event.request = RequestForAudit(request, nullptr);
  event.request_id = request.request_id;
  event.reason = reason;
  s_.audit.Write(event);
}

audit::Event Gate::Passage::EventOf(const Call& call, audit::Channel channel) const {
  const identity::Identity* who = call.caller_ ? &call.caller_->identity() : nullptr;
  audit::Event event;
  event.channel = channel;
  event.actor = ActorOf(who);
  event.request = RequestForAudit(call.request, who);
  event.request_id = call.request.request_id;
  return event;
}

Result<Gate::Passage::Who> Gate::Passage::VerifyToken(OpContext& op, std::string_view token) const {
  if (s_.sessions != nullptr) return s_.sessions->Verify(op, token);
  if (s_.external != nullptr) return s_.external->Verify(op, token);
  return Error(Code::kUnauthenticated, "Forbidden", "no identity provider is configured");
}

// Section 2, steps 3 to 6.
Parsed<Gate::Passage::Who> Gate::Passage::Authenticate(const http::Request& request,
                                                       OpContext& op) const {
  const auto refuse = [&](std::string_view reason) {
    Refused(request, reason);
    return std::unexpected(Refuse(403, "Forbidden"));
  };
  const auto header = request.headers.Find("authorization");
  if (!header || header->empty()) {
    Refused(request, "Token missing or invalid format");
    return std::unexpected(Refuse(401, "Unauthorized"));
  }
  const auto bearer = BearerOf(*header);
  const std::string_view credential = bearer.value_or(*header);
  if (credential.starts_with(kKeyPrefix)) {
    auto key = s_.api_keys.Authenticate(op, credential);
    if (key.ok() && *key != nullptr) return *std::move(key);
    if (!key.ok() && key.error().code == Code::kUnauthenticated)
      return refuse(key.error().details.empty() ? key.error().message : key.error().details);
    // Unknown, or the store fails: perhaps a token after all.
  }
  if (!bearer) return refuse("Token missing or invalid format");
  auto who = VerifyToken(op, *bearer);
  if (who.ok()) return *std::move(who);
  if (who.error().code != Code::kUnauthenticated)
    LogWarning(fmt::format("request {}: a token could not be verified: {} ({})", request.request_id,
                           who.error().message, who.error().details));
  return refuse(who.error().details.empty()
                    ? "Token verification failed"
                    : fmt::format("Token verification failed: {}", who.error().details));
}

Parsed<void> Gate::Passage::FirstTier(const Call& call) const {
  http::Verb verb = call.request.verb;
  if (verb == http::Verb::kHead && route_.head_as_get) verb = http::Verb::kGet;
  const auto action = access::FindAction(http::VerbName(verb));
  const catalog::Caller& caller = *call.caller_;
  const bool allowed = action && !caller.user().empty() &&
                       caller.policy().DecideApi(call.request.path, *action).allowed;
  if (allowed && !writes_) {
    s_.audit.CountAllowed(caller.user(), route_.id, ActorOf(&caller.identity()), route_.path,
                          http::VerbName(route_.verb));
    return {};
  }
  audit::Event event = EventOf(call, audit::Channel::kAuthorization);
  event.outcome = allowed;
  event.payload = {{"action", http::VerbName(verb)},
                   {"obj", {{"object__type", "api"}, {"route__path", call.request.path}}}};
  if (!allowed) event.reason = "refused";
  s_.audit.Write(event);
  if (!allowed) return std::unexpected(Refuse(403, "Not Authorized"));
  return {};
}

http::Response Gate::Passage::Run(Call& call) const {
  auto result = route_.handle(call);
  if (result.ok()) return *std::move(result);
  const Error& error = result.error();
  http::Response response = RefuseError(error);
  call.Because(std::string(CodeName(error.code)));
  // What is refused for now on purpose, as while writes are held back, has nothing to explain.
  const bool on_purpose = error.code == Code::kUnavailable && error.details.empty();
  if (response.status >= 500 && !on_purpose)
    LogError(fmt::format("request {} {}: {}: {} ({})", call.request.request_id, route_.id,
                         CodeName(error.code), error.message, error.details));
  return response;
}

// Denials of the second tier: singly, or one line for all that a list left out.  `event` has all
// that is the same for each of them.
void Gate::Passage::WriteDenials(const audit::Event& event,
                                 std::span<const catalog::Denial> denials) const {
  std::map<std::pair<access::ObjectType, access::Action>, std::vector<const catalog::Denial*>>
      filtered;
  for (const catalog::Denial& denial : denials) {
    if (denial.filtered) {
      filtered[{denial.object.type(), denial.action}].push_back(&denial);
      continue;
    }
    audit::Event one = event;
    one.payload = {{"action", access::Name(denial.action)}, {"obj", ObjectJson(denial.object)}};
    one.reason = denial.constraint.empty() ? std::string("no rule allows it")
                                           : "denied by constraint " + denial.constraint;
    s_.audit.Write(one);
  }
  for (const auto& [what, left_out] : filtered) {
    json::array named;
    for (std::size_t i = 0; i < std::min(left_out.size(), kNamedObjects); ++i)
      named.push_back(ObjectJson(left_out[i]->object));
    audit::Event one = event;
    one.payload = {{"action", access::Name(what.second)},
                   {"obj", {{"object__type", access::Name(what.first)}}},
                   {"filteredFrom", route_.id},
                   {"count", left_out.size()},
                   {"objects", std::move(named)}};
    s_.audit.Write(one);
  }
}

audit::Event Gate::Passage::DenialOf(const Call& call) const {
  audit::Event event = EventOf(call, audit::Channel::kAuthorization);
  event.outcome = false;
  event.request = {{"userId", call.caller_->user()}};
  return event;
}

// Denials, what the endpoint said, and the ERRORS line of a failure.
void Gate::Passage::WriteAudit(Call& call, const http::Response& response) const {
  if (call.caller_ != nullptr && !call.caller_->denials().empty())
    WriteDenials(DenialOf(call), call.caller_->denials());
  for (audit::Event& event : call.events_) {
    audit::Event whole = EventOf(call, event.channel);
    whole.type = std::move(event.type);
    whole.outcome = event.outcome;
    whole.payload = std::move(event.payload);
    if (whole.actor.user == "UNKNOWN" && event.actor.user != "UNKNOWN") whole.actor = event.actor;
    whole.reason = std::move(event.reason);
    s_.audit.Write(whole);
  }
  // What no route matches says nothing about the data, and anybody can ask for it.
  if (response.status < 400 || response.status == 401 || response.status == 403 ||
      route_.path.empty())
    return;
  audit::Event event = EventOf(call, audit::Channel::kErrors);
  std::string message;
  boost::system::error_code error;
  const json::value body = json::parse(response.body, error);
  if (!error && body.is_object())
    if (const json::value* text = body.get_object().if_contains("message");
        text != nullptr && text->is_string())
      message = text->get_string();
  if (response.status >= 500)
    event.type = "internal";
  else
    event.type = message.starts_with("VAMS General Error") ? "general" : "validation";
  event.payload = {{"statusCode", response.status}, {"errorMessage", message}};
  event.reason = std::move(call.reason_);
  s_.audit.Write(event);
}

http::Response Gate::Passage::Handle(const http::Request& request, OpContext& op) const {
  if (!ranges_.Allow(request.client)) {
    Refused(request, "IP address not authorized");
    return Refuse(403, "Forbidden");
  }
  Call call(s_, request, op);
  std::string_view limited = request.client;
  if (route_.guard != Guard::kPublic) {
    auto who = Authenticate(request, op);
    if (!who) {
      // Whoever tries tokens is held back by their address.
      const auto now = std::chrono::steady_clock::now();
      if (s_.caller_limit != nullptr && !s_.caller_limit->TryTake(request.client, now))
        return TooMany(s_.caller_limit->RetryAfter(request.client, now));
      return std::move(who).error();
    }
    auto policy = s_.permissions.PolicyFor(op, (*who)->user, (*who)->mfa);
    if (!policy.ok()) {
      LogError(fmt::format("request {}: the permissions cannot be read, so it is refused: {} ({})",
                           request.request_id, policy.error().message, policy.error().details));
      Refused(request, "permissions unavailable");
      return Refuse(403, "Not Authorized");
    }
    call.caller_ = std::make_unique<catalog::Caller>(*std::move(who), *std::move(policy));
    if (!call.user().empty()) limited = call.user();
  }
  if (call.caller_ != nullptr)
    call.late_denials_ = [this, &call]() -> Call::DenialWriter {
      return [passage = shared_from_this(),
              event = DenialOf(call)](std::span<const catalog::Denial> denials) {
        passage->WriteDenials(event, denials);
      };
    };
  if (s_.caller_limit != nullptr && !route_.admin && !route_.unlimited) {
    const auto now = std::chrono::steady_clock::now();
    if (!s_.caller_limit->TryTake(limited, now))
      return TooMany(s_.caller_limit->RetryAfter(limited, now));
  }
  if (route_.guard == Guard::kRole && route_.late_first_tier) {
    call.first_tier_ = [this, &call] { return FirstTier(call); };
  } else if (route_.guard == Guard::kRole) {
    if (auto passed = FirstTier(call); !passed) {
      http::Response refused = std::move(passed).error();
      refused.caller = call.user();
      return refused;
    }
  }
  http::Response response = Run(call);
  if (call.first_tier_ && !call.first_tier_passed_ && response.status < 400) {
    LogError(fmt::format(
        "request {} {}: the endpoint answered without having passed the check of path and method, "
        "so its answer is not sent; this is a defect of the program",
        request.request_id, route_.id));
    response = Refuse(500, "Internal Server Error");
  }
  WriteAudit(call, response);
  if (call.caller_ != nullptr) response.caller = call.user();
  return response;
}

Parsed<void> Call::FirstTier() {
  VAMS_CHECK(first_tier_);
  auto passed = first_tier_();
  first_tier_passed_ = passed.has_value();
  return passed;
}

void Call::Audit(audit::Channel channel, std::string type, json::object payload) {
  audit::Event event;
  event.channel = channel;
  event.type = std::move(type);
  event.payload = std::move(payload);
  events_.push_back(std::move(event));
}

void Gate::Add(EndpointRoute route) {
  http::Route wired{.verb = route.verb,
                    .path = route.path,
                    .id = route.id,
                    .handle = {},
                    .admin = route.admin,
                    .streams_body = route.streams_body,
                    .unlimited = route.unlimited,
                    .summary = route.summary,
                    .tag = route.tag,
                    .security = route.guard == Guard::kPublic  ? "none"
                                : route.guard == Guard::kToken ? "token"
                                                               : "role"};
  auto passage = std::make_shared<const Passage>(s_, std::move(route));
  wired.handle = [passage](const http::Request& request, OpContext& op) -> Result<http::Response> {
    return passage->Handle(request, op);
  };
  routes_.Add(std::move(wired));
}

void Gate::AddFallback(Files files) {
  EndpointRoute route;
  route.id = "fallback";
  route.guard = Guard::kPublic;
  route.handle = [files = std::move(files)](Call& call) -> Result<http::Response> {
    if (auto file = files ? files(call.request) : std::nullopt) return *std::move(file);
    return Refuse(404, "Not Found");
  };
  auto passage = std::make_shared<const Passage>(s_, std::move(route));
  routes_.SetFallback(
      [passage](const http::Request& request, OpContext& op) -> Result<http::Response> {
        return passage->Handle(request, op);
      });
}

Parsed<json::object> Body(const Call& call) {
  if (call.request.body.empty()) return std::unexpected(Refuse(400, "Request body is required"));
  boost::system::error_code error;
  json::value value = json::parse(call.request.body, error);
  if (error) return std::unexpected(Refuse(400, "Invalid JSON in request body"));
  // Some clients encode their object twice.
  if (const auto* text = value.if_string()) {
    json::value inner = json::parse(*text, error);
    if (!error && inner.is_object()) value = std::move(inner);
  }
  if (value.is_null()) return std::unexpected(Refuse(400, "Request body is required"));
  if (!value.is_object()) return std::unexpected(Refuse(400, "Request body cannot be parsed"));
  return std::move(value.get_object());
}

Parsed<json::object> OptionalBody(const Call& call) {
  if (call.request.body.empty()) return json::object();
  return Body(call);
}

Parsed<void> RequireMembers(const json::object& body,
                            std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (!body.contains(name))
      return std::unexpected(Refuse(400, fmt::format("Missing required field: {}", name)));
  return {};
}

Parsed<void> Check(const model::Problems& problems, std::string_view model) {
  if (problems.empty()) return {};
  return std::unexpected(Refuse(400, problems.Text(model)));
}

Parsed<void> Check(const model::Complaint& complaint) {
  if (!complaint) return {};
  return std::unexpected(Refuse(400, *complaint));
}

}  // namespace vams::api
