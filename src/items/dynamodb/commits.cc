// Commits, with and without the change log, and expiry.
//
// With the log, a commit reads what it will replace, decides by itself, and then writes items, log
// entry and position in one transaction that holds only if the position has not moved since.  So
// the images are exact as far as all writers go through the log; conditions hold in any case,
// because the service checks them too.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "items/codec.h"
#include "items/dynamodb/change_log.h"
#include "items/dynamodb/engine.h"
#include "items/dynamodb/expression.h"
#include "items/dynamodb/json_slice.h"

namespace vams::items::dynamodb {

namespace {

constexpr std::size_t kMaxActions = 100;
constexpr std::size_t kMaxTransactionBytes = std::size_t{4} << 20;

// A write with its table found.
struct Target {
  const Write* write;
  TableRef table;
  Item key;

  const TableSpec& spec() const { return table->spec; }
};

Result<std::vector<Target>> CheckWrites(OpContext& op, Engine& engine,
                                        std::span<const Write> writes) {
  std::vector<Target> targets;
  std::set<std::pair<const TableInfo*, std::string>> named;
  const std::size_t max_bytes = engine.traits().max_item_bytes;
  const auto check = [&](const Write& write) -> Result<Target> {
    TRY(auto table, engine.Table(op, write.table));
    if (write.op == Write::Op::kPut)
      TRY_OK(CheckItem(table->spec, write.item, max_bytes));
    else
      TRY_OK(CheckKey(table->spec, write.item));
    if (write.op == Write::Op::kUpdate) TRY_OK(CheckMutations(table->spec, write));
    Item key = KeyOf(table->spec, write.item);
    return Target{&write, std::move(table), std::move(key)};
  };
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto target = check(writes[i]);
    if (!target.ok()) return std::move(target).error().At(static_cast<int>(i));
    if (!named.emplace(target->table.get(), EncodeItem(target->key)).second)
      return Error(Code::kInvalid, fmt::format("two writes of one commit name {}",
                                               DescribeKey(target->spec(), writes[i].item)))
          .At(static_cast<int>(i));
    targets.push_back(*std::move(target));
  }
  const std::size_t most = engine.traits().max_commit_writes;
  if (targets.size() > most)
    return Error(Code::kTooLarge,
                 fmt::format("a commit of {} writes is too large for this store, which takes {}; "
                             "nothing was written; split it",
                             targets.size(), most));
  return targets;
}

// What the item is after the write; nothing if it is then absent.
Result<std::optional<Item>> Outcome(const Target& target, const std::optional<Item>& before,
                                    std::size_t max_bytes) {
  switch (target.write->op) {
    case Write::Op::kPut:
      return std::optional(target.write->item);
    case Write::Op::kUpdate: {
      TRY(Item item, ApplyMutations(before ? *before : target.key, target.write->mutations));
      TRY_OK(CheckItem(target.spec(), item, max_bytes));
      return std::optional(std::move(item));
    }
    case Write::Op::kDelete:
    case Write::Op::kCheck:
      break;
  }
  return std::optional<Item>();
}

// The members of one write's call, without braces: table, item or key, expressions.
std::string WriteJson(const Target& target, bool transactional) {
  const Write& write = *target.write;
  Placeholders placeholders;
  const std::string condition = ConditionText(placeholders, target.spec(), write.conditions);
  std::string out = fmt::format("\"TableName\":\"{}\"", target.table->physical);
  if (write.op == Write::Op::kPut)
    out += ",\"Item\":" + aws::ToJson(write.item);
  else
    out += ",\"Key\":" + aws::ToJson(target.key);
  if (write.op == Write::Op::kUpdate) {
    std::string update = UpdateText(placeholders, write.mutations);
    // A transaction wants an expression; removing what is not there creates the bare key.
    if (update.empty() && transactional)
      update = "REMOVE " + placeholders.Name("vams:no such attribute");
    if (!update.empty()) out += fmt::format(",\"UpdateExpression\":\"{}\"", update);
  }
  if (!condition.empty()) out += fmt::format(",\"ConditionExpression\":\"{}\"", condition);
  return out + placeholders.Json();
}

std::string ActionJson(std::string_view action, std::string_view members) {
  return fmt::format("{{\"{}\":{{{}}}}}", action, members);
}

std::string_view ActionName(Write::Op op) {
  switch (op) {
    case Write::Op::kPut:
      return "Put";
    case Write::Op::kUpdate:
      return "Update";
    case Write::Op::kDelete:
      return "Delete";
    case Write::Op::kCheck:
      break;
  }
  return "ConditionCheck";
}

// For a write whose condition the service, not we, found not to hold.
Error Refused(const Target& target, std::size_t index) {
  const auto wants_absence = [](const Condition& condition) {
    return condition.op == Condition::Op::kAbsent || condition.op == Condition::Op::kLacks;
  };
  const auto& conditions = target.write->conditions;
  return ConditionFailed(target.spec(), *target.write, static_cast<int>(index),
                         std::any_of(conditions.begin(), conditions.end(), wants_absence));
}

void ForgetTables(Engine& engine, std::span<const Target> targets, const Error& error) {
  if (error.code != Code::kNotFound && error.code != Code::kInvalid) return;
  for (const auto& target : targets) engine.Forget(target.spec().name);
}

// ---- Without the change log

bool IsRepeatable(const Write& write) {
  if (!write.conditions.empty()) return false;
  return std::none_of(write.mutations.begin(), write.mutations.end(),
                      [](const Mutation& m) { return m.op == Mutation::Op::kAdd; });
}

// The service applies an update to an item that we do not see.  What is wrong with its values by
// themselves is refused here, as servers do so in different ways or not at all.
Status CheckValues(const Engine& engine, const Target& target) {
  Item probe = target.key;
  for (const auto& mutation : target.write->mutations)
    if (mutation.op != Mutation::Op::kRemove) probe.Set(mutation.attribute, mutation.value);
  return CheckItem(target.spec(), probe, engine.traits().max_item_bytes);
}

Status CommitOne(OpContext& op, Engine& engine, const Target& target) {
  const Write& write = *target.write;
  if (write.op == Write::Op::kCheck) {
    TRY(const auto item, GetItem(op, engine, *target.table, target.key));
    if (!ConditionsHold(write.conditions, item ? &*item : nullptr))
      return ConditionFailed(target.spec(), write, 0, item.has_value());
    return Ok();
  }
  const std::string action = std::string(ActionName(write.op)) + "Item";
  const auto written =
      engine.client().Call(op, action, "{" + WriteJson(target, false) + "}",
                           IsRepeatable(write) ? Repeatable::kYes : Repeatable::kNo);
  if (written.ok()) return Ok();
  if (written.error().code == Code::kConflict) return Refused(target, 0);
  return engine.Explain(written.error(), *target.table).At(0);
}

Status CommitMany(OpContext& op, Engine& engine, std::span<const Target> targets) {
  std::vector<std::string> actions;
  std::vector<std::size_t> write_of_action;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Write& write = *targets[i].write;
    if (write.op == Write::Op::kCheck && write.conditions.empty()) continue;
    actions.push_back(ActionJson(ActionName(write.op), WriteJson(targets[i], true)));
    write_of_action.push_back(i);
  }
  if (actions.empty()) return Ok();
  auto& client = engine.client();
  net::Backoff backoff(client.options().retry, client.timer(), client.random());
  for (;;) {
    TRY(auto transaction, Transact(op, engine, actions));
    if (transaction.done) return Ok();
    for (std::size_t i = 0; i < transaction.reasons.size() && i < write_of_action.size(); ++i)
      if (transaction.reasons[i] == "ConditionalCheckFailed")
        return Refused(targets[write_of_action[i]], write_of_action[i]);
    if (!transaction.again) {
      ForgetTables(engine, targets, transaction.error);
      return std::move(transaction.error);
    }
    TRY(const bool again, backoff.Wait(op));
    if (!again) return std::move(transaction.error);
  }
}

