#include "objects/memory/memory_store.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "base/encoding.h"
#include "base/hash.h"
#include "objects/staging_store.h"
#include "objects/store_rules.h"

namespace vams::objects {

namespace {

using Content = std::shared_ptr<const std::string>;

struct Object {
  std::vector<ObjectVersion> versions;  // oldest first
  std::int64_t next = 1;

  const ObjectVersion* current() const {
    return versions.empty() || versions.back().is_delete_marker ? nullptr : &versions.back();
  }
  const ObjectVersion* Find(std::string_view version_id) const {
    const auto at = std::ranges::find(versions, version_id, &ObjectVersion::version_id);
    return at == versions.end() ? nullptr : &*at;
  }
};

struct Part {
  PartInfo info;
  std::string sha256;
};

struct Upload {
  UploadInfo info;
  std::map<std::uint32_t, Part> parts;
  bool ended = false;
  std::int64_t ended_millis = 0;
  std::optional<VersionInfo> made;  // completed
};

using Objects = std::map<ObjectId, Object>;

class Reader final : public ObjectReader {
 public:
  Reader(VersionInfo info, Content content)
      : info_(std::move(info)), content_(std::move(content)) {}
  const VersionInfo& info() const override { return info_; }
  Result<std::size_t> ReadAt(OpContext& op, std::uint64_t offset, char* to,
                             std::size_t size) const override {
    TRY_OK(op.Check());
    if (offset >= content_->size()) return std::size_t{0};
    return content_->copy(to, size, offset);
  }

 private:
  const VersionInfo info_;
  const Content content_;
};

class MemoryObjectStore final : public StagingStore {
 public:
  explicit MemoryObjectStore(const MemoryStoreOptions& options)
      : clock_(options.clock != nullptr ? *options.clock : SystemClock()),
        random_(options.random != nullptr ? *options.random : SystemRandom()) {
    traits_.durable = false;
    traits_.min_part_bytes = options.min_part_bytes;
  }

  const StoreTraits& traits() const override { return traits_; }

  Result<VersionInfo> Head(OpContext& op, const ObjectId& object,
                           const std::optional<std::string>& version_id) override {
    TRY_OK(op.Check());
    TRY_OK(CheckObject(object));
    const std::lock_guard lock(mutex_);
    TRY(const auto version, Lookup(object, version_id));
    return InfoOf(version);
  }
  Result<std::unique_ptr<ObjectReader>> Open(
      OpContext& op, const ObjectId& object,
      const std::optional<std::string>& version_id) override {
    TRY_OK(op.Check());
    TRY_OK(CheckObject(object));
    const std::lock_guard lock(mutex_);
    TRY(const auto version, Lookup(object, version_id));
    if (version.is_delete_marker) return NotReadable(version);
    return std::unique_ptr<ObjectReader>(
        std::make_unique<Reader>(InfoOf(version), contents_.at(version.sha256)));
  }
  Result<ListPage> List(OpContext& op, const ListRequest& request) override;
  Result<VersionPage> ListVersions(OpContext& op, const ListVersionsRequest& request) override;

  Result<std::string> CreateUpload(OpContext& op, const ObjectId& object,
                                   const ObjectMetadata& metadata) override;
  Result<PartInfo> PutPart(OpContext& op, const std::string& upload_id, std::uint32_t number,
                           const ByteSource& source, const ContentExpectation& expected) override;
  Result<PartPage> ListParts(OpContext& op, const std::string& upload_id, const std::string& cursor,
                             std::size_t limit) override;
  Status AbortUpload(OpContext& op, const std::string& upload_id) override;
  Result<UploadInfo> HeadUpload(OpContext& op, const std::string& upload_id) override;
  Result<UploadPage> ListUploads(OpContext& op, const ListUploadsRequest& request) override;
  Result<std::size_t> Tidy(OpContext& op, std::int64_t ended_before_millis) override;

  Result<StagedContent> Stage(OpContext& op, const ByteSource& source,
                              const ContentExpectation& expected) override;
  Result<std::vector<std::optional<VersionInfo>>> Commit(OpContext& op,
                                                         const ObjectChanges& changes,
                                                         std::span<const items::Write> writes,
                                                         const FollowingWrites& following) override;

