#include "cli/transfer_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "cli/etag_check.h"
#include "cli/transfer_parts.h"
#include "cli/transfer_progress.h"
#include "cli/transfer_support.h"
#include "cli/upload_state.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

// Enough to keep the parts busy while others begin and end, and far from the server's limit of
// uploads that a user may have begun within a minute.
constexpr std::size_t kSequencesAtOnce = 4;
constexpr std::chrono::seconds kJoining{900};  // a server may take its time to join large files
// Bytes of small files that are sent together: a connection that breaks costs little, and several
// are under way at once.
constexpr std::uint64_t kBundleBytes = 4 * kMiB;

// A sequence while it is worked on.
struct Running {
  BegunSequence begun;
  bool continued = false;  // its upload was begun by an earlier run
  bool again = false;      // its first upload had expired
  // Guarded by Uploader::mutex_ while parts are under way.
  std::size_t pending = 0;
  bool expired = false;
  std::vector<std::string> failures;  // by file; empty: none so far
};

struct PartTask {
  Running* sequence;
  std::size_t file = 0, part = 0;
  std::vector<std::size_t> bundle = {};  // not empty: the only parts of these files, together
};

Running SequenceOf(const std::vector<UploadFile>& files, const std::vector<std::size_t>& indexes) {
  Running sequence;
  for (const auto index : indexes) sequence.begun.files.push_back({.file = files[index]});
  return sequence;
}

std::vector<Running> SequencesOf(const std::vector<UploadFile>& files,
                                 const std::vector<std::vector<std::size_t>>& plan) {
  std::vector<Running> sequences;
  for (const auto& indexes : plan) sequences.push_back(SequenceOf(files, indexes));
  return sequences;
}

class Uploader {
 public:
  Uploader(RestClient& client, const UploadJob& job, UploadState* state)
      : client_(client),
        op_(client.op()),
        job_(job),
        state_(state),
        progress_("uploading", job.show_progress) {}

  UploadReport Run();

 private:
  UploadReport Report();
  using Outcome = std::pair<bool, std::string>;  // whether it is there, else why not

  std::vector<Running> Continued(std::set<std::string>& taken);
  void RunSequences(std::vector<Running> sequences);
  void RunSequence(Running sequence);
  Status Begin(Running& sequence);
  void BeginHalves(const Running& sequence);
  Status TakeAnswer(Running& sequence, const json::value& answer);
  bool TakesBundles() {
    const std::lock_guard lock(mutex_);
    return bundles_;
  }
  void SendParts(Running& sequence);
  void Work();
  void SendOne(const PartTask& task);
  void SendMany(const PartTask& task);
  Status TryMany(Running& sequence, std::vector<std::size_t>& left);
  void Complete(Running& sequence);
  Result<json::value> AskToComplete(const Running& sequence, const std::vector<std::size_t>& which);
  bool IsThere(const BegunFile& file);
  void Finish(Running& sequence, const std::vector<Outcome>& outcomes, json::value answer);
  void FailAll(const Running& sequence, const std::string& why);
  void Stop(const Error& error);
  void Remember(const Status& written);

  RestClient& client_;
  OpContext& op_;
  const UploadJob& job_;
  UploadState* const state_;  // null: nothing can be remembered
  TransferProgress progress_;

  std::mutex mutex_;  // guards what follows, and the parts of running sequences
  std::condition_variable changed_;
  std::deque<PartTask> tasks_;
  bool closing_ = false;
  bool bundles_ = false;  // the server takes them
  bool warned_ = false;
  std::map<std::string, UploadedFile> results_;  // by key
  UploadReport report_;
};

UploadReport Uploader::Run() {
  std::vector<UploadFile> wanted;
  std::uint64_t bytes = 0;
  for (const auto& file : job_.files) bytes += file.size;
  progress_.AddTotal(job_.files.size(), bytes);
  std::set<std::string> taken;
  std::vector<Running> sequences = Continued(taken);
  for (const auto& file : job_.files) {
    if (taken.contains(file.key)) continue;
    if (state_ != nullptr && state_->IsDone(file)) {
      results_[file.key] = {.file = file, .ok = true, .earlier = true};
      progress_.AddPresent(file.size);
      progress_.FileDone();
      continue;
    }
    wanted.push_back(file);
  }
  // A preview needs its file first.
  const auto plan = PlanSequences(wanted);
  std::vector<Running> previews = SequencesOf(wanted, plan.previews);
  // Where there are many, the first one shows how large the others may be.
  const std::size_t begin = plan.files.size() > kSequencesAtOnce ? 1 : plan.files.size();
  std::vector<UploadFile> rest;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    if (i < begin) sequences.push_back(SequenceOf(wanted, plan.files[i]));
    for (const auto index : plan.files[i])
      if (i >= begin) rest.push_back(wanted[index]);
  }
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < std::max<std::size_t>(job_.parallel, 1); ++i)
    workers.emplace_back([this] { Work(); });
  RunSequences(std::move(sequences));
  RunSequences(SequencesOf(
      rest, PlanSequences(rest, TakesBundles() ? kBundledSequences : SequenceLimits()).files));
  RunSequences(std::move(previews));
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  for (auto& worker : workers) worker.join();
  return Report();
}

