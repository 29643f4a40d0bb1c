// What becomes of one asset in the corrected dialect: numbers, version rows, file rows, location.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "migrate/steps/old_times.h"
#include "migrate/steps/v21_to_v22.h"
#include "migrate/steps/v21_to_v22_assets.h"
#include "objects/object_records.h"

namespace vams::migrate::v22 {

using items::Item;
using items::Kind;
using items::Value;

namespace {

// What a stored version says about itself; everything else in it is carried over.
constexpr std::array<std::string_view, 9> kEntryAttributes = {
    "Comment",     "CreatedBy",    "DateModified",    "S3Version",          "Version",
    "description", "objectFamily", "previewLocation", "specifiedPipelines",
};
constexpr std::array<std::string_view, 9> kRowAttributes = {
    "assetId",     "assetVersionId", "comment",          "createdBy",          "databaseId",
    "dateCreated", "description",    "isCurrentVersion", "specifiedPipelines",
};

template <std::size_t N>
bool OneOf(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A version as stored, with the number it gets.
struct Entry {
  std::string id;
  const Item* stored = nullptr;  // nullptr: nothing is stored of any version
  bool current = false;
};

// Where an asset's files are.
struct Place {
  Bucket bucket;
  std::string folder;     // of the bucket's keys, with a slash at its end
  std::string only_file;  // the key of the asset's one file; empty: all of the folder is the asset
  bool listed = false;    // the bucket's objects are known
  // What the listing has in the folder, without folder markers.
  std::vector<objects::ObjectRecord> objects;
};

class Planner {
 public:
  Planner(const Record& record, const Buckets& buckets, const Context& cx, Output& out)
      : record_(record), item_(record.item), buckets_(buckets), cx_(cx), out_(out) {}

  Result<std::optional<AssetPlan>> Plan() {
    TRY(const bool placed, FindPlace());
    if (!placed) return std::optional<AssetPlan>();
    AssetPlan plan;
    plan.record = &record_;
    plan.database = item_.Text("databaseId");
    const auto entries = Number();
    for (const Entry& entry : entries) {
      StoredVersion version{
          .id = entry.id, .current = entry.current, .row = RowOf(entry), .files = {}};
      TRY(version.files, FilesOf(entry, version.row));
      plan.versions.push_back(std::move(version));
    }
    TellOfVersions();
    const auto current = std::ranges::find_if(entries, &Entry::current);
    plan.asset = AssetOf(current->id);
    return std::optional(std::move(plan));
  }

 private:
  // A remark that several versions may share; one note tells it of all of them, because a note
  // holds the whole asset.
  void Tell(const std::string& version, std::string_view code, std::string text) {
    told_[{std::string(code), std::move(text)}].push_back(version);
  }
  void TellOfVersions() {
    for (const auto& [what, versions] : told_)
      out_.Note(record_, what.first,
                fmt::format("version{} {} {}", versions.size() > 1 ? "s" : "",
                            fmt::join(versions, ", "), what.second));
  }

  // ---- Versions

  // All versions, oldest first, each with a number of its own; one of them is current.
  std::vector<Entry> Number() {
    std::vector<Entry> entries;
    for (const Item* stored : HistoryOf(item_))
      entries.push_back({.id = VersionText(*stored), .stored = stored, .current = false});
    const Item* current = MapIn(item_, "currentVersion");
    if (current != nullptr)
      entries.push_back({.id = VersionText(*current), .stored = current, .current = true});
    if (entries.empty()) return {{.id = "0", .stored = nullptr, .current = true}};
    NumberTheRest(entries);
    if (current == nullptr) Newest(entries).current = true;
    return WithoutDuplicates(std::move(entries));
  }

  // Versions without number get the next free one after the version before them.
  void NumberTheRest(std::vector<Entry>& entries) {
    std::set<std::uint64_t> used;
    for (const Entry& entry : entries)
      if (const auto number = VersionNumber(entry.id)) used.insert(*number);
    std::uint64_t last = 0;
    for (Entry& entry : entries) {
      if (entry.id.empty()) {
        for (++last; used.contains(last);) ++last;
        used.insert(last);
        entry.id = std::to_string(last);
        Tell(entry.id, "M12-3", "had no number; it is the next that was free");
      } else if (const auto number = VersionNumber(entry.id)) {
        last = *number;
      } else {
        Tell(entry.id, "D-9", "is no number; release 2.2 cannot list the versions of this asset");
      }
    }
  }

  static Entry& Newest(std::vector<Entry>& entries) {
    return *std::ranges::max_element(entries, [](const Entry& a, const Entry& b) {
      return VersionNumber(a.id).value_or(0) < VersionNumber(b.id).value_or(0);
    });
  }

  // One entry per number: the current one, else the one stored last.
  std::vector<Entry> WithoutDuplicates(std::vector<Entry> entries) {
    std::map<std::string_view, const Entry*> kept;
    for (const Entry& entry : entries) {
      const Entry*& best = kept[entry.id];
      if (best != nullptr && !(*best->stored == *entry.stored))
        Tell(entry.id, "M12-1",
             "was stored twice; the row is that of the current one, else of the later, and the "
             "other is in the residue");
      if (best == nullptr || !best->current) best = &entry;
    }
    std::vector<Entry> unique;
    for (const Entry& entry : entries)
      if (kept.at(entry.id) == &entry) unique.push_back(entry);
    return unique;
  }

  Item RowOf(const Entry& entry) const {
    Item row{{"assetId", Text(item_.Text("assetId"))},
             {"assetVersionId", Text(entry.id)},
             {"isCurrentVersion", Value::Bool(entry.current)}};
    if (entry.stored == nullptr) {
      row.Set("comment", Text(kMadeUpComment));
      row.Set("createdBy", Text(kNobody));
      row.Set("dateCreated", Text(IsoTime(cx_.settings.run_millis)));
      row.Set("description", Text(""));
      row.Set("specifiedPipelines", Value::L({}));
      return row;
    }
    const Item& stored = *entry.stored;
    for (const auto& attribute : stored)
      if (!OneOf(kEntryAttributes, attribute.name) && !OneOf(kRowAttributes, attribute.name))
        row.Set(attribute.name, attribute.value);
    const std::string_view author = stored.Text("CreatedBy");
    row.Set("createdBy", Text(author.empty() ? kNoAuthor : author));
    row.Set("comment", stored.Has("Comment") ? Text(stored.Text("Comment"))
                                             : Text(fmt::format("Version {}", entry.id)));
    row.Set("description", Text(stored.Text("description")));
    const Value* pipelines = stored.Find("specifiedPipelines");
    row.Set("specifiedPipelines", pipelines != nullptr ? *pipelines : Value::L({}));
    const std::string_view date = stored.Text("DateModified");
    if (date.empty())
      row.Set("dateCreated", Text(IsoTime(cx_.settings.run_millis)));
    else
      row.Set("dateCreated", Text(IsoFromLongDate(date).value_or(std::string(date))));
    return row;
  }

  // ---- Files

  Result<std::vector<Item>> FilesOf(const Entry& entry, const Item& row) {
    const std::string_view object_version =
        entry.stored != nullptr ? entry.stored->Text("S3Version") : std::string_view();
    if (!place_.only_file.empty()) return OnlyFile(entry, row, object_version);
    return FolderFiles(entry, row, object_version);
  }

  Result<std::vector<Item>> OnlyFile(const Entry& entry, const Item& row,
                                     std::string_view object_version) {
    const auto object = std::ranges::find(place_.objects, place_.only_file,
                                          [](const auto& record) { return record.newest.key; });
    std::vector<Item> files;
    std::optional<objects::ObjectVersion> known;
    if (object != place_.objects.end()) {
      TRY(known, VersionOf(*object, object_version, entry.current));
    }
    if (object_version.empty()) {
      if (known && entry.current)
        files.push_back(FileRow(row, known->key, known->version_id, known));
      Tell(entry.id, "M12-1",
           fmt::format("had no object version id: {}",
                       files.empty() ? "no files" : "the file that is there now"));
      return files;
    }
    if (!known && place_.listed)
      Tell(
          entry.id, "M12-1",
          fmt::format("had an object version id that the listing does not have of {}: its file row "
                      "has neither size nor date",
                      place_.only_file));
    files.push_back(FileRow(row, place_.only_file, object_version, known));
    return files;
  }

  // The version of an object with that id; without an id, the newest of a current version.
  Result<std::optional<objects::ObjectVersion>> VersionOf(const objects::ObjectRecord& object,
                                                          std::string_view id, bool newest) {
    std::optional<objects::ObjectVersion> found;
    if (id.empty()) {
      if (newest) {
        TRY(found, objects::NewestContent(cx_.state.op(), cx_.state.source(), object));
      }
      return found;
    }
    TRY(auto versions, objects::ReadVersions(cx_.state.op(), cx_.state.source(), object));
    for (auto& version : versions)
      if (version.version_id == id && !version.is_delete_marker) found = std::move(version);
    return found;
  }

  Result<std::vector<Item>> FolderFiles(const Entry& entry, const Item& row,
                                        std::string_view object_version) {
    std::optional<objects::ObjectVersion> named;
    if (!object_version.empty()) {
      TRY(named, FindInFolder(object_version));
    }
    std::vector<Item> files;
    if (named) files.push_back(FileRow(row, named->key, named->version_id, named));
    if (entry.current) TRY_OK(AddFolder(row, named, files));
    if (named) return files;
    Tell(entry.id, "M12-1",
         fmt::format("had {}: {}",
                     object_version.empty() ? "no object version id"
                                            : "an object version id that no listed object has",
                     files.empty() ? "no files" : "the files that are in the folder now"));
    return files;
  }

  // What is in the folder now, or was last in that of an archived asset.
  Status AddFolder(const Item& row, const std::optional<objects::ObjectVersion>& named,
                   std::vector<Item>& files) const {
    const bool archived = IsArchived(item_.Text("databaseId"));
    for (const auto& object : place_.objects) {
      if (named && named->key == object.newest.key) continue;
      if (object.newest.is_delete_marker && !archived) continue;
      TRY(const auto version, objects::NewestContent(cx_.state.op(), cx_.state.source(), object));
      if (version) files.push_back(FileRow(row, version->key, version->version_id, version));
    }
    return Ok();
  }

  Result<std::optional<objects::ObjectVersion>> FindInFolder(std::string_view object_version) {
    if (!folder_versions_) {
      folder_versions_.emplace();
      for (const auto& object : place_.objects) {
        TRY(auto versions, objects::ReadVersions(cx_.state.op(), cx_.state.source(), object));
        for (auto& version : versions)
          if (!version.is_delete_marker && version.version_id != objects::kNullVersion)
            folder_versions_->try_emplace(version.version_id, std::move(version));
      }
    }
    const auto found = folder_versions_->find(object_version);
    if (found == folder_versions_->end()) return std::optional<objects::ObjectVersion>();
    return std::optional(found->second);
  }

  Item FileRow(const Item& row, std::string_view key, std::string_view version_id,
               const std::optional<objects::ObjectVersion>& known) const {
    Item file{
        {std::string(kFilesOf), Text(FilesKey(row.Text("assetId"), row.Text("assetVersionId")))},
        {"fileKey", Text(key.substr(place_.folder.size()))},
        {"versionId", Text(version_id)},
        {"createdAt", Text(row.Text("dateCreated"))},
        {"etag", Value::Null()},
        {"lastModified", Value::Null()},
        {"size", Value::Null()}};
    if (!known) return file;
    file.Set("size", Value::N(static_cast<std::int64_t>(known->size)));
    if (known->etag) file.Set("etag", Text(*known->etag));
    if (known->last_modified_millis)
      file.Set("lastModified", Text(IsoTime(*known->last_modified_millis, "+00:00")));
    return file;
  }

  // ---- The asset

  // Bucket and folder.  False if the bucket cannot be told.
  Result<bool> FindPlace() {
    const Item* location = MapIn(item_, "assetLocation");
    std::string key(location != nullptr ? location->Text("Key") : "");
    if (key.starts_with('/')) key.erase(0, 1);
    TRY(auto bucket, ChooseBucket(location, key));
    if (!bucket) {
      out_.Ambiguous(record_, "object listings",
                     "several asset buckets are possible, and neither the asset's location nor the "
                     "object listing tells which one has its files; name the asset bucket");
      return false;
    }
    place_.bucket = *std::move(bucket);
    place_.folder = fmt::format("{}{}/", place_.bucket.prefix, item_.Text("assetId"));
    const std::string full = UnderPrefix(place_.bucket, key);
    if (!full.empty() && !full.starts_with(place_.folder)) {
      const auto slash = full.rfind('/');
      const bool in_folder = slash != full.npos && slash + 1 > place_.bucket.prefix.size();
      if (in_folder) place_.folder = full.substr(0, slash + 1);
      out_.Note(
          record_, "M12-1",
          fmt::format("its location {} is not in the folder of its id; its location becomes {}{}",
                      full, place_.folder, in_folder ? "" : ", where that file is not reachable"));
    }
    const Value* several = item_.Find("isMultiFile");
    const bool many = several != nullptr && several->is(Kind::kBool) && several->boolean();
    if (!many && !full.ends_with('/') && full.size() > place_.folder.size() &&
        full.starts_with(place_.folder))
      place_.only_file = full;
    TRY(place_.listed, IsListed(cx_, place_.bucket.name));
    if (!place_.listed) return true;
    TRY(place_.objects, ObjectsUnder(cx_, place_.bucket.name, place_.folder));
    std::erase_if(place_.objects,
                  [](const auto& object) { return object.newest.key.ends_with('/'); });
    return true;
  }

  // 2.1 knew no prefixes: a key without it is meant to lie below it.
  static std::string UnderPrefix(const Bucket& bucket, const std::string& key) {
    return key.empty() || key.starts_with(bucket.prefix) ? key : bucket.prefix + key;
  }

  Result<std::optional<Bucket>> ChooseBucket(const Item* location, const std::string& key) const {
    const std::string_view named = location != nullptr ? location->Text("Bucket") : "";
    if (!named.empty() && !(buckets_.chosen && buckets_.chosen->name == named)) {
      const auto found = std::ranges::find(buckets_.all, named, &Bucket::name);
      if (found != buckets_.all.end()) return std::optional(*found);
      out_.Note(record_, "object listings",
                fmt::format("its location names bucket {}, of which there is no row in {}", named,
                            kBuckets));
    }
    if (buckets_.by_setting || buckets_.all.size() == 1) return buckets_.chosen;
    std::optional<Bucket> holding;
    for (const Bucket& bucket : buckets_.all) {
      const std::string folder = fmt::format("{}{}/", bucket.prefix, item_.Text("assetId"));
      TRY(const auto found,
          ObjectsUnder(cx_, bucket.name, key.empty() ? folder : UnderPrefix(bucket, key), 1));
      if (found.empty()) continue;
      if (holding) return buckets_.chosen;
      holding = bucket;
    }
    return holding ? holding : buckets_.chosen;
  }

  Item AssetOf(const std::string& current) const {
    Item asset = item_;
    for (const auto name : kRemoved) asset.Remove(name);
    asset.Set("assetLocation", Value::M(Item{{"Key", Text(place_.folder)}}));
    asset.Set("bucketId", Text(place_.bucket.id));
    asset.Set("currentVersionId", Text(current));
    if (const std::string type = TypeOf(); !type.empty()) asset.Set("assetType", Text(type));
    return asset;
  }

  // As 2.2 computes it; empty: the old one stays.
  std::string TypeOf() const {
    std::vector<std::string_view> live;
    for (const auto& object : place_.objects)
      if (!object.newest.is_delete_marker) live.push_back(object.newest.key);
    if (live.size() > 1) return "folder";
    if (live.size() == 1) return Extension(live[0]);
    if (place_.listed && place_.objects.empty()) return "none";
    if (!place_.only_file.empty()) return Extension(place_.only_file);
    const Value* several = item_.Find("isMultiFile");
    const bool many = several != nullptr && several->is(Kind::kBool) && several->boolean();
    return many ? "folder" : "";
  }

  static std::string Extension(std::string_view key) {
    key.remove_prefix(key.rfind('/') + 1);  // npos + 1 is 0
    const auto dot = key.rfind('.');
    if (dot == key.npos) return "unknown";
    std::string extension(key.substr(dot));
    for (char& c : extension)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return extension;
  }

  const Record& record_;
  const Item& item_;
  const Buckets& buckets_;
  const Context& cx_;
  Output& out_;
  Place place_;
  // Versions by code and text.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> told_;
  // Object versions of the folder by id; read when first asked for.
  std::optional<std::map<std::string, objects::ObjectVersion, std::less<>>> folder_versions_;
};

}  // namespace

Result<std::optional<AssetPlan>> PlanAsset(const Record& record, const Buckets& buckets,
                                           const Context& cx, Output& out) {
  return Planner(record, buckets, cx, out).Plan();
}

void TellDefects(const Record& record, const AssetPlan& plan, Output& out) {
  const Item& item = record.item;
  const Item* current = MapIn(item, "currentVersion");
  const auto history = HistoryOf(item);
  if (const std::size_t versions = history.size() + (current != nullptr ? 1 : 0); versions > 0)
    out.Defect(
        record, "M12-1",
        fmt::format("of its {} stored version{} one would be kept, without files and with the "
                    "date of the migration",
                    versions, versions > 1 ? "s" : ""));
  if (current != nullptr && VersionText(*current).empty() && ReferenceCurrentVersion(item) != "0")
    out.Defect(record, "M12-3",
               fmt::format("its current version would be called {} but stored as 0",
                           ReferenceCurrentVersion(item)));
  if (!item.Has("assetLocation"))
    out.Defect(record, "M12-5", "it would have no location, and uploads to it would fail");
  if (plan.asset.Text("assetType") != item.Text("assetType"))
    out.Defect(record, "M12-7",
               fmt::format("its type would stay \"{}\" instead of \"{}\"", item.Text("assetType"),
                           plan.asset.Text("assetType")));
}

std::optional<std::string> AssetOfFiles(std::string_view asset_and_version) {
  const auto colon = asset_and_version.rfind(':');
  if (colon == asset_and_version.npos || colon == 0 || colon + 1 == asset_and_version.size())
    return std::nullopt;
  return std::string(asset_and_version.substr(0, colon));
}

std::string FilesKey(std::string_view asset, std::string_view version) {
  return fmt::format("{}:{}", asset, version);
}

std::optional<std::uint64_t> VersionNumber(std::string_view id) {
  if (id.starts_with('v')) id.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (id.empty() || error != std::errc() || stop != id.data() + id.size()) return std::nullopt;
  return number;
}

std::string VersionText(const Item& entry) {
  const Value* version = entry.Find("Version");
  if (version == nullptr || !(version->is(Kind::kS) || version->is(Kind::kN))) return {};
  return version->text();
}

const Item* MapIn(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  return value != nullptr && value->is(Kind::kM) ? &value->map() : nullptr;
}

std::vector<const Item*> HistoryOf(const Item& asset) {
  std::vector<const Item*> entries;
  const Value* history = asset.Find("versions");
  if (history == nullptr || !history->is(Kind::kL)) return entries;
  for (const Value& entry : history->list())
    if (entry.is(Kind::kM)) entries.push_back(&entry.map());
  return entries;
}

std::string ReferenceCurrentVersion(const Item& asset) {
  if (const Item* current = MapIn(asset, "currentVersion"))
    if (auto id = VersionText(*current); !id.empty()) return id;
  if (const auto history = HistoryOf(asset); !history.empty())
    if (auto id = VersionText(*history[0]); !id.empty()) return id;
  return "0";
}

}  // namespace vams::migrate::v22