 protected:
  Result<std::optional<VersionInfo>> FindCompleted(OpContext& op,
                                                   const std::string& upload_id) override {
    TRY_OK(op.Check());
    const std::lock_guard lock(mutex_);
    const auto at = uploads_.find(upload_id);
    if (at == uploads_.end()) return std::optional<VersionInfo>();
    return at->second.made;
  }

 private:
  // The objects and uploads that a commit changes, until all changes are known to be possible.
  struct Draft {
    Objects objects;
    std::map<std::string, Upload> uploads;
  };

  // Of the draft, or of the store.
  Object& Edit(Draft& draft, const ObjectId& object) {
    const auto [at, added] = draft.objects.try_emplace(object);
    if (const auto stored = objects_.find(object); added && stored != objects_.end())
      at->second = stored->second;
    return at->second;
  }
  Result<ObjectVersion> Lookup(const ObjectId& object,
                               const std::optional<std::string>& version_id) const;
  Result<Upload*> OpenUpload(const std::string& upload_id) {
    const auto at = uploads_.find(upload_id);
    if (at == uploads_.end() || at->second.ended) return NoUpload(upload_id);
    return &at->second;
  }

  Result<std::optional<VersionInfo>> Append(Draft& draft, ObjectVersion version,
                                            const PutCondition& condition);
  Result<std::optional<VersionInfo>> Apply(Draft& draft, const PutChange& put);
  Result<std::optional<VersionInfo>> Apply(Draft& draft, const CompleteChange& complete);
  Result<std::optional<VersionInfo>> Apply(Draft& draft, const CopyChange& copy);
  Result<std::optional<VersionInfo>> Apply(Draft& draft, const DeleteChange& change);
  Result<std::optional<VersionInfo>> Apply(Draft& draft, const DeleteVersionChange& change);

  StoreTraits traits_;
  const Clock& clock_;
  Random& random_;

