// AWS Signature Version 4 of a request ("AWS SigV4 for API requests" in the IAM user guide).
// Pure functions; nothing blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace vams::net {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;        // empty: none
  std::int64_t expires_millis = 0;  // 0: never
};

struct SigningScope {
  std::string region;
  std::string service;
  std::int64_t at_millis = 0;
  // S3 signs the path as it is sent; every other service signs it encoded once more.
  bool encode_path = true;
};

// What is signed: method, path and query as they are sent, and the headers to sign, "host" and
// "x-amz-date" among them.
struct SignedRequest {
  std::string method;
  std::string path = "/";
  std::string query;  // without the '?'
  std::vector<Header> headers;
  std::string payload_hash;  // hexadecimal SHA-256 of the body
};

// "20150830T123600Z"
std::string AmzDate(std::int64_t millis);

// The steps by themselves, as the published examples show them.
std::string CanonicalRequest(const SignedRequest& request, const SigningScope& scope);
std::string StringToSign(std::string_view canonical_request, const SigningScope& scope);
// The value of the Authorization header.
std::string Authorization(const SignedRequest& request, const SigningScope& scope,
                          const Credentials& credentials);

// Adds x-amz-date, x-amz-security-token and Authorization to the headers, which hold all the others
// that are to be signed.
void Sign(SignedRequest& request, const SigningScope& scope, const Credentials& credentials);

}  // namespace vams::net
