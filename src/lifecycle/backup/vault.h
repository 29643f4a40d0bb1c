// The backups of one stack: the repository that holds them, what opens them, and the manifests.
// Format: docs/formats/backup.md.
//
// One thread.  Blocks on the repository.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "lifecycle/backup/manifest.h"
#include "lifecycle/backup/repository.h"

namespace vams::lifecycle::backup {

// Where the backups of a stack are kept.
struct Location {
  std::string folder;  // above those of all stacks
  std::string stack;
};

class Vault {
 public:
  // `keys`: of the stack, if its contents are encrypted; then its backups are.  kNotFound if there
  // are no backups of the stack and `purpose` is not to write; kInvalid, naming both, when they are
  // encrypted with another key or there is none; kConflict for those of another stack, for plain
  // ones of a stack that is encrypted, and when somebody is in the way.
  static Result<std::unique_ptr<Vault>> Open(const Location& location,
                                             const objects::SealKeys* keys,
                                             Repository::Purpose purpose, std::string_view doing,
                                             Random& random);

  Repository& repository() { return *repository_; }
  const Keys* keys() const { return keys_.get(); }
  const std::string& stack() const { return stack_; }
  // In the order in which they were made.
  Result<std::vector<std::string>> Ids() const;
  // kNotFound names the backups there are; kCorrupt the damaged manifest.
  Result<Manifest> Get(const std::string& id) const;
  // The newest that can be read; nothing without one.
  Result<std::optional<Manifest>> FindNewest() const;
  // `latest` or an id.
  Result<std::string> Resolve(const std::string& name) const;

 private:
  Vault() = default;
  Status OpenFormat(const objects::SealKeys* keys, bool create, Random& random);
  Status OpenKey(std::string_view id, std::string_view wrapped, const objects::SealKeys& keys,
                 bool may_write, Random& random);

  std::string stack_;
  std::unique_ptr<Repository> repository_;
  std::unique_ptr<Keys> keys_;
  std::unique_ptr<Repository::Hold> hold_;
};

// The stacks that have backups in the folder.
std::vector<std::string> StacksWithBackups(const std::string& folder);

}  // namespace vams::lifecycle::backup
