// The texts of mails: the request to confirm an address, and what happened to assets that somebody
// follows.  Spec: api-metadata.md section 15.  Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/mails.h"

namespace vams::notify {

struct Text {
  std::string subject;
  std::string body;
};

// The mail that holds the link for confirming, "https://…/subscriptions/confirm?token=…".
Text ConfirmationText(std::string_view stack, std::string_view link);

// To somebody who got an account, or a new password.
Text PasswordText(std::string_view stack, std::string_view user, std::string_view password,
                  std::string_view web_url);

// An asset of a mail, as it is when the mail is sent.
struct DigestAsset {
  std::string database_id, asset_id, name, current_version;
  std::string web_link;          // empty: none
  std::string unsubscribe_link;  // ends mail about this asset
  std::vector<catalog::MailLine> lines;
};

struct Digest {
  std::string stack;
  std::string to;
  std::vector<DigestAsset> assets;  // one at least
  std::uint64_t more = 0;           // changes that are not listed
  std::string unsubscribe_link;     // ends all mail; used where there are several assets
};
Text DigestText(const Digest& digest);

// Subjects have at most so many characters.
inline constexpr std::size_t kMostSubject = 100;

}  // namespace vams::notify
