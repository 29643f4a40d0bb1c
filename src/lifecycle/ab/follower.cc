#include "lifecycle/ab/follower.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/fault_point.h"
#include "base/log.h"
#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/ab/follower_rows.h"
#include "lifecycle/ab/tables.h"
#include "lifecycle/work_folder.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::ab {

namespace json = boost::json;
using items::Change;
using items::Item;
using items::Value;
using items::Write;

namespace {

constexpr std::size_t kRowPage = 2000;
constexpr std::size_t kChangePage = 500;
constexpr std::chrono::milliseconds kTellEvery{300};
constexpr std::chrono::milliseconds kLookEvery{500};

const std::string kTableName{kTable};

Item PositionRow(const State& state, std::uint64_t generation, items::Position position) {
  return {{"name", Value::S(kApplied)},
          {"deployment", Value::S(state.deployment)},
          {"epoch", Value::N(static_cast<std::int64_t>(state.epoch))},
          {"generation", Value::N(static_cast<std::int64_t>(generation))},
          {"position", Value::N(static_cast<std::int64_t>(position))}};
}

std::uint64_t NumberIn(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  if (value == nullptr || value->kind() != items::Kind::kN) return 0;
  return std::strtoull(std::string(value->text()).c_str(), nullptr, 10);
}

// What the changes come to: of several of one item the last.
Result<std::vector<Write>> WritesOf(OpContext& op, Source& source, std::vector<Change>& changes) {
  std::map<std::pair<std::string, std::string>, std::size_t> last;
  for (std::size_t i = 0; i < changes.size(); ++i)
    last[{changes[i].table, items::EncodeItem(changes[i].key)}] = i;
  std::vector<Write> writes;
  for (const auto& [key, i] : last) {
    Change& change = changes[i];
    if (!change.has_images && change.op == Change::Op::kPut) {
      // Bulk work logged the key alone: whatever is there now, later changes bring it up to date.
      TRY(auto now, source.Now(op, change.table, std::span(&change.key, 1)));
      change.after = now.empty() ? std::nullopt : std::move(now.front());
    }
    if (change.op == Change::Op::kPut && change.after)
      writes.push_back(Write::Put(change.table, *std::move(change.after)));
    else
      writes.push_back(Write::Delete(change.table, std::move(change.key)));
  }
  return writes;
}

}  // namespace

// ---- The copy

class Follower::Copier {
 public:
  Copier(Follower& follower, const SourceLook& look) : f_(follower), look_(look) {}

  Status Run(OpContext& op) {
    TRY(auto builder, GenerationBuilder::ForStack(f_.setup_.registry, f_.setup_.stack));
    TRY(f_.blobs_, objects::OpenBlobs(f_.setup_.stack.blobs(), f_.setup_.encryption,
                                      {.clock = &f_.setup_.clock}));
    {
      TRY(const auto store, items::OpenSqliteStore(builder.items(), {.clock = &f_.setup_.clock}));
      TRY_OK(MakeTables(op, *store));
      for (const auto& spec : specs_) TRY_OK(Table(op, *store, spec.name));
      TRY_OK(Contents(op));
      VAMS_POINT("ab.copy.contents_done");
      TRY_OK(f_.CommitPosition(op, *store, look_.generation, look_.last_change));
    }
    // Where the copy becomes that of one moment: its pages were read while the source was written.
    TRY(const SourceLook end, f_.source_.Look(op));
    VAMS_POINT("ab.copy.before_publish");
    TRY(f_.setup_.stack, builder.Publish(look_.data_version,
                                         {{"kind", "ab"},
                                          {"from", look_.stack},
                                          {"deployment", f_.setup_.state.deployment},
                                          {"generation", look_.generation},
                                          {"position", look_.last_change},
                                          {"whole", end.last_change}},
                                         std::move(counts_)));
    VAMS_POINT("ab.copy.published");
    return Ok();
  }

 private:
  Status MakeTables(OpContext& op, items::ItemStore& store) {
    TRY(const auto all, f_.source_.Tables(op));
    specs_ = CarriedOf(all, !f_.setup_.state.peer.remote());
    std::vector<items::TableSpec> made = specs_;
    for (auto& spec : TablesOfGeneration(look_.data_version))
      if (std::ranges::find(made, spec.name, &items::TableSpec::name) == made.end())
        made.push_back(std::move(spec));
    return store.CreateTables(op, made);
  }

  Status Table(OpContext& op, items::ItemStore& store, const std::string& name) {
    TRY(const auto load, store.OpenBulkLoad(op, name, {.sorted = true}));
    const bool refers = RefersToContents(name);
    std::string after;
    do {
      TRY_OK(op.Check());
      TRY(after,
          f_.source_.Rows(op, name, after, kRowPage, [&](std::string_view encoded) -> Status {
            TRY_OK(load->AddEncoded(op, encoded));
            ++f_.progress_.rows;
            if (!refers) return Ok();
            TRY(const Item item, items::DecodeItem(encoded));
            return backup::ContentsOfItem(item, contents_);
          }));
      f_.Tell("copying");
      VAMS_POINT("ab.copy.after_page");
    } while (!after.empty());
    TRY(const std::uint64_t rows, load->Finish(op));
    counts_[name] = rows;
    return Ok();
  }

