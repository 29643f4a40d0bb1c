#include "folders/folder_sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "catalog/asset_edit.h"
#include "catalog/bucket_sync.h"
#include "catalog/records.h"
#include "tables/system_tables.h"

namespace vams::folders {

using catalog::AssetPlace;
using items::Item;
using items::Kind;
using items::Value;
using items::Write;
using objects::VersionInfo;

namespace {

constexpr std::string_view kScheme = "file://";
// Of the mark by which a folder is known again; no key is empty.
constexpr std::string_view kMarkKey = "/";
constexpr std::string_view kMarkName = ".vams-folder-id";
constexpr std::size_t kCompareBytes = std::size_t{1} << 20;
// Files of one commit.
constexpr std::size_t kMaxTaken = 500;

Item RowKey(const std::string& bucket, std::string_view key) {
  return {{"bucket", Value::S(bucket)}, {"key", Value::S(std::string(key))}};
}

std::int64_t NumberIn(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  if (value == nullptr || !value->is(Kind::kN)) return 0;
  std::int64_t number = 0;
  std::from_chars(value->text().data(), value->text().data() + value->text().size(), number);
  return number;
}

InStep InStepOf(const Item& item) {
  return {.stamp = {.mtime_nanos = NumberIn(item, "mtime"),
                    .size = static_cast<std::uint64_t>(NumberIn(item, "size")),
                    .inode = static_cast<std::uint64_t>(NumberIn(item, "inode"))},
          .version_id = std::string(item.Text("versionId")),
          .etag = std::string(item.Text("etag"))};
}

Item ItemOf(const std::string& bucket, const std::string& key, const InStep& in_step) {
  Item item = RowKey(bucket, key);
  item.Set("mtime", Value::N(in_step.stamp.mtime_nanos));
  item.Set("size", Value::N(static_cast<std::int64_t>(in_step.stamp.size)));
  item.Set("inode", Value::N(static_cast<std::int64_t>(in_step.stamp.inode)));
  item.Set("versionId", Value::S(in_step.version_id));
  item.Set("etag", Value::S(in_step.etag));
  return item;
}

// The first key behind everything below "base/name/".
std::string Behind(const std::string& folder) {
  std::string next = folder;
  next.back() = '/' + 1;
  return next;
}

}  // namespace

std::optional<files::Path> FolderOf(std::string_view location) {
  if (!location.starts_with(kScheme)) return std::nullopt;
  location.remove_prefix(kScheme.size());
  if (!location.starts_with('/')) return std::nullopt;
  return files::Path(std::string(location)).lexically_normal();
}

std::string BucketNameOf(const files::Path& folder) {
  constexpr std::size_t kLongest = 63;
  constexpr std::size_t kDigits = 8;
  std::string name = "folder";
  for (const char c : folder.string()) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept)
      name += c;
    else if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c - 'A' + 'a');
    else if (name.back() != '-')
      name += '-';
  }
  name.resize(std::min(name.size(), kLongest - kDigits - 1));
  while (name.back() == '-') name.pop_back();
  return fmt::format("{}-{}", name, HexEncode(Sha256(folder.string())).substr(0, kDigits));
}

SyncStep Decide(const std::optional<FileStamp>& file, const std::optional<InStep>& before,
                const std::optional<LiveObject>& object) {
  if (!file && !object) return before ? SyncStep::kForget : SyncStep::kNothing;
  if (!file)
    return before && before->version_id == object->version_id ? SyncStep::kMarkDeleted
                                                              : SyncStep::kWriteOut;
  const bool file_same = before && before->stamp == *file;
  if (!object) return file_same ? SyncStep::kRemoveOut : SyncStep::kTakeIn;
  const bool object_same = before && before->version_id == object->version_id;
  if (file_same && object_same) return SyncStep::kNothing;
  if (!file_same) return SyncStep::kCompare;
  // Another version with the same content: its metadata changed.
  return !before->etag.empty() && before->etag == object->etag ? SyncStep::kRemember
                                                               : SyncStep::kWriteOut;
}

// ---- Pass: what one call works with.

class FolderSync::Pass {
 public:
  Pass(const FolderSync& sync, OpContext& op, const FolderTree& tree)
      : s_(sync), op_(op), tree_(tree), base_(catalog::BasePrefix(sync.bucket_)) {}

