#include "net/smtp.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

#include "net/curl_handles.h"

namespace vams::net {

namespace {

using internal::Easy;
using internal::List;
using internal::Set;
using std::chrono::milliseconds;

constexpr std::size_t kMostReason = 160;

// What was said to the server last, as far as it matters whom its refusal is about.
enum class Stage : std::uint8_t { kGreeting, kSender, kRecipient, kContent };

struct Conversation {
  OpContext& op;
  std::string_view text;
  Stage stage = Stage::kGreeting;
  std::string reply;     // the server's last line
  bool leaving = false;  // nothing that is said now counts
};

std::size_t OnSendMail(char* to, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Conversation*>(context);
  const std::size_t length = std::min(size * count, exchange.text.size());
  exchange.text.copy(to, length);
  exchange.text.remove_prefix(length);
  return length;
}

std::size_t OnReply(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& exchange = *static_cast<Conversation*>(context);
  if (!exchange.leaving) exchange.reply.assign(bytes, std::min(size * count, kMostReason));
  return size * count;
}

// Sees every command, passwords among them: only its first word is looked at.
int OnCommand(CURL*, curl_infotype type, char* bytes, std::size_t size, void* context) {
  if (type != CURLINFO_HEADER_OUT) return 0;
  auto& exchange = *static_cast<Conversation*>(context);
  auto& stage = exchange.stage;
  const std::string_view command(bytes, size);
  exchange.leaving = command.starts_with("QUIT");
  if (command.starts_with("MAIL"))
    stage = Stage::kSender;
  else if (command.starts_with("RCPT"))
    stage = Stage::kRecipient;
  else if (command.starts_with("DATA"))
    stage = Stage::kContent;
  return 0;
}

int OnMailProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Conversation*>(context)->op.Check().ok() ? 0 : 1;
}

// One line without control characters.  Some servers quote links of the message, which are secret.
std::string ReasonOf(const Conversation& exchange) {
  std::string reason = exchange.reply.substr(0, exchange.reply.find("http"));
  for (char& c : reason)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = ' ';
  while (!reason.empty() && reason.back() == ' ') reason.pop_back();
  return reason;
}

// Names that may stand in EHLO.
bool IsHostName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

}  // namespace

struct SmtpClient::Impl {
  SmtpOptions options;
  std::mutex mutex;  // one message at a time
  Easy handle;       // under mutex; has the connection

  std::string Server() const { return fmt::format("{}:{}", options.host, options.port); }

  std::string Url(const MailMessage& message) const {
    const std::string domain = message.from.address.substr(message.from.address.rfind('@') + 1);
    const bool v6 = options.host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}/{}",
                       options.security == SmtpSecurity::kTls ? "smtps" : "smtp", v6 ? "[" : "",
                       options.host, v6 ? "]" : "", options.port,
                       IsHostName(domain) ? domain : "localhost");
  }

  void Prepare(Conversation& exchange, const std::string& url, const std::string& from,
               curl_slist* recipients, milliseconds limit, char* detail) {
    CURL* const easy = handle.get();
    curl_easy_reset(easy);  // the connection stays open
    Set(easy, CURLOPT_ERRORBUFFER, detail);
    Set(easy, CURLOPT_URL, url.c_str());
    Set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    Set(easy, CURLOPT_PROXY, "");
    Set(easy, CURLOPT_NOSIGNAL, 1L);
    Set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    Set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(limit, options.connect_timeout).count()));
    Set(easy, CURLOPT_USE_SSL,
        static_cast<long>(options.security == SmtpSecurity::kNone ? CURLUSESSL_NONE
                                                                  : CURLUSESSL_ALL));
    Set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) Set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    if (!options.user.empty()) {
      Set(easy, CURLOPT_USERNAME, options.user.c_str());
      Set(easy, CURLOPT_PASSWORD, options.password.c_str());
    }
    Set(easy, CURLOPT_MAIL_FROM, from.c_str());
    Set(easy, CURLOPT_MAIL_RCPT, recipients);
    Set(easy, CURLOPT_UPLOAD, 1L);
    Set(easy, CURLOPT_READFUNCTION, &OnSendMail);
    Set(easy, CURLOPT_READDATA, static_cast<void*>(&exchange));
    Set(easy, CURLOPT_HEADERFUNCTION, &OnReply);
    Set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    // The only way to learn which command an answer belongs to.
    Set(easy, CURLOPT_VERBOSE, 1L);
    Set(easy, CURLOPT_DEBUGFUNCTION, &OnCommand);
    Set(easy, CURLOPT_DEBUGDATA, static_cast<void*>(&exchange));
    Set(easy, CURLOPT_XFERINFOFUNCTION, &OnMailProgress);
    Set(easy, CURLOPT_XFERINFODATA, static_cast<void*>(&exchange));
    Set(easy, CURLOPT_NOPROGRESS, 0L);
  }

  // What a failed exchange was: an answer about the message, or a server that cannot be used.
  Result<MailAnswer> Failed(CURLcode code, const Conversation& exchange, const char* detail) const;
};

