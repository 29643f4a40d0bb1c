// Detection of a data set's version from the data itself: upstream stores no version anywhere
// (migrations.md section 1).  For imports, preflight and migrations.
//
// Every row that tells versions apart counts for a piece of evidence: a named fact with the
// versions that it is compatible with.  The version detected is the lowest one that all evidence
// allows, because a step run on data that does not need it changes nothing, whereas a step left out
// loses what it should have carried.  What a deployment of a newer release writes by itself
// (default constraints and schemas, features, buckets, roles, pipelines registered as GLOBAL, user
// profiles of a sign-in) is no evidence, and deprecated tables with rows are no contradiction.
//
// VersionDetector: not thread-safe, one owner; See is cheap (no decoding of what is not needed) and
// no call blocks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tables/data_version.h"

namespace vams::tables {

// How far a piece of evidence reaches.
enum class Weight : std::uint8_t {
  kRows,       // rows that are no legal part of other versions; disagreement is a contradiction
  kMissing,    // records of an old table while the table they are carried to has none
  kAttribute,  // what a release adds to rows of a table that older data has too: unknown attributes
               // are always legal, so it yields where rows or missing records say otherwise
};

struct Evidence {
  std::string name;  // stable, for machines: "asset-embeds-versions"
  std::string table;
  std::string what;  // for people, reads on after "<n> rows": "with a bucket …"
  VersionRange versions;
  Weight weight = Weight::kRows;
  std::uint64_t count = 0;           // rows, exactly
  std::vector<std::string> samples;  // keys of the first rows, at most three
  bool outweighed = false;           // kAttribute only: it yielded
};

struct Detection {
  // Nothing if the evidence contradicts itself.
  std::optional<DataVersion> version;
  // The versions that all evidence which did not yield allows; empty on a contradiction.
  VersionRange allowed;
  // What the rows alone allow, without what is missing; empty if the rows contradict each other.
  VersionRange allowed_by_rows;
  std::vector<Evidence> evidence;  // lowest versions first
  // Pairs of `evidence` without a common version, the older side first.
  std::vector<std::pair<std::size_t, std::size_t>> conflicts;
  // No row said anything: the version was taken from which tables there are.
  bool from_tables_only = false;
  std::map<std::string, std::uint64_t> deployment_rows;  // per table: rows that decide nothing
  std::uint64_t unreadable_rows = 0;
  std::vector<std::string> notes;  // sentences for people

  bool contradictory() const { return !conflicts.empty(); }
};

class VersionDetector {
 public:
  VersionDetector();
  ~VersionDetector();
  VersionDetector(VersionDetector&&) noexcept;
  VersionDetector& operator=(VersionDetector&&) noexcept;

  // Whether the data set has such a table, with or without rows.
  void SeeTable(std::string_view canonical, bool exists);
  // A row (items/codec.h) of a table.  System tables and unknown tables are passed over.
  void See(std::string_view canonical, std::string_view encoded_item);
  // May be called at any time; later rows can still be added.
  Detection Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Ok if data detected like this may be treated as `declared` (recorded with it, or given by the
// user).  kConflict with the evidence otherwise.  Where only missing records contradict the rows,
// `declared` decides as long as the rows allow it: the user may well have deleted those records.
Status Reconcile(const Detection& detection, DataVersion declared);

// The detected version, or kConflict that lists both sides of the contradiction.
Result<DataVersion> VersionOf(const Detection& detection);

// Several lines for people: the result, the evidence, the notes.
std::string Describe(const Detection& detection);

}  // namespace vams::tables
