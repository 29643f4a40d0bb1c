// Streaming the items of one table.
#include <fmt/format.h>

#include "items/aws/dataset.h"
#include "items/aws/dynamodb_json.h"
#include "items/aws/input_file.h"
#include "items/aws/scan_reader.h"

namespace vams::items::aws {

namespace {

constexpr std::size_t kListedProblems = 1000;

class TableReader {
 public:
  TableReader(const ReadOptions& options, const ItemVisitor& visit)
      : options_(options), visit_(visit) {}

  Status ReadFile(const DataFile& file, TableFiles::Layout layout);
  ReadReport TakeReport() { return std::move(report_); }

 private:
  Status ReadContent(InputFile& input, TableFiles::Layout layout);
  Status ReadLines(InputFile& input);
  Status ReadScan(InputFile& input);
  Status CheckPage(const InputFile& input, const ScanReader::Page& page, bool resumed);
  Status CheckWhole(InputFile& input, const DataFile& file);
  Status Item(const Result<std::string_view>& encoded, const files::Path& file, std::uint64_t line);
  // With `partial` the error goes into the report and the reading goes on.
  Status Damage(Error error);

  const ReadOptions& options_;
  const ItemVisitor& visit_;
  JsonItemParser parser_;
  ReadReport report_;
  std::uint64_t file_items_ = 0;
  bool visitor_failed_ = false;
};

Status TableReader::Damage(Error error) {
  if (!options_.partial) return error;
  ++report_.problem_count;
  if (report_.problems.size() < kListedProblems)
    report_.problems.push_back(std::move(error.message));
  return Ok();
}

Status TableReader::Item(const Result<std::string_view>& encoded, const files::Path& file,
                         std::uint64_t line) {
  ++file_items_;  // the manifest counts it, readable or not
  if (!encoded.ok())
    return Damage(Error(encoded.error()).With(fmt::format("{}:{}", file.string(), line)));
  ++report_.items;
  auto status = visit_(*encoded, Origin{file, line});
  visitor_failed_ = !status.ok();
  return status;
}

Status TableReader::ReadLines(InputFile& input) {
  LineReader lines(input);
  std::string_view line;
  for (;;) {
    TRY(const bool more, lines.Next(line));
    if (!more) return Ok();
    if (line.find_first_not_of(" \r\t") == line.npos) continue;
    TRY_OK(Item(parser_.EncodeLine(line), input.path(), lines.line()));
  }
}

// Pages of one scan may stand behind each other; whether something is missing shows in the last.
Status TableReader::ReadScan(InputFile& input) {
  ScanReader scan(input);
  bool resumed = false;
  for (;;) {
    TRY(const auto event, scan.Next());
    if (event == ScanReader::Event::kItem) {
      TRY_OK(Item(parser_.EncodeMap(scan.text()), input.path(), scan.line()));
      continue;
    }
    if (event == ScanReader::Event::kPage) {
      TRY_OK(CheckPage(input, scan.page(), resumed));
      resumed = scan.page().next_token;
      continue;
    }
    const auto& last = scan.page();
    if (!last.next_token && !last.last_evaluated_key) return Ok();
    return Damage(Error(
        Code::kCorrupt,
        fmt::format("{} holds only a part of the table: the scan stopped with {}; scan again "
                    "without --max-items or --no-paginate, or append the pages that are missing",
                    input.path().string(), last.next_token ? "NextToken" : "LastEvaluatedKey")));
  }
}

Status TableReader::CheckPage(const InputFile& input, const ScanReader::Page& page, bool resumed) {
  // When the command line stops at --max-items it writes the counts of what it fetched, not of what
  // it printed, and zeros where it went on: its counts then prove nothing.
  if (page.next_token || resumed) return Ok();
  if (page.count && *page.count != page.items)
    return Damage(Error(Code::kCorrupt,
                        fmt::format("{}:{}: the scan says {} items but holds {}; scan again",
                                    input.path().string(), page.line, *page.count, page.items)));
  if (page.count && page.scanned_count && *page.scanned_count > *page.count)
    return Damage(
        Error(Code::kCorrupt,
              fmt::format("{}:{}: the scan was filtered: {} of {} items are left; scan "
                          "again without --filter-expression",
                          input.path().string(), page.line, *page.count, *page.scanned_count)));
  return Ok();
}

// The checksum over the stored bytes, then the number of items.
Status TableReader::CheckWhole(InputFile& input, const DataFile& file) {
  if (!file.md5.empty()) {
    TRY(const std::string md5, input.FinishMd5());
    if (md5 != file.md5)
      return Damage(Error(Code::kCorrupt, fmt::format("{} does not match the checksum in its "
                                                      "manifest; fetch it again",
                                                      file.path.string())));
  }
  if (file.items && *file.items != file_items_)
    return Damage(Error(Code::kCorrupt,
                        fmt::format("{} holds {} items but its manifest says {}; fetch it again",
                                    file.path.string(), file_items_, *file.items)));
  return Ok();
}

Status TableReader::ReadContent(InputFile& input, TableFiles::Layout layout) {
  return layout == TableFiles::Layout::kScan ? ReadScan(input) : ReadLines(input);
}

// Reads on to the end of a file that already failed, to learn whether it is damaged as a whole:
// then that is the cause to name, and what was found inside is its consequence.
Error RootCause(InputFile& input, const DataFile& file, Error found) {
  if (found.code == Code::kCorrupt) return found;
  std::string buffer(std::size_t{64} << 10, '\0');
  for (;;) {
    auto count = input.Read(buffer.data(), buffer.size());
    if (!count.ok()) {
      found = Error(count.error().code, count.error().message, found.message);
      break;
    }
    if (*count == 0) break;
  }
  if (file.md5.empty()) return found;
  const auto md5 = input.FinishMd5();
  if (!md5.ok() || *md5 == file.md5) return found;
  return Error(Code::kCorrupt,
               fmt::format("{} does not match the checksum in its manifest; fetch it again",
                           file.path.string()),
               found.message);
}

Status TableReader::ReadFile(const DataFile& file, TableFiles::Layout layout) {
  file_items_ = 0;
  auto opened = InputFile::Open(file.path, !file.md5.empty());
  if (!opened.ok()) {
    if (opened.error().code != Code::kNotFound) return Damage(std::move(opened).error());
    return Damage(Error(Code::kCorrupt,
                        fmt::format("{} is missing; copy the data set again", file.path.string())));
  }
  InputFile& input = **opened;
  auto status = ReadContent(input, layout);
  report_.bytes += input.content_bytes();
  if (visitor_failed_) return status;
  if (!status.ok()) {
    TRY_OK(Damage(RootCause(input, file, std::move(status).error())));
    // What could not be read is reported; its checksum and count would only say so again.
    return Ok();
  }
  return CheckWhole(input, file);
}

}  // namespace

Result<ReadReport> ReadTable(const TableFiles& table, const ReadOptions& options,
                             const ItemVisitor& visit) {
  TableReader reader(options, visit);
  for (const auto& file : table.files) TRY_OK(reader.ReadFile(file, table.layout));
  return reader.TakeReport();
}

}  // namespace vams::items::aws
