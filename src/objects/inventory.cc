// S3 inventories: a manifest beside gzip files of CSV lines.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "items/aws/input_file.h"
#include "objects/iso_time.h"
#include "objects/listing_source.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

namespace json = boost::json;
using items::aws::InputFile;
using items::aws::LineReader;

constexpr std::string_view kAdvice =
    "give the manifest.json of the inventory, or make the listing with `aws s3api "
    "list-object-versions --bucket BUCKET`";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// The fields of a line; nothing if its quotes are not balanced.
std::optional<std::vector<std::string>> SplitCsv(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return std::nullopt;
  return fields;
}

// Keys stand in an inventory as in the query of a URL.
std::optional<std::string> DecodeKey(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto byte = i + 2 < text.size() ? HexDecode(text.substr(i + 1, 2)) : std::nullopt;
      if (!byte) return std::nullopt;
      out += *byte;
      i += 2;
    }
  }
  return out;
}

enum class Column : std::uint8_t {
  kOther,
  kBucket,
  kKey,
  kVersionId,
  kIsLatest,
  kIsDeleteMarker,
  kSize,
  kLastModified,
  kEtag
};

Column ColumnOf(std::string_view name) {
  const std::string lower = Lower(Trim(name));
  if (lower == "bucket") return Column::kBucket;
  if (lower == "key") return Column::kKey;
  if (lower == "versionid") return Column::kVersionId;
  if (lower == "islatest") return Column::kIsLatest;
  if (lower == "isdeletemarker") return Column::kIsDeleteMarker;
  if (lower == "size") return Column::kSize;
  if (lower == "lastmodifieddate") return Column::kLastModified;
  if (lower == "etag") return Column::kEtag;
  return Column::kOther;
}

Status CheckColumns(Inventory& inventory, std::string_view where) {
  const auto has = [&](Column column) {
    return std::ranges::find(inventory.columns, column, ColumnOf) != inventory.columns.end();
  };
  inventory.has_version_ids = has(Column::kVersionId);
  if (has(Column::kBucket) && has(Column::kKey) && has(Column::kSize)) return Ok();
  return Error(Code::kInvalid,
               fmt::format("{}: the columns Bucket, Key and Size are needed; add the optional "
                           "field Size to the inventory's configuration, or make the listing with "
                           "`aws s3api list-object-versions`",
                           where));
}

// Reads the lines of all files, one after the other.
class InventoryReader final : public EntrySource {
 public:
  InventoryReader(const Inventory& inventory, bool verify)
      : inventory_(inventory), verify_(verify) {
    for (const auto& name : inventory_.columns) columns_.push_back(ColumnOf(name));
  }

  Result<bool> Next(ListingEntry& entry) override {
    std::string_view line;
    for (;;) {
      if (!lines_) {
        TRY(const bool opened, OpenFile());
        if (!opened) return false;
      }
      TRY(const bool more, lines_->Next(line));
      if (!more) {
        TRY_OK(CloseFile());
        continue;
      }
      if (Trim(line).empty() || (inventory_.header && lines_->line() == 1)) continue;
      auto parsed = Parse(line, entry);
      if (!parsed.ok())
        return std::move(parsed).error().With(
            fmt::format("{}:{}", file_->path().string(), lines_->line()));
      return true;
    }
  }

 private:
  Result<bool> OpenFile() {
    if (next_file_ == inventory_.files.size()) return false;
    const InventoryFile& listed = inventory_.files[next_file_++];
    TRY(file_, InputFile::Open(listed.path, verify_ && !listed.md5.empty()));
    lines_.emplace(*file_);
    return true;
  }
  Status CloseFile() {
    const InventoryFile& listed = inventory_.files[next_file_ - 1];
    lines_.reset();
    if (!verify_ || listed.md5.empty()) return Ok();
    TRY(const std::string md5, file_->FinishMd5());
    if (HexEncode(md5) == listed.md5) return Ok();
    return Error(Code::kCorrupt,
                 fmt::format("{} has the MD5 digest {}, but its manifest says {}; fetch it again",
                             listed.path.string(), HexEncode(md5), listed.md5));
  }

