#include "catalog/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/contention.h"
#include "base/fault_point.h"
#include "catalog/asset_edit.h"
#include "catalog/asset_marks.h"
#include "catalog/asset_records.h"
#include "catalog/records.h"
#include "catalog/uploads_bundle.h"
#include "catalog/uploads_check.h"
#include "model/part_bundle.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Kind;
using items::Mutation;
using items::Value;
using items::Write;
using model::FileToUpload;
using model::UploadType;

namespace {

// Begun within a minute and not completed, of one user.
constexpr std::size_t kMostBegun = 20;
constexpr std::int64_t kBegunMillis = 60'000;
constexpr std::int64_t kLifeMillis = std::int64_t{7} * 24 * 3600 * 1000;
// How often a completion looks again after others changed what it had looked at.
// What S3 gives an object that was stored without a type.
const std::string kContentType = "binary/octet-stream";

const Error kAssetMissing(Code::kNotFound, "Asset not found");
const Error kRecordMissing(Code::kNotFound, "Upload record not found");

objects::ObjectMetadata MetadataFor(const Asset& asset) {
  objects::ObjectMetadata metadata = OwnedBy(asset);
  metadata.content_type = kContentType;
  return metadata;
}

Result<AssetPlace> OpenPlace(OpContext& op, items::ItemSource& source, Caller& caller,
                             std::string_view database_id, std::string_view asset_id) {
  TRY(auto asset, FindAsset(op, source, database_id, asset_id));
  if (!asset) return kAssetMissing;
  TRY_OK(caller.Require(ObjectOf(*asset), access::Action::kPost));
  return PlaceOf(op, source, *std::move(asset));
}

// Of what was asked for, the first file that may not be there.
Status CheckFiles(const AssetPlace& place, const std::string& extensions,
                  const model::NewUpload& upload) {
  for (const FileToUpload& file : upload.files)
    if (auto error = CheckDatabaseTakes(extensions, upload.type, file.path); !error.empty())
      return Error(Code::kInvalid, std::move(error));
  const bool replaces_preview = upload.type == UploadType::kAssetPreview && place.asset.preview;
  for (const FileToUpload& file : upload.files) {
    if (replaces_preview) {
      if (IsBlockedExtension(file.path))
        return Error(Code::kInvalid, "File provided has an unsupported file extension");
      if (!HasPreviewType(upload.type, file.path))
        return Error(Code::kInvalid,
                     "Preview files must have one of the allowed extensions: .png, .jpg, .jpeg, "
                     ".svg, .gif");
    }
    if (IsBlockedExtension(file.path))
      return Error(Code::kInvalid, "Files contain an unsupported file extension");
    if (upload.type == UploadType::kAssetPreview && file.size.value_or(0) > kMaxPreviewBytes)
      return Error(Code::kInvalid, "Preview files exceeds maximum allowed size of 5MB per file");
  }
  return Ok();
}

// Uploads that nobody will complete.  What stays because this fails is collected with its age.
void Abort(OpContext& op, objects::ObjectStore& objects, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) (void)objects.AbortUpload(op, id);
}

// Whether it has a multipart upload of its own.
bool HasMultipart(const BegunFile& file) { return file.parts > 0 && !file.bundled; }

Item RecordOf(const BegunUpload& begun, const model::NewUpload& upload, const std::string& user,
              std::int64_t now_millis) {
  std::int64_t parts = 0;
  Value::List multipart_ids;
  BundledFiles bundled;
  for (const BegunFile& file : begun.files) {
    parts += file.parts;
    if (HasMultipart(file)) multipart_ids.push_back(Value::S(file.multipart_id));
    if (file.bundled) bundled[file.multipart_id] = {file.object.key, {}};
  }
  Item item = UploadKey(begun.id, upload.asset_id);
  item.Set("databaseId", Value::S(upload.database_id));
  item.Set("uploadType", Value::S(std::string(model::UploadTypeName(upload.type))));
  item.Set("createdAt", Value::S(IsoMicrosNoZone(now_millis)));
  item.Set("expiresAt", Value::N((now_millis + kLifeMillis) / 1000));
  item.Set("totalFiles", Value::N(static_cast<std::int64_t>(begun.files.size())));
  item.Set("totalParts", Value::N(parts));
  item.Set("status", Value::S("initialized"));
  item.Set("isExternalUpload", Value::Bool(false));
  item.Set("UserId", Value::S(user));
  item.Set("multipartIds", Value::L(std::move(multipart_ids)));
  SetBundled(item, bundled);
  return item;
}

