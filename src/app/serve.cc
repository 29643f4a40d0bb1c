#include "app/serve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "app/backend.h"
#include "app/backups.h"
#include "app/inherited.h"
#include "app/listeners.h"
#include "app/manage.h"
#include "app/older_data.h"
#include "app/release.h"
#include "app/serving_mode.h"
#include "app/settings.h"
#include "app/standby.h"
#include "base/log.h"
#include "http/handover.h"
#include "http/server.h"
#include "items/gated_store.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/alone.h"
#include "lifecycle/ab/state.h"

namespace vams::app {

using lifecycle::ServingMode;

namespace {

constexpr std::chrono::seconds kDrain{20};
// The old process has its drain, and a moment to close its store.
constexpr std::chrono::seconds kLockWait{30};
constexpr std::chrono::milliseconds kLockPoll{20};
constexpr std::chrono::seconds kHandover{10};
// For the writes under way when writes are to be held back.
constexpr std::chrono::seconds kFreeze{60};

enum class End : std::uint8_t { kStopped, kReload };

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGUSR1);
  return set;
}

int WaitForSignal() {
  const sigset_t set = StopSignals();
  int signal = 0;
  sigwait(&set, &signal);
  return signal;
}

// What threads of this process told it while it was ending already, once they are gone: signals
// outlive the program (execv), and the next one must not take them for its own.  A wish from
// outside stays.
void ForgetOwnSignals() {
  const sigset_t set = StopSignals();
  siginfo_t told = {};
  const timespec at_once = {};
  int from_outside = 0;
  for (int signal = 0; (signal = ::sigtimedwait(&set, &told, &at_once)) > 0;)
    if (told.si_pid != ::getpid()) from_outside = signal;
  if (from_outside != 0) ::kill(::getpid(), from_outside);
}

// The lock of the stack, once the process that serves it has let go.
Result<files::FileLock> WaitForLock(const lifecycle::Stack& stack, const Clock& clock) {
  const auto end = std::chrono::steady_clock::now() + kLockWait;
  while (true) {
    auto lock = lifecycle::LockStack(stack, "vams serve", clock);
    if (lock.ok() || lock.error().code != Code::kConflict ||
        std::chrono::steady_clock::now() >= end)
      return lock;
    std::this_thread::sleep_for(kLockPoll);
  }
}

// The sockets of the process that serves now; none if there is none.
Result<Listeners> TakeOver(const files::Path& path) {
  Listeners listeners;
  auto taken = http::TakeListeners(path, kHandover);
  if (!taken.ok()) {
    if (taken.error().code == Code::kNotFound) return listeners;
    return taken.error();
  }
  TRY_OK(taken->Confirm(kHandover));
  for (FileDescriptor& listener : taken->listeners)
    listeners.push_back(std::make_shared<FileDescriptor>(std::move(listener)));
  return listeners;
}

// Where clients on this machine reach the server.
std::string UrlOf(const http::Server& server, bool tls) {
  http::ListenAddress at = server.addresses().front();
  if (at.host == "0.0.0.0" || at.host.empty()) at.host = "127.0.0.1";
  if (at.host == "::") at.host = "::1";
  return (tls ? "https://" : "http://") + http::ToText(at);
}

Status CheckDataVersion(const lifecycle::Stack& stack) {
  if (stack.current.data_version <= ServedDataVersion()) return Ok();
  return Error(
      Code::kConflict,
      fmt::format(
          "stack \"{0}\" has data of version {1} and this release ({2}) serves {3}; nothing "
          "was changed; install the release that serves {1}, or go back with it: \"vams "
          "rollback --stack {0}\"",
          stack.name, stack.current.data_version.ToString(), Release(),
          ServedDataVersion().ToString()));
}

// The store of a stack that is served, behind the gate that holds writes back.
struct OpenedStore {
  std::unique_ptr<items::ItemStore> real, older;
  items::WriteGate gate;
  std::unique_ptr<items::ItemStore> refusing, patient;

  // What there is of the data: all of it, or what can be had before it is updated.
  items::ItemStore& data() { return older != nullptr ? *older : *real; }
};

