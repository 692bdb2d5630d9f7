// Tests that a lazy value is made once, and that copies do not share it.
#include "base/lazy.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace gridloom {
namespace {

TEST(Lazy, HasNoValueUntilItIsMadeAndThenKeepsIt) {
  Lazy<std::string> text;
  EXPECT_EQ(text.get(), nullptr);
  text.make() = "a";
  text.make() += "b";
  ASSERT_NE(text.get(), nullptr);
  EXPECT_EQ(*text.get(), "ab");
}

TEST(Lazy, ACopyHasAValueOfItsOwn) {
  Lazy<std::string> text;
  Lazy<std::string> empty(text);
  EXPECT_EQ(empty.get(), nullptr);
  text.make() = "a";
  Lazy<std::string> copy(text);
  copy.make() += "b";
  EXPECT_EQ(*text.get(), "a");
  EXPECT_EQ(*copy.get(), "ab");
  text = copy;
  text.make() += "c";
  EXPECT_EQ(*copy.get(), "ab");
  const Lazy<std::string> moved(std::move(text));
  EXPECT_EQ(*moved.get(), "abc");
  copy = empty;
  EXPECT_EQ(copy.get(), nullptr);
}

}  // namespace
}  // namespace gridloom
