// Tests the limits of sizes, and that the ratchet turns in one direction only.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tidy/rules.h"
#include "tidy/test_trees.h"

namespace gridloom::tidy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A struct of so many members, and a function of so many lines.
std::string large_class(const std::string& name, std::size_t size) {
  return fmt::format("struct {} {{\n{}}};\n", name, repeated("  int a;\n", size));
}
std::string large_function(const std::string& head, std::size_t size) {
  return fmt::format("{} {{\n{}}}\n", head, repeated("\n", size - 2));
}

const std::string kRatchetPath(kRatchet);

std::vector<std::string> findings_of_sizes(const std::string& code, const std::string& ratchet) {
  return findings_of(check_sizes, {{"src/net/a.cc", code}, {kRatchetPath, ratchet}});
}

TEST(Sizes, HaveALimit) {
  EXPECT_THAT(findings_of(check_sizes, large_class("A", 40) + large_function("void b()", 60)),
              IsEmpty());
  EXPECT_THAT(
      findings_of(check_sizes, "\n" + large_class("A", 41) + large_function("void b()", 61)),
      ElementsAre("src/net/a.cc:2: error: class A has 41 declarations, and the limit is 40; move "
                  "some of its members, with the methods that use them, into a class of their own",
                  "src/net/a.cc:45: error: function b has 61 lines, and the limit is 60; make a "
                  "part of it a function with a name that says what it does"));
}

TEST(Sizes, AreLimitedInTestsToo) {
  EXPECT_THAT(findings_of(check_sizes, {{"src/a/a_test.cc", large_function("TEST(A, B)", 61)}}),
              ElementsAre(HasSubstr("function A.B has 61 lines")));
}

TEST(Sizes, HaveNoLimitForATableThatSaysWhy) {
  const std::string table = large_class("A", 41);
  EXPECT_THAT(findings_of(check_sizes, "// All.\n// tidy: table, a slot for each\n// value.\n" +
                                           table + "  // tidy: table, of routes\n" +
                                           large_function("void b()", 61)),
              IsEmpty());
  for (const std::string before :
       {"// tidy: table\n", "// tidy: table, \n", "// tidy: table, of slots\n\n",
        "// tidy: table, of\nint b;\n", "/* tidy: allowed, of slots */ "}) {
    EXPECT_EQ(findings_of(check_sizes, before + table).size(), 1U) << before;
  }
  EXPECT_THAT(findings_of(check_sizes, "// tidy: table, of slots\n" + large_class("A", 40)),
              ElementsAre(HasSubstr("class A is marked as a table, but is within the limit")));
}

TEST(Sizes, MayBeWhatTheRatchetSays) {
  const std::string code = large_class("A", 45) + large_function("void A::b()", 70);
  EXPECT_THAT(findings_of_sizes(code, "# Large.\nclass A 45\nfunction A::b 70\n"), IsEmpty());
  EXPECT_THAT(findings_of_sizes(code, "class A 44\nfunction A::b 69\n"),
              ElementsAre(HasSubstr("src/net/a.cc:1: error: class A has 45 declarations, and "
                                    "tools/tidy/ratchet.txt has no more than 44 for it; move"),
                          HasSubstr("function A::b has 70 lines, and tools/tidy/ratchet.txt has no "
                                    "more than 69 for it; make")));
  EXPECT_THAT(findings_of_sizes(code, "class A 45\n"),
              ElementsAre(HasSubstr("function A::b has 70 lines, and the limit is 60")));
}

TEST(Sizes, BecomeSmallerInTheRatchetToo) {
  EXPECT_THAT(
      findings_of_sizes(large_class("A", 44), "class A 45\n"),
      ElementsAre("tools/tidy/ratchet.txt:1: error: class A has become smaller than 45; write "
                  "`class A 44`"));
  for (const std::string& code : {large_class("A", 40), std::string("struct A;\n")}) {
    EXPECT_THAT(findings_of_sizes(code, "class A 45\n"),
                ElementsAre("tools/tidy/ratchet.txt:1: error: class A is not above its limit any "
                            "more; remove the line"));
  }
}

TEST(Sizes, OfOneNameAreComparedInTheirOrder) {
  const std::string code = large_function("void b()", 70) + large_function("void b(int)", 65);
  EXPECT_THAT(findings_of_sizes(code, "function b 65\nfunction b 70\n"), IsEmpty());
  EXPECT_THAT(
      findings_of_sizes(code, "function b 64\nfunction b 71\n"),
      ElementsAre(HasSubstr("function b has 65 lines"), HasSubstr("write `function b 70`")));
  EXPECT_THAT(findings_of_sizes(code, "function b 70\n"),
              ElementsAre(HasSubstr("src/net/a.cc:71: error: function b has 65 lines, and the "
                                    "limit is 60")));
}

TEST(Sizes, OfTheRatchetAreNumbers) {
  for (const std::string line : {"class A", "class A many", "struct A 45", "class A 45 ", "A"}) {
    EXPECT_THAT(findings_of_sizes("", line + "\n"),
                ElementsAre(HasSubstr("tools/tidy/ratchet.txt:1: error: a line that is not")))
        << line;
  }
}

// So many headers with a type of this name, each in a folder of its own.
std::vector<File> headers_with(const std::string& type, std::size_t count) {
  std::vector<File> files;
  for (std::size_t i = 0; i < count; ++i) {
    files.push_back({fmt::format("src/core/r{}/a.h", i), type});
  }
  return files;
}

