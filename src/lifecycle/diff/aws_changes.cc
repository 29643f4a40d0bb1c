#include "lifecycle/diff/aws_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/json.h"
#include "lifecycle/diff/aws_readers.h"
#include "lifecycle/diff/aws_rules.h"

namespace vams::lifecycle::diff {

namespace json = boost::json;

std::string_view NameOf(AwsFate fate) {
  constexpr std::array<std::string_view, 4> kNames = {"replaced", "may be replaced", "deleted",
                                                      "unprotected"};
  return kNames.at(static_cast<std::size_t>(fate));
}

bool AwsChange::loses_data() const { return fate != AwsFate::kPolicyOnly && policy != "Retain"; }

bool AwsChange::strands_data() const {
  return (fate == AwsFate::kReplaced || fate == AwsFate::kMayReplaced) && policy == "Retain";
}

bool AwsChanges::stops() const {
  return std::ranges::any_of(changes, [](const AwsChange& change) {
    return change.loses_data() || change.strands_data();
  });
}

namespace internal {

Result<std::optional<NamedObject>> ObjectOf(const NamedText& file) {
  const auto first = file.text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    return Error(Code::kInvalid, fmt::format("{} is empty; nothing was looked at", file.name));
  if (file.text[first] != '{') return std::optional<NamedObject>();
  boost::system::error_code ec;
  json::value value = json::parse(file.text, ec);
  if (ec || !value.is_object())
    return Error(Code::kInvalid,
                 fmt::format("{} is no JSON: {}; nothing was looked at; was it cut off?", file.name,
                             ec ? ec.message() : "it is no object"));
  return std::optional<NamedObject>(NamedObject{file.name, std::move(value.as_object())});
}

}  // namespace internal

namespace {

Error NotJson(const std::string& name) {
  return Error(Code::kInvalid,
               fmt::format("{} is not in JSON; nothing was looked at; templates in YAML have to be "
                           "converted: \"cdk synth\" writes JSON into cdk.out",
                           name));
}

Result<AwsChanges> Read(const std::vector<NamedText>& files,
                        const std::optional<NamedText>& against) {
  if (files.empty()) return Error(Code::kInvalid, "no file was given; nothing was looked at");
  if (against && files.size() > 1)
    return Error(Code::kInvalid,
                 "two templates are compared at a time, and there are more with --against; nothing "
                 "was looked at; compare those of nested stacks one pair after the other");
  std::vector<internal::NamedObject> objects;
  for (const auto& file : files) {
    TRY(auto object, internal::ObjectOf(file));
    if (!object && (against || files.size() > 1)) return NotJson(file.name);
    if (!object) return internal::ReadCdkDiff(file);
    objects.push_back(*std::move(object));
  }
  if (against) {
    TRY(const auto after, internal::ObjectOf(*against));
    if (!after) return NotJson(against->name);
    return internal::ReadTemplates(objects.front(), *after);
  }
  const auto& first = objects.front();
  if (!first.object.contains("Changes") &&
      (first.object.contains("Resources") || first.object.contains("TemplateBody")))
    return Error(Code::kInvalid,
                 fmt::format("{} is a template; nothing was looked at; name the other one with "
                             "--against: --changeset DEPLOYED --against NEW",
                             first.name));
  return internal::ReadChangeSets(objects);
}

}  // namespace

Result<AwsChanges> ReadAwsChanges(const std::vector<NamedText>& files,
                                  const std::optional<NamedText>& against) {
  TRY(auto changes, Read(files, against));
  changes.whole = changes.unknown.empty();
  return changes;
}

void AddRows(AwsChanges& changes, const CountTable& count) {
  for (auto& change : changes.changes) {
    if (change.type != "AWS::DynamoDB::Table" || change.physical_id.empty()) continue;
    const auto counted = count(change.physical_id);
    if (!counted.ok()) {
      changes.unknown.push_back(fmt::format("the items of {} could not be counted: {}",
                                            change.physical_id, counted.error().message));
      continue;
    }
    change.rows = *counted;
  }
}

json::object ToJson(const AwsChanges& changes) {
  json::array list, unknown;
  for (const auto& change : changes.changes) {
    json::object object{{"type", change.type},
                        {"logicalId", change.logical_id},
                        {"fate", NameOf(change.fate)},
                        {"losesData", change.loses_data()},
                        {"strandsData", change.strands_data()},
                        {"because", json::array(change.because.begin(), change.because.end())}};
    const auto* kind = internal::FindDataKind(change.type);
    if (kind != nullptr) object["holds"] = kind->holds;
    const auto add = [&](const char* name, const std::string& text) {
      if (!text.empty()) object[name] = text;
    };
    add("physicalId", change.physical_id);
    add("path", change.path);
    add("policy", change.policy);
    add("note", change.note);
    if (change.rows) object["rows"] = *change.rows;
    list.push_back(std::move(object));
  }
  for (const auto& sentence : changes.unknown) unknown.push_back(json::string(sentence));
  return {{"source", changes.source},   {"stack", changes.stack},
          {"changes", std::move(list)}, {"unknown", std::move(unknown)},
          {"whole", changes.whole},     {"losesData", changes.stops()}};
}

namespace {

std::string VerdictOf(const AwsChange& change) {
  if (change.fate == AwsFate::kPolicyOnly)
    return "keeps its data now, but the next change may take it: its policy does not retain it";
  if (change.strands_data())
    return "its data stays in the old resource, outside of the stack, and the new one is empty";
  if (!change.loses_data()) return "its data stays, outside of the stack";
  return change.fate == AwsFate::kMayReplaced ? "may lose its data" : "loses its data";
}

}  // namespace

std::string ToText(const AwsChanges& changes) {
  std::string text;
  for (const auto& change : changes.changes) {
    text += fmt::format("{}  {}  {}", NameOf(change.fate), change.type, change.logical_id);
    if (!change.physical_id.empty() && change.physical_id != change.logical_id)
      text += fmt::format(" ({})", change.physical_id);
    text += "\n";
    if (!change.because.empty())
      text += fmt::format("    because of {}\n", fmt::join(change.because, ", "));
    text += fmt::format("    policy: {}\n", change.policy.empty() ? "not known" : change.policy);
    if (const auto* kind = internal::FindDataKind(change.type); kind != nullptr && !change.rows)
      text += fmt::format("    holds {}\n", kind->holds);
    if (change.rows)
      text += fmt::format("    holds {} item{}, as last counted by AWS\n", *change.rows,
                          *change.rows == 1 ? "" : "s");
    text += fmt::format("    {}\n", VerdictOf(change));
    if (!change.note.empty()) text += fmt::format("    {}\n", change.note);
  }
  for (const auto& sentence : changes.unknown) text += fmt::format("not known: {}\n", sentence);
  if (changes.changes.empty())
    text +=
        fmt::format("no table, bucket, user pool, key or search domain is replaced or deleted{}\n",
                    changes.unknown.empty() ? "" : ", as far as could be seen");
  return text;
}

}  // namespace vams::lifecycle::diff
