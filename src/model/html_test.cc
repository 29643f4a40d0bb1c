#include "model/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace vams::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// ---- What stays.

TEST(SanitizeHtml, LeavesWhatEditorsMake) {
  for (const std::string html : {
           "",
           "Check weld 14.",
           "<p>Check weld 14.</p>",
           "<p>one<br>two</p><hr><div>three</div>",
           "<p><b>b</b><strong>strong</strong><i>i</i><em>em</em><u>u</u><s>s</s><del>d</del></p>",
           "<p>H<sub>2</sub>O, m<sup>2</sup>, <code>x = 1</code>, <span>plain</span></p>",
           "<ul><li>one</li><li>two<ol><li>three</li></ol></li></ul>",
           "<h1>1</h1><h2>2</h2><h3>3</h3><h4>4</h4><h5>5</h5><h6>6</h6>",
           "<blockquote><p>said</p></blockquote><pre>  kept\n  as it is</pre>",
           "<p>Straße &amp; Weg, 5 &lt; 6 &gt; 4, a&nbsp;b, \"quoted\" 'too' 🚢</p>",
       })
    EXPECT_EQ(SanitizeHtml(html), html);
}

TEST(SanitizeHtml, LinksStayIfTheyLeadToTheWebOrToMail) {
  const auto link = [](const std::string& written) {
    return "<a href=\"" + written + "\" rel=\"noopener noreferrer nofollow\">x</a>";
  };
  const std::vector<std::pair<std::string, std::string>> good = {
      {R"(<a href="https://plant.example/a?b=1&amp;c=2#d">x</a>)",
       "https://plant.example/a?b=1&amp;c=2#d"},
      {R"(<A HREF='HTTP://plant.example/A' target=_blank onclick="run">x</A>)",
       "http://plant.example/A"},
      {"<a href=mailto:ops@plant.example>x</a>", "mailto:ops@plant.example"},
      {"<a\nclass=\"k\"\thref = \" https://plant.example/a b\n \">x</a>",
       "https://plant.example/a%20b"},
      {R"(<a href="https://plant.example/&quot;&gt;&lt;b&gt;">x</a>)",
       "https://plant.example/&quot;&gt;&lt;b&gt;"},
      {R"(<a href="https://first.example" href="javascript:run">x</a>)", "https://first.example"},
  };
  for (const auto& [html, written] : good) EXPECT_EQ(SanitizeHtml(html), link(written)) << html;

  for (const std::string address :
       {"javascript:run()", "JaVaScRiPt:run()", "java\nscript:run()", "&#106;avascript:run()",
        "&#x6A&#x61vascript&colon;run()", " &#1; javascript:run()", "data:text/html,x",
        "vbscript:x", "file:///etc/passwd", "//plant.example", "/relative", "#here", "", "https://",
        "http:plant.example", "ftp://plant.example", "blob:https://plant.example/x"})
    EXPECT_EQ(SanitizeHtml("<p><a href=\"" + address + "\">x</a></p>"), "<p>x</p>") << address;
  EXPECT_EQ(SanitizeHtml("<a href=\"https://" + std::string(3000, 'a') + "\">x</a>"), "x");
}

TEST(SanitizeHtml, TextThatOnlyLooksLikeMarkupStaysReadable) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"a < b and c > d", "a &lt; b and c &gt; d"},
      {"if x<y then", "if x&lt;y then"},
      {"i <3 it", "i &lt;3 it"},
      {"std::vector<std::string> and List<Point>",
       "std::vector&lt;std::string&gt; and List&lt;Point&gt;"},
      {"mail <ops@plant.example>", "mail &lt;ops@plant.example&gt;"},
      {"AT&T, R&D", "AT&amp;T, R&amp;D"},
      {"ends with <b", "ends with &lt;b"},
      {"ends with <", "ends with &lt;"},
      {"<!-- never ends", "&lt;!-- never ends"},
      {"<b class=\"never ends", "&lt;b class=\"never ends"},
  };
  for (const auto& [text, html] : texts) EXPECT_EQ(SanitizeHtml(text), html) << text;
}

// ---- What goes.