  Status Parse(std::string_view line, ListingEntry& entry) {
    const auto fields = SplitCsv(line);
    if (!fields) return Error(Code::kCorrupt, "a quote is not closed");
    if (fields->size() != columns_.size())
      return Error(Code::kCorrupt, fmt::format("there are {} fields instead of {}", fields->size(),
                                               columns_.size()));
    entry = {};
    ObjectVersion& version = entry.version;
    bool has_size = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      auto set = SetField(entry, columns_[i], (*fields)[i], has_size);
      if (!set.ok()) return std::move(set).error().With(inventory_.columns[i]);
    }
    if (version.version_id.empty()) version.version_id = kNullVersion;
    TRY_OK(tables::CheckObjectName(version.bucket, version.key));
    TRY_OK(CheckVersionId(version.version_id));
    if (version.is_delete_marker) {
      version.size = 0;
      version.etag.reset();
    } else if (!has_size) {
      return Error(Code::kInvalid, "the size is missing");
    }
    return Ok();
  }

  static Result<bool> Boolean(const std::string& text) {
    const std::string lower = Lower(text);
    if (lower == "true") return true;
    if (lower == "false") return false;
    return Error(Code::kInvalid, fmt::format("\"{}\" is neither true nor false", text));
  }

  static Status SetField(ListingEntry& entry, Column column, const std::string& text,
                         bool& has_size) {
    ObjectVersion& version = entry.version;
    if (text.empty()) return Ok();
    switch (column) {
      case Column::kOther:
        return Ok();
      case Column::kBucket:
        version.bucket = text;
        return Ok();
      case Column::kKey: {
        auto key = DecodeKey(text);
        if (!key) return Error(Code::kInvalid, fmt::format("\"{}\" is not URL-encoded", text));
        version.key = *std::move(key);
        return Ok();
      }
      case Column::kVersionId:
        version.version_id = text;
        return Ok();
      case Column::kIsLatest: {
        TRY(entry.is_latest, Boolean(text));
        return Ok();
      }
      case Column::kIsDeleteMarker: {
        TRY(version.is_delete_marker, Boolean(text));
        return Ok();
      }
      case Column::kSize: {
        std::int64_t size = -1;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), size);
        if (error != std::errc() || stop != text.data() + text.size() || size < 0)
          return Error(Code::kInvalid, fmt::format("\"{}\" is no number of bytes", text));
        version.size = static_cast<std::uint64_t>(size);
        has_size = true;
        return Ok();
      }
      case Column::kLastModified:
        version.last_modified_millis = ParseIsoTime(text);
        if (version.last_modified_millis) return Ok();
        return Error(Code::kInvalid, fmt::format("\"{}\" is no ISO 8601 time", text));
      case Column::kEtag:
        version.etag = text;
        return Ok();
    }
    return Ok();
  }

  const Inventory inventory_;
  const bool verify_;
  std::vector<Column> columns_;
  std::size_t next_file_ = 0;
  std::unique_ptr<InputFile> file_;
  std::optional<LineReader> lines_;
};

// Where a data file of the manifest lies: the inventory folder may have been copied whole, or its
// files into one folder.
Result<files::Path> FindDataFile(const files::Path& manifest, std::string_view key) {
  const files::Path folder = manifest.has_parent_path() ? manifest.parent_path() : files::Path(".");
  const files::Path name = files::Path(key).filename();
  for (const auto& path : {folder / name, folder / "data" / name, folder / ".." / "data" / name}) {
    std::error_code ec;
    if (!name.empty() && std::filesystem::is_regular_file(path, ec)) return path;
  }
  return Error(
      Code::kNotFound,
      fmt::format("{} lists {}, which is neither beside it nor in the folder `data` there; "
                  "fetch it, too",
                  manifest.string(), key));
}

