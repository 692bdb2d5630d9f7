#include "bridges/bridges_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gridloom::bridges {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(BridgesMetrics, AreSumsOfAKindWithoutNames) {
  const std::vector<BridgeRow> rows = {
      {.name = "secret-name",
       .kind = "mqtt",
       .health = {.state = State::kConnected, .messages_out = 7, .dropped = 1}},
      {.name = "other", .kind = "mqtt", .health = {.messages_out = 2}}};
  const std::string text = metrics_text(rows);
  EXPECT_THAT(text, Not(HasSubstr("secret-name"))) << "everybody may read this";
  for (const char* line :
       {"# TYPE gridloom_bridges_connected gauge", R"(gridloom_bridges_connected{kind="mqtt"} 1)",
        R"(gridloom_bridge_sent_total{kind="mqtt"} 9)",
        R"(gridloom_bridge_dropped_total{kind="mqtt"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + '\n'));
  }
  EXPECT_EQ(metrics_text({}), "");
}

}  // namespace
}  // namespace gridloom::bridges
