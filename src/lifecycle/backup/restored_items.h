// Makes an item store of what a backup holds: the rows of every table, brought forward or back by
// the changes of the log to the position that is asked for.  Internal to backup.
// Format: docs/formats/backup.md, "Manifests".
//
// One thread.  Blocks for as long as there are many rows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "lifecycle/backup/backup.h"

namespace vams::lifecycle::backup {

struct RestoredItems {
  std::uint64_t rows = 0, tables = 0, applied = 0, undone = 0;
  bool proved = false;
  boost::json::object counts;  // rows by table
};

// Of an error that was met in a backup: that of a damaged one says what is left to do.
Error Unrestorable(const Error& error);

class ItemsRestorer {
 public:
  // What is damaged is reported to `findings` and left out with `skip_damaged`.
  ItemsRestorer(const Manifest& manifest, const ChunkReader& reader, bool skip_damaged,
                std::vector<Finding>& findings, const Setting& setting)
      : manifest_(manifest),
        reader_(reader),
        skip_damaged_(skip_damaged),
        findings_(findings),
        setting_(setting) {}

  // The last position whose state was there at that time: what comes from the first change after
  // it on is undone.  kInvalid, saying how far it reaches, for a time that is out of reach.
  Result<items::Position> PositionAt(std::int64_t millis) const;

  // Into an empty store.
  Result<RestoredItems> Run(items::ItemStore& store, items::Position target);

 private:
  using Key = std::pair<std::string, std::string>;  // table, encoded key

  // Whether an error is damage that is to be skipped; then it has been reported.
  bool Skips(const Error& error, std::string kind, std::string what);
  Status LoadTable(items::ItemStore& store, const Manifest::Table& table);
  Status ApplyLog(items::ItemStore& store);
  Status Apply(items::ItemStore& store, const LoggedChange& change);
  Status Put(items::ItemStore& store, const LoggedChange& change, std::string_view image);
  Status Flush(items::ItemStore& store);
  Status Prove(items::ItemStore& store);

  const Manifest& manifest_;
  const ChunkReader& reader_;
  const bool skip_damaged_;
  std::vector<Finding>& findings_;
  const Setting& setting_;

  items::Position target_ = 0;
  RestoredItems done_;
  std::set<std::string, std::less<>> damaged_;  // tables of which something is missing
  bool log_damaged_ = false;
  std::unordered_set<std::string> undone_;  // digests of keys whose image is the one at the target
  std::map<Key, items::Write> pending_;
};

}  // namespace vams::lifecycle::backup
