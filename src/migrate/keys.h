// Parts of keys as every data version writes them.
//
// Pure functions; the results are views into their arguments.
#pragma once

#include <string_view>

namespace vams::migrate {

inline std::string_view WithoutSlash(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

// A database id without the mark of archived assets and databases at its end.
inline std::string_view PlainDatabase(std::string_view database) {
  constexpr std::string_view kArchived = "#deleted";
  if (database.ends_with(kArchived)) database.remove_suffix(kArchived.size());
  return database;
}

}  // namespace vams::migrate