Result<std::unique_ptr<OpenedStore>> OpenStore(const lifecycle::Stack& stack,
                                               const config::Config& config, const Clock& clock) {
  auto opened = std::make_unique<OpenedStore>();
  TRY(opened->real, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));
  OpContext op;
  if (stack.current.data_version < ServedDataVersion()) {
    TRY(opened->older, OpenOlderData(op, *opened->real, stack, config, clock, SystemRandom()));
  } else {
    TRY(const auto data_name, lifecycle::ab::DataNameOf(stack));
    TRY_OK(PrepareStore(op, *opened->real, data_name, config, clock, SystemRandom()));
    TRY_OK(KeepLog(stack, *opened->real));
  }
  opened->refusing = items::Gated(opened->data(), opened->gate);
  opened->patient = items::Gated(opened->data(), opened->gate, items::WriteGate::Closed::kWait);
  return opened;
}

Status LoadDemoIfEmpty(Backend& backend, const lifecycle::Stack& stack,
                       const config::Config& config) {
  OpContext op;
  TRY(const bool empty, demo::IsEmpty(op, backend.stores()));
  if (!empty) return Ok();
  TRY(const auto data_name, lifecycle::ab::DataNameOf(stack));
  TRY([[maybe_unused]] const auto loaded,
      demo::Load(op, backend.stores(), config.admin_user_id, OwnBucketOf(config, data_name),
                 demo::MakeLibrary()));
  return Ok();
}

// One start of the server: from the stack's files to the end, or to the wish to start anew.
class Serving final : public ManageHandler {
 public:
  Serving(const ServeRequest& request, Inherited& inherited)
      : request_(request), clock_(request.clock), inherited_(inherited) {}

  Result<End> Run(const Program& program);

  lifecycle::ServedState State() override;
  Result<items::Position> Freeze(std::string_view reason) override;
  void Thaw() override {
    store_->gate.Open();
    if (reload_later_) ::kill(::getpid(), SIGUSR1);
  }
  bool Moved() override;
  void Reload() override {
    reload_ = true;
    ::kill(::getpid(), SIGUSR1);
  }
  Result<std::string> AdminToken() override {
    OpContext op(OpContext::SteadyClock::now() + kHandover);
    return backend_->AdminToken(op);
  }
  Status Refresh() override {
    modes_->Refresh();
    return KeepLog(stack_, *store_->real);
  }

 private:
  Result<std::optional<End>> StandByFirst();
  Result<Listeners> FindListeners();
  Result<Prepared> Start(const Program& program);
  Status OpenDoors();
  End WaitForEnd();
  Status Close(End end);

  const ServeRequest& request_;
  const Clock& clock_;
  Inherited& inherited_;
  lifecycle::Stack stack_;
  config::Config config_;
  http::ServerOptions server_options_;
  std::optional<files::FileLock> lock_;
  std::function<void()> on_serving_;
  std::string url_;
  // In the order in which they need each other.
  std::unique_ptr<OpenedStore> store_;
  std::unique_ptr<ServingModes> modes_;
  std::unique_ptr<ServingSetup> setup_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<lifecycle::backup::Scheduler> backups_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::ListenerOffer> offer_;
  std::unique_ptr<ManageServer> manage_;
  std::atomic<bool> handed_over_ = false, reload_ = false, reload_later_ = false;
};

lifecycle::ServedState Serving::State() {
  OpContext op(OpContext::SteadyClock::now() + kHandover);
  const auto last = store_->real->LastChange(op);
  return {.release = Release(),
          .pid = ::getpid(),
          .url = url_,
          .generation = stack_.current.number,
          .data_version = stack_.current.data_version,
          .mode = modes_->mode(),
          .reason = modes_->reason(),
          .last_change = last.ok() ? *last : 0};
}

Result<items::Position> Serving::Freeze(std::string_view reason) {
  OpContext op(OpContext::SteadyClock::now() + kFreeze);
  if (!store_->gate.closed()) {
    modes_->Frozen(std::string(reason));
    TRY_OK(store_->gate.Close(op, reason));
  }
  OpContext reading(OpContext::SteadyClock::now() + kHandover);
  auto last = store_->real->LastChange(reading);
  if (!last.ok()) store_->gate.Open();
  return last;
}

