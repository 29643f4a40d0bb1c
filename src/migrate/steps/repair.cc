#include "migrate/steps.h"

namespace vams::migrate {

const Step* RepairStep(tables::DataVersion version) {
  (void)version;
  return nullptr;
}

}  // namespace vams::migrate
