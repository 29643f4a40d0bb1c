// ConfigJson: a Config back in the file's shape.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "config/bind.h"
#include "config/config.h"

namespace vams::config {

namespace json = boost::json;

namespace {

json::value ToJson(bool v) { return v; }
json::value ToJson(std::int64_t v) { return v; }
json::value ToJson(const std::string& v) { return json::value(v); }
json::value ToJson(const json::object& v) { return v; }
json::value ToJson(double v) {
  // 50 rather than 5E1.
  const auto whole = static_cast<std::int64_t>(v);
  return static_cast<double>(whole) == v ? json::value(whole) : json::value(v);
}
json::value ToJson(const std::vector<std::string>& v) { return json::array(v.begin(), v.end()); }
json::value ToJson(const std::map<std::string, std::string>& v) {
  json::object out;
  for (const auto& [key, value] : v) out[key] = value;
  return out;
}
json::value ToJson(const std::vector<ExternalBucket>& v) {
  json::array out;
  for (const ExternalBucket& bucket : v)
    out.push_back(json::object{{"bucketArn", bucket.location},
                               {"baseAssetsPrefix", bucket.prefix},
                               {"defaultSyncDatabaseId", bucket.sync_database}});
  return out;
}
json::value ToJson(const std::vector<IpRange>& v) {
  json::array out;
  for (const IpRange& range : v) out.push_back(json::array{range.first, range.last});
  return out;
}
template <typename E>
requires(std::is_enum_v<E>) json::value ToJson(E v) { return json::value(EnumName(v)); }
template <typename T>
json::value ToJson(const std::optional<T>& v) {
  return v ? ToJson(*v) : json::value(nullptr);
}

bool IsEmpty(const json::value& v) {
  return (v.is_string() && v.as_string().empty()) || (v.is_array() && v.as_array().empty()) ||
         (v.is_object() && v.as_object().empty());
}

// The object at a dotted path, made if need be.
json::object& At(json::object& root, std::string_view path) {
  json::object* here = &root;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    json::value& next = (*here)[path.substr(0, dot)];
    if (!next.is_object()) next.emplace_object();
    here = &next.as_object();
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  }
  return *here;
}

}  // namespace

json::object ConfigJson(const Config& config) {
  json::object root;
  VisitFields(config, [&](std::string_view path, const auto& member) {
    json::value value = ToJson(member);
    const std::size_t dot = path.rfind('.');
    json::object& parent =
        At(root, dot == std::string_view::npos ? std::string_view() : path.substr(0, dot));
    const std::string_view key = dot == std::string_view::npos ? path : path.substr(dot + 1);
    if (key == "*") {
      for (auto& [name, setting] : value.as_object()) parent[name] = std::move(setting);
      return;
    }
    const Field* field = FindField(path);
    VAMS_CHECK(field != nullptr);
    // What belongs to another kind of engine is left out.
    if (!field->only_with.empty() &&
        std::ranges::find(field->only_values, parent.at("kind").as_string().c_str()) ==
            field->only_values.end())
      return;
    if (IsEmpty(value) && field->default_value.is_null()) value = nullptr;
    if (field->type == Type::kFileReference && value.is_string())
      value = json::value("file:" + std::string(value.as_string()));
    parent[key] = std::move(value);
  });
  return root;
}

}  // namespace vams::config
