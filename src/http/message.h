// Requests and responses as handlers see them, and the one table from error codes to HTTP status.
// For the server, for routes and for every handler; no library of the transport shows through.
//
// Thread rule: plain values.  Nothing here blocks.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vams::http {

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
  std::string path;            // as sent, percent escapes and all, without the query
  NameValues path_parameters;  // decoded
  NameValues query;            // decoded, in order
  Headers headers;
  std::string body;
  std::string request_id;  // ours, unique; the answer carries it too
  std::string peer;        // the address at the other end of the connection, without its port

  // The route's {name}; asking for one it does not have is a programmer's error.
  const std::string& Parameter(std::string_view name) const;
  // The first value of that name.
  std::optional<std::string_view> FindQuery(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
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
