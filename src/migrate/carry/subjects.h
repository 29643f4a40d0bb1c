// Which records belong together when changes are carried (carry.h): the subjects of a record, as
// data beside the steps, one row a table.
//
// A subject is a name: 'a' an asset id in all databases (cut at its first colon, because keys that
// join ids with colons cannot be told apart), 'x' the same id as it is, 'v', 'f', 'm' the rows, the
// files and the metadata snapshots of one version of an asset id, 'p' a pair of linked assets, 'd'
// the metadata of a database, 's' its schemas, 'c' all constraints, 'D' all databases and buckets,
// 'k' one record.
//
// The rules, which the property tests hold against the whole transformation:
// - Units are closed: if a subject of a record is carried, so are all records that any phase puts
//   into a unit with it (one of their subjects is the same, or Closure adds it).
// - A record that a phase looks at for others has the subjects of those others among what its
//   change touches.
//
// Thread-safe once made.  Pure but for Make, which reads the bucket records.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "migrate/steps.h"

namespace vams::migrate::carry {

using Names = std::vector<std::string>;
using NameSet = std::unordered_set<std::string>;

// One subject, from its kind and the parts of its name.
std::string NameOf(char kind, std::string_view a, std::string_view b = {});
// The text before the first colon.
std::string_view Cut(std::string_view id);

// What buckets put before the keys of assets, which decides what an old metadata key can mean.
struct Prefixes {
  std::set<std::string, std::less<>> all;  // without "/" in front; never empty texts
  // First parts of prefixes that are the id of no asset.
  std::set<std::string, std::less<>> no_asset;
};

// How the records of a table are named.
struct TableSubjects {
  std::string_view table;
  // The attributes that `of` looks at.
  std::vector<std::string_view> attributes;
  void (*of)(const items::Item& record, const Prefixes& prefixes, Names& out) = nullptr;
  // What a change of the record touches; nullptr: what it is of.
  void (*touches)(const items::Item& record, const Prefixes& prefixes, Names& out) = nullptr;
  // What is carried with a record that is carried; nullptr: nothing more.
  void (*closure)(const items::Item& record, const Prefixes& prefixes, Names& out) = nullptr;
};

class Subjects {
 public:
  explicit Subjects(Prefixes prefixes) : prefixes_(std::move(prefixes)) {}

  // nullptr: every record is a subject of its own.
  static const TableSubjects* Find(std::string_view table);

  // The names of a record; `record` needs the attributes of the table's row above, or its key.
  Names Of(std::string_view table, const items::Item& record) const;
  Names Touched(std::string_view table, const items::Item& record) const;
  Names Closure(std::string_view table, const items::Item& record) const;
  // Whether one of the record's names is in the set.
  bool AnyOf(std::string_view table, const items::Item& record, const NameSet& names) const;

 private:
  const Prefixes prefixes_;
};

// The name of one record.
std::string RecordName(std::string_view table, const items::Item& record);

// What an object's key says about the asset it belongs to.
void NamesOfKey(std::string_view key, const Prefixes& prefixes, Names& out);

// The tables that some phase of some leg reads or writes, and those that one of the versions does
// not have: they cannot be replayed row by row.
std::set<std::string, std::less<>> TablesOfPath(const std::vector<Leg>& path, Dialect dialect);

}  // namespace vams::migrate::carry
