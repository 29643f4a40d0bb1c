// What a caller may find: the rules for reading assets, asked by the classes that documents of the
// search index belong to.  Internal to catalog.  Spec: search.md section 6, permissions.md section
// 6.4; ruling 17: what is filtered is what a check of each hit would filter.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/policy.h"
#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "search/search.h"

namespace vams::catalog {

// The databases that are not archived.
struct LiveDatabases {
  std::vector<std::string> ids;  // sorted
  std::string digest;            // of the ids
};

// Keeps the list for as long as nothing is written; on stores without a change log for a second.
//
// Thread-safe.  Blocks on the item store.
class LiveDatabaseList {
 public:
  LiveDatabaseList(items::ItemStore& items, const Clock& clock) : items_(items), clock_(clock) {}

  Result<std::shared_ptr<const LiveDatabases>> Get(OpContext& op);

 private:
  items::ItemStore& items_;
  const Clock& clock_;
  std::mutex mutex_;  // guards what follows; not held while reading
  std::shared_ptr<const LiveDatabases> list_;
  items::Position position_ = 0;  // of the log before the list was read
  std::int64_t read_at_ = 0;
};

// The rules of one caller, for one request.  The policy is borrowed.
//
// Thread-safe.  Nothing blocks.
class PolicyAccess final : public search::AccessFilter {
 public:
  PolicyAccess(const access::Policy& policy, std::shared_ptr<const LiveDatabases> live);

  // Of the rules and the databases: callers whose rules for assets are the same share what engines
  // keep, and a rule that changes makes another key.
  std::string cache_key() const override { return key_; }
  Verdict Decide(const search::AccessClass& access) const override;
  bool DecideName(const search::AccessClass& access, std::string_view asset_name) const override;
  // Those of which something may be readable.
  std::optional<std::vector<std::string>> databases() const override;

  // Whether every document of databases() may be read, so that nothing else has to be asked.
  bool DecidedByDatabase() const;

 private:
  const access::Policy& policy_;
  std::shared_ptr<const LiveDatabases> live_;
  std::string key_;
};

}  // namespace vams::catalog
