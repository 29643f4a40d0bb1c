// The access log: one JSON object a line for every request.  For `app`, which hands Write to the
// server as ServerOptions::on_access.
//
// Thread-safe.  Write never waits for the disk: a thread of the log writes what has gathered in a
// bounded buffer; what does not fit is dropped and counted.  Open, Flush and Close block.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/access_record.h"

namespace vams::http {

class AccessLog {
 public:
  struct Options {
    // Past this many bytes the file becomes PATH.1, PATH.1 becomes PATH.2, and so on.
    std::uint64_t rotate_at = std::uint64_t{64} << 20;
    int keep = 5;  // how many such files stay; at least 1
    std::size_t buffer_limit = std::size_t{4} << 20;
    // A line waits at most this long, unless `write_at` bytes have gathered before.
    std::chrono::milliseconds write_every{250};
    std::size_t write_at = std::size_t{64} << 10;
  };

  // Appends to the file, or creates it, readable for its owner and group.  An error names the path
  // and the cause.
  static Result<std::unique_ptr<AccessLog>> Open(const std::filesystem::path& path,
                                                 const Options& options);
  static Result<std::unique_ptr<AccessLog>> Open(const std::filesystem::path& path) {
    return Open(path, Options());
  }

  // Closes.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // After Close it drops.
  void Write(const AccessRecord& record);

  // Returns when every line given before is in the file or counted as dropped.
  void Flush();

  // Writes what has gathered and ends the thread.  Idempotent.
  void Close();

  // Lines that are in no file: the buffer was full, or the file could not be written.
  std::uint64_t dropped() const;

 private:
  class Impl;
  explicit AccessLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The line of a record, with its line feed.
std::string AccessLine(const AccessRecord& record);

}  // namespace vams::http