TEST(SanitizeHtml, WhatRunsOrLoadsGoesWithWhatIsInIt) {
  for (const std::string bad : {"<script>alert('<b>x</b>')</script>",
                                "<SCRIPT src=x></SCRIPT foo=\"bar\">",
                                "<style>p{}</style>",
                                "<iframe src=\"https://x.example\">text</iframe>",
                                "<noscript><img src=x onerror=run()></noscript>",
                                "<textarea><b>x</b></textarea>",
                                "<title>x</title>",
                                "<noembed><p>x</noembed>",
                                "<noframes>x</noframes>",
                                "<img src=x onerror=run()>",
                                "<svg onload=run()></svg>",
                                "<link rel=stylesheet href=x>",
                                "<meta http-equiv=refresh content=0>",
                                "<base href=//x.example>",
                                "<input value=x>",
                                "<object data=x></object>",
                                "<embed src=x>",
                                "<!-- <b>comment</b> -->",
                                "<!DOCTYPE html>",
                                "<?xml version=\"1.0\"?>",
                                "<![CDATA[x]]>",
                                "<math href=x></math>",
                                "<video src=x></video>",
                                "<o:p></o:p>",
                                "<!-->",
                                "<!--->",
                                "<!-- x --!>",
                                "<frameset onload=run()></frameset>"})
    EXPECT_EQ(SanitizeHtml("<p>a" + bad + "b</p>"), "<p>ab</p>") << bad;
  EXPECT_EQ(SanitizeHtml("<p>a</p><script>never ends"), "<p>a</p>");
}

TEST(SanitizeHtml, OfOtherElementsTheTextStays) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(<p style="color:red" class=k id=i onclick='run' data-x>red</p>)", "<p>red</p>"},
      {"<font color=red>red</font> <marquee>news</marquee>", "red news"},
      {"<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
       "a b <br>c <br>"},
      {"<section>one</section><section>two</section>", "one<br>two<br>"},
      {"<svg><desc>label</desc></svg>", "label"},
      {"<button>press</button>", "press"},
      {"<p>a<o:p>&nbsp;</o:p></p>", "<p>a&nbsp;</p>"},
      {"<a>x</a><a name=here>y</a>", "xy"},
  };
  for (const auto& [html, expected] : cases) EXPECT_EQ(SanitizeHtml(html), expected) << html;
}

TEST(SanitizeHtml, MendsWhatIsNotWellFormed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"<p>one<p>two", "<p>one</p><p>two</p>"},
      {"<b>bold<i>both</b>italic</i>", "<b>bold<i>both</i></b><i>italic</i>"},
      {"</div></p>x</b>", "x"},
      {"<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"},
      {"a</br>b<br/>c", "a<br>b<br>c"},
      {"<P>UPPER</P>", "<p>UPPER</p>"},
      {"<pre>\n\nx</pre>", "<pre>\n\nx</pre>"},
      {"<pre>\nx</pre>", "<pre>x</pre>"},
  };
  for (const auto& [html, expected] : cases) EXPECT_EQ(SanitizeHtml(html), expected) << html;
}

// Known ways around sanitisers: what a browser makes of the output is what matters, and that has no
// tags but ours.
TEST(SanitizeHtml, TricksEndAsText) {
  for (
      const std::string trick :
      {R"(<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=run&gt;">)",
       R"(<noscript><p title="</noscript><img src=x onerror=run>">)",
       R"(<svg></p><style><a id="</style><img src=1 onerror=run>">)",
       R"(<form><math><mtext></form><form><mglyph><style></math><img src onerror=run>)",
       R"(<a href="https://x.example/&quot; onmouseover=&quot;run">x</a>)",
       R"(<scr<script>ipt>run</scr</script>ipt>)", R"(<<b>script>run<</b>/script>)",
       R"(<img src="x` `<script>run</script>"` `>)", "<b <script>run</script>0",
       "<a href=\"https://x\" title=\"><script>run()</script>\">x</a>",
       "<a =\"><script>run()</script>\">", "<p =\"\"><script>run()</script>",
       "&lt;script&gt;run()&lt;/script&gt;", "<template><script>run()</script></template>",
       "<select><style></select><script>run()</script>",
       "<xmp><p title=\"</xmp><script>run()</script>\">"}) {
    const std::string clean = SanitizeHtml(trick);
    EXPECT_TRUE(IsSanitizedHtml(clean)) << clean;
    EXPECT_THAT(clean, Not(HasSubstr("<script"))) << trick;
    EXPECT_THAT(clean, Not(HasSubstr("<img"))) << trick;
    EXPECT_EQ(SanitizeHtml(clean), clean) << trick;
  }
}

