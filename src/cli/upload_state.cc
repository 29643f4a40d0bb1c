#include "cli/upload_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <stdexcept>

#include "base/encoding.h"
#include "base/hash.h"
#include "cli/etag_check.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

constexpr std::int64_t kForgottenAfter = std::int64_t{7} * 24 * 60 * 60 * 1000;  // milliseconds
constexpr std::string_view kSequence = "sequence-";
constexpr std::size_t kLargestState = std::size_t{1} << 30;

json::object ToJson(const UploadFile& file) {
  return {{"path", file.path.string()},
          {"key", file.key},
          {"size", file.size},
          {"modified", file.modified},
          {"partSize", file.part_size}};
}

template <typename T>
T Number(const json::object& object, const char* name) {
  return object.at(name).to_number<T>();
}

UploadFile FileOf(const json::object& object) {
  return {.path = std::string(object.at("path").as_string()),
          .key = std::string(object.at("key").as_string()),
          .size = Number<std::uint64_t>(object, "size"),
          .modified = Number<std::int64_t>(object, "modified"),
          .part_size = Number<std::uint64_t>(object, "partSize")};
}

json::object ToJson(const BegunSequence& sequence) {
  json::array list;
  for (const auto& begun : sequence.files) {
    json::object one = ToJson(begun.file);
    one["uploadId"] = begun.upload_id;
    one["urls"] = json::array(begun.part_urls.begin(), begun.part_urls.end());
    list.push_back(std::move(one));
  }
  json::object object{{"uploadId", sequence.upload_id}, {"files", std::move(list)}};
  if (!sequence.bundle_url.empty()) object["bundle"] = sequence.bundle_url;
  return object;
}

BegunSequence SequenceOf(const json::object& object) {
  BegunSequence sequence{.upload_id = std::string(object.at("uploadId").as_string())};
  if (const json::value* url = object.if_contains("bundle"))
    sequence.bundle_url = std::string(url->as_string());
  for (const auto& value : object.at("files").as_array()) {
    const json::object& one = value.as_object();
    BegunFile begun{.file = FileOf(one), .upload_id = std::string(one.at("uploadId").as_string())};
    for (const auto& url : one.at("urls").as_array()) begun.part_urls.emplace_back(url.as_string());
    begun.parts.resize(PartCount(begun.file.size, begun.file.part_size));
    if (begun.part_urls.size() != begun.parts.size() && !begun.bundled())
      throw std::invalid_argument("part URLs");
    sequence.files.push_back(std::move(begun));
  }
  return sequence;
}

// Calls `take` for each line's JSON, up to the first that is none: there the writer was
// interrupted, and the file is cut off, so that what is appended begins a line.
template <typename Take>
Status ReadLines(const files::Path& path, Take take) {
  TRY(const auto text, files::ReadAll(path, kLargestState));
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = text.find('\n', from);
    if (end == text.npos) break;
    boost::system::error_code error;
    const json::value value = json::parse(std::string_view(text).substr(from, end - from), error);
    if (error) break;
    try {
      take(value);
    } catch (const std::exception&) {  // a member is missing, or of another kind
      break;
    }
    from = end + 1;
  }
  std::error_code error;
  if (from < text.size()) std::filesystem::resize_file(path, from, error);
  if (error) return files::ErrnoError("shorten", path, error.value());
  return Ok();
}

}  // namespace

std::vector<std::string> BegunFile::Etags() const {
  if (parts.empty()) return {HexEncode(Md5(""))};
  std::vector<std::string> digests;
  for (const auto& part : parts)
    if (const auto raw = part ? HexDecode(part->digest) : std::nullopt) digests.push_back(*raw);
  std::vector<std::string> etags{MultipartEtag(digests)};
  // Where the store has copied it since.
  if (parts.size() == 1 && digests.size() == 1) etags.push_back(HexEncode(digests.front()));
  return etags;
}

UploadState::UploadState(files::Path folder, files::FileLock lock)
    : folder_(std::move(folder)), lock_(std::move(lock)) {}

Result<std::unique_ptr<UploadState>> UploadState::Open(const files::Path& folder,
                                                       const std::string& job,
                                                       std::int64_t now_millis, bool fresh) {
  TRY_OK(files::MakeFolders(folder));
  std::error_code error;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  const std::string id = HexEncode(Sha256(job)).substr(0, 16);
  const files::Path own = folder / ("upload-" + id);
  auto lock = files::FileLock::Acquire(folder / ("upload-" + id + ".lock"), "vams file upload");
  if (!lock.ok() && lock.error().code == Code::kConflict)
    return Error(Code::kConflict,
                 "another process is doing this very upload; nothing was done; wait for its end");
  if (!lock.ok()) return std::move(lock).error();
  std::unique_ptr<UploadState> state(new UploadState(own, *std::move(lock)));
  if (fresh) TRY_OK(files::RemoveTree(own));
  TRY_OK(files::MakeFolders(own));
  TRY_OK(state->Load(job, now_millis));
  return state;
}

