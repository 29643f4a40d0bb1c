// The web application, embedded in the program (tools/build_web).  Constant data; thread-safe.
#pragma once

#include <vector>

#include "http/static_files.h"

namespace vams::app {

const std::vector<http::StaticFile>& WebFiles();

}  // namespace vams::app
