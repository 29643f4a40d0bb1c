#include "catalog/tag_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "catalog/records.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;

namespace {

// The marks that all tags share.  No asset's, whose name has a colon.
constexpr std::string_view kAllTags = "tags";

// As Python shows a text in a list: what clients know.
std::string Quoted(std::string_view text) {
  const bool single = text.find('\'') == text.npos || text.find('"') != text.npos;
  std::string quoted(1, single ? '\'' : '"');
  for (const char c : text) {
    if (c == '\\' || (single && c == '\'')) quoted += '\\';
    quoted += c;
  }
  return quoted + quoted.front();
}

}  // namespace

Item TagKey(std::string_view name) { return {{"tagName", Value::S(std::string(name))}}; }

Item TagTypeKey(std::string_view name) { return {{"tagTypeName", Value::S(std::string(name))}}; }

model::Tag TagOf(const Item& item) {
  return {.name = std::string(item.Text("tagName")),
          .description = std::string(item.Text("description")),
          .type = std::string(item.Text("tagTypeName"))};
}

model::TagType TagTypeOf(const Item& item) {
  return {.name = std::string(item.Text("tagTypeName")),
          .description = std::string(item.Text("description")),
          .required = item.Text("required") == "True"};
}

Result<std::vector<model::Tag>> AllTags(OpContext& op, items::ItemSource& source) {
  std::vector<model::Tag> tags;
  TRY_OK(
      ForEachItem(op, source, kTagsTable, [&](const Item& item) { tags.push_back(TagOf(item)); }));
  std::ranges::sort(tags, {}, &model::Tag::name);
  return tags;
}

Result<std::vector<model::TagType>> AllTagTypes(OpContext& op, items::ItemSource& source) {
  std::vector<model::TagType> types;
  TRY_OK(ForEachItem(op, source, kTagTypesTable,
                     [&](const Item& item) { types.push_back(TagTypeOf(item)); }));
  std::ranges::sort(types, {}, &model::TagType::name);
  return types;
}

Write PutNewTag(const model::Tag& tag) {
  return Write::Put(kTagsTable,
                    {{"description", Value::S(tag.description)},
                     {"tagName", Value::S(tag.name)},
                     {"tagTypeName", Value::S(tag.type)}},
                    {Condition::Absent()});
}

Write PutNewTagType(const model::TagType& type) {
  return Write::Put(kTagTypesTable,
                    {{"description", Value::S(type.description)},
                     {"required", Value::S(type.required ? "True" : "False")},
                     {"tagTypeName", Value::S(type.name)}},
                    {Condition::Absent()});
}

Write CheckTagType(std::string_view name) {
  return Write::Check(kTagTypesTable, TagTypeKey(name), {Condition::Exists()});
}

Result<AssetMarks> ReadTagMarks(OpContext& op, items::ItemSource& source) {
  return ReadMarks(op, source, kAllTags);
}

Write TouchTags() { return Touch(kAllTags); }

Status CheckTagsOfNewAsset(OpContext& op, items::ItemSource& source,
                           const std::vector<std::string>& tags) {
  const std::set<std::string, std::less<>> given(tags.begin(), tags.end());
  std::set<std::string, std::less<>> unknown = given;
  std::set<std::string, std::less<>> types, types_given;  // that have tags
  TRY(auto known, AllTags(op, source));
  for (model::Tag& tag : known) {
    unknown.erase(tag.name);
    if (given.contains(tag.name)) types_given.insert(tag.type);
    types.insert(std::move(tag.type));
  }
  if (!unknown.empty())
    return Error(Code::kInvalid, "Invalid tags provided. Tags must exist in the system.",
                 fmt::format("not there: {}", fmt::join(unknown, ", ")));
  std::vector<std::string> missing;
  TRY(const auto all_types, AllTagTypes(op, source));
  for (const model::TagType& type : all_types)
    if (type.required && types.contains(type.name) && !types_given.contains(type.name))
      missing.push_back(Quoted(type.name));
  if (missing.empty()) return Ok();
  // In the order of what is shown.
  std::ranges::sort(missing);
  return Error(Code::kInvalid,
               fmt::format("Asset Details are missing tags of required tag types: [{}]",
                           fmt::join(missing, ", ")));
}

}  // namespace vams::catalog
