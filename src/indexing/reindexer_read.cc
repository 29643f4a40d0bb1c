#include "indexing/reindexer_read.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"
#include "catalog/asset_records.h"

namespace vams::indexing {

namespace {

constexpr std::size_t kRecords = 256;        // of assets, read at once
constexpr std::size_t kObjectsAtOnce = 500;  // of an asset, read at once
constexpr std::size_t kDocuments = 500;      // handed on at once
constexpr int kNice = 10;                    // gives way, and still gets on when others are busy
constexpr std::size_t kNameBytes = 400;      // of a plan in one name
constexpr std::string_view kPlan = "plan/";

}  // namespace

// ---- Views of the store
// ---------------------------------------------------------------------------------------

Result<std::shared_ptr<items::ItemSource>> Views::Get(OpContext& op) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (view_ && now - opened_ < kLongest) return view_;
  if (store_.traits().snapshots) {
    TRY(auto snapshot, store_.OpenSnapshot(op));
    view_ = std::move(snapshot);
  } else {
    view_ = std::shared_ptr<items::ItemSource>(&store_, [](items::ItemSource*) {});
  }
  opened_ = now;
  return view_;
}

// ---- Ids
// ---------------------------------------------------------------------------------------

IdTable::Key IdTable::KeyOf(std::string_view id) {
  const std::string digest = Md5(id);
  Key key;
  std::memcpy(&key.high, digest.data(), sizeof key.high);
  std::memcpy(&key.low, digest.data() + sizeof key.high, sizeof key.low);
  return key;
}

bool IdTable::Insert(std::string_view id, std::uint64_t digest) {
  const Key key = KeyOf(id);
  Shard& shard = Of(key);
  const std::lock_guard lock(shard.mutex);
  return shard.digests.emplace(key, digest).second;
}

std::optional<std::uint64_t> IdTable::Take(std::string_view id) {
  const Key key = KeyOf(id);
  Shard& shard = Of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.digests.find(key);
  if (found == shard.digests.end()) return std::nullopt;
  const std::uint64_t digest = found->second;
  shard.digests.erase(found);
  return digest;
}

bool IdTable::Has(std::string_view id) const {
  const Key key = KeyOf(id);
  const Shard& shard = Of(key);
  const std::lock_guard lock(shard.mutex);
  return shard.digests.contains(key);
}

std::uint64_t IdTable::size() const {
  std::uint64_t size = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size += shard.digests.size();
  }
  return size;
}

std::optional<IdParts> ParseDocumentId(std::string_view id) {
  IdParts parts;
  const std::size_t database = id.find('#');
  if (database == 0 || database == id.npos) return std::nullopt;
  parts.asset.database_id = id.substr(0, database);
  std::string_view rest = id.substr(database + 1);
  if (const std::size_t path = rest.find("#/"); path != rest.npos) {
    parts.path = rest.substr(path + 1);
    rest = rest.substr(0, path);
  } else if (constexpr std::string_view kDeleted = "deleted#"; rest.starts_with(kDeleted)) {
    rest.remove_prefix(kDeleted.size());
  }
  if (rest.empty()) return std::nullopt;
  parts.asset.asset_id = rest;
  return parts;
}

// ---- Parts
// ---------------------------------------------------------------------------------------

// The text of a plan is its release and its tokens in hexadecimal, one a line, cut into pieces.
std::vector<std::string> PlanNames(const Plan& plan) {
  std::string text = HexEncode(plan.release);
  for (const items::Segment& part : plan.parts) text += "," + HexEncode(part.token);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size(); at += kNameBytes)
    names.push_back(fmt::format("{}{:06}/{}", kPlan, names.size(), text.substr(at, kNameBytes)));
  names.push_back(fmt::format("{}end/{}", kPlan, names.size()));
  return names;
}

std::optional<Plan> PlanOf(std::span<const std::string> names) {
  std::map<std::string, std::string, std::less<>> pieces;
  std::string end;
  for (std::string_view name : names) {
    if (!name.starts_with(kPlan)) continue;
    name.remove_prefix(kPlan.size());
    const std::size_t slash = name.find('/');
    if (slash == name.npos) return std::nullopt;
    if (name.starts_with("end/"))
      end = name.substr(slash + 1);
    else
      pieces.emplace(name.substr(0, slash), name.substr(slash + 1));
  }
  if (end != fmt::format("{}", pieces.size())) return std::nullopt;
  std::string text;
  for (const auto& [number, piece] : pieces) text += piece;
  std::vector<std::string> fields;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    auto field = HexDecode(std::string_view(text).substr(at, comma - at));
    if (!field) return std::nullopt;
    fields.push_back(*std::move(field));
    at = comma + 1;
  }
  Plan plan{.release = std::move(fields.front()), .parts = {}};
  for (std::size_t i = 1; i < fields.size(); ++i)
    plan.parts.push_back({.token = std::move(fields[i])});
  if (plan.parts.empty()) return std::nullopt;
  return plan;
}

