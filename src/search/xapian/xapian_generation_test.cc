// What is on disk when a process dies, when files are damaged, when the disk is full; and what
// happens to what was derived from an older commit.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "search/conformance.h"
#include "search/differential.h"
#include "search/memory/memory_index.h"
#include "search/query_string.h"
#include "search/xapian/xapian_index.h"

namespace vams::search {
namespace {

using conformance::Asset;
using conformance::File;
using conformance::Must;
using testing::IsEmpty;
using testing::SizeIs;

class XapianGenerationTest : public testing::Test {
 protected:
  XapianGenerationTest()
      : folder_(Must(
            files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-xapian-"))) {}

  files::Path Folder() const { return folder_.path() / "index"; }
  void Open() {
    index_.reset();
    index_ = Must(OpenXapianIndex(Folder()));
  }
  void Put(const std::vector<Document>& documents, Position position) {
    std::vector<Write> writes;
    for (const Document& document : documents) writes.push_back(Write::Put(document));
    Must(index_->Apply(op_, writes, position));
  }
  std::vector<std::string> Ids(const Request& request) {
    std::vector<std::string> ids;
    for (const Hit& hit : Must(index_->Search(op_, request)).hits) ids.push_back(hit.document.id);
    std::ranges::sort(ids);
    return ids;
  }
  std::vector<std::string> Entries() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Folder()))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }

  OpContext op_;
  files::TempFolder folder_;
  std::unique_ptr<Index> index_;
};

// ---- Killed
// ---------------------------------------------------------------------------------------

constexpr int kDocuments = 30;

// All documents say in which commit they were written.
std::vector<Document> Commit(std::uint64_t number) {
  std::vector<Document> documents;
  for (int i = 0; i < kDocuments; ++i)
    documents.push_back(Asset("db", std::to_string(i),
                              {{"str_assetname", fmt::format("pump {}", number)},
                               {"MD_", {{"number", static_cast<std::int64_t>(number)}}}}));
  return documents;
}

std::vector<Write> Writes(std::uint64_t number) {
  std::vector<Write> writes;
  for (Document& document : Commit(number)) writes.push_back(Write::Put(std::move(document)));
  return writes;
}

// From commit 1, or whatever an interruption left, to commit 5: by changes, by a build, by changes,
// by clearing and filling again.
Status WorkOfCrashTest(Index& index) {
  OpContext op;
  TRY_OK(index.Apply(op, Writes(2), 2));
  auto builder = index.ResumeBuild(op);
  if (!builder.ok()) builder = index.StartBuild(op, {.position = 2});
  if (!builder.ok()) return builder.error();
  if (!(*builder)->finished()) {
    TRY(const auto closed, (*builder)->ClosedSegments(op));
    const std::vector<Document> documents = Commit(2);
    for (int part = 0; part < 3; ++part) {
      const std::string name = std::to_string(part);
      if (std::ranges::find(closed, name) != closed.end()) continue;
      TRY(const auto segment, (*builder)->OpenSegment(op, name));
      TRY_OK(
          segment->Add(op, std::span(documents).subspan(static_cast<std::size_t>(part) * 10, 10)));
      TRY_OK(segment->Close(op));
    }
    TRY_OK((*builder)->Finish(op));
  }
  TRY_OK((*builder)->Apply(op, Writes(3), 3));
  TRY_OK((*builder)->Swap(op));
  TRY_OK(index.Apply(op, Writes(4), 4));
  TRY_OK(index.Clear(op, KindSet::kBoth));
  return index.Apply(op, Writes(5), 5);
}

constexpr char kCrashFolder[] = "VAMS_SEARCH_CRASH_FOLDER";

// Run by RunChild alone.
TEST(XapianCrashChild, DISABLED_Works) {
  const auto index = Must(OpenXapianIndex(std::getenv(kCrashFolder)));
  Must(WorkOfCrashTest(*index));
}

// Whether the child was killed.
bool RunChild(const files::Path& folder, const std::string& fault) {
  std::fflush(stdout);  // or the child prints it again
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kCrashFolder, folder.c_str(), 1);
    ::setenv("VAMS_FAULT", fault.c_str(), 1);
    (void)!std::freopen("/dev/null", "w", stdout);
    ::execl("/proc/self/exe", "child", "--gtest_also_run_disabled_tests",
            "--gtest_filter=XapianCrashChild.DISABLED_Works", nullptr);
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
  return WIFSIGNALED(status);
}

