// Tests which regions of files are near-copies.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/rules.h"
#include "tidy/test_trees.h"

namespace gridloom::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A function with `lines` lines that differ in their punctuation, whose words begin with `word`.
std::string varied(const std::string& word, std::size_t lines) {
  std::string text = fmt::format("int {}_all(int {}_in) {{\n", word, word);
  for (std::size_t i = 2; i < lines; ++i) {
    text += fmt::format("  {0}_{1} = base::{0}({2}\"{0}\", {0}_in{2});\n", word, i,
                        repeated("+1", i % 12));
  }
  return text + "}\n";
}

TEST(Copies, AreTheSameRegionsWithOtherWords) {
  const auto with = [](const std::string& other) {
    return findings_of(check_copies, {{"src/core/net/a.cc", "#include <map>\n\n" + varied("a", 30)},
                                      {"src/core/net/b.cc", "int x;\n" + other}});
  };
  EXPECT_THAT(with(varied("other", 30)),
              ElementsAre("src/core/net/a.cc:3: error: up to line 32, this is src/core/net/b.cc:2 "
                          "with other words; make one function or class of both"));
  EXPECT_THAT(with(varied("other", 29)), IsEmpty());
  std::string text = varied("other", 30);
  EXPECT_EQ(with(repeated("// A comment\n\n", 3) + text).size(), 1U);
  const std::size_t middle = text.find("other_15");
  EXPECT_THAT(with(std::string(text).insert(middle, "const ")), IsEmpty()) << "no region is whole";
  text.insert(text.find('(', middle) + 1, "\n// A comment\n      ");
  EXPECT_EQ(with(text).size(), 1U) << "lines may be broken elsewhere";
}

TEST(Copies, AreNotInOneFileEither) {
  EXPECT_EQ(findings_of(check_copies, varied("a", 30) + "int x;\n" + varied("b", 30)).size(), 1U);
}

TEST(Copies, MayBeInTestsAndInTheStores) {
  struct Row {
    std::string_view one;
    std::string_view other;
    std::size_t findings;
  };
  for (const Row& row :
       std::vector<Row>{{"src/core/mqtt/sqlite/a.cc", "src/cluster/database/mqtt/b.cc", 0},
                        {"src/cluster/database/history/b.cc", "src/core/history/sqlite/a.cc", 0},
                        {"src/core/mqtt/sqlite/a.cc", "src/core/mqtt/sqlite/b.cc", 1},
                        {"src/core/mqtt/sqlite/a.cc", "src/cluster/database/history/b.cc", 1},
                        {"src/lab/sim/a.cc", "src/lab/sim/models/b.cc", 0},
                        {"src/lab/sim/a.cc", "src/lab/bench/b.cc", 1},
                        {"src/core/net/a.cc", "src/core/net/b_test.cc", 0},
                        {"src/core/net/a.cc", "src/core/net/test_b.h", 0},
                        {"src/core/net/a.cc", "src/core/net/b_conformance.h", 0},
                        {"src/core/net/a.cc", "tools/b.cc", 0}}) {
    EXPECT_EQ(findings_of(check_copies, {{std::string(row.one), varied("a", 40)},
                                         {std::string(row.other), varied("b", 40)}})
                  .size(),
              row.findings)
        << row.one << ' ' << row.other;
  }
}

TEST(Copies, AreNoTablesAndNoRowsOfAlikeCalls) {
  std::string table = "constexpr Row kRows[] = {\n";
  for (int i = 0; i < 200; ++i) table += fmt::format("    {{\"{0}\", k{0}, {0}}},\n", i);
  EXPECT_THAT(findings_of(check_copies, table + "};\n"), IsEmpty());
  EXPECT_THAT(findings_of(check_copies, {{"src/net/a.cc", table}, {"src/net/b.cc", table}}),
              IsEmpty());
}

}  // namespace
}  // namespace gridloom::tidy
