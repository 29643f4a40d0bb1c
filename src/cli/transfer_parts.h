// Sending the parts of an upload to where their URLs say: one in a request of its own, or those of
// many small files in one bundle (docs/formats/part-bundle.md).  Every part is checked against the
// checksum that the server answers with.
//
// Thread-safe.  Blocks on network and disk.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/rest_client.h"
#include "cli/transfer_progress.h"
#include "cli/upload_state.h"

namespace vams::cli {

// What a file says of itself that is no longer what it was.
Error FileChanged();
// Whether size and time are what they were.
bool IsSame(const UploadFile& file);

// kUnauthenticated: the part's URL is no longer good.
Result<SentPart> SendPart(RestClient& client, const BegunFile& file, std::size_t part,
                          TransferProgress& progress);

// The only parts of these files, with a result for each, in order.  An error says nothing of single
// files; one that is not retryable is for good: the server takes no such bundle (any more).
Result<std::vector<Result<SentPart>>> SendBundle(RestClient& client, const std::string& url,
                                                 std::span<const BegunFile* const> files,
                                                 TransferProgress& progress);

}  // namespace vams::cli
