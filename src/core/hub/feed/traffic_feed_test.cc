#include "hub/feed/traffic_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/clock.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = TrafficEvent::Kind;

const std::string kSn = "R331A";
const std::string kOther = "R331B";
constexpr registry::AccountId kAnna{1};

class CollectingTap final : public TrafficTap {
 public:
  void on_traffic(std::vector<TrafficEvent> events) override { turns.push_back(std::move(events)); }
  // The kinds of all events since the last call.
  std::vector<Kind> take() {
    std::vector<Kind> kinds;
    for (const auto& turn : std::exchange(turns, {})) {
      for (const TrafficEvent& event : turn) kinds.push_back(event.kind);
    }
    return kinds;
  }
  std::vector<std::vector<TrafficEvent>> turns;
};

class TrafficFeedTest : public testing::Test {
 protected:
  TestClock clock;
  TrafficFeed feed{clock};
  std::shared_ptr<CollectingTap> tap = std::make_shared<CollectingTap>();
  TapFilter filter{.tap = tap, .sns = {kSn}};
};

TEST_F(TrafficFeedTest, ATapIsFirstToldWhatIsKnown) {
  feed.add(filter, {{.sn = kSn, .text = R"({"a":1})", .online = true, .reports_offline = true}});
  ASSERT_THAT(tap->turns, SizeIs(1));
  EXPECT_EQ(tap->turns[0][0].text, R"({"a":1})");
  EXPECT_EQ(tap->turns[0][2].text, R"({"params":{"status":0}})");
  EXPECT_THAT(tap->take(), ElementsAre(Kind::kInitialState, Kind::kOnline, Kind::kDeviceSends));
  feed.remove(*tap);
  feed.add(filter, {{.sn = kSn, .text = "{}", .reports_offline = true}});
  EXPECT_THAT(tap->take(), ElementsAre(Kind::kInitialState, Kind::kOffline));
}

TEST_F(TrafficFeedTest, TheEventsOfATurnComeTogetherAndInOrder) {
  feed.add(filter, {});
  feed.connection(kSn, true);
  clock.pass(Millis(5));
  feed.message(Kind::kAppSends, kSn, Verb::kSet, "{}", kAnna);
  const std::uint64_t request = feed.request(Kind::kReadsAll, kSn, kAnna, {});
  feed.answer(kSn, request, "{}");
  feed.answer(kSn, request, Error{.code = ErrorCode::kOffline, .detail = "away"});
  EXPECT_FALSE(feed.empty());
  EXPECT_THAT(tap->turns, IsEmpty());
  feed.flush();
  EXPECT_TRUE(feed.empty());
  ASSERT_THAT(tap->turns, SizeIs(1));
  const std::vector<TrafficEvent>& events = tap->turns.front();
  EXPECT_EQ(events[0].at, kTestStart);
  EXPECT_EQ(events[1].at, kTestStart + Millis(5));
  EXPECT_EQ(events[1].account, kAnna);
  EXPECT_EQ(events[1].verb, Verb::kSet);
  EXPECT_EQ(events[2].request, request);
  EXPECT_EQ(events[3].request, request);
  ASSERT_TRUE(events[4].error);
  EXPECT_EQ(events[4].error->code, ErrorCode::kOffline);
  EXPECT_THAT(tap->take(), ElementsAre(Kind::kOnline, Kind::kAppSends, Kind::kReadsAll,
                                       Kind::kAnswered, Kind::kAnswered));
}

TEST_F(TrafficFeedTest, NothingIsKeptOfADeviceThatNoTapWants) {
  feed.add(filter, {});
  EXPECT_TRUE(feed.wants(kSn));
  EXPECT_FALSE(feed.wants(kOther));
  feed.connection(kOther, true);
  feed.message(Kind::kDeviceSends, kOther, Verb::kQuota, "{}");
  const std::uint64_t first = feed.request(Kind::kSets, kOther, kAnna, "{}");
  feed.answer(kOther, first, "{}");
  EXPECT_TRUE(feed.empty());
  EXPECT_NE(feed.request(Kind::kSets, kOther, kAnna, "{}"), first) << "a number of its own";
}

TEST_F(TrafficFeedTest, TapsShareThePayload) {
  const auto second = std::make_shared<CollectingTap>();
  feed.add(filter, {});
  feed.add({.tap = second, .sns = {kSn, kOther}}, {});
  const SharedText payload = "a payload that is longer than a string in place";
  feed.message(Kind::kDeviceSends, kSn, Verb::kQuota, payload);
  feed.message(Kind::kDeviceSends, kOther, Verb::kQuota, payload);
  feed.flush();
  ASSERT_THAT(tap->turns, SizeIs(1));
  ASSERT_THAT(tap->turns[0], SizeIs(1));
  ASSERT_THAT(second->turns, SizeIs(1));
  ASSERT_THAT(second->turns[0], SizeIs(2));
  EXPECT_EQ(tap->turns[0][0].text.data(), payload.data());
  EXPECT_EQ(second->turns[0][1].text.data(), payload.data());
}

TEST_F(TrafficFeedTest, ATapHasTheEventsBetweenItsBeginningAndItsEnd) {
  const auto later = std::make_shared<CollectingTap>();
  feed.add(filter, {});
  feed.connection(kSn, true);
  feed.add({.tap = later, .sns = {kSn}}, {});
  feed.connection(kSn, false);
  feed.remove(*tap);
  feed.connection(kSn, true);
  feed.flush();
  EXPECT_THAT(tap->take(), ElementsAre(Kind::kOnline, Kind::kOffline));
  EXPECT_THAT(later->take(), ElementsAre(Kind::kOffline, Kind::kOnline));
}

}  // namespace
}  // namespace gridloom::hub
