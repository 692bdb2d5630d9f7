// Times as text: what is written, what is read, and that one is the other.
#include "time/iso_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/chance.h"
#include "time/test_zone.h"

namespace gridloom::time {
namespace {

constexpr std::int64_t kNow_ms = 1'793'534'400'000;  // 2026-11-01T12:00:00Z

std::string utc_text(std::int64_t at_ms, Fraction fraction = Fraction::kUnlessZero) {
  std::string text;
  append_utc(text, at_ms, fraction);
  return text;
}

TEST(IsoText, IsWrittenWithTheOffsetOfItsZone) {
  EXPECT_EQ(iso_text(kNow_ms, {}), "2026-11-01T12:00:00+00:00");
  EXPECT_EQ(iso_text(kNow_ms, test_zone("Asia/Kathmandu")), "2026-11-01T17:45:00+05:45");
  EXPECT_EQ(iso_text(kNow_ms, test_zone("America/St_Johns")), "2026-11-01T08:30:00-03:30");
  EXPECT_EQ(iso_text(-1, {}), "1969-12-31T23:59:59+00:00");
  EXPECT_EQ(clock_text(TimePoint(Millis(kNow_ms + 999)), test_zone("Asia/Kathmandu")),
            "2026-11-01 17:45:00");
}

TEST(IsoText, UtcTimesEndWithZ) {
  EXPECT_EQ(utc_text(kNow_ms), "2026-11-01T12:00:00Z");
  EXPECT_EQ(utc_text(kNow_ms + 7), "2026-11-01T12:00:00.007Z");
  EXPECT_EQ(utc_text(kNow_ms, Fraction::kAlways), "2026-11-01T12:00:00.000Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999Z");
}

TEST(IsoText, YearsOfOtherThanFourDigitsAreNumbers) {
  EXPECT_EQ(utc_text(-62'167'219'200'000), "0000-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
  for (const std::int64_t at_ms :
       {std::int64_t{-62'167'219'200'001}, std::int64_t{253'402'300'800'000},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(utc_text(at_ms), std::to_string(at_ms) + " ms");
    EXPECT_EQ(iso_text(at_ms, {}), std::to_string(at_ms) + " ms");
    EXPECT_EQ(clock_text(TimePoint(Millis(at_ms)), {}), std::to_string(at_ms) + " ms");
  }
}

TEST(IsoText, IsReadInItsForms) {
  struct Row {
    std::string_view text;
    std::int64_t local_ms;
    std::optional<int> offset_min;
  };
  for (const Row& row :
       {Row{"2026-11-01", kNow_ms - 43'200'000, {}}, Row{"2026-11-01Z", kNow_ms - 43'200'000, 0},
        Row{"2026-11-01T12:00", kNow_ms, {}}, Row{"2026-11-01 12:00:00", kNow_ms, {}},
        Row{"2026-11-01T12:00:00.5", kNow_ms + 500, {}},
        Row{"2026-11-01T12:00:00.1259Z", kNow_ms + 125, 0},
        Row{"2026-11-01T12:00:00.123456789Z", kNow_ms + 123, 0},
        Row{"2026-11-01T12:00+01:00", kNow_ms, 60}, Row{"2026-11-01T12:00:00+0100", kNow_ms, 60},
        Row{"2026-11-01T12:00:00 01:00", kNow_ms, 60},
        Row{"2026-11-01T12:00:00-05:30", kNow_ms, -330},
        Row{"2024-02-29T00:00:00Z", 1'709'164'800'000, 0}}) {
    const auto iso = parse_iso(row.text);
    ASSERT_TRUE(iso) << row.text;
    EXPECT_EQ(iso->local.time_since_epoch().count(), row.local_ms) << row.text;
    EXPECT_EQ(iso->offset.has_value(), row.offset_min.has_value()) << row.text;
    if (iso->offset && row.offset_min) {
      EXPECT_EQ(*iso->offset, std::chrono::minutes(*row.offset_min)) << row.text;
    }
  }
}

TEST(IsoText, AnythingElseIsRefused) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-11",
                                      "2026-11-1",
                                      "2026-1-01",
                                      "20261101",
                                      "2026/11/01",
                                      "26-11-01",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-11-00",
                                      "2026-11-31",
                                      "2026-02-29",
                                      "2026-11-01 ",
                                      " 2026-11-01",
                                      "2026-11-01T",
                                      "2026-11-01T12",
                                      "2026-11-01T12:",
                                      "2026-11-01T12:0",
                                      "2026-11-01T24:00",
                                      "2026-11-01T12:60",
                                      "2026-11-01T12:00:60",
                                      "2026-11-01T12:00:",
                                      "2026-11-01T12:00:00.",
                                      "2026-11-01T12:00:00.Z",
                                      "2026-11-01T12:00:00.1234567890",
                                      "2026-11-01T12:00:00+15:00",
                                      "2026-11-01T12:00:00+01:60",
                                      "2026-11-01T12:00:00+1",
                                      "2026-11-01T12:00:00ZZ",
                                      "2026-11-01+01:00",
                                      "2026-11-01x12:00",
                                      "-026-11-01",
                                      "2026-11-0x",
                                      "2026-11-01t12:00:00z"}) {
    EXPECT_FALSE(parse_iso(text)) << text;
  }
}

TEST(IsoText, TimesAreReadBackAsWritten) {
  const Chance chance(7);
  for (const char* name : {"UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"}) {
    const TimeZone zone = test_zone(name);
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const auto at_ms = static_cast<std::int64_t>(chance.bits(i) % 253'402'000'000'000);
      const auto utc = parse_iso(utc_text(at_ms));
      ASSERT_TRUE(utc && utc->offset) << at_ms;
      ASSERT_EQ(utc->local.time_since_epoch().count(), at_ms);
      const std::string text = iso_text(at_ms, zone);
      const auto iso = parse_iso(text);
      ASSERT_TRUE(iso && iso->offset) << text;
      ASSERT_EQ(TimePoint(iso->local.time_since_epoch() - *iso->offset),
                std::chrono::floor<std::chrono::seconds>(TimePoint(Millis(at_ms))))
          << text;
    }
  }
}

}  // namespace
}  // namespace gridloom::time
