#include "objects/store_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "base/encoding.h"
#include "base/hash.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

constexpr std::size_t kMaxMetadataBytes = 2048;
constexpr std::size_t kMaxContentTypeBytes = 1024;
constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kMd5Bytes = 16;

bool IsMetadataName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

bool IsHeaderText(std::string_view text) {
  return IsUtf8(text) && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

Error PartError(std::string what) {
  return Error(Code::kInvalid,
               what +
                   "; the upload is as it was: list its parts, send what is missing, and "
                   "complete it again");
}

}  // namespace

// ---- store.h ----

std::string Describe(const ObjectId& object) {
  return fmt::format("{}/{}", object.bucket, object.key);
}

ByteSource SourceOf(std::string_view bytes) {
  return [bytes](char* to, std::size_t size) mutable -> Result<std::size_t> {
    const std::size_t count = std::min(size, bytes.size());
    if (count > 0) std::memcpy(to, bytes.data(), count);
    bytes.remove_prefix(count);
    return count;
  };
}

Result<std::vector<std::string>> ObjectStore::CreateUploads(OpContext& op,
                                                            std::span<const NewUpload> uploads) {
  std::vector<std::string> ids;
  for (const NewUpload& upload : uploads) {
    auto id = CreateUpload(op, upload.object, upload.metadata);
    if (!id.ok()) {
      for (const std::string& begun : ids) (void)AbortUpload(op, begun);
      return std::move(id).error();
    }
    ids.push_back(*std::move(id));
  }
  return ids;
}

Result<std::vector<Result<PartInfo>>> ObjectStore::PutParts(OpContext& op,
                                                            std::span<const PartBytes> parts) {
  std::vector<Result<PartInfo>> results;
  for (const PartBytes& part : parts) {
    auto put = PutPart(op, part.upload_id, part.number, SourceOf(part.bytes),
                       {.size = part.bytes.size(), .md5 = part.md5});
    if (!put.ok() && put.error().code != Code::kNotFound && put.error().code != Code::kInvalid)
      return std::move(put).error();
    results.push_back(std::move(put));
  }
  return results;
}

Result<std::vector<Result<StagedContent>>> ObjectStore::StageMany(
    OpContext& op, std::span<const ContentBytes> contents) {
  std::vector<Result<StagedContent>> results;
  for (const ContentBytes& content : contents) {
    auto staged = Stage(op, SourceOf(content.bytes), {.md5 = content.md5});
    if (!staged.ok() && staged.error().code != Code::kInvalid) return std::move(staged).error();
    results.push_back(std::move(staged));
  }
  return results;
}

Result<std::vector<std::optional<UploadWithParts>>> ObjectStore::FindUploads(
    OpContext& op, std::span<const std::string> upload_ids) {
  // One that ends between the calls is none.
  const auto find = [&](const std::string& id) -> Result<UploadWithParts> {
    UploadWithParts found;
    TRY(found.info, HeadUpload(op, id));
    std::string cursor;
    do {
      TRY(auto page, ListParts(op, id, cursor, kMaxPage));
      std::ranges::move(page.parts, std::back_inserter(found.parts));
      cursor = std::move(page.next);
    } while (!cursor.empty());
    return found;
  };
  std::vector<std::optional<UploadWithParts>> uploads;
  for (const std::string& id : upload_ids) {
    auto found = find(id);
    const bool none = !found.ok() && (found.error().code == Code::kNotFound ||
                                      found.error().code == Code::kInvalid);
    if (!found.ok() && !none) return std::move(found).error();
    if (none)
      uploads.emplace_back();
    else
      uploads.emplace_back(*std::move(found));
  }
  return uploads;
}

Result<VersionInfo> ObjectStore::PutBytes(OpContext& op, const ObjectId& object,
                                          std::string_view bytes, const ObjectMetadata& metadata,
                                          const PutCondition& condition) {
  return Put(op, object, SourceOf(bytes), {}, metadata, condition);
}

// ---- Checks ----

Status CheckObject(const ObjectId& object) {
  return tables::CheckObjectName(object.bucket, object.key);
}

Status CheckMetadata(const ObjectMetadata& metadata) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : metadata.user) {
    if (!IsMetadataName(name))
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" is no name of user metadata: those have lower-case letters, "
                               "digits, '-', '_' and '.'; use another name",
                               name));
    if (!IsHeaderText(value))
      return Error(Code::kInvalid, fmt::format("the user metadata {} has control characters or is "
                                               "no UTF-8; encode the value",
                                               name));
    bytes += name.size() + value.size();
  }
  if (bytes > kMaxMetadataBytes || metadata.content_type.size() > kMaxContentTypeBytes)
    return Error(Code::kTooLarge,
                 fmt::format("an object's user metadata has at most {} bytes and its content type "
                             "{}; shorten them",
                             kMaxMetadataBytes, kMaxContentTypeBytes));
  if (!IsHeaderText(metadata.content_type))
    return Error(Code::kInvalid, "the content type has control characters; send it without them");
  return Ok();
}

