// Tests each rule on small trees made of strings: the findings it reports, and the code it accepts.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/rules.h"
#include "tidy/test_trees.h"
#include "tidy/tree.h"

namespace gridloom::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Source, BlanksCommentsAndLiteralsInCode) {
  const Source file("src/a.cc",
                    "int a = 1'000; // rand()\nauto b = \"rand()\"; /* x\ny */ char c = '\"';\n");
  EXPECT_EQ(file.code(),
            "int a = 1'000;          \nauto b = \"      \";     \n     char c = ' ';\n");
  EXPECT_THAT(file.comments(), HasSubstr("// rand()"));
  ASSERT_EQ(file.literals().size(), 1U);
  EXPECT_EQ(file.literals()[0].content, "rand()");
}

TEST(Source, ReadsRawStringsToTheirOwnEnd) {
  const Source file("src/a.cc", "auto a = R\"x(one \" ) two)x\"; rand();\n");
  ASSERT_EQ(file.literals().size(), 1U);
  EXPECT_EQ(file.literals()[0].content, "one \" ) two");
  EXPECT_EQ(file.code(), "auto a = R\"" + std::string(15, ' ') + "\"; rand();\n");
}

TEST(Source, CountsLinesFromOne) {
  const Source file("src/a.cc", "one\ntwo\n");
  EXPECT_EQ(file.line_count(), 2U);
  EXPECT_EQ(file.line_of(0), 1U);
  EXPECT_EQ(file.line_of(4), 2U);
  EXPECT_EQ(file.line(2), "two");
}

TEST(Report, LetsALinePassThatSaysWhy) {
  EXPECT_THAT(findings_of(check_words, "int a = rand();  // tidy: allowed, a test of the rule\n"),
              IsEmpty());
  EXPECT_EQ(findings_of(check_words, "int a = rand();  // tidy: allowed, \n").size(), 1U);
}

TEST(Layers, LetARoomIncludeItselfAndWhatItsRowNames) {
  EXPECT_THAT(findings_of(check_layers, {{"layers.txt", "# rooms\nbase:\nnet: base\n"},
                                         {"src/base/a.h", ""},
                                         {"src/main.cc", "#include \"net/b.h\"\n"},
                                         {"src/net/b.h", "#include \"base/a.h\"\n#include <map>\n"},
                                         {"src/net/b.cc", "#include \"net/b.h\"\n"}}),
              IsEmpty());
}

TEST(Layers, RefuseAnIncludeUpwardsWithTheRowAsTheCure) {
  EXPECT_THAT(
      findings_of(check_layers, {{"layers.txt", "base:\nnet: base\n"},
                                 {"src/base/a.h", "\n#include \"net/b.h\"\n"},
                                 {"src/net/b.h", ""}}),
      ElementsAre("src/base/a.h:2: error: 'base' may not include 'net'; layers.txt lets it include "
                  "nothing: pass in what it needs, or move the code"));
}

TEST(Layers, NameTheWingOfARoom) {
  const std::vector<File> rooms = {
      {"layers.txt", "core/base:\nbridges: base\n  core:\n  .: core\n"},
      {"src/core/base/a.h", ""},
      {"src/bridges/core/b.h", "#include \"base/a.h\"\n"},
      {"src/bridges/all.cc", "#include \"bridges/core/b.h\"\n"}};
  struct Row {
    File file;
    std::string_view finding;  // empty: none
  };
  for (const Row& row : std::vector<Row>{
           {{"src/core/base/c.cc", "#include \"base/a.h\"\n"}, ""},
           {{"src/core/base/c.cc", "#include \"bridges/core/b.h\"\n"},
            "src/core/base/c.cc:1: error: 'base' may not include 'bridges'"},
           {{"src/bridges/core/c.cc", "#include \"core/base/a.h\"\n"}, "is no file of a room"},
           {{"src/core/new/c.h", ""}, "src/core/new has no row"}}) {
    std::vector<File> files = rooms;
    files.push_back(row.file);
    const auto findings = findings_of(check_layers, files);
    if (row.finding.empty()) {
      EXPECT_THAT(findings, IsEmpty());
    } else {
      EXPECT_THAT(findings, ElementsAre(HasSubstr(std::string(row.finding))));
    }
  }
}

