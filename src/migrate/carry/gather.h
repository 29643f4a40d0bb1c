// Copies the records of subjects out of a large store into a small one.  Internal to carry.
//
// One owner.  Blocks on disk; uses threads of its own where whole tables have to be looked through.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"
#include "migrate/carry/subjects.h"

namespace vams::migrate::carry {

// What the changes touch.
struct Touched {
  std::string whole;  // not empty: why not one by one
  std::uint64_t changes = 0, system_changes = 0;
  // Subjects are single versions of assets, and their records are found by their keys; else they
  // are whole assets, and tables are looked through.
  bool fine = false;
  NameSet names;
  // With `fine`: the databases, without "#deleted", in which an asset id is or was.
  std::map<std::string, std::set<std::string>, std::less<>> databases;
};

// A store with the tables of another one and some of its records.  Add may be called from several
// threads.
class SmallStore {
 public:
  static Result<std::unique_ptr<SmallStore>> Create(OpContext& op, const files::Path& path,
                                                    items::ItemSource& like);
  ~SmallStore();

  Status Add(OpContext& op, std::string_view table, const items::Item& item);
  Status AddEncoded(OpContext& op, std::string_view table, std::string_view encoded);
  // Nothing can be added behind it; the file is whole and closed.
  Status Finish(OpContext& op);

 private:
  SmallStore() = default;
  std::unique_ptr<items::ItemStore> store_;
  std::mutex mutex_;  // guards loaders_
  std::map<std::string, std::unique_ptr<items::BulkLoader>, std::less<>> loaders_;
};

struct GatherJob {
  const std::vector<Leg>& path;
  const std::set<std::string, std::less<>>& tables;  // TablesOfPath
  const Subjects& subjects;
  items::ItemSource& source;
  SmallStore* into = nullptr;
  // The records that phases look up for those of the subjects as well.
  bool context = false;
  int threads = 2;
};

// Adds to `touched.names` what belongs to the same units, as one of the two stores has it; false
// when nothing was missing.
Result<bool> Close(OpContext& op, const GatherJob& job, Touched& touched);
// Copies the records of the subjects, and what earlier migrations kept of them.
Status Gather(OpContext& op, const GatherJob& job, const Touched& touched);

// Whether a residue or finding belongs to one of the path's steps and to one of the subjects.
Result<bool> IsKeptOf(const std::vector<Leg>& path, const Subjects& subjects, const NameSet& names,
                      std::string_view table, const items::Item& row);

// All records of a table whose partition key begins with `prefix`.
Status VisitPrefix(OpContext& op, items::ItemSource& source, std::string_view table,
                   const std::string& prefix,
                   const std::function<Status(const items::Item&)>& visit);
// All records of a partition of a table or index; none if there is no such table.
Status VisitPartition(OpContext& op, items::ItemSource& source, std::string_view table,
                      std::string_view index, std::string_view partition,
                      const std::function<Status(const items::Item&)>& visit);
// All records of a table; none if it is not there.
Status VisitAll(OpContext& op, items::ItemSource& source, std::string_view table,
                const std::function<Status(const items::Item&)>& visit);

}  // namespace vams::migrate::carry