TEST(SanitizeHtml, ControlCharactersGo) {
  const std::string text("a\0b\x01\x7F\r\n\tc<b>\0x</b>", 18);
  const std::string clean = SanitizeHtml(text);
  EXPECT_EQ(clean, "ab\n\tc<b>x</b>");
}

// ---- Bounds.

std::string Repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += piece;
  return text;
}

// Each of these made one or the other parser slow or deep.  The time is generous: what is wrong
// takes minutes, or the stack.
TEST(SanitizeHtml, HugeInputsTakeLittleTime) {
  constexpr std::size_t kBytes = 384'000;
  std::string attributes, paragraphs;
  for (int i = 0; i < 12'000; ++i) attributes += "<b a=" + std::to_string(i) + ">";
  paragraphs = attributes + Repeated("<p>x", kBytes / 2);
  for (const std::string& text : {Repeated("<b>", kBytes),
                                  Repeated("<div>", kBytes),
                                  Repeated("<span>", kBytes / 2) + Repeated("</b>", kBytes / 2),
                                  Repeated("<p>x", kBytes),
                                  paragraphs,
                                  Repeated("<a href=https://x>", kBytes),
                                  Repeated("<b><u><i>", 2000) + Repeated("<p>x", kBytes),
                                  Repeated("<b x=\"", kBytes),
                                  Repeated("<b x='\"", kBytes) + ">",
                                  Repeated("<!--", kBytes),
                                  Repeated("<!--> <!-- >", kBytes),
                                  Repeated("</p>", kBytes),
                                  Repeated("</br>", kBytes),
                                  Repeated("<table><td>", kBytes),
                                  Repeated("<script>", kBytes),
                                  Repeated("</tr>", kBytes),
                                  Repeated("<style></style", kBytes),
                                  Repeated("&lt;", kBytes),
                                  Repeated("<", kBytes),
                                  Repeated("<ul><li>", kBytes),
                                  Repeated("<h1>", kBytes),
                                  Repeated("<svg>", kBytes)}) {
    const auto begin = std::chrono::steady_clock::now();

    const std::string clean = SanitizeHtml(text);

    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(took, std::chrono::seconds(20)) << text.substr(0, 40);
    EXPECT_TRUE(IsSanitizedHtml(clean)) << text.substr(0, 40);
  }
}

TEST(SanitizeHtml, DeepAndLongOnesKeepTheirText) {
  const std::string deep =
      SanitizeHtml(Repeated("<div>", 1000) + "core" + Repeated("</div>", 1200));
  EXPECT_EQ(deep, Repeated("<div>", 64 * 5) + "core" + Repeated("</div>", 64 * 6));

  const std::string many = SanitizeHtml(Repeated("<i>x</i> ", 9 * 6000));
  EXPECT_TRUE(many.ends_with("x x ")) << many.substr(many.size() - 30);
  EXPECT_EQ(SanitizeHtml(many), many);
}

// ---- Properties.

// Pieces of markup in any order: most of them end in the wrong place.
std::string RandomHtml(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"<p>",
                                                   "</p>",
                                                   "<b>",
                                                   "</b>",
                                                   "<i>",
                                                   "</i>",
                                                   "<u>",
                                                   "</u>",
                                                   "<a href=\"https://x.example/?a=1&b=2\">",
                                                   "<a href=javascript:x>",
                                                   "</a>",
                                                   "<a>",
                                                   "<ul>",
                                                   "</ul>",
                                                   "<ol>",
                                                   "</ol>",
                                                   "<li>",
                                                   "</li>",
                                                   "<pre>",
                                                   "</pre>",
                                                   "<pre>\n",
                                                   "\n",
                                                   "<code>",
                                                   "</code>",
                                                   "<h1>",
                                                   "</h1>",
                                                   "<h2>",
                                                   "</h2>",
                                                   "<div>",
                                                   "</div>",
                                                   "<span>",
                                                   "</span>",
                                                   "<br>",
                                                   "</br>",
                                                   "<hr>",
                                                   "<table>",
                                                   "</table>",
                                                   "<tr>",
                                                   "</tr>",
                                                   "<td>",
                                                   "</td>",
                                                   "<script>",
                                                   "</script>",
                                                   "<style>",
                                                   "</style>",
                                                   "<svg>",
                                                   "</svg>",
                                                   "<math>",
                                                   "<template>",
                                                   "</template>",
                                                   "<select>",
                                                   "<option>",
                                                   "<button>",
                                                   "</button>",
                                                   "<form>",
                                                   "<textarea>",
                                                   "</textarea>",
                                                   "<title>",
                                                   "<!--",
                                                   "-->",
                                                   "<!",
                                                   "<?",
                                                   "<",
                                                   ">",
                                                   "\"",
                                                   "'",
                                                   "=",
                                                   "&",
                                                   "&amp;",
                                                   "&lt;",
                                                   "&#60;",
                                                   "&#x3c;script&#x3e;",
                                                   "&nbsp;",
                                                   "\xC2\xA0",
                                                   "x",
                                                   " ",
                                                   "text ",
                                                   "/",
                                                   "</",
                                                   "<blockquote>",
                                                   "</blockquote>",
                                                   "<s>",
                                                   "<del>",
                                                   "<sub>",
                                                   "<img src=x onerror=y>",
                                                   "<b a='>'>",
                                                   "<b a=\">\">",
                                                   "<o:p>",
                                                   "<foo>",
                                                   "\r\n",
                                                   std::string("\0", 1),
                                                   "\x01",
                                                   "\xEF\xBF\xBE",
                                                   "\xF0\x9F\x9A\xA2",
                                                   "<p style='x' onclick=\"y\">",
                                                   "<font color=red>",
                                                   "<object>",
                                                   "<frameset>",
                                                   "<body>",
                                                   "</body>",
                                                   "<html>",
                                                   "</html>",
                                                   "<head>",
                                                   "<nobr>",
                                                   "<image>",
                                                   "&#150;",
                                                   "&#0;",
                                                   "&#13;",
                                                   "&#x80;",
                                                   "&notit;",
                                                   "&copy"};
  std::uniform_int_distribution<std::size_t> piece(0, kPieces.size() - 1), count(0, 40);
  std::string html;
  for (std::size_t i = count(random); i > 0; --i) html += kPieces[piece(random)];
  return html;
}

