// From the table names that an AWS account shows to canonical table names.  Spec: data-model.md
// section 1, "Canonical names" and "Finding physical names".  For imports and migrations of AWS
// stacks.  Pure functions.
//
// A physical name says which table it is in one of three ways, each of them anchored, because the
// names contain each other (AssetVersionsStorageTable and …V2, MetadataStorageTable inside
// AssetFileMetadataStorageTableV2):
//   1. it is the canonical name;
//   2. it is the canonical name without its dots (AssetLinksStorageTableV22);
//   3. its last part is a CDK logical id (the canonical name without dots and 8 hexadecimal
//      digits), alone or followed by the suffix that CloudFormation generates:
//      …-AssetStorageTable1A2B3C4D-1XK9Q2M4T7LP.
// CloudFormation cuts long stack names, which stand in front; it does not have to cut the logical
// id of a table, so a name with a cut one is not matched.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::tables {

// The one canonical name that `physical` stands for by its form; empty if none.
std::string_view CanonicalOf(std::string_view physical);

struct Mapping {
  // A physical name of no known form, with the canonical names it may be meant to be.
  struct Unmatched {
    std::string physical;
    std::vector<std::string> candidates;  // best first, at most three; may be empty
  };
  // Several physical names that stand for one table.
  struct Clash {
    std::string canonical;
    std::vector<std::string> physical;  // at least two, sorted
  };

  std::map<std::string, std::string, std::less<>> physical_of;  // canonical -> physical
  std::vector<Unmatched> unmatched;                             // in the order given
  std::vector<Clash> clashes;                                   // by canonical name; not mapped
  // Physical names whose table was mapped explicitly to another one: left alone, in order.
  std::vector<std::string> passed_over;

  // kInvalid if anything is unmatched or clashes, with the whole list and what to give --map.
  Status RequireComplete() const;
};

// `explicit_map` (physical -> canonical, canonical with or without dots) wins over the form of a
// name.  kInvalid if it names a physical name that is not among `physical`, an unknown canonical
// name, or one canonical name twice.
Result<Mapping> MapNames(std::span<const std::string> physical,
                         const std::map<std::string, std::string>& explicit_map);

}  // namespace vams::tables
