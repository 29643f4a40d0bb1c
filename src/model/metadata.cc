#include "model/metadata.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "model/text.h"

namespace vams::model {

namespace {

MetadataItem ReadItem(ObjectReader& reader) {
  MetadataItem item;
  item.key = reader.Text("metadataKey", {.min = 1, .max = kMetadataKeyMax});
  const auto value = reader.OptionalText("metadataValue");
  std::optional<ValueType> type = ValueType::kString;
  // Absent is string; null is none of the types.
  if (reader.object().contains("metadataValueType")) {
    const auto name = reader.OptionalText("metadataValueType");
    type = name ? FindValueType(*name) : std::nullopt;
    if (name && !type)
      reader.problems().Add(reader.Where("metadataValueType"),
                            UnknownValueType(*name) + " (type=type_error.enum)");
  }
  if (!value || !type) return item;
  item.type = *type;
  item.value = *value;
  if (item.value.size() > kMetadataValueMax) {
    reader.problems().Add(reader.Where("metadataValue"),
                          fmt::format("ensure this value has at most {0} bytes; it has {1} "
                                      "(type=value_error.any_str.max_length; limit_value={0})",
                                      kMetadataValueMax, item.value.size()));
  } else if (const auto complaint = CheckValue(item.type, item.value)) {
    reader.problems().Add(reader.Where("__root__"),
                          fmt::format("a value of type {} {} (type=value_error)",
                                      ValueTypeName(item.type), *complaint));
  }
  return item;
}

// A member that has to be a list with something in it; false if that was noted as a problem.
bool IsList(ObjectReader& reader, std::string_view name) {
  const boost::json::value* value = reader.object().if_contains(name);
  const auto refuse = [&](const char* why) {
    reader.problems().Add(reader.Where(name), why);
    return false;
  };
  if (value == nullptr) return refuse("field required (type=value_error.missing)");
  if (value->is_null())
    return refuse("none is not an allowed value (type=type_error.none.not_allowed)");
  if (!value->is_array()) return refuse("value is not a valid list (type=type_error.list)");
  if (value->get_array().empty())
    return refuse(
        "ensure this value has at least 1 items (type=value_error.list.min_items; limit_value=1)");
  return true;
}

std::vector<MetadataItem> ReadEach(ObjectReader& reader) {
  std::vector<MetadataItem> items;
  if (!IsList(reader, "metadata")) return items;
  items.reserve(reader.object().at("metadata").get_array().size());
  reader.Each("metadata", [&](ObjectReader& each) { items.push_back(ReadItem(each)); });
  return items;
}

// What is read of the rest of the body, and whatever is wrong with it, comes between the problems
// of the items and the one about the whole.
template <typename ReadRest>
std::vector<MetadataItem> ReadItems(const boost::json::object& body, Problems& problems,
                                    const ReadRest& rest) {
  Problems found;
  ObjectReader look(body, found);
  auto items = ReadEach(look);
  ObjectReader reader(body, problems);
  if (!found.empty()) ReadEach(reader);
  rest(reader, items);
  if (!found.empty())
    problems.Add("__root__",
                 "metadata must be a list of at least one item, all of which are valid "
                 "(type=value_error)");
  return items;
}

MetadataCreate ReadCreate(const boost::json::object& body, Problems& problems) {
  const auto nothing = [](ObjectReader&, const std::vector<MetadataItem>&) {};
  return {.items = ReadItems(body, problems, nothing)};
}

MetadataUpdate ReadUpdate(const boost::json::object& body, Problems& problems) {
  bool replace_all = false;
  auto items =
      ReadItems(body, problems, [&](ObjectReader& reader, const std::vector<MetadataItem>& read) {
        if (!body.contains("updateType")) return;
        const auto word = reader.OptionalText("updateType");
        if (!word) return;
        replace_all = IsWord(*word, "replace_all");
        if (!replace_all && !IsWord(*word, "update"))
          problems.Add(reader.Where("updateType"),
                       "value is not a valid enumeration member; permitted: 'update', "
                       "'replace_all' (type=type_error.enum)");
        if (replace_all && read.size() > kMetadataRecordsMax)
          problems.Add("__root__",
                       fmt::format("replace_all takes at most {0} items, {1} were sent; send fewer "
                                   "items (type=value_error; limit_value={0})",
                                   kMetadataRecordsMax, read.size()));
      });
  return {.items = std::move(items), .replace_all = replace_all};
}

MetadataDelete ReadDelete(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  MetadataDelete read;
  if (IsList(reader, "metadataKeys")) read.keys = reader.Texts("metadataKeys", true);
  return read;
}

FileMetadataTarget ReadTarget(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  FileMetadataTarget file;
  file.path = reader.Text("filePath");
  if (const auto word = reader.OptionalText("type")) {
    if (const auto kind = FindFileMetadataKind(*word))
      file.kind = *kind;
    else
      problems.Add("type",
                   "value is not a valid enumeration member; permitted: 'metadata', 'attribute' "
                   "(type=type_error.enum)");
  }
  return file;
}

void RefuseTypedAttributes(const FileMetadataTarget& file, const std::vector<MetadataItem>& items,
                           Problems& problems) {
  if (file.kind != FileMetadataKind::kAttribute) return;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i].type != ValueType::kString)
      problems.Add(fmt::format("metadata -> {} -> metadataValueType", i),
                   fmt::format("attributes of files are of type string, not {} "
                               "(type=value_error)",
                               ValueTypeName(items[i].type)));
}

}  // namespace

