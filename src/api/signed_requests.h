// What the endpoints have in common that are asked with signed URLs.  Internal to api.
// Spec: api-assets.md sections 1.11 and 5.3.
#pragma once

#include "api/gate.h"
#include "base/result.h"

namespace vams::api {

// A page of another origin may send, ask, and read the fields that it needs to go on.
void AllowPages(http::Response& response);
// The endpoint with AllowPages.
Endpoint ForPages(Result<http::Response> (*endpoint)(Call&));

// 403 for an address that is not to be honoured, or 429 where somebody tries many.
http::Response RefuseUrl(Call& call, const Error& error);
// Errors of the object store.  It knows no callers, so what it is denied the operating system
// denied, which is a failure of this server.
Result<http::Response> RefuseStored(Call& call, Error error);
// Errors of reading the body: what is wrong with it is the client's, and not always an attempt to
// get at more.
Result<http::Response> RefuseBody(Call& call, const Error& error);

// POST /objects/{name}: many parts in one body.
void AddBundleRoute(RouteGroup& routes);

}  // namespace vams::api
