// Stacks and their generations on disk: docs/formats/stack-layout.md, lifecycle.md sections 1
// and 4.
//
// Thread rule: objects belong to one thread; different processes are kept apart by the stack's
// lock. Everything blocks on disk.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"
#include "tables/data_version.h"

namespace vams::lifecycle {

struct Generation {
  std::uint64_t number = 0;
  tables::DataVersion data_version;
  std::string created_at;      // ISO 8601
  boost::json::object origin;  // how it came to be
  boost::json::object tables;  // rows per table at that moment
  files::Path folder;

  files::Path items() const { return folder / "items.db"; }
};

struct Stack {
  std::string name;
  std::string created_at;
  files::Path folder;
  Generation current;

  files::Path blobs() const { return folder / "blobs"; }
  files::Path config() const { return folder / "config.json"; }
  files::Path migrations() const { return folder / "migrations"; }
};

// kInvalid with the rule.
Status CheckStackName(std::string_view name);

class StackRegistry {
 public:
  // The home need not exist yet.
  StackRegistry(files::Path home, const Clock& clock) : home_(std::move(home)), clock_(clock) {}

  const files::Path& home() const { return home_; }

  Result<std::vector<Stack>> List() const;  // by name
  // kNotFound names the stacks there are and how to make one; kCorrupt if its files are damaged.
  Result<Stack> Get(std::string_view name) const;
  bool Exists(std::string_view name) const;

  // kNotFound if the stack has no such generation (it was pruned).
  Result<Generation> GenerationOf(const Stack& stack, std::uint64_t number) const;
  // All there are, oldest first.  A folder without a readable generation.json is left out.
  Result<std::vector<Generation>> Generations(const Stack& stack) const;

  // Makes another generation the current one, durably, in one rename; the stack as it is then.  The
  // caller holds the stack's lock, or has had its server frozen and makes it reload.  kNotFound.
  Result<Stack> SwitchTo(const Stack& stack, std::uint64_t generation) const;

  // An empty stack of the newest data version.  kConflict if it exists.  `config`: the text of its
  // configuration file, stored as it is.
  Result<Stack> Create(std::string_view name, const std::optional<std::string>& config) const;

 private:
  friend class GenerationBuilder;
  files::Path StackFolder(std::string_view name) const { return home_ / "stacks" / name; }
  Result<std::vector<std::string>> Names() const;  // sorted

  files::Path home_;
  const Clock& clock_;
};

// Serving or changing a stack takes its lock.  kConflict says who holds it since when, and what to
// do.
Result<files::FileLock> LockStack(const Stack& stack, std::string_view doing, const Clock& clock);

// Builds a generation where nobody sees it and makes it current in one rename: of a stack that
// exists (a new generation) or of a new one (the whole stack).  Dropping the builder without
// Publish leaves no trace.
class GenerationBuilder {
 public:
  static Result<GenerationBuilder> ForNewStack(const StackRegistry& registry, std::string_view name,
                                               const std::optional<std::string>& config);
  // The caller holds the stack's lock.
  static Result<GenerationBuilder> ForStack(const StackRegistry& registry, const Stack& stack);

  const files::Path& folder() const { return folder_; }  // of the generation
  files::Path items() const { return folder_ / "items.db"; }
  files::Path blobs() const { return blobs_; }

  // Everything in the generation must be closed.  kConflict if somebody made the stack meanwhile.
  Result<Stack> Publish(tables::DataVersion version, boost::json::object origin,
                        boost::json::object tables);

 private:
  GenerationBuilder(const StackRegistry& registry, std::string name, files::TempFolder staging)
      : registry_(&registry), name_(std::move(name)), staging_(std::move(staging)) {}

  const StackRegistry* registry_;
  std::string name_;
  std::optional<files::FileLock> lock_;  // of a new stack: nobody else builds the same
  files::TempFolder staging_;
  files::Path folder_, blobs_;
  std::uint64_t number_ = 1;
  bool new_stack_ = false;
};

// Adds a line to the stack's history, with the time in front.
Status AppendHistory(const Stack& stack, boost::json::object entry, const Clock& clock);

// The tables a generation of this data version has: those of the version and the system tables.
std::vector<items::TableSpec> TablesOfGeneration(tables::DataVersion version);

}  // namespace vams::lifecycle
