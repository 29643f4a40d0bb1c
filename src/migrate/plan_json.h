// Settings and paths as journals keep them.  Pure functions.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "migrate/steps.h"

namespace vams::migrate {

boost::json::object ToJson(const Settings& settings);
Settings SettingsFrom(const boost::json::object& object);

// The names of the legs ("2.4-2.5 up"), in order.
boost::json::array PathJson(const std::vector<Leg>& path);
// From the member "path".  kNotSupported for a step that this release does not know.
Result<std::vector<Leg>> PathFrom(const boost::json::object& object);

// Without what differs between two runs of the same work: the time and the run's id.
boost::json::object WithoutRun(boost::json::object plan);

}  // namespace vams::migrate
