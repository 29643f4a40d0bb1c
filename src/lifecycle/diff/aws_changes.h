// What a change of a CloudFormation stack does to the resources that hold data, before it happens:
// from a change set, a pair of templates, or the text of a CDK diff.
// Spec: lifecycle.md section 3; guide: docs/operations/diff.md, "Stacks in AWS".
//
// Pure functions over texts; thread-safe.  AddRows calls what it is given, which may block.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::lifecycle::diff {

enum class AwsFate : std::uint8_t {
  kReplaced,     // a new, empty one takes its place
  kMayReplaced,  // depends on values that are not known before
  kDeleted,
  kPolicyOnly,  // nothing happens to it now, but a policy that protected it goes
};
std::string_view NameOf(AwsFate fate);  // "replaced", "may be replaced", "deleted", "unprotected"

struct AwsChange {
  std::string type;         // "AWS::DynamoDB::Table"
  std::string logical_id;   // "AssetStorageTable5B6C"
  std::string physical_id;  // empty: not known
  std::string path;         // of the construct, or of the nested stack; empty: not known
  AwsFate fate = AwsFate::kReplaced;
  std::vector<std::string> because;  // properties whose change is the reason
  std::string policy;                // "Delete", "Retain", "Snapshot"; empty: not known
  std::string note;
  std::optional<std::uint64_t> rows;  // at stake, if somebody could tell

  // Nothing of the old data is in the resource afterwards, and nobody keeps it outside.
  bool loses_data() const;
  // The data stays in a resource that the stack has let go.
  bool strands_data() const;
};

struct AwsChanges {
  std::string source;  // "change set", "templates", "cdk diff"
  std::string stack;   // as the source names it; empty: it does not
  std::vector<AwsChange> changes;
  std::vector<std::string> unknown;  // what could not be looked into, a sentence each
  bool whole = true;                 // all of the change was seen; rows may be unknown all the same

  // What a pipeline has to stop on: data would be lost, or no longer be where the stack looks.
  bool stops() const;
};

// A file's content and its name, for messages.
struct NamedText {
  std::string name, text;
};

// One file alone: a change set as `aws cloudformation describe-change-set` prints it, or the text
// of `cdk diff`; several: the change sets of nested stacks with it.  With `against`: templates, the
// one that is deployed and the new one, as `get-template` prints them or as CDK synthesizes them.
// kInvalid says what is wrong with which file, and what is expected.
Result<AwsChanges> ReadAwsChanges(const std::vector<NamedText>& files,
                                  const std::optional<NamedText>& against);

// Asks for the items of every table whose physical name is known.  What cannot be asked is
// left open and said in `unknown`.
using CountTable = std::function<Result<std::uint64_t>(const std::string& physical_name)>;
void AddRows(AwsChanges& changes, const CountTable& count);

boost::json::object ToJson(const AwsChanges& changes);
// A block per resource for people; ends in a newline.
std::string ToText(const AwsChanges& changes);

}  // namespace vams::lifecycle::diff
