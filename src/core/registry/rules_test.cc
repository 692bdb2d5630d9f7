// Tests every limit at its edge and one past it.
#include "registry/rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gridloom::registry {
namespace {

struct Case {
  std::string text;
  bool valid = false;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

template <typename Check>
void expect_each(const std::vector<Case>& cases, Check check) {
  for (const Case& c : cases) {
    const Status status = check(c.text);
    EXPECT_EQ(status.has_value(), c.valid) << testing::PrintToString(c.text);
    if (!status) EXPECT_EQ(status.error().code, ErrorCode::kBadParams);
  }
}

TEST(Rules, NamesArePrintableAndAtMost64CharactersLong) {
  expect_each(
      {
          {"a", true},
          {"Home Öl ⚡ 電", true},
          {"it's \"mine\", #1/2 + $x", true},
          {std::string(64, 'x'), true},
          {std::string(65, 'x'), false},
          {repeated("\u96fb", 64), true},
          {repeated("\u96fb", 65), false},
          {repeated("\U0001F50B", 64), true},
          {"", false},
          {" a", false},
          {"a ", false},
          {"a\tb", false},
          {"a\nb", false},
          {"a\x1b[31m", false},
          {"a\x7f", false},
          {std::string("a\0b", 3), false},
          {"a\u0085b", false},           // next line
          {"a\u202eb", false},           // right-to-left override
          {"a\u200bb", false},           // zero-width space
          {"\ufeffa", false},            // byte order mark
          {"a\xff", false},              // no UTF-8 at all
          {"a\xc3", false},              // cut off
          {"a\xc0\xaf", false},          // overlong
          {"a\xed\xa0\x80", false},      // a surrogate
          {"a\xf4\x90\x80\x80", false},  // past U+10FFFF
          {"a\x80", false},              // continues nothing
          {"a\xf8\x88\x80\x80\x80", false},
          {"a\xef\xbf\xbf", false},  // U+FFFF
      },
      [](std::string_view text) { return check_name(text, "an account name"); });
}

TEST(Rules, ANameFaultSaysWhatIsWrongWithoutRepeatingIt) {
  EXPECT_EQ(check_name("ab\x1b", "an account name").error().detail,
            "an account name must have 1 to 64 printable characters: it has U+001B at byte 2");
  EXPECT_EQ(check_name("", "a device name").error().detail,
            "a device name must have 1 to 64 printable characters: it is empty");
}

TEST(Rules, SerialNumbersFitOneTopicLevel) {
  expect_each(
      {
          {"R331ZEB4ZEA0012345", true},
          {"a.b_c-d", true},
          {std::string(64, 'A'), true},
          {std::string(65, 'A'), false},
          {"...", true},
          {"", false},
          {".", false},
          {"..", false},
          {"a/b", false},
          {"a+", false},
          {"#", false},
          {"a b", false},
          {"$SYS", false},
          {"\u00e9", false},
          {std::string("a\0", 2), false},
      },
      check_sn);
}

TEST(Rules, ShortNamesHave1To32CharactersThatFitAFileName) {
  expect_each(
      {
          {"a", true},
          {"Home-Assistant_2.1", true},
          {std::string(32, 'b'), true},
          {std::string(33, 'b'), false},
          {"...", true},
          {"", false},
          {".", false},
          {"..", false},
          {"a b", false},
          {"a/b", false},
          {"\u00e9", false},
          {"a\n", false},
          {std::string("a\0", 2), false},
      },
      [](std::string_view text) { return check_short_name(text, "a bridge's name"); });
  EXPECT_EQ(check_short_name("a b", "a bridge's name").error().detail,
            "a bridge's name must have 1 to 32 characters of A-Z a-z 0-9 . _ -");
}

TEST(Rules, AccessKeysHave8To64Characters) {
  expect_each(
      {
          {std::string(7, 'k'), false},
          {std::string(8, 'k'), true},
          {std::string(64, 'k'), true},
          {std::string(65, 'k'), false},
          {"Ab0_-Ab0", true},
          {"abc.defgh", false},
          {"abc defgh", false},
      },
      check_access_key);
}

TEST(Rules, SecretsHave16To128VisibleCharactersAndAreNotRepeated) {
  expect_each(
      {
          {std::string(15, 's'), false},
          {std::string(16, 's'), true},
          {std::string(128, 's'), true},
          {std::string(129, 's'), false},
          {"!\"#$%&'()~!\"#$%&", true},
          {"pass word of a client", false},
          {"passw\u00f6rd-of-a-client", false},
      },
      [](std::string_view text) { return check_secret(text, "a secret key"); });
  EXPECT_FALSE(check_secret("hunter2", "a secret key").error().detail.contains("hunter2"));
}

}  // namespace
}  // namespace gridloom::registry
