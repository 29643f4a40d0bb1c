// What requests say about files of an asset: reading their bodies and the query of a list.
// Spec: api-assets.md section 6.  Pure; thread-safe.
//
// Values are worth nothing if `problems` is not empty afterwards.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "model/body.h"

namespace vams::model {

// How many files a page of listFiles has: of its query's numbers, given as they stand there.
std::size_t ReadPageSize(const boost::json::object& query, bool basic, Problems& problems);

// createFolder: the path, which ends with a slash.
std::string ReadNewFolder(const boost::json::object& body, Problems& problems);

struct FileMove {
  std::string source, destination;
};
FileMove ReadFileMove(const boost::json::object& body, Problems& problems);

struct FileCopy {
  std::string source, destination;
  std::optional<std::string> database_id, asset_id;  // of the destination
};
FileCopy ReadFileCopy(const boost::json::object& body, Problems& problems);

// archiveFile, deleteFile, and with the path alone the others.
struct FileChoice {
  std::string path;
  bool prefix = false;
  bool confirmed = false;
};
FileChoice ReadFileChoice(const boost::json::object& body, Problems& problems);

struct PrimaryTypeChange {
  std::string path;
  std::string type;  // the one to store; empty: none
};
PrimaryTypeChange ReadPrimaryType(const boost::json::object& body, Problems& problems);

}  // namespace vams::model
