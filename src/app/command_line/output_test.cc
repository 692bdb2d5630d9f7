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
