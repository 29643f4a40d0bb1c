// What the tests of objects share: temporary folders, files, gzip, an item store with small limits.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "files/files.h"
#include "items/memory/memory_store.h"
#include "objects/object_version.h"

namespace vams::objects::test {

inline files::TempFolder MakeTemp() {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-objects");
  if (!folder.ok()) {
    ADD_FAILURE() << folder.error().message;
    std::abort();
  }
  return *std::move(folder);
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return *std::move(result);
}
inline void Must(Status status) {
  if (!status.ok()) ADD_FAILURE() << status.error().message;
}

template <typename T>
std::string MessageOf(const Result<T>& result) {
  return result.ok() ? "no error" : result.error().message;
}

inline files::Path Put(const files::Path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  EXPECT_TRUE(file.good()) << path;
  return path;
}

inline std::string Slurp(const files::Path& path) {
  auto content = files::ReadAll(path);
  EXPECT_TRUE(content.ok()) << path;
  return content.ok() ? *content : std::string();
}

inline std::string Gzip(std::string_view content) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, content.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string Sha(std::string_view content) { return HexEncode(Sha256(content)); }
inline std::string Md5Hex(std::string_view content) { return HexEncode(Md5(content)); }

// Regular files below a folder.
inline std::size_t FilesIn(const files::Path& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

inline ObjectVersion Version(std::string key, std::string id, std::uint64_t size) {
  ObjectVersion version;
  version.bucket = "plant";
  version.key = std::move(key);
  version.version_id = std::move(id);
  version.size = size;
  return version;
}

// An engine with the limits of the DynamoDB protocol: refuses what does not fit, counts commits.
class LimitedStore final : public items::ItemStore {
 public:
  LimitedStore(items::ItemStore& inner, std::size_t writes, std::size_t bytes) : inner_(inner) {
    traits_ = inner.traits();
    traits_.max_commit_writes = writes;
    traits_.max_commit_bytes = bytes;
  }

  std::size_t commits = 0;

  const items::Traits& traits() const override { return traits_; }
  Result<items::CommitResult> Commit(OpContext& op, std::span<const items::Write> writes,
                                     const std::optional<items::Advance>& advance) override {
    std::size_t bytes = 0;
    for (const auto& write : writes) bytes += items::ItemSize(write.item);
    if (writes.size() > traits_.max_commit_writes || bytes > traits_.max_commit_bytes)
      return Error(Code::kTooLarge, fmt::format("{} writes, {} bytes", writes.size(), bytes));
    ++commits;
    return inner_.Commit(op, writes, advance);
  }

  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override { return inner_.Tables(op); }
  Result<items::TableSpec> Table(OpContext& op, std::string_view table) override {
    return inner_.Table(op, table);
  }
  Result<items::Item> Get(OpContext& op, std::string_view table, const items::Item& key) override {
    return inner_.Get(op, table, key);
  }
  Result<std::vector<std::optional<items::Item>>> BatchGet(
      OpContext& op, std::string_view table, std::span<const items::Item> keys) override {
    return inner_.BatchGet(op, table, keys);
  }
  Result<items::Page> Query(OpContext& op, const items::QueryRequest& request) override {
    return inner_.Query(op, request);
  }
  Result<std::vector<items::Segment>> SplitScan(OpContext& op, std::string_view table,
                                                std::size_t count) override {
    return inner_.SplitScan(op, table, count);
  }
  Result<items::Page> Scan(OpContext& op, std::string_view table, const items::Segment& segment,
                           std::string_view after, std::size_t limit) override {
    return inner_.Scan(op, table, segment, after, limit);
  }
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table,
                                  const items::Segment& segment, std::string_view after,
                                  std::size_t limit, const EncodedVisitor& visit) override {
    return inner_.ScanEncoded(op, table, segment, after, limit, visit);
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override {
    return inner_.Count(op, table);
  }
  Result<items::Position> LastChange(OpContext& op) override { return inner_.LastChange(op); }
  Status CreateTables(OpContext& op, std::span<const items::TableSpec> specs) override {
    return inner_.CreateTables(op, specs);
  }
  Status DropTable(OpContext& op, std::string_view table) override {
    return inner_.DropTable(op, table);
  }
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now,
                             std::size_t limit) override {
    return inner_.Expire(op, table, now, limit);
  }
  Result<std::unique_ptr<items::Snapshot>> OpenSnapshot(OpContext& op) override {
    return inner_.OpenSnapshot(op);
  }
  Result<std::unique_ptr<items::BulkLoader>> OpenBulkLoad(
      OpContext& op, std::string_view table, const items::BulkOptions& options) override {
    return inner_.OpenBulkLoad(op, table, options);
  }
  Status AbandonBulkLoad(OpContext& op, std::string_view table) override {
    return inner_.AbandonBulkLoad(op, table);
  }
  Result<items::ChangePage> ReadChanges(OpContext& op, items::Position after,
                                        std::size_t limit) override {
    return inner_.ReadChanges(op, after, limit);
  }
  Status AddConsumer(OpContext& op, std::string_view name, items::Position start) override {
    return inner_.AddConsumer(op, name, start);
  }
  Status AdvanceConsumer(OpContext& op, const items::Advance& advance) override {
    return inner_.AdvanceConsumer(op, advance);
  }
  Status RemoveConsumer(OpContext& op, std::string_view name) override {
    return inner_.RemoveConsumer(op, name);
  }
  Result<std::vector<items::Consumer>> Consumers(OpContext& op) override {
    return inner_.Consumers(op);
  }
  Result<items::TrimResult> TrimChanges(OpContext& op, items::Position to) override {
    return inner_.TrimChanges(op, to);
  }
  Status CheckIntegrity(OpContext& op) override { return inner_.CheckIntegrity(op); }

 private:
  items::ItemStore& inner_;
  items::Traits traits_;
};

}  // namespace vams::objects::test
