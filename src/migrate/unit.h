// The transformation of one unit, with residue: what the engine does with every unit, without I/O
// of its own (the phase may read the state).  Spec: lifecycle.md sections 6 and 8; the residue's
// meaning: docs/formats/migration-residue.md.
//
// Thread-safe as far as its arguments are.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/step.h"

namespace vams::migrate {

// What a transformation lost of one record, kept beside the destination state.
struct Residue {
  enum class Kind : std::uint8_t {
    kWhole,     // the inverse makes no record of this key: `original` is all of it
    kPatch,     // the inverse makes a record that differs: where it still has the attributes of
                // `base`, they become those of `original`
    kSuppress,  // the inverse makes a record (`base`) that was not there: where it is unchanged, it
                // is left out
  } kind = Kind::kWhole;
  std::string table;  // canonical, of the source state
  items::Item key;    // kWhole: the record's; else that of the record which the inverse makes
  items::Item original, base;
  // kPatch: the key that the record had, if another than `key`.
  std::optional<items::Item> original_key;
};

// The residue left by the opposite direction for a record, if any.
using FindResidue =
    std::function<Result<std::optional<Residue>>(std::string_view table, const items::Item& key)>;

struct UnitResult {
  Output output;  // with the residue of the opposite direction put back into `puts`
  std::vector<Residue> residue;
};

// How records are told apart in the two states.
struct TablePair {
  tables::DataVersion source, destination;
};

// Transforms a unit.  Records that items::CheckItem refuses are taken out of `puts` and
// quarantined.  `find` may be empty: there is no residue to put back.
Result<UnitResult> TransformUnit(const Phase& phase, Direction direction, TablePair versions,
                                 const Unit& unit, const Context& cx, const FindResidue& find,
                                 std::size_t max_item_bytes = std::size_t{400} * 1024);

// Puts a residue back into a record that the inverse has made; nothing: the record is left out.
std::optional<items::Item> PutBack(const Residue& residue, items::Item made);

// The table's spec in a version, or as the newest version that has it (a table of a newer
// deployment in older data).  nullptr for an unknown table.
const items::TableSpec* SpecFor(std::string_view table, tables::DataVersion version);

}  // namespace vams::migrate
