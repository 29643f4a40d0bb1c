#include "catalog/uploads_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "catalog/databases.h"

namespace vams::catalog {

using items::Item;
using items::Kind;
using items::Value;
using model::UploadedFile;
using model::UploadType;
using objects::PartInfo;

namespace {

constexpr std::string_view kNoBase = "Base files does not exist for all preview files";
constexpr std::string_view kNotJoined = "Error completing multipart upload.";

Verdict Refused(std::string_view error, bool abort = false) {
  return {.error = std::string(error), .abort = abort};
}

std::string_view BareEtag(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    etag = etag.substr(1, etag.size() - 2);
  return etag;
}

// Parts were sent for it: else it is an empty file, or is to be made as one.
bool HasParts(const UploadedFile& file) {
  return file.multipart_id != model::kZeroByteId && !file.parts.empty();
}

Result<bool> IsLive(OpContext& op, objects::ObjectStore& objects, const objects::ObjectId& object) {
  auto live = objects.Head(op, object);
  if (live.ok()) return true;
  // What cannot be the name of an object is none.
  if (live.error().code == Code::kNotFound || live.error().code == Code::kInvalid) return false;
  return std::move(live).error();
}

// In the order of the numbers.  `number` of what the store has is not signed, that of a request is.
std::vector<std::int64_t> NumbersOf(const std::vector<PartInfo>& parts) {
  std::vector<std::int64_t> numbers;
  for (const PartInfo& part : parts) numbers.push_back(part.number);
  return numbers;
}

// "Part mismatch. Missing parts: [2]. Extra parts: [1].", or nothing.  `given` is sorted.
std::string MismatchOf(const std::vector<std::int64_t>& given, const std::vector<PartInfo>& have) {
  const std::vector<std::int64_t> stored = NumbersOf(have);
  std::vector<std::int64_t> missing, extra;
  std::ranges::set_difference(given, stored, std::back_inserter(missing));
  std::ranges::set_difference(stored, given, std::back_inserter(extra));
  if (missing.empty() && extra.empty()) return {};
  std::string text = "Part mismatch.";
  if (!missing.empty()) text += fmt::format(" Missing parts: [{}].", fmt::join(missing, ", "));
  if (!extra.empty()) text += fmt::format(" Extra parts: [{}].", fmt::join(extra, ", "));
  return text;
}

// Whether the store would join these parts.  Both by number, with the same numbers.
bool CanBeJoined(const std::vector<objects::PartEtag>& given, const std::vector<PartInfo>& have,
                 std::uint64_t min_part_bytes) {
  for (std::size_t i = 0; i < have.size(); ++i) {
    if (BareEtag(given[i].etag) != have[i].etag) return false;
    if (i + 1 < have.size() && have[i].size < min_part_bytes) return false;
  }
  return true;
}

}  // namespace

Item UploadKey(std::string_view upload_id, std::string_view asset_id) {
  return {{"assetId", Value::S(std::string(asset_id))},
          {"uploadId", Value::S(std::string(upload_id))}};
}

std::set<std::string> MultipartIdsOf(const Item& upload) {
  std::set<std::string> ids;
  const Value* list = upload.Find("multipartIds");
  if (list == nullptr || !list->is(Kind::kL)) return ids;
  for (const Value& id : list->list())
    if (id.is(Kind::kS)) ids.insert(id.text());
  return ids;
}

bool IsPreview(UploadType type, std::string_view path) {
  return type == UploadType::kAssetPreview || IsPreviewKey(path);
}

bool HasPreviewType(UploadType type, std::string_view path) {
  if (type == UploadType::kAssetPreview && !IsPreviewKey(path)) return HasPreviewExtension(path);
  // All that follows, so that "a.glb.previewFile.svg.zip.png" is none.
  const std::string_view extension = path.substr(path.find(kPreviewInfix) + kPreviewInfix.size());
  return extension.find_first_of("./") == extension.npos &&
         HasPreviewExtension("." + std::string(extension));
}

objects::ObjectId ObjectOfUpload(const AssetPlace& place, const model::UploadTarget& upload,
                                 std::string_view path) {
  if (upload.type == UploadType::kAssetFile) {
    const std::string folder = upload.asset_id + "/";
    if (upload.below_asset_id && path.starts_with(folder))
      return place.Object(place.root() + std::string(path.substr(folder.size())));
    return place.ObjectAt(path);
  }
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  return place.Object(
      fmt::format("{}previews/{}/{}", BasePrefix(place.bucket), place.asset.id, name));
}

std::string CheckDatabaseTakes(std::string_view extensions, UploadType type,
                               std::string_view path) {
  if (IsPreview(type, path) || model::AllowsExtension(extensions, ExtensionOf(path))) return {};
  return fmt::format("Database does not allow this file extension. Allowed extensions: {}",
                     model::ShownExtensions(extensions));
}

Result<std::string> ExtensionsOf(OpContext& op, items::ItemSource& source,
                                 std::string_view database_id) {
  const Item keys[] = {{{"databaseId", Value::S(std::string(database_id))}}};
  TRY(const auto found, source.BatchGet(op, kDatabasesTable, keys));
  if (!found.front()) return Error(Code::kNotFound, "Database not found");
  return std::string(found.front()->Text("restrictFileUploadsToExtensions"));
}

Result<std::vector<Verdict>> UploadCheck::Run(OpContext& op) {
  for (const UploadedFile& file : upload_.files) in_request_.insert(file.path);
  TRY_OK(FindUploads(op));
  std::vector<Verdict> verdicts;
  for (const UploadedFile& file : upload_.files) {
    TRY(auto verdict, CheckFile(op, file));
    verdicts.push_back(std::move(verdict));
  }
  // A preview does not come without its file, which may have failed only now.
  std::set<std::string_view> taken;
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    if (verdicts[i].taken() && !IsPreviewKey(upload_.files[i].path))
      taken.insert(upload_.files[i].path);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const UploadedFile& file = upload_.files[i];
    if (!verdicts[i].taken() || upload_.type != UploadType::kAssetFile || !IsPreviewKey(file.path))
      continue;
    TRY(const bool has_base, HasBase(op, file, taken));
    if (!has_base) verdicts[i] = Refused(kNoBase, true);
  }
  return verdicts;
}

