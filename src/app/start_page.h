// The page at "/" as long as there is no web application.  Constant data; thread-safe.
#pragma once

#include <vector>

#include "http/static_files.h"

namespace vams::app {

const std::vector<http::StaticFile>& StartPage();

}  // namespace vams::app
