#include "api/gzip_source.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace vams::api {

namespace {

// Texts of this kind shrink to a tenth at the least effort; more of it makes whoever waits wait.
constexpr int kLevel = 1;
constexpr int kGzipFormat = 15 + 16;  // the largest window, in a gzip file

}  // namespace

struct GzipSource::Stream {
  z_stream z = {};
  bool ready = false;

  Stream() {
    ready = deflateInit2(&z, kLevel, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Stream() {
    if (ready) deflateEnd(&z);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};

GzipSource::GzipSource(std::string begin, Maker make)
    : piece_(std::move(begin)), make_(std::move(make)), stream_(std::make_unique<Stream>()) {
  stream_->z.next_in = reinterpret_cast<Bytef*>(piece_.data());
  stream_->z.avail_in = static_cast<uInt>(piece_.size());
}

GzipSource::~GzipSource() = default;

Result<std::size_t> GzipSource::Read(OpContext& op, std::span<char> buffer) {
  if (!stream_->ready) return Error(Code::kInternal, "there is no memory to compress the answer");
  if (done_ || buffer.empty()) return std::size_t{0};
  z_stream& z = stream_->z;
  const auto room =
      static_cast<uInt>(std::min<std::size_t>(buffer.size(), std::numeric_limits<uInt>::max()));
  z.next_out = reinterpret_cast<Bytef*>(buffer.data());
  z.avail_out = room;
  // Something has to come out: nothing would be the end.
  while (z.avail_out == room) {
    if (z.avail_in == 0 && !at_end_) {
      piece_.clear();
      TRY(const bool more, make_(op, piece_));
      at_end_ = !more;
      z.next_in = reinterpret_cast<Bytef*>(piece_.data());
      z.avail_in = static_cast<uInt>(piece_.size());
    }
    const int result = deflate(&z, at_end_ ? Z_FINISH : Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      done_ = true;
      break;
    }
    if (result != Z_OK && result != Z_BUF_ERROR)
      return Error(Code::kInternal, "the answer could not be compressed");
  }
  return static_cast<std::size_t>(room - z.avail_out);
}

}  // namespace vams::api
