#include "migrate/steps.h"

namespace vams::migrate {

namespace {

class TheStep final : public Step {
 public:
  tables::DataVersion from() const override { return {2, 1}; }
  tables::DataVersion to() const override { return {2, 2}; }
  std::vector<const Phase*> Phases(Dialect dialect) const override {
    (void)dialect;
    return {};
  }
};

}  // namespace

const Step& Step21To22() {
  static const TheStep step;
  return step;
}

}  // namespace vams::migrate
