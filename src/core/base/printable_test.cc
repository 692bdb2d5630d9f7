#include "base/printable.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace gridloom {
namespace {

TEST(Printable, ATerminalGetsWhatDoesNotControlIt) {
  struct Row {
    std::string_view text;
    std::string_view printed;
  };
  for (const Row& row :
       {Row{"pd.soc\t77\n", "pd.soc\t77\n"}, Row{"Küche ▁▂▃ 电池", "Küche ▁▂▃ 电池"},
        Row{"x\x1b[31mred", "x?[31mred"}, Row{"a\x07\x7f\r", "a???"},
        Row{"\xc2\x9b"
            "1m",
            "?1m"},
        Row{"abc\xe2\x80\xae"
            "fed",
            "abc?fed"},
        Row{"\xff\xc3", "??"}, Row{"", ""}}) {
    EXPECT_EQ(printable(row.text, "\n\t"), row.printed);
  }
  EXPECT_EQ(printable("two\nlines"), "two?lines");
}

TEST(Printable, CountsTheCharactersOfValidText) {
  const struct {
    std::string_view text;
    std::size_t characters;
  } rows[] = {{"", 0},
              {"soc", 3},
              {"K\xc3\xbc"
               "che",
               5},
              {"\xe2\x96\x81", 1},
              {"\xf0\x9f\x94\x8b\x7f", 2}};
  for (const auto& row : rows) {
    EXPECT_TRUE(is_utf8(row.text)) << row.text;
    EXPECT_EQ(characters(row.text), row.characters) << row.text;
  }
}

TEST(Printable, KnowsWhatIsNotUtf8) {
  for (const std::string_view text : {"\xff", "soc\xc3", "\x81", "\xc0\x80", "\xe0\x80\xaf",
                                      "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << printable(text);
  }
}

TEST(Printable, ATextInPiecesIsCutBetweenCharacters) {
  const struct {
    std::string_view text;
    std::size_t whole;
  } rows[] = {
      {"", 0},
      {"soc", 3},
      {"K\xc3\xbc", 3},
      {"K\xc3", 1},
      {"\xe2\x96\x81", 3},
      {"a\xe2\x96", 1},
      {"a\xf0\x9f\x94", 1},
      {"\xf0\x9f\x94\x8b", 4},
      {"\x81\x81\x81\x81", 4},  // the end of nothing
      {"a\xff", 1},             // waits like the beginning of a character
  };
  for (const auto& row : rows) EXPECT_EQ(whole_characters(row.text), row.whole) << row.text;
  // Whatever the pieces, the printed text is the same.
  const std::string_view text =
      "K\xc3\xbc"
      "che \xe2\x96\x81\xff\xf0\x9f\x94\x8b\x81\xe2";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::string waiting(text.substr(0, cut));
    const std::size_t whole = whole_characters(waiting);
    const std::string first = printable(waiting.substr(0, whole));
    EXPECT_EQ(first + printable(waiting.substr(whole).append(text.substr(cut))), printable(text))
        << cut;
  }
}

}  // namespace
}  // namespace gridloom