Result<CommitResult> CommitPlain(OpContext& op, Engine& engine, std::span<const Target> targets,
                                 const std::optional<Advance>& advance) {
  if (advance) TRY_OK(NeedLog(engine));
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (auto checked = CheckValues(engine, targets[i]); !checked.ok())
      return std::move(checked).error().At(static_cast<int>(i));
  if (targets.size() == 1)
    TRY_OK(CommitOne(op, engine, targets[0]));
  else if (!targets.empty())
    TRY_OK(CommitMany(op, engine, targets));
  return CommitResult{};
}

// ---- With the change log

class LoggedCommit {
 public:
  LoggedCommit(OpContext& op, Engine& engine, std::span<const Target> targets,
               const std::optional<Advance>& advance, BulkLog log)
      : op_(op), engine_(engine), targets_(targets), advance_(advance), log_(log) {}

  Result<CommitResult> Run() {
    TRY_OK(EnsureLog(op_, engine_));
    TRY(const auto pass, engine_.commit_gate.Enter(op_));
    auto& client = engine_.client();
    net::Backoff backoff(client.options().retry, client.timer(), client.random());
    for (;;) {
      TRY(const auto result, Attempt());
      if (result) return *result;
      TRY(const bool again, backoff.Wait(op_));
      if (!again) return std::move(last_error_);
    }
  }