  Status All();
  Status Keys(const std::vector<std::string>& keys);
  SyncReport& report() { return report_; }

 private:
  // What is known about one key.
  struct Known {
    std::optional<FileStamp> file;
    std::optional<InStep> before;
    std::optional<VersionInfo> object;
  };
  using Contents = std::map<std::string, Known>;

  void Problem(const std::string& key, std::string_view why) {
    ++report_.problem_count;
    if (report_.problems.size() < SyncOptions::kMaxProblems)
      report_.problems.push_back(fmt::format("{}: {}", key, why));
  }
  void NoteFailure(const std::string& key, const Error& error) {
    // Somebody was faster: the next pass sees what there is then.
    if (error.code == Code::kConflict)
      ++report_.postponed;
    else
      Problem(key, error.message);
  }
  Result<std::set<std::string>> AssetFolders();
  Status AddRowFolders(std::set<std::string>& folders);
  Result<Contents> ContentsOf(const std::string& folder);
  Result<Known> LookAt(const std::string& key);

  // An error of one key is a problem of the report, unless nothing works any more.
  Status SyncKey(const std::string& key, const Known& known);
  Status Do(SyncStep step, const std::string& key, const Known& known);
  Status TakeIn(const std::string& key, const Known& known, bool compare);
  // Makes versions of what was staged.
  Status CommitTaken();
  Status MarkDeleted(const std::string& key, const Known& known);
  Status WriteOut(const std::string& key, const Known& known);
  Result<bool> SameContent(const OpenFile& file, const VersionInfo& object);
  Status Remember(const std::string& key, const FileStamp& stamp, const VersionInfo& object);
  Status Forget(const std::string& key);
  Result<AssetPlace> PlaceOf(const std::string& key);

  bool StillBeingWritten(const FileStamp& stamp) const {
    const std::int64_t age = s_.stores_.clock.NowMillis() - stamp.mtime_nanos / 1'000'000;
    return age >= 0 && age < s_.options_.quiet_millis;
  }

  const FolderSync& s_;
  OpContext& op_;
  const FolderTree& tree_;
  const std::string base_;
  SyncReport report_;
  // The asset that was worked on last: keys come asset by asset.
  std::string place_of_;
  std::optional<AssetPlace> place_;
  // Contents of files of that asset that wait for their commit.
  struct Taken {
    std::string key;
    FileStamp stamp;
    objects::StagedContent content;
  };
  std::vector<Taken> taken_;
};

Result<std::set<std::string>> FolderSync::Pass::AssetFolders() {
  std::set<std::string> folders;
  std::vector<std::string> loose;
  TRY(const auto here, tree_.Folders(base_, &loose));
  for (const std::string& name : here) folders.insert(base_ + name + "/");
  for (const std::string& key : loose) Problem(key, "it lies in no folder of an asset");
  objects::ListRequest request{.bucket = s_.bucket_.name, .prefix = base_, .delimiter = "/"};
  do {
    TRY(auto page, s_.stores_.objects.List(op_, request));
    folders.insert(page.common_prefixes.begin(), page.common_prefixes.end());
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty());
  TRY_OK(AddRowFolders(folders));
  return folders;
}

// The folders that notes are of, each found by one read.
Status FolderSync::Pass::AddRowFolders(std::set<std::string>& folders) {
  items::QueryRequest request;
  request.table = tables::kFolderFilesTable;
  request.partition = Value::S(s_.bucket_.name);
  request.limit = 1;
  std::string from = base_.empty() ? std::string(1, '/' + 1) : base_;
  // Names may sort in front of "0" as well; the mark's key "/" is the only one that is no file's.
  if (base_.empty()) from = std::string(1, '\x01');
  for (;;) {
    request.sort =
        items::SortCondition::Is(items::SortCondition::Op::kGreaterEqual, Value::S(from));
    TRY(const items::Page page, s_.stores_.items.Query(op_, request));
    if (page.items.empty()) return Ok();
    const std::string key(page.items.front().Text("key"));
    if (!key.starts_with(base_)) return Ok();
    if (key == kMarkKey) {
      from = std::string(kMarkKey) + '\x01';
      continue;
    }
    const std::size_t slash = key.find('/', base_.size());
    std::string folder = key.substr(0, slash == key.npos ? key.size() : slash + 1);
    if (slash == key.npos) folder += '/';
    from = Behind(folder);
    folders.insert(std::move(folder));
  }
}

