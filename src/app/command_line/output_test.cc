#include "app/command_line/output.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::app {
namespace {

TEST(Table, AlignsItsColumnsByCharacters) {
  Table table({{.title = "NAME"}, {.title = "W", .align = Table::Align::kRight}, {.title = "OF"}});
  table.add({"Küche", "5", "ann"});
  table.add({"Shed", "1200", ""});
  EXPECT_EQ(table.text(),
            "NAME      W  OF\n"
            "Küche     5  ann\n"
            "Shed   1200\n");
}

TEST(Table, ShrinksWhatMayShrinkToTheWidthOfTheTerminal) {
  Table table(
      {{.title = "NAME", .shrinks_to = 6}, {.title = "W"}, {.title = "OF", .shrinks_to = 3}});
  table.add({"Kitchen power station", "1200 W", "annabelle"});
  EXPECT_EQ(table.text(false, 80),
            "NAME                   W       OF\n"
            "Kitchen power station  1200 W  annabelle\n");
  EXPECT_EQ(table.text(false, 30),
            "NAME         W       OF\n"
            "Kitchen po…  1200 W  annabelle\n");
  EXPECT_EQ(table.text(false, 10), "NAME    W       OF\nKitch…  1200 W  an…\n");
}

TEST(Table, WrapsTheLastColumnWhereItIsTooWide) {
  Table table({{.title = "NAME", .shrinks_to = 4}, {.title = "MEANING", .wraps = true}});
  table.add({"soc", "Charge of the Küche as the screen shows it"});
  EXPECT_EQ(table.text(), "NAME  MEANING\nsoc   Charge of the Küche as the screen shows it\n");
  EXPECT_EQ(table.text(false, 30),
            "NAME  MEANING\n"
            "soc   Charge of the Küche as\n"
            "      the screen shows it\n");
}

TEST(Output, WrapsWordsAndKeepsLongOnesWhole) {
  EXPECT_EQ(wrapped_words("", 2, 10), "");
  EXPECT_EQ(wrapped_words("one  two", 2, 0), "one  two");
  EXPECT_EQ(wrapped_words("one two", 2, 9), "one two");
  EXPECT_EQ(wrapped_words("one two", 2, 8), "one\n  two");
  EXPECT_EQ(wrapped_words("a longest b", 4, 6), "a\n    longest\n    b");
}

TEST(Table, KeepsColumnsWhereTheyAre) {
  Table table({{.title = "", .at_least = 1}, {.title = "W", .at_least = 4}, {.title = "OF"}});
  table.add({"", "5", "ann"});
  EXPECT_EQ(table.text(), "   W     OF\n   5     ann\n");
}

TEST(Table, IsEmptyWithoutRows) {
  const Table table({{.title = "NAME"}});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.text(), "");
}

TEST(Table, ShowsNoControlCharactersOfOthers) {
  Table table({{.title = "NAME"}});
  table.add({"a\x1b[31mb\nc"});
  EXPECT_EQ(table.text(), "NAME\na?[31mb?c\n");
}

TEST(Output, HasNoColoursInAPipe) { EXPECT_EQ(styled("ok", Style::kGood), "ok"); }

TEST(Output, TakesTextsAsTheyAreAndOtherValuesAsJson) {
  const wire::Json row = wire::JsonObject{{"name", "Kiln"}, {"count", 3}};
  EXPECT_EQ(member_text(row, "name"), "Kiln");
  EXPECT_EQ(member_text(row, "count"), "3");
  EXPECT_EQ(member_text(row, "none"), "");
}

}  // namespace
}  // namespace gridloom::app
