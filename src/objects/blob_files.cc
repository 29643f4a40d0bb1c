#include "objects/blob_files.h"

#include <errno.h>
#include <sys/stat.h>

#include "objects/pack_file.h"

namespace vams::objects {

namespace fs = std::filesystem;

Result<bool> StatBlobFile(BlobFile& file) {
  struct stat info {};
  if (::lstat(file.path.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    return files::ErrnoError("read", file.path, errno);
  }
  file.size = static_cast<std::uint64_t>(info.st_size);
  file.modified_millis =
      std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
  if (!S_ISREG(info.st_mode)) file.sha256.clear();
  return true;
}

Status VisitBlobFiles(OpContext& op, const files::Path& folder,
                      const std::function<Status(const BlobFile& file)>& visit) {
  std::error_code ec;
  fs::recursive_directory_iterator it(folder, ec);
  for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
    TRY_OK(op.Check());
    const std::string name = it->path().filename().string();
    std::error_code gone;
    const bool is_folder = it->is_directory(gone) && !it->is_symlink(gone);
    if (it.depth() == 0 && (name == "packs" || name == "incoming")) {
      it.disable_recursion_pending();
      continue;
    }
    if (is_folder || (it.depth() == 0 && (name == "writers" || name.starts_with("format"))))
      continue;
    BlobFile file{.path = it->path()};
    const bool placed = it.depth() == 2 && DigestFromHex(name).ok() &&
                        file.path == folder / name.substr(0, 2) / name.substr(2, 2) / name;
    if (placed) file.sha256 = name;
    TRY(const bool there, StatBlobFile(file));
    if (there) TRY_OK(visit(file));
  }
  if (ec) return files::ErrnoError("read folder", folder, ec.value());
  return Ok();
}

}  // namespace vams::objects
