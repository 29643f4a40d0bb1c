// The readers behind ReadAwsChanges, one a form of input.  Internal to diff.  Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "lifecycle/diff/aws_changes.h"

namespace vams::lifecycle::diff::internal {

struct NamedObject {
  std::string name;
  boost::json::object object;
};

// The object in a file; nothing if the text does not look like JSON.  kInvalid for broken JSON.
Result<std::optional<NamedObject>> ObjectOf(const NamedText& file);

Result<AwsChanges> ReadChangeSets(const std::vector<NamedObject>& files);
Result<AwsChanges> ReadTemplates(const NamedObject& before, const NamedObject& after);
Result<AwsChanges> ReadCdkDiff(const NamedText& file);

inline constexpr std::string_view kNestedStack = "AWS::CloudFormation::Stack";

}  // namespace vams::lifecycle::diff::internal
