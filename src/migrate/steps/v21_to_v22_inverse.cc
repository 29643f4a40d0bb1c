// Assets with their versions folded back into them, as 2.1 has them.  Spec: migrations.md section
// 3.6.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "migrate/steps/old_times.h"
#include "migrate/steps/v21_to_v22.h"
#include "migrate/steps/v21_to_v22_assets.h"

namespace vams::migrate::v22 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

constexpr std::size_t kMaxItemBytes = std::size_t{400} * 1024;
constexpr std::array<std::string_view, 6> kAdded = {
    "currentVersionId", "bucketId", "status", "archivedAt", "archivedBy", "archivedReason"};
// Attributes of a version row that the entry in the asset expresses in another way.
constexpr std::array<std::string_view, 9> kOwnAttributes = {
    "assetId",     "assetVersionId", "comment",          "createdBy",          "databaseId",
    "dateCreated", "description",    "isCurrentVersion", "specifiedPipelines",
};
constexpr std::array<std::string_view, 6> kEntryOwnAttributes = {
    "Comment", "CreatedBy", "DateModified", "S3Version", "Version", "description",
};

std::string_view WithoutSlashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

// Version ids in the order of their numbers; what is no number comes last.
bool Earlier(std::string_view a, std::string_view b) {
  const auto x = VersionNumber(a), y = VersionNumber(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

// File version rows by the partition they are in.
using Files = std::map<std::string_view, std::vector<const Item*>, std::less<>>;

// Folds the versions of one asset of a unit.
class Folder {
 public:
  Folder(const Unit& unit, const Files& files, const Record& record, Output& out)
      : unit_(unit), files_(files), record_(record), out_(out), assets_(unit.Of(kAssets)) {}

  Item Fold() {
    const Item& item = record_.item;
    current_ = item.Text("currentVersionId");
    for (const Item* row : unit_.Of(kVersions))
      if (Owns(*row)) rows_.push_back(row);
    std::ranges::sort(rows_, [](const Item* a, const Item* b) {
      return Earlier(a->Text("assetVersionId"), b->Text("assetVersionId"));
    });
    only_file_ = OnlyFile();

    Item asset = item;
    for (const auto name : kAdded) asset.Remove(name);
    asset.Set("isMultiFile", Value::Bool(item.Text("assetType") == "folder"));
    asset.Set("specifiedPipelines", Value::L({}));
    asset.Set("pipelineId", Text(""));
    asset.Set("executionId", Text(""));
    if (const Item* location = MapIn(item, "assetLocation"))
      asset.Set("assetLocation", Value::M(Item{{"Key", Text(OldKey(location->Text("Key")))}}));
    Value::List history;
    for (const Item* row : rows_) {
      if (row->Text("assetVersionId") == current_)
        asset.Set("currentVersion", Value::M(EntryOf(*row)));
      else
        history.push_back(Value::M(EntryOf(*row)));
    }
    if (!current_.empty() && !asset.Has("currentVersion"))
      asset.Set("currentVersion", Value::M(Entry(std::string(current_))));
    FitIn(asset, history);
    if (!history.empty()) asset.Set("versions", Value::L(std::move(history)));
    return asset;
  }

 private:
  // A row that names no database belongs to every asset of the id that has come that far.
  bool Owns(const Item& row) const {
    const std::string_view owner = row.Text("databaseId");
    const std::string_view mine = record_.item.Text("databaseId");
    if (owner == mine) return true;
    if (owner.empty())
      return assets_.size() == 1 || current_.empty() ||
             !Earlier(current_, row.Text("assetVersionId"));
    // Archived or restored since: the row still has the old mark.
    return Plain(owner) == Plain(mine) && std::ranges::none_of(assets_, [&](const Item* asset) {
             return asset->Text("databaseId") == owner;
           });
  }

  const std::vector<const Item*>& FilesOf(std::string_view version) const {
    static const std::vector<const Item*> kNone;
    const auto found = files_.find(FilesKey(record_.item.Text("assetId"), version));
    return found == files_.end() ? kNone : found->second;
  }

  // The path of a single-file asset's file; empty if it is none, or its file is not known.
  std::string OnlyFile() const {
    const std::string_view type = record_.item.Text("assetType");
    if (type == "folder" || type == "none") return {};
    std::string only;
    for (const Item* file : FilesOf(current_)) {
      const std::string_view path = WithoutSlashes(file->Text("fileKey"));
      if (path.find(".previewFile.") != path.npos) continue;
      if (!only.empty()) return {};
      only = path;
    }
    return only;
  }

  // 2.1 has no prefixes: the folder of the id, or the one file in it.
  std::string OldKey(std::string_view key) const {
    const std::string own = fmt::format("{}/", record_.item.Text("assetId"));
    std::string folder(key);
    if (folder.ends_with("/" + own)) folder = own;
    return folder + only_file_;
  }

  Item Entry(std::string version) const {
    return Item{{"Comment", Text("")},     {"DateModified", Text("")},
                {"S3Version", Text("")},   {"Version", Text(version)},
                {"description", Text("")}, {"specifiedPipelines", Value::L({})}};
  }

  Item EntryOf(const Item& row) const {
    std::string version(row.Text("assetVersionId"));
    if (version == "0" && rows_.size() == 1) version = "1";  // 2.1 counts from 1
    Item entry = Entry(std::move(version));
    for (const auto& attribute : row)
      if (std::ranges::find(kOwnAttributes, attribute.name) == kOwnAttributes.end() &&
          std::ranges::find(kEntryOwnAttributes, attribute.name) == kEntryOwnAttributes.end())
        entry.Set(attribute.name, attribute.value);
    entry.Set("Comment", Text(row.Text("comment")));
    const std::string date(row.Text("dateCreated"));
    entry.Set("DateModified", Text(LongDateFromIso(date).value_or(date)));
    entry.Set("description", Text(row.Text("description")));
    if (const Value* pipelines = row.Find("specifiedPipelines"))
      entry.Set("specifiedPipelines", *pipelines);
    const std::string_view author = row.Text("createdBy");
    if (!author.empty() && author != kNoAuthor && author != kNobody && author != "SYSTEM_USER")
      entry.Set("CreatedBy", Text(author));
    entry.Set("S3Version", Text(ObjectVersionOf(row.Text("assetVersionId"))));
    return entry;
  }

  std::string ObjectVersionOf(std::string_view version) const {
    if (only_file_.empty()) return {};
    for (const Item* file : FilesOf(version))
      if (WithoutSlashes(file->Text("fileKey")) == only_file_)
        return std::string(file->Text("versionId"));
    return {};
  }

  // Drops the oldest versions of a history with which the asset would be too large for a record.
  void FitIn(const Item& asset, Value::List& history) {
    // Each entry counts one byte in the list, the list three and its name.
    std::size_t size = items::ItemSize(asset) + std::string_view("versions").size() + 3;
    for (const Value& entry : history) size += EntrySize(entry);
    std::size_t dropped = 0;
    while (size > kMaxItemBytes && dropped < history.size()) size -= EntrySize(history[dropped++]);
    if (dropped == 0) return;
    history.erase(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(dropped));
    out_.Note(
        record_, "D-9",
        fmt::format("its {} oldest versions do not fit into one record of 2.1; they are in the "
                    "residue",
                    dropped));
  }

  static std::size_t EntrySize(const Value& entry) {
    // A map counts three bytes, one for each attribute, and one as a member of the list.
    return items::ItemSize(entry.map()) + entry.map().size() + 4;
  }

  const Unit& unit_;
  const Files& files_;
  const Record& record_;
  Output& out_;
  const std::vector<const Item*> assets_;
  std::string_view current_;
  std::vector<const Item*> rows_;  // its versions, oldest first
  std::string only_file_;
};

}  // namespace

Status InvertAssets(const Unit& unit, Output& out) {
  Files files;
  for (const Item* file : unit.Of(kFileVersions)) files[file->Text(kFilesOf)].push_back(file);
  for (const auto& record : unit.records) {
    if (record.table != kAssets) continue;
    // What has no current version is in the shape of 2.1 already.
    if (record.item.Has("currentVersionId"))
      out.Put(kAssets, Folder(unit, files, record, out).Fold());
    else
      out.Put(kAssets, record.item);
  }
  return Ok();
}

}  // namespace vams::migrate::v22
