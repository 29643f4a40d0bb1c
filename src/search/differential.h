// Random documents, random requests, and the comparison of an engine's answer with the memory
// engine's.  conformance_differential_test.cc runs it; engines may run it longer, or on larger
// corpora, in tests of their own:
//
//   Maker make(seed, engine.traits());
//   … apply make.Writes() to both …
//   const Question question = make.Ask();
//   EXPECT_EQ(Difference(question.request, engine, model), "");
//
// For tests only.  A maker belongs to one thread; the same seed makes the same things everywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "search/search.h"

namespace vams::search::differential {

struct Question {
  Request request;
  std::unique_ptr<AccessFilter> access;  // what request.access points to
  std::string text;                      // for messages
};

class Maker {
 public:
  // Leaves out of the questions what the traits say an engine does in its own way.
  Maker(std::uint32_t seed, const Traits& traits) : random_(seed), traits_(traits) {}

  // A document with one of about 150 ids.
  Document NewDocument();
  // A batch: mostly puts, some removals, sometimes an id twice.
  std::vector<Write> Writes();
  Question Ask();

 private:
  std::uint32_t Below(std::uint32_t n) { return static_cast<std::uint32_t>(random_()) % n; }
  bool Chance(std::uint32_t percent) { return Below(100) < percent; }
  std::string Word();
  std::string Phrase(std::uint32_t most);
  std::string Part(const std::string& word);
  boost::json::object Flat();
  std::string QueryText();
  FieldRef AnyField();
  Expression Condition();
  Expression RangeCondition();
  Expression Tree(int depth);
  Box AnyBox();

  std::mt19937 random_;
  Traits traits_;
};

// Empty if the engine answers as the model does: the same documents with the same content, in the
// order asked for (equal ones in any), the same total, facets, scores and marks.  Else what
// differs.
std::string Difference(const Request& request, Index& engine, Index& model);

}  // namespace vams::search::differential
