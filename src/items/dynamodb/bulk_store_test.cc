// Bulk writing against a scripted server: partial batches, refused items, throttling.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "items/aws/dynamodb_json.h"
#include "items/dynamodb/json_slice.h"
#include "items/dynamodb/scripted_test.h"
#include "items/dynamodb/throttle.h"

namespace vams::items::dynamodb {
namespace {

using std::chrono::milliseconds;
using test::Failure;
using test::FakeAnswer;
using test::FakeRequest;
using test::Key;
using test::Scripted;

std::vector<std::string_view> RequestsOf(const FakeRequest& request) {
  const auto members = SliceObject(request.body).value();
  const auto tables = SliceObject(FindMember(members, "RequestItems")).value();
  return SliceArray(tables.at(0).second).value();
}

// A table that the scripted server keeps: what was written last under every sort key.
struct Kept {
  std::map<std::string, std::string> items;

  void Write(std::string_view request) {
    const auto outer = SliceObject(request).value();
    const auto inner = SliceObject(outer[0].second).value();
    const Item item = aws::ParseItem(inner[0].second).value();
    if (outer[0].first == "PutRequest")
      items[std::string(item.Text("s"))] = std::string(item.Text("v"));
    else
      items.erase(std::string(item.Text("s")));
  }
};

Item Part(int i, std::string_view v = "x") {
  Item item = Key("a", fmt::format("{:04}", i));
  item.Set("v", Value::S(std::string(v)));
  return item;
}

TEST(BulkLoad, WritesBatchesOf25AndWhatWasLeftOver) {
  Kept kept;
  int number = 0;
  Scripted scripted([&](const FakeRequest& request) -> FakeAnswer {
    const auto requests = RequestsOf(request);
    EXPECT_LE(requests.size(), 25u);
    // Every second call leaves every third item undone.
    std::vector<std::string_view> left;
    const bool partial = ++number % 2 == 0;
    for (std::size_t i = 0; i < requests.size(); ++i)
      if (partial && i % 3 == 0)
        left.push_back(requests[i]);
      else
        kept.Write(requests[i]);
    if (left.empty()) return {.body = R"({"UnprocessedItems":{}})"};
    return {.body =
                fmt::format("{{\"UnprocessedItems\":{{\"parts\":[{}]}}}}", fmt::join(left, ","))};
  });
  auto loader = scripted.store->OpenBulkLoad(scripted.op, "parts", {}).value();

  for (int i = 0; i < 260; ++i) ASSERT_TRUE(loader->Add(scripted.op, Part(i)).ok());
  const auto written = loader->Finish(scripted.op);

  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(*written, 260u);
  EXPECT_EQ(kept.items.size(), 260u);
}

TEST(BulkLoad, LastOfEqualKeysStaysAlsoAcrossCallsInFlight) {
  Kept kept;
  Scripted scripted([&](const FakeRequest& request) -> FakeAnswer {
    const auto requests = RequestsOf(request);
    std::map<std::string, int> keys;
    for (const auto one : requests) {
      kept.Write(one);
      ++keys[std::string(one.substr(0, one.find("\"v\"")))];
    }
    for (const auto& [key, times] : keys) EXPECT_EQ(times, 1) << key;
    return {.body = "{}"};
  });
  auto loader = scripted.store->OpenBulkLoad(scripted.op, "parts", {}).value();

  for (int round = 0; round < 5; ++round)
    for (int i = 0; i < 40; ++i)
      ASSERT_TRUE(loader->Add(scripted.op, Part(i, std::to_string(round))).ok());
  ASSERT_TRUE(loader->Finish(scripted.op).ok());

  for (const auto& [key, value] : kept.items) EXPECT_EQ(value, "4") << key;
}

// The server refuses every call that holds the item "0013".
FakeAnswer RefuseThirteen(Kept& kept, const FakeRequest& request) {
  const auto requests = RequestsOf(request);
  for (const auto one : requests)
    if (one.find("\"0013\"") != std::string_view::npos)
      return Failure("ValidationException", "One or more parameter values were invalid");
  for (const auto one : requests) kept.Write(one);
  return {.body = "{}"};
}

TEST(BulkLoad, OneRefusedItemDoesNotTakeItsNeighboursWithIt) {
  Kept kept;
  std::mutex mutex;
  std::vector<std::pair<std::string, Code>> refused;
  DynamoOptions options;
  options.on_refused = [&](std::string_view table, const Item& item, const Error& reason) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(table, "parts");
    refused.emplace_back(item.Text("s"), reason.code);
  };
  Scripted scripted([&](const FakeRequest& r) { return RefuseThirteen(kept, r); }, options);
  auto loader = scripted.store->OpenBulkLoad(scripted.op, "parts", {}).value();

  for (int i = 0; i < 25; ++i) ASSERT_TRUE(loader->Add(scripted.op, Part(i)).ok());
  // Known to be bad before it is sent: reported in the same way.
  ASSERT_TRUE(loader->Add(scripted.op, Key("a", "")).ok());
  const auto written = loader->Finish(scripted.op);

