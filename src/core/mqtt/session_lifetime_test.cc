#include "mqtt/session_lifetime.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "testing/clock.h"

namespace gridloom::mqtt {
namespace {

using std::chrono::seconds;
using wire::mqtt::kNeverExpires;

std::unique_ptr<wire::mqtt::Will> will(std::uint32_t delay_s) {
  return std::make_unique<wire::mqtt::Will>(
      wire::mqtt::Will{.message = {.topic = "t", .payload = "gone"}, .delay_s = delay_s});
}

TEST(SessionLifetimes, ASessionEndsWithItsConnectionOrWhenItsTimeIsOver) {
  struct Row {
    std::string_view what;
    std::uint32_t expiry_s;
    bool ends_with_connection;
    std::optional<seconds> ends_after;
  };
  for (const Row& row :
       {Row{"at once", 0, true, seconds(0)}, Row{"after a while", 60, false, seconds(60)},
        Row{"never", kNeverExpires, false, {}}}) {
    SCOPED_TRACE(row.what);
    SessionLifetime lifetime(row.expiry_s);
    EXPECT_EQ(lifetime.outlives_connection(), row.expiry_s != 0);
    EXPECT_EQ(lifetime.ends_with_connection(), row.ends_with_connection);
    EXPECT_EQ(lifetime.parked_since_ms(), 0);
    EXPECT_FALSE(lifetime.has_expired(kTestStart)) << "it has a connection";
    if (row.ends_with_connection) continue;
    lifetime.park(kTestStart);
    EXPECT_EQ(lifetime.parked_since_ms(), unix_ms(kTestStart));
    const seconds end = row.ends_after.value_or(seconds(10'000'000));
    EXPECT_FALSE(lifetime.has_expired(kTestStart + end - Millis(1)));
    EXPECT_EQ(lifetime.has_expired(kTestStart + end), row.ends_after.has_value());
  }
}

TEST(SessionLifetimes, ADisconnectChangesTheExpiryButNotThatASessionWasDiscarded) {
  SessionLifetime lifetime(60);
  lifetime.change_expiry(0);
  EXPECT_TRUE(lifetime.ends_with_connection());
  EXPECT_TRUE(lifetime.outlives_connection()) << "as it was asked for";
  lifetime.change_expiry(30);
  EXPECT_EQ(lifetime.expiry_s(), 30U);
  EXPECT_FALSE(lifetime.ends_with_connection());
  lifetime.end_with_connection();
  lifetime.change_expiry(30);
  EXPECT_TRUE(lifetime.ends_with_connection());
}

TEST(SessionLifetimes, AWillIsDueAfterItsDelayOrWhenTheSessionEnds) {
  struct Row {
    std::uint32_t delay_s;
    std::uint32_t expiry_s;
    seconds due_after;
  };
  for (const Row& row : {Row{0, 60, seconds(0)}, Row{10, 60, seconds(10)}, Row{90, 60, seconds(60)},
                         Row{5, kNeverExpires, seconds(5)}}) {
    SessionLifetime lifetime(row.expiry_s);
    lifetime.set_will(will(row.delay_s));
    EXPECT_FALSE(lifetime.will_is_due(kTestStart)) << "it has a connection";
    lifetime.park(kTestStart);
    EXPECT_FALSE(lifetime.will_is_due(kTestStart + row.due_after - Millis(1)));
    EXPECT_TRUE(lifetime.will_is_due(kTestStart + row.due_after));
    EXPECT_NE(lifetime.take_will(), nullptr);
    EXPECT_FALSE(lifetime.will_is_due(kTestStart + row.due_after)) << "once";
    EXPECT_EQ(lifetime.take_will(), nullptr);
  }
}

TEST(SessionLifetimes, ASessionThatIsResumedNeitherEndsNorPublishesItsWill) {
  SessionLifetime lifetime(60);
  lifetime.set_will(will(10));
  lifetime.park(kTestStart);
  lifetime.stop();
  EXPECT_FALSE(lifetime.has_expired(kTestStart + seconds(1000)));
  EXPECT_FALSE(lifetime.will_is_due(kTestStart + seconds(1000)));
  EXPECT_EQ(lifetime.take_will(), nullptr);
}

// The clock of a restarted server began anew, and the system's clock may be wrong.
TEST(SessionLifetimes, ARestartGoesOnWhereTheStoredSessionWas) {
  const TimePoint wall = kTestStart + seconds(1'000'000);
  struct Row {
    std::string_view what;
    std::uint32_t expiry_s;
    std::optional<TimePoint> parked_at;
    seconds ends_after;
  };
  for (const Row& row : {Row{"it had a connection", 7200, {}, seconds(7200)},
                         Row{"it waited for a while", 7200, wall - seconds(100), seconds(7100)},
                         Row{"parked in the future", 7200, wall + seconds(100), seconds(7200)},
                         Row{"it is over", 7200, wall - seconds(9999), seconds(3600)},
                         Row{"a short one is over", 10, wall - seconds(9999), seconds(10)}}) {
    SCOPED_TRACE(row.what);
    StoredSession stored;
    stored.parked_at = row.parked_at;
    const SessionLifetime lifetime(row.expiry_s, stored, {.now = kTestStart, .wall = wall});
    EXPECT_TRUE(lifetime.outlives_connection());
    EXPECT_NE(lifetime.parked_since_ms(), 0);
    EXPECT_FALSE(lifetime.has_expired(kTestStart + row.ends_after - Millis(1)));
    EXPECT_TRUE(lifetime.has_expired(kTestStart + row.ends_after));
  }
}

TEST(SessionLifetimes, AStoredLifetimeIsTheSameAfterARestart) {
  const TimePoint wall = kTestStart + seconds(1'000'000);
  SessionLifetime before(600);
  before.set_will(will(100));
  before.park(kTestStart);
  StoredSession row;
  before.store(row, wall - kTestStart);
  EXPECT_EQ(row.expiry_s, 600U);
  EXPECT_EQ(row.parked_at, wall);
  ASSERT_TRUE(row.will);
  EXPECT_EQ(row.will_due, wall + seconds(100));
  // The server starts again 30 s later.
  SessionLifetime after(600, row, {.now = kTestStart, .wall = wall + seconds(30)});
  EXPECT_FALSE(after.will_is_due(kTestStart + seconds(69)));
  EXPECT_TRUE(after.will_is_due(kTestStart + seconds(70)));
  EXPECT_FALSE(after.has_expired(kTestStart + seconds(599))) << "an hour or its expiry at least";
  EXPECT_TRUE(after.has_expired(kTestStart + seconds(600)));
  EXPECT_EQ(after.take_will()->message.payload, "gone");
}

TEST(SessionLifetimes, ASessionWithAConnectionIsStoredWithoutTimes) {
  StoredSession row;
  SessionLifetime(60).store(row, Millis(5));
  EXPECT_EQ(row.expiry_s, 60U);
  EXPECT_FALSE(row.parked_at);
  EXPECT_FALSE(row.will);
  EXPECT_FALSE(row.will_due);
}

}  // namespace
}  // namespace gridloom::mqtt