bool Serving::Moved() {
  const auto now = request_.registry.Get(stack_.name);
  if (now.ok() && now->current.number != stack_.current.number) return true;
  const auto standby = lifecycle::ab::IsStandby(stack_);
  return standby.ok() && *standby;
}

// A standby serves nobody until it is switched to.
Result<std::optional<End>> Serving::StandByFirst() {
  TRY(const bool standby, lifecycle::ab::IsStandby(stack_));
  if (!standby) return std::optional<End>();
  const StandbySetup setup{
      .registry = request_.registry,
      .stack = stack_,
      .config = config_,
      .environment = request_.options.environment,
      .listen = request_.options.listen,
      .clock = clock_,
      .on_ready = [this](const std::string& url) { request_.options.on_ready(stack_, url, {}); }};
  // What was inherited is the standby's to keep or to let go.
  server_options_.listeners.clear();
  inherited_.addresses.clear();
  TRY(StandbyEnd end, StandBy(setup, inherited_));
  if (end.kind == StandbyEnd::Kind::kStopped) return std::optional(End::kStopped);
  if (end.kind == StandbyEnd::Kind::kReload) return std::optional(End::kReload);
  if (end.stack) stack_ = *std::move(end.stack);
  TRY_OK(AddTakenAddresses(stack_, server_options_));
  server_options_.listeners = std::move(end.listeners);
  on_serving_ = std::move(end.on_serving);
  return std::optional<End>();
}

Result<Listeners> Serving::FindListeners() {
  if (!inherited_.listeners.empty()) return ListenersFor(server_options_.addresses, inherited_);
  if (request_.options.take_over) return TakeOver(stack_.folder / "control");
  return Listeners();
}

Result<Prepared> Serving::Start(const Program& program) {
  TRY(store_, OpenStore(stack_, config_, clock_));
  const bool older = store_->older != nullptr;
  modes_ = std::make_unique<ServingModes>(
      stack_,
      ServingModes::Base{.mode = older ? ServingMode::kUpdateNeeded : ServingMode::kServing,
                         .reason = older ? OlderDataText(stack_) : std::string()},
      store_->gate);
  setup_ = std::make_unique<ServingSetup>(ServingSetup{.gate = store_->gate,
                                                       .patient = *store_->patient,
                                                       .older_data = older,
                                                       .program = program.path,
                                                       .state = [this] { return State(); }});
  TRY(const auto issuer, IssuerFor(stack_, config_));
  TRY(backend_, Backend::Open(stack_, config_, issuer, *store_->refusing, clock_, SystemRandom(),
                              setup_.get()));
  if (!older) {
    TRY_OK(backend_->StartMail(config_, issuer));
    TRY_OK(backend_->StartSearch());
    TRY(backups_, StartBackups(config_, stack_, clock_, SystemRandom()));
    if (request_.options.demo) TRY_OK(LoadDemoIfEmpty(*backend_, stack_, config_));
  }
  server_options_.clock = &clock_;
  server_options_.on_access = [this](const http::AccessRecord& record) {
    backend_->OnAccess(record);
  };
  const http::Routes routes = modes_->Guard(
      backend_->routes(),
      [this](std::string_view credential) { return backend_->IsAdminToken(credential); });
  TRY(server_, http::Server::Start(server_options_, routes));
  url_ = UrlOf(*server_, server_options_.tls.has_value());
  // Not before: a start that fails, at a busy port say, would leave an account whose password
  // nobody has seen.
  OpContext op;
  TRY(auto prepared, PrepareAdministrator(op, store_->data(), config_, request_.options.environment,
                                          clock_, SystemRandom()));
  if (older) prepared.warnings.push_back(OlderDataText(stack_));
  return prepared;
}

// Other processes may take over, and ask, from now on.
Status Serving::OpenDoors() {
  auto offer = http::ListenerOffer::Start(
      stack_.folder / "control", [this] { return server_->DuplicateListeners(); },
      [this] {
        handed_over_ = true;
        ::kill(::getpid(), SIGTERM);
      });
  if (offer.ok())
    offer_ = *std::move(offer);
  else
    LogWarning(
        fmt::format("another process cannot take over without a gap: {}", offer.error().message));
  lifecycle::ManageSocket socket = std::move(inherited_.manage);
  if (!socket.valid()) {
    TRY(socket, ListenFor(stack_));
  }
  TRY(manage_,
      ManageServer::Start(std::move(socket), std::exchange(inherited_.clients, {}), *this));
  inherited_.listeners.clear();
  return Ok();
}

