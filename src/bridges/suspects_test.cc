#include "bridges/suspects.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/temporary_folder.h"

namespace gridloom::bridges {
namespace {

using std::chrono::seconds;
using Verdict = Suspects::Verdict;

// Runs of a program with some bridges, each of which begins if it may.
class SuspectsTest : public testing::Test {
 protected:
  // Those that began, in the order of their names; '?' behind one that waits, '!' behind one that
  // is off.
  std::string start(const std::vector<std::string>& names) {
    suspects.reset();
    suspects.emplace(folder.path());
    EXPECT_TRUE(suspects->watch("none"));
    return begin(names);
  }
  std::string begin(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
      const Verdict verdict = suspects->of(name);
      text += text.empty() ? "" : " ";
      text += name;
      if (verdict == Verdict::kBegin) suspects->begin(name, now);
      if (verdict == Verdict::kWait) text += '?';
      if (verdict == Verdict::kOff) text += '!';
      if (verdict == Verdict::kOff) suspects->found_out(name);
    }
    suspects->save();
    return text;
  }
  // As the handler of the signal does it.
  void die() { std::ofstream(folder.path() / "fatal-end", std::ios::app) << '!'; }
  void pass(seconds time) {
    now += time;
    suspects->tick(now);
    suspects->save();
  }

  TemporaryFolder folder;
  Suspects::Moment now{};
  std::optional<Suspects> suspects;
};

TEST_F(SuspectsTest, TheOnlyOneIsOffAtTheThirdStart) {
  EXPECT_EQ(start({"a"}), "a");
  die();
  EXPECT_EQ(start({"a"}), "a");
  die();
  EXPECT_EQ(start({"a"}), "a!");
  EXPECT_EQ(start({"a"}), "a!") << "until it is told otherwise";
  suspects->forgive("a");
  EXPECT_EQ(begin({"a"}), "a");
}

TEST_F(SuspectsTest, AProgramThatIsKilledOrStoppedSuspectsNobody) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(start({"a"}), "a");
  die();
  EXPECT_EQ(start({"a"}), "a");
  suspects->end("a");
  suspects->save();
  die();
  EXPECT_EQ(start({"a"}), "a") << "it had ended before";
}

TEST_F(SuspectsTest, WhatHasRunForAMinuteIsNotNear) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(start({"a", "b"}), "a b");
    pass(seconds(60));
    EXPECT_EQ(begin({"c"}), "c");
    die();
    if (i == 1) break;
  }
  EXPECT_EQ(start({"a", "b", "c"}), "a b c!");
}

TEST_F(SuspectsTest, OfSeveralTheOneIsFoundByLettingThemBeginOneByOne) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(start({"a", "b", "c"}), "a b c");
    die();
  }
  EXPECT_EQ(start({"a", "b", "c"}), "a b? c?");
  pass(seconds(60));
  EXPECT_EQ(begin({"b", "c"}), "b c?") << "a is none any more";
  die();
  EXPECT_EQ(start({"a", "b", "c"}), "a b! c");
}

TEST_F(SuspectsTest, AFileThatIsNoneIsNoFault) {
  EXPECT_EQ(start({"a"}), "a");
  for (const std::string_view text : {"", "[", "[1]", R"({"near":5,"ends":[]})",
                                      R"({"near":[1,null],"ends":{"a":"x","b":1e300}})"}) {
    std::ofstream(folder.path() / "suspect-bridges.json") << text;
    die();
    EXPECT_EQ(start({"a"}), "a") << text;
    std::ofstream(folder.path() / "suspect-bridges.json") << "{}";
  }
}

}  // namespace
}  // namespace gridloom::bridges