Status UploadState::Load(const std::string& job, std::int64_t now_millis) {
  bool current = false;
  const auto read = ReadLines(folder_ / "job", [&](const json::value& value) {
    const json::object& object = value.as_object();
    current = object.at("job").as_string() == std::string_view(job) &&
              Number<std::int64_t>(object, "begun") + kForgottenAfter > now_millis;
  });
  if (!read.ok() && read.error().code != Code::kNotFound) return read;
  if (!current) {
    TRY_OK(files::RemoveTree(folder_));
    TRY_OK(files::MakeFolders(folder_));
    const json::object object{{"job", job}, {"begun", now_millis}};
    return Append(folder_ / "job", json::serialize(object) + "\n");
  }
  const auto done = ReadLines(folder_ / "done", [&](const json::value& value) {
    UploadFile file = FileOf(value.as_object());
    done_.insert_or_assign(file.key, std::move(file));
  });
  if (!done.ok() && done.error().code != Code::kNotFound) return done;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    std::size_t number = 0;
    const char* end = name.data() + name.size();
    if (!name.starts_with(kSequence) ||
        std::from_chars(name.data() + kSequence.size(), end, number).ptr != end)
      continue;
    std::optional<BegunSequence> sequence;
    TRY_OK(ReadLines(entry.path(), [&](const json::value& value) {
      if (!sequence) {
        sequence = SequenceOf(value.as_object());
        return;
      }
      const json::array& line = value.as_array();
      auto& parts = sequence->files.at(line.at(0).to_number<std::size_t>()).parts;
      parts.at(line.at(1).to_number<std::size_t>()) = {std::string(line.at(2).as_string()),
                                                       std::string(line.at(3).as_string())};
    }));
    next_ = std::max(next_, number + 1);
    if (!sequence) continue;
    sequence->number = number;
    begun_.push_back(*std::move(sequence));
  }
  if (error) return files::ErrnoError("read", folder_, error.value());
  std::ranges::sort(begun_, {}, &BegunSequence::number);
  return Ok();
}

bool UploadState::IsDone(const UploadFile& file) const {
  const auto found = done_.find(file.key);
  return found != done_.end() && found->second.path == file.path &&
         found->second.size == file.size && found->second.modified == file.modified;
}

Status UploadState::Append(const files::Path& path, const std::string& lines) const {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  std::string_view left = lines;
  int wrong = 0;
  while (!left.empty() && wrong == 0) {
    const auto written = ::write(fd, left.data(), left.size());
    if (written >= 0)
      left.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      wrong = errno;
  }
  ::close(fd);
  if (wrong != 0) return files::ErrnoError("write", path, wrong);
  return Ok();
}

files::Path UploadState::SequencePath(std::size_t number) const {
  return folder_ / (std::string(kSequence) + std::to_string(number));
}

Status UploadState::Add(BegunSequence& sequence) {
  {
    const std::lock_guard lock(mutex_);
    sequence.number = next_++;
  }
  return Append(SequencePath(sequence.number), json::serialize(ToJson(sequence)) + "\n");
}

Status UploadState::AddPart(std::size_t sequence, std::size_t file, std::size_t part,
                            const SentPart& sent) {
  // One write of a short line with O_APPEND: lines of several threads do not mix.
  return Append(SequencePath(sequence),
                json::serialize(json::array{file, part, sent.etag, sent.digest}) + "\n");
}

Status UploadState::AddBundle(std::size_t sequence,
                              std::span<const std::pair<std::size_t, SentPart>> sent) {
  std::string lines;
  for (const auto& [file, part] : sent)
    lines += json::serialize(json::array{file, 0, part.etag, part.digest}) + "\n";
  return lines.empty() ? Ok() : Append(SequencePath(sequence), lines);
}

Status UploadState::AddDone(const std::vector<UploadFile>& done) {
  std::string lines;
  for (const auto& file : done) lines += json::serialize(ToJson(file)) + "\n";
  return Append(folder_ / "done", lines);
}

Status UploadState::Forget(std::size_t sequence) {
  return files::RemoveTree(SequencePath(sequence));
}

Status UploadState::Remove() {
  TRY_OK(files::RemoveTree(folder_));
  return files::RemoveTree(folder_.string() + ".lock");
}

}  // namespace vams::cli
