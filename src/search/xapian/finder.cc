#include "search/xapian/finder.h"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "search/analyse.h"

namespace vams::search::xapian {
namespace {

using Op = Expression::Op;

// From here on it costs less to compare all values of the keys than to look at the documents.
constexpr std::size_t kManyCandidates = 20'000;
constexpr std::size_t kManyKeys = 2'000;

bool IsText(Op op) {
  return op == Op::kEquals || op == Op::kPhrase || op == Op::kPattern || op == Op::kContains ||
         op == Op::kPrefix || op == Op::kFuzzy;
}

// Whether a value fulfils the condition, as one of the field's.
bool Fits(const Expression& condition, const FieldRef& field, std::string_view value, bool flat) {
  if (IsText(condition.op)) {
    if (condition.op == Op::kEquals && condition.form == Form::kWhole)
      return std::ranges::find(condition.texts, value) != condition.texts.end();
    return MatchesText(condition, value, flat);
  }
  Expression one = condition;
  one.fields = {field};
  Document document;
  if (flat) {
    one.fields.front().key.clear();
    document.source[field.name] = boost::json::object{{"value", value}};
  } else {
    document.source[field.name] = value;
  }
  return Matches(one, document);
}

// The literal texts between the wildcards of a pattern.
struct Literal {
  std::string text;
  bool at_start = false;
  bool at_end = false;
};

std::vector<Literal> LiteralsOf(std::string_view pattern) {
  std::vector<Literal> literals(1, Literal{.text = {}, .at_start = true});
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*' || pattern[i] == '?') {
      literals.push_back({});
      continue;
    }
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    literals.back().text.push_back(pattern[i]);
  }
  literals.back().at_end = true;
  std::erase_if(literals, [](const Literal& literal) { return literal.text.empty(); });
  return literals;
}

std::string_view LongestOf(const std::vector<Literal>& literals) {
  const auto longest = std::ranges::max_element(
      literals, {}, [](const Literal& literal) { return literal.text.size(); });
  return longest == literals.end() ? std::string_view() : std::string_view(longest->text);
}

// What every whole value that fits begins with, letter by letter; empty: anything.
std::string HeadOf(const Expression& condition) {
  if (condition.form != Form::kWhole || condition.texts.empty()) return {};
  if (condition.op == Op::kPrefix) return condition.texts.front();
  if (condition.op != Op::kPattern) return {};
  const std::vector<Literal> literals = LiteralsOf(condition.texts.front());
  return !literals.empty() && literals.front().at_start ? literals.front().text : std::string();
}

bool Between(double value, const std::optional<Bound>& low, const std::optional<Bound>& high) {
  if (low && (low->inclusive ? value < low->number : value <= low->number)) return false;
  return !high || !(high->inclusive ? value > high->number : value >= high->number);
}

}  // namespace

Result<Found> Finder::Find(const Expression& expression) const {
  TRY_OK(op_.Check());
  Found found = Found::None(base_.size());
  switch (expression.op) {
    case Op::kAll:
      found.sure = base_;
      return found;
    case Op::kNone:
      return found;
    case Op::kAnd: {
      found.sure = base_;
      // Later parts need to be right only about what the earlier ones left.
      for (const Expression& part : expression.parts) {
        const Bits left = found.Possible();
        TRY(const Found one, Finder(op_, sets_.view(), left).Find(part));
        found.Restrict(one);
      }
      return found;
    }
    case Op::kOr:
      for (const Expression& part : expression.parts) {
        TRY(const Found one, Find(part));
        found.Add(one);
      }
      return found;
    case Op::kNot: {
      TRY(Found one, Find(expression.parts.front()));
      found.sure = base_;
      found.sure -= one.sure;
      found.sure -= one.maybe;
      found.maybe = std::move(one.maybe);
      return found;
    }
    case Op::kKind:
      found.sure = base_;
      if (expression.kind == Kind::kFile)
        found.sure &= sets_.columns().files;
      else
        found.sure -= sets_.columns().files;
      return found;
    case Op::kGeoBox:
    case Op::kGeoDistance:
      return InPlaces(expression);
    default:
      for (const FieldRef& field : expression.fields) {
        TRY_OK(op_.Check());
        Found one = FindField(expression, field);
        found.Add(one);
      }
      found.sure &= base_;
      found.maybe &= base_;
      return found;
  }
}

