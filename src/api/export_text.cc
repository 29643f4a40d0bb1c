#include "api/export_text.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>
#include <vector>

namespace vams::api {

namespace {

using catalog::ExportedAsset;
using catalog::ExportedFile;
using catalog::ExportedLink;
using catalog::MetadataRow;

bool NeedsEscape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

void AppendEscape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

// `name` is the member with its quotes, the colon, and the comma in front: `,"key":`.
void AppendText(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  AppendJsonText(out, text);
}

void AppendTextOrNull(std::string& out, std::string_view name,
                      const std::optional<std::string>& text) {
  out += name;
  if (text)
    AppendJsonText(out, *text);
  else
    out += "null";
}

void AppendBool(std::string& out, std::string_view name, bool value) {
  out += name;
  out += value ? "true" : "false";
}

void AppendMetadata(std::string& out, std::string_view name, const std::vector<MetadataRow>& rows) {
  out += name;
  out += '{';
  bool first = true;
  for (const MetadataRow& row : rows) {
    if (!first) out += ',';
    first = false;
    AppendJsonText(out, row.key);
    AppendText(out, R"(:{"valueType":)", row.type.empty() ? "string" : row.type);
    AppendText(out, R"(,"value":)", row.value);
    out += '}';
  }
  out += '}';
}

void AppendRefused(std::string& out, const catalog::LinkEnd& end) {
  AppendText(out, R"({"assetId":)", end.asset_id);
  AppendText(out, R"(,"databaseId":)", end.database_id);
  out += R"(,"unauthorizedAsset":true})";
}

// Everything but its files.
void AppendAsset(std::string& out, const ExportedAsset& exported) {
  const catalog::Asset& asset = *exported.asset;
  AppendBool(out, R"({"is_root_lookup_asset":)", exported.root);
  AppendText(out, R"(,"id":)", asset.id);
  AppendText(out, R"(,"databaseid":)", asset.database_id);
  AppendText(out, R"(,"assetid":)", asset.id);
  AppendText(out, R"(,"bucketid":)", asset.bucket_id);
  AppendText(out, R"(,"assetname":)", asset.name);
  AppendText(out, R"(,"bucketname":)", exported.bucket_name);
  AppendText(out, R"(,"bucketprefix":)", exported.bucket_prefix);
  AppendText(out, R"(,"assettype":)", asset.type.empty() ? "none" : asset.type);
  AppendText(out, R"(,"description":)", asset.description);
  AppendBool(out, R"(,"isdistributable":)", asset.distributable);
  out += R"(,"tags":[)";
  for (std::size_t i = 0; i < asset.tags.size(); ++i)
    AppendText(out, i == 0 ? "" : ",", asset.tags[i]);
  AppendText(out, R"(],"asset_version_id":)",
             asset.current_version.empty() ? "0" : asset.current_version);
  AppendText(out, R"(,"asset_version_createdate":)", exported.version_created);
  AppendText(out, R"(,"asset_version_comment":)", exported.version_comment);
  AppendBool(out, R"(,"archived":)", asset.archived);
  AppendMetadata(out, R"(,"metadata":)", exported.metadata);
}

void AppendLink(std::string& out, const ExportedLink& link) {
  AppendText(out, R"({"parentAssetId":)", link.parent.asset_id);
  AppendText(out, R"(,"parentAssetDatabaseId":)", link.parent.database_id);
  AppendText(out, R"(,"childAssetId":)", link.child.asset_id);
  AppendText(out, R"(,"childAssetDatabaseId":)", link.child.database_id);
  AppendText(out, R"(,"assetLinkType":)", "parentChild");
  AppendText(out, R"(,"assetLinkId":)", link.id);
  AppendTextOrNull(out, R"(,"assetLinkAliasId":)", link.alias);
  AppendMetadata(out, R"(,"metadata":)", link.metadata);
  out += '}';
}

}  // namespace

void AppendJsonText(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // where the text begins that is still to be appended
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!NeedsEscape(c)) continue;
    out.append(text, plain, i - plain);
    AppendEscape(out, c);
    plain = i + 1;
  }
  out.append(text, plain);
  out += '"';
}

