// What the tests of items/aws share: temporary folders, gzip, hand-made exports, random items.
// Hand-made means: not through ExportWriter, so that reader and writer cannot agree on a mistake.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "files/files.h"
#include "items/aws/dataset.h"
#include "items/number.h"
#include "items/value.h"

namespace vams::items::aws::test {

inline files::TempFolder MakeTemp() {
  auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-aws-test");
  if (!folder.ok()) {
    ADD_FAILURE() << folder.error().message;
    std::abort();
  }
  return *std::move(folder);
}

inline void Put(const files::Path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  ASSERT_TRUE(file.good()) << path;
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

// An export of one table, to be written as it is or with something changed.
struct HandMadeExport {
  std::string table = "prod-AssetStorageTable-1A2B";
  std::string id = "01715685260608-c488b4e1";
  std::string s3_prefix = "nightly/2024";  // of the keys; not on disk
  std::string output_format = "DYNAMODB_JSON";
  std::string export_type;  // empty: the member is absent, as before 2023
  std::string export_time = "2024-05-14T11:14:20.608Z";
  std::vector<std::string> files = {
      "{\"Item\":{\"id\":{\"S\":\"b\"},\"n\":{\"N\":\"1\"}}}\n{\"Item\":{\"id\":{\"S\":\"a\"}}}\n",
      "{\"Item\":{\"id\":{\"S\":\"c\"},\"tags\":{\"SS\":[\"y\",\"x\"]}}}\n"};

  files::Path Folder(const files::Path& root) const { return root / "AWSDynamoDB" / id; }
  files::Path Data(const files::Path& root, std::size_t i) const {
    return Folder(root) / "data" / fmt::format("part{}.json.gz", i);
  }

  std::string FilesManifest() const {
    std::string out;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string stored = Gzip(files[i]);
      out += fmt::format(
          "{{\"itemCount\":{},\"md5Checksum\":\"{}\",\"etag\":\"{}-1\",\"dataFileS3Key\":\"{}\"}}"
          "\n",
          std::count(files[i].begin(), files[i].end(), '\n'), Base64Encode(Md5(stored)),
          HexEncode(Md5(Md5(stored))),
          fmt::format("{}AWSDynamoDB/{}/data/part{}.json.gz",
                      s3_prefix.empty() ? "" : s3_prefix + "/", id, i));
    }
    return out;
  }
  std::string Summary() const {
    std::int64_t items = 0;
    for (const auto& file : files) items += std::count(file.begin(), file.end(), '\n');
    return fmt::format(
        "{{\"version\":\"2020-06-30\",\"exportArn\":\"arn:aws:dynamodb:eu-west-1:111122223333:"
        "table/"
        "{0}/export/{1}\",\"tableArn\":\"arn:aws:dynamodb:eu-west-1:111122223333:table/{0}\","
        "\"exportTime\":\"{2}\",\"s3SseAlgorithm\":\"AES256\",\"s3SseKmsKeyId\":null,"
        "\"itemCount\":{3},\"outputFormat\":\"{4}\"{5}}}\n",
        table, id, export_time, items, output_format,
        export_type.empty() ? "" : fmt::format(",\"exportType\":\"{}\"", export_type));
  }
  void Write(const files::Path& root) const {
    for (std::size_t i = 0; i < files.size(); ++i) Put(Data(root, i), Gzip(files[i]));
    Put(Folder(root) / "_started", "");
    Put(Folder(root) / "manifest-files.json", FilesManifest());
    Put(Folder(root) / "manifest-files.checksum", Base64Encode(Md5(FilesManifest())));
    Put(Folder(root) / "manifest-summary.json", Summary());
    Put(Folder(root) / "manifest-summary.checksum", HexEncode(Md5(Summary())) + "\n");
  }
};

// All items of a table in the order visited.
inline Result<std::vector<std::string>> ReadAllItems(const TableFiles& table,
                                                     const ReadOptions& options = {},
                                                     ReadReport* report = nullptr) {
  std::vector<std::string> items;
  auto read = ReadTable(table, options, [&](std::string_view encoded, const Origin&) {
    items.emplace_back(encoded);
    return Ok();
  });
  if (!read.ok()) return std::move(read).error();
  if (report != nullptr) *report = *std::move(read);
  return items;
}

class RandomItems {
 public:
  explicit RandomItems(std::uint64_t seed) : engine_(seed) {}

  Item Next() { return Map(0); }
  std::uint64_t Below(std::uint64_t n) { return engine_() % n; }

  std::string Text() {
    static constexpr std::string_view kPieces[] = {
        "a", "Z",  "0", " ", "\"",   "\\",           "/",  "\n", "\t", "\x01",
        "é", "語", "𝄞", "😀", "\x7f", "\xed\x9f\xbf", "abc"};
    std::string out;
    for (auto n = Below(8) == 0 ? Below(300) : Below(12); n > 0; --n) {
      const auto i = Below(std::size(kPieces) + 1);
      if (i == std::size(kPieces))
        out.push_back('\0');
      else
        out.append(kPieces[i]);
    }
    return out;
  }
  std::string Bytes() {
    std::string out(Below(40), '\0');
    for (auto& c : out) c = static_cast<char>(engine_());
    return out;
  }
  std::string Number() {
    std::string text = Below(2) == 0 ? "-" : "";
    for (auto n = 1 + Below(38); n > 0; --n) text.push_back(static_cast<char>('0' + Below(10)));
    if (Below(2) == 0) text += fmt::format("E{}", static_cast<int>(Below(170)) - 120);
    auto canonical = CanonicalNumber(text);
    return canonical.ok() ? *canonical : "0";
  }

 private:
  Item Map(int depth) {
    Item item;
    for (auto n = Below(40) == 0 ? 130 + Below(20) : Below(7); n > 0; --n)
      item.Set(Text(), Any(depth));
    return item;
  }
  Value Any(int depth) {
    switch (Below(depth < 4 ? 10 : 8)) {
      case 0:
        return Value::S(Text());
      case 1:
        return Value::N(Number());
      case 2:
        return Value::B(Bytes());
      case 3:
        return Value::Bool(Below(2) == 0);
      case 4:
        return Value::Null();
      case 5:
        return Value::SS(Set([this] { return Text(); }));
      case 6:
        return Value::NS(Set([this] { return Number(); }));
      case 7:
        return Value::BS(Set([this] { return Bytes(); }));
      case 8:
        return Value::M(Map(depth + 1));
      default: {
        Value::List list;
        for (auto n = Below(40) == 0 ? 128 + Below(5) : Below(5); n > 0; --n)
          list.push_back(Any(depth + 1));
        return Value::L(std::move(list));
      }
    }
  }
  template <typename Make>
  items::Bytes Set(const Make& make) {
    items::Bytes members;
    for (auto n = 1 + (Below(30) == 0 ? Below(200) : Below(5)); n > 0; --n)
      members.push_back(make());
    return members;
  }

  std::mt19937_64 engine_;
};

}  // namespace vams::items::aws::test
