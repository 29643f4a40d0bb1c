// The conformance suite of the search index: what every engine must do, sentence by sentence of
// search.h and of the definitions that it refers to.  The tests are in conformance_*_test.cc, which
// are linked into search_test; an engine takes part by instantiating the suite in its own test:
//
//   using vams::search::conformance::Engine;
//   using vams::search::conformance::IndexConformance;
//   INSTANTIATE_TEST_SUITE_P(Memory, IndexConformance,
//                            testing::Values(Engine{.name = "memory",
//                                                   .open = [](const auto& folder) { … },
//                                                   .reopen = nullptr}),
//                            testing::PrintToStringParamName());
//
// For tests only.  A fixture belongs to one thread, its index to all.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files/files.h"
#include "search/search.h"

namespace vams::search::conformance {

// What the suite needs to know about an engine.
struct Engine {
  using Opener = std::function<Result<std::unique_ptr<Index>>(const files::Path& folder)>;
  std::string name;
  // A fresh, empty index.  `folder` exists, is empty and belongs to this index.
  Opener open;
  // The same data again, after the index was destroyed.  nullptr: the engine does not persist.
  Opener reopen;
};

inline void PrintTo(const Engine& engine, std::ostream* out) { *out << engine.name; }

// ---- Results
// ---------------------------------------------------------------------------------------

// The value of a result; an error fails the test (as an exception, which GoogleTest reports).
template <typename T>
T Must(Result<T> result) {
  if (!result.ok())
    throw std::runtime_error(std::string(CodeName(result.error().code)) + ": " +
                             result.error().message + " " + result.error().details);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

template <typename T>
testing::AssertionResult HasCode(const Result<T>& result, Code code) {
  if (result.ok()) return testing::AssertionFailure() << "succeeded instead of: " << CodeName(code);
  if (result.error().code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << CodeName(result.error().code) << " instead of "
                                     << CodeName(code) << ": " << result.error().message;
}

#define EXPECT_CODE(code, ...) \
  EXPECT_TRUE(::vams::search::conformance::HasCode((__VA_ARGS__), ::vams::Code::code))

// ---- Documents, briefly
// ---------------------------------------------------------------------------------------

// "db#id" with the given fields; what permissions look at is taken from them.
Document Asset(std::string_view database, std::string_view id, boost::json::object fields = {});
// "db#asset#/path", with str_key and str_fileext made from the path.
Document File(std::string_view database, std::string_view asset, std::string_view path,
              boost::json::object fields = {});

// Permissions made of functions.
class Rules final : public AccessFilter {
 public:
  using Class = std::function<Verdict(const AccessClass&)>;
  using Name = std::function<bool(const AccessClass&, std::string_view)>;

  explicit Rules(std::string key, Class by_class, Name by_name = {})
      : key_(std::move(key)), by_class_(std::move(by_class)), by_name_(std::move(by_name)) {}

  std::string cache_key() const override { return key_; }
  Verdict Decide(const AccessClass& access) const override { return by_class_(access); }
  bool DecideName(const AccessClass& access, std::string_view name) const override {
    return by_name_ && by_name_(access, name);
  }

 private:
  std::string key_;
  Class by_class_;
  Name by_name_;
};

// ---- The fixture
// ---------------------------------------------------------------------------------------

using Ids = std::vector<std::string>;
using IdSet = std::set<std::string>;

class IndexConformance : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;

  Index& index() { return *index_; }
  const Traits& traits() { return index_->traits(); }
  bool persists() const { return GetParam().reopen != nullptr; }
  // Closes the index and opens the same data.
  void Reopen();

  // One commit each, with a position of their own.
  void Put(std::vector<Document> documents);
  void Remove(std::initializer_list<std::string_view> ids);

  Answer Search(const Request& request) { return Must(index_->Search(op, request)); }
  // Ids of the hits, as they come.
  Ids Hits(const Request& request);
  // What the filter, or the text, or both find.
  IdSet Found(Expression filter);
  IdSet FoundByQuery(std::string_view query_string);
  IdSet FoundByText(std::string_view text, bool metadata = true);
  // By score, best first.
  Ids Ranked(std::string_view text, bool metadata = true, Stemming stemming = Stemming::kNone);
  // Every id with its digest.
  static std::set<std::pair<std::string, std::uint64_t>> AllIds(Generation& generation,
                                                                std::size_t page = 1000);

  OpContext op;
  Position position = 0;  // of the last Put or Remove

 private:
  std::optional<files::TempFolder> folder_;
  std::unique_ptr<Index> index_;
};

}  // namespace vams::search::conformance
