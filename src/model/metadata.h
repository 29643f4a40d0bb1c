// Metadata as clients send it: items, and the bodies of the calls that create, update and delete
// them.  Spec: api-metadata.md sections 1.4, 1.5 and 5.
//
// Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/body.h"
#include "model/metadata_value.h"

namespace vams::model {

// Code points of a key.
inline constexpr std::size_t kMetadataKeyMax = 256;
// Bytes of a value: more fits into no item of a store.
inline constexpr std::size_t kMetadataValueMax = 400 * 1024;
// Records of one kind that an entity can have, and items that a replacing update can hold.
inline constexpr std::size_t kMetadataRecordsMax = 500;

struct MetadataItem {
  std::string key;
  std::string value;  // verbatim
  ValueType type = ValueType::kString;

  bool operator==(const MetadataItem&) const = default;
};

// What of a file the call is about.  Attributes are texts only.
enum class FileMetadataKind : std::uint8_t { kMetadata, kAttribute };

// "metadata", "attribute": the words of the wire.
std::string_view FileMetadataKindName(FileMetadataKind kind);
// Exact lower case only; nothing for every other word.
std::optional<FileMetadataKind> FindFileMetadataKind(std::string_view word);

// POST.  Keys can occur twice; the last counts.
struct MetadataCreate {
  std::vector<MetadataItem> items;
};

// PUT.
struct MetadataUpdate {
  std::vector<MetadataItem> items;
  bool replace_all = false;
};

// DELETE.
struct MetadataDelete {
  std::vector<std::string> keys;
};

// What the variants for files have besides.  `path` is as sent: NormalFilePath knows the asset.
struct FileMetadataTarget {
  std::string path;
  FileMetadataKind kind = FileMetadataKind::kMetadata;
};

template <typename Body>
struct FileMetadata {
  FileMetadataTarget file;
  Body body;
};

// Readers for api::ReadBody: everything that is wrong is noted in `problems`, and what was returned
// is then not to be used.
MetadataCreate ReadMetadataCreate(const boost::json::object& body, Problems& problems);
MetadataUpdate ReadMetadataUpdate(const boost::json::object& body, Problems& problems);
MetadataDelete ReadMetadataDelete(const boost::json::object& body, Problems& problems);
FileMetadata<MetadataCreate> ReadFileMetadataCreate(const boost::json::object& body,
                                                    Problems& problems);
FileMetadata<MetadataUpdate> ReadFileMetadataUpdate(const boost::json::object& body,
                                                    Problems& problems);
FileMetadata<MetadataDelete> ReadFileMetadataDelete(const boost::json::object& body,
                                                    Problems& problems);

// The path of a file below its asset, "/parts/pump.glb", as records keep it: a missing "/" in front
// is added and the asset's id at the front removed.  kInvalid with the sentence to answer for what
// is no path of a file.  Section 5.2.
Result<std::string> NormalFilePath(std::string_view asset_id, std::string_view path);

}  // namespace vams::model
