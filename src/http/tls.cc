#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

namespace vams::http {

namespace asio = boost::asio;

namespace {

// Forward secrecy and authenticated encryption only; 1.3 has no other kind.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kHttp11 = "\x08http/1.1";

// The first thing OpenSSL complained of; the queue is empty afterwards.
std::string TakeSslError() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  if (code == 0) return "no cause given";
  std::array<char, 256> text{};
  ::ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

Error Bad(std::string_view what, const std::string& file, std::string_view why,
          std::string_view next) {
  return Error(
      Code::kInvalid,
      fmt::format("the TLS {} file {} {}, so nothing was served; {}", what, file, why, next),
      TakeSslError());
}

// OpenSSL's own errors would not tell a missing file from a bad one.
Status CheckReadable(std::string_view what, const std::string& file) {
  std::FILE* const opened = std::fopen(file.c_str(), "re");
  int error = opened == nullptr ? errno : 0;
  if (opened != nullptr) {
    if (std::fgetc(opened) == EOF && std::ferror(opened) != 0) error = errno;  // a folder, say
    std::fclose(opened);
  }
  if (error == 0) return Ok();
  return Error(Code::kUnavailable,
               fmt::format("the TLS {} file {} cannot be read ({}), so nothing was served; correct "
                           "its path or its permissions",
                           what, file, std::strerror(error)));
}

// Never asks at the terminal.
int NoPassPhrase(char*, int, int, void*) { return -1; }

// RFC 7301: a client that names protocols but not ours is told so.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* selected = nullptr;
  const int outcome = ::SSL_select_next_proto(
      &selected, out_size, reinterpret_cast<const unsigned char*>(kHttp11.data()),
      static_cast<unsigned int>(kHttp11.size()), offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Status Configure(SSL_CTX* context) {
  ::SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_default_passwd_cb(context, NoPassPhrase);
  ::SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  if (::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
      ::SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
      ::SSL_CTX_set1_groups_list(context, kGroups) == 1)
    return Ok();
  return Error(Code::kInternal, "this machine's OpenSSL refuses the server's TLS settings",
               TakeSslError());
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> LoadTls(const TlsOptions& options,
                                                    std::int64_t now_millis) {
  ::ERR_clear_error();
  SSL_CTX* const context = ::SSL_CTX_new(::TLS_server_method());
  if (context == nullptr)
    return Error(Code::kInternal, "OpenSSL cannot make a TLS context", TakeSslError());
  auto owner = std::make_shared<asio::ssl::context>(context);
  TRY_OK(Configure(context));

  const std::string& certificate = options.certificate_file;
  TRY_OK(CheckReadable("certificate", certificate));
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return Bad("certificate", certificate, "holds no usable PEM certificate chain",
               "put the server's certificate first in it, then its issuers");
  const X509* const leaf = ::SSL_CTX_get0_certificate(context);
  std::time_t now = static_cast<std::time_t>(now_millis / 1000);
  if (::X509_cmp_time(::X509_get0_notAfter(leaf), &now) < 0)
    return Bad("certificate", certificate, "holds a certificate that has expired", "renew it");

  TRY_OK(CheckReadable("key", options.key_file));
  if (::SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool mismatch = ERR_GET_REASON(::ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
    if (!mismatch)
      return Bad("key", options.key_file, "holds no usable PEM key without a pass phrase",
                 "export the key that belongs to the certificate, unencrypted");
  }
  if (::SSL_CTX_check_private_key(context) != 1)
    return Bad("key", options.key_file,
               fmt::format("does not belong to the certificate in {}", certificate),
               "name the two files of one certificate");
  return owner;
}

Status CheckTls(const TlsOptions& options, const Clock& clock) {
  TRY([[maybe_unused]] const auto context, LoadTls(options, clock.NowMillis()));
  return Ok();
}

}  // namespace vams::http