Status CheckLimit(std::size_t limit) {
  if (limit >= 1 && limit <= kMaxPage) return Ok();
  return Error(Code::kInvalid, fmt::format("a page has 1 to {} entries, not {}", kMaxPage, limit));
}

namespace {

Status CheckBound(std::string_view name, std::string_view text) {
  if (text.size() <= kMaxKeyBytes && IsUtf8(text)) return Ok();
  return Error(Code::kInvalid, fmt::format("{} of a listing is UTF-8 text of at most {} bytes; no "
                                           "key could match this one",
                                           name, kMaxKeyBytes));
}

}  // namespace

Status CheckListing(const ListRequest& request) {
  TRY_OK(CheckLimit(request.limit));
  TRY_OK(CheckObject({request.bucket, "key"}));
  TRY_OK(CheckBound("the prefix", request.prefix));
  TRY_OK(CheckBound("the delimiter", request.delimiter));
  return CheckBound("the start", request.start_after);
}

Status CheckListing(const ListVersionsRequest& request) {
  TRY_OK(CheckLimit(request.limit));
  TRY_OK(CheckObject({request.bucket, request.key.value_or("key")}));
  return CheckBound("the prefix", request.prefix);
}

Status CheckPartNumber(std::uint32_t number, const StoreTraits& traits) {
  if (number >= 1 && number <= traits.max_parts) return Ok();
  return Error(Code::kInvalid, fmt::format("a part has a number from 1 to {}, not {}; use larger "
                                           "parts if there are too many",
                                           traits.max_parts, number));
}

Status CheckContent(const ContentExpectation& expected, std::uint64_t size, std::string_view md5) {
  if (expected.size && *expected.size != size)
    return Error(Code::kInvalid, fmt::format("the content has {} bytes instead of {}; nothing was "
                                             "stored: send it again",
                                             size, *expected.size));
  if (expected.md5 && *expected.md5 != md5)
    return Error(Code::kInvalid,
                 fmt::format("the content has the MD5 digest {} instead of {}: it was damaged on "
                             "the way; nothing was stored: send it again",
                             md5, *expected.md5));
  return Ok();
}

Status CheckCondition(const ObjectId& object, const PutCondition& condition,
                      const std::optional<std::string>& current_etag) {
  switch (condition.op) {
    case PutCondition::Op::kNone:
      return Ok();
    case PutCondition::Op::kAbsent:
      if (!current_etag) return Ok();
      return Error(Code::kConflict, fmt::format("{} exists already, and nothing was stored; read "
                                                "it, or use another name",
                                                Describe(object)));
    case PutCondition::Op::kEtag:
      break;
  }
  const std::string_view wanted = BareEtag(condition.etag);
  if (current_etag && *current_etag == wanted) return Ok();
  return Error(
      Code::kConflict,
      fmt::format("{} {} instead of the ETag {}, and nothing was stored; read it again",
                  Describe(object),
                  current_etag ? "has the ETag " + *current_etag : "does not exist", wanted));
}

// ---- Values ----

std::string NewId(Random& random) {
  std::string bytes(kIdBytes, '\0');
  random.Fill(bytes.data(), bytes.size());
  return HexEncode(bytes);
}

std::string_view BareEtag(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    etag = etag.substr(1, etag.size() - 2);
  return etag;
}

std::optional<std::string> ComposeEtag(std::span<const PartEtag> parts) {
  Hasher md5(HashKind::kMd5);
  for (const PartEtag& part : parts) {
    const auto digest = HexDecode(BareEtag(part.etag));
    if (!digest || digest->size() != kMd5Bytes) return std::nullopt;
    md5.Update(*digest);
  }
  return fmt::format("{}-{}", HexEncode(md5.Finish()), parts.size());
}

Result<std::vector<PartInfo>> ChooseParts(std::span<const PartEtag> wanted,
                                          std::span<const PartInfo> stored,
                                          const StoreTraits& traits) {
  if (wanted.empty())
    return PartError("an upload is completed with one part at least, and none was named");
  std::vector<PartInfo> chosen;
  chosen.reserve(wanted.size());
  for (const PartEtag& part : wanted) {
    if (!chosen.empty() && part.number <= chosen.back().number)
      return PartError(
          fmt::format("part {} is named behind part {}: parts are named once, in "
                      "ascending order",
                      part.number, chosen.back().number));
    const auto at = std::ranges::lower_bound(stored, part.number, {}, &PartInfo::number);
    if (at == stored.end() || at->number != part.number)
      return PartError(fmt::format("part {} was not uploaded", part.number));
    if (at->etag != BareEtag(part.etag))
      return PartError(fmt::format("part {} has the ETag {} instead of {}", part.number, at->etag,
                                   BareEtag(part.etag)));
    if (!chosen.empty() && chosen.back().size < traits.min_part_bytes)
      return PartError(fmt::format("part {} has {} bytes: all but the last have {} at least",
                                   chosen.back().number, chosen.back().size,
                                   traits.min_part_bytes));
    chosen.push_back(*at);
  }
  return chosen;
}

