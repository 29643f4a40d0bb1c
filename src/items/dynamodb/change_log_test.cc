// The change log's own forms, and commits whose answers are lost.
#include "items/dynamodb/change_log.h"

#include <fmt/format.h>

#include <map>

#include "items/dynamodb/scripted_test.h"

namespace vams::items::dynamodb {
namespace {

using test::FakeAnswer;
using test::FakeRequest;
using test::Key;
using test::Scripted;

Change SomeChange(Position position, std::size_t bytes) {
  Change change;
  change.position = position;
  change.at_millis = 1'700'000'000'000;
  change.table = "parts";
  change.key = Key("a", "1");
  change.before = Key("a", "1");
  change.after = Key("a", "1");
  // Not to be compressed.
  net::test::SeededRandom random(static_cast<std::uint32_t>(position));
  std::string noise(bytes, '\0');
  random.Fill(noise.data(), noise.size());
  change.after->Set("v", Value::B(std::move(noise)));
  return change;
}

bool Same(const Change& a, const Change& b) {
  return a.position == b.position && a.at_millis == b.at_millis && a.table == b.table &&
         a.key == b.key && a.op == b.op && a.before == b.before && a.after == b.after &&
         a.has_images == b.has_images;
}

TEST(ChangeLogEntry, ComesBackAsItWas) {
  std::vector<Change> changes{SomeChange(7, 100), SomeChange(8, 0), SomeChange(9, 3'000)};
  changes[1].op = Change::Op::kDelete;
  changes[1].after.reset();
  changes[2].has_images = false;
  changes[2].before.reset();
  changes[2].after.reset();

  const auto decoded = DecodeChanges(EncodeChanges(changes)).value();

  ASSERT_EQ(decoded.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(Same(decoded[i], changes[i])) << i;
}

TEST(ChangeLogEntry, DamageIsCorruptAtEveryByte) {
  const std::vector<Change> changes{SomeChange(7, 10), SomeChange(8, 10)};
  const std::string good = EncodeChanges(changes);
  const std::string first = EncodeChanges({changes.data(), 1});

  for (std::size_t size = 1; size < good.size(); ++size) {
    const auto decoded = DecodeChanges(std::string_view(good).substr(0, size));
    EXPECT_EQ(decoded.ok(), size == first.size()) << size;
  }
}

TEST(ChangeLogEntry, LargeImagesAreSplitIntoItemsThatFit) {
  const std::vector<Change> changes{SomeChange(7, 390'000), SomeChange(8, 390'000)};

  const auto items = EntryItems(changes, "id");

  ASSERT_GE(items.size(), 2u);
  for (const auto& item : items) {
    EXPECT_LE(ItemSize(item), 400u * 1024);
    EXPECT_EQ(item.Text("p"), items[0].Text("p"));
    EXPECT_EQ(item.Text("c"), "id");
  }
  EXPECT_EQ(EntryItems({changes.data(), 1}, "id").size(), 2u);
  const std::vector<Change> small{SomeChange(9, 0)};
  EXPECT_EQ(EntryItems(small, "id").size(), 1u);
}

// A log's table in memory, as far as commits of one item use it.
struct FakeLog {
  int last = 0;
  bool lose_answer = false;
  bool apply_lost = false;
  std::string entry_id;  // of the entry at `last`
  int commits = 0;

  FakeAnswer Answer(const FakeRequest& request) {
    if (request.action == "PutItem") return {.body = "{}"};
    if (request.action == "GetItem") {
      if (request.body.find("\"state\"") != std::string::npos)
        return {.body = fmt::format(R"({{"Item":{{"p":{{"S":"state"}},"s":{{"S":"log"}},"last":)"
                                    R"({{"N":"{}"}},"trimmed":{{"N":"0"}},"swept":{{"N":"0"}},)"
                                    R"("consumers":{{"N":"0"}}}}}})",
                                    last)};
      if (request.body.find("\"log/") != std::string::npos && !entry_id.empty())
        return {
            .body = fmt::format(
                R"({{"Item":{{"p":{{"S":"x"}},"s":{{"S":"y"}},"c":{{"S":"{}"}}}}}})", entry_id)};
      return {.body = "{}"};
    }
    if (request.action != "TransactWriteItems") return test::Failure("UnknownOperationException");
    const bool fits =
        request.body.find(fmt::format("\":v0\":{{\"N\":\"{}\"}}", last)) != std::string::npos;
    if (!fits)
      return test::Failure("TransactionCanceledException", "[None, ConditionalCheckFailed, None]");
    if (lose_answer) {
      lose_answer = false;
      if (apply_lost) Apply(request);
      return {.how = FakeAnswer::How::kDrop};
    }
    Apply(request);
    return {.body = "{}"};
  }

  void Apply(const FakeRequest& request) {
    ++last;
    ++commits;
    const auto at = request.body.find("\"c\":{\"S\":\"");
    entry_id = request.body.substr(at + 10, 36);
  }
};

DynamoOptions Logged() {
  DynamoOptions options;
  options.change_log = true;
  return options;
}

TEST(LoggedCommit, LostAnswerOfACommitThatWasCarriedOutIsNoSecondCommit) {
  FakeLog log;
  log.lose_answer = log.apply_lost = true;
  Scripted scripted([&](const FakeRequest& request) { return log.Answer(request); }, Logged());
  const std::vector writes{Write::Put("parts", Key("a", "1"))};

  const auto result = scripted.store->Commit(scripted.op, writes);

  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->position, 1u);
  EXPECT_EQ(log.commits, 1);
}

TEST(LoggedCommit, LostRequestIsSentAgain) {
  FakeLog log;
  log.lose_answer = true;
  Scripted scripted([&](const FakeRequest& request) { return log.Answer(request); }, Logged());
  const std::vector writes{Write::Put("parts", Key("a", "1"))};

  ASSERT_TRUE(scripted.store->Commit(scripted.op, writes).ok());

  EXPECT_EQ(log.commits, 1);
}

TEST(LoggedCommit, CommitOfAnotherProcessInBetweenOnlyCostsAnAttempt) {
  FakeLog log;
  Scripted scripted([&](const FakeRequest& request) { return log.Answer(request); }, Logged());
  const std::vector writes{Write::Put("parts", Key("a", "1"))};
  ASSERT_TRUE(scripted.store->Commit(scripted.op, writes).ok());

  log.last += 5;  // others
  log.entry_id = "someone else";
  const auto result = scripted.store->Commit(scripted.op, writes);

  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->position, 7u);
  EXPECT_EQ(log.commits, 2);
}

}  // namespace
}  // namespace vams::items::dynamodb
