#include "items/table_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <set>
#include <stdexcept>

#include "base/ascii.h"
#include "base/encoding.h"
#include "items/codec.h"

namespace vams::items {

namespace {

constexpr std::size_t kMaxPartitionBytes = 2048;
constexpr std::size_t kMaxSortBytes = 1024;

constexpr std::size_t kMaxIndexes = 25;

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  });
}

bool IsKeyKind(Kind kind) { return kind == Kind::kS || kind == Kind::kN || kind == Kind::kB; }

Status CheckKeyValue(const TableSpec& spec, const KeyAttribute& key, const Value& value,
                     std::size_t max_bytes, std::string_view index) {
  const auto where = [&] {
    return index.empty()
               ? fmt::format("table {}: key attribute \"{}\"", spec.name, key.name)
               : fmt::format("table {}: attribute \"{}\" of index {}", spec.name, key.name, index);
  };
  if (value.kind() != key.kind)
    return Error(Code::kInvalid, fmt::format("{} must be of type {}, not {}", where(),
                                             KindName(key.kind), KindName(value.kind())));
  if (value.text().empty())
    return Error(Code::kInvalid, fmt::format("{} must not be empty", where()));
  if (value.text().size() > max_bytes)
    return Error(Code::kTooLarge, fmt::format("{} has {} bytes; at most {} are allowed", where(),
                                              value.text().size(), max_bytes));
  return Ok();
}

Status CheckValue(std::string_view name, const Value& value, int depth) {
  const auto invalid = [&](std::string_view why) {
    return Error(Code::kInvalid, fmt::format("attribute \"{}\" {}", name, why));
  };
  switch (value.kind()) {
    case Kind::kS:
      if (!IsUtf8(value.text())) return invalid("is not valid UTF-8 text");
      return Ok();
    case Kind::kM:
      if (depth >= kMaxNesting) return invalid("is nested more than 32 levels deep");
      for (const auto& [inner, v] : value.map()) {
        if (!IsUtf8(inner)) return invalid("has a member name that is not valid UTF-8");
        TRY_OK(CheckValue(name, v, depth + 1));
      }
      return Ok();
    case Kind::kL:
      if (depth >= kMaxNesting) return invalid("is nested more than 32 levels deep");
      for (const auto& v : value.list()) TRY_OK(CheckValue(name, v, depth + 1));
      return Ok();
    case Kind::kSS:
      for (const auto& member : value.set())
        if (!IsUtf8(member)) return invalid("has a member that is not valid UTF-8 text");
      [[fallthrough]];
    case Kind::kNS:
    case Kind::kBS:
      if (value.set().empty()) return invalid("is an empty set; leave the attribute out instead");
      return Ok();
    default:
      return Ok();
  }
}

std::string Shown(const Value& value) {
  const auto& text = value.text();
  std::string shown = value.is(Kind::kB) ? "0x" + HexEncode(text) : text;
  if (shown.size() <= 80) return shown;
  // Not through a character: the message must stay UTF-8.
  std::size_t end = 77;
  while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0) == 0x80) --end;
  return shown.substr(0, end) + "...";
}

}  // namespace

const IndexSpec* TableSpec::FindIndex(std::string_view index) const {
  for (const auto& i : indexes)
    if (i.name == index) return &i;
  return nullptr;
}

