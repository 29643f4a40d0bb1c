#include "items/dynamodb/dynamodb_store.h"

#include <fmt/format.h>

#include "items/codec.h"
#include "items/dynamodb/change_log.h"
#include "items/dynamodb/engine.h"

namespace vams::items {

using dynamodb::Engine;

DynamoStore::DynamoStore(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
DynamoStore::~DynamoStore() = default;

Result<std::unique_ptr<DynamoStore>> OpenDynamoStore(DynamoOptions options) {
  TRY(auto engine, Engine::Create(std::move(options)));
  return std::make_unique<DynamoStore>(std::move(engine));
}

std::string DynamoStore::PhysicalName(std::string_view table) const {
  return engine_->Physical(table);
}

const Traits& DynamoStore::traits() const { return engine_->traits(); }

Result<std::vector<TableSpec>> DynamoStore::Tables(OpContext& op) {
  return dynamodb::ListTables(op, *engine_);
}

Result<TableSpec> DynamoStore::Table(OpContext& op, std::string_view table) {
  TRY(const auto info, engine_->Table(op, table));
  return info->spec;
}

Result<Item> DynamoStore::Get(OpContext& op, std::string_view table, const Item& key) {
  TRY(const auto info, engine_->Table(op, table));
  TRY_OK(CheckKey(info->spec, key));
  TRY(auto item, dynamodb::GetItem(op, *engine_, *info, key));
  if (!item)
    return Error(Code::kNotFound, fmt::format("there is no {}", DescribeKey(info->spec, key)));
  return *std::move(item);
}

Result<std::vector<std::optional<Item>>> DynamoStore::BatchGet(OpContext& op,
                                                               std::string_view table,
                                                               std::span<const Item> keys) {
  TRY(const auto info, engine_->Table(op, table));
  std::vector<dynamodb::ItemName> names;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (auto checked = CheckKey(info->spec, keys[i]); !checked.ok())
      return std::move(checked).error().At(static_cast<int>(i));
    names.push_back({info, keys[i]});
  }
  return dynamodb::GetItems(op, *engine_, names);
}

Result<Page> DynamoStore::Query(OpContext& op, const QueryRequest& request) {
  return dynamodb::Query(op, *engine_, request);
}

Result<std::vector<Segment>> DynamoStore::SplitScan(OpContext& op, std::string_view table,
                                                    std::size_t count) {
  return dynamodb::SplitScan(op, *engine_, table, count);
}

Result<Page> DynamoStore::Scan(OpContext& op, std::string_view table, const Segment& segment,
                               std::string_view after, std::size_t limit) {
  Page page;
  TRY(page.next, ScanEncoded(op, table, segment, after, limit, [&](std::string_view encoded) {
        auto item = DecodeItem(encoded);
        if (!item.ok()) return Status(std::move(item).error());
        page.items.push_back(*std::move(item));
        return Ok();
      }));
  return page;
}

Result<std::string> DynamoStore::ScanEncoded(OpContext& op, std::string_view table,
                                             const Segment& segment, std::string_view after,
                                             std::size_t limit, const EncodedVisitor& visit) {
  return dynamodb::ScanEncoded(op, *engine_, table, segment, after, limit, visit);
}

Result<std::uint64_t> DynamoStore::Count(OpContext& op, std::string_view table) {
  return dynamodb::Count(op, *engine_, table);
}

Result<Position> DynamoStore::LastChange(OpContext& op) {
  if (!engine_->HasLog()) return Position{0};
  TRY_OK(dynamodb::EnsureLog(op, *engine_));
  TRY(const auto state, dynamodb::ReadLogState(op, *engine_));
  return state.last;
}

Status DynamoStore::CreateTables(OpContext& op, std::span<const TableSpec> specs) {
  return dynamodb::CreateTables(op, *engine_, specs);
}

Status DynamoStore::DropTable(OpContext& op, std::string_view table) {
  return dynamodb::DropTable(op, *engine_, table);
}

Result<CommitResult> DynamoStore::Commit(OpContext& op, std::span<const Write> writes,
                                         const std::optional<Advance>& advance) {
  return dynamodb::Commit(op, *engine_, writes, advance);
}

Result<std::size_t> DynamoStore::Expire(OpContext& op, std::string_view table,
                                        std::int64_t now_seconds, std::size_t limit) {
  return dynamodb::Expire(op, *engine_, table, now_seconds, limit);
}

Result<std::unique_ptr<Snapshot>> DynamoStore::OpenSnapshot(OpContext&) {
  return Error(Code::kNotSupported,
               "DynamoDB has no snapshots of several tables; use a point-in-time export");
}

Result<std::unique_ptr<BulkLoader>> DynamoStore::OpenBulkLoad(OpContext& op, std::string_view table,
                                                              const BulkOptions& options) {
  return dynamodb::OpenBulkLoad(op, engine_, table, options);
}

Status DynamoStore::AbandonBulkLoad(OpContext& op, std::string_view table) {
  return dynamodb::AbandonBulkLoad(op, *engine_, table);
}

Status DynamoStore::BulkDelete(OpContext& op, std::string_view table, std::span<const Item> keys) {
  TRY(const auto info, engine_->Table(op, table));
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (auto checked = CheckKey(info->spec, keys[i]); !checked.ok())
      return std::move(checked).error().At(static_cast<int>(i));
  return dynamodb::DeleteItems(op, *engine_, info, keys);
}

Result<ChangePage> DynamoStore::ReadChanges(OpContext& op, Position after, std::size_t limit) {
  return dynamodb::ReadChanges(op, *engine_, after, limit);
}

Status DynamoStore::AddConsumer(OpContext& op, std::string_view name, Position start) {
  return dynamodb::AddConsumer(op, *engine_, name, start);
}

Status DynamoStore::AdvanceConsumer(OpContext& op, const Advance& advance) {
  return dynamodb::AdvanceConsumer(op, *engine_, advance);
}

Status DynamoStore::RemoveConsumer(OpContext& op, std::string_view name) {
  return dynamodb::RemoveConsumer(op, *engine_, name);
}

Result<std::vector<Consumer>> DynamoStore::Consumers(OpContext& op) {
  return dynamodb::ListConsumers(op, *engine_);
}

Result<TrimResult> DynamoStore::TrimChanges(OpContext& op, Position to) {
  return dynamodb::TrimChanges(op, *engine_, to);
}

Status DynamoStore::CheckIntegrity(OpContext& op) {
  TRY(const auto tables, Tables(op));
  for (const auto& spec : tables) {
    std::string after;
    do {
      const auto check = [&](std::string_view encoded) -> Status {
        TRY(const Item item, DecodeItem(encoded));
        const auto checked = CheckItem(spec, item, traits().max_item_bytes);
        if (checked.ok()) return Ok();
        return Error(Code::kCorrupt, fmt::format("table {} holds a bad item: {}", spec.name,
                                                 checked.error().message));
      };
      TRY(after, ScanEncoded(op, spec.name, {}, after, 1000, check));
    } while (!after.empty());
  }
  if (!engine_->HasLog()) return Ok();
  return dynamodb::CheckLog(op, *engine_);
}

}  // namespace vams::items
