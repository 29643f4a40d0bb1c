// Residue and findings as records of the system tables sys.migration-residue and
// sys.migration-findings: docs/formats/migration-residue.md.
//
// ResidueReader: not thread-safe, one per thread; blocks on the store.  The rest are pure
// functions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "items/store.h"
#include "migrate/unit.h"

namespace vams::migrate {

// What a step and direction leave behind belongs together: "2.4-2.5 up".
std::string ScopeOf(const Step& step, Direction direction);
// The partition of a table's residue: "2.4-2.5 up AssetStorageTable".
std::string ResidueScope(const Step& step, Direction direction, std::string_view table);

items::Item ResidueItem(const std::string& scope, const Residue& residue);
// kCorrupt if it is not as documented.
Result<Residue> ResidueFrom(const items::Item& item);

enum class FindingKind : std::uint8_t { kQuarantined, kNote };
items::Item FindingItem(const std::string& scope, FindingKind kind, const items::TableSpec& spec,
                        const Output::Remark& remark);

struct Finding {
  FindingKind kind = FindingKind::kNote;
  Output::Remark remark;
};
Result<Finding> FindingFrom(const items::Item& item);

// Whether there can be residue for a key: built once, asked by all threads.  About two bytes of
// memory a record.  Thread-safe once built.
class ResidueFilter {
 public:
  // Reads what the opposite of `direction` left for the tables.
  static Result<std::shared_ptr<const ResidueFilter>> Build(
      OpContext& op, items::ItemSource& source, const Step& step, Direction direction,
      const std::vector<std::string_view>& tables);

  bool MayHave(std::string_view table, std::string_view encoded_key) const;
  bool empty() const { return bits_.empty(); }

 private:
  std::vector<std::uint64_t> bits_;
};

// Reads the residue left by the opposite direction.  `find` borrows everything.
FindResidue ResidueFinder(OpContext& op, items::ItemSource& source, const Step& step,
                          Direction direction, const ResidueFilter& filter);

// Every residue that the opposite of `direction` left, table by table, in key order.
Status ForEachResidue(OpContext& op, items::ItemSource& source, const Step& step,
                      Direction direction, const std::function<Status(const Residue&)>& visit);

}  // namespace vams::migrate