End Serving::WaitForEnd() {
  int signal = WaitForSignal();
  // Whoever holds writes back relies on that.
  while (signal == SIGUSR1 && !reload_ && store_->gate.closed()) {
    LogInfo("asked to start anew while writes are held back: it comes when that ends");
    reload_later_ = true;
    signal = WaitForSignal();
  }
  const auto standby = lifecycle::ab::IsStandby(stack_);
  const bool other_role = handed_over_ && standby.ok() && *standby;
  if (signal == SIGUSR1 || other_role) {
    LogInfo("the server starts anew, requests in flight are finished first");
    return End::kReload;
  }
  const std::string why = handed_over_       ? "another process has taken over"
                          : signal == SIGINT ? "interrupted"
                                             : "asked to stop";
  LogInfo(fmt::format("{}: stopping, requests in flight are finished first", why));
  return End::kStopped;
}

// Everything ends but what the next start inherits.
Status Serving::Close(End end) {
  const bool reload = end == End::kReload;
  if (reload && !handed_over_) {
    TRY(inherited_.listeners, server_->DuplicateListeners());
    inherited_.addresses = TextsOf(server_options_.addresses);
  }
  Status stopped = server_->Stop(OpContext::SteadyClock::now() + kDrain);
  if (reload && !stopped.ok()) {
    LogWarning(stopped.error().message);
    stopped = Ok();
  }
  offer_.reset();
  // What waits for writes to be taken again must not hold up the end.
  if (store_->gate.closed()) store_->gate.End();
  if (reload) manage_->HandOver(inherited_);
  manage_.reset();
  server_.reset();
  backups_.reset();
  backend_.reset();
  store_.reset();
  if (!reload) ::unlink(lifecycle::ManageSocketOf(stack_).c_str());
  lock_.reset();
  return stopped;
}

Result<End> Serving::Run(const Program& program) {
  TRY(stack_, request_.registry.Get(request_.stack));
  TRY(config_, request_.load_config(stack_));
  TRY(server_options_, ServerOptionsOf(config_, request_.options.listen));
  TRY_OK(CheckDataVersion(stack_));
  TRY_OK(AddTakenAddresses(stack_, server_options_));
  TRY(server_options_.listeners, FindListeners());
  const bool succeeds = !server_options_.listeners.empty() || inherited_.manage.valid();
  TRY(lock_,
      succeeds ? WaitForLock(stack_, clock_) : lifecycle::LockStack(stack_, "vams serve", clock_));
  TRY_OK(lifecycle::ab::CheckNotReplaced(stack_, clock_));
  TRY(const auto ended, StandByFirst());
  if (ended) return *ended;
  if (server_options_.listeners.empty()) TRY_OK(AwaitTakenAddresses(stack_));
  TRY(const auto prepared, Start(program));
  TRY_OK(OpenDoors());
  if (on_serving_) on_serving_();
  request_.options.on_ready(stack_, url_, prepared);
  const End end = WaitForEnd();
  TRY_OK(Close(end));
  return end;
}

// A reload has come to nothing: says so until it is asked to try again, or to stop.
class Stranded final : public ManageHandler {
 public:
  Stranded(const ServeRequest& request, Error reason, Inherited& inherited)
      : request_(request), reason_(std::move(reason)), inherited_(inherited) {}

  Result<End> Wait();

  lifecycle::ServedState State() override {
    return {.release = Release(),
            .pid = ::getpid(),
            .url = {},
            .generation = stack_ ? stack_->current.number : 0,
            .data_version = stack_ ? stack_->current.data_version : ServedDataVersion(),
            .mode = ServingMode::kFailed,
            .reason = reason_.message,
            .last_change = 0};
  }
  Result<items::Position> Freeze(std::string_view) override { return NotNow(); }
  void Thaw() override {}
  bool Moved() override { return false; }
  void Reload() override { ::kill(::getpid(), SIGUSR1); }
  Result<std::string> AdminToken() override { return NotNow(); }
  Status Refresh() override { return Ok(); }

