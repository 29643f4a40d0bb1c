#include "objects/local/listing.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "objects/local/object_draft.h"
#include "objects/object_version.h"
#include "objects/store_rules.h"
#include "tables/system_tables.h"

namespace vams::objects::local {

namespace {

using items::SortCondition;
using items::Value;

// Nothing in UTF-8 is greater, so that behind a common prefix and this only keys are left that do
// not have the prefix, or begin with this, which nobody uses and the walk passes over one by one.
constexpr std::string_view kLastCharacter = "\xf4\x8f\xbf\xbf";
constexpr std::size_t kMaxKeyBytes = 1024;

// Records read at once.  More of them only leave the processor's caches before they are looked at;
// of those under common prefixes most are skipped.
constexpr std::size_t kRecordsAtOnce = 251;
constexpr std::size_t kRecordsOfFolders = 100;

// Where a walk over the keys of a bucket begins.
struct Start {
  std::string key;
  bool inclusive = true;
};

// What the visitor wants to see next.
enum class Next : std::uint8_t { kGoOn, kSkip, kStop };
// It may take the record apart.
using Visitor = std::function<Result<Next>(ObjectRecord& record)>;

// The first key behind all that begin with the prefix; nothing where it is not easily named.
std::optional<std::string> Behind(const std::string& prefix) {
  constexpr char kLastAscii = 0x7f;
  if (prefix.empty() || prefix.back() < 0 || prefix.back() == kLastAscii) return std::nullopt;
  std::string next = prefix;
  ++next.back();
  return next;
}

// From the start on, and no further than the prefix goes: what lies behind it is not even read.
SortCondition Range(const Start& start, const std::optional<std::string>& behind) {
  if (behind && !start.key.empty() && start.key <= *behind)
    return SortCondition::Between(Value::S(start.key), Value::S(*behind));
  if (start.key.empty()) return {};
  return SortCondition::Is(
      start.inclusive ? SortCondition::Op::kGreaterEqual : SortCondition::Op::kGreater,
      Value::S(start.key));
}

// Visits the records of keys with the prefix, in order.  After kSkip it goes on behind `start`,
// which the visitor moved.
Status Walk(OpContext& op, items::ItemSource& source, const std::string& bucket,
            const std::string& prefix, std::size_t page_size, Start& start, const Visitor& visit) {
  const auto behind = Behind(prefix);
  for (bool skipped = true; skipped;) {
    skipped = false;
    items::QueryRequest request;
    request.table = kObjectRows;
    request.partition = Value::S(bucket);
    request.limit = page_size;
    request.sort = Range(start, behind);
    const std::string passed = start.inclusive ? std::string() : start.key;
    do {
      TRY(const auto page, source.Query(op, request));
      for (const auto& item : page.items) {
        if (!passed.empty() && item.Text("key") == passed) continue;
        // A key of the past is no longer looked at once the walk is beyond the prefix.
        if (!item.Text("key").starts_with(prefix)) return Ok();
        TRY(auto record, ObjectFromItem(item));
        TRY(const Next next, visit(record));
        if (next == Next::kStop) return Ok();
        skipped = next == Next::kSkip;
        if (skipped) break;
      }
      request.after = page.next;
    } while (!skipped && !request.after.empty());
  }
  return Ok();
}

// Behind everything that begins with a common prefix.  False where such a bound cannot be named.
bool SkipPrefix(const std::string& common, Start& start) {
  if (common.size() + kLastCharacter.size() > kMaxKeyBytes) return false;
  start = {common + std::string(kLastCharacter), false};
  return true;
}

// Makes pages of objects and common prefixes.
class Lister {
 public:
  explicit Lister(const ListRequest& request) : request_(request) {}

  Result<ListPage> Run(OpContext& op, items::ItemSource& source) {
    Start start{request_.prefix, true};
    if (!request_.cursor.empty()) {
      TRY(const auto cursor, ReadCursor(request_.cursor));
      if (cursor.first == 1) rolled_up_ = cursor.second;
      if (cursor.second >= start.key) start = {cursor.second, false};
      if (!rolled_up_.empty()) SkipPrefix(rolled_up_, start);
    } else if (!request_.start_after.empty() && request_.start_after >= start.key) {
      start = {request_.start_after, false};
    }
    // One more than the page tells whether there is another.
    const std::size_t page_size = std::min(
        request_.limit + 1, request_.delimiter.empty() ? kRecordsAtOnce : kRecordsOfFolders);
    page_.objects.reserve(request_.delimiter.empty() ? request_.limit : 0);
    TRY_OK(Walk(op, source, request_.bucket, request_.prefix, page_size, start,
                [&](ObjectRecord& record) { return Visit(record, start); }));
    return std::move(page_);
  }

