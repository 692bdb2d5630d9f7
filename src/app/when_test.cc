#include "app/when.h"

#include <gtest/gtest.h>

namespace gridloom::app {
namespace {

constexpr TimePoint kNow{Millis(1'700'000'000'000)};  // 2023-11-14 22:13:20 UTC

TEST(When, IsReadAsPeopleWriteIt) {
  struct Row {
    std::string_view text;
    std::int64_t ms;
  };
  for (const Row& row :
       {Row{"now", 1'700'000'000'000}, Row{"-30s", 1'699'999'970'000},
        Row{"-15m", 1'699'999'100'000}, Row{"-2h", 1'699'992'800'000},
        Row{"-7d", 1'699'395'200'000}, Row{"+7d", 1'700'604'800'000},
        Row{"2023-11-14Z", 1'699'920'000'000}, Row{"2023-11-14 22:13Z", 1'699'999'980'000},
        Row{"2023-11-14T22:13:20Z", 1'700'000'000'000}}) {
    const auto at = parse_when(row.text, kNow);
    ASSERT_TRUE(at) << row.text << ": " << at.error().detail;
    EXPECT_EQ(unix_ms(*at), row.ms) << row.text;
  }
}

TEST(When, AnythingElseIsRefused) {
  for (const std::string_view text :
       {"", "-", "-7", "-d", "--7d", "-7dd", "-7 d", "7d", "-99999999999999999999d", "-1000001d",
        "tomorrow", "2023", "2023-13-01", "2023-02-30", "2023-02-30Z", "2023-11-14 25:00",
        "2023-11-14 22:13:20 or so", "2023-11-14ZZ"}) {
    EXPECT_FALSE(parse_when(text, kNow)) << text;
  }
}

TEST(When, ASpanIsReadAsPeopleWriteIt) {
  EXPECT_EQ(parse_span("15m"), Millis(900'000));
  EXPECT_EQ(parse_span("1000000d"), kLongestSpan);
  for (const std::string_view text : {"", "0s", "-1s", "+1s", "15", "15 m", "m", "1000001d"}) {
    EXPECT_FALSE(parse_span(text)) << text;
  }
}

TEST(When, WhatIsPrintedIsReadAgain) { EXPECT_EQ(parse_when(local_text(kNow), kNow), kNow); }

}  // namespace
}  // namespace gridloom::app