TEST(SanitizeHtml, TwiceIsOnceAndNothingElseIsEverWritten) {
  constexpr unsigned kSeed = 20250301;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  std::size_t kept = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string html = RandomHtml(random);

    const std::string clean = SanitizeHtml(html);

    ASSERT_TRUE(IsSanitizedHtml(clean)) << html << "\n" << clean;
    ASSERT_EQ(SanitizeHtml(clean), clean) << html;
    kept += clean.find("<p>") != clean.npos;
  }
  EXPECT_GT(kept, 2'000U);  // else it would be proof of an empty text only
}

// ---- The quick look.

TEST(IsSanitizedHtml, IsFalseForWhateverSanitizingWouldChangeForSafety) {
  for (const std::string html :
       {"<script>",
        "<p onclick=x>a</p>",
        "<img src=x>",
        "a < b",
        "a > b",
        "<p>open",
        "</p>",
        "<b><i>x</b></i>",
        "<P>x</P>",
        "<br/>",
        "</br>",
        "<a>x</a>",
        "<!-- x -->",
        "<a href=\"https://x\">x</a>",
        "<a href=\"javascript:x\" rel=\"noopener noreferrer nofollow\">x</a>",
        "<a href=\"https://x\x01\" rel=\"noopener noreferrer nofollow\">x</a>",
        "<a href=\"https://x y\" rel=\"noopener noreferrer nofollow\">x</a>",
        "<a href=\"https://x\" rel=\"noopener noreferrer nofollow\" onclick=\"y\">x</a>",
        "\x01",
        "<",
        "<>",
        "</>",
        "<b"})
    EXPECT_FALSE(IsSanitizedHtml(html)) << html;
  EXPECT_FALSE(IsSanitizedHtml(Repeated("<b>", 65 * 3) + Repeated("</b>", 65 * 4)));
  EXPECT_TRUE(IsSanitizedHtml("<a href=\"https://x\" rel=\"noopener noreferrer nofollow\">x</a>"));
}

TEST(HasText, IsFalseWhereThereIsNothingToRead) {
  for (const std::string html : {"", " \n\t", "<p></p>", "<p><br></p>", "<p>&nbsp;\xC2\xA0</p>",
                                 "<hr>", "<p>\xE2\x80\x8B</p>"})
    EXPECT_FALSE(HasText(html)) << html;
  for (const std::string html : {".", "<p>a</p>", "&lt;", "<p>&nbsp;x</p>"})
    EXPECT_TRUE(HasText(html)) << html;
}

}  // namespace
}  // namespace vams::model
