// What an import of metadata would change: the state of an entity beside the table.
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/metadata_table.h"

namespace vams::cli {

// One value as the server shows it.
struct StoredItem {
  model::MetadataItem item;
  // The server shows every field of the schemas; this one may have no record of its own, as it
  // holds what the schema gives it.
  bool maybe_default = false;
};

struct MetadataChange {
  std::string key;
  std::optional<model::MetadataItem> before, after;  // one of them at least
};

struct MetadataPlan {
  MetadataTarget target;
  std::vector<MetadataChange> changes;  // in the order of the table, what is removed last
  std::size_t unchanged = 0;
  std::vector<model::MetadataItem> send;  // what the call has to hold

  std::size_t Added() const;
  std::size_t Changed() const;
  std::size_t Removed() const;
};

// `replace`: what the entity has and the table does not is removed.
MetadataPlan PlanOf(const MetadataEntity& entity, const std::vector<StoredItem>& stored,
                    bool replace);

}  // namespace vams::cli
