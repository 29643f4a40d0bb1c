#include "search/analyse.h"

#include <algorithm>
#include <array>
#include <utility>

#include "search/unicode_data.h"

namespace vams::search {
namespace {

using unicode::Class;

// Characters that join letters, digits or both, if they stand on either side (UAX #29: MidLetter,
// MidNum, MidNumLet, Single_Quote).  The colon, which Unicode 15.1 took off the list, is left out.
bool JoinsLetters(char32_t c) {
  switch (c) {
    case U'.':
    case U'\'':
    case 0xB7:
    case 0x387:
    case 0x55F:
    case 0x5F4:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2027:
    case 0xFE52:
    case 0xFF07:
    case 0xFF0E:
      return true;
    default:
      return false;
  }
}

bool JoinsDigits(char32_t c) {
  switch (c) {
    case U'.':
    case U'\'':
    case U',':
    case U';':
    case 0x37E:
    case 0x589:
    case 0x60C:
    case 0x60D:
    case 0x66C:
    case 0x7F8:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2044:
    case 0xFE10:
    case 0xFE14:
    case 0xFE50:
    case 0xFE52:
    case 0xFE54:
    case 0xFF07:
    case 0xFF0C:
    case 0xFF0E:
    case 0xFF1B:
      return true;
    default:
      return false;
  }
}

// Whether there is no boundary between neighbours of these classes.
bool Joined(Class left, Class right) {
  const auto alphanumeric = [](Class c) { return c == Class::L || c == Class::N; };
  if (alphanumeric(left) && alphanumeric(right)) return true;
  if (left == Class::K && right == Class::K) return true;
  const auto joinable = [&](Class c) { return alphanumeric(c) || c == Class::K || c == Class::E; };
  return (left == Class::E || right == Class::E) && joinable(left) && joinable(right);
}

std::size_t FoldedSize(char32_t c) {
  const char32_t lower = unicode::Lower(c);
  return lower < 0x80 ? 1 : lower < 0x800 ? 2 : lower < 0x10000 ? 3 : 4;
}

struct Character {
  char32_t c;
  Class word_class;
  std::size_t folded_size;
};

// Nearly all text is ASCII, and all of it is analysed whenever an index is built.
constexpr std::array<Class, 128> kAscii = [] {
  std::array<Class, 128> classes{};
  for (char c = 'a'; c <= 'z'; ++c) classes[static_cast<std::size_t>(c)] = Class::L;
  for (char c = 'A'; c <= 'Z'; ++c) classes[static_cast<std::size_t>(c)] = Class::L;
  for (char c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = Class::N;
  classes['_'] = Class::E;
  return classes;
}();

Character Read(std::string_view text, std::size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) {
    ++at;
    return {.c = byte, .word_class = kAscii[byte], .folded_size = 1};
  }
  const char32_t c = unicode::Next(text, at);
  return {.c = c, .word_class = unicode::ClassOf(c), .folded_size = FoldedSize(c)};
}

// Finds the words of a text, one character at a time.
class WordFinder {
 public:
  explicit WordFinder(std::string_view text) : text_(text) {}

  // Calls visit(begin, end) for every word.
  template <typename Visit>
  void Run(const Visit& visit) {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t start = at;
      const Character read = Read(text_, at);
      const char32_t c = read.c;
      const Class kind = read.word_class;
      const std::size_t size = read.folded_size;
      if (kind == Class::M || (kind == Class::kNone && Continues(c, at))) {
        // Belongs to the word before it, if there is one and it has room.
        if (end_ == begin_) continue;
        if (folded_ + size + 4 <= kMaxTokenBytes) {
          end_ = at;
          folded_ += size;
          continue;
        }
      }
      if (kind == Class::kNone || kind == Class::M) {
        Finish(visit);
        continue;
      }
      if (end_ > begin_ && (!Joined(last_, kind) || folded_ + size > kMaxTokenBytes)) Finish(visit);
      if (end_ == begin_) begin_ = start;
      end_ = at;
      folded_ += size;
      last_ = kind;
      word_ = word_ || kind != Class::E;
    }
    Finish(visit);
  }

