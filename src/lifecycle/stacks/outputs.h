// The outputs of a stack, in the shape of `aws cloudformation describe-stacks`, with upstream's
// keys where there is such a thing here.  For tools that read them, and kept with every generation
// and backup as a record.  Spec: lifecycle.md section 3, data-model.md section 9; guide:
// docs/operations/stacks.md, "Outputs".
//
// OutputsOf is pure; the others block on disk.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "lifecycle/stack.h"

namespace vams::lifecycle {

struct Output {
  std::string key, value, description;
};

// `buckets`: where assets are kept, in the order in which they were made.
std::vector<Output> OutputsOf(const Stack& stack, const config::Config& config,
                              const std::vector<std::string>& buckets);

// The names in the bucket table of a generation; none for data that has no such table.
Result<std::vector<std::string>> BucketNamesOf(const files::Path& items);

// {"Stacks": [{"StackId", "StackName", "CreationTime", "StackStatus", "Outputs": [{"OutputKey",
// "OutputValue", "Description"}], …}]}
boost::json::object DescribeStacks(const Stack& stack, const std::vector<Output>& outputs);

// What DescribeStacks says, from the stack's own configuration.
Result<boost::json::object> ReadOutputs(const Stack& stack);

// Where they are kept with a generation.
files::Path OutputsFileOf(const Generation& generation);
// Writes that file if it is not there or says something else.
Status SaveOutputs(const Stack& stack);

}  // namespace vams::lifecycle
