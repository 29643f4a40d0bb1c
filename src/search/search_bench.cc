// Speed of the embedded search index: docs/performance.md, "Search".  A seeded synthetic library of
// VAMS_BENCH_DOCUMENTS documents (default 100,000; the numbers on record are of 1,000,000), four
// files to an asset: 20 words from a vocabulary of 50,000 with a natural distribution, a name, a
// path, an ETag, five metadata pairs, up to three tags, 50 databases, one in ten with a place.  The
// caller may read 10 of the databases.  `make bench` runs it.  SQLite's FTS5 with the same texts
// and words is the peer, for whom everybody may read everything and nothing is counted.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "files/files.h"
#include "search/query_string.h"
#include "search/xapian/xapian_index.h"

namespace vams::search {
namespace {

using SteadyClock = std::chrono::steady_clock;

double Seconds(SteadyClock::duration d) { return std::chrono::duration<double>(d).count(); }

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::size_t DocumentCount() {
  const char* count = std::getenv("VAMS_BENCH_DOCUMENTS");
  return count != nullptr ? std::strtoull(count, nullptr, 10) : 100'000;
}

std::string BenchFolder() {
  const char* folder = std::getenv("VAMS_BENCH_DIR");
  return folder != nullptr ? folder : ".";
}

// ---- The library
// ---------------------------------------------------------------------------------------

constexpr std::size_t kVocabulary = 50'000;

// Word n of the vocabulary: pronounceable, distinct.
std::string Word(std::size_t n) {
  constexpr std::string_view kHeads = "bcdfghjklmnprstvwz";
  constexpr std::string_view kTails = "aeiou";
  std::string word;
  for (std::size_t rest = n + 1000; rest > 0; rest /= kHeads.size() * kTails.size()) {
    word.push_back(kHeads[rest % kHeads.size()]);
    word.push_back(kTails[rest / kHeads.size() % kTails.size()]);
  }
  return word;
}

class Maker {
 public:
  Maker() {
    double sum = 0;
    for (std::size_t rank = 1; rank <= kVocabulary; ++rank)
      sums_.push_back(sum += 1.0 / static_cast<double>(rank));
  }

