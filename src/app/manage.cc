#include "app/manage.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <list>
#include <thread>
#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace vams::app {

namespace json = boost::json;

using lifecycle::ErrorJson;
using lifecycle::ManageSocket;

namespace {

// More at once are turned away: whoever asks has one connection.
constexpr std::size_t kMostClients = 16;

struct Client {
  ManageSocket socket;
  std::string input;
  bool waiting = false;  // for a reload
};

json::object Fine(json::object object) { return {{"ok", std::move(object)}}; }

// An answer is a line that fits into an empty buffer; who does not take it has gone.
bool Send(const Client& client, const json::object& answer) {
  const std::string line = json::serialize(answer) + "\n";
  return ::send(client.socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(line.size());
}

}  // namespace

struct ManageServer::Impl {
  Impl(ManageSocket the_listening, ManageHandler& the_handler)
      : listening(std::move(the_listening)), handler(the_handler) {}

  void Run();
  void Accept();
  // False: the connection is to be closed.
  bool Read(Client& client);
  bool Answer(Client& client, std::string_view line);
  json::object AnswerTo(Client& client, const json::object& question);
  json::object Freeze(Client& client, std::string_view reason);
  // True: the program starts anew instead, and the client waits for that.
  bool EndFreeze();
  void Reload();
  void Forget(std::list<Client>::iterator client);

