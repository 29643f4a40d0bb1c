// Masking: JSON as text with everything secret replaced by "<redacted>", by the rules of
// docs/formats/audit-log.md (api-auth.md section 11.2).  Pure functions; never blocks.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace vams::audit {

// Appends the object as compact JSON: masked, long texts cut, well-formed UTF-8 in one line.
void AppendMasked(std::string& out, const boost::json::object& object);

// The text with the keys, tokens and secret parameters in it replaced.
std::string MaskText(std::string_view text);

// Whether values under this name are secret, whatever they are.
bool IsSecretName(std::string_view name);

// Appends a JSON text; what is no UTF-8 becomes U+FFFD.
void AppendJsonText(std::string& out, std::string_view text);

}  // namespace vams::audit
