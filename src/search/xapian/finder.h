// Finds the documents that fulfil an expression, from words, terms and columns; where these do not
// tell, says which documents have to be looked at.
//
// Thread rule: belongs to one search.  May block on disk; throws Xapian's exceptions.
// Spec: search.md sections 3.1, 4; expression.h.
#pragma once

#include "base/op_context.h"
#include "base/result.h"
#include "search/expression.h"
#include "search/xapian/word_sets.h"

namespace vams::search::xapian {

class Finder {
 public:
  // Only documents of `base` are found.
  Finder(OpContext& op, const Store::View& view, const Bits& base)
      : op_(op), base_(base), sets_(view, base) {}

  // kCancelled, kTimeout: the caller gave up.
  Result<Found> Find(const Expression& expression) const;

 private:
  Found FindField(const Expression& condition, const FieldRef& field) const;
  Found InNumbers(const Expression& condition, std::size_t place, int field) const;
  Found InSets(const Expression& condition, std::size_t place, const FieldRef& field) const;
  Found InIds(const Expression& condition) const;
  // Text fields with a weight.
  Found InRanked(const Expression& condition, const FieldRef& field) const;
  Found InWords(const Expression& condition, const FieldRef& field) const;
  Found InWholeValues(const Expression& condition, const FieldRef& field) const;
  Bits CandidatesInWhole(const Expression& condition, char group, std::uint32_t fields,
                         const std::string& field) const;
  Found InFlat(const Expression& condition, const FieldRef& field) const;
  Found InAnyFlatValue(const Expression& condition, const FieldRef& field,
                       const std::vector<std::string>& keys) const;
  // Fields whose values are terms.
  Found InOther(const Expression& condition, const FieldRef& field) const;
  void AddValues(const Expression& condition, const FieldRef& field, const std::string& label,
                 Found& out) const;
  std::vector<std::string> KeysOf(const FieldRef& field) const;
  Found InPlaces(const Expression& condition) const;
  Bits Present(int field) const;
  // Documents that columns and terms do not describe.
  void AddOdd(Found& found) const;

  template <typename Test>
  Bits Where(const Test& test) const;

  OpContext& op_;
  const Bits& base_;
  WordSets sets_;
};

}  // namespace vams::search::xapian