 private:
  // Nothing: try again.
  Result<std::optional<CommitResult>> Attempt() {
    TRY(const Position last, LastPosition());
    TRY_OK(ReadBefore());
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const auto& write = *targets_[i].write;
      if (!ConditionsHold(write.conditions, before_[i] ? &*before_[i] : nullptr))
        return ConditionFailed(targets_[i].spec(), write, static_cast<int>(i),
                               before_[i].has_value());
    }
    if (advance_) TRY_OK(CheckAdvance(last));
    TRY(const Position end, BuildActions(last));
    if (actions_.empty()) {
      if (targets_.empty() && !advance_) Remember(std::nullopt);
      return std::optional(CommitResult{end});
    }
    TRY(auto transaction, Transact(op_, engine_, actions_));
    const bool may_be_done = transaction.may_be_done;
    if (transaction.done) {
      Remember(end);
      return std::optional(CommitResult{end});
    }
    Remember(std::nullopt);
    if (may_be_done && end > last) {
      // The answer may have been lost, not the commit: its entry tells.
      TRY(const bool ours, IsCommit(op_, engine_, end, commit_id_));
      if (ours) return std::optional(CommitResult{end});
    }
    const bool moved = std::find(transaction.reasons.begin(), transaction.reasons.end(),
                                 "ConditionalCheckFailed") != transaction.reasons.end();
    // A condition that held a moment ago: somebody wrote in between, and the next attempt sees it.
    if (!moved && !transaction.again) {
      ForgetTables(engine_, targets_, transaction.error);
      return std::move(transaction.error);
    }
    last_error_ = Error(Code::kUnavailable,
                        "other writers were faster every time; nothing was written; repeat it",
                        transaction.error.message);
    return std::optional<CommitResult>();
  }

  void Remember(std::optional<Position> last) {
    const std::lock_guard lock(engine_.log_mutex);
    engine_.last_known = last;
  }

  // Ours of the last commit is as good as the table's: the transaction compares it.
  Result<Position> LastPosition() {
    if (!targets_.empty()) {
      const std::lock_guard lock(engine_.log_mutex);
      if (engine_.last_known) return *engine_.last_known;
    }
    TRY(const auto state, ReadLogState(op_, engine_));
    return state.last;
  }

  bool NeedsBefore() const {
    if (log_ == BulkLog::kImages) return true;
    return std::any_of(targets_.begin(), targets_.end(), [](const Target& target) {
      return target.write->op != Write::Op::kPut || !target.write->conditions.empty();
    });
  }

  Status ReadBefore() {
    before_.assign(targets_.size(), std::nullopt);
    if (targets_.empty() || !NeedsBefore()) return Ok();
    std::vector<ItemName> names;
    for (const auto& target : targets_) names.push_back({target.table, target.key});
    auto before = GetItems(op_, engine_, names);
    if (!before.ok()) return std::move(before).error();
    before_ = *std::move(before);
    return Ok();
  }

  Status CheckAdvance(Position last) {
    TRY(const auto position, ConsumerPosition(op_, engine_, advance_->consumer));
    if (!position)
      return Error(Code::kNotFound, fmt::format("there is no consumer \"{}\" of the change log; "
                                                "nothing was written; register it first",
                                                advance_->consumer));
    if (advance_->to >= *position && advance_->to <= last) return Ok();
    if (advance_->to > last) {
      // The position remembered may be behind what other processes have written.
      TRY(const auto state, ReadLogState(op_, engine_));
      if (advance_->to <= state.last) return Ok();
    }
    return Error(Code::kConflict,
                 fmt::format("consumer \"{}\" at {} cannot move to {} in a log that ends at {}; "
                             "nothing was written",
                             advance_->consumer, *position, advance_->to, last));
  }

  // Fills actions_ and returns the position after the commit.
  Result<Position> BuildActions(Position last) {
    actions_.clear();
    std::vector<Change> changes;
    std::size_t bytes = 0;
    bool decided_by_reading = false;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const auto& target = targets_[i];
      const auto& write = *target.write;
      auto outcome = Outcome(target, before_[i], engine_.traits().max_item_bytes);
      if (!outcome.ok()) return std::move(outcome).error().At(static_cast<int>(i));
      const bool changes_it =
          write.op != Write::Op::kCheck && (outcome->has_value() || before_[i].has_value());
      if (!changes_it) {
        decided_by_reading = decided_by_reading || write.op == Write::Op::kDelete;
        if (!write.conditions.empty())
          actions_.push_back(ActionJson("ConditionCheck", CheckJson(target)));
        continue;
      }
      actions_.push_back(ActionJson(ActionName(write.op), WriteJson(target, true)));
      bytes += ItemSize(*outcome ? **outcome : target.key);
      changes.push_back(MakeChange(last + changes.size() + 1, target, std::move(before_[i]),
                                   *std::move(outcome)));
    }
    const Position end = last + changes.size();
    if (!changes.empty() || decided_by_reading) actions_.push_back(PositionAction(last, end));
    if (advance_) actions_.push_back(AdvanceAction());
    if (changes.empty()) return end;
    commit_id_ = NewUuid(engine_.client().random());
    for (const auto& item : EntryItems(changes, commit_id_)) {
      bytes += ItemSize(item);
      actions_.push_back(
          ActionJson("Put", fmt::format("\"TableName\":\"{}\",\"Item\":{}",
                                        engine_.log_table()->physical, aws::ToJson(item))));
    }
    if (bytes > kMaxTransactionBytes || actions_.size() > kMaxActions)
      return Error(Code::kTooLarge,
                   fmt::format("the commit and its change log entry have {} bytes in {} parts; a "
                               "transaction holds 4 MB in {}; nothing was written; split it",
                               bytes, actions_.size(), kMaxActions));
    return end;
  }

  Change MakeChange(Position position, const Target& target, std::optional<Item> before,
                    std::optional<Item> after) const {
    Change change;
    change.position = position;
    change.at_millis = engine_.clock().NowMillis();
    change.table = target.spec().name;
    change.key = target.key;
    change.op = after ? Change::Op::kPut : Change::Op::kDelete;
    change.has_images = log_ == BulkLog::kImages;
    if (!change.has_images) return change;
    change.before = std::move(before);
    change.after = std::move(after);
    return change;
  }

  static std::string CheckJson(const Target& target) {
    Placeholders placeholders;
    const std::string condition =
        ConditionText(placeholders, target.spec(), target.write->conditions);
    return fmt::format("\"TableName\":\"{}\",\"Key\":{},\"ConditionExpression\":\"{}\"{}",
                       target.table->physical, aws::ToJson(target.key), condition,
                       placeholders.Json());
  }

  // Moves the log's end, or only holds it where it is.
  std::string PositionAction(Position last, Position end) const {
    Placeholders placeholders;
    const std::string name = placeholders.Name("last");
    const auto number = [&](Position position) {
      return placeholders.Value(Value::N(static_cast<std::int64_t>(position)));
    };
    const std::string condition = fmt::format("{} = {}", name, number(last));
    std::string update;
    if (end != last)
      update = fmt::format("\"UpdateExpression\":\"SET {} = {}\",", name, number(end));
    return ActionJson(
        end == last ? "ConditionCheck" : "Update",
        fmt::format("\"TableName\":\"{}\",\"Key\":{},{}\"ConditionExpression\":\"{}\"{}",
                    engine_.log_table()->physical, aws::ToJson(StateKey()), update, condition,
                    placeholders.Json()));
  }

  std::string AdvanceAction() const {
    Placeholders placeholders;
    const std::string name = placeholders.Name("position");
    const std::string to = placeholders.Value(Value::N(static_cast<std::int64_t>(advance_->to)));
    return ActionJson(
        "Update",
        fmt::format("\"TableName\":\"{}\",\"Key\":{},\"UpdateExpression\":\"SET {} = {}\","
                    "\"ConditionExpression\":\"{} <= {}\"{}",
                    engine_.log_table()->physical, aws::ToJson(ConsumerKey(advance_->consumer)),
                    name, to, name, to, placeholders.Json()));
  }

  OpContext& op_;
  Engine& engine_;
  const std::span<const Target> targets_;
  const std::optional<Advance>& advance_;
  const BulkLog log_;
  std::vector<std::optional<Item>> before_;
  std::vector<std::string> actions_;
  std::string commit_id_;
  Error last_error_;
};

