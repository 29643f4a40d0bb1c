// Random sequences of operations on the engine and on MemoryStore side by side: every result and in
// the end everything stored must be equal.
//
// Where the contract leaves an order open (which of two errors of one commit is reported, in which
// order expiry and bulk loads log), the generator avoids the question or the comparison sorts.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "items/conformance.h"
#include "items/memory/memory_store.h"

namespace vams::items::conformance {
namespace {

using SortOp = SortCondition::Op;

// ---- Making things up
// ------------------------------------------------------------------------------

// Draws from small sets, so that keys collide and conditions hold often enough.
class Maker {
 public:
  explicit Maker(std::uint32_t seed) : random_(seed) {}

  std::size_t Below(std::size_t n) { return random_() % n; }
  bool Chance(int percent) { return Below(100) < static_cast<std::size_t>(percent); }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

  const TableSpec& Table() { return Pick(tables_); }
  const std::vector<TableSpec>& tables() const { return tables_; }

  Value Text() { return S(Pick(texts_)); }
  Value SmallNumber() { return Number(Pick(numbers_)); }
  Value OfKind(Kind kind) { return kind == Kind::kN ? SmallNumber() : Text(); }

  Item Key(const TableSpec& spec) {
    Item key{{spec.partition.name, OfKind(spec.partition.kind)}};
    if (!spec.sort.empty()) key.Set(spec.sort.name, OfKind(spec.sort.kind));
    return key;
  }

  Item Whole(const TableSpec& spec) {
    Item item = Key(spec);
    for (const auto& index : spec.indexes)
      for (const auto* key : {&index.partition, &index.sort})
        if (!key->empty() && !item.Has(key->name) && Chance(70))
          item.Set(key->name, OfKind(key->kind));
    if (Chance(30))
      item.Set("expires", Chance(90) ? N(static_cast<std::int64_t>(Below(60))) : S("soon"));
    if (Chance(40)) item.Set("n", SmallNumber());
    if (Chance(30)) item.Set("set", Value::SS({Pick(texts_), Pick(texts_)}));
    if (Chance(30))
      item.Set("note", Value::L({Text(), Value::M({{"k", SmallNumber()}}), Value::Null()}));
    return item;
  }

  // An item that CheckItem refuses.
  Item Bad(const TableSpec& spec) {
    Item item = Whole(spec);
    switch (Below(4)) {
      case 0:
        item.Remove(spec.partition.name);
        break;
      case 1:
        item.Set(spec.partition.name, Value::Bool(true));
        break;
      case 2:
        item.Set("note", Value::SS({}));
        break;
      default:
        item.Set(spec.partition.name, S(std::string(3000, 'x')));
        break;
    }
    return item;
  }

  std::vector<Condition> Conditions() {
    std::vector<Condition> out;
    for (std::size_t i = Pick<std::size_t>({0, 0, 0, 1, 1, 2}); i > 0; --i) switch (Below(5)) {
        case 0:
          out.push_back(Condition::Absent());
          break;
        case 1:
          out.push_back(Condition::Exists());
          break;
        case 2:
          out.push_back(Condition::Lacks(Pick(attributes_)));
          break;
        case 3:
          out.push_back(Condition::Equals("n", SmallNumber()));
          break;
        default:
          out.push_back(Condition::Equals("owner", Text()));
          break;
      }
    return out;
  }

  // Mutations that succeed on every item this class makes.
  std::vector<Mutation> Mutations(const TableSpec& spec) {
    using Op = Mutation::Op;
    std::vector<Mutation> out;
    if (Chance(50)) out.push_back({Op::kAdd, "n", SmallNumber()});
    if (Chance(30)) out.push_back({Op::kAdd, "set", Value::SS({Pick(texts_)})});
    if (Chance(30)) out.push_back({Op::kRemove, "note", {}});
    std::set<std::string> named{spec.partition.name, spec.sort.name};
    for (const auto& index : spec.indexes)
      for (const auto* key : {&index.partition, &index.sort})
        if (!key->empty() && Chance(25) && named.insert(key->name).second)
          out.push_back(Chance(70) ? Mutation{Op::kSet, key->name, OfKind(key->kind)}
                                   : Mutation{Op::kRemove, key->name, {}});
    return out;
  }

