// What happens to backups: files damaged, cut off and gone, keys that do not fit, other stacks'
// folders, and pruning.
#include "base/encoding.h"
#include "base/hash.h"
#include "lifecycle/backup/backup_support_test.h"

namespace vams::lifecycle::backup::test {

namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EitherDamageTest : public EitherBackupTest {};
INSTANTIATE_TEST_SUITE_P(Plain, EitherDamageTest, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, EitherDamageTest, ::testing::Values(true));

// Every kind of file: flipped, cut off, gone.  What is found is named; what is whole comes back.
TEST_P(EitherDamageTest, FindsAndNamesEveryDamage) {
  MakeStack(GetParam());
  Fill();
  const auto made = BackUp();
  ASSERT_THAT(Check().findings, IsEmpty());
  std::vector<files::Path> all = Packs();
  all.push_back(Repo() / ManifestName(made.manifest.id));
  int number = 0;
  for (const auto& path : all) {
    const std::string whole = lifecycle::test::Slurp(path);
    fs::permissions(path, fs::perms(0644));
    std::vector<std::string> broken{whole.substr(0, whole.size() / 2), whole.substr(0, 3), "",
                                    whole + "x"};
    for (int i = 0; i < 12; ++i) {
      std::string flipped = whole;
      flipped[random_() % flipped.size()] ^= static_cast<char>(1 << (random_() % 8));
      broken.push_back(flipped);
    }
    for (const auto& bytes : broken) {
      lifecycle::test::Put(path, bytes);
      const bool found = !Check().findings.empty();
      // What a restore does not need (a list, the log of the state it has) may be damaged; but
      // nothing that is wrong comes of it.
      const std::string name = fmt::format("broken{}", ++number);
      const auto restored = TryRestore({.id = made.manifest.id, .stack = name});
      EXPECT_EQ(restored.ok(), registry_.Exists(name));
      // A compressed frame has a few bits that no decoder looks at: then every content is the same.
      const bool harmless = bytes.size() == whole.size() && restored.ok() && restored->proved;
      EXPECT_TRUE(found || harmless) << path << " " << bytes.size();
      if (restored.ok()) {
        EXPECT_TRUE(restored->proved);
        ExpectSame("plant", name);
      }
    }
    fs::remove(path);
    if (path.extension() == ".pack") {
      EXPECT_THAT(Check().findings, Not(IsEmpty()));
    }
    lifecycle::test::Put(path, whole);
  }
  EXPECT_THAT(Check().findings, IsEmpty());
}

TEST_F(BackupTest, RestoresWhatIsWholeAndNamesTheRest) {
  MakeStack();
  Fill();
  PutObject("lost", "the content that gets lost");
  const auto made = BackUp();
  const auto digest = Sha256("the content that gets lost");
  const auto name = HexEncode(digest);
  for (const auto& path : Packs()) {
    std::string bytes = lifecycle::test::Slurp(path);
    const auto at = bytes.find("the content that gets lost");
    if (at == std::string::npos) continue;
    fs::permissions(path, fs::perms(0644));
    bytes[at] = 'T';
    lifecycle::test::Put(path, bytes);
  }
  ASSERT_FALSE(TryRestore({.id = made.manifest.id}).ok());

  const auto restored = Must(TryRestore({.id = made.manifest.id, .skip_damaged = true}));

  ASSERT_EQ(restored.findings.size(), 1U);
  EXPECT_THAT(restored.findings[0].what, HasSubstr(name));
  EXPECT_THAT(restored.findings[0].what, HasSubstr("files/lost"));
  EXPECT_EQ(RowsOf(Current("again").current.items()), RowsOf(Current().current.items()));
}

// A chunk that is damaged is no longer there for the next backup once its pack is gone.
TEST_F(BackupTest, StoresAgainWhatARemovedPackHeld) {
  MakeStack();
  Fill();
  const auto first = BackUp();
  for (const auto& path : Packs()) fs::remove(path);
  ASSERT_THAT(Check(false).findings, Not(IsEmpty()));

  (void)BackUp();

  EXPECT_THAT(Check().findings, IsEmpty());
  EXPECT_TRUE(Must(TryRestore({.id = first.manifest.id})).proved);
}

TEST_F(BackupTest, SaysWhatTheStackItselfHasLost) {
  MakeStack();
  Fill();
  const Stack stack = Current();
  const auto blobs = Must(objects::OpenBlobs(stack.blobs(), {}));
  std::string lost;
  for (const auto& entry : fs::recursive_directory_iterator(stack.blobs()))
    if (entry.is_regular_file() && entry.path().filename().string().size() == 64)
      lost = entry.path().string();
  ASSERT_FALSE(lost.empty());
  fs::remove(lost);

  const auto made = BackUp();

  ASSERT_EQ(made.manifest.missing.size(), 1U);
  EXPECT_THAT(made.findings, ElementsAre(Field(&Finding::kind, "missing")));
  const auto restored = Must(TryRestore({.id = made.manifest.id}));
  EXPECT_EQ(restored.findings.size(), 1U);
}

TEST_F(BackupTest, ProvesABackupByRestoringIt) {
  MakeStack();
  Fill();
  const auto made = BackUp();
  const auto before = lifecycle::test::TreeOf(home_.path() / "stacks");

  const auto proof = Must(VerifyByRestoring(*Open(), home_.path(), made.manifest.id, TheSetting()));

  EXPECT_TRUE(proof.proved);
  EXPECT_EQ(lifecycle::test::Differences(before, lifecycle::test::TreeOf(home_.path() / "stacks")),
            std::vector<std::string>());
  for (const auto& entry : fs::directory_iterator(home_.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".verify"));
}

// ---- Keys and repositories ----

TEST_F(BackupTest, OpensWithTheRightKeyOnly) {
  MakeStack(true);
  Fill();
  (void)BackUp();
  const auto other = home_.path() / "other.key";
  lifecycle::test::Put(other, std::string(32, 'k'));
  fs::permissions(other, fs::perms(0600));
  const auto stack = Current();

  const auto open = [&](const files::Path& key) -> Status {
    TRY(const auto keys, StackKeysOf(nullptr, {}, key));
    TRY([[maybe_unused]] const auto vault,
        Vault::Open({Folder(), "plant"}, keys.get(), Repository::Purpose::kRead, "t",
                    SystemRandom()));
    return Ok();
  };

  EXPECT_TRUE(open(stack.folder / "stack.key").ok());
  EXPECT_THAT(open(other).error().message, HasSubstr("but the key given is"));
  EXPECT_THAT(open({}).error().message, HasSubstr("--key-file"));
  // Nothing that was stored lies there in the clear, names of contents included.
  const std::string digest = HexEncode(Sha256("small content"));
  for (const auto& entry : fs::recursive_directory_iterator(Repo())) {
    if (!entry.is_regular_file()) continue;
    const auto bytes = lifecycle::test::Slurp(entry.path());
    for (const auto& secret :
         {std::string("small content"), std::string("asset-0"), digest, Sha256("small content")})
      EXPECT_EQ(bytes.find(secret), std::string::npos) << entry.path();
  }
}

TEST_F(BackupTest, FollowsTheStackToAnotherKey) {
  MakeStack(true);
  Fill();
  const auto first = BackUp();
  (void)Must(ReplaceStackKey(Current(), encryption_, {}, clock_, SystemRandom()));

  const auto second = BackUp();

  EXPECT_LE(second.written.chunks, 1U);
  EXPECT_THAT(Check().findings, IsEmpty());
  EXPECT_TRUE(Must(TryRestore({.id = first.manifest.id})).proved);
}

TEST_F(BackupTest, RefusesWhatIsNotItsOwn) {
  MakeStack();
  Fill();
  (void)BackUp();
  fs::rename(Repo(), home_.path() / "backups" / "other");
  (void)Must(registry_.Create("other", std::nullopt));

  const auto refused = Create(Current("other"), Folder(), {}, TheSetting());

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("holds the backups of stack \"plant\""));
  const auto bucket = Create(Current(), "s3://bucket/prefix", {}, TheSetting());
  ASSERT_FALSE(bucket.ok());
  EXPECT_EQ(bucket.error().code, Code::kNotSupported);
  EXPECT_THAT(bucket.error().message, HasSubstr("S3 protocol"));
}