UploadReport Uploader::Report() {
  report_.interrupted = op_.cancelled() && !report_.stopped_by;
  for (const auto& file : job_.files) {
    auto found = results_.find(file.key);
    if (found == results_.end())
      report_.files.push_back({.file = file,
                               .error = report_.stopped_by ? report_.stopped_by->message
                                                           : "the upload was interrupted"});
    else
      report_.files.push_back(std::move(found->second));
  }
  report_.seconds = progress_.seconds();
  return std::move(report_);
}

// What an earlier run began of the files that are wanted, as long as they are what they were.
std::vector<Running> Uploader::Continued(std::set<std::string>& taken) {
  std::vector<Running> continued;
  if (state_ == nullptr) return continued;
  std::map<std::string_view, const UploadFile*> wanted;
  for (const auto& file : job_.files) wanted.emplace(file.key, &file);
  for (auto& begun : state_->TakeBegun()) {
    const bool same = std::ranges::all_of(begun.files, [&](const BegunFile& one) {
      const auto found = wanted.find(one.file.key);
      return found != wanted.end() && !taken.contains(one.file.key) &&
             found->second->path == one.file.path && found->second->size == one.file.size &&
             found->second->modified == one.file.modified;
    });
    if (!same) {
      Remember(state_->Forget(begun.number));
      continue;
    }
    for (const auto& one : begun.files) {
      taken.insert(one.file.key);
      for (std::size_t part = 0; part < one.parts.size(); ++part) {
        if (!one.parts[part]) continue;
        ++report_.continued_parts;
        progress_.AddPresent(
            std::min(one.file.part_size, one.file.size - part * one.file.part_size));
      }
    }
    continued.push_back({.begun = std::move(begun), .continued = true});
  }
  return continued;
}

void Uploader::RunSequences(std::vector<Running> sequences) {
  RunParallel(
      op_, sequences.size(), kSequencesAtOnce,
      [&](std::size_t index) {
        {
          const std::lock_guard lock(mutex_);
          if (report_.stopped_by) return;
        }
        RunSequence(std::move(sequences[index]));
      },
      [this] { progress_.Tick(); });
}

void Uploader::RunSequence(Running sequence) {
  sequence.failures.resize(sequence.begun.files.size());
  if (sequence.begun.upload_id.empty()) {
    const auto begun = Begin(sequence);
    if (!begun.ok() && begun.error().code == Code::kInvalid && sequence.begun.files.size() > 1)
      return BeginHalves(sequence);
    if (!begun.ok() && begun.error().code != Code::kInvalid) Stop(begun.error());
    if (!begun.ok()) return FailAll(sequence, begun.error().message);
  }
  SendParts(sequence);
  if (op_.cancelled()) return;
  if (!sequence.expired) return Complete(sequence);
  if (state_ != nullptr) Remember(state_->Forget(sequence.begun.number));
  if (sequence.again)
    return FailAll(sequence, "the server takes none of its parts, even of an upload begun anew");
  Running anew{.again = true};
  for (const auto& one : sequence.begun.files) {
    anew.begun.files.push_back({.file = one.file});
    for (std::size_t part = 0; part < one.parts.size(); ++part)
      if (one.parts[part])
        progress_.TakeBack(std::min(one.file.part_size, one.file.size - part * one.file.part_size));
  }
  RunSequence(std::move(anew));
}

// The server refuses a whole sequence for one file of it: the halves find out which.
void Uploader::BeginHalves(const Running& sequence) {
  const auto& files = sequence.begun.files;
  const std::size_t middle = files.size() / 2;
  for (const auto& [from, to] : {std::pair{std::size_t{0}, middle}, {middle, files.size()}}) {
    Running half{.again = sequence.again};
    for (std::size_t i = from; i < to; ++i) half.begun.files.push_back({.file = files[i].file});
    if (!op_.cancelled()) RunSequence(std::move(half));
  }
}