  ASSERT_TRUE(written.ok());
  EXPECT_EQ(*written, 24u);
  EXPECT_EQ(kept.items.size(), 24u);
  std::sort(refused.begin(), refused.end());
  EXPECT_EQ(refused, (std::vector<std::pair<std::string, Code>>{{"", Code::kInvalid},
                                                                {"0013", Code::kInvalid}}));
}

TEST(BulkLoad, RefusedItemIsAnErrorOnceWhenNobodyIsTold) {
  Kept kept;
  Scripted scripted([&](const FakeRequest& r) { return RefuseThirteen(kept, r); });
  auto loader = scripted.store->OpenBulkLoad(scripted.op, "parts", {}).value();
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(loader->Add(scripted.op, Part(i)).ok());

  const auto first = loader->Finish(scripted.op);
  const auto second = loader->Finish(scripted.op);

  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, Code::kInvalid);
  EXPECT_NE(first.error().message.find("0013"), std::string::npos) << first.error().message;
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, 24u);
}

TEST(BulkLoad, ThrottlingIsWaitedOutAndFailuresEndTheLoad) {
  int calls = 0;
  Scripted scripted([&](const FakeRequest&) -> FakeAnswer {
    if (++calls <= 4) return Failure("ProvisionedThroughputExceededException");
    if (calls <= 8) return {.body = "{}"};
    return Failure("AccessDeniedException", "no");
  });
  auto loader = scripted.store->OpenBulkLoad(scripted.op, "parts", {}).value();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(loader->Add(scripted.op, Part(i)).ok());

  ASSERT_TRUE(loader->Checkpoint(scripted.op, "half").ok());
  EXPECT_EQ(scripted.timer.sleeps().size(), 4u);

  calls = 8;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(loader->Add(scripted.op, Part(i)).ok());
  EXPECT_EQ(loader->Finish(scripted.op).error().code, Code::kDenied);
  EXPECT_EQ(loader->Add(scripted.op, Part(1)).error().code, Code::kDenied);
}

TEST(BulkLoad, DestructionDoesNotWaitForASilentServer) {
  Scripted scripted(
      [](const FakeRequest&) -> FakeAnswer { return {.how = FakeAnswer::How::kSilent}; });
  auto loader = scripted.store->OpenBulkLoad(scripted.op, "parts", {}).value();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(loader->Add(scripted.op, Part(i)).ok());
  const auto start = std::chrono::steady_clock::now();

  loader.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(BulkDelete, DeletesInBatches) {
  Kept kept;
  for (int i = 0; i < 60; ++i) kept.items[fmt::format("{:04}", i)] = "x";
  Scripted scripted([&](const FakeRequest& request) -> FakeAnswer {
    for (const auto one : RequestsOf(request)) kept.Write(one);
    return {.body = "{}"};
  });
  std::vector<Item> keys;
  for (int i = 0; i < 59; ++i) keys.push_back(Key("a", fmt::format("{:04}", i)));

  ASSERT_TRUE(scripted.store->BulkDelete(scripted.op, "parts", keys).ok());

  EXPECT_EQ(kept.items.size(), 1u);
  EXPECT_EQ(scripted.server.Count("BatchWriteItem"), 3u);
  const std::vector bad{Part(1)};
  EXPECT_EQ(scripted.store->BulkDelete(scripted.op, "parts", bad).error().code, Code::kInvalid);
}

// ---- How fast

TEST(UnitBudget, LetsThroughWhatWasPaidForOverTime) {
  net::test::FakeTimer timer;
  OpContext op;
  UnitBudget budget(100, timer);
  const auto start = timer.Now();

  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(budget.Wait(op).ok());
    budget.Pay(25);
  }

  const double seconds = std::chrono::duration<double>(timer.Now() - start).count();
  EXPECT_GT(seconds, 10.5);  // 1250 units at 100 a second, the first 100 at once
  EXPECT_LT(seconds, 13);
}

TEST(UnitBudget, WithoutLimitNeverWaits) {
  net::test::FakeTimer timer;
  OpContext op;
  UnitBudget budget(0, timer);

  budget.Pay(1e9);

  EXPECT_TRUE(budget.Wait(op).ok());
  EXPECT_TRUE(timer.sleeps().empty());
}

TEST(Window, GrowsByOneAWindowAndHalvesWhenThrottled) {
  Window window(16);
  EXPECT_EQ(window.size(), 8u);

  for (int i = 0; i < 9; ++i) window.Succeeded();
  EXPECT_EQ(window.size(), 9u);
  window.Throttled();
  EXPECT_EQ(window.size(), 4u);
  for (int i = 0; i < 10; ++i) window.Throttled();
  EXPECT_EQ(window.size(), 1u);
  for (int i = 0; i < 1'000; ++i) window.Succeeded();
  EXPECT_EQ(window.size(), 16u);
}

}  // namespace
}  // namespace vams::items::dynamodb
