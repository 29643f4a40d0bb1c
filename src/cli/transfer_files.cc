#include "cli/transfer_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "base/encoding.h"

namespace vams::cli {

namespace {

namespace fs = std::filesystem;

// With an absolute path: an interrupted upload may go on from another folder.
void Collect(CollectedFiles& to, const files::Path& path, std::string key) {
  std::error_code error;
  UploadFile file{.path = fs::absolute(path, error), .key = std::move(key)};
  if (!IsUtf8(file.key)) {
    to.refused.push_back({path, "", "its name is not UTF-8 text; rename it"});
    return;
  }
  const auto known = Stat(file);
  if (known.ok())
    to.files.push_back(std::move(file));
  else
    to.refused.push_back({path, file.key, known.error().message});
}

template <typename Iterator>
Status Walk(CollectedFiles& to, const files::Path& folder, const std::string& prefix) {
  std::error_code error;
  Iterator at(folder, error);
  if (error) return files::ErrnoError("read", folder, error.value());
  while (at != Iterator()) {
    // Without following links: a link to a folder may lead around in circles.
    const files::Path path = at->path();
    const bool is_folder = at->is_directory(error);
    if (error)
      to.refused.push_back({path, "", "it cannot be looked at: " + error.message()});
    else if (!is_folder)
      Collect(to, path, prefix + path.lexically_relative(folder).generic_string());
    else if (at->is_symlink(error))
      to.refused.push_back({path, "", "it is a link to a folder; upload that folder itself"});
    error.clear();
    at.increment(error);
    if (error) return files::ErrnoError("read", folder, error.value());
  }
  return Ok();
}

}  // namespace

Status Stat(UploadFile& file) {
  struct stat info {};
  if (::stat(file.path.c_str(), &info) != 0) return files::ErrnoError("open", file.path, errno);
  if (!S_ISREG(info.st_mode))
    return Error(Code::kInvalid, "it is no regular file; only such files can be sent");
  file.size = static_cast<std::uint64_t>(info.st_size);
  file.modified = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return Ok();
}

Result<CollectedFiles> CollectNamed(const std::vector<std::string>& paths,
                                    const std::string& location) {
  CollectedFiles collected;
  std::map<std::string, std::string> by_key;
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error))
      return Error(Code::kInvalid,
                   fmt::format("there is no file \"{}\"; nothing was sent; check the name", path));
    if (fs::is_directory(path, error))
      return Error(Code::kInvalid, fmt::format("\"{}\" is a folder; nothing was sent; name one "
                                               "folder and no files, or use --directory",
                                               path));
    std::string key = KeyPrefix(location) + files::Path(path).filename().string();
    const auto [other, is_new] = by_key.emplace(key, path);
    if (!is_new)
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" and \"{}\" would both become {}; nothing was "
                               "sent; send them to two locations",
                               other->second, path, key));
    Collect(collected, path, std::move(key));
  }
  std::ranges::sort(collected.files, {}, &UploadFile::key);
  return collected;
}

Result<CollectedFiles> CollectFolder(const std::string& folder, bool recursive,
                                     const std::string& location) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return Error(
        Code::kInvalid,
        fmt::format("there is no folder \"{}\"; nothing was sent; check the name", folder));
  CollectedFiles collected;
  const std::string prefix = KeyPrefix(location);
  if (recursive)
    TRY_OK(Walk<fs::recursive_directory_iterator>(collected, folder, prefix));
  else
    TRY_OK(Walk<fs::directory_iterator>(collected, folder, prefix));
  std::ranges::sort(collected.files, {}, &UploadFile::key);
  return collected;
}

}  // namespace vams::cli
