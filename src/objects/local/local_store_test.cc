#include "objects/local/local_store.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <random>
#include <set>
#include <thread>

#include "base/encoding.h"
#include "base/hash.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/local/local_backend_test.h"
#include "tables/system_tables.h"
#include "testing/faulty_store.h"

namespace vams::objects::conformance {
namespace {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;
using test::FilesIn;
using test::MakeTemp;
using test::Must;
using testing::FaultyStore;

LocalStoreOptions Options(const Clock& clock, std::uint64_t min_part_bytes) {
  return {.min_part_bytes = min_part_bytes, .clock = &clock, .random = nullptr};
}

INSTANTIATE_TEST_SUITE_P(
    Local, ObjectStoreConformance,
    ::testing::Values(Engine{.name = "over_memory",
                             .open = [](const files::Path& folder, const Clock& clock,
                                        std::uint64_t min_part_bytes) -> std::unique_ptr<Backend> {
                               return std::make_unique<LocalBackend>(
                                   folder, items::MemoryStore::Create(),
                                   Options(clock, min_part_bytes));
                             }},
                      Engine{.name = "over_sqlite",
                             .open = [](const files::Path& folder, const Clock& clock,
                                        std::uint64_t min_part_bytes) -> std::unique_ptr<Backend> {
                               return std::make_unique<LocalBackend>(
                                   folder, Must(items::OpenSqliteStore(folder / "items.db")),
                                   Options(clock, min_part_bytes));
                             }}),
    ::testing::PrintToStringParamName());

const ObjectId kObject{"plant", "k"};

items::TableSpec AssetsTable() {
  return {.name = "assets",
          .partition = {"id", items::Kind::kS},
          .sort = {},
          .indexes = {},
          .ttl_attribute = {}};
}

class LocalObjectStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector specs{AssetsTable()};
    Must(items().CreateTables(op, specs));
  }
  ObjectStore& store() { return backend_.store(); }
  items::ItemStore& items() { return *backend_.items(); }
  std::size_t Blobs() { return FilesIn(temp_.path() / "blobs"); }
  std::vector<VersionInfo> Versions() {
    ListVersionsRequest request;
    request.bucket = kObject.bucket;
    return AllVersions(op, store(), request);
  }

  OpContext op;
  const files::TempFolder temp_ = MakeTemp();
  LocalBackend backend_{temp_.path(), items::MemoryStore::Create()};
};

// ---- Commits with the caller's items ----

TEST_F(LocalObjectStoreTest, ItemsAndVersionsAppearTogetherOrNotAtAll) {
  const auto staged = Must(store().Stage(op, SourceOf("bytes"), {}));
  const auto changes = ObjectChanges().Add(PutChange{kObject, staged, {}, {}});
  const std::vector absent{
      Write::Put("assets", Item{{"id", Value::S("a")}}, {Condition::Absent()})};

  Must(store().Commit(op, changes, absent));
  const auto again = store().Commit(op, changes, absent);

  EXPECT_CODE(kConflict, again);
  EXPECT_EQ(again.error().index, 0) << "it is the caller's own write that has to be made anew";
  EXPECT_TRUE(items().Get(op, "assets", Item{{"id", Value::S("a")}}).ok());
  EXPECT_EQ(Versions().size(), 1u);
}

TEST_F(LocalObjectStoreTest, RefusedChangesAreNumberedBehindTheWrites) {
  const std::vector writes{Write::Put("assets", Item{{"id", Value::S("a")}}),
                           Write::Put("assets", Item{{"id", Value::S("b")}})};
  ObjectChanges changes;
  changes.Add(DeleteChange{kObject}).Add(CopyChange{kObject, {}, kObject, {}, {}});

  const auto made = store().Commit(op, changes, writes);

  EXPECT_CODE(kNotFound, made);
  EXPECT_EQ(made.error().index, 3);
  EXPECT_EQ(Must(items().Count(op, "assets")), 0u);
}

TEST_F(LocalObjectStoreTest, ItemsAloneAreCommittedAsWell) {
  const std::vector writes{Write::Put("assets", Item{{"id", Value::S("a")}})};

  EXPECT_TRUE(Must(store().Commit(op, {}, writes)).empty());

  EXPECT_EQ(Must(items().Count(op, "assets")), 1u);
}

