#include "migrate/carry/gather.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/carry/gather_parts.h"
#include "migrate/residue.h"
#include "migrate/unit.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate::carry {

using items::Item;
using items::Value;

namespace {

constexpr std::size_t kPageRows = 512;
constexpr std::size_t kSegments = 16;
// Sorting memory of a table of a small store.
constexpr std::size_t kSortMemory = std::size_t{2} << 20;

// Only the attributes that say whose a record is.
Result<Item> Partial(std::string_view encoded, const std::vector<std::string_view>& attributes) {
  Item item;
  TRY(auto reader, items::ItemReader::Open(encoded));
  items::ItemReader::Entry entry;
  for (std::size_t found = 0; found < attributes.size();) {
    TRY(const bool more, reader.Next(entry));
    if (!more) break;
    if (std::ranges::find(attributes, entry.name) == attributes.end()) continue;
    TRY(auto value, items::DecodeValue(entry.encoded));
    item.AppendSorted(std::string(entry.name), std::move(value));
    ++found;
  }
  return item;
}

// Residue and findings of the path's steps that are of the subjects.
Status GatherKept(OpContext& op, const GatherJob& job, const NameSet& names) {
  for (const auto table : {tables::kResidueTable, tables::kFindingsTable})
    TRY_OK(VisitAll(op, job.source, table, [&](const Item& row) -> Status {
      TRY(const bool kept, IsKeptOf(job.path, job.subjects, names, table, row));
      return kept ? job.into->Add(op, table, row) : Ok();
    }));
  return Ok();
}

}  // namespace

Status ScanFor(OpContext& op, const GatherJob& job, std::string_view table, const NameSet& names,
               const OnMatch& visit) {
  const auto* row = Subjects::Find(table);
  auto segments = job.source.SplitScan(op, table, kSegments);
  if (!segments.ok() && segments.error().code == Code::kNotFound) return Ok();
  if (!segments.ok()) return std::move(segments).error();
  std::atomic<std::size_t> next = 0;
  const auto work = [&]() -> Status {
    for (std::size_t i = next++; i < segments->size(); i = next++) {
      std::string after;
      do {
        TRY_OK(op.Check());
        TRY(after, job.source.ScanEncoded(op, table, (*segments)[i], after, kPageRows,
                                          [&](std::string_view encoded) -> Status {
                                            TRY(const auto partial,
                                                Partial(encoded, row->attributes));
                                            if (!job.subjects.AnyOf(table, partial, names))
                                              return Ok();
                                            return visit(encoded, partial);
                                          }));
      } while (!after.empty());
    }
    return Ok();
  };
  std::vector<Status> results(static_cast<std::size_t>(std::max(1, job.threads)), Ok());
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back([&] { result = work(); });
  }
  for (auto& result : results) TRY_OK(result);
  return Ok();
}

Result<std::unique_ptr<SmallStore>> SmallStore::Create(OpContext& op, const files::Path& path,
                                                       items::ItemSource& like) {
  auto small = std::unique_ptr<SmallStore>(new SmallStore());
  TRY(small->store_, items::OpenSqliteStore(path));
  TRY(const auto specs, like.Tables(op));
  TRY_OK(small->store_->CreateTables(op, specs));
  return small;
}

SmallStore::~SmallStore() = default;

Status SmallStore::Add(OpContext& op, std::string_view table, const Item& item) {
  return AddEncoded(op, table, items::EncodeItem(item));
}

Status SmallStore::AddEncoded(OpContext& op, std::string_view table, std::string_view encoded) {
  const std::lock_guard lock(mutex_);
  auto found = loaders_.find(table);
  if (found == loaders_.end()) {
    TRY(auto loader,
        store_->OpenBulkLoad(op, table, {.name = "carry", .sort_memory = kSortMemory}));
    found = loaders_.emplace(std::string(table), std::move(loader)).first;
  }
  return found->second->AddEncoded(op, encoded);
}

Status SmallStore::Finish(OpContext& op) {
  for (auto& [table, loader] : loaders_) TRY_OK(loader->Finish(op));
  loaders_.clear();
  store_.reset();
  return Ok();
}

