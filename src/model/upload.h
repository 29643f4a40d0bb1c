// Uploads as requests describe them: reading the bodies that begin and complete one, of files of an
// asset and of an ingested one.  Spec: api-assets.md sections 5.2, 5.4 and 5.8.
// Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/body.h"

namespace vams::model {

enum class UploadType : std::uint8_t { kAssetFile, kAssetPreview };
// "assetFile" and "assetPreview".
std::string_view UploadTypeName(UploadType type);

// What clients are given as the id of an empty file, which has no parts.
inline constexpr std::string_view kZeroByteId = "zero-byte";

struct FileToUpload {
  std::string path;                  // relativeKey, as sent
  std::optional<std::int64_t> size;  // where the client said it
  std::int64_t parts = 0;            // as asked for, or as many as that size needs; 0: empty
};

// What an upload is for.
struct UploadTarget {
  std::string database_id, asset_id;
  UploadType type = UploadType::kAssetFile;
  // Paths begin with the asset's id and a slash, which is no part of the file's place (an ingest).
  bool below_asset_id = false;
};

struct NewUpload : UploadTarget {
  std::vector<FileToUpload> files;
  // The client sends small files in bundles (model/part_bundle.h), and needs no address for each.
  bool bundle = false;
};

struct UploadedPart {
  std::int64_t number = 0;
  std::string etag;  // with or without quotes
};

struct UploadedFile {
  std::string path;
  std::string multipart_id;  // uploadIdS3
  std::vector<UploadedPart> parts;
};

struct FinishedUpload : UploadTarget {
  std::vector<UploadedFile> files;
};

// The asset that is made on the way where it is not there.
struct IngestedAsset {
  std::string database_id, asset_id;
  std::string name;
  std::string description;
  bool distributable = true;
  std::vector<std::string> tags;
};

struct NewIngest {
  IngestedAsset asset;
  NewUpload upload;
};

struct FinishedIngest {
  IngestedAsset asset;
  std::string upload_id;
  FinishedUpload upload;
};

// The value is worth nothing if `problems` is not empty afterwards.
NewUpload ReadNewUpload(const boost::json::object& body, Problems& problems);
// What ReadNewUpload says of the files, for those of an ingest, where it is said later.
void CheckNewUpload(const NewUpload& upload, Problems& problems);
FinishedUpload ReadFinishedUpload(const boost::json::object& body, Problems& problems);
NewIngest ReadNewIngest(const boost::json::object& body, Problems& problems);
FinishedIngest ReadFinishedIngest(const boost::json::object& body, Problems& problems);

// Whether a database with this list (restrictFileUploadsToExtensions: ".glb, .e57") takes a file
// with the extension, which has its dot and is in lower case; an empty list and ".all" take all.
bool AllowsExtension(std::string_view list, std::string_view extension);
// The list as clients are shown it: ".e57, .glb", in its own order.
std::string ShownExtensions(std::string_view list);

}  // namespace vams::model
