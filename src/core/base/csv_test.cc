#include "base/csv.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace gridloom {
namespace {

TEST(CsvCell, IsTheTextThatASpreadsheetShows) {
  struct Row {
    std::string_view text;
    std::string_view cell;
  };
  for (const Row& row : std::vector<Row>{{"ann", "ann"},
                                         {"", ""},
                                         {"Smith, Ann", "\"Smith, Ann\""},
                                         {"the \"big\" one", "\"the \"\"big\"\" one\""},
                                         {"a\nb", "\"a\nb\""},
                                         {"=cmd|x", "'=cmd|x"},
                                         {"-1,5", "\"'-1,5\""},
                                         {"\x1b[2J", "?[2J"}}) {
    std::string out = "x,";
    append_csv_cell(out, row.text);
    EXPECT_EQ(out, "x," + std::string(row.cell));
  }
}

}  // namespace
}  // namespace gridloom