Result<FolderSync::Pass::Contents> FolderSync::Pass::ContentsOf(const std::string& folder) {
  Contents contents;
  TRY_OK(tree_.Visit(
      op_, folder,
      [&](std::string key, const FileStamp& stamp) -> Status {
        contents[std::move(key)].file = stamp;
        return Ok();
      },
      [this](std::string name) { Problem(name, "its name is no UTF-8"); }));
  TRY(auto live, catalog::LiveObjects(op_, s_.stores_.objects, s_.bucket_.name, folder));
  for (VersionInfo& info : live) {
    std::string key = info.object.key;
    contents[std::move(key)].object = std::move(info);
  }
  items::QueryRequest request;
  request.table = tables::kFolderFilesTable;
  request.partition = Value::S(s_.bucket_.name);
  request.sort = items::SortCondition::BeginsWith(Value::S(folder));
  request.limit = catalog::kPageItems;
  do {
    TRY(items::Page page, s_.stores_.items.Query(op_, request));
    for (const Item& item : page.items)
      contents[std::string(item.Text("key"))].before = InStepOf(item);
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return contents;
}

Result<FolderSync::Pass::Known> FolderSync::Pass::LookAt(const std::string& key) {
  Known known;
  if (!catalog::IsFolderKey(key) && !WhyNoPath(key)) {
    TRY(known.file, tree_.Find(key));
  }
  auto head = s_.stores_.objects.Head(op_, {s_.bucket_.name, key});
  if (head.ok())
    known.object = *std::move(head);
  else if (head.error().code != Code::kNotFound)
    return head.error();
  const Item keys[] = {RowKey(s_.bucket_.name, key)};
  TRY(const auto row, s_.stores_.items.BatchGet(op_, tables::kFolderFilesTable, keys));
  if (row.front()) known.before = InStepOf(*row.front());
  return known;
}

Status FolderSync::Pass::All() {
  TRY(const auto folders, AssetFolders());
  for (const std::string& folder : folders) {
    std::string why;
    if (catalog::SyncedAssetId(s_.bucket_, folder, &why).empty()) {
      Problem(folder, why);
      continue;
    }
    TRY(const Contents contents, ContentsOf(folder));
    for (const auto& [key, known] : contents) {
      TRY_OK(op_.Check());
      TRY_OK(SyncKey(key, known));
    }
  }
  return CommitTaken();
}

Status FolderSync::Pass::Keys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    std::string why;
    if (catalog::SyncedAssetId(s_.bucket_, key, &why).empty()) continue;
    TRY(const Known known, LookAt(key));
    TRY_OK(SyncKey(key, known));
  }
  return CommitTaken();
}

Status FolderSync::Pass::SyncKey(const std::string& key, const Known& known) {
  if (catalog::IsFolderKey(key)) {
    // A folder exists by itself; only what the bucket has is made, never removed.
    if (!known.object) return Ok();
    if (const Status made = WhyNoPath(key) ? Ok() : tree_.MakeFolder(key); !made.ok())
      Problem(key, made.error().message);
    return Ok();
  }
  if (const auto why = WhyNoPath(key)) {
    if (known.object) Problem(key, "it is in the bucket only: " + *why);
    return Ok();
  }
  std::optional<LiveObject> live;
  if (known.object) live = {known.object->version_id, known.object->etag};
  const SyncStep step = Decide(known.file, known.before, live);
  if (step == SyncStep::kNothing) return Ok();
  if (known.file && step != SyncStep::kRemember && StillBeingWritten(*known.file)) {
    ++report_.postponed;
    return Ok();
  }
  const Status done = Do(step, key, known);
  if (done.ok()) return done;
  const Error& error = done.error();
  if (error.code == Code::kCancelled || error.code == Code::kTimeout) return done;
  NoteFailure(key, error);
  return Ok();
}

