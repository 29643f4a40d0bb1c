// The process is killed at every named point of a run, and the next one reaches the same end.
//
// Each kill happens in a process of its own, which is this program with one test chosen: the child
// test below does nothing unless it is asked to.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "items/sqlite/sqlite_store.h"
#include "migrate/remote/remote_target_test.h"

namespace vams::migrate::remote::test {
namespace {

constexpr const char* kFolder = "VAMS_TEST_REMOTE_FOLDER";
constexpr const char* kReverse = "VAMS_TEST_REMOTE_REVERSE";

// A run on the store in a folder, as the command would do it.
Result<RemoteReport> WorkIn(const files::Path& folder, bool reverse) {
  OpContext op;
  const TestClock clock;
  const auto config = ConfigFor25();
  TRY(const auto store, items::OpenSqliteStore(folder / "remote.db"));
  RemoteJob job{.config = config,
                .store = *store,
                .lock_store = nullptr,
                .work = folder / "work",
                .clock = clock,
                .options = {},
                .hooks = {},
                .on_progress = {}};
  job.options.lock = false;  // a killed process keeps its lock for two minutes
  job.options.threads = 1;
  job.options.remote_threads = 1;
  return reverse ? ReverseRemote(op, job) : RunRemote(op, job);
}

TEST(RemoteRunKilled, Child) {
  const char* folder = std::getenv(kFolder);
  if (folder == nullptr) GTEST_SKIP() << "only as a child of the other tests";
  const auto report = WorkIn(folder, std::getenv(kReverse) != nullptr);
  EXPECT_TRUE(report.ok() && report->finished);
}

// Whether the child was killed; else it must have ended well.
bool KilledAt(const std::string& point, const files::Path& folder, bool reverse) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("VAMS_FAULT", (point + "=kill").c_str(), 1);
    ::setenv(kFolder, folder.c_str(), 1);
    if (reverse) ::setenv(kReverse, "1", 1);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::execl("/proc/self/exe", "migrate_test", "--gtest_filter=RemoteRunKilled.Child", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << point << ": " << status;
  return false;
}

constexpr const char* kForward[] = {
    "migrate.remote.planned:1",        "migrate.remote.mirror_read:2",
    "migrate.remote.table_read:3",     "migrate.remote.read_all:1",
    "migrate.remote.built:1",          "migrate.remote.before_writing:1",
    "migrate.remote.rows_added:1",     "migrate.remote.rows_changed:1",
    "migrate.remote.rows_changed:2",   "migrate.remote.table_written:1",
    "migrate.remote.table_written:3",  "migrate.remote.before_proof:1",
    "migrate.remote.cut_over:1",       "migrate.remote.reported:1",
    "migrate.remote.before_finished:1"};
constexpr const char* kBack[] = {"migrate.remote.rows_removed:1", "migrate.remote.table_removed:1",
                                 "migrate.remote.table_removed:2", "migrate.remote.before_proof:1",
                                 "migrate.remote.reported:1"};

void KillAtEach(std::span<const char* const> points, bool reverse) {
  const auto set = SmallSet(2);
  const auto expected = reverse ? set : Migrated(set);
  for (const std::string point : points) {
    SCOPED_TRACE(point);
    const auto folder =
        Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "k"));
    {
      const auto store = Must(items::OpenSqliteStore(folder.path() / "remote.db"));
      Deploy(*store, {2, 5}, set);
    }
    if (reverse) {
      ASSERT_TRUE(Must(WorkIn(folder.path(), false)).finished);
    }

    ASSERT_TRUE(KilledAt(point, folder.path(), reverse));
    const auto report = Must(WorkIn(folder.path(), reverse));

    EXPECT_TRUE(report.finished) << (report.interrupted ? report.interrupted->message : "");
    const auto store = Must(items::OpenSqliteStore(folder.path() / "remote.db"));
    EXPECT_SAME_TABLES(expected, Contents(*store));
  }
}

TEST(RemoteRunKilled, AtAnyPointOfARunTheNextOneFinishesIt) { KillAtEach(kForward, false); }
TEST(RemoteRunKilled, AtAnyPointOfTheWayBackTheNextOneFinishesIt) { KillAtEach(kBack, true); }

}  // namespace
}  // namespace vams::migrate::remote::test
