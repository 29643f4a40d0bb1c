#include "objects/object_version.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

using items::Item;
using items::Kind;
using items::Value;

constexpr std::size_t kMaxVersionIdBytes = 1024;
constexpr std::size_t kShaDigits = 64;

// A list of more blobs takes the compact form: 10,000 maps would pass what an item may have.
constexpr std::size_t kMaxListedBlobs = 1000;
constexpr std::size_t kShaBytes = 32;
constexpr std::size_t kPackedBlob = kShaBytes + 8;

// Digest and size, 40 bytes each.
std::string PackBlobs(const std::vector<BlobRef>& blobs) {
  std::string packed;
  packed.reserve(blobs.size() * kPackedBlob);
  for (const BlobRef& blob : blobs) {
    packed += HexDecode(blob.sha256).value_or(std::string(kShaBytes, '\0'));
    for (int shift = 56; shift >= 0; shift -= 8)
      packed.push_back(static_cast<char>(blob.size >> shift));
  }
  return packed;
}

Value Size(std::uint64_t size) { return Value::N(static_cast<std::int64_t>(size)); }

// What both tables hold of a version, from `versionId` on.
void AddVersion(Item& item, const ObjectVersion& version) {
  item.Set("versionId", Value::S(version.version_id));
  item.Set("isDeleteMarker", Value::Bool(version.is_delete_marker));
  if (version.last_modified_millis)
    item.Set("lastModified", Value::N(*version.last_modified_millis));
  if (version.is_delete_marker) return;
  item.Set("state", Value::S(version.present() ? "present" : "absent"));
  item.Set("size", Size(version.size));
  if (version.etag) item.Set("etag", Value::S(*version.etag));
  if (version.content_type) item.Set("contentType", Value::S(*version.content_type));
  if (version.user_metadata) {
    Item metadata;
    for (const auto& [name, value] : *version.user_metadata) metadata.Set(name, Value::S(value));
    item.Set("metadata", Value::M(std::move(metadata)));
  }
  if (!version.present()) return;
  if (version.blobs.empty()) {
    item.Set("sha256", Value::S(version.sha256));
    return;
  }
  if (version.blobs.size() > kMaxListedBlobs) {
    item.Set("blobs", Value::B(PackBlobs(version.blobs)));
    return;
  }
  Value::List blobs;
  for (const BlobRef& blob : version.blobs)
    blobs.push_back(Value::M(Item{{"sha256", Value::S(blob.sha256)}, {"size", Size(blob.size)}}));
  item.Set("blobs", Value::L(std::move(blobs)));
}

// Reads the attributes of one record; the first fault is kept.
class RecordReader {
 public:
  RecordReader(const Item& item, std::string name) : item_(item), name_(std::move(name)) {}

  const Value* Find(std::string_view attribute, Kind kind, bool required) {
    const Value* value = item_.Find(attribute);
    if (value == nullptr) {
      if (required) Fail(attribute, "is missing");
      return nullptr;
    }
    if (value->is(kind)) return value;
    Fail(attribute,
         fmt::format("is of kind {} instead of {}", KindName(value->kind()), KindName(kind)));
    return nullptr;
  }
  const Value* FindAny(std::string_view attribute) const { return item_.Find(attribute); }
  std::string Text(std::string_view attribute) {
    const Value* value = Find(attribute, Kind::kS, true);
    if (value != nullptr && value->text().empty()) Fail(attribute, "is empty");
    return value != nullptr ? value->text() : std::string();
  }
  // A whole number of at least `least`.
  std::int64_t Number(std::string_view attribute, std::int64_t least) {
    const Value* value = Find(attribute, Kind::kN, true);
    return value != nullptr ? Whole(attribute, value->text(), least) : least;
  }
  std::int64_t Whole(std::string_view attribute, std::string_view text, std::int64_t least) {
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stop != text.data() + text.size() || number < least)
      Fail(attribute, fmt::format("is {}, which is no whole number of at least {}", text, least));
    return number;
  }
  std::string Digest(std::string_view attribute, std::string_view text) {
    if (text.size() != kShaDigits || text.find_first_not_of("0123456789abcdef") != text.npos)
      Fail(attribute, "is no SHA-256 digest in lower-case hexadecimal");
    return std::string(text);
  }
  void Fail(std::string_view attribute, std::string_view what) {
    if (!fault_)
      fault_ = Error(Code::kCorrupt, fmt::format("the record of object {} is damaged: {} {}; run a "
                                                 "verification, or restore a backup",
                                                 name_, attribute, what));
  }
  Status status() const { return fault_ ? Status(*fault_) : Ok(); }

 private:
  const Item& item_;
  std::string name_;
  std::optional<Error> fault_;
};

void ReadListed(RecordReader& reader, const Value& blobs, ObjectVersion& version) {
  for (const Value& entry : blobs.list()) {
    const Value* size = entry.is(Kind::kM) ? entry.map().Find("size") : nullptr;
    if (size == nullptr || !size->is(Kind::kN)) {
      reader.Fail("blobs", "has an entry without a size");
      return;
    }
    version.blobs.push_back({reader.Digest("blobs", entry.map().Text("sha256")),
                             static_cast<std::uint64_t>(reader.Whole("blobs", size->text(), 0))});
  }
}

