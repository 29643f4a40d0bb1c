#include "items/aws/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <utility>

namespace vams::items::aws {

namespace {
constexpr std::size_t kBuffer = std::size_t{256} << 10;
}

struct OutputFile::Deflater {
  z_stream stream{};
  ~Deflater() { deflateEnd(&stream); }
};

OutputFile::OutputFile(files::Path path, int fd) : path_(std::move(path)), fd_(fd) {
  buffer_.reserve(kBuffer);
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<OutputFile>> OutputFile::Create(const files::Path& path, int gzip_level) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return files::ErrnoError("create", path, errno);
  std::unique_ptr<OutputFile> file(new OutputFile(path, fd));
  if (gzip_level > 0) {
    file->deflater_ = std::make_unique<Deflater>();
    file->compressed_.resize(kBuffer);
    // 15 bits of window; 16 asks for a gzip header.
    if (deflateInit2(&file->deflater_->stream, gzip_level, Z_DEFLATED, 15 + 16, 9,
                     Z_DEFAULT_STRATEGY) != Z_OK)
      return Error(Code::kInternal, "cannot prepare compression: out of memory");
  }
  return file;
}

Status OutputFile::Write(std::string_view bytes) {
  content_bytes_ += bytes.size();
  buffer_.append(bytes);
  if (buffer_.size() < kBuffer) return Ok();
  if (deflater_) return Compress(false);
  TRY_OK(Store(buffer_));
  buffer_.clear();
  return Ok();
}

Status OutputFile::Compress(bool finish) {
  z_stream& stream = deflater_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(buffer_.data());
  stream.avail_in = static_cast<uInt>(buffer_.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(compressed_.data());
    stream.avail_out = static_cast<uInt>(compressed_.size());
    VAMS_CHECK(deflate(&stream, finish ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR);
    const auto bytes =
        std::string_view(compressed_).substr(0, compressed_.size() - stream.avail_out);
    hasher_.Update(bytes);
    TRY_OK(Store(bytes));
  } while (stream.avail_out == 0);
  buffer_.clear();
  return Ok();
}

Status OutputFile::Store(std::string_view bytes) {
  stored_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return files::ErrnoError("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok();
}

Status OutputFile::Close() {
  if (deflater_)
    TRY_OK(Compress(true));
  else
    TRY_OK(Store(buffer_));
  if (::fsync(fd_) != 0) return files::ErrnoError("sync", path_, errno);
  if (::close(std::exchange(fd_, -1)) != 0) return files::ErrnoError("write", path_, errno);
  if (deflater_) md5_ = hasher_.Finish();
  return Ok();
}

}  // namespace vams::items::aws
