#include "app/command_line/fault_command.h"
#include "testing/catalog.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace gridloom::app {
namespace {

const catalog::Catalog& the_catalog() {
  const auto& loaded = shipped_catalog();
  return *loaded;
}

TEST(ParseOrder, TakesValueShareAndDevice) {
  struct Row {
    std::string_view text;
    FaultRule rule;
  };
  for (const Row& row :
       {Row{"disconnect", {.fault = "disconnect"}},
        Row{"flapping:10", {.fault = "flapping", .value = 10}},
        Row{"panel_lost=0.01", {.fault = "panel_lost", .probability = 0.01}},
        Row{"clock_skew:-60.5=0.5@R331TEST",
            {.fault = "clock_skew", .sn = "R331TEST", .probability = 0.5, .value = -60.5}}}) {
    const auto rule = parse_fault_rule(row.text, the_catalog());
    ASSERT_TRUE(rule) << row.text << ": " << rule.error().detail;
    EXPECT_EQ(*rule, row.rule) << row.text;
  }
}

TEST(ParseOrder, TellsWhatIsWrong) {
  for (const auto& [text, why] :
       {std::pair<std::string_view, std::string_view>{"", "has a fault \"\""},
        {"rain", "no virtual device has a fault \"rain\""},
        {"disconnect=much", "is not NAME[:VALUE]"},
        {"flapping:x", "is not NAME[:VALUE]"},
        {"disconnect=2", "probability is 2"},
        {"panel_lost@SP10TEST", "smart_home_panel has no fault \"panel_lost\""}}) {
    const auto rule = parse_fault_rule(text, the_catalog());
    ASSERT_FALSE(rule) << text;
    EXPECT_NE(rule.error().detail.find(why), std::string::npos) << rule.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::app
