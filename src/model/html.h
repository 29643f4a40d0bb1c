// HTML that people wrote, made safe to show to others: the fragments that rich text editors make,
// reduced to what a comment needs.  Spec: api-metadata.md section 16; design.md section 3.
//
// What comes out holds only p, br, hr, div, span, blockquote, pre, code, h1 to h6, ul, ol, li, b,
// strong, i, em, u, s, del, sub, sup, and a with a link to http, https or mailto; no attributes but
// the link's, no comments, nothing that loads or runs.  Of everything else the text stays, but for
// scripts, styles, frames and the like, which go with what is in them.
//
// It is safe because of how it is written, not because a parser understood an attacker: every tag
// in it is one that was written here, and every "<" of a text is escaped.
//
// Pure; thread-safe.  Takes time and memory in proportion to the text.
#pragma once

#include <string>
#include <string_view>

namespace vams::model {

// Any text, in the one form that the same content always has: doing it again changes nothing.  A
// text without HTML in it stays the text that a browser shows: what only looks like a tag
// ("List<Point>", "a < b") is escaped.  Behind the first 5,000 tags, and deeper than 64 of them
// inside each other, only the text stays.
std::string SanitizeHtml(std::string_view html);

// Whether the text is made of nothing but what SanitizeHtml writes, so that it can be shown as it
// is.  True of all that it returns; much quicker than making it.
bool IsSanitizedHtml(std::string_view html);

// Whether there is anything to read in what SanitizeHtml returned.
bool HasText(std::string_view sanitized);

}  // namespace vams::model