// ---- Pruning ----

TEST(KeepRules, KeepTheNewestOfEachPeriod) {
  constexpr std::int64_t kDay = 86'400'000;
  constexpr std::int64_t kMonday = std::int64_t{20'153} * kDay;  // 2025-03-06 is a Thursday
  const std::vector<std::int64_t> times{kMonday,
                                        kMonday + 1000,
                                        kMonday + kDay,
                                        kMonday + 4 * kDay,
                                        kMonday + 40 * kDay,
                                        kMonday + 40 * kDay + 5};

  const auto kept = [&](const KeepRules& rules) {
    std::string text;
    for (const bool keep : KeptBy(rules, times)) text += keep ? 'x' : '.';
    return text;
  };

  EXPECT_EQ(kept({.last = 2}), "....xx");
  EXPECT_EQ(kept({.daily = 3}), "..xx.x");
  EXPECT_EQ(kept({.daily = 10}), ".xxx.x");
  EXPECT_EQ(kept({.weekly = 2}), "...x.x");
  EXPECT_EQ(kept({.weekly = 3}), "..xx.x");
  EXPECT_EQ(kept({.monthly = 5}), "...x.x");
  EXPECT_EQ(kept({.last = 1, .monthly = 2}), "...x.x");
  EXPECT_EQ(kept({}), "......");
}

// Whatever is made and pruned in whatever order: every backup that is listed restores.
TEST_F(BackupTest, PruningNeverTakesWhatABackupNeeds) {
  MakeStack();
  AddAssets(0, 500, "first ");
  std::map<std::string, Rows> expected;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i)
      PutObject(fmt::format("object {}", random_() % 8), RandomBytes(random_() % 60'000));
    AddAssets(static_cast<int>(random_() % 500), 30, fmt::format("round {} ", round));
    const auto made = BackUp();
    expected[made.manifest.id] = RowsOf(Current().current.items());
    if (random_() % 2 == 0) continue;
    const auto vault = Open(Repository::Purpose::kPrune);
    const KeepRules rules{.last = 1 + random_() % 3};
    const auto said = Must(Prune(*vault, rules, true, TheSetting()));
    const auto pruned = Must(Prune(*vault, rules, false, TheSetting()));
    EXPECT_EQ(said.removed, pruned.removed);
    for (const auto& id : pruned.removed) expected.erase(id);
  }

  EXPECT_THAT(Check().findings, IsEmpty());
  int number = 0;
  for (const auto& [id, rows] : expected) {
    const std::string name = fmt::format("again{}", ++number);
    EXPECT_TRUE(Must(TryRestore({.id = id, .stack = name})).proved);
    EXPECT_EQ(RowsOf(Current(name).current.items()), rows);
  }
  // With one backup left, nothing is kept that it does not need but what shares a pack.
  const auto vault = Open(Repository::Purpose::kPrune);
  (void)Must(Prune(*vault, {.last = 1}, false, TheSetting()));
  EXPECT_THAT(Must(vault->Ids()), ElementsAre(expected.rbegin()->first));
}

// Nobody knows what a backup needs that cannot be read, so no chunk goes as long as it is there.
TEST_F(BackupTest, PruningIsRefusedToReadersAndKeepsWhatADamagedBackupMayNeed) {
  MakeStack();
  Fill();
  const auto made = BackUp();
  const auto second = BackUp();
  AddAssets(0, 10, "later ");
  const auto third = BackUp();
  const auto reader = Open();
  const auto refused =
      Vault::Open({Folder(), "plant"}, nullptr, Repository::Purpose::kPrune, "t", SystemRandom());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  const auto path = Repo() / ManifestName(made.manifest.id);
  fs::permissions(path, fs::perms(0644));
  lifecycle::test::Put(path, "damaged");
  const auto before = Packs();
  const auto vault = [&] {
    (void)reader;
    return Vault::Open({Folder(), "plant"}, nullptr, Repository::Purpose::kWrite, "t",
                       SystemRandom());
  }();

  const auto kept = Must(Prune(**vault, {.last = 1}, false, TheSetting()));

  ASSERT_EQ(kept.findings.size(), 1U);
  EXPECT_EQ(kept.findings.front().what, made.manifest.id);
  EXPECT_THAT(kept.kept, ::testing::UnorderedElementsAre(made.manifest.id, third.manifest.id));
  EXPECT_THAT(kept.removed, ElementsAre(second.manifest.id));
  EXPECT_EQ(Packs(), before);
  EXPECT_FALSE(Prune(**vault, {}, false, TheSetting()).ok());

  const auto dropped = Must(Prune(**vault, {.last = 1, .drop_damaged = true}, false, TheSetting()));

  EXPECT_THAT(dropped.removed, ElementsAre(made.manifest.id));
  EXPECT_THAT(Must((*vault)->Ids()), ElementsAre(third.manifest.id));
  EXPECT_TRUE(
      Must(backup::Verify(**vault, {.id = "", .read_data = true}, TheSetting())).findings.empty());
}

TEST_F(BackupTest, OneAtATime) {
  MakeStack();
  Fill();
  (void)BackUp();
  const auto held = Must(Vault::Open({Folder(), "plant"}, nullptr, Repository::Purpose::kWrite,
                                     "vams backup create", SystemRandom()));

  const auto refused = TryBackUp();

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("vams backup create"));
}

}  // namespace

}  // namespace vams::lifecycle::backup::test
