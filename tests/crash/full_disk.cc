// A disk that fills up, for tests: preloaded into a program (LD_PRELOAD), it lets files whose path
// contains FULL_DISK_PATH grow by FULL_DISK_BYTES in all; then write, pwrite, ftruncate and
// fallocate give ENOSPC.  As on a real disk, overwriting takes no space, and a write that begins
// within what is there is cut short first.
//
// Thread-safe.  Not for programs that write through stdio: its calls inside libc cannot be seen
// from here.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>

namespace {

struct Disk {
  const char* path = getenv("FULL_DISK_PATH");
  std::atomic<long long> left{0};

  Disk() {
    const char* bytes = getenv("FULL_DISK_BYTES");
    left = bytes == nullptr ? 0 : atoll(bytes);
  }
};

Disk& TheDisk() {
  static Disk disk;
  return disk;
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool IsOnDisk(int fd) {
  if (TheDisk().path == nullptr) return false;
  char link[64], target[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, target, sizeof target - 1);
  if (n <= 0) return false;
  target[n] = 0;
  return strstr(target, TheDisk().path) != nullptr;
}

long long SizeOf(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 ? info.st_size : 0;
}

// Space goes in blocks, and holes take none.
constexpr long long kBlock = 4096;

long long BlocksEnd(long long bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

// How many of `count` bytes at `offset` fit; takes the space they need.
size_t Take(int fd, long long offset, size_t count) {
  const long long end = BlocksEnd(offset + static_cast<long long>(count));
  const long long has = BlocksEnd(SizeOf(fd));
  const long long growth = end - (offset > has ? offset / kBlock * kBlock : has);
  if (growth <= 0) return count;
  const long long before = TheDisk().left.fetch_sub(growth);
  if (before >= growth) return count;
  TheDisk().left.fetch_add(
      growth);  // all or nothing: the last blocks stay free for somebody smaller
  const long long there = has > offset ? has - offset : 0;
  return static_cast<size_t>(there);
}

ssize_t Full() {
  errno = ENOSPC;
  return -1;
}

using PwriteFunction = ssize_t (*)(int, const void*, size_t, off64_t);

ssize_t LimitedPwrite(const char* name, int fd, const void* data, size_t count, off64_t offset) {
  const auto next = Next<PwriteFunction>(name);
  if (count == 0 || !IsOnDisk(fd)) return next(fd, data, count, offset);
  const size_t fits = Take(fd, offset, count);
  return fits == 0 ? Full() : next(fd, data, fits, offset);
}

int LimitedTruncate(const char* name, int fd, off64_t size) {
  const auto next = Next<int (*)(int, off64_t)>(name);
  if (IsOnDisk(fd) && size > SizeOf(fd) && TheDisk().left <= 0) return static_cast<int>(Full());
  return next(fd, size);
}

int LimitedAllocate(const char* name, int fd, int mode, off64_t offset, off64_t size) {
  const auto next = Next<int (*)(int, int, off64_t, off64_t)>(name);
  if (IsOnDisk(fd) && Take(fd, offset, static_cast<size_t>(size)) < static_cast<size_t>(size))
    return static_cast<int>(Full());
  return next(fd, mode, offset, size);
}

}  // namespace

// The declarations of the headers say noexcept or not; these follow them.
extern "C" {

ssize_t write(int fd, const void* data, size_t count) {
  const auto next = Next<ssize_t (*)(int, const void*, size_t)>("write");
  if (count == 0 || !IsOnDisk(fd)) return next(fd, data, count);
  const int flags = fcntl(fd, F_GETFL);
  const off_t at = (flags & O_APPEND) != 0 ? SizeOf(fd) : lseek(fd, 0, SEEK_CUR);
  const size_t fits = Take(fd, at < 0 ? SizeOf(fd) : at, count);
  return fits == 0 ? Full() : next(fd, data, fits);
}

ssize_t pwrite(int fd, const void* data, size_t count, off_t offset) {
  return LimitedPwrite("pwrite", fd, data, count, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t count, off64_t offset) {
  return LimitedPwrite("pwrite64", fd, data, count, offset);
}

int ftruncate(int fd, off_t size) noexcept { return LimitedTruncate("ftruncate", fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return LimitedTruncate("ftruncate64", fd, size); }

int fallocate(int fd, int mode, off_t offset, off_t size) {
  return LimitedAllocate("fallocate", fd, mode, offset, size);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return LimitedAllocate("fallocate64", fd, mode, offset, size);
}

}  // extern "C"