std::string_view FileMetadataKindName(FileMetadataKind kind) {
  return kind == FileMetadataKind::kAttribute ? "attribute" : "metadata";
}

std::optional<FileMetadataKind> FindFileMetadataKind(std::string_view word) {
  for (const auto kind : {FileMetadataKind::kMetadata, FileMetadataKind::kAttribute})
    if (word == FileMetadataKindName(kind)) return kind;
  return std::nullopt;
}

MetadataCreate ReadMetadataCreate(const boost::json::object& body, Problems& problems) {
  return ReadCreate(body, problems);
}

MetadataUpdate ReadMetadataUpdate(const boost::json::object& body, Problems& problems) {
  return ReadUpdate(body, problems);
}

MetadataDelete ReadMetadataDelete(const boost::json::object& body, Problems& problems) {
  return ReadDelete(body, problems);
}

FileMetadata<MetadataCreate> ReadFileMetadataCreate(const boost::json::object& body,
                                                    Problems& problems) {
  FileMetadata<MetadataCreate> read{.file = ReadTarget(body, problems), .body = {}};
  read.body = ReadCreate(body, problems);
  RefuseTypedAttributes(read.file, read.body.items, problems);
  return read;
}

FileMetadata<MetadataUpdate> ReadFileMetadataUpdate(const boost::json::object& body,
                                                    Problems& problems) {
  FileMetadata<MetadataUpdate> read{.file = ReadTarget(body, problems), .body = {}};
  read.body = ReadUpdate(body, problems);
  RefuseTypedAttributes(read.file, read.body.items, problems);
  return read;
}

FileMetadata<MetadataDelete> ReadFileMetadataDelete(const boost::json::object& body,
                                                    Problems& problems) {
  FileMetadata<MetadataDelete> read{.file = ReadTarget(body, problems), .body = {}};
  read.body = ReadDelete(body, problems);
  return read;
}

Result<std::string> NormalFilePath(std::string_view asset_id, std::string_view path) {
  if (path.empty()) return Error(Code::kInvalid, "filePath is a required field.");
  std::string normal = path.starts_with('/') ? std::string(path) : fmt::format("/{}", path);
  if (auto complaint = CheckRelativePath("filePath", normal))
    return Error(Code::kInvalid, *std::move(complaint));
  if (normal.ends_with('/'))
    return Error(Code::kInvalid,
                 "filePath is invalid. Folders have no metadata; name a file, without a slash at "
                 "the end.");
  const std::string prefix = fmt::format("/{}/", asset_id);
  if (normal.starts_with(prefix)) normal.erase(0, prefix.size() - 1);
  return normal;
}

}  // namespace vams::model
