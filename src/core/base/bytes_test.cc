#include "base/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/dice.h"

namespace gridloom {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    if (!text.empty()) text += ' ';
    text += kDigits[static_cast<std::uint8_t>(c) >> 4U];
    text += kDigits[static_cast<std::uint8_t>(c) & 15U];
  }
  return text;
}

std::string written(const std::function<void(std::string&)>& append) {
  std::string bytes;
  append(bytes);
  return bytes;
}

TEST(Bytes, AreTheseForEver) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::vector<std::pair<std::function<void(std::string&)>, std::string>> cases = {
      {[](auto& out) { append_varint(out, 0); }, "00"},
      {[](auto& out) { append_varint(out, 127); }, "7F"},
      {[](auto& out) { append_varint(out, 128); }, "80 01"},
      {[](auto& out) { append_varint(out, 300); }, "AC 02"},
      {[](auto& out) { append_varint(out, UINT64_MAX); }, "FF FF FF FF FF FF FF FF FF 01"},
      {[](auto& out) { append_signed(out, 0); }, "00"},
      {[](auto& out) { append_signed(out, -1); }, "01"},
      {[](auto& out) { append_signed(out, 1); }, "02"},
      {[](auto& out) { append_signed(out, -64); }, "7F"},
      {[](auto& out) { append_signed(out, Limits::max()); }, "FE FF FF FF FF FF FF FF FF 01"},
      {[](auto& out) { append_signed(out, Limits::min()); }, "FF FF FF FF FF FF FF FF FF 01"},
      {[](auto& out) { append_fixed32(out, 0x01020304); }, "04 03 02 01"},
      {[](auto& out) { append_fixed64(out, 0x0102030405060708); }, "08 07 06 05 04 03 02 01"},
      {[](auto& out) { append_text(out, "ab"); }, "02 61 62"},
      {[](auto& out) { append_text(out, ""); }, "00"},
      {[](auto& out) { append_value(out, value_of("-12.50")); }, "02 C3 13"},
      {[](auto& out) { append_value(out, value_of("7")); }, "00 0E"},
      {[](auto& out) { append_value(out, value_of("true")); }, "20 04 74 72 75 65"},
      {[](auto& out) { append_value(out, value_of("")); }, "20 00"},
  };
  for (const auto& [append, wanted] : cases) EXPECT_EQ(hex(written(append)), wanted);
}

TEST(Bytes, ReadBackAsWhatWasWritten) {
  Dice dice(1);
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    std::vector<std::function<void(Cursor&)>> checks;
    for (std::size_t n = dice.below(40); n > 0; --n) {
      const auto number = static_cast<std::uint64_t>(dice.any_integer());
      const auto json = std::make_shared<std::string>(dice.any_json());
      const Value value = dice.once_in(2) ? value_of(*json)
                                          : Value{.is_number = true, .number = dice.any_decimal()};
      append_varint(bytes, number);
      append_signed(bytes, static_cast<std::int64_t>(number));
      append_fixed32(bytes, static_cast<std::uint32_t>(number));
      append_fixed64(bytes, number);
      append_text(bytes, *json);
      append_value(bytes, value);
      checks.emplace_back([=](Cursor& cursor) {
        ASSERT_EQ(cursor.varint(), number);
        ASSERT_EQ(cursor.signed_varint(), static_cast<std::int64_t>(number));
        ASSERT_EQ(cursor.fixed32(), static_cast<std::uint32_t>(number));
        ASSERT_EQ(cursor.fixed64(), number);
        ASSERT_EQ(cursor.text(), *json);
        ASSERT_EQ(cursor.value(), value);
      });
    }
    Cursor cursor(bytes);
    for (const auto& check : checks) ASSERT_NO_FATAL_FAILURE(check(cursor));
    EXPECT_TRUE(cursor.at_end());
    EXPECT_FALSE(cursor.failed());
  }
}

TEST(Bytes, CutAnywhereFailAndReadAsNothing) {
  const std::vector<std::pair<std::string, std::function<bool(Cursor&)>>> cases = {
      {written([](auto& out) { append_varint(out, UINT64_MAX); }),
       [](Cursor& cursor) { return cursor.varint() == 0; }},
      {written([](auto& out) { append_signed(out, INT64_MIN); }),
       [](Cursor& cursor) { return cursor.signed_varint() == 0; }},
      {written([](auto& out) { append_fixed32(out, UINT32_MAX); }),
       [](Cursor& cursor) { return cursor.fixed32() == 0; }},
      {written([](auto& out) { append_fixed64(out, UINT64_MAX); }),
       [](Cursor& cursor) { return cursor.fixed64() == 0; }},
      {written([](auto& out) { append_text(out, "text"); }),
       [](Cursor& cursor) { return cursor.text().empty(); }},
      {written([](auto& out) { append_value(out, value_of("123.45")); }),
       [](Cursor& cursor) { return cursor.value().number.digits == 0; }},
      {written([](auto& out) { append_value(out, value_of("null")); }),
       [](Cursor& cursor) { return cursor.value().text.empty(); }},
  };
  for (const auto& [bytes, reads_nothing] : cases) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);
      Cursor cursor(cut);
      EXPECT_TRUE(reads_nothing(cursor)) << hex(cut);
      EXPECT_TRUE(cursor.failed()) << hex(cut);
      EXPECT_TRUE(cursor.at_end());
      EXPECT_EQ(cursor.varint(), 0U);  // every read after a failure returns zero
    }
  }
}

TEST(Bytes, BytesThatAreNotANumberFail) {
  const std::vector<std::string> varints = {
      std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"),          // 65 bits
      std::string("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11),  // never ends
  };
  for (const std::string& bytes : varints) {
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.varint(), 0U);
    EXPECT_TRUE(cursor.failed()) << hex(bytes);
  }
  for (const int kind : {19, 0x1F, 0x21, 0xFF}) {  // neither a scale nor a text
    const std::string bytes{static_cast<char>(kind), '\0'};
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.value(), Value{});
    EXPECT_TRUE(cursor.failed()) << kind;
  }
}

TEST(Bytes, ATextLongerThanWhatIsThereFails) {
  for (const std::uint64_t size : {std::uint64_t{4}, std::uint64_t{1} << 40U, UINT64_MAX}) {
    std::string bytes;
    append_varint(bytes, size);
    bytes += "abc";
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.text(), "");
    EXPECT_TRUE(cursor.failed());
  }
}

TEST(Bytes, DifferencesOfAnyTwoNumbersAddUpAgain) {
  Dice dice(5);
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t a = dice.any_decimal().digits;
    const std::int64_t b = dice.any_decimal().digits;
    ASSERT_EQ(wrapping_sum(b, wrapping_difference(a, b)), a);
    ASSERT_EQ(unzigzag(zigzag(a)), a);
  }
}

}  // namespace
}  // namespace gridloom