  // Document n, always the same.
  Document Make(std::size_t n) const {
    std::mt19937_64 random(n * 2654435761U + 1);
    const std::size_t asset = n / 5;
    const bool file = n % 5 != 0;
    // What the asset's files share with it.
    std::mt19937_64 shared(asset * 40503U + 7);
    const std::string database = fmt::format("db{:02}", asset % 50);
    const std::string asset_id = fmt::format("x{:08x}", asset * 2654435761U % 4294967291U);
    const std::string name =
        fmt::format("{} {}-{:04}", Ranked(shared), Ranked(shared), asset % 10'000);
    constexpr std::string_view kTypes[] = {".glb", ".e57", "folder", ".stp", "none"};
    const std::string type(kTypes[shared() % 5]);
    boost::json::array tags;
    std::vector<std::string> tag_set;
    for (std::size_t i = shared() % 4; i > 0; --i) {
      std::string tag = "tag" + std::to_string(shared() % 40);
      if (std::ranges::find(tag_set, tag) != tag_set.end()) continue;
      tags.emplace_back(tag);
      tag_set.push_back(std::move(tag));
    }
    std::ranges::sort(tag_set);
    Document document{.kind = file ? Kind::kFile : Kind::kAsset};
    boost::json::object metadata;
    for (int i = 0; i < 4; ++i) metadata["key" + std::to_string(i)] = Ranked(random);
    metadata["serial"] = fmt::format("sn{:07}", random() % 10'000'000);
    std::string text;
    for (int i = 0; i < 20; ++i) text += (i ? " " : "") + Ranked(random);
    boost::json::object& source = document.source;
    source = {{"str_databaseid", database},
              {"str_assetid", asset_id},
              {"str_assetname", name},
              {"list_tags", tags},
              {"str_bucketname", "bucket" + std::to_string(asset % 3)},
              {"bool_archived", n % 53 == 0}};
    document.id = database + "#" + asset_id;
    if (file) {
      constexpr std::string_view kExtensions[] = {"glb", "e57", "png", "pdf", "stp", "obj"};
      const std::string_view extension = kExtensions[random() % 6];
      const std::string path =
          fmt::format("/{}/{}_{}.{}", Ranked(random), Ranked(random), n % 5, extension);
      source["str_key"] = path;
      source["str_fileext"] = extension;
      source["num_filesize"] = static_cast<std::int64_t>(random() % 1'000'000'000);
      source["date_lastmodified"] =
          fmt::format("20{:02}-{:02}-{:02}T12:00:00+00:00", 15 + random() % 10, 1 + random() % 12,
                      1 + random() % 28);
      source["str_etag"] = fmt::format("{:016x}{:016x}", random(), random());
      metadata["notes"] = text;
      document.id += "#" + path;
    } else {
      source["str_description"] = text;
      source["str_assettype"] = type;
      source["bool_has_asset_children"] = n % 3 == 0;
    }
    source["MD_"] = std::move(metadata);
    document.access = {.database = database, .asset_type = type, .tags = std::move(tag_set)};
    document.asset_name = name;
    document.archived = n % 53 == 0;
    if (n % 10 == 0)
      document.place = Box::Of({.lat = static_cast<double>(random() % 170) - 85,
                                .lon = static_cast<double>(random() % 350) - 175});
    return document;
  }

 private:
  std::string Ranked(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random);
    return Word(static_cast<std::size_t>(std::ranges::lower_bound(sums_, at) - sums_.begin()));
  }

  std::vector<double> sums_;
};

// May read every fifth database, whatever the tags and types.
class TenDatabases final : public AccessFilter {
 public:
  std::string cache_key() const override { return "ten databases"; }
  Verdict Decide(const AccessClass& access) const override {
    return std::atoi(access.database.c_str() + 2) % 5 == 0 ? Verdict::kAllow : Verdict::kDeny;
  }
  bool DecideName(const AccessClass&, std::string_view) const override { return false; }
};

// ---- The index, made once
// ---------------------------------------------------------------------------------------

struct Times {
  double segments = 0;
  double finish = 0;
  double open = 0;
};

class Library {
 public:
  static Library& Get() {
    static Library library;
    return library;
  }

  Index& index() { return *index_; }
  const Times& times() const { return times_; }
  const Maker& maker() const { return maker_; }

 private:
  Library() : folder_(Must(files::TempFolder::Create(BenchFolder(), "bench"))) {
    OpContext op;
    index_ = Must(OpenXapianIndex(folder_.path()));
    auto builder = Must(index_->StartBuild(op, {}));
    const auto start = SteadyClock::now();
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (int w = 0; w < 2; ++w)
      workers.emplace_back([&] {
        OpContext mine;
        constexpr std::size_t kSegment = 50'000;
        for (std::size_t n; (n = next++) * kSegment < DocumentCount();) {
          auto segment = Must(builder->OpenSegment(mine, fmt::format("{:06}", n)));
          const std::size_t end = std::min(DocumentCount(), (n + 1) * kSegment);
          for (std::size_t i = n * kSegment; i < end; ++i) {
            const Document document = maker_.Make(i);
            Must(segment->Add(mine, std::span(&document, 1)));
          }
          Must(segment->Close(mine));
        }
      });
    for (std::thread& worker : workers) worker.join();
    times_.segments = Seconds(SteadyClock::now() - start);
    const auto joined = SteadyClock::now();
    Must(builder->Finish(op));
    Must(builder->Swap(op));
    times_.finish = Seconds(SteadyClock::now() - joined);
    builder.reset();
    index_.reset();
    const auto closed = SteadyClock::now();
    index_ = Must(OpenXapianIndex(folder_.path()));
    times_.open = Seconds(SteadyClock::now() - closed);
  }

