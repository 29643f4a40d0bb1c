#include "search/text_query.h"

#include <algorithm>
#include <string>
#include <utility>

#include "search/document.h"
#include "search/ranking.h"

namespace vams::search {
namespace {

constexpr std::size_t kMaxTerms = 64;

// The length of the white space at `at`; 0: there is none.
std::size_t SpaceAt(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case '\f':
    case '\v':
      return 1;
    default:
      break;
  }
  for (const std::string_view wide : {"\u00a0", "\u2003", "\u3000"})
    if (text.substr(at).starts_with(wide)) return wide.size();
  return 0;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Cuts a text into words and quoted phrases.
class TermReader {
 public:
  explicit TermReader(std::string_view text) : text_(text) {}

  std::vector<TextTerm> Read() {
    while (SkipSpace()) {
      if (terms_.size() + 1 == kMaxTerms) {
        Add({.text = Fold(Trimmed(text_.substr(at_)))});
        break;
      }
      if (!ReadPhrase()) ReadWord();
    }
    return std::move(terms_);
  }

 private:
  // Whether there is something behind it.
  bool SkipSpace() {
    while (at_ < text_.size()) {
      const std::size_t space = SpaceAt(text_, at_);
      if (space == 0) return true;
      at_ += space;
    }
    return false;
  }

  void Add(TextTerm term) {
    if (std::ranges::find(terms_, term) == terms_.end()) terms_.push_back(std::move(term));
  }

