#include "items/aws/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace vams::items::aws {

namespace {
constexpr std::size_t kStoredChunk = std::size_t{256} << 10;
constexpr std::size_t kContentChunk = std::size_t{512} << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
}  // namespace

struct InputFile::Inflater {
  z_stream stream{};
  bool inside_member = false;

  ~Inflater() { inflateEnd(&stream); }
};

InputFile::InputFile(files::Path path, int fd, bool hash) : path_(std::move(path)), fd_(fd) {
  if (hash) hash_.emplace(HashKind::kMd5);
}

InputFile::~InputFile() { ::close(fd_); }

Result<std::unique_ptr<InputFile>> InputFile::Open(const files::Path& path, bool hash) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  std::unique_ptr<InputFile> file(new InputFile(path, fd, hash));
  struct stat info {};
  if (::fstat(fd, &info) != 0) return files::ErrnoError("read", path, errno);
  if (!S_ISREG(info.st_mode))
    return Error(Code::kInvalid, fmt::format("{} is not a regular file", path.string()));
  TRY_OK(file->Fill());
  if (file->rest_.starts_with(kGzipMagic)) {
    file->inflater_ = std::make_unique<Inflater>();
    // 15 bits of window; 16 asks for a gzip header.
    if (inflateInit2(&file->inflater_->stream, 15 + 16) != Z_OK)
      return Error(Code::kInternal, "cannot prepare decompression: out of memory");
    file->inflater_->inside_member = true;
  } else if (path.extension() == ".gz" && !file->rest_.empty()) {
    return Error(Code::kCorrupt,
                 fmt::format("{} is not gzip data although its name says so; fetch it again",
                             path.string()));
  }
  return file;
}

Status InputFile::Fill() {
  if (!rest_.empty() || stored_end_) return Ok();
  buffer_.resize(kStoredChunk);
  for (;;) {
    const ssize_t n = ::read(fd_, buffer_.data(), buffer_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return files::ErrnoError("read", path_, errno);
    rest_ = std::string_view(buffer_).substr(0, static_cast<std::size_t>(n));
    stored_end_ = n == 0;
    stored_bytes_ += rest_.size();
    if (hash_) hash_->Update(rest_);
    return Ok();
  }
}

Error InputFile::Damaged(std::string_view what) const {
  return Error(Code::kCorrupt, fmt::format("{}: {} near byte {} of the file; fetch it again",
                                           path_.string(), what, stored_bytes_ - rest_.size()));
}

Result<std::size_t> InputFile::Read(char* to, std::size_t size) {
  if (failed_) return *failed_;
  auto read = inflater_ ? ReadGzip(to, size) : ReadPlain(to, size);
  if (read.ok())
    content_bytes_ += *read;
  else
    failed_ = read.error();
  return read;
}

Result<std::size_t> InputFile::ReadPlain(char* to, std::size_t size) {
  TRY_OK(Fill());
  const std::size_t count = std::min(size, rest_.size());
  std::memcpy(to, rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

Result<std::size_t> InputFile::ReadGzip(char* to, std::size_t size) {
  z_stream& stream = inflater_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(to);
  stream.avail_out = static_cast<uInt>(size);
  const auto produced = [&] { return size - stream.avail_out; };
  // Damage behind content that came out well is told by the next call.
  const auto stop = [&](Error error) -> Result<std::size_t> {
    if (produced() == 0) return error;
    failed_ = std::move(error);
    return produced();
  };
  while (stream.avail_out > 0) {
    if (auto filled = Fill(); !filled.ok()) return stop(std::move(filled).error());
    if (!inflater_->inside_member) {
      if (rest_.empty()) break;
      // Another member must follow.  Its two magic bytes may lie in two chunks: zlib checks them.
      if (rest_.front() != kGzipMagic.front()) return stop(Damaged("bytes behind the gzip data"));
      inflateReset(&stream);
      inflater_->inside_member = true;
    }
    if (rest_.empty()) return stop(Damaged("the gzip data is cut off"));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream.avail_in = static_cast<uInt>(rest_.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    rest_.remove_prefix(rest_.size() - stream.avail_in);
    if (result == Z_STREAM_END)
      inflater_->inside_member = false;
    else if (result != Z_OK && result != Z_BUF_ERROR)
      return stop(Damaged(fmt::format("damaged gzip data ({})",
                                      stream.msg != nullptr ? stream.msg : "unreadable")));
  }
  return produced();
}

Result<std::string> InputFile::FinishMd5() {
  do {
    rest_ = {};
    TRY_OK(Fill());
  } while (!stored_end_);
  VAMS_CHECK(hash_.has_value());
  return hash_->Finish();
}

Result<bool> LineReader::Next(std::string_view& line) {
  std::size_t searched = from_;
  for (;;) {
    const void* found =
        end_ > searched ? std::memchr(buffer_.data() + searched, '\n', end_ - searched) : nullptr;
    if (found != nullptr || (file_end_ && end_ > from_)) {
      const std::size_t stop =
          found != nullptr
              ? static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data())
              : end_;
      line = std::string_view(buffer_).substr(from_, stop - from_);
      from_ = found != nullptr ? stop + 1 : stop;
      ++line_;
      return true;
    }
    if (file_end_) return false;
    if (end_ - from_ > kMaxRecord)
      return Error(Code::kInvalid, fmt::format("{}:{}: a line of more than {} bytes is no item",
                                               file_.path().string(), line_ + 1, kMaxRecord));
    std::memmove(buffer_.data(), buffer_.data() + from_, end_ - from_);
    end_ -= from_;
    from_ = 0;
    searched = end_;
    if (buffer_.size() < end_ + kContentChunk) buffer_.resize(end_ + kContentChunk);
    TRY(const std::size_t count, file_.Read(buffer_.data() + end_, kContentChunk));
    end_ += count;
    file_end_ = count == 0;
  }
}

}  // namespace vams::items::aws
