// What of a completed upload may become a file: the checks of one request, and of each of its
// files.  Internal to catalog.  Spec: api-assets.md sections 5.2, 5.4 and 5.6.
//
// Belongs to one call.  What takes an OpContext blocks on the item store or the object store.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/stores.h"
#include "catalog/uploads.h"
#include "catalog/uploads_bundle.h"
#include "items/store.h"
#include "model/upload.h"

namespace vams::catalog {

inline constexpr std::int64_t kMaxPreviewBytes = std::int64_t{5} << 20;

// The record of an upload, which is filed under both ids.
items::Item UploadKey(std::string_view upload_id, std::string_view asset_id);
// The multipart uploads that it names.  One that was begun by another program names none.
std::set<std::string> MultipartIdsOf(const items::Item& upload);

// A preview of an asset, or of a file.
bool IsPreview(model::UploadType type, std::string_view path);
// The extension of a preview of an asset, or of a file, is one that previews may have.
bool HasPreviewType(model::UploadType type, std::string_view path);

// Where the file will be.
objects::ObjectId ObjectOfUpload(const AssetPlace& place, const model::UploadTarget& upload,
                                 std::string_view path);
// The sentence for a file that the database does not take; empty if it does.  `extensions` is its
// list.
std::string CheckDatabaseTakes(std::string_view extensions, model::UploadType type,
                               std::string_view path);

// restrictFileUploadsToExtensions of the database.  kNotFound "Database not found".
Result<std::string> ExtensionsOf(OpContext& op, items::ItemSource& source,
                                 std::string_view database_id);

// What becomes of a file.
struct Verdict {
  std::string error;  // empty: it is taken
  bool blocked = false;
  bool abort = false;  // what was uploaded is of no use any more
  // Taken: its parts, or its content that came in a bundle; else an empty file is made.
  std::optional<objects::CompleteChange> complete;
  std::optional<objects::StagedContent> content;

  bool taken() const { return error.empty(); }
  bool is_empty_file() const { return taken() && !complete && !content; }
};

class UploadCheck {
 public:
  // All of them outlive this.  `known` are the multipart uploads that the upload's record names,
  // `bundled` the files that have none.
  UploadCheck(const Stores& stores, const AssetPlace& place, const std::string& extensions,
              const std::set<std::string>& known, const BundledFiles& bundled,
              const model::FinishedUpload& upload)
      : stores_(stores),
        place_(place),
        extensions_(extensions),
        known_(known),
        bundled_(bundled),
        upload_(upload) {}

  // One for each file of the request; once only.  An error is one of the stores, and says nothing
  // about files.
  Result<std::vector<Verdict>> Run(OpContext& op);

 private:
  Result<Verdict> CheckFile(OpContext& op, const model::UploadedFile& file);
  Verdict CheckParts(const model::UploadedFile& file) const;
  // What is stored of the files.
  Status FindUploads(OpContext& op);
  struct Sent {
    objects::ObjectId object;
    std::vector<objects::PartInfo> parts;
    std::optional<objects::StagedContent> content;  // of a bundled file that came
  };
  // Nothing where no upload is open.
  std::optional<Sent> SentOf(const model::UploadedFile& file) const;
  // The error about the name; nothing if there is none.
  Result<std::optional<Verdict>> CheckName(OpContext& op, const model::UploadedFile& file);
  // Whether there is a file for this preview, or one comes with the request or in another upload.
  Result<bool> HasBase(OpContext& op, const model::UploadedFile& preview,
                       const std::set<std::string_view>& files);
  // Whether an upload of the asset, but not this one, was begun for the object.
  Result<bool> IsOnItsWay(OpContext& op, const objects::ObjectId& object);

  const Stores& stores_;
  const AssetPlace& place_;
  const std::string& extensions_;
  const std::set<std::string>& known_;
  const BundledFiles& bundled_;
  const model::FinishedUpload& upload_;
  std::set<std::string_view> in_request_;  // paths
  std::map<std::string, std::optional<objects::UploadWithParts>, std::less<>>
      begun_;  // by multipart_id
};

}  // namespace vams::catalog
