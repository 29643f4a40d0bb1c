#include "migrate/report_page.h"

#include <fmt/format.h>

#include <map>

namespace vams::migrate {

namespace {

std::string Rate(std::uint64_t rows, std::int64_t millis) {
  return millis <= 0 ? std::string("–")
                     : Grouped(rows * 1000 / static_cast<std::uint64_t>(millis)) + "/s";
}

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #1a7f37; --bad: #b42318; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
pre { font: .8em/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .6rem; margin: 0; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.lead { color: #888; margin-top: .2rem; } details { margin: .3rem 0; } summary { cursor: pointer; }
ul { margin: .3rem 0; padding-left: 1.3rem; } dl { display: grid; grid-template-columns: 12rem 1fr; gap: .2rem .8rem; }
dt { color: #888; } dd { margin: 0; }
)";

void AppendRemarks(std::string& out, std::string_view title, std::string_view what,
                   const LegOutcome& leg,
                   std::map<std::string, RemarkCount> PhaseOutcome::*member) {
  std::uint64_t total = 0;
  for (const auto& phase : leg.phases) total += Total(phase.*member);
  if (total == 0) return;
  out += fmt::format("<h3>{}: {}</h3><p class=lead>{}</p>", Escaped(title), Grouped(total),
                     Escaped(what));
  for (const auto& phase : leg.phases)
    for (const auto& [code, counted] : phase.*member) {
      out += fmt::format("<details><summary>{} · {} · {}</summary><ul>", Escaped(phase.phase),
                         Escaped(code), Grouped(counted.count));
      for (const auto& sample : counted.samples)
        out += fmt::format("<li><code>{}</code></li>", Escaped(sample));
      if (counted.count > counted.samples.size())
        out +=
            fmt::format("<li>… and {} more</li>", Grouped(counted.count - counted.samples.size()));
      out += "</ul></details>";
    }
}

// What became of the first records of every phase.
void AppendSamples(std::string& out, const LegOutcome& leg) {
  std::string samples;
  for (const auto& phase : leg.phases)
    for (const auto& sample : phase.samples)
      if (!sample.before.empty() || !sample.after.empty())
        samples += fmt::format(
            "<details><summary>{}</summary><p class=lead>before</p><pre>{}</pre>"
            "<p class=lead>after</p><pre>{}</pre></details>",
            Escaped(phase.phase), Escaped(sample.before),
            Escaped(sample.after.empty() ? "nothing" : sample.after));
  if (!samples.empty()) out += "<h3>Samples</h3>" + samples;
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string Seconds(std::int64_t millis) {
  return fmt::format("{}.{:01} s", millis / 1000, millis % 1000 / 100);
}

std::string PageHead(std::string_view title, std::string_view heading, std::string_view lead) {
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8>"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">"
      "<title>{}</title><style>{}</style><h1>{}</h1><p class=lead>{}</p>",
      Escaped(title), kStyle, Escaped(heading), Escaped(lead));
}

void AppendLeg(std::string& out, const LegOutcome& leg) {
  out += fmt::format(
      "<h2>Step {}</h2><table><tr><th>Phase<th>What it does<th class=n>Read"
      "<th class=n>Made<th class=n>Quarantined<th class=n>Residue<th class=n>Time"
      "<th class=n>Rate</tr>",
      Escaped(leg.name));
  for (const auto& phase : leg.phases) {
    // Carrying the migrations' own tables over is no news.
    if (phase.phase.contains("sys.")) continue;
    const auto read = Total(phase.read);
    out += fmt::format(
        "<tr><td>{}<td>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}"
        "<td class=n>{}</tr>",
        Escaped(phase.phase), Escaped(phase.what), Grouped(read), Grouped(Total(phase.put)),
        Grouped(Total(phase.quarantined)), Grouped(phase.residue), Seconds(phase.millis),
        Rate(read, phase.millis));
  }
  out += "</table>";
  AppendSamples(out, leg);
  AppendRemarks(out, "Quarantined", "Records that have no place in the new shape; kept whole.", leg,
                &PhaseOutcome::quarantined);
  AppendRemarks(out, "To be read by the operator", "Decisions that the data did not leave open.",
                leg, &PhaseOutcome::notes);
  AppendRemarks(out, "What the upstream script would have done",
                "Records that its known defects would have damaged or lost.", leg,
                &PhaseOutcome::defects);
}

void AppendVerification(std::string& out, const std::string& leg,
                        const Verification& verification) {
  out += fmt::format(
      "<h2>Proof of step {}</h2><p class={}>{}</p><p class=lead>{} records digested in {} ({})</p>"
      "<table><tr><th>Table<th><th class=n>Before<th class=n>After<th>Digest before"
      "<th>Digest after</tr>",
      Escaped(leg), verification.ok() ? "good" : "bad",
      verification.ok() ? "Everything that was made is there, and nothing else."
                        : "The proof failed.",
      Grouped(verification.records), Seconds(verification.millis),
      Rate(verification.records, verification.millis));
  for (const auto& [table, check] : verification.tables) {
    if (check.before.count == 0 && check.after.count == 0) continue;
    out += fmt::format(
        "<tr><td>{}<td>{}<td class=n>{}<td class=n>{}<td><code>{}</code><td><code>{}</code>{}</tr>",
        Escaped(table), check.written ? "written" : "carried over", Grouped(check.before.count),
        Grouped(check.after.count), ToHex(check.before), ToHex(check.after),
        check.ok() ? "" : " <span class=bad>differs</span>");
  }
  out += "</table>";
  for (const auto& failure : verification.failures)
    out += fmt::format("<p class=bad>{}</p>", Escaped(failure));
  std::uint64_t orphans = Total(verification.orphans);
  if (orphans > 0) {
    out += fmt::format(
        "<details><summary>{} records refer to something that does not exist"
        "</summary><ul>",
        Grouped(orphans));
    for (const auto& [table, counted] : verification.orphans)
      for (const auto& sample : counted.samples)
        out += fmt::format("<li><code>{}</code></li>", Escaped(sample));
    out += "</ul></details>";
  }
}

}  // namespace vams::migrate
