#include "migrate/steps.h"

namespace vams::migrate {

namespace {

class TheStep final : public Step {
 public:
  tables::DataVersion from() const override { return {2, 4}; }
  tables::DataVersion to() const override { return {2, 5}; }
  std::vector<const Phase*> Phases(Dialect dialect) const override {
    (void)dialect;
    return {};
  }
};

}  // namespace

const Step& Step24To25() {
  static const TheStep step;
  return step;
}

}  // namespace vams::migrate
