#include "items/sqlite/run_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/file_descriptor.h"

namespace vams::items::sqlite {

namespace {

constexpr char kMagic[8] = {'V', 'A', 'M', 'S', 'R', 'U', 'N', '1'};
constexpr std::size_t kMergeBuffers = std::size_t{8} << 20;  // of all runs of a merge together
constexpr std::size_t kLeastBuffer = std::size_t{16} << 10, kMostBuffer = std::size_t{256} << 10;
constexpr std::size_t kWriteBuffer = std::size_t{1} << 20;

struct Sizes {
  std::uint32_t partition, sort, encoded;
};

void AppendRecord(std::string& out, const Record& r) {
  const Sizes sizes{static_cast<std::uint32_t>(r.partition.size()),
                    static_cast<std::uint32_t>(r.sort.size()),
                    static_cast<std::uint32_t>(r.encoded.size())};
  char header[sizeof sizes];
  std::memcpy(header, &sizes, sizeof sizes);
  out.append(header, sizeof header);
  out.append(r.partition);
  out.append(r.sort);
  out.append(r.encoded);
}

// `at` points to a whole record.
Record ParseRecord(const char* at, std::size_t& size) {
  Sizes sizes;
  std::memcpy(&sizes, at, sizeof sizes);
  const char* p = at + sizeof sizes;
  Record r;
  r.partition = {p, sizes.partition};
  r.sort = {p + sizes.partition, sizes.sort};
  r.encoded = {p + sizes.partition + sizes.sort, sizes.encoded};
  size = sizeof sizes + sizes.partition + sizes.sort + sizes.encoded;
  return r;
}

// Eight bytes of `key` from `from` on as a number that compares as they do.
std::uint64_t PrefixOf(std::string_view key, std::size_t from) {
  unsigned char bytes[8] = {};
  if (from < key.size())
    std::memcpy(bytes, key.data() + from, std::min<std::size_t>(8, key.size() - from));
  std::uint64_t prefix;
  std::memcpy(&prefix, bytes, sizeof prefix);
  return __builtin_bswap64(prefix);
}

class RunReader final : public RecordSource {
 public:
  RunReader(files::Path path, int fd, std::size_t buffer)
      : path_(std::move(path)), file_(fd), read_bytes_(buffer) {}

  Status ReadHeader() {
    TRY_OK(Fill(sizeof kMagic));
    if (available() < sizeof kMagic || std::memcmp(at(), kMagic, sizeof kMagic) != 0)
      return Damaged();
    position_ += sizeof kMagic;
    return Ok();
  }

  Result<bool> Next(Record& record) override {
    TRY_OK(Fill(sizeof(Sizes)));
    if (available() < sizeof(Sizes)) return Damaged();
    Sizes sizes;
    std::memcpy(&sizes, at(), sizeof sizes);
    // The end is marked, so that a file cut off between two records is noticed.
    if (sizes.partition == 0) return false;
    const std::size_t size =
        sizeof sizes + std::size_t{sizes.partition} + sizes.sort + sizes.encoded;
    if (size > (std::size_t{16} << 20)) return Damaged();
    TRY_OK(Fill(size));
    if (available() < size) return Damaged();
    std::size_t parsed = 0;
    record = ParseRecord(at(), parsed);
    position_ += size;
    return true;
  }

 private:
  Error Damaged() const {
    return Error(
        Code::kCorrupt,
        fmt::format("the sorted run {} of a bulk load is cut off or damaged; abandon the load "
                    "and start it again",
                    path_.string()));
  }
  const char* at() const { return buffer_.data() + position_; }
  std::size_t available() const { return buffer_.size() - position_; }

  // At least `size` bytes available, or all there are.
  Status Fill(std::size_t size) {
    if (available() >= size) return Ok();
    buffer_.erase(0, position_);
    position_ = 0;
    while (buffer_.size() < size) {
      const std::size_t have = buffer_.size();
      buffer_.resize(have + std::max(read_bytes_, size - have));
      const ssize_t n = ::read(file_.get(), buffer_.data() + have, buffer_.size() - have);
      if (n < 0 && errno == EINTR) {
        buffer_.resize(have);
        continue;
      }
      if (n < 0) return files::ErrnoError("read", path_, errno);
      buffer_.resize(have + static_cast<std::size_t>(n));
      if (n == 0) return Ok();
    }
    return Ok();
  }

  const files::Path path_;
  const FileDescriptor file_;
  const std::size_t read_bytes_;
  std::string buffer_;
  std::size_t position_ = 0;
};

class MergeSource final : public RecordSource {
 public:
  explicit MergeSource(std::vector<std::unique_ptr<RecordSource>> sources) {
    for (auto& source : sources) heads_.push_back({std::move(source), {}, false});
  }

  Result<bool> Next(Record& record) override {
    if (!started_) {
      started_ = true;
      for (std::size_t i = 0; i < heads_.size(); ++i) TRY_OK(Pull(i));
    } else if (last_ < heads_.size()) {
      TRY_OK(Pull(last_));
    }
    for (;;) {
      if (heap_.empty()) return false;
      last_ = Pop();
      // An equal key of a later source hides this one.
      if (heap_.empty() || CompareKeys(heads_[heap_.front()].record, heads_[last_].record) != 0)
        break;
      TRY_OK(Pull(last_));
    }
    record = heads_[last_].record;
    return true;
  }

