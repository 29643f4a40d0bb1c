// The stack key: made once, checked, missing, replaced, and an interruption at every step.
#include "objects/encryption_keys.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "objects/blob_test_support.h"
#include "objects/blob_upkeep.h"

namespace vams::objects {
namespace {

using test::ContentOf;
using test::MessageOf;
using test::Must;
using test::Put;
using test::Sha;
using test::Slurp;
using ::testing::AllOf;
using ::testing::HasSubstr;

const EncryptionChoice kOwn{.enabled = true, .key_file = {}};

class StackKeyTest : public ::testing::Test {
 protected:
  files::Path Blobs() const { return temp_.path() / "blobs"; }
  files::Path KeyFile() const { return temp_.path() / "stack.key"; }
  Result<std::unique_ptr<BlobStore>> Open(const EncryptionChoice& choice = kOwn) const {
    return OpenBlobs(Blobs(), choice);
  }
  // A key file of one's own.
  EncryptionChoice Given(const std::string& name, const std::string& bytes,
                         mode_t mode = 0600) const {
    const auto path = Put(temp_.path() / name, bytes);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return {.enabled = true, .key_file = path};
  }
  static std::string Id(char fill) { return HexOf(IdOf(test::TestKey(fill))); }

  const files::TempFolder temp_ = test::MakeTemp();
};

TEST_F(StackKeyTest, IsMadeOnceAndForItsOwnerAlone) {
  Must(Must(Open())->AddBytes("content"));
  const std::string key = Slurp(KeyFile());

  EXPECT_EQ(key.size(), 32u);
  struct stat info {};
  ASSERT_EQ(::stat(KeyFile().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(ContentOf(*Must(Open()), Sha("content")), "content");
  EXPECT_EQ(Slurp(KeyFile()), key);
  EXPECT_EQ(Slurp(Blobs() / "format"),
            fmt::format("vams-blobs 3\nstack-key {}\n", HexOf(IdOf(SecretKey::Of(key)))));
}

TEST_F(StackKeyTest, IsNotMadeWithoutEncryption) {
  Must(Must(Open({}))->AddBytes("content"));

  EXPECT_FALSE(std::filesystem::exists(KeyFile()));
  EXPECT_EQ(Open().error().code, Code::kConflict);
  EXPECT_FALSE(std::filesystem::exists(KeyFile())) << "nor for a folder that stays plain";
}

TEST_F(StackKeyTest, ThoseWhoComeTogetherHaveOneKey) {
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      const auto store = Open();
      if (store.ok() && (*store)->AddBytes(fmt::format("content {}", t)).ok()) ++opened;
    });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(opened, 8);
  const auto store = Must(Open());
  for (int t = 0; t < 8; ++t) {
    const std::string content = fmt::format("content {}", t);
    EXPECT_EQ(ContentOf(*store, Sha(content)), content);
  }
}

TEST_F(StackKeyTest, MissingItIsNamedAndNeverMadeAnew) {
  Must(Must(Open())->AddBytes("content"));
  const std::string id = HexOf(IdOf(SecretKey::Of(Slurp(KeyFile()))));
  std::filesystem::rename(KeyFile(), temp_.path() / "kept");

  const auto missing = Open();

  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(MessageOf(missing), AllOf(HasSubstr(id), HasSubstr(KeyFile().string())));
  EXPECT_FALSE(std::filesystem::exists(KeyFile()));
  std::filesystem::rename(temp_.path() / "kept", KeyFile());
  EXPECT_EQ(ContentOf(*Must(Open()), Sha("content")), "content");
}

TEST_F(StackKeyTest, AFileThatIsNoKeyIsRefused) {
  const std::string key(32, 'k');
  ASSERT_EQ(::mkfifo((temp_.path() / "pipe").c_str(), 0600), 0);
  const std::pair<EncryptionChoice, const char*> cases[] = {
      {Given("short", key.substr(1)), "has 31 bytes"},
      {Given("long", key + "\n"), "has 33 bytes"},
      {Given("open", key, 0644), "chmod o="},
      {Given("writable", key, 0602), "chmod o="},
      {{.enabled = true, .key_file = temp_.path() / "absent"}, "optionalExternalCmkArn"},
      {{.enabled = true, .key_file = temp_.path()}, "no regular file"},
      {{.enabled = true, .key_file = temp_.path() / "pipe"}, "no regular file"}};
  for (const auto& [choice, why] : cases) {
    const auto refused = Open(choice);
    ASSERT_FALSE(refused.ok()) << why;
    EXPECT_EQ(refused.error().code, Code::kInvalid) << why;
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr(why), HasSubstr(choice.key_file.string())));
  }
  EXPECT_FALSE(std::filesystem::exists(Blobs()));
  EXPECT_TRUE(Open(Given("group", key, 0640)).ok());
}

TEST_F(StackKeyTest, AnotherFileIsNamed) {
  Must(Must(Open(Given("right", std::string(32, 'r'))))->AddBytes("content"));

  const auto wrong = Open(Given("wrong", std::string(32, 'w')));

  EXPECT_EQ(wrong.error().code, Code::kInvalid);
  EXPECT_THAT(MessageOf(wrong), AllOf(HasSubstr(Id('r')), HasSubstr(Id('w'))));
}

// ---- Replacing it ----

