// What this release is and which data versions it knows.  Constant data.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "tables/data_version.h"

namespace vams::app {

std::string Release();
tables::DataVersion ServedDataVersion();
// Data versions that an update can start from; empty in a release without migration steps.
std::vector<tables::DataVersion> MigratesFrom();
// Data versions whose data sets can be imported, kept and exported.
std::vector<tables::DataVersion> Imports();

// {"release", "dataVersion", "migratesFrom", "imports"}
boost::json::object ReleaseJson();

}  // namespace vams::app
