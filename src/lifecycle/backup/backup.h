// Backups of a stack: taken while it is served, verified, restored, pruned.
// Guide: docs/operations/backup.md; format: docs/formats/backup.md; spec: lifecycle.md section 4.
//
// Plain functions, one thread each; different processes are kept apart by locks.  All block for as
// long as there is much to read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "lifecycle/backup/vault.h"
#include "lifecycle/stack.h"
#include "objects/encryption_keys.h"

namespace vams::lifecycle::backup {

// What a call needs beside its own arguments.
struct Setting {
  const Clock& clock;
  Random& random;
  OpContext& op;
  // Called now and then with what is going on and how far it is.
  std::function<void(std::string_view phase, std::uint64_t done)> progress;
};

// What opens the backups of a stack: the key in `key_file`; without one, that of the stack if there
// is a stack.  nullptr when its contents are not encrypted.
Result<std::unique_ptr<const objects::SealKeys>> StackKeysOf(
    const Stack* stack, const objects::EncryptionChoice& encryption, const files::Path& key_file);

// Something that is not as it should be.
struct Finding {
  std::string kind;  // "manifest", "pack", "missing", "damaged", "rows", "changes", "different"
  std::string what;
  std::string detail;
};

// ---- Creating ----------------------------------------------------------------------------------

struct CreateReport {
  Manifest manifest;
  WrittenChunks written;
  std::uint64_t reused_bytes = 0;  // of contents that earlier backups had stored
  std::vector<Finding> findings;   // contents that the stack has lost; packs that were stored anew
};

// A backup of the stack's current generation, which may be served meanwhile.  It is there when this
// returns, and every chunk it wrote was read again.  kConflict while somebody else makes one.
Result<CreateReport> Create(const Stack& stack, const std::string& folder,
                            const objects::EncryptionChoice& encryption, const Setting& setting);

// ---- Verifying ---------------------------------------------------------------------------------

struct VerifyOptions {
  std::string id;          // empty: all backups
  bool read_data = false;  // every chunk is read and compared with its digest
};

struct VerifyReport {
  std::uint64_t backups = 0, packs = 0, chunks = 0, bytes = 0;
  std::vector<Finding> findings;
};

Result<VerifyReport> Verify(Vault& vault, const VerifyOptions& options, const Setting& setting);

// ---- Restoring ---------------------------------------------------------------------------------

struct RestoreRequest {
  std::string id;
  std::string stack;  // that it becomes, or into which it goes
  // The state at that time, instead of that of the backup.
  std::optional<std::int64_t> at_millis;
  bool skip_damaged = false;  // what is whole is restored; the report says what is not
  // Of a stack that is made: its configuration (nothing: that of the backup), how its contents are
  // encrypted, and the key that becomes its own.
  std::optional<std::string> config;
  objects::EncryptionChoice encryption;
  files::Path own_key;
};

// "2025-03-01T10:00:00Z".  kInvalid for what is no time.
Result<std::int64_t> TimeFrom(const std::string& text);

struct RestoreReport {
  std::string backup, stack;
  bool created = false;
  std::uint64_t generation = 0;
  items::Position position = 0;
  std::optional<std::string> state_at;  // with a time
  std::uint64_t rows = 0, tables = 0, changes_applied = 0, changes_undone = 0;
  std::uint64_t contents = 0, bytes = 0;  // that were not there
  bool proved = false;                    // the digests of all tables are those of the backup
  std::vector<Finding> findings;
};

// Into a new stack, or as a new generation of one that is there and not served; that before stays.
// kCorrupt, and nothing is changed, when something is damaged and not to be skipped.
Result<RestoreReport> Restore(Vault& vault, const StackRegistry& registry,
                              const RestoreRequest& request, const Setting& setting);

// One database, or one asset of it, into a stack that is there and not served.
struct PartRequest {
  std::string id;
  std::string stack;     // into which it goes: the one the backup is of, or another one
  std::string database;  // the whole of it, if no asset is named
  std::string asset;
  std::optional<std::int64_t> at_millis;  // as RestoreRequest
  bool skip_damaged = false;
  // What is there now is replaced by what the backup has; else it is refused.
  bool replace = false;
  objects::EncryptionChoice encryption;  // of the stack
};

struct PartReport {
  std::string backup, stack;
  std::uint64_t generation = 0;
  std::optional<std::string> state_at;
  std::uint64_t assets = 0;
  std::uint64_t added = 0, changed = 0, removed = 0, same = 0;  // rows
  std::uint64_t contents = 0, bytes = 0;                        // that were not there
  bool proved = false;  // what belongs to it are the rows of the backup
  // Damage; and what was left out, because its other end is not there, or because it belongs to an
  // asset of the same id in another database as well.
  std::vector<Finding> findings;
};

// All rows that belong to it (assets, versions, files, metadata, schemas, pipelines and workflows
// of the database, links whose ends exist, comments, subscriptions) and the contents that they
// refer to, as a new generation of the stack; that before stays.  What belongs to nothing in it
// (accounts, roles, constraints, tags) is as it was.  kNotFound if the backup has no such database
// or asset; kConflict, and nothing is changed, if it is there and not to be replaced, if its
// database is not there, or if its files lie where those of another asset do; kNotSupported for a
// backup of another data version than the stack's.
Result<PartReport> RestorePart(Vault& vault, const StackRegistry& registry,
                               const PartRequest& request, const Setting& setting);

// Restores into a stack that is thrown away and compares: rows by the digest of every table,
// contents by theirs.
Result<RestoreReport> VerifyByRestoring(Vault& vault, const files::Path& work,
                                        const std::string& id, const Setting& setting);

// ---- Pruning -----------------------------------------------------------------------------------

struct KeepRules {
  std::uint64_t last = 0, daily = 0, weekly = 0, monthly = 0;
  // Backups whose manifest is damaged go too.  Else they stay, and so do all packs: nobody knows
  // what such a backup needs.
  bool drop_damaged = false;
  bool any() const { return last + daily + weekly + monthly > 0; }
};

// Which of the backups, by their times in ascending order, the rules keep.  Pure.
std::vector<bool> KeptBy(const KeepRules& rules, const std::vector<std::int64_t>& created_millis);

struct PruneReport {
  std::vector<std::string> kept, removed;
  std::uint64_t chunks_removed = 0, packs_removed = 0, packs_rewritten = 0, freed_bytes = 0;
  std::vector<Finding> findings;  // damaged manifests
};

// The vault is opened for pruning.  kInvalid for rules that keep nothing.
Result<PruneReport> Prune(Vault& vault, const KeepRules& rules, bool dry_run,
                          const Setting& setting);

}  // namespace vams::lifecycle::backup
