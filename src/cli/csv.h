// Tables as comma-separated values, RFC 4180: quoted fields, doubled quotes, line breaks within
// quotes.  UTF-8, with or without a byte order mark.  Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::cli {

struct CsvRow {
  std::size_t line = 0;  // of the text, where the row begins, counted from 1
  std::vector<std::string> cells;
};

// Lines end with LF or CRLF; lines without anything are left out.  kInvalid with the line for what
// is no UTF-8 and for quotes that are not where they belong.
Result<std::vector<CsvRow>> ReadCsv(std::string_view text);
// With CRLF behind it, as the RFC and spreadsheets have it.
void AppendCsv(std::string& out, const std::vector<std::string>& cells);

}  // namespace vams::cli
