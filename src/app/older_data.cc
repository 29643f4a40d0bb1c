#include "app/older_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "access/defaults.h"
#include "app/prepare.h"
#include "app/release.h"
#include "items/memory/memory_store.h"
#include "tables/system_tables.h"

namespace vams::app {

using items::Item;
using items::ItemStore;
using items::Write;

namespace {

constexpr std::string_view kUserRoles = "UserRolesStorageTable";
constexpr std::size_t kRolesAtOnce = 1000;

Error NotNow() {
  return {Code::kUnavailable, "the data has to be updated before it can be changed"};
}

// System tables of `real`, all others of `empty`.
class OlderData final : public ItemStore {
 public:
  OlderData(ItemStore& real, std::unique_ptr<ItemStore> empty)
      : real_(real), empty_(std::move(empty)) {}

  const items::Traits& traits() const override { return real_.traits(); }
  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override {
    return empty_->Tables(op);
  }
  Result<items::TableSpec> Table(OpContext& op, std::string_view table) override {
    return Of(table).Table(op, table);
  }
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) override {
    return Of(table).Get(op, table, key);
  }
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) override {
    return Of(table).BatchGet(op, table, keys);
  }
  Result<items::Page> Query(OpContext& op, const items::QueryRequest& request) override {
    return Of(request.table).Query(op, request);
  }
  Result<std::vector<items::Segment>> SplitScan(OpContext& op, std::string_view table,
                                                std::size_t count) override {
    return Of(table).SplitScan(op, table, count);
  }
  Result<items::Page> Scan(OpContext& op, std::string_view table, const items::Segment& segment,
                           std::string_view after, std::size_t limit) override {
    return Of(table).Scan(op, table, segment, after, limit);
  }
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table,
                                  const items::Segment& segment, std::string_view after,
                                  std::size_t limit, const EncodedVisitor& visit) override {
    return Of(table).ScanEncoded(op, table, segment, after, limit, visit);
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override {
    return Of(table).Count(op, table);
  }
  Result<items::Position> LastChange(OpContext& op) override { return real_.LastChange(op); }
  // Of what stands in place of the data: roles and constraints are read from such a view.
  Result<std::unique_ptr<items::Snapshot>> OpenSnapshot(OpContext& op) override {
    return empty_->OpenSnapshot(op);
  }
  Result<items::ChangePage> ReadChanges(OpContext&, items::Position, std::size_t) override {
    return NotNow();
  }
  Result<std::vector<items::Consumer>> Consumers(OpContext& op) override {
    return real_.Consumers(op);
  }
  Status CheckIntegrity(OpContext& op) override { return real_.CheckIntegrity(op); }

  Status CreateTables(OpContext& op, std::span<const items::TableSpec> specs) override {
    for (const items::TableSpec& spec : specs) TRY_OK(Of(spec.name).CreateTables(op, {&spec, 1}));
    return Ok();
  }
  Status DropTable(OpContext&, std::string_view) override { return NotNow(); }
  Result<items::CommitResult> Commit(OpContext& op, std::span<const Write> writes,
                                     const std::optional<items::Advance>& advance) override {
    if (writes.empty() || advance) return NotNow();
    ItemStore& store = Of(writes.front().table);
    for (const Write& write : writes)
      if (&Of(write.table) != &store) return NotNow();
    return store.Commit(op, writes);
  }
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now_seconds,
                             std::size_t limit) override {
    return Of(table).Expire(op, table, now_seconds, limit);
  }
  Result<std::unique_ptr<items::BulkLoader>> OpenBulkLoad(OpContext&, std::string_view,
                                                          const items::BulkOptions&) override {
    return NotNow();
  }
  Status AbandonBulkLoad(OpContext&, std::string_view) override { return NotNow(); }
  Status AddConsumer(OpContext&, std::string_view, items::Position) override { return NotNow(); }
  Status AdvanceConsumer(OpContext&, const items::Advance&) override { return NotNow(); }
  Status RemoveConsumer(OpContext&, std::string_view) override { return NotNow(); }
  Result<items::TrimResult> TrimChanges(OpContext&, items::Position) override { return NotNow(); }

 private:
  ItemStore& Of(std::string_view table) { return items::IsSystemTable(table) ? real_ : *empty_; }

  ItemStore& real_;
  const std::unique_ptr<ItemStore> empty_;
};

// The table has had the same keys in every data version.
Status CopyAdministrators(OpContext& op, ItemStore& from, ItemStore& to) {
  TRY(const auto tables, from.Tables(op));
  if (std::ranges::find(tables, kUserRoles, &items::TableSpec::name) == tables.end()) return Ok();
  std::string after;
  do {
    TRY(const auto page, from.Scan(op, kUserRoles, {}, after, kRolesAtOnce));
    std::vector<Write> writes;
    for (const Item& item : page.items)
      if (item.Text("roleName") == access::kAdminRole)
        writes.push_back(Write::Put(std::string(kUserRoles), item));
    if (!writes.empty()) TRY_OK(to.Commit(op, writes));
    after = page.next;
  } while (!after.empty());
  return Ok();
}

}  // namespace

Result<std::unique_ptr<ItemStore>> OpenOlderData(OpContext& op, ItemStore& store,
                                                 const lifecycle::Stack& stack,
                                                 const config::Config& config, const Clock& clock,
                                                 Random& random) {
  TRY_OK(store.CreateTables(op, tables::SystemTables()));
  auto empty = items::MemoryStore::Create(clock);
  const auto specs = lifecycle::TablesOfGeneration(ServedDataVersion());
  TRY_OK(empty->CreateTables(op, specs));
  TRY_OK(PrepareStore(op, *empty, stack.name, config, clock, random));
  TRY_OK(CopyAdministrators(op, store, *empty));
  return std::unique_ptr<ItemStore>(std::make_unique<OlderData>(store, std::move(empty)));
}

std::string OlderDataText(const lifecycle::Stack& stack) {
  return fmt::format(
      "The data of this stack has version {} and this release serves {}, so nothing but sign-in "
      "works until it is updated: run \"vams update --stack {}\", or sign in as an administrator "
      "and open the page Updates",
      stack.current.data_version.ToString(), ServedDataVersion().ToString(), stack.name);
}

}  // namespace vams::app
