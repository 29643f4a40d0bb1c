#include "model/asset_file.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "model/text.h"

namespace vams::model {

namespace {

constexpr std::size_t kPage = 100;
constexpr std::size_t kMostOfPage = 1000;
constexpr TextRule kPath{.required = true, .min = 1};
constexpr std::size_t kMaxOtherType = 30;

}  // namespace

std::size_t ReadPageSize(const boost::json::object& query, bool basic, Problems& problems) {
  ObjectReader reader(query, problems);
  const auto size = reader.OptionalInt("pageSize", 1);
  // Of a page with what is archived, and of nothing else; pages here have it in its place.
  reader.OptionalInt("maxItems", 1);
  if (!size) return basic ? kMostOfPage : kPage;
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(*size, 1, static_cast<std::int64_t>(kMostOfPage)));
}

std::string ReadNewFolder(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  std::string path = reader.Text("relativeKey", kPath);
  if (!path.empty() && !path.ends_with('/'))
    problems.Add(Complaint("Relative key must end with a slash to represent a folder"));
  return path;
}

FileMove ReadFileMove(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  FileMove move;
  move.source = reader.Text("sourcePath", kPath);
  move.destination = reader.Text("destinationPath", kPath);
  return move;
}

FileCopy ReadFileCopy(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  FileCopy copy;
  copy.source = reader.Text("sourcePath", kPath);
  copy.destination = reader.Text("destinationPath", kPath);
  copy.asset_id =
      reader.OptionalText("destinationAssetId", {.required = false, .min = 1, .max = 256});
  copy.database_id =
      reader.OptionalText("destinationDatabaseId", {.required = false, .min = 4, .max = 256});
  // Too short ones have their complaint already.
  if (copy.asset_id && !copy.asset_id->empty())
    problems.Add(CheckAssetId("destinationAssetId", *copy.asset_id));
  if (copy.database_id && Length(*copy.database_id) >= 4)
    problems.Add(CheckId("destinationDatabaseId", *copy.database_id));
  return copy;
}

FileChoice ReadFileChoice(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  FileChoice choice;
  choice.path = reader.Text("filePath", kPath);
  choice.prefix = reader.OptionalBool("isPrefix").value_or(false);
  choice.confirmed = reader.OptionalBool("confirmPermanentDelete").value_or(false);
  return choice;
}

PrimaryTypeChange ReadPrimaryType(const boost::json::object& body, Problems& problems) {
  static constexpr std::array<std::string_view, 8> kTypes = {"",     "primary", "lod1", "lod2",
                                                             "lod3", "lod4",    "lod5", "other"};
  ObjectReader reader(body, problems);
  PrimaryTypeChange change;
  change.path = reader.Text("filePath", kPath);
  change.type = Lower(reader.Text("primaryType"));
  const auto other =
      reader.OptionalText("primaryTypeOther", {.required = false, .min = 0, .max = kMaxOtherType});
  if (change.path.ends_with('/'))
    problems.Add(Complaint("Cannot set primary type on folders. File path must not end with '/'"));
  if (std::ranges::find(kTypes, change.type) == kTypes.end())
    problems.Add(
        Complaint("primaryType must be one of: , primary, lod1, lod2, lod3, lod4, lod5, other"));
  const bool named = other && !other->empty();
  if (change.type == "other") {
    if (!named)
      problems.Add(Complaint("primaryTypeOther is required when primaryType is 'other'"));
    else
      change.type = Lower(*other);
  } else if (named) {
    problems.Add(Complaint("primaryTypeOther should only be provided when primaryType is 'other'"));
  }
  return change;
}

}  // namespace vams::model
