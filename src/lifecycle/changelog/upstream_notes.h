// The notes about upstream's releases, as data.  Internal to changelog.  Spec: migrations.md
// section
// 2.  Constant data, pure functions.
#pragma once

#include <span>
#include <vector>

#include "lifecycle/changelog/changelog.h"

namespace vams::lifecycle::internal {

// In the order of releases.
std::span<const ReleaseNote> UpstreamNotes();

// The change fragments that were built in (changes/README.md), as notes of this release.
std::vector<ReleaseNote> OwnNotes();

// What a fragment says; nothing for a text that is none.  The views go into `text`.
std::optional<ReleaseNote> NoteFrom(std::string_view slug, std::string_view text);

}  // namespace vams::lifecycle::internal