TEST_F(StackKeyTest, ReplacedKeysLeadToTheOldContents) {
  Must(Must(Open())->AddBytes("first"));
  const std::string first = Slurp(KeyFile());
  const std::string second_id = Must(ReplaceStackKey(Blobs(), kOwn, {}, SystemRandom()));
  const std::string second = Slurp(KeyFile());
  Must(Must(Open())->AddBytes("second"));
  Must(ReplaceStackKey(Blobs(), kOwn, {}, SystemRandom()));

  EXPECT_EQ(second_id, HexOf(IdOf(SecretKey::Of(second))));
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::filesystem::exists(KeyFile().string() + ".next"));
  const auto store = Must(Open());
  Must(store->AddBytes("third"));
  for (const auto* content : {"first", "second", "third"})
    EXPECT_EQ(ContentOf(*store, Sha(content)), content);
  // The keys before open the folder no more.
  for (const std::string& before : {first, second})
    EXPECT_EQ(Open(Given("before", before)).error().code, Code::kInvalid);
}

TEST_F(StackKeyTest, AGivenKeyIsReplacedByAnother) {
  const auto one = Given("one", std::string(32, '1')), two = Given("two", std::string(32, '2'));
  Must(Must(Open(one))->AddBytes("content"));

  EXPECT_EQ(ReplaceStackKey(Blobs(), one, {}, SystemRandom()).error().code, Code::kInvalid);
  EXPECT_EQ(ReplaceStackKey(Blobs(), two, two.key_file, SystemRandom()).error().code,
            Code::kInvalid);
  EXPECT_EQ(Must(ReplaceStackKey(Blobs(), two, one.key_file, SystemRandom())), Id('2'));
  EXPECT_EQ(Must(ReplaceStackKey(Blobs(), two, one.key_file, SystemRandom())), Id('2'));

  EXPECT_EQ(ContentOf(*Must(Open(two)), Sha("content")), "content");
  EXPECT_EQ(Open(one).error().code, Code::kInvalid);
  // And back: a key that was one before is the current one again.
  Must(ReplaceStackKey(Blobs(), one, two.key_file, SystemRandom()));
  EXPECT_EQ(ContentOf(*Must(Open(one)), Sha("content")), "content");
}

TEST_F(StackKeyTest, IsNotReplacedWhereNothingIsEncryptedOrSomebodyWrites) {
  EXPECT_EQ(ReplaceStackKey(Blobs(), kOwn, {}, SystemRandom()).error().code, Code::kConflict);
  EXPECT_FALSE(std::filesystem::exists(KeyFile()));
  const auto store = Must(Open());
  Must(store->AddBytes("content"));
  const std::string key = Slurp(KeyFile());

  EXPECT_EQ(ReplaceStackKey(Blobs(), kOwn, {}, SystemRandom()).error().code, Code::kConflict);
  EXPECT_EQ(Slurp(KeyFile()), key);
  EXPECT_EQ(ContentOf(*Must(Open()), Sha("content")), "content");
}

constexpr char kChildFolder[] = "VAMS_TEST_KEYED_BLOBS";

// Runs only as the child of the next test, which arms a point by the environment.
TEST(StackKeyChild, DISABLED_Replaces) {
  const files::Path folder = std::getenv(kChildFolder);
  Must(Must(OpenBlobs(folder, kOwn))->AddBytes("of the child"));
  Must(ReplaceStackKey(folder, kOwn, {}, SystemRandom()));
}

bool ChildDies(const files::Path& folder, const std::string& fault) {
  std::fflush(stdout);  // or the child prints it again
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kChildFolder, folder.c_str(), 1);
    ::setenv("VAMS_FAULT", fault.c_str(), 1);
    (void)!std::freopen("/dev/null", "w", stdout);
    ::execl("/proc/self/exe", "child", "--gtest_also_run_disabled_tests",
            "--gtest_filter=StackKeyChild.DISABLED_Replaces", nullptr);
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status);
}

// Killed at every step of making the first key, the folder, and the next key: a key that opens the
// folder is always there, and everything stays readable.
TEST_F(StackKeyTest, KilledAtAnyPointTheFolderCanBeOpened) {
  for (const char* point : {"objects.stack_key.before_link", "objects.format.before_write",
                            "objects.stack_key.before_link:2", "objects.format.before_write:2",
                            "objects.stack_key.before_rename"}) {
    SCOPED_TRACE(point);
    Must(files::RemoveTree(Blobs()));
    for (const char* key : {"stack.key", "stack.key.next"})
      std::filesystem::remove(temp_.path() / key);

    EXPECT_TRUE(ChildDies(Blobs(), fmt::format("{}=kill", point))) << "never reached";

    const bool first = std::string_view(point).find(':') == std::string_view::npos &&
                       std::string_view(point) != "objects.stack_key.before_rename";
    {
      const auto store = Must(Open());
      EXPECT_EQ(Must(store->Has(Sha("of the child"))), !first);
      Must(store->AddBytes("afterwards"));
    }
    Must(ReplaceStackKey(Blobs(), kOwn, {}, SystemRandom()));
    const auto store = Must(Open());
    if (!first) {
      EXPECT_EQ(ContentOf(*store, Sha("of the child")), "of the child");
    }
    EXPECT_EQ(ContentOf(*store, Sha("afterwards")), "afterwards");
    EXPECT_FALSE(std::filesystem::exists(KeyFile().string() + ".next"));
  }
}

}  // namespace
}  // namespace vams::objects