  // One that does not.
  Mutation BadMutation(const TableSpec& spec) {
    using Op = Mutation::Op;
    switch (Below(4)) {
      case 0:
        return {Op::kAdd, "n", Value::L({})};
      case 1:
        return {Op::kSet, spec.partition.name, Text()};
      case 2:
        return {Op::kAdd, "new", Text()};
      default:
        return {Op::kSet, "new", Value::NS({})};
    }
  }

  SortCondition Sort(const KeyAttribute& sort) {
    if (sort.empty() || Chance(30)) return {};
    Value low = OfKind(sort.kind), high = OfKind(sort.kind);
    switch (Below(7)) {
      case 0:
        return SortCondition::Is(SortOp::kEqual, low);
      case 1:
        return SortCondition::Is(SortOp::kLess, low);
      case 2:
        return SortCondition::Is(SortOp::kLessEqual, low);
      case 3:
        return SortCondition::Is(SortOp::kGreater, low);
      case 4:
        return SortCondition::Is(SortOp::kGreaterEqual, low);
      case 5:
        return SortCondition::BeginsWith(low);  // refused for numbers
      default:
        return SortCondition::Between(low, high);  // refused upside down
    }
  }

  QueryRequest Query() {
    const TableSpec& spec = Table();
    const std::size_t which = Below(spec.indexes.size() + 1);
    const IndexSpec* index = which < spec.indexes.size() ? &spec.indexes[which] : nullptr;
    auto request = Ask(spec.name, index ? index->name : "",
                       OfKind((index ? index->partition : spec.partition).kind),
                       Sort(index ? index->sort : spec.sort));
    request.descending = Chance(40);
    request.limit = Pick<std::size_t>({1, 2, 3, 10, 1000});
    return request;
  }

 private:
  std::mt19937 random_;
  const std::vector<TableSpec> tables_{PartsTable(), KeyedTable(Kind::kN), FlatTable()};
  const std::vector<std::string> texts_{
      "a", "ab", "b", "B", Raw("a\0"), "\xc3\xa9", "\xf0\x9f\x98\x80"};
  const std::vector<std::string> numbers_{"-10", "-9.5", "-1", "0", "0.5", "1", "2", "10", "1e20"};
  const std::vector<std::string> attributes_{"n",    "set",   "note",  "owner",
                                             "rank", "color", "absent"};
};

// ---- Doing them twice
// ------------------------------------------------------------------------------

class Twins {
 public:
  Twins(ItemStore& engine, ManualClock& clock, std::uint32_t seed)
      : engine_(engine), model_(MemoryStore::Create(clock)), clock_(clock), make_(seed) {
    Same(engine_.CreateTables(op_, make_.tables()), model_->CreateTables(op_, make_.tables()),
         "create");
  }

  void Run(int steps) {
    for (step_ = 0; step_ < steps; ++step_) {
      clock_.Set(1'000'000 + step_);
      Step();
      if (step_ % 500 == 499) CompareEverything();
    }
    CompareEverything();
  }

  int step() const { return step_; }

 private:
  [[noreturn]] void Differ(const std::string& what) { throw std::runtime_error(what); }

  template <typename T>
  void SameCode(const Result<T>& engine, const Result<T>& model, const std::string& what) {
    const auto told = [](const Result<T>& r) {
      return r.ok() ? std::string("success")
                    : fmt::format("{} ({})", CodeName(r.error().code), r.error().message);
    };
    if (engine.ok() != model.ok() || (!engine.ok() && engine.error().code != model.error().code))
      Differ(fmt::format("{}: engine {}, model {}", what, told(engine), told(model)));
    // Only conflicts promise an index.
    if (!engine.ok() && engine.error().code == Code::kConflict &&
        engine.error().index != model.error().index)
      Differ(fmt::format("{}: engine blames {}, model {}", what, engine.error().index,
                         model.error().index));
  }