std::vector<std::string> findings_with(std::vector<File> files, const std::string& ratchet) {
  files.push_back({kRatchetPath, ratchet});
  return findings_of(check_sizes, files);
}

TEST(Names, AreOfFewTypes) {
  for (const std::string type :
       {"struct Step {};\n", "enum class Step { kOne };\n", "class A {\n  class Step {};\n};\n"}) {
    EXPECT_THAT(findings_with(headers_with(type, 4), ""), IsEmpty());
    EXPECT_THAT(findings_with(headers_with(type, 6), "name Step 6\n"),
                Not(Contains(HasSubstr("Step"))));
    EXPECT_THAT(findings_with(headers_with(type, 6), "name Step 5\n"),
                Contains(HasSubstr("name Step has 6 types in headers, and tools/tidy/ratchet.txt "
                                   "has no more than 5 for it; give the new type a name")));
    EXPECT_THAT(findings_with(headers_with(type, 5), "name Step 6\n"),
                Contains(HasSubstr("name Step has become smaller than 6; write `name Step 5`")));
  }
  EXPECT_THAT(findings_with(headers_with("struct Step;\nusing Kind = int;\n", 6), ""), IsEmpty())
      << "neither is a type's definition";
  std::vector<File> others;
  for (std::size_t i = 0; i < 6; ++i) {
    others.push_back({fmt::format("src/core/r{}/a.cc", i), "struct Step {};\n"});
    others.push_back({fmt::format("src/core/r{}/test_a.h", i), "struct Step {};\n"});
  }
  EXPECT_THAT(findings_with(others, ""), IsEmpty());
}

TEST(Words, OfCommentsAreCounted) {
  struct Row {
    std::string_view text;
    std::vector<std::string_view> words;
  };
  for (const Row& row : std::vector<Row>{{"// What it is.\n", {"What"}},
                                         {"// The thing.\n// What it is.\n", {"What"}},
                                         {"// It is. What it is, and\n// What it was.\n", {"What"}},
                                         {"// The thing is\n// What it is, or What.\n", {}},
                                         {"// Whatever it is.\n", {}},
                                         {"int a;  // Which one\n// Who asks.\n", {"Which", "Who"}},
                                         {"int a;  // one\nint b;  // That of a\n", {"That"}},
                                         {"auto a = \"// What\";\n", {}},
                                         {"// It goes on, and was\n// told.\n", {"go on", "told"}},
                                         {"// A layer that is untold.\nint told;\n", {}}}) {
    std::vector<std::string> expected;
    expected.reserve(row.words.size());
    for (const std::string_view word : row.words) {
      expected.push_back(
          fmt::format("words {} has 1 places in comments, and the limit is 0", word));
    }
    std::vector<std::string> found;
    for (const std::string& finding :
         findings_of(check_sizes, {{"src/core/net/a.h", std::string(row.text)}})) {
      const std::size_t from = finding.find("words ");
      found.push_back(finding.substr(from, finding.find(';') - from));
    }
    EXPECT_THAT(found, testing::UnorderedElementsAreArray(expected)) << row.text;
  }
  EXPECT_THAT(findings_of(check_sizes, {{"src/core/net/a_test.cc", "// What it is.\n"},
                                        {"tools/a.cc", "// What it is.\n"}}),
              IsEmpty());
  EXPECT_THAT(
      findings_with({{"src/core/net/a.h", "// He told.\n\n// She told.\n"}}, "words told 2\n"),
      IsEmpty());
}

// The lines of the new ratchet but for its comment, and the findings if there is none.
std::vector<std::string> ratchet_after(const std::vector<File>& files) {
  std::vector<Source> sources;
  sources.reserve(files.size());
  for (const File& file : files) sources.emplace_back(file.path, file.text);
  Report report;
  std::vector<std::string> out;
  const auto text = new_ratchet(Tree(std::move(sources)), report);
  const Source ratchet(kRatchetPath, text.value_or(""));
  for (std::size_t number = 1; number <= ratchet.line_count(); ++number) {
    if (!ratchet.line(number).starts_with('#')) out.emplace_back(ratchet.line(number));
  }
  EXPECT_EQ(text.has_value(), report.findings().empty());
  for (const Finding& finding : report.findings()) out.push_back(to_text(finding));
  return out;
}

TEST(Ratchet, IsWrittenWithWhatIsAboveTheLimitNow) {
  const File code = {"src/net/a.cc", large_class("C", 50) + large_class("A", 40) +
                                         large_function("void b()", 70) +
                                         large_function("void b(int)", 75)};
  const std::vector<std::string> now = {"class C 50", "function b 75", "function b 70"};
  EXPECT_EQ(ratchet_after({code}), now);
  EXPECT_EQ(ratchet_after(
                {code, {kRatchetPath, "class A 41\nclass C 51\nfunction b 80\nfunction b 70\n"}}),
            now);
}

TEST(Ratchet, IsNotWrittenIfANumberWouldRiseOrALineBeAdded) {
  const File code = {"src/net/a.cc", large_class("A", 45) + large_class("B", 50)};
  EXPECT_THAT(ratchet_after({code, {kRatchetPath, "class A 46\nclass B 49\n"}}),
              ElementsAre(HasSubstr("class B has 50 declarations")));
  EXPECT_THAT(ratchet_after({code, {kRatchetPath, "class A 45\n"}}),
              ElementsAre(HasSubstr("class B has 50 declarations")));
}

}  // namespace
}  // namespace gridloom::tidy
