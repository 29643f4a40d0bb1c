// Following across data versions: the copy as a whole goes through the migration steps
// (migrate/build.h), later changes in small closed sets (migrate/carry/carry.h).
//
// One thread.  Blocks for as long as there is much to transform.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lifecycle/ab/state.h"
#include "migrate/carry/carry.h"
#include "migrate/steps.h"

namespace vams::lifecycle::ab {

class Crossing {
 public:
  // Nothing where the versions are equal.  kNotSupported where no steps lead there.
  static Result<std::unique_ptr<Crossing>> Between(tables::DataVersion from, tables::DataVersion to,
                                                   const State& state);

  // What a start that decided nothing goes by, the same in every run of the deployment: what a step
  // makes up must come out the same.
  static migrate::Settings SettingsOf(const State& state);

  // Reads everything and writes nothing that stays: how many records would be set aside.  kConflict
  // for those that nothing decides about.
  Result<std::uint64_t> Try(OpContext& op, const files::Path& store, const files::Path& work) const;

  // Takes a whole store through the steps; where the outcome is: below `work`, an existing folder.
  // kConflict for records that nothing decides about.
  Result<files::Path> Whole(OpContext& op, const files::Path& store, const files::Path& work) const;

  // The changes behind `after` up to `to`, which is how `source` is.  kNotFound when they cannot be
  // carried one by one, and everything has to be copied anew; the number of changes.
  Result<std::uint64_t> Carry(OpContext& op, items::ItemSource& source,
                              const migrate::ReadChanges& changes, items::Position after,
                              items::Position to, items::ItemStore& target,
                              const files::Path& work) const;

 private:
  Crossing(std::vector<migrate::Leg> path, migrate::Settings settings)
      : path_(std::move(path)), settings_(std::move(settings)) {}

  const std::vector<migrate::Leg> path_;
  const migrate::Settings settings_;
};

}  // namespace vams::lifecycle::ab
