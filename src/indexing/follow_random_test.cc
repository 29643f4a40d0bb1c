// Random work through the use cases of the catalog: after each piece of it, following the log has
// to give exactly what making every document from scratch gives, whatever came between, and
// wherever the pages of the log end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "indexing/follow_support_test.h"

namespace vams::indexing::test {
namespace {

using items::Value;

class RandomWork {
 public:
  RandomWork(FollowBench& bench, std::uint32_t seed) : bench_(bench), random_(seed) {}

  // One change, or an attempt at one.
  void Do() {
    const std::string asset = Asset();
    const bool active = bench_.StoredAsset(asset).has_value();
    if (!active) {
      Revive(asset);
      return;
    }
    switch (Below(20)) {
      case 0:
        return Ignore(bench_.assets.Archive(bench_.op, bench_.caller, kDatabase, asset, {}));
      case 1:
        return Ignore(bench_.assets.Delete(bench_.op, bench_.caller, kDatabase, asset));
      case 2:
        return Ignore(bench_.assets.Update(
            bench_.op, bench_.caller, kDatabase, asset,
            {.name = fmt::format("Name {}", Below(5)), .description = Word()}));
      case 3:
        return bench_.SetOfAsset(
            asset, "tags", Value::L({Value::S(Word()), Value::S(fmt::format("t{}", Below(3)))}));
      case 4:
        return bench_.SetOfAsset(asset, "assetType", Value::S(Chance(50) ? "folder" : ".glb"));
      case 5:
        return Ignore(bench_.links.Create(bench_.op, bench_.caller,
                                          {.from_database = kDatabase,
                                           .from_asset = asset,
                                           .to_database = kDatabase,
                                           .to_asset = Asset(),
                                           .parent_child = Chance(50)}));
      case 6:
        return DropLink();
      case 7:
        return Ignore(bench_.versions.Create(
            bench_.op, bench_.caller, {kDatabase, asset},
            {.latest = true, .files = {}, .comment = Word(), .alias = Chance(50) ? Word() : ""}));
      case 8:
        return Ignore(bench_.versions.Update(bench_.op, bench_.caller, {kDatabase, asset},
                                             std::to_string(Below(3)),
                                             {.comment = Word(), .alias = Word()}));
      case 9:
      case 10:
        return ChangeRow(asset);
      default:
        return ChangeFile(asset);
    }
  }
  std::uint32_t Below(std::uint32_t n) { return static_cast<std::uint32_t>(random_()) % n; }

 private:
  template <typename Result>
  static void Ignore(const Result& /*result*/) {}
  bool Chance(std::uint32_t percent) { return Below(100) < percent; }
  std::string Asset() { return fmt::format("asset-{}", Below(4)); }
  std::string Word() {
    static const std::vector<std::string> words = {"pump", "Büste", "7", "007", "true", "x y"};
    return words[Below(static_cast<std::uint32_t>(words.size()))];
  }
  std::string Path() {
    static const std::vector<std::string> paths = {"a",
                                                   "a.glb",
                                                   "a-1.glb",
                                                   "a.glb.previewFile.png",
                                                   "a.previewFile.svg",
                                                   "scan/b.e57",
                                                   "scan/b.e57.previewFile.jpg",
                                                   "scan/asset-1/c.glb",
                                                   "previews/d.png",
                                                   "LICENSE"};
    return paths[Below(static_cast<std::uint32_t>(paths.size()))];
  }

  void Revive(const std::string& asset) {
    if (!bench_.StoredAsset(asset, "harbor#deleted")) {
      bench_.MakeAsset(asset, {.name = fmt::format("Name {}", Below(5)), .tags = {Word()}});
    } else if (Chance(20)) {
      Ignore(bench_.assets.Delete(bench_.op, bench_.caller, kDatabase, asset));
    } else if (Chance(50)) {
      Ignore(bench_.assets.Unarchive(bench_.op, bench_.caller, kDatabase, asset, {}));
    } else {
      ChangeRow(asset);
    }
  }

  void DropLink() {
    const auto links = bench_.Rows(catalog::kLinksTable);
    if (links.empty()) return;
    const auto& link = links[Below(static_cast<std::uint32_t>(links.size()))];
    Ignore(bench_.links.Delete(bench_.op, bench_.caller, link.Text("assetLinkId")));
  }

  void ChangeRow(const std::string& asset) {
    const std::string path = Chance(30) ? "/" : "/" + Path();
    const std::string key = fmt::format("key{}", Below(3));
    const auto kind =
        Chance(70) ? catalog::MetadataKind::kMetadata : catalog::MetadataKind::kAttribute;
    if (Chance(70))
      bench_.PutRow(asset, path, key, Word(), "string", kind);
    else
      bench_.DeleteRow(asset, path, key, kind);
  }

  void ChangeFile(const std::string& asset) {
    const catalog::AssetFiles::Ref ref{kDatabase, asset};
    OpContext& op = bench_.op;
    const std::string path = "/" + Path();
    switch (Below(10)) {
      case 0:
        return Ignore(bench_.files.Archive(op, bench_.caller, ref, path, Chance(20)));
      case 1:
        return Ignore(bench_.files.Unarchive(op, bench_.caller, ref, path));
      case 2:
        return Ignore(bench_.files.Delete(op, bench_.caller, ref, path, Chance(20), true));
      case 3:
        return Ignore(bench_.files.Move(op, bench_.caller, ref, path, "/" + Path()));
      case 4:
        return Ignore(bench_.files.Copy(
            op, bench_.caller, ref, path,
            {.path = "/" + Path(), .database_id = kDatabase, .asset_id = Asset()}));
      case 5:
        return Ignore(bench_.files.SetPrimaryType(op, bench_.caller, ref, path, "primary"));
      case 6: {
        const auto place = bench_.Place(asset);
        Must(bench_.objects().PutBytes(op, place.ObjectAt(path), Word()));  // without marks
        return;
      }
      default:
        bench_.PutFile(asset, path.substr(1), Word(),
                       {.content_type = "", .user = {{"by", Word()}}});
    }
  }

  FollowBench& bench_;
  std::mt19937 random_;
};

void Compare(std::uint32_t seed, int rounds) {
  SCOPED_TRACE(fmt::format("seed {}", seed));
  FollowBench bench;
  RandomWork work(bench, seed);
  // Small pages and pieces, and hardly a file at once, so that work comes in between.
  search::MemoryIndex other;
  Follower slow(bench.items(),
                {.changes = 1 + work.Below(9), .piece = 1 + work.Below(4), .files_at_once = 1});
  for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    for (std::uint32_t i = 1 + work.Below(12); i > 0; --i) {
      work.Do();
      for (std::uint32_t steps = work.Below(3); steps > 0; --steps)
        Must(slow.Step(bench.op, other));
    }

    bench.Follow();
    while (Must(slow.Step(bench.op, other)).more) {
    }

    const Documents should = bench.Scratch();
    ExpectSame(Indexed(bench.op, bench.index), should);
    ExpectSame(Indexed(bench.op, other), should);
    ExpectSame(FromScratch(bench.op, bench.items(), 2), should);
  }
}

TEST(FollowRandom, EqualsMakingEverythingFromScratch) {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) Compare(seed, 40);
}

TEST(FollowRandomSlowTest, EqualsMakingEverythingFromScratchForLong) {
  const auto seed = static_cast<std::uint32_t>(std::random_device()());
  for (std::uint32_t i = 0; i < 10; ++i) Compare(seed + i, 150);
}

}  // namespace
}  // namespace vams::indexing::test
