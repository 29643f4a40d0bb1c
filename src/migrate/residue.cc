#include "migrate/residue.h"

#include <fmt/format.h>

#include <array>

#include "base/hash.h"
#include "items/codec.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

using items::Item;
using items::Value;

namespace {

constexpr std::array<std::pair<Residue::Kind, std::string_view>, 3> kKinds = {{
    {Residue::Kind::kWhole, "whole"},
    {Residue::Kind::kPatch, "patch"},
    {Residue::Kind::kSuppress, "suppress"},
}};

std::string_view NameOf(Residue::Kind kind) {
  for (const auto& [known, name] : kKinds)
    if (known == kind) return name;
  return "";
}

Error Damaged(const Item& item, std::string_view what) {
  return Error(Code::kCorrupt,
               fmt::format("a record of {} in {} is damaged: {}; the migration cannot be undone "
                           "exactly; restore the generation from a backup",
                           item.Text("scope"), tables::kResidueTable, what));
}

Result<Item> Embedded(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  if (value == nullptr) return Item();
  if (!value->is(items::Kind::kB))
    return Damaged(item, fmt::format("attribute {} is not of type B", name));
  return items::DecodeItem(value->text());
}

void Embed(Item& item, std::string_view name, const Item& embedded) {
  if (!embedded.empty()) item.Set(name, Value::B(items::EncodeItem(embedded)));
}

// Pages through one partition.
Status ForEachIn(OpContext& op, items::ItemSource& source, std::string_view table,
                 const std::string& scope, const std::function<Status(const Item&)>& visit) {
  items::QueryRequest request{
      .table = std::string(table), .index = {}, .partition = Value::S(scope)};
  do {
    auto page = source.Query(op, request);
    if (!page.ok() && page.error().code == Code::kNotFound) return Ok();  // no such table
    if (!page.ok()) return std::move(page).error();
    for (const auto& item : page->items) TRY_OK(visit(item));
    request.after = std::move(page->next);
  } while (!request.after.empty());
  return Ok();
}

// A sort key has at most 1024 bytes, and the key of a record may have three times as many: then its
// end is hashed, and the record's key stands in an attribute of its own.
constexpr std::size_t kMaxSortKey = 1024;

std::string SortKeyFor(std::string encoded_key) {
  if (encoded_key.size() <= kMaxSortKey) return encoded_key;
  return encoded_key.substr(0, kMaxSortKey - 32) + Sha256(encoded_key);
}

std::uint64_t HashOf(std::string_view table, std::string_view encoded_key) {
  std::string bytes(table);
  bytes += '\0';
  bytes += encoded_key;
  return StableHash(bytes);
}

}  // namespace

std::string ScopeOf(const Step& step, Direction direction) {
  return fmt::format("{}-{} {}", step.from().ToString(), step.to().ToString(),
                     migrate::NameOf(direction));
}

std::string ResidueScope(const Step& step, Direction direction, std::string_view table) {
  return fmt::format("{} {}", ScopeOf(step, direction), table);
}

Item ResidueItem(const std::string& scope, const Residue& residue) {
  Item item;
  item.Set("scope", Value::S(scope));
  std::string key = items::EncodeItem(residue.key);
  if (key.size() > kMaxSortKey) Embed(item, "recordKey", residue.key);
  item.Set("key", Value::B(SortKeyFor(std::move(key))));
  item.Set("kind", Value::S(std::string(NameOf(residue.kind))));
  item.Set("table", Value::S(residue.table));
  Embed(item, "original", residue.original);
  Embed(item, "base", residue.base);
  if (residue.original_key) Embed(item, "originalKey", *residue.original_key);
  return item;
}

Result<Residue> ResidueFrom(const Item& item) {
  Residue residue;
  bool known = false;
  for (const auto& [kind, name] : kKinds)
    if (item.Text("kind") == name) {
      residue.kind = kind;
      known = true;
    }
  if (!known) return Damaged(item, fmt::format("kind \"{}\" is unknown", item.Text("kind")));
  residue.table = item.Text("table");
  TRY(residue.key, Embedded(item, item.Has("recordKey") ? "recordKey" : "key"));
  TRY(residue.original, Embedded(item, "original"));
  TRY(residue.base, Embedded(item, "base"));
  if (item.Has("originalKey")) {
    TRY(residue.original_key, Embedded(item, "originalKey"));
  }
  return residue;
}

