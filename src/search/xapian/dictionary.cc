#include "search/xapian/dictionary.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "search/xapian/find_bytes.h"

namespace vams::search::xapian {
namespace {

// The word that begins at `at`.
std::string_view WordAt(std::string_view text, std::size_t at) {
  return text.substr(at, text.find('\0', at) - at);
}

bool IsHexadecimal(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsDigest(std::string_view word) {
  constexpr std::size_t kLeast = 12;
  return word.size() >= kLeast && IsHexadecimal(word);
}

}  // namespace

void Dictionary::Block::Append(std::string_view word) {
  text += word;
  text += '\0';
  ++count;
}

std::size_t Dictionary::Block::LowerBound(std::string_view word) const {
  // Words begin behind a zero at low - 1; all before `low` are smaller, all from `high` on are not.
  std::size_t low = 1;
  std::size_t high = text.size();
  while (low < high) {
    std::size_t middle = low + (high - low) / 2;
    while (middle > low && text[middle - 1] != '\0') --middle;
    const std::string_view here = WordAt(text, middle);
    if (here < word)
      low = middle + here.size() + 1;
    else
      high = middle;
  }
  return low;
}

bool Dictionary::Block::Contains(std::string_view word) const {
  const std::size_t at = LowerBound(word);
  return at < text.size() && WordAt(text, at) == word;
}

bool Dictionary::Holds(const Blocks& blocks, std::string_view word) {
  return std::ranges::any_of(blocks, [&](const auto& block) { return block->Contains(word); });
}

bool Dictionary::Contains(std::string_view word) const {
  return Holds(IsDigest(word) ? digests_ : plain_, word);
}

std::shared_ptr<const Dictionary::Block> Dictionary::Merge(const Block& a, const Block& b) {
  auto merged = std::make_shared<Block>();
  merged->text.reserve(a.text.size() + b.text.size());
  std::size_t at = 1;
  std::size_t bt = 1;
  while (at < a.text.size() || bt < b.text.size()) {
    const bool from_a =
        bt >= b.text.size() || (at < a.text.size() && WordAt(a.text, at) < WordAt(b.text, bt));
    const std::string_view word = from_a ? WordAt(a.text, at) : WordAt(b.text, bt);
    (from_a ? at : bt) += word.size() + 1;
    merged->Append(word);
  }
  return merged;
}

void Dictionary::AddTo(Blocks& blocks, const std::vector<std::string>& words) {
  auto fresh = std::make_shared<Block>();
  for (const std::string& word : words)
    if (!word.empty() && !Holds(blocks, word)) fresh->Append(word);
  if (fresh->count == 0) return;
  blocks.push_back(std::move(fresh));
  // Each block is at least four times the next: few blocks, and a word is moved seldom.
  while (blocks.size() > 1 && blocks[blocks.size() - 2]->count < 4 * blocks.back()->count) {
    auto merged = Merge(*blocks[blocks.size() - 2], *blocks.back());
    blocks.pop_back();
    blocks.back() = std::move(merged);
  }
}

void Dictionary::Add(std::vector<std::string> words) {
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  const auto digests =
      std::ranges::stable_partition(words, [](const std::string& word) { return !IsDigest(word); });
  const std::vector<std::string> others(std::make_move_iterator(digests.begin()),
                                        std::make_move_iterator(digests.end()));
  words.erase(digests.begin(), digests.end());
  AddTo(plain_, words);
  AddTo(digests_, others);
}

bool Dictionary::VisitWith(const Blocks& blocks, std::string_view part, const Visit& visit) {
  for (const auto& block : blocks) {
    const std::string& text = block->text;
    for (std::size_t at = 1; at < text.size();) {
      const std::size_t place = FindBytes(text, part, at);
      if (place == std::string_view::npos) break;
      std::size_t begin = place;
      while (text[begin - 1] != '\0') --begin;
      const std::string_view word = WordAt(text, begin);
      if (!visit(word)) return false;
      at = begin + word.size() + 1;
    }
  }
  return true;
}

bool Dictionary::VisitWithPrefix(const Blocks& blocks, std::string_view prefix,
                                 const Visit& visit) {
  for (const auto& block : blocks)
    for (std::size_t at = block->LowerBound(prefix); at < block->text.size();) {
      const std::string_view word = WordAt(block->text, at);
      if (!word.starts_with(prefix)) break;
      if (!visit(word)) return false;
      at += word.size() + 1;
    }
  return true;
}

void Dictionary::ForEachWith(std::string_view part, const Visit& visit) const {
  if (part.find('\0') != std::string_view::npos) return;
  if (part.empty()) {
    ForEach(visit);
  } else if (VisitWith(plain_, part, visit) && IsHexadecimal(part)) {
    VisitWith(digests_, part, visit);
  }
}

void Dictionary::ForEachWithPrefix(std::string_view prefix, const Visit& visit) const {
  if (VisitWithPrefix(plain_, prefix, visit) && IsHexadecimal(prefix))
    VisitWithPrefix(digests_, prefix, visit);
}

void Dictionary::ForEach(const Visit& visit) const { ForEachWithPrefix({}, visit); }

std::size_t Dictionary::size() const {
  std::size_t count = 0;
  for (const Blocks* blocks : {&plain_, &digests_})
    for (const auto& block : *blocks) count += block->count;
  return count;
}

std::size_t Dictionary::bytes() const {
  std::size_t bytes = 0;
  for (const Blocks* blocks : {&plain_, &digests_})
    for (const auto& block : *blocks) bytes += block->text.capacity();
  return bytes;
}

}  // namespace vams::search::xapian
