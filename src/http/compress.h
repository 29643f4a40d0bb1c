// Compression of answers with gzip, and the reading of Accept-Encoding.  For the server, which
// calls it on the worker after the handler, and for static files.
//
// Thread-safe (no shared state).  CompressIfWorthwhile computes, up to tens of milliseconds for the
// largest bodies; it does not wait.  RFC 9110 sections 8.4, 8.8.3 and 12.5.3.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace vams::http {

// Whether the client takes this coding ("gzip", "br", "identity"): named with a weight above zero,
// or covered by `*`.  Without the field only identity is taken for certain; identity is refused
// only by a weight of zero.
bool AcceptsEncoding(const Request& request, std::string_view coding);

// The weight, from 0 to 1000, that the client gives the coding; 0: not acceptable.
int EncodingWeight(const Request& request, std::string_view coding);

// Whether bodies of this media type shrink: text, JSON, JavaScript, XML, SVG, WebAssembly.
bool IsCompressible(std::string_view media_type);

// The body as a gzip file without name or time, so that equal bodies stay equal.  Empty when
// memory ran out.
std::string Gzip(std::string_view body, int level);

// Adds `name` to the answer's Vary field, once.
void AddVary(Response& response, std::string_view name);

// Compresses a whole body of at least 1 KiB and of a compressible type when the client takes gzip
// and prefers it to the plain form, and the body shrinks.  Leaves alone what has a coding already,
// is a part of a body, is marked `no-transform`, or comes from a file or a stream.  The entity tag
// of the compressed form is another one ("abc" becomes "abc-gzip"); a weak one stays.  Where the
// outcome depends on Accept-Encoding, Vary says so.
void CompressIfWorthwhile(const Request& request, Response& response);

}  // namespace vams::http