Item FindingItem(const std::string& scope, FindingKind kind, const items::TableSpec& spec,
                 const Output::Remark& remark) {
  Item item;
  item.Set("scope",
           Value::S(fmt::format("{} {}", scope,
                                kind == FindingKind::kQuarantined ? "quarantine" : "note")));
  std::string record = remark.table;
  record += '\0';
  record += remark.code;
  record += '\0';
  // A sort key has at most 1024 bytes, and keys may have more.
  record += Sha256(items::EncodeItem(items::KeyOf(spec, remark.record)) + remark.text);
  item.Set("record", Value::B(std::move(record)));
  item.Set("table", Value::S(remark.table));
  item.Set("code", Value::S(remark.code));
  item.Set("text", Value::S(remark.text));
  Embed(item, "item", remark.record);
  return item;
}

Result<Finding> FindingFrom(const Item& item) {
  Finding finding;
  finding.kind =
      item.Text("scope").ends_with("quarantine") ? FindingKind::kQuarantined : FindingKind::kNote;
  finding.remark.table = item.Text("table");
  finding.remark.code = item.Text("code");
  finding.remark.text = item.Text("text");
  TRY(finding.remark.record, Embedded(item, "item"));
  return finding;
}

Result<std::shared_ptr<const ResidueFilter>> ResidueFilter::Build(
    OpContext& op, items::ItemSource& source, const Step& step, Direction direction,
    const std::vector<std::string_view>& tables) {
  std::vector<std::uint64_t> hashes;
  for (const auto table : tables)
    TRY_OK(ForEachIn(op, source, tables::kResidueTable,
                     ResidueScope(step, Opposite(direction), table), [&](const Item& item) {
                       const Value* key = item.Find("key");
                       if (key != nullptr && key->is(items::Kind::kB))
                         hashes.push_back(HashOf(table, key->text()));
                       return Ok();
                     }));
  auto filter = std::make_shared<ResidueFilter>();
  if (!hashes.empty()) {
    std::size_t words = 1;
    while (words * 64 < hashes.size() * 16) words *= 2;
    filter->bits_.resize(words);
    for (const auto hash : hashes)
      for (const auto bit : {hash, hash >> 32 | hash << 32})
        filter->bits_[(bit / 64) % words] |= std::uint64_t{1} << (bit % 64);
  }
  return std::shared_ptr<const ResidueFilter>(std::move(filter));
}

bool ResidueFilter::MayHave(std::string_view table, std::string_view encoded_key) const {
  if (bits_.empty()) return false;
  const std::uint64_t hash = HashOf(table, encoded_key);
  for (const auto bit : {hash, hash >> 32 | hash << 32})
    if ((bits_[(bit / 64) % bits_.size()] & std::uint64_t{1} << (bit % 64)) == 0) return false;
  return true;
}

FindResidue ResidueFinder(OpContext& op, items::ItemSource& source, const Step& step,
                          Direction direction, const ResidueFilter& filter) {
  if (filter.empty()) return {};
  return [&op, &source, &step, direction, &filter](
             std::string_view table, const Item& key) -> Result<std::optional<Residue>> {
    std::string encoded = SortKeyFor(items::EncodeItem(key));
    if (!filter.MayHave(table, encoded)) return std::optional<Residue>();
    Item residue_key;
    residue_key.Set("scope", Value::S(ResidueScope(step, Opposite(direction), table)));
    residue_key.Set("key", Value::B(std::move(encoded)));
    auto item = source.Get(op, tables::kResidueTable, residue_key);
    if (!item.ok() && item.error().code == Code::kNotFound) return std::optional<Residue>();
    if (!item.ok()) return std::move(item).error();
    TRY(auto residue, ResidueFrom(*item));
    return std::optional<Residue>(std::move(residue));
  };
}

Status ForEachResidue(OpContext& op, items::ItemSource& source, const Step& step,
                      Direction direction, const std::function<Status(const Residue&)>& visit) {
  for (const std::string_view table : tables::AllTableNames())
    TRY_OK(ForEachIn(op, source, tables::kResidueTable,
                     ResidueScope(step, Opposite(direction), table),
                     [&](const Item& item) -> Status {
                       TRY(const auto residue, ResidueFrom(item));
                       return visit(residue);
                     }));
  return Ok();
}

}  // namespace vams::migrate
