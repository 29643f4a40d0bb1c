// Takes the output of a table scan apart without holding it: {"Items":[…], "Count":n,
// "ScannedCount":n, …}, pretty-printed or not, one page or several behind each other.  Items come
// out as the text between their braces; what is in them is for JsonItemParser to judge. Internal to
// items/aws.  Not thread-safe.  Blocks on disk.  Errors name file and line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "items/aws/input_file.h"

namespace vams::items::aws {

class ScanReader {
 public:
  explicit ScanReader(InputFile& file) : file_(file) {}

  struct Page {
    std::uint64_t line = 0;   // of its opening brace
    std::uint64_t items = 0;  // counted
    std::optional<std::uint64_t> count;
    std::optional<std::uint64_t> scanned_count;
    bool has_items = false;
    bool next_token = false;          // written by the command line when it stopped early
    bool last_evaluated_key = false;  // written by the service when there is more
  };
  enum class Event : std::uint8_t { kItem, kPage, kEnd };

  // kItem: `text()` and `line()` are an item; kPage: `page()` is complete; kEnd: no more pages.
  Result<Event> Next();

  std::string_view text() const { return text_; }
  std::uint64_t line() const { return text_line_; }
  const Page& page() const { return page_; }

 private:
  enum class State : std::uint8_t { kBetweenPages, kFirstMember, kMember, kFirstItem, kItem };

  Result<Event> NextItem();
  Result<bool> NextMember();
  Result<bool> Available();
  Result<char> PeekSpace();
  Status Expect(char wanted);
  Status TakeValue();
  Status TakeString();
  Status TakeContainer();
  Result<std::uint64_t> TakeCount(std::string_view name);
  Error Syntax(std::string_view what) const;

  InputFile& file_;
  State state_ = State::kBetweenPages;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::optional<std::size_t> keep_from_;  // start of the value being taken
  std::uint64_t current_line_ = 1;
  std::string_view text_;
  std::uint64_t text_line_ = 0;
  Page page_;
};

}  // namespace vams::items::aws
