#include "catalog/tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "access/object.h"
#include "catalog/commit_planned.h"
#include "catalog/tag_records.h"

namespace vams::catalog {

using access::Action;
using access::Field;
using access::Object;
using access::ObjectType;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

Object TagObject(std::string_view name) {
  return Object(ObjectType::kTag).Set(Field::kTagName, name);
}

Object TypeObject(std::string_view name) {
  return Object(ObjectType::kTagType).Set(Field::kTagTypeName, name);
}

Error NoTag(std::string_view name) {
  return {Code::kNotFound, fmt::format("Tag {} not found", name)};
}
Error NoType(std::string_view name) {
  return {Code::kNotFound, fmt::format("Tag type {} not found", name)};
}

Write SetTexts(const std::string& table, Item key,
               std::vector<std::pair<std::string, std::string>> texts) {
  std::vector<Mutation> mutations;
  for (auto& [attribute, text] : texts)
    mutations.push_back({Mutation::Op::kSet, std::move(attribute), Value::S(std::move(text))});
  return Write::Update(table, std::move(key), std::move(mutations), {Condition::Exists()});
}

// Which of these names are there.
Result<std::set<std::string, std::less<>>> There(OpContext& op, items::ItemSource& source,
                                                 const std::string& table,
                                                 const std::set<std::string>& names,
                                                 Item (*key)(std::string_view)) {
  std::vector<Item> keys;
  for (const std::string& name : names) keys.push_back(key(name));
  TRY(const auto found, source.BatchGet(op, table, keys));
  std::set<std::string, std::less<>> there;
  std::size_t i = 0;
  for (const std::string& name : names)
    if (found[i++]) there.insert(name);
  return there;
}

// The tags in turn, as if each were a request of its own.
Status PlanTags(OpContext& op, items::ItemSource& source, Caller& caller,
                std::span<const model::Tag> tags, bool create, std::vector<Write>& writes) {
  std::set<std::string> names, types;
  for (const model::Tag& tag : tags) {
    names.insert(tag.name);
    types.insert(tag.type);
  }
  TRY(auto there, There(op, source, kTagsTable, names, TagKey));
  TRY(const auto types_there, There(op, source, kTagTypesTable, types, TagTypeKey));
  std::map<std::string_view, const model::Tag*> last;
  for (const model::Tag& tag : tags) {
    TRY_OK(caller.Require(TagObject(tag.name), create ? Action::kPost : Action::kPut));
    if (create && !there.insert(tag.name).second)
      return Error(Code::kConflict, fmt::format("Tag {} already exists", tag.name));
    if (!create && !there.contains(tag.name)) return NoTag(tag.name);
    if (!types_there.contains(tag.type))
      return Error(Code::kInvalid, fmt::format("Tag type {} not found, so the tag {} cannot have "
                                               "it; create the type first",
                                               tag.type, tag.name));
    last[tag.name] = &tag;
  }
  for (const auto& [name, tag] : last)
    writes.push_back(
        create ? PutNewTag(*tag)
               : SetTexts(kTagsTable, TagKey(name),
                          {{"description", tag->description}, {"tagTypeName", tag->type}}));
  for (const std::string& type : types) writes.push_back(CheckTagType(type));
  writes.push_back(TouchTags());
  return Ok();
}

}  // namespace

// ---- Tags.

Result<std::vector<ListedTag>> Tags::List(OpContext& op, Caller& caller) {
  TRY(auto tags, AllTags(op, stores_.items));
  TRY(const auto types, AllTagTypes(op, stores_.items));
  std::set<std::string_view> required;
  for (const model::TagType& type : types)
    if (type.required) required.insert(type.name);
  std::vector<ListedTag> listed;
  for (model::Tag& tag : tags) {
    if (!caller.MaySee(TagObject(tag.name))) continue;
    const bool type_required = required.contains(tag.type);
    listed.push_back({std::move(tag), type_required});
  }
  return listed;
}

Status Tags::Create(OpContext& op, Caller& caller, std::span<const model::Tag> tags) {
  return CommitPlanned(op, stores_.items, "tags are", [&](std::vector<Write>& writes) {
    return PlanTags(op, stores_.items, caller, tags, true, writes);
  });
}

