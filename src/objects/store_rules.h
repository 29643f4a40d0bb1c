// What every engine of the object store checks and computes in the same way.  Internal to objects.
//
// Pure functions; thread-safe; no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "objects/store.h"

namespace vams::objects {

inline constexpr std::size_t kMaxPage = 1000;

// kInvalid, kTooLarge.
Status CheckObject(const ObjectId& object);
Status CheckMetadata(const ObjectMetadata& metadata);
Status CheckLimit(std::size_t limit);
Status CheckListing(const ListRequest& request);
Status CheckListing(const ListVersionsRequest& request);
Status CheckPartNumber(std::uint32_t number, const StoreTraits& traits);
// kInvalid: "the content has 4 bytes instead of 5 …".
Status CheckContent(const ContentExpectation& expected, std::uint64_t size, std::string_view md5);
// kConflict, saying what is there.  `current_etag`: nothing where no object is current.
Status CheckCondition(const ObjectId& object, const PutCondition& condition,
                      const std::optional<std::string>& current_etag);

// 32 hexadecimal digits.
std::string NewId(Random& random);
// Without the quotes around it.
std::string_view BareEtag(std::string_view etag);
// Of a completed upload.  Nothing unless every part's ETag is an MD5 digest.
std::optional<std::string> ComposeEtag(std::span<const PartEtag> parts);

// Which of the stored parts (by number) an upload is completed with, in order.  kInvalid.
Result<std::vector<PartInfo>> ChooseParts(std::span<const PartEtag> wanted,
                                          std::span<const PartInfo> stored,
                                          const StoreTraits& traits);

// ObjectVersion is how engines keep a version.
VersionInfo InfoOf(const ObjectVersion& version);
VersionInfo InfoOf(ObjectVersion&& version);
// A new version of the object, present and without content yet.
ObjectVersion NewVersion(const ObjectId& object, std::string version_id, std::int64_t now_millis);
ObjectVersion NewMarker(const ObjectId& object, std::string version_id, std::int64_t now_millis);
void SetMetadata(ObjectVersion& version, const ObjectMetadata& metadata);

// kNotFound, in the same words everywhere.
Error NoObject(const ObjectId& object);
Error NoVersion(const ObjectId& object, std::string_view version_id);
Error NoUpload(std::string_view upload_id);
Error BytesNotHere(const ObjectVersion& version);
Error NotReadable(const ObjectVersion& marker);

// A cursor holds a number and a text.  kInvalid for what no engine gave out.
std::string MakeCursor(std::int64_t number, std::string_view text);
Result<std::pair<std::int64_t, std::string>> ReadCursor(std::string_view cursor);

// Which common prefix a key is rolled up to, if any.
std::optional<std::string> CommonPrefix(std::string_view key, std::string_view prefix,
                                        std::string_view delimiter);

}  // namespace vams::objects
