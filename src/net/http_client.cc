#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "net/curl_handles.h"

namespace vams::net {

namespace {

using internal::Easy;
using internal::List;
using internal::Set;
using std::chrono::milliseconds;

constexpr long kStreamBuffer = 256 * 1024;  // of bodies that pass through

// What the callbacks of one exchange fill and look at.
struct Exchange {
  OpContext& op;
  const HttpRequest& request;
  HttpResponse response;
  CURL* handle = nullptr;
  bool too_large = false;
  std::uint64_t sent = 0;           // of the request's body
  bool begun = false;               // the sink was asked
  bool sinking = false;             // and takes the body
  std::optional<Error> stopped_by;  // the source or the sink

  std::uint64_t body_size() const {
    return request.source != nullptr ? request.source->size() : request.body.size();
  }

  // Whether the exchange goes on.
  bool BeginSink() {
    if (begun || request.sink == nullptr) return true;
    begun = true;
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    auto takes = request.sink->Begin(static_cast<int>(status), response.headers);
    if (takes.ok())
      sinking = *takes;
    else
      stopped_by = std::move(takes).error();
    return !stopped_by.has_value();
  }
};

std::size_t OnBody(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::size_t length = size * count;
  if (!exchange.BeginSink()) return 0;
  if (exchange.sinking) {
    auto written = exchange.request.sink->Write({bytes, length});
    if (written.ok()) return length;
    exchange.stopped_by = std::move(written).error();
    return 0;
  }
  if (exchange.response.body.size() + length > exchange.request.max_response_bytes) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(bytes, length);
  return length;
}

std::size_t OnSend(char* to, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::uint64_t left = exchange.body_size() - exchange.sent;
  std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(size * count, left));
  if (exchange.request.source == nullptr) {
    exchange.request.body.copy(to, length, static_cast<std::size_t>(exchange.sent));
  } else if (length > 0) {
    auto read = exchange.request.source->Read(to, length);
    if (!read.ok()) {
      exchange.stopped_by = std::move(read).error();
      return CURL_READFUNC_ABORT;
    }
    length = *read;
  }
  exchange.sent += length;
  return length;
}

std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& headers = static_cast<Exchange*>(context)->response.headers;
  std::string_view line(bytes, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    headers.clear();  // an interim answer came before
    return size * count;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() >= 200) return size * count;
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  return size * count;
}

int OnProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(context)->op.Check().ok() ? 0 : 1;
}

// "https://host:port" of a URL: what may stand in a message (a query may hold secrets).
std::string Origin(std::string_view url) {
  const auto host = url.find("://");
  if (host == std::string_view::npos) return "the server";
  auto rest = url.substr(host + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  return std::string(url.substr(0, host + 3)) + std::string(rest);
}

bool NeverLeft(CURLcode code, CURL* handle) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return true;
    default:
      break;
  }
  // Given up before anything was sent.
  long sent = 0;
  curl_off_t uploaded = 0;
  curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
  curl_easy_getinfo(handle, CURLINFO_SIZE_UPLOAD_T, &uploaded);
  return sent == 0 && uploaded == 0;
}

Error Failed(CURLcode code, const Exchange& exchange, const char* detail, milliseconds limit) {
  const std::string server = Origin(exchange.request.url);
  if (exchange.too_large)
    return Error(Code::kTooLarge, fmt::format("{} answered with more than {} bytes; the answer was "
                                              "thrown away",
                                              server, exchange.request.max_response_bytes));
  const std::string why = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(
          Code::kInvalid,
          fmt::format("\"{}\" is no URL that can be called; use http:// or https://", server));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: {
      Error error(Code::kUnavailable,
                  fmt::format("the certificate of {} is not trusted ({}); nothing was sent; check "
                              "the address, or name its authority with AWS_CA_BUNDLE",
                              server, why));
      error.retryable = false;
      return error;
    }
    case CURLE_OPERATION_TIMEDOUT:
      if (exchange.request.idle_timeout.count() > 0)
        return Error(Code::kUnavailable, fmt::format("{} did not answer in time", server), why);
      return Error(Code::kUnavailable,
                   fmt::format("{} did not answer within {} ms", server, limit.count()), why);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return Error(
          Code::kUnavailable,
          fmt::format("cannot connect to {}; check the address and that the server runs", server),
          why);
    default:
      return Error(Code::kUnavailable, fmt::format("the connection to {} broke", server), why);
  }
}

}  // namespace

struct HttpClient::Impl {
  HttpClientOptions options;
  std::mutex mutex;
  std::vector<Easy> idle;  // guarded by mutex

