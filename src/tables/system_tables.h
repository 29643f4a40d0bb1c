// The tables that belong to the product and to no data version: "sys.…".  They live in the same
// item store as the data, so that they commit together with it; migrations carry them over
// unchanged, exports and digests leave them out, backups hold them.  For the module that owns each
// table and for whoever creates a store.  Format: docs/formats/system-tables.md.
//
// Thread-safe (constant data, pure functions).  No I/O.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "items/table_spec.h"

namespace vams::tables {

// One record per object that has versions: what its newest version is.
inline constexpr std::string_view kObjectsTable = "sys.objects";
// One record per object version.
inline constexpr std::string_view kObjectVersionsTable = "sys.object-versions";
// Multipart uploads and their parts: objects/local.
inline constexpr std::string_view kUploadsTable = "sys.uploads";
inline constexpr std::string_view kUploadPartsTable = "sys.upload-parts";
// What migrations lost on the way, one record per record of the other shape (migrate/unit.h).
inline constexpr std::string_view kResidueTable = "sys.migration-residue";
// Quarantined records and what the operator was told about others.
inline constexpr std::string_view kFindingsTable = "sys.migration-findings";

// Built-in accounts: identity/accounts.h.
inline constexpr std::string_view kAccountsTable = "sys.accounts";
// Logins that can be refreshed, challenges that wait for their answer, failures that are counted,
// and the keys that sign tokens: identity/sessions.h.
inline constexpr std::string_view kSessionsTable = "sys.sessions";
inline constexpr std::string_view kChallengesTable = "sys.login-challenges";
inline constexpr std::string_view kLoginFailuresTable = "sys.login-failures";
inline constexpr std::string_view kSigningKeysTable = "sys.signing-keys";
// Names that only one record may have where the data's own tables cannot enforce it:
// identity/api_keys.h.
inline constexpr std::string_view kNamesTable = "sys.names";
// What a stack was seeded with, to tell a default from what somebody edited: catalog/seed.h.
inline constexpr std::string_view kSeedsTable = "sys.seeds";
// How often what belongs to an asset was changed, and which objects its archiving marked:
// catalog/asset_marks.h.
inline constexpr std::string_view kAssetMarksTable = "sys.asset-marks";
inline constexpr std::string_view kArchivedObjectsTable = "sys.archived-objects";
// What an external folder and its bucket had in common last: folders/folder_sync.h.
inline constexpr std::string_view kFolderFilesTable = "sys.folder-files";
// Addresses that asked for mail, changes that have to be told, and mails that wait to be sent:
// catalog/mail_addresses.h, catalog/notices.h, catalog/mails.h.
inline constexpr std::string_view kMailAddressesTable = "sys.mail-addresses";
inline constexpr std::string_view kNoticesTable = "sys.notices";
inline constexpr std::string_view kMailsTable = "sys.mails";
// The keys that sign object URLs: objects/signed_url.h.
inline constexpr std::string_view kUrlKeysTable = "sys.url-keys";

// All of them, by name.
std::span<const items::TableSpec> SystemTables();

// nullptr if there is no such system table.
const items::TableSpec* FindSystemTable(std::string_view name);

// A bucket is 1 to 255 bytes of UTF-8 without '/', a key 1 to 1024 bytes of UTF-8.  kInvalid, or
// kTooLarge for a key past the limit.
Status CheckObjectName(std::string_view bucket, std::string_view key);

// The partition of an object's versions: "<bucket>/<key>".  Unambiguous, because a bucket has no
// '/', and below the 2048 bytes that a partition key may have.
std::string ObjectPath(std::string_view bucket, std::string_view key);

}  // namespace vams::tables
