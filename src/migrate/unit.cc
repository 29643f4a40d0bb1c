#include "migrate/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "items/codec.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

using items::Item;

namespace {

Status Run(const Phase& phase, Direction direction, const Unit& unit, const Context& cx,
           Output& out) {
  return direction == Direction::kUp ? phase.Forward(unit, cx, out) : phase.Inverse(unit, cx, out);
}

// Whether a table's records are in the destination state because nobody changes them.
bool Carried(const PhaseInfo& info, Direction direction, tables::DataVersion destination,
             std::string_view table) {
  return !Contains(WritesOf(info, direction), table) &&
         tables::FindTable(destination, table) != nullptr;
}

Item WithoutKey(const items::TableSpec& spec, const Item& item) {
  Item rest;
  for (const auto& attribute : item)
    if (attribute.name != spec.partition.name && attribute.name != spec.sort.name)
      rest.AppendSorted(attribute.name, attribute.value);
  return rest;
}

// The attributes of `a` that are absent from `b` or different there.
Item Difference(const Item& a, const Item& b) {
  Item differing;
  for (const auto& attribute : a) {
    const auto* other = b.Find(attribute.name);
    if (other == nullptr || !(*other == attribute.value))
      differing.AppendSorted(attribute.name, attribute.value);
  }
  return differing;
}

struct Pair {
  const Item* original = nullptr;
  const Item* base = nullptr;
};

// Records by encoded key, of one table.
using Pairs = std::map<std::string, Pair>;

void Compare(std::string_view table, const items::TableSpec& spec, const Pairs& pairs,
             std::vector<Residue>& residue) {
  std::vector<const Item*> originals, bases;  // without counterpart
  const auto patch = [&](const Item& original, const Item& base) {
    const Item original_rest = WithoutKey(spec, original), base_rest = WithoutKey(spec, base);
    Residue r{.kind = Residue::Kind::kPatch,
              .table = std::string(table),
              .key = items::KeyOf(spec, base),
              .original = Difference(original_rest, base_rest),
              .base = Difference(base_rest, original_rest),
              .original_key = std::nullopt};
    if (auto key = items::KeyOf(spec, original); !(key == r.key)) r.original_key = std::move(key);
    residue.push_back(std::move(r));
  };
  for (const auto& [key, pair] : pairs) {
    if (pair.original == nullptr) {
      bases.push_back(pair.base);
    } else if (pair.base == nullptr) {
      originals.push_back(pair.original);
    } else if (!(*pair.original == *pair.base)) {
      patch(*pair.original, *pair.base);
    }
  }
  // One left on each side: the same record under another key.
  if (originals.size() == 1 && bases.size() == 1) {
    patch(*originals[0], *bases[0]);
    return;
  }
  for (const Item* original : originals)
    residue.push_back({.kind = Residue::Kind::kWhole,
                       .table = std::string(table),
                       .key = items::KeyOf(spec, *original),
                       .original = *original,
                       .base = {},
                       .original_key = std::nullopt});
  for (const Item* base : bases)
    residue.push_back({.kind = Residue::Kind::kSuppress,
                       .table = std::string(table),
                       .key = items::KeyOf(spec, *base),
                       .original = {},
                       .base = *base,
                       .original_key = std::nullopt});
}

// The usual case, without looking at keys: one record, and it comes back as it was.
bool IsGivenBack(std::string_view table, const std::vector<Record>& originals,
                 const std::vector<Record>& bases) {
  const auto only = [&](const std::vector<Record>& records) -> const Item* {
    const Item* found = nullptr;
    for (const auto& record : records) {
      if (record.table != table) continue;
      if (found != nullptr) return nullptr;
      found = &record.item;
    }
    return found;
  };
  const Item* original = only(originals);
  const Item* base = original != nullptr ? only(bases) : nullptr;
  return base != nullptr && *original == *base;
}

// What the opposite direction would make of the destination's records of this unit, against what
// the unit was.
Result<std::vector<Residue>> FindLost(const Phase& phase, Direction direction, TablePair versions,
                                      const Unit& unit, std::vector<Record>& puts,
                                      const Context& cx) {
  const PhaseInfo& info = phase.info();
  const Direction back = Opposite(direction);
  // What is put is lent to the unit of the way back: copying it would cost as much as making it.
  const bool lend = std::all_of(puts.begin(), puts.end(), [&](const Record& put) {
    return Contains(ReadsOf(info, back), put.table);
  });
  Unit made{.group = unit.group, .records = {}};
  if (lend) {
    made.records = std::move(puts);
  } else {
    for (const auto& put : puts)
      if (Contains(ReadsOf(info, back), put.table)) made.records.push_back(put);
  }
  const std::size_t lent = made.records.size();
  for (const auto& record : unit.records)
    if (Contains(ReadsOf(info, back), record.table) &&
        Carried(info, direction, versions.destination, record.table))
      made.records.push_back(record);
  Output base;
  if (!made.records.empty()) TRY_OK(Run(phase, back, made, cx, base));
  if (lend) {
    made.records.resize(lent);
    puts = std::move(made.records);
  }

  std::vector<Residue> residue;
  for (const std::string_view table : WritesOf(info, back)) {
    const items::TableSpec* spec = SpecFor(table, versions.source);
    if (spec == nullptr)
      return Error(Code::kInternal, fmt::format("phase {} writes {}, which is in no data version",
                                                info.name, table));
    if (IsGivenBack(table, unit.records, base.puts)) continue;
    Pairs pairs;
    for (const auto& record : unit.records)
      if (record.table == table)
        pairs[items::EncodeItem(items::KeyOf(*spec, record.item))].original = &record.item;
    for (const auto& put : base.puts)
      if (put.table == table)
        pairs[items::EncodeItem(items::KeyOf(*spec, put.item))].base = &put.item;
    Compare(table, *spec, pairs, residue);
  }
  return residue;
}

}  // namespace

