#include "cli/transfer_parts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <map>
#include <optional>

#include "base/encoding.h"
#include "base/file_descriptor.h"
#include "base/hash.h"
#include "cli/client_input.h"
#include "cli/etag_check.h"
#include "cli/transfer_files.h"
#include "model/part_bundle.h"
#include "net/http.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::hours kWholePart{24 * 7};
constexpr std::chrono::seconds kIdle{60};
constexpr std::chrono::seconds kConnect{10};

Result<std::size_t> ReadSome(int fd, char* to, std::size_t size, std::uint64_t at) {
  ssize_t got = 0;
  do got = ::pread(fd, to, size, static_cast<off_t>(at));
  while (got < 0 && errno == EINTR);
  if (got < 0) return Error(Code::kInternal, fmt::format("it cannot be read: {}", strerror(errno)));
  return static_cast<std::size_t>(got);
}

// One part of a file, hashed as it is read.
class PartSource final : public net::BodySource {
 public:
  PartSource(int fd, std::uint64_t from, std::uint64_t size, TransferProgress& progress)
      : fd_(fd), at_(from), size_(size), left_(size), progress_(progress) {}

  std::uint64_t size() const override { return size_; }
  Result<std::size_t> Read(char* to, std::size_t count) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(count, left_));
    TRY(const std::size_t length, ReadSome(fd_, to, want, at_));
    if (length == 0) return FileChanged();
    hasher_.Update({to, length});
    at_ += length;
    left_ -= length;
    progress_.AddBytes(length);
    return length;
  }
  std::uint64_t sent() const { return size_ - left_; }
  std::string Digest() { return HexEncode(hasher_.Finish()); }

 private:
  const int fd_;
  std::uint64_t at_;
  const std::uint64_t size_;
  std::uint64_t left_;
  Hasher hasher_{HashKind::kMd5};
  TransferProgress& progress_;
};

Error Expired() { return Error(Code::kUnauthenticated, "the upload has expired"); }

bool IsExpired(int status) { return status == 401 || status == 403 || status == 404; }

// Whether another time may help.
bool MayPass(int status) {
  return status == 200 || status == 408 || status == 429 || status == 400 ||
         (status >= 500 && status != 507);
}

Error NotTaken(std::string_view what, const net::HttpResponse& response) {
  Error error(Code::kUnavailable, fmt::format("the store does not take {} (HTTP {}): {}", what,
                                              response.status, response.body.substr(0, 300)));
  error.retryable = MayPass(response.status);
  return error;
}

Error Damaged() {
  Error error(Code::kUnavailable, "a part of it arrived with another checksum");
  error.retryable = true;
  return error;
}

// What is no MD5 says nothing about the content.
bool IsOther(const SentPart& sent) {
  return sent.etag.size() == sent.digest.size() && HexDecode(sent.etag) && sent.etag != sent.digest;
}

}  // namespace

Error FileChanged() {
  return Error(Code::kConflict,
               "it was changed while it was sent; nothing of it was kept; send it again");
}

bool IsSame(const UploadFile& file) {
  UploadFile now = file;
  return Stat(now).ok() && now == file;
}

