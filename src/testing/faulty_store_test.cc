#include "testing/faulty_store.h"

#include <gtest/gtest.h>

#include <set>

#include "items/memory/memory_store.h"

namespace vams::testing {
namespace {

using namespace items;
using When = FaultyStore::When;

TableSpec Table(std::string name) {
  return {.name = std::move(name),
          .partition = {"id", Kind::kS},
          .sort = {},
          .indexes = {},
          .ttl_attribute = "expires"};
}

Item Account(std::string_view id, std::int64_t amount) {
  return Item{{"id", Value::S(std::string(id))}, {"amount", Value::N(amount)}};
}
Item Key(std::string_view id) { return Item{{"id", Value::S(std::string(id))}}; }

class FaultyStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector specs{Table("accounts")};
    ASSERT_TRUE(inner_->CreateTables(op_, specs).ok());
    const std::vector writes{Write::Put("accounts", Account("a", 1))};
    ASSERT_TRUE(inner_->Commit(op_, writes).ok());
  }

  OpContext op_;
  const std::unique_ptr<MemoryStore> inner_ = MemoryStore::Create();
  FaultyStore store_{*inner_};
};

TEST_F(FaultyStoreTest, PassesOnWhatIsNotToFail) {
  EXPECT_EQ(store_.Get(op_, "accounts", Key("a")).value(), Account("a", 1));
  EXPECT_EQ(store_.Get(op_, "accounts", Key("b")).error().code, Code::kNotFound);
  EXPECT_EQ(&store_.traits(), &inner_->traits());
  EXPECT_EQ(store_.calls(), 2u);
  EXPECT_FALSE(store_.failed());
}

TEST_F(FaultyStoreTest, FailsTheCallOfTheGivenNumberOnly) {
  store_.FailCall(2, Code::kUnavailable, When::kBefore);

  EXPECT_TRUE(store_.Count(op_, "accounts").ok());
  EXPECT_FALSE(store_.failed());
  const auto second = store_.Count(op_, "accounts");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_TRUE(second.error().retryable);
  EXPECT_TRUE(store_.failed());
  EXPECT_TRUE(store_.Count(op_, "accounts").ok());
}

TEST_F(FaultyStoreTest, CallThatFailsBeforeHasNoEffectAndAfterHasOne) {
  const std::vector writes{Write::Put("accounts", Account("b", 2))};

  store_.FailCall(1, Code::kTimeout, When::kBefore);
  EXPECT_EQ(store_.Commit(op_, writes).error().code, Code::kTimeout);
  EXPECT_EQ(inner_->Count(op_, "accounts").value(), 1u);

  store_.FailCall(2, Code::kTimeout, When::kAfter);
  EXPECT_EQ(store_.Commit(op_, writes).error().code, Code::kTimeout);
  EXPECT_EQ(inner_->Count(op_, "accounts").value(), 2u);
}

TEST_F(FaultyStoreTest, DisarmedStoreDoesNotFail) {
  store_.FailCall(1, Code::kUnavailable, When::kBefore);

  store_.Disarm();

  EXPECT_TRUE(store_.Count(op_, "accounts").ok());
}

TEST_F(FaultyStoreTest, RecordsWhatWasAsked) {
  const std::vector writes{Write::Put("accounts", Account("b", 2)),
                           Write::Delete("accounts", Key("a"))};

  (void)store_.Get(op_, "accounts", Key("a"));
  (void)store_.Commit(op_, writes, Advance{"mail", 1});
  (void)store_.ReadChanges(op_, 3, 10);

  EXPECT_EQ(
      store_.requests(),
      (std::vector<std::string>{"Get accounts {id: a}",
                                "Commit put accounts {amount: 2, id: b}; delete accounts {id: a}; "
                                "advance mail to 1",
                                "ReadChanges behind 3"}));
}

TEST_F(FaultyStoreTest, CallsOnSnapshotsAndLoadersCount) {
  store_.FailCall(4, Code::kUnavailable, When::kBefore);
  auto snapshot = store_.OpenSnapshot(op_).value();
  EXPECT_TRUE(snapshot->Count(op_, "accounts").ok());
  auto loader = store_.OpenBulkLoad(op_, "accounts", {}).value();

  EXPECT_EQ(loader->Add(op_, Account("b", 2)).error().code, Code::kUnavailable);
  EXPECT_TRUE(loader->Add(op_, Account("c", 3)).ok());
  EXPECT_EQ(loader->Finish(op_).value(), 1u);

  EXPECT_EQ(store_.calls(), 6u);
  EXPECT_EQ(snapshot->Count(op_, "accounts").value(), 1u);
}

// ---- The loop over n
// -------------------------------------------------------------------------------

// A small piece of work that can be begun again wherever it was interrupted: sets up accounts,
// loads a list, moves an amount once, and lets a consumer count the changes it has seen.
class Payday {
 public:
  explicit Payday(ItemStore& store) : store_(store) {}

