// Outgoing mail: one message to one address, over SMTP by libcurl.  SmtpClient is the real
// transport; tests put their own in its place.
//
// Thread-safe.  Send blocks on the network and notices a cancelled operation within a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/op_context.h"
#include "base/result.h"
#include "net/mail_message.h"

namespace vams::net {

// What became of a message.
struct MailAnswer {
  enum class Outcome : std::uint8_t {
    kAccepted,  // the server has it
    kLater,     // it does not take this one now, but says that it may
    kNever,     // it will not take this one
  };
  Outcome outcome = Outcome::kAccepted;
  std::string reason;  // the server's answer; safe for the log
};

class MailTransport {
 public:
  virtual ~MailTransport() = default;
  // Errors say nothing about this message: kUnavailable (no connection, no TLS, bad credentials, a
  // sender that the server refuses), kTimeout and kCancelled (the operation's own), kInvalid (no
  // usable address: this message can never be sent).  After kUnavailable the server may have taken
  // the message all the same.
  virtual Result<MailAnswer> Send(OpContext& op, const MailMessage& message) = 0;
};

enum class SmtpSecurity : std::uint8_t {
  kNone,      // in the clear
  kStarttls,  // TLS before anything else is said, or nothing is
  kTls,       // TLS from the first byte
};

struct SmtpOptions {
  std::string host;
  std::int64_t port = 587;
  SmtpSecurity security = SmtpSecurity::kStarttls;
  std::string user, password;  // both empty: no authentication
  std::string ca_file;         // PEM of authorities; empty: the system's
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds timeout{60'000};  // of one message
};

// Keeps the connection for the next message.
class SmtpClient final : public MailTransport {
 public:
  explicit SmtpClient(SmtpOptions options);
  ~SmtpClient() override;
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  Result<MailAnswer> Send(OpContext& op, const MailMessage& message) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::net