  template <typename T>
  void Same(const Result<T>& engine, const Result<T>& model, const std::string& what) {
    SameCode(engine, model, what);
    if constexpr (!std::is_void_v<T>)
      if (engine.ok() && !(*engine == *model))
        Differ(what + ": " + testing::PrintToString(*engine) + " is not the model's " +
               testing::PrintToString(*model));
  }

  void Step() {
    const std::size_t dice = make_.Below(1000);
    if (dice < 480) return CommitSome();
    if (dice < 560) return GetSome();
    if (dice < 740) return QuerySome();
    if (dice < 800) return ContinueQuery();
    if (dice < 840) return ScanSome();
    if (dice < 870) return ExpireSome();
    if (dice < 920) return MoveConsumers();
    if (dice < 945) return Trim();
    if (dice < 970) return ReadLog();
    if (dice < 985) return UseSnapshot();
    if (dice < 995) return Load();
    Recreate();
  }

  // -- Writing --

  void CommitSome() {
    std::vector<Write> writes;
    std::optional<Advance> advance;
    if (make_.Chance(10)) {
      writes.push_back(WildWrite());
    } else {
      const bool conditional = make_.Chance(85);
      if (!conditional && make_.Chance(50)) advance = Advance{Name(), SomePosition()};
      for (std::size_t i = make_.Pick<std::size_t>({1, 1, 1, 2, 2, 3, 4}); i > 0; --i)
        writes.push_back(GoodWrite(conditional));
    }
    const auto engine = engine_.Commit(op_, writes, advance);
    const auto model = model_->Commit(op_, writes, advance);
    SameCode(engine, model, "commit");
    if (engine.ok() && engine->position != model->position)
      Differ(
          fmt::format("commit ends at {}, the model's at {}", engine->position, model->position));
  }

  Write GoodWrite(bool conditional) {
    const auto& spec = make_.Table();
    auto conditions = conditional ? make_.Conditions() : std::vector<Condition>();
    const std::size_t dice = make_.Below(10);
    if (dice < 4) return Write::Put(spec.name, make_.Whole(spec), std::move(conditions));
    if (dice < 7)
      return Write::Update(spec.name, make_.Key(spec), make_.Mutations(spec),
                           std::move(conditions));
    if (dice < 9) return Write::Delete(spec.name, make_.Key(spec), std::move(conditions));
    return Write::Check(spec.name, make_.Key(spec), std::move(conditions));
  }

  // Alone in its commit, because nobody says which of two errors comes first.
  Write WildWrite() {
    const auto& spec = make_.Table();
    switch (make_.Below(4)) {
      case 0:
        return Write::Put("nowhere", make_.Whole(spec));
      case 1:
        return Write::Put(spec.name, make_.Bad(spec));
      case 2:
        return Write::Delete(spec.name, make_.Bad(spec));
      default:
        return Write::Update(spec.name, make_.Key(spec), {make_.BadMutation(spec)});
    }
  }

  void ExpireSome() {
    const auto table = make_.Chance(90) ? std::string("parts") : make_.Table().name;
    const auto now = static_cast<std::int64_t>(make_.Below(20));
    const Position before = Must(model_->LastChange(op_));
    Same(engine_.Expire(op_, table, now, 1000), model_->Expire(op_, table, now, 1000), "expire");
    UnorderedSince(before);
  }

  void Recreate() {
    const auto& spec = make_.Table();
    Same(engine_.DropTable(op_, spec.name), model_->DropTable(op_, spec.name), "drop");
    SameCode(engine_.Get(op_, spec.name, make_.Key(spec)),
             model_->Get(op_, spec.name, make_.Key(spec)), "get from nowhere");
    const std::vector specs{spec};
    Same(engine_.CreateTables(op_, specs), model_->CreateTables(op_, specs), "create again");
  }