// Why each action of a cancelled transaction was: of the answer's list, or of its message
// "… [None, ConditionalCheckFailed]".
std::vector<std::string> CancellationReasons(const Answer& answer) {
  std::vector<std::string> reasons;
  const auto members = SliceObject(answer.body);
  if (members.ok()) {
    const auto list = SliceArray(FindMember(*members, "CancellationReasons"));
    if (list.ok()) {
      for (const auto element : *list) {
        const auto reason = SliceObject(element);
        reasons.push_back(reason.ok() ? JsonText(FindMember(*reason, "Code")) : "");
      }
      return reasons;
    }
  }
  const auto open = answer.failure.message.rfind('[');
  const auto close = answer.failure.message.rfind(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return reasons;
  std::string word;
  for (const char c : answer.failure.message.substr(open + 1, close - open)) {
    if (c == ',' || c == ']') reasons.push_back(std::exchange(word, {}));
    if (c != ',' && c != ' ') word += c;
  }
  return reasons;
}

}  // namespace

Result<Transaction> Transact(OpContext& op, Engine& engine, std::span<const std::string> actions) {
  const std::string body = fmt::format("{{\"ClientRequestToken\":\"{}\",\"TransactItems\":[{}]}}",
                                       NewUuid(engine.client().random()), fmt::join(actions, ","));
  TRY(auto answer, engine.client().Exchange(op, "TransactWriteItems", body));
  Transaction out;
  out.may_be_done = answer.may_be_done;
  if (answer.kind == Answer::Kind::kOk) {
    out.done = true;
    return out;
  }
  out.error = std::move(answer.error);
  if (answer.failure.type != "TransactionCanceledException") return out;
  out.reasons = CancellationReasons(answer);
  for (const auto& reason : out.reasons) {
    if (reason == "TransactionConflict" || reason == "ThrottlingError" ||
        reason == "ProvisionedThroughputExceeded") {
      out.again = true;
      out.error = Error(Code::kUnavailable,
                        "other writers or the capacity of a table kept the transaction from being "
                        "written; nothing was written; repeat it",
                        answer.failure.message);
    } else if (reason == "ValidationError" || reason == "ItemCollectionSizeLimitExceeded") {
      const bool size =
          reason[0] == 'I' || answer.failure.message.find("size") != std::string::npos;
      out.error.code = size ? Code::kTooLarge : Code::kInvalid;
      out.again = false;
      break;
    }
  }
  return out;
}

