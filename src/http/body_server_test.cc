// Bodies that come from files and streams.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "http/server_fixture_test.h"
#include "http/support_test.h"

namespace vams::http {
namespace {

// A source that gives what a function says for the n-th pull.
class FakeSource final : public BodySource {
 public:
  using Pull = std::function<Result<std::string>(int)>;

  explicit FakeSource(Pull pull, std::optional<std::uint64_t> length = std::nullopt)
      : pull_(std::move(pull)), length_(length) {}

  std::optional<std::uint64_t> length() const override { return length_; }

  Result<std::size_t> Read(OpContext&, std::span<char> buffer) override {
    TRY(const std::string piece, pull_(pulls_++));
    VAMS_CHECK(piece.size() <= buffer.size());
    std::ranges::copy(piece, buffer.begin());
    return piece.size();
  }

 private:
  Pull pull_;
  std::optional<std::uint64_t> length_;
  int pulls_ = 0;
};

// "piece 0, piece 1, … " and the end after `count` of them.
FakeSource::Pull Pieces(int count) {
  return [count](int n) -> Result<std::string> {
    return n < count ? "piece " + std::to_string(n) + ", " : std::string();
  };
}

// Bytes that tell where they belong.
std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>((i * 2654435761u >> 13) ^ (i >> 16));
  return bytes;
}

class ServerBodyTest : public ServerTest {
 protected:
  void AddStream(std::string path, std::function<std::shared_ptr<BodySource>()> make) {
    Add(std::move(path), [make](const Request&, OpContext&) -> Result<Response> {
      Response response;
      response.stream = make();
      return response;
    });
  }
  void AddPieces(std::string path, FakeSource::Pull pull,
                 std::optional<std::uint64_t> length = std::nullopt) {
    AddStream(std::move(path),
              [pull, length] { return std::make_shared<FakeSource>(pull, length); });
  }
  void AddFile(std::string path, const std::filesystem::path& file, std::uint64_t offset,
               std::uint64_t length) {
    const auto opened =
        std::make_shared<FileDescriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(opened->valid());
    Add(std::move(path), [=](const Request&, OpContext&) -> Result<Response> {
      Response response;
      response.file = FileBody{opened, offset, length};
      return response;
    });
  }

