#include "folders/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <unordered_map>
#include <utility>
#include <vector>

#include "folders/folder_tree.h"

namespace vams::folders {

namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE | IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW;
// More folders than this are looked at by the clock only.
constexpr std::size_t kMaxWatches = 100'000;

}  // namespace

struct FolderWatch::Impl {
  ~Impl() {
    if (inotify >= 0) ::close(inotify);
    if (wake >= 0) ::close(wake);
  }

  // The folder and everything below it.
  void Add(const files::Path& folder) {
    std::vector<files::Path> waiting{folder};
    while (!waiting.empty()) {
      const files::Path path = std::move(waiting.back());
      waiting.pop_back();
      if (folders.size() >= kMaxWatches) {
        complete = false;
        return;
      }
      const int id = ::inotify_add_watch(inotify, path.c_str(), kEvents);
      if (id < 0) {
        // Gone again is no loss; what cannot be watched is.
        if (errno != ENOENT && errno != ENOTDIR) complete = false;
        continue;
      }
      folders[id] = path;
      std::error_code error;
      for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
           entry.increment(error))
        if (entry->is_directory(error) && !entry->is_symlink(error))
          waiting.push_back(entry->path());
    }
  }

  // Whether one of the events is about somebody's file.
  bool Handle(const char* bytes, std::size_t size) {
    bool changed = false;
    for (std::size_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
      at += sizeof(inotify_event) + event->len;
      const std::string_view name = event->len > 0 ? event->name : "";
      if ((event->mask & IN_IGNORED) != 0) {
        folders.erase(event->wd);
        continue;
      }
      if (name.starts_with(kOwnPrefix)) continue;
      changed = true;
      const bool new_folder =
          (event->mask & IN_ISDIR) != 0 && (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
      const auto parent = folders.find(event->wd);
      if (new_folder && parent != folders.end()) Add(files::Path(parent->second) / name);
    }
    return changed;
  }

  // Everything that has been told so far.
  Result<bool> Drain() {
    alignas(inotify_event) std::array<char, 64 * 1024> buffer;
    bool changed = false;
    for (;;) {
      const ssize_t got = ::read(inotify, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return changed;
      if (got < 0) return files::ErrnoError("read what changed in", root, errno);
      changed = Handle(buffer.data(), static_cast<std::size_t>(got)) || changed;
    }
  }

  files::Path root;
  int inotify = -1;
  int wake = -1;
  bool complete = true;
  std::unordered_map<int, files::Path> folders;
};

FolderWatch::FolderWatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FolderWatch::~FolderWatch() = default;

Result<std::unique_ptr<FolderWatch>> FolderWatch::Open(const files::Path& root) {
  auto impl = std::make_unique<Impl>();
  impl->root = root;
  impl->wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (impl->wake < 0) return files::ErrnoError("watch", root, errno);
  impl->inotify = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (impl->inotify >= 0)
    impl->Add(root);
  else
    impl->complete = false;
  return std::unique_ptr<FolderWatch>(new FolderWatch(std::move(impl)));
}

bool FolderWatch::complete() const { return impl_->complete; }

Result<bool> FolderWatch::Wait(std::chrono::milliseconds time) {
  std::array<pollfd, 2> waits{pollfd{impl_->wake, POLLIN, 0}, pollfd{impl_->inotify, POLLIN, 0}};
  const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(time.count()));
  if (ready < 0 && errno != EINTR) return files::ErrnoError("wait for", impl_->root, errno);
  std::uint64_t count = 0;
  if ((waits[0].revents & POLLIN) != 0) (void)!::read(impl_->wake, &count, sizeof count);
  if (impl_->inotify < 0) return false;
  return impl_->Drain();
}

void FolderWatch::Wake() {
  const std::uint64_t one = 1;
  (void)!::write(impl_->wake, &one, sizeof one);
}

}  // namespace vams::folders