  Status Contents(OpContext& op) {
    backup::SortContents(contents_);
    std::vector<std::string> missing;
    for (const auto& content : contents_) {
      std::string sha256 = objects::HexOf(content.sha256);
      TRY(const bool there, f_.blobs_->Has(sha256));
      if (there) continue;
      missing.push_back(std::move(sha256));
      f_.progress_.content_bytes += content.size;
    }
    TRY(const auto absent,
        FetchContents(op, f_.source_, missing, *f_.blobs_, [this](std::uint64_t done) {
          f_.progress_.contents = done;
          f_.Tell("contents");
        }));
    f_.absent_.insert(absent.begin(), absent.end());
    return Ok();
  }

  Follower& f_;
  const SourceLook& look_;
  std::vector<items::TableSpec> specs_;
  std::vector<backup::Content> contents_;
  json::object counts_;
};

// ---- Following

Follower::~Follower() = default;

Result<std::unique_ptr<Follower>> Follower::Open(OpContext& op, Source& source, FollowSetup setup,
                                                 bool anew) {
  std::unique_ptr<Follower> follower(new Follower(source, std::move(setup)));
  follower->rate_since_ = std::chrono::steady_clock::now();
  RemoveWorkFolders(follower->setup_.stack.folder, kWork);
  TRY(const SourceLook look, source.Look(op));
  bool resumed = false;
  if (!anew) {
    TRY(resumed, follower->Resume(op, look));
  }
  if (resumed) return follower;
  if (look.data_version > tables::kNewest)
    return Error(
        Code::kNotSupported,
        fmt::format("{} holds data of version {}, and this release knows versions up to "
                    "{}; nothing was copied; use the release that serves it",
                    source.Where(), look.data_version.ToString(), tables::kNewest.ToString()));
  TRY_OK(follower->Copy(op, look));
  return follower;
}

Status Follower::OpenStore() {
  TRY(store_, items::OpenSqliteStore(setup_.stack.current.items(), {.clock = &setup_.clock}));
  if (blobs_ == nullptr) {
    TRY(blobs_,
        objects::OpenBlobs(setup_.stack.blobs(), setup_.encryption, {.clock = &setup_.clock}));
  }
  OpContext op;
  TRY(const auto specs, store_->Tables(op));
  tables_.clear();
  for (const auto& spec : specs) tables_.insert(spec.name);
  return Ok();
}

// True: the store says where to go on, or the state does for this epoch.
Result<bool> Follower::Resume(OpContext& op, const SourceLook& look) {
  TRY_OK(OpenStore());
  const State& state = setup_.state;
  generation_ = look.generation;
  if (tables_.contains(kTable)) {
    const auto row = store_->Get(op, kTable, Item{{"name", Value::S(kApplied)}});
    if (!row.ok() && row.error().code != Code::kNotFound) return row.error();
    if (row.ok() && row->Text("deployment") == state.deployment &&
        NumberIn(*row, "epoch") == state.epoch && NumberIn(*row, "generation") == look.generation) {
      position_ = NumberIn(*row, "position");
      TRY(crossing_,
          Crossing::Between(look.data_version, setup_.stack.current.data_version, state));
      return true;
    }
  }
  if (state.from_generation != 0 && state.from_generation == look.generation) {
    if (!tables_.contains(kTable))
      TRY_OK(store_->CreateTables(op, std::span(tables::FindSystemTable(kTable), 1)));
    TRY_OK(CommitPosition(op, *store_, look.generation, state.from_position));
    position_ = state.from_position;
    TRY(crossing_, Crossing::Between(look.data_version, setup_.stack.current.data_version, state));
    return true;
  }
  store_.reset();
  blobs_.reset();
  return false;
}

Status Follower::Copy(OpContext& op, const SourceLook& look) {
  LogInfo(fmt::format("{} is copied, up to its change {}", source_.Where(), look.last_change));
  progress_ = {};
  TRY_OK(source_.Keep(op, look.last_change));
  crossing_.reset();
  if (look.data_version == tables::kNewest) {
    Copier copier(*this, look);
    TRY_OK(copier.Run(op));
    position_ = look.last_change;
  } else {
    TRY_OK(CopyThroughSteps(op, look));
  }
  TRY_OK(OpenStore());
  generation_ = look.generation;
  rate_from_ = 0;
  return AppendHistory(setup_.stack,
                       {{"operation", "ab copy"},
                        {"result", "done"},
                        {"from", look.stack},
                        {"rows", progress_.rows},
                        {"contents", progress_.contents},
                        {"position", position_}},
                       setup_.clock);
}

Status Follower::CommitPosition(OpContext& op, items::ItemStore& store, std::uint64_t generation,
                                items::Position position) const {
  const Write write[] = {Write::Put(kTableName, PositionRow(setup_.state, generation, position))};
  TRY([[maybe_unused]] const auto committed, store.Commit(op, write));
  return Ok();
}