TEST(Budgets, HoldEachWingToItsLines) {
  struct Row {
    std::string_view budgets;
    std::vector<std::string_view> findings;
  };
  const std::string big = [] {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "int a;\n";
    return text;
  }();
  for (const Row& row : std::vector<Row>{
           {"", {}},
           {"lines core 3\nlines home 500\n", {}},
           {"lines core 2\nlines home 500\n", {"core has 3 lines of code, and its budget is 2"}},
           {"lines core 3\n", {"home has no budget; add the row `lines home 500`"}},
           {"lines core 403\nlines home 901\n", {"home has 500 lines of code, far below"}}}) {
    const auto findings = findings_of(
        check_budgets,
        {{"layers.txt", std::string(row.budgets)},
         {"src/core/a/b.h", "// A comment\n\n#include \"a/c.h\"\nint a;\n  // another\nint b;\n"},
         {"src/core/a/b.cc", "int c;  // behind code\n"},
         {"src/core/a/b_test.cc", "int d;\n"},
         {"src/core/a/test_b.h", "int e;\n"},
         {"src/home/a/b.h", big}});
    ASSERT_EQ(findings.size(), row.findings.size()) << row.budgets;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      EXPECT_THAT(findings[i], HasSubstr(std::string(row.findings[i])));
    }
  }
}

TEST(Layers, KeepWingsApart) {
  std::vector<File> files = {
      {"layers.txt",
       "core/base:\nhome/home: base\nbridges: base home\nlab/sim: base home\n"
       "cluster/node: base sim\napp: base home bridges sim node\n"}};
  for (const char* room : {"core/base", "home/home", "bridges", "lab/sim", "cluster/node", "app"}) {
    files.push_back({fmt::format("src/{}/a.h", room), ""});
  }
  const auto findings = findings_of(check_layers, files);
  EXPECT_THAT(findings,
              testing::UnorderedElementsAre(
                  HasSubstr("'lab/sim' may not name 'home/home', a room of another wing"),
                  HasSubstr("'cluster/node' may not name 'lab/sim', a room of another wing")));
}

TEST(Layers, RefuseAnIncludeThatIsNotWrittenFromItsRoom) {
  EXPECT_THAT(findings_of(check_layers, {{"layers.txt", "base:\n"},
                                         {"src/base/a.h", "#include \"b.h\"\n"},
                                         {"src/base/b.h", ""}}),
              ElementsAre(HasSubstr("\"b.h\" is no file of a room")));
}

TEST(Layers, AreBottomUp) {
  EXPECT_THAT(findings_of(check_layers, {{"layers.txt", "net: base\nbase:\n"},
                                         {"src/base/a.h", ""},
                                         {"src/net/b.h", ""}}),
              ElementsAre(HasSubstr("layers.txt:1: error: 'base' is named before its own row")));
}

TEST(Layers, NameEveryFolderOnceAndNoOther) {
  EXPECT_THAT(findings_of(check_layers, {{"layers.txt", "base:\nbase:\nnet: base\n"},
                                         {"src/base/a.h", ""},
                                         {"src/hub/b.h", ""}}),
              ElementsAre(HasSubstr("a second row for 'base'"), HasSubstr("src/hub has no row"),
                          HasSubstr("there is no src/net")));
}

