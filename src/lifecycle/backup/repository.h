// Repository keeps named files that are written once: what backups need of a place to be kept in.
// A folder is one; a bucket of the S3 protocol will be another.  Format: docs/formats/backup.md.
//
// Thread-safe.  Every call blocks on the place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"
#include "objects/staged_file.h"

namespace vams::lifecycle::backup {

struct StoredFile {
  std::string name;  // within its folder
  std::uint64_t size = 0;
};

class Repository {
 public:
  // What one process keeps others from while it lives.
  class Hold {
   public:
    virtual ~Hold() = default;
  };
  enum class Purpose : std::uint8_t {
    kRead,   // nothing is removed meanwhile
    kWrite,  // and nobody else writes
    kPrune,  // and nobody else reads
  };

  virtual ~Repository() = default;

  // For messages.
  virtual std::string Where(std::string_view name = {}) const = 0;

  // kConflict, naming who is in the way.  What writers that died have left is removed.
  virtual Result<std::unique_ptr<Hold>> Take(Purpose purpose, std::string_view doing) = 0;

  // A file on this machine for what is about to be put.
  virtual Result<objects::StagedFile> Stage() = 0;
  // Gives a file its name, durably.  kConflict if the name is taken; the file is then gone.
  virtual Status Put(std::string_view name, objects::StagedFile file) = 0;
  // Like Put, for small files; takes the place of what is there.
  virtual Status Replace(std::string_view name, std::string_view bytes) = 0;

  // Fewer bytes than asked for only at the end.  kNotFound if there is no such file.
  virtual Result<std::string> Read(std::string_view name, std::uint64_t offset,
                                   std::uint64_t length) = 0;
  virtual Result<std::uint64_t> Size(std::string_view name) = 0;
  // Of one folder, by name; none if there is no such folder.
  virtual Result<std::vector<StoredFile>> List(std::string_view folder) = 0;
  // No error if there is no such file.
  virtual Status Delete(std::string_view name) = 0;
};

// `location`: a folder, which need not exist; kNotSupported for a bucket.
Result<std::unique_ptr<Repository>> OpenRepository(const std::string& location);

}  // namespace vams::lifecycle::backup