// A record without a time, which other programs may write, is never over.
bool IsOver(const Item& upload, std::int64_t now_seconds) {
  const Value* expires = upload.Find("expiresAt");
  if (expires == nullptr || !expires->is(Kind::kN)) return false;
  const std::string& text = expires->text();
  std::int64_t seconds = 0;  // whole ones: what is behind a point does not count
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && seconds <= now_seconds;
}

// One attempt to complete an upload, from reading its record to the commit.
class Completion {
 public:
  Completion(const Stores& stores, const std::string& user, const AssetPlace& place,
             std::string_view upload_id, const model::FinishedUpload& upload)
      : stores_(stores), user_(user), place_(place), upload_id_(upload_id), upload_(upload) {}

  // Nothing where others changed what was looked at: it has to be tried again, with a new object.
  // `broken` are files of the request that the store would not take in an earlier attempt; files
  // are added to it.
  Result<std::optional<CompletedUpload>> Try(OpContext& op, std::set<std::size_t>& broken);

 private:
  Result<std::string> ReadRecord(OpContext& op);  // the database's extensions
  // The content of empty files, if there are any; those it cannot be had for fail.
  void StageNothing(OpContext& op);
  void Fill(AssetEdit& edit);
  void Announce(AssetEdit& edit) const;
  CompletedUpload Results(CompletedUpload::Outcome outcome) const;
  std::string StoreErrorOf(std::size_t file) const;
  bool HasTakenPreview() const;
  void AbortTheRest(OpContext& op, bool record_stays);
  // A commit that failed.
  Result<std::optional<CompletedUpload>> Failed(Error error, std::set<std::size_t>& broken) const;

  const Stores& stores_;
  const std::string& user_;
  const AssetPlace& place_;
  const std::string upload_id_;
  const model::FinishedUpload& upload_;
  Write RecordChange(bool record_stays) const;
  Item record_;
  std::set<std::string> known_;  // multipart uploads that the record names
  BundledFiles bundled_;         // files that have none
  std::vector<Verdict> verdicts_;
  objects::StagedContent nothing_;    // of empty files
  std::vector<std::size_t> changes_;  // which file each change of objects is for
};

Result<std::string> Completion::ReadRecord(OpContext& op) {
  const Item keys[] = {UploadKey(upload_id_, upload_.asset_id)};
  TRY(const auto found, stores_.items.BatchGet(op, kUploadsTable, keys));
  if (!found.front()) return kRecordMissing;
  if (found.front()->Text("databaseId") != upload_.database_id)
    return Error(Code::kInvalid, "Upload details do not match request");
  if (found.front()->Text("uploadType") != model::UploadTypeName(upload_.type))
    return Error(Code::kInvalid, "Upload type mismatch.");
  record_ = *found.front();
  known_ = MultipartIdsOf(record_);
  bundled_ = BundledOf(record_);
  return ExtensionsOf(op, stores_.items, upload_.database_id);
}

std::string Completion::StoreErrorOf(std::size_t file) const {
  if (verdicts_[file].complete || verdicts_[file].content)
    return "Error completing multipart upload.";
  return upload_.files[file].multipart_id == model::kZeroByteId
             ? "Failed to create zero-byte file"
             : "Failed to create empty file for abandoned upload";
}

void Completion::StageNothing(OpContext& op) {
  if (std::ranges::none_of(verdicts_, &Verdict::is_empty_file)) return;
  auto staged = stores_.objects.Stage(op, objects::SourceOf(""), {});
  if (staged.ok()) {
    nothing_ = *std::move(staged);
    return;
  }
  for (std::size_t i = 0; i < verdicts_.size(); ++i)
    if (verdicts_[i].is_empty_file()) verdicts_[i] = {.error = StoreErrorOf(i)};
}

void Completion::Fill(AssetEdit& edit) {
  for (std::size_t i = 0; i < verdicts_.size(); ++i) {
    if (!verdicts_[i].taken()) continue;
    const objects::ObjectId object = ObjectOfUpload(place_, upload_, upload_.files[i].path);
    if (verdicts_[i].complete)
      edit.objects().Add(*verdicts_[i].complete);
    else
      edit.objects().Add(objects::PutChange{.object = object,
                                            .content = verdicts_[i].content.value_or(nothing_),
                                            .metadata = MetadataFor(place_.asset)});
    changes_.push_back(i);
    if (upload_.type == UploadType::kAssetPreview)
      edit.Set("previewLocation", Value::M({{"Key", Value::S(object.key)}}));
  }
}