// AWS puts the digest of the manifest beside it.
Status CheckManifestDigest(const files::Path& manifest, std::string_view content) {
  files::Path beside = manifest;
  beside.replace_extension(".checksum");
  auto listed = files::ReadAll(beside, 4096);
  if (!listed.ok() && listed.error().code == Code::kNotFound) return Ok();
  TRY_OK(listed);
  std::string_view wanted = *listed;
  while (wanted.ends_with('\n') || wanted.ends_with('\r')) wanted.remove_suffix(1);
  const std::string digest = HexEncode(Md5(content));
  if (Lower(Trim(wanted)) == digest) return Ok();
  return Error(Code::kCorrupt,
               fmt::format("{} has the MD5 digest {}, but {} says {}; fetch both again",
                           manifest.string(), digest, beside.string(), Trim(wanted)));
}

Error BadManifest(const files::Path& manifest, std::string_view what) {
  return Error(Code::kInvalid,
               fmt::format("{}: {}; fetch the inventory again", manifest.string(), what));
}

}  // namespace

Result<Inventory> ReadInventoryManifest(const files::Path& manifest) {
  TRY(const std::string content, files::ReadAll(manifest));
  TRY_OK(CheckManifestDigest(manifest, content));
  json::error_code ec;
  const json::value parsed = json::parse(content, ec);
  const json::object* object = ec ? nullptr : parsed.if_object();
  if (object == nullptr) return BadManifest(manifest, "this is no JSON object");
  const std::string format = TextOf(*object, "fileFormat");
  if (format != "CSV")
    return Error(Code::kNotSupported,
                 fmt::format("{}: an inventory in the format {} cannot be read; configure it with "
                             "the output format CSV, or make the listing with `aws s3api "
                             "list-object-versions`",
                             manifest.string(), format.empty() ? "?" : format));
  Inventory inventory;
  const auto columns = SplitCsv(TextOf(*object, "fileSchema"));
  if (!columns) return BadManifest(manifest, "fileSchema is no list of columns");
  for (const auto& column : *columns) inventory.columns.emplace_back(Trim(column));
  TRY_OK(CheckColumns(inventory, manifest.string() + ": fileSchema"));
  const json::value* files = object->if_contains("files");
  if (files == nullptr || !files->is_array()) return BadManifest(manifest, "files is no list");
  for (const json::value& file : files->get_array()) {
    const json::object* entry = file.if_object();
    const std::string key = entry != nullptr ? TextOf(*entry, "key") : "";
    const std::string md5 = entry != nullptr ? TextOf(*entry, "MD5checksum") : "";
    if (key.empty() || md5.empty())
      return BadManifest(
          manifest, fmt::format("files[{}] has no key or no MD5checksum", inventory.files.size()));
    TRY(auto path, FindDataFile(manifest, key));
    inventory.files.push_back({std::move(path), Lower(md5)});
  }
  return inventory;
}

Result<Inventory> ReadInventoryHeader(const files::Path& csv) {
  TRY(const auto file, InputFile::Open(csv, false));
  LineReader lines(*file);
  std::string_view line;
  TRY(const bool any, lines.Next(line));
  const auto columns = any ? SplitCsv(line) : std::nullopt;
  if (!columns || std::ranges::find(*columns, Column::kKey, ColumnOf) == columns->end())
    return Error(
        Code::kInvalid,
        fmt::format("{}: nothing says what the columns of this file are; {}, or put a first "
                    "line with the columns' names (fileSchema in the manifest) into it",
                    csv.string(), kAdvice));
  Inventory inventory;
  for (const auto& column : *columns) inventory.columns.emplace_back(Trim(column));
  inventory.header = true;
  inventory.files.push_back({csv, ""});
  TRY_OK(CheckColumns(inventory, csv.string() + ":1"));
  return inventory;
}

std::unique_ptr<EntrySource> OpenInventory(const Inventory& inventory, bool verify) {
  return std::make_unique<InventoryReader>(inventory, verify);
}

}  // namespace vams::objects