Status Uploader::Begin(Running& sequence) {
  json::array files;
  for (const auto& one : sequence.begun.files)
    files.push_back({{"relativeKey", one.file.key},
                     {"file_size", one.file.size},
                     {"num_parts", PartCount(one.file.size, one.file.part_size)}});
  const json::object body{{"databaseId", job_.database},
                          {"assetId", job_.asset},
                          {"uploadType", job_.asset_preview ? "assetPreview" : "assetFile"},
                          {"files", std::move(files)},
                          // Where a bundle did not get through, each part goes alone.
                          {"bundle", !sequence.again}};
  TRY(const auto answer, CallPatiently(client_, "POST", "/uploads", &body));
  TRY_OK(TakeAnswer(sequence, answer));
  if (state_ != nullptr) Remember(state_->Add(sequence.begun));
  return Ok();
}

Status Uploader::TakeAnswer(Running& sequence, const json::value& answer) {
  const Error strange(
      Code::kInternal,
      "the server's answer to the beginning of the upload does not name every part; "
      "nothing was sent; check that it is a VAMS server of this release");
  const auto& answers = ListOf(answer, "files");
  sequence.begun.upload_id = TextOf(answer, "uploadId");
  if (sequence.begun.upload_id.empty() || answers.size() != sequence.begun.files.size())
    return strange;
  if (const json::object* object = answer.if_object())
    if (const json::value* bundle = object->if_contains("bundle"))
      sequence.begun.bundle_url = TextOf(*bundle, "uploadUrl");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    BegunFile& one = sequence.begun.files[i];
    if (TextOf(answers[i], "relativeKey") != one.file.key) return strange;
    one.upload_id = TextOf(answers[i], "uploadIdS3");
    for (const auto& part : ListOf(answers[i], "partUploadUrls"))
      one.part_urls.push_back(TextOf(part, "UploadUrl"));
    one.parts.resize(PartCount(one.file.size, one.file.part_size));
    const bool bundled =
        one.bundled() && one.parts.size() == 1 && !sequence.begun.bundle_url.empty();
    if (one.part_urls.size() != one.parts.size() && !bundled) return strange;
  }
  const std::lock_guard lock(mutex_);
  if (!sequence.begun.bundle_url.empty()) bundles_ = true;
  return Ok();
}

void Uploader::SendParts(Running& sequence) {
  std::unique_lock lock(mutex_);
  const auto add = [&](PartTask task) {
    tasks_.push_back(std::move(task));
    ++sequence.pending;
  };
  PartTask bundle{.sequence = &sequence};
  std::uint64_t bytes = 0;
  for (std::size_t file = 0; file < sequence.begun.files.size(); ++file) {
    const BegunFile& one = sequence.begun.files[file];
    for (std::size_t part = 0; part < one.parts.size(); ++part) {
      if (one.parts[part]) continue;
      if (!one.bundled()) {
        add({.sequence = &sequence, .file = file, .part = part});
        continue;
      }
      if (bytes + one.file.size > kBundleBytes && !bundle.bundle.empty()) {
        add(std::exchange(bundle, {.sequence = &sequence}));
        bytes = 0;
      }
      bundle.bundle.push_back(file);
      bytes += one.file.size;
    }
  }
  if (!bundle.bundle.empty()) add(std::move(bundle));
  changed_.notify_all();
  changed_.wait(lock, [&] { return sequence.pending == 0; });
}

// A thread that sends parts, first come, first served.
void Uploader::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const PartTask task = std::move(tasks_.front());
    tasks_.pop_front();
    Running& sequence = *task.sequence;
    const bool wanted =
        !op_.cancelled() && !sequence.expired && sequence.failures[task.file].empty();
    if (wanted) {
      lock.unlock();
      task.bundle.empty() ? SendOne(task) : SendMany(task);
      lock.lock();
    }
    if (--sequence.pending == 0) changed_.notify_all();
  }
}

void Uploader::SendOne(const PartTask& task) {
  Running& sequence = *task.sequence;
  BegunFile& file = sequence.begun.files[task.file];
  auto sent = WithRetries(op_, client_.retry_settings(), job_.retries,
                          [&] { return SendPart(client_, file, task.part, progress_); });
  if (sent.ok() && state_ != nullptr)
    Remember(state_->AddPart(sequence.begun.number, task.file, task.part, *sent));
  const std::lock_guard lock(mutex_);
  if (sent.ok())
    file.parts[task.part] = *std::move(sent);
  else if (sent.error().code == Code::kUnauthenticated)
    sequence.expired = true;
  else if (!op_.cancelled())
    sequence.failures[task.file] = sent.error().message;
}

