// What the tests of uploads share: a stack with the asset "gantry", and a client that sends files.
// Belongs to one thread.  Blocks on disk.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_support_test.h"
#include "catalog/uploads.h"
#include "catalog/uploads_check.h"

namespace vams::catalog::test {

using items::Item;
using items::Value;
using model::UploadType;
using Outcome = CompletedUpload::Outcome;
using Texts = std::vector<std::string>;

inline constexpr std::string_view kAsset = "gantry";

// What a file of a request is to hold: a content for each part.
struct File {
  std::string path;
  std::vector<std::string> parts;
};

class UploadsBench : public ::testing::Test {
 protected:
  UploadsBench() { bench.MakeAsset(std::string(kAsset)); }

  Uploads uploads() { return Uploads(bench.stores()); }

  static model::NewUpload NewOf(const std::vector<File>& files,
                                UploadType type = UploadType::kAssetFile) {
    model::NewUpload upload{
        {.database_id = kDatabase, .asset_id = std::string(kAsset), .type = type}, {}};
    for (const File& file : files) {
      std::int64_t size = 0;
      for (const std::string& part : file.parts) size += static_cast<std::int64_t>(part.size());
      upload.files.push_back({file.path, size, static_cast<std::int64_t>(file.parts.size())});
    }
    return upload;
  }
  BegunUpload Begin(const std::vector<File>& files, UploadType type = UploadType::kAssetFile) {
    auto begun = Must(uploads().Begin(bench.op, caller, NewOf(files, type)));
    EXPECT_TRUE(begun.has_value());
    return *std::move(begun);
  }
  std::string Put(const std::string& multipart_id, std::uint32_t number, std::string_view bytes) {
    return Must(bench.objects().PutPart(bench.op, multipart_id, number, objects::SourceOf(bytes),
                                        {}))
        .etag;
  }
  // What a client that sent every part asks for at the end.
  model::FinishedUpload Send(const BegunUpload& begun, const std::vector<File>& files,
                             UploadType type = UploadType::kAssetFile) {
    model::FinishedUpload upload{
        {.database_id = kDatabase, .asset_id = std::string(kAsset), .type = type}, {}};
    for (std::size_t i = 0; i < files.size(); ++i) {
      model::UploadedFile file{begun.files[i].path, begun.files[i].multipart_id, {}};
      for (std::size_t part = 0; part < files[i].parts.size(); ++part) {
        const auto number = static_cast<std::uint32_t>(part + 1);
        file.parts.push_back({number, Put(file.multipart_id, number, files[i].parts[part])});
      }
      upload.files.push_back(std::move(file));
    }
    return upload;
  }
  CompletedUpload Complete(const BegunUpload& begun, const model::FinishedUpload& upload) {
    return Must(uploads().Complete(bench.op, caller, begun.id, upload));
  }
  // The whole of it.
  CompletedUpload Upload(const std::vector<File>& files, UploadType type = UploadType::kAssetFile) {
    const BegunUpload begun = Begin(files, type);
    return Complete(begun, Send(begun, files, type));
  }
  std::size_t OpenMultiparts() {
    return Must(bench.objects().ListUploads(bench.op, {})).uploads.size();
  }
  std::vector<Item> Records() { return bench.Rows(kUploadsTable); }
  static std::vector<std::string> Errors(const CompletedUpload& done) {
    std::vector<std::string> errors;
    for (const FileResult& file : done.files) errors.push_back(file.error);
    return errors;
  }

  AssetBench bench;
  Caller caller = MayAssets({"POST"});
};

}  // namespace vams::catalog::test
