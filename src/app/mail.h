// Mail as the configuration describes it: the server, and what the notifier is to write.
//
// Thread-safe (no state).  Reads the password's file or variable.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/services.h"
#include "base/result.h"
#include "config/config.h"
#include "net/smtp.h"
#include "notify/notifier.h"

namespace vams::app {

// Null without a host.  kInvalid for a password that cannot be read; the message does not hold it.
Result<std::unique_ptr<net::MailTransport>> MailServerOf(const config::Config& config);

// `url` is where links lead if the configuration does not say.
Result<notify::NotifierOptions> NotifierOptionsOf(const config::Config& config,
                                                  const api::Settings& settings,
                                                  const std::string& url);

// Sends temporary passwords over a connection of their own, at once: they are never stored.
std::function<Status(OpContext&, const api::Services::PasswordMail&)> PasswordMailerOf(
    std::shared_ptr<net::MailTransport> server, const notify::NotifierOptions& options,
    const Clock& clock, Random& random);

}  // namespace vams::app
