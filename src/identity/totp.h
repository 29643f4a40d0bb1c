// Time-based one-time passwords (RFC 6238 over RFC 4226: SHA-1, 6 digits, 30 s) and recovery codes.
// For accounts.cc.  Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace vams::identity {

inline constexpr std::size_t kTotpSecretBytes = 20;
inline constexpr std::int64_t kTotpStepSeconds = 30;

// The code of a 30-second step, `digits` long (RFC 4226 section 5.3).
std::string TotpCode(std::string_view secret, std::int64_t step, int digits = 6);

// The step that `code` belongs to, out of the present one and those beside it, if it is later than
// `last_used`.  Takes the same time whichever matches.
std::optional<std::int64_t> MatchTotp(std::string_view secret, std::string_view code,
                                      std::int64_t now_seconds, std::int64_t last_used);

// RFC 4648 section 6, without padding.
std::string Base32Encode(std::string_view bytes);

// What authenticator apps read from a QR code.
std::string TotpUri(std::string_view issuer, std::string_view user, std::string_view secret_base32);

// 80 random bits as "XXXX-XXXX-XXXX-XXXX", and what a user may have made of it: letters of either
// case, with or without dashes and blanks, to its one form.  Nothing if it cannot be one.
std::string MakeRecoveryCode(Random& random);
std::optional<std::string> RecoveryCodeForm(std::string_view typed);

}  // namespace vams::identity