 private:
  Error NotNow() const {
    return {Code::kUnavailable,
            fmt::format("the server could not start: {}; put that right and have it reload",
                        reason_.message)};
  }
  Status StartServer();

  const ServeRequest& request_;
  const Error reason_;
  Inherited& inherited_;
  std::optional<lifecycle::Stack> stack_;
  std::unique_ptr<http::Server> server_;
};

// As far as the configuration can be read.
Status Stranded::StartServer() {
  http::ServerOptions options;
  if (stack_)
    if (const auto config = request_.load_config(*stack_); config.ok())
      if (auto of_config = ServerOptionsOf(*config, request_.options.listen); of_config.ok())
        options = *std::move(of_config);
  for (const FileDescriptor& listener : inherited_.listeners)
    options.listeners.push_back(
        std::make_shared<FileDescriptor>(::fcntl(listener.get(), F_DUPFD_CLOEXEC, 3)));
  options.clock = &request_.clock;
  http::Routes routes;
  routes.SetFallback([](const http::Request& request, OpContext&) -> Result<http::Response> {
    return RefuseAll(request,
                     "The server could not start after an update or a change; its operator finds "
                     "the reason in its log. Please try again later",
                     "30", false);
  });
  TRY(server_, http::Server::Start(options, routes));
  return Ok();
}

Result<End> Stranded::Wait() {
  if (auto stack = request_.registry.Get(request_.stack); stack.ok()) stack_ = *std::move(stack);
  std::optional<files::FileLock> lock;
  if (stack_)
    if (auto taken = WaitForLock(*stack_, request_.clock); taken.ok()) lock = *std::move(taken);
  if (!inherited_.listeners.empty())
    if (const Status started = StartServer(); !started.ok())
      LogWarning(fmt::format("requests wait meanwhile: {}", started.error().message));
  TRY(const auto manage,
      ManageServer::Start(std::move(inherited_.manage), std::exchange(inherited_.clients, {}),
                          *this, NotNow()));
  const bool reload = WaitForSignal() == SIGUSR1;
  if (server_ != nullptr)
    (void)server_->Stop(OpContext::SteadyClock::now() + std::chrono::seconds(1));
  manage->HandOver(inherited_);
  if (!reload && stack_) ::unlink(lifecycle::ManageSocketOf(*stack_).c_str());
  return reload ? End::kReload : End::kStopped;
}

}  // namespace

void BlockStopSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::optional<std::string> ReloadedStack(const std::map<std::string, std::string>& environment) {
  return InheritedStack(environment);
}

Status Serve(const ServeRequest& request) {
  TRY(const Program program, Program::OfThisProcess());
  auto given = TakeInherited(request.options.environment);
  const bool reloaded = given.has_value();
  Inherited inherited = std::move(given).value_or(Inherited());
  inherited.stack = request.stack;
  std::optional<Error> stranded;
  {
    const auto serving = std::make_unique<Serving>(request, inherited);
    const auto end = serving->Run(program);
    if (end.ok() && *end == End::kStopped) return Ok();
    if (!end.ok() && !(reloaded && inherited.manage.valid())) return end.error();
    if (!end.ok()) stranded = end.error();
  }
  while (true) {
    if (!stranded) {
      ForgetOwnSignals();
      stranded = Exec(program, inherited);
    }
    LogError(fmt::format("the server could not start anew and waits to be asked again: {}",
                         stranded->message));
    TRY(const End end, Stranded(request, *stranded, inherited).Wait());
    if (end == End::kStopped) return *stranded;
    stranded.reset();
  }
}

Result<demo::Loaded> LoadDemo(const lifecycle::Stack& stack, const config::Config& config,
                              const Clock& clock) {
  TRY(const auto lock, lifecycle::LockStack(stack, "vams demo load", clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));
  OpContext op;
  TRY(const auto data_name, lifecycle::ab::DataNameOf(stack));
  TRY_OK(PrepareStore(op, *store, data_name, config, clock, SystemRandom()));
  TRY(const auto issuer, IssuerFor(stack, config));
  TRY(const auto backend, Backend::Open(stack, config, issuer, *store, clock, SystemRandom()));
  return demo::Load(op, backend->stores(), config.admin_user_id, OwnBucketOf(config, data_name),
                    demo::MakeLibrary());
}

}  // namespace vams::app
