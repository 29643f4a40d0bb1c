// What the tests of backups share: a stack of random content, its backups, and the way back.
// Blocks on disk.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "lifecycle/backup/backup.h"
#include "lifecycle/support_test.h"
#include "lifecycle/upkeep_objects.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::backup::test {

using items::Item;
using items::Value;
using items::Write;
using lifecycle::test::FixedClock;
using lifecycle::test::MakeTemp;
using lifecycle::test::Must;
using lifecycle::test::Rows;
using lifecycle::test::RowsOf;

namespace fs = std::filesystem;

inline constexpr char kAssets[] = "AssetStorageTable";

class BackupTest : public ::testing::Test {
 protected:
  static std::uint32_t Seed() {
    const char* given = std::getenv("VAMS_TEST_SEED");
    const std::uint32_t seed = given != nullptr
                                   ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                                   : std::random_device()();
    std::printf("repeat with VAMS_TEST_SEED=%u\n", seed);
    return seed;
  }

  Stack Current(const std::string& name = "plant") { return Must(registry_.Get(name)); }
  std::string Folder() { return (home_.path() / "backups").string(); }
  files::Path Repo() { return home_.path() / "backups" / "plant"; }

  Item Asset(int number, const std::string& text) {
    Item item;
    item.Set("databaseId", Value::S("yard"));
    item.Set("assetId", Value::S(fmt::format("asset-{:05}", number)));
    item.Set("assetName", Value::S(text));
    return item;
  }

  static Item KeyOfAsset(int number) {
    Item key;
    key.Set("databaseId", Value::S("yard"));
    key.Set("assetId", Value::S(fmt::format("asset-{:05}", number)));
    return key;
  }

