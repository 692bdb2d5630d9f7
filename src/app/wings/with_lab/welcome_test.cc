// The welcome of each home tells to type a set that the device takes.
#include "with_lab/welcome.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/home/set_plan.h"
#include "testing/catalog.h"

namespace gridloom::app {
namespace {

TEST(WelcomeSet, IsTakenByItsFamily) {
  const auto catalog = shipped_catalog();
  std::size_t sets = 0;
  for (const catalog::FamilyPtr& family : catalog->families()) {
    const std::string set = power_to_set(*family);
    if (set.empty()) continue;
    ++sets;
    const std::size_t blank = set.find(' ');
    const std::vector<std::string> words = {set.substr(0, blank), set.substr(blank + 1)};
    const auto plan = plan_set(*family, words);
    EXPECT_TRUE(plan) << family->id << ": " << set << ": " << plan.error().detail;
  }
  EXPECT_GT(sets, 1U);
  EXPECT_EQ(power_to_set(*catalog->find("delta_2")), "mppt.cfgChgWatts 600");
  EXPECT_EQ(power_to_set(*catalog->find("generic")), "");
}

TEST(WelcomeSet, IsOfTheFirstDeviceThatTakesOne) {
  const auto catalog = shipped_catalog();
  const auto member = [&](const char* family, const char* sn) {
    return sim::Member{.family = catalog->find(family), .sn = sn, .key = {}};
  };
  std::vector<sim::Member> members;
  EXPECT_EQ(device_to_try(members).sn, "");
  members.push_back(member("generic", "G1"));
  EXPECT_EQ(device_to_try(members).sn, "G1");
  EXPECT_EQ(device_to_try(members).set, "") << "so the welcome has no such line";
  members.push_back(member("delta_2", "D1"));
  EXPECT_EQ(device_to_try(members).sn, "D1");
}

}  // namespace
}  // namespace gridloom::app