std::string PartName(std::size_t part) { return fmt::format("part/{:06}", part); }

// ---- Reading
// ---------------------------------------------------------------------------------------

namespace {

// One part on its way.
class PartReader {
 public:
  PartReader(items::ItemSource& source, PartSink& sink) : maker_(source), sink_(sink) {}

  // False: the sink has enough.
  Result<bool> Read(OpContext& op, items::Item record) {
    const PartSink::Wanted wanted = sink_.wanted();
    if (!wanted.assets && !wanted.files) return false;
    catalog::Asset asset = catalog::AssetOf(std::move(record));
    const std::string id = AssetDocumentId({asset.database_id, asset.id}, asset.archived);
    auto reader = maker_.Read(op, std::move(asset), wanted.files);
    if (!reader.ok()) {
      TRY_OK(Passed(op, id, reader.error()));
      return true;
    }
    if (wanted.assets) {
      auto document = reader->MakeAsset(op);
      if (!document.ok()) {
        TRY_OK(Passed(op, id, document.error()));
      } else if (*document) {
        TRY_OK(Add(op, *std::move(*document)));
      }
    }
    while (wanted.files && !reader->files_done()) {
      if (!sink_.wanted().files) break;
      TRY(FilePage page, reader->NextFiles(op, kObjectsAtOnce));
      objects_ += page.objects;
      for (const Failure& failure : page.failures)
        TRY_OK(sink_.Failed(op, search::Kind::kFile, failure));
      for (search::Document& document : page.documents) TRY_OK(Add(op, std::move(document)));
    }
    return true;
  }

  std::uint64_t objects() const { return objects_; }

  Status Flush(OpContext& op) {
    if (pending_.empty()) return Ok();
    return sink_.Add(op, std::exchange(pending_, {}));
  }

 private:
  Status Add(OpContext& op, search::Document document) {
    pending_.push_back(std::move(document));
    return pending_.size() < kDocuments ? Ok() : Flush(op);
  }

  // Data that no document can be made of is passed over; the store's failures end the run.
  Status Passed(OpContext& op, const std::string& id, const Error& error) {
    if (!IsOfData(error)) return error;
    return sink_.Failed(op, search::Kind::kAsset, {id, error});
  }

  DocumentMaker maker_;
  PartSink& sink_;
  std::vector<search::Document> pending_;
  std::uint64_t objects_ = 0;
};

}  // namespace

Result<PartRead> ReadPart(OpContext& op, items::ItemSource& source, const items::Segment& part,
                          PartSink& sink) {
  PartRead read;
  PartReader reader(source, sink);
  std::string after;
  bool more = true;
  do {
    TRY_OK(op.Check());
    TRY(items::Page page, source.Scan(op, catalog::kAssetsTable, part, after, kRecords));
    for (items::Item& record : page.items) {
      TRY(more, reader.Read(op, std::move(record)));
      if (!more) break;
      ++read.records;
    }
    after = std::move(page.next);
  } while (more && !after.empty());
  TRY_OK(reader.Flush(op));
  read.objects = reader.objects();
  return read;
}

// ---- Threads
// ---------------------------------------------------------------------------------------

namespace {

void GiveWay() {
  // Of this thread alone: to Linux each has a priority of its own.
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) != 0)
    LogWarning("building the search index runs at full priority: the system refused a lower one");
}

Status Guarded(const std::function<Status()>& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Error(Code::kInternal,
                 "building the search index failed unexpectedly; the old one serves on; try again",
                 e.what());
  }
}

}  // namespace

Status OnThreads(unsigned threads, bool low_priority, std::atomic<bool>& stop,
                 const std::function<Status()>& work) {
  std::mutex mutex;
  Status first = Ok();
  const auto run = [&] {
    if (low_priority) GiveWay();
    Status done = Guarded(work);
    if (done.ok()) return;
    stop = true;
    const std::lock_guard lock(mutex);
    if (first.ok() ||
        (first.error().code == Code::kCancelled && done.error().code != Code::kCancelled))
      first = std::move(done);
  };
  {
    std::vector<std::jthread> running;
    for (unsigned i = 0; i < std::max(threads, 1U); ++i) running.emplace_back(run);
  }
  return first;
}

}  // namespace vams::indexing
