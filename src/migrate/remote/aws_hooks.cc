#include "migrate/remote/aws_hooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "items/dynamodb/admin.h"
#include "net/retry.h"

namespace vams::migrate::remote {

namespace {

constexpr auto kLongestBackup = std::chrono::hours(2);
constexpr std::size_t kMaxBackupName = 255;

// A backup's name has letters, digits, dots, dashes and underscores.
std::string BackupName(const std::string& label, std::string_view table) {
  std::string name = fmt::format("vams-{}-{}", label, table);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (!plain) c = '-';
  }
  name.resize(std::min(name.size(), kMaxBackupName));
  return name;
}

Result<std::string> BackUp(OpContext& op, items::DynamoStore& store, std::string_view table,
                           const std::string& label) {
  using items::dynamodb::DescribeBackup;
  TRY(auto backup, items::dynamodb::CreateBackup(op, store, table, BackupName(label, table)));
  auto& timer = net::SystemTimer();
  const auto start = timer.Now();
  for (std::chrono::milliseconds pause(500); backup.status != "AVAILABLE";
       pause = std::min(pause * 2, std::chrono::milliseconds(10'000))) {
    if (timer.Now() - start > kLongestBackup)
      return Error(Code::kUnavailable,
                   fmt::format("backup {} is still {} after two hours; look at it in the AWS "
                               "console and run the command again",
                               backup.name, backup.status));
    TRY_OK(timer.Sleep(op, pause));
    TRY(backup, DescribeBackup(op, store, backup.arn));
  }
  return fmt::format("backup {}", backup.arn);
}

}  // namespace

std::function<Result<std::string>(OpContext& op, std::string_view table)> ProtectByBackup(
    items::DynamoStore& store, std::string label) {
  return [&store, label = std::move(label)](OpContext& op,
                                            std::string_view table) -> Result<std::string> {
    auto recovery = items::dynamodb::PointInTimeRecovery(op, store, table);
    if (!recovery.ok() && recovery.error().code != Code::kNotSupported)
      return std::move(recovery).error();
    if (recovery.ok() && recovery->enabled)
      return fmt::format("point-in-time recovery is on, back to {}",
                         IsoMillis(recovery->earliest_millis));
    return BackUp(op, store, table, label);
  };
}

Invoke InvokeLambda(net::AwsClient& client, std::string endpoint) {
  return [&client, endpoint = std::move(endpoint)](OpContext& op, std::string_view function,
                                                   std::string payload) {
    return net::InvokeFunction(op, client, endpoint, function, std::move(payload));
  };
}

}  // namespace vams::migrate::remote
