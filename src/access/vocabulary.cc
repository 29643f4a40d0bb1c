#include "access/vocabulary.h"

#include <algorithm>

namespace vams::access {

namespace {

constexpr std::array<std::string_view, 4> kActionNames = {"GET", "PUT", "POST", "DELETE"};
constexpr std::array<std::string_view, kObjectTypes> kObjectTypeNames = {
    "database", "asset",    "api",      "web",      "tag",           "tagType",
    "role",     "userRole", "pipeline", "workflow", "metadataSchema"};
constexpr std::array<std::string_view, kFields> kFieldNames = {"databaseId",
                                                               "assetName",
                                                               "assetType",
                                                               "tags",
                                                               "tagName",
                                                               "tagTypeName",
                                                               "roleName",
                                                               "userId",
                                                               "pipelineId",
                                                               "pipelineType",
                                                               "pipelineExecutionType",
                                                               "workflowId",
                                                               "metadataSchemaName",
                                                               "metadataSchemaEntityType",
                                                               "object__type",
                                                               "route__path"};
constexpr std::array<std::string_view, 7> kOperatorNames = {
    "equals",    "contains",  "does_not_contain", "starts_with",
    "ends_with", "is_one_of", "is_not_one_of"};

// The enumerators are numbered in the order of their names.
template <typename Word, std::size_t kCount>
std::optional<Word> Find(const std::array<std::string_view, kCount>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Word>(found - names.begin());
}

}  // namespace

std::string_view Name(Action action) { return kActionNames[static_cast<std::size_t>(action)]; }
std::optional<Action> FindAction(std::string_view name) { return Find<Action>(kActionNames, name); }

std::string_view Name(ObjectType type) { return kObjectTypeNames[static_cast<std::size_t>(type)]; }
std::optional<ObjectType> FindObjectType(std::string_view name) {
  return Find<ObjectType>(kObjectTypeNames, name);
}
std::span<const std::string_view> ObjectTypeNames() { return kObjectTypeNames; }

std::string_view Name(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }
std::optional<Field> FindField(std::string_view name) { return Find<Field>(kFieldNames, name); }
std::span<const std::string_view> FieldNames() { return kFieldNames; }

std::string_view Name(Operator op) { return kOperatorNames[static_cast<std::size_t>(op)]; }
std::optional<Operator> FindOperator(std::string_view name) {
  return Find<Operator>(kOperatorNames, name);
}
std::span<const std::string_view> OperatorNames() { return kOperatorNames; }

}  // namespace vams::access