  ManageSocket listening;
  ManageHandler& handler;
  ManageSocket stop;  // readable once the thread is to end
  // The thread's.
  std::list<Client> clients;
  const Client* holder = nullptr;  // of the freeze
  bool reloading = false;
  std::thread thread;
};

void ManageServer::Impl::Reload() {
  if (reloading) return;
  reloading = true;
  handler.Reload();
}

bool ManageServer::Impl::EndFreeze() {
  holder = nullptr;
  if (handler.Moved()) {
    LogInfo("the stack has another generation now: the server starts anew with it");
    Reload();
    return true;
  }
  handler.Thaw();
  return false;
}

void ManageServer::Impl::Forget(std::list<Client>::iterator client) {
  if (holder == &*client) {
    LogWarning("whoever held writes back has gone without ending it; writes are taken again");
    EndFreeze();
  }
  clients.erase(client);
}

json::object ManageServer::Impl::Freeze(Client& client, std::string_view reason) {
  if (holder != nullptr && holder != &client)
    return ErrorJson({Code::kConflict,
                      "writes are held back for another operation already; wait for it to end"});
  auto position = handler.Freeze(reason);
  if (!position.ok()) return ErrorJson(position.error());
  holder = &client;
  return Fine({{"lastChange", *position}});
}

// Empty: the answer comes later.
json::object ManageServer::Impl::AnswerTo(Client& client, const json::object& question) {
  const std::string ask = TextOf(question, "ask");
  if (ask == "state") return Fine(lifecycle::ToJson(handler.State()));
  if (ask == "freeze") {
    const std::string reason = TextOf(question, "reason");
    return Freeze(client, reason.empty() ? "writes are held back for a moment; try again" : reason);
  }
  if (ask == "thaw") {
    if (holder != nullptr && holder != &client)
      return ErrorJson({Code::kConflict, "writes are held back for another operation"});
    if (holder == &client && EndFreeze()) {
      client.waiting = true;
      return {};
    }
    return Fine(lifecycle::ToJson(handler.State()));
  }
  if (ask == "reload") {
    if (holder != nullptr && holder != &client)
      return ErrorJson({Code::kConflict,
                        "writes are held back for another operation; the server starts anew when "
                        "that has ended"});
    holder = nullptr;
    client.waiting = true;
    Reload();
    return {};
  }
  if (ask == "token") {
    auto token = handler.AdminToken();
    return token.ok() ? Fine({{"token", *token}}) : ErrorJson(token.error());
  }
  if (ask == "refresh") {
    const Status read = handler.Refresh();
    return read.ok() ? Fine(lifecycle::ToJson(handler.State())) : ErrorJson(read.error());
  }
  return ErrorJson(
      {Code::kInvalid, "the question is none of state, freeze, thaw, reload, token and refresh"});
}

bool ManageServer::Impl::Answer(Client& client, std::string_view line) {
  boost::system::error_code failed;
  const json::value question = json::parse(line, failed);
  if (failed || !question.is_object())
    return Send(client, ErrorJson({Code::kInvalid, "a question is a JSON object on one line"}));
  const json::object answer = AnswerTo(client, question.as_object());
  return answer.empty() || Send(client, answer);
}

bool ManageServer::Impl::Read(Client& client) {
  std::array<char, 4096> some;
  const ssize_t got = ::recv(client.socket.get(), some.data(), some.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client.input.append(some.data(), static_cast<std::size_t>(got));
  for (auto end = client.input.find('\n'); end != client.input.npos && !reloading;
       end = client.input.find('\n')) {
    const std::string line = client.input.substr(0, end);
    client.input.erase(0, end + 1);
    if (!Answer(client, line)) return false;
  }
  if (client.input.size() <= lifecycle::kLongestManageLine) return true;
  Send(client, ErrorJson({Code::kTooLarge, "the question is too long"}));
  return false;
}

void ManageServer::Impl::Accept() {
  Client client{.socket = ManageSocket(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                .input = {},
                .waiting = false};
  if (!client.socket.valid()) {
    // Out of descriptors, most likely: the next attempt comes a little later.
    pollfd none{stop.get(), POLLIN, 0};
    ::poll(&none, 1, 100);
    return;
  }
  if (!lifecycle::IsOurs(client.socket)) {
    LogWarning("a process of another user asked at the socket manage and was turned away");
    return;
  }
  if (clients.size() >= kMostClients) {
    Send(client,
         ErrorJson({Code::kUnavailable, "too many ask the server at once; try again shortly"}));
    return;
  }
  clients.push_back(std::move(client));
}

void ManageServer::Impl::Run() {
  while (!reloading) {
    std::vector<pollfd> polled = {{stop.get(), POLLIN, 0}, {listening.get(), POLLIN, 0}};
    for (const Client& client : clients) polled.push_back({client.socket.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) return;
    auto client = clients.begin();
    for (std::size_t i = 2; i < polled.size() && !reloading; ++i) {
      const auto current = client++;
      if (polled[i].revents != 0 && !Read(*current)) Forget(current);
    }
    if (!reloading && polled[1].revents != 0) Accept();
  }
}

ManageServer::ManageServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ManageServer>> ManageServer::Start(ManageSocket listening,
                                                          std::vector<ManageClient> clients,
                                                          ManageHandler& handler,
                                                          const std::optional<Error>& failed) {
  auto impl = std::make_unique<Impl>(std::move(listening), handler);
  impl->stop = ManageSocket(::eventfd(0, EFD_CLOEXEC));
  if (!impl->stop.valid())
    return Error(Code::kUnavailable, "the system has no descriptors to spare; close some programs");
  for (ManageClient& one : clients) {
    Client client{.socket = std::move(one.socket), .input = {}, .waiting = false};
    if (one.waiting &&
        !Send(client, failed ? ErrorJson(*failed) : Fine(lifecycle::ToJson(handler.State()))))
      continue;
    impl->clients.push_back(std::move(client));
  }
  impl->thread = std::thread([self = impl.get()] { self->Run(); });
  return std::unique_ptr<ManageServer>(new ManageServer(std::move(impl)));
}

void ManageServer::HandOver(Inherited& inherited) {
  const std::uint64_t one = 1;
  // An eventfd takes this number whole, or is full and wakes the thread anyway.
  [[maybe_unused]] const ssize_t ignored = ::write(impl_->stop.get(), &one, sizeof(one));
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->holder = nullptr;
  inherited.manage = std::move(impl_->listening);
  for (Client& client : impl_->clients)
    inherited.clients.push_back({std::move(client.socket), client.waiting});
  impl_->clients.clear();
}

ManageServer::~ManageServer() {
  Inherited nobody;
  HandOver(nobody);
}

Result<ManageSocket> ListenFor(const lifecycle::Stack& stack) {
  return lifecycle::ListenManage(lifecycle::ManageSocketOf(stack));
}

}  // namespace vams::app
