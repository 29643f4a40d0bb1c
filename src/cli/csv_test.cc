#include "cli/csv.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace vams::cli {
namespace {

using ::testing::ElementsAre;
using Cells = std::vector<std::vector<std::string>>;

std::uint64_t Seed() {
  const char* given = std::getenv("VAMS_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

Cells CellsOf(std::string_view text) {
  const auto rows = ReadCsv(text);
  EXPECT_TRUE(rows.ok()) << (rows.ok() ? "" : rows.error().message);
  Cells cells;
  if (rows.ok())
    for (const CsvRow& row : *rows) cells.push_back(row.cells);
  return cells;
}

std::string ErrorOf(std::string_view text) {
  const auto rows = ReadCsv(text);
  return rows.ok() ? "read" : rows.error().message;
}

TEST(ReadCsv, ReadsPlainAndQuotedCells) {
  EXPECT_EQ(CellsOf("a,b\n1,\"x,\"\"y\"\"\r\nz\"\r\n"), (Cells{{"a", "b"}, {"1", "x,\"y\"\r\nz"}}));
  EXPECT_EQ(CellsOf("a,,\n,\"\",b"), (Cells{{"a", "", ""}, {"", "", "b"}}));
  EXPECT_EQ(CellsOf("\uFEFFa,b\r\n\r\n\"1\",2\r\n\n"), (Cells{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(CellsOf(""), Cells{});
}

TEST(ReadCsv, CountsLinesWithinQuotes) {
  const auto rows = ReadCsv("a\n\n\"1\n2\"\nb");

  ASSERT_TRUE(rows.ok());
  std::vector<std::size_t> lines;
  for (const CsvRow& row : *rows) lines.push_back(row.line);
  EXPECT_THAT(lines, ElementsAre(1, 3, 5));
}

TEST(ReadCsv, NamesTheLineThatIsWrong) {
  EXPECT_EQ(ErrorOf("a\nb,\"c\nd\n"), "line 2: a quote is not closed");
  EXPECT_EQ(ErrorOf("a\n\"b\"c\n"), "line 2: there is text behind a closing quote");
  EXPECT_EQ(ErrorOf("a\nb\nM\xFCller\n"),
            "line 3: this is no UTF-8; save the table in that encoding");
}

TEST(ReadCsv, ReadsWhatWasWritten) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("VAMS_SEED={}", seed));
  std::mt19937_64 random(seed);
  constexpr std::string_view kBytes = "ab ,\"\r\n;\t'=";
  for (int round = 0; round < 500; ++round) {
    Cells written(1 + random() % 4);
    std::string text;
    for (auto& row : written) {
      row.resize(2);
      for (std::string& cell : row)
        for (auto n = random() % 6; n > 0; --n) cell += kBytes[random() % kBytes.size()];
      AppendCsv(text, row);
    }

    EXPECT_EQ(CellsOf(text), written) << text;
  }
}

}  // namespace
}  // namespace vams::cli
