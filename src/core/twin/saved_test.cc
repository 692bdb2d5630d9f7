// Tests that a saved twin is restored byte by byte.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "twin/test_family.h"
#include "twin/twin.h"

namespace gridloom::twin {
namespace {

TEST(SavedTwin, ComesBackWithItsValues) {
  Twin twin(flat_layout());
  ReportReader reader;
  for (const std::string_view payload :
       {R"({"params":{"watts.pv":1000.50,"tasks":{"a":[1,"two\n",null]}}})",
        R"({"params":{"watts.pv":1e3,"undeclared":"Küche","x.y":-0.0}})"}) {
    ASSERT_TRUE(twin.apply(payload, reader));
  }
  Twin back(flat_layout());
  const Status restored = back.restore(twin.save());
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_EQ(*back.all(), *twin.all());
  EXPECT_EQ(back.save(), twin.save());
}

// In an earlier version, twins stored their energies themselves.
TEST(SavedTwin, ATwinSavedByAnEarlierVersionIsRead) {
  Twin back(flat_layout());
  ASSERT_TRUE(back.restore(
      R"({"quotas":[["watts.pv","5"]],"hours":[[472000,1.5,0,0,0,0,0,0,0,0,0,0,0]]})"));
  EXPECT_EQ(back.value("watts.pv"), "5");
  EXPECT_EQ(back.save(), R"({"quotas":[["watts.pv","5"]]})");
}

TEST(SavedTwin, ATwinWithoutReportsIsRestoredWithoutReports) {
  Twin back(flat_layout());
  ASSERT_TRUE(back.restore(Twin(flat_layout()).save()));
  EXPECT_EQ(back.all(), nullptr);
}

TEST(SavedTwin, TextThatIsNotASavedTwinIsRefused) {
  const std::vector<std::string_view> wrong = {
      "",
      "[]",
      "{}",
      R"({"quotas":{}})",
      R"({"quotas":[["a"]]})",
      R"({"quotas":[["a",1]]})",
      R"({"quotas":[["a",""]]})",
  };
  for (const std::string_view text : wrong) {
    Twin back(flat_layout());
    const Status restored = back.restore(text);
    ASSERT_FALSE(restored) << text;
    EXPECT_EQ(restored.error().code, ErrorCode::kMalformed) << text;
  }
}

}  // namespace
}  // namespace gridloom::twin