// Sends what is left once, and keeps of it what another time may help.
Status Uploader::TryMany(Running& sequence, std::vector<std::size_t>& left) {
  std::vector<const BegunFile*> files;
  for (const auto file : left) files.push_back(&sequence.begun.files[file]);
  TRY(const auto results, SendBundle(client_, sequence.begun.bundle_url, files, progress_));
  std::vector<std::pair<std::size_t, SentPart>> sent;
  std::vector<std::size_t> again;
  Status last = Ok();
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (results[i].ok()) {
        sequence.begun.files[left[i]].parts[0] = *results[i];
        sent.emplace_back(left[i], *results[i]);
      } else if (results[i].error().retryable) {
        again.push_back(left[i]);
        last = results[i].error();
      } else {
        sequence.failures[left[i]] = results[i].error().message;
      }
    }
  }
  if (state_ != nullptr) Remember(state_->AddBundle(sequence.begun.number, sent));
  left = std::move(again);
  return last;
}

void Uploader::SendMany(const PartTask& task) {
  Running& sequence = *task.sequence;
  std::vector<std::size_t> left = task.bundle;
  const auto sent = WithRetries(op_, client_.retry_settings(), job_.retries,
                                [&] { return TryMany(sequence, left); });
  if (sent.ok() || op_.cancelled()) return;
  const std::lock_guard lock(mutex_);
  // Begun anew, without bundles.
  if (!sent.error().retryable) {
    sequence.expired = true;
    return;
  }
  for (const auto file : left) sequence.failures[file] = sent.error().message;
}

void Uploader::Complete(Running& sequence) {
  const auto& files = sequence.begun.files;
  std::vector<Outcome> outcomes(files.size());
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < files.size(); ++i) {
    outcomes[i] = {false, sequence.failures[i]};
    if (outcomes[i].second.empty() && !IsSame(files[i].file))
      outcomes[i].second = FileChanged().message;
    if (outcomes[i].second.empty()) which.push_back(i);
  }
  // Where nothing arrived whole, what did is left as it is: another run sends the rest.
  if (which.empty() && std::ranges::all_of(files, IsSame, &BegunFile::file))
    return FailAll(sequence, outcomes[0].second);
  if (which.empty()) return Finish(sequence, outcomes, nullptr);
  auto answer = AskToComplete(sequence, which);
  if (!answer.ok() && op_.cancelled()) return;
  if (!answer.ok() && answer.error().code == Code::kUnavailable) {
    Stop(answer.error());
    return FailAll(sequence, answer.error().message);
  }
  std::map<std::string, const json::value*> results;
  if (answer.ok())
    for (const auto& result : ListOf(*answer, "fileResults"))
      results[TextOf(result, "relativeKey")] = &result;
  for (const auto i : which) {
    if (!answer.ok()) {
      outcomes[i].second = answer.error().message;
      continue;
    }
    if (const auto said = results.find(files[i].file.key); said != results.end()) {
      outcomes[i].first = FlagOf(*said->second, "success");
      outcomes[i].second = TextOf(*said->second, "error");
    }
    if (!outcomes[i].first && outcomes[i].second.empty())
      outcomes[i].second = "the server does not say that it has the file";
  }
  Finish(sequence, outcomes, answer.ok() ? *answer : json::value());
}

// The server's answer, which has results for the files; made up where the answer was lost and the
// files turn out to be there.
Result<json::value> Uploader::AskToComplete(const Running& sequence,
                                            const std::vector<std::size_t>& which) {
  json::array list;
  for (const auto i : which) {
    const BegunFile& one = sequence.begun.files[i];
    json::array parts;
    for (std::size_t part = 0; part < one.parts.size(); ++part)
      parts.push_back({{"PartNumber", part + 1}, {"ETag", one.parts[part]->etag}});
    list.push_back({{"relativeKey", one.file.key},
                    {"uploadIdS3", one.upload_id},
                    {"parts", std::move(parts)}});
  }
  const json::object body{{"databaseId", job_.database},
                          {"assetId", job_.asset},
                          {"uploadType", job_.asset_preview ? "assetPreview" : "assetFile"},
                          {"files", std::move(list)}};
  const std::string path = "/uploads/" + net::PercentEncode(sequence.begun.upload_id) + "/complete";
  const auto& settings = client_.retry_settings();
  return WithRetries(op_, settings, settings.attempts, [&]() -> Result<json::value> {
    TRY(const auto answer, client_.Ask("POST", path, &body, kJoining));
    if (!ListOf(answer.body, "fileResults").empty()) return answer.body;
    auto read = client_.Read(answer);
    if (read.ok() || answer.status != 400) return read;
    // An earlier try may have got there, and its answer got lost.
    json::array results;
    for (const auto i : which)
      if (IsThere(sequence.begun.files[i]))
        results.push_back({{"relativeKey", sequence.begun.files[i].file.key},
                           {"success", true},
                           {"error", nullptr}});
    if (results.size() < which.size()) return read;
    return json::value{{"uploadId", sequence.begun.upload_id}, {"fileResults", std::move(results)}};
  });
}