const items::TableSpec* SpecFor(std::string_view table, tables::DataVersion version) {
  using Specs = std::map<std::string_view, items::TableSpec>;
  static const auto* const kSpecs = [] {
    auto* all = new std::map<tables::DataVersion, Specs>();  // never destroyed: threads may outlive
    for (const auto known : tables::AllVersions())
      for (const std::string_view name : tables::AllTableNames()) {
        const auto* def = tables::FindTable(known, name);
        (*all)[known].emplace(
            name, tables::SpecOf(def != nullptr ? *def : *tables::FindTableInAny(name)));
      }
    return all;
  }();
  if (const auto* system = tables::FindSystemTable(table); system != nullptr) return system;
  const auto specs = kSpecs->find(version);
  if (specs == kSpecs->end()) return nullptr;
  const auto spec = specs->second.find(table);
  return spec == specs->second.end() ? nullptr : &spec->second;
}

std::optional<Item> PutBack(const Residue& residue, Item made) {
  switch (residue.kind) {
    case Residue::Kind::kWhole:
      return made;  // somebody made a record of this key: that one counts
    case Residue::Kind::kSuppress:
      if (made == residue.base) return std::nullopt;
      return made;
    case Residue::Kind::kPatch:
      break;
  }
  const auto put = [&](const std::string& name) {
    const auto* now = made.Find(name);
    const auto* base = residue.base.Find(name);
    const bool unchanged = now == nullptr ? base == nullptr : base != nullptr && *now == *base;
    if (!unchanged) return;
    if (const auto* original = residue.original.Find(name); original != nullptr)
      made.Set(name, *original);
    else
      made.Remove(name);
  };
  for (const auto& attribute : residue.original) put(attribute.name);
  for (const auto& attribute : residue.base)
    if (!residue.original.Has(attribute.name)) put(attribute.name);
  if (residue.original_key) {
    for (const auto& attribute : residue.key) made.Remove(attribute.name);
    for (const auto& attribute : *residue.original_key) made.Set(attribute.name, attribute.value);
  }
  return made;
}

Result<UnitResult> TransformUnit(const Phase& phase, Direction direction, TablePair versions,
                                 const Unit& unit, const Context& cx, const FindResidue& find,
                                 std::size_t max_item_bytes) {
  UnitResult result;
  Output& out = result.output;
  TRY_OK(Run(phase, direction, unit, cx, out));
  std::vector<Record> kept;
  kept.reserve(out.puts.size());
  for (auto& put : out.puts) {
    const items::TableSpec* spec = SpecFor(put.table, versions.destination);
    if (spec == nullptr || !Contains(WritesOf(phase.info(), direction), put.table))
      return Error(Code::kInternal, fmt::format("phase {} puts into {}, which it does not write",
                                                phase.info().name, put.table));
    if (find) {
      TRY(const auto residue, find(put.table, items::KeyOf(*spec, put.item)));
      if (residue) {
        auto back = PutBack(*residue, std::move(put.item));
        if (!back) continue;
        put.item = *std::move(back);
      }
    }
    if (auto ok = items::CheckItem(*spec, put.item, max_item_bytes); !ok.ok()) {
      out.Quarantine(put, ok.error().code == Code::kTooLarge ? "too-large" : "refused",
                     ok.error().message);
      continue;
    }
    kept.push_back(std::move(put));
  }
  out.puts = std::move(kept);
  TRY(result.residue, FindLost(phase, direction, versions, unit, out.puts, cx));
  return result;
}

}  // namespace vams::migrate
