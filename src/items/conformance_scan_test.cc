// Scans, segments, counts and snapshots.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

std::vector<Item> ManyParts(int partitions, int each) {
  std::vector<Item> items;
  for (int p = 0; p < partitions; ++p)
    for (int s = 0; s < each; ++s)
      items.push_back(
          Part(fmt::format("p{:03}", p), fmt::format("s{:04}", s), {{"v", N(p * each + s)}}));
  return items;
}

std::string KeyText(const Item& item) {
  return std::string(item.Text("p")) + "/" + std::string(item.Text("s"));
}

// Scans all segments, one thread each, and expects every key of `expected` exactly once.
void ExpectCoveredOnce(ItemSource& source, const std::vector<Segment>& segments,
                       const std::set<std::string>& expected, std::size_t limit) {
  std::mutex mutex;
  std::map<std::string, int> seen;
  std::vector<std::string> failures;
  std::vector<std::thread> threads;
  for (const auto& segment : segments)
    threads.emplace_back([&, segment] {
      try {
        const auto items = ScanSegment(source, "parts", segment, limit);
        const std::lock_guard lock(mutex);
        for (const auto& item : items) ++seen[KeyText(item)];
      } catch (const std::exception& e) {
        const std::lock_guard lock(mutex);
        failures.emplace_back(e.what());
      }
    });
  for (auto& thread : threads) thread.join();

  ASSERT_TRUE(failures.empty()) << failures.front();
  EXPECT_EQ(seen.size(), expected.size());
  for (const auto& [key, times] : seen) {
    EXPECT_EQ(times, 1) << key;
    EXPECT_TRUE(expected.contains(key)) << key;
  }
}

std::set<std::string> KeyTexts(const std::vector<Item>& items) {
  std::set<std::string> out;
  for (const auto& item : items) out.insert(KeyText(item));
  return out;
}

TEST_P(ItemStoreConformance, ScanOfAnEmptyTableIsOneEmptyPage) {
  Create({FlatTable()});

  const Page page = Must(store().Scan(op, "flat", {}, "", 10));

  EXPECT_TRUE(page.items.empty());
  EXPECT_TRUE(page.next.empty());
  EXPECT_EQ(Must(store().Count(op, "flat")), 0u);
}

TEST_P(ItemStoreConformance, ScanGivesEveryItemInKeyOrderAtEveryLimit) {
  Create({PartsTable()});
  const auto items = ManyParts(7, 9);
  PutAll("parts", {items.rbegin(), items.rend()});

  for (const std::size_t limit : {1, 2, 9, 62, 63, 64, 1000})
    EXPECT_EQ(Scanned("parts", ScanSegment(store(), "parts", {}, limit)), items) << limit;
}

TEST_P(ItemStoreConformance, ScanOrdersKeysOfEveryTypeByValue) {
  const std::vector<std::pair<Kind, std::vector<Value>>> ordered{
      {Kind::kN, {N(-10), N(-9), Number("-0.5"), N(0), Number("0.5"), N(9), N(10), N(100)}},
      {Kind::kB, {B(Raw("\0")), B(Raw("\0\xff")), B("a"), B("\x80"), B("\xff"), B("\xff\xff")}},
      {Kind::kS,
       {S(Raw("\0")), S("A"), S("a"), S(Raw("a\0")), S("\xef\xbf\xbf"), S("\xf0\x90\x80\x80")}}};
  for (const auto& [kind, values] : ordered) {
    Create({{.name = "ordered",
             .partition = {"p", kind},
             .sort = {"s", kind},
             .indexes = {},
             .ttl_attribute = ""}});
    std::vector<Item> items;
    for (const auto& p : values)
      for (const auto& s : values) items.push_back(Item{{"p", p}, {"s", s}});
    PutAll("ordered", {items.rbegin(), items.rend()});

    EXPECT_EQ(Scanned("ordered", ScanSegment(store(), "ordered", {}, 5)), items) << KindName(kind);
    Must(store().DropTable(op, "ordered"));
  }
}

TEST_P(ItemStoreConformance, ScanCursorOutlivesTheItemItNames) {
  Create({PartsTable()});
  const auto items = ManyParts(1, 6);
  PutAll("parts", items);
  const Page first = Must(store().Scan(op, "parts", {}, "", 3));
  ASSERT_EQ(first.items.size(), 3u);

  for (const auto& item : first.items) Delete("parts", KeyOf(PartsTable(), item));
  const Page second = Must(store().Scan(op, "parts", {}, first.next, 10));

  EXPECT_EQ(second.items, (std::vector<Item>{items.begin() + 3, items.end()}));
}