Result<CommitResult> Commit(OpContext& op, Engine& engine, std::span<const Write> writes,
                            const std::optional<Advance>& advance, BulkLog log) {
  TRY_OK(op.Check());
  TRY(const auto targets, CheckWrites(op, engine, writes));
  if (!engine.HasLog()) return CommitPlain(op, engine, targets, advance);
  return LoggedCommit(op, engine, targets, advance, log).Run();
}

Result<std::size_t> Expire(OpContext& op, Engine& engine, std::string_view name,
                           std::int64_t now_seconds, std::size_t limit) {
  TRY(const auto table, engine.Table(op, name));
  const auto& attribute = table->spec.ttl_attribute;
  if (attribute.empty())
    return Error(Code::kInvalid, fmt::format("table {} has no time-to-live attribute", name));
  TRY(const auto due, FindDue(op, engine, *table, now_seconds, limit));
  std::size_t deleted = 0;
  const std::size_t most = engine.HasLog() ? engine.traits().max_commit_writes : 1;
  for (std::size_t i = 0; i < due.size();) {
    std::vector<Write> writes;
    for (; i < due.size() && writes.size() < most; ++i)
      // Unless it was prolonged meanwhile.
      writes.push_back(Write::Delete(std::string(name), KeyOf(table->spec, due[i]),
                                     {Condition::Equals(attribute, *due[i].Find(attribute))}));
    while (!writes.empty()) {
      const auto committed = Commit(op, engine, writes, std::nullopt);
      if (committed.ok()) {
        deleted += writes.size();
        break;
      }
      if (committed.error().code != Code::kConflict || committed.error().index < 0)
        return committed.error();
      writes.erase(writes.begin() + committed.error().index);
    }
  }
  return deleted;
}

}  // namespace vams::items::dynamodb
