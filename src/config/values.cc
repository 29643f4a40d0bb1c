#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/bind.h"
#include "config/checks.h"

namespace vams::config {

namespace json = boost::json;

namespace {

std::string_view View(const json::value& text) {
  const json::string& s = text.as_string();
  return {s.data(), s.size()};
}

bool AllTexts(const json::array& list) {
  return std::ranges::all_of(list, [](const json::value& v) { return v.is_string(); });
}

void ValidateBucket(const json::value& element, const std::string& path,
                    std::vector<Issue>& issues) {
  if (!element.is_object()) {
    issues.push_back({path, FieldStatus::kInvalid,
                      "an object {bucketArn, baseAssetsPrefix, defaultSyncDatabaseId}"});
    return;
  }
  for (const auto& [key, value] : element.as_object()) {
    const std::string child = MemberPath(path, key);
    if (key != "bucketArn" && key != "baseAssetsPrefix" && key != "defaultSyncDatabaseId")
      issues.push_back({child, FieldStatus::kUnknown, ""});
    else if (!value.is_string() && !value.is_null())
      issues.push_back({child, FieldStatus::kInvalid, "a text"});
  }
  const json::value* location = element.as_object().if_contains("bucketArn");
  const std::string_view text =
      location != nullptr && location->is_string() ? View(*location) : std::string_view();
  const bool is_arn = text.starts_with("arn:") && text.find(":s3:::") != std::string_view::npos &&
                      !text.ends_with(':');
  const auto folder = FileReference(text);
  if (!is_arn && (!folder || folder->empty()))
    issues.push_back({path + ".bucketArn", FieldStatus::kInvalid,
                      "arn:aws:s3:::NAME of an existing bucket, or file:///PATH of a folder"});
}

void ValidateRange(const json::value& element, const std::string& path,
                   std::vector<Issue>& issues) {
  const auto fail = [&](std::string_view note) {
    issues.push_back({path, FieldStatus::kInvalid, std::string(note)});
  };
  if (!element.is_array() || element.as_array().size() != 2 || !AllTexts(element.as_array()))
    return fail("a pair [first address, last address] of texts");
  const auto first = ParseIp(View(element.as_array()[0]));
  const auto last = ParseIp(View(element.as_array()[1]));
  if (!first || !last) return fail("a pair of IPv4 or IPv6 addresses");
  if (first->v6 != last->v6) return fail("two addresses of one family");
  if (*last < *first) return fail("a first address that is not above the last");
}

bool IsCommand(const json::value& value) {
  if (value.is_string()) return !value.as_string().empty();
  return value.is_array() && !value.as_array().empty() && AllTexts(value.as_array()) &&
         !value.as_array()[0].as_string().empty();
}

bool IsWholeNumberIn(const json::value& value, double min, double max) {
  if (value.is_int64())
    return static_cast<double>(value.as_int64()) >= min &&
           static_cast<double>(value.as_int64()) <= max;
  return false;  // Boost.JSON keeps only what is past int64 as uint64, and no field goes there
}

// True if the value as a whole fits; lists of structures are looked at element by element.
bool Fits(const Field& field, const json::value& value) {
  switch (field.type) {
    case Type::kBool:
      return value.is_bool();
    case Type::kInt:
      return IsWholeNumberIn(value, field.min, field.max);
    case Type::kNumber:
      return value.is_number();
    case Type::kText:
    case Type::kUrl:
    case Type::kFile:
    case Type::kFileReference:
      return value.is_string();
    case Type::kChoice:
      return value.is_string() &&
             std::ranges::find(field.choices, View(value)) != field.choices.end();
    case Type::kSecretReference:
      return value.is_string() && ((View(value).starts_with("file:") && View(value).size() > 5) ||
                                   (View(value).starts_with("env:") && View(value).size() > 4));
    case Type::kTextList:
      return value.is_array() && AllTexts(value.as_array());
    case Type::kListen:
      return value.is_string() || (value.is_array() && AllTexts(value.as_array()));
    case Type::kCommand:
      return IsCommand(value);
    case Type::kTextMap:
      return value.is_object() && std::ranges::all_of(value.as_object(), [](const auto& member) {
               return member.value().is_string();
             });
    case Type::kBuckets:
    case Type::kIpRanges:
      return value.is_array();
    case Type::kObject:
      return value.is_object();
    case Type::kAny:
      return true;
  }
  return false;
}

bool IsPlainText(Type type) {
  return type == Type::kText || type == Type::kChoice || type == Type::kUrl ||
         type == Type::kFile || type == Type::kFileReference || type == Type::kSecretReference;
}

std::string Absolute(std::string_view path, const std::string& folder) {
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

std::string AbsoluteFile(std::string_view text, const std::string& folder) {
  if (const auto path = FileReference(text)) return Absolute(*path, folder);
  // s3://bucket/prefix and the like are no paths.
  if (text.empty() || text.find("://") != std::string_view::npos) return std::string(text);
  return Absolute(text, folder);
}

json::value CanonicalCommand(const json::value& value, const std::string& folder) {
  json::array command = value.is_array() ? value.as_array() : json::array{value};
  const std::string_view program = View(command[0]);
  if (program.find('/') != std::string_view::npos) command[0] = AbsoluteFile(program, folder);
  return command;
}

json::value CanonicalBuckets(const json::value& value, const std::string& folder) {
  json::array out;
  for (const json::value& element : value.as_array()) {
    json::object bucket = element.as_object();
    if (const auto path = FileReference(View(bucket["bucketArn"])))
      bucket["bucketArn"] = fmt::format("file://{}", Absolute(*path, folder));
    if (!bucket.contains("baseAssetsPrefix") || bucket["baseAssetsPrefix"].is_null())
      bucket["baseAssetsPrefix"] = "/";
    if (!bucket.contains("defaultSyncDatabaseId") || bucket["defaultSyncDatabaseId"].is_null())
      bucket["defaultSyncDatabaseId"] = "";
    out.push_back(std::move(bucket));
  }
  return out;
}

// ---- Into Config -------------------------------------------------------------------------------

void Get(const json::value& v, bool& out) { out = v.as_bool(); }
void Get(const json::value& v, std::int64_t& out) { out = v.as_int64(); }
void Get(const json::value& v, std::string& out) { out = View(v); }
void Get(const json::value& v, double& out) { out = v.to_number<double>(); }
void Get(const json::value& v, json::object& out) { out = v.as_object(); }
void Get(const json::value& v, std::vector<std::string>& out) {
  for (const json::value& element : v.as_array()) out.emplace_back(View(element));
}
void Get(const json::value& v, std::map<std::string, std::string>& out) {
  for (const auto& [key, value] : v.as_object()) out.emplace(key, View(value));
}
void Get(const json::value& v, std::vector<ExternalBucket>& out) {
  for (const json::value& element : v.as_array())
    out.push_back({std::string(View(element.at("bucketArn"))),
                   std::string(View(element.at("baseAssetsPrefix"))),
                   std::string(View(element.at("defaultSyncDatabaseId")))});
}
void Get(const json::value& v, std::vector<IpRange>& out) {
  for (const json::value& element : v.as_array())
    out.push_back({std::string(View(element.at(0))), std::string(View(element.at(1)))});
}
template <typename E>
requires(std::is_enum_v<E>) void Get(const json::value& v, E& out) {
  const auto& names = kEnumNames<E>;
  const auto found = std::ranges::find(names, View(v));
  VAMS_CHECK(found != names.end());
  out = static_cast<E>(found - names.begin());
}
template <typename T>
void Get(const json::value& v, std::optional<T>& out) {
  T value{};
  Get(v, value);
  out = value;
}

}  // namespace

std::vector<Issue> Validate(const Field& field, const json::value& value, const std::string& path) {
  std::vector<Issue> issues;
  if (value.is_null()) return issues;
  if (!Fits(field, value)) {
    issues.push_back({path, FieldStatus::kInvalid, Expected(field)});
    return issues;
  }
  if (field.type == Type::kUrl && !value.as_string().empty()) {
    if (const std::string problem = UrlProblem(View(value)); !problem.empty())
      issues.push_back(
          {path, FieldStatus::kInvalid, fmt::format("{}: {}", Expected(field), problem)});
  } else if (field.type == Type::kBuckets) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i)
      ValidateBucket(value.as_array()[i], ElementPath(path, i), issues);
  } else if (field.type == Type::kIpRanges) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i)
      ValidateRange(value.as_array()[i], ElementPath(path, i), issues);
  }
  return issues;
}

