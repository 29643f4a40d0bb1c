// What the tests of this module share.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit_log.h"
#include "audit/line.h"
#include "audit/verify.h"

namespace vams::audit {

class SettableClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now_.load(); }
  void Set(std::int64_t millis) { now_ = millis; }
  void Add(std::int64_t millis) { now_ += millis; }

 private:
  std::atomic<std::int64_t> now_{1'740'823'200'123};  // 2025-03-01T10:00:00.123Z
};

inline constexpr std::int64_t kOneDay = 24 * 3'600'000;

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto temp = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-audit");
    ASSERT_TRUE(temp.ok());
    temp_.emplace(*std::move(temp));
    folder_ = temp_->path() / "audit";
  }

  std::unique_ptr<AuditLog> Open() {
    auto log = AuditLog::Open(folder_, clock_);
    EXPECT_TRUE(log.ok()) << log.error().message;
    return log.ok() ? *std::move(log) : nullptr;
  }

  // A small closed log.
  void WriteLines(int count) {
    const auto log = Open();
    for (int i = 0; i < count; ++i) {
      log->Write(Sample(i));
      clock_.Add(1000);
    }
  }

  static Event Sample(int i) {
    return {.channel = Channel::kAuthChanges,
            .type = "roleCreate",
            .actor = {.user = "ann@example.com", .roles = {"admin"}},
            .payload = {{"roleName", "role-" + std::to_string(i)}, {"operation", "create"}},
            .request = {{"method", "POST"}, {"path", "/roles"}},
            .request_id = "rq-" + std::to_string(i)};
  }

  static std::string Read(const files::Path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void Put(const files::Path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  files::Path Today() const { return folder_ / "2025/03/01.log"; }

  static std::vector<std::string> Lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
      const auto end = text.find('\n');
      lines.emplace_back(text.substr(0, end));
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
  }
  static std::string Joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    return text;
  }
  // The fifth column of every line of the log.
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    EXPECT_TRUE(ForEachLine(folder_, "", [&](std::string_view, const Line& line) {
                  texts.emplace_back(line.text);
                  return true;
                }).ok());
    return texts;
  }
  static std::string Report(const Verification& verification) {
    std::string text;
    for (const auto& f : verification.findings)
      text += f.file + ":" + std::to_string(f.line) + ": " + f.what + "\n";
    for (const auto& notice : verification.notices) text += "(" + notice + ")\n";
    return text;
  }
  Verification Checked(std::span<const Anchor> anchors = {}) const {
    auto verification = Verify(folder_, anchors);
    EXPECT_TRUE(verification.ok()) << verification.error().message;
    return verification.ok() ? *std::move(verification) : Verification();
  }
  void CopyTo(const files::Path& target) const {
    std::filesystem::remove_all(target);
    std::filesystem::copy(folder_, target, std::filesystem::copy_options::recursive);
  }

  std::optional<files::TempFolder> temp_;
  files::Path folder_;
  SettableClock clock_;
};

}  // namespace vams::audit
