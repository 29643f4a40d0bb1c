#include "model/upload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "model/names.h"
#include "model/text.h"

namespace vams::model {

namespace {

constexpr TextRule kDatabaseId{.min = 4, .max = 256};
constexpr TextRule kAssetId{.min = 1, .max = 256};
constexpr std::size_t kMaxFiles = 1000;
constexpr std::int64_t kMaxPartsOfFile = 10'000;
constexpr std::int64_t kMaxPartsOfUpload = 5'000;
constexpr std::int64_t kPartBytes = std::int64_t{150} << 20;  // where only a size is given
constexpr std::int64_t kMaxPartBytes = std::int64_t{5} << 30;
constexpr std::string_view kRoot = "__root__";

// Each() takes an absent list for an empty one.
bool RequireList(ObjectReader& reader, std::string_view name) {
  if (reader.Has(name)) return true;
  reader.problems().Add(reader.Where(name),
                        reader.IsNull(name)
                            ? "none is not an allowed value (type=type_error.none.not_allowed)"
                            : "field required (type=value_error.missing)");
  return false;
}

std::int64_t RequiredInt(ObjectReader& reader, std::string_view name) {
  RequireList(reader, name);
  return reader.OptionalInt(name).value_or(0);
}

UploadType ReadUploadType(ObjectReader& reader) {
  const auto type = reader.OptionalText("uploadType");
  if (type == UploadTypeName(UploadType::kAssetPreview)) return UploadType::kAssetPreview;
  if (type && *type != UploadTypeName(UploadType::kAssetFile))
    reader.problems().Add(
        reader.Where("uploadType"),
        fmt::format("unexpected value; permitted: 'assetFile', 'assetPreview' "
                    "(type=value_error.const; given={}; permitted=('assetFile', 'assetPreview'))",
                    *type));
  return UploadType::kAssetFile;
}

// What is wrong with the sizes of one file; nothing if they will do.
Complaint CheckSizes(std::optional<std::int64_t> size, std::optional<std::int64_t> parts) {
  if (!size && !parts) return "Either file_size or num_parts must be provided";
  if (size == 0 && parts.value_or(0) != 0) return "Zero-byte files must have 0 parts";
  if (parts == 0 && size.value_or(0) != 0) return "Files with 0 parts must have 0 file size";
  if (size && parts && *parts > 0 && *size / *parts >= kMaxPartBytes &&
      *size > *parts * kMaxPartBytes)
    return "Part size too large. Maximum part size is 5GB";
  return std::nullopt;
}

FileToUpload ReadFileToUpload(ObjectReader& reader) {
  FileToUpload file;
  file.path = reader.Text("relativeKey", {.min = 1});
  file.size = reader.OptionalInt("file_size", 0);
  const auto parts = reader.OptionalInt("num_parts", 0, kMaxPartsOfFile);
  if (auto complaint = CheckSizes(file.size, parts))
    reader.problems().Add(reader.Where(kRoot), *std::move(complaint));
  const std::int64_t size = file.size.value_or(0);
  file.parts = parts.value_or(size / kPartBytes + (size % kPartBytes > 0 ? 1 : 0));
  return file;
}

std::vector<FileToUpload> ReadFilesToUpload(ObjectReader& reader) {
  std::vector<FileToUpload> files;
  if (!RequireList(reader, "files")) return files;
  reader.Each("files", [&files](ObjectReader& file) { files.push_back(ReadFileToUpload(file)); });
  return files;
}

std::vector<UploadedFile> ReadUploadedFiles(ObjectReader& reader) {
  std::vector<UploadedFile> files;
  if (!RequireList(reader, "files")) return files;
  reader.Each("files", [&files](ObjectReader& file) {
    UploadedFile uploaded;
    uploaded.path = file.Text("relativeKey");
    uploaded.multipart_id = file.Text("uploadIdS3");
    RequireList(file, "parts");
    file.Each("parts", [&uploaded](ObjectReader& part) {
      const std::int64_t number = RequiredInt(part, "PartNumber");
      uploaded.parts.push_back({number, part.Text("ETag")});
    });
    files.push_back(std::move(uploaded));
  });
  return files;
}

// Whether a text is there twice; `text_of` gives nothing for elements that do not count.
template <typename Elements, typename TextOf>
bool HasTwice(const Elements& elements, const TextOf& text_of) {
  std::set<std::string_view> seen;
  for (const auto& element : elements) {
    const std::string_view text = text_of(element);
    if (!text.empty() && !seen.insert(text).second) return true;
  }
  return false;
}

bool HasPathTwice(const std::vector<FileToUpload>& files) {
  return HasTwice(files, [](const FileToUpload& file) { return std::string_view(file.path); });
}

// Rules for a whole body: the first that does not hold is what clients are told.
Complaint CheckFilesOf(const NewUpload& upload) {
  if (upload.type == UploadType::kAssetFile && upload.files.empty())
    return "At least one file must be provided for asset file uploads";
  if (upload.type == UploadType::kAssetPreview && upload.files.size() != 1)
    return "Exactly one file must be provided for asset preview uploads";
  if (HasPathTwice(upload.files)) return "Duplicate relative keys are not allowed";
  std::int64_t parts = 0;
  for (const FileToUpload& file : upload.files) {
    if (file.path.find('.') == file.path.npos) return "Files must have a valid extension";
    parts += file.parts;
  }
  if (parts > kMaxPartsOfUpload)
    return fmt::format("Total parts across all files exceeds maximum allowed ({})",
                       kMaxPartsOfUpload);
  return std::nullopt;
}

Complaint CheckFinishedUpload(const FinishedUpload& upload) {
  if (upload.files.empty()) return "At least one file must be provided to complete the upload";
  if (upload.type == UploadType::kAssetPreview && upload.files.size() != 1)
    return "Exactly one file must be provided for asset preview uploads";
  if (HasTwice(upload.files, [](const UploadedFile& file) {
        return file.multipart_id == kZeroByteId ? std::string_view() : file.multipart_id;
      }))
    return "Duplicate uploadIdS3 values are not allowed";
  for (const UploadedFile& file : upload.files)
    if (file.multipart_id == kZeroByteId && !file.parts.empty())
      return "Zero-byte files should not have any parts";
  return std::nullopt;
}

IngestedAsset ReadIngestedAsset(ObjectReader& reader) {
  IngestedAsset asset;
  asset.database_id = reader.Text("databaseId", kDatabaseId);
  const auto id = reader.OptionalText("assetId", kAssetId);
  asset.asset_id = id.value_or("");
  asset.name = reader.Text("assetName", {.min = 1, .max = 256});
  asset.description = reader.Text("description", {.min = 4, .max = 256});
  asset.distributable = reader.OptionalBool("isDistributable").value_or(true);
  asset.tags = reader.Texts("tags", false);
  if (id) reader.problems().Add(CheckAssetId("assetId", *id));
  for (const std::string& tag : asset.tags) reader.problems().Add(CheckAtMost256("tags", tag));
  return asset;
}

Complaint CheckNewIngest(const NewIngest& ingest) {
  const std::vector<FileToUpload>& files = ingest.upload.files;
  if (files.empty()) return "At least one file must be provided for asset ingest";
  if (HasPathTwice(files)) return "Duplicate relative keys are not allowed";
  for (const FileToUpload& file : files)
    if (!file.path.starts_with(ingest.asset.asset_id + "/"))
      return "File relative keys must start with assetId";
  return std::nullopt;
}

Complaint CheckFinishedIngest(const FinishedIngest& ingest) {
  const std::vector<UploadedFile>& files = ingest.upload.files;
  if (files.empty()) return "At least one file must be provided to complete the ingest";
  if (HasTwice(files, [](const UploadedFile& file) { return std::string_view(file.multipart_id); }))
    return "Duplicate uploadIdS3 values are not allowed";
  for (const UploadedFile& file : files)
    if (file.parts.empty()) return "Files must have at least one part";
  return std::nullopt;
}

// In lower case, without blanks and empty entries.
std::vector<std::string> Extensions(std::string_view list) {
  std::vector<std::string> extensions;
  ForEachEntry(list, [&](std::string_view entry) {
    if (!entry.empty()) extensions.push_back(Lower(entry));
  });
  return extensions;
}

}  // namespace

std::string_view UploadTypeName(UploadType type) {
  return type == UploadType::kAssetFile ? "assetFile" : "assetPreview";
}

NewUpload ReadNewUpload(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewUpload upload;
  upload.asset_id = reader.Text("assetId", kAssetId);
  upload.database_id = reader.Text("databaseId", kDatabaseId);
  upload.type = ReadUploadType(reader);
  upload.files = ReadFilesToUpload(reader);
  upload.bundle = reader.OptionalBool("bundle").value_or(false);
  CheckNewUpload(upload, problems);
  return upload;
}

void CheckNewUpload(const NewUpload& upload, Problems& problems) {
  if (upload.files.size() > kMaxFiles)
    problems.Add("files", fmt::format("ensure this value has at most {0} items "
                                      "(type=value_error.list.max_items; limit_value={0})",
                                      kMaxFiles));
  problems.Add(CheckFilesOf(upload));
}

FinishedUpload ReadFinishedUpload(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  FinishedUpload upload;
  upload.asset_id = reader.Text("assetId", kAssetId);
  upload.database_id = reader.Text("databaseId", kDatabaseId);
  upload.type = ReadUploadType(reader);
  upload.files = ReadUploadedFiles(reader);
  problems.Add(CheckFinishedUpload(upload));
  return upload;
}

NewIngest ReadNewIngest(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewIngest ingest;
  ingest.asset = ReadIngestedAsset(reader);
  ingest.upload = {{.database_id = ingest.asset.database_id,
                    .asset_id = ingest.asset.asset_id,
                    .below_asset_id = true},
                   ReadFilesToUpload(reader)};
  problems.Add(CheckNewIngest(ingest));
  return ingest;
}

FinishedIngest ReadFinishedIngest(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  FinishedIngest ingest;
  ingest.asset = ReadIngestedAsset(reader);
  ingest.upload_id = reader.Text("uploadId");
  ingest.upload = {{.database_id = ingest.asset.database_id,
                    .asset_id = ingest.asset.asset_id,
                    .below_asset_id = true},
                   ReadUploadedFiles(reader)};
  problems.Add(CheckFinishedIngest(ingest));
  return ingest;
}

bool AllowsExtension(std::string_view list, std::string_view extension) {
  const auto extensions = Extensions(list);
  return extensions.empty() || std::ranges::find(extensions, ".all") != extensions.end() ||
         std::ranges::find(extensions, extension) != extensions.end();
}

std::string ShownExtensions(std::string_view list) {
  return fmt::format("{}", fmt::join(Extensions(list), ", "));
}

}  // namespace vams::model