// New files of the asset are told of, its preview is not.
void Completion::Announce(AssetEdit& edit) const {
  if (upload_.type != UploadType::kAssetFile) return;
  std::vector<std::string> paths;
  for (const std::size_t i : changes_)
    paths.push_back(place_.PathOf(ObjectOfUpload(place_, upload_, upload_.files[i].path).key));
  if (!paths.empty()) edit.Announce({NoticeKind::kFilesUploaded, user_, std::move(paths)});
}

CompletedUpload Completion::Results(CompletedUpload::Outcome outcome) const {
  CompletedUpload done{.outcome = outcome};
  for (std::size_t i = 0; i < verdicts_.size(); ++i)
    done.files.push_back({.path = upload_.files[i].path,
                          .multipart_id = upload_.files[i].multipart_id,
                          .error = verdicts_[i].error,
                          .blocked = verdicts_[i].blocked});
  return done;
}

Write Completion::RecordChange(bool record_stays) const {
  BundledFiles left = bundled_;
  for (std::size_t i = 0; i < verdicts_.size(); ++i)
    if (verdicts_[i].content || verdicts_[i].abort) left.erase(upload_.files[i].multipart_id);
  BundledChange bundled = ChangeBundled(record_, left);
  const Item key = UploadKey(upload_id_, upload_.asset_id);
  bundled.conditions.push_back(Condition::Exists());
  if (!record_stays) return Write::Delete(kUploadsTable, key, std::move(bundled.conditions));
  bundled.mutations.push_back({Mutation::Op::kSet, "status", Value::S("completed_with_errors")});
  return Write::Update(kUploadsTable, key, std::move(bundled.mutations),
                       std::move(bundled.conditions));
}

bool Completion::HasTakenPreview() const {
  for (std::size_t i = 0; i < verdicts_.size(); ++i)
    if (verdicts_[i].taken() && IsPreviewKey(upload_.files[i].path)) return true;
  return false;
}

void Completion::AbortTheRest(OpContext& op, bool record_stays) {
  std::set<std::string> left = record_stays ? std::set<std::string>() : known_;
  for (std::size_t i = 0; i < verdicts_.size(); ++i) {
    const model::UploadedFile& file = upload_.files[i];
    if (verdicts_[i].complete) {
      left.erase(file.multipart_id);
    } else if ((verdicts_[i].taken() || verdicts_[i].abort) && known_.contains(file.multipart_id)) {
      // Only what was begun for this file: the rest of the upload can still be completed.
      const auto begun = stores_.objects.HeadUpload(op, file.multipart_id);
      if (begun.ok() && begun->object == ObjectOfUpload(place_, upload_, file.path))
        left.insert(file.multipart_id);
    }
  }
  Abort(op, stores_.objects, {left.begin(), left.end()});
}

Result<std::optional<CompletedUpload>> Completion::Failed(Error error,
                                                          std::set<std::size_t>& broken) const {
  switch (error.code) {
    case Code::kCancelled:
      return error;
    case Code::kConflict:
      return std::optional<CompletedUpload>();
    case Code::kNotFound:
    case Code::kInvalid:
    case Code::kTooLarge:
      if (error.index < 0 && error.code == Code::kNotFound) return kAssetMissing;
      // Behind the write of the record: it is about one file.
      if (const auto change = static_cast<std::size_t>(error.index) - 1;
          error.index > 0 && change < changes_.size()) {
        broken.insert(changes_[change]);
        return std::optional<CompletedUpload>();
      }
      break;
    default:
      break;
  }
  CompletedUpload done = Results(CompletedUpload::Outcome::kNotStored);
  for (FileResult& file : done.files)
    if (file.ok()) file.error = "Failed to copy file to final location";
  done.failure = fmt::format("{} {}", error.message, error.details);
  return std::optional(std::move(done));
}

