// Databases, and the buckets that their assets are stored in.  Spec: api-assets.md section 3.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "base/json.h"
#include "model/database.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kDatabaseList = "database";
constexpr std::string_view kBucketList = "buckets";

json::object DatabaseJson(const catalog::Database& database) {
  json::object item{{"databaseId", database.id},
                    {"description", database.description},
                    {"dateCreated", TextOrNull(database.created_on)},
                    {"assetCount", database.assets},
                    {"defaultBucketId", TextOrNull(database.bucket_id)},
                    {"bucketName", nullptr},
                    {"baseAssetsPrefix", nullptr},
                    {"restrictMetadataOutsideSchemas", database.restrict_metadata},
                    {"restrictFileUploadsToExtensions", database.extensions}};
  if (database.bucket) {
    item["bucketName"] = database.bucket->name;
    item["baseAssetsPrefix"] = database.bucket->prefix;
  }
  return item;
}

bool AsksForArchived(const Call& call) {
  const auto flag = call.request.FindQuery("showDeleted");
  return flag && http::EqualsIgnoreCase(*flag, "true");
}

// The path's database id.
Parsed<std::string> ReadId(const Call& call) {
  const std::string& id = call.request.Parameter("databaseId");
  if (auto fine = Check(model::CheckId("databaseId", id)); !fine)
    return std::unexpected(std::move(fine).error());
  return id;
}

Parsed<model::NewDatabase> ReadNewDatabase(const Call& call) {
  return ReadBody(call, "CreateDatabaseRequestModel", model::ReadNewDatabase,
                  {"databaseId", "description", "defaultBucketId"});
}

Parsed<model::DatabaseChange> ReadDatabaseChange(const Call& call) {
  return ReadBody(call, "UpdateDatabaseRequestModel", model::ReadDatabaseChange);
}

Result<http::Response> CreateDatabase(Call& call) {
  PARSE(const auto database, ReadNewDatabase(call));
  PARSE_OK(call.FirstTier());
  TRY_OK(call.s.databases.Create(call.op, call.caller(), database));
  call.Audit(audit::Channel::kActions, "databaseCreate",
             {{"databaseId", database.id},
              {"operation", "create"},
              {"description", database.description},
              {"defaultBucketId", database.bucket},
              {"restrictMetadataOutsideSchemas", database.restrict_metadata},
              {"restrictFileUploadsToExtensions", database.extensions}});
  return Answer(
      json::object{{"databaseId", database.id}, {"message", "Database created successfully"}});
}

Result<http::Response> ListDatabases(Call& call) {
  const auto asked = AskedPage(call.request, kDatabaseList);
  if (!asked) return RefuseGeneral("Error getting databases.");
  TRY(const auto page, call.s.databases.List(call.op, call.caller(), AsksForArchived(call),
                                             asked->after, asked->size));
  json::array items;
  for (const catalog::Database& database : page.databases) items.push_back(DatabaseJson(database));
  return Answer(json::object{{"Items", std::move(items)},
                             {"NextToken", NextToken(kDatabaseList, page.next)}});
}

Result<http::Response> GetDatabase(Call& call) {
  PARSE(const auto id, ReadId(call));
  const auto database = call.s.databases.Get(call.op, call.caller(), id, AsksForArchived(call));
  if (database.ok()) return Answer(DatabaseJson(*database));
  const Error& error = database.error();
  if (error.code != Code::kNotFound && error.code != Code::kDenied) return error;
  // The wire does not tell the one from the other, the audit log does.
  call.Because(std::string(CodeName(error.code)));
  return Refuse(404, error.message);
}

Result<http::Response> UpdateDatabase(Call& call) {
  PARSE(const auto id, ReadId(call));
  PARSE(const auto change, ReadDatabaseChange(call));
  TRY_OK(call.s.databases.Update(call.op, call.caller(), id, change));
  json::object changed{{"databaseId", id}, {"operation", "update"}};
  if (change.description) changed["description"] = *change.description;
  if (change.bucket) changed["defaultBucketId"] = *change.bucket;
  if (change.restrict_metadata)
    changed["restrictMetadataOutsideSchemas"] = *change.restrict_metadata;
  if (change.extensions) changed["restrictFileUploadsToExtensions"] = *change.extensions;
  call.Audit(audit::Channel::kActions, "databaseUpdate", std::move(changed));
  return Answer(json::object{{"success", true},
                             {"message", fmt::format("Database {} updated successfully", id)},
                             {"databaseId", id},
                             {"operation", "update"},
                             {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

Result<http::Response> DeleteDatabase(Call& call) {
  PARSE(const auto id, ReadId(call));
  if (const auto done = call.s.databases.Archive(call.op, call.caller(), id); !done.ok()) {
    const Error& error = done.error();
    if (error.code != Code::kConflict && error.code != Code::kNotFound) return error;
    call.Because(std::string(CodeName(error.code)));
    return Refuse(error.code == Code::kNotFound ? 404 : 400, error.message);
  }
  call.Audit(audit::Channel::kActions, "databaseDelete",
             {{"databaseId", id}, {"operation", "delete"}});
  return Answer(json::object{{"message", "Database deleted"}});
}

Result<http::Response> ListBuckets(Call& call) {
  const auto asked = AskedPage(call.request, kBucketList);
  if (!asked) return RefuseGeneral("Error getting buckets.");
  TRY(const auto page, call.s.databases.Buckets(call.op, asked->after, asked->size));
  json::array items;
  for (const catalog::Bucket& bucket : page.buckets)
    items.push_back(json::object{
        {"bucketId", bucket.id}, {"bucketName", bucket.name}, {"baseAssetsPrefix", bucket.prefix}});
  return Answer(
      json::object{{"Items", std::move(items)}, {"NextToken", NextToken(kBucketList, page.next)}});
}

}  // namespace

void AddDatabaseRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup databases(gate, {.tag = "databases"});
  RouteGroup body_first(gate, {.tag = "databases", .late_first_tier = true});
  body_first.Add(Verb::kPost, "/database", "createDatabase", "Create a database", CreateDatabase);
  databases.Add(Verb::kGet, "/database", "listDatabases", "The databases that the caller may see",
                ListDatabases);
  databases.Add(Verb::kGet, "/database/{databaseId}", "getDatabase", "A database", GetDatabase);
  databases.Add(Verb::kPut, "/database/{databaseId}", "updateDatabase", "Change a database",
                UpdateDatabase);
  databases.Add(Verb::kDelete, "/database/{databaseId}", "deleteDatabase",
                "Archive an empty database", DeleteDatabase);
  databases.Add(Verb::kGet, "/buckets", "listBuckets", "The buckets that assets are stored in",
                ListBuckets);
}

}  // namespace vams::api
