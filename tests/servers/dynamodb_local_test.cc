// The DynamoDB engine against DynamoDB Local: the whole conformance suite.
#include "items/conformance.h"
#include "items/dynamodb/dynamodb_store.h"
#include "items/dynamodb/streams.h"
#include "testing/dynamodb_server.h"

namespace vams::items::conformance {
namespace {

using testing::DynamoDbServer;

net::CredentialSource& Anybody() {
  static const auto source = net::FixedCredentials({"AKIDEXAMPLE", "secret", "", 0});
  return *source;
}

// Tables of one store carry the name of its folder, so that all tests share one server.
DynamoOptions LocalOptions(std::string prefix) {
  DynamoOptions options;
  options.region = "eu-west-1";
  options.endpoint = DynamoDbServer::Shared(DynamoDbServer::Kind::kDynamoDbLocal).endpoint();
  options.environment = [](std::string_view) { return std::nullopt; };
  options.prefix = std::move(prefix);
  options.credentials = &Anybody();
  return options;
}

Engine::Opener Opener(bool change_log) {
  return [change_log](const files::Path& folder,
                      const Clock& clock) -> Result<std::unique_ptr<ItemStore>> {
    auto options = LocalOptions(folder.filename().string() + ".");
    options.change_log = change_log;
    options.clock = &clock;
    TRY(auto store, OpenDynamoStore(std::move(options)));
    return std::unique_ptr<ItemStore>(std::move(store));
  };
}

INSTANTIATE_TEST_SUITE_P(
    DynamoDbLocal, ItemStoreConformance,
    ::testing::Values(Engine{.name = "logged", .open = Opener(true), .reopen = Opener(true)},
                      Engine{.name = "unlogged", .open = Opener(false), .reopen = Opener(false)}),
    ::testing::PrintToStringParamName());

TEST(DynamoDbLocalStreams, TellWhatOthersWrote) {
  OpContext op;
  auto store = Must(OpenDynamoStore(LocalOptions("streams.")));
  Must(store->CreateTables(op, std::vector{FlatTable()}));
  const std::string arn = Must(dynamodb::EnableStream(op, *store, "flat"));
  const Item key{{"id", S("a")}};
  const Item one{{"id", S("a")}, {"v", N(1)}};
  const Item two{{"id", S("a")}, {"v", N(2)}};
  for (const auto& write :
       {Write::Put("flat", one), Write::Put("flat", two), Write::Delete("flat", key)})
    Must(store->Commit(op, std::vector{write}));

  auto reader = Must(dynamodb::StreamReader::Open(*store, arn, ""));
  std::vector<dynamodb::StreamChange> changes;
  for (int tries = 0; tries < 100 && changes.size() < 3; ++tries)
    for (auto& change : Must(reader.Read(op))) changes.push_back(std::move(change));

  ASSERT_EQ(changes.size(), 3u);
  const std::vector<std::optional<Item>> images{std::nullopt, one, two, std::nullopt};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(changes[i].key, key);
    EXPECT_EQ(changes[i].before, images[i]);
    EXPECT_EQ(changes[i].after, images[i + 1]);
  }
  Must(store->Commit(op, std::vector{Write::Put("flat", one)}));
  auto later = Must(dynamodb::StreamReader::Open(*store, arn, reader.position()));
  changes.clear();
  for (int tries = 0; tries < 100 && changes.empty(); ++tries) changes = Must(later.Read(op));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, dynamodb::StreamChange::Op::kInsert);
}

TEST(DynamoDbLocalBulk, WritesAndDeletesManyUnderABudget) {
  OpContext op;
  auto options = LocalOptions("bulk.");
  options.max_write_units = 100'000;
  options.max_read_units = 100'000;
  auto store = Must(OpenDynamoStore(std::move(options)));
  Must(store->CreateTables(op, std::vector{FlatTable()}));
  std::vector<Item> keys;
  {
    auto loader = Must(store->OpenBulkLoad(op, "flat", {}));
    for (int i = 0; i < 2'000; ++i) {
      keys.push_back(Item{{"id", S(std::to_string(i))}});
      Must(loader->Add(op, keys.back()));
    }
    EXPECT_EQ(Must(loader->Finish(op)), 2'000u);
  }
  EXPECT_EQ(Must(store->Count(op, "flat")), 2'000u);

  keys.pop_back();
  Must(store->BulkDelete(op, "flat", keys));

  EXPECT_EQ(ScanAll(*store, "flat"), (std::vector{Item{{"id", S("1999")}}}));
}

}  // namespace
}  // namespace vams::items::conformance
