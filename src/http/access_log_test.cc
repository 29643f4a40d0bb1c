#include "http/access_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <latch>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "base/file_descriptor.h"
#include "http/support_test.h"

namespace vams::http {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using SteadyClock = std::chrono::steady_clock;

AccessRecord Record(std::string id) {
  return {.time_millis = 784111777123,
          .request_id = std::move(id),
          .client = "192.0.2.7",
          .method = "GET",
          .path = "/database/plant",
          .route_id = "getDatabase",
          .status = 200,
          .bytes_received = 120,
          .bytes_sent = 4567,
          .duration_us = 890,
          .caller = "ada"};
}

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string IdOf(const std::string& line) {
  return std::string(json::parse(line).at("requestId").as_string());
}

class AccessLogTest : public testing::Test {
 protected:
  std::unique_ptr<AccessLog> Open(const AccessLog::Options& options = {}) {
    auto log = AccessLog::Open(folder_.path() / "access.jsonl", options);
    EXPECT_TRUE(log.ok()) << log.error().message;
    return *std::move(log);
  }
  std::string Text() const { return folder_.Read("access.jsonl"); }

  TempFolder folder_;
};

TEST(AccessLine, IsOneJsonObject) {
  EXPECT_EQ(AccessLine(Record("r1")),
            "{\"time\":\"1994-11-06T08:49:37.123Z\",\"requestId\":\"r1\",\"client\":\"192.0.2.7\","
            "\"method\":\"GET\",\"path\":\"/database/plant\",\"route\":\"getDatabase\","
            "\"status\":200,\"bytesReceived\":120,\"bytesSent\":4567,\"durationUs\":890,"
            "\"caller\":\"ada\"}\n");
}

TEST(AccessLine, WritesEachTimeAnew) {
  AccessRecord record = Record("r");
  for (const auto& [millis, text] :
       {std::pair(784111777123, "08:49:37.123Z"), std::pair(784111777009, "08:49:37.009Z"),
        std::pair(784111778000, "08:49:38.000Z"), std::pair(784111777999, "08:49:37.999Z")}) {
    record.time_millis = millis;
    EXPECT_THAT(AccessLine(record), HasSubstr(text));
  }
}

// Whoever sends a path with a quote or a line feed must not be able to write a line of his own.
TEST(AccessLine, StaysOneLineOfValidJsonWhateverTheBytes) {
  AccessRecord record = Record("r");
  record.path.clear();
  for (int c = 0; c < 256; ++c) record.path += static_cast<char>(c);
  record.caller = "caf\xC3\xA9 \xE2\x82 \xF0\x9F\x98\x80 \xED\xA0\x80\",\"status\":1";
  const std::string line = AccessLine(record);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const json::value parsed = json::parse(line);  // refuses text that is not UTF-8
  EXPECT_EQ(parsed.at("status").as_int64(), 200);
  EXPECT_EQ(parsed.at("caller").as_string(),
            "caf\xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD \xF0\x9F\x98\x80 "
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"status\":1");
  EXPECT_THAT(line, HasSubstr("\\u0000\\u0001"));
}

TEST_F(AccessLogTest, AppendsToWhatIsThereInOrder) {
  Open()->Write(Record("before"));
  const auto log = Open();
  for (int i = 0; i < 3; ++i) log->Write(Record(std::to_string(i)));
  log->Close();
  const auto lines = Lines(Text());
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(IdOf(lines[0]), "before");
  EXPECT_EQ(IdOf(lines[3]), "2");
  EXPECT_EQ(log->dropped(), 0U);
}

TEST_F(AccessLogTest, IsNotReadableForEverybody) {
  Open();
  struct stat status = {};
  ASSERT_EQ(::stat((folder_.path() / "access.jsonl").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0007U, 0U);
}

TEST_F(AccessLogTest, WritesByItselfAfterAWhile) {
  const auto log = Open({.write_every = std::chrono::milliseconds(5)});
  log->Write(Record("r"));
  const auto limit = SteadyClock::now() + std::chrono::seconds(30);
  while (Text().empty() && SteadyClock::now() < limit) std::this_thread::yield();
  EXPECT_THAT(Text(), HasSubstr("\"r\""));
}

TEST_F(AccessLogTest, WritesAtOnceWhenMuchHasGathered) {
  const auto log = Open({.write_every = std::chrono::hours(1), .write_at = 1000});
  for (int i = 0; i < 10; ++i) log->Write(Record("r"));
  const auto limit = SteadyClock::now() + std::chrono::seconds(30);
  while (Text().empty() && SteadyClock::now() < limit) std::this_thread::yield();
  EXPECT_FALSE(Text().empty());
}

TEST_F(AccessLogTest, FlushesWithoutWaitingForTheTime) {
  const auto log = Open({.write_every = std::chrono::hours(1)});
  log->Flush();
  log->Write(Record("r"));
  log->Flush();
  EXPECT_THAT(Text(), HasSubstr("\"r\""));
  log->Close();
  log->Flush();
  log->Close();
  log->Write(Record("late"));
  EXPECT_EQ(log->dropped(), 1U);
}

TEST_F(AccessLogTest, RotatesBetweenLinesAndKeepsTheNewestFiles) {
  const std::size_t length = AccessLine(Record("100")).size();
  {
    const auto log = Open({.rotate_at = length * 10, .keep = 3});
    for (int i = 100; i < 195; ++i) {
      log->Write(Record(std::to_string(i)));
      if (i % 7 == 0) log->Flush();
    }
  }
  int next = 160;
  for (const char* name : {"access.jsonl.3", "access.jsonl.2", "access.jsonl.1", "access.jsonl"}) {
    EXPECT_LE(folder_.Read(name).size(), length * 10) << name;
    for (const std::string& line : Lines(folder_.Read(name)))
      EXPECT_EQ(IdOf(line), std::to_string(next++)) << name;
  }
  EXPECT_EQ(next, 195);
  EXPECT_FALSE(folder_.Has("access.jsonl.4"));
}

TEST_F(AccessLogTest, WritesALineThatIsLongerThanAFile) {
  const auto log = Open({.rotate_at = 10});
  for (int i = 0; i < 3; ++i) log->Write(Record(std::to_string(i)));
  log->Close();
  EXPECT_EQ(IdOf(Text()), "2");
  EXPECT_EQ(IdOf(folder_.Read("access.jsonl.1")), "1");
  EXPECT_EQ(IdOf(folder_.Read("access.jsonl.2")), "0");
}

// A crash in the middle of a write must cost one line, not the first one after it as well.
TEST_F(AccessLogTest, BeginsANewLineAfterATornOne) {
  folder_.Put("access.jsonl", "{\"time\":\"1994");
  Open()->Write(Record("r"));
  const auto lines = Lines(Text());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(IdOf(lines[1]), "r");
}

TEST_F(AccessLogTest, GoesOnWhenTheFileWasMovedAwayBeforeARotation) {
  const std::size_t length = AccessLine(Record("0")).size();
  const auto log = Open({.rotate_at = length});
  log->Write(Record("0"));
  log->Flush();
  std::filesystem::remove(folder_.path() / "access.jsonl");
  log->Write(Record("1"));
  log->Flush();
  EXPECT_EQ(IdOf(Text()), "1");
}

// A folder stands where the rotated file should go.
TEST_F(AccessLogTest, KeepsWritingWhenItCannotRotate) {
  const std::size_t length = AccessLine(Record("0")).size();
  std::filesystem::create_directory(folder_.path() / "access.jsonl.1");
  const auto log = Open({.rotate_at = length, .keep = 1});
  for (int i = 0; i < 5; ++i) log->Write(Record(std::to_string(i)));
  log->Close();
  EXPECT_EQ(Lines(Text()).size(), 5U);
  EXPECT_EQ(log->dropped(), 0U);
}

TEST_F(AccessLogTest, CountsWhatAFullDiskLoses) {
  const auto log = AccessLog::Open("/dev/full");
  ASSERT_TRUE(log.ok()) << log.error().message;
  for (int i = 0; i < 4; ++i) (*log)->Write(Record("r"));
  (*log)->Flush();
  EXPECT_EQ((*log)->dropped(), 4U);
}

TEST_F(AccessLogTest, SaysWhyItCannotBeOpened) {
  const auto log = AccessLog::Open(folder_.path() / "absent" / "access.jsonl");
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, Code::kUnavailable);
  EXPECT_THAT(log.error().message, HasSubstr("absent/access.jsonl: No such file"));
}

// A pipe that nobody reads is a disk that hangs.  The log's thread gets stuck in it, while Write
// must return; what does not fit the buffer is counted and not waited for.
TEST_F(AccessLogTest, NeverMakesTheCallerWaitForTheDisk) {
  const auto path = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const FileDescriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto opened = AccessLog::Open(path, {.buffer_limit = 100'000, .write_at = 1});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  AccessLog& log = **opened;

  constexpr std::uint64_t kRecords = 5'000;  // ten times what pipe and buffer hold
  for (std::uint64_t i = 0; i < kRecords; ++i) log.Write(Record(std::to_string(i)));
  EXPECT_GT(log.dropped(), 0U);

  std::string read;
  std::thread closer([&] { log.Close(); });
  std::vector<char> buffer(65'536);
  pollfd polled = {reader.get(), POLLIN, 0};
  const auto arrived = [&] {
    return static_cast<std::uint64_t>(std::ranges::count(read, '\n')) + log.dropped();
  };
  while (arrived() < kRecords && ::poll(&polled, 1, 30'000) > 0) {
    const ssize_t got = ::read(reader.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    read.append(buffer.data(), static_cast<std::size_t>(got));
  }
  closer.join();
  EXPECT_EQ(arrived(), kRecords);
}

TEST_F(AccessLogTest, KeepsEveryLineWholeWhenManyThreadsWrite) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  {
    const auto log = Open({.rotate_at = 100'000, .keep = 20, .write_at = 2'000});
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i)
          log->Write(Record(std::to_string(t) + "-" + std::to_string(i)));
      });
    threads.clear();
    EXPECT_EQ(log->dropped(), 0U);
  }
  std::set<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    for (const std::string& line : Lines(folder_.Read(entry.path().filename())))
      EXPECT_TRUE(ids.insert(IdOf(line)).second) << line;
  EXPECT_EQ(ids.size(), kThreads * kEach);
}

}  // namespace
}  // namespace vams::http