  // Every kind of value there is, nested.
  Value AnyValue(int depth) {
    switch (random_() % (depth > 2 ? 5 : 9)) {
      case 0:
        return Value::S(std::string(random_() % 300, 'x') + std::to_string(random_()));
      case 1:
        return Value::N(static_cast<std::int64_t>(random_()) - 2'000'000'000);
      case 2:
        return Value::Bool(random_() % 2 == 0);
      case 3:
        return Value::Null();
      case 4:
        return Value::B(std::string("\0\xff bytes", 8) + std::to_string(random_()));
      case 5: {
        std::vector<Value> list;
        for (unsigned i = random_() % 5; i > 0; --i) list.push_back(AnyValue(depth + 1));
        return Value::L(std::move(list));
      }
      case 6: {
        Item map;
        for (unsigned i = random_() % 5; i > 0; --i)
          map.Set(fmt::format("m{}", i), AnyValue(depth + 1));
        return Value::M(std::move(map));
      }
      case 7:
        return Value::SS({"a", "b" + std::to_string(random_())});
      default:
        return Value::NS({"1", "2.5"});
    }
  }

  void Commit(const std::vector<Write>& writes, const std::string& stack = "plant") {
    const auto store =
        Must(items::OpenSqliteStore(Current(stack).current.items(), {.clock = &clock_}));
    for (std::size_t at = 0; at < writes.size(); at += 1000) {
      const std::size_t count = std::min<std::size_t>(1000, writes.size() - at);
      (void)Must(store->Commit(op_, std::span(writes).subspan(at, count)));
    }
  }

  // Each in a commit of its own.
  void CommitEach(const std::vector<Write>& writes) {
    const auto store = Must(items::OpenSqliteStore(Current().current.items(), {.clock = &clock_}));
    for (const auto& write : writes) (void)Must(store->Commit(op_, std::span(&write, 1)));
  }

  // Puts and deletions of the first so many assets.
  std::vector<Write> AnyWrites(int count, unsigned assets) {
    std::vector<Write> writes;
    for (int i = 0; i < count; ++i) {
      const int number = static_cast<int>(random_() % assets);
      if (random_() % 3 == 0)
        writes.push_back(Write::Delete(kAssets, KeyOfAsset(number)));
      else
        writes.push_back(Write::Put(kAssets, Asset(number, fmt::format("r{}", random_()))));
    }
    return writes;
  }

  void AddAssets(int from, int count, const std::string& text) {
    std::vector<Write> writes;
    for (int i = from; i < from + count; ++i) {
      Item item = Asset(i, text + std::to_string(i));
      item.Set("any", AnyValue(0));
      writes.push_back(Write::Put(kAssets, std::move(item)));
    }
    Commit(writes);
  }

  std::string RandomBytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

  // An object's new version by the store that a server has.
  void PutObject(const std::string& key, std::string_view bytes) {
    const Stack stack = Current();
    const auto store = Must(items::OpenSqliteStore(stack.current.items(), {.clock = &clock_}));
    const auto blobs = Must(objects::OpenBlobs(stack.blobs(), encryption_, {.clock = &clock_}));
    const auto info = Must(blobs->AddBytes(bytes));
    objects::ObjectVersion version{.bucket = "files",
                                   .key = key,
                                   .version_id = fmt::format("v{}", ++versions_),
                                   .sequence = versions_,
                                   .state = objects::ObjectVersion::State::kPresent,
                                   .size = info.size,
                                   .etag = info.md5,
                                   .sha256 = info.sha256};
    const std::vector<Write> writes{
        Write::Put(std::string(tables::kObjectVersionsTable), objects::VersionItem(version))};
    (void)Must(store->Commit(op_, writes));
  }

  void RemoveObject(const std::string& key, std::int64_t sequence) {
    Commit({Write::Delete(std::string(tables::kObjectVersionsTable),
                          objects::VersionKey("files", key, sequence))});
  }

  void MakeStack(bool encrypted = false) {
    encryption_.enabled = encrypted;
    const std::string config =
        encrypted ? R"({"app": {"useKmsCmkEncryption": {"enabled": true}}})" : "{}";
    (void)Must(registry_.Create("plant", config));
  }

  // Small, empty, in a file of its own, and longer than one chunk.
  void Fill(bool huge = false) {
    AddAssets(0, 1500, "first ");
    PutObject("small", "small content");
    PutObject("small", "small content, second version");
    PutObject("empty", "");
    PutObject("large", RandomBytes(200'000));
    if (huge) PutObject("huge", RandomBytes(2 * kPieceBytes + 12'345));
  }

  Setting TheSetting() {
    return {clock_, SystemRandom(), op_, [](std::string_view, std::uint64_t) {}};
  }
  Result<CreateReport> TryBackUp() {
    clock_.now += 60'000;
    return Create(Current(), Folder(), encryption_, TheSetting());
  }
  CreateReport BackUp() { return Must(TryBackUp()); }

  std::unique_ptr<Vault> Open(Repository::Purpose purpose = Repository::Purpose::kRead) {
    const auto stack = Current();
    const auto keys = Must(StackKeysOf(&stack, encryption_, {}));
    return Must(Vault::Open({Folder(), "plant"}, keys.get(), purpose, "a test", SystemRandom()));
  }
  VerifyReport Check(bool read_data = true) {
    return Must(backup::Verify(*Open(), {.id = "", .read_data = read_data}, TheSetting()));
  }
  Result<RestoreReport> TryRestore(RestoreRequest request) {
    if (request.stack.empty()) request.stack = "again";
    request.encryption = encryption_;
    return backup::Restore(*Open(), registry_, request, TheSetting());
  }

  void ExpectSame(const std::string& a, const std::string& b) {
    for (const bool system : {false, true})
      EXPECT_EQ(RowsOf(Current(a).current.items(), system),
                RowsOf(Current(b).current.items(), system));
    const auto check =
        Must(CheckObjects(Current(b), encryption_, true, op_, [](const objects::BlobFinding& f) {
          ADD_FAILURE() << f.what << ": " << f.detail;
        }));
    EXPECT_GT(check.references, 0U);
  }

  std::vector<files::Path> Packs() {
    std::vector<files::Path> packs;
    for (const auto& entry : fs::directory_iterator(Repo() / "packs"))
      packs.push_back(entry.path());
    std::ranges::sort(packs);
    return packs;
  }

  std::mt19937 random_{Seed()};
  FixedClock clock_;
  files::TempFolder home_ = MakeTemp();
  StackRegistry registry_{home_.path(), clock_};
  objects::EncryptionChoice encryption_;
  OpContext op_;
  std::int64_t versions_ = 0;
};

class EitherBackupTest : public BackupTest, public ::testing::WithParamInterface<bool> {};

}  // namespace vams::lifecycle::backup::test
