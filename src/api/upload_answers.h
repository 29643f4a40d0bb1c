// What the routes of uploads and of ingests have in common.  Internal to api.
// Spec: api-assets.md sections 5.2, 5.5 and 5.8.
#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>

#include "api/gate.h"
#include "catalog/uploads.h"
#include "model/upload.h"

namespace vams::api {

// The files of a begun upload with a signed URL for each part.
Result<boost::json::array> BegunFiles(Call& call, const catalog::BegunUpload& begun);
boost::json::array FileResults(const catalog::CompletedUpload& done);

// "Upload completed successfully", and what else it may have come to.
std::string_view MessageOf(const catalog::CompletedUpload& done);

// 429 with Retry-After.
http::Response TooManyUploads();

// Lines for the audit log, after the work.
void AuditBegun(Call& call, const model::NewUpload& upload, const catalog::BegunUpload& begun);
void AuditCompleted(Call& call, const model::FinishedUpload& upload, std::string_view upload_id,
                    const catalog::CompletedUpload& done);

// A completion that failed must not be answered with 503, which clients take for work that goes on.
Error NeverUnavailable(Error error);

// POST /ingest-asset.
void AddIngestRoute(Gate& gate);

}  // namespace vams::api
