#include "cli/transfer_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/cli.h"

namespace vams::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kRedraw{250};
constexpr seconds kNextLine{10};
constexpr std::size_t kBar = 30;

}  // namespace

std::string ByteText(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KB", "MB", "GB", "TB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1024 && unit + 1 < kUnits.size()) {
    number /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", number, kUnits[unit]);
}

std::string FileText(std::uint64_t files) {
  return Thousands(files) + (files == 1 ? " file" : " files");
}

std::string TimeText(seconds time) {
  const auto count = time.count();
  if (count < 60) return fmt::format("{} s", count);
  if (count < 3600) return fmt::format("{}:{:02}", count / 60, count % 60);
  return fmt::format("{}:{:02}:{:02}", count / 3600, count / 60 % 60, count % 60);
}

TransferProgress::TransferProgress(std::string verb, bool shown)
    : verb_(std::move(verb)),
      shown_(shown),
      terminal_(::isatty(2) == 1),
      begin_(std::chrono::steady_clock::now()),
      last_(begin_) {}

TransferProgress::~TransferProgress() {
  if (drawn_ && terminal_) std::fputs("\r\033[K", stderr);
}

void TransferProgress::AddTotal(std::uint64_t files, std::uint64_t bytes) {
  total_files_ += files;
  total_bytes_ += bytes;
}

double TransferProgress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

std::string TransferProgress::Line(bool bar) const {
  const std::uint64_t total = total_bytes_, done = std::min<std::uint64_t>(bytes_, total);
  const double share = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  const double moved = static_cast<double>(done - std::min<std::uint64_t>(present_, done));
  const double rate = moved / std::max(seconds(), 0.001);
  std::string line = verb_;
  if (bar) {
    const auto filled = static_cast<std::size_t>(share * kBar);
    line += " [" + std::string(filled, '#') + std::string(kBar - filled, '.') + "]";
  }
  line += fmt::format(" {:.0f} %, {} of {}, {} of {}, {}/s", share * 100, Thousands(files_),
                      FileText(total_files_), ByteText(done), ByteText(total),
                      ByteText(static_cast<std::uint64_t>(rate)));
  if (rate > 1)
    line += ", " +
            TimeText(std::chrono::seconds(
                static_cast<std::int64_t>(static_cast<double>(total - done) / rate))) +
            " left";
  return line;
}

void TransferProgress::Tick() {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < (terminal_ ? kRedraw : milliseconds(kNextLine))) return;
  last_ = now;
  drawn_ = true;
  std::fputs(terminal_ ? ("\r\033[K" + Line(true)).c_str() : (Line(false) + "\n").c_str(), stderr);
}

}  // namespace vams::cli