TEST(Layers, OrderTheFoldersOfARoom) {
  const std::vector<File> rooms = {
      {"layers.txt",
       "base:\n"
       "history: base\n"
       "  blocks:\n"
       "  .: blocks\n"
       "  series: blocks .\n"
       "hub: history\n"},
      {"src/base/a.h", ""},
      {"src/history/archive.h", "#include \"history/blocks/block.h\"\n"},
      {"src/history/blocks/block.h", "#include \"base/a.h\"\n"},
      {"src/history/blocks/testdata/old.txt", ""},
      {"src/history/series/plot.h", ""},
      {"src/hub/hub.h", "#include \"history/series/plot.h\"\n"}};
  struct Row {
    File file;
    std::string_view finding;  // empty: none
  };
  const std::string plot = "#include \"history/series/plot.h\"\n";
  for (const Row& row : std::vector<Row>{
           {{"src/history/series/steps.h", plot + "#include \"history/archive.h\"\n"}, ""},
           {{"src/history/archive_test.cc", "#include \"history/blocks/block.h\"\n"}, ""},
           {{"src/history/archive.cc", plot},
            "'.' may not include 'series'; layers.txt lets this "
            "folder include blocks: pass in what it needs"},
           {{"src/history/blocks/column.cc", "#include \"history/archive.h\"\n"},
            "src/history/blocks/column.cc:1: error: 'blocks' may not include '.'; layers.txt lets "
            "this "
            "folder include nothing"},
           {{"src/history/blocks/block_test.cc", plot}, "'blocks' may not include 'series'"},
           {{"src/history/store/store.h", ""}, "src/history/store has no row"}}) {
    std::vector<File> files = rooms;
    files.push_back(row.file);
    const auto findings = findings_of(check_layers, files);
    if (row.finding.empty()) {
      EXPECT_THAT(findings, IsEmpty());
    } else {
      EXPECT_THAT(findings, ElementsAre(HasSubstr(std::string(row.finding))));
    }
  }
}

TEST(Layers, OfFoldersAreBottomUpAndNameNoOther) {
  EXPECT_THAT(
      findings_of(check_layers, {{"layers.txt", "base:\n  .: log\n  log:\n  log:\n  new:\n"},
                                 {"src/base/a.h", ""},
                                 {"src/base/log/b.h", ""}}),
      ElementsAre(HasSubstr("layers.txt:2: error: 'log' is named before its own row"),
                  HasSubstr("layers.txt:4: error: a second row for 'log'"),
                  HasSubstr("there is no src/base/new")));
}

TEST(Layers, GiveARoomForTestsToTestsOnly) {
  const std::vector<File> rooms = {
      {"layers.txt", "base:\nhub: base\ntesting (tests): base hub\n"},
      {"src/base/clock.h", ""},
      {"src/hub/hub.h", "#include \"base/clock.h\"\n"},
      {"src/hub/hub.cc", "#include \"hub/hub.h\"\n"},
      {"src/testing/clock.h", "#include \"base/clock.h\"\n"},
      {"src/testing/home.h", "#include \"hub/hub.h\"\n#include \"testing/clock.h\"\n"}};
  const auto with = [&rooms](const File& file) {
    std::vector<File> files = rooms;
    files.push_back(file);
    return findings_of(check_layers, files);
  };
  const std::string home = "#include \"testing/home.h\"\n";
  EXPECT_THAT(with({"src/hub/hub_test.cc", home}), IsEmpty());
  EXPECT_THAT(with({"src/hub/test_rows.h", home}), IsEmpty());
  EXPECT_THAT(with({"src/base/a_test.cc", "#include \"testing/clock.h\"\n"}), IsEmpty());
  EXPECT_THAT(with({"src/base/a_test.cc", home}),
              ElementsAre(HasSubstr("a test of 'base' may not include \"testing/home.h\", behind "
                                    "which is hub; include a smaller header")));
  EXPECT_THAT(with({"src/hub/shard.cc", home}),
              ElementsAre(HasSubstr("src/hub/shard.cc:1: error: the program includes "
                                    "\"testing/home.h\", which is for tests")));
  EXPECT_THAT(with({"src/main.cc", home}), ElementsAre(HasSubstr("which is for tests")));
}