Status FolderSync::Pass::Do(SyncStep step, const std::string& key, const Known& known) {
  switch (step) {
    case SyncStep::kNothing:
      return Ok();
    case SyncStep::kRemember:
      return Remember(key, *known.file, *known.object);
    case SyncStep::kForget:
      return Forget(key);
    case SyncStep::kCompare:
      return TakeIn(key, known, true);
    case SyncStep::kTakeIn:
      return TakeIn(key, known, false);
    case SyncStep::kMarkDeleted:
      return MarkDeleted(key, known);
    case SyncStep::kWriteOut:
      return WriteOut(key, known);
    case SyncStep::kRemoveOut:
      TRY_OK(tree_.Remove(key, *known.file));
      ++report_.removed_out;
      return Forget(key);
  }
  return Ok();
}

Result<AssetPlace> FolderSync::Pass::PlaceOf(const std::string& key) {
  std::string why;
  const std::string id = catalog::SyncedAssetId(s_.bucket_, key, &why);
  if (place_ && place_of_ == id) return *place_;
  TRY_OK(CommitTaken());
  place_.reset();
  TRY(place_, catalog::SyncedAsset(op_, s_.stores_, s_.bucket_, s_.options_.sync_database, id));
  place_of_ = id;
  return *place_;
}

Status FolderSync::Pass::TakeIn(const std::string& key, const Known& known, bool compare) {
  TRY(const OpenFile file, tree_.OpenForReading(key));
  if (compare) {
    TRY(const bool same, SameContent(file, *known.object));
    if (same) return Remember(key, file.stamp(), *known.object);
  }
  TRY(const AssetPlace place, PlaceOf(key));
  std::uint64_t at = 0;
  const objects::ByteSource source = [&](char* to, std::size_t size) -> Result<std::size_t> {
    TRY(const std::size_t got, file.ReadAt(at, to, size));
    at += got;
    return got;
  };
  TRY(auto content, s_.stores_.objects.Stage(op_, source, {}));
  if (!file.Unchanged()) {
    ++report_.postponed;
    return Ok();
  }
  taken_.push_back({key, file.stamp(), std::move(content)});
  return taken_.size() < kMaxTaken ? Ok() : CommitTaken();
}

Status FolderSync::Pass::CommitTaken() {
  std::vector<Taken> taken = std::exchange(taken_, {});
  if (taken.empty()) return Ok();
  catalog::AssetEdit edit(s_.stores_, *place_);
  objects::ObjectMetadata metadata = catalog::OwnedBy(place_->asset);
  metadata.content_type = "binary/octet-stream";
  for (const Taken& one : taken)
    edit.objects().Add(objects::PutChange{place_->Object(one.key), one.content, metadata, {}});
  const auto made = edit.Commit(op_);
  if (!made.ok()) {
    place_.reset();  // archived meanwhile, say
    for (const Taken& one : taken) NoteFailure(one.key, made.error());
    return Ok();
  }
  // Without these notes the next pass finds that both sides have the same.
  std::vector<Write> notes;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    ++report_.taken_in;
    report_.bytes_in += taken[i].content.size;
    const VersionInfo& version = *(*made)[i];
    notes.push_back(Write::Put(
        std::string(tables::kFolderFilesTable),
        ItemOf(s_.bucket_.name, taken[i].key, {taken[i].stamp, version.version_id, version.etag})));
  }
  TRY([[maybe_unused]] const auto done, s_.stores_.items.Commit(op_, notes));
  return Ok();
}

Status FolderSync::Pass::MarkDeleted(const std::string& key, const Known& known) {
  TRY(const AssetPlace place, PlaceOf(key));
  catalog::AssetEdit edit(s_.stores_, place);
  edit.objects().Add(objects::DeleteChange{known.object->object});
  edit.Write(Write::Delete(std::string(tables::kFolderFilesTable), RowKey(s_.bucket_.name, key)));
  if (auto made = edit.Commit(op_); !made.ok()) {
    place_.reset();
    return std::move(made).error();
  }
  ++report_.marked_deleted;
  return Ok();
}

Status FolderSync::Pass::WriteOut(const std::string& key, const Known& known) {
  TRY(const auto reader,
      s_.stores_.objects.Open(op_, known.object->object, known.object->version_id));
  std::uint64_t at = 0;
  TRY(const FileStamp stamp,
      tree_.Write(key, known.file, [&](char* to, std::size_t size) -> Result<std::size_t> {
        TRY(const std::size_t got, reader->ReadAt(op_, at, to, size));
        at += got;
        return got;
      }));
  ++report_.written_out;
  report_.bytes_out += at;
  return Remember(key, stamp, *known.object);
}

