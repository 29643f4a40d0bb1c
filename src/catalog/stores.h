// What the use cases of assets work with.  `app` makes all of it; it outlives them.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "items/store.h"
#include "objects/store.h"

namespace vams::catalog {

struct Stores {
  items::ItemStore& items;
  // Commits item writes together with changes of objects (traits().joins_commits).
  objects::ObjectStore& objects;
  const Clock& clock;
  Random& random;  // a cryptographic source
  // The bucket of derived data: what viewers and pipelines made of files, under the files' keys.
  std::string auxiliary_bucket = "auxiliary";
};

}  // namespace vams::catalog
