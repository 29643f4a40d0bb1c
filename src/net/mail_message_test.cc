// Messages as programs of other people read them: fields that cannot be broken out of, encodings
// that come back as what went in.
#include "net/mail_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <vector>

#include "base/encoding.h"

namespace vams::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MailMessage Message() {
  return {.from = {"VAMS", "vams@plant.example"},
          .to = "ops@harbor.example.org",
          .subject = "[Crane] - File or Asset Changed (3)",
          .text = "One line\nand another\n",
          .id = "m1",
          .sent_millis = 1'740'823'200'123,
          .unsubscribe_url = "https://assets.plant.example/subscriptions/unsubscribe?token=abc"};
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    EXPECT_NE(end, text.npos) << "a line without its end";
    if (end == text.npos) break;
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

std::string DecodedQuotedPrintable(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else if (text[i] == '=') {
      out += *HexDecode(text.substr(i + 1, 2));
      i += 2;
    } else if (text.compare(i, 2, "\r\n") == 0) {
      out += '\n';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string DecodedHeader(const std::string& text) {
  if (!text.starts_with("=?")) return text;
  std::string out;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    EXPECT_LE(word.size(), 75U);
    EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
    const auto bytes = Base64Decode(word.substr(10, word.size() - 12));
    EXPECT_TRUE(bytes && IsUtf8(*bytes)) << "a character is cut: " << word;
    out += bytes.value_or("");
  }
  return out;
}

TEST(MailMessage, HasTheFieldsOfItsStandards) {
  EXPECT_EQ(MailText(Message()).value(),
            "Date: Sat, 01 Mar 2025 10:00:00 +0000\r\n"
            "From: VAMS <vams@plant.example>\r\n"
            "To: <ops@harbor.example.org>\r\n"
            "Message-ID: <m1@plant.example>\r\n"
            "Subject: [Crane] - File or Asset Changed (3)\r\n"
            "List-Unsubscribe:\r\n"
            " <https://assets.plant.example/subscriptions/unsubscribe?token=abc>\r\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "One line\r\n"
            "and another\r\n");
}

// Names of assets are whatever somebody typed.
TEST(MailMessage, FieldsCannotBeBrokenOutOf) {
  MailMessage message = Message();
  message.subject = "[Crane\r\nBcc: all@world.example.org\r\n\r\nHello] Changed";
  message.id = "m1>\r\nX-Evil: 1";
  message.from.name = "VAMS\"\r\nX-Evil: 2";
  message.unsubscribe_url += "\r\nX-Evil: 3";

  for (const std::string& line : LinesOf(MailText(message).value())) {
    EXPECT_THAT(line, Not(::testing::StartsWith("Bcc:")));
    EXPECT_THAT(line, Not(::testing::StartsWith("X-Evil:")));
    EXPECT_EQ(line.find('\n'), line.npos);
  }
}

TEST(MailMessage, IsNotMadeForWhatIsNoAddress) {
  for (const char* to :
       {"", "ops", "@x", "ops@", "a b@x.de", "a@b@c.de", "a@x.de\r\nRCPT TO:<b@x.de>", "<a@x.de>",
        "a@x.de,b@x.de", "größe@x.de", "a\"b@x.de", "a@x.de\n"}) {
    MailMessage message = Message();
    message.to = to;
    EXPECT_EQ(MailText(message).error().code, Code::kInvalid) << to;
  }
}

TEST(MailBox, IsAnAddressWithOrWithoutAName) {
  EXPECT_EQ(ParseMailBox("vams@x.de")->address, "vams@x.de");
  EXPECT_EQ(ParseMailBox(" VAMS prod <vams@x.de>")->name, "VAMS prod");
  EXPECT_EQ(ParseMailBox("\"VAMS, prod\" <vams@x.de>")->name, "VAMS, prod");
  EXPECT_FALSE(ParseMailBox("VAMS <vams>").has_value());
  EXPECT_FALSE(ParseMailBox("").has_value());
}

TEST(MailHeader, StaysReadableWhereItCan) {
  EXPECT_EQ(EncodedHeader("Crane 1"), "Crane 1");
  EXPECT_EQ(EncodedHeader("Größe"), "=?UTF-8?B?R3LDtsOfZQ==?=");
  EXPECT_EQ(DecodedHeader(EncodedHeader("=?utf-8?q?fake?=")), "=?utf-8?q?fake?=");
  EXPECT_EQ(DecodedHeader(EncodedHeader(std::string("bad \xff"))), "bad ?");
}

TEST(MailDate, IsOfTheRightDay) {
  EXPECT_EQ(MailDate(0), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(MailDate(951'782'399'999), "Mon, 28 Feb 2000 23:59:59 +0000");
  EXPECT_EQ(MailDate(951'782'400'000), "Tue, 29 Feb 2000 00:00:00 +0000");
}

// Whatever the text: it comes back, and no line is too long or has a byte that mail cannot carry.
TEST(MailText, ComesBackAsItWas) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {
      "a", " ", "\n", "=", ".", "ö", "€", "🏗", "\t", "word ", "http://x/?token=abc", "From "};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (unsigned n = random() % 200; n > 0; --n) text += pieces[random() % pieces.size()];
    SCOPED_TRACE(text);

    const std::string encoded = QuotedPrintable(text + "\n");
    EXPECT_EQ(DecodedQuotedPrintable(encoded), text + "\n");
    for (const std::string& line : LinesOf(encoded)) {
      EXPECT_LE(line.size(), 76U);
      EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\t')) << "servers strip blanks";
      for (const char c : line) EXPECT_TRUE((c >= 0x20 && c < 0x7F) || c == '\t');
    }

    std::string subject = text;
    for (char& c : subject)
      if (c == '\n' || c == '\t') c = ' ';
    const std::string header = EncodedHeader(subject);
    EXPECT_EQ(DecodedHeader(header), subject);
  }
}

}  // namespace
}  // namespace vams::net