Result<std::optional<CompletedUpload>> Completion::Try(OpContext& op,
                                                       std::set<std::size_t>& broken) {
  using Outcome = CompletedUpload::Outcome;
  TRY(const auto extensions, ReadRecord(op));
  TRY(const auto marks,
      ReadMarks(op, stores_.items, PairOf(upload_.database_id, upload_.asset_id)));
  TRY(verdicts_, UploadCheck(stores_, place_, extensions, known_, bundled_, upload_).Run(op));
  for (const std::size_t i : broken)
    if (verdicts_[i].taken()) verdicts_[i] = {.error = StoreErrorOf(i), .abort = true};
  StageNothing(op);
  const auto taken = static_cast<std::size_t>(std::ranges::count_if(verdicts_, &Verdict::taken));
  const bool all = taken == verdicts_.size();

  AssetEdit edit(stores_, place_);
  const bool record_stays = taken > 0 && !all;
  edit.Write(RecordChange(record_stays));
  Fill(edit);
  Announce(edit);
  // Previews were taken because their files were there; those must not go meanwhile.
  if (HasTakenPreview()) edit.ExpectMarks(NothingRemoved(marks));
  auto made = edit.Commit(op);
  if (!made.ok()) return Failed(std::move(made).error(), broken);
  AbortTheRest(op, record_stays);
  CompletedUpload done = Results(all ? Outcome::kAll : taken > 0 ? Outcome::kSome : Outcome::kNone);
  if (taken == 0) return std::optional(std::move(done));
  // The files are there whatever becomes of this.
  const auto asset = FindAsset(op, stores_.items, upload_.database_id, upload_.asset_id);
  done.asset_type = asset.ok() && *asset ? (*asset)->type : place_.asset.type;
  return std::optional(std::move(done));
}

}  // namespace

Status Uploads::CheckAsset(OpContext& op, std::string_view database_id, std::string_view asset_id) {
  TRY(const auto asset, FindAsset(op, stores_.items, database_id, asset_id));
  if (!asset) return kAssetMissing;
  return Ok();
}

Result<bool> Uploads::HasDatabase(OpContext& op, std::string_view database_id) {
  const auto found = ExtensionsOf(op, stores_.items, database_id);
  if (!found.ok() && found.error().code != Code::kNotFound) return found.error();
  return found.ok();
}

// Completed uploads have no record any more, and so do not count: clients make many in a row.
Result<bool> Uploads::BeganTooMany(OpContext& op, const std::string& user) {
  items::QueryRequest request{
      .table = kUploadsTable,
      .index = "UserIdGSI",
      .partition = Value::S(user),
      .sort = items::SortCondition::Is(
          items::SortCondition::Op::kGreater,
          Value::S(IsoMicrosNoZone(stores_.clock.NowMillis() - kBegunMillis))),
      .limit = kMostBegun};
  std::size_t count = 0;
  do {
    TRY(const auto page, stores_.items.Query(op, request));
    count += page.items.size();
    request.after = page.next;
  } while (count < kMostBegun && !request.after.empty());
  return count >= kMostBegun;
}

Result<std::optional<BegunUpload>> Uploads::Begin(OpContext& op, Caller& caller,
                                                  const model::NewUpload& upload) {
  TRY(const auto place, OpenPlace(op, stores_.items, caller, upload.database_id, upload.asset_id));
  // A count that cannot be had keeps nobody from uploading.
  if (BeganTooMany(op, caller.user()).value_or(false)) return std::optional<BegunUpload>();
  TRY(const auto extensions, ExtensionsOf(op, stores_.items, upload.database_id));
  TRY_OK(CheckFiles(place, extensions, upload));

  BegunUpload begun{.id = "y" + NewUuid(stores_.random)};
  // Their contents wait in the store until they are files.
  std::size_t bundle_room =
      upload.bundle && stores_.objects.traits().atomic_changes ? kBundledKeyBytes : 0;
  std::vector<objects::NewUpload> multiparts;
  for (const FileToUpload& file : upload.files) {
    BegunFile& one =
        begun.files.emplace_back(BegunFile{.path = file.path,
                                           .multipart_id = std::string(model::kZeroByteId),
                                           .object = ObjectOfUpload(place, upload, file.path),
                                           .parts = static_cast<int>(file.parts)});
    if (file.parts == 1 && file.size && *file.size <= model::kBundledFileBytes &&
        one.object.key.size() < bundle_room) {
      TRY_OK(tables::CheckObjectName(one.object.bucket, one.object.key));
      one.bundled = true;
      one.multipart_id = "b" + NewUuid(stores_.random);
      bundle_room -= one.object.key.size();
    }
    if (HasMultipart(one)) multiparts.push_back({one.object, MetadataFor(place.asset)});
  }
  TRY(const auto ids, stores_.objects.CreateUploads(op, multiparts));
  auto id = ids.begin();
  for (BegunFile& file : begun.files)
    if (HasMultipart(file)) file.multipart_id = *id++;
  AssetEdit edit(stores_, place);
  edit.Write(Write::Put(kUploadsTable,
                        RecordOf(begun, upload, caller.user(), stores_.clock.NowMillis()),
                        {Condition::Absent()}));
  const auto committed = edit.Commit(op);
  if (!committed.ok()) {
    Abort(op, stores_.objects, ids);
    return committed.error().code == Code::kNotFound ? kAssetMissing : committed.error();
  }
  return std::optional(std::move(begun));
}

