#include "app/standby.h"

#include <fmt/format.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "app/manage.h"
#include "app/release.h"
#include "app/settings.h"
#include "app/standby_search.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "http/handover.h"
#include "http/listen_address.h"
#include "http/routes.h"
#include "lifecycle/ab/alone.h"
#include "lifecycle/ab/follower.h"
#include "lifecycle/ab/open_source.h"
#include "lifecycle/ab/role_change.h"
#include "lifecycle/ab/state.h"
#include "lifecycle/ab/wire.h"
#include "lifecycle/update/hooks.h"

namespace vams::app {

namespace ab = lifecycle::ab;
namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;

namespace {

// For a change, between two looks at what is asked; longer where each look is a request.
constexpr std::chrono::milliseconds kLookEvery{20};
constexpr std::chrono::milliseconds kWaitRemote{500};
constexpr std::chrono::milliseconds kTryAgain{1000}, kTryAgainLongest{30'000};
constexpr std::chrono::seconds kTakeOver{10};
constexpr std::chrono::seconds kStandbyDrain{5};
constexpr std::chrono::minutes kHook{5};
constexpr int kRetryAfterSeconds = 5;
constexpr const char* kMessage =
    "This stack is the standby of another one and answers nothing until it is switched to; ask the "
    "address that serves";

http::Response Refusal() {
  http::Response response = http::Message(503, kMessage);
  response.headers.Set("Retry-After", std::to_string(kRetryAfterSeconds));
  return response;
}

// `look`: what the other side may know without showing who it is, so that it can finish a switch
// that was cut off: that this one has handed over.
http::Routes StandbyRoutes(const json::object& look) {
  http::Routes routes;
  routes.Add({.verb = http::Verb::kGet,
              .path = "/healthz",
              .id = "getHealth",
              .handle = [](const http::Request&, OpContext&) -> Result<http::Response> {
                return http::Json({{"status", "ok"}});
              },
              .admin = true,
              .security = "none"});
  routes.Add({.verb = http::Verb::kGet,
              .path = fmt::format("{}/look", ab::kEndpoints),
              .id = "abLook",
              .handle = [look](const http::Request&, OpContext&) -> Result<http::Response> {
                http::Response response = http::Json(503, look);
                response.headers.Set("Retry-After", std::to_string(kRetryAfterSeconds));
                return response;
              },
              .admin = true,
              .security = "none"});
  routes.SetFallback(
      [](const http::Request&, OpContext&) -> Result<http::Response> { return Refusal(); });
  return routes;
}

// Where a socket listens, as the configuration writes it; empty if it cannot be told.
std::string AddressOf(int socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> host = {};
  std::array<char, NI_MAXSERV> port = {};
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host.data(), host.size(),
                    port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  return http::ToText({.host = host.data(),
                       .port = static_cast<std::uint16_t>(std::strtoul(port.data(), nullptr, 10))});
}

bool IsOneOf(const std::vector<std::string>& addresses, const std::string& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

// The other side, its listeners, and who asked: from the promotion until this side serves.
struct Promotion {
  std::unique_ptr<ab::Source> source;
  std::optional<http::Takeover> takeover;
  std::optional<ab::Request> request;
  ab::State state;
  ab::TakenRole taken;
  SteadyClock::time_point frozen_at;
  std::uint64_t missing = 0;  // without the other side: changes of it that are known to be lost
};

class Standby final : public ManageHandler {
 public:
  Standby(const StandbySetup& setup, ab::State state)
      : setup_(setup), stack_(setup.stack), state_(std::move(state)) {}

  Result<StandbyEnd> Run(Inherited& inherited);
  // After a promotion, once the serving side answers.
  void OnServing();

  // ---- ManageHandler
  lifecycle::ServedState State() override;
  Result<items::Position> Freeze(std::string_view) override {
    return Error(Code::kUnavailable, "this stack is a standby, so there is nothing to hold back");
  }
  void Thaw() override {}
  bool Moved() override { return false; }
  void Reload() override { End(StandbyEnd::Kind::kReload); }
  Result<std::string> AdminToken() override { return Error(Code::kUnavailable, kMessage); }
  Status Refresh() override { return Ok(); }

 private:
  Status Listen(Inherited& inherited);
  void Follow();
  Status FollowOnce();
  Status Attend(ab::Follower& follower, ab::Source& source);
  Status FinishSwitch(ab::Follower& follower, ab::Source& source);
  Status Switch(ab::Follower& follower, ab::Source& source, const ab::Request& request);
  Status TakeListeners(Promotion& promotion, std::vector<std::string>& addresses);
  void Promote(std::unique_ptr<Promotion> promotion);
  Status TakeAlone(const ab::Request& request);
  void OnServingAlone();
  void AnswerInTrouble(const Error& error);
  Status MoveAddress();
  Result<std::unique_ptr<StandbySearch>> StartSearch();
  void Trouble(const Error& error);
  Result<StandbyEnd> Leave(Inherited& inherited);
  void End(StandbyEnd::Kind kind);

  const StandbySetup setup_;
  lifecycle::Stack stack_;
  const ab::State state_;
  OpContext op_;  // cancelled when this is to end
  std::unique_ptr<http::Server> server_;
  std::string url_;
  std::atomic<StandbyEnd::Kind> kind_ = StandbyEnd::Kind::kStopped;
  std::atomic<bool> ended_ = false;
  // The following thread's.
  bool anew_ = false, follows_ = false;
  std::unique_ptr<ab::Source> source_;
  std::unique_ptr<ab::Follower> follower_;
  std::unique_ptr<StandbySearch> search_;
  std::shared_ptr<Promotion> promotion_;
};

lifecycle::ServedState Standby::State() {
  return {.release = std::string(Release()),
          .pid = ::getpid(),
          .url = url_,
          .generation = setup_.stack.current.number,
          .data_version = setup_.stack.current.data_version,
          .mode = lifecycle::ServingMode::kStandby,
          .reason = kMessage,
          .last_change = 0};
}

// The main thread waits for a stop signal, which this one is.
void Standby::End(StandbyEnd::Kind kind) {
  if (ended_.exchange(true)) return;
  kind_ = kind;
  op_.Cancel();
  ::kill(::getpid(), SIGTERM);
}

// At the addresses of its own; the public ones are the other side's.
Status Standby::Listen(Inherited& inherited) {
  TRY(auto options, ServerOptionsOf(setup_.config, setup_.listen));
  options.clock = &setup_.clock;
  const bool one_host = !state_.peer.remote();
  for (auto& listener : inherited.listeners)
    if (!one_host || !IsOneOf(state_.addresses, AddressOf(listener.get())))
      options.listeners.push_back(std::make_shared<FileDescriptor>(std::move(listener)));
  inherited.listeners.clear();
  if (one_host)
    std::erase_if(options.addresses, [&](const http::ListenAddress& address) {
      return IsOneOf(state_.addresses, http::ToText(address));
    });
  if (options.addresses.empty() && options.listeners.empty()) return Ok();
  auto started =
      http::Server::Start(options, StandbyRoutes(ab::StandbyLookJson(setup_.stack, state_)));
  if (!started.ok()) {
    // It follows all the same, and takes the other side's sockets at the switch.
    LogWarning(fmt::format("the standby answers nobody: {}", started.error().message));
    return Ok();
  }
  server_ = *std::move(started);
  url_ = (options.tls ? "https://" : "http://") + http::ToText(server_->addresses().front());
  return Ok();
}

void Standby::Trouble(const Error& error) {
  LogWarning(fmt::format("following stopped and is tried again: {}", error.message));
  ab::Progress progress;
  if (follower_ != nullptr) {
    progress = follower_->progress();
  } else if (auto last = ab::ReadProgress(stack_); last.ok() && *last) {
    progress = **last;
  }
  progress.phase = "waiting";
  progress.problem = error.message;
  progress.at_millis = setup_.clock.NowMillis();
  progress.pid = ::getpid();
  (void)ab::WriteProgress(stack_, progress);
}

// The other side cannot be followed: all that can be done is to go on without it.
void Standby::AnswerInTrouble(const Error& error) {
  auto request = ab::TakeRequest(stack_);
  if (!request.ok() || !*request) return;
  Status status = error;
  if ((*request)->want == "alone") {
    status = TakeAlone(**request);
    if (status.ok()) return;
  }
  (void)ab::PutReply(stack_, {.id = (*request)->id, .status = status, .result = {}});
}

void Standby::Follow() {
  auto pause = kTryAgain;
  while (!op_.cancelled()) {
    follows_ = false;
    const Status followed = FollowOnce();
    if (followed.ok()) return;
    if (op_.cancelled()) break;
    Trouble(followed.error());
    // A log that no longer reaches back: only a copy leads on.  One that is not there may come
    // back.
    anew_ = source_ != nullptr && followed.error().code == Code::kNotFound;
    search_.reset();
    follower_.reset();
    source_.reset();
    // A copy that fails each time must not keep both sides busy.
    pause = follows_ ? kTryAgain : std::min(pause * 2, kTryAgainLongest);
    for (const auto end = SteadyClock::now() + pause;
         SteadyClock::now() < end && !op_.cancelled();) {
      AnswerInTrouble(followed.error());
      std::this_thread::sleep_for(kLookEvery);
    }
  }
}

Status Standby::FollowOnce() {
  TRY(source_, ab::OpenSource(state_, setup_.clock));
  TRY(follower_, ab::Follower::Open(op_, *source_,
                                    {.registry = setup_.registry,
                                     .stack = stack_,
                                     .state = state_,
                                     .encryption = EncryptionOf(setup_.config),
                                     .clock = setup_.clock},
                                    anew_));
  anew_ = false;
  stack_ = follower_->stack();
  // What follows this side is nobody any more.
  if (const Status removed = follower_->store().RemoveConsumer(op_, ab::kConsumer);
      !removed.ok() && removed.error().code != Code::kNotFound)
    return removed;
  TRY(search_, StartSearch());
  TRY_OK(FinishSwitch(*follower_, *source_));
  follows_ = true;
  while (!op_.cancelled()) {
    TRY_OK(Attend(*follower_, *source_));
    if (op_.cancelled()) break;
    TRY([[maybe_unused]] const bool some,
        follower_->Step(op_, state_.peer.remote() ? kWaitRemote : kLookEvery));
  }
  if (promotion_ == nullptr) follower_->Tell("following", true);
  return Ok();
}

// Data of an older version has no documents of this release.
Result<std::unique_ptr<StandbySearch>> Standby::StartSearch() {
  if (stack_.current.data_version != ServedDataVersion()) return std::unique_ptr<StandbySearch>();
  return StandbySearch::Start(stack_, setup_.config, follower_->store(), follower_->blobs(),
                              setup_.clock);
}

// What a command asks.  An error of this is one of following; one of the request is its answer.
Status Standby::Attend(ab::Follower& follower, ab::Source& source) {
  TRY(const auto request, ab::TakeRequest(stack_));
  if (!request) return Ok();
  if (request->want == "switch") {
    const Status done = Switch(follower, source, *request);
    if (!done.ok()) return ab::PutReply(stack_, {.id = request->id, .status = done, .result = {}});
    return Ok();
  }
  ab::Reply reply{.id = request->id, .status = Ok(), .result = {}};
  if (request->want == "validate") {
    const json::value* read = request->options.if_contains("readContents");
    auto report = follower.Validate(
        op_, {.read_contents = read != nullptr && read->is_bool() && read->as_bool()});
    if (report.ok()) {
      reply.result = *std::move(report);
      if (search_ != nullptr) reply.result["search"] = search_->Pending();
    } else {
      reply.status = report.error();
    }
    follower.Tell("following", true);  // before the answer: who asks next must not read otherwise
  } else if (request->want == "stop") {
    TRY(const auto look, source.Look(op_));
    reply.status = follower.DrainTo(op_, look.last_change);
    reply.result = {{"position", follower.position()}};
    TRY_OK(ab::PutReply(stack_, reply));
    if (reply.status.ok()) End(StandbyEnd::Kind::kStopped);
    return Ok();
  } else if (request->want == "alone") {
    if (!source.Look(op_).ok()) {
      reply.status = TakeAlone(*request);
      if (reply.status.ok()) return Ok();
    } else {
      reply.status = Error(Code::kConflict,
                           fmt::format("{} is followed, so it is not lost; nothing was changed; "
                                       "change the roles as usual, with \"vams ab switch\" or "
                                       "\"vams ab rollback\"",
                                       source.Where()));
    }
  } else {
    reply.status = Error(Code::kNotSupported,
                         fmt::format("the server of stack \"{}\" does not know \"{}\"; it runs "
                                     "another release than the command",
                                     stack_.name, request->want));
  }
  return ab::PutReply(stack_, reply);
}

// The listeners of the other side's server; it serves on until they are confirmed.
Status Standby::TakeListeners(Promotion& promotion, std::vector<std::string>& addresses) {
  if (state_.peer.remote()) return Ok();
  const auto control = state_.peer.home / "stacks" / state_.peer.stack / "control";
  auto taken = http::TakeListeners(control, kTakeOver);
  if (!taken.ok()) return taken.error().code == Code::kNotFound ? Ok() : taken.error();
  // Back go the public ones alone: what it has of its own it keeps.
  if (state_.switches > 0)
    std::erase_if(taken->listeners, [this](const FileDescriptor& listener) {
      return !IsOneOf(state_.addresses, AddressOf(listener.get()));
    });
  for (const auto& listener : taken->listeners)
    if (const std::string address = AddressOf(listener.get()); !address.empty())
      addresses.push_back(address);
  promotion.takeover = *std::move(taken);
  return Ok();
}

Status Standby::Switch(ab::Follower& follower, ab::Source& source, const ab::Request& request) {
  TRY_OK(ab::CheckBeforeSwitch(op_, state_, follower, source));
  auto promotion = std::make_unique<Promotion>();
  promotion->request = request;
  std::vector<std::string> addresses;
  TRY_OK(TakeListeners(*promotion, addresses));
  if (addresses.empty()) addresses = state_.addresses;
  // Its threads would go on committing; it goes on from its own place afterwards.
  search_.reset();
  follower.Tell("switching", true);
  promotion->frozen_at = SteadyClock::now();
  auto taken = ab::TakeRole(op_, state_, addresses, setup_.clock, follower, source);
  if (!taken.ok()) {
    TRY(search_, StartSearch());
    return taken.error();
  }
  promotion->taken = *taken;
  Promote(std::move(promotion));
  return Ok();
}

// A switch that was cut off behind the point of no return: the other side takes no writes any more.
Status Standby::FinishSwitch(ab::Follower& follower, ab::Source& source) {
  TRY(const auto look, source.Look(op_));
  if (!ab::HasHandedOver(state_, look)) return Ok();
  LogInfo(fmt::format("{} has handed over: the switch that was interrupted is finished",
                      source.Where()));
  auto promotion = std::make_unique<Promotion>();
  promotion->frozen_at = SteadyClock::now();
  std::vector<std::string> addresses;
  TRY_OK(TakeListeners(*promotion, addresses));
  TRY(promotion->taken, ab::FinishTakingRole(op_, state_, look, setup_.clock, follower));
  Promote(std::move(promotion));
  return Ok();
}

void Standby::Promote(std::unique_ptr<Promotion> promotion) {
  promotion->state = promotion->taken.state;
  promotion->source = std::move(source_);
  promotion_ = std::move(promotion);
  search_.reset();
  stack_ = follower_->stack();
  End(StandbyEnd::Kind::kPromoted);
}

// Nothing is left to wait for: the next start of this process serves what there is.
Status Standby::TakeAlone(const ab::Request& request) {
  auto promotion = std::make_unique<Promotion>();
  TRY(const auto standing, ab::StandingOf(op_, stack_, state_));
  TRY(promotion->state, ab::TakeRoleAlone(op_, stack_, state_, setup_.clock));
  promotion->request = request;
  promotion->taken.position = standing.position;
  promotion->missing = standing.missing;
  promotion->frozen_at = SteadyClock::now();
  promotion_ = std::move(promotion);
  End(StandbyEnd::Kind::kPromoted);
  return Ok();
}

void Standby::OnServingAlone() {
  const Promotion& promotion = *promotion_;
  json::object result{{"stack", stack_.name},
                      {"alone", true},
                      {"epoch", promotion.state.epoch},
                      {"position", promotion.taken.position},
                      {"missing", promotion.missing}};
  if (const Status moved = MoveAddress(); !moved.ok()) {
    LogError(moved.error().message);
    result["hookFailed"] = moved.error().message;
  }
  LogWarning(fmt::format("stack \"{}\" serves without its other side, up to its change {}",
                         stack_.name, promotion.taken.position));
  json::object line = result;
  line["operation"] = "ab switch";
  line["result"] = "done";
  if (const Status told = lifecycle::AppendHistory(stack_, std::move(line), setup_.clock);
      !told.ok())
    LogWarning(told.error().message);
  if (promotion.request)
    (void)ab::PutReply(stack_, {.id = promotion.request->id, .status = Ok(), .result = result});
}

// Between two machines the public address is moved by the operator's own command.
Status Standby::MoveAddress() {
  const auto& command = setup_.config.hooks.switch_over;
  if (!state_.peer.remote() || command.empty()) return Ok();
  OpContext op(SteadyClock::now() + kHook);
  auto ran = lifecycle::RunHook(
      op, "hooks.switch", command,
      {{"operation", "ab switch"}, {"stack", stack_.name}, {"from", state_.peer.url}});
  if (ran.ok()) return Ok();
  return Error(
      ran.error().code,
      fmt::format("{}; this side serves, and {} answers reads from what it had, if it "
                  "answers at all; move the address by hand, then restart the server there",
                  ran.error().message, state_.peer.url));
}

void Standby::OnServing() {
  Promotion& promotion = *promotion_;
  if (promotion.source == nullptr) {
    OnServingAlone();
    return;
  }
  std::string hook;
  if (const Status moved = MoveAddress(); !moved.ok()) {
    hook = moved.error().message;
    LogError(hook);
  }
  const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() -
                                                                           promotion.frozen_at)
                         .count();
  OpContext op(SteadyClock::now() + std::chrono::seconds(30));
  if (promotion.takeover)
    if (const Status confirmed = promotion.takeover->Confirm(kTakeOver); !confirmed.ok())
      LogWarning(fmt::format("{} has not confirmed that it lets go of its addresses: {}",
                             promotion.source->Where(), confirmed.error().message));
  // Whoever still comes there would find nobody at all.
  if (hook.empty())
    if (const Status retired = promotion.source->Retire(op); !retired.ok())
      LogWarning(fmt::format("{} was not told that this side serves: {}", promotion.source->Where(),
                             retired.error().message));
  if (server_ != nullptr) (void)server_->Stop(SteadyClock::now() + kStandbyDrain);
  promotion.state.pause_millis = pause;
  if (const Status kept = ab::WriteState(stack_, promotion.state); !kept.ok())
    LogWarning(kept.error().message);
  (void)ab::WriteProgress(stack_, {.phase = "serving",
                                   .at_millis = setup_.clock.NowMillis(),
                                   .pid = ::getpid(),
                                   .position = promotion.taken.position,
                                   .source_position = promotion.taken.position});
  LogInfo(fmt::format("stack \"{}\" serves now, instead of {}; writes were paused for {} ms",
                      stack_.name, promotion.source->Where(), pause));
  json::object result{{"stack", stack_.name},
                      {"from", promotion.source->Where()},
                      {"epoch", promotion.state.epoch},
                      {"position", promotion.taken.position},
                      {"drained", promotion.taken.drained},
                      {"pauseMillis", pause}};
  if (!hook.empty()) result["hookFailed"] = hook;
  json::object line = result;
  line["operation"] = "ab switch";
  line["result"] = "done";
  if (const Status told = lifecycle::AppendHistory(stack_, std::move(line), setup_.clock);
      !told.ok())
    LogWarning(told.error().message);
  if (promotion.request)
    (void)ab::PutReply(stack_, {.id = promotion.request->id, .status = Ok(), .result = result});
}

Result<StandbyEnd> Standby::Run(Inherited& inherited) {
  lifecycle::ManageSocket socket = std::move(inherited.manage);
  if (!socket.valid()) {
    TRY(socket, ListenFor(stack_));
  }
  TRY_OK(Listen(inherited));
  TRY(auto manage,
      ManageServer::Start(std::move(socket), std::exchange(inherited.clients, {}), *this));
  setup_.on_ready(url_);
  std::thread following([this] { Follow(); });
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  int signal = 0;
  sigwait(&set, &signal);
  op_.Cancel();
  following.join();
  manage->HandOver(inherited);
  manage.reset();
  // Search index and store are the serving side's from here on.
  search_.reset();
  follower_.reset();
  source_.reset();
  return Leave(inherited);
}

Result<StandbyEnd> Standby::Leave(Inherited& inherited) {
  StandbyEnd end{.kind = kind_, .stack = stack_, .listeners = {}};
  const bool takes = promotion_ != nullptr && promotion_->takeover;
  if (server_ != nullptr && (takes || end.kind == StandbyEnd::Kind::kReload)) {
    TRY(inherited.listeners, server_->DuplicateListeners());
  }
  // In a promotion its connections end when the server that takes its place answers.
  if (server_ != nullptr && !takes) TRY_OK(server_->Stop(SteadyClock::now() + kStandbyDrain));
  if (!takes) return end;
  for (auto* listeners : {&inherited.listeners, &promotion_->takeover->listeners})
    for (auto& listener : *listeners)
      end.listeners.push_back(std::make_shared<FileDescriptor>(std::move(listener)));
  inherited.listeners.clear();
  return end;
}

}  // namespace

Result<StandbyEnd> StandBy(const StandbySetup& setup, Inherited& inherited) {
  TRY(const auto state, ab::ReadState(setup.stack));
  VAMS_CHECK(state && state->role == ab::Role::kStandby);
  const auto standby = std::make_shared<Standby>(setup, *state);
  TRY(auto end, standby->Run(inherited));
  if (end.kind == StandbyEnd::Kind::kPromoted) end.on_serving = [standby] { standby->OnServing(); };
  return end;
}

}  // namespace vams::app
