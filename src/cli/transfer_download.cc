#include "cli/transfer_download.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <map>
#include <mutex>

#include "cli/etag_check.h"
#include "cli/partial_file.h"
#include "cli/transfer_progress.h"
#include "cli/transfer_support.h"

namespace vams::cli {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using Outcome = DownloadedFile::Outcome;

constexpr std::chrono::hours kWholeFile{24 * 7};
constexpr int kUrls = 3;  // asked for, for one file
constexpr int kRedirects = 5;
constexpr std::size_t kLongestRefusal = std::size_t{1} << 20;

std::optional<std::uint64_t> DecimalOf(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "bytes 10-19/20"
struct ContentRange {
  std::uint64_t from = 0, total = 0;
  static std::optional<ContentRange> Of(const std::string* header) {
    if (header == nullptr || !header->starts_with("bytes ")) return std::nullopt;
    const std::string_view text = std::string_view(*header).substr(6);
    const auto dash = text.find('-'), slash = text.find('/');
    if (dash == text.npos || slash == text.npos || dash > slash) return std::nullopt;
    const auto from = DecimalOf(text.substr(0, dash)), total = DecimalOf(text.substr(slash + 1));
    if (!from || !total) return std::nullopt;
    return ContentRange{*from, *total};
  }
};

// One file while it is fetched: what is known of it, and what has to outlive an attempt.
struct Fetch {
  const DownloadItem& item;
  DownloadedFile& result;
  std::string url;
  int urls = 0;
  std::string etag;           // of the partial file; empty: there is none
  std::uint64_t counted = 0;  // bytes that the progress knows of
  bool total_known = false;   // to the progress
  std::uint64_t asked_from = 0;
  bool disk_full = false;
  bool again = false;  // what came has to be compared with another copy
  std::string digest;  // of the copy before
};

// Takes an answer's bytes into the partial file.
class FileSink final : public net::BodySink {
 public:
  FileSink(Fetch& fetch, TransferProgress& progress) : fetch_(fetch), progress_(progress) {}

  Result<bool> Begin(int status, const std::vector<net::Header>& headers) override {
    if (status != 200 && status != 206) return false;
    const std::string* tag = net::FindHeader(headers, "etag");
    const std::string etag = tag == nullptr ? std::string() : BareEtag(*tag);
    std::uint64_t from = 0;
    if (status == 206) {
      const auto range = ContentRange::Of(net::FindHeader(headers, "content-range"));
      if (!range || etag.empty() || etag != fetch_.etag || range->from != fetch_.asked_from) {
        fetch_.etag.clear();
        return Error(Code::kUnavailable, "the store answers with another part than was asked for");
      }
      from = range->from;
      total_ = range->total;
    } else if (const auto* length = net::FindHeader(headers, "content-length")) {
      total_ = DecimalOf(*length);
    }
    TRY(auto file, PartialFile::Open(PartialFile::PathOf(fetch_.item.target, etag), from));
    file_ = std::make_unique<PartialFile>(std::move(file));
    check_ = std::make_unique<EtagCheck>(etag, total_.value_or(0));
    compare_ = !check_->hopeless() && !check_->certain() && fetch_.url.starts_with("http://");
    if (!check_->hopeless())
      TRY_OK(file_->ReadBack([this](std::string_view bytes) { Look(bytes); }));
    fetch_.etag = etag;
    if (fetch_.result.continued == 0 && fetch_.counted == 0) fetch_.result.continued = from;
    if (!fetch_.total_known) progress_.AddTotal(0, total_.value_or(0));
    fetch_.total_known = true;
    Count(from);
    return true;
  }

  Status Write(std::string_view bytes) override {
    const auto written = file_->Write(bytes);
    fetch_.disk_full = file_->disk_full();
    if (!written.ok()) return written;
    Look(bytes);
    progress_.AddBytes(bytes.size());
    fetch_.counted += bytes.size();
    return Ok();
  }

  bool begun() const { return file_ != nullptr; }
  PartialFile& file() { return *file_; }
  // Whether to compare the content with a second copy: nothing else tells damage on the way.
  bool unsure() const { return compare_; }
  std::string Digest() { return digest_.Finish(); }
  bool whole() const { return !total_ || file_->size() == *total_; }
  EtagCheck::Verdict Verdict() {
    return check_->hopeless() ? EtagCheck::Verdict::kUnknown : check_->Finish();
  }

 private:
  void Look(std::string_view bytes) {
    if (!check_->hopeless()) check_->Update(bytes);
    if (compare_) digest_.Update(bytes);
  }
  // The file has so many bytes now, whatever an earlier attempt had.
  void Count(std::uint64_t bytes) {
    if (bytes < fetch_.counted)
      progress_.TakeBack(fetch_.counted - bytes);
    else
      progress_.AddPresent(bytes - fetch_.counted);
    fetch_.counted = bytes;
  }

  Fetch& fetch_;
  TransferProgress& progress_;
  std::optional<std::uint64_t> total_;
  std::unique_ptr<PartialFile> file_;
  std::unique_ptr<EtagCheck> check_;
  bool compare_ = false;
  Hasher digest_{HashKind::kSha256};
};

class Downloader {
 public:
  Downloader(RestClient& client, const DownloadJob& job)
      : client_(client), op_(client.op()), job_(job), progress_("downloading", job.show_progress) {}

  DownloadReport Run();

 private:
  void Get(const DownloadItem& item, DownloadedFile& result);
  Status Attempt(Fetch& fetch);
  // Whether there is nothing left to do for the file.
  Result<bool> LookAtTarget(Fetch& fetch);
  Result<bool> HasSameContent(Fetch& fetch, std::uint64_t local_size);
  Status Ask(Fetch& fetch);
  Status AskAgain(Fetch& fetch, int status);
  Result<net::HttpResponse> Send(const Fetch& fetch, const std::string& range, net::BodySink* sink);
  std::string LeftOver(const files::Path& target);
  void Stop(const Error& error);

  RestClient& client_;
  OpContext& op_;
  const DownloadJob& job_;
  TransferProgress progress_;
  std::mutex mutex_;  // guards what follows
  std::optional<Error> stopped_by_;
  std::map<files::Path, std::vector<std::string>> left_over_;  // partial files, by folder
};

DownloadReport Downloader::Run() {
  DownloadReport report;
  report.files.resize(job_.items.size());
  for (std::size_t i = 0; i < job_.items.size(); ++i) {
    const DownloadItem& item = job_.items[i];
    report.files[i].key = item.key;
    report.files[i].target = item.target;
    progress_.AddTotal(1, item.size.value_or(0));
  }
  RunParallel(
      op_, job_.items.size(), job_.parallel,
      [&](std::size_t i) {
        {
          const std::lock_guard lock(mutex_);
          if (stopped_by_) return;
        }
        Get(job_.items[i], report.files[i]);
      },
      [this] { progress_.Tick(); });
  report.interrupted = op_.cancelled();
  for (auto& file : report.files)
    if (file.outcome == DownloadedFile::Outcome::kFailed && file.error.empty())
      file.error = stopped_by_ ? stopped_by_->message : "the download was interrupted";
  report.stopped_by = std::move(stopped_by_);
  report.seconds = progress_.seconds();
  return report;
}

void Downloader::Get(const DownloadItem& item, DownloadedFile& result) {
  Fetch fetch{
      .item = item, .result = result, .url = item.url, .total_known = item.size.has_value()};
  const auto done = [&]() -> Status {
    TRY(const bool settled, LookAtTarget(fetch));
    if (settled) return Ok();
    fetch.etag = LeftOver(item.target);
    do {
      TRY_OK(
          WithRetries(op_, client_.retry_settings(), job_.retries, [&] { return Attempt(fetch); }));
    } while (fetch.again);
    result.outcome = Outcome::kFetched;
    return Ok();
  }();
  if (done.ok()) {
    progress_.FileDone();
    return;
  }
  result.outcome = Outcome::kFailed;
  if (op_.cancelled()) return;
  result.error = done.error().message;
  if (fetch.disk_full) Stop(done.error());
}

Result<bool> Downloader::LookAtTarget(Fetch& fetch) {
  const files::Path& target = fetch.item.target;
  std::error_code error;
  const auto status = fs::symlink_status(target, error);
  if (!fs::exists(status)) return false;
  if (fs::is_directory(status))
    return Error(Code::kConflict,
                 fmt::format("\"{}\" is a folder; move it away, or download to another place",
                             target.string()));
  if (job_.existing == Existing::kFail)
    return Error(Code::kConflict, "there is such a file already, and it was left as it is");
  if (job_.existing == Existing::kSkip) {
    fetch.result.outcome = Outcome::kSkipped;
    return true;
  }
  if (!fs::is_regular_file(status)) return false;
  const std::uint64_t size = fs::file_size(target, error);
  if (error || size == 0 || (fetch.item.size && *fetch.item.size != size)) return false;
  TRY(const bool same, HasSameContent(fetch, size));
  if (!same) return false;
  fetch.result.outcome = Outcome::kUnchanged;
  fetch.result.size = size;
  fetch.result.verified = true;
  if (!fetch.total_known) progress_.AddTotal(0, size);
  progress_.AddPresent(size);
  return true;
}

// By the checksum that the server has for it: one byte is fetched to learn it.
Result<bool> Downloader::HasSameContent(Fetch& fetch, std::uint64_t local_size) {
  TRY(const auto response,
      WithRetries(op_, client_.retry_settings(), job_.retries, [&]() -> Result<net::HttpResponse> {
        TRY_OK(Ask(fetch));
        auto sent = Send(fetch, "bytes=0-0", nullptr);
        // A store that knows no ranges sends everything.
        if (!sent.ok() && sent.error().code == Code::kTooLarge) return net::HttpResponse();
        TRY(auto got, std::move(sent));
        if (got.status >= 400 && got.status != 416) TRY_OK(AskAgain(fetch, got.status));
        return got;
      }));
  const auto range = ContentRange::Of(net::FindHeader(response.headers, "content-range"));
  const auto* etag = net::FindHeader(response.headers, "etag");
  if (!range || range->total != local_size || etag == nullptr) return false;
  EtagCheck check(*etag, local_size);
  if (check.hopeless()) return false;
  std::ifstream file(fetch.item.target, std::ios::binary);
  std::string buffer(std::size_t{1} << 20, '\0');
  while (file && !op_.cancelled()) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    check.Update(std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  return check.Finish() == EtagCheck::Verdict::kSame;
}

Status Downloader::Ask(Fetch& fetch) {
  if (!fetch.url.empty()) return Ok();
  ++fetch.urls;
  TRY(const auto answer, AskForDownload(client_, fetch.item));
  fetch.url = TextOf(answer, "downloadUrl");
  if (fetch.url.starts_with('/')) fetch.url = client_.url() + fetch.url;
  if (fetch.url.empty())
    return Error(Code::kInternal, "the server's answer holds no address to fetch it from");
  return Ok();
}

// An error, which says whether another try may help.
Status Downloader::AskAgain(Fetch& fetch, int status) {
  Error error(Code::kUnavailable, fmt::format("the store does not give it (HTTP {})", status));
  error.retryable = status == 408 || status == 429 || status >= 500;
  if ((status == 401 || status == 403 || status == 404) && fetch.urls < kUrls) {
    // The address has expired, or it leads to what another version has replaced.
    fetch.url.clear();
    error.retryable = true;
  }
  return error;
}

Result<net::HttpResponse> Downloader::Send(const Fetch& fetch, const std::string& range,
                                           net::BodySink* sink) {
  net::HttpRequest request{.url = fetch.url,
                           .connect_timeout = std::chrono::seconds(10),
                           .timeout = kWholeFile,
                           .max_response_bytes = kLongestRefusal,
                           .idle_timeout = job_.idle,
                           .sink = sink};
  if (!range.empty()) request.headers.push_back({"range", range});
  if (sink != nullptr && !range.empty())
    request.headers.push_back({"if-match", "\"" + fetch.etag + "\""});
  for (int followed = 0;; ++followed) {
    TRY(auto response, client_.http().Send(op_, request));
    const std::string* to = net::FindHeader(response.headers, "location");
    if (response.status / 100 != 3 || to == nullptr || followed == kRedirects) return response;
    request.url = to->starts_with('/') ? client_.url() + *to : *to;
  }
}

Status Downloader::Attempt(Fetch& fetch) {
  TRY_OK(Ask(fetch));
  std::string range;
  std::error_code error;
  const auto partial = PartialFile::PathOf(fetch.item.target, fetch.etag);
  const auto have = fetch.etag.empty() ? 0 : fs::file_size(partial, error);
  // The last byte once more: there is always one to ask for.
  fetch.asked_from = !error && have > 1 ? have - 1 : 0;
  if (fetch.asked_from > 0) range = fmt::format("bytes={}-", fetch.asked_from);
  FileSink sink(fetch, progress_);
  const auto response = Send(fetch, range, &sink);
  if (!response.ok()) {
    // What has no ETag cannot be gone on with.
    if (sink.begun() && fetch.etag.empty()) sink.file().Remove();
    return response.error();
  }
  if (response->status == 412 || response->status == 416) {
    fs::remove(partial, error);
    fetch.etag.clear();
    return Error(Code::kUnavailable, "the server's file changes while it is fetched");
  }
  if (!sink.begun()) return AskAgain(fetch, response->status);
  if (!sink.whole()) return Error(Code::kUnavailable, "the connection ended early");
  const auto verdict = sink.Verdict();
  if (verdict == EtagCheck::Verdict::kDamaged) {
    sink.file().Remove();
    fetch.etag.clear();
    return Error(Code::kUnavailable, "what arrived has another checksum than the server's file");
  }
  fetch.again = false;
  if (verdict == EtagCheck::Verdict::kUnknown && sink.unsure()) {
    // Its parts have sizes that nobody uses, or it was damaged on a way that checks nothing.
    std::string digest = sink.Digest();
    if (digest != fetch.digest) {
      fetch.digest = std::move(digest);
      fetch.again = true;
      sink.file().Remove();
      fetch.etag.clear();
      return Ok();
    }
  }
  fetch.result.size = sink.file().size();
  fetch.result.verified = verdict == EtagCheck::Verdict::kSame;
  return sink.file().MoveTo(fetch.item.target, job_.existing == Existing::kReplace);
}

// The ETag of what an earlier run left of the file.  A folder is read once.
std::string Downloader::LeftOver(const files::Path& target) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = left_over_.try_emplace(target.parent_path());
  if (is_new) {
    std::error_code error;
    const files::Path folder = target.has_parent_path() ? target.parent_path() : ".";
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      if (std::string name = at->path().filename().string(); name.starts_with(".vams-part-"))
        found->second.push_back(std::move(name));
  }
  for (const auto& name : found->second)
    if (auto etag = PartialFile::EtagIn(target, name)) return *std::move(etag);
  return {};
}

void Downloader::Stop(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!stopped_by_) stopped_by_ = error;
}

}  // namespace

Result<json::value> AskForDownload(RestClient& client, const DownloadItem& item) {
  json::object body{{"downloadType", item.asset_preview ? "assetPreview" : "assetFile"}};
  if (!item.asset_preview) body["key"] = item.full_key.empty() ? item.key : item.full_key;
  if (!item.version.empty()) body["assetVersionId"] = item.version;
  if (!item.alias.empty()) body["assetVersionIdAlias"] = item.alias;
  return CallPatiently(client, "POST", AssetPath(item.database, item.asset) + "/download", &body);
}

DownloadReport RunDownload(RestClient& client, const DownloadJob& job) {
  OutliveBrokenConnections();
  return Downloader(client, job).Run();
}

}  // namespace vams::cli
