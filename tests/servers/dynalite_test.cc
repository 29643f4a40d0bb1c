// The DynamoDB engine against dynalite, which has no transactions, time to live or streams: what is
// left of the suite when a commit is one write and nothing is logged.
#include "items/conformance.h"
#include "items/dynamodb/dynamodb_store.h"
#include "testing/dynamodb_server.h"

namespace vams::items::conformance {
namespace {

using testing::DynamoDbServer;

Result<std::unique_ptr<ItemStore>> OpenDynalite(const files::Path& folder, const Clock& clock) {
  static const auto anybody = net::FixedCredentials({"AKIDEXAMPLE", "secret", "", 0});
  DynamoOptions options;
  options.region = "eu-west-1";
  options.endpoint = DynamoDbServer::Shared(DynamoDbServer::Kind::kDynalite).endpoint();
  options.environment = [](std::string_view) { return std::nullopt; };
  options.prefix = folder.filename().string() + ".";
  options.transactions = false;
  options.time_to_live = false;
  options.clock = &clock;
  options.credentials = anybody.get();
  TRY(auto store, OpenDynamoStore(std::move(options)));
  return std::unique_ptr<ItemStore>(std::move(store));
}

std::map<std::string, std::string> Faults() {
  return {{"ItemsNestAsDeepAsAllowedAndNoDeeper", "dynalite lets items nest without limit"},
          {"EveryConditionDecidesEveryKindOfWrite", "dynalite compares sets in order"},
          {"UpdateRefusesWhatCannotBeDone", "dynalite checks less than DynamoDB does"},
          {"SortConditionsCompareStringsByBytes", "dynalite compares bounds as UTF-16"}};
}

INSTANTIATE_TEST_SUITE_P(Dynalite, ItemStoreConformance,
                         ::testing::Values(Engine{.name = "dynalite",
                                                  .open = OpenDynalite,
                                                  .reopen = OpenDynalite,
                                                  .time_to_live = false,
                                                  .faults = Faults()}),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace vams::items::conformance
