#include "model/tag.h"

#include <boost/json.hpp>
#include <string_view>
#include <utility>

namespace vams::model {

namespace json = boost::json;

namespace {

constexpr TextRule kShortText{.required = true, .min = 1, .max = 256};

std::string ReadName(ObjectReader& reader, std::string_view member) {
  std::string name = reader.Text(member, kShortText);
  // An empty or absent one was complained about.
  if (name.empty()) return name;
  if (auto complaint = CheckObjectName(member, name))
    reader.problems().Add(reader.Where(member), *std::move(complaint));
  return name;
}

// Exactly these spellings: upstream stores any text here, and takes what it does not know for no.
bool ReadRequired(ObjectReader& reader) {
  constexpr std::string_view kMember = "required";
  const json::value* value = reader.object().if_contains(kMember);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string()) {
    const std::string_view text = value->get_string();
    if (text == "True" || text == "true") return true;
    if (text == "False" || text == "false") return false;
  }
  reader.problems().Add(reader.Where(kMember),
                        "value is not 'True' or 'False' (type=value_error.const)");
  return false;
}

Tag ReadTag(ObjectReader& reader) {
  Tag tag;
  tag.name = ReadName(reader, "tagName");
  tag.description = reader.Text("description", kShortText);
  tag.type = ReadName(reader, "tagTypeName");
  return tag;
}

TagType ReadTagType(ObjectReader& reader) {
  TagType type;
  type.name = ReadName(reader, "tagTypeName");
  type.description = reader.Text("description", kShortText);
  if (auto complaint = CheckNotGlobal("description", type.description))
    reader.problems().Add(reader.Where("description"), *std::move(complaint));
  type.required = ReadRequired(reader);
  return type;
}

template <typename Value>
std::vector<Value> ReadOneOrList(const json::object& body, Problems& problems,
                                 std::string_view list, std::string_view key,
                                 Value (*read)(ObjectReader&)) {
  ObjectReader reader(body, problems);
  std::vector<Value> values;
  // With its key in it the body is one of them, whatever other members it has.
  if (!body.contains(list) || body.contains(key)) {
    values.push_back(read(reader));
    return values;
  }
  if (reader.IsNull(list))
    problems.Add(std::string(list),
                 "none is not an allowed value (type=type_error.none.not_allowed)");
  reader.Each(list, [&](ObjectReader& element) { values.push_back(read(element)); });
  if (values.empty() && problems.empty())
    problems.Add(std::string(list),
                 "ensure this value has at least 1 items (type=value_error.list.min_items; "
                 "limit_value=1)");
  return values;
}

}  // namespace

std::vector<Tag> ReadTags(const json::object& body, Problems& problems) {
  return ReadOneOrList(body, problems, "tags", "tagName", ReadTag);
}

std::vector<TagType> ReadTagTypes(const json::object& body, Problems& problems) {
  return ReadOneOrList(body, problems, "tagTypes", "tagTypeName", ReadTagType);
}

}  // namespace vams::model