Result<json::value> ValueFromText(const Field& field, std::string_view text) {
  if (text == "null") return json::value(nullptr);
  if (IsPlainText(field.type)) return json::value(text);
  const bool may_be_bare = field.type == Type::kListen || field.type == Type::kCommand ||
                           field.type == Type::kAny || field.type == Type::kObject;
  if (may_be_bare && !text.starts_with('[') && !text.starts_with('{')) return json::value(text);
  auto parsed = ParseJsonText(text, field.path);
  if (!parsed.ok()) return Error(Code::kInvalid, Expected(field));
  return std::move(parsed->value);
}

json::value Canonical(const Field& field, const json::value& value, const std::string& folder) {
  if (value.is_null()) return nullptr;
  switch (field.type) {
    case Type::kFile:
      return json::value(AbsoluteFile(View(value), folder));
    case Type::kFileReference: {
      const auto path = FileReference(View(value));
      return path ? json::value(Absolute(*path, folder)) : json::value(nullptr);
    }
    case Type::kSecretReference: {
      const auto path = FileReference(View(value));
      return path ? json::value(fmt::format("file:{}", Absolute(*path, folder))) : value;
    }
    case Type::kListen:
      return value.is_array() ? value : json::value(json::array{value});
    case Type::kCommand:
      return CanonicalCommand(value, folder);
    case Type::kBuckets:
      return CanonicalBuckets(value, folder);
    default:
      return value;
  }
}

void Fill(const Effective& effective, Config& config) {
  VisitFields(config, [&](std::string_view path, auto& member) {
    const auto found = effective.find(path);
    VAMS_CHECK(found != effective.end());
    member = {};
    if (!found->second.is_null()) Get(found->second, member);
  });
}

}  // namespace vams::config
