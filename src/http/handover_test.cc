#include "http/handover.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <thread>

#include "http/support_test.h"

namespace vams::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds kPatience{30'000};

FileDescriptor ListenOnLoopback(std::uint16_t* port = nullptr) {
  FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.get(), any, size), 0);
  EXPECT_EQ(::listen(listener.get(), 8), 0);
  EXPECT_EQ(::getsockname(listener.get(), any, &size), 0);
  if (port != nullptr) *port = ntohs(address.sin_port);
  return listener;
}

FileDescriptor ConnectToLoopback(std::uint16_t port) {
  FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    client.Close();
  return client;
}

sockaddr_un UnixAddress(const std::filesystem::path& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

// A taker that does not keep to the protocol.
FileDescriptor ConnectRaw(const std::filesystem::path& path) {
  FileDescriptor raw(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = UnixAddress(path);
  EXPECT_EQ(::connect(raw.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return raw;
}

void SendRaw(const FileDescriptor& socket, std::string_view text) {
  EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// Waits for it; empty at the end of the connection.
std::string ReceiveRaw(const FileDescriptor& socket) {
  char text[1024];
  const ssize_t got = ::recv(socket.get(), text, sizeof(text), 0);
  return {text, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

std::size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class HandoverTest : public testing::Test {
 protected:
  HandoverTest() : listener_(ListenOnLoopback(&port_)) {}

  Result<std::unique_ptr<ListenerOffer>> TryOffer(const ListenerOffer::Options& options = {}) {
    return ListenerOffer::Start(
        path_,
        [this]() -> Result<std::vector<FileDescriptor>> {
          std::vector<FileDescriptor> copies;
          for (int i = 0; i < copies_; ++i)
            copies.emplace_back(::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 0));
          return copies;
        },
        [this] { taken_.set_value(); }, options);
  }
  std::unique_ptr<ListenerOffer> Offer(const ListenerOffer::Options& options = {}) {
    auto offer = TryOffer(options);
    EXPECT_TRUE(offer.ok()) << offer.error().message;
    return *std::move(offer);
  }

  bool WaitUntilTaken() {
    return taken_.get_future().wait_for(kPatience) == std::future_status::ready;
  }

  // The whole of it, as a new process does it.
  void ExpectTakeoverWorks() {
    auto takeover = TakeListeners(path_, kPatience);
    ASSERT_TRUE(takeover.ok()) << takeover.error().message;
    const Status confirmed = takeover->Confirm(kPatience);
    ASSERT_TRUE(confirmed.ok()) << confirmed.error().message;
    EXPECT_TRUE(WaitUntilTaken());
  }

  TempFolder folder_;
  std::filesystem::path path_ = folder_.path() / "hand-over";
  std::uint16_t port_ = 0;
  FileDescriptor listener_;
  int copies_ = 1;
  std::promise<void> taken_;  // a second hand-over would throw
};

// The point of it all: a client that connected before the old process let go, and was not accepted
// yet, is accepted by the new one.
TEST_F(HandoverTest, PassesSocketsWithTheConnectionsThatWaitInThem) {
  copies_ = 3;
  const auto offer = Offer();
  const FileDescriptor client = ConnectToLoopback(port_);
  ASSERT_TRUE(client.valid());

  auto takeover = TakeListeners(path_, kPatience);
  ASSERT_TRUE(takeover.ok()) << takeover.error().message;
  ASSERT_TRUE(takeover->Confirm(kPatience).ok());
  ASSERT_TRUE(WaitUntilTaken());
  listener_.Close();

  ASSERT_EQ(takeover->listeners.size(), 3U);
  EXPECT_NE(::fcntl(takeover->listeners[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  const FileDescriptor accepted(::accept(takeover->listeners[2].get(), nullptr, nullptr));
  ASSERT_TRUE(accepted.valid());
  SendRaw(client, "hello");
  EXPECT_EQ(ReceiveRaw(accepted), "hello");
  EXPECT_TRUE(ConnectToLoopback(port_).valid());
}

TEST_F(HandoverTest, LetsOnlyTheOwnerAtTheSocket) {
  const mode_t before = ::umask(0);
  const auto offer = Offer();
  ::umask(before);
  struct stat status = {};
  ASSERT_EQ(::lstat(path_.c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(HandoverTest, SuccessorMayOfferAtOnceAndKeepsItsSocket) {
  auto old = Offer();
  auto takeover = TakeListeners(path_, kPatience);
  ASSERT_TRUE(takeover.ok());
  ASSERT_TRUE(takeover->Confirm(kPatience).ok());
  std::promise<void> taken_again;
  auto next = ListenerOffer::Start(
      path_,
      [&]() -> Result<std::vector<FileDescriptor>> { return std::move(takeover->listeners); },
      [&] { taken_again.set_value(); });
  ASSERT_TRUE(next.ok()) << next.error().message;

  old.reset();

  auto third = TakeListeners(path_, kPatience);
  ASSERT_TRUE(third.ok()) << third.error().message;
  EXPECT_TRUE(third->Confirm(kPatience).ok());
  EXPECT_EQ(taken_again.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST_F(HandoverTest, RemovesTheSocketWhenNobodyTook) {
  Offer();
  EXPECT_FALSE(folder_.Has("hand-over"));
}

// ---- Takers that fail --------------------------------------------------------------------------

TEST_F(HandoverTest, KeepsOfferingWhenATakerGivesUpBeforeItConfirms) {
  const auto offer = Offer();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(TakeListeners(path_, kPatience).ok());
  ExpectTakeoverWorks();
}

TEST_F(HandoverTest, TurnsWrongBytesAway) {
  const auto offer = Offer();
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n"), std::string("listeners 2\n"),
                                   std::string(5'000, 'x'), std::string(1, '\0')}) {
    const FileDescriptor raw = ConnectRaw(path_);
    SendRaw(raw, bytes);
    EXPECT_THAT(ReceiveRaw(raw), testing::StartsWith("refused: "));
    EXPECT_EQ(ReceiveRaw(raw), "");
  }
  ConnectRaw(path_);  // closes at once
  ExpectTakeoverWorks();
}

TEST_F(HandoverTest, TurnsWrongBytesInPlaceOfTheConfirmationAway) {
  const auto offer = Offer();
  const FileDescriptor raw = ConnectRaw(path_);
  SendRaw(raw, "listeners 1\n");
  EXPECT_EQ(ReceiveRaw(raw), "offered\n");
  SendRaw(raw, "taken?\n");
  EXPECT_EQ(ReceiveRaw(raw), "");
  ExpectTakeoverWorks();
}

TEST_F(HandoverTest, DoesNotWaitForEverForASilentTaker) {
  const auto offer =
      Offer({.request_timeout = milliseconds(20), .confirm_timeout = milliseconds(20)});
  const FileDescriptor silent = ConnectRaw(path_);
  EXPECT_EQ(ReceiveRaw(silent), "");
  const FileDescriptor slow = ConnectRaw(path_);
  SendRaw(slow, "listeners 1\n");
  EXPECT_EQ(ReceiveRaw(slow), "offered\n");
  EXPECT_EQ(ReceiveRaw(slow), "");
}

// The taker dies after it confirmed and before it hears the answer: the old process must not go,
// because nobody may be there to serve.
TEST_F(HandoverTest, StaysWhenTheAcknowledgementCannotBeDelivered) {
  const auto offer = Offer();
  {
    const FileDescriptor raw = ConnectRaw(path_);
    SendRaw(raw, "listeners 1\n");
    EXPECT_EQ(ReceiveRaw(raw), "offered\n");
    ASSERT_EQ(::shutdown(raw.get(), SHUT_RD), 0);
    SendRaw(raw, "taken\n");
    // The old process hangs up once it has found out.
    pollfd polled = {raw.get(), POLLHUP, 0};
    while (::poll(&polled, 1, 1000) >= 0 && (polled.revents & POLLHUP) == 0)
      std::this_thread::yield();
  }
  ExpectTakeoverWorks();
}

TEST_F(HandoverTest, ServesTakersOneAfterTheOther) {
  const auto offer = Offer();
  auto first = TakeListeners(path_, kPatience);
  ASSERT_TRUE(first.ok());
  const auto second = TakeListeners(path_, milliseconds(30));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kTimeout);
  EXPECT_TRUE(first->Confirm(kPatience).ok());
}

// ---- Offers that fail --------------------------------------------------------------------------

TEST_F(HandoverTest, SaysWhenNobodyOffers) {
  const auto absent = TakeListeners(path_, kPatience);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, Code::kNotFound);
  EXPECT_THAT(absent.error().message, HasSubstr(path_.string()));
}

TEST_F(HandoverTest, PassesOnWhyTheServerRefuses) {
  copies_ = 0;
  const auto offer = Offer();
  const auto empty = TakeListeners(path_, kPatience);
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.error().code, Code::kUnavailable);
  EXPECT_THAT(empty.error().message, HasSubstr("no listening sockets"));
  copies_ = 65;
  EXPECT_THAT(TakeListeners(path_, kPatience).error().message, HasSubstr("more listening sockets"));
  copies_ = 64;
  const auto most = TakeListeners(path_, kPatience);
  ASSERT_TRUE(most.ok()) << most.error().message;
  EXPECT_EQ(most->listeners.size(), 64U);
}

TEST_F(HandoverTest, NoticesThatTheServerEndsBeforeTheConfirmation) {
  auto offer = Offer();
  auto takeover = TakeListeners(path_, kPatience);
  ASSERT_TRUE(takeover.ok());
  offer.reset();
  const Status confirmed = takeover->Confirm(kPatience);
  ASSERT_FALSE(confirmed.ok());
  EXPECT_EQ(confirmed.error().code, Code::kUnavailable);
  EXPECT_FALSE(takeover->listeners.empty()) << "they are the new process's all the same";
}

// An offer that answers as it likes: nothing, wrong bytes, a descriptor that is no listening
// socket.  No descriptor may leak from such an answer.
class OddOffer {
 public:
  explicit OddOffer(const std::filesystem::path& path)
      : socket_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = UnixAddress(path);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
  }

  // For one taker.
  void Answer(std::string_view text, int descriptor) {
    const FileDescriptor taker(::accept(socket_.get(), nullptr, nullptr));
    EXPECT_EQ(ReceiveRaw(taker), "listeners 1\n");
    if (text.empty()) return;
    iovec part = {const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    EXPECT_GT(::sendmsg(taker.get(), &message, MSG_NOSIGNAL), 0);
  }

 private:
  FileDescriptor socket_;
};

TEST_F(HandoverTest, TakesNothingFromAnOddAnswer) {
  OddOffer odd(path_);
  const FileDescriptor plain(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  struct Case {
    std::string text;
    int descriptor;
    std::string message;
  };
  const Case cases[] = {
      {"", -1, "ended or gave up"},
      {"HTTP/1.1 200 OK\r\n", -1, "something else than sockets"},
      {"HTTP/1.1 200 OK\r\n", listener_.get(), "something else than sockets"},
      {std::string(5'000, 'x'), listener_.get(), "something else than sockets"},
      {"offered\n", -1, "something else than sockets"},
      {"offered\n", plain.get(), "no listening socket"},
  };
  const std::size_t before = OpenDescriptors();
  for (const Case& one : cases) {
    std::jthread answering([&] { odd.Answer(one.text, one.descriptor); });
    const auto takeover = TakeListeners(path_, kPatience);
    ASSERT_FALSE(takeover.ok());
    EXPECT_EQ(takeover.error().code, Code::kUnavailable);
    EXPECT_THAT(takeover.error().message, HasSubstr(one.message));
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(HandoverTest, GivesUpOnAServerThatHangs) {
  const OddOffer hanging(path_);
  const auto takeover = TakeListeners(path_, milliseconds(20));
  ASSERT_FALSE(takeover.ok());
  EXPECT_EQ(takeover.error().code, Code::kTimeout);
}

// ---- The socket's file -------------------------------------------------------------------------

TEST_F(HandoverTest, ReplacesWhatADeadProcessLeft) {
  { const OddOffer dead(path_); }
  ASSERT_TRUE(folder_.Has("hand-over"));
  EXPECT_EQ(TakeListeners(path_, kPatience).error().code, Code::kNotFound);
  const auto offer = Offer();
  ExpectTakeoverWorks();
}

TEST_F(HandoverTest, LeavesALivingOfferAndForeignFilesAlone) {
  {
    const auto living = Offer();
    const auto second = TryOffer();
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::kConflict);
    EXPECT_THAT(second.error().message, HasSubstr("another server"));
    ExpectTakeoverWorks();
  }
  path_ = folder_.Put("notes.txt", "precious");
  const auto offer = TryOffer();
  ASSERT_FALSE(offer.ok());
  EXPECT_EQ(offer.error().code, Code::kConflict);
  EXPECT_EQ(folder_.Read("notes.txt"), "precious");
}

// The address of a Unix socket has room for about a hundred bytes; folders are deeper than that.
TEST_F(HandoverTest, WorksAtTheEndOfALongPath) {
  const auto deep = folder_.path() / std::string(200, 'd') / std::string(200, 'e');
  std::filesystem::create_directories(deep);
  path_ = deep / "hand-over";
  const auto offer = Offer();
  EXPECT_TRUE(std::filesystem::is_socket(path_));
  ExpectTakeoverWorks();
}

TEST_F(HandoverTest, SaysWhatIsWrongWithAPath) {
  path_ = folder_.path() / std::string(200, 'x');
  const auto name = TryOffer();
  ASSERT_FALSE(name.ok());
  EXPECT_EQ(name.error().code, Code::kInvalid);
  EXPECT_THAT(name.error().message, HasSubstr("longer than the system allows"));
  path_ = folder_.path() / std::string(200, 'x') / "hand-over";
  EXPECT_EQ(TryOffer().error().code, Code::kNotFound);
}

}  // namespace
}  // namespace vams::http
