#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/backup/belongings.h"
#include "lifecycle/backup/restored_contents.h"
#include "lifecycle/backup/restored_items.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/work_folder.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::backup {

using items::Item;
using items::Write;

namespace {

constexpr std::size_t kWrites = 1000;
// Not that of "backup create", which removes its own while it holds another lock.
constexpr std::string_view kRestoreWork = ".restore";
constexpr char kLinkMetadata[] = "AssetLinksMetadataStorageTable";

class PartRestorer {
 public:
  PartRestorer(Vault& vault, const PartRequest& request, const Setting& setting)
      : vault_(vault),
        request_(request),
        setting_(setting),
        part_{request.database, request.asset},
        index_(vault.keys()),
        reader_(vault.repository(), vault.keys(), index_) {}

  Result<PartReport> Run(const StackRegistry& registry) {
    TRY_OK(Open(registry));
    TRY(const auto lock, LockStack(stack_, "vams backup restore", setting_.clock));
    TRY(stack_, registry.Get(stack_.name));
    TRY_OK(CheckVersions());
    // The rows of the backup as a store of their own, proved as for any restore.
    RemoveWorkFolders(stack_.folder, kRestoreWork);
    TRY(const auto work, files::TempFolder::Create(stack_.folder, kRestoreWork));
    TRY(const auto saved, LoadBackup(work.path() / "items.db"));
    TRY(const auto now, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
    TRY_OK(Look(*saved, *now));
    TRY(auto builder, GenerationBuilder::ForStack(registry, stack_));
    TRY([[maybe_unused]] const bool shared,
        CloneItems(op(), stack_.current.items(), builder.items()));
    {
      TRY(const auto store, items::OpenSqliteStore(builder.items(), {.clock = &setting_.clock}));
      TRY_OK(Contents(*saved, builder.blobs()));
      TRY_OK(Apply(*saved, *now, *store));
      VAMS_POINT("backup.part.applied");
      TRY_OK(Prove(*saved, *store));
    }
    boost::json::object origin{{"kind", "restore"},       {"backup", manifest_.id},
                               {"from", manifest_.stack}, {"generation", stack_.current.number},
                               {"position", position_},   {"database", part_.database}};
    if (!part_.asset.empty()) origin["asset"] = part_.asset;
    if (report_.state_at) origin["at"] = *report_.state_at;
    VAMS_POINT("backup.part.before_publish");
    TRY(const auto published, builder.Publish(stack_.current.data_version, std::move(origin), {}));
    report_.generation = published.current.number;
    TRY_OK(Record(published));
    return std::move(report_);
  }

 private:
  OpContext& op() { return setting_.op; }
  std::string Name() const {
    return part_.asset.empty()
               ? fmt::format("database \"{}\"", part_.database)
               : fmt::format("asset \"{}\" of database \"{}\"", part_.asset, part_.database);
  }

  Status Open(const StackRegistry& registry) {
    TRY(manifest_, vault_.Get(request_.id));
    report_.backup = manifest_.id;
    TRY(stack_, registry.Get(request_.stack));
    report_.stack = stack_.name;
    return index_.Load(setting_.op, vault_.repository(), [](const std::string&, const Error&) {});
  }

  Status CheckVersions() const {
    const auto now = stack_.current.data_version;
    if (manifest_.data_version == now && now == tables::kNewest) return Ok();
    return Error(
        Code::kNotSupported,
        fmt::format("the backup {} is of data version {} and stack \"{}\" of {}; a part can be "
                    "restored where both are {}; nothing was done; restore the backup whole as "
                    "another stack, update that, and restore the part from a backup of it",
                    manifest_.id, manifest_.data_version.ToString(), stack_.name, now.ToString(),
                    tables::kNewest.ToString()));
  }

  Result<std::unique_ptr<items::ItemStore>> LoadBackup(const files::Path& path) {
    setting_.progress("reading the backup", 0);
    ItemsRestorer restorer(manifest_, reader_, request_.skip_damaged, report_.findings, setting_);
    position_ = manifest_.position;
    if (request_.at_millis) {
      TRY(position_, restorer.PositionAt(*request_.at_millis));
      report_.state_at = IsoMillis(*request_.at_millis);
    }
    TRY(auto store, items::OpenSqliteStore(path, {.clock = &setting_.clock}));
    TRY([[maybe_unused]] const auto restored, restorer.Run(*store, position_));
    return store;
  }

  // Finds what belongs to it on both sides, and whether it may be restored.
  Status Look(items::ItemSource& saved, items::ItemSource& now) {
    TRY(auto in_backup, Belongings::Of(op(), saved, part_));
    TRY(auto in_stack, Belongings::Of(op(), now, part_));
    saved_.emplace(std::move(in_backup));
    now_.emplace(std::move(in_stack));
    const auto has = [&](const Belongings& side) {
      return part_.asset.empty() ? !side.empty() : !side.assets().empty();
    };
    if (!has(*saved_))
      return Error(Code::kNotFound,
                   fmt::format("the backup {} has no {}; nothing was done; see what others have "
                               "with \"vams backup list\"",
                               manifest_.id, Name()));
    if (has(*now_) && !request_.replace)
      return Error(Code::kConflict,
                   fmt::format("stack \"{}\" has the {}; nothing was changed; say --replace to put "
                               "what the backup has in its place",
                               stack_.name, Name()));
    if (!part_.asset.empty() && !now_->has_database())
      return Error(Code::kConflict,
                   fmt::format("stack \"{}\" has no database \"{}\" for the asset; nothing was "
                               "changed; restore the database, or make it first",
                               stack_.name, part_.database));
    for (const auto& place : saved_->places())
      if (const auto other = now_->places_of_others().find(place);
          other != now_->places_of_others().end())
        return Error(Code::kConflict,
                     fmt::format("the files of the {} lay at {}, and those of asset {} lie there "
                                 "now; nothing was changed; restore the backup as another stack",
                                 Name(), place, other->second));
    for (const auto* side : {&*saved_, &*now_})
      for (const auto& id : side->assets())
        if (saved_->ids_of_others().contains(id) || now_->ids_of_others().contains(id))
          shared_.insert(id);
    now_->Adopt(*saved_);
    saved_->Adopt(*now_);
    saved_->Share(shared_);
    now_->Share(shared_);
    for (const auto& id : shared_)
      report_.findings.push_back(
          {"shared", id,
           "another database has an asset of this id too, so comments and subscriptions, which are "
           "kept by the id alone, are as they were"});
    report_.assets = saved_->assets().size();
    return VisitBelongings(op(), saved, *saved_, kLinks, [&](const Item& link) {
      if (!EndsExist(link)) left_out_.emplace(link.Text("assetLinkId"));
      return Ok();
    });
  }

  // Whether both ends of a link will be there.
  bool EndsExist(const Item& link) const {
    const auto [from, to] = Belongings::EndsOf(link);
    return End(from) && End(to);
  }
  bool End(const std::string& end) const {
    const auto colon = end.find(':');
    const auto database = end.substr(0, colon), asset = end.substr(colon + 1);
    const bool inside = database == part_.database && (part_.asset.empty() || asset == part_.asset);
    return (inside ? *saved_ : *now_).HasAsset(database, asset);
  }

  // A link without one of its ends, and what belongs to it.
  bool IsLeftOut(std::string_view table, const Item& item) const {
    if (table == kLinks || table == kLinkMetadata)
      return left_out_.contains(std::string(item.Text("assetLinkId")));
    constexpr std::string_view kLink = "link/";
    const std::string_view marks = item.Text("asset");
    return table == tables::kAssetMarksTable && marks.starts_with(kLink) &&
           left_out_.contains(std::string(marks.substr(kLink.size())));
  }

  // Visits what is to be there afterwards.
  Status VisitWanted(items::ItemSource& saved, std::string_view table,
                     const std::function<Status(Item item)>& visit) {
    return VisitBelongings(op(), saved, *saved_, table, [&](Item item) -> Status {
      return IsLeftOut(table, item) ? Ok() : visit(std::move(item));
    });
  }

  Status Apply(items::ItemSource& saved, items::ItemSource& now, items::ItemStore& store) {
    TRY_OK(Buckets(saved, store));
    for (const auto table : Belongings::Tables()) {
      auto spec = store.Table(op(), table);
      if (!spec.ok() && spec.error().code == Code::kNotFound) continue;
      if (!spec.ok()) return std::move(spec).error();
      TRY_OK(RemoveFrom(saved, now, *spec, store));
      TRY_OK(PutTable(saved, *spec, store));
      VAMS_POINT("backup.part.table");
    }
    for (const auto& link : left_out_)
      report_.findings.push_back({"link", link, "its other end is not there, so it was left out"});
    return part_.asset.empty() ? Ok() : CountAssets(store);
  }

  // Rows of the backup that the stack has not, or has otherwise.
  Status PutTable(items::ItemSource& saved, const items::TableSpec& spec, items::ItemStore& store) {
    std::vector<Item> rows;
    const auto flush = [&]() -> Status {
      std::vector<Item> keys;
      for (const auto& row : rows) keys.push_back(items::KeyOf(spec, row));
      TRY(const auto there, store.BatchGet(op(), spec.name, keys));
      std::vector<Write> writes;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (there[i] && *there[i] == rows[i]) {
          ++report_.same;
          continue;
        }
        ++(there[i] ? report_.changed : report_.added);
        writes.push_back(Write::Put(spec.name, std::move(rows[i])));
      }
      rows.clear();
      return Commit(store, writes);
    };
    TRY_OK(VisitWanted(saved, spec.name, [&](Item item) -> Status {
      rows.push_back(std::move(item));
      return rows.size() < kWrites ? Ok() : flush();
    }));
    return flush();
  }

