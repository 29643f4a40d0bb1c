#include "migrate/step.h"

#include <algorithm>
#include <unordered_map>

#include "base/encoding.h"
#include "base/hash.h"
#include "items/codec.h"

namespace vams::migrate {

std::string_view NameOf(Direction direction) { return direction == Direction::kUp ? "up" : "down"; }

std::string_view NameOf(Dialect dialect) {
  return dialect == Dialect::kCorrected ? "corrected" : "reference";
}

std::string MadeUpId(const Settings& settings, std::string_view purpose) {
  std::string bytes = Sha256(settings.run_id + '\0' + std::string(purpose)).substr(0, 16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3f) | 0x80);
  std::string text = HexEncode(bytes);
  for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, 1, '-');
  return text;
}

namespace {

// The answers remembered of one kind; forgotten all at once when they are many.
constexpr std::size_t kRemembered = 512;

void AddPart(std::string& key, std::string_view part) {
  key += part;
  key += '\0';
}

}  // namespace

struct State::Cache {
  std::unordered_map<std::string, std::optional<items::Item>> found;
  std::unordered_map<std::string, std::shared_ptr<const std::vector<items::Item>>> queried;
  std::map<std::string, bool, std::less<>> empty;
  std::map<std::string, std::vector<items::Item>, std::less<>> all;
  std::map<std::string, items::TableSpec, std::less<>> specs;
};

State::State(OpContext& op, items::ItemSource& tables, items::ItemSource* lookups)
    : op_(op), tables_(tables), lookups_(lookups), cache_(std::make_unique<Cache>()) {}
State::~State() = default;

Result<std::optional<items::Item>> State::Find(std::string_view table, const items::Item& key) {
  std::string name;
  AddPart(name, table);
  items::AppendItem(name, key);
  if (const auto known = cache_->found.find(name); known != cache_->found.end())
    return known->second;
  auto got = tables_.Get(op_, table, key);
  if (!got.ok() && got.error().code != Code::kNotFound) return std::move(got).error();
  if (cache_->found.size() >= kRemembered) cache_->found.clear();
  auto& kept = cache_->found[name];
  if (got.ok()) kept = *std::move(got);
  return kept;
}

Result<std::vector<items::Item>> State::Query(std::string_view table, std::string_view index,
                                              std::string_view partition) {
  TRY(const auto shared, QueryShared(table, index, partition));
  return *shared;
}

Result<std::shared_ptr<const std::vector<items::Item>>> State::QueryShared(
    std::string_view table, std::string_view index, std::string_view partition) {
  std::string name;
  AddPart(name, table);
  AddPart(name, index);
  name += partition;
  if (const auto known = cache_->queried.find(name); known != cache_->queried.end())
    return known->second;
  items::ItemSource* source = &tables_;
  if (lookups_ != nullptr && lookups_->Table(op_, table).ok()) source = lookups_;
  items::QueryRequest request{.table = std::string(table),
                              .index = std::string(index),
                              .partition = items::Value::S(std::string(partition))};
  auto all = std::make_shared<std::vector<items::Item>>();
  do {
    auto page = source->Query(op_, request);
    if (!page.ok() && page.error().code == Code::kNotFound) break;
    if (!page.ok()) return std::move(page).error();
    std::move(page->items.begin(), page->items.end(), std::back_inserter(*all));
    request.after = std::move(page->next);
  } while (!request.after.empty());
  if (cache_->queried.size() >= kRemembered) cache_->queried.clear();
  cache_->queried[name] = all;
  return std::shared_ptr<const std::vector<items::Item>>(std::move(all));
}

Result<bool> State::HasNone(std::string_view lookup) {
  if (lookups_ == nullptr) return false;
  if (const auto known = cache_->empty.find(lookup); known != cache_->empty.end())
    return known->second;
  if (!lookups_->Table(op_, lookup).ok()) {
    cache_->empty.emplace(std::string(lookup), false);
    return false;
  }
  return IsEmptyIn(*lookups_, lookup);
}

Result<bool> State::IsEmpty(std::string_view table) { return IsEmptyIn(tables_, table); }

Result<bool> State::IsEmptyIn(items::ItemSource& source, std::string_view table) {
  if (const auto known = cache_->empty.find(table); known != cache_->empty.end())
    return known->second;
  bool empty = true;
  std::string after;
  do {
    auto page = source.Scan(op_, table, {}, after, 1);
    if (!page.ok() && page.error().code == Code::kNotFound) break;
    if (!page.ok()) return std::move(page).error();
    empty = page->items.empty();
    after = std::move(page->next);
  } while (empty && !after.empty());
  cache_->empty.emplace(std::string(table), empty);
  return empty;
}

Result<const std::vector<items::Item>*> State::All(std::string_view table) {
  if (const auto known = cache_->all.find(table); known != cache_->all.end()) return &known->second;
  std::vector<items::Item> all;
  std::string after;
  do {
    auto page = tables_.Scan(op_, table, {}, after, 1000);
    if (!page.ok() && page.error().code == Code::kNotFound) break;
    if (!page.ok()) return std::move(page).error();
    std::move(page->items.begin(), page->items.end(), std::back_inserter(all));
    after = std::move(page->next);
  } while (!after.empty());
  return &cache_->all.emplace(std::string(table), std::move(all)).first->second;
}

std::vector<const items::Item*> Unit::Of(std::string_view table) const {
  std::vector<const items::Item*> of;
  for (const auto& record : records)
    if (record.table == table) of.push_back(&record.item);
  return of;
}

void Output::Quarantine(const Record& record, std::string_view code, std::string reason) {
  quarantined.push_back(
      {std::string(code), std::string(record.table), record.item, std::move(reason)});
}

void Output::Ambiguous(const Record& record, std::string_view code, std::string reason) {
  ambiguous.push_back(
      {std::string(code), std::string(record.table), record.item, std::move(reason)});
}

void Output::Note(const Record& record, std::string_view code, std::string text) {
  notes.push_back({std::string(code), std::string(record.table), record.item, std::move(text)});
}

void Output::Defect(const Record& record, std::string_view code, std::string text) {
  defects.push_back({std::string(code), std::string(record.table), record.item, std::move(text)});
}

const std::vector<std::string_view>& ReadsOf(const PhaseInfo& info, Direction direction) {
  return direction == Direction::kUp ? info.reads_up : info.reads_down;
}
const std::vector<std::string_view>& WritesOf(const PhaseInfo& info, Direction direction) {
  return direction == Direction::kUp ? info.writes_up : info.writes_down;
}
const std::vector<LookupSpec>& LookupsOf(const PhaseInfo& info, Direction direction) {
  return direction == Direction::kUp ? info.lookups_up : info.lookups_down;
}
bool Contains(std::span<const std::string_view> tables, std::string_view table) {
  return std::find(tables.begin(), tables.end(), table) != tables.end();
}

}  // namespace vams::migrate
