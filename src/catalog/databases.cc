#include "catalog/databases.h"
#include "base/contention.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <utility>

#include "catalog/records.h"

namespace vams::catalog {

using access::Action;
using access::Object;
using items::Condition;
using items::Item;
using items::Kind;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

std::string ArchivedId(std::string_view id) {
  return std::string(id).append(model::kDeletedSuffix);
}

Object ObjectOf(std::string_view stored_id) {
  return Object(access::ObjectType::kDatabase)
      .Set(access::Field::kDatabaseId, model::PlainId(stored_id));
}

// A number, or its text: records of every release are there.
std::int64_t CountOf(const Value* value) {
  std::int64_t count = 0;
  if (value == nullptr || (!value->is(Kind::kN) && !value->is(Kind::kS))) return count;
  const std::string& text = value->text();
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

// All but the bucket, which has a record of its own.
Database DatabaseOf(const Item& item) {
  const Value* restricted = item.Find("restrictMetadataOutsideSchemas");
  return {
      .id = std::string(item.Text("databaseId")),
      .description = std::string(item.Text("description")),
      .created_on = TextIfAny(item, "dateCreated"),
      .assets = CountOf(item.Find("assetCount")),
      .bucket_id = TextIfAny(item, "defaultBucketId"),
      .bucket = std::nullopt,
      .restrict_metadata =
          restricted != nullptr && restricted->is(Kind::kBool) && restricted->boolean(),
      .extensions = std::string(item.Text("restrictFileUploadsToExtensions")),
  };
}

Error DatabaseAbsent() { return {Code::kNotFound, "Database not found"}; }

}  // namespace

Result<std::optional<Item>> Databases::Find(OpContext& op, std::string_view stored_id) {
  const Item keys[] = {DatabaseKey(stored_id)};
  TRY(auto found, store_.BatchGet(op, kDatabasesTable, keys));
  return std::move(found.front());
}

Status Databases::CheckBucket(OpContext& op, std::string_view id) {
  TRY(const auto bucket, FindBucket(op, store_, id));
  if (!bucket) return Error(Code::kNotFound, "Bucket ID not found");
  return Ok();
}

Status Databases::Create(OpContext& op, Caller& caller, const model::NewDatabase& database) {
  TRY_OK(caller.Require(ObjectOf(database.id), Action::kPost));
  TRY_OK(CheckBucket(op, database.bucket));
  Item item = DatabaseKey(database.id);
  item.Set("description", Value::S(database.description));
  item.Set("defaultBucketId", Value::S(database.bucket));
  item.Set("restrictMetadataOutsideSchemas", Value::Bool(database.restrict_metadata));
  item.Set("restrictFileUploadsToExtensions", Value::S(database.extensions));
  item.Set("assetCount", Value::N(std::int64_t{0}));
  item.Set("dateCreated", Value::S(LongDate(clock_.NowMillis())));
  const Write writes[] = {Write::Put(kDatabasesTable, std::move(item), {Condition::Absent()})};
  const auto done = store_.Commit(op, writes);
  if (done.ok()) return Ok();
  if (done.error().code == Code::kConflict)
    return Error(Code::kConflict, "Database already exists", done.error().message);
  return done.error();
}

Result<DatabasePage> Databases::List(OpContext& op, Caller& caller, bool archived,
                                     std::string_view after, std::size_t limit) {
  auto read = store_.Scan(op, kDatabasesTable, {}, after, limit);
  if (!read.ok() && read.error().code == Code::kInvalid)
    return Error(Code::kInvalid, "Error getting databases.", read.error().message);
  TRY(items::Page page, std::move(read));
  DatabasePage databases{.databases = {}, .next = std::move(page.next)};
  // Many databases, few buckets.
  std::map<std::string, std::optional<Bucket>> buckets;
  for (const Item& item : page.items) {
    Database database = DatabaseOf(item);
    if (database.id.ends_with(model::kDeletedSuffix) != archived) continue;
    if (!caller.MaySee(ObjectOf(database.id))) continue;
    if (database.bucket_id) {
      auto known = buckets.find(*database.bucket_id);
      if (known == buckets.end()) {
        TRY(auto bucket, FindBucket(op, store_, *database.bucket_id));
        known = buckets.emplace(*database.bucket_id, std::move(bucket)).first;
      }
      database.bucket = known->second;
    }
    databases.databases.push_back(std::move(database));
  }
  return databases;
}

Result<Database> Databases::Get(OpContext& op, Caller& caller, std::string_view id, bool archived) {
  TRY(const auto item, Find(op, archived ? ArchivedId(id) : std::string(id)));
  if (!item) return DatabaseAbsent();
  if (!caller.Require(ObjectOf(id), Action::kGet).ok())
    return Error(Code::kDenied, DatabaseAbsent().message);
  Database database = DatabaseOf(*item);
  if (database.bucket_id) {
    TRY(database.bucket, FindBucket(op, store_, *database.bucket_id));
  }
  return database;
}

Status Databases::Update(OpContext& op, Caller& caller, std::string_view id,
                         const model::DatabaseChange& change) {
  TRY(const auto item, Find(op, id));
  if (!item) return DatabaseAbsent();
  TRY_OK(caller.Require(ObjectOf(id), Action::kPut));
  std::vector<Mutation> mutations;
  const auto set = [&](std::string_view name, Value value) {
    mutations.push_back({Mutation::Op::kSet, std::string(name), std::move(value)});
  };
  if (change.description) set("description", Value::S(*change.description));
  if (change.bucket) {
    TRY_OK(CheckBucket(op, *change.bucket));
    set("defaultBucketId", Value::S(*change.bucket));
  }
  if (change.restrict_metadata)
    set("restrictMetadataOutsideSchemas", Value::Bool(*change.restrict_metadata));
  if (change.extensions) set("restrictFileUploadsToExtensions", Value::S(*change.extensions));
  const Write writes[] = {
      Write::Update(kDatabasesTable, DatabaseKey(id), std::move(mutations), {Condition::Exists()})};
  const auto done = store_.Commit(op, writes);
  if (done.ok()) return Ok();
  if (done.error().code == Code::kConflict) return DatabaseAbsent();
  return done.error();
}

Status Databases::CheckIsEmpty(OpContext& op, std::string_view id) {
  static constexpr std::pair<std::string_view, std::string_view> kContents[] = {
      {"WorkflowStorageTable", "workflows"},
      {"PipelineStorageTable", "pipelines"},
      {"AssetStorageTable", "assets"}};
  for (const auto& [table, what] : kContents) {
    items::QueryRequest request;
    request.table = table;
    request.partition = Value::S(std::string(id));
    request.limit = 1;
    TRY(const items::Page page, store_.Query(op, request));
    if (!page.items.empty())
      return Error(Code::kConflict, fmt::format("Database contains active {}", what));
  }
  return Ok();
}

Result<bool> Databases::TryArchive(OpContext& op, Caller& caller, std::string_view id) {
  // Read before anything is looked for, so that what is added meanwhile is noticed.
  TRY(const auto item, Find(op, id));
  TRY_OK(CheckIsEmpty(op, id));
  if (!item) return Error(Code::kNotFound, "Record not found");
  if (!caller.Require(ObjectOf(id), Action::kDelete).ok())
    return Error(Code::kDenied, "Action not allowed");
  std::vector<Condition> unchanged{Condition::Exists()};
  for (const auto& [name, value] : *item)
    if (name != "databaseId") unchanged.push_back(Condition::Equals(name, value));
  Item archived = *item;
  archived.Set("databaseId", Value::S(ArchivedId(id)));
  const Write writes[] = {Write::Put(kDatabasesTable, std::move(archived)),
                          Write::Delete(kDatabasesTable, DatabaseKey(id), std::move(unchanged))};
  const auto done = store_.Commit(op, writes);
  if (done.ok()) return true;
  if (done.error().code == Code::kConflict) return false;
  return done.error();
}

Status Databases::Archive(OpContext& op, Caller& caller, std::string_view id) {
  for (Contention contention; contention.Next();) {
    TRY(const bool done, TryArchive(op, caller, id));
    if (done) return Ok();
  }
  return Error(Code::kUnavailable,
               "the database is being changed by others all the time, so it was not deleted; try "
               "again");
}

Result<BucketPage> Databases::Buckets(OpContext& op, std::string_view after, std::size_t limit) {
  auto page = ListBuckets(op, store_, after, limit);
  if (!page.ok() && page.error().code == Code::kInvalid)
    return Error(Code::kInvalid, "Error getting buckets.", page.error().message);
  return page;
}

}  // namespace vams::catalog