  // Rows of the stack that belong to it, and that the backup has not.
  Status RemoveFrom(items::ItemSource& saved, items::ItemSource& now, const items::TableSpec& spec,
                    items::ItemStore& store) {
    std::vector<Item> keys;
    const auto flush = [&]() -> Status {
      TRY(const auto kept, saved.BatchGet(op(), spec.name, keys));
      std::vector<Write> writes;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const bool wanted =
            kept[i] && saved_->Has(spec.name, *kept[i]) && !IsLeftOut(spec.name, *kept[i]);
        if (!wanted) writes.push_back(Write::Delete(spec.name, std::move(keys[i])));
      }
      report_.removed += writes.size();
      keys.clear();
      return Commit(store, writes);
    };
    TRY_OK(VisitBelongings(op(), now, *now_, spec.name, [&](const Item& item) -> Status {
      keys.push_back(items::KeyOf(spec, item));
      return keys.size() < kWrites ? Ok() : flush();
    }));
    return flush();
  }

  Status Commit(items::ItemStore& store, const std::vector<Write>& writes) {
    if (writes.empty()) return Ok();
    setting_.progress("rows", report_.added + report_.changed + report_.removed);
    TRY([[maybe_unused]] const auto committed, store.Commit(op(), writes));
    return Ok();
  }