// Wherever the process dies: the index opens, shows one whole commit with its position, holds
// nothing that no pointer leads to, and the same work done again ends as if nothing had happened.
TEST_F(XapianGenerationTest, KilledAtAnyPointOneCommitServes) {
  for (const char* point :
       {"search.before_commit", "search.after_commit", "search.segment_written:2", "search.merged",
        "search.finished", "search.before_commit:2", "search.after_commit:2", "search.before_swap",
        "search.after_swap", "search.before_commit:3", "search.before_clear",
        "search.before_commit:4", "search.after_commit:4"}) {
    SCOPED_TRACE(point);
    index_.reset();
    Must(files::RemoveTree(Folder()));
    Open();
    Put(Commit(1), 1);
    index_.reset();

    EXPECT_TRUE(RunChild(Folder(), fmt::format("{}=kill", point)));
    Open();

    const Position position = Must(index_->GetPosition(op_));
    Request request{.size = 100};
    const Answer answer = Must(index_->Search(op_, request));
    EXPECT_EQ(answer.position, position);
    // Commit 4 was cleared with its position kept.
    const bool cleared = position == 4 && answer.hits.empty();
    if (!cleared) {
      EXPECT_THAT(answer.hits, SizeIs(kDocuments));
    }
    for (const Hit& hit : answer.hits)
      EXPECT_EQ(hit.document.asset_name, fmt::format("pump {}", position));
    EXPECT_THAT(Must(index_->Check(op_)), IsEmpty());
    std::size_t generations = 0;
    for (const std::string& name : Entries()) generations += name.starts_with("g") ? 1 : 0;
    EXPECT_LE(generations, 2u) << testing::PrintToString(Entries());

    Must(WorkOfCrashTest(*index_));
    request.text = ParseText("pump 5", true, Stemming::kNone);
    EXPECT_THAT(Must(index_->Search(op_, request)).hits, SizeIs(kDocuments));
    EXPECT_THAT(Must(index_->Check(op_)), IsEmpty());
    Open();
    EXPECT_THAT(Entries(), SizeIs(3)) << testing::PrintToString(Entries());
  }
}

// ---- Damaged, in use, full
// ---------------------------------------------------------------------------------------

TEST_F(XapianGenerationTest, DamageIsReportedAndReindexingHelps) {
  const auto generation = [&] { return Folder() / Must(index_->Count(op_)).generation; };
  const std::vector<std::function<void(const files::Path&)>> damages = {
      [](const files::Path& folder) { std::filesystem::remove(folder / "postlist.glass"); },
      [](const files::Path& folder) { std::ofstream(folder / "iamglass") << "nonsense"; },
      [](const files::Path& folder) { Must(files::RemoveTree(folder)); },
      [&](const files::Path&) { std::ofstream(Folder() / "CURRENT") << "../elsewhere"; },
      [&](const files::Path&) { std::filesystem::remove(Folder() / "CURRENT"); }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    SCOPED_TRACE(i);
    Open();
    Put(Commit(1), 1);
    const files::Path folder = generation();
    index_.reset();

    damages[i](folder);
    const auto opened = OpenXapianIndex(Folder());

    EXPECT_CODE(kCorrupt, opened);
    if (!opened.ok()) {
      EXPECT_THAT(opened.error().message, testing::HasSubstr("vams reindex"));
    }
    Must(RemoveXapianIndex(Folder()));
    Open();
    EXPECT_EQ(Must(index_->GetPosition(op_)), 0u);
    index_.reset();
    Must(RemoveXapianIndex(Folder()));
  }
}

TEST_F(XapianGenerationTest, OneProcessAtATime) {
  Open();

  EXPECT_CODE(kConflict, OpenXapianIndex(Folder()));
  EXPECT_CODE(kConflict, RemoveXapianIndex(Folder()));
  Put(Commit(1), 1);

  EXPECT_THAT(Ids({.size = 100}), SizeIs(kDocuments));
}

