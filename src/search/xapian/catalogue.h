// The folder of an index: which generation serves, which build is under way.
//
//   lock            held by the process that has the index open
//   CURRENT         the name of the generation that serves; replaced by one rename
//   g000001/ …      a generation each (store.h)
//   build/          a build that was not swapped in yet: manifest, segments
//
// Thread rule: functions without state; callers hold the index's lock.  May block on disk.
// Format: docs/formats/search-xapian.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "files/files.h"
#include "search/search.h"

namespace vams::search::xapian {

struct Manifest {
  BuildOptions options;
  std::string generation;  // made by Finish; empty: not yet
};

class Catalogue {
 public:
  explicit Catalogue(files::Path root) : root_(std::move(root)) {}

  const files::Path& root() const { return root_; }
  files::Path build() const { return root_ / "build"; }
  files::Path GenerationFolder(const std::string& name) const { return root_ / name; }

  // Nothing: there is none yet.
  Result<std::optional<std::string>> Current() const;
  Status SetCurrent(const std::string& generation) const;
  static std::string NameOf(std::uint64_t number);
  // Of the generations that there are; 0: none.
  Result<std::uint64_t> GreatestNumber() const;

  Result<std::optional<Manifest>> ReadManifest() const;
  Status WriteManifest(const Manifest& manifest) const;

  // Removes what no pointer leads to: what an interruption left.
  Status Tidy() const;
  Result<std::vector<std::string>> Generations() const;

 private:
  const files::Path root_;
};

}  // namespace vams::search::xapian
