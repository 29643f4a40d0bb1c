// One large part and one large object over loopback, through the server and the local store, with
// the client in the same process and on the same cores.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/object_answer.h"
#include "files/files.h"
#include "http/server.h"
#include "items/memory/memory_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"

namespace vams::api {
namespace {

constexpr std::uint64_t kSize = std::uint64_t{2} << 30;
constexpr std::size_t kStep = std::size_t{256} << 10;

class Stack {
 public:
  Stack() {
    upload_ = *store_->CreateUpload(op_, {"bench", "large"}, {});
    http::Routes routes;
    routes.Add(
        {.verb = http::Verb::kPut,
         .path = "/part",
         .id = "part",
         .handle = [this](const http::Request& request, OpContext& op) { return Put(request, op); },
         .streams_body = true});
    routes.Add({.verb = http::Verb::kGet,
                .path = "/object",
                .id = "object",
                .handle = [this](const http::Request& request, OpContext& op) {
                  return AnswerWithObject(op, *store_, request, {"bench", "large"}, {});
                }});
    http::ServerOptions options;
    options.addresses = {{"127.0.0.1", 0}};
    server_ = *http::Server::Start(options, routes);
  }
  std::uint16_t port() const { return server_->port(); }
  bool HasPart() { return !(*store_->ListParts(op_, upload_, "", 10)).parts.empty(); }
  void Complete() {
    const auto parts = *store_->ListParts(op_, upload_, "", 10);
    const objects::PartEtag etag{1, parts.parts.front().etag};
    if (!store_->CompleteUpload(op_, upload_, {&etag, 1}).ok()) std::abort();
  }

 private:
  Result<http::Response> Put(const http::Request& request, OpContext& op) {
    const auto source = [&](char* to, std::size_t size) {
      return request.incoming->Read({to, size});
    };
    TRY(const auto part,
        store_->PutPart(op, upload_, 1, source, {.size = request.incoming->length(), .md5 = {}}));
    return http::Message(200, part.etag);
  }

  OpContext op_;
  files::TempFolder folder_ =
      *files::TempFolder::Create(std::filesystem::current_path(), "vams-transfer-bench");
  std::unique_ptr<items::MemoryStore> items_ = items::MemoryStore::Create(SystemClock());
  std::unique_ptr<objects::BlobStore> blobs_ = *objects::BlobStore::Open(folder_.path() / "blobs");
  std::unique_ptr<objects::ObjectStore> store_ =
      *objects::OpenLocalObjectStore(op_, *items_, *blobs_);
  std::string upload_;
  std::unique_ptr<http::Server> server_;
};

Stack& TheStack() {
  static Stack stack;
  return stack;
}

class Client {
 public:
  Client() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(TheStack().port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::abort();
  }
  ~Client() { ::close(fd_); }

  bool Send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // The bytes up to `count` or the end, counted.
  std::uint64_t Receive(std::uint64_t count, std::string& buffer) const {
    std::uint64_t done = 0;
    while (done < count) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      done += static_cast<std::uint64_t>(got);
    }
    return done;
  }

 private:
  const int fd_;
};

double PeakMib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

bool PutPart(std::string& bytes) {
  const Client client;
  client.Send("PUT /part HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kSize) +
              "\r\n\r\n");
  for (std::uint64_t sent = 0; sent < kSize; sent += bytes.size()) {
    // No content that is there already.
    bytes[sent % bytes.size()] = static_cast<char>(std::rand());
    if (!client.Send(bytes)) return false;
  }
  std::string answer(4096, '\0');
  client.Receive(1, answer);
  return answer.starts_with("HTTP/1.1 200");
}

void BM_ObjectTransferPut(benchmark::State& state) {
  TheStack();
  std::string bytes(kStep, 'x');
  for (auto _ : state)
    if (!PutPart(bytes)) state.SkipWithError("not stored");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSize));
  state.counters["peak_MiB"] = PeakMib();
}
BENCHMARK(BM_ObjectTransferPut)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_ObjectTransferGet(benchmark::State& state) {
  std::string buffer(kStep, 'x');
  if (!TheStack().HasPart() && !PutPart(buffer)) return state.SkipWithError("not stored");
  TheStack().Complete();
  for (auto _ : state) {
    const Client client;
    client.Send("GET /object HTTP/1.1\r\nHost: h\r\n\r\n");
    if (client.Receive(kSize, buffer) < kSize) state.SkipWithError("cut off");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSize));
  state.counters["peak_MiB"] = PeakMib();
}
BENCHMARK(BM_ObjectTransferGet)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::api
