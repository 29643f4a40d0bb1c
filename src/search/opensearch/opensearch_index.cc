#include "search/opensearch/opensearch_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "search/opensearch/builder.h"
#include "search/opensearch/searching.h"
#include "search/opensearch/terms.h"

namespace vams::search {
namespace opensearch {
namespace {

using boost::json::object;

constexpr std::chrono::milliseconds kLookEvery{500};

class OpenSearchIndex final : public Index {
 public:
  OpenSearchIndex(std::shared_ptr<Shared> shared, std::string change_log)
      : shared_(std::move(shared)),
        change_log_(std::move(change_log)),
        stored_(*shared_->client, shared_->classes, shared_->aliases) {
    traits_.position_in_commit = false;
    traits_.visible_at_once = shared_->client->options().visible_at_once;
    traits_.deep_paging = false;
    traits_.ranking = false;
  }

  // Makes what is not there yet.
  Status Begin(OpContext& op) {
    Client& client = *shared_->client;
    TRY(const Layout layout, ReadLayout(op, client, shared_->aliases));
    if (layout.serving.assets.empty() != layout.serving.files.empty() &&
        !(layout.foreign_assets || layout.foreign_files))
      return Error(Code::kCorrupt,
                   fmt::format("the search server has only one of the indexes {} and {}; remove it "
                               "and start again, then all is indexed anew",
                               shared_->aliases.assets, shared_->aliases.files));
    if (layout.serving.assets.empty() && layout.serving.files.empty()) {
      TRY(const Names made, MakeEmpty(op, layout));
      TRY_OK(ServeIndexes(op, client, shared_->aliases, made));
    } else if (layout.foreign_assets || layout.foreign_files) {
      TRY_OK(Join(op, layout));
    }
    if (!layout.foreign_assets && !layout.foreign_files) stored_.ExpectAliases();
    TRY(State state, ReadOwnState(op));
    if (state.change_log != change_log_) {
      state = {.position = 0, .change_log = change_log_, .build = std::nullopt};
      TRY_OK(stored_.WriteState(op, state));
    }
    shared_->position = state.position;
    return stored_.LoadClasses(op);
  }

  const Traits& traits() const override { return traits_; }

  Result<Answer> Search(OpContext& op, const Request& request) override {
    TRY_OK(op.Check());
    TRY_OK(CheckRequest(request));
    TRY_OK(LookAround(op));
    const Position before = shared_->serving_position();
    TRY(Answer answer, SearchOnce(op, stored_, shared_->classes, request));
    answer.position = before;
    return answer;
  }

  Result<Position> GetPosition(OpContext& op) override {
    TRY_OK(op.Check());
    return shared_->serving_position();
  }

  Status Apply(OpContext& op, std::span<const Write> writes, Position position) override {
    TRY_OK(op.Check());
    TRY_OK(CheckWrites(writes));
    const std::lock_guard lock(shared_->write_mutex);
    TRY_OK(stored_.Write(op, writes));
    if (traits_.visible_at_once && !writes.empty()) TRY_OK(stored_.Refresh(op));
    TRY_OK(stored_.WriteState(
        op, {.position = position, .change_log = change_log_, .build = std::nullopt}));
    const std::lock_guard own(shared_->mutex);
    shared_->position = position;
    return Ok();
  }

  Status Clear(OpContext& op, KindSet kinds) override {
    TRY_OK(op.Check());
    const std::lock_guard lock(shared_->write_mutex);
    return stored_.Remove(op, Ours(kinds));
  }

  Result<std::optional<Document>> Find(OpContext& op, std::string_view id) override {
    return stored_.Find(op, id);
  }
  Result<Counts> Count(OpContext& op) override {
    TRY(Counts counts, stored_.Count(op));
    TRY(const Layout layout, ReadLayout(op, *shared_->client, shared_->aliases));
    counts.generation = layout.serving.assets;
    return counts;
  }
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit) override {
    return stored_.ScanIds(op, after, limit);
  }
  Result<std::vector<std::string>> Check(OpContext& op) override { return stored_.Check(op); }

  Result<std::vector<std::string>> DynamicFields(OpContext& op, Kind kind) override {
    std::vector<std::string> names;
    const KindSet kinds = kind == Kind::kAsset ? KindSet::kAssets : KindSet::kFiles;
    TRY_OK(stored_.Distinct(
        op, field::kDynamic, Ours(kinds),
        [&](const std::string& name, const boost::json::value&) { names.push_back(name); }));
    return names;
  }

  Result<std::unique_ptr<Builder>> StartBuild(OpContext& op, BuildOptions options) override {
    return Built([&]() -> Result<std::unique_ptr<Builder>> {
      TRY_OK(op.Check());
      Client& client = *shared_->client;
      TRY(const Layout layout, ReadLayout(op, client, shared_->aliases));
      for (const std::uint64_t number : layout.generations)
        if (const Names left = NamesOf(shared_->aliases, number);
            left.assets != layout.serving.assets)
          TRY_OK(DeleteIndexes(op, client, left));
      State state{.position = options.position,
                  .change_log = change_log_,
                  .build = BuildState{.kinds = options.kinds,
                                      .begun_at = options.position,
                                      .finished = false,
                                      .closed = {}}};
      TRY(const Names made, MakeEmpty(op, layout, state));
      return std::make_unique<OpenSearchBuilder>(shared_, made, options, std::move(state));
    });
  }

