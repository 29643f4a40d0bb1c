#include "migrate/remote/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <vector>

#include "migrate/steps.h"

namespace vams::migrate::remote {

namespace {

struct Statement {
  std::string sid;
  std::vector<std::string> actions, resources;
};

std::string Quoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts)
    out += fmt::format("{}        \"{}\"", out.empty() ? "\n" : ",\n", text);
  return out + "\n      ";
}

std::string Document(const std::vector<Statement>& statements) {
  std::string out = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [";
  for (const auto& statement : statements)
    out += fmt::format(
        "{}\n    {{\n      \"Sid\": \"{}\",\n      \"Effect\": \"Allow\",\n      \"Action\": "
        "[{}],\n      \"Resource\": [{}]\n    }}",
        &statement == &statements.front() ? "" : ",", statement.sid, Quoted(statement.actions),
        Quoted(statement.resources));
  return out + "\n  ]\n}\n";
}

}  // namespace

Result<std::string> PolicyFor(const UpstreamConfig& config, const PolicyOptions& options) {
  std::string region = options.region.empty() ? config.region : options.region;
  if (region.empty()) region = "*";
  const auto arn = [&](std::string_view service, std::string_view rest) {
    return fmt::format("arn:{}:{}:{}:{}:{}", options.partition, service, region, options.account,
                       rest);
  };
  const auto table_arn = [&](std::string_view physical) {
    return arn("dynamodb", fmt::format("table/{}", physical));
  };
  std::set<std::string, std::less<>> written;
  TRY(const auto path, PathBetween(config.from, config.to));
  for (const auto& leg : path)
    for (const Phase* phase : leg.step->Phases(options.dialect)) {
      for (const auto table : phase->info().writes_up) written.emplace(table);
      if (options.reverse)
        for (const auto table : phase->info().writes_down) written.emplace(table);
    }

  // Everything is read by scans of the tables themselves; no index is asked.
  std::vector<std::string> all, changed;
  for (const auto& table : config.tables) {
    all.push_back(table_arn(table.physical));
    if (written.contains(table.canonical)) changed.push_back(table_arn(table.physical));
  }
  std::vector<Statement> statements;
  if (!all.empty())
    statements.push_back(
        {"ReadTables",
         {"dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:BatchGetItem", "dynamodb:GetItem"},
         all});
  if (!changed.empty() && !config.dry_run)
    statements.push_back({"WriteTables",
                          {"dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
                           "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"},
                          changed});
  if (!changed.empty() && options.backup && !config.dry_run) {
    statements.push_back(
        {"BackUpTables", {"dynamodb:DescribeContinuousBackups", "dynamodb:CreateBackup"}, changed});
    std::vector<std::string> backups;
    for (const auto& table : changed) backups.push_back(table + "/backup/*");
    statements.push_back({"SeeBackups", {"dynamodb:DescribeBackup"}, std::move(backups)});
  }
  if (!options.lock_table.empty() && !all.empty()) {
    std::vector<std::string> actions = {"dynamodb:DescribeTable", "dynamodb:GetItem",
                                        "dynamodb:PutItem", "dynamodb:UpdateItem",
                                        "dynamodb:DeleteItem"};
    if (options.create_lock_table) actions.emplace_back("dynamodb:CreateTable");
    statements.push_back({"Lock", std::move(actions), {table_arn(options.lock_table)}});
    // Names are listed before a table is created; the service knows no narrower resource.
    if (options.create_lock_table)
      statements.push_back({"ListTables", {"dynamodb:ListTables"}, {"*"}});
  }
  // What a domain allows beside this is said by its own access policy.
  if (config.opensearch.url.find(".amazonaws.com") != std::string::npos) {
    std::vector<std::string> actions = {"es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"};
    if (!config.dry_run) actions.emplace_back("es:ESHttpPut");
    statements.push_back({"Search", std::move(actions), {arn("es", "domain/*")}});
  }
  if (!config.reindex_function.empty() && !config.dry_run)
    statements.push_back(
        {"Reindex",
         {"lambda:InvokeFunction"},
         {config.reindex_function.starts_with("arn:")
              ? config.reindex_function
              : arn("lambda", fmt::format("function:{}", config.reindex_function))}});
  if (statements.empty())
    return Error(
        Code::kInvalid,
        fmt::format("{} names neither a table nor a function, so there is nothing to allow",
                    config.file));
  return Document(statements);
}

}  // namespace vams::migrate::remote