Status Tags::Update(OpContext& op, Caller& caller, std::span<const model::Tag> tags) {
  return CommitPlanned(op, stores_.items, "tags are", [&](std::vector<Write>& writes) {
    return PlanTags(op, stores_.items, caller, tags, false, writes);
  });
}

Status Tags::Delete(OpContext& op, Caller& caller, std::string_view name) {
  return CommitPlanned(op, stores_.items, "tags are", [&](std::vector<Write>& writes) -> Status {
    TRY(const auto there, There(op, stores_.items, kTagsTable, {std::string(name)}, TagKey));
    if (there.empty()) return NoTag(name);
    TRY_OK(caller.Require(TagObject(name), Action::kDelete));
    writes.push_back(Write::Delete(kTagsTable, TagKey(name), {Condition::Exists()}));
    return Ok();
  });
}

// ---- Tag types.

Result<std::vector<ListedTagType>> Tags::ListTypes(OpContext& op, Caller& caller) {
  TRY(auto types, AllTagTypes(op, stores_.items));
  TRY(auto tags, AllTags(op, stores_.items));
  std::map<std::string, std::vector<std::string>, std::less<>> names;
  for (model::Tag& tag : tags) names[std::move(tag.type)].push_back(std::move(tag.name));
  std::vector<ListedTagType> listed;
  for (model::TagType& type : types) {
    if (!caller.MaySee(TypeObject(type.name))) continue;
    std::vector<std::string> own;
    if (const auto found = names.find(type.name); found != names.end())
      own = std::move(found->second);
    listed.push_back({std::move(type), std::move(own)});
  }
  return listed;
}

Status Tags::CreateTypes(OpContext& op, Caller& caller, std::span<const model::TagType> types) {
  std::set<std::string> names;
  for (const model::TagType& type : types) names.insert(type.name);
  return CommitPlanned(op, stores_.items, "tags are", [&](std::vector<Write>& writes) -> Status {
    TRY(auto there, There(op, stores_.items, kTagTypesTable, names, TagTypeKey));
    for (const model::TagType& type : types) {
      if (!there.insert(type.name).second)
        return Error(Code::kConflict, fmt::format("Tag type {} already exists", type.name));
      TRY_OK(caller.Require(TypeObject(type.name), Action::kPost));
      writes.push_back(PutNewTagType(type));
    }
    return Ok();
  });
}

Status Tags::UpdateTypes(OpContext& op, Caller& caller, std::span<const model::TagType> types) {
  std::map<std::string, const model::TagType*> last;
  std::set<std::string> names;
  for (const model::TagType& type : types) {
    last[type.name] = &type;
    names.insert(type.name);
  }
  return CommitPlanned(op, stores_.items, "tags are", [&](std::vector<Write>& writes) -> Status {
    TRY(const auto there, There(op, stores_.items, kTagTypesTable, names, TagTypeKey));
    for (const model::TagType& type : types) {
      if (!there.contains(type.name)) return NoType(type.name);
      TRY_OK(caller.Require(TypeObject(type.name), Action::kPut));
    }
    for (const auto& [name, type] : last)
      writes.push_back(SetTexts(
          kTagTypesTable, TagTypeKey(name),
          {{"description", type->description}, {"required", type->required ? "True" : "False"}}));
    return Ok();
  });
}

Status Tags::DeleteType(OpContext& op, Caller& caller, std::string_view name) {
  return CommitPlanned(op, stores_.items, "tags are", [&](std::vector<Write>& writes) -> Status {
    // Before the tags are looked for, so that one that comes meanwhile is noticed.
    TRY(const auto marks, ReadTagMarks(op, stores_.items));
    TRY(const auto there,
        There(op, stores_.items, kTagTypesTable, {std::string(name)}, TagTypeKey));
    if (there.empty()) return NoType(name);
    TRY(const auto tags, AllTags(op, stores_.items));
    if (std::ranges::find(tags, name, &model::Tag::type) != tags.end())
      return Error(Code::kConflict,
                   fmt::format("Cannot delete tag type {}, because it is currently in use; delete "
                               "its tags or give them another type first",
                               name));
    TRY_OK(caller.Require(TypeObject(name), Action::kDelete));
    writes.push_back(Write::Delete(kTagTypesTable, TagTypeKey(name), {Condition::Exists()}));
    writes.push_back(CheckMarks(marks, {Unedited(marks)}));
    return Ok();
  });
}

}  // namespace vams::catalog