  Result<std::unique_ptr<Builder>> ResumeBuild(OpContext& op) override {
    return Built([&]() -> Result<std::unique_ptr<Builder>> {
      TRY_OK(op.Check());
      TRY(const Layout layout, ReadLayout(op, *shared_->client, shared_->aliases));
      for (const std::uint64_t number : layout.generations) {
        const Names names = NamesOf(shared_->aliases, number);
        if (names.assets == layout.serving.assets) continue;
        Stored left(*shared_->client, shared_->classes, names);
        auto state = left.ReadState(op);
        if (!state.ok() && state.error().code != Code::kNotFound) return std::move(state).error();
        // Positions of another change log say nothing.
        if (!state.ok() || !state->build || state->change_log != change_log_) continue;
        const BuildOptions options{.kinds = state->build->kinds,
                                   .position = state->build->begun_at};
        auto builder =
            std::make_unique<OpenSearchBuilder>(shared_, names, options, *std::move(state));
        TRY_OK(builder->RemoveUnclosed(op));
        return builder;
      }
      return Error(Code::kNotFound, "no build of a search index was interrupted");
    });
  }

 private:
  Result<Names> MakeEmpty(OpContext& op, const Layout& layout) {
    return MakeEmpty(op, layout, {.position = 0, .change_log = change_log_, .build = std::nullopt});
  }
  Result<Names> MakeEmpty(OpContext& op, const Layout& layout, const State& state) {
    const std::uint64_t number = layout.generations.empty() ? 1 : *layout.generations.rbegin() + 1;
    Names names = NamesOf(shared_->aliases, number);
    TRY_OK(CreateIndexes(op, *shared_->client, names));
    TRY_OK(Stored(*shared_->client, shared_->classes, names).WriteState(op, state));
    return names;
  }

  // Other processes may have written, and brought access classes that are not known here.
  Status LookAround(OpContext& op) {
    {
      const std::lock_guard lock(shared_->mutex);
      const auto now = std::chrono::steady_clock::now();
      if (now - looked_at_ < kLookEvery) return Ok();
      looked_at_ = now;
    }
    TRY(const State state, ReadOwnState(op));
    if (state.change_log != change_log_ || state.position <= shared_->serving_position())
      return Ok();
    TRY_OK(stored_.LoadClasses(op));
    const std::lock_guard lock(shared_->mutex);
    shared_->position = std::max(shared_->position, state.position);
    return Ok();
  }

  // Indexes that other software made under the names of the aliases: ours go into them, too.
  Status Join(OpContext& op, const Layout& layout) {
    for (const Kind kind : {Kind::kAsset, Kind::kFile}) {
      const std::string& name = shared_->aliases.Of(kind);
      if (layout.serving.Of(kind).empty())
        TRY_OK(shared_->client->Call(op, "PUT", "/" + name, IndexBody(kind)));
      else
        TRY_OK(shared_->client->Call(op, "PUT", "/" + name + "/_mapping",
                                     object{{"properties", OwnProperties()}}));
    }
    return Ok();
  }

  Result<State> ReadOwnState(OpContext& op) {
    auto state = stored_.ReadState(op);
    if (!state.ok() && state.error().code == Code::kNotFound) return State{};
    return state;
  }

  // Runs `make` as the only builder; a builder that is made frees the place when it ends.
  template <typename Make>
  Result<std::unique_ptr<Builder>> Built(const Make& make) {
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->building)
        return Error(Code::kConflict,
                     "a new search index is being built already; wait for it to end");
      shared_->building = true;
    }
    Result<std::unique_ptr<Builder>> builder = make();
    if (!builder.ok()) {
      const std::lock_guard lock(shared_->mutex);
      shared_->building = false;
    }
    return builder;
  }

  Traits traits_;
  const std::shared_ptr<Shared> shared_;
  const std::string change_log_;
  std::chrono::steady_clock::time_point looked_at_{};  // under the mutex of what is shared
  Stored stored_;
};

}  // namespace
}  // namespace opensearch

Result<std::unique_ptr<Index>> OpenOpenSearchIndex(OpContext& op, OpenSearchOptions options) {
  auto shared = std::make_shared<opensearch::Shared>();
  shared->aliases = {.assets = options.assets, .files = options.files};
  std::string change_log = options.change_log;
  TRY(shared->client, opensearch::Client::Open(std::move(options)));
  auto index =
      std::make_unique<opensearch::OpenSearchIndex>(std::move(shared), std::move(change_log));
  TRY_OK(index->Begin(op));
  return std::unique_ptr<Index>(std::move(index));
}

}  // namespace vams::search