Found Finder::FindField(const Expression& condition, const FieldRef& field) const {
  if (IsText(condition.op) && condition.texts.empty()) return Found::None(base_.size());
  if (field.name == "_id" && condition.op != Op::kRange) return InIds(condition);
  const int place = FieldPlace(field.name);
  if (TypeOf(field.name) == FieldType::kFlat) return InFlat(condition, field);
  if (condition.op == Op::kExists && place >= 0)
    return {.sure = Present(place), .maybe = Bits(base_.size())};
  if (const int number = NumberPlace(field.name); number >= 0)
    return InNumbers(condition, static_cast<std::size_t>(number), place);
  if (const int set = SetPlace(field.name); set >= 0)
    return InSets(condition, static_cast<std::size_t>(set), field);
  if (CorePlace(field.name) >= 0) return InRanked(condition, field);
  return InOther(condition, field);
}

template <typename Test>
Bits Finder::Where(const Test& test) const {
  Bits out(base_.size());
  const Columns& columns = sets_.columns();
  base_.ForEach([&](DocId doc) {
    if (test(columns.chunk_of(doc), doc % kChunkDocuments)) out.Set(doc);
  });
  return out;
}

Bits Finder::Present(int field) const {
  const std::uint32_t bit = 1U << static_cast<unsigned>(field);
  return Where([&](const Chunk& chunk, std::size_t i) { return (chunk.present[i] & bit) != 0; });
}

void Finder::AddOdd(Found& found) const {
  Bits odd = sets_.columns().odd;
  odd &= base_;
  odd -= found.sure;
  found.maybe |= odd;
}

Found Finder::InPlaces(const Expression& condition) const {
  Found found = Found::None(base_.size());
  const Columns& columns = sets_.columns();
  for (std::size_t c = 0; c < columns.chunk_count(); ++c)
    for (const auto& [doc, place] : columns.chunk(c).places) {
      const bool fits = condition.op == Op::kGeoBox
                            ? Intersects(place, condition.box)
                            : Distance(condition.center, place) <= condition.metres;
      if (fits && base_.Get(doc)) found.sure.Set(doc);
    }
  return found;
}

Found Finder::InNumbers(const Expression& condition, std::size_t place, int field) const {
  Found found = Found::None(base_.size());
  if (condition.op == Op::kRange)
    found.sure = Where([&](const Chunk& chunk, std::size_t i) {
      const std::int64_t number = chunk.numbers[place][i];
      return number != kNoNumber &&
             Between(static_cast<double>(number), condition.low, condition.high);
    });
  else
    found.maybe = Present(field);  // the column holds numbers, not how they were written
  AddOdd(found);
  return found;
}

Found Finder::InSets(const Expression& condition, std::size_t place, const FieldRef& field) const {
  const Columns& columns = sets_.columns();
  const Values& values = columns.interned().sets[place];
  std::vector<bool> value_fits(columns.value_count(place));
  // Filters list many names.
  const bool equal = condition.op == Op::kEquals && condition.form == Form::kWhole;
  std::unordered_set<std::string_view> wanted;
  if (equal) wanted.insert(condition.texts.begin(), condition.texts.end());
  for (std::uint32_t i = 0; i < value_fits.size(); ++i)
    value_fits[i] = equal ? wanted.contains(values.value(i))
                          : Fits(condition, field, values.value(i), /*flat=*/false);
  std::vector<bool> set_fits(columns.set_count(place));
  for (std::uint32_t i = 0; i < set_fits.size(); ++i)
    set_fits[i] =
        std::ranges::any_of(values.set(i), [&](std::uint32_t v) { return value_fits[v]; });
  return {.sure = Where(
              [&](const Chunk& chunk, std::size_t i) { return set_fits[chunk.sets[place][i]]; }),
          .maybe = Bits(base_.size())};
}

Found Finder::InIds(const Expression& condition) const {
  Found found = Found::None(base_.size());
  const Store::View& view = sets_.view();
  if (condition.op == Op::kExists) {
    found.sure = base_;
  } else if (condition.op == Op::kEquals && condition.form == Form::kWhole) {
    for (const std::string& text : condition.texts)
      if (const auto doc = view.reader.DocumentOf(IdTerm(text)); doc && base_.Get(*doc))
        found.sure.Set(*doc);
  } else {
    const auto ids =
        view.texts.Of({.place = TextColumn::kIdPlace}, view.snapshot, view.reader, view.changes);
    base_.ForEach([&](DocId doc) {
      if (ids->Has(doc) && MatchesText(condition, ids->Text(doc), /*flat=*/false))
        found.sure.Set(doc);
    });
  }
  return found;
}

