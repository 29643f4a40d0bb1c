#include "items/aws/export_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::items::aws {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view kSummary = "manifest-summary.json";
constexpr std::string_view kFiles = "manifest-files.json";
constexpr std::string_view kRoot = "AWSDynamoDB";

bool Exists(const files::Path& path) {
  std::error_code ec;
  return fs::exists(path, ec);
}

Error Bad(const files::Path& file, std::string_view what) {
  return Error(Code::kInvalid, fmt::format("{}: {}", file.string(), what));
}

// "" when it is absent, null or no string.
std::string_view Text(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

std::optional<std::uint64_t> Number(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code ec;
  const auto number = value->to_number<std::uint64_t>(ec);
  if (ec) return std::nullopt;
  return number;
}

Result<json::object> ParseObject(const files::Path& file, std::string_view text) {
  json::error_code ec;
  json::value value = json::parse(text, ec);
  if (ec || !value.is_object())
    return Error(Code::kCorrupt, fmt::format("{}: not a JSON object ({}); fetch it again",
                                             file.string(), ec ? ec.message() : "another value"));
  return std::move(value.get_object());
}

// `X.checksum` beside `X.json` holds the MD5 of that file, as base64 or as hexadecimal digits: AWS
// does not say which, and tools that imitate it differ.
Status VerifyChecksum(const files::Path& file, std::string_view content) {
  files::Path checksum_file = file;
  checksum_file.replace_extension(".checksum");
  if (!Exists(checksum_file)) return Ok();
  TRY(std::string text, files::ReadAll(checksum_file, 1024));
  while (!text.empty() && std::string_view(" \r\n\t\"").find(text.back()) != std::string_view::npos)
    text.pop_back();
  if (text.starts_with('"')) text.erase(0, 1);
  const auto stated = text.size() == 32 ? HexDecode(text) : Base64Decode(text);
  if (!stated || stated->size() != 16)
    return Error(Code::kCorrupt,
                 fmt::format("{} does not hold an MD5; fetch it again", checksum_file.string()));
  if (*stated != Md5(content))
    return Error(Code::kCorrupt,
                 fmt::format("{} does not match its checksum in {}; fetch the export again",
                             file.string(), checksum_file.filename().string()));
  return Ok();
}

Status CheckKind(const files::Path& file, const json::object& summary) {
  const auto format = Text(summary, "outputFormat");
  if (format == "ION")
    return Bad(file,
               "the export is in ION format; export the table again with the format "
               "DYNAMODB_JSON (--export-format DYNAMODB_JSON)");
  if (format != "DYNAMODB_JSON")
    return Bad(file, fmt::format("outputFormat is \"{}\", not DYNAMODB_JSON", format));
  const auto type = Text(summary, "exportType");
  if (type == "INCREMENTAL_EXPORT")
    return Bad(file,
               "an incremental export holds only what changed; make a full export "
               "(--export-type FULL_EXPORT)");
  if (!type.empty() && type != "FULL_EXPORT")
    return Bad(file, fmt::format("exportType is \"{}\", not FULL_EXPORT", type));
  return Ok();
}

Result<std::string> TableName(const files::Path& file, const json::object& summary) {
  const auto arn = Text(summary, "tableArn");
  const auto at = arn.rfind(":table/");
  const auto name = at == arn.npos ? std::string_view() : arn.substr(at + 7);
  const bool ok =
      !name.empty() && name.size() <= 255 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
      });
  if (!ok) return Bad(file, fmt::format("tableArn \"{}\" does not name a table", arn));
  return std::string(name);
}

// Where the object of an S3 key lies here.  The keys keep the prefix of the bucket, which a copy on
// disk may have lost; what follows AWSDynamoDB/ is the same everywhere unless folders were renamed.
Result<files::Path> Resolve(const files::Path& manifest, const files::Path& folder,
                            std::string_view key) {
  const files::Path relative{std::string(key)};
  if (key.empty() || relative.is_absolute() ||
      std::any_of(relative.begin(), relative.end(), [](const auto& part) { return part == ".."; }))
    return Bad(manifest, fmt::format("dataFileS3Key \"{}\" leads out of the export", key));
  const auto root = key.rfind("AWSDynamoDB/");
  if (root == key.npos) return folder / relative;
  const files::Path from_root{std::string(key.substr(root))};
  files::Path path = folder.parent_path().parent_path() / from_root;
  if (folder.parent_path().filename() == kRoot && Exists(path)) return path;
  files::Path inside = folder;
  auto part = from_root.begin();
  for (std::advance(part, std::min<std::ptrdiff_t>(2, std::distance(part, from_root.end())));
       part != from_root.end(); ++part)
    inside /= *part;
  return inside;
}