Result<std::vector<Result<objects::PartInfo>>> Uploads::StoreParts(
    OpContext& op, std::string_view asset_id, std::string_view upload_id,
    std::span<const objects::PartBytes> parts) {
  const Item keys[] = {UploadKey(upload_id, asset_id)};
  TRY(const auto found, stores_.items.BatchGet(op, kUploadsTable, keys));
  if (!found.front())
    return Error(Code::kNotFound,
                 "the upload was completed or has expired; nothing was stored; begin it again");
  const std::set<std::string> known = MultipartIdsOf(*found.front());
  const BundledFiles bundled = BundledOf(*found.front());
  std::vector<Result<objects::PartInfo>> results(
      parts.size(),
      Error(Code::kNotFound,
            "no file of this upload has this uploadIdS3, or it is completed; the part was not "
            "stored; send it with the one that the upload was begun with"));
  std::vector<std::size_t> whole, multiparts;  // indexes
  std::vector<objects::ContentBytes> contents;
  std::vector<objects::PartBytes> ours;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (known.contains(parts[i].upload_id)) {
      multiparts.push_back(i);
      ours.push_back(parts[i]);
    } else if (bundled.contains(parts[i].upload_id) && parts[i].number != 1) {
      results[i] = Error(Code::kInvalid,
                         "a small file has one part, whose number is 1; the part was not stored; "
                         "correct its number");
    } else if (bundled.contains(parts[i].upload_id)) {
      whole.push_back(i);
      contents.push_back({parts[i].bytes, parts[i].md5});
    }
  }
  TRY(const auto stored, stores_.objects.PutParts(op, ours));
  for (std::size_t i = 0; i < multiparts.size(); ++i) results[multiparts[i]] = stored[i];
  if (whole.empty()) return results;
  TRY(const auto staged, stores_.objects.StageMany(op, contents));
  VAMS_POINT("catalog.bundle.staged");
  std::vector<std::pair<std::string, objects::StagedContent>> taken;
  const std::int64_t now = stores_.clock.NowMillis();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (staged[i].ok()) {
      results[whole[i]] = objects::PartInfo{1, staged[i]->md5, staged[i]->size, now};
      taken.emplace_back(parts[whole[i]].upload_id, *staged[i]);
    } else {
      results[whole[i]] = staged[i].error();
    }
  }
  if (!taken.empty()) TRY_OK(AddBundled(op, stores_.items, *found.front(), taken));
  return results;
}

Result<CompletedUpload> Uploads::Complete(OpContext& op, Caller& caller, std::string_view upload_id,
                                          const model::FinishedUpload& upload) {
  std::set<std::size_t> broken;
  // Each attempt that fails either finds a file that the store does not take, or another call that
  // was faster.
  for (Contention contention(Contention::kAttempts + static_cast<int>(upload.files.size()));
       contention.Next();) {
    TRY_OK(op.Check());
    TRY(const auto place,
        OpenPlace(op, stores_.items, caller, upload.database_id, upload.asset_id));
    TRY(auto done, Completion(stores_, caller.user(), place, upload_id, upload).Try(op, broken));
    if (done) return *std::move(done);
  }
  return Error(Code::kInternal,
               "other requests changed the same files again and again, and nothing was stored; "
               "complete the upload again");
}

Status Uploads::ExpireOld(OpContext& op) {
  std::string cursor;
  do {
    TRY(auto page, stores_.items.Scan(op, kUploadsTable, items::Segment{}, cursor, kPageItems));
    for (const Item& item : page.items) {
      if (!IsOver(item, stores_.clock.NowMillis() / 1000)) continue;
      const Write forget =
          Write::Delete(kUploadsTable, UploadKey(item.Text("uploadId"), item.Text("assetId")));
      TRY_OK(stores_.items.Commit(op, {&forget, 1}));
    }
    cursor = std::move(page.next);
  } while (!cursor.empty());
  return Ok();
}

}  // namespace vams::catalog