// ---- Stretches of files ----

std::string RandomBytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// The content as whoever asks for stretches gets it, from `offset` on; what no file has is left
// out.
std::string ByStretches(const ObjectReader& reader, std::uint64_t offset, int& stretches) {
  std::string all;
  stretches = 0;
  while (offset < reader.info().size) {
    const auto stretch = reader.StretchAt(offset);
    if (!stretch || stretch->length == 0) return all;
    std::string bytes(stretch->length, '\0');
    const ssize_t got = ::pread(*stretch->descriptor, bytes.data(), bytes.size(),
                                static_cast<off_t>(stretch->offset));
    EXPECT_EQ(got, static_cast<ssize_t>(bytes.size()));
    all += bytes;
    offset += stretch->length;
    ++stretches;
  }
  return all;
}

TEST_F(LocalObjectStoreTest, TellsWhereTheBytesLie) {
  const std::string large = RandomBytes(300'000, 1);
  const std::string small = RandomBytes(3'000, 2);
  Must(store().PutBytes(op, {"plant", "file"}, large));
  Must(store().PutBytes(op, {"plant", "other"}, RandomBytes(5'000, 3)));
  Must(store().PutBytes(op, {"plant", "packed"}, small));
  Must(store().PutBytes(op, {"plant", "empty"}, ""));
  int stretches = 0;

  const auto file = Must(store().Open(op, {"plant", "file"}));
  EXPECT_EQ(ByStretches(*file, 0, stretches), large);
  EXPECT_EQ(stretches, 1);
  EXPECT_EQ(ByStretches(*file, 299'999, stretches), large.substr(299'999));
  const auto packed = Must(store().Open(op, {"plant", "packed"}));
  EXPECT_EQ(ByStretches(*packed, 0, stretches), small);
  EXPECT_EQ(ByStretches(*packed, 1'000, stretches), small.substr(1'000));
  for (const std::uint64_t end : {300'000U, 300'001U})
    EXPECT_FALSE(file->StretchAt(end).has_value());
  EXPECT_FALSE(Must(store().Open(op, {"plant", "empty"}))->StretchAt(0).has_value());
}

TEST_F(LocalObjectStoreTest, AContentOfPartsHasAStretchForEach) {
  const std::string one = RandomBytes(100'000, 4);
  const std::string two = RandomBytes(70'000, 5);
  const std::string three = RandomBytes(10, 6);
  const auto upload = Must(store().CreateUpload(op, kObject, {}));
  std::vector<PartEtag> parts;
  for (const std::string* part : {&one, &two, &three}) {
    const auto number = static_cast<std::uint32_t>(parts.size() + 1);
    parts.push_back({number, Must(store().PutPart(op, upload, number, SourceOf(*part), {})).etag});
  }
  Must(store().CompleteUpload(op, upload, parts));
  const auto reader = Must(store().Open(op, kObject));
  int stretches = 0;

  EXPECT_EQ(ByStretches(*reader, 0, stretches), one + two + three);
  EXPECT_EQ(stretches, 3);
  EXPECT_EQ(ByStretches(*reader, 150'000, stretches), (two + three).substr(50'000));
}

// The stretch stays readable, as the reader does, when the version and its blob are gone.
TEST_F(LocalObjectStoreTest, AStretchOutlivesItsFile) {
  const std::string bytes = RandomBytes(200'000, 7);
  const auto info = Must(store().PutBytes(op, kObject, bytes));
  const auto stretch = Must(store().Open(op, kObject))->StretchAt(0);
  ASSERT_TRUE(stretch.has_value());

  std::filesystem::remove(Must(backend_.blobs().PathOf(HexEncode(Sha256(bytes)))));

  std::string read(bytes.size(), '\0');
  EXPECT_EQ(::pread(*stretch->descriptor, read.data(), read.size(), 0), 200'000);
  EXPECT_EQ(read, bytes);
  EXPECT_CODE(kCorrupt, store().Open(op, kObject));
}

TEST_F(LocalObjectStoreTest, AFileThatIsCutOffHasNoStretch) {
  const std::string bytes = RandomBytes(200'000, 8);
  Must(store().PutBytes(op, kObject, bytes));
  const auto path = Must(backend_.blobs().PathOf(HexEncode(Sha256(bytes))));
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::filesystem::resize_file(path, 100'000);

  const auto reader = Must(store().Open(op, kObject));

  EXPECT_FALSE(reader->StretchAt(0).has_value());
  std::string read(bytes.size(), '\0');
  EXPECT_CODE(kCorrupt, reader->ReadAt(op, 0, read.data(), read.size()));
}

// What lies there is not the content: the kernel must not hand it out.
TEST_F(LocalObjectStoreTest, ASealedContentHasNoStretch) {
  const files::TempFolder temp = MakeTemp();
  LocalBackend sealed(temp.path(), items::MemoryStore::Create(), {},
                      {.key = SecretKey::Of(std::string(kKeySize, 'k'))});
  const std::string bytes = RandomBytes(700'000, 11);
  Must(sealed.store().PutBytes(op, kObject, bytes));

  const auto reader = Must(sealed.store().Open(op, kObject));

  EXPECT_FALSE(reader->StretchAt(0).has_value());
  EXPECT_TRUE(ReadAll(op, *reader) == bytes);
}

// Sizes around what goes to a pack, what is worked on without threads, and what fills the ring of
// chunks more than once.
TEST_F(LocalObjectStoreTest, TakesBothDigestsOfContentsOfEverySize) {
  constexpr std::size_t kKib = 1024;
  for (const std::size_t size : {0 * kKib, 64 * kKib, 64 * kKib + 1, 320 * kKib, 320 * kKib + 2,
                                 1000 * kKib, 2304 * kKib, 5000 * kKib + 77}) {
    const std::string bytes = RandomBytes(size, 9);
    std::size_t at = 0;
    // As a network gives them: never as many as are asked for.
    const ByteSource source = [&](char* to, std::size_t most) -> Result<std::size_t> {
      const std::size_t step = std::min({most, bytes.size() - at, 61 * kKib});
      std::copy_n(bytes.data() + at, step, to);
      at += step;
      return step;
    };

    const auto staged = Must(store().Stage(op, source, {}));

    EXPECT_EQ(staged.size, size);
    EXPECT_EQ(staged.md5, HexEncode(Md5(bytes))) << size;
    EXPECT_EQ(staged.sha256, HexEncode(Sha256(bytes))) << size;
    std::string stored;
    Must(backend_.blobs().Read(staged.sha256, [&](std::string_view chunk) {
      stored += chunk;
      return Ok();
    }));
    EXPECT_TRUE(stored == bytes) << size;
  }
}

// Past the page cache only whole blocks can be written: the end of such a content takes another
// way.
TEST_F(LocalObjectStoreTest, TakesLargeContentsOfEveryLength) {
  for (const std::size_t size : {std::size_t{32} << 20, (std::size_t{32} << 20) + 4096 + 77}) {
    std::string bytes = RandomBytes(1 << 20, 10);
    while (bytes.size() < size) bytes += std::string_view(bytes).substr(0, size - bytes.size());

    const auto staged = Must(store().Stage(op, SourceOf(bytes), {.size = size, .md5 = {}}));

    EXPECT_EQ(staged.md5, HexEncode(Md5(bytes))) << size;
    EXPECT_EQ(Must(backend_.blobs().Size(staged.sha256)), size);
    std::size_t at = 0;
    Must(backend_.blobs().Read(staged.sha256, [&](std::string_view chunk) {
      EXPECT_TRUE(std::string_view(bytes).substr(at, chunk.size()) == chunk) << "at " << at;
      at += chunk.size();
      return Ok();
    }));
    EXPECT_EQ(at, size);
  }
}

TEST_F(LocalObjectStoreTest, AContentThatEndsEarlyOrIsTooLongLeavesNothing) {
  const auto before = Blobs();
  for (const std::size_t pulls : {1, 3, 30}) {
    std::size_t pulled = 0;
    const ByteSource gone = [&](char* to, std::size_t most) -> Result<std::size_t> {
      if (pulled++ == pulls) return Error(Code::kInvalid, "the client went away");
      std::fill_n(to, most, 'x');
      return most;
    };
    EXPECT_CODE(kInvalid, store().Stage(op, gone, {}));
    pulled = 0;
    EXPECT_CODE(kInvalid, store().Stage(op, gone, {.size = 64 * 1024 + 2, .md5 = {}}));
  }
  EXPECT_EQ(Blobs(), before);
}

TEST_F(LocalObjectStoreTest, FollowingWritesKnowWhatTheChangesMade) {
  const auto staged = Must(store().Stage(op, SourceOf("bytes"), {}));
  ObjectChanges changes;
  changes.Add(PutChange{kObject, staged, {}, {}}).Add(DeleteChange{{"plant", "absent"}});
  const auto record = [](std::span<const std::optional<VersionInfo>> made) {
    EXPECT_EQ(made.size(), 2u);
    EXPECT_FALSE(made[1].has_value());
    return std::vector{
        Write::Put("assets", Item{{"id", Value::S("a")}, {"of", Value::S(made[0]->version_id)}})};
  };

  const auto made = Must(store().Commit(op, changes, {}, record));

  const Item item = Must(items().Get(op, "assets", Item{{"id", Value::S("a")}}));
  EXPECT_EQ(item.Text("of"), made[0]->version_id);
  EXPECT_EQ(Versions().front().version_id, made[0]->version_id);
}

// A writer who is faster makes the changes be planned anew, with other versions.
TEST_F(LocalObjectStoreTest, FollowingWritesAreAskedForInEveryAttempt) {
  const auto staged = Must(store().Stage(op, SourceOf("bytes"), {}));
  int asked = 0;
  const auto record = [&](std::span<const std::optional<VersionInfo>> made) {
    if (++asked == 1) Must(store().PutBytes(op, kObject, "faster"));
    return std::vector{
        Write::Put("assets", Item{{"id", Value::S("a")}, {"of", Value::S(made[0]->version_id)}})};
  };

  const auto made =
      Must(store().Commit(op, ObjectChanges().Add(PutChange{kObject, staged, {}, {}}), {}, record));

  EXPECT_EQ(asked, 2);
  EXPECT_EQ(Must(items().Get(op, "assets", Item{{"id", Value::S("a")}})).Text("of"),
            made[0]->version_id);
  EXPECT_EQ(Versions().size(), 2u);
}

// ---- Bytes ----

TEST_F(LocalObjectStoreTest, CompletingAndCopyingWriteNoBytes) {
  const auto upload = Must(store().CreateUpload(op, kObject, {}));
  std::vector<PartEtag> parts;
  for (std::uint32_t number = 1; number <= 3; ++number)
    parts.push_back(
        {number,
         Must(store().PutPart(op, upload, number, SourceOf(std::to_string(number)), {})).etag});
  const std::size_t before = Blobs();

  Must(store().CompleteUpload(op, upload, parts));
  Must(store().Copy(op, {kObject, {}, {"plant", "copy"}, {}, {}}));

  EXPECT_EQ(Blobs(), before);
  EXPECT_EQ(ContentOf(op, store(), {"plant", "copy"}), "123");
  EXPECT_EQ(FilesIn(temp_.path() / "blobs" / "incoming"), 0u);
}

// More parts than a list of maps may have in one item.
TEST_F(LocalObjectStoreTest, CompletesMoreThanAThousandParts) {
  const auto upload = Must(store().CreateUpload(op, kObject, {}));
  std::vector<PartEtag> parts;
  std::string content;
  for (std::uint32_t number = 1; number <= 1'005; ++number) {
    const std::string bytes(1, static_cast<char>('a' + number % 3));
    content += bytes;
    parts.push_back({number, Must(store().PutPart(op, upload, number, SourceOf(bytes), {})).etag});
  }

  const auto made = Must(store().CompleteUpload(op, upload, parts));

  EXPECT_TRUE(made.etag.ends_with("-1005"));
  EXPECT_EQ(ContentOf(op, store(), kObject), content);
  EXPECT_EQ(Must(items().Count(op, tables::kUploadPartsTable)), 0u);
}

TEST_F(LocalObjectStoreTest, MissingBlobIsNamed) {
  Must(store().PutBytes(op, kObject, std::string(100'000, 'x')));
  const auto path = Must(backend_.blobs().PathOf(test::Sha(std::string(100'000, 'x'))));
  std::filesystem::remove(path);

  const auto reader = store().Open(op, kObject);

  EXPECT_CODE(kCorrupt, reader);
  EXPECT_THAT(test::MessageOf(reader), ::testing::HasSubstr(path.filename().string()));
}

TEST_F(LocalObjectStoreTest, HandlesOnOneStoreSeeEachOther) {
  const auto other = Must(OpenLocalObjectStore(op, items(), backend_.blobs()));

  const auto made = Must(other->PutBytes(op, kObject, "1"));

  EXPECT_EQ(Must(store().Head(op, kObject)), made);
}

// ---- Faults ----

// A script of every kind of change, each of which may be cut off at each call to the item store.
class Script {
 public:
  Script(OpContext& op, ObjectStore& store) : op_(op), store_(store) {}

  Status Run() {
    TRY_OK(store_.PutBytes(op_, kObject, "1"));
    TRY(const auto second, store_.PutBytes(op_, kObject, "2", {"text/plain", {}}));
    TRY_OK(store_.Copy(op_, {kObject, {}, {"plant", "copy"}, {}, {}}));
    TRY(upload, store_.CreateUpload(op_, {"plant", "up"}, {}));
    TRY(const auto one, store_.PutPart(op_, upload, 1, SourceOf("u"), {}));
    TRY(const auto two, store_.PutPart(op_, upload, 2, SourceOf("v"), {}));
    parts = {{1, one.etag}, {2, two.etag}};
    ObjectChanges changes;
    changes.Add(CompleteChange{upload, parts, {}}).Add(DeleteChange{{"plant", "copy"}});
    const std::vector writes{Write::Put("assets", Item{{"id", Value::S("a")}})};
    TRY_OK(store_.Commit(op_, changes, writes));
    return store_.DeleteVersion(op_, kObject, second.version_id);
  }

  std::string upload;
  std::vector<PartEtag> parts;

 private:
  OpContext& op_;
  ObjectStore& store_;
};

// Everything that is listed can be read, the two tables agree, and what belongs together is there
// together.
void ExpectLegal(OpContext& op, ObjectStore& store, items::ItemStore& items) {
  ListVersionsRequest request;
  request.bucket = "plant";
  request.limit = 1;  // every version is read by its own query
  std::size_t versions = 0;
  for (const auto& version : AllVersions(op, store, request)) {
    ++versions;
    const auto head = Must(store.Head(op, version.object, version.version_id));
    EXPECT_EQ(head.etag, version.etag);
    if (!version.is_delete_marker) {
      EXPECT_EQ(ContentOf(op, store, version.object, version.version_id).size(), version.size);
    }
  }
  EXPECT_EQ(Must(items.Count(op, tables::kObjectVersionsTable)), versions);
  const bool completed = store.Head(op, {"plant", "up"}).ok();
  EXPECT_EQ(completed, items.Get(op, "assets", Item{{"id", Value::S("a")}}).ok());
  if (completed) {
    EXPECT_CODE(kNotFound, store.Head(op, {"plant", "copy"}));
  }
}

TEST(LocalObjectStoreFaults, EveryInterruptionLeavesALegalState) {
  for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
    std::size_t n = 1;
    for (;; ++n) {
      OpContext op;
      const auto temp = MakeTemp();
      const auto inner = items::MemoryStore::Create();
      const auto blobs = Must(BlobStore::Open(temp.path() / "blobs"));
      const std::vector specs{AssetsTable()};
      Must(inner->CreateTables(op, specs));
      FaultyStore faulty(*inner);
      const auto store = Must(OpenLocalObjectStore(op, faulty, *blobs));
      Script script(op, *store);
      faulty.FailCall(faulty.calls() + n, Code::kUnavailable, when);

      const auto status = script.Run();

      // Only what cannot change the outcome any more may fail unseen: tidying up.
      const bool failed = faulty.failed();
      faulty.Disarm();
      SCOPED_TRACE(::testing::Message() << "call " << n << ", status ok " << status.ok());
      ExpectLegal(op, *store, *inner);
      if (!script.parts.empty()) {
        // Whatever happened, the upload can be brought to its end, and its content is not lost.
        EXPECT_TRUE(store->CompleteUpload(op, script.upload, script.parts).ok());
        EXPECT_EQ(ContentOf(op, *store, {"plant", "up"}), "uv");
      }
      Must(store->Tidy(op, std::numeric_limits<std::int64_t>::max()));
      if (!script.parts.empty()) {
        EXPECT_EQ(Must(inner->Count(op, tables::kUploadPartsTable)), 0u);
      }
      if (!failed) {
        EXPECT_TRUE(status.ok());
        break;
      }
    }
    EXPECT_GT(n, 20u);
  }
}

// ---- Concurrency ----

template <typename Work>
void InThreads(int count, Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (auto& thread : threads) thread.join();
}

TEST_F(LocalObjectStoreTest, TwoCompletionsOfOneUploadMakeOneVersion) {
  for (int round = 0; round < 20; ++round) {
    const auto upload = Must(store().CreateUpload(op, kObject, {}));
    const std::vector<PartEtag> parts{
        {1, Must(store().PutPart(op, upload, 1, SourceOf("x"), {})).etag}};
    std::vector<std::string> made(4);

    InThreads(4, [&](int i) {
      OpContext mine;
      made[static_cast<std::size_t>(i)] =
          Must(store().CompleteUpload(mine, upload, parts)).version_id;
    });

    EXPECT_EQ(std::set(made.begin(), made.end()).size(), 1u);
    EXPECT_EQ(Versions().size(), static_cast<std::size_t>(round) + 1);
  }
}

TEST_F(LocalObjectStoreTest, PutsAndDeletesOfOneObjectFollowEachOther) {
  constexpr int kRounds = 25;
  std::atomic<std::size_t> markers = 0;

  InThreads(4, [&](int i) {
    OpContext mine;
    const auto handle = Must(OpenLocalObjectStore(mine, items(), backend_.blobs()));
    for (int round = 0; round < kRounds; ++round) {
      if (i % 2 == 0)
        Must(handle->PutBytes(mine, kObject, std::to_string(i)));
      else if (Must(handle->Delete(mine, kObject)))
        ++markers;
    }
  });

  const auto versions = Versions();
  EXPECT_EQ(versions.size(), 2u * kRounds + markers);
  const auto head = Must(store().Head(op, kObject, versions.front().version_id));
  EXPECT_TRUE(head.is_latest);
  // A marker is never put on top of another.
  for (std::size_t i = 1; i < versions.size(); ++i)
    EXPECT_FALSE(versions[i - 1].is_delete_marker && versions[i].is_delete_marker);
}

TEST_F(LocalObjectStoreTest, OnlyOneOfManyConditionalPutsWins) {
  std::atomic<int> won = 0;

  InThreads(8, [&](int i) {
    OpContext mine;
    if (store().PutBytes(mine, kObject, std::to_string(i), {}, PutCondition::Absent()).ok()) ++won;
  });

  EXPECT_EQ(won, 1);
  EXPECT_EQ(Versions().size(), 1u);
}

// A copy that succeeds has a content even if its source is removed at the same time.
TEST_F(LocalObjectStoreTest, CopyAndRemovalOfItsSource) {
  for (int round = 0; round < 20; ++round) {
    const ObjectId to{"plant", "to" + std::to_string(round)};
    const auto source = Must(store().PutBytes(op, kObject, "x"));
    bool copied = false;
    InThreads(2, [&](int i) {
      OpContext mine;
      if (i == 0)
        copied = store().Copy(mine, {kObject, source.version_id, to, {}, {}}).ok();
      else
        Must(store().DeleteVersion(mine, kObject, source.version_id));
    });
    EXPECT_EQ(store().Head(op, to).ok(), copied);
  }
}

}  // namespace
}  // namespace vams::objects::conformance
