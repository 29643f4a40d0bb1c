#include "net/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace vams::net {

namespace {

std::string Hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

// Without space at its ends, and with single spaces inside.
std::string Squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    const auto value =
        equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
    parameters.emplace_back(PercentEncode(PercentDecode(parameter.substr(0, equals))),
                            PercentEncode(PercentDecode(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;  // a;b;c
};

CanonicalHeaders Canonical(const std::vector<Header>& headers) {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& [name, value] : headers) sorted.emplace_back(Lower(name), Squeezed(value));
  // Values of one name stay in the order they are sent.
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  CanonicalHeaders out;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && sorted[i].first == sorted[i - 1].first) {
      out.lines.back() = ',';
      out.lines += sorted[i].second + "\n";
      continue;
    }
    out.lines += sorted[i].first + ":" + sorted[i].second + "\n";
    if (!out.names.empty()) out.names += ';';
    out.names += sorted[i].first;
  }
  return out;
}

std::string ScopeText(const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", AmzDate(scope.at_millis).substr(0, 8), scope.region,
                     scope.service);
}

}  // namespace

std::string AmzDate(std::int64_t millis) {
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string CanonicalRequest(const SignedRequest& request, const SigningScope& scope) {
  const auto headers = Canonical(request.headers);
  const std::string path = request.path.empty() ? "/" : request.path;
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                     scope.encode_path ? PercentEncode(path, true) : path,
                     CanonicalQuery(request.query), headers.lines, headers.names,
                     request.payload_hash);
}

std::string StringToSign(std::string_view canonical_request, const SigningScope& scope) {
  return fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", AmzDate(scope.at_millis), ScopeText(scope),
                     HexEncode(Sha256(canonical_request)));
}

std::string Authorization(const SignedRequest& request, const SigningScope& scope,
                          const Credentials& credentials) {
  std::string key = Hmac("AWS4" + credentials.secret_key, AmzDate(scope.at_millis).substr(0, 8));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = Hmac(key, part);
  const std::string signature =
      HexEncode(Hmac(key, StringToSign(CanonicalRequest(request, scope), scope)));
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                     credentials.access_key, ScopeText(scope), Canonical(request.headers).names,
                     signature);
}

void Sign(SignedRequest& request, const SigningScope& scope, const Credentials& credentials) {
  request.headers.push_back({"x-amz-date", AmzDate(scope.at_millis)});
  if (!credentials.session_token.empty())
    request.headers.push_back({"x-amz-security-token", credentials.session_token});
  std::string authorization = Authorization(request, scope, credentials);
  request.headers.push_back({"Authorization", std::move(authorization)});
}

}  // namespace vams::net