  mutable std::mutex mutex_;  // guards what follows
  Objects objects_;
  std::map<std::string, Content> contents_;  // by SHA-256
  std::map<std::string, Upload> uploads_;
};

// ---- Reading ----

Result<ObjectVersion> MemoryObjectStore::Lookup(
    const ObjectId& object, const std::optional<std::string>& version_id) const {
  const auto at = objects_.find(object);
  if (version_id) {
    const ObjectVersion* version = at == objects_.end() ? nullptr : at->second.Find(*version_id);
    if (version == nullptr) return NoVersion(object, *version_id);
    ObjectVersion found = *version;
    found.is_latest = version == &at->second.versions.back();
    return found;
  }
  const ObjectVersion* version = at == objects_.end() ? nullptr : at->second.current();
  if (version == nullptr) return NoObject(object);
  ObjectVersion found = *version;
  found.is_latest = true;
  return found;
}

Result<ListPage> MemoryObjectStore::List(OpContext& op, const ListRequest& request) {
  TRY_OK(op.Check());
  TRY_OK(CheckListing(request));
  std::string after = request.start_after;
  bool after_prefix = false;  // `after` is a common prefix
  if (!request.cursor.empty()) {
    TRY(auto cursor, ReadCursor(request.cursor));
    after_prefix = cursor.first == 1;
    after = std::move(cursor.second);
  }
  const std::lock_guard lock(mutex_);
  ListPage page;
  std::string last_cursor;
  for (auto at = objects_.lower_bound({request.bucket, std::max(request.prefix, after)});
       at != objects_.end() && at->first.bucket == request.bucket &&
       at->first.key.starts_with(request.prefix);
       ++at) {
    const std::string& key = at->first.key;
    if (at->second.current() == nullptr || (!after.empty() && key <= after)) continue;
    if (after_prefix && key.starts_with(after)) continue;
    const auto common = CommonPrefix(key, request.prefix, request.delimiter);
    if (common && !page.common_prefixes.empty() && page.common_prefixes.back() == *common) continue;
    if (page.objects.size() + page.common_prefixes.size() == request.limit) {
      page.next = last_cursor;
      break;
    }
    last_cursor = common ? MakeCursor(1, *common) : MakeCursor(0, key);
    if (common) {
      page.common_prefixes.push_back(*common);
    } else {
      page.objects.push_back(InfoOf(*at->second.current()));
      page.objects.back().is_latest = true;
    }
  }
  return page;
}

Result<VersionPage> MemoryObjectStore::ListVersions(OpContext& op,
                                                    const ListVersionsRequest& request) {
  TRY_OK(op.Check());
  TRY_OK(CheckListing(request));
  std::pair<std::int64_t, std::string> cursor;
  if (!request.cursor.empty()) {
    TRY(cursor, ReadCursor(request.cursor));
  }
  const std::string prefix = request.key.value_or(request.prefix);
  const std::lock_guard lock(mutex_);
  VersionPage page;
  for (auto at = objects_.lower_bound({request.bucket, std::max(prefix, cursor.second)});
       at != objects_.end() && at->first.bucket == request.bucket &&
       at->first.key.starts_with(prefix) && (!request.key || at->first.key == *request.key);
       ++at) {
    const auto& versions = at->second.versions;
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
      if (at->first.key == cursor.second && version->sequence >= cursor.first) continue;
      if (page.versions.size() == request.limit) {
        const auto& last = page.versions.back();
        page.next =
            MakeCursor(objects_.at(last.object).Find(last.version_id)->sequence, last.object.key);
        return page;
      }
      page.versions.push_back(InfoOf(*version));
      page.versions.back().is_latest = version == versions.rbegin();
    }
  }
  return page;
}

// ---- Changes ----

Result<StagedContent> MemoryObjectStore::Stage(OpContext& op, const ByteSource& source,
                                               const ContentExpectation& expected) {
  std::string bytes;
  std::string chunk(std::size_t{64} << 10, '\0');
  for (;;) {
    TRY_OK(op.Check());
    TRY(const std::size_t count, source(chunk.data(), chunk.size()));
    if (count == 0) break;
    bytes.append(chunk, 0, count);
  }
  StagedContent staged{HexEncode(Sha256(bytes)), HexEncode(Md5(bytes)), bytes.size()};
  TRY_OK(CheckContent(expected, staged.size, staged.md5));
  const std::lock_guard lock(mutex_);
  contents_.try_emplace(staged.sha256, std::make_shared<const std::string>(std::move(bytes)));
  return staged;
}

Result<std::optional<VersionInfo>> MemoryObjectStore::Append(Draft& draft, ObjectVersion version,
                                                             const PutCondition& condition) {
  const ObjectId id{version.bucket, version.key};
  Object& object = Edit(draft, id);
  const ObjectVersion* current = object.current();
  TRY_OK(CheckCondition(
      id, condition,
      current == nullptr ? std::nullopt : std::optional(current->etag.value_or(""))));
  version.sequence = object.next++;
  VersionInfo info = InfoOf(version);
  info.is_latest = true;
  object.versions.push_back(std::move(version));
  return std::optional(std::move(info));
}

Result<std::optional<VersionInfo>> MemoryObjectStore::Apply(Draft& draft, const PutChange& put) {
  TRY_OK(CheckObject(put.object));
  TRY_OK(CheckMetadata(put.metadata));
  if (!contents_.contains(put.content.sha256))
    return Error(Code::kNotFound, "the content was not staged in this store; stage it again");
  auto version = NewVersion(put.object, NewId(random_), clock_.NowMillis());
  version.size = put.content.size;
  version.etag = put.content.md5;
  version.sha256 = put.content.sha256;
  SetMetadata(version, put.metadata);
  return Append(draft, std::move(version), put.condition);
}

Result<std::optional<VersionInfo>> MemoryObjectStore::Apply(Draft& draft,
                                                            const CompleteChange& complete) {
  if (draft.uploads.contains(complete.upload_id)) return NoUpload(complete.upload_id);
  TRY(const Upload* stored, OpenUpload(complete.upload_id));
  Upload upload = *stored;
  std::vector<PartInfo> infos;
  for (const auto& [number, part] : upload.parts) infos.push_back(part.info);
  TRY(const auto chosen, ChooseParts(complete.parts, infos, traits_));
  std::string bytes;
  for (const PartInfo& part : chosen) bytes += *contents_.at(upload.parts[part.number].sha256);
  auto version = NewVersion(upload.info.object, NewId(random_), clock_.NowMillis());
  version.size = bytes.size();
  version.etag = ComposeEtag(complete.parts);
  version.sha256 = HexEncode(Sha256(bytes));
  SetMetadata(version, upload.info.metadata);
  contents_.try_emplace(version.sha256, std::make_shared<const std::string>(std::move(bytes)));
  TRY(auto made, Append(draft, std::move(version), complete.condition));
  upload.parts.clear();
  upload.ended = true;
  upload.ended_millis = clock_.NowMillis();
  upload.made = made;
  draft.uploads.emplace(complete.upload_id, std::move(upload));
  return made;
}

Result<std::optional<VersionInfo>> MemoryObjectStore::Apply(Draft& draft, const CopyChange& copy) {
  TRY_OK(CheckObject(copy.from));
  TRY_OK(CheckObject(copy.to));
  if (copy.metadata) TRY_OK(CheckMetadata(*copy.metadata));
  const Object& from = Edit(draft, copy.from);
  const ObjectVersion* source = copy.version_id ? from.Find(*copy.version_id) : from.current();
  if (source == nullptr)
    return copy.version_id ? NoVersion(copy.from, *copy.version_id) : NoObject(copy.from);
  if (source->is_delete_marker) return NotReadable(*source);
  ObjectVersion version = *source;
  version.bucket = copy.to.bucket;
  version.key = copy.to.key;
  version.version_id = NewId(random_);
  version.last_modified_millis = clock_.NowMillis();
  if (copy.metadata) SetMetadata(version, *copy.metadata);
  return Append(draft, std::move(version), copy.condition);
}

Result<std::optional<VersionInfo>> MemoryObjectStore::Apply(Draft& draft,
                                                            const DeleteChange& change) {
  TRY_OK(CheckObject(change.object));
  if (Edit(draft, change.object).current() == nullptr) return std::optional<VersionInfo>();
  return Append(draft, NewMarker(change.object, NewId(random_), clock_.NowMillis()), {});
}

Result<std::optional<VersionInfo>> MemoryObjectStore::Apply(Draft& draft,
                                                            const DeleteVersionChange& change) {
  TRY_OK(CheckObject(change.object));
  TRY_OK(CheckVersionId(change.version_id));
  std::erase_if(Edit(draft, change.object).versions, [&](const ObjectVersion& version) {
    return version.version_id == change.version_id;
  });
  return std::optional<VersionInfo>();
}

Result<std::vector<std::optional<VersionInfo>>> MemoryObjectStore::Commit(
    OpContext& op, const ObjectChanges& changes, std::span<const items::Write> writes,
    const FollowingWrites& following) {
  TRY_OK(op.Check());
  if (!writes.empty() || following)
    return Error(Code::kNotSupported,
                 "objects in memory have no item store to commit with; use "
                 "the local engine");
  const std::lock_guard lock(mutex_);
  Draft draft;
  std::vector<std::optional<VersionInfo>> made;
  for (const ObjectEdit& edit : changes.edits()) {
    auto applied = std::visit([&](const auto& change) { return Apply(draft, change); }, edit);
    if (!applied.ok()) return std::move(applied).error().At(static_cast<int>(made.size()));
    made.push_back(*std::move(applied));
  }
  for (auto& [id, object] : draft.objects) {
    if (object.versions.empty())
      objects_.erase(id);
    else
      objects_[id] = std::move(object);
  }
  for (auto& [id, upload] : draft.uploads) uploads_[id] = std::move(upload);
  return made;
}

// ---- Uploads ----

Result<std::string> MemoryObjectStore::CreateUpload(OpContext& op, const ObjectId& object,
                                                    const ObjectMetadata& metadata) {
  TRY_OK(op.Check());
  TRY_OK(CheckObject(object));
  TRY_OK(CheckMetadata(metadata));
  const std::lock_guard lock(mutex_);
  Upload upload;
  upload.info = {NewId(random_), object, metadata, clock_.NowMillis()};
  const std::string id = upload.info.upload_id;
  uploads_.emplace(id, std::move(upload));
  return id;
}

Result<PartInfo> MemoryObjectStore::PutPart(OpContext& op, const std::string& upload_id,
                                            std::uint32_t number, const ByteSource& source,
                                            const ContentExpectation& expected) {
  TRY_OK(CheckPartNumber(number, traits_));
  TRY_OK(HeadUpload(op, upload_id));
  TRY(const auto content, Stage(op, source, expected));
  const std::lock_guard lock(mutex_);
  TRY(Upload* const upload, OpenUpload(upload_id));
  const PartInfo info{number, content.md5, content.size, clock_.NowMillis()};
  upload->parts[number] = {info, content.sha256};
  return info;
}

Result<PartPage> MemoryObjectStore::ListParts(OpContext& op, const std::string& upload_id,
                                              const std::string& cursor, std::size_t limit) {
  TRY_OK(op.Check());
  TRY_OK(CheckLimit(limit));
  std::int64_t after = 0;
  if (!cursor.empty()) {
    TRY(const auto read, ReadCursor(cursor));
    after = read.first;
  }
  const std::lock_guard lock(mutex_);
  TRY(const Upload* upload, OpenUpload(upload_id));
  PartPage page;
  for (const auto& [number, part] : upload->parts) {
    if (number <= after) continue;
    if (page.parts.size() == limit) {
      page.next = MakeCursor(page.parts.back().number, "");
      break;
    }
    page.parts.push_back(part.info);
  }
  return page;
}

Status MemoryObjectStore::AbortUpload(OpContext& op, const std::string& upload_id) {
  TRY_OK(op.Check());
  const std::lock_guard lock(mutex_);
  TRY(Upload* const upload, OpenUpload(upload_id));
  upload->parts.clear();
  upload->ended = true;
  upload->ended_millis = clock_.NowMillis();
  return Ok();
}

Result<UploadInfo> MemoryObjectStore::HeadUpload(OpContext& op, const std::string& upload_id) {
  TRY_OK(op.Check());
  const std::lock_guard lock(mutex_);
  TRY(const Upload* upload, OpenUpload(upload_id));
  return upload->info;
}

Result<UploadPage> MemoryObjectStore::ListUploads(OpContext& op,
                                                  const ListUploadsRequest& request) {
  TRY_OK(op.Check());
  TRY_OK(CheckLimit(request.limit));
  std::string after;
  if (!request.cursor.empty()) {
    TRY(auto cursor, ReadCursor(request.cursor));
    after = std::move(cursor.second);
  }
  const std::lock_guard lock(mutex_);
  UploadPage page;
  for (auto at = uploads_.upper_bound(after); at != uploads_.end(); ++at) {
    const UploadInfo& info = at->second.info;
    if (at->second.ended || (request.bucket && *request.bucket != info.object.bucket)) continue;
    if (request.created_before_millis && info.created_millis >= *request.created_before_millis)
      continue;
    if (page.uploads.size() == request.limit) {
      page.next = MakeCursor(0, page.uploads.back().upload_id);
      break;
    }
    page.uploads.push_back(info);
  }
  return page;
}

Result<std::size_t> MemoryObjectStore::Tidy(OpContext& op, std::int64_t ended_before_millis) {
  TRY_OK(op.Check());
  const std::lock_guard lock(mutex_);
  return std::erase_if(uploads_, [&](const auto& entry) {
    return entry.second.ended && entry.second.ended_millis < ended_before_millis;
  });
}

}  // namespace

std::unique_ptr<ObjectStore> CreateMemoryObjectStore(const MemoryStoreOptions& options) {
  return std::make_unique<MemoryObjectStore>(options);
}

}  // namespace vams::objects
