// The manifest of one backup: what it is of, and the chunks it consists of.
// Format: docs/formats/backup.md, "Manifests".
//
// Plain values; pure functions.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/backup/rows.h"
#include "migrate/digest.h"
#include "tables/data_version.h"

namespace vams::lifecycle::backup {

struct Manifest {
  struct Table {
    items::TableSpec spec;
    migrate::Digest digest;    // rows and their digest at `position`
    items::Position base = 0;  // of which the chunks are
    std::vector<ChunkRef> chunks;
  };
  struct Log {
    items::Position first = 0, last = 0;
    std::int64_t first_millis = 0, last_millis = 0;
    ChunkRef chunk;
  };
  struct Contents {
    std::uint64_t count = 0, bytes = 0;
    std::vector<ChunkRef> lists;
  };

  std::string id;
  std::int64_t created_millis = 0;
  std::string stack, stack_created_at;
  tables::DataVersion data_version;
  std::uint64_t generation = 0;
  std::string generation_created_at;
  items::Position position = 0, floor = 0;
  std::vector<Table> tables;  // by name
  std::vector<Log> log;       // in order
  Contents blobs, history;
  std::vector<Digest> missing;
  std::optional<std::string> config;
  std::optional<std::string> outputs;  // of the stack, as lifecycle/stacks/outputs.h describes them

  std::uint64_t rows() const;
  const Table* FindTable(std::string_view name) const;
  // Whether both are of the same generation of the same stack, so that one log leads from one to
  // the other.
  bool SameGeneration(const Manifest& other) const;
};

std::string ManifestName(std::string_view id);
boost::json::object ToJson(const Manifest& manifest);
// kCorrupt for what is no manifest.
Result<Manifest> ManifestFrom(const boost::json::object& object);

// As they lie in the repository.
std::string ManifestBytes(const Manifest& manifest, const Keys* keys);
Result<Manifest> ManifestFromBytes(std::string_view id, std::string_view bytes, const Keys* keys);

}  // namespace vams::lifecycle::backup