TEST_P(ItemStoreConformance, ScanEncodedGivesTheSamePages) {
  Create({PartsTable()});
  auto items = ManyParts(3, 5);
  items[4].Set("nested", Value::M({{"list", Value::L({N(1), B(Raw("\0"))})}}));
  items[5].Set("owner", S("ann"));
  items[5].Set("rank", Number("-1.5"));
  PutAll("parts", items);

  for (const std::size_t limit : {1, 4, 15, 100}) {
    std::vector<std::string> encoded;
    std::vector<Item> decoded;
    std::string after;
    do {
      std::size_t page = 0;
      after = Must(store().ScanEncoded(op, "parts", {}, after, limit, [&](std::string_view bytes) {
        encoded.emplace_back(bytes);
        decoded.push_back(Must(DecodeItem(bytes)));
        ++page;
        return Ok();
      }));
      EXPECT_LE(page, limit);
    } while (!after.empty());
    ASSERT_EQ(encoded.size(), items.size());
    for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(encoded[i], EncodeItem(decoded[i]));
    EXPECT_EQ(Scanned("parts", decoded), items);
  }
}

TEST_P(ItemStoreConformance, ScanEncodedStopsWithTheVisitorsError) {
  Create({PartsTable()});
  PutAll("parts", ManyParts(1, 5));
  int visited = 0;

  const auto result =
      store().ScanEncoded(op, "parts", {}, "", 100, [&](std::string_view) -> Status {
        if (++visited == 3) return Error(Code::kDenied, "enough");
        return Ok();
      });

  EXPECT_CODE(kDenied, result);
  EXPECT_EQ(visited, 3);
}

TEST_P(ItemStoreConformance, CountFollowsEveryWrite) {
  Create({FlatTable()});
  const auto count = [&] { return Must(store().Count(op, "flat")); };
  Put("flat", Item{{"id", S("a")}});
  EXPECT_EQ(count(), 1u);
  Put("flat", Item{{"id", S("a")}, {"v", N(1)}});
  EXPECT_EQ(count(), 1u);
  Must(Commit({Write::Update("flat", Item{{"id", S("b")}}, {})}));
  EXPECT_EQ(count(), 2u);
  Delete("flat", Item{{"id", S("a")}});
  Delete("flat", Item{{"id", S("a")}});
  EXPECT_EQ(count(), 1u);
}

// ---- Segments
// --------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, SegmentsCoverTheTableExactlyOnce) {
  Create({PartsTable()});
  const auto items = ManyParts(60, 70);
  PutAll("parts", items);
  const auto expected = KeyTexts(items);

  for (std::size_t count = 1; count <= 8; ++count) {
    const auto segments = Must(store().SplitScan(op, "parts", count));
    ASSERT_GE(segments.size(), 1u);
    ASSERT_LE(segments.size(), count);
    ExpectCoveredOnce(store(), segments, expected, 97);
  }
}

TEST_P(ItemStoreConformance, SegmentsScanInKeyOrderAtLimitOne) {
  Create({PartsTable()});
  PutAll("parts", ManyParts(4, 10));

  for (const auto& segment : Must(store().SplitScan(op, "parts", 3))) {
    const auto whole = ScanSegment(store(), "parts", segment);
    EXPECT_EQ(ScanSegment(store(), "parts", segment, 1), whole);
    const auto ordered = Scanned("parts", whole);
    EXPECT_TRUE(std::is_sorted(ordered.begin(), ordered.end(), [](const Item& a, const Item& b) {
      return KeyText(a) < KeyText(b);
    }));
  }
}

TEST_P(ItemStoreConformance, StoredSegmentsStillCoverAfterWritesInBetween) {
  NEEDS_COMMITS();
  Create({PartsTable()});
  PutAll("parts", ManyParts(40, 50));
  const auto segments = Must(store().SplitScan(op, "parts", 5));

  // Everything goes, before, between and behind the old keys something comes.
  std::vector<Item> later;
  for (int i = 0; i < 500; ++i) {
    later.push_back(Part(fmt::format("a{}", i), "x"));
    later.push_back(Part(fmt::format("p{:03}", i % 40), fmt::format("s{:04}x{}", i, i)));
    later.push_back(Part(fmt::format("z{}", i), "x"));
  }
  std::vector<Write> deletes;
  for (const auto& item : ManyParts(40, 50)) {
    deletes.push_back(Write::Delete("parts", KeyOf(PartsTable(), item)));
    if (deletes.size() == 50) {
      Must(store().Commit(op, deletes));
      deletes.clear();
    }
  }
  PutAll("parts", later);

  ExpectCoveredOnce(store(), segments, KeyTexts(later), 100);
}

TEST_P(ItemStoreConformance, SegmentsOfAnEmptyTableCoverWhatComesLater) {
  Create({PartsTable()});
  const auto segments = Must(store().SplitScan(op, "parts", 4));
  ASSERT_GE(segments.size(), 1u);
  ASSERT_LE(segments.size(), 4u);
  const auto items = ManyParts(10, 10);

  PutAll("parts", items);

  ExpectCoveredOnce(store(), segments, KeyTexts(items), 10);
}

TEST_P(ItemStoreConformance, EmptyTokenIsTheWholeTable) {
  Create({PartsTable()});
  const auto items = ManyParts(5, 5);
  PutAll("parts", items);

  ExpectCoveredOnce(store(), {Segment{}}, KeyTexts(items), 3);
}