Status Follower::Apply(OpContext& op, std::vector<Change> changes, items::Position to) {
  const bool one_host = !setup_.state.peer.remote();
  std::erase_if(changes, [&](const Change& c) { return !IsCarried(c.table, one_host); });
  std::set<std::string> unknown;
  for (const Change& change : changes)
    if (!tables_.contains(change.table)) unknown.insert(change.table);
  if (!unknown.empty()) {
    // A newer release on the other side has made tables since.
    TRY(const auto specs, source_.Tables(op));
    for (const auto& spec : specs)
      if (unknown.contains(spec.name)) {
        TRY_OK(store_->CreateTables(op, std::span(&spec, 1)));
        tables_.insert(spec.name);
      }
  }
  const std::uint64_t count = changes.size();
  TRY(auto writes, WritesOf(op, source_, changes));
  std::vector<backup::Content> contents;
  for (const Write& write : writes)
    if (write.op == Write::Op::kPut && RefersToContents(write.table))
      TRY_OK(backup::ContentsOfItem(write.item, contents));
  TRY_OK(FetchMissing(op, std::move(contents)));
  writes.push_back(Write::Put(kTableName, PositionRow(setup_.state, generation_, to)));
  VAMS_POINT("ab.apply.before_commit");
  TRY_OK(store_->Commit(op, writes));
  VAMS_POINT("ab.apply.after_commit");
  position_ = to;
  progress_.applied += count;
  return Ok();
}

Status Follower::FetchMissing(OpContext& op, std::vector<backup::Content> contents) {
  backup::SortContents(contents);
  std::vector<std::string> missing;
  for (const auto& content : contents) {
    std::string sha256 = objects::HexOf(content.sha256);
    TRY(const bool there, blobs_->Has(sha256));
    if (there) continue;
    missing.push_back(std::move(sha256));
    progress_.content_bytes += content.size;
  }
  if (missing.empty()) return Ok();
  TRY(const auto absent, FetchContents(op, source_, missing, *blobs_, [](std::uint64_t) {}));
  progress_.contents += missing.size() - absent.size();
  absent_.insert(absent.begin(), absent.end());
  return Ok();
}

Result<bool> Follower::Step(OpContext& op, std::chrono::milliseconds wait) {
  if (crossing_ != nullptr) return StepAcross(op, wait);
  TRY(auto page, source_.Changes(op, position_, kChangePage, wait));
  const auto now = std::chrono::steady_clock::now();
  if (page.changes.empty()) {
    progress_.source_position = position_;
    progress_.lag_millis = 0;
    Tell("following");
    return false;
  }
  const std::int64_t oldest = page.changes.front().at_millis;
  const items::Position to = page.next;
  TRY_OK(Apply(op, std::move(page.changes), to));
  if (now - looked_ >= kLookEvery) {
    looked_ = now;
    TRY(const auto look, source_.Look(op));
    progress_.source_position = std::max(look.last_change, position_);
    progress_.lag_millis =
        look.last_change > position_ ? std::max<std::int64_t>(0, look.now_millis - oldest) : 0;
    TRY_OK(source_.Keep(op, position_));
  }
  Tell("following");
  return true;
}

Status Follower::DrainTo(OpContext& op, items::Position position) {
  if (crossing_ != nullptr) return DrainAcross(op, position);
  while (position_ < position) {
    TRY(auto page, source_.Changes(op, position_, kChangePage, std::chrono::milliseconds(0)));
    std::erase_if(page.changes, [&](const Change& c) { return c.position > position; });
    if (page.changes.empty())
      return Error(Code::kCorrupt,
                   fmt::format("the change log of {} ends at {}, before {}; nothing was switched; "
                               "check its item store with \"vams items check\"",
                               source_.Where(), position_, position));
    const items::Position to = page.changes.back().position;
    TRY_OK(Apply(op, std::move(page.changes), to));
  }
  return Ok();
}

void Follower::Tell(std::string_view phase, bool now) {
  const auto time = std::chrono::steady_clock::now();
  if (!now && time - told_ < kTellEvery) return;
  told_ = time;
  const std::uint64_t done = phase == "copying" ? progress_.rows : progress_.applied;
  if (const std::chrono::duration<double> passed = time - rate_since_; passed.count() >= 2) {
    progress_.per_second =
        done >= rate_from_ ? static_cast<double>(done - rate_from_) / passed.count() : 0;
    rate_since_ = time;
    rate_from_ = done;
  }
  progress_.phase = phase;
  progress_.at_millis = setup_.clock.NowMillis();
  progress_.pid = ::getpid();
  progress_.position = position_;
  progress_.source_position = std::max(progress_.source_position, position_);
  progress_.absent = absent_.size();
  // Whoever looks finds an older one.
  (void)WriteProgress(setup_.stack, progress_);
}

}  // namespace vams::lifecycle::ab
