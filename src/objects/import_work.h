// What the parts of an ObjectImporter share.  Internal to objects.  Not thread-safe.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "objects/object_import.h"
#include "objects/object_records.h"

namespace vams::objects {

// Attempts to write a batch before it is given up because of other writers.
inline constexpr int kImportAttempts = 8;

struct ImportWork {
  items::ItemStore& store;
  BlobStore& blobs;
  const ImportOptions options;
  ImportReport report;

  void Problem(std::string message) {
    ++report.problem_count;
    if (report.problems.size() < options.max_problems)
      report.problems.push_back(std::move(message));
  }
  void Progress() const {
    if (options.on_progress) options.on_progress(report);
  }
};

// Changes to make, and what stands against the others.
struct ChangePlan {
  std::vector<ObjectChange> changes;
  std::vector<std::string> problems;
};

// Makes a plan from what is recorded now and commits it; plans again when another writer was
// faster.
template <typename Plan>
Status PlanAndCommit(OpContext& op, ImportWork& work, Plan plan,
                     const CommittedVisitor& committed) {
  for (int attempt = 1;; ++attempt) {
    ChangePlan made;
    TRY(made, plan());
    auto status = CommitChanges(op, work.store, std::move(made.changes), committed);
    if (!status.ok() && status.error().code == Code::kConflict && attempt < kImportAttempts)
      continue;
    TRY_OK(status);
    for (auto& problem : made.problems) work.Problem(std::move(problem));
    work.Progress();
    return Ok();
  }
}

// ---- listing_import.cc ----
Status ImportListing(OpContext& op, ImportWork& work, const files::Path& path,
                     std::string_view bucket);

// ---- folder_import.cc ----
Status ImportFolder(OpContext& op, ImportWork& work, const files::Path& dir,
                    std::string_view bucket);

// Whether the ETag is a digest of the content: 32 hexadecimal digits, no count of parts.
bool IsSinglePartEtag(std::string_view etag);

}  // namespace vams::objects
