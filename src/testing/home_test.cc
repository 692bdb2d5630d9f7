#include "testing/home.h"

#include <gtest/gtest.h>

namespace gridloom {
namespace {

TEST(TestHome, TakesAReportFromADeviceToItsOwnersApp) {
  TestHome home;
  home.add_account("alice");
  home.add_device("R331ZEB4ZEAL0528", "alice");
  const FakePtr app = home.subscriber("alice");
  const FakePtr device = home.connect_device("R331ZEB4ZEAL0528");
  app->take();
  home.report(device, "R331ZEB4ZEAL0528", R"({"typeCode":"pdStatus","params":{"soc":5}})");
  EXPECT_EQ(app->take(), Lines{"q1 " + home.open("alice", "R331ZEB4ZEAL0528/quota") +
                               R"( {"typeCode":"pdStatus","params":{"soc":5}})"});
}

TEST(TestHome, TimePassesOnlyOnRequest) {
  TestHome home;
  EXPECT_EQ(home.clock.now(), kTestStart);
  home.pass(Millis(1500));
  EXPECT_EQ(home.clock.now(), kTestStart + Millis(1500));
}

}  // namespace
}  // namespace gridloom
