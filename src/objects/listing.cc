#include "objects/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "items/aws/input_file.h"
#include "objects/listing_source.h"

namespace vams::objects {

namespace {

auto NameOf(const ListingEntry& entry) { return std::tie(entry.version.bucket, entry.version.key); }

class VectorSource final : public EntrySource {
 public:
  explicit VectorSource(std::vector<ListingEntry> entries) : entries_(std::move(entries)) {}
  Result<bool> Next(ListingEntry& entry) override {
    if (next_ == entries_.size()) return false;
    entry = std::move(entries_[next_++]);
    return true;
  }

 private:
  std::vector<ListingEntry> entries_;
  std::size_t next_ = 0;
};

// A source with the entry that comes next.
struct Head {
  std::unique_ptr<EntrySource> source;
  ListingEntry entry;
  bool there = false;

  Status Advance() {
    TRY(there, source->Next(entry));
    return Ok();
  }
};

std::int64_t TimeOf(const ListingEntry& entry) {
  return entry.version.last_modified_millis.value_or(std::numeric_limits<std::int64_t>::min());
}

// Versions and delete markers of one object, each newest first, as one history, newest first.  Of
// the same second (S3 tells no more) the marker counts as the newer: what is deleted was there.
std::vector<ListingEntry> MergeMarkers(std::vector<ListingEntry> entries) {
  std::vector<ListingEntry> merged, versions, markers;
  for (auto& entry : entries) (entry.from_markers ? markers : versions).push_back(std::move(entry));
  std::ranges::merge(markers, versions, std::back_inserter(merged), std::greater<>(), TimeOf,
                     TimeOf);
  return merged;
}

// What Open's first reading finds out beyond the format.
class Survey {
 public:
  explicit Survey(ListingInfo& info) : info_(info) {}

  void Add(const ListingEntry& entry) {
    ++info_.versions;
    if (entry.version.is_delete_marker) ++info_.delete_markers;
    auto& [bucket, key] = last_[entry.from_markers ? 1 : 0];
    if (NameOf(entry) < std::tie(bucket, key)) info_.sorted = false;
    bucket = entry.version.bucket;
    key = entry.version.key;
  }

 private:
  ListingInfo& info_;
  std::pair<std::string, std::string> last_[2];
};

enum class FileKind : std::uint8_t { kJson, kCsv, kColumnar };

Result<FileKind> LookAt(const files::Path& path) {
  TRY(const auto file, items::aws::InputFile::Open(path, false));
  char first[512];
  std::size_t count = 0;
  for (;;) {
    TRY(const std::size_t more, file->Read(first + count, sizeof first - count));
    count += more;
    if (more == 0 || count == sizeof first) break;
  }
  const std::string_view start(first, count);
  if (start.starts_with("PAR1") || start.starts_with("ORC")) return FileKind::kColumnar;
  const auto content = start.find_first_not_of(" \t\r\n");
  if (content == start.npos)
    return Error(Code::kInvalid,
                 fmt::format("{} is empty; an empty bucket's listing is []", path.string()));
  return start[content] == '{' || start[content] == '[' ? FileKind::kJson : FileKind::kCsv;
}

Status CheckBucket(const files::Path& path, std::string_view given, std::string_view found) {
  if (given.empty() || given == found) return Ok();
  return Error(Code::kInvalid, fmt::format("{} lists the bucket {}, not {}; name that one, or none",
                                           path.string(), found, given));
}

}  // namespace

struct ListingReader::Impl {
  Status OpenJson();
  Status OpenInventoryFiles(const Inventory& inventory);
  Status Collect();
  Status Order(std::vector<ListingEntry> entries, std::vector<ObjectVersion>& versions) const;

