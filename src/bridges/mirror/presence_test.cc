#include "bridges/mirror/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace gridloom::bridges::mirror {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Listed = Presence::Listed;

constexpr Moment kStart{hours(24)};

Presence with_list(bool online) {
  Presence presence{Rhythm()};
  presence.link_up();
  const std::array devices = {Listed{.sn = "A", .online = online}};
  static_cast<void>(presence.listed(devices, kStart));
  return presence;
}

TEST(Presence, SaysOnceThatADeviceCameOnline) {
  Presence presence = with_list(false);
  const std::array online = {Listed{.sn = "A", .online = true}};
  EXPECT_THAT(presence.listed(online, kStart + seconds(1)), ElementsAre("A"));
  EXPECT_THAT(presence.listed(online, kStart + seconds(2)), IsEmpty());
  EXPECT_FALSE(presence.status("A", true, kStart + seconds(3)));
  EXPECT_FALSE(presence.reported("A", kStart + seconds(4)));
}

TEST(Presence, AFlapLastsUntilTheNextStatusOrReport) {
  for (const bool by_report : {false, true}) {
    Presence presence = with_list(true);
    EXPECT_FALSE(presence.status("A", false, kStart + seconds(10)));
    EXPECT_FALSE(presence.online("A"));
    EXPECT_TRUE(by_report ? presence.reported("A", kStart + seconds(12))
                          : presence.status("A", true, kStart + seconds(12)));
    EXPECT_TRUE(presence.online("A"));
  }
}

TEST(Presence, AListDoesNotTakeAwayADeviceThatReports) {
  Presence presence = with_list(true);
  ASSERT_FALSE(presence.reported("A", kStart + seconds(10)));
  const std::array offline = {Listed{.sn = "A", .online = false}};
  static_cast<void>(presence.listed(offline, kStart + seconds(100)));
  EXPECT_TRUE(presence.online("A"));
  static_cast<void>(presence.listed(offline, kStart + seconds(131)));
  EXPECT_FALSE(presence.online("A"));
}

TEST(Presence, ADeviceThatIsNotListedIsNeverOnline) {
  Presence presence = with_list(true);
  EXPECT_FALSE(presence.status("B", true, kStart));
  EXPECT_FALSE(presence.reported("B", kStart));
  EXPECT_FALSE(presence.online("B"));
  EXPECT_FALSE(presence.is_listed("B"));
}

TEST(Presence, IsInDoubtWhileADeviceThatIsOnlineIsSilent) {
  Presence presence = with_list(true);
  EXPECT_TRUE(presence.is_in_doubt(kStart));
  ASSERT_FALSE(presence.reported("A", kStart));
  EXPECT_FALSE(presence.is_in_doubt(kStart + seconds(59)));
  EXPECT_TRUE(presence.is_in_doubt(kStart + seconds(60)));
  presence.link_down();
  EXPECT_FALSE(presence.is_in_doubt(kStart + seconds(60)));
}

}  // namespace
}  // namespace gridloom::bridges::mirror
