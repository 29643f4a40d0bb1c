#include "migrate/steps/repair.h"

#include <fmt/format.h>

#include "migrate/steps.h"

namespace vams::migrate {

namespace repair {

namespace {

class Repair final : public Step {
 public:
  Repair(tables::DataVersion version, std::vector<const Phase*> phases)
      : version_(version), phases_(std::move(phases)) {}

  tables::DataVersion from() const override { return version_; }
  tables::DataVersion to() const override { return version_; }
  std::vector<const Phase*> Phases(Dialect dialect) const override {
    (void)dialect;  // the upstream release has no repair to be compared with
    return phases_;
  }

  Result<std::vector<Problem>> CheckRecord(Direction direction, const Record& record,
                                           const Context& cx) const override {
    (void)cx;
    std::vector<Problem> problems;
    if (direction == Direction::kDown || (record.table != kMetadata && record.table != kAttributes))
      return problems;
    const std::string_view key = record.item.Text(kPlaceKey);
    const std::size_t first = key.find(':');
    const std::size_t second = first == key.npos ? key.npos : key.find(':', first + 1);
    if (second == key.npos)
      problems.push_back({Problem::Kind::kBroken,
                          fmt::format("the key \"{}\" names no database, asset and path", key)});
    else if (!key.substr(second + 1).starts_with('/'))
      problems.push_back({Problem::Kind::kOrphan,
                          fmt::format("nobody can read the path of \"{}\", and no asset that "
                                      "exists resembles it",
                                      key)});
    return problems;
  }

 private:
  tables::DataVersion version_;
  std::vector<const Phase*> phases_;
};

}  // namespace

}  // namespace repair

const Step* RepairStep(tables::DataVersion version) {
  static const repair::Repair of_24(
      {2, 4}, {&repair::FileMetadata(), &repair::FileAttributes(), &repair::SnapshotRows(false)});
  static const repair::Repair of_25(
      {2, 5}, {&repair::FileMetadata(), &repair::FileAttributes(), &repair::Versions(),
               &repair::VersionFiles(), &repair::SnapshotRows(true)});
  if (version == of_24.from()) return &of_24;
  if (version == of_25.from()) return &of_25;
  return nullptr;
}

}  // namespace vams::migrate
