// The metadata schemas that a new stack begins with, as records.
// Constant data; thread-safe.  Spec: api-metadata.md section 18.3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "items/value.h"

namespace vams::catalog {

// Which of them a stack is to have (app.metadataSchema of the configuration).
struct DefaultSchemaChoice {
  bool asset_links = false, database = false, asset = false, asset_file = false;
};

// By `author`, made at `now`.
std::vector<items::Item> DefaultSchemas(const DefaultSchemaChoice& choice, std::string_view author,
                                        const std::string& now);

}  // namespace vams::catalog
