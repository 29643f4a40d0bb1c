// Release notes as data: what changed between two releases of upstream and of this software, what
// an operator has to do about it, and which of it applies to one stack, with the reason.
// For `vams changelog` and preflight.  Spec: migrations.md section 2, lifecycle.md section 3.
//
// Constant data and pure functions; thread-safe.  No I/O.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "lifecycle/diff/change_set.h"
#include "tables/data_version.h"

namespace vams::lifecycle {

// A release: "2.4.1".  Parse takes "2.4" too, which means all releases of that line when it ends a
// range, and the state before the next line when it begins one.
struct ReleaseNumber {
  std::uint8_t major = 0, minor = 0, patch = 0;
  static constexpr std::uint8_t kAnyPatch = 255;
  static Result<ReleaseNumber> Parse(std::string_view text);
  std::string ToString() const;
  friend constexpr auto operator<=>(const ReleaseNumber&, const ReleaseNumber&) = default;
};

enum class NoteKind : std::uint8_t { kBreaking, kRequired, kKnownIssue, kChange };
std::string_view NameOf(NoteKind kind);  // "breaking", "required", "known-issue", "change"

// What is known of a stack, for telling which notes are about it.
struct StackFacts {
  tables::DataVersion data_version;
  diff::Usage usage;
  config::Config config;
  std::vector<std::string> ignored_fields;  // of its configuration: set, and without meaning here
};

struct ReleaseNote {
  std::string_view id;       // stable: "2.4.0/constraints-table"
  std::string_view product;  // "upstream" or "vams"
  ReleaseNumber release;
  NoteKind kind = NoteKind::kChange;
  std::string_view text;    // what changed
  std::string_view action;  // what is to be done; empty: nothing
  std::string_view here;    // what becomes of it with this software; empty: the same
  // Why the note is about the stack; nothing: it is not.  nullptr: it is about every stack.
  std::optional<std::string> (*applies)(const StackFacts& facts) = nullptr;
};

// All of them, in the order of releases.
std::span<const ReleaseNote> AllNotes();

struct AppliedNote {
  const ReleaseNote* note = nullptr;
  std::string reason;  // why it applies; without facts: empty
};

// The notes of the releases after `from` up to and including `to`.  With facts, those that apply to
// the stack.  kInvalid if `from` is newer than `to`.
Result<std::vector<AppliedNote>> Changelog(ReleaseNumber from, ReleaseNumber to,
                                           const StackFacts* facts);

boost::json::object ToJson(const AppliedNote& note);

}  // namespace vams::lifecycle