Status CheckTableSpec(const TableSpec& spec) {
  const auto invalid = [&](std::string why) {
    return Error(Code::kInvalid, fmt::format("table \"{}\": {}", spec.name, why));
  };
  if (spec.name.size() < 3 || spec.name.size() > 255)
    return invalid("a table name has 3 to 255 characters");
  if (!IsPlainName(spec.name))
    return invalid("a table name consists of letters, digits, '_', '.' and '-'");
  for (const std::string_view reserved : {"vams_", "sqlite_"})
    if (Lower(spec.name).starts_with(reserved))
      return invalid(fmt::format("names starting with \"{}\" are reserved", reserved));
  if (spec.partition.empty()) return invalid("no partition key");
  if (spec.indexes.size() > kMaxIndexes)
    return invalid(fmt::format("more than {} indexes", kMaxIndexes));
  if (spec.partition.name == spec.sort.name)
    return invalid("partition and sort key are the same attribute");
  std::vector<KeyAttribute> keys{spec.partition, spec.sort};
  std::set<std::string> names;
  for (const auto& index : spec.indexes) {
    if (!IsPlainName(index.name))
      return invalid("an index name consists of letters, digits, '_', '.' and '-'");
    if (!names.insert(Lower(index.name)).second)
      return invalid("index names must differ, not only in case");
    if (index.partition.empty())
      return invalid(fmt::format("index {} has no partition key", index.name));
    if (index.partition.name == index.sort.name)
      return invalid(fmt::format("index {} has one attribute for both its keys", index.name));
    if (index.local && index.partition != spec.partition)
      return invalid(fmt::format("local index {} must use the table's partition key", index.name));
    keys.push_back(index.partition);
    keys.push_back(index.sort);
  }
  for (const auto& key : keys) {
    if (key.empty()) continue;
    if (!IsKeyKind(key.kind))
      return invalid(fmt::format("key \"{}\" must be of type S, N or B", key.name));
    for (const auto& other : keys)
      if (other.name == key.name && other.kind != key.kind)
        return invalid(fmt::format("key \"{}\" is used with two types", key.name));
    if (key.name == spec.ttl_attribute) return invalid("the TTL attribute cannot be a key");
  }
  return Ok();
}

Item KeyOf(const TableSpec& spec, const Item& item) {
  Item key;
  if (const Value* v = item.Find(spec.partition.name)) key.Set(spec.partition.name, *v);
  if (!spec.sort.empty())
    if (const Value* v = item.Find(spec.sort.name)) key.Set(spec.sort.name, *v);
  return key;
}

Status CheckItem(const TableSpec& spec, const Item& item, std::size_t max_item_bytes) {
  for (const auto* key : {&spec.partition, &spec.sort}) {
    if (key->empty()) continue;
    const Value* value = item.Find(key->name);
    if (value == nullptr)
      return Error(Code::kInvalid,
                   fmt::format("table {}: key attribute \"{}\" is missing", spec.name, key->name));
    TRY_OK(CheckKeyValue(spec, *key, *value,
                         key == &spec.partition ? kMaxPartitionBytes : kMaxSortBytes, ""));
  }
  for (const auto& index : spec.indexes)
    for (const auto* key : {&index.partition, &index.sort}) {
      if (key->empty()) continue;
      if (const Value* value = item.Find(key->name))
        TRY_OK(CheckKeyValue(spec, *key, *value,
                             key == &index.partition ? kMaxPartitionBytes : kMaxSortBytes,
                             index.name));
    }
  for (const auto& [name, value] : item) {
    if (!IsUtf8(name))
      return Error(Code::kInvalid,
                   fmt::format("table {}: an attribute name is not valid UTF-8", spec.name));
    TRY_OK(CheckValue(name, value, 0));
  }
  const std::size_t size = ItemSize(item);
  if (size > max_item_bytes)
    return Error(Code::kTooLarge,
                 fmt::format("{} would have {} bytes; an item has at most {}; store less in it",
                             DescribeKey(spec, KeyOf(spec, item)), size, max_item_bytes));
  return Ok();
}

Status CheckKey(const TableSpec& spec, const Item& key) {
  const std::size_t expected = spec.sort.empty() ? 1 : 2;
  for (const auto* k : {&spec.partition, &spec.sort}) {
    if (k->empty()) continue;
    const Value* value = key.Find(k->name);
    if (value == nullptr)
      return Error(Code::kInvalid,
                   fmt::format("table {}: key attribute \"{}\" is missing", spec.name, k->name));
    TRY_OK(CheckKeyValue(spec, *k, *value,
                         k == &spec.partition ? kMaxPartitionBytes : kMaxSortBytes, ""));
    if (value->is(Kind::kS) && !IsUtf8(value->text()))
      return Error(Code::kInvalid, fmt::format("table {}: key attribute \"{}\" is not valid UTF-8",
                                               spec.name, k->name));
  }
  if (key.size() != expected)
    return Error(
        Code::kInvalid,
        fmt::format("table {}: the key has attributes that are no key of this table", spec.name));
  return Ok();
}

