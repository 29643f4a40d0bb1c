#include "config/absolute_paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "config/checks.h"
#include "config/json_text.h"
#include "config/values.h"

namespace vams::config {

namespace json = boost::json;

namespace {

class Mover {
 public:
  Mover(json::object& root, std::string folder) : root_(root), folder_(std::move(folder)) {}

  void Run() {
    for (const Field& field : Fields()) {
      const Field& target = field.same_as.empty() ? field : *FindField(field.same_as);
      json::value* value = FindAt(field.path);
      if (value != nullptr && !value->is_null() && Fits(target, *value))
        Move(field.path, target.type, *value);
    }
  }

  std::vector<std::string> TakePaths() { return std::move(paths_); }

 private:
  static bool Fits(const Field& field, const json::value& value) {
    const auto issues = Validate(field, value, field.path);
    return std::ranges::none_of(
        issues, [](const Issue& issue) { return issue.status == FieldStatus::kInvalid; });
  }

  // nullptr if the file does not have it.
  json::value* FindAt(std::string_view path) {
    json::object* at = &root_;
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
      json::value* next = at->if_contains(path.substr(0, dot));
      if (next == nullptr || !next->is_object()) return nullptr;
      at = &next->as_object();
      path.remove_prefix(dot + 1);
    }
    return at->if_contains(path);
  }

  void Move(const std::string& path, Type type, json::value& value) {
    switch (type) {
      case Type::kFile:
        return MoveText(path, value, false);
      case Type::kFileReference:
      case Type::kSecretReference:
        return MoveText(path, value, true);
      case Type::kCommand:
        return MoveProgram(path, value.is_array() ? value.as_array()[0] : value);
      case Type::kBuckets:
        for (json::value& bucket : value.as_array())
          MoveText(path, bucket.as_object()["bucketArn"], true);
        return;
      default:
        return;
    }
  }

  // `referred`: it is a path only behind "file:".
  void MoveText(const std::string& path, json::value& value, bool referred) {
    const std::string text(value.as_string());
    const auto reference = FileReference(text);
    if (!reference && (referred || text.contains("://"))) return;
    const std::string absolute = Absolute(reference.value_or(text));
    if (absolute.empty()) return;
    Set(path, value, (reference ? "file:" : "") + absolute, absolute);
  }

  // A name without a slash is looked for in PATH.
  void MoveProgram(const std::string& path, json::value& value) {
    const std::string text(value.as_string());
    if (!text.contains('/') || text.contains("://")) return;
    if (const std::string absolute = Absolute(FileReference(text).value_or(text));
        !absolute.empty())
      Set(path, value, absolute, absolute);
  }

  // Empty for a path that need not change.
  std::string Absolute(const std::string& text) const {
    const std::filesystem::path path(text);
    if (text.empty() || path.is_absolute()) return {};
    return (std::filesystem::path(folder_) / path).lexically_normal().string();
  }

  void Set(const std::string& path, json::value& value, const std::string& text,
           const std::string& absolute) {
    value = text;
    paths_.push_back(fmt::format("{} is {}", path, absolute));
  }

  json::object& root_;
  const std::string folder_;
  std::vector<std::string> paths_;
};

void Print(std::string& out, const json::value& value, std::size_t depth) {
  if (!value.is_object() || value.as_object().empty()) {
    out += json::serialize(value);
    return;
  }
  const std::string indent(2 * depth + 2, ' ');
  out += "{\n";
  bool first = true;
  for (const auto& member : value.as_object()) {
    if (!first) out += ",\n";
    first = false;
    out += indent + json::serialize(json::string(member.key())) + ": ";
    Print(out, member.value(), depth + 1);
  }
  out += "\n" + std::string(2 * depth, ' ') + "}";
}

}  // namespace

Result<MovedText> WithAbsolutePaths(const std::string& text, const std::string& file_path) {
  TRY(auto parsed, ParseJsonText(text, file_path));
  if (!parsed.value.is_object())
    return Error(Code::kInvalid,
                 fmt::format("{} holds no JSON object; nothing was changed; look at it with \"vams "
                             "config check\"",
                             file_path));
  std::error_code ignored;
  const auto file = std::filesystem::absolute(file_path, ignored);
  Mover mover(parsed.value.as_object(), file.parent_path().string());
  mover.Run();
  MovedText moved{.text = text, .paths = mover.TakePaths()};
  if (!moved.paths.empty()) moved.text = PrettyText(parsed.value);
  return moved;
}

Result<std::optional<std::string>> TextToKeep(const Sources& sources) {
  if (!sources.file_text) return std::optional<std::string>();
  TRY(auto moved, WithAbsolutePaths(*sources.file_text, sources.file_path));
  return std::optional(std::move(moved.text));
}

std::string PrettyText(const json::value& value) {
  std::string text;
  Print(text, value, 0);
  return text + "\n";
}

}  // namespace vams::config