  const Maker maker_;
  files::TempFolder folder_;
  std::unique_ptr<Index> index_;
  Times times_;
};

void BM_Reindex(benchmark::State& state) {
  Library& library = Library::Get();
  const Times& times = library.times();
  for (auto _ : state) state.SetIterationTime(times.segments + times.finish);
  OpContext op;
  const Counts counts = Must(library.index().Count(op));
  const auto documents = static_cast<double>(DocumentCount());
  state.counters["documents/s"] = documents / (times.segments + times.finish);
  state.counters["segments_s"] = times.segments;
  state.counters["finish_s"] = times.finish;
  state.counters["open_s"] = times.open;
  state.counters["disk_MiB"] = static_cast<double>(counts.disk_bytes) / (1 << 20);
  state.counters["memory_MiB"] = static_cast<double>(counts.memory_bytes) / (1 << 20);
}
BENCHMARK(BM_Reindex)->UseManualTime()->Iterations(1)->Unit(benchmark::kSecond);

// ---- Queries
// ---------------------------------------------------------------------------------------

Request Base(const AccessFilter& access) {
  Request request{.access = &access, .size = 50};
  request.facets = {"str_databaseid", "str_assettype", "str_fileext", "list_tags", "str_assetid"};
  return request;
}

void Report(benchmark::State& state, std::vector<double>& seconds) {
  if (seconds.empty()) return;
  std::ranges::sort(seconds);
  const auto at = [&](double share) {
    return 1000 *
           seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1))];
  };
  state.counters["p50_ms"] = at(0.5);
  state.counters["p99_ms"] = at(0.99);
  state.counters["max_ms"] = at(1);
}

void Ask(benchmark::State& state, const Request& request) {
  Index& index = Library::Get().index();
  OpContext op;
  std::vector<double> seconds;
  std::uint64_t total = 0;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    total = Must(index.Search(op, request)).total;
    seconds.push_back(Seconds(SteadyClock::now() - start));
  }
  Report(state, seconds);
  state.counters["hits"] = static_cast<double>(total);
}

