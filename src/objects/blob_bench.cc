// Durable small blobs: packs with shared syncs beside a file and an fdatasync for each, in one run,
// because the disk under it is another one every minute.  And what sealing costs: small and large
// contents, plain beside sealed.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "objects/blob_store.h"
#include "objects/pack_file.h"

namespace vams::objects {
namespace {

struct Shared {
  files::TempFolder temp =
      *files::TempFolder::Create(std::filesystem::current_path(), "vams-blob-bench");
  std::unique_ptr<BlobStore> packs = *BlobStore::Open(temp.path() / "packs");
  std::unique_ptr<BlobStore> files = *BlobStore::Open(temp.path() / "files", {.pack_below = 0});
  std::unique_ptr<BlobStore> sealed =
      *BlobStore::Open(temp.path() / "sealed", {.key = SecretKey::Generate(SystemRandom())});
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
void BM_PackedSealed(benchmark::State& state) { Add(state, *Folders().sealed); }
void BM_FileEach(benchmark::State& state) { Add(state, *Folders().files); }
BENCHMARK(BM_Packed)->Threads(1)->Threads(8)->Threads(32)->Threads(64)->UseRealTime();
BENCHMARK(BM_PackedSealed)->Threads(1)->Threads(32)->UseRealTime();
BENCHMARK(BM_FileEach)->Threads(1)->Threads(32)->UseRealTime();

// ---- Large contents ----

constexpr std::size_t kLarge = std::size_t{256} << 20;
constexpr std::size_t kPiece = std::size_t{1} << 20;

// In memory: what the cipher gives on this machine.
void BM_Seal(benchmark::State& state) {
  const SealKeys keys(SecretKey::Generate(SystemRandom()));
  const std::string plain(kPiece, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Seal(keys, Digest{}, plain));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPiece));
}
void BM_Unseal(benchmark::State& state) {
  const SealKeys keys(SecretKey::Generate(SystemRandom()));
  const std::string sealed = Seal(keys, Digest{}, std::string(kPiece, 'x'));
  for (auto _ : state) benchmark::DoNotOptimize(Unseal(keys, Digest{}, sealed));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPiece));
}
BENCHMARK(BM_Seal);
BENCHMARK(BM_Unseal);

// Written and durable, without the digests that an upload takes on its way.
void Put(benchmark::State& state, BlobStore& store) {
  const std::string piece(kPiece, 'x');
  for (auto _ : state) {
    auto file = *store.Stage();
    bool ok = true;
    for (std::size_t at = 0; at < kLarge; at += kPiece) ok = ok && file.Write(piece).ok();
    const BlobInfo info{.sha256 = HexOf(DigestOf(Content())), .md5 = {}, .size = kLarge};
    ok = ok && store.AddStaged(std::move(file), info).ok();
    if (!ok) state.SkipWithError("cannot put");
    state.PauseTiming();
    std::filesystem::remove(*store.PathOf(info.sha256));
    state.ResumeTiming();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kLarge));
}
void BM_PutLarge(benchmark::State& state) { Put(state, *Folders().files); }
void BM_PutLargeSealed(benchmark::State& state) { Put(state, *Folders().sealed); }
BENCHMARK(BM_PutLarge)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(BM_PutLargeSealed)->Unit(benchmark::kMillisecond)->UseRealTime();

// From the page cache, in pieces of a size.
void Get(benchmark::State& state, BlobStore& store) {
  auto file = *store.Stage();
  const std::string piece(kPiece, 'x');
  bool ok = true;
  for (std::size_t at = 0; at < kLarge; at += kPiece) ok = ok && file.Write(piece).ok();
  const BlobInfo info{.sha256 = HexOf(DigestOf(Content())), .md5 = {}, .size = kLarge};
  ok = ok && store.AddStaged(std::move(file), info).ok();
  const auto reader = store.OpenForReading(info.sha256);
  std::string to(static_cast<std::size_t>(state.range(0)), '\0');
  std::uint64_t at = 0;
  for (auto _ : state) {
    ok = ok && reader.ok() && (*reader)->ReadAt(at, to.data(), to.size()).ok();
    at = (at + to.size()) % kLarge;
  }
  if (!ok) state.SkipWithError("cannot read");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * to.size()));
  std::filesystem::remove(*store.PathOf(info.sha256));
}
void BM_GetLarge(benchmark::State& state) { Get(state, *Folders().files); }
void BM_GetLargeSealed(benchmark::State& state) { Get(state, *Folders().sealed); }
BENCHMARK(BM_GetLarge)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();
BENCHMARK(BM_GetLargeSealed)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

}  // namespace
}  // namespace vams::objects
