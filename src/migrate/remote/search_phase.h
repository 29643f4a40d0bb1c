// The part of a remote run that fills search indexes directly (--opensearch-url) instead of calling
// upstream's reindex function.  Internal to migrate/remote.  Spec: lifecycle.md section 4;
// docs/operations/migrate-aws.md.
//
// PlanSearch and TellSearch are pure; the others block on the network, the store or both.
#pragma once

#include <optional>

#include "migrate/index/fill.h"
#include "migrate/remote/record.h"
#include "migrate/remote/run.h"

namespace vams::migrate::remote {

// Nothing: the configuration names no server.  `to` is the version whose indexes are filled.
std::optional<SearchPlan> PlanSearch(const UpstreamConfig& config, tables::DataVersion to);

// Before anything is written anywhere: that documents can be made and that the server's indexes are
// the right ones, or absent.  kInvalid, kConflict with what to do; else the report learns what
// there is.
Status CheckSearch(OpContext& op, const RemoteJob& job, const RemotePlan& plan,
                   RemoteReport& report);

// What would be put where, as a notice.
Status RehearseSearch(OpContext& op, const RemoteJob& job, const RemotePlan& plan,
                      items::ItemSource& result, RemoteReport& report);

// The plan must have a search part, and the job a server.
index::FillJob SearchJob(const RemoteJob& job, const RemotePlan& plan, items::ItemSource& result,
                         Journal& journal, const files::Path& folder);

// What came of it, and what is left to the operator.
void TellSearch(const RemoteJob& job, const RemotePlan& plan, const index::FillOutcome& outcome,
                RemoteReport& report);

// Reads every document again.
Status VerifySearch(OpContext& op, const RemoteJob& job, const RemoteRecord& record,
                    items::ItemSource& result, RemoteProof& proof);

}  // namespace vams::migrate::remote
