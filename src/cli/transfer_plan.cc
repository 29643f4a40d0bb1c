#include "cli/transfer_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace vams::cli {

namespace {

constexpr std::uint64_t kPartsInSequence = SequenceLimits().parts;
constexpr std::uint64_t kUsualPart = 64 * kMiB;
constexpr std::string_view kPreviewMark = ".previewFile.";
constexpr std::array<std::string_view, 5> kImages{".png", ".jpg", ".jpeg", ".svg", ".gif"};

// The entries of a comma list, trimmed and in lower case.
std::vector<std::string> Entries(std::string_view list) {
  std::vector<std::string> entries;
  for (std::size_t from = 0; from <= list.size();) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    std::string_view entry = list.substr(from, comma - from);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty()) entries.push_back(Lower(entry));
    from = comma + 1;
  }
  return entries;
}

Status CheckPreview(const UploadFile& file) {
  if (std::ranges::find(kImages, LowerExtension(file.key)) == kImages.end())
    return Error(Code::kInvalid,
                 "a preview is a .png, .jpg, .jpeg, .svg or .gif; convert it to one of them");
  if (file.size > kLargestPreview)
    return Error(Code::kTooLarge, fmt::format("a preview has at most {} bytes, this one has {}; "
                                              "make a smaller picture",
                                              kLargestPreview, file.size));
  return Ok();
}

// Adds one more file to the sequences.
class Filler {
 public:
  Filler(std::vector<std::vector<std::size_t>>& sequences, const SequenceLimits& limits)
      : sequences_(sequences), limits_(limits) {}

  void Add(std::size_t index, const UploadFile& file) {
    const std::uint64_t parts = PartCount(file.size, file.part_size);
    const bool fits = !sequences_.empty() && sequences_.back().size() < limits_.files &&
                      parts_ + parts <= limits_.parts && bytes_ + file.size <= limits_.bytes;
    if (!fits) {
      sequences_.emplace_back();
      parts_ = bytes_ = 0;
    }
    sequences_.back().push_back(index);
    parts_ += parts;
    bytes_ += file.size;
  }

 private:
  std::vector<std::vector<std::size_t>>& sequences_;
  const SequenceLimits& limits_;
  std::uint64_t parts_ = 0, bytes_ = 0;
};

}  // namespace

std::string KeyPrefix(std::string_view location) {
  std::string prefix;
  if (!location.starts_with('/')) prefix += '/';
  prefix += location;
  if (!prefix.ends_with('/')) prefix += '/';
  return prefix;
}

bool IsPreviewName(std::string_view key) { return key.find(kPreviewMark) != key.npos; }

std::string LowerExtension(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == name.npos ? std::string() : Lower(name.substr(dot));
}

Status CheckUpload(const UploadFile& file, bool asset_preview, std::string_view allowed) {
  if (file.key.find('.') == file.key.npos)
    return Error(Code::kInvalid,
                 "the server takes no file without an extension; give it one, such as .txt");
  if (asset_preview || IsPreviewName(file.key)) return CheckPreview(file);
  const auto entries = Entries(allowed);
  const auto has = [&](const std::string& entry) {
    return std::ranges::find(entries, entry) != entries.end();
  };
  if (entries.empty() || has(".all") || has(LowerExtension(file.key))) return Ok();
  return Error(Code::kInvalid, fmt::format("the database takes files with {} only", allowed));
}

Result<std::uint64_t> PartSize(std::uint64_t file_size, std::uint64_t wanted) {
  const std::uint64_t least = (file_size + kPartsInSequence - 1) / kPartsInSequence;
  const std::uint64_t rounded = (least + kMiB - 1) / kMiB * kMiB;
  const std::uint64_t size = std::max(wanted == 0 ? kUsualPart : wanted, rounded);
  if (size > kLargestPart)
    return Error(Code::kTooLarge,
                 fmt::format("it is larger than {} parts of {} GiB, which is the most that can be "
                             "uploaded; split it",
                             kPartsInSequence, kLargestPart / kMiB / 1024));
  return size;
}

std::uint64_t PartCount(std::uint64_t file_size, std::uint64_t part_size) {
  return part_size == 0 ? 0 : (file_size + part_size - 1) / part_size;
}

UploadPlan PlanSequences(const std::vector<UploadFile>& files, const SequenceLimits& limits) {
  UploadPlan plan;
  Filler ordinary(plan.files, limits), previews(plan.previews, limits);
  for (std::size_t i = 0; i < files.size(); ++i)
    (IsPreviewName(files[i].key) ? previews : ordinary).Add(i, files[i]);
  return plan;
}

}  // namespace vams::cli