// A single-part upload's ETag is the MD5; one part of a multipart upload gives the MD5 of the MD5
// and "-1".  With a KMS key, or several parts, it cannot be checked.
bool EtagContradicts(std::string_view etag, std::string_view md5, bool kms) {
  if (kms || md5.empty()) return false;
  std::string lower(etag);
  std::erase(lower, '"');
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.size() == 32) return HexDecode(lower).has_value() && lower != HexEncode(md5);
  return lower.size() == 34 && lower.ends_with("-1") && lower != HexEncode(Md5(md5)) + "-1";
}

Result<DataFile> OneFile(const files::Path& manifest, std::uint64_t line_number,
                         const files::Path& folder, std::string_view line, bool kms) {
  const auto bad = [&](std::string_view what) {
    return Error(Code::kCorrupt, fmt::format("{}:{}: {}; fetch the export again", manifest.string(),
                                             line_number, what));
  };
  json::error_code ec;
  const json::value value = json::parse(line, ec);
  if (ec || !value.is_object()) return bad("not a JSON object");
  const json::object& entry = value.get_object();
  DataFile file;
  TRY(file.path, Resolve(manifest, folder, Text(entry, "dataFileS3Key")));
  file.items = Number(entry, "itemCount");
  if (!file.items) return bad("itemCount is missing");
  const auto etag = Text(entry, "etag");
  if (const auto text = Text(entry, "md5Checksum"); !text.empty()) {
    auto md5 = Base64Decode(text);
    if (!md5 || md5->size() != 16) return bad("md5Checksum is not the base64 of an MD5");
    file.md5 = *std::move(md5);
  } else if (!kms && etag.size() == 32) {
    if (auto md5 = HexDecode(etag)) file.md5 = *std::move(md5);
  }
  if (EtagContradicts(etag, file.md5, kms))
    return bad("etag and md5Checksum contradict each other");
  return file;
}

Result<std::vector<DataFile>> ReadFiles(const files::Path& manifest, const files::Path& folder,
                                        std::string_view content, bool kms) {
  std::vector<DataFile> out;
  std::set<files::Path> seen;
  std::uint64_t line_number = 0;
  while (!content.empty()) {
    const auto end = content.find('\n');
    const auto line = content.substr(0, end);
    content.remove_prefix(end == content.npos ? content.size() : end + 1);
    ++line_number;
    if (line.find_first_not_of(" \r\t") == line.npos) continue;
    TRY(DataFile file, OneFile(manifest, line_number, folder, line, kms));
    if (!seen.insert(file.path.lexically_normal()).second)
      return Error(Code::kCorrupt, fmt::format("{}:{}: {} is listed twice", manifest.string(),
                                               line_number, file.path.filename().string()));
    out.push_back(std::move(file));
  }
  return out;
}

// A manifest of an export that is known to have one.
Result<std::string> ReadManifest(const files::Path& path) {
  if (!Exists(path))
    return Error(Code::kCorrupt,
                 fmt::format("{} is not finished or not copied whole: it has no {}; wait until the "
                             "export has completed and copy its folder again",
                             path.parent_path().string(), path.filename().string()));
  TRY(std::string content, files::ReadAll(path, std::size_t{256} << 20));
  TRY_OK(VerifyChecksum(path, content));
  return content;
}

}  // namespace

bool IsExportFolder(const files::Path& folder) {
  if (Exists(folder / kSummary) || Exists(folder / kFiles) || Exists(folder / "_started"))
    return true;
  return folder.parent_path().filename() == kRoot && Exists(folder / "data");
}

Result<TableFiles> OpenExport(const files::Path& folder) {
  const files::Path summary_path = folder / kSummary;
  const files::Path files_path = folder / kFiles;
  TRY(const std::string summary_text, ReadManifest(summary_path));
  TRY(const json::object summary, ParseObject(summary_path, summary_text));
  TRY_OK(CheckKind(summary_path, summary));
  TableFiles table;
  table.layout = TableFiles::Layout::kExport;
  table.where = folder;
  table.export_time = Text(summary, "exportTime");
  TRY(table.physical_name, TableName(summary_path, summary));

  TRY(const std::string files_text, ReadManifest(files_path));
  const bool kms = Text(summary, "s3SseAlgorithm") == "KMS";
  TRY(table.files, ReadFiles(files_path, folder, files_text, kms));
  std::uint64_t listed = 0;
  for (const auto& file : table.files) listed += *file.items;
  const auto total = Number(summary, "itemCount");
  if (!total) return Bad(summary_path, "itemCount is missing");
  if (*total != listed)
    return Error(
        Code::kCorrupt,
        fmt::format("{} says {} items, but the files in {} sum up to {}; fetch the export "
                    "again",
                    summary_path.string(), *total, files_path.filename().string(), listed));
  return table;
}

}  // namespace vams::items::aws