TEST_P(ItemStoreConformance, BadSegmentsAreInvalid) {
  Create({PartsTable()});
  PutAll("parts", ManyParts(2, 2));

  for (const std::string& token : {std::string("garbage"), Raw("\xff\xff"), Raw("\x05\x01")})
    EXPECT_CODE(kInvalid, store().Scan(op, "parts", Segment{token}, "", 10)) << HexEncode(token);
}

// ---- Snapshots
// -------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, SnapshotDoesNotSeeLaterWrites) {
  if (!store().traits().snapshots) GTEST_SKIP() << "no snapshots";
  Create({PartsTable(), FlatTable()});
  const Item old = Part("a", "1", {{"owner", S("ann")}, {"rank", N(1)}});
  Put("parts", old);
  Put("parts", Part("a", "2"));
  Put("flat", Item{{"id", S("x")}});
  const Position then = LastChange();
  auto snapshot = Must(store().OpenSnapshot(op));

  Put("parts", Part("a", "1", {{"owner", S("bob")}, {"rank", N(2)}}));
  Delete("parts", PartKey("a", "2"));
  Put("parts", Part("a", "3", {{"owner", S("ann")}, {"rank", N(0)}}));
  Put("flat", Item{{"id", S("y")}});

  EXPECT_EQ(Must(snapshot->Get(op, "parts", PartKey("a", "1"))), old);
  EXPECT_CODE(kNotFound, snapshot->Get(op, "parts", PartKey("a", "3")));
  EXPECT_EQ(Texts(QueryAll(*snapshot, Ask("parts", "", S("a"))), "s"), "1 2");
  EXPECT_EQ(QueryAll(*snapshot, Ask("parts", "byOwner", S("ann"))), std::vector{old});
  EXPECT_TRUE(QueryAll(*snapshot, Ask("parts", "byOwner", S("bob"))).empty());
  EXPECT_EQ(Must(snapshot->Count(op, "parts")), 2u);
  EXPECT_EQ(ScanAll(*snapshot, "flat"), (std::vector{Item{{"id", S("x")}}}));
  EXPECT_EQ(Must(snapshot->LastChange(op)), then);
  const std::vector keys{PartKey("a", "3"), PartKey("a", "2")};
  const auto found = Must(snapshot->BatchGet(op, "parts", keys));
  EXPECT_FALSE(found[0].has_value());
  EXPECT_TRUE(found[1].has_value());
  EXPECT_EQ(LastChange(), then + 4);
  EXPECT_EQ(Texts(QueryAll(store(), Ask("parts", "", S("a"))), "s"), "1 3");
}

TEST_P(ItemStoreConformance, SnapshotKeepsItsTables) {
  if (!store().traits().snapshots) GTEST_SKIP() << "no snapshots";
  Create({PartsTable(), FlatTable()});
  Put("parts", Part("a", "1"));
  auto snapshot = Must(store().OpenSnapshot(op));

  Must(store().DropTable(op, "parts"));
  Create({FlatTable("later")});
  Put("later", Item{{"id", S("x")}});

  EXPECT_EQ(Must(snapshot->Tables(op)).size(), 2u);
  EXPECT_EQ(Must(snapshot->Table(op, "parts")), PartsTable());
  EXPECT_EQ(Must(snapshot->Count(op, "parts")), 1u);
  EXPECT_CODE(kNotFound, snapshot->Count(op, "later"));
  EXPECT_CODE(kNotFound, store().Count(op, "parts"));
  EXPECT_EQ(Must(store().Count(op, "later")), 1u);
}

TEST_P(ItemStoreConformance, SnapshotSegmentsCoverTheSnapshot) {
  if (!store().traits().snapshots) GTEST_SKIP() << "no snapshots";
  Create({PartsTable()});
  const auto items = ManyParts(50, 40);
  PutAll("parts", items);
  auto snapshot = Must(store().OpenSnapshot(op));
  const auto segments = Must(snapshot->SplitScan(op, "parts", 4));

  PutAll("parts", {Part("a", "new"), Part("z", "new")});
  Delete("parts", KeyOf(PartsTable(), items[100]));

  ExpectCoveredOnce(*snapshot, segments, KeyTexts(items), 64);
}

TEST_P(ItemStoreConformance, SnapshotsAreIndependent) {
  if (!store().traits().snapshots) GTEST_SKIP() << "no snapshots";
  Create({FlatTable()});
  auto none = Must(store().OpenSnapshot(op));
  Put("flat", Item{{"id", S("a")}});
  auto one = Must(store().OpenSnapshot(op));
  Put("flat", Item{{"id", S("b")}});

  EXPECT_EQ(Must(none->Count(op, "flat")), 0u);
  EXPECT_EQ(Must(one->Count(op, "flat")), 1u);
  none.reset();
  EXPECT_EQ(Must(one->Count(op, "flat")), 1u);
  EXPECT_EQ(Must(store().Count(op, "flat")), 2u);
}

}  // namespace
}  // namespace vams::items::conformance