Result<Verdict> UploadCheck::CheckFile(OpContext& op, const UploadedFile& file) {
  if (auto error = CheckDatabaseTakes(extensions_, upload_.type, file.path); !error.empty())
    return Refused(error, true);
  Verdict verdict;
  if (HasParts(file)) {
    verdict = CheckParts(file);
    if (!verdict.taken()) return verdict;
  }
  TRY(auto refused, CheckName(op, file));
  return refused ? *std::move(refused) : std::move(verdict);
}

Status UploadCheck::FindUploads(OpContext& op) {
  std::vector<std::string> ids;
  for (const UploadedFile& file : upload_.files)
    if (HasParts(file) && !bundled_.contains(file.multipart_id)) ids.push_back(file.multipart_id);
  TRY(auto found, stores_.objects.FindUploads(op, ids));
  for (std::size_t i = 0; i < ids.size(); ++i) begun_[std::move(ids[i])] = std::move(found[i]);
  return Ok();
}

std::optional<UploadCheck::Sent> UploadCheck::SentOf(const UploadedFile& file) const {
  if (const auto bundled = bundled_.find(file.multipart_id); bundled != bundled_.end()) {
    Sent sent{.object = place_.Object(bundled->second.key), .content = bundled->second.content};
    if (sent.content) sent.parts = {{1, sent.content->md5, sent.content->size, 0}};
    return sent;
  }
  const auto& begun = begun_.at(file.multipart_id);
  if (!begun) return std::nullopt;
  return Sent{begun->info.object, begun->parts, {}};
}

