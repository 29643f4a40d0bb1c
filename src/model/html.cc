#include "model/html.h"

#include <fmt/format.h>
#include <gumbo.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace vams::model {

namespace {

constexpr std::size_t kMostTags = 5'000;
constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostOfLink = 2048;  // bytes
constexpr int kMostRounds = 4;
// Each of them may be looked for up to the end of the text.
constexpr int kMostEndless = 100;

constexpr std::string_view kLinkBegin = "<a href=\"";
constexpr std::string_view kLinkEnd = "\" rel=\"noopener noreferrer nofollow\">";
constexpr std::string_view kNoBreakSpace = "\xC2\xA0";

template <std::size_t N>
bool In(const std::array<std::string_view, N>& sorted, std::string_view name) {
  return std::ranges::binary_search(sorted, name);
}

// What may stay; "a" only with a link.
constexpr auto kAllowed = std::to_array<std::string_view>(
    {"a",  "b",   "blockquote", "br",   "code",   "del", "div", "em", "h1",
     "h2", "h3",  "h4",         "h5",   "h6",     "hr",  "i",   "li", "ol",
     "p",  "pre", "s",          "span", "strong", "sub", "sup", "u",  "ul"});
// What goes with everything up to its end tag.  Their content is no markup for a browser either, so
// that the first such end tag is the end.
constexpr auto kDroppedWhole = std::to_array<std::string_view>(
    {"iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title"});
// Places where a browser would begin a new line behind an element that does not stay.
constexpr auto kBreakBehind = std::to_array<std::string_view>(
    {"address", "article",  "aside",      "caption", "center",  "dd",      "details",
     "dt",      "fieldset", "figcaption", "figure",  "footer",  "form",    "header",
     "legend",  "main",     "nav",        "option",  "section", "summary", "tr"});

static_assert(std::ranges::is_sorted(kAllowed));
static_assert(std::ranges::is_sorted(kDroppedWhole));
static_assert(std::ranges::is_sorted(kBreakBehind));

bool IsVoid(std::string_view name) { return name == "br" || name == "hr"; }

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }
bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

bool IsBlankOrControl(char c) { return IsBlank(c) || IsControl(c); }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), LowerChar);
  return lower;
}

// ---- The first pass: from any text to tags that are known and text.
//
// The parser behind it sees nothing but plain start and end tags of kAllowed, so that what is odd
// or expensive in HTML (tables, templates, other vocabularies, elements that differ in attributes
// and are opened again and again) cannot reach it.

class Reader {
 public:
  explicit Reader(std::string_view html) : html_(html) {}

