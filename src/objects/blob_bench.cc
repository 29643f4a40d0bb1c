// Durable small blobs: packs with shared syncs beside a file and an fdatasync for each, in one run,
// because the disk under it is another one every minute.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "objects/blob_store.h"

namespace vams::objects {
namespace {

struct Shared {
  files::TempFolder temp =
      *files::TempFolder::Create(std::filesystem::current_path(), "vams-blob-bench");
  std::unique_ptr<BlobStore> packs = *BlobStore::Open(temp.path() / "packs");
  std::unique_ptr<BlobStore> files = *BlobStore::Open(temp.path() / "files", {.pack_below = 0});
};

Shared& Folders() {
  static Shared shared;
  return shared;
}

std::string Content() {
  static std::atomic<std::uint64_t> next = 1;
  std::string content(4096, 'x');
  const std::uint64_t number = next++;
  std::memcpy(content.data(), &number, sizeof number);
  return content;
}

// What the disk gives: overwrites of one file, as the measurements calibrate.
void BM_Fdatasync(benchmark::State& state) {
  const auto path = Folders().temp.path() / "calibration";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  const std::string bytes(12 << 10, 'x');
  for (auto _ : state)
    if (::pwrite(fd, bytes.data(), bytes.size(), 0) < 0 || ::fdatasync(fd) != 0)
      state.SkipWithError("cannot write");
  ::close(fd);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Fdatasync)->UseRealTime();

void Add(benchmark::State& state, BlobStore& store) {
  for (auto _ : state)
    if (!store.AddBytes(Content()).ok()) state.SkipWithError("cannot add");
  state.SetItemsProcessed(state.iterations());
}
void BM_Packed(benchmark::State& state) { Add(state, *Folders().packs); }
void BM_FileEach(benchmark::State& state) { Add(state, *Folders().files); }
BENCHMARK(BM_Packed)->Threads(1)->Threads(8)->Threads(32)->Threads(64)->UseRealTime();
BENCHMARK(BM_FileEach)->Threads(1)->Threads(32)->UseRealTime();

}  // namespace
}  // namespace vams::objects
