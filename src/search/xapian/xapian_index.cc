#include "search/xapian/xapian_index.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/fault_point.h"
#include "search/xapian/builder.h"
#include "search/xapian/guard.h"
#include "search/xapian/search_pass.h"

namespace vams::search {
namespace xapian {
namespace {

Result<files::FileLock> LockFolder(const files::Path& folder) {
  return files::FileLock::Acquire(folder / "lock", fmt::format("process {}", ::getpid()));
}

// An empty generation; the name is the caller's to set.
Result<std::shared_ptr<Store>> MakeEmpty(const Shared& shared, const std::string& name,
                                         Position position) {
  const files::Path folder = shared.catalogue.GenerationFolder(name);
  const files::Path made = files::Path(folder) += ".tmp";
  TRY_OK(files::RemoveTree(made));
  TRY_OK(Store::Create(made, position));
  TRY_OK(files::RenameDurably(made, folder));
  return Store::Open(folder, shared.options);
}

class XapianIndex final : public Index {
 public:
  explicit XapianIndex(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  // Makes the first generation, or opens the one that serves.
  Status Begin() {
    const Catalogue& catalogue = shared_->catalogue;
    TRY(const auto current, catalogue.Current());
    TRY(const auto generations, catalogue.Generations());
    if (current) {
      TRY_OK(catalogue.Tidy());
      TRY(auto store, Store::Open(catalogue.GenerationFolder(*current), shared_->options));
      shared_->serving = std::move(store);
      return Ok();
    }
    // An interrupted beginning leaves an empty generation; anything else has lost its pointer.
    for (const std::string& name : generations) {
      TRY(const auto count, Guarded("opening the search index", [&]() -> Result<std::uint64_t> {
            return Reader(catalogue.GenerationFolder(name)).document_count();
          }));
      if (count > 0) return Corrupt("CURRENT is missing, and there is " + name);
    }
    TRY_OK(catalogue.Tidy());
    const std::string name = Catalogue::NameOf(1);
    TRY(auto store, MakeEmpty(*shared_, name, 0));
    return shared_->Serve(name, std::move(store));
  }

  const Traits& traits() const override { return traits_; }

  Result<Answer> Search(OpContext& op, const Request& request) override {
    TRY_OK(op.Check());
    TRY_OK(CheckRequest(request));
    const auto store = shared_->Serving();
    std::optional<Answer> answer;
    TRY_OK(store->Read(op, "the search", [&](const Store::View& view) -> Status {
      TRY(answer, SearchOnce(op, view, request));
      return Ok();
    }));
    return *std::move(answer);
  }

  Status Apply(OpContext& op, std::span<const Write> writes, Position position) override {
    const std::lock_guard lock(shared_->write_mutex);
    return shared_->Serving()->Apply(op, writes, position);
  }

  Status Clear(OpContext& op, KindSet kinds) override {
    TRY_OK(op.Check());
    const std::lock_guard lock(shared_->write_mutex);
    const auto store = shared_->Serving();
    if (kinds != KindSet::kBoth) return store->Clear(op, kinds);
    // To leave everything behind takes no time, to remove it piece by piece much.
    TRY(const std::string name, shared_->NewGeneration());
    TRY(auto empty, MakeEmpty(*shared_, name, store->position()));
    VAMS_POINT("search.before_clear");
    return shared_->Serve(name, std::move(empty));
  }

  Result<std::unique_ptr<Builder>> StartBuild(OpContext& op, BuildOptions options) override {
    TRY_OK(op.Check());
    return Built([&]() -> Result<std::unique_ptr<Builder>> {
      const Catalogue& catalogue = shared_->catalogue;
      // An earlier build that got as far as a generation leaves that, too.
      if (const auto left = catalogue.ReadManifest(); left.ok() && *left) {
        TRY(const auto current, catalogue.Current());
        if (!(*left)->generation.empty() && (*left)->generation != current)
          TRY_OK(files::RemoveTree(catalogue.GenerationFolder((*left)->generation)));
      }
      TRY_OK(files::RemoveTree(catalogue.build()));
      TRY_OK(files::MakeFolders(catalogue.build()));
      Manifest manifest{.options = options, .generation = {}};
      TRY_OK(catalogue.WriteManifest(manifest));
      return XapianBuilder::Open(shared_, std::move(manifest));
    });
  }

  Result<std::unique_ptr<Builder>> ResumeBuild(OpContext& op) override {
    TRY_OK(op.Check());
    return Built([&]() -> Result<std::unique_ptr<Builder>> {
      TRY(auto manifest, shared_->catalogue.ReadManifest());
      if (!manifest) return Error(Code::kNotFound, "no build of a search index was interrupted");
      return XapianBuilder::Open(shared_, *std::move(manifest));
    });
  }

  Result<Position> GetPosition(OpContext& op) override {
    TRY_OK(op.Check());
    return shared_->Serving()->position();
  }
  Result<std::optional<Document>> Find(OpContext& op, std::string_view id) override {
    return shared_->Serving()->Find(op, id);
  }
  Result<Counts> Count(OpContext& op) override { return shared_->Serving()->Count(op); }
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit) override {
    return shared_->Serving()->ScanIds(op, after, limit);
  }
  Result<std::vector<std::string>> Check(OpContext& op) override {
    return shared_->Serving()->Check(op);
  }
  Result<std::vector<std::string>> DynamicFields(OpContext& op, Kind kind) override {
    return shared_->Serving()->DynamicFields(op, kind);
  }

 private:
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

  const Traits traits_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace
}  // namespace xapian

Result<std::unique_ptr<Index>> OpenXapianIndex(const files::Path& folder,
                                               const XapianOptions& options) {
  TRY_OK(files::MakeFolders(folder));
  TRY(auto lock, xapian::LockFolder(folder));
  auto index = std::make_unique<xapian::XapianIndex>(
      std::make_shared<xapian::Shared>(folder, options, std::move(lock)));
  TRY_OK(index->Begin());
  return std::unique_ptr<Index>(std::move(index));
}

Status RemoveXapianIndex(const files::Path& folder) {
  if (!std::filesystem::exists(folder)) return Ok();
  TRY(const auto lock, xapian::LockFolder(folder));
  return files::RemoveTree(folder);
}

}  // namespace vams::search