bool Uploader::IsThere(const BegunFile& one) {
  const std::string asset = AssetPath(job_.database, job_.asset);
  if (job_.asset_preview) {
    const auto found = CallPatiently(client_, "GET", asset);
    const json::object* object = found.ok() ? found->if_object() : nullptr;
    const json::value* at = object == nullptr ? nullptr : object->if_contains("previewLocation");
    const std::string name = one.file.key.substr(one.file.key.rfind('/'));
    return at != nullptr && TextOf(*at, "Key").ends_with(name);
  }
  const auto found = CallPatiently(
      client_, "GET", asset + "/fileInfo?filePath=" + net::PercentEncode(one.file.key));
  if (!found.ok() || FlagOf(*found, "isArchived")) return false;
  return std::ranges::count(one.Etags(), BareEtag(TextOf(*found, "etag"))) > 0;
}

void Uploader::Finish(Running& sequence, const std::vector<Outcome>& outcomes, json::value answer) {
  std::vector<UploadFile> done;
  json::array good, bad;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const UploadFile& file = sequence.begun.files[i].file;
    (outcomes[i].first ? good : bad).push_back(json::string(file.key));
    if (outcomes[i].first) {
      done.push_back(file);
      progress_.FileDone();
    }
  }
  if (state_ != nullptr) {
    if (!done.empty()) Remember(state_->AddDone(done));
    Remember(state_->Forget(sequence.begun.number));
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const UploadFile& file = sequence.begun.files[i].file;
    results_[file.key] = {.file = file, .ok = outcomes[i].first, .error = outcomes[i].second};
  }
  if (FlagOf(answer, "largeFileAsynchronousHandling")) report_.large_files_later = true;
  report_.sequences.push_back({{"sequence_number", nullptr},
                               {"successful_files", std::move(good)},
                               {"failed_files", std::move(bad)},
                               {"completion_result", std::move(answer)}});
}

// What the state knows of the sequence stays: another run may continue it.
void Uploader::FailAll(const Running& sequence, const std::string& why) {
  const std::lock_guard lock(mutex_);
  json::array bad;
  for (const auto& one : sequence.begun.files) {
    results_[one.file.key] = {.file = one.file, .error = why};
    bad.push_back(json::string(one.file.key));
  }
  report_.sequences.push_back({{"sequence_number", nullptr},
                               {"successful_files", json::array()},
                               {"failed_files", std::move(bad)},
                               {"completion_result", nullptr}});
}

// Nothing else can go well either: the server cannot be reached, or refuses the user.
void Uploader::Stop(const Error& error) {
  if (op_.cancelled()) return;
  const std::lock_guard lock(mutex_);
  if (!report_.stopped_by) report_.stopped_by = error;
}

// The upload goes on without its memory.
void Uploader::Remember(const Status& written) {
  if (written.ok()) return;
  const std::lock_guard lock(mutex_);
  if (!warned_ && !client_.quiet())
    fmt::print(stderr, "warning: {}; an interrupted upload will begin anew\n",
               written.error().message);
  warned_ = true;
}

}  // namespace

Result<UploadReport> RunUpload(RestClient& client, const UploadJob& job) {
  OutliveBrokenConnections();
  const std::string name =
      fmt::format("{}\n{}\n{}\n{}\n{}", client.url(), job.database, job.asset,
                  job.asset_preview ? "assetPreview" : "assetFile", job.sources);
  auto state = UploadState::Open(client.profile().folder() / "transfers", name,
                                 client.context().clock.NowMillis(), job.fresh);
  if (!state.ok() && state.error().code == Code::kConflict) return std::move(state).error();
  if (!state.ok() && !client.quiet())
    fmt::print(stderr, "warning: {}; an interrupted upload will begin anew\n",
               state.error().message);
  UploadState* memory = state.ok() ? state->get() : nullptr;
  auto report = Uploader(client, job, memory).Run();
  const bool all = std::ranges::all_of(report.files, &UploadedFile::ok);
  if (all && memory != nullptr) TRY_OK(memory->Remove());
  return report;
}

}  // namespace vams::cli
