#include "tables/physical_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "tables/tables.h"

namespace vams::tables {

namespace {

constexpr std::size_t kHashDigits = 8;
constexpr std::size_t kMaxCandidates = 3;

std::string WithoutDots(std::string_view name) {
  std::string out(name);
  std::erase(out, '.');
  return out;
}

struct KnownName {
  std::string_view canonical;
  std::string plain;  // without dots: what a logical id begins with
};

const std::vector<KnownName>& KnownNames() {
  static const auto known = [] {
    std::vector<KnownName> all;
    for (const auto name : AllTableNames()) all.push_back({name, WithoutDots(name)});
    return all;
  }();
  return known;
}

bool IsUpperHex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

// The canonical name of a whole logical id.  Exact lengths on both sides, so no name can be
// mistaken for one that it begins with or contains.
std::string_view CanonicalOfLogicalId(std::string_view id) {
  if (id.size() <= kHashDigits) return {};
  const std::string_view hash = id.substr(id.size() - kHashDigits);
  if (!std::ranges::all_of(hash, IsUpperHex)) return {};
  id.remove_suffix(kHashDigits);
  for (const auto& known : KnownNames())
    if (known.plain == id) return known.canonical;
  return {};
}

// What CloudFormation puts at the end of a generated name: usually 12 or 13 capital letters and
// digits, for some resource kinds 12 of both cases.  Words such as "restored", which people append
// to copies, must not pass for one.
bool IsGeneratedSuffix(std::string_view part) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (std::ranges::all_of(part, [&](char c) { return digit(c) || upper(c); }))
    return part.size() >= 6 && part.size() <= 16;
  return (part.size() == 12 || part.size() == 13) && !std::ranges::all_of(part, lower) &&
         std::ranges::all_of(part, [&](char c) { return digit(c) || upper(c) || lower(c); });
}

std::string_view LastPart(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  return dash == std::string_view::npos ? name : name.substr(dash + 1);
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

// The parts between dashes, which is where a table's name can stand.
std::vector<std::string_view> Parts(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t dash = std::min(name.find('-', from), name.size());
    if (dash > from) parts.push_back(name.substr(from, dash - from));
    from = dash + 1;
  }
  return parts;
}

// Suggestions for a person, never a mapping: names that occur in `physical`, the longest first;
// without any, names that a part of it nearly spells.
std::vector<std::string> Candidates(std::string_view physical) {
  const std::string text = Lower(physical);
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const auto& known : KnownNames())
    if (text.contains(Lower(known.plain)) || text.contains(Lower(known.canonical)))
      ranked.emplace_back(1000 - known.plain.size(), known.canonical);
  if (ranked.empty())
    for (const auto& known : KnownNames()) {
      std::size_t best = known.plain.size();
      for (const auto part : Parts(text))
        best = std::min(best, EditDistance(part, Lower(known.plain)));
      if (best <= known.plain.size() / 4) ranked.emplace_back(best, known.canonical);
    }
  std::ranges::sort(ranked);
  if (ranked.size() > kMaxCandidates) ranked.resize(kMaxCandidates);
  std::vector<std::string> names;
  for (const auto& [rank, name] : ranked) names.emplace_back(name);
  return names;
}

std::string_view CanonicalByExactName(std::string_view name) {
  for (const auto& known : KnownNames())
    if (name == known.canonical || name == known.plain) return known.canonical;
  return {};
}

// physical -> canonical, checked.
Result<std::map<std::string_view, std::string_view>> CheckExplicit(
    std::span<const std::string> physical, const std::map<std::string, std::string>& explicit_map) {
  std::map<std::string_view, std::string_view> checked;
  std::map<std::string_view, std::string_view> taken;
  for (const auto& [from, to] : explicit_map) {
    if (std::ranges::find(physical, from) == physical.end())
      return Error(Code::kInvalid,
                   fmt::format("--map {}={}: there is no table \"{}\"; the name must be "
                               "written exactly as the tables are listed",
                               from, to, from));
    const std::string_view canonical = CanonicalByExactName(to);
    if (canonical.empty()) {
      const auto near = Candidates(to);
      return Error(
          Code::kInvalid,
          fmt::format("--map {}={}: \"{}\" is no table of any data version{}", from, to, to,
                      near.empty() ? std::string("; give a name such as AssetStorageTable")
                                   : fmt::format("; did you mean {}?", fmt::join(near, " or "))));
    }
    const auto [earlier, first] = taken.emplace(canonical, from);
    if (!first)
      return Error(Code::kInvalid,
                   fmt::format("--map gives {} twice, as {} and as {}; keep one of them", canonical,
                               earlier->second, from));
    checked.emplace(from, canonical);
  }
  return checked;
}

}  // namespace

std::string_view CanonicalOf(std::string_view physical) {
  if (const auto canonical = CanonicalByExactName(physical); !canonical.empty()) return canonical;
  const std::string_view last = LastPart(physical);
  if (const auto canonical = CanonicalOfLogicalId(last); !canonical.empty()) return canonical;
  if (last.size() == physical.size() || !IsGeneratedSuffix(last)) return {};
  return CanonicalOfLogicalId(LastPart(physical.substr(0, physical.size() - last.size() - 1)));
}

Result<Mapping> MapNames(std::span<const std::string> physical,
                         const std::map<std::string, std::string>& explicit_map) {
  TRY(const auto given, CheckExplicit(physical, explicit_map));
  Mapping mapping;
  for (const auto& [from, to] : given) mapping.physical_of.emplace(to, from);

  std::map<std::string_view, std::set<std::string>> found;
  for (const auto& name : physical) {
    if (given.contains(name)) continue;
    const std::string_view canonical = CanonicalOf(name);
    if (canonical.empty())
      mapping.unmatched.push_back({name, Candidates(name)});
    else if (mapping.physical_of.contains(canonical))
      mapping.passed_over.push_back(name);
    else
      found[canonical].insert(name);
  }
  for (const auto& [canonical, names] : found) {
    if (names.size() == 1)
      mapping.physical_of.emplace(canonical, *names.begin());
    else
      mapping.clashes.push_back({std::string(canonical), {names.begin(), names.end()}});
  }
  return mapping;
}

Status Mapping::RequireComplete() const {
  if (unmatched.empty() && clashes.empty()) return Ok();
  std::string text = "not every table could be told by its name, so nothing was read";
  for (const auto& clash : clashes)
    text += fmt::format("\n  {} could be any of {}: name one with --map {}={}", clash.canonical,
                        fmt::join(clash.physical, ", "), clash.physical.front(), clash.canonical);
  for (const auto& [name, candidates] : unmatched) {
    text += fmt::format("\n  {} is like no table's name: ", name);
    text += candidates.empty()
                ? std::string("leave it out, or say what it is with --map PHYSICAL=CANONICAL")
                : fmt::format("did you mean {}? Say so with --map {}={}",
                              fmt::join(candidates, " or "), name, candidates.front());
  }
  return Error(Code::kInvalid, std::move(text));
}

}  // namespace vams::tables
