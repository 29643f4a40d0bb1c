// Requests and responses as handlers see them, and the one table from error codes to HTTP status.
// For the server, for routes and for every handler; no library of the transport shows through.
//
// Thread rule: plain values.  Nothing here blocks.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "base/op_context.h"
#include "base/result.h"

namespace vams::http {

class RequestBody;

enum class Verb : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

std::string_view VerbName(Verb verb);
// Nothing for a method no route can have (names are case-sensitive, RFC 9110 section 9.1).
std::optional<Verb> FindVerb(std::string_view name);

// Header fields in order; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  // The first field of that name.
  std::optional<std::string_view> Find(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  // Replaces every field of that name.
  void Set(std::string_view name, std::string_view value);
  void Add(std::string_view name, std::string_view value);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

bool EqualsIgnoreCase(std::string_view a, std::string_view b);

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Verb verb = Verb::kGet;
  // Percent-decoded exactly once, without the query and without one slash at its end: the text that
  // was routed, and the text to authorize (permissions.md section 5).  Outside a greedy tail it has
  // no empty, "." or ".." segment and no slash that was sent escaped.
  std::string path;
  std::string target;          // as sent: path and query, escapes and all
  NameValues path_parameters;  // decoded
  NameValues query;            // decoded, in order
  Headers headers;
  std::string body;
  // In place of `body` on a route with Route::streams_body, and set on no other; the server's, and
  // there while the handler runs.
  RequestBody* incoming = nullptr;
  std::string request_id;  // ours, unique; the answer carries it too
  std::string peer;        // the address at the other end of the connection, without its port
  // The client's address: the peer's, or what trusted proxies say of it in X-Forwarded-For.
  std::string client;
  bool secure = false;  // came over TLS, here or at a trusted proxy

  // The route's {name}; asking for one it does not have is a programmer's error.
  const std::string& Parameter(std::string_view name) const;
  // The first value of that name.
  std::optional<std::string_view> FindQuery(std::string_view name) const;
};

// A body that is pulled while it arrives, as fast as its handler takes it and no faster: nothing of
// it is kept.  A client that waits for `100 Continue` gets it with the first pull; an answer given
// before, or in the middle, ends the matter, and what is left of the body is read and dropped if it
// is short, else the connection closes behind the answer.  Used by one thread at a time.
class RequestBody {
 public:
  virtual ~RequestBody() = default;

  // Bytes the client announced; nothing if it sends the body in chunks.
  virtual std::optional<std::uint64_t> length() const = 0;

  // Fills the front of `buffer` and returns how many bytes that were, one at least; 0 is the end.
  // Blocks until bytes arrive.  kInvalid when the client went away before the end, or sends no
  // proper chunks; kTimeout when it is too slow (then its answer is 408, whatever the handler
  // says); kCancelled when the server stops.  Errors stay.
  virtual Result<std::size_t> Read(std::span<char> buffer) = 0;
};

// A stretch of an open file as a body.  The descriptor is shared, so that a cache may keep it open;
// it is read at `offset` and never seeked.  A file that ends early cuts the connection.
struct FileBody {
  std::shared_ptr<const FileDescriptor> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// A body made while it is sent.  The server pulls it in bounded chunks from one thread at a time,
// never the I/O thread, and only as fast as the client takes it.
class BodySource {
 public:
  virtual ~BodySource() = default;

  // Bytes the whole body has, if known before it is read: the answer then carries a Content-Length
  // instead of being chunked, and a source that gives fewer or more cuts the connection.
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }

  // Makes it a body of these bytes only, before the first Read; `length` lies within length().
  // False, and nothing happens: it can only be sent whole.
  virtual bool TakePart(std::uint64_t /*first*/, std::uint64_t /*length*/) { return false; }

  // Instead of Read, where the next bytes lie in an open file: the server then sends them without
  // looking at them.  Nothing: Read has them.  Asked before each Read of a source of known length,
  // by the same thread; what it gives is part of the body and not given again.
  virtual std::optional<FileBody> NextFile() { return std::nullopt; }

  // Fills the front of `buffer` and returns how many bytes that were; 0 is the end.  May block.
  // After an error or an exception the connection is cut, so that the client notices.  `op` is
  // the request's; it is cancelled when nobody waits for the body any longer.
  virtual Result<std::size_t> Read(OpContext& op, std::span<char> buffer) = 0;
};

// The body is `file` or `stream` if one is set, else `body`.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<FileBody> file;
  std::shared_ptr<BodySource> stream;
  std::string caller;  // who asked, for the access log only; never sent
};

Response Json(const boost::json::value& value);
Response Json(int status, const boost::json::value& value);

// {"message": …}, the form of every error answer of the API.
Response Message(int status, std::string_view message);

// The error table's HTTP side.
int StatusOf(Code code);
// Error::message goes to the client; details do not.
Response ErrorResponse(const Error& error);

// "Not Found" for 404; empty for a number without a standard phrase.
std::string_view ReasonPhrase(int status);

}  // namespace vams::http
