#include "lifecycle/stacks/destroy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/fault_point.h"
#include "base/random.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::string_view kGone = ".gone-";

// Lifecycle operations whose stack is not there any more.
Status AppendHomeHistory(const files::Path& home, json::object entry, const Clock& clock) {
  json::object line{{"at", IsoMillis(clock.NowMillis())}};
  for (auto& member : entry) line[member.key()] = std::move(member.value());
  const std::string text = json::serialize(line) + "\n";
  const files::Path path = home / "history.jsonl";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  return written ? Ok() : Status(files::ErrnoError("write", path, error));
}

// Links are removed, and not what they lead to.
void NameLinked(const Stack& stack, std::vector<std::string>& left) {
  std::error_code ec;
  for (const files::Path& path : {stack.folder, stack.blobs()})
    if (std::filesystem::is_symlink(path, ec))
      left.push_back(fmt::format("{} was a link: what it led to, {}, stays; remove it by hand",
                                 path.string(), std::filesystem::read_symlink(path, ec).string()));
}

}  // namespace

Result<StackDestroyer> StackDestroyer::Begin(const StackRegistry& registry, std::string_view name,
                                             const Clock& clock) {
  constexpr std::string_view kDoing = "vams stack destroy";
  TRY(auto stack, registry.Get(name));
  TRY(auto operation, OperationLock::Take(stack, kDoing, clock));
  TRY(auto lock, LockStack(stack, kDoing, clock));
  TRY(stack, registry.Get(name));
  return StackDestroyer(registry, std::move(stack), clock, std::move(lock), std::move(operation));
}

Result<DestroyReport> StackDestroyer::Finish(json::object entry) && {
  DestroyReport report{.stack = stack_.name, .left = {}};
  auto backup = files::FileLock::Acquire(stack_.folder / "backup.lock", "vams stack destroy");
  if (!backup.ok() && backup.error().code == Code::kConflict)
    return Error(
        Code::kConflict,
        fmt::format("a backup of stack \"{}\" is being made; nothing was removed; wait for "
                    "it to end",
                    stack_.name));
  TRY(const auto alone, std::move(backup));
  NameLinked(stack_, report.left);
  const files::Path stacks = registry_->home() / "stacks";
  const files::Path gone =
      stacks / fmt::format("{}{}.{}", kGone, stack_.name, NewUuid(SystemRandom()));
  json::object line{{"operation", "destroy"}, {"stack", stack_.name}, {"by", ProcessUser()}};
  for (auto& member : entry) line[member.key()] = std::move(member.value());
  line["result"] = "done";
  VAMS_POINT("lifecycle.destroy.before_rename");
  TRY_OK(files::RenameDurably(stack_.folder, gone));
  VAMS_POINT("lifecycle.destroy.before_history");
  TRY_OK(AppendHomeHistory(registry_->home(), std::move(line), *clock_));
  VAMS_POINT("lifecycle.destroy.before_remove");
  if (auto removed = files::RemoveTree(gone); !removed.ok())
    report.left.push_back(fmt::format("{}; it is no stack any more: remove {} by hand",
                                      removed.error().message, gone.string()));
  return report;
}

std::size_t RemoveDestroyed(const StackRegistry& registry) {
  std::size_t count = 0;
  std::vector<files::Path> graves;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(registry.home() / "stacks", ec))
    if (entry.path().filename().string().starts_with(kGone)) graves.push_back(entry.path());
  for (const auto& grave : graves)
    if (files::RemoveTree(grave).ok()) ++count;
  return count;
}

}  // namespace vams::lifecycle
