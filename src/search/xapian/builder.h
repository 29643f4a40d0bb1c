// A generation in the making, and the index that it is made for.
//
// Thread rule: as search.h says.  Every call may block on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "search/xapian/catalogue.h"
#include "search/xapian/store.h"

namespace vams::search::xapian {

// What the index, its builder and segments share; it lives as long as any of them.
struct Shared {
  Shared(files::Path root, const XapianOptions& o, files::FileLock l)
      : lock(std::move(l)), catalogue(std::move(root)), options(o) {}

  std::shared_ptr<Store> Serving() const {
    const std::lock_guard guard(mutex);
    return serving;
  }
  // A name for a new generation, given out once.
  Result<std::string> NewGeneration();
  // CURRENT is `generation` from here on, and `store` serves.  With write_mutex held.
  Status Serve(const std::string& generation, std::shared_ptr<Store> store);

  const files::FileLock lock;  // the last to go
  const Catalogue catalogue;
  const XapianOptions options;

  std::mutex write_mutex;  // one at a time changes the serving generation, or swaps it
  mutable std::mutex mutex;
  std::shared_ptr<Store> serving;  // guarded by mutex
  bool building = false;           // guarded by mutex: there is a builder
  std::uint64_t last_number = 0;   // guarded by mutex: of a generation
};

// What builder and segments share.
struct Build {
  std::mutex mutex;  // guards what follows
  std::set<std::string> open;
  bool over = false;  // swapped in, or dropped
  bool finishing = false;
  std::shared_ptr<Store> store;  // once finished
};

class XapianBuilder final : public Builder {
 public:
  // `manifest` is on disk already.  The caller set shared->building.
  static Result<std::unique_ptr<Builder>> Open(std::shared_ptr<Shared> shared, Manifest manifest);
  ~XapianBuilder() override;

  Result<std::unique_ptr<Segment>> OpenSegment(OpContext& op, std::string name) override;
  Result<std::vector<std::string>> ClosedSegments(OpContext& op) override;
  const BuildOptions& options() const override { return manifest_.options; }
  bool finished() const override;
  Status Finish(OpContext& op) override;
  Status Swap(OpContext& op) override;
  Status Drop(OpContext& op) override;

  Result<Position> GetPosition(OpContext& op) override;
  Status Apply(OpContext& op, std::span<const Write> writes, Position position) override;
  Result<std::optional<Document>> Find(OpContext& op, std::string_view id) override;
  Result<Counts> Count(OpContext& op) override;
  Result<IdPage> ScanIds(OpContext& op, std::string_view after, std::size_t limit) override;
  Result<std::vector<std::string>> Check(OpContext& op) override;

 private:
  XapianBuilder(std::shared_ptr<Shared> shared, Manifest manifest);

  // Name and folder of the closed segments, in order of their names.
  Result<std::vector<std::pair<std::string, files::Path>>> Segments() const;
  // The documents of other kinds that serve, as one more segment; false: there are none.
  Result<bool> CarryOver(OpContext& op, const Shared& shared,
                         const std::vector<files::Path>& segments, const files::Path& folder) const;
  Status MakeGeneration(OpContext& op, const Shared& shared, const std::string& name) const;
  Status FinishAlone(OpContext& op, Shared& shared);
  Result<std::shared_ptr<Store>> Finished() const;
  // kConflict once the build is over.
  Result<std::shared_ptr<Shared>> Live() const;
  void End();

  const files::Path folder_;  // of the build
  const std::shared_ptr<Build> build_;
  std::shared_ptr<Shared> shared_;  // guarded by build_->mutex; nullptr: over, nothing is held
  Manifest manifest_;
};

}  // namespace vams::search::xapian
