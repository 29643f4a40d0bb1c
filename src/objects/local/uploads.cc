#include "objects/local/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/contention.h"
#include "objects/store_rules.h"
#include "tables/system_tables.h"

namespace vams::objects::local {

namespace {

using items::Condition;
using items::Item;
using items::Kind;
using items::Value;
using items::Write;

const std::string kUploads{tables::kUploadsTable};
const std::string kParts{tables::kUploadPartsTable};
constexpr std::size_t kDeletesPerCommit = 1000;

std::string_view StateName(UploadRecord::State state) {
  switch (state) {
    case UploadRecord::State::kCompleted:
      return "completed";
    case UploadRecord::State::kAborted:
      return "aborted";
    case UploadRecord::State::kOpen:
      break;
  }
  return "open";
}

Error Damaged(const Item& item, std::string_view attribute) {
  return Error(Code::kCorrupt, fmt::format("the record of upload {} is damaged: {} is missing or "
                                           "wrong; abort the upload and begin a new one",
                                           item.Text("uploadId"), attribute));
}

Result<std::int64_t> Number(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  if (value == nullptr || !value->is(Kind::kN)) return Damaged(item, attribute);
  const std::string& text = value->text();
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return Damaged(item, attribute);
  return number;
}

Value Size(std::uint64_t size) { return Value::N(static_cast<std::int64_t>(size)); }

Item PartKey(const std::string& upload_id, std::uint32_t number) {
  return Item{{"uploadId", Value::S(upload_id)}, {"number", Value::N(std::int64_t{number})}};
}

Result<PartRecord> PartFromItem(const Item& item) {
  PartRecord part;
  TRY(const auto number, Number(item, "number"));
  if (number < 1 || number > std::numeric_limits<std::uint32_t>::max())
    return Damaged(item, "number");
  TRY(const auto size, Number(item, "size"));
  if (size < 0) return Damaged(item, "size");
  TRY(const auto modified, Number(item, "lastModified"));
  part.info = {static_cast<std::uint32_t>(number), std::string(item.Text("etag")),
               static_cast<std::uint64_t>(size), modified};
  part.sha256 = std::string(item.Text("sha256"));
  if (part.info.etag.empty()) return Damaged(item, "etag");
  if (part.sha256.empty()) return Damaged(item, "sha256");
  return part;
}

}  // namespace

Item UploadKey(const std::string& upload_id) { return Item{{"uploadId", Value::S(upload_id)}}; }

Item UploadItem(const UploadRecord& upload) {
  Item item = UploadKey(upload.info.upload_id);
  item.Set("bucket", Value::S(upload.info.object.bucket));
  item.Set("key", Value::S(upload.info.object.key));
  item.Set("created", Value::N(upload.info.created_millis));
  item.Set("state", Value::S(std::string(StateName(upload.state))));
  if (!upload.info.metadata.content_type.empty())
    item.Set("contentType", Value::S(upload.info.metadata.content_type));
  Item metadata;
  for (const auto& [name, value] : upload.info.metadata.user) metadata.Set(name, Value::S(value));
  item.Set("metadata", Value::M(std::move(metadata)));
  if (upload.state == UploadRecord::State::kOpen) return item;
  item.Set("ended", Value::N(upload.ended_millis));
  if (upload.state == UploadRecord::State::kAborted) return item;
  item.Set("versionId", Value::S(upload.version_id));
  item.Set("etag", Value::S(upload.etag));
  item.Set("size", Size(upload.size));
  return item;
}

Result<UploadRecord> UploadFromItem(const Item& item) {
  UploadRecord upload;
  upload.info.upload_id = std::string(item.Text("uploadId"));
  upload.info.object = {std::string(item.Text("bucket")), std::string(item.Text("key"))};
  if (!CheckObject(upload.info.object).ok()) return Damaged(item, "bucket or key");
  TRY(upload.info.created_millis, Number(item, "created"));
  upload.info.metadata.content_type = std::string(item.Text("contentType"));
  const Value* metadata = item.Find("metadata");
  if (metadata == nullptr || !metadata->is(Kind::kM)) return Damaged(item, "metadata");
  for (const auto& [name, value] : metadata->map())
    upload.info.metadata.user[name] = value.is(Kind::kS) ? value.text() : "";
  const auto state = item.Text("state");
  if (state == "open") return upload;
  TRY(upload.ended_millis, Number(item, "ended"));
  upload.state = UploadRecord::State::kAborted;
  if (state == "aborted") return upload;
  if (state != "completed") return Damaged(item, "state");
  upload.state = UploadRecord::State::kCompleted;
  upload.version_id = std::string(item.Text("versionId"));
  upload.etag = std::string(item.Text("etag"));
  TRY(const auto size, Number(item, "size"));
  upload.size = static_cast<std::uint64_t>(size);
  return upload;
}

Item PartItem(const std::string& upload_id, const PartRecord& part) {
  Item item = PartKey(upload_id, part.info.number);
  item.Set("etag", Value::S(part.info.etag));
  item.Set("sha256", Value::S(part.sha256));
  item.Set("size", Size(part.info.size));
  item.Set("lastModified", Value::N(part.info.last_modified_millis));
  return item;
}

Condition UploadIsOpen() { return Condition::Equals("state", Value::S("open")); }

Write RemovePart(const std::string& upload_id, const PartRecord& part, bool if_same) {
  std::vector<Condition> conditions;
  if (if_same) conditions.push_back(Condition::Equals("sha256", Value::S(part.sha256)));
  return Write::Delete(kParts, PartKey(upload_id, part.info.number), std::move(conditions));
}

Result<std::optional<UploadRecord>> FindUpload(OpContext& op, items::ItemSource& source,
                                               const std::string& upload_id) {
  // What cannot be a key cannot be the id of an upload.
  if (!CheckVersionId(upload_id).ok()) return std::optional<UploadRecord>();
  auto item = source.Get(op, kUploads, UploadKey(upload_id));
  if (!item.ok() && item.error().code == Code::kNotFound) return std::optional<UploadRecord>();
  if (!item.ok()) return std::move(item).error();
  TRY(auto upload, UploadFromItem(*item));
  return std::optional(std::move(upload));
}

Result<UploadRecord> GetOpenUpload(OpContext& op, items::ItemSource& source,
                                   const std::string& upload_id) {
  TRY(auto upload, FindUpload(op, source, upload_id));
  if (!upload || upload->state != UploadRecord::State::kOpen) return NoUpload(upload_id);
  return *std::move(upload);
}

Result<std::vector<std::optional<UploadRecord>>> FindOpenUploads(
    OpContext& op, items::ItemSource& source, std::span<const std::string> upload_ids) {
  // What cannot be a key cannot be the id of an upload.
  std::vector<Item> keys;
  for (const std::string& id : upload_ids)
    if (CheckVersionId(id).ok()) keys.push_back(UploadKey(id));
  TRY(const auto items, source.BatchGet(op, kUploads, keys));
  std::vector<std::optional<UploadRecord>> uploads;
  auto item = items.begin();
  for (const std::string& id : upload_ids) {
    uploads.emplace_back();
    if (!CheckVersionId(id).ok()) continue;
    if (const auto& found = *item++) {
      TRY(auto upload, UploadFromItem(*found));
      if (upload.state == UploadRecord::State::kOpen) uploads.back() = std::move(upload);
    }
  }
  return uploads;
}

namespace {

// One commit of parts that differ; the indexes of those whose upload is not open.
Result<std::vector<std::size_t>> RecordSome(OpContext& op, items::ItemStore& store,
                                            std::vector<const NewPart*> parts) {
  std::vector<std::size_t> lost;
  for (Contention contention; !parts.empty() && contention.Next();) {
    TRY_OK(op.Check());
    std::set<std::string_view> checked;
    std::vector<Write> writes;
    for (const NewPart* part : parts) {
      if (checked.insert(part->upload_id).second)
        writes.push_back(Write::Check(kUploads, UploadKey(part->upload_id), {UploadIsOpen()}));
      writes.push_back(Write::Put(kParts, PartItem(part->upload_id, part->record)));
    }
    const auto committed = store.Commit(op, writes);
    if (committed.ok()) return lost;
    if (committed.error().code != Code::kConflict) return committed.error();
    // Uploads do not open again: whoever is left over gets in.
    std::vector<std::string> ids(checked.begin(), checked.end());
    TRY(const auto open, FindOpenUploads(op, store, ids));
    std::set<std::string_view> ended;
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (!open[i]) ended.insert(ids[i]);
    std::erase_if(parts, [&](const NewPart* part) {
      if (!ended.contains(part->upload_id)) return false;
      lost.push_back(part->index);
      return true;
    });
  }
  if (parts.empty()) return lost;
  return Error(Code::kUnavailable,
               "others changed the same uploads again and again, and some parts were not stored; "
               "send them again");
}

}  // namespace

Result<std::vector<std::size_t>> RecordParts(OpContext& op, items::ItemStore& store,
                                             std::span<const NewPart> parts) {
  std::vector<std::size_t> lost;
  std::map<std::pair<std::string_view, std::uint32_t>, const NewPart*> last;
  for (const NewPart& part : parts) {
    // What cannot be a key cannot be the id of an upload.
    if (CheckVersionId(part.upload_id).ok())
      last[{part.upload_id, part.record.info.number}] = &part;
    else
      lost.push_back(part.index);
  }
  // What was replaced before it was recorded shares the fate of what replaced it.
  std::map<const NewPart*, std::vector<std::size_t>> replaced;
  for (const NewPart& part : parts)
    if (const auto by = last.find({part.upload_id, part.record.info.number});
        by != last.end() && by->second != &part)
      replaced[by->second].push_back(part.index);
  const std::size_t limit = store.traits().max_commit_writes;
  const std::size_t step = limit == 0 ? last.size() : std::max<std::size_t>(limit / 2, 1);
  std::vector<const NewPart*> some;
  for (auto at = last.begin(); at != last.end();) {
    some.push_back(at->second);
    if (++at != last.end() && some.size() < step) continue;
    TRY(const auto gone, RecordSome(op, store, std::exchange(some, {})));
    std::ranges::copy(gone, std::back_inserter(lost));
  }
  for (const auto& [by, indexes] : replaced)
    if (std::ranges::find(lost, by->index) != lost.end())
      std::ranges::copy(indexes, std::back_inserter(lost));
  return lost;
}

Result<PartRecords> ReadParts(OpContext& op, items::ItemSource& source,
                              const std::string& upload_id, std::int64_t after, std::size_t limit) {
  items::QueryRequest request;
  request.table = kParts;
  request.partition = Value::S(upload_id);
  request.sort = items::SortCondition::Is(items::SortCondition::Op::kGreater, Value::N(after));
  request.limit = limit;
  PartRecords records;
  do {
    TRY(const auto page, source.Query(op, request));
    for (const Item& item : page.items) {
      TRY(records.parts.emplace_back(), PartFromItem(item));
    }
    request.after = page.next;
    request.limit = limit - records.parts.size();
  } while (!request.after.empty() && request.limit > 0);
  records.more = !request.after.empty();
  return records;
}

Result<std::vector<PartRecord>> ReadAllParts(OpContext& op, items::ItemSource& source,
                                             const std::string& upload_id) {
  std::vector<PartRecord> all;
  for (bool more = true; more;) {
    TRY(auto records, ReadParts(op, source, upload_id,
                                all.empty() ? 0 : std::int64_t{all.back().info.number}, kMaxPage));
    more = records.more;
    std::ranges::move(records.parts, std::back_inserter(all));
  }
  return all;
}

Status RemoveParts(OpContext& op, items::ItemStore& store, const std::string& upload_id) {
  const std::size_t limit = store.traits().max_commit_writes;
  const std::size_t step = limit > 0 ? std::min(limit, kDeletesPerCommit) : kDeletesPerCommit;
  for (bool more = true; more;) {
    TRY(const auto records, ReadParts(op, store, upload_id, 0, step));
    more = records.more;
    std::vector<Write> writes;
    for (const PartRecord& part : records.parts)
      writes.push_back(Write::Delete(kParts, PartKey(upload_id, part.info.number)));
    if (!writes.empty()) TRY_OK(store.Commit(op, writes));
  }
  return Ok();
}

}  // namespace vams::objects::local
