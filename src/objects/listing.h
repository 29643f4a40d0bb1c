// Object listings as a stream of objects with all their versions, oldest first: the fixtures' form
// (_s3-objects.json), output of `aws s3api list-object-versions` and `list-objects-v2`, S3
// inventories.  For imports.  Formats: docs/formats/object-listing.md; spec: lifecycle.md
// section 4.
//
// Not thread-safe.  Blocks on disk.  Open reads the whole listing once, so that a damaged one is
// known before anything was made of it.  Errors name the file and, inside it, line and JSON path or
// line and column name.  kInvalid: no listing, or content that S3 would not hold; kCorrupt: damaged
// or cut off; kNotSupported: an inventory in another format than CSV.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"
#include "objects/object_version.h"

namespace vams::objects {

enum class ListingFormat : std::uint8_t { kObjectsJson, kVersionsJson, kCurrentJson, kInventory };

// "S3 inventory", …
std::string_view FormatName(ListingFormat format);

struct ListingInfo {
  ListingFormat format = ListingFormat::kObjectsJson;
  std::uint64_t versions = 0;  // delete markers included
  std::uint64_t delete_markers = 0;
  // Without ids every version is called `null`: only the newest versions are known.
  bool has_version_ids = true;
  // By bucket and key (UTF-8 bytes), as S3 lists: then one object at a time is in memory.
  // Otherwise the whole listing is.
  bool sorted = true;
};

class ListingReader {
 public:
  // `bucket`: of listings whose entries have none and that do not name it; where they do it must
  // be the same, or empty.
  static Result<std::unique_ptr<ListingReader>> Open(const files::Path& path,
                                                     std::string_view bucket);
  ~ListingReader();

  const ListingInfo& info() const;

  // The versions of the next object, oldest first, the last of them is_latest; false at the end.
  // Objects come in the order of bucket and key.
  Result<bool> Next(std::vector<ObjectVersion>& versions);

 private:
  struct Impl;
  explicit ListingReader(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace vams::objects
