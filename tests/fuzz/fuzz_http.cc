// Any bytes as what a client sends: a whole connection's worth of requests, taken apart as
// session.cc does it, and each of the texts that handlers and the configuration take apart further.
//
// The first byte chooses which.  Beside crashes this finds answers that contradict each other: a
// path that decodes to another one on its way back, a part that lies outside its body, a request
// whose end depends on how its bytes were cut into packets.
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/client_address.h"
#include "http/compress.h"
#include "http/conditional.h"
#include "http/listen_address.h"
#include "http/range.h"
#include "http/request_parser.h"
#include "http/routes.h"
#include "http/wire.h"

namespace {

using namespace vams;
using namespace vams::http;

constexpr std::uint32_t kHeaderLimit = 4096;
constexpr std::uint64_t kBodyLimit = 2048;

void Require(bool holds) {
  if (!holds) std::abort();
}

const Routes& Table() {
  static const Routes routes = [] {
    Routes table;
    int id = 0;
    for (const char* path :
         {"/", "/healthz", "/database", "/database/{databaseId}",
          "/database/{databaseId}/assets/{assetId}", "/database/{databaseId}/assets/latest",
          "/database/{databaseId}/files/{path+}", "/roles/{roleId}", "/web/{path+}"})
      for (const Verb verb : {Verb::kGet, Verb::kPut})
        table.Add(
            {.verb = verb,
             .path = path,
             .id = "r" + std::to_string(++id),
             .handle = [](const Request&, OpContext&) -> Result<Response> { return Response{}; }});
    return table;
  }();
  return routes;
}

const TrustedProxies& Proxies() {
  static const TrustedProxies proxies = [] {
    const std::vector<std::string> entries = {"10.0.0.0/8", "fd00::/8", "127.0.0.1"};
    auto parsed = TrustedProxies::Parse(entries);
    Require(parsed.ok());
    return *std::move(parsed);
  }();
  return proxies;
}

void CheckPath(std::string_view path) {
  const Match match = Table().Find(Verb::kGet, path);
  // HEAD is answered by the routes of GET.
  Require(Table().Find(Verb::kHead, path).route == match.route);
  Require(Table().Find(std::nullopt, path).kind != Match::Kind::kFound);
  if (match.kind != Match::Kind::kFound) return;
  Require(match.path.starts_with('/') && match.path.find('\0') == std::string::npos);
  const bool tail = match.route->path.ends_with("+}");
  for (const auto& [name, value] : match.parameters) {
    Require(!name.empty() && match.path.find(value) != std::string::npos);
    const bool last = &name == &match.parameters.back().first;
    if (!tail || !last)
      Require(!value.empty() && value != "." && value != ".." &&
              value.find('/') == std::string::npos);
  }
}

void CheckQuery(std::string_view query) {
  const auto pairs = ParseQuery(query);
  for (const bool plus : {false, true}) {
    const auto decoded = PercentDecode(query, plus);
    Require(!decoded || decoded->size() <= query.size());
  }
  if (pairs) Require(pairs->size() <= query.size());
}

void CheckRange(std::string_view field, std::uint64_t size) {
  const RangeRequest range = ParseRange(field, size);
  if (range.kind == RangeRequest::Kind::kPart) {
    Require(range.length > 0 && range.first < size && range.length <= size - range.first);
    (void)ContentRange(range, size);
  }
}

// An answer with a body, as a handler makes it, taken to the form that this request asks for.
void CheckAnswer(const Request& request) {
  const std::string body(2000, 'x');
  Response response{.body = body};
  response.headers.Set("content-type", "application/json");
  response.headers.Set("etag", "\"abc\"");
  response.headers.Set("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  ApplyConditionsAndRange(request, response);
  switch (response.status) {
    case 200:
      Require(response.body == body);
      break;
    case 206:
      Require(!response.body.empty() && response.body.size() <= body.size() &&
              response.headers.Has("content-range"));
      break;
    case 304:
      Require(response.body.empty());
      break;
    default:
      Require(response.status == 412 || response.status == 416);
  }
  CompressIfWorthwhile(request, response);
  Require(CanBeSent(response));
  for (const char* coding : {"gzip", "br", "identity"}) {
    const int weight = EncodingWeight(request, coding);
    Require(weight >= 0 && weight <= 1000);
  }
}

void CheckClient(const Request& request) {
  const auto peer = boost::asio::ip::make_address("10.1.2.3");
  const auto client = ForwardedFor(Proxies(), peer, request.headers);
  Require(!client.to_string().empty() && Plain(client) == client);
  (void)ForwardedSecure(request.headers);
}

// What came of the bytes of one connection.
struct Outcome {
  std::size_t used = 0;  // bytes
  bool refused = false;
  std::size_t requests = 0;
  std::string bodies;
};

// One request from the front of `bytes`, which arrive `step` at a time; false at the end of what
// can be read.
bool ReadOne(std::string_view bytes, std::size_t step, Outcome& outcome, Request& request) {
  RequestParser parser(request);
  parser.header_limit(kHeaderLimit);
  parser.body_limit(kBodyLimit);
  parser.eager(false);
  bool has_head = false;
  std::size_t have = 0;
  while (true) {
    boost::beast::error_code error;
    bool moved = false;
    if (parser.Takes(bytes.substr(0, have))) {
      const std::size_t used = parser.put(boost::asio::buffer(bytes.data(), have), error);
      Require(used <= have);
      bytes.remove_prefix(used);
      have -= used;
      outcome.used += used;
      moved = used > 0;
    }
    if (error && error != boost::beast::http::error::need_more) {
      outcome.refused = true;
      return false;
    }
    if (parser.is_header_done() && !has_head) {
      has_head = true;
      parser.eager(true);
      moved = true;
    }
    if (parser.is_done()) break;
    if (moved && have > 0) continue;
    if (have == bytes.size()) return false;
    have = std::min(bytes.size(), have + step);
  }
  Require(request.body.size() <= kBodyLimit);
  ++outcome.requests;
  outcome.bodies.append(request.body).append(1, '\n');
  return parser.keep_alive();
}

Outcome ReadConnection(std::string_view bytes, std::size_t step, bool look) {
  Outcome outcome;
  while (outcome.used < bytes.size()) {
    Request request;
    const bool more = ReadOne(bytes.substr(outcome.used), step, outcome, request);
    if (look && !request.target.empty()) {
      const auto [path, query] = SplitTarget(request.target);
      CheckPath(path);
      CheckQuery(query);
      CheckAnswer(request);
      CheckClient(request);
    }
    if (!more) break;
  }
  return outcome;
}

void CheckConnection(std::string_view bytes) {
  const Outcome whole = ReadConnection(bytes, bytes.size(), true);
  if (whole.refused) return;
  // However the bytes are cut, the requests end at the same places.
  for (const std::size_t step : {std::size_t{1}, 2 + bytes.size() % 7}) {
    const Outcome cut = ReadConnection(bytes, step, false);
    if (!cut.refused) Require(cut.requests == whole.requests && cut.bodies == whole.bodies);
  }
}

// Header fields, one a line.
Request RequestOf(std::string_view lines) {
  Request request;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos)
      request.headers.Add(line.substr(0, colon), line.substr(colon + 2));
  }
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'c':
      CheckConnection(bytes);
      break;
    case 'p':
      CheckPath(bytes);
      break;
    case 'q':
      CheckQuery(bytes);
      break;
    case 'r':
      for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1234}, ~std::uint64_t{0}})
        CheckRange(bytes, length);
      break;
    case 'h': {
      const Request request = RequestOf(bytes);
      CheckAnswer(request);
      CheckClient(request);
      break;
    }
    case 'd':
      if (const auto seconds = ParseHttpDate(bytes)) (void)HttpDate(*seconds * 1000);
      break;
    case 'a': {
      const std::vector<std::string> entries = {std::string(bytes)};
      const auto proxies = TrustedProxies::Parse(entries);
      if (proxies.ok()) (void)proxies->Contains(boost::asio::ip::make_address("fd00::1"));
      if (const auto address = ParseListenAddress(bytes); address.ok()) {
        const auto again = ParseListenAddress(ToText(*address));
        Require(again.ok() && *again == *address);
      }
      break;
    }
    default:
      break;
  }
  return 0;
}