Result<SentPart> SendPart(RestClient& client, const BegunFile& file, std::size_t part,
                          TransferProgress& progress) {
  const FileDescriptor open(::open(file.file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (open.get() < 0) return files::ErrnoError("open", file.file.path, errno);
  if (!IsSame(file.file)) return FileChanged();
  const std::uint64_t from = part * file.file.part_size;
  PartSource source(open.get(), from, std::min(file.file.part_size, file.file.size - from),
                    progress);
  const auto fail = [&](Error error) {
    progress.TakeBack(source.sent());
    return error;
  };
  auto response = client.http().Send(client.op(), {.method = "PUT",
                                                   .url = file.part_urls[part],
                                                   .connect_timeout = kConnect,
                                                   .timeout = kWholePart,
                                                   .idle_timeout = kIdle,
                                                   .source = &source});
  if (!response.ok()) return fail(std::move(response).error());
  if (IsExpired(response->status)) return fail(Expired());
  const std::string* etag = net::FindHeader(response->headers, "etag");
  if (response->status != 200 || etag == nullptr) return fail(NotTaken("a part of it", *response));
  SentPart sent{.etag = BareEtag(*etag), .digest = source.Digest()};
  if (IsOther(sent)) return fail(Damaged());
  return sent;
}

namespace {

// A small file, whole in memory.
Result<std::string> ReadWhole(const UploadFile& file) {
  const FileDescriptor open(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (open.get() < 0) return files::ErrnoError("open", file.path, errno);
  if (!IsSame(file)) return FileChanged();
  // One byte more, to see where it ends.
  std::string bytes(file.size + 1, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto got = ReadSome(open.get(), bytes.data() + have, bytes.size() - have, have);
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    have += *got;
  }
  if (have != file.size) return FileChanged();
  bytes.resize(have);
  return bytes;
}

// The body of a bundle, and what it holds.
struct Bundled {
  std::string body;
  std::vector<Result<std::string>> digests;  // raw, of each file; or why it is not in the body
};

Bundled Bundle(std::span<const BegunFile* const> files) {
  Bundled bundled{.body = std::string(model::BundleHeader())};
  std::uint32_t count = 0;
  for (const BegunFile* file : files) {
    auto bytes = ReadWhole(file->file);
    if (!bytes.ok()) {
      bundled.digests.emplace_back(std::move(bytes).error());
      continue;
    }
    std::string md5 = Md5(*bytes);
    model::AppendPart(bundled.body, {file->upload_id, 1, md5, *bytes});
    bundled.digests.emplace_back(std::move(md5));
    ++count;
  }
  model::AppendBundleEnd(bundled.body, count);
  return bundled;
}

// What the server says of each part, by the id of its upload.
std::map<std::string_view, const json::object*> AnswersOf(const json::value& answer) {
  std::map<std::string_view, const json::object*> answers;
  for (const json::value& part : ListOf(answer, "parts"))
    if (const json::object* one = part.if_object())
      if (const json::value* id = one->if_contains("uploadIdS3"); id != nullptr && id->is_string())
        answers[id->get_string()] = one;
  return answers;
}

Result<SentPart> SentOf(const json::object* said, const std::string& digest) {
  if (said == nullptr)
    return Error(Code::kUnavailable, "the store does not say that it has a part of it");
  SentPart sent{.etag = BareEtag(TextOf(*said, "ETag")), .digest = HexEncode(digest)};
  if (sent.etag.empty())
    return Error(Code::kUnavailable,
                 fmt::format("the store does not take a part of it: {}", TextOf(*said, "error")));
  if (IsOther(sent)) return Damaged();
  return sent;
}

}  // namespace

Result<std::vector<Result<SentPart>>> SendBundle(RestClient& client, const std::string& url,
                                                 std::span<const BegunFile* const> files,
                                                 TransferProgress& progress) {
  const Bundled bundled = Bundle(files);
  TRY(const auto response, client.http().Send(client.op(), {.method = "POST",
                                                            .url = url,
                                                            .body = bundled.body,
                                                            .connect_timeout = kConnect,
                                                            .timeout = kWholePart,
                                                            .idle_timeout = kIdle}));
  if (IsExpired(response.status)) return Expired();
  boost::system::error_code error;
  json::value answer = json::parse(response.body, error);
  if (error) answer = nullptr;
  const bool told = !ListOf(answer, "parts").empty();
  // A bundle that was damaged on its way: the server has the parts that it names.
  if (response.status != 200 && !(response.status == 400 && told))
    return NotTaken("many of them at once", response);
  const auto answers = AnswersOf(answer);
  std::vector<Result<SentPart>> results;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!bundled.digests[i].ok()) {
      results.emplace_back(bundled.digests[i].error());
      continue;
    }
    const auto said = answers.find(files[i]->upload_id);
    results.push_back(SentOf(said == answers.end() ? nullptr : said->second, *bundled.digests[i]));
    if (results.back().ok()) progress.AddBytes(files[i]->file.size);
  }
  return results;
}

}  // namespace vams::cli
