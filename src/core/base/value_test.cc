#include "base/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/dice.h"

namespace gridloom {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

struct Spelling {
  std::string_view json;
  Decimal number;
};

TEST(Value, ADecimalIsWhatIsWritten) {
  const std::vector<Spelling> spellings = {
      {"0", {0, 0}},
      {"7", {7, 0}},
      {"-7", {-7, 0}},
      {"0.0", {0, 1}},
      {"0.5", {5, 1}},
      {"-0.05", {-5, 2}},
      {"23.0", {230, 1}},
      {"-12.50", {-1250, 2}},
      {"100", {100, 0}},
      {"999999999999999999", {999'999'999'999'999'999, 0}},
      {"-999999999999999999", {-999'999'999'999'999'999, 0}},
      {"0.00000000000000001", {1, 17}},
      {"9.99999999999999999", {999'999'999'999'999'999, 17}},
  };
  for (const auto& [json, number] : spellings) {
    SCOPED_TRACE(json);
    EXPECT_EQ(decimal_of(json), number);
    EXPECT_EQ(text_of(number), json);
  }
}

TEST(Value, ANumberThatWouldNotBeReproducedIsNotADecimal) {
  for (const std::string_view json : {"",
                                      "-",
                                      ".",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "-.5",
                                      "01",
                                      "-01",
                                      "00",
                                      "00.5",
                                      "1e3",
                                      "1E3",
                                      "1e-3",
                                      "-0",
                                      "-0.0",
                                      "1.2.3",
                                      "1 ",
                                      " 1",
                                      "0x10",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "true",
                                      "\"1\"",
                                      "1,5",
                                      "--1",
                                      "1-",
                                      "1000000000000000000",
                                      "0.000000000000000001"}) {
    EXPECT_EQ(decimal_of(json), std::nullopt) << json;
  }
  EXPECT_EQ(decimal_of(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Value, AnyDecimalThatCanBeWrittenComesBack) {
  Dice dice(1);
  for (int i = 0; i < 20'000; ++i) {
    const Decimal number{.digits = dice.any_integer() % 1'000'000'000'000'000'000,
                         .scale = static_cast<std::uint8_t>(dice.below(17))};
    const std::string text = text_of(number);
    const auto again = decimal_of(text);
    if (text.size() > 18 && !again) continue;  // its zeros make it too long
    ASSERT_EQ(again, number) << text;
  }
}

TEST(Value, AnyTextEitherIsADecimalThatComesBackOrIsNone) {
  Dice dice(2);
  constexpr std::string_view kCharacters = "0012.-9e5";
  int numbers = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (std::size_t n = 1 + dice.below(8); n > 0; --n) {
      text += kCharacters[dice.below(kCharacters.size())];
    }
    const Value value = value_of(text);
    ASSERT_EQ(text_of(value), text);
    ASSERT_EQ(value.is_number, decimal_of(text).has_value()) << text;
    if (value.is_number) ++numbers;
  }
  EXPECT_GT(numbers, 1000);
}

TEST(Value, TheLargestNumbersAreWrittenRight) {
  EXPECT_EQ(text_of(Decimal{Limits::max(), 0}), "9223372036854775807");
  EXPECT_EQ(text_of(Decimal{Limits::min(), 0}), "-9223372036854775808");
  EXPECT_EQ(text_of(Decimal{Limits::min(), 18}), "-9.223372036854775808");
  EXPECT_EQ(text_of(Decimal{Limits::max(), 18}), "9.223372036854775807");
  EXPECT_EQ(text_of(Decimal{-1, 18}), "-0.000000000000000001");
  EXPECT_EQ(text_of(Decimal{0, 18}), "0.000000000000000000");
}

TEST(Value, ReducedHasNoZerosAtItsEnd) {
  const std::vector<std::pair<Decimal, Decimal>> cases = {
      {{1250, 2}, {125, 1}},
      {{1200, 2}, {12, 0}},
      {{0, 9}, {0, 0}},
      {{-10, 1}, {-1, 0}},
      {{100, 0}, {100, 0}},
      {{5, 18}, {5, 18}},
      {{Limits::min(), 3}, {Limits::min(), 3}},
  };
  for (const auto& [number, wanted] : cases) EXPECT_EQ(reduced(number), wanted);
  Dice dice(3);
  for (int i = 0; i < 10'000; ++i) {
    const Decimal number = dice.any_decimal();
    const Decimal less = reduced(number);
    ASSERT_DOUBLE_EQ(to_double(less), to_double(number));
    ASSERT_EQ(reduced(less), less);
  }
}

TEST(Value, ADoubleIsTheNearestOneToTheDecimal) {
  EXPECT_EQ(to_double({.digits = 1, .scale = 1}), 0.1);
  EXPECT_EQ(to_double({.digits = -125, .scale = 2}), -1.25);
  EXPECT_EQ(to_double({.digits = 123456789, .scale = 9}), 0.123456789);
  Dice dice(4);
  for (int i = 0; i < 10'000; ++i) {
    // Exact as long as the digits fit a double.
    const Decimal number{.digits = dice.between(-(1LL << 53U), 1LL << 53U),
                         .scale = static_cast<std::uint8_t>(dice.below(19))};
    ASSERT_EQ(to_double(number), std::stod(text_of(number))) << text_of(number);
  }
}

TEST(Value, EverythingElseIsKeptAsText) {
  for (const std::string_view json :
       {"", "null", "true", "\"\"", "\"12\"", "[1,2]", R"({"a":{"b":1.50}})", "1e300", "-0", "NaN",
        "-NaN", "\"\xE9\x9B\xBB\xE5\x8A\x9B\""}) {
    const Value value = value_of(json);
    EXPECT_FALSE(value.is_number) << json;
    EXPECT_EQ(value.text, json);
    EXPECT_EQ(text_of(value), json);
  }
}

}  // namespace
}  // namespace gridloom
