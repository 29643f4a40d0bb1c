// Many small parts at once in the local engine: what they cost, what a failure leaves, and that
// nothing of them lies on disk in the clear where contents are sealed.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <limits>
#include <thread>

#include "items/memory/memory_store.h"
#include "objects/blob_test_support.h"
#include "objects/local/local_backend_test.h"
#include "tables/system_tables.h"
#include "testing/faulty_store.h"

namespace vams::objects::conformance {
namespace {

using test::MakeTemp;
using test::Md5Hex;
using test::Must;
using test::Slurp;
using test::TestKey;
using testing::FaultyStore;

constexpr std::size_t kFiles = 50;

struct Uploads {
  Uploads(OpContext& op, ObjectStore& store) {
    std::vector<NewUpload> uploads;
    for (std::size_t i = 0; i < kFiles; ++i) {
      uploads.push_back({{"plant", fmt::format("k{}", i)}, {}});
      contents.push_back(fmt::format("SECRET {}", i));
    }
    ids = Must(store.CreateUploads(op, uploads));
    for (std::size_t i = 0; i < kFiles; ++i)
      parts.push_back({.upload_id = ids[i], .number = 1, .bytes = contents[i]});
  }
  Status Complete(OpContext& op, ObjectStore& store) const {
    ObjectChanges changes;
    for (std::size_t i = 0; i < kFiles; ++i)
      changes.Add(CompleteChange{ids[i], {{1, Md5Hex(contents[i])}}, {}});
    TRY_OK(store.Commit(op, changes));
    return Ok();
  }

  std::vector<std::string> ids, contents;
  std::vector<PartBytes> parts;
};

TEST(LocalParts, ManyCostOneCommitAndSoDoTheirFiles) {
  OpContext op;
  const auto temp = MakeTemp();
  const auto inner = items::MemoryStore::Create();
  const auto blobs = Must(BlobStore::Open(temp.path() / "blobs"));
  FaultyStore counted(*inner);
  const auto store = Must(OpenLocalObjectStore(op, counted, *blobs));
  const Uploads uploads(op, *store);
  const auto before = Must(inner->LastChange(op));
  const std::size_t calls = counted.calls();

  Must(store->PutParts(op, uploads.parts));

  EXPECT_EQ(counted.calls() - calls, 1U);
  EXPECT_EQ(Must(inner->LastChange(op)) - before, kFiles) << "a record for each part";
  Must(uploads.Complete(op, *store));
  for (std::size_t i = 0; i < kFiles; ++i)
    EXPECT_EQ(ContentOf(op, *store, {"plant", fmt::format("k{}", i)}), uploads.contents[i]);
  EXPECT_EQ(Must(inner->Count(op, tables::kUploadPartsTable)), 0U);
}

// Whatever fails, sending everything again is good enough.
TEST(LocalParts, AreWholeAfterAnotherTryWhateverFailed) {
  for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
    bool failed = true;
    for (std::size_t n = 1; failed; ++n) {
      OpContext op;
      const auto temp = MakeTemp();
      const auto inner = items::MemoryStore::Create();
      const auto blobs = Must(BlobStore::Open(temp.path() / "blobs"));
      FaultyStore faulty(*inner);
      const auto store = Must(OpenLocalObjectStore(op, faulty, *blobs));
      const Uploads uploads(op, *store);
      Must(store->AbortUpload(op, uploads.ids.back()));
      faulty.FailCall(faulty.calls() + n, Code::kUnavailable, when);

      const auto first = store->PutParts(op, uploads.parts);
      failed = faulty.failed();
      faulty.Disarm();

      EXPECT_EQ(first.ok(), !failed);
      const auto stored = Must(store->PutParts(op, uploads.parts));
      for (std::size_t i = 0; i < kFiles; ++i) EXPECT_EQ(stored[i].ok(), i + 1 < kFiles);
      EXPECT_EQ(Must(inner->Count(op, tables::kUploadPartsTable)), kFiles - 1);
    }
  }
}

TEST(LocalParts, AreSealedWhereContentsAre) {
  OpContext op;
  const auto temp = MakeTemp();
  BlobStoreOptions sealed;
  sealed.key = TestKey('k');
  LocalBackend backend(temp.path(), items::MemoryStore::Create(), {}, sealed);
  const Uploads uploads(op, backend.store());

  Must(backend.store().PutParts(op, uploads.parts));
  Must(uploads.Complete(op, backend.store()));

  for (const auto& entry : std::filesystem::recursive_directory_iterator(temp.path() / "blobs"))
    if (entry.is_regular_file()) {
      EXPECT_EQ(Slurp(entry.path()).find("SECRET"), std::string::npos) << entry.path();
    }
  EXPECT_EQ(ContentOf(op, backend.store(), {"plant", "k7"}), uploads.contents[7]);
}

// Uploads that end while their parts arrive: each part is refused or belongs to what was made.
TEST(LocalParts, RaceWithTheEndOfTheirUploads) {
  OpContext op;
  const auto temp = MakeTemp();
  LocalBackend backend(temp.path(), items::MemoryStore::Create());
  ObjectStore& store = backend.store();
  const Uploads uploads(op, store);
  std::atomic<bool> done = false;

  std::thread ender([&] {
    OpContext own;
    for (const auto& id : uploads.ids) Must(store.AbortUpload(own, id));
    done = true;
  });
  bool last = false;
  while (!last) {
    last = done;
    const auto stored = Must(store.PutParts(op, uploads.parts));
    ASSERT_EQ(stored.size(), kFiles);
    for (const auto& part : stored) EXPECT_TRUE(part.ok() || part.error().code == Code::kNotFound);
    if (last) {
      for (const auto& part : stored) EXPECT_FALSE(part.ok());
    }
  }
  ender.join();

  // What an abort has not seen goes when the upload is forgotten.
  Must(store.Tidy(op, std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(Must(backend.items()->Count(op, tables::kUploadPartsTable)), 0U);
}

}  // namespace
}  // namespace vams::objects::conformance
