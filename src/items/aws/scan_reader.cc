#include "items/aws/scan_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace vams::items::aws {

namespace {
constexpr std::size_t kChunk = std::size_t{512} << 10;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
}  // namespace

Error ScanReader::Syntax(std::string_view what) const {
  return Error(Code::kCorrupt,
               fmt::format("{}:{}: {}; this is not the whole output of a table scan",
                           file_.path().string(), current_line_, what));
}

// Whether there is a byte at at_; reads on when there is none.
Result<bool> ScanReader::Available() {
  if (at_ < end_) return true;
  const std::size_t keep = keep_from_.value_or(at_);
  if (end_ - keep > kMaxRecord)
    return Error(Code::kInvalid, fmt::format("{}:{}: a value of more than {} bytes is no item",
                                             file_.path().string(), current_line_, kMaxRecord));
  if (keep > 0) std::memmove(buffer_.data(), buffer_.data() + keep, end_ - keep);
  at_ -= keep;
  end_ -= keep;
  if (keep_from_) keep_from_ = 0;
  if (buffer_.size() < end_ + kChunk) buffer_.resize(end_ + kChunk);
  TRY(const std::size_t count, file_.Read(buffer_.data() + end_, kChunk));
  end_ += count;
  return count > 0;
}

// The next byte that is not white space, not consumed; NUL at the end of the file.
Result<char> ScanReader::PeekSpace() {
  for (;;) {
    TRY(const bool available, Available());
    if (!available) return '\0';
    const char c = buffer_[at_];
    if (!IsSpace(c)) return c;
    if (c == '\n') ++current_line_;
    ++at_;
  }
}

Status ScanReader::Expect(char wanted) {
  TRY(const char c, PeekSpace());
  if (c == '\0') return Syntax("the file is cut off");
  if (c != wanted) return Syntax(fmt::format("expected '{}'", wanted));
  ++at_;
  return Ok();
}

Status ScanReader::TakeString() {
  ++at_;  // the quote
  for (;;) {
    TRY(const bool available, Available());
    if (!available) return Syntax("the file is cut off inside a string");
    while (at_ < end_ && buffer_[at_] != '"' && buffer_[at_] != '\\') ++at_;
    if (at_ == end_) continue;
    if (buffer_[at_++] == '"') return Ok();
    TRY(const bool escaped, Available());
    if (escaped) ++at_;
  }
}

// Only strings and brackets matter for where it ends; its grammar is checked by who parses it.
Status ScanReader::TakeContainer() {
  int depth = 0;
  for (;;) {
    TRY(const bool available, Available());
    if (!available) return Syntax("the file is cut off inside a value");
    const char c = buffer_[at_];
    if (c == '"') {
      TRY_OK(TakeString());
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return Ok();
  }
}

// Takes one value into text_.
Status ScanReader::TakeValue() {
  TRY(const char first, PeekSpace());
  keep_from_ = at_;
  text_line_ = current_line_;
  if (first == '"') {
    TRY_OK(TakeString());
  } else if (first == '{' || first == '[') {
    TRY_OK(TakeContainer());
  } else {
    for (;;) {
      TRY(const bool available, Available());
      if (!available) return Syntax("the file is cut off");
      const char c = buffer_[at_];
      if (c == ',' || c == '}' || c == ']' || IsSpace(c)) break;
      ++at_;
    }
    if (at_ == *keep_from_) return Syntax("a value is missing");
  }
  text_ = std::string_view(buffer_).substr(*keep_from_, at_ - *keep_from_);
  keep_from_.reset();
  current_line_ += static_cast<std::uint64_t>(std::count(text_.begin(), text_.end(), '\n'));
  return Ok();
}

Result<std::uint64_t> ScanReader::TakeCount(std::string_view name) {
  TRY_OK(TakeValue());
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
  if (error != std::errc() || stop != text_.data() + text_.size())
    return Syntax(fmt::format("{} is not a number", name));
  return number;
}

Result<ScanReader::Event> ScanReader::Next() {
  if (state_ == State::kFirstItem || state_ == State::kItem) {
    TRY(const Event event, NextItem());
    if (event == Event::kItem) return event;
  }
  if (state_ == State::kBetweenPages) {
    TRY(const char c, PeekSpace());
    if (c == '\0' && at_ == end_) return Event::kEnd;
    page_ = Page{};
    page_.line = current_line_;
    TRY_OK(Expect('{'));
    state_ = State::kFirstMember;
  }
  for (;;) {
    TRY(const bool more, NextMember());
    if (!more) {
      state_ = State::kBetweenPages;
      if (!page_.has_items) return Syntax("a page has no \"Items\"");
      return Event::kPage;
    }
    if (state_ != State::kFirstItem) continue;
    TRY(const Event event, NextItem());
    if (event == Event::kItem) return event;
  }
}

// kItem, or kPage for the end of the array.
Result<ScanReader::Event> ScanReader::NextItem() {
  TRY(const char c, PeekSpace());
  if (c == ']') {
    ++at_;
    state_ = State::kMember;
    return Event::kPage;
  }
  if (state_ == State::kItem) TRY_OK(Expect(','));
  TRY_OK(TakeValue());
  state_ = State::kItem;
  ++page_.items;
  return Event::kItem;
}

// Reads a member of the page; stops inside "Items".  False at the page's end.
Result<bool> ScanReader::NextMember() {
  TRY(const char c, PeekSpace());
  if (c == '}') {
    ++at_;
    return false;
  }
  if (state_ == State::kMember) TRY_OK(Expect(','));
  state_ = State::kMember;
  TRY(const char quote, PeekSpace());
  if (quote == '\0') return Syntax("the file is cut off");
  if (quote != '"') return Syntax("expected a member's name");
  TRY_OK(TakeValue());
  const std::string name(text_);
  TRY_OK(Expect(':'));
  if (name == "\"Items\"") {
    if (page_.has_items) return Syntax("\"Items\" is there twice");
    page_.has_items = true;
    TRY_OK(Expect('['));
    state_ = State::kFirstItem;
  } else if (name == "\"Count\"") {
    TRY(page_.count, TakeCount(name));
  } else if (name == "\"ScannedCount\"") {
    TRY(page_.scanned_count, TakeCount(name));
  } else {
    TRY_OK(TakeValue());
    if (name == "\"NextToken\"") page_.next_token = text_ != "null";
    if (name == "\"LastEvaluatedKey\"") page_.last_evaluated_key = text_ != "null";
  }
  return true;
}

}  // namespace vams::items::aws
