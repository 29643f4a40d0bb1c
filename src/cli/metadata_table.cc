#include "cli/metadata_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <map>

#include "base/encoding.h"
#include "cli/csv.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

// The columns that say whose metadata it is.
constexpr std::array<std::string_view, 5> kIdentity = {"databaseId", "assetId", "filePath", "type",
                                                       "assetLinkId"};
constexpr std::array<std::string_view, 3> kItem = {"metadataKey", "metadataValue",
                                                   "metadataValueType"};

bool IsOneOf(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Puts the lines of one entity together and notes what is wrong with them.
class Builder {
 public:
  explicit Builder(const TableDefaults& defaults) : defaults_(defaults) {}

  // The entity that the line is about; nothing if that was noted as a problem.
  MetadataEntity* Entity(const std::string& where, MetadataTarget target, std::string_view kind) {
    if (const auto why = Complete(target, kind)) {
      Problem(where, *why);
      return nullptr;
    }
    const auto [found, is_new] = index_.try_emplace(target, table_.entities.size());
    if (is_new) table_.entities.push_back({.target = std::move(target), .items = {}, .kept = {}});
    return &table_.entities[found->second];
  }

  void AddItem(const std::string& where, MetadataEntity& entity, model::MetadataItem item) {
    if (const auto why = Check(entity.target, item))
      return Problem(where, fmt::format("{}: {}", item.key, *why));
    const auto same =
        std::ranges::find(entity.items, item.key, [](const auto& other) { return other.key; });
    if (same == entity.items.end()) {
      entity.kept.erase(item.key);
      entity.items.push_back(std::move(item));
    } else if (*same != item) {
      Problem(where, fmt::format("{}: {} has it twice, with different values", item.key,
                                 Label(entity.target)));
    }
  }

  void Keep(MetadataEntity& entity, const std::string& key) {
    const bool has_it =
        std::ranges::any_of(entity.items, [&](const auto& item) { return item.key == key; });
    if (!has_it) entity.kept.insert(key);
  }

  void Problem(const std::string& where, const std::string& why) {
    table_.problems.push_back(fmt::format("{}: {}", where, why));
  }

  MetadataTable Done() { return std::move(table_); }

 private:
  // Fills in the defaults and brings the path into the form of the server.
  model::Complaint Complete(MetadataTarget& target, std::string_view kind) const {
    if (!target.link.empty()) {
      if (!target.asset.empty() || !target.path.empty() || !target.database.empty())
        return "a link has its assetLinkId alone; leave the other ids empty";
      if (!kind.empty()) return "a link has no type; leave it empty";
      return std::nullopt;
    }
    if (target.database.empty()) target.database = defaults_.database;
    if (target.asset.empty()) target.asset = defaults_.asset;
    if (target.database.empty())
      return "there is no databaseId; fill it in, or give it for all lines with --database-id";
    if (target.path.empty()) {
      if (kind.empty() || kind == "metadata") return std::nullopt;
      return fmt::format("\"{}\" is the type of files only; leave it empty", kind);
    }
    if (target.asset.empty())
      return "there is no assetId; fill it in, or give it for all lines with --asset-id";
    const auto found = model::FindFileMetadataKind(kind.empty() ? "metadata" : kind);
    if (!found) return fmt::format("\"{}\" is no type; say metadata or attribute", kind);
    target.kind = *found;
    auto path = model::NormalFilePath(target.asset, target.path);
    if (!path.ok()) return path.error().message;
    target.path = *std::move(path);
    return std::nullopt;
  }

  static model::Complaint Check(const MetadataTarget& target, const model::MetadataItem& item) {
    if (item.key.empty()) return "the key is empty";
    if (model::Length(item.key) > model::kMetadataKeyMax)
      return fmt::format("the key has more than {} characters", model::kMetadataKeyMax);
    if (item.value.size() > model::kMetadataValueMax)
      return fmt::format("the value has more than {} bytes", model::kMetadataValueMax);
    if (target.kind == model::FileMetadataKind::kAttribute &&
        item.type != model::ValueType::kString)
      return fmt::format("attributes are of type string, not {}", model::ValueTypeName(item.type));
    if (auto why = model::CheckValue(item.type, item.value))
      return fmt::format("a value of type {} {}", model::ValueTypeName(item.type), *why);
    return std::nullopt;
  }

  const TableDefaults& defaults_;
  MetadataTable table_;
  std::map<MetadataTarget, std::size_t> index_;
};

// ---- comma-separated values

// Where the columns are.
class Header {
 public:
  static Result<Header> Read(const std::vector<CsvRow>& rows) {
    if (rows.empty())
      return Error(Code::kInvalid, "the table is empty; its first line names the columns");
    Header header;
    for (std::size_t i = 0; i < rows.front().cells.size(); ++i) {
      const std::string& name = rows.front().cells[i];
      if (name.empty())
        return Error(Code::kInvalid, fmt::format("column {} of the table has no name", i + 1));
      if (!header.columns_.emplace(name, i).second)
        return Error(Code::kInvalid, fmt::format("the table has two columns {}", name));
    }
    header.size_ = rows.front().cells.size();
    return header;
  }

  std::size_t size() const { return size_; }
  bool Has(std::string_view name) const { return columns_.find(name) != columns_.end(); }
  std::string Cell(const CsvRow& row, std::string_view name) const {
    const auto found = columns_.find(name);
    return found == columns_.end() ? std::string() : row.cells[found->second];
  }
  const std::map<std::string, std::size_t, std::less<>>& columns() const { return columns_; }

 private:
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::size_t size_ = 0;
};

MetadataEntity* EntityOf(Builder& builder, const Header& header, const CsvRow& row,
                         const std::string& where) {
  return builder.Entity(where,
                        {.database = header.Cell(row, "databaseId"),
                         .asset = header.Cell(row, "assetId"),
                         .path = header.Cell(row, "filePath"),
                         .link = header.Cell(row, "assetLinkId")},
                        header.Cell(row, "type"));
}

// A line for each value.
Status ReadLong(const std::vector<CsvRow>& rows, const Header& header, Builder& builder) {
  for (const auto& [name, column] : header.columns())
    if (!IsOneOf(kIdentity, name) && !IsOneOf(kItem, name))
      return Error(Code::kInvalid,
                   fmt::format("the table has a column {}, which means nothing beside metadataKey; "
                               "take it out",
                               name));
  if (!header.Has("metadataValue"))
    return Error(Code::kInvalid, "the table has a column metadataKey and none metadataValue");
  for (const CsvRow& row : rows) {
    const std::string where = fmt::format("line {}", row.line);
    const std::string type_name = header.Cell(row, "metadataValueType");
    const auto type = model::FindValueType(type_name.empty() ? "string" : type_name);
    MetadataEntity* entity = EntityOf(builder, header, row, where);
    if (!type) builder.Problem(where, model::UnknownValueType(type_name));
    if (entity != nullptr && type)
      builder.AddItem(where, *entity,
                      {.key = header.Cell(row, "metadataKey"),
                       .value = header.Cell(row, "metadataValue"),
                       .type = *type});
  }
  return Ok();
}

struct KeyColumn {
  std::size_t at = 0;
  std::string key;
  model::ValueType type = model::ValueType::kString;
};

// "height:number"; what stands behind the last colon is part of the key unless it is a type.
KeyColumn ReadKeyColumn(std::string_view name, std::size_t at) {
  const std::size_t colon = name.rfind(':');
  if (colon != name.npos)
    if (const auto type = model::FindValueType(name.substr(colon + 1)))
      return {.at = at, .key = std::string(name.substr(0, colon)), .type = *type};
  return {.at = at, .key = std::string(name)};
}

std::string KeyColumnName(const std::string& key, model::ValueType type) {
  const bool misread =
      ReadKeyColumn(key, 0).key != key || IsOneOf(kIdentity, key) || IsOneOf(kItem, key);
  if (type == model::ValueType::kString && !misread) return key;
  return fmt::format("{}:{}", key, model::ValueTypeName(type));
}

// A line for each entity.
Status ReadWide(const std::vector<CsvRow>& rows, const Header& header, Builder& builder) {
  std::vector<KeyColumn> keys;
  for (const auto& [name, at] : header.columns())
    if (!IsOneOf(kIdentity, name)) keys.push_back(ReadKeyColumn(name, at));
  std::ranges::sort(keys, {}, &KeyColumn::at);
  for (const CsvRow& row : rows) {
    const std::string where = fmt::format("line {}", row.line);
    MetadataEntity* entity = EntityOf(builder, header, row, where);
    if (entity == nullptr) continue;
    for (const KeyColumn& column : keys) {
      const std::string& cell = row.cells[column.at];
      if (cell.empty())
        builder.Keep(*entity, column.key);
      else
        builder.AddItem(where, *entity, {.key = column.key, .value = cell, .type = column.type});
    }
  }
  return Ok();
}

Status ReadRows(std::string_view text, Builder& builder) {
  TRY(auto rows, ReadCsv(text));
  TRY(const Header header, Header::Read(rows));
  if (!header.Has("databaseId") && !header.Has("assetId") && !header.Has("filePath") &&
      !header.Has("assetLinkId"))
    return Error(Code::kInvalid,
                 "the table has none of the columns databaseId, assetId, filePath and assetLinkId, "
                 "separated by commas, so nobody knows whose metadata it is");
  rows.erase(rows.begin());
  for (const CsvRow& row : rows)
    if (row.cells.size() != header.size())
      return Error(Code::kInvalid, fmt::format("line {} has {} cells, the first line has {}",
                                               row.line, row.cells.size(), header.size()));
  return header.Has("metadataKey") ? ReadLong(rows, header, builder)
                                   : ReadWide(rows, header, builder);
}

// ---- JSON

void ReadObject(const json::object& object, const std::string& where, Builder& builder) {
  model::Problems problems;
  model::ObjectReader reader(object, problems);
  const auto text = [&](const char* name) {
    return reader.Has(name) ? reader.Text(name) : std::string();
  };
  MetadataTarget target{.database = text("databaseId"),
                        .asset = text("assetId"),
                        .path = text("filePath"),
                        .link = text("assetLinkId")};
  const std::string kind = text("type");
  const auto read = model::ReadMetadataCreate(object, problems);
  if (!problems.empty()) return builder.Problem(where, problems.Text("the entity"));
  MetadataEntity* entity = builder.Entity(where, std::move(target), kind);
  if (entity == nullptr) return;
  for (const model::MetadataItem& item : read.items) builder.AddItem(where, *entity, item);
}

Status ReadJson(std::string_view text, Builder& builder) {
  boost::system::error_code bad;
  const json::value list = json::parse(text, bad);
  if (bad) return Error(Code::kInvalid, "this is no JSON: " + bad.message());
  if (!list.is_array())
    return Error(Code::kInvalid, "the JSON is no list; write [ {…}, … ], one object per entity");
  for (std::size_t i = 0; i < list.get_array().size(); ++i) {
    const std::string where = fmt::format("entity {}", i + 1);
    if (const auto* object = list.get_array()[i].if_object())
      ReadObject(*object, where, builder);
    else
      builder.Problem(where, "it is no object");
  }
  return Ok();
}

json::object ToJson(const MetadataTarget& target) {
  json::object object;
  if (!target.link.empty()) return {{"assetLinkId", target.link}};
  object["databaseId"] = target.database;
  if (!target.asset.empty()) object["assetId"] = target.asset;
  if (!target.path.empty()) {
    object["filePath"] = target.path;
    object["type"] = model::FileMetadataKindName(target.kind);
  }
  return object;
}

}  // namespace

