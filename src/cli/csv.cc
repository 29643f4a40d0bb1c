#include "cli/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace vams::cli {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<CsvRow>> Read() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      TRY(CsvRow row, Row());
      if (row.cells.size() > 1 || !row.cells.front().empty()) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  Result<CsvRow> Row() {
    CsvRow row{.line = line_, .cells = {}};
    for (;;) {
      TRY(std::string cell, AtQuote() ? Quoted() : Result<std::string>(Plain()));
      row.cells.push_back(std::move(cell));
      if (at_ == text_.size() || EndOfLine()) return row;
      ++at_;  // the comma
    }
  }

  bool AtQuote() const { return at_ < text_.size() && text_[at_] == '"'; }

  std::string Plain() {
    const std::size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string_view cell = text_.substr(at_, end - at_);
    at_ = end;
    if (cell.ends_with('\r') && (end == text_.size() || text_[end] == '\n')) cell.remove_suffix(1);
    return std::string(cell);
  }

  Result<std::string> Quoted() {
    const std::size_t begin = line_;
    std::string cell;
    for (++at_;; ++at_) {
      if (at_ == text_.size())
        return Error(Code::kInvalid, fmt::format("line {}: a quote is not closed", begin));
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] == '"') {
        ++at_;
        if (!AtQuote()) break;
      }
      cell += text_[at_];
    }
    if (text_.substr(at_).starts_with("\r\n")) ++at_;
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n')
      return Error(Code::kInvalid,
                   fmt::format("line {}: there is text behind a closing quote", line_));
    return cell;
  }

  bool EndOfLine() {
    if (text_[at_] != '\n') return false;
    ++at_;
    ++line_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRow>> ReadCsv(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\uFEFF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::size_t begin = 0, line = 1; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    if (!IsUtf8(text.substr(begin, end - begin)))
      return Error(Code::kInvalid,
                   fmt::format("line {}: this is no UTF-8; save the table in that encoding", line));
    begin = end;
  }
  return Reader(text).Read();
}

void AppendCsv(std::string& out, const std::vector<std::string>& cells) {
  bool first = true;
  for (const std::string& cell : cells) {
    if (!first) out += ',';
    first = false;
    const bool blank = cell.starts_with(' ') || cell.ends_with(' ');
    if (!blank && cell.find_first_of(",\"\r\n") == cell.npos) {
      out += cell;
      continue;
    }
    out += '"';
    for (const char c : cell) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  out += "\r\n";
}

}  // namespace vams::cli
