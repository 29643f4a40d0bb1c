#include "objects/object_version.h"

#include <gtest/gtest.h>

#include "objects/test_support.h"
#include "tables/system_tables.h"

namespace vams::objects {
namespace {

using items::Item;
using items::Kind;
using items::Value;
using test::Must;

ObjectVersion Full() {
  ObjectVersion version = test::Version("a/b c.glb", "v1", 7);
  version.sequence = 3;
  version.state = ObjectVersion::State::kPresent;
  version.etag = test::Md5Hex("content");
  version.last_modified_millis = 1'700'000'000'123;
  version.user_metadata = UserMetadata{{"assetid", "pump"}};
  version.sha256 = test::Sha("content");
  return version;
}

// The attributes are a format that later releases read: names and kinds as documented, nothing
// else.
TEST(ObjectVersionItem, HasTheDocumentedAttributes) {
  const Item expected{{"object", Value::S("plant/a/b c.glb")},
                      {"sequence", Value::N(3)},
                      {"bucket", Value::S("plant")},
                      {"key", Value::S("a/b c.glb")},
                      {"versionId", Value::S("v1")},
                      {"isDeleteMarker", Value::Bool(false)},
                      {"state", Value::S("present")},
                      {"size", Value::N(7)},
                      {"etag", Value::S(test::Md5Hex("content"))},
                      {"lastModified", Value::N(1'700'000'000'123)},
                      {"sha256", Value::S(test::Sha("content"))},
                      {"metadata", Value::M(Item{{"assetid", Value::S("pump")}})}};

  EXPECT_EQ(VersionItem(Full()), expected);
}

TEST(ObjectVersionItem, OfADeleteMarkerHasNoContent) {
  ObjectVersion marker = test::Version("a", "d1", 0);
  marker.sequence = 2;
  marker.is_delete_marker = true;
  marker.last_modified_millis = 5;
  const Item expected{{"object", Value::S("plant/a")}, {"sequence", Value::N(2)},
                      {"bucket", Value::S("plant")},   {"key", Value::S("a")},
                      {"versionId", Value::S("d1")},   {"isDeleteMarker", Value::Bool(true)},
                      {"lastModified", Value::N(5)}};

  EXPECT_EQ(VersionItem(marker), expected);
  EXPECT_EQ(Must(VersionFromItem(expected)), marker);
}

TEST(ObjectVersionItem, ComesBackAsItWas) {
  ObjectVersion parts = Full();
  parts.sha256.clear();
  parts.blobs = {{test::Sha("con"), 3}, {test::Sha("tent"), 4}};
  ObjectVersion absent = test::Version("x", "v", 9);
  absent.sequence = 1;
  ObjectVersion bare_metadata = absent;
  bare_metadata.user_metadata.emplace();

  for (const auto& version : {Full(), parts, absent, bare_metadata}) {
    EXPECT_EQ(Must(VersionFromItem(VersionItem(version))), version);
    EXPECT_TRUE(items::CheckItem(*tables::FindSystemTable(tables::kObjectVersionsTable),
                                 VersionItem(version), 400 * 1024)
                    .ok());
  }
}

TEST(ObjectRecordItem, HasTheNewestVersionsAttributesAndItsOwn) {
  const ObjectRecord record{.newest = Full(), .next = 9, .versions = 2};

  const Item item = ObjectItem(record);

  EXPECT_FALSE(item.Has("object"));
  EXPECT_EQ(item.Find("next")->text(), "9");
  EXPECT_EQ(item.Find("versions")->text(), "2");
  EXPECT_EQ(item.Find("sequence")->text(), "3");
  EXPECT_EQ(item.Text("sha256"), test::Sha("content"));
  EXPECT_TRUE(
      items::CheckItem(*tables::FindSystemTable(tables::kObjectsTable), item, 400 * 1024).ok());
  ObjectRecord back = Must(ObjectFromItem(item));
  EXPECT_TRUE(back.newest.is_latest);
  back.newest.is_latest = false;
  EXPECT_EQ(back, record);
}

// What is on disk is never believed: every damage is kCorrupt and names object and attribute.
TEST(ObjectVersionItem, DamageIsNamed) {
  const auto damaged = [](std::string_view attribute, std::optional<Value> value) {
    Item item = VersionItem(Full());
    item.Remove(attribute);
    if (value) item.Set(attribute, *value);
    const auto result = VersionFromItem(item);
    EXPECT_FALSE(result.ok()) << attribute;
    if (result.ok()) return;
    EXPECT_EQ(result.error().code, Code::kCorrupt);
    EXPECT_NE(result.error().message.find(attribute), std::string::npos) << result.error().message;
    EXPECT_NE(result.error().message.find("a/b c.glb"), std::string::npos)
        << result.error().message;
  };

  for (const auto* attribute :
       {"versionId", "isDeleteMarker", "state", "size", "sha256", "sequence"})
    damaged(attribute, std::nullopt);
  damaged("state", Value::S("lost"));
  damaged("size", Value::N(-1));
  damaged("size", Value::N("1.5"));
  damaged("size", Value::S("7"));
  damaged("sha256", Value::S(std::string(64, 'G')));
  damaged("blobs", Value::L({}));
  damaged("metadata", Value::M(Item{{"a", Value::N(1)}}));
}

TEST(ObjectVersionItem, BlobsMustAddUpToTheSize) {
  ObjectVersion version = Full();
  version.sha256.clear();
  version.blobs = {{test::Sha("con"), 3}, {test::Sha("tent"), 5}};

  EXPECT_EQ(VersionFromItem(VersionItem(version)).error().code, Code::kCorrupt);
}

// S3 allows 10,000 parts, and DynamoDB 400 KiB an item: the record must hold them beside the
// longest names and metadata there are.
TEST(ObjectVersionItem, HoldsTenThousandBlobs) {
  ObjectVersion version = test::Version(std::string(1024, 'k'), std::string(32, 'v'), 0);
  version.bucket = std::string(255, 'b');
  version.sequence = 1;
  version.state = ObjectVersion::State::kPresent;
  version.content_type = "model/gltf-binary";
  version.user_metadata = UserMetadata{{"n", std::string(2047, 'x')}};
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    version.blobs.push_back({test::Sha(std::to_string(i)), (i + 1) << 20});
    version.size += version.blobs.back().size;
  }

  const auto item = VersionItem(version);

  EXPECT_LE(items::ItemSize(ObjectItem({version, 2, 1})), 400u * 1024);
  EXPECT_EQ(test::Must(VersionFromItem(item)), version);
  auto cut = item;
  cut.Set("blobs", items::Value::B(item.Find("blobs")->text().substr(1)));
  EXPECT_FALSE(VersionFromItem(cut).ok());
}

TEST(ObjectRecordItem, NextMustBeBehindTheNewest) {
  EXPECT_EQ(ObjectFromItem(ObjectItem({.newest = Full(), .next = 3, .versions = 1})).error().code,
            Code::kCorrupt);
}

}  // namespace
}  // namespace vams::objects
