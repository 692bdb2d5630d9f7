// Secrets: one text in memory for any number of copies, and no trace of it left behind.
#include "base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom {
namespace {

TEST(Secret, CopiesShareOneText) {
  const Secret first(std::string(64, 'k'));
  Secret second = first;
  const Secret third = second;
  EXPECT_EQ(&first.reveal(), &second.reveal());
  EXPECT_EQ(&first.reveal(), &third.reveal());
  second = Secret("another");
  EXPECT_EQ(first.reveal(), std::string(64, 'k'));
  EXPECT_TRUE(third.matches(std::string(64, 'k')));
  EXPECT_TRUE(second.matches("another"));
  EXPECT_FALSE(second.matches("anotheR"));
  EXPECT_TRUE(first.matches(third));
  EXPECT_TRUE(first.matches(Secret(std::string(64, 'k'))));
  EXPECT_FALSE(first.matches(second));
  EXPECT_FALSE(first.matches(Secret()));
}

TEST(Secret, TheEmptyOneMatchesOnlyNothing) {
  const Secret none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.reveal(), "");
  EXPECT_TRUE(none.matches(""));
  EXPECT_FALSE(none.matches("x"));
  EXPECT_TRUE(Secret(std::string()).empty());
}

TEST(Secret, AMovedFromSecretIsEmpty) {
  Secret from("short");
  const Secret to = std::move(from);
  EXPECT_EQ(to.reveal(), "short");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the question
}

// Short texts are stored in the string object, long ones outside; a cleared string still holds
// both.
TEST(Secret, WipingLeavesNothingInAllThatAStringHasAllocated) {
  for (const std::size_t size : {1U, 15U, 16U, 64U, 1000U}) {
    std::string text(size, 's');
    text.reserve(2 * size);
    text.append(size / 2, 't');
    text.resize(size / 2);
    wipe(text);
    EXPECT_TRUE(text.empty());
    const std::string_view allocated(text.data(), text.capacity());
    EXPECT_TRUE(std::ranges::all_of(allocated, [](char c) { return c == '\0'; })) << size;
  }
}

}  // namespace
}  // namespace gridloom