Verdict UploadCheck::CheckParts(const UploadedFile& file) const {
  std::vector<std::int64_t> numbers;
  for (const model::UploadedPart& part : file.parts) numbers.push_back(part.number);
  std::ranges::sort(numbers);
  if (std::ranges::adjacent_find(numbers) != numbers.end())
    return Refused("Duplicate part numbers provided");

  const auto sent = SentOf(file);
  if (!sent || sent->object != ObjectOfUpload(place_, upload_, file.path))
    return Refused(
        "Error verifying upload parts: no upload with this id is open for this file; "
        "upload the file again");
  const std::vector<PartInfo>& parts = sent->parts;
  if (auto mismatch = MismatchOf(numbers, parts); !mismatch.empty()) return Refused(mismatch);

  std::uint64_t size = 0;
  for (const PartInfo& part : parts) size += part.size;
  if (IsPreview(upload_.type, file.path) && size > kMaxPreviewBytes)
    return Refused("Preview file exceeds maximum allowed size of 5MB", true);

  Verdict verdict;
  verdict.complete.emplace(objects::CompleteChange{.upload_id = file.multipart_id});
  for (const model::UploadedPart& part : file.parts)
    verdict.complete->parts.push_back({static_cast<std::uint32_t>(part.number), part.etag});
  std::ranges::sort(verdict.complete->parts, {}, &objects::PartEtag::number);
  if (!CanBeJoined(verdict.complete->parts, parts, stores_.objects.traits().min_part_bytes))
    return Refused(kNotJoined, true);
  if (sent->content) {
    verdict.complete.reset();
    verdict.content = sent->content;
  } else if (!known_.contains(file.multipart_id)) {
    return Refused("Upload ID mismatch.");
  }
  return verdict;
}

Result<std::optional<Verdict>> UploadCheck::CheckName(OpContext& op, const UploadedFile& file) {
  if (IsBlockedExtension(file.path)) {
    Verdict blocked = Refused("File contains a potentially malicious executable type object", true);
    blocked.blocked = true;
    return std::optional(std::move(blocked));
  }
  if (!IsPreview(upload_.type, file.path)) return std::optional<Verdict>();
  if (!HasPreviewType(upload_.type, file.path))
    return std::optional(
        Refused("Preview file must have one of the allowed extensions: .png, .jpg, .jpeg, .svg, "
                ".gif",
                true));
  if (upload_.type == UploadType::kAssetPreview) return std::optional<Verdict>();
  TRY(const bool has_base, HasBase(op, file, in_request_));
  return has_base ? std::optional<Verdict>() : std::optional(Refused(kNoBase, true));
}

Result<bool> UploadCheck::HasBase(OpContext& op, const UploadedFile& preview,
                                  const std::set<std::string_view>& files) {
  const std::string_view base = BaseOfPreview(preview.path);
  if (files.contains(base)) return true;
  const objects::ObjectId object = ObjectOfUpload(place_, upload_, base);
  TRY(const bool live, IsLive(op, stores_.objects, object));
  if (live) return true;
  TRY(const bool coming, IsOnItsWay(op, object));
  // Its upload may have been completed between the two looks.
  return coming ? Result<bool>(true) : IsLive(op, stores_.objects, object);
}

// Clients send many files in several uploads at once, the previews in one of their own, and do not
// wait for each other: without this a preview that is faster than its file would be lost, and the
// client would not even say so.
Result<bool> UploadCheck::IsOnItsWay(OpContext& op, const objects::ObjectId& object) {
  items::QueryRequest request{
      .table = kUploadsTable, .index = "AssetIdGSI", .partition = Value::S(upload_.asset_id)};
  do {
    TRY(const auto page, stores_.items.Query(op, request));
    for (const Item& other : page.items) {
      if (other.Text("databaseId") != upload_.database_id) continue;
      for (const auto& [id, file] : BundledOf(other))
        if (!bundled_.contains(id) && file.key == object.key) return true;
      for (const std::string& id : MultipartIdsOf(other)) {
        if (known_.contains(id)) continue;
        const auto begun = stores_.objects.HeadUpload(op, id);
        if (begun.ok() && begun->object == object) return true;
        if (!begun.ok() && begun.error().code != Code::kNotFound) return begun.error();
      }
    }
    request.after = page.next;
  } while (!request.after.empty());
  return false;
}

}  // namespace vams::catalog
