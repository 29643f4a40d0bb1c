#include "access/matcher.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "access/python_regex.h"

namespace vams::access {

namespace {

constexpr std::size_t kMaxPatternBytes = 8'192;
// A match over texts of the lengths that names and paths have takes hundreds of steps.  These end
// one that runs away within milliseconds.
constexpr std::uint32_t kMatchLimit = 1'000'000;
constexpr std::uint32_t kDepthLimit = 10'000;
constexpr std::uint32_t kHeapLimitKiB = 4'096;
constexpr std::size_t kJitStackBytes = 512 * 1'024;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code8 = std::unique_ptr<pcre2_code, FreeCode>;

// What a match writes to; one for each thread, because compiled patterns are shared by all.
class Scratch {
 public:
  Scratch()
      : data_(pcre2_match_data_create(1, nullptr)),
        context_(pcre2_match_context_create(nullptr)),
        stack_(pcre2_jit_stack_create(32 * 1'024, kJitStackBytes, nullptr)) {
    VAMS_CHECK(data_ != nullptr && context_ != nullptr);
    pcre2_set_match_limit(context_, kMatchLimit);
    pcre2_set_depth_limit(context_, kDepthLimit);
    pcre2_set_heap_limit(context_, kHeapLimitKiB);
    if (stack_ != nullptr) pcre2_jit_stack_assign(context_, nullptr, stack_);
  }
  ~Scratch() {
    pcre2_match_data_free(data_);
    pcre2_match_context_free(context_);
    pcre2_jit_stack_free(stack_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // `text` is valid UTF-8.
  Verdict Match(const pcre2_code* code, std::string_view text) {
    const int rc = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                               PCRE2_NO_UTF_CHECK, data_, context_);
    if (rc >= 0) return Verdict::kYes;
    return rc == PCRE2_ERROR_NOMATCH ? Verdict::kNo : Verdict::kFailed;
  }

 private:
  pcre2_match_data* data_;
  pcre2_match_context* context_;
  pcre2_jit_stack* stack_;
};

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

Result<Code8> CompilePcre(const std::string& pattern, bool caseless) {
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  VAMS_CHECK(context != nullptr);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Anchored: Python's re.match.  The subject's start is where every alternative has to begin.
  const std::uint32_t options =
      PCRE2_UTF | PCRE2_ANCHORED | PCRE2_NEVER_BACKSLASH_C | (caseless ? PCRE2_CASELESS : 0U);
  Code8 code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                           &error, &offset, context.get()));
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return Error(Code::kInvalid,
                 fmt::format("the pattern is not supported: {}; write it in a simpler way",
                             reinterpret_cast<const char*>(text.data())),
                 pattern);
  }
  // Where there is no JIT the interpreter serves.
  static_cast<void>(pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE));
  return code;
}

bool HasNewline(std::string_view text) {
  return !text.empty() && std::memchr(text.data(), '\n', text.size()) != nullptr;
}

// `$`: at the end, or before the newline that ends the text.
bool IsEnd(std::string_view rest) { return rest.empty() || rest == "\n"; }

bool LiteralEndsWith(std::string_view text, std::string_view literal) {
  const auto ends = [&](std::string_view part) {
    return part.ends_with(literal) && !HasNewline(part.substr(0, part.size() - literal.size()));
  };
  return ends(text) || (text.ends_with('\n') && ends(text.substr(0, text.size() - 1)));
}

}  // namespace

// One value.  The way it is tested is decided once.
struct Matcher::Value {
  enum class How : std::uint8_t {
    kMember,      // is_one_of: no expression
    kAnything,    // contains or starts_with `.*`
    kOneLine,     // equals or ends_with `.*`: no newline but one at the end
    kLiteral,     // an expression that is plain text
    kExpression,  // PCRE2
  };
  How how = How::kMember;
  std::string text;  // of kMember and kLiteral
  Code8 code;

  Verdict Test(Operator op, bool in_list, std::string_view subject) const;
  bool TestLiteral(Operator op, std::string_view subject) const;
};

bool Matcher::Value::TestLiteral(Operator op, std::string_view subject) const {
  switch (op) {
    case Operator::kEquals:
      return subject.starts_with(text) && IsEnd(subject.substr(text.size()));
    case Operator::kStartsWith:
      return subject.starts_with(text);
    case Operator::kEndsWith:
      return LiteralEndsWith(subject, text);
    default: {
      // The `.*` in front crosses no newline.
      const std::size_t at = subject.find(text);
      return at != std::string_view::npos && !HasNewline(subject.substr(0, at));
    }
  }
}

