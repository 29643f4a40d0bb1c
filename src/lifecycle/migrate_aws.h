// Connects a migration of an AWS-shaped target to the world: DynamoDB (or a server that speaks its
// protocol), the reindex function, backups, object listings, the work folder.  What is done there
// is migrate/remote/run.h.  Spec: lifecycle.md section 4, "AWS-shaped targets".
//
// Not thread-safe.  Open blocks on the network when tables have to be found.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "items/dynamodb/dynamodb_store.h"
#include "lifecycle/import.h"
#include "migrate/remote/policy.h"
#include "migrate/remote/run.h"
#include "net/aws_client.h"
#include "net/http_client.h"
#include "search/opensearch/raw_indexes.h"

namespace vams::lifecycle {

// How an OpenSearch server is asked, whose indexes Overrides::opensearch_url and the options beside
// it name.
struct SearchAccess {
  enum class Auth : std::uint8_t {
    kGuess,  // basic with a user, signed for hosts of AWS, else none
    kNone,
    kBasic,
    kAws
  } auth = Auth::kGuess;
  std::string user, password;
  std::string ca_file;  // PEM; empty: the system's authorities
};

struct AwsOptions {
  files::Path config;
  migrate::remote::Overrides overrides;
  std::string profile, region;  // win over the configuration's
  std::string endpoint;         // --endpoint-url
  double max_write_units = 0, max_read_units = 0;
  files::Path work;  // empty: <home>/migrations/<name of the configuration file>
  std::vector<ImportRequest::Objects> listings;  // of the assets' buckets
  SearchAccess search;
  migrate::remote::RemoteOptions run;
};

class AwsMigration {
 public:
  // kInvalid with everything that is wrong with the configuration.
  static Result<std::unique_ptr<AwsMigration>> Open(OpContext& op, const files::Path& home,
                                                    const std::map<std::string, std::string>& env,
                                                    AwsOptions options, const Clock& clock);

  const migrate::remote::UpstreamConfig& config() const { return config_; }
  const files::Path& work() const { return work_; }
  // Lives as long as this.
  migrate::remote::RemoteJob Job(migrate::OnProgress progress);
  // The least that this run must be allowed.
  Result<std::string> Policy() const;

 private:
  AwsMigration(AwsOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}
  Status Connect(const std::map<std::string, std::string>& env);
  Status FindTables(OpContext& op);
  Status ConnectSearch();
  Status ListObjects(OpContext& op, items::ItemStore& store);
  items::DynamoOptions StoreOptions() const;
  std::string LockPrefix() const;

  AwsOptions options_;
  const Clock& clock_;
  migrate::remote::UpstreamConfig config_;
  files::Path work_;
  net::Environment environment_;
  net::HttpClient http_;
  std::unique_ptr<net::CredentialSource> credentials_;
  std::string region_, lambda_endpoint_;
  std::unique_ptr<net::AwsClient> lambda_;
  std::unique_ptr<search::RawIndexes> search_;
  std::unique_ptr<items::DynamoStore> store_, lock_store_;
};

}  // namespace vams::lifecycle
