#include <fmt/format.h>

#include <deque>

#include "lifecycle/changelog/own_changes.h"
#include "lifecycle/changelog/upstream_notes.h"

namespace vams::lifecycle::internal {

namespace {

std::string_view TakeLine(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \n\t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \n\t") - first + 1);
}

// A fragment speaks of data that it leads from: then it is about stacks that have such data.
std::optional<std::string> OlderData(const StackFacts& facts) {
  if (facts.data_version >= tables::kNewest) return std::nullopt;
  return fmt::format("the data has the shape of {}", facts.data_version.ToString());
}

}  // namespace

std::optional<ReleaseNote> NoteFrom(std::string_view slug, std::string_view text) {
  if (TakeLine(text) != "---") return std::nullopt;
  std::string_view data, breaking;
  bool closed = false;
  while (!text.empty() && !closed) {
    const auto line = TakeLine(text);
    const auto colon = line.find(':');
    if (line == "---") closed = true;
    if (colon == std::string_view::npos) continue;
    const auto value = Trim(line.substr(colon + 1));
    if (line.starts_with("data:")) data = value;
    if (line.starts_with("breaking:")) breaking = value;
  }
  if (!closed || Trim(text).empty()) return std::nullopt;
  const auto release = ReleaseNumber::Parse(VAMS_RELEASE);
  ReleaseNote note;
  note.id = slug;
  note.product = "vams";
  if (release.ok()) note.release = *release;
  note.kind = breaking.empty() || breaking == "no" ? NoteKind::kChange : NoteKind::kBreaking;
  note.text = Trim(text);
  if (note.kind == NoteKind::kBreaking) note.action = breaking;
  if (!data.empty() && data != "none") note.applies = OlderData;
  return note;
}

std::vector<ReleaseNote> OwnNotes() {
  std::vector<ReleaseNote> notes;
  for (const auto& change : OwnChanges())
    if (auto note = NoteFrom(change.slug, change.text)) notes.push_back(*note);
  return notes;
}

}  // namespace vams::lifecycle::internal