 private:
  struct Head {
    std::unique_ptr<RecordSource> source;
    Record record;
    bool done;
  };

  // Heap order: smallest key first, of equal keys the earlier source first.
  bool After(std::size_t a, std::size_t b) const {
    const int c = CompareKeys(heads_[a].record, heads_[b].record);
    return c != 0 ? c > 0 : a > b;
  }
  std::size_t Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), [&](auto a, auto b) { return After(a, b); });
    const std::size_t top = heap_.back();
    heap_.pop_back();
    return top;
  }
  Status Pull(std::size_t i) {
    TRY(const bool more, heads_[i].source->Next(heads_[i].record));
    if (more) {
      heap_.push_back(i);
      std::push_heap(heap_.begin(), heap_.end(), [&](auto a, auto b) { return After(a, b); });
    }
    return Ok();
  }

  std::vector<Head> heads_;
  std::vector<std::size_t> heap_;
  std::size_t last_ = 0;
  bool started_ = false;
};

}  // namespace

int CompareKeys(const Record& a, const Record& b) {
  const int c = a.partition.compare(b.partition);
  return c != 0 ? c : a.sort.compare(b.sort);
}

class BufferSource final : public RecordSource {
 public:
  explicit BufferSource(const RecordBuffer& buffer) : buffer_(buffer) {}

  Result<bool> Next(Record& record) override {
    const auto& entries = buffer_.entries_;
    if (next_ == entries.size()) return false;
    // The sort is stable, so the last of equal keys is the one added last.
    while (next_ + 1 < entries.size() &&
           CompareKeys(buffer_.At(entries[next_]), buffer_.At(entries[next_ + 1])) == 0)
      ++next_;
    record = buffer_.At(entries[next_++]);
    return true;
  }

 private:
  const RecordBuffer& buffer_;
  std::size_t next_ = 0;
};

void RecordBuffer::Add(const Record& record) {
  if (arena_.capacity() < expected_bytes_) arena_.reserve(expected_bytes_);
  entries_.push_back({{0, 0}, arena_.size()});
  AppendRecord(arena_, record);
}

Record RecordBuffer::At(const Entry& entry) const {
  std::size_t size = 0;
  return ParseRecord(arena_.data() + entry.offset, size);
}

// Keys of one table often begin alike ("database-…"), so the prefix is taken behind what they
// share.
void RecordBuffer::FillPrefixes() {
  if (entries_.empty()) return;
  const std::string_view first = At(entries_.front()).partition;
  std::size_t common = first.size();
  for (const Entry& entry : entries_) {
    const std::string_view key = At(entry).partition;
    common = std::min(common, key.size());
    common = static_cast<std::size_t>(
        std::mismatch(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(common), first.begin())
            .first -
        key.begin());
  }
  for (Entry& entry : entries_) {
    const std::string_view key = At(entry).partition;
    entry.prefix[0] = PrefixOf(key, common);
    entry.prefix[1] = PrefixOf(key, common + 8);
  }
}

std::unique_ptr<RecordSource> RecordBuffer::Sorted() {
  FillPrefixes();
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    if (a.prefix[0] != b.prefix[0]) return a.prefix[0] < b.prefix[0];
    if (a.prefix[1] != b.prefix[1]) return a.prefix[1] < b.prefix[1];
    const int c = CompareKeys(At(a), At(b));
    return c != 0 ? c < 0 : a.offset < b.offset;
  });
  return std::make_unique<BufferSource>(*this);
}

void RecordBuffer::Clear() {
  arena_.clear();
  entries_.clear();
}

Status WriteRun(const files::Path& path, RecordSource& source) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return files::ErrnoError("create", path, errno);
  std::string buffer(kMagic, sizeof kMagic);
  const auto flush = [&]() -> Status {
    std::string_view rest = buffer;
    while (!rest.empty()) {
      const ssize_t n = ::write(file.get(), rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return files::ErrnoError("write", path, errno);
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    buffer.clear();
    return Ok();
  };
  Record record;
  for (;;) {
    TRY(const bool more, source.Next(record));
    if (!more) break;
    AppendRecord(buffer, record);
    if (buffer.size() >= kWriteBuffer) TRY_OK(flush());
  }
  buffer.append(sizeof(Sizes), '\0');
  TRY_OK(flush());
  if (::fdatasync(file.get()) != 0) return files::ErrnoError("sync", path, errno);
  return files::SyncFolder(path.parent_path());
}

Result<std::unique_ptr<RecordSource>> OpenRun(const files::Path& path, std::size_t runs) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  auto reader = std::make_unique<RunReader>(
      path, fd,
      std::clamp(kMergeBuffers / std::max<std::size_t>(runs, 1), kLeastBuffer, kMostBuffer));
  TRY_OK(reader->ReadHeader());
  return std::unique_ptr<RecordSource>(std::move(reader));
}

std::unique_ptr<RecordSource> Merge(std::vector<std::unique_ptr<RecordSource>> sources) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergeSource>(std::move(sources));
}

}  // namespace vams::items::sqlite
