// The pages behind the links of mails: confirming an address, and no longer being told.  They are
// for people without an account; a link alone changes nothing, because programs open links too: the
// page's button does (and a mail program's own, RFC 8058).
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "catalog/mail_addresses.h"
#include "http/message.h"

namespace vams::api {

// `stack` is what the stack is called; `token` is of a link that was found good.
http::Response ConfirmationPage(catalog::LinkState state, std::string_view stack,
                                std::string_view token);
http::Response ConfirmedPage(catalog::LinkState state, std::string_view stack);

http::Response UnsubscribePage(const catalog::UnsubscribeLink& link, std::string_view stack,
                               std::string_view token);
http::Response UnsubscribedPage(const catalog::UnsubscribeLink& link, std::string_view stack);
http::Response UnknownUnsubscribePage(std::string_view stack);

}  // namespace vams::api
