// Metadata of many databases, assets, files and links as a table that people and programs edit:
// comma-separated values, a line for each value or a line for each entity, or a JSON list.
// docs/operations/metadata.md describes the three for users; api-metadata.md sections 3 and 5 say
// what may stand in them.
//
// Pure; thread-safe.
#pragma once

#include <compare>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/metadata.h"

namespace vams::cli {

// Whose metadata: of a link if `link` is not empty, else of a file if `path` is not, else of an
// asset if `asset` is not, else of a database.
struct MetadataTarget {
  std::string database, asset, path, link;
  model::FileMetadataKind kind = model::FileMetadataKind::kMetadata;  // of files

  auto operator<=>(const MetadataTarget&) const = default;
  bool operator==(const MetadataTarget&) const = default;
};

// "plant/pump /scans/a.e57 (attribute)", for people.
std::string Label(const MetadataTarget& target);

struct MetadataEntity {
  MetadataTarget target;
  std::vector<model::MetadataItem> items;  // each key once
  // Keys that the table has a column for and this entity no value: they stay as they are.
  std::set<std::string> kept;
};

struct MetadataTable {
  std::vector<MetadataEntity> entities;  // each target once, in the order of the table
  // What is wrong with values and lines, each with its place.  A table with problems is not to be
  // used.
  std::vector<std::string> problems;
};

// For lines that have no such column or nothing in it.
struct TableDefaults {
  std::string database, asset;
};

enum class TableFormat { kLong, kWide, kJson };

// Which of the formats it is shows in the text.  kInvalid if it is none of them.
Result<MetadataTable> ReadMetadataTable(std::string_view text, const TableDefaults& defaults);

// The wide form has no place for values that are empty: `left_out` counts them.
std::string WriteMetadataTable(std::span<const MetadataEntity> entities, TableFormat format,
                               std::size_t& left_out);

}  // namespace vams::cli
