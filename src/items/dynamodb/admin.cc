#include "items/dynamodb/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "base/json.h"
#include "items/dynamodb/engine.h"

namespace vams::items::dynamodb {

namespace {

namespace json = boost::json;

// Calls and hands the object named `member` of the answer to `read`.
template <typename Read>
auto Ask(OpContext& op, DynamoStore& store, std::string_view action, const json::object& body,
         std::string_view member, const Read& read) -> Result<decltype(read(body))> {
  TRY(const auto answer, store.engine().client().Call(op, action, json::serialize(body)));
  try {
    const auto parsed = json::parse(answer);
    return read(parsed.as_object().at(member).as_object());
  } catch (const std::exception& e) {
    return Error(Code::kCorrupt,
                 fmt::format("the server's answer to {} cannot be read; check that it speaks the "
                             "DynamoDB protocol",
                             action),
                 e.what());
  }
}

// Seconds, with a fraction or without.
std::int64_t MillisOf(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_number()
             ? static_cast<std::int64_t>(value->to_number<double>() * 1000)
             : 0;
}

std::uint64_t CountOf(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_number()
             ? static_cast<std::uint64_t>(std::max(0.0, value->to_number<double>()))
             : 0;
}

RecoveryState ReadRecovery(const json::object& description) {
  const auto& settings = description.at("PointInTimeRecoveryDescription").as_object();
  RecoveryState state;
  state.enabled = TextOf(settings, "PointInTimeRecoveryStatus") == "ENABLED";
  state.earliest_millis = MillisOf(settings, "EarliestRestorableDateTime");
  state.latest_millis = MillisOf(settings, "LatestRestorableDateTime");
  return state;
}

Backup ReadBackup(const json::object& details) {
  return {TextOf(details, "BackupArn"), TextOf(details, "BackupName"),
          TextOf(details, "BackupStatus")};
}

ExportState ReadExport(const json::object& description) {
  ExportState state;
  state.arn = TextOf(description, "ExportArn");
  state.status = TextOf(description, "ExportStatus");
  state.failure = TextOf(description, "FailureMessage");
  if (state.failure.empty()) state.failure = TextOf(description, "FailureCode");
  state.manifest = TextOf(description, "ExportManifest");
  state.items = CountOf(description, "ItemCount");
  state.bytes = CountOf(description, "BilledSizeBytes");
  return state;
}

}  // namespace

Result<RecoveryState> PointInTimeRecovery(OpContext& op, DynamoStore& store,
                                          std::string_view table) {
  return Ask(op, store, "DescribeContinuousBackups", {{"TableName", store.PhysicalName(table)}},
             "ContinuousBackupsDescription", ReadRecovery);
}

Result<RecoveryState> SetPointInTimeRecovery(OpContext& op, DynamoStore& store,
                                             std::string_view table, bool enabled) {
  return Ask(
      op, store, "UpdateContinuousBackups",
      {{"TableName", store.PhysicalName(table)},
       {"PointInTimeRecoverySpecification", json::object{{"PointInTimeRecoveryEnabled", enabled}}}},
      "ContinuousBackupsDescription", ReadRecovery);
}

Result<Backup> CreateBackup(OpContext& op, DynamoStore& store, std::string_view table,
                            std::string_view name) {
  return Ask(op, store, "CreateBackup",
             {{"TableName", store.PhysicalName(table)}, {"BackupName", name}}, "BackupDetails",
             ReadBackup);
}

Result<Backup> DescribeBackup(OpContext& op, DynamoStore& store, std::string_view arn) {
  return Ask(op, store, "DescribeBackup", {{"BackupArn", arn}}, "BackupDescription",
             [](const json::object& description) {
               return ReadBackup(description.at("BackupDetails").as_object());
             });
}

Result<ExportState> StartExport(OpContext& op, DynamoStore& store, const ExportRequest& request) {
  TRY(const auto table, store.engine().Describe(op, request.table));
  json::object body{
      {"TableArn", table.arn}, {"S3Bucket", request.bucket}, {"ExportFormat", "DYNAMODB_JSON"}};
  if (!request.prefix.empty()) body["S3Prefix"] = request.prefix;
  if (request.at_millis) body["ExportTime"] = static_cast<double>(*request.at_millis) / 1000;
  if (!request.token.empty()) body["ClientToken"] = request.token;
  auto started = Ask(op, store, "ExportTableToPointInTime", body, "ExportDescription", ReadExport);
  if (!started.ok() && started.error().code == Code::kNotFound)
    return std::move(started).error().With(fmt::format(
        "table {} cannot be exported unless its point-in-time recovery is on", request.table));
  return started;
}

Result<ExportState> DescribeExport(OpContext& op, DynamoStore& store, std::string_view arn) {
  return Ask(op, store, "DescribeExport", {{"ExportArn", arn}}, "ExportDescription", ReadExport);
}

Result<ExportState> FollowExport(OpContext& op, DynamoStore& store, std::string_view arn) {
  // Exports take minutes to hours.
  auto& timer = store.engine().client().timer();
  for (std::chrono::milliseconds pause(2'000);;
       pause = std::min(pause * 2, std::chrono::milliseconds(30'000))) {
    TRY(auto state, DescribeExport(op, store, arn));
    if (!state.running()) return state;
    TRY_OK(timer.Sleep(op, pause));
  }
}

}  // namespace vams::items::dynamodb
