// The list of all migration steps: one file in steps/ and one line in steps.cc each.  Steps are
// frozen once released.  Thread-safe (constant data).  No I/O.
#pragma once

#include <vector>

#include "base/result.h"
#include "migrate/step.h"

namespace vams::migrate {

// Neighbouring data versions, ascending.
std::vector<const Step*> AllSteps();

// A step and the direction in which it is taken.
struct Leg {
  const Step* step = nullptr;
  Direction direction = Direction::kUp;
  tables::DataVersion from() const;
  tables::DataVersion to() const;
};

// The steps from one version to another, in the order they run; empty when they are equal.
// kNotSupported if there is no path, naming the versions that there are.
Result<std::vector<Leg>> PathBetween(tables::DataVersion from, tables::DataVersion to);

// One function per file in steps/.
const Step& Step21To22();
const Step& Step22To23();
const Step& Step23To24();
const Step& Step24To25();
// Mends what the upstream scripts left behind in data of 2.4 or 2.5; from() and to() are both that
// version, and it is part of no path.  nullptr for versions with nothing to mend.
const Step* RepairStep(tables::DataVersion version);

}  // namespace vams::migrate
