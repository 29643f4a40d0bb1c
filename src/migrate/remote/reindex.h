// The reindex phase of upstream's steps: one call of the function that the configuration names, and
// an honest reading of what it answers.  Spec: migrations.md section 8.
//
// InvokeReindex blocks until the function has ended, up to fifteen minutes.  ReadReindexAnswer is
// pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "migrate/remote/upstream_config.h"
#include "net/lambda.h"

namespace vams::migrate::remote {

// Calls a function once; never again by itself (net::InvokeFunction).
using Invoke = std::function<Result<net::LambdaResult>(OpContext& op, std::string_view function,
                                                       std::string payload)>;

struct ReindexOutcome {
  std::string summary;  // "assets: 12 of 12, files: 30 of 31 (1 failed)"
  std::uint64_t failed = 0;
};

// {"operation":…,"dry_run":…,"clear_indexes":…[,"limit":…]}
std::string ReindexPayload(const UpstreamConfig& config);

// kInternal when the function failed, said so in its body, or gave no results: with what it said.
Result<ReindexOutcome> ReadReindexAnswer(const net::LambdaResult& answer);

Result<ReindexOutcome> InvokeReindex(OpContext& op, const UpstreamConfig& config,
                                     const Invoke& invoke);

}  // namespace vams::migrate::remote