namespace {
// What is copied or moved in the same way.
template <typename Version>
VersionInfo MakeInfo(Version&& version) {
  VersionInfo info;
  info.object = {std::forward<Version>(version).bucket, std::forward<Version>(version).key};
  info.version_id = std::forward<Version>(version).version_id;
  info.is_latest = version.is_latest;
  info.is_delete_marker = version.is_delete_marker;
  info.last_modified_millis = version.last_modified_millis;
  if (version.is_delete_marker) return info;
  info.present = version.present();
  info.size = version.size;
  if (version.etag) info.etag = *std::forward<Version>(version).etag;
  if (version.content_type)
    info.metadata.content_type = *std::forward<Version>(version).content_type;
  if (version.user_metadata) info.metadata.user = *std::forward<Version>(version).user_metadata;
  return info;
}
}  // namespace

VersionInfo InfoOf(const ObjectVersion& version) { return MakeInfo(version); }
VersionInfo InfoOf(ObjectVersion&& version) { return MakeInfo(std::move(version)); }

ObjectVersion NewVersion(const ObjectId& object, std::string version_id, std::int64_t now_millis) {
  ObjectVersion version;
  version.bucket = object.bucket;
  version.key = object.key;
  version.version_id = std::move(version_id);
  version.state = ObjectVersion::State::kPresent;
  version.last_modified_millis = now_millis;
  return version;
}

ObjectVersion NewMarker(const ObjectId& object, std::string version_id, std::int64_t now_millis) {
  ObjectVersion marker;
  marker.bucket = object.bucket;
  marker.key = object.key;
  marker.version_id = std::move(version_id);
  marker.is_delete_marker = true;
  marker.last_modified_millis = now_millis;
  return marker;
}

void SetMetadata(ObjectVersion& version, const ObjectMetadata& metadata) {
  version.user_metadata = metadata.user;
  version.content_type.reset();
  if (!metadata.content_type.empty()) version.content_type = metadata.content_type;
}

// ---- Errors ----

Error NoObject(const ObjectId& object) {
  return Error(Code::kNotFound, fmt::format("there is no object {}; list the bucket to see what "
                                            "there is",
                                            Describe(object)));
}

Error NoVersion(const ObjectId& object, std::string_view version_id) {
  return Error(Code::kNotFound, fmt::format("{} has no version {}; list its versions to see which "
                                            "there are",
                                            Describe(object), version_id));
}

Error NoUpload(std::string_view upload_id) {
  return Error(Code::kNotFound,
               fmt::format("there is no unfinished upload {}: it was never begun, or was completed "
                           "or aborted; begin a new one",
                           upload_id));
}

Error BytesNotHere(const ObjectVersion& version) {
  return Error(Code::kNotFound,
               fmt::format("the bytes of {} are not here: the object is known from an imported "
                           "listing; import its bytes",
                           Describe(version)));
}

Error NotReadable(const ObjectVersion& marker) {
  return Error(Code::kNotFound, fmt::format("{} is a delete marker and has no content; name an "
                                            "older version",
                                            Describe(marker)));
}

// ---- Listing ----

std::string MakeCursor(std::int64_t number, std::string_view text) {
  return Base64Encode(fmt::format("{}:{}", number, text));
}

Result<std::pair<std::int64_t, std::string>> ReadCursor(std::string_view cursor) {
  const Error fault(Code::kInvalid,
                    "the cursor is not one that a listing gave out; list from the "
                    "beginning");
  const auto plain = Base64Decode(cursor);
  if (!plain) return fault;
  const auto colon = plain->find(':');
  if (colon == std::string::npos) return fault;
  std::int64_t number = 0;
  const char* const end = plain->data() + colon;
  const auto [stop, error] = std::from_chars(plain->data(), end, number);
  if (error != std::errc() || stop != end || number < 0) return fault;
  std::string text = plain->substr(colon + 1);
  if (!IsUtf8(text)) return fault;
  return std::pair(number, std::move(text));
}

std::optional<std::string> CommonPrefix(std::string_view key, std::string_view prefix,
                                        std::string_view delimiter) {
  if (delimiter.empty()) return std::nullopt;
  const auto at = key.find(delimiter, prefix.size());
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(key.substr(0, at + delimiter.size()));
}

}  // namespace vams::objects
