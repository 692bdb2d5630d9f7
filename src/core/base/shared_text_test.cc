#include "base/shared_text.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace gridloom {
namespace {

using namespace std::string_view_literals;

TEST(SharedText, IsTheTextItWasMadeOf) {
  const struct {
    SharedText text;
    std::string_view expected;
  } rows[] = {
      {{}, ""},
      {"", ""},
      {"literal", "literal"},
      {"\0\xff"sv, "\0\xff"sv},
      {std::string(40, 'x'), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
      {std::make_shared<const std::string>("held elsewhere"), "held elsewhere"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.text, row.expected);
    EXPECT_EQ(row.text, std::string(row.expected));
    EXPECT_EQ(row.text, SharedText(row.expected));
    EXPECT_NE(row.text, "another");
    EXPECT_EQ(row.text.size(), row.expected.size());
    EXPECT_EQ(row.text.empty(), row.expected.empty());
  }
}

TEST(SharedText, CopiesShareTheBytes) {
  const std::string_view received = "{}";
  const SharedText text = received;
  EXPECT_NE(text.data(), received.data());
  SharedText copy = text;
  EXPECT_EQ(copy.data(), text.data());
  const SharedText moved = std::move(copy);
  EXPECT_EQ(moved.data(), text.data());
}

TEST(SharedText, TextsOfTheProgramAreNotCopied) {
  constexpr std::string_view kText = "a part of the program";
  const SharedText text = SharedText::of_static(kText);
  EXPECT_EQ(text, kText);
  EXPECT_EQ(text.data(), kText.data());
  EXPECT_TRUE(SharedText::of_static({}).empty());
}

TEST(SharedText, TakesTheBufferOfAStringWithoutACopy) {
  std::string whole(1000, 'x');
  const char* const bytes = whole.data();
  const SharedText text = std::move(whole);
  EXPECT_EQ(text.data(), bytes);
  const auto held = std::make_shared<const std::string>("twin");
  EXPECT_EQ(SharedText(held).data(), held->data());
}

TEST(SharedText, OutlivesWhatItWasMadeOf) {
  auto held = std::make_shared<const std::string>("a text that is too long to be stored in place");
  const SharedText text = held;
  held.reset();
  EXPECT_EQ(text, "a text that is too long to be stored in place");
}

}  // namespace
}  // namespace gridloom