  const TempFolder folder_;
};

// ---- Files -------------------------------------------------------------------------------------

TEST_F(ServerBodyTest, SendsAStretchOfAFile) {
  const std::string bytes = Pattern(300'000);
  const auto path = folder_.Put("f", bytes);
  AddFile("/all", path, 0, bytes.size());
  AddFile("/part", path, 1000, 70'000);
  AddFile("/none", path, 5, 0);
  Start();
  TestClient client(server_->port());

  for (int round = 0; round < 2; ++round) {  // the shared descriptor has no position
    EXPECT_TRUE(client.Ask(Get("/all")).body == bytes);
    const Answer part = client.Ask(Get("/part"));
    EXPECT_EQ(part.Header("content-length"), "70000");
    EXPECT_TRUE(part.body == bytes.substr(1000, 70'000));
    const Answer none = client.Ask(Get("/none"));
    EXPECT_EQ(none.status, 200);
    EXPECT_EQ(none.Header("content-length"), "0");
  }
}

TEST_F(ServerBodyTest, AnswersHeadOfAFileWithItsLengthAndNoByte) {
  AddFile("/file", folder_.Put("f", Pattern(5000)), 0, 5000);
  Start();
  TestClient client(server_->port());

  client.Send("HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n" + Get("/echo/next"));

  EXPECT_EQ(client.Read(/*to_head=*/true).Header("content-length"), "5000");
  EXPECT_EQ(client.Read().body, "name=next;");
}

// A client that takes its time fills the socket again and again: the server must wait for it, send
// every byte in its place, and serve others meanwhile.
TEST_F(ServerBodyTest, SendsALargeFileToASlowReader) {
  const std::string bytes = Pattern(std::size_t{50} << 20);
  AddFile("/large", folder_.Put("large", bytes), 0, bytes.size());
  Start();
  TestClient slow(server_->port(), {.receive_buffer = 32 << 10});
  TestClient other(server_->port());

  slow.Send(Get("/large"));
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) head += slow.ReadSome(1);
  std::size_t at = 0;
  bool same = true;
  while (at < bytes.size() && same) {
    const std::string some = slow.ReadSome(std::size_t{256} << 10);
    if (some.empty()) break;
    same = at + some.size() <= bytes.size() &&
           std::memcmp(some.data(), bytes.data() + at, some.size()) == 0;
    if (at / (std::size_t{5} << 20) != (at + some.size()) / (std::size_t{5} << 20)) {
      EXPECT_EQ(other.Ask(Get("/echo/x")).status, 200);
    }
    at += some.size();
  }

  EXPECT_TRUE(same) << "near byte " << at;
  EXPECT_EQ(at, bytes.size());
  EXPECT_EQ(slow.Ask(Get("/echo/after")).body, "name=after;");
}

TEST_F(ServerBodyTest, CutsTheConnectionWhenAFileEndsEarly) {
  AddFile("/short", folder_.Put("f", Pattern(5000)), 1000, 5000);
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(Get("/short"));

  EXPECT_EQ(answer.status, 0) << "not a whole answer";
  EXPECT_LE(answer.body.size(), 4000u);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerBodyTest, AnswersAFileThatWasNeverOpenedWithAnError) {
  Add("/null", [](const Request&, OpContext&) -> Result<Response> {
    Response response;
    response.file = FileBody{.file = nullptr, .offset = 0, .length = 1};
    return response;
  });
  Start();
  EXPECT_EQ(TestClient(server_->port()).Ask(Get("/null")).status, 500);
}

// ---- Streams -----------------------------------------------------------------------------------

TEST_F(ServerBodyTest, SendsAStreamInChunksAndKeepsTheConnection) {
  AddPieces("/stream", Pieces(3));
  AddPieces("/empty", Pieces(0));
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(Get("/stream"));
  EXPECT_EQ(answer.Header("transfer-encoding"), "chunked");
  EXPECT_FALSE(answer.headers.Has("content-length"));
  EXPECT_EQ(answer.body, "piece 0, piece 1, piece 2, ");
  EXPECT_EQ(client.Ask(Get("/empty")).status, 200);
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200);
}

TEST_F(ServerBodyTest, AnswersPipelinedStreamsInOrder) {
  AddPieces("/stream", Pieces(200));
  AddPieces("/known", Pieces(2), 18);
  Start();
  TestClient client(server_->port());

  client.Send(Get("/stream") + Get("/known") + Get("/echo/x") + Get("/stream") + Get("/echo/y"));

  const std::string first = client.Read().body;
  EXPECT_TRUE(first.starts_with("piece 0, ") && first.ends_with("piece 199, "));
  EXPECT_EQ(client.Read().body, "piece 0, piece 1, ");
  EXPECT_EQ(client.Read().body, "name=x;");
  EXPECT_EQ(client.Read().body, first);
  EXPECT_EQ(client.Read().body, "name=y;");
}

TEST_F(ServerBodyTest, SendsAStreamOfKnownLengthWithThatLength) {
  AddPieces("/known", Pieces(2), 18);
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(Get("/known"));

  EXPECT_EQ(answer.Header("content-length"), "18");
  EXPECT_FALSE(answer.headers.Has("transfer-encoding"));
  EXPECT_EQ(answer.body, "piece 0, piece 1, ");
}

TEST_F(ServerBodyTest, PullsNothingForHead) {
  std::atomic<int> pulls = 0;
  AddPieces("/stream", [&](int) -> Result<std::string> {
    ++pulls;
    return std::string();
  });
  Start();
  TestClient client(server_->port());

  client.Send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n" + Get("/echo/next"));

  EXPECT_EQ(client.Read(/*to_head=*/true).status, 200);
  EXPECT_EQ(client.Read().body, "name=next;");
  EXPECT_EQ(pulls, 0);
}

TEST_F(ServerBodyTest, EndsAStreamForHttp10WithTheConnection) {
  AddPieces("/stream", Pieces(2));
  Start();
  TestClient client(server_->port());

  client.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

  std::string all;
  for (std::string some = client.ReadSome(1000); !some.empty(); some = client.ReadSome(1000))
    all += some;
  EXPECT_THAT(all, testing::HasSubstr("connection: close\r\n"));
  EXPECT_THAT(all, testing::EndsWith("\r\n\r\npiece 0, piece 1, "));
}

// A source may hand over stretches of files between bytes of its own.
TEST_F(ServerBodyTest, SendsFilesThatAStreamHandsOver) {
  class Mixed final : public BodySource {
   public:
    explicit Mixed(std::shared_ptr<const FileDescriptor> file) : file_(std::move(file)) {}
    std::optional<std::uint64_t> length() const override { return 2 * 100'000 + 3; }
    std::optional<FileBody> NextFile() override {
      ++asked_;
      if (asked_ != 1 && asked_ != 3) return std::nullopt;
      return FileBody{file_, asked_ == 1 ? 0U : 50'000U, 100'000};
    }
    Result<std::size_t> Read(OpContext&, std::span<char> buffer) override {
      if (asked_ != 2) return std::size_t{0};
      std::ranges::copy(std::string_view("and"), buffer.begin());
      return std::size_t{3};
    }

   private:
    const std::shared_ptr<const FileDescriptor> file_;
    int asked_ = 0;
  };
  const std::string bytes = Pattern(150'000);
  const auto path = folder_.Put("f", bytes);
  const auto file = std::make_shared<FileDescriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  AddStream("/mixed", [&] { return std::make_shared<Mixed>(file); });
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(Get("/mixed"));

  EXPECT_EQ(answer.Header("content-length"), "200003");
  EXPECT_TRUE(answer.body == bytes.substr(0, 100'000) + "and" + bytes.substr(50'000));
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200);
}

// Whatever goes wrong after the head is out, the client must not take what it has for the whole.
TEST_F(ServerBodyTest, CutsTheConnectionWhenAStreamFails) {
  AddPieces("/error", [](int n) -> Result<std::string> {
    if (n < 2) return std::string("begun ");
    return Error(Code::kUnavailable, "the store is gone", "secret");
  });
  AddPieces("/throw", [](int n) -> Result<std::string> {
    if (n < 2) return std::string("begun ");
    throw std::runtime_error("secret");
  });
  AddPieces("/short", Pieces(2), 19);
  AddPieces("/long", Pieces(2), 17);
  Start();

  for (const char* path : {"/error", "/throw", "/short", "/long"}) {
    TestClient client(server_->port());
    const Answer answer = client.Ask(Get(path));
    EXPECT_EQ(answer.status, 0) << path << ": " << answer.body;
    EXPECT_TRUE(client.AtEnd()) << path;
  }
  EXPECT_EQ(TestClient(server_->port()).Ask(Get("/echo/x")).status, 200);
}

// A source that could go on for ever must not run ahead of a client that has stopped reading: what
// was pulled is what was read and what fits the sockets' buffers.  It is let go with the
// connection.
TEST_F(ServerBodyTest, PullsOnlyAsFastAsTheClientReads) {
  std::atomic<std::size_t> pulled = 0;
  const std::string piece(60'000, 'e');
  std::weak_ptr<BodySource> source;
  AddStream("/endless", [&] {
    auto made = std::make_shared<FakeSource>([&](int) -> Result<std::string> {
      pulled += piece.size();
      return piece;
    });
    source = made;
    return made;
  });
  Start();
  std::size_t taken = 0;
  {
    TestClient client(server_->port(), {.receive_buffer = 64 << 10});
    client.Send(Get("/endless"));
    while (taken < (std::size_t{2} << 20)) taken += client.ReadSome(100'000).size();
    EXPECT_EQ(TestClient(server_->port()).Ask(Get("/echo/x")).status, 200);
  }

  ASSERT_TRUE(server_->Stop(Soon()).ok()) << "the client's going ends the stream";
  EXPECT_LE(pulled, taken + (std::size_t{16} << 20));
  EXPECT_TRUE(source.expired());
}

TEST_F(ServerBodyTest, CancelsAStreamThatOutlastsTheDeadlineOfStop) {
  class Stuck final : public BodySource {
   public:
    explicit Stuck(std::latch& entered) : entered_(entered) {}
    Result<std::size_t> Read(OpContext& op, std::span<char>) override {
      entered_.count_down();
      while (!op.cancelled()) std::this_thread::yield();
      return Error(Code::kCancelled, "cancelled");
    }

   private:
    std::latch& entered_;
  };
  std::latch entered(1);
  AddStream("/stuck", [&] { return std::make_shared<Stuck>(entered); });
  Start();
  TestClient client(server_->port());
  client.Send(Get("/stuck"));
  entered.wait();

  EXPECT_EQ(server_->Stop(SteadyClock::now()).error().code, Code::kTimeout);
}

// ---- Slow clients ------------------------------------------------------------------------------

// Every read is progress, so only the average can tell that this client is too slow.
TEST_F(ServerBodyTest, DropsAClientThatReadsBelowTheAverage) {
  const auto path = folder_.Put("sparse", "");
  constexpr std::uint64_t kSize = std::uint64_t{1} << 30;
  std::filesystem::resize_file(path, kSize);
  AddFile("/sparse", path, 0, kSize);
  options_.write_timeout = std::chrono::milliseconds(50);
  options_.min_body_rate = std::uint64_t{1} << 50;
  Start();
  TestClient client(server_->port(), {.receive_buffer = 16 << 10});

  client.Send(Get("/sparse"));
  std::uint64_t taken = 0;
  for (std::string some = client.ReadSome(4000); !some.empty(); some = client.ReadSome(4000))
    taken += some.size();

  EXPECT_GT(taken, 0u);
  EXPECT_LT(taken, kSize);
}

TEST_F(ServerBodyTest, Answers408ToABodyBelowTheAverage) {
  options_.read_timeout = std::chrono::milliseconds(50);
  options_.min_body_rate = std::uint64_t{1} << 50;
  Start();
  TestClient client(server_->port());

  client.Send("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 16000000\r\n\r\n");
  pollfd answer{client.fd(), POLLIN, 0};
  std::size_t sent = 0;
  while (::poll(&answer, 1, 0) == 0 && sent < 16'000'000 && client.Send("b")) ++sent;

  EXPECT_LT(sent, 16'000'000u);
  EXPECT_EQ(client.Read().status, 408);
}

// A body that is slow at first but has arrived within the grace is nobody's fault.
TEST_F(ServerBodyTest, TakesABodyThatArrivesWithinTheGraceWhateverTheAverage) {
  options_.min_body_rate = std::uint64_t{1} << 50;
  Start();
  TestClient client(server_->port());
  for (const char c : Post("/echo/x", std::string(200, 'b'))) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Read().status, 200);
}

}  // namespace
}  // namespace vams::http