  Easy Take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Easy handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    return Easy(curl_easy_init());
  }

  void GiveBack(Easy handle) {
    curl_easy_reset(handle.get());  // the connection stays open
    const std::lock_guard lock(mutex);
    if (idle.size() < options.idle_connections) idle.push_back(std::move(handle));
  }

  void Prepare(CURL* handle, const HttpRequest& request, curl_slist* headers, Exchange& exchange,
               milliseconds limit, char* detail) const {
    Set(handle, CURLOPT_ERRORBUFFER, detail);
    Set(handle, CURLOPT_URL, request.url.c_str());
    Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(handle, CURLOPT_NOSIGNAL, 1L);
    Set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    Set(handle, CURLOPT_PATH_AS_IS, 1L);
    Set(handle, CURLOPT_TCP_NODELAY, 1L);
    Set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    Set(handle, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(limit, request.connect_timeout).count()));
    if (!options.ca_bundle.empty()) Set(handle, CURLOPT_CAINFO, options.ca_bundle.c_str());
    if (options.any_certificate) {
      Set(handle, CURLOPT_SSL_VERIFYPEER, 0L);
      Set(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (request.direct) Set(handle, CURLOPT_PROXY, "");
    if (request.method == "HEAD") {
      Set(handle, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET" || exchange.body_size() > 0) {
      Set(handle, CURLOPT_POST, 1L);
      Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body_size()));
      Set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
      // libcurl sends a request again by itself when a connection used before breaks without an
      // answer.  The server may have carried it out, so that is for the caller to decide: a body
      // that cannot be rewound keeps libcurl from it, and where there is none a new connection
      // does.
      Set(handle, CURLOPT_READFUNCTION, &OnSend);
      Set(handle, CURLOPT_READDATA, static_cast<void*>(&exchange));
      if (exchange.body_size() == 0) Set(handle, CURLOPT_FRESH_CONNECT, 1L);
      if (request.source != nullptr) Set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kStreamBuffer);
    }
    if (request.sink != nullptr) Set(handle, CURLOPT_BUFFERSIZE, kStreamBuffer);
    if (request.decompress) Set(handle, CURLOPT_ACCEPT_ENCODING, "");
    if (request.idle_timeout.count() > 0) {
      Set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
      Set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.idle_timeout.count()));
    }
    Set(handle, CURLOPT_HTTPHEADER, headers);
    Set(handle, CURLOPT_WRITEFUNCTION, &OnBody);
    Set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
    Set(handle, CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(handle, CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    Set(handle, CURLOPT_XFERINFOFUNCTION, &OnProgress);
    Set(handle, CURLOPT_XFERINFODATA, static_cast<void*>(&exchange));
    Set(handle, CURLOPT_NOPROGRESS, 0L);
  }
};

HttpClient::HttpClient(HttpClientOptions options) : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_->options = std::move(options);
}

HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::Send(OpContext& op, const HttpRequest& request, bool* arrived) {
  if (arrived != nullptr) *arrived = false;
  TRY_OK(op.Check());
  milliseconds limit = request.timeout;
  bool is_deadline = false;
  if (op.deadline() != OpContext::SteadyClock::time_point::max()) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(op.deadline() - OpContext::SteadyClock::now());
    is_deadline = left <= limit;
    limit = std::min(limit, left);
  }
  limit = std::max(limit, milliseconds(1));

  List headers;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) return;
    (void)headers.release();
    headers.reset(longer);
  };
  for (const auto& [name, value] : request.headers) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return Error(Code::kInvalid, fmt::format("header {} has a line break in it", name));
    // libcurl takes "name:" as an order to leave the header out.
    add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  // No waiting for "100 Continue", and no content type of libcurl's own.
  add("Expect:");
  if (FindHeader(request.headers, "content-type") == nullptr) add("Content-Type:");

  Easy handle = impl_->Take();
  if (handle == nullptr) return Error(Code::kUnavailable, "no memory for another connection");
  char detail[CURL_ERROR_SIZE] = "";
  Exchange exchange{.op = op, .request = request, .handle = handle.get()};
  impl_->Prepare(handle.get(), request, headers.get(), exchange, limit, detail);
  CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OK && !exchange.BeginSink()) code = CURLE_WRITE_ERROR;
  if (code != CURLE_OK) {
    if (arrived != nullptr) *arrived = !NeverLeft(code, handle.get());
    if (exchange.stopped_by) return *std::move(exchange.stopped_by);
    Error error = Failed(code, exchange, detail, limit);
    // A broken connection is not used again.
    handle.reset();
    TRY_OK(op.Check());
    if (is_deadline && code == CURLE_OPERATION_TIMEDOUT) error.code = Code::kTimeout;
    return error;
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  if (arrived != nullptr) *arrived = true;
  impl_->GiveBack(std::move(handle));
  return std::move(exchange.response);
}

}  // namespace vams::net