Result<MailAnswer> SmtpClient::Impl::Failed(CURLcode code, const Conversation& exchange,
                                            const char* detail) const {
  using Outcome = MailAnswer::Outcome;
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool answered = status >= 400 && status < 600 && code != CURLE_OPERATION_TIMEDOUT;
  const bool about_message =
      exchange.stage == Stage::kRecipient || exchange.stage == Stage::kContent;
  // 421: the server goes away.
  if (answered && about_message && status != 421)
    return MailAnswer{status >= 500 ? Outcome::kNever : Outcome::kLater, ReasonOf(exchange)};

  const std::string said = answered ? fmt::format(" (it says: {})", ReasonOf(exchange)) : "";
  const std::string why = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  const auto error = [&](std::string text) { return Error(Code::kUnavailable, text, why); };
  switch (code) {
    case CURLE_LOGIN_DENIED:
      return error(fmt::format(
          "the mail server {} does not take the user and password{}; check notifications.smtp.user "
          "and passwordRef",
          Server(), said));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return error(fmt::format(
          "the certificate of the mail server {} is not trusted; nothing was sent; check the "
          "address, or name its authority in notifications.smtp.caFile",
          Server()));
    case CURLE_USE_SSL_FAILED:
      return error(fmt::format(
          "the mail server {} offers no TLS; nothing was sent; check notifications.smtp.security "
          "and port",
          Server()));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return error(
          fmt::format("cannot connect to the mail server {}; check the address and that "
                      "it runs",
                      Server()));
    case CURLE_OPERATION_TIMEDOUT:
      return error(fmt::format("the mail server {} did not answer in time", Server()));
    default:
      break;
  }
  if (answered && exchange.stage == Stage::kSender)
    return error(
        fmt::format("the mail server {} refuses the sender{}; check "
                    "notifications.smtp.from",
                    Server(), said));
  return error(fmt::format("the connection to the mail server {} broke{}", Server(), said));
}

SmtpClient::SmtpClient(SmtpOptions options) : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_->options = std::move(options);
}

SmtpClient::~SmtpClient() = default;

Result<MailAnswer> SmtpClient::Send(OpContext& op, const MailMessage& message) {
  TRY_OK(op.Check());
  TRY(const std::string text, MailText(message));
  milliseconds limit = impl_->options.timeout;
  if (op.deadline() != OpContext::SteadyClock::time_point::max())
    limit = std::min(limit, std::chrono::duration_cast<milliseconds>(
                                op.deadline() - OpContext::SteadyClock::now()));
  limit = std::max(limit, milliseconds(1));
  const std::string url = impl_->Url(message);
  const std::string from = "<" + message.from.address + ">";
  const List recipients(curl_slist_append(nullptr, ("<" + message.to + ">").c_str()));

  const std::lock_guard lock(impl_->mutex);
  if (impl_->handle == nullptr) impl_->handle.reset(curl_easy_init());
  if (impl_->handle == nullptr || recipients == nullptr)
    return Error(Code::kUnavailable, "no memory for another connection");
  char detail[CURL_ERROR_SIZE] = "";
  Conversation exchange{.op = op, .text = text};
  impl_->Prepare(exchange, url, from, recipients.get(), limit, detail);
  const CURLcode code = curl_easy_perform(impl_->handle.get());
  if (code == CURLE_OK) {
    curl_easy_reset(impl_->handle.get());  // it knows this call's variables
    return MailAnswer{.reason = ReasonOf(exchange)};
  }
  auto failed = impl_->Failed(code, exchange, detail);
  // Whatever state the server is in now, the next message begins anew.
  impl_->handle.reset();
  TRY_OK(op.Check());
  return failed;
}

}  // namespace vams::net
