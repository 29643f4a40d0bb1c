// The named validators of the wire contract: what a name, a user id, an address may look like, and
// the sentence that says so.  Spec: api-auth.md section 1.3.  Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vams::model {

// Nothing if the value will do, else the whole sentence, which begins with the field's name.
using Complaint = std::optional<std::string>;

// Of databases, pipelines, workflows: 3 to 63 letters, digits, "-" and "_", not "global".
// Spec: api-assets.md section 1.7, ID.
Complaint CheckId(std::string_view field, std::string_view value);
Complaint CheckObjectName(std::string_view field, std::string_view value);
Complaint CheckUserId(std::string_view field, std::string_view value);
Complaint CheckEmail(std::string_view field, std::string_view value);
// Of assets: ASSET_ID, with the driver's rules (not empty, not "global").
Complaint CheckAssetId(std::string_view field, std::string_view value);
// RELATIVE_FILE_PATH: "/dir/file", no "..".
Complaint CheckRelativePath(std::string_view field, std::string_view value);
// ASSET_AUXILIARYPREVIEW_PATH: "dir/file.e57/preview/rest".
Complaint CheckAuxiliaryPath(std::string_view field, std::string_view value);
// NUMBER: what Python's float() takes.
Complaint CheckNumber(std::string_view field, std::string_view value);
Complaint CheckUuid(std::string_view field, std::string_view value);
// Lengths count code points.
Complaint CheckAtMost256(std::string_view field, std::string_view value);
// E.164, 10 to 15 digits behind the plus sign.
Complaint CheckPhone(std::string_view field, std::string_view value);
// "global" in any case and with blanks around it: refused, or to be written GLOBAL.
Complaint CheckNotGlobal(std::string_view field, std::string_view value);
Complaint CheckGlobalSpelling(std::string_view field, std::string_view value);

// Code points of UTF-8 text.
std::size_t Length(std::string_view text);

}  // namespace vams::model
