#include "sim/text_buffer.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gridloom::sim {
namespace {

TEST(TextBuffer, WritesDecimalsWithoutZerosAtTheEnd) {
  const struct {
    std::int64_t mantissa;
    unsigned decimals;
    std::string_view text;
  } rows[] = {{0, 0, "0"},
              {7, 0, "7"},
              {10, 0, "10"},
              {std::numeric_limits<std::int64_t>::min(), 0, "-9223372036854775808"},
              {0, 2, "0"},
              {5, 2, "0.05"},
              {-5, 2, "-0.05"},
              {3550, 2, "35.5"},
              {100, 2, "1"},
              {-120, 1, "-12"},
              {123'456, 6, "0.123456"},
              {1'234'567, 6, "1.234567"},
              {1, 12, "0.000000000001"},
              {100'000, 12, "0.0000001"}};
  for (const auto& row : rows) {
    TextBuffer buffer;
    buffer.append_decimal(row.mantissa, row.decimals);
    EXPECT_EQ(buffer.view(), row.text);
  }
}

TEST(TextBuffer, KeepsWhatIsAppendedBeyondItsFirstBytes) {
  const std::string key = std::string(40, 'k') + std::string(TextBuffer::kPadding, ' ');
  TextBuffer buffer;
  std::string expected;
  for (std::size_t i = 0; i < 500; ++i) {
    buffer.append('{');
    buffer.append_padded(std::string_view(key).substr(0, i % 41));
    buffer.append_whole(static_cast<std::int64_t>(i));
    buffer.append(", ");
    expected += '{' + key.substr(0, i % 41) + std::to_string(i) + ", ";
  }
  EXPECT_EQ(buffer.view(), expected);
  buffer.clear();
  EXPECT_EQ(buffer.view(), "");
}

TEST(TextBuffer, ATextThatIsNoneAddsNothing) {
  TextBuffer buffer;
  buffer.append(std::string_view());
  EXPECT_EQ(buffer.view(), "");
  buffer.append('a');
  buffer.append(std::string_view());
  EXPECT_EQ(buffer.view(), "a");
}

TEST(TextBuffer, QuotesAsJsonDoes) {
  for (const std::string_view text :
       {"", "BENCH0001", "2025-06-21 00:00:02", "a \"b\" \\ c", "line\nend\x01", "zwölf °C"}) {
    TextBuffer buffer;
    buffer.append_quoted(text);
    std::string expected;
    wire::append_quoted(expected, text);
    EXPECT_EQ(buffer.view(), expected);
  }
}

}  // namespace
}  // namespace gridloom::sim