Result<bool> Close(OpContext& op, const GatherJob& job, Touched& touched) {
  if (touched.fine) return false;
  std::mutex mutex;
  NameSet more;
  for (const auto table : {kAssets, std::string_view("AssetLinksStorageTable"),
                           std::string_view("AssetLinksStorageTableV2.2"), kOldMetadata,
                           std::string_view("AssetFileMetadataStorageTableV2"),
                           std::string_view("FileAttributeStorageTableV2")}) {
    if (table != kAssets && !job.tables.contains(table)) continue;
    TRY_OK(ScanFor(op, job, table, touched.names, [&](std::string_view, const Item& partial) {
      const auto names = job.subjects.Closure(table, partial);
      const std::lock_guard lock(mutex);
      for (const auto& name : names)
        if (!touched.names.contains(name)) more.insert(name);
      return Ok();
    }));
  }
  touched.names.insert(more.begin(), more.end());
  return !more.empty();
}

Status Gather(OpContext& op, const GatherJob& job, const Touched& touched) {
  TRY_OK(touched.fine ? GatherFine(op, job, touched) : GatherCoarse(op, job, touched));
  return GatherKept(op, job, touched.names);
}

Result<bool> IsKeptOf(const std::vector<Leg>& path, const Subjects& subjects, const NameSet& names,
                      std::string_view table, const Item& row) {
  const auto scope = row.Text("scope");
  const bool of_path = std::ranges::any_of(path, [&](const Leg& leg) {
    return scope.starts_with(ScopeOf(*leg.step, Direction::kUp)) ||
           scope.starts_with(ScopeOf(*leg.step, Direction::kDown));
  });
  if (!of_path) return false;
  const Value* embedded = table == tables::kFindingsTable ? row.Find("item")
                          : row.Has("recordKey")          ? row.Find("recordKey")
                                                          : row.Find("key");
  if (embedded == nullptr || !embedded->is(items::Kind::kB)) return false;
  TRY(const auto record, items::DecodeItem(embedded->text()));
  return subjects.AnyOf(row.Text("table"), record, names);
}

Status VisitPrefix(OpContext& op, items::ItemSource& source, std::string_view table,
                   const std::string& prefix, const std::function<Status(const Item&)>& visit) {
  auto spec = source.Table(op, table);
  if (!spec.ok() && spec.error().code == Code::kNotFound) return Ok();
  if (!spec.ok()) return std::move(spec).error();
  // A cursor is the encoded key of the record behind which to go on (items/sqlite/reads.cc), and
  // that record need not be there.
  Item before{{spec->partition.name, Value::S(prefix)}};
  if (!spec->sort.empty()) before.Set(spec->sort.name, Value::S(std::string(1, '\x01')));
  std::string after = items::EncodeItem(before);
  do {
    TRY_OK(op.Check());
    TRY(auto page, source.Scan(op, table, {}, after, 64));
    for (const Item& item : page.items) {
      if (!item.Text(spec->partition.name).starts_with(prefix)) return Ok();
      TRY_OK(visit(item));
    }
    after = std::move(page.next);
  } while (!after.empty());
  return Ok();
}

Status VisitPartition(OpContext& op, items::ItemSource& source, std::string_view table,
                      std::string_view index, std::string_view partition,
                      const std::function<Status(const Item&)>& visit) {
  if (partition.empty()) return Ok();
  items::QueryRequest request{.table = std::string(table),
                              .index = std::string(index),
                              .partition = Value::S(std::string(partition))};
  do {
    TRY_OK(op.Check());
    auto page = source.Query(op, request);
    if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
    if (!page.ok()) return std::move(page).error();
    for (const Item& item : page->items) TRY_OK(visit(item));
    request.after = std::move(page->next);
  } while (!request.after.empty());
  return Ok();
}

Status VisitAll(OpContext& op, items::ItemSource& source, std::string_view table,
                const std::function<Status(const Item&)>& visit) {
  std::string after;
  do {
    TRY_OK(op.Check());
    auto page = source.Scan(op, table, {}, after, kPageRows);
    if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
    if (!page.ok()) return std::move(page).error();
    for (const Item& item : page->items) TRY_OK(visit(item));
    after = std::move(page->next);
  } while (!after.empty());
  return Ok();
}

}  // namespace vams::migrate::carry
