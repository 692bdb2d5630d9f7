#include "bench/payload.h"

#include <gtest/gtest.h>

#include <set>

#include "testing/source_path.h"
#include "wire/json.h"

namespace gridloom::bench {
namespace {

constexpr Chance kChance(7);

TEST(Payload, ATemplateWithoutRangesIsItsText) {
  EXPECT_EQ(render(R"({"a":1})", kChance).value(), R"({"a":1})");
  EXPECT_EQ(render("", kChance).value(), "");
}

TEST(Payload, ARangeBecomesANumberWithinIt) {
  std::set<std::string> seen;
  for (std::uint64_t i = 0; i < 200; ++i) seen.insert(render("<-1..2>", Chance(i)).value());
  EXPECT_EQ(seen, (std::set<std::string>{"-1", "0", "1", "2"}));
}

TEST(Payload, EachRangeOfATemplateIsDrawnForItself) {
  EXPECT_EQ(render("[<5..5>,<6..6>]", kChance).value(), "[5,6]");
}

TEST(Payload, TheWidestRangeIsDrawnToo) {
  EXPECT_TRUE(render("<-9223372036854775808..9223372036854775807>", kChance));
}

TEST(Payload, AnInvalidRangeIsRefused) {
  for (const char* pattern :
       {"<", "<>", "<1>", "<1..>", "<..2>", "<2..1>", "<a..b>", "<1..2", "<1...2>"}) {
    const auto text = render(pattern, kChance);
    ASSERT_FALSE(text) << pattern;
    EXPECT_EQ(text.error().code, ErrorCode::kBadParams) << pattern;
  }
}

TEST(Payload, AFillerIsAsLongAsAsked) {
  for (const std::string& text : payloads_of(900, 3)) {
    EXPECT_EQ(text.size(), 900U);
    EXPECT_TRUE(wire::parse_json(text)) << text;
  }
  EXPECT_TRUE(wire::parse_json(payloads_of(1, 1).front()));
}

TEST(Payload, TheReportsOfTheBenchmarkAreJsonWithChangingValues) {
  const auto texts = payloads_from(source_path("bench/reports/pd_status.jsonl"), 64);
  ASSERT_TRUE(texts) << texts.error().detail;
  std::set<std::string> different(texts->begin(), texts->end());
  EXPECT_GT(different.size(), 60U);
  for (const std::string& text : *texts) {
    EXPECT_TRUE(wire::parse_json(text)) << text;
    EXPECT_NEAR(static_cast<double>(text.size()), 900, 60);
  }
}

TEST(Payload, AFileThatIsNotThereIsNamed) {
  const auto texts = payloads_from("/nonexistent/reports.jsonl", 1);
  ASSERT_FALSE(texts);
  EXPECT_NE(texts.error().detail.find("/nonexistent/reports.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace gridloom::bench