  files::Path path;
  std::string bucket;
  ListingInfo info;
  std::vector<Head> heads;
};

std::string_view FormatName(ListingFormat format) {
  switch (format) {
    case ListingFormat::kObjectsJson:
      return "object listing";
    case ListingFormat::kVersionsJson:
      return "output of list-object-versions";
    case ListingFormat::kCurrentJson:
      return "output of list-objects-v2";
    case ListingFormat::kInventory:
      return "S3 inventory";
  }
  return "";
}

Status ListingReader::Impl::OpenJson() {
  TRY(auto json, JsonListing::Open(path, bucket, JsonPart::kAll));
  Survey survey(info);
  for (ListingEntry entry;;) {
    TRY(const bool more, json->Next(entry));
    if (!more) break;
    if (json->survey().array) TRY_OK(CheckBucket(path, bucket, entry.version.bucket));
    survey.Add(entry);
  }
  const JsonSurvey found = json->survey();
  if (found.manifest) {
    TRY(const auto inventory, ReadInventoryManifest(path));
    return OpenInventoryFiles(inventory);
  }
  if (!found.recognized)
    return Error(
        Code::kInvalid,
        fmt::format("{} is no object listing; give one made with `aws s3api "
                    "list-object-versions --bucket BUCKET`, or an inventory's manifest.json",
                    path.string()));
  if (found.incomplete)
    return Error(
        Code::kInvalid,
        fmt::format("{} stops early: its last page says that there are more versions; make "
                    "the listing without --max-items and --no-paginate, or add the missing "
                    "pages to it",
                    path.string()));
  if (found.array) {
    info.format = ListingFormat::kObjectsJson;
  } else {
    if (found.name) TRY_OK(CheckBucket(path, bucket, *found.name));
    if (found.name) bucket = *found.name;
    if (bucket.empty())
      return Error(Code::kInvalid, fmt::format("{} does not say of which bucket it is; give it as "
                                               "BUCKET={}",
                                               path.string(), path.string()));
    info.format = found.current_only ? ListingFormat::kCurrentJson : ListingFormat::kVersionsJson;
    info.has_version_ids = !found.current_only;
  }
  const auto open = [&](JsonPart part) -> Status {
    TRY(auto source, JsonListing::Open(path, bucket, part));
    heads.push_back({.source = std::move(source)});
    return Ok();
  };
  TRY_OK(open(JsonPart::kVersions));
  // Delete markers stand behind all versions of their page: a second reader walks beside the first.
  if (found.has_markers) TRY_OK(open(JsonPart::kMarkers));
  return Ok();
}

Status ListingReader::Impl::OpenInventoryFiles(const Inventory& inventory) {
  info = {.format = ListingFormat::kInventory, .has_version_ids = inventory.has_version_ids};
  Survey survey(info);
  const auto first = OpenInventory(inventory, true);
  for (ListingEntry entry;;) {
    TRY(const bool more, first->Next(entry));
    if (!more) break;
    TRY_OK(CheckBucket(path, bucket, entry.version.bucket));
    survey.Add(entry);
  }
  heads.push_back({.source = OpenInventory(inventory, false)});
  return Ok();
}

// Reads everything and sorts it.
Status ListingReader::Impl::Collect() {
  std::vector<ListingEntry> entries;
  entries.reserve(info.versions);
  for (Head& head : heads) {
    for (ListingEntry entry;;) {
      TRY(const bool more, head.source->Next(entry));
      if (!more) break;
      entries.push_back(std::move(entry));
    }
  }
  std::ranges::stable_sort(entries, std::less<>(), NameOf);
  heads.clear();
  heads.push_back({.source = std::make_unique<VectorSource>(std::move(entries))});
  return Ok();
}

// The entries of one object in the order of the listing to its versions, oldest first.
Status ListingReader::Impl::Order(std::vector<ListingEntry> entries,
                                  std::vector<ObjectVersion>& versions) const {
  if (info.format == ListingFormat::kVersionsJson) entries = MergeMarkers(std::move(entries));
  if (info.format == ListingFormat::kInventory)
    std::ranges::stable_sort(entries, std::greater<>(), TimeOf);
  const auto latest =
      std::ranges::find(entries, std::optional<bool>(true), &ListingEntry::is_latest);
  if (latest != entries.end()) std::rotate(entries.begin(), latest, latest + 1);
  versions.reserve(entries.size());  // views into it stay good
  std::unordered_map<std::string_view, const ObjectVersion*> by_id;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const auto same = by_id.find(entry->version.version_id);
    if (same == by_id.end()) {
      versions.push_back(std::move(entry->version));
      by_id.emplace(versions.back().version_id, &versions.back());
    } else if (*same->second != entry->version) {
      return Error(Code::kInvalid,
                   fmt::format("{}: {} is there twice, with different attributes; make the listing "
                               "again",
                               path.string(), Describe(*same->second)));
    }
  }
  versions.back().is_latest = true;
  return Ok();
}

ListingReader::ListingReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ListingReader::~ListingReader() = default;
const ListingInfo& ListingReader::info() const { return impl_->info; }

Result<std::unique_ptr<ListingReader>> ListingReader::Open(const files::Path& path,
                                                           std::string_view bucket) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->bucket = bucket;
  TRY(const FileKind kind, LookAt(path));
  if (kind == FileKind::kColumnar)
    return Error(Code::kNotSupported,
                 fmt::format("{} is an ORC or Parquet file, which cannot be read; configure the "
                             "inventory with the output format CSV, or make the listing with `aws "
                             "s3api list-object-versions`",
                             path.string()));
  if (kind == FileKind::kJson) {
    TRY_OK(impl->OpenJson());
  } else {
    TRY(const auto inventory, ReadInventoryHeader(path));
    TRY_OK(impl->OpenInventoryFiles(inventory));
  }
  if (!impl->info.sorted) TRY_OK(impl->Collect());
  for (Head& head : impl->heads) TRY_OK(head.Advance());
  return std::unique_ptr<ListingReader>(new ListingReader(std::move(impl)));
}

Result<bool> ListingReader::Next(std::vector<ObjectVersion>& versions) {
  versions.clear();
  const Head* first = nullptr;
  for (const Head& head : impl_->heads)
    if (head.there && (first == nullptr || NameOf(head.entry) < NameOf(first->entry)))
      first = &head;
  if (first == nullptr) return false;
  const std::string bucket = first->entry.version.bucket, key = first->entry.version.key;
  std::vector<ListingEntry> entries;
  for (Head& head : impl_->heads) {
    while (head.there && NameOf(head.entry) == std::tie(bucket, key)) {
      entries.push_back(std::move(head.entry));
      TRY_OK(head.Advance());
    }
  }
  TRY_OK(impl_->Order(std::move(entries), versions));
  return true;
}

}  // namespace vams::objects
