// Proves that a destination state is what a step made of its source: every record counted, digested
// and checked, nothing sampled.  Spec: lifecycle.md section 5.7.
//
// Blocks for as long as the tables are large; uses threads of its own.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "migrate/leg.h"

namespace vams::migrate {

struct TableCheck {
  Digest before;  // of the source; count 0 for a table that it does not have
  Digest expected, after;
  bool written = false;  // by the step; else carried over
  bool ok() const { return expected == after; }
};

struct Verification {
  std::map<std::string, TableCheck> tables;  // system tables left out
  // By table: records that break their structure; in the reference dialect they are among the
  // orphans, because upstream's scripts make such records.
  std::map<std::string, RemarkCount> broken;
  std::map<std::string, RemarkCount> orphans;  // by table: records that refer to nothing
  std::vector<std::string> failures;           // sentences; empty: all holds
  std::uint64_t records = 0;                   // digested
  std::int64_t millis = 0;
  bool ok() const { return failures.empty(); }
};

struct VerifyJob {
  Leg leg;
  const Settings& settings;
  items::ItemSource& source;
  items::ItemSource& destination;
  const LegOutcome& outcome;
  int threads = 2;
  OnProgress on_progress;
};

// An error means that it could not be verified; a proof that failed is a Verification with
// failures.
Result<Verification> VerifyLeg(OpContext& op, const VerifyJob& job);

// Digests of all tables but system tables.
Result<std::map<std::string, Digest>> DigestsOf(OpContext& op, items::ItemSource& source,
                                                int threads);

// kCorrupt with the failures, if there are any.
Status Demand(const Verification& verification);

boost::json::object ToJson(const Verification& verification);
Result<Verification> VerificationFrom(const boost::json::object& object);

}  // namespace vams::migrate