// ---- Fields with words
// ---------------------------------------------------------------------------------------

Found Finder::InRanked(const Expression& condition, const FieldRef& field) const {
  if (condition.op == Op::kPhrase || (IsText(condition.op) && condition.form == Form::kTokens))
    return InWords(condition, field);
  return InWholeValues(condition, field);
}

Found Finder::InWords(const Expression& condition, const FieldRef& field) const {
  Found found = Found::None(base_.size());
  const std::uint32_t fields = 1U << static_cast<unsigned>(CorePlace(field.name));
  const std::string& text = condition.texts.front();
  const auto add = [&](std::string_view word) {
    sets_.AddWord(kCoreWord, word, fields, found.sure);
    return true;
  };
  const auto add_if_fits = [&](std::string_view word) {
    return !MatchesText(condition, word, /*flat=*/false) || add(word);
  };
  const Dictionary& words = sets_.Words(kCoreWord);
  switch (condition.op) {
    case Op::kEquals:
      for (const std::string& word : condition.texts) add(word);
      break;
    case Op::kPrefix:
      words.ForEachWithPrefix(text, add);
      break;
    case Op::kContains:
      words.ForEachWith(text, add);
      break;
    case Op::kPattern:
      words.ForEachWith(LongestOf(LiteralsOf(text)), [&](std::string_view word) {
        return !FitsPattern(text, word) || add(word);
      });
      break;
    case Op::kPhrase:
      if (condition.slop == 0)
        found.sure = sets_.WithPhrase(kCoreWord, condition.texts, fields);
      else
        found.maybe = sets_.WithAll(kCoreWord, condition.texts, fields);
      break;
    default: {
      // A letter has at most four bytes.
      const std::size_t spread = std::size_t{4} * condition.edits;
      words.ForEach([&](std::string_view word) {
        return word.size() > text.size() + spread || text.size() > word.size() + spread ||
               add_if_fits(word);
      });
    }
  }
  return found;
}

Bits Finder::CandidatesInWhole(const Expression& condition, char group, std::uint32_t fields,
                               const std::string& field) const {
  Bits all(base_.size());
  const std::string& text = condition.texts.front();
  switch (condition.op) {
    case Op::kEquals:
      for (const std::string& one : condition.texts) {
        if (group == kCoreWord && HasWholeValueTerms(field))
          sets_.AddTerm(WholeValueTerm(field, one), all);
        else
          all |= sets_.WithLiteral(group, one, fields, true, true);
      }
      return all;
    case Op::kPrefix:
      return sets_.WithLiteral(group, text, fields, true, false);
    case Op::kContains:
      return sets_.WithLiteral(group, text, fields, false, false);
    case Op::kPattern:
      all = base_;
      for (const Literal& literal : LiteralsOf(text))
        all &= sets_.WithLiteral(group, literal.text, fields, literal.at_start, literal.at_end);
      return all;
    default:
      return base_;
  }
}

Found Finder::InWholeValues(const Expression& condition, const FieldRef& field) const {
  Found found = Found::None(base_.size());
  const std::uint32_t fields = 1U << static_cast<unsigned>(CorePlace(field.name));
  if (condition.op == Op::kContains && condition.form == Form::kWholeFolded &&
      IsWordPart(condition.texts.front())) {
    sets_.AddWordsWith(kCoreWord, condition.texts.front(), fields, found.sure);
    AddOdd(found);
    return found;
  }
  Bits candidates =
      condition.texts.empty() ? base_ : CandidatesInWhole(condition, kCoreWord, fields, field.name);
  Bits odd = sets_.columns().odd;
  odd &= base_;
  candidates |= odd;
  candidates &= Present(FieldPlace(field.name));
  const auto place = static_cast<std::size_t>(TextPlace(field.name));
  sets_.view().reader.ForEachValueOf(
      kTextsSlot, candidates, [&](DocId doc, const std::string& bytes) {
        const auto texts = ViewTexts(bytes);
        const auto* ends = texts && (*texts)[place] ? &*(*texts)[place] : nullptr;
        if (!ends || ends->cut || !ends->single)
          found.maybe.Set(doc);
        else if (Fits(condition, field, ends->least, /*flat=*/false))
          found.sure.Set(doc);
      });
  return found;
}

// ---- Fields whose values are terms
// ---------------------------------------------------------------------------------------

