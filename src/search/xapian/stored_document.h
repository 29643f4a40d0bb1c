// A document as bytes: what the index gives back.  Names of the table take one byte, nothing is
// parsed.  Format: docs/formats/search-xapian.md.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "search/document.h"
#include "search/xapian/packing.h"

namespace vams::search::xapian {

std::string EncodeDocument(const Document& document);
// Nothing: these bytes are none.
std::optional<Document> DecodeDocument(std::string_view bytes);

void WriteBox(Packer& out, const std::optional<Box>& box);  // nothing, if there is none
Box ReadBox(Unpacker& in);

}  // namespace vams::search::xapian
