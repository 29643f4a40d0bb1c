// How far a transfer is, shown on standard error while it runs: on a terminal one line with a bar,
// rate and time left, otherwise a line now and then.
//
// Thread-safe, except that one thread at a time calls Tick and the destructor.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace vams::cli {

// "1.5 GB", "312 KB", "17 B": powers of 1024, as upstream's client shows them.
std::string ByteText(std::uint64_t bytes);
// "1 file", "2,345 files".
std::string FileText(std::uint64_t files);
// "1:02:03", "2:03", "3 s".
std::string TimeText(std::chrono::seconds time);

class TransferProgress {
 public:
  // `verb` as in "uploading".  Shows nothing if not `shown`.
  TransferProgress(std::string verb, bool shown);
  ~TransferProgress();
  TransferProgress(const TransferProgress&) = delete;
  TransferProgress& operator=(const TransferProgress&) = delete;

  // May grow while it runs, where sizes are learnt late.
  void AddTotal(std::uint64_t files, std::uint64_t bytes);
  // What is there already, and needs no transfer: counts as done, but not for the rate.
  void AddPresent(std::uint64_t bytes) {
    bytes_ += bytes;
    present_ += bytes;
  }
  void AddBytes(std::uint64_t bytes) { bytes_ += bytes; }
  // Bytes that have to be sent again.
  void TakeBack(std::uint64_t bytes) { bytes_ -= bytes; }
  void FileDone() { ++files_; }

  // Shows the state, if it is time to; called several times a second.
  void Tick();
  double seconds() const;

 private:
  std::string Line(bool bar) const;

  using Time = std::chrono::steady_clock::time_point;
  const std::string verb_;
  const bool shown_, terminal_;
  const Time begin_;
  Time last_;
  bool drawn_ = false;
  std::atomic<std::uint64_t> files_{0}, total_files_{0}, bytes_{0}, total_bytes_{0}, present_{0};
};

}  // namespace vams::cli
