// What operators of a DynamoDB store ask of AWS beside items: is there a way back, make a backup,
// export a table to S3 and wait for it.
//
// Thread-safe.  Every function blocks on the network.  kNotSupported: the server does not know the
// call (DynamoDB Local and others know few of these).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "items/dynamodb/dynamodb_store.h"

namespace vams::items::dynamodb {

// ---- Point-in-time recovery
struct RecoveryState {
  bool enabled = false;
  std::int64_t earliest_millis = 0;  // what can be restored, and exported; 0: nothing
  std::int64_t latest_millis = 0;
};
// kNotFound if there is no such table.
Result<RecoveryState> PointInTimeRecovery(OpContext& op, DynamoStore& store,
                                          std::string_view table);
Result<RecoveryState> SetPointInTimeRecovery(OpContext& op, DynamoStore& store,
                                             std::string_view table, bool enabled);

// ---- Backups
struct Backup {
  std::string arn;
  std::string name;
  std::string status;  // "CREATING", "AVAILABLE"
};
// Starts one; it is there at once and complete when its status says so.
Result<Backup> CreateBackup(OpContext& op, DynamoStore& store, std::string_view table,
                            std::string_view name);
Result<Backup> DescribeBackup(OpContext& op, DynamoStore& store, std::string_view arn);

// ---- Exports
struct ExportRequest {
  std::string table;
  std::string bucket;
  std::string prefix;                     // of the keys; empty: none
  std::optional<std::int64_t> at_millis;  // nothing: now
  std::string token;  // of one's own: starting again with it gives the same export
};
struct ExportState {
  std::string arn;
  std::string status;    // "IN_PROGRESS", "COMPLETED", "FAILED"
  std::string failure;   // why
  std::string manifest;  // key of manifest-summary.json
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;

  bool running() const { return status == "IN_PROGRESS"; }
};
// Needs point-in-time recovery: kNotFound, saying so, where it is off.
Result<ExportState> StartExport(OpContext& op, DynamoStore& store, const ExportRequest& request);
Result<ExportState> DescribeExport(OpContext& op, DynamoStore& store, std::string_view arn);
// Waits until it is no longer running.
Result<ExportState> FollowExport(OpContext& op, DynamoStore& store, std::string_view arn);

}  // namespace vams::items::dynamodb
