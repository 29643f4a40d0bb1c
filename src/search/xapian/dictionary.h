// The distinct words of an index in memory, for substrings, patterns and near misses.  A word that
// no document has any more may still be there until the index is opened again.
//
// Thread rule: a value that shares immutable blocks; copies are cheap and may be read by any
// thread.  Nothing blocks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vams::search::xapian {

class Dictionary {
 public:
  // Answers false to end the run.
  using Visit = std::function<bool(std::string_view word)>;

  bool Contains(std::string_view word) const;
  // Adds what is not there yet; a few words at a time cost little.
  void Add(std::vector<std::string> words);

  // Every word that holds `part`, once each.
  void ForEachWith(std::string_view part, const Visit& visit) const;
  void ForEachWithPrefix(std::string_view prefix, const Visit& visit) const;
  void ForEach(const Visit& visit) const;

  std::size_t size() const;
  std::size_t bytes() const;

 private:
  // Words in order, each between two zeros.
  struct Block {
    std::string text = std::string(1, '\0');
    std::size_t count = 0;

    bool Contains(std::string_view word) const;
    // Where the first word not before `word` begins; text.size() if there is none.
    std::size_t LowerBound(std::string_view word) const;
    void Append(std::string_view word);
  };

  // Disjoint, the largest first.
  using Blocks = std::vector<std::shared_ptr<const Block>>;

  static std::shared_ptr<const Block> Merge(const Block& a, const Block& b);
  static void AddTo(Blocks& blocks, const std::vector<std::string>& words);
  static bool Holds(const Blocks& blocks, std::string_view word);
  // false: the visitor ended it.
  static bool VisitWith(const Blocks& blocks, std::string_view part, const Visit& visit);
  static bool VisitWithPrefix(const Blocks& blocks, std::string_view prefix, const Visit& visit);

  // Checksums and the like are most of all words, and hold nothing but hexadecimal digits: a text
  // with any other letter need not be looked for in them.
  Blocks plain_, digests_;
};

}  // namespace vams::search::xapian
