// Names and addresses that come of a stack's configuration.  For whoever shows or makes resources.
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace vams::lifecycle {

// The bucket that a stack makes for itself if it is to have one, and that for derived data of
// viewers and pipelines: names that any object store of the S3 protocol takes (lower case, at most
// 63 characters).
std::string OwnBucketOf(const config::Config& config, std::string_view stack);
std::string AuxiliaryBucketOf(const config::Config& config, std::string_view stack);

// "https://assets.plant.example" if the configuration names a public host; else empty.
std::string PublicUrlOf(const config::Config& config);

// Where clients reach it: the public host, else the first address that it listens at.
std::string WebUrlOf(const config::Config& config);

}  // namespace vams::lifecycle