  std::string Read() {
    while (at_ < html_.size()) {
      const std::size_t open = html_.find('<', at_);
      out_ += html_.substr(at_, open - at_);
      if (open == html_.npos) break;
      at_ = open;
      if (endless_ == kMostEndless || (!Comment() && !Tag())) {
        // No tag: a text.
        out_ += "&lt;";
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  bool Looking(std::string_view at) const { return html_.substr(at_).starts_with(at); }

  // Comments, declarations and instructions; they are skipped.
  bool Comment() {
    if (Looking("<!--")) {
      // As browsers do: "<!-->" and "<!--->" are whole, and "--!>" ends one too.
      for (std::size_t end = html_.find('>', at_ + 4); end != html_.npos;
           end = html_.find('>', end + 1)) {
        const std::string_view inside = html_.substr(at_ + 4, end - at_ - 4);
        if (inside.empty() || inside == "-" || inside.ends_with("--") || inside.ends_with("--!")) {
          at_ = end + 1;
          return true;
        }
      }
      ++endless_;
      return false;
    }
    if (!Looking("<!") && !Looking("<?")) return false;
    const std::size_t end = html_.find('>', at_);
    if (end == html_.npos) {
      ++endless_;
      return false;
    }
    at_ = end + 1;
    return true;
  }

  bool Tag() {
    std::size_t at = at_ + 1;
    const bool closes = at < html_.size() && html_[at] == '/';
    if (closes) ++at;
    const std::size_t begin = at;
    while (at < html_.size() && (IsLetter(html_[at]) || IsDigit(html_[at]) || html_[at] == ':'))
      ++at;
    if (at == begin || at == html_.size()) return false;
    if (!IsBlank(html_[at]) && html_[at] != '/' && html_[at] != '>') return false;
    const std::string name = LowerCase(html_.substr(begin, at - begin));
    if (!IsKnown(name)) return false;
    std::optional<std::string> link;
    const auto end = EndOfTag(at, link);
    if (!end) {
      ++endless_;
      return false;
    }
    at_ = *end;
    if (closes)
      Close(name);
    else
      Open(name, link);
    return true;
  }

  // Of HTML, or with a short prefix, as word processors write them: "o:p".
  static bool IsKnown(const std::string& name) {
    if (!IsLetter(name.front())) return false;
    const std::size_t colon = name.find(':');
    if (colon != name.npos)
      return colon <= 3 && colon + 1 < name.size() && IsLetter(name[colon + 1]);
    return gumbo_tagn_enum(name.data(), static_cast<unsigned>(name.size())) != GUMBO_TAG_UNKNOWN;
  }

  // Behind its ">", attributes being read on the way; nothing if it never ends.
  std::optional<std::size_t> EndOfTag(std::size_t at, std::optional<std::string>& link) const {
    const auto until = [&](auto&& stops) {
      const std::size_t begin = at;
      while (at < html_.size() && !stops(html_[at])) ++at;
      return html_.substr(begin, at - begin);
    };
    const auto not_blank = [](char c) { return !IsBlank(c); };
    while (true) {
      until([](char c) { return !IsBlank(c) && c != '/'; });
      if (at == html_.size()) return std::nullopt;
      if (html_[at] == '>') return at + 1;
      const std::size_t begin = at++;  // a "=" can begin a name
      until([](char c) { return IsBlank(c) || c == '/' || c == '>' || c == '='; });
      const std::string_view name = html_.substr(begin, at - begin);
      until(not_blank);
      if (at == html_.size()) return std::nullopt;
      if (html_[at] != '=') continue;
      ++at;
      until(not_blank);
      if (at == html_.size()) return std::nullopt;
      std::string_view value;
      if (const char quote = html_[at]; quote == '"' || quote == '\'') {
        ++at;
        value = until([&](char c) { return c == quote; });
        if (at == html_.size()) return std::nullopt;
        ++at;
      } else {
        value = until([](char c) { return IsBlank(c) || c == '>'; });
      }
      // Of several the first counts.
      if (!link && LowerCase(name) == "href") link = value;
    }
  }

  void Open(std::string_view name, const std::optional<std::string>& link) {
    if (In(kDroppedWhole, name)) return SkipTo(name);
    if (!In(kAllowed, name) || tags_ == kMostTags) return;
    ++tags_;
    if (!IsVoid(name)) ++open_[std::string(name)];
    if (name != "a" || !link) {
      out_ += fmt::format("<{}>", name);
      return;
    }
    out_ += kLinkBegin;
    // Character references in it are the parser's.
    for (const char c : *link)
      if (c == '"')
        out_ += "&quot;";
      else if (c != '\0')
        out_ += c;
    out_ += "\">";
  }

  void Close(std::string_view name) {
    if (name == "br") {
      Open(name, std::nullopt);
    } else if (In(kAllowed, name)) {
      const auto open = open_.find(name);
      if (open == open_.end() || open->second == 0) return;
      --open->second;
      out_ += fmt::format("</{}>", name);
    } else if (name == "td" || name == "th") {
      out_ += ' ';
    } else if (In(kBreakBehind, name)) {
      Open("br", std::nullopt);
    }
  }

  // Behind the end tag; without one nothing is left.
  void SkipTo(std::string_view name) {
    while (true) {
      at_ = html_.find("</", at_);
      if (at_ == html_.npos) {
        at_ = html_.size();
        return;
      }
      const std::string_view rest = html_.substr(at_ + 2);
      if (rest.size() > name.size() &&
          std::ranges::equal(rest.substr(0, name.size()), name, {}, LowerChar) &&
          (IsBlank(rest[name.size()]) || rest[name.size()] == '/' || rest[name.size()] == '>')) {
        const std::size_t end = html_.find('>', at_);
        at_ = end == html_.npos ? html_.size() : end + 1;
        return;
      }
      at_ += 2;
    }
  }

  const std::string_view html_;
  std::size_t at_ = 0;
  std::size_t tags_ = 0;
  int endless_ = 0;  // what began like a tag or a comment and never ended
  std::map<std::string, std::size_t, std::less<>> open_;  // start tags less end tags
  std::string out_;
};

// ---- The second pass: from the parser's tree to the text.

void AppendText(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (text.substr(i).starts_with(kNoBreakSpace)) {
      out += "&nbsp;";
      ++i;
    } else if (!IsControl(c))
      out += c;
  }
}

bool HasScheme(std::string_view link) {
  constexpr auto kBeginnings = std::to_array<std::string_view>({"http://", "https://", "mailto:"});
  return std::ranges::any_of(kBeginnings, [&](std::string_view beginning) {
    return link.size() > beginning.size() && link.starts_with(beginning);
  });
}

// The link as it is written out; nothing if it leads elsewhere than to the web or to mail.
std::optional<std::string> CleanLink(std::string_view link) {
  while (!link.empty() && IsBlankOrControl(link.front())) link.remove_prefix(1);
  while (!link.empty() && IsBlankOrControl(link.back())) link.remove_suffix(1);
  std::string clean;
  for (const char c : link)
    if (c == ' ')
      clean += "%20";
    else if (!IsBlankOrControl(c))
      clean += c;
  for (std::size_t i = 0; i < clean.size() && clean[i] != ':'; ++i) clean[i] = LowerChar(clean[i]);
  if (!HasScheme(clean) || clean.size() > kMostOfLink) return std::nullopt;
  return clean;
}

void AppendLink(std::string& out, std::string_view link) {
  out += kLinkBegin;
  for (const char c : link)
    if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  out += kLinkEnd;
}

std::string_view NameOf(const GumboNode& node) {
  return gumbo_normalized_tagname(node.v.element.tag);
}

const GumboNode* FirstChild(const GumboNode& element) {
  const GumboVector& children = element.v.element.children;
  return children.length == 0 ? nullptr : static_cast<const GumboNode*>(children.data[0]);
}

bool IsText(const GumboNode& node) {
  return node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE ||
         node.type == GUMBO_NODE_CDATA;
}

// Goes through the tree without recursion: it may be deeper than a stack.
class Writer {
 public:
  // `tags`: without, only the text is written.
  explicit Writer(bool tags) : with_tags_(tags) {}

  std::string Write(const GumboNode& root) {
    Push(root);
    while (!open_.empty()) {
      Place& place = open_.back();
      const GumboVector& children = place.element->v.element.children;
      if (place.next == children.length) {
        if (!place.name.empty()) {
          out_ += fmt::format("</{}>", place.name);
          --depth_;
        }
        open_.pop_back();
        continue;
      }
      const auto& child = *static_cast<const GumboNode*>(children.data[place.next++]);
      if (IsText(child))
        AppendText(out_, child.v.text.text);
      else if (child.type == GUMBO_NODE_ELEMENT)
        Push(child);
    }
    return std::move(out_);
  }

 private:
  struct Place {
    const GumboNode* element;
    std::string_view name;  // empty: neither its start tag nor its end tag is written
    unsigned next = 0;
  };

  void Push(const GumboNode& element) {
    const std::string_view name = NameOf(element);
    open_.push_back({&element, {}});
    if (!with_tags_ || depth_ == kMostDepth || !In(kAllowed, name)) return;
    if (name == "a") {
      const auto* href = gumbo_get_attribute(&element.v.element.attributes, "href");
      const auto link = href == nullptr ? std::nullopt : CleanLink(href->value);
      if (!link) return;
      AppendLink(out_, *link);
    } else {
      out_ += fmt::format("<{}>", name);
      if (IsVoid(name)) return;
    }
    // Parsers drop a line's end at the beginning of preformatted text.
    if (const GumboNode* first = FirstChild(element);
        name == "pre" && first != nullptr && IsText(*first) && first->v.text.text[0] == '\n')
      out_ += '\n';
    open_.back().name = name;
    ++depth_;
  }

  const bool with_tags_;
  std::string out_;
  std::vector<Place> open_;
  std::size_t depth_ = 0;
};

std::string Rewrite(std::string_view html, bool tags) {
  // The parser would put a replacement character in the place of each control character.
  std::string visible;
  std::ranges::copy_if(html, std::back_inserter(visible),
                       [](char c) { return c == '\r' || !IsControl(c); });
  const std::string plain = Reader(visible).Read();
  GumboOptions options = kGumboDefaultOptions;
  options.fragment_context = GUMBO_TAG_BODY;
  options.max_errors = 0;
  const auto free = [&](GumboOutput* output) { gumbo_destroy_output(&options, output); };
  const std::unique_ptr<GumboOutput, decltype(free)> parsed(
      gumbo_parse_with_options(&options, plain.data(), plain.size()), free);
  return Writer(tags).Write(*parsed->root);
}

// Of a tag that Writer writes, at the beginning of the text: its length and its name, with a "/" in
// front for an end tag; nothing for any other text.
std::optional<std::pair<std::size_t, std::string_view>> WrittenTag(std::string_view html) {
  if (html.starts_with(kLinkBegin)) {
    const std::string_view link = html.substr(kLinkBegin.size());
    const std::size_t end = link.find_first_of("\"<>");
    if (end == link.npos || !link.substr(end).starts_with(kLinkEnd) ||
        !HasScheme(link.substr(0, end)) ||
        std::ranges::any_of(link.substr(0, end), IsBlankOrControl))
      return std::nullopt;
    return std::pair(kLinkBegin.size() + end + kLinkEnd.size(), html.substr(1, 1));
  }
  const std::size_t end = html.find('>');
  if (end == html.npos) return std::nullopt;
  const std::string_view name = html.substr(1, end - 1);
  const bool closes = name.starts_with('/');
  const std::string_view bare = name.substr(closes ? 1 : 0);
  if (!In(kAllowed, bare) || (closes ? IsVoid(bare) : bare == "a")) return std::nullopt;
  return std::pair(end + 1, name);
}

}  // namespace

std::string SanitizeHtml(std::string_view html) {
  // What has no markup is in its form already; this is most of what programs write.
  if (html.find_first_of("<>&") == html.npos && std::ranges::none_of(html, IsControl) &&
      html.find(kNoBreakSpace) == html.npos)
    return std::string(html);
  // Taking elements away can leave others in places where a parser would not have put them: then
  // the next round puts them where they belong.
  std::string clean = Rewrite(html, true);
  for (int round = 1; round < kMostRounds; ++round) {
    std::string again = Rewrite(clean, true);
    if (again == clean) return clean;
    clean = std::move(again);
  }
  return Rewrite(html, false);
}

bool IsSanitizedHtml(std::string_view html) {
  std::vector<std::string_view> open;
  for (std::size_t at = 0; at < html.size();) {
    const char c = html[at];
    if (IsControl(c) || c == '>') return false;
    if (c != '<') {
      ++at;
      continue;
    }
    const auto tag = WrittenTag(html.substr(at));
    if (!tag) return false;
    at += tag->first;
    const std::string_view name = tag->second;
    if (name.starts_with('/')) {
      if (open.empty() || open.back() != name.substr(1)) return false;
      open.pop_back();
    } else if (!IsVoid(name)) {
      if (open.size() == kMostDepth) return false;
      open.push_back(name);
    }
  }
  return open.empty();
}

bool HasText(std::string_view sanitized) {
  constexpr auto kInvisible = std::to_array<std::string_view>(
      {"&nbsp;", kNoBreakSpace, "\xE2\x80\x8B", "\xE2\x80\x8C", "\xE2\x80\x8D", "\xEF\xBB\xBF"});
  for (std::size_t at = 0; at < sanitized.size();) {
    const std::string_view rest = sanitized.substr(at);
    if (rest.front() == '<') {
      const std::size_t end = rest.find('>');
      if (end == rest.npos) return true;
      at += end + 1;
      continue;
    }
    const auto* found = std::ranges::find_if(
        kInvisible, [&](std::string_view nothing) { return rest.starts_with(nothing); });
    if (found != kInvisible.end())
      at += found->size();
    else if (IsBlank(rest.front()))
      ++at;
    else
      return true;
  }
  return false;
}

}  // namespace vams::model