Verdict Matcher::Value::Test(Operator op, bool in_list, std::string_view subject) const {
  const auto verdict = [](bool yes) { return yes ? Verdict::kYes : Verdict::kNo; };
  switch (how) {
    case How::kMember:
      // Of a single text against a text: found anywhere in it (quirk Q8).
      return verdict(in_list ? subject == text : subject.find(text) != std::string_view::npos);
    case How::kAnything:
      return Verdict::kYes;
    case How::kOneLine: {
      const std::size_t newline = subject.find('\n');
      return verdict(newline == std::string_view::npos || newline + 1 == subject.size());
    }
    case How::kLiteral:
      return verdict(TestLiteral(op, subject));
    case How::kExpression:
      return ThreadScratch().Match(code.get(), subject);
  }
  return Verdict::kFailed;
}

Matcher::Matcher(Operator op, bool is_list)
    : op_(op),
      negated_(op == Operator::kDoesNotContain || op == Operator::kIsNotOneOf),
      is_list_(is_list) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<Matcher> Matcher::Compile(Operator op, const Criterion& criterion) {
  Matcher matcher(op, criterion.is_list);
  const bool member = op == Operator::kIsOneOf || op == Operator::kIsNotOneOf;
  const bool open_end =
      op == Operator::kContains || op == Operator::kDoesNotContain || op == Operator::kStartsWith;
  for (const std::string& value : criterion.values) {
    Value compiled;
    if (member) {
      compiled.text = value;
    } else if (value == ".*") {
      compiled.how = open_end ? Value::How::kAnything : Value::How::kOneLine;
    } else {
      if (value.size() > kMaxPatternBytes) {
        return Error(Code::kInvalid, fmt::format("the pattern is longer than {} bytes; shorten it",
                                                 kMaxPatternBytes));
      }
      TRY(PythonRegex regex, TranslatePythonRegex(value));
      if (regex.is_literal) {
        compiled.how = Value::How::kLiteral;
        compiled.text = std::move(regex.literal);
      } else {
        // A `.*` behind the value would always match and is left out.
        const bool anchored = op == Operator::kEquals || op == Operator::kStartsWith;
        const bool to_end = op == Operator::kEquals || op == Operator::kEndsWith;
        compiled.how = Value::How::kExpression;
        TRY(compiled.code,
            CompilePcre((anchored ? "\\A" : ".*") + regex.pcre + (to_end ? "\\Z" : ""),
                        regex.caseless));
        matcher.can_fail_ = true;
      }
    }
    matcher.values_.push_back(std::move(compiled));
  }
  return matcher;
}

Verdict Matcher::Any(std::string_view text) const {
  for (const Value& value : values_) {
    const Verdict verdict = value.Test(op_, is_list_, text);
    if (verdict != Verdict::kNo) return verdict;
  }
  return Verdict::kNo;
}

Verdict Matcher::Test(std::string_view text) const {
  const Verdict any = Any(text);
  if (any == Verdict::kFailed || !negated_) return any;
  return any == Verdict::kYes ? Verdict::kNo : Verdict::kYes;
}

Verdict Matcher::TestList(std::span<const std::string> elements) const {
  const bool member = op_ == Operator::kIsOneOf || op_ == Operator::kIsNotOneOf;
  Verdict any = Verdict::kNo;
  for (const std::string& element : elements) {
    if (member) {
      // Membership in a list is exact, whether one value is given or several.
      const bool found = std::ranges::find(values_, element, &Value::text) != values_.end();
      any = found ? Verdict::kYes : Verdict::kNo;
    } else {
      any = Any(element);
    }
    if (any != Verdict::kNo) break;
  }
  if (any == Verdict::kFailed || !negated_) return any;
  return any == Verdict::kYes ? Verdict::kNo : Verdict::kYes;
}

Status CheckPattern(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return Error(Code::kInvalid,
                 fmt::format("the pattern is longer than {} bytes; shorten it", kMaxPatternBytes));
  }
  TRY(const PythonRegex regex, TranslatePythonRegex(pattern));
  if (!regex.is_literal) TRY_OK(CompilePcre(".*" + regex.pcre + "\\Z", regex.caseless));
  return Ok();
}

}  // namespace vams::access
