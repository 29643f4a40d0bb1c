#include "lifecycle/changelog/changelog.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "lifecycle/changelog/upstream_notes.h"

namespace vams::lifecycle {

std::string_view NameOf(NoteKind kind) {
  constexpr std::array<std::string_view, 4> kNames = {"breaking", "required", "known-issue",
                                                      "change"};
  return kNames.at(static_cast<std::size_t>(kind));
}

Result<ReleaseNumber> ReleaseNumber::Parse(std::string_view text) {
  const Error wrong(
      Code::kInvalid,
      fmt::format("\"{}\" is no release; nothing was done; write it as 2.4 or 2.4.1", text));
  std::array<std::uint8_t, 3> parts{0, 0, kAnyPatch};
  std::size_t count = 0;
  std::string_view rest = text.starts_with('v') ? text.substr(1) : text;
  while (count < parts.size()) {
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), parts.at(count));
    if (error != std::errc() || end == rest.data()) return wrong;
    ++count;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty()) break;
    if (!rest.starts_with('.')) return wrong;
    rest.remove_prefix(1);
    if (rest.empty()) return wrong;
  }
  if (!rest.empty() || count < 2) return wrong;
  return ReleaseNumber{parts[0], parts[1], parts[2]};
}

std::string ReleaseNumber::ToString() const {
  return patch == kAnyPatch ? fmt::format("{}.{}", major, minor)
                            : fmt::format("{}.{}.{}", major, minor, patch);
}

std::span<const ReleaseNote> AllNotes() {
  static const std::vector<ReleaseNote> all = [] {
    const auto upstream = internal::UpstreamNotes();
    std::vector<ReleaseNote> notes(upstream.begin(), upstream.end());
    const auto own = internal::OwnNotes();
    notes.insert(notes.end(), own.begin(), own.end());
    return notes;
  }();
  return all;
}

namespace {

// Releases of upstream by their numbers.  This release brings what serves the newest data, so its
// own notes belong to every range that ends there.
bool IsIn(const ReleaseNote& note, ReleaseNumber from, ReleaseNumber to) {
  if (note.product == "upstream") return from < note.release && note.release <= to;
  return tables::DataVersion{to.major, to.minor} >= tables::kNewest;
}

}  // namespace

Result<std::vector<AppliedNote>> Changelog(ReleaseNumber from, ReleaseNumber to,
                                           const StackFacts* facts) {
  if (from > to)
    return Error(
        Code::kInvalid,
        fmt::format("release {} is newer than {}; nothing was done; --from names the older "
                    "one",
                    from.ToString(), to.ToString()));
  std::vector<AppliedNote> notes;
  for (const auto& note : AllNotes()) {
    if (!IsIn(note, from, to)) continue;
    AppliedNote applied{.note = &note, .reason = {}};
    if (facts != nullptr) {
      auto reason = note.applies == nullptr ? std::optional<std::string>("it is about every stack")
                                            : note.applies(*facts);
      if (!reason) continue;
      applied.reason = *std::move(reason);
    }
    notes.push_back(std::move(applied));
  }
  return notes;
}

boost::json::object ToJson(const AppliedNote& applied) {
  const ReleaseNote& note = *applied.note;
  boost::json::object object{{"id", note.id},
                             {"product", note.product},
                             {"release", note.release.ToString()},
                             {"kind", NameOf(note.kind)},
                             {"text", note.text}};
  if (!note.action.empty()) object["action"] = note.action;
  if (!note.here.empty()) object["here"] = note.here;
  if (!applied.reason.empty()) object["reason"] = applied.reason;
  return object;
}

}  // namespace vams::lifecycle
