// The words of permissions: actions, object types, fields, operators.  Spec: permissions.md
// sections 1.1, 3 and 4.1.  Constant data and pure functions; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vams::access {

// "GET", "PUT", "POST", "DELETE": nothing else is ever granted.
enum class Action : std::uint8_t { kGet, kPut, kPost, kDelete };
std::string_view Name(Action action);
// Exact and case-sensitive: "get" and "HEAD" are no actions.
std::optional<Action> FindAction(std::string_view name);

enum class ObjectType : std::uint8_t {
  kDatabase,
  kAsset,
  kApi,
  kWeb,
  kTag,
  kTagType,
  kRole,
  kUserRole,
  kPipeline,
  kWorkflow,
  kMetadataSchema,
};
inline constexpr std::size_t kObjectTypes = 11;
std::string_view Name(ObjectType type);  // "metadataSchema"
std::optional<ObjectType> FindObjectType(std::string_view name);
std::span<const std::string_view> ObjectTypeNames();  // in the order of messages

// What a criterion may name.  `tags` holds a list, every other one text.
enum class Field : std::uint8_t {
  kDatabaseId,
  kAssetName,
  kAssetType,
  kTags,
  kTagName,
  kTagTypeName,
  kRoleName,
  kUserId,
  kPipelineId,
  kPipelineType,
  kPipelineExecutionType,
  kWorkflowId,
  kMetadataSchemaName,
  kMetadataSchemaEntityType,
  kObjectType,  // "object__type"
  kRoutePath,   // "route__path"
};
inline constexpr std::size_t kFields = 16;
std::string_view Name(Field field);
std::optional<Field> FindField(std::string_view name);
std::span<const std::string_view> FieldNames();

enum class Operator : std::uint8_t {
  kEquals,
  kContains,
  kDoesNotContain,
  kStartsWith,
  kEndsWith,
  kIsOneOf,
  kIsNotOneOf,
};
std::string_view Name(Operator op);
std::optional<Operator> FindOperator(std::string_view name);
std::span<const std::string_view> OperatorNames();  // in the order of messages

}  // namespace vams::access