  void Load() {
    const auto& spec = make_.Table();
    BulkOptions options;
    options.log = make_.Pick<BulkLog>({BulkLog::kNone, BulkLog::kKeys, BulkLog::kImages});
    options.sorted = make_.Chance(40);
    options.sort_memory = 4096;
    std::vector<Item> items;
    for (std::size_t i = make_.Below(60); i > 0; --i) items.push_back(make_.Whole(spec));
    if (options.sorted) items = InKeyOrderWithoutDuplicates(spec, items);
    const std::size_t stop = make_.Below(items.size() + 1);
    bool interrupted = make_.Chance(50);
    if (!engine_.traits().bulk_isolated) {
      items = InKeyOrderWithoutDuplicates(spec, items);
      interrupted = false;
    }
    const Position before = Must(model_->LastChange(op_));

    std::vector<std::uint64_t> written;
    for (ItemStore* store : {&engine_, static_cast<ItemStore*>(model_.get())}) {
      auto loader = Must(store->OpenBulkLoad(op_, spec.name, options));
      if (interrupted) {
        for (std::size_t i = 0; i < stop; ++i) Must(loader->Add(op_, items[i]));
        Must(loader->Checkpoint(op_, "here"));
        for (std::size_t i = stop; i < items.size(); i += 2) Must(loader->Add(op_, items[i]));
        loader.reset();
        loader = Must(store->OpenBulkLoad(op_, spec.name, options));
        if (loader->resumed_from() != "here") Differ("the load was not resumed");
      }
      for (std::size_t i = interrupted ? stop : 0; i < items.size(); ++i)
        Must(loader->AddEncoded(op_, EncodeItem(items[i])));
      written.push_back(Must(loader->Finish(op_)));
    }
    if (written[0] != written[1])
      Differ(fmt::format("loaded {} rows, the model {}", written[0], written[1]));
    UnorderedSince(before);
  }

  std::vector<Item> InKeyOrderWithoutDuplicates(const TableSpec& spec,
                                                const std::vector<Item>& items) {
    std::map<std::pair<std::string, std::string>, Item> sorted;
    const auto bytes = [](const Value* v) {
      return v->is(Kind::kN) ? OrderedNumber(v->text()) : v->text();
    };
    for (const auto& item : items)
      sorted[{bytes(item.Find(spec.partition.name)),
              spec.sort.empty() ? std::string() : bytes(item.Find(spec.sort.name))}] = item;
    std::vector<Item> out;
    for (auto& [key, item] : sorted) out.push_back(std::move(item));
    return out;
  }

  // -- Reading --

  void GetSome() {
    const auto& spec = make_.Table();
    const Item key = make_.Chance(90) ? make_.Key(spec) : make_.Bad(spec);
    Same(engine_.Get(op_, spec.name, key), model_->Get(op_, spec.name, key), "get " + Show(key));
    const std::vector keys{make_.Key(spec), make_.Key(spec), make_.Key(spec)};
    Same(engine_.BatchGet(op_, spec.name, keys), model_->BatchGet(op_, spec.name, keys),
         "batch get");
  }

  struct HeldQuery {
    QueryRequest engine, model;
  };

  void QuerySome() {
    HeldQuery query;
    query.engine = query.model = make_.Query();
    while (NextPage(query)) {
      if (make_.Chance(20) && held_.size() < 8) return held_.push_back(query);
    }
  }

