#include "model/database.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/pattern.h"
#include "model/text.h"

namespace vams::model {

namespace {

constexpr TextRule kDatabaseDescription{.min = 4, .max = 256};
constexpr TextRule kExtensions{.required = false, .max = 256};

bool IsAll(std::string_view entry) { return IsWord(entry, ".all"); }

Complaint CheckExtension(std::string_view entry) {
  // At least one letter or digit: dots alone are no extension.
  static const Pattern pattern(R"([\p{L}\p{N}.]*[\p{L}\p{N}][\p{L}\p{N}.]*)");
  if (entry.empty()) return "Extension list contains empty values";
  if (!entry.starts_with('.'))
    return fmt::format("Extension '{}' must start with a dot (e.g., '.pdf')", entry);
  if (entry.size() < 2) return fmt::format("Extension '{}' is too short", entry);
  if (!pattern.Matches(entry))
    return fmt::format("Extension '{}' contains invalid characters", entry);
  return std::nullopt;
}

Complaint CheckBucketId(std::string_view value) {
  constexpr std::string_view kField = "defaultBucketId";
  if (value.empty()) return fmt::format("{} is a required field.", kField);
  return CheckUuid(kField, value);
}

}  // namespace

std::string_view PlainId(std::string_view stored_id) {
  if (stored_id.ends_with(kDeletedSuffix)) stored_id.remove_suffix(kDeletedSuffix.size());
  return stored_id;
}

Complaint CheckExtensionList(std::string_view list) {
  if (list.empty() || IsAll(Trim(list))) return std::nullopt;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (auto complaint = CheckExtension(Trim(list.substr(begin, end - begin)))) return complaint;
    begin = end + 1;
  }
  return std::nullopt;
}

NewDatabase ReadNewDatabase(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewDatabase database;
  const auto id = reader.OptionalText("databaseId", {.min = 4, .max = 256});
  database.description = reader.Text("description", kDatabaseDescription);
  const auto bucket = reader.OptionalText("defaultBucketId");
  database.restrict_metadata =
      reader.OptionalBool("restrictMetadataOutsideSchemas").value_or(false);
  database.extensions = reader.Text("restrictFileUploadsToExtensions", kExtensions);
  if (id) problems.Add(CheckId("databaseId", *id));
  if (bucket) problems.Add(CheckBucketId(*bucket));
  problems.Add(CheckExtensionList(database.extensions));
  database.id = id.value_or("");
  database.bucket = bucket.value_or("");
  return database;
}

DatabaseChange ReadDatabaseChange(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  TextRule description = kDatabaseDescription;
  description.required = false;
  DatabaseChange change;
  change.description = reader.OptionalText("description", description);
  change.bucket = reader.OptionalText("defaultBucketId", {.required = false});
  change.restrict_metadata = reader.OptionalBool("restrictMetadataOutsideSchemas");
  change.extensions = reader.OptionalText("restrictFileUploadsToExtensions", kExtensions);
  if (!reader.Has("description") && !reader.Has("defaultBucketId") &&
      !reader.Has("restrictMetadataOutsideSchemas") &&
      !reader.Has("restrictFileUploadsToExtensions"))
    problems.Add("__root__", "At least one field must be provided for update");
  if (change.bucket) problems.Add(CheckBucketId(*change.bucket));
  if (change.extensions) problems.Add(CheckExtensionList(*change.extensions));
  return change;
}

}  // namespace vams::model
