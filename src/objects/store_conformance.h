// The conformance suite of the object store: what every engine must do, sentence by sentence of
// store.h.  The tests are in store_conformance_*_test.cc, which are linked into objects_test; an
// engine takes part by instantiating the suite in its own test.  For tests only.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "files/files.h"
#include "objects/store.h"
#include "objects/test_support.h"

namespace vams::objects::conformance {

// A store and what it lies on.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual ObjectStore& store() = 0;
  // Where the item writes of a commit go; nullptr if the engine joins no commits.
  virtual items::ItemStore* items() { return nullptr; }
};

struct Engine {
  using Opener = std::function<std::unique_ptr<Backend>(
      const files::Path& folder, const Clock& clock, std::uint64_t min_part_bytes)>;
  std::string name;
  // A fresh, empty store.  `folder` exists, is empty and belongs to this store.
  Opener open;
};

inline void PrintTo(const Engine& engine, std::ostream* out) { *out << engine.name; }

// A second later every time it is asked.  Thread-safe.
class TickingClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now_.fetch_add(1000); }

 private:
  mutable std::atomic<std::int64_t> now_ = 1'700'000'000'000;
};

template <typename T>
testing::AssertionResult HasCode(const Result<T>& result, Code code) {
  if (result.ok()) return testing::AssertionFailure() << "succeeded instead of " << CodeName(code);
  if (result.error().code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << CodeName(result.error().code) << " instead of "
                                     << CodeName(code) << ": " << result.error().message;
}
#define EXPECT_CODE(code, ...) \
  EXPECT_TRUE(::vams::objects::conformance::HasCode((__VA_ARGS__), ::vams::Code::code))

inline std::string ReadAll(OpContext& op, const ObjectReader& reader) {
  std::string content(reader.info().size + 1, '\0');
  content.resize(test::Must(reader.ReadAt(op, 0, content.data(), content.size())));
  return content;
}

inline std::string ContentOf(OpContext& op, ObjectStore& store, const ObjectId& object,
                             const std::optional<std::string>& version_id = {}) {
  return ReadAll(op, *test::Must(store.Open(op, object, version_id)));
}

// All pages of a listing; checks that none is over the limit.
inline ListPage ListAll(OpContext& op, ObjectStore& store, ListRequest request) {
  ListPage all;
  do {
    const auto page = test::Must(store.List(op, request));
    EXPECT_LE(page.objects.size() + page.common_prefixes.size(), request.limit);
    all.objects.insert(all.objects.end(), page.objects.begin(), page.objects.end());
    all.common_prefixes.insert(all.common_prefixes.end(), page.common_prefixes.begin(),
                               page.common_prefixes.end());
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return all;
}

inline std::vector<VersionInfo> AllVersions(OpContext& op, ObjectStore& store,
                                            ListVersionsRequest request) {
  std::vector<VersionInfo> all;
  do {
    const auto page = test::Must(store.ListVersions(op, request));
    EXPECT_LE(page.versions.size(), request.limit);
    all.insert(all.end(), page.versions.begin(), page.versions.end());
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return all;
}

class ObjectStoreConformance : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { Open(0); }
  void Open(std::uint64_t min_part_bytes) {
    backend_.reset();
    folder_.emplace(test::MakeTemp());
    backend_ = GetParam().open(folder_->path(), clock, min_part_bytes);
  }

  ObjectStore& store() { return backend_->store(); }
  items::ItemStore* items() { return backend_->items(); }
  static ObjectId Id(std::string key) { return {"plant", std::move(key)}; }
  VersionInfo Put(std::string key, std::string_view bytes, const ObjectMetadata& metadata = {}) {
    return test::Must(store().PutBytes(op, Id(std::move(key)), bytes, metadata));
  }
  std::string Content(std::string key, const std::optional<std::string>& version_id = {}) {
    return ContentOf(op, store(), Id(std::move(key)), version_id);
  }
  std::string NewUpload(std::string key, const ObjectMetadata& metadata = {}) {
    return test::Must(store().CreateUpload(op, Id(std::move(key)), metadata));
  }
  PartEtag Part(const std::string& upload, std::uint32_t number, std::string_view bytes) {
    return {number, test::Must(store().PutPart(op, upload, number, SourceOf(bytes), {})).etag};
  }
  std::vector<VersionInfo> Versions(std::string key) {
    ListVersionsRequest request;
    request.bucket = "plant";
    request.key = std::move(key);
    return AllVersions(op, store(), request);
  }

  TickingClock clock;
  OpContext op;

 private:
  std::optional<files::TempFolder> folder_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace vams::objects::conformance
