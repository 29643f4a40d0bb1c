#include "migrate/outcome.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/journal.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

constexpr std::size_t kSamples = 5;
constexpr std::size_t kUnitSamples = 3;
using Remarks = std::map<std::string, RemarkCount>;

void Merge(Remarks& into, const Remarks& more) {
  for (const auto& [code, counted] : more) {
    auto& target = into[code];
    target.count += counted.count;
    for (const auto& sample : counted.samples)
      if (target.samples.size() < kSamples) target.samples.push_back(sample);
  }
}

void Merge(std::map<std::string, Digest>& into, const std::map<std::string, Digest>& more) {
  for (const auto& [table, digest] : more) into[table].Add(digest);
}

json::object JsonOf(const Remarks& remarks) {
  json::object object;
  for (const auto& [code, counted] : remarks) {
    json::array samples;
    for (const auto& sample : counted.samples) samples.emplace_back(sample);
    object[code] = json::object{{"count", counted.count}, {"samples", std::move(samples)}};
  }
  return object;
}

const json::object* Member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

Remarks RemarksFrom(const json::object& object, std::string_view member) {
  Remarks remarks;
  const json::object* codes = Member(object, member);
  if (codes == nullptr) return remarks;
  for (const auto& entry : *codes) {
    const json::object* counted = entry.value().if_object();
    if (counted == nullptr) continue;
    auto& remark = remarks[std::string(entry.key())];
    remark.count = NumberOf(*counted, "count");
    if (const auto* samples = counted->if_contains("samples");
        samples != nullptr && samples->is_array())
      for (const auto& sample : samples->as_array())
        if (sample.is_string()) remark.samples.emplace_back(sample.as_string());
  }
  return remarks;
}

}  // namespace

void PhaseOutcome::Add(const PhaseOutcome& more) {
  Merge(read, more.read);
  Merge(put, more.put);
  units += more.units;
  residue += more.residue;
  Merge(quarantined, more.quarantined);
  Merge(ambiguous, more.ambiguous);
  Merge(notes, more.notes);
  Merge(defects, more.defects);
  for (const auto& sample : more.samples)
    if (samples.size() < kUnitSamples) samples.push_back(sample);
  millis += more.millis;
}

void PhaseOutcome::Count(Remarks& remarks, const std::string& code, std::string sample) {
  auto& counted = remarks[code];
  ++counted.count;
  if (counted.samples.size() < kSamples) counted.samples.push_back(std::move(sample));
}

std::uint64_t Total(const Remarks& remarks) {
  std::uint64_t total = 0;
  for (const auto& [code, counted] : remarks) total += counted.count;
  return total;
}

std::uint64_t Total(const std::map<std::string, Digest>& digests) {
  std::uint64_t total = 0;
  for (const auto& [table, digest] : digests) total += digest.count;
  return total;
}

json::object ToJson(const std::map<std::string, Digest>& digests) {
  json::object object;
  for (const auto& [table, digest] : digests)
    object[table] = json::object{{"count", digest.count}, {"digest", ToHex(digest)}};
  return object;
}

Result<std::map<std::string, Digest>> DigestsFrom(const json::object& object,
                                                  std::string_view member) {
  std::map<std::string, Digest> digests;
  const json::object* tables = Member(object, member);
  if (tables == nullptr) return digests;
  for (const auto& entry : *tables) {
    const json::object* digest = entry.value().if_object();
    if (digest == nullptr)
      return Error(Code::kCorrupt,
                   fmt::format("{} is no list of digests; the journal is damaged", member));
    TRY(digests[std::string(entry.key())],
        DigestFrom(NumberOf(*digest, "count"), TextOf(*digest, "digest")));
  }
  return digests;
}

json::object ToJson(const PhaseOutcome& outcome) {
  json::array samples;
  for (const auto& sample : outcome.samples)
    samples.push_back(json::object{{"before", sample.before}, {"after", sample.after}});
  return {{"phase", outcome.phase},
          {"what", outcome.what},
          {"units", outcome.units},
          {"read", ToJson(outcome.read)},
          {"put", ToJson(outcome.put)},
          {"residue", outcome.residue},
          {"quarantined", JsonOf(outcome.quarantined)},
          {"ambiguous", JsonOf(outcome.ambiguous)},
          {"notes", JsonOf(outcome.notes)},
          {"defects", JsonOf(outcome.defects)},
          {"samples", std::move(samples)},
          {"millis", outcome.millis}};
}

Result<PhaseOutcome> OutcomeFrom(const json::object& object) {
  PhaseOutcome outcome;
  outcome.phase = TextOf(object, "phase");
  outcome.what = TextOf(object, "what");
  outcome.units = NumberOf(object, "units");
  TRY(outcome.read, DigestsFrom(object, "read"));
  TRY(outcome.put, DigestsFrom(object, "put"));
  outcome.residue = NumberOf(object, "residue");
  outcome.quarantined = RemarksFrom(object, "quarantined");
  outcome.ambiguous = RemarksFrom(object, "ambiguous");
  outcome.notes = RemarksFrom(object, "notes");
  outcome.defects = RemarksFrom(object, "defects");
  if (const auto* samples = object.if_contains("samples");
      samples != nullptr && samples->is_array())
    for (const auto& sample : samples->as_array())
      if (sample.is_object())
        outcome.samples.push_back(
            {TextOf(sample.as_object(), "before"), TextOf(sample.as_object(), "after")});
  outcome.millis = static_cast<std::int64_t>(NumberOf(object, "millis"));
  return outcome;
}

}  // namespace vams::migrate