void ReadContent(RecordReader& reader, ObjectVersion& version) {
  const Value* sha256 = reader.Find("sha256", Kind::kS, false);
  const Value* blobs = reader.FindAny("blobs");
  if ((sha256 != nullptr) == (blobs != nullptr)) {
    reader.Fail("sha256", "and blobs: exactly one of them is needed for a present version");
    return;
  }
  if (sha256 != nullptr) {
    version.sha256 = reader.Digest("sha256", sha256->text());
    return;
  }
  if (blobs->is(Kind::kL))
    ReadListed(reader, *blobs, version);
  else if (blobs->is(Kind::kB) && blobs->text().size() % kPackedBlob == 0)
    version.blobs = UnpackBlobs(blobs->text());
  std::uint64_t total = 0;
  for (const BlobRef& blob : version.blobs) total += blob.size;
  if (version.blobs.empty() || total != version.size)
    reader.Fail("blobs", fmt::format("have {} bytes together, not {}", total, version.size));
}

void ReadMetadata(RecordReader& reader, ObjectVersion& version) {
  const Value* metadata = reader.Find("metadata", Kind::kM, false);
  if (metadata == nullptr) return;
  version.user_metadata.emplace();
  for (const auto& [name, value] : metadata->map()) {
    if (value.is(Kind::kS))
      (*version.user_metadata)[name] = value.text();
    else
      reader.Fail("metadata", "has a member that is no text");
  }
}

ObjectVersion ReadVersion(RecordReader& reader) {
  ObjectVersion version;
  version.bucket = reader.Text("bucket");
  version.key = reader.Text("key");
  version.version_id = reader.Text("versionId");
  version.sequence = reader.Number("sequence", 1);
  if (const Value* marker = reader.Find("isDeleteMarker", Kind::kBool, true); marker != nullptr)
    version.is_delete_marker = marker->boolean();
  if (const Value* time = reader.Find("lastModified", Kind::kN, false); time != nullptr)
    version.last_modified_millis =
        reader.Whole("lastModified", time->text(), std::numeric_limits<std::int64_t>::min());
  if (version.is_delete_marker) return version;
  const std::string state = reader.Text("state");
  if (state != "present" && state != "absent")
    reader.Fail("state", fmt::format("is \"{}\" instead of present or absent", state));
  version.state =
      state == "present" ? ObjectVersion::State::kPresent : ObjectVersion::State::kAbsent;
  version.size = static_cast<std::uint64_t>(reader.Number("size", 0));
  if (const Value* etag = reader.Find("etag", Kind::kS, false); etag != nullptr)
    version.etag = etag->text();
  if (const Value* type = reader.Find("contentType", Kind::kS, false); type != nullptr)
    version.content_type = type->text();
  ReadMetadata(reader, version);
  if (version.present()) ReadContent(reader, version);
  return version;
}

}  // namespace

std::vector<BlobRef> BlobsOf(const ObjectVersion& version) {
  if (!version.present()) return {};
  if (!version.blobs.empty()) return version.blobs;
  return {{version.sha256, version.size}};
}

std::vector<BlobRef> UnpackBlobs(std::string_view packed) {
  std::vector<BlobRef> blobs;
  for (; packed.size() >= kPackedBlob; packed.remove_prefix(kPackedBlob)) {
    std::uint64_t size = 0;
    for (const char byte : packed.substr(kShaBytes, kPackedBlob - kShaBytes))
      size = size << 8 | static_cast<unsigned char>(byte);
    blobs.push_back({HexEncode(packed.substr(0, kShaBytes)), size});
  }
  return blobs;
}

items::Item ObjectKey(std::string_view bucket, std::string_view key) {
  return Item{{"bucket", Value::S(std::string(bucket))}, {"key", Value::S(std::string(key))}};
}

items::Item VersionKey(std::string_view bucket, std::string_view key, std::int64_t sequence) {
  return Item{{"object", Value::S(tables::ObjectPath(bucket, key))},
              {"sequence", Value::N(sequence)}};
}

items::Item VersionItem(const ObjectVersion& version) {
  Item item = VersionKey(version.bucket, version.key, version.sequence);
  item.Set("bucket", Value::S(version.bucket));
  item.Set("key", Value::S(version.key));
  AddVersion(item, version);
  return item;
}

items::Item ObjectItem(const ObjectRecord& record) {
  Item item = ObjectKey(record.newest.bucket, record.newest.key);
  item.Set("sequence", Value::N(record.newest.sequence));
  item.Set("next", Value::N(record.next));
  item.Set("versions", Value::N(record.versions));
  AddVersion(item, record.newest);
  return item;
}

Result<ObjectVersion> VersionFromItem(const items::Item& item) {
  RecordReader reader(item, std::string(item.Text("object")));
  ObjectVersion version = ReadVersion(reader);
  if (item.Text("object") != tables::ObjectPath(version.bucket, version.key))
    reader.Fail("object", "does not name its bucket and key");
  TRY_OK(reader.status());
  return version;
}

Result<ObjectRecord> ObjectFromItem(const items::Item& item) {
  RecordReader reader(item, tables::ObjectPath(item.Text("bucket"), item.Text("key")));
  ObjectRecord record;
  record.newest = ReadVersion(reader);
  record.newest.is_latest = true;
  record.next = reader.Number("next", 2);
  record.versions = reader.Number("versions", 1);
  if (record.newest.sequence >= record.next)
    reader.Fail("next", "is not behind the newest version");
  TRY_OK(reader.status());
  return record;
}

std::string Describe(const ObjectVersion& version) {
  return fmt::format("{}/{} (version {})", version.bucket, version.key, version.version_id);
}

Status CheckVersionId(std::string_view version_id) {
  if (!version_id.empty() && version_id.size() <= kMaxVersionIdBytes && IsUtf8(version_id))
    return Ok();
  return Error(Code::kInvalid,
               fmt::format("a version id is UTF-8 text of 1 to {} bytes", kMaxVersionIdBytes));
}

}  // namespace vams::objects
