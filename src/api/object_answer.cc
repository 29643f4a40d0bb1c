#include "api/object_answer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/file_descriptor.h"
#include "http/conditional.h"
#include "http/range.h"

namespace vams::api {

namespace {

using objects::FileStretch;

// What was uploaded must not act as a page of this server: no script runs from it, and nobody else
// frames it.
constexpr std::string_view kContentPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "
    "object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

// A stretch as the server takes it.  The descriptor stays its owners'.
http::FileBody FileOf(const FileStretch& stretch) {
  struct Borrowed {
    explicit Borrowed(std::shared_ptr<const int> from) : owner(std::move(from)), file(*owner) {}
    ~Borrowed() { file.Release(); }
    const std::shared_ptr<const int> owner;
    FileDescriptor file;
  };
  const auto borrowed = std::make_shared<Borrowed>(stretch.descriptor);
  return {.file = std::shared_ptr<const FileDescriptor>(borrowed, &borrowed->file),
          .offset = stretch.offset,
          .length = stretch.length};
}

// The content, or a part of it, pulled from the store: in pieces of files where there are such.
class ObjectSource final : public http::BodySource {
 public:
  explicit ObjectSource(std::unique_ptr<objects::ObjectReader> reader)
      : reader_(std::move(reader)), end_(reader_->info().size) {}

  std::optional<std::uint64_t> length() const override { return end_ - at_; }
  bool TakePart(std::uint64_t first, std::uint64_t length) override {
    at_ += first;
    end_ = at_ + length;
    return true;
  }
  std::optional<http::FileBody> NextFile() override {
    if (at_ == end_) return std::nullopt;
    auto stretch = reader_->StretchAt(at_);
    if (!stretch) return std::nullopt;
    stretch->length = std::min(stretch->length, end_ - at_);
    at_ += stretch->length;
    return FileOf(*stretch);
  }
  Result<std::size_t> Read(OpContext& op, std::span<char> buffer) override {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end_ - at_));
    TRY(const std::size_t count, reader_->ReadAt(op, at_, buffer.data(), wanted));
    at_ += count;
    return count;
  }

 private:
  const std::unique_ptr<objects::ObjectReader> reader_;
  std::uint64_t at_ = 0;
  std::uint64_t end_;
};

void SetHeaders(http::Response& response, const objects::VersionInfo& info,
                const ObjectAnswerOptions& options) {
  http::Headers& headers = response.headers;
  std::string_view type = options.content_type;
  if (type.empty()) type = info.metadata.content_type;
  headers.Set("content-type", type.empty() ? kObjectContentType : type);
  if (!options.content_disposition.empty())
    headers.Set("content-disposition", options.content_disposition);
  if (!info.etag.empty()) headers.Set("etag", '"' + info.etag + '"');
  if (info.last_modified_millis)
    headers.Set("last-modified", http::HttpDate(*info.last_modified_millis));
  headers.Set("x-amz-version-id", info.version_id);
  headers.Set("content-security-policy", kContentPolicy);
  headers.Set("x-frame-options", "SAMEORIGIN");
  for (const auto& [name, value] : options.headers) headers.Set(name, value);
}

// The bytes that an answer would hold, against those that may be sent.
Status CheckAllowed(const http::Request& request, const http::Response& response,
                    std::uint64_t size, const ObjectAnswerOptions& options) {
  const bool sends = response.status == 200 || response.status == 206;
  if (!options.allowed || !sends || request.verb == http::Verb::kHead || size == 0) return Ok();
  objects::UrlGrant grant;
  grant.range = options.allowed;
  http::RangeRequest part{.first = 0, .length = size};
  if (response.status == 206) part = http::ParseRange(*request.headers.Find("range"), size);
  return objects::CheckRange(grant, part.first, part.first + part.length - 1);
}

}  // namespace

Result<http::Response> AnswerWithObject(OpContext& op, objects::ObjectStore& store,
                                        const http::Request& request,
                                        const objects::ObjectId& object,
                                        const std::optional<std::string>& version_id,
                                        const ObjectAnswerOptions& options) {
  auto opened = store.Open(op, object, version_id);
  // The store knows no callers: it was the operating system that denied.
  if (!opened.ok() && opened.error().code == Code::kDenied) opened.error().code = Code::kInternal;
  TRY(auto reader, std::move(opened));
  const std::uint64_t size = reader->info().size;
  http::Response response;
  SetHeaders(response, reader->info(), options);
  const auto stretch = reader->StretchAt(0);
  if (stretch && stretch->length == size)
    response.file = FileOf(*stretch);
  else if (size > 0)
    response.stream = std::make_shared<ObjectSource>(std::move(reader));
  http::ApplyConditionsAndRange(request, response);
  TRY_OK(CheckAllowed(request, response, size, options));
  return response;
}

}  // namespace vams::api