 private:
  // Whether c, with the next character at `next`, stands inside a word.
  bool Continues(char32_t c, std::size_t next) const {
    const bool letters = last_ == Class::L && JoinsLetters(c);
    const bool digits = last_ == Class::N && JoinsDigits(c);
    if ((!letters && !digits) || next >= text_.size()) return false;
    const Class follower = unicode::ClassOf(unicode::Next(text_, next));
    return (letters && follower == Class::L) || (digits && follower == Class::N);
  }

  template <typename Visit>
  void Finish(const Visit& visit) {
    if (end_ > begin_ && word_) visit(begin_, end_);
    begin_ = end_ = 0;
    folded_ = 0;
    word_ = false;
    last_ = Class::kNone;
  }

  std::string_view text_;
  // The word so far; equal: none.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t folded_ = 0;
  Class last_ = Class::kNone;
  bool word_ = false;  // it has more than joining characters
};

bool IsVowel(std::string_view word, std::size_t i) {
  switch (word[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return true;
    case 'y':
      return i > 0 && !IsVowel(word, i - 1);
    default:
      return false;
  }
}

bool HasVowel(std::string_view word) {
  for (std::size_t i = 0; i < word.size(); ++i)
    if (IsVowel(word, i)) return true;
  return false;
}

// What -ed and -ing leave behind: "rotat" gets its e back, "stopp" loses a p.
std::string Mended(std::string_view stem) {
  std::string out(stem);
  if (stem.ends_with("at") || stem.ends_with("bl") || stem.ends_with("iz")) return out + "e";
  const std::size_t n = out.size();
  if (n > 2 && out[n - 1] == out[n - 2] && !IsVowel(out, n - 1) && out[n - 1] != 'l' &&
      out[n - 1] != 's' && out[n - 1] != 'z')
    out.pop_back();
  return out;
}

}  // namespace

std::vector<Token> Analyse(std::string_view text) {
  std::vector<Token> tokens;
  WordFinder(text).Run([&](std::size_t begin, std::size_t end) {
    tokens.push_back({.text = Fold(text.substr(begin, end - begin)),
                      .position = static_cast<std::uint32_t>(tokens.size()),
                      .begin = begin,
                      .end = end});
  });
  return tokens;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  WordFinder(text).Run([&](std::size_t begin, std::size_t end) {
    words.push_back(Fold(text.substr(begin, end - begin)));
  });
  return words;
}

void ForEachWord(std::string_view text,
                 const std::function<void(std::size_t begin, std::size_t end)>& visit) {
  WordFinder(text).Run(visit);
}

std::string Fold(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendFolded(out, text);
  return out;
}

void AppendFolded(std::string& out, std::string_view text) {
  // Nearly all text is ASCII to its end.
  const std::size_t begin = out.size();
  out.append(text);
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    char& c = out[begin + at];
    if (static_cast<unsigned char>(c) >= 0x80) break;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  if (at == text.size()) return;
  out.resize(begin + at);
  while (at < text.size()) unicode::Append(out, unicode::Lower(unicode::Next(text, at)));
}

bool IsWordPart(std::string_view folded) {
  bool word = false;
  for (std::size_t at = 0; at < folded.size();) {
    switch (unicode::ClassOf(unicode::Next(folded, at))) {
      case Class::L:
      case Class::N:
        word = true;
        break;
      case Class::E:
        break;
      default:
        return false;
    }
  }
  return word && folded.size() <= kMaxTokenBytes;
}

// The first step of Porter's stemmer: plurals, past tense, -ing.  The later ones conflate words
// that engineers tell apart ("generate" and "generic").
std::string Stem(std::string_view word, Stemming stemming) {
  std::string stem(word);
  if (stemming == Stemming::kNone || word.size() < 4 ||
      !std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; }))
    return stem;
  if (word.ends_with("sses") || word.ends_with("ies"))
    stem.resize(stem.size() - 2);
  else if (word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us"))
    stem.pop_back();
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (!stem.ends_with(suffix) || stem.ends_with("eed")) continue;
    const std::string_view left = std::string_view(stem).substr(0, stem.size() - suffix.size());
    if (left.size() >= 2 && HasVowel(left)) stem = Mended(left);
    break;
  }
  if (stem.size() > 2 && stem.ends_with('y') && !IsVowel(stem, stem.size() - 2)) stem.back() = 'i';
  if (stem.size() > 4 && stem.ends_with('e')) stem.pop_back();
  return stem;
}

}  // namespace vams::search