  // The places that assets name must have records; those that are there stay as they are.
  Status Buckets(items::ItemSource& saved, items::ItemStore& store) {
    std::vector<Write> writes;
    for (const auto& id : saved_->bucket_ids()) {
      items::QueryRequest request{.table = kBuckets, .index = {}, .partition = items::Value::S(id)};
      TRY(const auto there, store.Query(op(), request));
      if (!there.items.empty()) continue;
      TRY(auto rows, saved.Query(op(), request));
      for (auto& row : rows.items) {
        ++report_.added;
        writes.push_back(Write::Put(kBuckets, std::move(row)));
      }
    }
    return Commit(store, writes);
  }

  // How many active assets the database has, where its record counts them.
  Status CountAssets(items::ItemStore& store) {
    Item key;
    key.Set("databaseId", items::Value::S(part_.database));
    auto record = store.Get(op(), kDatabases, key);
    if (!record.ok() && record.error().code == Code::kNotFound) return Ok();
    if (!record.ok()) return std::move(record).error();
    const auto* count = record->Find("assetCount");
    if (count == nullptr || count->kind() != items::Kind::kN) return Ok();
    std::int64_t assets = 0;
    items::QueryRequest request{
        .table = kAssets, .index = {}, .partition = items::Value::S(part_.database)};
    do {
      TRY(const auto page, store.Query(op(), request));
      assets += static_cast<std::int64_t>(page.items.size());
      request.after = page.next;
    } while (!request.after.empty());
    return Commit(store, {Write::Update(kDatabases, std::move(key),
                                        {{.op = items::Mutation::Op::kSet,
                                          .attribute = "assetCount",
                                          .value = items::Value::N(assets)}})});
  }

