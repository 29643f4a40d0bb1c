// What the tests of effective schemas share: schemas, records and writes in short.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/effective_schema.h"

namespace vams::model::test {

using Records = std::vector<MetadataItem>;
using Texts = std::vector<std::string>;

inline constexpr auto kCreate = SchemaWrite::kCreate;
inline constexpr auto kUpdate = SchemaWrite::kUpdate;
inline constexpr auto kReplaceAll = SchemaWrite::kReplaceAll;
inline constexpr auto kString = ValueType::kString;
inline constexpr auto kNumber = ValueType::kNumber;
inline constexpr auto kList = ValueType::kInlineControlledList;

inline MetadataSchema S(std::vector<SchemaField> fields, std::string database = "harbor-db",
                        std::string name = "S") {
  return {
      .id = name, .database_id = std::move(database), .name = name, .fields = std::move(fields)};
}
inline MetadataSchema G(std::vector<SchemaField> fields) {
  return S(std::move(fields), "GLOBAL", "G");
}

inline EffectiveSchema Of(const std::vector<MetadataSchema>& schemas,
                          SchemaEntity entity = SchemaEntity::kAsset, std::string_view path = "") {
  return {entity, schemas, path};
}

inline std::string Write(const EffectiveSchema& schema, SchemaWrite write, const Records& stored,
                         const Records& sent, bool restricted = false) {
  return schema.CheckWrite(write, stored, sent, restricted).value_or("");
}

}  // namespace vams::model::test