Result<bool> FolderSync::Pass::SameContent(const OpenFile& file, const VersionInfo& object) {
  if (file.stamp().size != object.size || !object.present) return false;
  TRY(const auto reader, s_.stores_.objects.Open(op_, object.object, object.version_id));
  std::vector<char> ours(kCompareBytes);
  std::vector<char> theirs(kCompareBytes);
  for (std::uint64_t at = 0; at < object.size;) {
    TRY(const std::size_t a, file.ReadAt(at, ours.data(), ours.size()));
    TRY(const std::size_t b, reader->ReadAt(op_, at, theirs.data(), theirs.size()));
    if (a == 0 || a != b ||
        !std::equal(ours.begin(), ours.begin() + static_cast<long>(a), theirs.begin()))
      return false;
    at += a;
  }
  return file.Unchanged();
}

Status FolderSync::Pass::Remember(const std::string& key, const FileStamp& stamp,
                                  const VersionInfo& object) {
  const Write writes[] = {
      Write::Put(std::string(tables::kFolderFilesTable),
                 ItemOf(s_.bucket_.name, key, {stamp, object.version_id, object.etag}))};
  TRY([[maybe_unused]] const auto done, s_.stores_.items.Commit(op_, writes));
  return Ok();
}

Status FolderSync::Pass::Forget(const std::string& key) {
  const Write writes[] = {
      Write::Delete(std::string(tables::kFolderFilesTable), RowKey(s_.bucket_.name, key))};
  TRY([[maybe_unused]] const auto done, s_.stores_.items.Commit(op_, writes));
  return Ok();
}

// ---- FolderSync

FolderSync::FolderSync(const catalog::Stores& stores, files::Path folder, catalog::Bucket bucket,
                       SyncOptions options)
    : stores_(stores),
      folder_(std::move(folder)),
      bucket_(std::move(bucket)),
      options_(std::move(options)) {}

// The folder has a mark in it, and the store remembers which: a share that is not mounted, or
// another one in its place, has not.
Result<FolderTree> FolderSync::OpenTree(OpContext& op) {
  auto tree = FolderTree::Open(folder_);
  if (!tree.ok())
    return Error(Code::kUnavailable, "the folder cannot be synchronised: " + tree.error().message);
  const files::Path mark = folder_ / kMarkName;
  const Item keys[] = {RowKey(bucket_.name, kMarkKey)};
  TRY(const auto known, stores_.items.BatchGet(op, tables::kFolderFilesTable, keys));
  auto found = files::ReadAll(mark, 1024);
  if (!found.ok() && found.error().code != Code::kNotFound) return std::move(found).error();
  if (known.front()) {
    if (found.ok() && *found == known.front()->Text("versionId")) return tree;
    return Error(Code::kUnavailable,
                 fmt::format("{} is not the folder that was synchronised before ({} is missing or "
                             "another one), so nothing is touched; is the share mounted?",
                             folder_.string(), mark.filename().string()));
  }
  std::string id = found.ok() ? *found : NewUuid(stores_.random);
  if (!found.ok())
    if (const Status made = files::WriteAtomically(mark, id); !made.ok())
      return Error(Code::kUnavailable,
                   fmt::format("the folder cannot be synchronised because it cannot be marked as "
                               "ours; make it writable for this program: {}",
                               made.error().message));
  Item item = RowKey(bucket_.name, kMarkKey);
  item.Set("versionId", Value::S(std::move(id)));
  const Write writes[] = {Write::Put(std::string(tables::kFolderFilesTable), std::move(item))};
  TRY([[maybe_unused]] const auto done, stores_.items.Commit(op, writes));
  return tree;
}

Result<SyncReport> FolderSync::Reconcile(OpContext& op) {
  TRY(const FolderTree tree, OpenTree(op));
  Pass pass(*this, op, tree);
  TRY_OK(pass.All());
  return std::move(pass.report());
}

Result<SyncReport> FolderSync::Sync(OpContext& op, const std::vector<std::string>& keys) {
  TRY(const FolderTree tree, OpenTree(op));
  Pass pass(*this, op, tree);
  TRY_OK(pass.Keys(keys));
  return std::move(pass.report());
}

}  // namespace vams::folders
