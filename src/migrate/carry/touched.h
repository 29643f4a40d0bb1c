// Reads the change log and says which subjects it touches.  Internal to carry.
//
// Blocks on the stores.  One thread.
#pragma once

#include "migrate/carry/carry.h"
#include "migrate/carry/gather.h"

namespace vams::migrate::carry {

// Calls `visit` for every change in (job.after, job.to], page by page.
Status ForEachChange(OpContext& op, const CarryJob& job,
                     const std::function<Status(const items::ChangePage& page)>& visit);

// The bucket prefixes of both stores.
Result<Prefixes> ReadPrefixes(OpContext& op, const CarryJob& job);

// `tables`: TablesOfPath.
Result<Touched> FindTouched(OpContext& op, const CarryJob& job, const Subjects& subjects,
                            const std::set<std::string, std::less<>>& tables);

}  // namespace vams::migrate::carry
