// Records of multipart uploads and their parts: tables sys.uploads and sys.upload-parts.  Internal
// to objects.  Format: docs/formats/system-tables.md.
//
// Thread-safe as far as the item store is; blocks when it does.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "items/store.h"
#include "objects/store.h"

namespace vams::objects::local {

struct UploadRecord {
  enum class State : std::uint8_t { kOpen, kCompleted, kAborted };

  UploadInfo info;
  State state = State::kOpen;
  std::int64_t ended_millis = 0;  // unless open
  // Completed: the version that was made.
  std::string version_id, etag;
  std::uint64_t size = 0;
};

struct PartRecord {
  PartInfo info;
  std::string sha256;
};

items::Item UploadKey(const std::string& upload_id);
items::Item UploadItem(const UploadRecord& upload);
// kCorrupt.
Result<UploadRecord> UploadFromItem(const items::Item& item);
items::Item PartItem(const std::string& upload_id, const PartRecord& part);

// The commit fails unless the upload is open.
items::Condition UploadIsOpen();
// `if_same`: the commit fails unless the part is as it was read.
items::Write RemovePart(const std::string& upload_id, const PartRecord& part, bool if_same);

Result<std::optional<UploadRecord>> FindUpload(OpContext& op, items::ItemSource& source,
                                               const std::string& upload_id);
// kNotFound unless it is open.
Result<UploadRecord> GetOpenUpload(OpContext& op, items::ItemSource& source,
                                   const std::string& upload_id);
// Several, in order; nothing for those that are not open.
Result<std::vector<std::optional<UploadRecord>>> FindOpenUploads(
    OpContext& op, items::ItemSource& source, std::span<const std::string> upload_ids);

// A part whose content is stored.  `index` is the caller's.
struct NewPart {
  std::size_t index = 0;
  std::string upload_id;
  PartRecord record;
};
// Records the parts, of any uploads, in as few commits as the store allows; of those with the same
// upload and number the last one.  Returns the indexes of those whose upload is not open.
Result<std::vector<std::size_t>> RecordParts(OpContext& op, items::ItemStore& store,
                                             std::span<const NewPart> parts);

struct PartRecords {
  std::vector<PartRecord> parts;  // by number
  bool more = false;
};
// Parts with greater numbers than `after`.
Result<PartRecords> ReadParts(OpContext& op, items::ItemSource& source,
                              const std::string& upload_id, std::int64_t after, std::size_t limit);
Result<std::vector<PartRecord>> ReadAllParts(OpContext& op, items::ItemSource& source,
                                             const std::string& upload_id);
// Their contents stay where versions refer to them.
Status RemoveParts(OpContext& op, items::ItemStore& store, const std::string& upload_id);

}  // namespace vams::objects::local