TEST(Layers, NameHeadersForTestsAndKeepThemOutOfTheProgram) {
  const File rooms = {"layers.txt", "base:\n"};
  EXPECT_THAT(findings_of(check_layers, {rooms,
                                         {"src/base/rows.h", ""},
                                         {"src/base/a_test.cc", "#include \"base/rows.h\"\n"}}),
              ElementsAre(HasSubstr("src/base/rows.h:1: error: only tests include this header")));
  EXPECT_THAT(findings_of(check_layers, {rooms,
                                         {"src/base/rows.cc", ""},
                                         {"src/base/rows.h", ""},
                                         {"src/base/a_test.cc", "#include \"base/rows.h\"\n"}}),
              IsEmpty());
  EXPECT_THAT(
      findings_of(check_layers, {rooms,
                                 {"src/base/test_rows.h", ""},
                                 {"src/base/a.cc", "#include \"base/test_rows.h\"\n"},
                                 {"src/base/a_test.cc", "#include \"base/test_rows.h\"\n"}}),
      ElementsAre(HasSubstr("src/base/a.cc:1: error: the program includes")));
}

TEST(Form, LimitsTheLengthOfAFile) {
  EXPECT_THAT(findings_of(check_form, "// Opens.\n" + repeated("int a;\n", 699)), IsEmpty());
  EXPECT_THAT(findings_of(check_form, "// Opens.\n" + repeated("int a;\n", 700)),
              ElementsAre(HasSubstr("src/net/a.cc:701: error: a file of 701 lines")));
}

TEST(Form, LimitsTheLengthOfALineInCharacters) {
  EXPECT_THAT(findings_of(check_form, "// " + repeated("°", 97) + "\n"), IsEmpty());
  EXPECT_THAT(findings_of(check_form, "// " + repeated("°", 98) + "\n"),
              ElementsAre(HasSubstr("a line of 101 columns")));
}

TEST(Form, LimitsTheLengthOfALineOfADeviceFile) {
  const std::string line = "# " + repeated("°", 98) + "\n";
  EXPECT_THAT(findings_of(check_form, {{"homes/a.yaml", line + "#" + line}}),
              ElementsAre(HasSubstr("homes/a.yaml:2: error: a line of 101 columns")));
  EXPECT_THAT(findings_of(check_form, {{"devices/a.yaml", line}, {"docs/a.yaml", line + line}}),
              IsEmpty());
  EXPECT_THAT(findings_of(check_form, {{"devices/a.yaml", line + "#" + line}}),
              ElementsAre(HasSubstr("devices/a.yaml:2: error: a line of 101 columns")));
}

TEST(Form, LetsLongAddressesAndRawStringsPass) {
  EXPECT_THAT(findings_of(check_form, "// https://" + repeated("a", 100) + "\n"), IsEmpty());
  EXPECT_THAT(findings_of(check_form, "auto a = R\"(\n" + repeated("a", 120) + "\n)\";\n"),
              IsEmpty());
}

TEST(Form, WantsAnOpeningCommentInHeadersAndInLongFilesWithoutOne) {
  const std::string shorter = repeated("int a;\n", 80);
  const std::string longer = repeated("int a;\n", 81);
  const File header = {"src/a/a.h", "// A.\n#pragma once\n"};
  EXPECT_THAT(findings_of(check_form, {{"src/a/a.h", "#pragma once\n"}}),
              ElementsAre(HasSubstr("does not open with a comment")));
  EXPECT_THAT(findings_of(check_form, {{"src/a/a.cc", longer}}),
              ElementsAre(HasSubstr("does not open with a comment")));
  EXPECT_THAT(findings_of(check_form, {{"src/a/a.cc", shorter}}), IsEmpty());
  EXPECT_THAT(findings_of(check_form, {{"src/a/a.cc", "// A.\n" + longer}}), IsEmpty());
  // The header or the tested file has the opening comment.
  EXPECT_THAT(findings_of(check_form, {header, {"src/a/a_test.cc", longer}}), IsEmpty());
  EXPECT_THAT(findings_of(check_form, {header, {"src/a/a.cc", "#include \"a/a.h\"\n" + longer}}),
              IsEmpty());
}

TEST(Form, WantsPragmaOnceInHeaders) {
  EXPECT_THAT(findings_of(check_form, {{"src/a/a.h", "// A.\n#pragma once\n"}}), IsEmpty());
  EXPECT_THAT(findings_of(check_form, {{"src/a/a.h", "// A. No #pragma once\n"}}),
              ElementsAre(HasSubstr("a header without #pragma once")));
}

