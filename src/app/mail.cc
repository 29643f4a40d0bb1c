#include "app/mail.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "app/secret.h"
#include "notify/digest.h"

namespace vams::app {

namespace {

constexpr std::string_view kPassword = "notifications.smtp.passwordRef";
// Somebody waits for the answer.
constexpr std::chrono::seconds kPasswordLimit{20};
constexpr std::chrono::seconds kShortestRetry{1};
constexpr std::chrono::seconds kLongestFirstRetry{60};

net::SmtpSecurity SecurityOf(config::MailSecurity security) {
  switch (security) {
    case config::MailSecurity::kNone:
      return net::SmtpSecurity::kNone;
    case config::MailSecurity::kStarttls:
      return net::SmtpSecurity::kStarttls;
    case config::MailSecurity::kTls:
      break;
  }
  return net::SmtpSecurity::kTls;
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Result<std::unique_ptr<net::MailTransport>> MailServerOf(const config::Config& config) {
  const config::Smtp& smtp = config.notifications.smtp;
  if (smtp.host.empty()) return std::unique_ptr<net::MailTransport>();
  net::SmtpOptions options{.host = smtp.host,
                           .port = smtp.port,
                           .security = SecurityOf(smtp.security),
                           .user = smtp.user,
                           .password = {},
                           .ca_file = smtp.ca_file};
  if (!smtp.user.empty()) {
    TRY(options.password, ReadSecret(kPassword, smtp.password_ref));
  }
  return std::unique_ptr<net::MailTransport>(std::make_unique<net::SmtpClient>(std::move(options)));
}

Result<notify::NotifierOptions> NotifierOptionsOf(const config::Config& config,
                                                  const api::Settings& settings,
                                                  const std::string& url) {
  const config::Notifications& mail = config.notifications;
  notify::NotifierOptions options;
  if (!mail.smtp.host.empty()) {
    auto from = net::ParseMailBox(mail.smtp.from);
    if (!from)
      return Error(Code::kInvalid,
                   fmt::format("notifications.smtp.from is \"{}\", which is no address that mail "
                               "can come from; set it to one such as vams@example.com or VAMS "
                               "<vams@example.com>",
                               mail.smtp.from));
    options.from = *std::move(from);
  }
  options.stack = fmt::format("{} ({})", config.name, settings.stack_name);
  const std::string& known = mail.public_url.empty() ? settings.public_url : mail.public_url;
  options.web_url = WithoutSlash(known);
  options.link_url = known.empty() ? WithoutSlash(url) : options.web_url;
  options.digest = std::chrono::seconds(mail.digest_seconds);
  options.first_retry =
      std::clamp<std::chrono::milliseconds>(options.digest, kShortestRetry, kLongestFirstRetry);
  return options;
}

std::function<Status(OpContext&, const api::Services::PasswordMail&)> PasswordMailerOf(
    std::shared_ptr<net::MailTransport> server, const notify::NotifierOptions& options,
    const Clock& clock, Random& random) {
  return [server = std::move(server), options, &clock, &random](
             OpContext& op, const api::Services::PasswordMail& mail) -> Status {
    TRY_OK(op.Check());
    OpContext limited(std::min(op.deadline(), OpContext::SteadyClock::now() + kPasswordLimit));
    const notify::Text text =
        notify::PasswordText(options.stack, mail.user, mail.password, options.link_url);
    TRY(const auto answer, server->Send(limited, {.from = options.from,
                                                  .to = mail.to,
                                                  .subject = text.subject,
                                                  .text = text.body,
                                                  .id = "p" + NewUuid(random),
                                                  .sent_millis = clock.NowMillis(),
                                                  .unsubscribe_url = {}}));
    if (answer.outcome == net::MailAnswer::Outcome::kAccepted) return Ok();
    return Error(Code::kUnavailable, "the mail server did not take the mail: " + answer.reason);
  };
}

}  // namespace vams::app