  // A cursor that has waited while items came and went.
  void ContinueQuery() {
    if (held_.empty()) return QuerySome();
    const std::size_t at = make_.Below(held_.size());
    if (NextPage(held_[at])) return;
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  // False when there is nothing to go on with.
  bool NextPage(HeldQuery& query) {
    if (!engine_.traits().key_order && !query.model.index.empty()) return WholeQuery(query);
    const auto engine = engine_.Query(op_, query.engine);
    const auto model = model_->Query(op_, query.model);
    const auto what = [&] {
      const auto& q = query.model;
      return fmt::format("query {} {} of {} op {} {} {} descending {} limit {}", q.table, q.index,
                         Show(q.partition), static_cast<int>(q.sort.op), Show(q.sort.value),
                         Show(q.sort.upper), q.descending, q.limit);
    };
    SameCode(engine, model, what());
    if (!engine.ok()) return false;
    if (!(engine->items == model->items))
      Differ(what() + ": " + testing::PrintToString(engine->items) + " is not the model's " +
             testing::PrintToString(model->items));
    query.engine.after = engine->next;
    query.model.after = model->next;
    return !engine->next.empty() && !model->next.empty();
  }

  // Where equal index keys come in any order, only the whole answer can be compared.  Nothing is
  // left to go on with.
  bool WholeQuery(const HeldQuery& query) {
    const auto model = model_->Query(op_, query.model);
    if (!model.ok()) {
      SameCode(engine_.Query(op_, query.engine), model, "query of an index");
      return false;
    }
    const TableSpec spec = Must(model_->Table(op_, query.model.table));
    if (!(InKeyOrder(spec, QueryAll(engine_, query.engine)) ==
          InKeyOrder(spec, QueryAll(*model_, query.model))))
      Differ("index " + query.model.index + " of " + spec.name + " holds other items");
    return false;
  }

  void ScanSome() {
    const auto& spec = make_.Table();
    const std::size_t limit = make_.Pick<std::size_t>({1, 3, 1000});
    std::vector<Item> engine;
    for (const auto& segment : Must(engine_.SplitScan(op_, spec.name, 1 + make_.Below(4))))
      for (auto& item : ScanSegment(engine_, spec.name, segment, limit))
        engine.push_back(std::move(item));
    if (!engine_.traits().key_order) engine = InKeyOrder(spec, std::move(engine));
    if (!(engine == ScanAll(*model_, spec.name)))
      Differ("segments of " + spec.name + " do not add up");
  }

  void UseSnapshot() {
    if (!engine_.traits().snapshots) return;
    if (engine_snapshot_ == nullptr) {
      engine_snapshot_ = Must(engine_.OpenSnapshot(op_));
      model_snapshot_ = Must(model_->OpenSnapshot(op_));
      return;
    }
    CompareSources(*engine_snapshot_, *model_snapshot_);
    engine_snapshot_.reset();
    model_snapshot_.reset();
  }

  // -- The change log --

  std::string Name() { return make_.Chance(50) ? "one" : "two"; }

  // Changes in (from, to] were logged in an order of the engine's own.
  void UnorderedSince(Position from) {
    const Position to = Must(model_->LastChange(op_));
    if (to > from + 1) unordered_.emplace_back(from, to);
  }

  // A position that does not divide changes of unknown order.
  Position SomePosition() {
    const Position last = Must(model_->LastChange(op_));
    Position at = last + 1 - std::min<Position>(make_.Below(30), last + 1);
    for (const auto& [from, to] : unordered_)
      if (at > from && at < to) at = to;
    return at;
  }

  bool Registered(const std::string& name) {
    const auto consumers = Must(model_->Consumers(op_));
    return std::any_of(consumers.begin(), consumers.end(),
                       [&](const Consumer& consumer) { return consumer.name == name; });
  }

  void MoveConsumers() {
    const std::string name = Name();
    const Position to = SomePosition();
    switch (make_.Below(4)) {
      case 0: {
        // Not two errors at once: a name that is taken comes with a start that is possible.
        const Position start = Registered(name) ? Must(model_->LastChange(op_)) : to;
        return Same(engine_.AddConsumer(op_, name, start), model_->AddConsumer(op_, name, start),
                    "add consumer");
      }
      case 1:
        return Same(engine_.RemoveConsumer(op_, name), model_->RemoveConsumer(op_, name),
                    "remove consumer");
      default:
        Same(engine_.AdvanceConsumer(op_, {name, to}), model_->AdvanceConsumer(op_, {name, to}),
             "advance");
    }
  }

  void Trim() {
    const Position to = SomePosition();
    auto engine = Must(engine_.TrimChanges(op_, to));
    const auto model = Must(model_->TrimChanges(op_, to));
    std::sort(engine.held_back_by.begin(), engine.held_back_by.end());
    if (engine.trimmed_to != model.trimmed_to || engine.held_back_by != model.held_back_by)
      Differ(fmt::format("trim to {}: reached {} held by {}, the model {} held by {}", to,
                         engine.trimmed_to, engine.held_back_by.size(), model.trimmed_to,
                         model.held_back_by.size()));
  }

  void ReadLog() {
    const Position after = SomePosition();
    const std::size_t limit = make_.Pick<std::size_t>({1, 5, 1000});
    const auto engine = engine_.ReadChanges(op_, after, limit);
    const auto model = model_->ReadChanges(op_, after, limit);
    SameCode(engine, model, "read changes");
    if (!engine.ok()) return;
    if (engine->next != model->next || engine->changes.size() != model->changes.size())
      Differ(fmt::format("changes behind {}: {} up to {}, the model {} up to {}", after,
                         engine->changes.size(), engine->next, model->changes.size(), model->next));
  }

  // -- Everything --

  void CompareSources(ItemSource& engine, ItemSource& model) {
    if (Plain(Must(engine.Tables(op_))) != Plain(Must(model.Tables(op_)))) Differ("other tables");
    Same(engine.LastChange(op_), model.LastChange(op_), "the log's end");
    for (const auto& spec : make_.tables()) {
      if (!(ScanAll(engine, spec.name) == ScanAll(model, spec.name)))
        Differ("table " + spec.name +
               " holds other items: " + testing::PrintToString(ScanAll(engine, spec.name)) +
               " is not the model's " + testing::PrintToString(ScanAll(model, spec.name)));
      Same(engine.Count(op_, spec.name), model.Count(op_, spec.name), "count of " + spec.name);
    }
  }

  std::vector<std::string> WholeLog(ItemStore& store, Position after) {
    std::vector<std::string> out;
    for (;;) {
      const auto page = Must(store.ReadChanges(op_, after, 1000));
      if (page.changes.empty()) break;
      for (Change change : page.changes) {
        // One group of unknown order counts as one position.
        for (const auto& [from, to] : unordered_)
          if (change.position > from && change.position <= to) change.position = to;
        out.push_back(fmt::format("{:08} {} {}", change.position, Show(change), change.at_millis));
      }
      after = page.next;
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  void CompareEverything() {
    CompareSources(engine_, *model_);
    const Position floor = Must(model_->TrimChanges(op_, 0)).trimmed_to;
    const auto engine = WholeLog(engine_, floor), model = WholeLog(*model_, floor);
    const auto [e, m] = std::mismatch(engine.begin(), engine.end(), model.begin(), model.end());
    if (e != engine.end() || m != model.end())
      Differ("the log says " + (e == engine.end() ? "nothing" : *e) + " where the model says " +
             (m == model.end() ? "nothing" : *m));
    std::map<std::string, Position> engine_consumers, model_consumers;
    for (const auto& c : Must(engine_.Consumers(op_))) engine_consumers[c.name] = c.position;
    for (const auto& c : Must(model_->Consumers(op_))) model_consumers[c.name] = c.position;
    if (engine_consumers != model_consumers) Differ("the consumers stand elsewhere");
    Must(engine_.CheckIntegrity(op_));
    Must(model_->CheckIntegrity(op_));
  }

  ItemStore& engine_;
  const std::unique_ptr<MemoryStore> model_;
  ManualClock& clock_;
  Maker make_;
  OpContext op_;
  int step_ = 0;
  std::vector<HeldQuery> held_;
  std::unique_ptr<Snapshot> engine_snapshot_, model_snapshot_;
  std::vector<std::pair<Position, Position>> unordered_;
};

TEST_P(ItemStoreConformance, RandomOperationsGiveWhatTheModelGives) {
  NEEDS_LOG();
  for (const std::uint32_t seed : {101u, 202u, 303u, 404u}) {
    std::cout << "seed " << seed << std::endl;
    files::TempFolder folder =
        Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "items-"));
    const auto engine = Must(GetParam().open(folder.path(), clock));
    Twins twins(*engine, clock, seed);
    try {
      twins.Run(2500);
    } catch (const std::exception& e) {
      FAIL() << "seed " << seed << " step " << twins.step() << ": " << e.what();
    }
  }
}

}  // namespace
}  // namespace vams::items::conformance