std::string DescribeKey(const TableSpec& spec, const Item& key) {
  std::string out = spec.name + " {";
  for (const auto* k : {&spec.partition, &spec.sort}) {
    if (k->empty()) continue;
    if (k == &spec.sort) out += ", ";
    const Value* value = key.Find(k->name);
    const bool usable = value != nullptr && IsKeyKind(value->kind());
    out += fmt::format("{}: {}", k->name, usable ? Shown(*value) : "?");
  }
  return out + "}";
}

namespace {

boost::json::value KeyJson(const KeyAttribute& key) {
  if (key.empty()) return nullptr;
  return boost::json::object{{"name", key.name}, {"type", std::string(KindName(key.kind))}};
}

KeyAttribute KeyFromJson(const boost::json::value& json) {
  if (json.is_null()) return {};
  const auto& object = json.as_object();
  const std::string_view type = object.at("type").as_string();
  for (const Kind kind : {Kind::kS, Kind::kN, Kind::kB})
    if (type == KindName(kind)) return {std::string(object.at("name").as_string()), kind};
  throw std::runtime_error(fmt::format("unknown key type \"{}\"", type));
}

constexpr std::string_view kProjections[] = {"ALL", "KEYS_ONLY", "INCLUDE"};

}  // namespace

std::string EncodeTableSpec(const TableSpec& spec) {
  boost::json::array indexes;
  for (const auto& i : spec.indexes) {
    boost::json::array included(i.included.begin(), i.included.end());
    indexes.push_back(
        boost::json::object{{"name", i.name},
                            {"partition", KeyJson(i.partition)},
                            {"sort", KeyJson(i.sort)},
                            {"projection", kProjections[static_cast<int>(i.projection)]},
                            {"included", included},
                            {"local", i.local}});
  }
  return boost::json::serialize(boost::json::object{{"name", spec.name},
                                                    {"partition", KeyJson(spec.partition)},
                                                    {"sort", KeyJson(spec.sort)},
                                                    {"indexes", indexes},
                                                    {"ttl", spec.ttl_attribute}});
}

Result<TableSpec> DecodeTableSpec(std::string_view text) {
  try {
    const auto json = boost::json::parse(text);
    const auto& object = json.as_object();
    TableSpec spec;
    spec.name = std::string(object.at("name").as_string());
    spec.partition = KeyFromJson(object.at("partition"));
    spec.sort = KeyFromJson(object.at("sort"));
    spec.ttl_attribute = std::string(object.at("ttl").as_string());
    for (const auto& entry : object.at("indexes").as_array()) {
      const auto& o = entry.as_object();
      IndexSpec index;
      index.name = std::string(o.at("name").as_string());
      index.partition = KeyFromJson(o.at("partition"));
      index.sort = KeyFromJson(o.at("sort"));
      const std::string_view projection = o.at("projection").as_string();
      const auto known = std::find(std::begin(kProjections), std::end(kProjections), projection);
      if (known == std::end(kProjections))
        throw std::runtime_error(fmt::format("unknown projection \"{}\"", projection));
      index.projection = static_cast<IndexSpec::Projection>(known - std::begin(kProjections));
      for (const auto& name : o.at("included").as_array())
        index.included.emplace_back(name.as_string());
      index.local = o.at("local").as_bool();
      spec.indexes.push_back(std::move(index));
    }
    return spec;
  } catch (const std::exception& e) {
    return Error(Code::kCorrupt, "a stored table definition cannot be read", e.what());
  }
}

}  // namespace vams::items
