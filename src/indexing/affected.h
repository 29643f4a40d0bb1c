// What changes of the log are about, as far as the changes themselves tell: assets, files, objects,
// links.  Internal to indexing.  Spec: search.md sections 7.2 and 7.3.
//
// Thread rule: values; an Affected belongs to one thread.  Nothing blocks.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "indexing/documents.h"
#include "items/store.h"

namespace vams::indexing {

// Where the files of an asset were.
struct Folder {
  std::string bucket_id;
  std::string location;
  auto operator<=>(const Folder&) const = default;
};

struct AffectedAsset {
  bool files = false;        // all of its files, and not its own document alone
  bool unknown = false;      // a record of it changed and the log does not say how
  std::set<Folder> folders;  // in which its files were before
};

struct AffectedObject {
  std::set<AssetRef> owners;     // that marks of any of its versions name
  bool unmarked = false;         // there was a version without marks
  bool look = false;             // the log does not tell all: the record of the object may
  bool put_last = false;         // the last of the changes left the object there
  items::Position position = 0;  // of the last change
};

struct Affected {
  std::map<AssetRef, AffectedAsset> assets;
  // Files whose rows of metadata changed, with the position of the last change.
  std::map<AssetRef, std::map<std::string, items::Position>> files;
  std::map<std::pair<std::string, std::string>, AffectedObject> objects;  // by bucket and key
  std::set<std::string> links;                                            // of unknown ends
  std::set<std::string> buckets;                                          // records of them, by id

  void Add(const items::Change& change);

 private:
  void AddAsset(const items::Change& change);
  void AddRow(const items::Change& change);
  void AddObject(const items::Change& change);
  void AddObjectVersion(const items::Change& change);
  void AddLink(const items::Change& change);
};

}  // namespace vams::indexing
