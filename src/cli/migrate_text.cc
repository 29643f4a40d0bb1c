#include "cli/migrate_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "migrate/report_page.h"

namespace vams::cli {

namespace {

using lifecycle::MigrationEstimate;
using lifecycle::MigrationProof;
using lifecycle::MigrationReport;
using Remarks = std::map<std::string, migrate::RemarkCount>;

constexpr int kBarWidth = 24;

std::string Bytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string Duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

// What is being migrated, or where one goes back to.
std::string Subject(const MigrationReport& report) {
  return report.from == report.to
             ? fmt::format("data version {}", report.from.ToString())
             : fmt::format("data version {} to {}", report.from.ToString(), report.to.ToString());
}

std::string PhaseTable(const migrate::LegOutcome& leg) {
  std::vector<std::vector<std::string>> rows{{"PHASE", "READ", "MADE", "QUARANTINED", "RESIDUE"}};
  for (const auto& phase : leg.phases) {
    // Carrying the migrations' own tables over is no news.
    if (phase.phase.contains("sys.")) continue;
    rows.push_back({phase.phase, Thousands(migrate::Total(phase.read)),
                    Thousands(migrate::Total(phase.put)),
                    Thousands(migrate::Total(phase.quarantined)), Thousands(phase.residue)});
  }
  return Columns(rows);
}

// The remarks of one kind of all phases, by code.
Remarks Collected(const MigrationReport& report,
                  std::map<std::string, migrate::RemarkCount> migrate::PhaseOutcome::*member) {
  migrate::PhaseOutcome all;
  for (const auto& leg : report.legs)
    for (const auto& phase : leg.phases) {
      migrate::PhaseOutcome one;
      one.notes = phase.*member;
      all.Add(one);
    }
  return all.notes;
}

std::string RemarksText(std::string_view title, const Remarks& remarks) {
  if (remarks.empty()) return {};
  std::string text = fmt::format("\n{}:\n", title);
  for (const auto& [code, counted] : remarks) {
    text += fmt::format("  {} ({})\n", code, Records(counted.count));
    for (const auto& sample : counted.samples) text += fmt::format("    {}\n", sample);
    if (counted.count > counted.samples.size())
      text += fmt::format("    … and {} more\n", Thousands(counted.count - counted.samples.size()));
  }
  return text;
}

std::string LegsText(const MigrationReport& report) {
  std::string text;
  for (const auto& leg : report.legs)
    if (!leg.phases.empty()) text += fmt::format("\nstep {}\n{}", leg.name, PhaseTable(leg));
  text += RemarksText("quarantined (kept whole, not in the new data)",
                      Collected(report, &migrate::PhaseOutcome::quarantined));
  text += RemarksText("to be read", Collected(report, &migrate::PhaseOutcome::notes));
  return text;
}

}  // namespace

std::string Records(std::uint64_t count) {
  return count == 1 ? "1 record" : Thousands(count) + " records";
}

MigrationProgress::MigrationProgress(const Context& context)
    : terminal_(::isatty(2) == 1 && !context.json), last_(Steady::now()) {}

MigrationProgress::~MigrationProgress() {
  if (terminal_ && shown_) std::fputs("\r\033[K", stderr);
}

void MigrationProgress::Show(const migrate::Progress& progress) {
  const auto now = Steady::now();
  const std::string phase = fmt::format("{} {}", progress.leg, progress.phase);
  const bool fresh = phase != phase_;
  if (fresh) {
    phase_ = phase;
    began_ = now;
  }
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (now - last_ < pause && !(fresh && terminal_)) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double rate = seconds > 0.05 ? static_cast<double>(progress.done) / seconds : 0;
  if (terminal_)
    ShowBar(progress, rate);
  else
    ShowLine(progress, rate);
  shown_ = true;
}

void MigrationProgress::ShowBar(const migrate::Progress& progress, double rate) {
  std::string text = phase_;
  if (progress.total > 0) {
    const double part =
        std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const int filled = static_cast<int>(part * kBarWidth);
    text += fmt::format(" [{}{}] {:.0f}%", std::string(static_cast<std::size_t>(filled), '='),
                        std::string(static_cast<std::size_t>(kBarWidth - filled), ' '), part * 100);
  }
  if (progress.done > 0)
    text += fmt::format("  {}  {}/s", Records(progress.done),
                        Thousands(static_cast<std::uint64_t>(rate)));
  if (rate > 0 && progress.total > progress.done)
    text += fmt::format("  {} left",
                        Duration(static_cast<std::int64_t>(
                                     static_cast<double>(progress.total - progress.done) / rate) +
                                 1));
  fmt::print(stderr, "\r\033[K{}", text);
  std::fflush(stderr);
}

void MigrationProgress::ShowLine(const migrate::Progress& progress, double rate) {
  if (progress.total > 0)
    fmt::print(stderr, "{}: {} of {}, {}/s\n", phase_, Thousands(progress.done),
               Records(progress.total), Thousands(static_cast<std::uint64_t>(rate)));
  else
    fmt::print(stderr, "{}: {}\n", phase_, Records(progress.done));
}

std::string RemarksOf(const MigrationReport& report, bool defects) {
  std::string text = LegsText(report);
  if (defects)
    text += RemarksText("what the upstream script would have done to this data",
                        Collected(report, &migrate::PhaseOutcome::defects));
  return text;
}

std::string ReportText(const MigrationReport& report) {
  if (report.nothing_to_do)
    return report.kind == "repair"
               ? fmt::format("stack \"{}\" needs no repair; nothing was changed\n", report.stack)
               : fmt::format("stack \"{}\" is at data version {} already; nothing was changed\n",
                             report.stack, report.to.ToString());
  std::string text;
  if (report.resumed) text += fmt::format("went on with {} {}\n", report.kind, report.id);
  text += LegsText(report);
  std::uint64_t proved = 0;
  for (const auto& verification : report.verifications) proved += verification.records;
  if (!report.verifications.empty())
    text += fmt::format("\nverified: {} digested and compared, every table as it was made\n",
                        Records(proved));
  if (report.interrupted || report.strict_stop) return text;
  if (report.returned && report.returned->generation != 0)
    text += fmt::format(
        "against generation {}: {} written since; {} more, {} changed, {} fewer\n",
        report.returned->generation,
        report.returned->writes == 1 ? "1 change" : Thousands(report.returned->writes) + " changes",
        Records(report.returned->added), Thousands(report.returned->changed),
        Thousands(report.returned->removed));
  if (report.dry_run)
    return text + fmt::format("\ndry run of {} on stack \"{}\", {}: nothing was changed ({})\n",
                              report.kind, report.stack, Subject(report),
                              migrate::Seconds(report.millis));
  const std::string_view done = report.kind == "reverse"  ? "took back"
                                : report.kind == "repair" ? "repaired"
                                                          : "migrated";
  return text + fmt::format("\n{} stack \"{}\": {}, generation {}, in {}\nreport: {}\n", done,
                            report.stack, Subject(report), report.result_generation,
                            migrate::Seconds(report.millis),
                            (report.folder / "report.html").string());
}

std::string EstimateText(const MigrationEstimate& estimate) {
  const MigrationReport& report = estimate.report;
  if (report.nothing_to_do) return ReportText(report);
  std::string text =
      fmt::format("stack \"{}\": {} ({}), {}\n", report.stack, Subject(report),
                  migrate::NameOf(report.dialect), fmt::join(report.path, ", then "));
  text += RemarksOf(report, true);
  const auto ambiguous = Collected(report, &migrate::PhaseOutcome::ambiguous);
  text += RemarksText(
      "nothing decides about these; name their databases with --owners FILE, or give --ambiguous "
      "quarantine",
      ambiguous);
  text +=
      fmt::format("\n{} in {}; about {} to migrate; {} of disk needed meanwhile, {} free\n",
                  Records(estimate.rows), Bytes(estimate.data_bytes), Duration(estimate.seconds),
                  Bytes(estimate.needed_bytes), Bytes(estimate.free_bytes));
  return text;
}

boost::json::object EstimateJson(const MigrationEstimate& estimate) {
  return {{"plan", lifecycle::ToJson(estimate.report)}, {"rows", estimate.rows},
          {"dataBytes", estimate.data_bytes},           {"seconds", estimate.seconds},
          {"neededBytes", estimate.needed_bytes},       {"freeBytes", estimate.free_bytes}};
}

std::string ProofText(const MigrationProof& proof) {
  std::string text;
  for (const auto& check : proof.checks) text += fmt::format("holds: {}\n", check);
  for (const auto& remark : proof.remarks) text += fmt::format("note: {}\n", remark);
  for (const auto& failure : proof.failures) text += fmt::format("FAILS: {}\n", failure);
  text += proof.failures.empty()
              ? fmt::format("{} {} of stack \"{}\" is proved\n", proof.report.kind, proof.report.id,
                            proof.report.stack)
              : fmt::format(
                    "{} {} of stack \"{}\" does not hold; go back with \"vams migrate "
                    "reverse\", or restore a backup\n",
                    proof.report.kind, proof.report.id, proof.report.stack);
  return text;
}

boost::json::object ProofJson(const MigrationProof& proof) {
  return {{"stack", proof.report.stack},      {"migration", proof.report.id},
          {"proved", proof.failures.empty()}, {"checks", Texts(proof.checks)},
          {"remarks", Texts(proof.remarks)},  {"failures", Texts(proof.failures)}};
}

}  // namespace vams::cli
