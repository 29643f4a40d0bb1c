// What the tests of following share: a stack of assets with an index beside it, everything made
// from scratch for comparison, and what there is to do with assets in short.
//
//   FollowBench bench;
//   bench.MakeAsset("gantry");
//   bench.Follow();              // until the log's end; expects no troubles
//   bench.ExpectTrue();          // the index holds what making everything from scratch gives
//
// Belongs to one thread.  Blocks on disk.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_files.h"
#include "catalog/asset_links.h"
#include "catalog/asset_support_test.h"
#include "catalog/asset_versions.h"
#include "catalog/assets.h"
#include "catalog/metadata_records.h"
#include "indexing/documents.h"
#include "indexing/follow.h"
#include "search/memory/memory_index.h"

namespace vams::indexing::test {

using catalog::test::kBucket;
using catalog::test::kDatabase;
using catalog::test::Must;

inline AssetRef Ref(std::string id, std::string database = kDatabase) {
  return {std::move(database), std::move(id)};
}
inline boost::json::value Json(std::string_view text) { return boost::json::parse(text); }

// Documents by id.
using Documents = std::map<std::string, search::Document>;

// Every document that the store's records give, asset by asset.
inline Documents FromScratch(OpContext& op, items::ItemSource& source, std::size_t page = 1000) {
  Documents documents;
  DocumentMaker maker(source);
  Must(catalog::ForEachItem(op, source, catalog::kAssetsTable, [&](items::Item item) {
    auto reader = Must(maker.Read(op, catalog::AssetOf(std::move(item)), true));
    if (auto document = Must(reader.MakeAsset(op)))
      documents.emplace(document->id, *std::move(document));
    while (!reader.files_done()) {
      auto files = Must(reader.NextFiles(op, page));
      EXPECT_TRUE(files.failures.empty());
      for (auto& document : files.documents) {
        const std::string id = document.id;
        EXPECT_TRUE(documents.emplace(id, std::move(document)).second) << id << " comes twice";
      }
    }
  }));
  return documents;
}

inline Documents Indexed(OpContext& op, search::Generation& index) {
  Documents documents;
  std::string after;
  do {
    const auto page = Must(index.ScanIds(op, after, 500));
    for (const auto& entry : page.entries) {
      auto document = Must(index.Find(op, entry.id));
      EXPECT_TRUE(document) << entry.id;
      if (!document) continue;
      EXPECT_EQ(search::Digest(*document), entry.digest) << entry.id;
      documents.emplace(entry.id, *std::move(document));
    }
    after = page.next;
  } while (!after.empty());
  return documents;
}

inline std::string TextOf(const search::Document& document) {
  return boost::json::serialize(document.source) + " " + document.access.asset_type + " " +
         document.asset_name + (document.archived ? " archived" : "");
}

// The same ids with the same documents.
inline void ExpectSame(const Documents& is, const Documents& should) {
  for (const auto& [id, document] : should) {
    const auto found = is.find(id);
    if (found == is.end())
      ADD_FAILURE() << id << " is missing";
    else
      EXPECT_EQ(search::Digest(found->second), search::Digest(document))
          << id << "\n is     " << TextOf(found->second) << "\n should " << TextOf(document);
  }
  for (const auto& [id, document] : is)
    EXPECT_TRUE(should.contains(id)) << id << " should not be there";
}

class FollowBench : public catalog::test::AssetBench {
 public:
  using AssetBench::AssetBench;

  search::MemoryIndex index;
  Follower follower{items()};
  catalog::Caller caller = catalog::test::MayAssets();
  catalog::Assets assets{stores()};
  catalog::AssetFiles files{stores()};
  catalog::AssetLinks links{stores()};
  catalog::AssetVersions versions{stores()};

  std::vector<Trouble> FollowWithTroubles() {
    std::vector<Trouble> troubles;
    for (;;) {
      auto step = Must(follower.Step(op, index));
      std::ranges::move(step.troubles, std::back_inserter(troubles));
      if (!step.more) return troubles;
    }
  }
  void Follow() {
    for (const Trouble& trouble : FollowWithTroubles())
      ADD_FAILURE() << trouble.id << ": " << trouble.error.message;
  }
  Documents Scratch() { return FromScratch(op, items()); }
  void ExpectTrue() { ExpectSame(Indexed(op, index), Scratch()); }
  // Follows, and expects the index to be true and to have exactly these documents.
  void ExpectFollowed(std::set<std::string> ids) {
    Follow();
    ExpectTrue();
    EXPECT_EQ(Ids(), ids);
  }
  std::set<std::string> Ids() {
    std::set<std::string> ids;
    for (const auto& [id, document] : Indexed(op, index)) ids.insert(id);
    return ids;
  }
  // A document of the index.
  search::Document Found(const std::string& id) {
    auto document = Must(index.Find(op, id));
    if (document) return *std::move(document);
    ADD_FAILURE() << "no document " << id;
    return {};
  }
  boost::json::value Field(const std::string& id, std::string_view field) {
    const auto document = Found(id);
    const auto* value = document.source.if_contains(field);
    return value == nullptr ? boost::json::value("absent") : *value;
  }

  void Commit(std::vector<items::Write> writes) { Must(items().Commit(op, writes)); }
  void PutRow(const std::string& asset, const std::string& path, const std::string& key,
              const std::string& value, const std::string& type = "string",
              catalog::MetadataKind kind = catalog::MetadataKind::kMetadata) {
    Commit({catalog::PutMetadata(
        {kDatabase, asset},
        {.kind = kind, .path = path, .key = key, .value = value, .type = type})});
  }
  void DeleteRow(const std::string& asset, const std::string& path, const std::string& key,
                 catalog::MetadataKind kind = catalog::MetadataKind::kMetadata) {
    Commit({catalog::DeleteMetadata(
        {kDatabase, asset}, {.kind = kind, .path = path, .key = key, .value = {}, .type = {}})});
  }
  void SetOfAsset(const std::string& asset, const std::string& attribute, items::Value value) {
    Commit({items::Write::Update(catalog::kAssetsTable, catalog::AssetKey(kDatabase, asset),
                                 {{items::Mutation::Op::kSet, attribute, std::move(value)}})});
  }
  std::string Link(const std::string& from, const std::string& to, bool parent_child) {
    return Must(links.Create(op, caller,
                             {.from_database = kDatabase,
                              .from_asset = from,
                              .to_database = kDatabase,
                              .to_asset = to,
                              .parent_child = parent_child}));
  }
};

}  // namespace vams::indexing::test
