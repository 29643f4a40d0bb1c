#include "identity/totp.h"

#include <gtest/gtest.h>

#include <set>

#include "identity/accounts_test.h"

namespace vams::identity {
namespace {

// RFC 6238 appendix B, the rows for SHA-1.
TEST(Totp, GivesThePublishedCodes) {
  const std::string secret = "12345678901234567890";

  EXPECT_EQ(TotpCode(secret, 59 / 30, 8), "94287082");
  EXPECT_EQ(TotpCode(secret, 1111111109 / 30, 8), "07081804");
  EXPECT_EQ(TotpCode(secret, 1111111111 / 30, 8), "14050471");
  EXPECT_EQ(TotpCode(secret, 1234567890 / 30, 8), "89005924");
  EXPECT_EQ(TotpCode(secret, 2000000000 / 30, 8), "69279037");
  EXPECT_EQ(TotpCode(secret, 20000000000 / 30, 8), "65353130");
}

// RFC 4226 appendix D.
TEST(Totp, GivesThePublishedCodesOfSixDigits) {
  const std::string secret = "12345678901234567890";

  EXPECT_EQ(TotpCode(secret, 0), "755224");
  EXPECT_EQ(TotpCode(secret, 1), "287082");
  EXPECT_EQ(TotpCode(secret, 9), "520489");
}

TEST(Totp, OneStepEitherSideCountsAndNoMore) {
  const std::string secret = "12345678901234567890";
  const std::int64_t now = 3000;

  for (int away = -3; away <= 3; ++away) {
    const auto match = MatchTotp(secret, TotpCode(secret, now / 30 + away), now, 0);
    EXPECT_EQ(match.has_value(), away >= -1 && away <= 1) << away;
    if (match) {
      EXPECT_EQ(*match, now / 30 + away);
    }
  }
}

TEST(Totp, ACodeOfTheLastStepUsedOrBeforeItIsNotTaken) {
  const std::string secret = "12345678901234567890";
  const std::int64_t step = 100;

  EXPECT_FALSE(MatchTotp(secret, TotpCode(secret, step), step * 30, step));
  EXPECT_FALSE(MatchTotp(secret, TotpCode(secret, step - 1), step * 30, step));
  EXPECT_TRUE(MatchTotp(secret, TotpCode(secret, step + 1), step * 30, step));
}

TEST(Totp, TextsThatAreNoCodesMatchNothing) {
  const std::string secret = "12345678901234567890";
  const std::string right = TotpCode(secret, 100);

  for (const std::string& text : {std::string(), right.substr(1), right + "0", " " + right})
    EXPECT_FALSE(MatchTotp(secret, text, 3000, 0)) << text;
}

// RFC 4648 section 10.
TEST(Base32, GivesThePublishedTexts) {
  EXPECT_EQ(Base32Encode(""), "");
  EXPECT_EQ(Base32Encode("f"), "MY");
  EXPECT_EQ(Base32Encode("fo"), "MZXQ");
  EXPECT_EQ(Base32Encode("foo"), "MZXW6");
  EXPECT_EQ(Base32Encode("foob"), "MZXW6YQ");
  EXPECT_EQ(Base32Encode("fooba"), "MZXW6YTB");
  EXPECT_EQ(Base32Encode("foobar"), "MZXW6YTBOI");
}

TEST(TotpUri, EscapesWhatAUriCannotHold) {
  EXPECT_EQ(TotpUri("vams (plant)", "ada@x.org", "MZXW6"),
            "otpauth://totp/vams%20%28plant%29:ada%40x.org?secret=MZXW6&issuer=vams%20%28plant%29"
            "&algorithm=SHA1&digits=6&period=30");
}

TEST(RecoveryCode, IsFoundInWhatAUserTypes) {
  net::test::SeededRandom random(test::Seed());
  const std::string code = MakeRecoveryCode(random);
  std::string sloppy;
  for (const char c : code)
    if (c != '-') sloppy.push_back(c >= 'A' ? static_cast<char>(c - 'A' + 'a') : c);

  EXPECT_EQ(code.size(), 19U);
  EXPECT_EQ(RecoveryCodeForm(code), code);
  EXPECT_EQ(RecoveryCodeForm(" " + sloppy.substr(0, 8) + " " + sloppy.substr(8)), code);
  EXPECT_FALSE(RecoveryCodeForm(sloppy + "a"));
  EXPECT_FALSE(RecoveryCodeForm(sloppy.substr(1)));
  EXPECT_FALSE(RecoveryCodeForm("0000000000000000"));  // no digit of base32
}

TEST(RecoveryCode, DoesNotComeTwice) {
  net::test::SeededRandom random(test::Seed());
  std::set<std::string> codes;

  for (int i = 0; i < 1000; ++i) codes.insert(MakeRecoveryCode(random));

  EXPECT_EQ(codes.size(), 1000U);
}

}  // namespace
}  // namespace vams::identity