void BM_Text(benchmark::State& state, const std::string& text) {
  const TenDatabases access;
  Request request = Base(access);
  request.text = ParseText(text, true, Stemming::kNone);
  Ask(state, request);
}
#define TEXT(name, text) BENCHMARK_CAPTURE(BM_Text, name, text)->Unit(benchmark::kMillisecond)
TEXT(rare, Word(30'000));
TEXT(medium, Word(3'000));
TEXT(common, Word(30));
TEXT(commonest, Word(0));
TEXT(and_of_3_common, Word(20) + " " + Word(30) + " " + Word(40));
TEXT(and_of_3_commonest, Word(0) + " " + Word(1) + " " + Word(2));
TEXT(phrase_of_2_commonest, "\"" + Word(0) + " " + Word(1) + "\"");
TEXT(phrase_of_2_common, "\"" + Word(20) + " " + Word(30) + "\"");
TEXT(substring_of_4, Word(3'000).substr(1, 4));
TEXT(substring_of_3, "a91");
TEXT(substring_of_2, "zu");
TEXT(substring_of_1, "z");
TEXT(separators, "-0042");
TEXT(separators_common, Word(0) + "-00");
#undef TEXT

void BM_CommonestForEveryone(benchmark::State& state) {
  const TenDatabases access;
  Request request = Base(access);
  request.access = nullptr;
  request.text = ParseText(Word(0), true, Stemming::kNone);
  Ask(state, request);
}
BENCHMARK(BM_CommonestForEveryone)->Unit(benchmark::kMillisecond);

void BM_Filter(benchmark::State& state, const std::string& filter) {
  const TenDatabases access;
  Request request = Base(access);
  request.filter = Must(ParseQueryString(filter, {}));
  Ask(state, request);
}
#define FILTER(name, text) BENCHMARK_CAPTURE(BM_Filter, name, text)->Unit(benchmark::kMillisecond)
FILTER(browse, "");
FILTER(size_range, "num_filesize:[1000000 TO 500000000]");
FILTER(two_facets, "(str_databaseid:(\"db00\" OR \"db05\")) AND (list_tags:(\"tag7\"))");
FILTER(metadata_value, "MD_.key1:\"" + Word(3) + "\"");
FILTER(metadata_exists, "_exists_:MD_.notes");
FILTER(metadata_pattern, "MD_.serial:sn00*");
FILTER(any_value, "MD_._value:\"" + Word(40) + "\"");
FILTER(name_wildcard, "str_assetname.keyword:*" + Word(5) + "-00*");
FILTER(fuzzy, "str_assetname:" + Word(500) + "~1");
#undef FILTER

void BM_Sorted(benchmark::State& state, const std::string& field) {
  const TenDatabases access;
  Request request = Base(access);
  request.text = ParseText(Word(0), true, Stemming::kNone);
  request.sort = {{.field = field, .descending = true}};
  Ask(state, request);
}
BENCHMARK_CAPTURE(BM_Sorted, by_date, "date_lastmodified")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Sorted, by_name, "str_assetname")->Unit(benchmark::kMillisecond);

void BM_GeoBox(benchmark::State& state) {
  const TenDatabases access;
  Request request = Base(access);
  request.filter = {.op = Expression::Op::kGeoBox,
                    .box = {.south = 10, .north = 40, .west = -20, .east = 30}};
  Ask(state, request);
}
BENCHMARK(BM_GeoBox)->Unit(benchmark::kMillisecond);

// ---- The peer
// ---------------------------------------------------------------------------------------

// All texts of the library in one FTS5 table, in a file without a journal.
class Peer {
 public:
  static Peer& Get() {
    static Peer peer;
    return peer;
  }
  ~Peer() { sqlite3_close(db_); }

  // The best 50; gives back how many there were.
  std::size_t Ask(const std::string& word) {
    sqlite3_stmt* query = Prepare("SELECT rowid FROM t WHERE t MATCH ?1 ORDER BY rank LIMIT 50");
    Bind(query, word);
    std::size_t hits = 0;
    while (sqlite3_step(query) == SQLITE_ROW) ++hits;
    sqlite3_finalize(query);
    return hits;
  }
  double seconds() const { return seconds_; }  // of indexing alone

 private:
  Peer() : folder_(Must(files::TempFolder::Create(BenchFolder(), "peer"))) {
    Check(sqlite3_open((folder_.path() / "peer.db").c_str(), &db_) == SQLITE_OK);
    for (const char* sql : {"PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF",
                            "CREATE VIRTUAL TABLE t USING fts5(words, content='')", "BEGIN"})
      Check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_stmt* insert = Prepare("INSERT INTO t(words) VALUES (?1)");
    const Maker& maker = Library::Get().maker();
    for (std::size_t n = 0; n < DocumentCount(); ++n) {
      const std::string text = TextOf(maker.Make(n));
      const auto start = SteadyClock::now();
      Bind(insert, text);
      Check(sqlite3_step(insert) == SQLITE_DONE);
      sqlite3_reset(insert);
      seconds_ += Seconds(SteadyClock::now() - start);
    }
    sqlite3_finalize(insert);
    const auto start = SteadyClock::now();
    Check(sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    seconds_ += Seconds(SteadyClock::now() - start);
  }

  // What the index looks for words in.
  static std::string TextOf(const Document& document) {
    std::string text;
    for (const auto& member : document.source) {
      const Field* field = FindField(member.key());
      if (!field || (field->weight == 0 && field->type != FieldType::kFlat)) continue;
      AnyValue(member.value(), field->type, [&](std::string_view, std::string_view value) {
        text.append(value).append(" ");
        return false;
      });
    }
    return text;
  }
  static void Check(bool good) {
    if (!good) std::abort();
  }
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) == SQLITE_OK);
    return statement;
  }
  static void Bind(sqlite3_stmt* statement, const std::string& text) {
    sqlite3_bind_text(statement, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }

  files::TempFolder folder_;
  sqlite3* db_ = nullptr;
  double seconds_ = 0;
};

// `times_slower` than the whole search of the same word here, with permissions, total and facets.
void BM_PeerFts5(benchmark::State& state, const std::string& word) {
  Peer& peer = Peer::Get();
  const TenDatabases access;
  Request request = Base(access);
  request.text = ParseText(word, true, Stemming::kNone);
  OpContext op;
  std::vector<double> ours;
  for (int i = 0; i < 20; ++i) {
    const auto start = SteadyClock::now();
    Must(Library::Get().index().Search(op, request));
    ours.push_back(Seconds(SteadyClock::now() - start));
  }
  std::vector<double> seconds;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    benchmark::DoNotOptimize(peer.Ask(word));
    seconds.push_back(Seconds(SteadyClock::now() - start));
  }
  Report(state, seconds);
  std::ranges::sort(ours);
  state.counters["times_slower"] = seconds[seconds.size() / 2] / ours[ours.size() / 2];
  state.counters["documents/s"] = static_cast<double>(DocumentCount()) / peer.seconds();
}
#define PEER(name, word) BENCHMARK_CAPTURE(BM_PeerFts5, name, word)->Unit(benchmark::kMillisecond)
PEER(rare, Word(30'000));
PEER(medium, Word(3'000));
PEER(common, Word(30));
PEER(commonest, Word(0));
#undef PEER

// ---- Writing
// ---------------------------------------------------------------------------------------

// Replaces documents with others' content; a commit of so many.
void BM_Update(benchmark::State& state) {
  Library& library = Library::Get();
  OpContext op;
  std::mt19937_64 random(42);
  Position position = Must(library.index().GetPosition(op));
  std::vector<double> seconds;
  for (auto _ : state) {
    std::vector<Write> writes;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      Document document = library.maker().Make(random() % DocumentCount());
      document.source["str_description"] = "changed " + std::to_string(random() % 1000);
      writes.push_back(Write::Put(std::move(document)));
    }
    const auto start = SteadyClock::now();
    Must(library.index().Apply(op, writes, ++position));
    seconds.push_back(Seconds(SteadyClock::now() - start));
    state.SetIterationTime(seconds.back());
  }
  Report(state, seconds);
  state.counters["ms/document"] =
      1000 * seconds[seconds.size() / 2] / static_cast<double>(state.range(0));
}
BENCHMARK(BM_Update)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime()->Unit(
    benchmark::kMillisecond);

// A reader's common word while another thread commits 1,000 changes a second.
void BM_SearchWhileWriting(benchmark::State& state) {
  Library& library = Library::Get();
  std::atomic<bool> done = false;
  std::vector<double> commits;
  std::thread writer([&] {
    OpContext op;
    std::mt19937_64 random(43);
    Position position = Must(library.index().GetPosition(op));
    auto next = SteadyClock::now();
    while (!done) {
      std::vector<Write> writes;
      for (int i = 0; i < 1000; ++i)
        writes.push_back(Write::Put(library.maker().Make(random() % DocumentCount())));
      const auto start = SteadyClock::now();
      Must(library.index().Apply(op, writes, ++position));
      commits.push_back(Seconds(SteadyClock::now() - start));
      next += std::chrono::seconds(1);
      while (!done && SteadyClock::now() < next)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const TenDatabases access;
  Request request = Base(access);
  request.text = ParseText(Word(30), true, Stemming::kNone);
  Ask(state, request);
  done = true;
  writer.join();
  std::ranges::sort(commits);
  state.counters["visible_ms"] = 1000 * commits[commits.size() / 2];
}
BENCHMARK(BM_SearchWhileWriting)->Unit(benchmark::kMillisecond)->MinTime(5);

}  // namespace
}  // namespace vams::search