std::string Label(const MetadataTarget& target) {
  if (!target.link.empty()) return "link " + target.link;
  if (target.asset.empty()) return "database " + target.database;
  std::string label = target.database + "/" + target.asset;
  if (!target.path.empty()) label += " " + target.path;
  if (target.kind == model::FileMetadataKind::kAttribute) label += " (attributes)";
  return label;
}

Result<MetadataTable> ReadMetadataTable(std::string_view text, const TableDefaults& defaults) {
  constexpr std::string_view kByteOrderMark = "\uFEFF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const bool is_json = begin != text.npos && (text[begin] == '[' || text[begin] == '{');
  Builder builder(defaults);
  TRY_OK(is_json ? ReadJson(text, builder) : ReadRows(text, builder));
  return builder.Done();
}

namespace {

std::vector<std::string> IdentityCells(const MetadataTarget& target) {
  const bool file = !target.path.empty();
  return {target.database, target.asset, target.path,
          file ? std::string(model::FileMetadataKindName(target.kind)) : std::string(),
          target.link};
}

std::string WriteLong(std::span<const MetadataEntity> entities) {
  std::vector<std::string> names(kIdentity.begin(), kIdentity.end());
  names.insert(names.end(), kItem.begin(), kItem.end());
  std::string out;
  AppendCsv(out, names);
  for (const MetadataEntity& entity : entities)
    for (const model::MetadataItem& item : entity.items) {
      std::vector<std::string> cells = IdentityCells(entity.target);
      cells.insert(cells.end(),
                   {item.key, item.value, std::string(model::ValueTypeName(item.type))});
      AppendCsv(out, cells);
    }
  return out;
}

std::string WriteWide(std::span<const MetadataEntity> entities, std::size_t& left_out) {
  std::map<std::string, std::size_t> columns;
  for (const MetadataEntity& entity : entities)
    for (const model::MetadataItem& item : entity.items)
      columns.emplace(KeyColumnName(item.key, item.type), 0);
  std::vector<std::string> names(kIdentity.begin(), kIdentity.end());
  for (auto& [name, at] : columns) {
    at = names.size();
    names.push_back(name);
  }
  std::string out;
  AppendCsv(out, names);
  for (const MetadataEntity& entity : entities) {
    std::vector<std::string> cells = IdentityCells(entity.target);
    cells.resize(names.size());
    for (const model::MetadataItem& item : entity.items) {
      cells[columns.at(KeyColumnName(item.key, item.type))] = item.value;
      if (item.value.empty()) ++left_out;
    }
    AppendCsv(out, cells);
  }
  return out;
}

std::string WriteJson(std::span<const MetadataEntity> entities) {
  std::string out = "[";
  for (const MetadataEntity& entity : entities) {
    json::object object = ToJson(entity.target);
    json::array items;
    for (const model::MetadataItem& item : entity.items)
      items.push_back(json::object{{"metadataKey", item.key},
                                   {"metadataValue", item.value},
                                   {"metadataValueType", model::ValueTypeName(item.type)}});
    object["metadata"] = std::move(items);
    out += (out.size() == 1 ? "\n" : ",\n") + json::serialize(object);
  }
  return out + "\n]\n";
}

}  // namespace

std::string WriteMetadataTable(std::span<const MetadataEntity> entities, TableFormat format,
                               std::size_t& left_out) {
  left_out = 0;
  switch (format) {
    case TableFormat::kLong:
      return WriteLong(entities);
    case TableFormat::kWide:
      return WriteWide(entities, left_out);
    case TableFormat::kJson:
      break;
  }
  return WriteJson(entities);
}

}  // namespace vams::cli
