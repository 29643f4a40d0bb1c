// The calls that read and write the metadata of an entity.  Pure; thread-safe.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "cli/metadata_plan.h"

namespace vams::cli {

// "/database/plant/assets/pump/metadata/file": where the metadata is read and written.
std::string MetadataPath(const MetadataTarget& target);
// The same with the query that reading a file's needs.
std::string MetadataQuery(const MetadataTarget& target);

// What the server answers about an entity.
std::vector<StoredItem> ReadStored(const boost::json::value& answer);

// The body of the PUT that carries out a plan.
boost::json::object BodyOf(const MetadataPlan& plan, bool replace);

}  // namespace vams::cli
