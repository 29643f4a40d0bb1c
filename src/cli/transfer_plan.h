// How files become uploads: keys, parts, and the sequences of requests that a job is sent in.
// api-assets.md section 5.1, cli.md section 11.1.
//
// Pure; plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"

namespace vams::cli {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kSmallestPart = 5 * kMiB;
inline constexpr std::uint64_t kLargestPart = 5 * 1024 * kMiB;
inline constexpr std::uint64_t kLargestPreview = 5 * kMiB;

// A file to be sent, as it was when the job was planned.
struct UploadFile {
  files::Path path;
  std::string key;  // with a leading '/', as the server is to know it
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  std::uint64_t part_size = 0;

  friend bool operator==(const UploadFile&, const UploadFile&) = default;
};

// "/a/" of "a", "/" of "" and "/".
std::string KeyPrefix(std::string_view location);

// Whether the name is that of a preview that belongs to another file.
bool IsPreviewName(std::string_view key);
// ".glb" of "/a/b.GLB"; empty without a dot in the last segment.
std::string LowerExtension(std::string_view key);

// What the server would refuse of this file, without asking it: no dot in its key, a preview that
// is too large or no image, an extension that the database does not take (`allowed` is its list,
// ".glb, .e57"; empty or with .all: any).
Status CheckUpload(const UploadFile& file, bool asset_preview, std::string_view allowed);

// Bytes a part: `wanted`, else 64 MiB, and more where there would be more than 200 parts. kTooLarge
// for what does not fit into 200 parts of 5 GiB.
Result<std::uint64_t> PartSize(std::uint64_t file_size, std::uint64_t wanted);
std::uint64_t PartCount(std::uint64_t file_size, std::uint64_t part_size);

// What one sequence may have.
struct SequenceLimits {
  std::size_t files = 50;
  std::uint64_t parts = 200;
  std::uint64_t bytes = 3 * 1024 * kMiB;
};
// Of servers that take bundles of small files: fewer commits for many of them.
inline constexpr SequenceLimits kBundledSequences{.files = 250, .parts = 250};

// The sequences, as lists of indexes into `files`, each within the limits, a larger file alone;
// files in their order, and previews in sequences of their own behind all others.
struct UploadPlan {
  std::vector<std::vector<std::size_t>> files, previews;
};
UploadPlan PlanSequences(const std::vector<UploadFile>& files, const SequenceLimits& limits = {});

}  // namespace vams::cli