TEST(Form, WantsTheOwnHeaderFirst) {
  const File header = {"src/a/a.h", "// A.\n#pragma once\n"};
  EXPECT_THAT(
      findings_of(check_form, {header, {"src/a/a.cc", "#include \"a/a.h\"\n\n#include <map>\n"}}),
      IsEmpty());
  EXPECT_THAT(findings_of(check_form, {header, {"src/a/a_test.cc", "#include <map>\n"}}),
              IsEmpty());
  EXPECT_THAT(findings_of(check_form, {{"src/app/wings/with_b/b.h", header.text},
                                       {"src/app/wings/with_b/b.cc", "#include \"with_b/b.h\"\n"}}),
              IsEmpty());
  EXPECT_THAT(
      findings_of(check_form, {header, {"src/a/a.cc", "#include <map>\n#include \"a/a.h\"\n"}}),
      ElementsAre(
          HasSubstr("src/a/a.cc:1: error: the file's own header is not its first include")));
}

class BannedCalls : public ::testing::TestWithParam<const char*> {};

TEST_P(BannedCalls, AreReportedWithTheirCure) {
  const auto findings = findings_of(check_words, GetParam());
  ASSERT_EQ(findings.size(), 1U) << GetParam();
  EXPECT_THAT(findings[0], HasSubstr("is not used here; "));
}

INSTANTIATE_TEST_SUITE_P(
    Words, BannedCalls,
    ::testing::Values("void f() { std::this_thread::sleep_for(1s); }", "void f() { sleep(1); }",
                      "void f() { ::usleep(1); }", "int a = std::system(\"ls\");",
                      "auto* a = popen(\"ls\", \"r\");", "void f() { strcpy(a, b); }",
                      "void f() { std::sprintf(a, \"%d\", 1); }", "int a = std::atoi(b);",
                      "int a = std::stoi(b);", "char* a = strtok(b, c);", "auto* a = gmtime(&b);",
                      "auto* a = std::localtime(&b);", "auto a = ::localtime_r(&b, &c);",
                      "auto a = mktime(&b);", "void f() { ::tzset(); }", "int a = std::rand();",
                      "void f() { printf(\"a\"); }", "const std::regex kA(\"a\");"));

class AllowedCalls : public ::testing::TestWithParam<const char*> {};

