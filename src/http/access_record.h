// What is kept of one request: a line of the access log.  For the server, which fills it, and for
// whoever it is handed to.
//
// Thread rule: plain values.  Nothing here blocks.
#pragma once

#include <cstdint>
#include <string>

namespace vams::http {

struct AccessRecord {
  std::int64_t time_millis = 0;  // wall time when the request had arrived, since 1970-01-01 UTC
  std::string request_id;
  std::string client;                // address of the client, without its port
  std::string method;                // as sent
  std::string path;                  // as sent, without the query, which may hold secrets
  std::string route_id;              // empty when no route matched
  int status = 0;                    // 0: the connection ended before an answer began
  std::uint64_t bytes_received = 0;  // head and body
  std::uint64_t bytes_sent = 0;
  std::int64_t duration_us = 0;  // from the last byte of the request to the last of the answer
  std::string caller;            // Response::caller; empty when nobody was authenticated
};

}  // namespace vams::http
