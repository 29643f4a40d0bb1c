#include "tables/system_tables.h"

#include <fmt/format.h>

#include <vector>

#include "base/encoding.h"

namespace vams::tables {

namespace {

using items::Kind;

constexpr std::size_t kMaxBucketBytes = 255;
constexpr std::size_t kMaxKeyBytes = 1024;

items::TableSpec ObjectVersions() {
  items::TableSpec spec{.name = std::string(kObjectVersionsTable),
                        .partition = {"object", Kind::kS},
                        .sort = {"sequence", Kind::kN},
                        .indexes = {},
                        .ttl_attribute = {}};
  // A local index: reading one version by its id must see the commit before it.
  spec.indexes.push_back({.name = "versionId",
                          .partition = spec.partition,
                          .sort = {"versionId", Kind::kS},
                          .projection = items::IndexSpec::Projection::kAll,
                          .included = {},
                          .local = true});
  return spec;
}

items::TableSpec Objects() {
  return {.name = std::string(kObjectsTable),
          .partition = {"bucket", Kind::kS},
          .sort = {"key", Kind::kS},
          .indexes = {},
          .ttl_attribute = {}};
}

items::TableSpec UploadParts() {
  return {.name = std::string(kUploadPartsTable),
          .partition = {"uploadId", Kind::kS},
          .sort = {"number", Kind::kN},
          .indexes = {},
          .ttl_attribute = {}};
}

items::TableSpec Residue() {
  return {.name = std::string(kResidueTable),
          .partition = {"scope", Kind::kS},
          .sort = {"key", Kind::kB},
          .indexes = {},
          .ttl_attribute = {}};
}

items::TableSpec Findings() {
  return {.name = std::string(kFindingsTable),
          .partition = {"scope", Kind::kS},
          .sort = {"record", Kind::kB},
          .indexes = {},
          .ttl_attribute = {}};
}

// A table with text keys; `sort` and `ttl` may be empty.
items::TableSpec Keyed(std::string_view name, std::string partition, std::string sort,
                       std::string ttl) {
  return {.name = std::string(name),
          .partition = {std::move(partition), Kind::kS},
          .sort = {std::move(sort), Kind::kS},
          .indexes = {},
          .ttl_attribute = std::move(ttl)};
}

}  // namespace

std::span<const items::TableSpec> SystemTables() {
  static const std::vector<items::TableSpec> specs = {
      // How far a standby has followed: lifecycle/ab/state.h.
      Keyed("sys.ab", "name", "", ""),
      Keyed(kAccountsTable, "userId", "", ""),
      Keyed(kArchivedObjectsTable, "asset", "key", ""),
      Keyed(kAssetMarksTable, "asset", "", ""),
      Keyed(kFolderFilesTable, "bucket", "key", ""),
      Keyed(kChallengesTable, "session", "", "expiresAt"),
      Keyed(kLoginFailuresTable, "subject", "", "expiresAt"),
      Keyed(kMailAddressesTable, "address", "", ""),
      Keyed(kMailsTable, "address", "mail", ""),
      Findings(),
      Residue(),
      Keyed(kNamesTable, "scope", "name", ""),
      Keyed(kNoticesTable, "asset", "notice", ""),
      ObjectVersions(),
      Objects(),
      Keyed(kSeedsTable, "table", "key", ""),
      Keyed(kSessionsTable, "userId", "sessionId", "expiresAt"),
      Keyed(kSigningKeysTable, "keyId", "", ""),
      UploadParts(),
      Keyed(kUploadsTable, "uploadId", "", ""),
      Keyed(kUrlKeysTable, "keyId", "", ""),
  };
  return specs;
}

const items::TableSpec* FindSystemTable(std::string_view name) {
  for (const auto& spec : SystemTables())
    if (spec.name == name) return &spec;
  return nullptr;
}

Status CheckObjectName(std::string_view bucket, std::string_view key) {
  if (bucket.empty() || bucket.size() > kMaxBucketBytes || bucket.contains('/') || !IsUtf8(bucket))
    return Error(
        Code::kInvalid,
        fmt::format("a bucket name is UTF-8 text of 1 to {} bytes without '/'; use another name",
                    kMaxBucketBytes));
  if (key.empty() || !IsUtf8(key))
    return Error(Code::kInvalid, "an object key is non-empty UTF-8 text; use another key");
  if (key.size() > kMaxKeyBytes)
    return Error(Code::kTooLarge,
                 fmt::format("an object key has at most {} bytes, this one has {}; "
                             "shorten the path",
                             kMaxKeyBytes, key.size()));
  return Ok();
}

std::string ObjectPath(std::string_view bucket, std::string_view key) {
  return fmt::format("{}/{}", bucket, key);
}

}  // namespace vams::tables