  Status Contents(items::ItemSource& saved, const files::Path& folder) {
    TRY(const auto blobs, objects::OpenBlobs(folder, request_.encryption));
    ContentRestorer restorer(manifest_, reader_, index_, *blobs, request_.skip_damaged,
                             report_.findings, setting_);
    TRY_OK(VisitBelongings(op(), saved, *saved_, tables::kObjectVersionsTable,
                           [&](const Item& item) { return restorer.Bring(item); }));
    TRY_OK(restorer.Finish());
    report_.contents = restorer.contents();
    report_.bytes = restorer.bytes();
    return Ok();
  }

  // What belongs to it in the new generation is what the backup has: looked for from scratch.
  Status Prove(items::ItemSource& saved, items::ItemSource& store) {
    TRY(auto result, Belongings::Of(op(), store, part_));
    result.Adopt(*saved_);
    result.Share(shared_);
    migrate::DigestBuilder builder;
    for (const auto table : Belongings::Tables()) {
      migrate::Digest wanted, there;
      const auto add = [&](migrate::Digest& digest) {
        return [&](const Item& item) {
          builder.Add(digest, items::EncodeItem(item));
          return Ok();
        };
      };
      TRY_OK(VisitWanted(saved, table, add(wanted)));
      TRY_OK(VisitBelongings(op(), store, result, table, add(there)));
      if (wanted == there) continue;
      return Error(Code::kCorrupt,
                   fmt::format("{} rows of {} belong to the {} after restoring it, and {} in the "
                               "backup; the stack was not changed",
                               there.count, table, Name(), wanted.count));
    }
    report_.proved = true;
    return Ok();
  }

  Status Record(const Stack& stack) const {
    boost::json::object line{{"operation", "restore"},
                             {"result", report_.findings.empty() ? "done" : "incomplete"},
                             {"backup", report_.backup},
                             {"generation", stack.current.number},
                             {"database", part_.database}};
    if (!part_.asset.empty()) line["asset"] = part_.asset;
    line["rows"] = report_.added + report_.changed;
    line["contents"] = report_.contents;
    return AppendHistory(stack, std::move(line), setting_.clock);
  }

  Vault& vault_;
  const PartRequest& request_;
  const Setting& setting_;
  const Part part_;
  ChunkIndex index_;
  ChunkReader reader_;
  Manifest manifest_;
  Stack stack_;
  items::Position position_ = 0;
  std::optional<Belongings> saved_, now_;
  std::set<std::string> shared_;    // ids of assets that other databases use too
  std::set<std::string> left_out_;  // links
  PartReport report_;
};

}  // namespace

Result<PartReport> RestorePart(Vault& vault, const StackRegistry& registry,
                               const PartRequest& request, const Setting& setting) {
  if (request.database.empty())
    return Error(Code::kInvalid, "which database? nothing was done; name it");
  return PartRestorer(vault, request, setting).Run(registry);
}

}  // namespace vams::lifecycle::backup
