// What an upload has to remember to go on after it was interrupted, in a folder of the profile:
// `done` with a line for every file that the server has, and `sequence-N` for every sequence that
// it knows: its part URLs, and a line for every part that arrived.  Lines are appended, so whatever
// ends the process loses one at most; a torn last line is left out.  The files are readable by
// their owner alone: who has a part's URL can send the part.
//
// Thread-safe.  Calls block on the disk.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/transfer_plan.h"
#include "files/files.h"

namespace vams::cli {

// A part that the server confirmed.
struct SentPart {
  std::string etag;    // as the server gave it, without quotes
  std::string digest;  // MD5 of what was sent, in hexadecimal digits
};

struct BegunFile {
  UploadFile file;
  std::string upload_id;  // of the object store
  std::vector<std::string> part_urls;
  std::vector<std::optional<SentPart>> parts;

  // Its one part goes into a bundle: it has no URL of its own.
  bool bundled() const { return part_urls.empty() && !parts.empty(); }
  // What the server's ETag may be when it has the file.
  std::vector<std::string> Etags() const;
};

struct BegunSequence {
  std::size_t number = 0;  // of this state
  std::string upload_id;
  std::string bundle_url;  // empty: none
  std::vector<BegunFile> files;
};

class UploadState {
 public:
  // `job` names the upload: the same server, asset, place and sources give the same text.  State
  // that is older than a week is forgotten, because the server has forgotten its side by then; with
  // `fresh` it is forgotten in any case.  kConflict when another process does this very upload.
  static Result<std::unique_ptr<UploadState>> Open(const files::Path& folder,
                                                   const std::string& job, std::int64_t now_millis,
                                                   bool fresh);

  // What an earlier run left, once.
  std::vector<BegunSequence> TakeBegun() { return std::move(begun_); }
  // Whether an earlier run has brought this very file.
  bool IsDone(const UploadFile& file) const;

  // Sets the sequence's number.
  Status Add(BegunSequence& sequence);
  Status AddPart(std::size_t sequence, std::size_t file, std::size_t part, const SentPart& sent);
  // The only parts of these files of the sequence.
  Status AddBundle(std::size_t sequence, std::span<const std::pair<std::size_t, SentPart>> sent);
  Status AddDone(const std::vector<UploadFile>& files);
  Status Forget(std::size_t sequence);
  // All is done: nothing is left to remember.
  Status Remove();

 private:
  UploadState(files::Path folder, files::FileLock lock);
  Status Load(const std::string& job, std::int64_t now_millis);
  Status Append(const files::Path& path, const std::string& lines) const;
  files::Path SequencePath(std::size_t number) const;

  const files::Path folder_;
  files::FileLock lock_;
  std::mutex mutex_;  // guards next_
  std::size_t next_ = 1;
  std::vector<BegunSequence> begun_;
  std::map<std::string, UploadFile, std::less<>> done_;  // by key; after Open only read
};

}  // namespace vams::cli
