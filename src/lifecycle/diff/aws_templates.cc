#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "lifecycle/diff/aws_readers.h"
#include "lifecycle/diff/aws_rules.h"

namespace vams::lifecycle::diff::internal {

namespace json = boost::json;

namespace {

constexpr std::string_view kDelete = "Delete";  // what counts where nothing is said

// The template itself, or what get-template wraps it in.
Result<json::object> ResourcesOf(const NamedObject& file) {
  const json::object* body = &file.object;
  std::optional<json::object> unwrapped;
  if (const auto* wrapped = file.object.if_contains("TemplateBody"); wrapped != nullptr) {
    if (wrapped->is_object()) {
      body = &wrapped->as_object();
    } else if (wrapped->is_string()) {
      TRY(auto inner, ObjectOf({file.name, std::string(wrapped->as_string())}));
      if (inner) unwrapped = std::move(inner->object);
      body = unwrapped ? &*unwrapped : nullptr;
    }
  }
  const json::value* resources = body == nullptr ? nullptr : body->if_contains("Resources");
  if (resources == nullptr || !resources->is_object())
    return Error(
        Code::kInvalid,
        fmt::format("{} is no template in JSON: it has no \"Resources\"; nothing was looked "
                    "at; take the one that \"cdk synth\" writes into cdk.out, or convert it",
                    file.name));
  return resources->as_object();
}

std::string PolicyOf(const json::object& resource, std::string_view name) {
  const std::string policy = TextOf(resource, name);
  if (policy.empty()) return std::string(kDelete);
  // Retained except when its creation fails, which is not what happens here.
  return policy == "RetainExceptOnCreate" ? "Retain" : policy;
}

std::string PathOf(const json::object& resource) {
  const auto* metadata = resource.if_contains("Metadata");
  return metadata != nullptr && metadata->is_object()
             ? TextOf(metadata->as_object(), "aws:cdk:path")
             : std::string();
}

// The name that the template gives it; another one is not known.
std::string PhysicalNameOf(const json::object& resource) {
  const auto* properties = resource.if_contains("Properties");
  if (properties == nullptr || !properties->is_object()) return {};
  for (const char* name : {"TableName", "BucketName", "UserPoolName", "DomainName", "Name"})
    if (auto text = TextOf(properties->as_object(), name); !text.empty()) return text;
  return {};
}

class Comparer {
 public:
  Comparer(const json::object& before, const json::object& after)
      : before_(before), after_(after) {}

  AwsChanges Run() {
    result_.source = "templates";
    for (const auto& member : before_) {
      if (!member.value().is_object()) continue;
      const json::object& resource = member.value().as_object();
      const std::string type = TextOf(resource, "Type");
      const std::string id(member.key());
      if (type == kNestedStack) {
        Nested(id, resource);
        continue;
      }
      if (FindDataKind(type) == nullptr) continue;
      const auto* now = after_.if_contains(member.key());
      if (now == nullptr || !now->is_object() || TextOf(now->as_object(), "Type") != type)
        Deleted(id, type, resource);
      else
        Both(id, type, resource, now->as_object());
    }
    return std::move(result_);
  }

 private:
  static AwsChange Make(const std::string& id, const std::string& type,
                        const json::object& resource) {
    return {.type = type,
            .logical_id = id,
            .physical_id = PhysicalNameOf(resource),
            .path = PathOf(resource),
            .because = {},
            .policy = {},
            .note = {}};
  }

  void Deleted(const std::string& id, const std::string& type, const json::object& resource) {
    auto change = Make(id, type, resource);
    change.fate = AwsFate::kDeleted;
    change.policy = PolicyOf(resource, "DeletionPolicy");
    // Another id for what looks the same: a construct was renamed or moved.
    for (const auto& member : after_) {
      if (before_.contains(member.key()) || !member.value().is_object()) continue;
      const json::object& added = member.value().as_object();
      if (TextOf(added, "Type") != type || !ReplacingChanges(type, resource, added).empty())
        continue;
      change.note = fmt::format(
          "{} looks the same: a logical id that changes is a deletion and a "
          "creation",
          std::string_view(member.key()));
      break;
    }
    result_.changes.push_back(std::move(change));
  }

  void Both(const std::string& id, const std::string& type, const json::object& before,
            const json::object& after) {
    auto change = Make(id, type, before);
    const auto replacing = ReplacingChanges(type, before, after);
    if (!replacing.empty()) {
      bool certain = false;
      for (const auto& property : replacing) {
        certain = certain || property.certain;
        change.because.push_back(property.property);
        if (!property.note.empty())
          change.note += (change.note.empty() ? "" : "; ") + property.note;
      }
      change.fate = certain ? AwsFate::kReplaced : AwsFate::kMayReplaced;
      // Of two that differ, the one that keeps less.
      change.policy = PolicyOf(before, "UpdateReplacePolicy");
      if (const auto now = PolicyOf(after, "UpdateReplacePolicy"); now != "Retain")
        change.policy = now;
      result_.changes.push_back(std::move(change));
      return;
    }
    std::vector<std::string> gone;
    for (const char* policy : {"DeletionPolicy", "UpdateReplacePolicy"})
      if (PolicyOf(before, policy) == "Retain" && PolicyOf(after, policy) != "Retain")
        gone.emplace_back(policy);
    if (gone.empty()) return;
    change.fate = AwsFate::kPolicyOnly;
    change.because = std::move(gone);
    change.policy = PolicyOf(after, "DeletionPolicy");
    result_.changes.push_back(std::move(change));
  }

  void Nested(const std::string& id, const json::object& resource) {
    const auto* now = after_.if_contains(id);
    if (now == nullptr) {
      auto change = Make(id, std::string(kNestedStack), resource);
      change.fate = AwsFate::kDeleted;
      change.policy = PolicyOf(resource, "DeletionPolicy");
      change.note =
          "everything in this nested stack goes with it, but for what its own template "
          "retains";
      result_.changes.push_back(std::move(change));
      return;
    }
    if (*now == json::value(resource)) return;
    result_.unknown.push_back(
        fmt::format("the nested stack {} changes too; compare its templates as well", id));
  }

  const json::object& before_;
  const json::object& after_;
  AwsChanges result_;
};

}  // namespace

Result<AwsChanges> ReadTemplates(const NamedObject& before, const NamedObject& after) {
  TRY(const auto old_resources, ResourcesOf(before));
  TRY(const auto new_resources, ResourcesOf(after));
  return Comparer(old_resources, new_resources).Run();
}

}  // namespace vams::lifecycle::diff::internal
