// The one answer for a version of an object: GET and HEAD, a range of it, conditions, validators,
// by sendfile where its bytes lie in a file.  For signed URLs, downloads and streams.
// Spec: api-assets.md sections 1.11 and 8.
//
// Thread-safe (no shared state).  Blocks as far as opening the object does; the answer's bytes are
// read while they are sent, so the store has to outlive the server.
#pragma once

#include <optional>
#include <string>

#include "base/op_context.h"
#include "base/result.h"
#include "http/message.h"
#include "objects/signed_url.h"
#include "objects/store.h"

namespace vams::api {

// Of an object that was stored without a type (api-assets.md section 2.4).
inline constexpr std::string_view kObjectContentType = "binary/octet-stream";

struct ObjectAnswerOptions {
  std::string content_type;         // instead of the object's own; empty: that
  std::string content_disposition;  // empty: none
  // Bytes of the object that may be sent; kDenied for a GET that asks for others.
  std::optional<objects::ByteBounds> allowed;
  // Added, and instead of what the answer would have of the same names.
  http::Headers headers;
};

// Opens the object: its current version, or the one named.  The answer is 200, 206 (one range), 304
// or, with {"message": …}, 412 and 416, with ETag, Last-Modified, Accept-Ranges, Content-Length,
// Content-Type, x-amz-version-id; HEAD gets no byte but the same fields.  kNotFound where there is
// no such object or version, the version is a delete marker, or its bytes are not here: callers say
// so in the words of their endpoint.  The answer is not compressed: ranges and ETag stay true.
Result<http::Response> AnswerWithObject(OpContext& op, objects::ObjectStore& store,
                                        const http::Request& request,
                                        const objects::ObjectId& object,
                                        const std::optional<std::string>& version_id,
                                        const ObjectAnswerOptions& options = {});

}  // namespace vams::api
