#include "audit/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <thread>
#include <utility>

#include "audit/head.h"
#include "audit/line.h"

namespace vams::audit {

namespace json = boost::json;

namespace {

// As many lines as a machine may lose when it stops, and more: heads are looked up among these.
constexpr std::size_t kRemembered = std::size_t{1} << 17;
// How often a head that does not fit is read again: another process may be between line and head.
constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kPause{2};

std::string TextAt(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::uint64_t NumberAt(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

std::string LinesText(std::uint64_t first, std::uint64_t last) {
  return first == last ? fmt::format("line {}", first) : fmt::format("lines {} to {}", first, last);
}

class Verifier {
 public:
  Verifier(files::Path folder, std::span<const Anchor> anchors) : folder_(std::move(folder)) {
    for (const auto& anchor : anchors) anchors_.push_back({anchor, false});
  }

  Result<Verification> Run();

 private:
  struct Place {
    std::string file;
    std::uint64_t line = 0;
  };
  struct Remembered {
    std::uint64_t sequence = 0;
    std::string digest;
  };
  struct Kept {
    Anchor anchor;
    bool seen = false;
  };

  Status Scan();
  Status ScanDay(const std::string& day, bool newest);
  void See(const std::string& day, std::string_view text);
  void CheckChain(const Line& line);
  void CheckDay(const std::string& day, const Line& line);
  void CheckOwn(const Line& line);
  void CheckResumed(const Line& line, const json::object& payload);
  void CheckTorn(const json::object& torn);
  void CheckKnown(std::uint64_t sequence, const std::string& digest, const Place& place,
                  std::string_view whose);
  void CheckExtra(const Head& head, std::uint64_t found, std::string_view boot, const Place& place);
  void CheckBeginning();
  void CheckEnd(const Head& head, bool growing);
  void CheckAnchors();
  Status Settle();

  void Find(const Place& place, std::string what) {
    if (++result_.finding_count <= Verification::kMaxFindings)
      result_.findings.push_back({place.file, place.line, std::move(what)});
  }

  const files::Path folder_;
  std::vector<Kept> anchors_;
  Verification result_;

  // How far the scan has come: a file and what was read of it.
  std::string day_;
  std::uint64_t offset_ = 0;
  Place at_;          // the line last seen
  std::string rest_;  // behind it

  std::uint64_t expected_ = 0;  // sequence; 0 before the first line
  bool before_damaged_ = false;
  std::string digest_ = NoDigest();  // of the line last seen
  std::string first_before_;
  Place first_place_;
  std::deque<Remembered> remembered_;             // the newest lines
  std::map<std::uint64_t, std::string> removed_;  // last lines of days that retention removed
};

Result<Verification> Verifier::Run() {
  TRY_OK(Settle());
  CheckBeginning();
  CheckAnchors();
  TRY(const auto files, ListDays(folder_));
  for (const auto& stray : files.strays)
    Find({stray, 0}, "is no file of the log: it was put there by something else");
  result_.files = files.days.size();
  result_.head = {expected_ == 0 ? 0 : expected_ - 1, digest_};
  return std::move(result_);
}

// Reads the log to an end that fits the head, if there is such an end.
Status Verifier::Settle() {
  for (int attempt = 1;; ++attempt) {
    TRY(const auto before, ReadHead(folder_));
    TRY_OK(Scan());
    TRY(const auto after, ReadHead(folder_));
    const std::uint64_t last = expected_ == 0 ? 0 : expected_ - 1;
    const bool between = before.good() && after.good() && before.sequence <= last &&
                         last <= after.sequence && rest_.empty();
    const bool final = after.good() ? after.clean : last == 0;
    if (!between && !final && attempt < kAttempts) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    const bool growing = between && after.sequence > last;
    CheckEnd(growing ? before : after, growing);
    return Ok();
  }
}

Status Verifier::Scan() {
  TRY(const auto files, ListDays(folder_));
  for (const auto& day : files.days) {
    if (day < day_) continue;
    TRY_OK(ScanDay(day, day == files.days.back()));
  }
  return Ok();
}

Status Verifier::ScanDay(const std::string& day, bool newest) {
  if (day != day_) {
    day_ = day;
    offset_ = 0;
    at_ = {DayFile(day), 0};
  }
  auto reader = LineReader::Open(folder_ / DayFile(day), offset_);
  // Retention has removed it since the folder was listed.
  if (!reader.ok() && reader.error().code == Code::kNotFound) return Ok();
  if (!reader.ok()) return std::move(reader).error();
  for (;;) {
    TRY(const auto text, reader->Next());
    if (!text) break;
    ++at_.line;
    See(day, *text);
  }
  offset_ = reader->offset();
  rest_ = reader->rest();
  if (!newest && !rest_.empty())
    Find({at_.file, at_.line + 1},
         "has no end, though the log goes on in another file: a line was "
         "changed or cut off");
  return Ok();
}

void Verifier::See(const std::string& day, std::string_view text) {
  ++result_.lines;
  std::string digest = DigestOf(text);
  const auto line = ParseLine(text);
  if (line) {
    CheckDay(day, *line);
    CheckChain(*line);
    CheckOwn(*line);
    expected_ = line->sequence + 1;
    remembered_.push_back({line->sequence, digest});
    if (remembered_.size() > kRemembered) remembered_.pop_front();
    for (auto& kept : anchors_) {
      if (kept.anchor.sequence != line->sequence) continue;
      kept.seen = true;
      if (kept.anchor.digest != digest)
        Find(at_, fmt::format("is not the line {} of the anchor: it, or a line before it, was "
                              "changed and the chain made anew",
                              line->sequence));
    }
  } else {
    Find(at_, "is no line of the log: it was changed or is damaged");
    if (expected_ == 0) first_place_ = at_;
    expected_ = std::max<std::uint64_t>(expected_, 1) + 1;
  }
  before_damaged_ = !line;
  digest_ = std::move(digest);
}

void Verifier::CheckDay(const std::string& day, const Line& line) {
  const auto of_line = line.time.substr(0, 10);
  if (of_line > day || (at_.line == 1 && of_line != day))
    Find(at_, fmt::format("is of {} and stands in the file of another day: it was moved or changed",
                          of_line));
}

void Verifier::CheckChain(const Line& line) {
  if (expected_ == 0) {
    first_place_ = at_;
    first_before_ = line.before;
    result_.first_sequence = line.sequence;
    return;
  }
  if (line.sequence > expected_) {
    Find(at_, fmt::format("{} missing before line {}: removed, moved or changed",
                          LinesText(expected_, line.sequence - 1) +
                              (expected_ == line.sequence - 1 ? " is" : " are"),
                          line.sequence));
  } else if (line.sequence < expected_) {
    Find(at_, fmt::format("line {} stands behind line {}: inserted, moved or changed",
                          line.sequence, expected_ - 1));
  } else if (line.before != digest_ && !before_damaged_) {
    const Place before = at_.line > 1 ? Place{at_.file, at_.line - 1} : at_;
    Find(before, fmt::format("the digest that line {} carries is not that of line {}: one of them "
                             "was changed",
                             line.sequence, line.sequence - 1));
  }
}

void Verifier::CheckOwn(const Line& line) {
  if (!line.text.starts_with("[ACTIONS][type: audit")) return;
  if (const auto payload = OwnPayload(line.text, kResumed)) return CheckResumed(line, *payload);
  if (const auto payload = OwnPayload(line.text, kLost)) {
    result_.notices.push_back(
        fmt::format("{}:{}: {} events could not be written between {} and {} ({})", at_.file,
                    at_.line, NumberAt(*payload, "count"), TextAt(*payload, "from"),
                    TextAt(*payload, "until"), TextAt(*payload, "cause")));
    return;
  }
  const auto payload = OwnPayload(line.text, kDaysRemoved);
  if (!payload) return;
  const auto* days = payload->if_contains("days");
  if (days == nullptr || !days->is_array()) return;
  for (const auto& day : days->as_array())
    if (const auto* object = day.if_object())
      removed_[NumberAt(*object, "lastSequence")] = TextAt(*object, "lastDigest");
  result_.notices.push_back(fmt::format("{}:{}: {} days were removed because of their age",
                                        at_.file, at_.line, days->as_array().size()));
}

// What the writer found when it opened the log is judged as if it were found now.
void Verifier::CheckResumed(const Line& line, const json::object& payload) {
  const std::string boot = TextAt(payload, "boot");
  result_.notices.push_back(fmt::format("{}:{}: the log went on after an interruption at {}",
                                        at_.file, at_.line, line.time));
  const auto* found = payload.if_contains("found");
  const std::uint64_t last =
      found != nullptr && found->is_object() ? NumberAt(found->as_object(), "sequence") : 0;
  if (const auto* torn = payload.if_contains("torn"); torn != nullptr && torn->is_object())
    CheckTorn(torn->as_object());
  const auto* known = payload.if_contains("head");
  if (known == nullptr || !known->is_object()) {
    Find(at_, fmt::format("when the log was opened here, its head was {}: what was removed from "
                          "the end before that cannot be seen",
                          TextAt(payload, "head")));
    return;
  }
  const auto& text = known->as_object();
  const Head head{.presence = Head::Presence::kGood,
                  .clean = TextAt(text, "state") == "shut",
                  .sequence = NumberAt(text, "sequence"),
                  .digest = TextAt(text, "digest"),
                  .durable_sequence = NumberAt(text, "durableSequence"),
                  .durable_digest = TextAt(text, "durableDigest"),
                  .boot = TextAt(text, "boot")};
  if (auto why = WhyShort(head, last, boot); !why.empty())
    Find(at_, fmt::format("when the log was opened here, {}", why));
  CheckKnown(head.sequence, head.digest, at_, "head found here");
  CheckKnown(head.durable_sequence, head.durable_digest, at_, "head found here");
  CheckExtra(head, last, boot, at_);
}

void Verifier::CheckTorn(const json::object& torn) {
  const std::string name = TextAt(torn, "file");
  const auto bytes = name.starts_with("torn/") && name.find("..") == name.npos
                         ? files::ReadAll(folder_ / name)
                         : Error(Code::kNotFound, "");
  if (!bytes.ok() || DigestOf(*bytes) != TextAt(torn, "digest"))
    Find({name, 0}, fmt::format("the torn line that {}:{} speaks of is missing or was changed",
                                at_.file, at_.line));
}

// A head knew that this line has this digest.
void Verifier::CheckKnown(std::uint64_t sequence, const std::string& digest, const Place& place,
                          std::string_view whose) {
  if (sequence == 0 || sequence >= std::max<std::uint64_t>(expected_, 1)) return;
  const auto line = std::find_if(remembered_.rbegin(), remembered_.rend(),
                                 [&](const Remembered& r) { return r.sequence == sequence; });
  // Too long ago, or in a day that was removed: nothing contradicts.
  if (line == remembered_.rend()) return;
  if (line->digest != digest)
    Find(place, fmt::format("line {} is not the one that the {} knows: it, or a line before it, "
                            "was changed and the chain made anew",
                            sequence, whose));
}

// Lines behind the head.
void Verifier::CheckExtra(const Head& head, std::uint64_t found, std::string_view boot,
                          const Place& place) {
  if (found <= head.sequence) return;
  const std::string lines = LinesText(head.sequence + 1, found);
  // A killed process leaves one; more stay only when the machine loses what it had not written.
  if (head.clean || (boot == head.boot && found > head.sequence + 1))
    Find(place, fmt::format("{} stand{} behind the end that the head knows: added by something "
                            "else than the server",
                            lines, found == head.sequence + 1 ? "s" : ""));
  else
    result_.notices.push_back(fmt::format(
        "{}:{}: {} written when the process or machine stopped; the head does not know {}",
        place.file, place.line, lines + (found == head.sequence + 1 ? " was" : " were"),
        found == head.sequence + 1 ? "it" : "them"));
}

void Verifier::CheckBeginning() {
  const std::uint64_t first = result_.first_sequence;
  if (first == 0) return;
  if (first == 1) {
    if (first_before_ != NoDigest())
      Find(first_place_, "is the first line, but carries the digest of one before: it was changed");
    return;
  }
  const auto removed = removed_.find(first - 1);
  if (removed == removed_.end() || removed->second != first_before_)
    Find(first_place_, fmt::format("{} missing at the beginning, and no record of removed days "
                                   "explains it",
                                   LinesText(1, first - 1) + (first == 2 ? " is" : " are")));
}

void Verifier::CheckEnd(const Head& head, bool growing) {
  const std::uint64_t last = expected_ == 0 ? 0 : expected_ - 1;
  if (!head.good()) {
    if (head.presence == Head::Presence::kDamaged)
      Find({"head", 1}, "was changed or is damaged: what was removed from the end cannot be seen");
    else if (result_.lines > 0 || !rest_.empty())
      Find({"head", 0}, "is missing: what was removed from the end cannot be seen");
    return;
  }
  CheckKnown(head.sequence, head.digest, at_, "head");
  CheckKnown(head.durable_sequence, head.durable_digest, at_, "head");
  if (growing) return;
  const std::string boot = BootId();
  if (auto why = WhyShort(head, last, boot); !why.empty())
    Find(at_.file.empty() ? Place{"head", 1} : at_, std::move(why));
  else if (last < head.sequence)
    result_.notices.push_back(fmt::format(
        "{} lost when the machine stopped",
        LinesText(last + 1, head.sequence) + (last + 1 == head.sequence ? " was" : " were")));
  CheckExtra(head, last, boot, at_);
  if (rest_.empty()) return;
  if (head.clean)
    Find({at_.file, at_.line + 1}, "has no end: it was changed, or added behind the log's end");
  else
    result_.notices.push_back(fmt::format(
        "{}:{}: a line was cut off when the process or machine stopped", at_.file, at_.line + 1));
}

void Verifier::CheckAnchors() {
  for (const auto& [anchor, seen] : anchors_) {
    if (seen) continue;
    if (anchor.sequence < result_.first_sequence)
      result_.notices.push_back(
          fmt::format("line {} of an anchor is in a day that was removed", anchor.sequence));
    else
      Find(at_.file.empty() ? Place{"head", 0} : at_,
           fmt::format("line {} of an anchor is missing", anchor.sequence));
  }
}

}  // namespace

Result<Verification> Verify(const files::Path& folder, std::span<const Anchor> anchors) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return Error(Code::kNotFound, fmt::format("there is no audit log in {}", folder.string()));
  return Verifier(folder, anchors).Run();
}

}  // namespace vams::audit