  // "…" that begins and ends as a word does.  An inch sign is none: 24" pipe.
  bool ReadPhrase() {
    if (text_[at_] != '"' || unpaired_) return false;
    std::size_t end = at_ + 1;
    for (;; ++end) {
      end = text_.find('"', end);
      if (end == std::string_view::npos) {
        unpaired_ = true;  // nor will a later one have a partner
        return false;
      }
      if (end + 1 == text_.size() || SpaceAt(text_, end + 1) != 0) break;
    }
    const std::string_view inside = Trimmed(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    std::vector<std::string> words = Words(inside);
    if (!words.empty())
      Add({.op = TextTerm::Op::kPhrase, .words = std::move(words)});
    else if (!inside.empty())
      Add({.text = Fold(inside)});
    return true;
  }

  void ReadWord() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && SpaceAt(text_, at_) == 0) ++at_;
    Add({.text = Fold(text_.substr(begin, at_ - begin))});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool unpaired_ = false;
  std::vector<TextTerm> terms_;
};

// ---- Metadata
// ---------------------------------------------------------------------------------------

// A key as clients name it: optional MD_ or AB_, optional type, the key.
struct KeyName {
  std::vector<FieldRef> fields;
  bool named = false;  // MD_ or AB_ was given
};

KeyName ParseKey(std::string_view text) {
  KeyName out;
  std::string_view flat = "MD_";
  for (const std::string_view prefix : {"MD_", "AB_"})
    if (text.starts_with(prefix)) {
      flat = prefix;
      out.named = true;
      text.remove_prefix(prefix.size());
      break;
    }
  if (text.starts_with('.')) text.remove_prefix(1);
  const auto add = [&](std::string_view key) {
    FieldRef ref{.name = std::string(flat)};
    if (key != "_value" && key.find_first_not_of('*') != std::string_view::npos) {
      ref.key = std::string(key);
      ref.pattern = HasWildcard(key);
    }
    out.fields.push_back(std::move(ref));
  };
  // A key may itself begin like a type; then both are meant.
  for (const std::string_view type : {"str_", "num_", "bool_", "date_", "list_", "gp_", "gs_"})
    if (text.starts_with(type) && text.size() > type.size()) {
      add(text.substr(type.size()));
      break;
    }
  add(text);
  return out;
}

// A key without MD_ or AB_, where both may be meant.
std::vector<FieldRef> EitherKey(std::string_view text) {
  KeyName key = ParseKey(text);
  if (!key.named) {
    const std::size_t count = key.fields.size();
    for (std::size_t i = 0; i < count; ++i) {
      FieldRef other = key.fields[i];
      other.name = "AB_";
      key.fields.push_back(std::move(other));
    }
  }
  return std::move(key.fields);
}

std::vector<FieldRef> AnyFlatValue() { return {{.name = "MD_"}, {.name = "AB_"}}; }

Status CheckPattern(std::string_view text) {
  if (text.size() <= kMaxPatternBytes) return Ok();
  return Error(Code::kInvalid, "a pattern of the search is too long; at most " +
                                   std::to_string(kMaxPatternBytes) + " bytes are possible");
}

Result<Expression> ValueIs(std::vector<FieldRef> fields, std::string_view value) {
  if (HasWildcard(value)) {
    TRY_OK(CheckPattern(value));
    return Expression::Pattern(std::move(fields), value, Form::kWhole);
  }
  std::vector<std::string> texts = {std::string(value)};
  if (value.size() > 2 && value.starts_with('"') && value.ends_with('"'))
    texts.emplace_back(value.substr(1, value.size() - 2));
  return Expression::Equals(std::move(fields), std::move(texts));
}

Result<Expression> ValueHolds(std::string_view text) {
  TRY_OK(CheckPattern(text));
  return HasWildcard(text) ? Expression::Pattern(AnyFlatValue(), text, Form::kWhole)
                           : Expression::Contains(AnyFlatValue(), text, Form::kWhole);
}

Result<Expression> ParsePart(std::string_view part, MetadataMode mode) {
  part = Trimmed(part);
  if (part.empty()) return Expression::All();
  if (const std::size_t colon = part.find(':'); colon != std::string_view::npos)
    return ValueIs(ParseKey(Trimmed(part.substr(0, colon))).fields,
                   Trimmed(part.substr(colon + 1)));
  switch (mode) {
    case MetadataMode::kKey:
      return SimpleMetadataKey(part);
    case MetadataMode::kValue:
      return ValueHolds(part);
    case MetadataMode::kBoth:
      break;
  }
  TRY(Expression value, ValueIs(AnyFlatValue(), part));
  TRY(Expression key, SimpleMetadataKey(part));
  std::vector<Expression> either;
  either.push_back(std::move(value));
  either.push_back(std::move(key));
  return Expression::Or(std::move(either));
}

}  // namespace

TextQuery ParseText(std::string_view query, bool metadata, Stemming stemming) {
  return {.terms = TermReader(query).Read(), .metadata = metadata, .stemming = stemming};
}

bool Matches(const TextQuery& query, const Document& document) {
  return std::ranges::all_of(query.terms, [&](const TextTerm& term) {
    return FindTerm(term, document, query.metadata, query.stemming).has_value();
  });
}

Result<Expression> ParseMetadataQuery(std::string_view query, MetadataMode mode) {
  const bool all = query.find(" AND ") != std::string_view::npos;
  const std::string_view separator = all ? " AND " : " OR ";
  std::vector<Expression> parts;
  for (;;) {
    const std::size_t end = query.find(separator);
    TRY(Expression part, ParsePart(query.substr(0, end), mode));
    // A part that says nothing does not make the others say nothing.
    if (part.op != Expression::Op::kAll) parts.push_back(std::move(part));
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + separator.size());
  }
  if (parts.empty()) return Expression::All();
  Expression out = all ? Expression::And(std::move(parts)) : Expression::Or(std::move(parts));
  TRY_OK(CheckBounds(out));
  return out;
}

Result<Expression> SimpleParameter(std::string_view field, std::string_view value) {
  std::vector<FieldRef> fields = {{.name = std::string(field)}};
  if (!HasWildcard(value)) return Expression::Equals(std::move(fields), {std::string(value)});
  TRY_OK(CheckPattern(value));
  std::vector<Expression> either;
  either.push_back(Expression::Pattern(fields, value, Form::kTokens));
  either.push_back(Expression::Pattern(std::move(fields), value, Form::kWholeFolded));
  return Expression::Or(std::move(either));
}

Result<Expression> SimpleMetadataKey(std::string_view key) {
  key = Trimmed(key);
  TRY_OK(CheckPattern(key));
  return Expression::Exists(EitherKey(key));
}

Result<Expression> SimpleMetadataValue(std::string_view value) { return ValueHolds(value); }

}  // namespace vams::search
