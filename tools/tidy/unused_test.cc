// Tests which headers and names count as unused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tidy/rules.h"
#include "tidy/test_trees.h"

namespace gridloom::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Unused, FindsHeadersThatOnlyTheirOwnFileAndTestsInclude) {
  const std::vector<File> files = {{"src/core/net/a.h", ""},
                                   {"src/core/net/a.cc", "#include \"net/a.h\"\n"},
                                   {"src/core/net/a_test.cc", "#include \"net/a.h\"\n"}};
  EXPECT_THAT(findings_of(check_unused, files),
              ElementsAre("src/core/net/a.h:1: error: no production file includes this header but "
                          "its own .cc; remove both, or move them to a header for tests if they "
                          "need it"));
  for (const char* path :
       {"src/core/net/b.cc", "src/lab/sim/b.h", "tools/x/main.cc", "src/app/wings/with_net/a.cc"}) {
    auto more = files;
    more.push_back({path, "#include \"net/a.h\"\n"});
    EXPECT_THAT(findings_of(check_unused, more), IsEmpty()) << path;
  }
}

TEST(Unused, FindsNamesThatAreOnlyDeclaredAndDefined) {
  const auto with = [](const std::string& header, const std::string& own,
                       const std::string& other) {
    return findings_of(check_unused, {{"src/core/net/a.h", header},
                                      {"src/core/net/a.cc", "#include \"net/a.h\"\n" + own},
                                      {"src/core/net/b.cc", "#include \"net/a.h\"\n" + other},
                                      {"src/core/net/a_test.cc", "int t = f(kMost, Known{});\n"}});
  };
  EXPECT_THAT(with("int f(int value);\n", "int f(int value) { return 0; }\n", ""),
              ElementsAre("src/core/net/a.h:1: error: no production code uses f; remove it, or "
                          "move it to a header for tests if they need it"));
  EXPECT_THAT(with("\n[[nodiscard]] int f();  // tidy: allowed, a test waits for it\n", "", ""),
              IsEmpty());
  EXPECT_THAT(with("int f(int value);\n", "int f(int value) { return 0; }\n", "int x = f(1);\n"),
              IsEmpty());
  EXPECT_THAT(with("int f();\n", "int f() { return 0; }\nint x = f();\n", ""), IsEmpty());
  EXPECT_THAT(with("inline int f() { return 0; }\n", "int x = f();\n", ""), IsEmpty());
  for (const std::string header :
       {"inline int f() { return 0; }\n", "constexpr int kMost = 1;\n", "struct Known {};\n",
        "enum class Known { kOne };\n", "using Known = int;\n",
        "struct X {\n  int f();\n};\nX x();\n"}) {
    EXPECT_THAT(with(header, "", "void x();\n"), ElementsAre(HasSubstr("no production code uses")))
        << header;
  }
}

TEST(Unused, AllowsCodeForOthersAndNamesThatTheLanguageCalls) {
  EXPECT_THAT(findings_of(check_unused, {{"src/core/client/a.h", "int f();\n"},
                                         {"src/core/client/a.cc", "#include \"client/a.h\"\n"}}),
              IsEmpty());
  EXPECT_THAT(findings_of(check_unused, {{"src/core/net/a.h", "using is_transparent = void;\n"},
                                         {"src/core/net/b.cc", "#include \"net/a.h\"\n"}}),
              IsEmpty());
}

}  // namespace
}  // namespace gridloom::tidy