void Finder::AddValues(const Expression& condition, const FieldRef& field, const std::string& label,
                       Found& out) const {
  const bool flat = TypeOf(field.name) == FieldType::kFlat;
  const Reader& reader = sets_.view().reader;
  const auto add = [&](const std::string& term, bool sure) {
    sets_.AddTerm(term, sure ? out.sure : out.maybe);
  };
  if (condition.op == Op::kEquals && (condition.form == Form::kWhole)) {
    for (const std::string& text : condition.texts) {
      const std::string term = ValueTerm(label, text);
      add(term, !ValueOfTerm(term, label.size()).cut);
    }
    return;
  }
  // The field's own type decides what a number is, which a term does not tell.
  const bool number =
      !flat && (TypeOf(field.name) == FieldType::kNumber || TypeOf(field.name) == FieldType::kDate);
  const bool look_up = condition.op == Op::kRange && number;
  std::vector<std::pair<std::string, bool>> terms;
  const auto collect = [&](const std::string& term) {
    const TermValue value = ValueOfTerm(term, label.size());
    if (value.cut || look_up)
      terms.emplace_back(term, false);
    else if (condition.op == Op::kExists || Fits(condition, field, value.text, flat))
      terms.emplace_back(term, true);
    return true;
  };
  if (const std::string head = HeadOf(condition); !head.empty()) {
    // Terms are in order: those that begin so lie side by side.
    for (const std::string& prefix : ValuePrefixes(label, head))
      reader.ForEachTerm(prefix, {}, collect);
  } else {
    reader.ForEachTerm(label, {}, collect);
  }
  for (const auto& [term, sure] : terms) add(term, sure);
}

Found Finder::InOther(const Expression& condition, const FieldRef& field) const {
  Found found = Found::None(base_.size());
  if (field.name.size() <= kMaxLabelBytes)
    AddValues(condition, field, FieldLabel(field.name), found);
  found.maybe -= found.sure;
  AddOdd(found);
  return found;
}

std::vector<std::string> Finder::KeysOf(const FieldRef& field) const {
  std::vector<std::string> keys;
  if (!field.key.empty() && !field.pattern) {
    if (field.key.size() <= kMaxLabelBytes) keys.push_back(field.key);
    return keys;
  }
  const std::string prefix = FlatKeyPrefix(field.name);
  sets_.view().reader.ForEachTerm(prefix, {}, [&](const std::string& term) {
    std::string key = term.substr(prefix.size());
    if (field.key.empty() || FitsPattern(field.key, key)) keys.push_back(std::move(key));
    return true;
  });
  return keys;
}

Found Finder::InFlat(const Expression& condition, const FieldRef& field) const {
  Found found = Found::None(base_.size());
  if (condition.op == Op::kPhrase || condition.op == Op::kFuzzy) return found;
  if (condition.op == Op::kExists && field.key.empty()) {
    found.sure = Present(FieldPlace(field.name));
    return found;
  }
  const std::vector<std::string> keys = KeysOf(field);
  if (condition.op == Op::kExists) {
    for (const std::string& key : keys) sets_.AddTerm(FlatKeyTerm(field.name, key), found.sure);
  } else if (field.key.empty() && IsText(condition.op)) {
    found = InAnyFlatValue(condition, field, keys);
  } else {
    for (const std::string& key : keys)
      AddValues(condition, field, FlatLabel(field.name, key), found);
  }
  found.maybe -= found.sure;
  AddOdd(found);
  return found;
}

Found Finder::InAnyFlatValue(const Expression& condition, const FieldRef& field,
                             const std::vector<std::string>& keys) const {
  Found found = Found::None(base_.size());
  const std::uint32_t fields = 1U << static_cast<unsigned>(FlatPlace(field.name));
  const bool equal = condition.op == Op::kEquals && condition.form == Form::kWhole;
  if (!equal || keys.size() > kManyKeys) {
    if (condition.op == Op::kContains && condition.form != Form::kWhole &&
        IsWordPart(condition.texts.front())) {
      sets_.AddWordsWith(kMetadataWord, condition.texts.front(), fields, found.sure);
      return found;
    }
    found.maybe = CandidatesInWhole(condition, kMetadataWord, fields, field.name);
    found.maybe &= Present(FieldPlace(field.name));
    if (equal || found.maybe.Count() <= kManyCandidates) return found;
    found.maybe = Bits(base_.size());
  }
  for (const std::string& key : keys)
    AddValues(condition, field, FlatLabel(field.name, key), found);
  return found;
}

}  // namespace vams::search::xapian
