// What a phase has done so far: counts, digests, remarks.  Part of every checkpoint, so that a
// resumed phase ends with the same numbers as an uninterrupted one.
//
// Plain values; no I/O.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "migrate/digest.h"

namespace vams::migrate {

// Remarks of one code.
struct RemarkCount {
  std::uint64_t count = 0;
  std::vector<std::string> samples;  // "Table {key}: text", the first few
};

// A unit before and after, one record a line, as DynamoDB JSON; long ones are cut.
struct Sample {
  std::string before, after;
};

struct PhaseOutcome {
  std::string phase, what;
  std::map<std::string, Digest> read;  // by table of the source state
  std::map<std::string, Digest> put;   // by table of the destination state
  std::uint64_t units = 0;
  std::uint64_t residue = 0;
  std::map<std::string, RemarkCount> quarantined, ambiguous, notes, defects;  // by code
  std::vector<Sample> samples;                                                // the first few units
  std::int64_t millis = 0;  // of work, over all attempts

  // Adds what another part of the same phase did.
  void Add(const PhaseOutcome& more);
  void Count(std::map<std::string, RemarkCount>& remarks, const std::string& code,
             std::string sample);
};

std::uint64_t Total(const std::map<std::string, RemarkCount>& remarks);
std::uint64_t Total(const std::map<std::string, Digest>& digests);

boost::json::object ToJson(const PhaseOutcome& outcome);
// kCorrupt if it is not what ToJson gives.
Result<PhaseOutcome> OutcomeFrom(const boost::json::object& object);

boost::json::object ToJson(const std::map<std::string, Digest>& digests);
Result<std::map<std::string, Digest>> DigestsFrom(const boost::json::object& object,
                                                  std::string_view member);

}  // namespace vams::migrate
