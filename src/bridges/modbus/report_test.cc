#include "bridges/modbus/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/home.h"

namespace gridloom::bridges {
namespace {

using testing::HasSubstr;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};

TEST(DeviceMessages, EachValueIsInTheReportOfItsField) {
  DeviceMessages messages(shipped_catalog()->find("power_ocean"), kNow);
  const auto texts = messages.reports(
      {{"bpPwr", -1.5}, {"pcsAPhase.vol", 230}, {"pcsAPhase.amp", 4}, {"bpSoc", 42}}, kNow);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[0],
            R"({"id":1700000000001,"version":"1.0","timestamp":1700000000000,"cmdFunc":96,)"
            R"("cmdId":1,"params":{"pcsAPhase":{"vol":230,"amp":4}}})");
  EXPECT_THAT(texts[1], HasSubstr(R"("cmdId":8,"params":{"bpSoc":42}})"));
  EXPECT_THAT(texts[2], HasSubstr(R"("timestamp":1700000000000,"params":{"bpPwr":-1.5}})"));
  EXPECT_TRUE(messages.reports({}, kNow).empty());
}

TEST(DeviceMessages, FlatFamiliesHaveTheNamesBehindThePrefix) {
  DeviceMessages messages(shipped_catalog()->find("delta_2"), kNow);
  const auto texts = messages.reports({{"pd.soc", 42}}, kNow + Millis(1500));
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_THAT(texts[0], HasSubstr(R"("params":{"soc":42})"));
  EXPECT_THAT(texts[0], HasSubstr(R"("typeCode":"pdStatus")"));
  EXPECT_THAT(texts[0], HasSubstr(R"("time":1500)"));
}

TEST(DeviceMessages, AReplyNamesTheSetThatItAnswers) {
  DeviceMessages messages(shipped_catalog()->find("power_ocean"), kNow);
  const wire::JsonObject set{{"id", 7}, {"operateType", "automatic"}};
  EXPECT_EQ(messages.reply(set, {{"ack", 0}}, kNow),
            R"({"id":7,"version":"1.0","timestamp":1700000000000,"data":{"ack":0}})");
  EXPECT_EQ(messages.refusal(set, "it is too hot", kNow),
            R"({"id":7,"version":"1.0","timestamp":1700000000000,"code":"1008",)"
            R"("message":"it is too hot"})");
}

}  // namespace
}  // namespace gridloom::bridges