 private:
  Result<Next> Visit(ObjectRecord& record, Start& start) {
    ObjectVersion& newest = record.newest;
    if (newest.is_delete_marker) return Next::kGoOn;
    if (!rolled_up_.empty() && newest.key.starts_with(rolled_up_)) return Next::kGoOn;
    if (page_.objects.size() + page_.common_prefixes.size() == request_.limit) {
      page_.next = last_cursor_;
      return Next::kStop;
    }
    const auto common = CommonPrefix(newest.key, request_.prefix, request_.delimiter);
    if (!common) {
      page_.objects.push_back(InfoOf(std::move(newest)));
      if (page_.objects.size() + page_.common_prefixes.size() == request_.limit)
        last_cursor_ = MakeCursor(0, page_.objects.back().object.key);
      return Next::kGoOn;
    }
    page_.common_prefixes.push_back(*common);
    last_cursor_ = MakeCursor(1, *common);
    rolled_up_ = *common;
    return SkipPrefix(*common, start) ? Next::kSkip : Next::kGoOn;
  }

  const ListRequest& request_;
  ListPage page_;
  std::string last_cursor_;
  std::string rolled_up_;  // the common prefix that keys are passed over for
};

// Appends versions of one object with sequences below `below` (0: all), at most up to `limit` in
// the page and one more.
Status AppendVersions(OpContext& op, items::ItemSource& source, const ObjectRecord& record,
                      std::int64_t below, std::size_t limit, std::vector<ObjectVersion>& page) {
  if (record.versions == 1) {
    if (below == 0 || record.newest.sequence < below) page.push_back(record.newest);
    return Ok();
  }
  items::QueryRequest request;
  request.table = kVersionRows;
  request.partition = Value::S(tables::ObjectPath(record.newest.bucket, record.newest.key));
  if (below > 0) request.sort = SortCondition::Is(SortCondition::Op::kLess, Value::N(below));
  request.descending = true;
  do {
    request.limit = limit + 1 - page.size();
    TRY(const auto found, source.Query(op, request));
    for (const auto& item : found.items) {
      TRY(page.emplace_back(), VersionFromItem(item));
      page.back().is_latest = page.back().sequence == record.newest.sequence;
    }
    request.after = found.next;
  } while (!request.after.empty() && page.size() <= limit);
  return Ok();
}

}  // namespace

Result<ListPage> ListObjects(OpContext& op, items::ItemSource& source, const ListRequest& request) {
  return Lister(request).Run(op, source);
}

Result<VersionPage> ListObjectVersions(OpContext& op, items::ItemSource& source,
                                       const ListVersionsRequest& request) {
  std::pair<std::int64_t, std::string> cursor;
  if (!request.cursor.empty()) {
    TRY(cursor, ReadCursor(request.cursor));
  }
  std::vector<ObjectVersion> found;
  const auto take = [&](const ObjectRecord& record) -> Result<Next> {
    const std::int64_t below = record.newest.key == cursor.second ? cursor.first : 0;
    TRY_OK(AppendVersions(op, source, record, below, request.limit, found));
    return found.size() > request.limit ? Next::kStop : Next::kGoOn;
  };
  if (request.key) {
    TRY(const auto record, FindRecord(op, source, {request.bucket, *request.key}));
    if (record) TRY_OK(take(*record));
  } else {
    Start start{std::max(request.prefix, cursor.second), true};
    TRY_OK(Walk(op, source, request.bucket, request.prefix, request.limit + 1, start, take));
  }
  VersionPage page;
  if (found.size() > request.limit) {
    found.resize(request.limit);
    page.next = MakeCursor(found.back().sequence, found.back().key);
  }
  for (const ObjectVersion& version : found) page.versions.push_back(InfoOf(version));
  return page;
}

}  // namespace vams::objects::local
