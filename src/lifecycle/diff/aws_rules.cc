#include "lifecycle/diff/aws_rules.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>

namespace vams::lifecycle::diff::internal {

namespace json = boost::json;

namespace {

constexpr DataKind kKinds[] = {
    {"AWS::DynamoDB::Table", "items"},
    {"AWS::DynamoDB::GlobalTable", "items"},
    {"AWS::S3::Bucket", "objects"},
    {"AWS::Cognito::UserPool", "users"},
    {"AWS::KMS::Key", "the key, and so everything that is encrypted with it"},
    {"AWS::OpenSearchService::Domain", "search documents"},
    {"AWS::Elasticsearch::Domain", "search documents"},
    {"AWS::OpenSearchServerless::Collection", "search documents"},
};

// When the change of a property replaces the resource.
enum class When {
  kChanged,         // in any way
  kChangedOnceSet,  // unless it is set for the first time
  kNotInPlace,      // never in place: the deployment fails, unless the resource is made anew
  kRedefined,       // an attribute that is there gets another type
  kNoUpgrade,       // unless the update policy allows upgrades in place
};

struct Rule {
  std::string_view type, property;
  When when;
};

constexpr Rule kRules[] = {
    {"AWS::DynamoDB::Table", "TableName", When::kChanged},
    {"AWS::DynamoDB::Table", "KeySchema", When::kChanged},
    {"AWS::DynamoDB::Table", "LocalSecondaryIndexes", When::kChanged},
    {"AWS::DynamoDB::Table", "ImportSourceSpecification", When::kChanged},
    {"AWS::DynamoDB::Table", "AttributeDefinitions", When::kRedefined},
    {"AWS::DynamoDB::GlobalTable", "TableName", When::kChanged},
    {"AWS::DynamoDB::GlobalTable", "KeySchema", When::kChanged},
    {"AWS::DynamoDB::GlobalTable", "LocalSecondaryIndexes", When::kChanged},
    {"AWS::DynamoDB::GlobalTable", "AttributeDefinitions", When::kRedefined},
    {"AWS::S3::Bucket", "BucketName", When::kChanged},
    {"AWS::S3::Bucket", "ObjectLockEnabled", When::kNotInPlace},
    {"AWS::Cognito::UserPool", "AliasAttributes", When::kNotInPlace},
    {"AWS::Cognito::UserPool", "UsernameAttributes", When::kNotInPlace},
    {"AWS::Cognito::UserPool", "UsernameConfiguration", When::kNotInPlace},
    {"AWS::KMS::Key", "KeySpec", When::kNotInPlace},
    {"AWS::KMS::Key", "KeyUsage", When::kNotInPlace},
    {"AWS::KMS::Key", "Origin", When::kNotInPlace},
    {"AWS::KMS::Key", "MultiRegion", When::kChanged},
    {"AWS::OpenSearchService::Domain", "DomainName", When::kChanged},
    {"AWS::OpenSearchService::Domain", "EncryptionAtRestOptions", When::kChangedOnceSet},
    {"AWS::OpenSearchService::Domain", "EngineVersion", When::kNoUpgrade},
    {"AWS::Elasticsearch::Domain", "DomainName", When::kChanged},
    {"AWS::Elasticsearch::Domain", "EncryptionAtRestOptions", When::kChangedOnceSet},
    {"AWS::Elasticsearch::Domain", "NodeToNodeEncryptionOptions", When::kChangedOnceSet},
    {"AWS::Elasticsearch::Domain", "ElasticsearchVersion", When::kNoUpgrade},
    {"AWS::OpenSearchServerless::Collection", "Name", When::kChanged},
    {"AWS::OpenSearchServerless::Collection", "Type", When::kChanged},
    {"AWS::OpenSearchServerless::Collection", "StandbyReplicas", When::kChanged},
};

const json::value* PropertyOf(const json::object& resource, std::string_view name) {
  const auto* properties = resource.if_contains("Properties");
  if (properties == nullptr || !properties->is_object()) return nullptr;
  return properties->as_object().if_contains(name);
}

bool Same(const json::value* a, const json::value* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return *a == *b;
}

std::map<std::string, json::value> TypesByName(const json::value* definitions) {
  std::map<std::string, json::value> types;
  if (definitions == nullptr || !definitions->is_array()) return types;
  for (const auto& definition : definitions->as_array()) {
    if (!definition.is_object()) continue;
    const auto* name = definition.as_object().if_contains("AttributeName");
    const auto* type = definition.as_object().if_contains("AttributeType");
    if (name != nullptr && type != nullptr && name->is_string())
      types.emplace(std::string(name->as_string()), *type);
  }
  return types;
}

bool Redefined(const json::value* before, const json::value* after) {
  const auto old_types = TypesByName(before);
  for (const auto& [name, type] : TypesByName(after))
    if (const auto found = old_types.find(name); found != old_types.end() && found->second != type)
      return true;
  return false;
}

bool UpgradesInPlace(const json::object& resource) {
  const auto* policy = resource.if_contains("UpdatePolicy");
  if (policy == nullptr || !policy->is_object()) return false;
  const auto* upgrade = policy->as_object().if_contains("EnableVersionUpgrade");
  return upgrade != nullptr && (*upgrade == json::value(true) || *upgrade == json::value("true"));
}

}  // namespace

const DataKind* FindDataKind(std::string_view type) {
  for (const auto& kind : kKinds)
    if (kind.type == type) return &kind;
  return nullptr;
}

std::vector<PropertyChange> ReplacingChanges(std::string_view type, const json::object& before,
                                             const json::object& after) {
  std::vector<PropertyChange> changes;
  for (const auto& rule : kRules) {
    if (rule.type != type) continue;
    const auto* old_value = PropertyOf(before, rule.property);
    const auto* new_value = PropertyOf(after, rule.property);
    if (Same(old_value, new_value)) continue;
    PropertyChange change{.property = std::string(rule.property)};
    switch (rule.when) {
      case When::kChanged:
        break;
      case When::kChangedOnceSet:
        if (old_value == nullptr) continue;
        break;
      case When::kNotInPlace:
        change.certain = false;
        change.note = fmt::format(
            "{} cannot change in place: the deployment fails, or the resource "
            "is made anew",
            rule.property);
        break;
      case When::kRedefined:
        if (!Redefined(old_value, new_value)) continue;
        break;
      case When::kNoUpgrade:
        if (UpgradesInPlace(after)) continue;
        change.note =
            "without EnableVersionUpgrade in its update policy another version is another "
            "domain";
        break;
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace vams::lifecycle::diff::internal
