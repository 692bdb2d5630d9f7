#include "base/printable.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace gridloom