Result<bool> ExportText::Next(OpContext& op, std::string& out) {
  switch (stage_) {
    case Stage::kBegin:
      out += R"({"assets":[)";
      stage_ = Stage::kAssets;
      [[fallthrough]];
    case Stage::kAssets:
      TRY_OK(BeginAsset(op, out));
      return true;
    case Stage::kFiles:
      TRY_OK(AppendFiles(op, out));
      return true;
    case Stage::kLinks:
      TRY_OK(AppendLinks(op, out));
      return true;
    case Stage::kEnd:
      TRY_OK(AppendEnd(op, out));
      stage_ = Stage::kDone;
      return true;
    case Stage::kDone:
      break;
  }
  return false;
}

Status ExportText::BeginAsset(OpContext& op, std::string& out) {
  TRY(const auto exported, source_->NextAsset(op));
  if (!exported) {
    out += ']';
    stage_ = source_->has_links() ? Stage::kLinks : Stage::kEnd;
    if (source_->has_links()) out += R"(,"relationships":[)";
    first_ = true;
    return Ok();
  }
  if (!first_) out += ',';
  first_ = false;
  if (!exported->asset) {
    AppendRefused(out, exported->end);
    return Ok();
  }
  AppendAsset(out, *exported);
  out += R"(,"files":[)";
  signs_ = source_->request().signed_urls && exported->asset->distributable;
  bucket_ = exported->bucket_name;
  stage_ = Stage::kFiles;
  first_ = true;
  return Ok();
}

Status ExportText::AppendFiles(OpContext& op, std::string& out) {
  TRY(const auto files, source_->NextFiles(op));
  if (files.empty()) {
    out += "]}";
    stage_ = Stage::kAssets;
    first_ = false;
    return Ok();
  }
  for (const ExportedFile& file : files) {
    if (!first_) out += ',';
    first_ = false;
    TRY_OK(AppendFile(op, file, out));
  }
  return Ok();
}

Status ExportText::AppendFile(OpContext& op, const ExportedFile& exported, std::string& out) {
  const catalog::FileItem& file = exported.file;
  AppendText(out, R"({"fileName":)", file.name);
  AppendText(out, R"(,"key":)", file.key);
  AppendText(out, R"(,"relativePath":)", file.path);
  AppendBool(out, R"(,"isFolder":)", file.folder);
  out += R"(,"size":)";
  if (file.size)
    fmt::format_to(std::back_inserter(out), "{}", *file.size);
  else
    out += "null";
  AppendText(out, R"(,"dateCreatedCurrentVersion":)", file.modified);
  AppendText(out, R"(,"versionId":)", file.version_id.value_or("null"));
  AppendText(out, R"(,"storageClass":)", "STANDARD");
  AppendBool(out, R"(,"isArchived":)", file.archived);
  AppendBool(out, R"(,"currentAssetVersionFileVersionMismatch":)", file.mismatch.value_or(false));
  AppendTextOrNull(out, R"(,"primaryType":)", file.primary_type);
  AppendText(out, R"(,"previewFile":)", file.preview);
  AppendMetadata(out, R"(,"metadata":)", exported.metadata);
  AppendMetadata(out, R"(,"attributes":)", exported.attributes);
  // What a download would refuse has no URL.
  if (!signs_ || file.folder || catalog::IsBlockedExtension(file.key)) {
    out += R"(,"presignedFileDownloadUrl":null,"presignedFileDownloadExpiresIn":null})";
    return Ok();
  }
  TRY(const auto url, sign_(op, {bucket_, file.key}, file.version_id.value_or("")));
  AppendText(out, R"(,"presignedFileDownloadUrl":)", url);
  fmt::format_to(std::back_inserter(out), R"(,"presignedFileDownloadExpiresIn":{}}})", seconds_);
  return Ok();
}

Status ExportText::AppendLinks(OpContext& op, std::string& out) {
  TRY(const auto links, source_->NextLinks(op));
  if (links.empty()) {
    out += ']';
    stage_ = Stage::kEnd;
    return Ok();
  }
  for (const ExportedLink& link : links) {
    if (!first_) out += ',';
    first_ = false;
    AppendLink(out, link);
  }
  return Ok();
}

Status ExportText::AppendEnd(OpContext& op, std::string& out) {
  TRY(const auto end, source_->Finish(op));
  const bool alone = !source_->request().relationships;
  if (alone) out += R"(,"relationships":null)";
  fmt::format_to(std::back_inserter(out), R"(,"totalAssetsInTree":{},"assetsInThisPage":{})",
                 end.assets_in_tree, end.assets_in_page);
  if (alone)
    out += R"(,"NextToken":null)";
  else if (!end.next.empty())
    AppendText(out, R"(,"NextToken":)", end.next);
  out += '}';
  return Ok();
}

}  // namespace vams::api