TEST_P(AllowedCalls, AreNotTakenForBannedOnes) {
  EXPECT_THAT(findings_of(check_words, GetParam()), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Words, AllowedCalls,
    ::testing::Values("void f() { battery.sleep(1); }", "void f() { battery->sleep(1); }",
                      "void f() { vendor::system(1); }", "int system = 1;",
                      "// rand() is no good\n", "auto a = \"rand()\";",
                      "auto a = X509_gmtime_adj(b, c);", "void f() { fmt::print(\"a\"); }",
                      "void f() { random_key(20); }",
                      "struct A { A& operator=(const A&) = delete; };",
                      "auto a = std::unique_ptr<A>(new A(1));", "std::unique_ptr<A> a(new A(1));",
                      "auto a = std::unique_ptr<A<int>>(new A<int>(1));", "#include <new>\n"));

TEST(Words, LetTestsReadNumbersAsTheyLikeButNotSleep) {
  EXPECT_THAT(findings_of(check_words, {{"src/a/a_test.cc", "int a = std::stoi(b);"},
                                        {"src/a/test_home.h", "const std::regex kA(\"a\");"}}),
              IsEmpty());
  EXPECT_THAT(findings_of(check_words, {{"src/a/a_test.cc", "void f() { sleep(1); }"}}),
              ElementsAre(HasSubstr("sleep is not used here")));
}

TEST(Words, RefuseBareNewAndDelete) {
  EXPECT_THAT(findings_of(check_words, "auto* a = new A(1);"),
              ElementsAre(HasSubstr("a bare new")));
  EXPECT_THAT(findings_of(check_words, "void f() { g(b < c, 1 > (new A(1))); }"),
              ElementsAre(HasSubstr("a bare new")));
  EXPECT_THAT(findings_of(check_words, "void f() { delete a; }"),
              ElementsAre(HasSubstr("a bare delete")));
}

TEST(Words, RefuseUsingNamespaceInHeadersOnly) {
  EXPECT_THAT(findings_of(check_words, "using namespace std::chrono_literals;\n"), IsEmpty());
  EXPECT_THAT(findings_of(check_words, {{"src/a/a.h", "using namespace std;\nusing std::map;\n"}}),
              ElementsAre(HasSubstr("src/a/a.h:1: error: using namespace in a header")));
}

TEST(RetiredNames, AreRefusedWithTheNameToUse) {
  EXPECT_THAT(
      findings_of(check_retired_names, "Result<int> f();\nFaultKind kind;\n"),
      ElementsAre("src/net/a.cc:2: error: FaultKind is a retired name; it is ErrorCode now"));
  EXPECT_THAT(findings_of(check_retired_names, {{"tests/a/a_test.cc", "auto a = misdoes(b);"}}),
              ElementsAre(HasSubstr("it is injected now")));
  EXPECT_THAT(
      findings_of(check_retired_names, {{"src/lab/sim/a.cc", "HandClock clock; check_order(a);"}}),
      ElementsAre(HasSubstr("it is SteppedClock now"), HasSubstr("it is check_fault_rule now")));
}
TEST(RetiredNames, CountWhereTheyStoodAndInCodeOnly) {
  EXPECT_THAT(findings_of(check_retired_names, {{"src/core/net/a.h", "struct Line {};"}}),
              ElementsAre(HasSubstr("it is ConnectionContext now")));
  EXPECT_THAT(findings_of(check_retired_names, {{"src/transcripts/a.h", "struct Line {};"}}),
              IsEmpty());
  EXPECT_THAT(findings_of(check_retired_names, {{"src/core/mqtt/a.h", "struct Parting {};"}}),
              ElementsAre(HasSubstr("it is ConnectionEnd now")));
  EXPECT_THAT(findings_of(check_retired_names, {{"src/lab/sim/a.h", "struct Parting {};"}}),
              IsEmpty());
  EXPECT_THAT(findings_of(check_retired_names,
                          "// A Fault says what went wrong.\nauto a = \"Fault\"; Faults b;"),
              IsEmpty());
}
TEST(Words, RefuseUnfinishedWork) {
  EXPECT_THAT(findings_of(check_words, "int a;\n// TODO: more\n"),
              ElementsAre("src/net/a.cc:2: error: TODO in the tree; do it, or open an issue"));
  EXPECT_THAT(findings_of(check_words, {{"docs/a.md", "a FIXME\n"}, {"run", "# HACK\n"}}).size(),
              2U);
  EXPECT_THAT(findings_of(check_words, "auto a = \"TODO\"; // TODOS and XXXX\n"), IsEmpty());
}

TEST(Coroutines, RefuseLambdasWithCapturesInsideCoAwait) {
  for (const char* code : {"co_await f([s] { g(s); });", "co_await [s]() -> Task { co_return; }();",
                           "auto a = co_await f(1, [&](int x) mutable { g(x); });",
                           "if (co_await f([=] { return 1; })) {}"}) {
    EXPECT_THAT(findings_of(check_coroutines, code),
                ElementsAre(HasSubstr("a lambda with captures inside a co_await expression")))
        << code;
  }
}

TEST(Coroutines, RefuseBracesWithOwnersInsideCoAwait) {
  for (const char* code :
       {"co_await f({.sn = std::string(sn)});", "co_await f(Options{.sn = std::move(sn)});",
        "co_await f(std::array<std::string, 2>{std::string(a), b});"}) {
    EXPECT_THAT(findings_of(check_coroutines, code),
                ElementsAre(HasSubstr("braces with an owner inside a co_await expression")))
        << code;
  }
}

TEST(Coroutines, LetViewsAndNamedObjectsPass) {
  for (const char* code : {"co_await f({.sn = sn, .limit = 5});",
                           "Options o{.sn = std::string(sn)};\nco_await f(std::move(o));",
                           "co_await f([] { return 1; });", "co_await f(rows[i], std::string(a));",
                           "if (co_await f(a)) { g([a] { h(a); }, {std::string(b)}); }",
                           "co_await f(a); g([a] {});", "g(co_await f(a), [a] {});"}) {
    EXPECT_THAT(findings_of(check_coroutines, code), IsEmpty()) << code;
  }
}

const File kDevice = {"devices/delta.yaml",
                      "family: delta\n"
                      "reports:\n"
                      "  a.b: {match: {}}\n"
                      "fields:\n"
                      "  # Sums\n"
                      "  pd.soc: {type: int}\n"
                      "  \"20_1.watts\": {type: int}\n"
                      "  soc: {type: int}\n"};

TEST(FieldNames, AreRefusedInCode) {
  EXPECT_THAT(
      findings_of(
          check_field_names,
          {kDevice, {"src/core/hub/a.cc", "auto a = \"pd.soc\";\nauto b = \"20_1.watts\";"}}),
      ElementsAre(HasSubstr("src/core/hub/a.cc:1: error: the field 'pd.soc' in C++"),
                  HasSubstr("src/core/hub/a.cc:2: error: the field '20_1.watts' in C++")));
}

TEST(FieldNames, OfATemplateAreRefusedWithWhateverItsParametersStandFor) {
  const File device = {"devices/delta.yaml",
                       "templates:\n"
                       "  # Inputs\n"
                       "  input:\n"
                       "    parameters: [n]\n"
                       "    fields:\n"
                       "      watts: {unit: W}\n"
                       "      in<n>On:\n"
                       "        type: bool\n"
                       "  other:\n"
                       "    fields:\n"
                       "      never: {}\n"
                       "fields:\n"
                       "  pv.: {type: int}\n"
                       "  pv.<input>:\n"
                       "    - {with: {n: 1}}\n"};
  const auto findings = [&](const std::string& text) {
    return findings_of(check_field_names,
                       {device, {"src/core/hub/a.cc", "auto a = \"" + text + "\";"}});
  };
  for (const char* name : {"pv.watts", "pv.in1On", "pv.in12On"}) {
    EXPECT_THAT(findings(name), ElementsAre(HasSubstr(name))) << name;
  }
  for (const char* other : {"pv.", "pv.inOn", "pv.in1", "pv.never", "watts", "x.pv.in1On"}) {
    EXPECT_THAT(findings(other), IsEmpty()) << other;
  }
}

TEST(FieldNames, AreAllowedInModelsAndTestsAndNamesOfOthersEverywhere) {
  const std::string code = "auto a = \"pd.soc\";\n";
  EXPECT_THAT(
      findings_of(check_field_names,
                  {kDevice,
                   {"src/lab/sim/models/delta.cc", code},
                   {"src/core/hub/a_test.cc", code},
                   {"tests/clients/a.cc", code},
                   {"src/core/hub/a.cc", "auto a = \"a.b\"; auto b = \"soc\"; // \"pd.soc\"\n"}}),
      IsEmpty());
}

TEST(Topics, AreSpelledInOnePlace) {
  const std::string code = "auto a = \"/device/\"; auto b = \"/open/{}/{}\";\n";
  EXPECT_THAT(findings_of(check_topics, {{"src/lab/sim/fleet.cc", code}}),
              ElementsAre(HasSubstr("src/lab/sim/fleet.cc:1: error: the topic '/device/' in C++"),
                          HasSubstr("the topic '/open/{}/{}' in C++; make and read topics with")));
  EXPECT_THAT(findings_of(check_topics, {{"src/core/wire/topics.h", code},
                                         {"src/core/hub/hub_test.cc", code},
                                         {"src/testing/home.h", code},
                                         {"tests/rights/rights_test.cc", code},
                                         {"src/core/http/api.cc",
                                          "auto a = \"/iot-open/sign/device/list\";\n"
                                          "auto b = \"publish to /open/ACCOUNT\"; // /device/\n"}}),
              IsEmpty());
}

const std::vector<File> kProject = {{"src/core/wire/json.h", ""},
                                    {"src/core/http/api.cc", ""},
                                    {"devices/delta.yaml", ""},
                                    {"tools/tidy/main.cc", ""}};

std::vector<std::string> findings_of_document(const std::string& text) {
  std::vector<File> files = kProject;
  files.push_back({"docs/a.md", text});
  return findings_of(check_documents, files);
}

TEST(Documents, NameOnlyFilesThatExist) {
  EXPECT_THAT(
      findings_of_document("See `src/core/wire/json.h`, wire/json.h:12, [it](devices/delta.yaml).\n"
                           "The folder `src/core/http/` and ./tools/tidy. `docs/a.md`: here.\n"),
      IsEmpty());
  EXPECT_THAT(findings_of_document(
                  "\nSee `src/core/wire/gone.h`, and wire/gone.h,\nand [it](devices/no.yaml)"),
              ElementsAre(HasSubstr("docs/a.md:2: error: there is no src/core/wire/gone.h"),
                          HasSubstr("docs/a.md:2: error: there is no wire/gone.h"),
                          HasSubstr("docs/a.md:3: error: there is no devices/no.yaml")));
}

TEST(Documents, MayUsePlaceholdersAddressesAndProse) {
  EXPECT_THAT(
      findings_of_document("src/<room>/a.cc, src/*/a.cc, devices/{a,b}.yaml, devices/....\n"
                           "https://example.com/src/a.cc and http/mqtt, build/release/gridloom\n"
                           "$DIR/src/none.cc\n"),
      IsEmpty());
}

TEST(Places, RefusePathsOfOneMachine) {
  EXPECT_EQ(findings_of(check_places, {{"docs/a.md", "cd /home/me/x\n"},
                                       {"src/a/a.cc", "auto a = \"/tmp/x\";\n"},
                                       {"tests/a.py", "open('/work/x')\n"}})
                .size(),
            3U);
  EXPECT_THAT(
      findings_of(check_places,
                  {{"docs/a.md", "https://example.com/home/ /home/energy ~/work/ build/tmp/x\n"},
                   {"run", "mktemp -p /tmp/\n"}}),
      IsEmpty());
}

TEST(Places, RefusePackageHosts) {
  EXPECT_THAT(
      findings_of(check_places, {{"run", "npm --registry https://registry.npmjs.org/ ci\n"}}),
      ElementsAre(HasSubstr("run:1: error: the package host 'registry.npmjs.org'")));
  EXPECT_THAT(
      findings_of(check_places,
                  {{"package-lock.json", "{\n  \"resolved\": \"https://host/a.tgz\"\n}\n"}}),
      ElementsAre(HasSubstr("package-lock.json:2: error: a lock file that names its host")));
  EXPECT_THAT(findings_of(check_places, {{"web/.npmrc", "registry=x\n"}}),
              ElementsAre(HasSubstr("a choice of package host")));
  EXPECT_THAT(findings_of(check_places, {{"package-lock.json", "{\"integrity\": \"sha512-x\"}\n"},
                                         {".npmrc", "omit-lockfile-registry-resolved=true\n"},
                                         {"docs/a.md", "https://www.npmjs.com/package/mqtt\n"}}),
              IsEmpty());
}

TEST(Tree, IsReadFromADiskWithoutWhatIsGenerated) {
  const std::filesystem::path root =
      std::filesystem::path(::testing::TempDir()) / "gridloom_tidy_tree";
  std::filesystem::remove_all(root);
  for (const char* folder : {"src/a", "build/src", "web/node_modules/x", ".git"}) {
    std::filesystem::create_directories(root / folder);
    std::ofstream(root / folder / "b.cc") << "int a;\n";
  }
  std::ofstream(root / "logo.png") << std::string("\x89PNG\0x", 6);
  const Tree tree = Tree::load(root);
  ASSERT_EQ(tree.files().size(), 1U);
  EXPECT_EQ(tree.files()[0].path(), "src/a/b.cc");
  EXPECT_TRUE(tree.has("logo.png"));
  EXPECT_TRUE(tree.has("src/"));
  EXPECT_FALSE(tree.has("build"));
  EXPECT_THAT(tree.folders("src"), ElementsAre("a"));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace gridloom::tidy
