// Entries of an object listing in file order, one at a time: what the formats have in common.
// Internal to objects (listing.h is for everybody else).  Not thread-safe.  Blocks on disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"
#include "objects/object_version.h"

namespace vams::objects {

struct ListingEntry {
  ObjectVersion version;
  std::optional<bool> is_latest;  // what the listing says
  // In a listing that keeps delete markers apart: one of those.
  bool from_markers = false;
};

class EntrySource {
 public:
  virtual ~EntrySource() = default;
  // False at the end.
  virtual Result<bool> Next(ListingEntry& entry) = 0;
};

// ---- JSON (json_listing.cc) ----

// What is known about a JSON listing once it was read to its end.
struct JsonSurvey {
  std::uint64_t pages = 0;
  bool array = false;               // the fixtures' form
  bool has_markers = false;         // a page with "DeleteMarkers"
  bool current_only = false;        // "Contents": newest versions, without ids
  bool manifest = false;            // an inventory's manifest.json
  bool recognized = true;           // every page looks like one of these
  bool incomplete = false;          // the last page says that there is more
  std::optional<std::string> name;  // the bucket that the pages name
};

enum class JsonPart : std::uint8_t { kAll, kVersions, kMarkers };

class JsonListing final : public EntrySource {
 public:
  // `bucket`: of pages, whose entries have none; may be empty for a survey.
  static Result<std::unique_ptr<JsonListing>> Open(const files::Path& path, std::string bucket,
                                                   JsonPart part);
  ~JsonListing() override;

  Result<bool> Next(ListingEntry& entry) override;
  // Complete once Next gave false.
  const JsonSurvey& survey() const;

 private:
  struct Impl;
  explicit JsonListing(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

// ---- S3 inventory (inventory.cc) ----

struct InventoryFile {
  files::Path path;
  std::string md5;  // hexadecimal; empty: not known
};

struct Inventory {
  std::vector<InventoryFile> files;
  std::vector<std::string> columns;  // as the schema names them
  bool header = false;               // the first line of each file names the columns
  bool has_version_ids = false;
};

// kNotSupported with advice for ORC and Parquet.
Result<Inventory> ReadInventoryManifest(const files::Path& manifest);
// A CSV file by itself.  kInvalid with advice unless its first line names the columns.
Result<Inventory> ReadInventoryHeader(const files::Path& csv);
// `verify`: the files' digests, each at its end.
std::unique_ptr<EntrySource> OpenInventory(const Inventory& inventory, bool verify);

}  // namespace vams::objects