// A limit on the size of files stands for a full disk: both fail the write.
TEST_F(XapianGenerationTest, AFullDiskLeavesTheOldCommitServing) {
  Open();
  Put(Commit(1), 1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 16'384, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);

  std::vector<Write> many;
  for (int i = 0; i < 300; ++i)
    many.push_back(Write::Put(Asset("db", fmt::format("new{}", i),
                                    {{"str_description", fmt::format("w{0} v{0} u{0}", i)}})));
  const Status failed = index_->Apply(op_, many, 2);
  const auto during = Ids({.size = 1000});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_CODE(kUnavailable, failed);
  EXPECT_THAT(during, SizeIs(kDocuments));
  EXPECT_EQ(Must(index_->GetPosition(op_)), 1u);
  Must(index_->Apply(op_, many, 2));
  EXPECT_THAT(Ids({.size = 1000}), SizeIs(kDocuments + 300));
  EXPECT_THAT(Must(index_->Check(op_)), IsEmpty());
}

// ---- What is derived from commits
// ---------------------------------------------------------------------------------------

// Bits kept for a caller follow every change: of class, of name, removals, new documents.
TEST_F(XapianGenerationTest, WhatACallerMayReadFollowsEveryCommit) {
  Open();
  const conformance::Rules rules(
      "key",
      [](const AccessClass& access) {
        return access.database == "open"     ? AccessFilter::Verdict::kAllow
               : access.database == "byname" ? AccessFilter::Verdict::kByName
                                             : AccessFilter::Verdict::kDeny;
      },
      [](const AccessClass&, std::string_view name) { return name == "public"; });
  const Request request{.access = &rules, .size = 100};
  Put({Asset("open", "a"), Asset("shut", "b"), Asset("byname", "c", {{"str_assetname", "public"}}),
       Asset("byname", "d", {{"str_assetname", "secret"}})},
      1);
  EXPECT_EQ(Ids(request), (std::vector<std::string>{"byname#c", "open#a"}));

  // The same ids, other rights.
  Document moved = Asset("open", "a");
  moved.access.database = "shut";
  Put({moved, Asset("byname", "c", {{"str_assetname", "secret"}}),
       Asset("byname", "d", {{"str_assetname", "public"}}), Asset("open", "e")},
      2);
  EXPECT_EQ(Ids(request), (std::vector<std::string>{"byname#d", "open#e"}));

  Must(index_->Apply(op_, std::vector{Write::Remove("open#e"), Write::Put(Asset("open", "f"))}, 3));
  EXPECT_EQ(Ids(request), (std::vector<std::string>{"byname#d", "open#f"}));
}

TEST_F(XapianGenerationTest, SortColumnsFollowEveryCommit) {
  Open();
  Request request{.sort = {{"str_assetname"}}, .size = 100};
  const auto order = [&] {
    std::string names;
    for (const Hit& hit : Must(index_->Search(op_, request)).hits)
      names += hit.document.asset_name + " ";
    return names;
  };
  Put({Asset("db", "1", {{"str_assetname", "b"}}), Asset("db", "2", {{"str_assetname", "a"}})}, 1);
  EXPECT_EQ(order(), "a b ");

  Put({Asset("db", "2", {{"str_assetname", "c"}}), Asset("db", "3", {{"str_assetname", "0"}})}, 2);
  EXPECT_EQ(order(), "0 b c ");
  // Values alike beyond what the column holds are told apart by the documents.
  const std::string same(200, 'x');
  Put({Asset("db", "1", {{"str_assetname", same + "2"}}),
       Asset("db", "2", {{"str_assetname", same + "1"}})},
      3);
  EXPECT_EQ(order(), "0 " + same + "1 " + same + "2 ");
}

// Words that are far into a text, often in it, in several fields: where postings leave it to
// position lists, or to the document.
TEST_F(XapianGenerationTest, PhrasesInLongTexts) {
  Open();
  std::string filler;
  for (int i = 0; i < 62; ++i) filler += fmt::format("f{} ", i);
  Put({Asset("db", "far", {{"str_description", filler + "one two three four"}}),
       Asset("db", "often", {{"str_description", "two one " + filler + "two one three one two"}}),
       Asset("db", "fields", {{"str_assetname", "one"}, {"str_description", "two one, three two"}}),
       Asset("db", "apart", {{"str_description", "one x two"}, {"list_tags", {"one", "two"}}}),
       Asset("db", "meta", {{"MD_", {{"a", "one"}, {"b", "two one two"}}}}),
       Asset("db", "values", {{"MD_", {{"a", "x one"}, {"b", "two x"}}}})},
      1);
  Request request{.size = 100};
  const auto with = [&](std::string_view text) {
    request.text = ParseText(text, true, Stemming::kNone);
    request.filter = {};
    return Ids(request);
  };
  const auto filtered = [&](std::string_view filter) {
    request.text.reset();
    request.filter = Must(ParseQueryString(filter, {}));
    return Ids(request);
  };
  using List = std::vector<std::string>;

  EXPECT_EQ(with("\"one two\""), (List{"db#far", "db#meta", "db#often"}));
  EXPECT_EQ(with("\"two one\""), (List{"db#fields", "db#meta", "db#often"}));
  EXPECT_EQ(with("\"one three\""), (List{"db#fields", "db#often"}));
  EXPECT_EQ(with("\"f61 one two three four\""), (List{"db#far"}));
  EXPECT_EQ(with("\"three four five\""), List());
  EXPECT_EQ(filtered("str_description:\"one two\""), (List{"db#far", "db#often"}));
  EXPECT_EQ(filtered("str_assetname:\"two one\""), List());
}

TEST_F(XapianGenerationTest, PatternsOnLongAndStrangeValues) {
  Open();
  const std::string text(500, 'v');
  Put({Asset("db", "long", {{"MD_", {{"k", text + "end"}}}}),
       Asset("db", "other", {{"MD_", {{"k", text + "END"}}}}),
       Asset("db", "short", {{"MD_", {{"k", "vv"}, {std::string(300, 'k'), "vx"}}}}),
       Asset("db", "zero", {{"MD_", {{"k", std::string("v\0v", 3)}}}})},
      1);
  const auto found = [&](const Expression& filter) {
    Request request{.size = 100};
    request.filter = filter;
    return Ids(request);
  };
  const std::vector<FieldRef> key = {{.name = "MD_", .key = "k"}};
  const std::vector<FieldRef> any = {{.name = "MD_"}};
  using List = std::vector<std::string>;

  EXPECT_EQ(found(Expression::Pattern(key, "vv*", Form::kWhole)),
            (List{"db#long", "db#other", "db#short"}));
  EXPECT_EQ(found(Expression::Pattern(key, text + "e*", Form::kWhole)), (List{"db#long"}));
  EXPECT_EQ(found(Expression::Pattern(key, "v*d", Form::kWhole)), (List{"db#long"}));
  EXPECT_EQ(found(Expression::Equals(key, {text + "END"})), (List{"db#other"}));
  EXPECT_EQ(found(Expression::Equals(key, {std::string("v\0v", 3)})), (List{"db#zero"}));
  EXPECT_EQ(found(Expression::Equals(any, {"vx"})), (List{"db#short"}));
  EXPECT_EQ(found(Expression::Contains(any, "end", Form::kWholeFolded)),
            (List{"db#long", "db#other"}));
  EXPECT_EQ(found(Expression::Exists({{.name = "MD_", .key = std::string(300, 'k')}})),
            (List{"db#short"}));
}

// Longer than the suite's comparison, over restarts and new generations.
TEST_F(XapianGenerationTest, AgreesWithTheModelOverRestartsAndBuilds) {
  for (const std::uint32_t seed : {20261U, 20262U}) {
    index_.reset();
    Must(files::RemoveTree(Folder()));
    Open();
    MemoryIndex model;
    differential::Maker make(seed, index_->traits());
    Position position = 0;
    for (int round = 0; round < 12; ++round) {
      SCOPED_TRACE(fmt::format("seed {}, round {}", seed, round));
      const std::vector<Write> writes = make.Writes();
      Must(index_->Apply(op_, writes, ++position));
      Must(model.Apply(op_, writes, position));
      if (round % 4 == 1) Open();
      if (round % 4 == 3) {
        auto builder = Must(index_->StartBuild(op_, {.position = position}));
        auto segment = Must(builder->OpenSegment(op_, "all"));
        for (const auto& entry : Must(model.ScanIds(op_, {}, 10'000)).entries) {
          const Document document = *Must(model.Find(op_, entry.id));
          Must(segment->Add(op_, std::span(&document, 1)));
        }
        Must(segment->Close(op_));
        Must(builder->Finish(op_));
        Must(builder->Swap(op_));
      }
      for (int i = 0; i < 15; ++i) {
        const differential::Question question = make.Ask();
        ASSERT_EQ(differential::Difference(question.request, *index_, model), "") << question.text;
      }
    }
    EXPECT_THAT(Must(index_->Check(op_)), IsEmpty());
  }
}

}  // namespace
}  // namespace vams::search
