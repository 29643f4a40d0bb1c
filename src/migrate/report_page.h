// Pieces of a migration's report as a page: one look for self-hosted stacks and for tables
// elsewhere. Spec: lifecycle.md section 8.  Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "migrate/verify.h"

namespace vams::migrate {

std::string Escaped(std::string_view text);
std::string Grouped(std::uint64_t number);  // 1,234,567
std::string Seconds(std::int64_t millis);   // 1.2 s

// Up to the page's heading and the line below it; the caller closes with "</html>".
std::string PageHead(std::string_view title, std::string_view heading, std::string_view lead);
void AppendLeg(std::string& out, const LegOutcome& leg);
void AppendVerification(std::string& out, const std::string& leg, const Verification& verification);

}  // namespace vams::migrate
