#include "migrate/states.h"

#include <fmt/format.h>

#include <array>

namespace vams::migrate {

namespace {

constexpr std::array<std::pair<Stage, std::string_view>, 9> kNames = {{
    {Stage::kPlanned, "planned"},
    {Stage::kCopying, "copying"},
    {Stage::kCopied, "copied"},
    {Stage::kVerified, "verified"},
    {Stage::kCutOver, "cut over"},
    {Stage::kFinished, "finished"},
    {Stage::kReverting, "reverting"},
    {Stage::kReverted, "reverted"},
    {Stage::kCancelled, "cancelled"},
}};

}  // namespace

std::string_view NameOf(Stage stage) {
  for (const auto& [known, name] : kNames)
    if (known == stage) return name;
  return "";
}

Result<Stage> StageFrom(std::string_view name) {
  for (const auto& [stage, known] : kNames)
    if (known == name) return stage;
  return Error(Code::kCorrupt,
               fmt::format("\"{}\" is no stage of a migration; the journal is damaged or was "
                           "written by a newer release",
                           name));
}

bool MayMove(Stage from, Stage to) {
  switch (from) {
    case Stage::kPlanned:
      return to == Stage::kCopying || to == Stage::kCancelled;
    case Stage::kCopying:
      return to == Stage::kCopied || to == Stage::kCancelled;
    case Stage::kCopied:
      return to == Stage::kVerified || to == Stage::kCancelled;
    case Stage::kVerified:
      return to == Stage::kCutOver || to == Stage::kCancelled;
    case Stage::kCutOver:
      return to == Stage::kFinished;
    case Stage::kFinished:
      return to == Stage::kReverting;
    case Stage::kReverting:
      return to == Stage::kReverted || to == Stage::kFinished;  // the reversal was cancelled
    case Stage::kReverted:
    case Stage::kCancelled:
      return false;
  }
  return false;
}

bool IsAtRest(Stage stage) {
  return stage == Stage::kFinished || stage == Stage::kReverted || stage == Stage::kCancelled;
}

}  // namespace vams::migrate
