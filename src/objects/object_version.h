// One version of an object, and the records that keep it: tables sys.objects and
// sys.object-versions.  For whoever imports, exports, stores or migrates objects.
// Format: docs/formats/system-tables.md; spec: lifecycle.md section 4.
//
// Plain values and pure functions; thread-safe; no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "items/value.h"
#include "tables/system_tables.h"

namespace vams::objects {

// The id of the version that an object has in a bucket without versioning.
inline constexpr std::string_view kNullVersion = "null";

// A piece of content in the blob store.
struct BlobRef {
  std::string sha256;  // lower-case hexadecimal
  std::uint64_t size = 0;
  friend bool operator==(const BlobRef&, const BlobRef&) = default;
};

using UserMetadata = std::map<std::string, std::string>;

struct ObjectVersion {
  // Whether the bytes are here, or known from a listing only.
  enum class State : std::uint8_t { kAbsent, kPresent };

  std::string bucket;
  std::string key;
  std::string version_id;
  // Place in the object's history, greater is newer; 0 as long as the version is in no store.
  std::int64_t sequence = 0;
  bool is_delete_marker = false;  // then only the members above and last_modified_millis count
  bool is_latest = false;         // not stored: follows from the object's record
  State state = State::kAbsent;
  std::uint64_t size = 0;
  std::optional<std::string> etag;  // without quotes
  std::optional<std::int64_t> last_modified_millis;
  std::optional<UserMetadata> user_metadata;  // nothing: not known; empty: known to be none
  std::optional<std::string> content_type;
  // Of a present version: the blob of its content, or the blobs that follow each other.
  std::string sha256;
  std::vector<BlobRef> blobs;

  bool present() const { return state == State::kPresent; }
  friend bool operator==(const ObjectVersion&, const ObjectVersion&) = default;
};

// The content of a present version, in order.
std::vector<BlobRef> BlobsOf(const ObjectVersion& version);

// The compact form of `blobs` that versions of very many blobs have: 40 bytes for each.  What is
// behind the last whole entry is ignored.
std::vector<BlobRef> UnpackBlobs(std::string_view packed);

// The tables, as requests and writes name them.
inline const std::string kObjectRows{tables::kObjectsTable};
inline const std::string kVersionRows{tables::kObjectVersionsTable};

// What sys.objects says about an object.
struct ObjectRecord {
  ObjectVersion newest;
  std::int64_t next = 1;      // the sequence of the next version
  std::int64_t versions = 0;  // how many version records there are
  friend bool operator==(const ObjectRecord&, const ObjectRecord&) = default;
};

// Items as documented.  Precondition: sizes are below 2^63.
items::Item VersionItem(const ObjectVersion& version);
items::Item ObjectItem(const ObjectRecord& record);
// The keys of these records.
items::Item ObjectKey(std::string_view bucket, std::string_view key);
items::Item VersionKey(std::string_view bucket, std::string_view key, std::int64_t sequence);

// kCorrupt, naming the object and the attribute, for a record that is not as documented.
// `is_latest` is false: only the object's record knows.
Result<ObjectVersion> VersionFromItem(const items::Item& item);
Result<ObjectRecord> ObjectFromItem(const items::Item& item);

// "bucket/key (version v)", for messages.
std::string Describe(const ObjectVersion& version);

// 1 to 1024 bytes of UTF-8: what a version id must be to be a key.  kInvalid.
Status CheckVersionId(std::string_view version_id);

}  // namespace vams::objects
