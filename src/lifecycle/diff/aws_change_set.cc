#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>

#include "base/json.h"
#include "lifecycle/diff/aws_readers.h"
#include "lifecycle/diff/aws_rules.h"

namespace vams::lifecycle::diff::internal {

namespace json = boost::json;

namespace {

Error Broken(const NamedObject& file, std::size_t number, std::string_view what) {
  return Error(
      Code::kInvalid,
      fmt::format("{} is no whole change set: change {} {}; nothing was looked at; write it "
                  "again with \"aws cloudformation describe-change-set\"",
                  file.name, number, what));
}

// What CloudFormation does with the old resource: "Retain", "ReplaceAndDelete" …
std::string PolicyOf(const json::object& change) {
  std::string action = TextOf(change, "PolicyAction");
  constexpr std::string_view kAnd = "ReplaceAnd";
  return action.starts_with(kAnd) ? action.substr(kAnd.size()) : action;
}

std::vector<std::string> CausesOf(const json::object& change) {
  std::set<std::string> names;
  const auto* details = change.if_contains("Details");
  if (details == nullptr || !details->is_array()) return {};
  for (const auto& detail : details->as_array()) {
    if (!detail.is_object()) continue;
    const auto* target = detail.as_object().if_contains("Target");
    if (target == nullptr || !target->is_object()) continue;
    const std::string recreation = TextOf(target->as_object(), "RequiresRecreation");
    if (recreation.empty() || recreation == "Never") continue;
    const std::string name = TextOf(target->as_object(), "Name");
    names.insert(name.empty() ? TextOf(target->as_object(), "Attribute") : name);
  }
  return {names.begin(), names.end()};
}

// Whether a policy that kept the data goes with this change.
bool Unprotects(const json::object& change) {
  const auto* details = change.if_contains("Details");
  if (details == nullptr || !details->is_array()) return false;
  for (const auto& detail : details->as_array()) {
    if (!detail.is_object()) continue;
    const auto* target = detail.as_object().if_contains("Target");
    if (target == nullptr || !target->is_object()) continue;
    const std::string attribute = TextOf(target->as_object(), "Attribute");
    if ((attribute == "DeletionPolicy" || attribute == "UpdateReplacePolicy") &&
        TextOf(target->as_object(), "AfterValue") != "Retain" &&
        TextOf(target->as_object(), "BeforeValue") == "Retain")
      return true;
  }
  return false;
}

class ChangeSetReader {
 public:
  explicit ChangeSetReader(const std::vector<NamedObject>& files) : files_(files) {
    for (const auto& file : files)
      for (const char* member : {"ChangeSetId", "ChangeSetName"})
        if (auto id = TextOf(file.object, member); !id.empty()) given_.insert(std::move(id));
  }

  Result<AwsChanges> Run() {
    result_.source = "change set";
    for (const auto& file : files_) TRY_OK(File(file));
    return std::move(result_);
  }

 private:
  Status File(const NamedObject& file) {
    const auto* changes = file.object.if_contains("Changes");
    if (changes == nullptr || !changes->is_array())
      return Error(
          Code::kInvalid,
          fmt::format("{} is no change set: its member \"Changes\" is no list; nothing was "
                      "looked at",
                      file.name));
    const std::string stack = TextOf(file.object, "StackName");
    if (result_.stack.empty()) result_.stack = stack;
    if (const auto status = TextOf(file.object, "Status");
        status == "CREATE_PENDING" || status == "CREATE_IN_PROGRESS")
      result_.unknown.push_back(
          fmt::format("{} is of a change set that is still being made ({})", file.name, status));
    if (!TextOf(file.object, "NextToken").empty())
      result_.unknown.push_back(fmt::format(
          "{} is not the whole change set: there is a next page; write all pages into it",
          file.name));
    std::size_t number = 0;
    for (const auto& change : changes->as_array()) {
      ++number;
      if (!change.is_object()) return Broken(file, number, "is no object");
      if (const auto type = TextOf(change.as_object(), "Type"); !type.empty() && type != "Resource")
        continue;
      const auto* resource = change.as_object().if_contains("ResourceChange");
      if (resource == nullptr || !resource->is_object())
        return Broken(file, number, "has no ResourceChange");
      TRY_OK(One(file, number, stack, resource->as_object()));
    }
    return Ok();
  }

  Status One(const NamedObject& file, std::size_t number, const std::string& stack,
             const json::object& resource) {
    const std::string type = TextOf(resource, "ResourceType");
    const std::string action = TextOf(resource, "Action");
    if (type.empty()) return Broken(file, number, "names no ResourceType");
    if (action.empty()) return Broken(file, number, "names no Action");
    if (type == kNestedStack) return Nested(resource, action);
    if (FindDataKind(type) == nullptr) return Ok();
    AwsChange change{.type = type,
                     .logical_id = TextOf(resource, "LogicalResourceId"),
                     .physical_id = TextOf(resource, "PhysicalResourceId"),
                     .path = stack,
                     .because = CausesOf(resource),
                     .policy = PolicyOf(resource)};
    const std::string replacement = TextOf(resource, "Replacement");
    if (action == "Remove") {
      change.fate = AwsFate::kDeleted;
    } else if (action == "Modify" && replacement == "True") {
      change.fate = AwsFate::kReplaced;
    } else if (action == "Modify" && replacement == "Conditional") {
      change.fate = AwsFate::kMayReplaced;
      change.note = "whether it is replaced depends on values that are not known before";
    } else if (action == "Modify" && Unprotects(resource)) {
      change.fate = AwsFate::kPolicyOnly;
    } else if (action == "Dynamic") {
      change.fate = AwsFate::kMayReplaced;
      change.note = "what happens to it depends on values that are not known before";
    } else {
      return Ok();
    }
    result_.changes.push_back(std::move(change));
    return Ok();
  }

  Status Nested(const json::object& resource, const std::string& action) {
    const std::string id = TextOf(resource, "LogicalResourceId");
    if (action == "Remove" || TextOf(resource, "Replacement") == "True") {
      result_.changes.push_back(
          {.type = std::string(kNestedStack),
           .logical_id = id,
           .physical_id = TextOf(resource, "PhysicalResourceId"),
           .path = {},
           .fate = action == "Remove" ? AwsFate::kDeleted : AwsFate::kReplaced,
           .because = CausesOf(resource),
           .policy = PolicyOf(resource),
           .note = "everything in this nested stack goes with it, but for what its own template "
                   "retains"});
      return Ok();
    }
    if (action != "Modify") return Ok();
    const std::string nested = TextOf(resource, "ChangeSetId");
    if (!nested.empty() && given_.contains(nested)) return Ok();
    result_.unknown.push_back(
        fmt::format("the nested stack {} changes too, and its own change set{} is not among the "
                    "files; make the "
                    "change set with --include-nested-stacks and give the files of all of them",
                    id, nested.empty() ? "" : " " + nested));
    return Ok();
  }

  const std::vector<NamedObject>& files_;
  std::set<std::string> given_;  // ids of the change sets that are there
  AwsChanges result_;
};

}  // namespace

Result<AwsChanges> ReadChangeSets(const std::vector<NamedObject>& files) {
  return ChangeSetReader(files).Run();
}

}  // namespace vams::lifecycle::diff::internal