  Status Run() {
    const std::vector specs{Table("accounts"), Table("list"), Table("counts")};
    TRY_OK(store_.CreateTables(op_, specs));
    TRY_OK(Register());
    TRY_OK(Open());
    TRY_OK(LoadList());
    TRY_OK(Pay());
    TRY_OK(CountChanges());
    TRY(const auto trimmed, store_.TrimChanges(op_, 4));
    return trimmed.trimmed_to == 4 ? Ok()
                                   : Status(Error(Code::kInternal, "the log was not trimmed"));
  }

 private:
  // A failed condition or a name that is taken means: done by an earlier attempt.
  static Status Once(const Status& status) {
    return !status.ok() && status.error().code == Code::kConflict ? Ok() : status;
  }
  Status CommitOnce(const std::vector<Write>& writes) {
    const auto result = store_.Commit(op_, writes);
    return Once(result.ok() ? Ok() : Status(result.error()));
  }

  Status Register() { return Once(store_.AddConsumer(op_, "counter", 0)); }

  Status Open() {
    return CommitOnce({Write::Put("accounts", Account("from", 100), {Condition::Absent()}),
                       Write::Put("accounts", Account("to", 0), {Condition::Absent()})});
  }

  Status LoadList() {
    TRY(const auto count, store_.Count(op_, "list"));
    if (count == 3) return Ok();
    TRY(auto loader, store_.OpenBulkLoad(op_, "list", {}));
    for (const auto* id : {"x", "y", "z"}) TRY_OK(loader->Add(op_, Account(id, 1)));
    TRY_OK(loader->Checkpoint(op_, "all"));
    TRY([[maybe_unused]] const auto loaded, loader->Finish(op_));
    return Ok();
  }

  Status Pay() {
    return CommitOnce(
        {Write::Put("accounts", Account("paid", 1), {Condition::Absent()}),
         Write::Update("accounts", Key("from"), {{Mutation::Op::kAdd, "amount", Value::N(-10)}}),
         Write::Update("accounts", Key("to"), {{Mutation::Op::kAdd, "amount", Value::N(10)}})});
  }

  Status CountChanges() {
    for (;;) {
      TRY(const auto consumers, store_.Consumers(op_));
      TRY(const auto page, store_.ReadChanges(op_, consumers.at(0).position, 2));
      std::int64_t seen = 0;
      for (const auto& change : page.changes) seen += change.table == "accounts" ? 1 : 0;
      if (seen == 0) return Ok();
      const std::vector writes{
          Write::Update("counts", Key("seen"), {{Mutation::Op::kAdd, "amount", Value::N(seen)}})};
      TRY([[maybe_unused]] const auto done,
          store_.Commit(op_, writes, Advance{"counter", page.next}));
    }
  }

  ItemStore& store_;
  OpContext op_;
};

std::int64_t AmountOf(ItemStore& store, std::string_view table, std::string_view id) {
  OpContext op;
  const auto item = store.Get(op, table, Key(id));
  return item.ok() ? std::stoll(item->Find("amount")->text()) : 0;
}

// What must be true after any failure.
void ExpectLegal(ItemStore& store) {
  OpContext op;
  EXPECT_TRUE(store.CheckIntegrity(op).ok());
  const auto tables = store.Tables(op).value();
  EXPECT_TRUE(tables.empty() || tables.size() == 3) << "tables come all or none";
  if (tables.empty()) return;
  const auto from = AmountOf(store, "accounts", "from"), to = AmountOf(store, "accounts", "to");
  const auto paid = AmountOf(store, "accounts", "paid");
  EXPECT_TRUE(from + to == 0 || from + to == 100) << from << " + " << to;
  EXPECT_EQ(to, 10 * paid) << "both sides and the receipt go together";
  const auto count = store.Count(op, "list").value();
  EXPECT_TRUE(count == 0 || count == 3) << count;
  // The consumer has counted exactly what lies behind its position.
  const auto consumers = store.Consumers(op).value();
  const Position position = consumers.empty() ? 0 : consumers[0].position;
  EXPECT_EQ(AmountOf(store, "counts", "seen"),
            static_cast<std::int64_t>(std::min<Position>(position, 5)));
}

TEST(FaultyStoreLoop, EveryFailureLeavesALegalStateAndTheWorkCanBeFinished) {
  for (const When when : {When::kBefore, When::kAfter}) {
    std::size_t n = 1;
    for (;; ++n) {
      const auto inner = MemoryStore::Create();
      FaultyStore store(*inner);
      store.FailCall(n, Code::kUnavailable, when);

      const auto first = Payday(store).Run();

      if (!store.failed()) {
        EXPECT_TRUE(first.ok()) << first.error().message;
        break;
      }
      EXPECT_FALSE(first.ok()) << "failure " << n << " was lost: " << store.requests().at(n - 1);
      ExpectLegal(*inner);
      store.Disarm();
      const auto second = Payday(store).Run();
      EXPECT_TRUE(second.ok()) << "after failure of " << store.requests().at(n - 1) << ": "
                               << second.error().message;
      ExpectLegal(*inner);
      EXPECT_EQ(AmountOf(*inner, "accounts", "to"), 10);
      EXPECT_EQ(AmountOf(*inner, "counts", "seen"), 5);
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(n, 15u) << "the loop did not visit the calls";
  }
}

}  // namespace
}  // namespace vams::testing
