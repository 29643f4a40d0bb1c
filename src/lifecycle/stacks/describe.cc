#include "lifecycle/stacks/describe.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <sstream>

#include "lifecycle/backup/repository.h"

namespace vams::lifecycle {

namespace {

namespace fs = std::filesystem;

// Whether some process holds an flock on the file, as the kernel lists them:
// "1: FLOCK  ADVISORY  WRITE 4711 fe:00:131090 0 EOF".  Some file systems give the kernel another
// device than stat; then the process that the lock's note names has to be the one that is listed.
bool IsLocked(const struct stat& file, const std::string& note) {
  std::ifstream locks("/proc/locks");
  const std::string device =
      fmt::format("{:02x}:{:02x}:", ::major(file.st_dev), ::minor(file.st_dev));
  const std::string inode = fmt::format(":{}", file.st_ino);
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, pid, place;
    words >> number >> kind >> mode >> access >> pid >> place;
    if (kind != "FLOCK" || !place.ends_with(inode)) continue;
    if (place.starts_with(device) || note.find(fmt::format("process {},", pid)) != note.npos)
      return true;
  }
  return false;
}

// 20250301-100000-abcd
std::optional<std::string> TimeOf(const std::string& id) {
  if (id.size() < 15 || id[8] != '-') return std::nullopt;
  for (const std::size_t i : {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14})
    if (id[i] < '0' || id[i] > '9') return std::nullopt;
  return fmt::format("{}-{}-{}T{}:{}:{}Z", id.substr(0, 4), id.substr(4, 2), id.substr(6, 2),
                     id.substr(9, 2), id.substr(11, 2), id.substr(13, 2));
}

}  // namespace

StackSize SizeOf(const Stack& stack) {
  StackSize size;
  std::error_code ec;
  fs::recursive_directory_iterator it(stack.folder, ec);
  std::uint64_t* into = &size.other;
  for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
    if (it.depth() == 0) {
      const std::string name = it->path().filename().string();
      into = name == "generations" ? &size.items : name == "blobs" ? &size.contents : &size.other;
    }
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const auto bytes = static_cast<std::uint64_t>(info.st_size);
    *into += bytes;
    if (into == &size.contents && info.st_nlink > 1) size.shared += bytes;
  }
  return size;
}

std::optional<std::string> HolderOf(const Stack& stack) {
  const files::Path path = stack.folder / "lock";
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  const std::string note = files::ReadAll(path, 4096).value_or("");
  if (!IsLocked(info, note)) return std::nullopt;
  return note.empty() ? std::string("another process") : note;
}

Result<std::optional<LastBackup>> LastBackupOf(const std::string& folder, std::string_view stack) {
  TRY(const auto repository,
      backup::OpenRepository((files::Path(folder) / std::string(stack)).string()));
  TRY(const auto backups, repository->List("backups"));
  std::optional<LastBackup> last;
  for (const auto& file : backups) {
    // Ids begin with the time, so the last by name is the newest.
    const std::string id = files::Path(file.name).stem().string();
    const auto at = TimeOf(id);
    if (at && (!last || id > last->id)) last = LastBackup{id, *at};
  }
  return last;
}

}  // namespace vams::lifecycle
