#include "hub/shard/command_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace gridloom::hub {
namespace {

using registry::AccountId;
using testing::ElementsAre;

constexpr AccountId kAnna{1};
constexpr AccountId kBob{2};
const std::string kSn = "R331A";

TimePoint at(std::int64_t ms) { return TimePoint(Millis(ms)); }

Command command(std::string id, AccountId account = kAnna) {
  return {.id = std::move(id), .requester = MqttRequester{}, .account = account};
}

registry::Device device_of(AccountId owner) {
  registry::Device device;
  device.sn = kSn;
  device.owner = owner;
  return device;
}

TEST(CommandTracker, ACommandIsFoundByItsDeviceAndId) {
  CommandTracker tracker(4);
  tracker.add(kSn, command("7"), at(10));
  tracker.add("R331B", command("7", kBob), at(11));
  EXPECT_TRUE(tracker.contains(kSn, "7"));
  EXPECT_EQ(tracker.find(kSn, "8"), nullptr);
  EXPECT_EQ(tracker.find("R331C", "7"), nullptr);
  ASSERT_NE(tracker.find("R331B", "7"), nullptr);
  EXPECT_EQ(tracker.find("R331B", "7")->account, kBob);
  ASSERT_TRUE(tracker.take(kSn, "7").has_value());
  EXPECT_FALSE(tracker.take(kSn, "7").has_value());
  EXPECT_FALSE(tracker.waits_for(kSn));
  EXPECT_TRUE(tracker.waits_for("R331B"));
}

TEST(CommandTracker, CommandsThatAreNotTakenExpireInOrder) {
  CommandTracker tracker(4);
  tracker.add(kSn, command("1"), at(10));
  tracker.add("R331B", command("2"), at(10));
  tracker.add(kSn, command("3"), at(12));
  EXPECT_FALSE(tracker.take_expired(at(9)).has_value());
  ASSERT_TRUE(tracker.take("R331B", "2").has_value());
  // Another command under the same id has a deadline of its own.
  tracker.add("R331B", command("2"), at(20));
  auto first = tracker.take_expired(at(12));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->sn, kSn);
  EXPECT_EQ(first->command.id, "1");
  auto second = tracker.take_expired(at(12));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->command.id, "3");
  EXPECT_FALSE(tracker.take_expired(at(19)).has_value());
  EXPECT_TRUE(tracker.take_expired(at(20)).has_value());
  EXPECT_FALSE(tracker.waits_for("R331B"));
}

TEST(CommandTracker, OnlyTheCommandsThatAreMeantAreTaken) {
  CommandTracker tracker(8);
  for (const auto& [id, account] : {std::pair("1", kAnna), {"2", kBob}, {"3", kAnna}, {"4", kBob}})
    tracker.add(kSn, command(id, account), at(10));
  const auto ids = [](const std::vector<Command>& commands) {
    std::vector<std::string> names;
    for (const Command& each : commands) names.push_back(each.id);
    return names;
  };
  const auto of_bob = [](const Command& each) { return each.account == kBob; };
  EXPECT_THAT(ids(tracker.take_if(kSn, of_bob)), ElementsAre("2", "4"));
  EXPECT_EQ(tracker.count(kSn), 2U);
  EXPECT_THAT(ids(tracker.take_all(kSn)), ElementsAre("1", "3"));
  EXPECT_THAT(ids(tracker.take_all(kSn)), ElementsAre());
  EXPECT_FALSE(tracker.take_expired(at(10)).has_value());
}

TEST(CommandTracker, SharedAccountsLeaveHalfOfThePlacesToTheOwner) {
  const registry::Device device = device_of(kAnna);
  CommandTracker tracker(4);
  EXPECT_EQ(tracker.refusal(kSn, &device, kBob), "");
  tracker.add(kSn, command("1", kBob), at(10));
  EXPECT_EQ(tracker.refusal(kSn, &device, kBob), "");
  tracker.add(kSn, command("2", kBob), at(10));
  EXPECT_EQ(tracker.refusal(kSn, &device, kBob),
            "R331A has 2 sets unanswered of those whom it is shared with");
  EXPECT_EQ(tracker.refusal(kSn, &device, kAnna), "");
  tracker.add(kSn, command("3"), at(10));
  tracker.add(kSn, command("4"), at(10));
  EXPECT_EQ(tracker.refusal(kSn, &device, kAnna), "R331A has 4 sets unanswered");
  EXPECT_EQ(tracker.refusal(kSn, nullptr, kBob), "R331A has 4 sets unanswered");
  EXPECT_EQ(tracker.refusal("R331B", &device, kBob), "");
}

TEST(CommandTracker, ASharedAccountHasAtLeastOnePlace) {
  const registry::Device device = device_of(kAnna);
  CommandTracker tracker(1);
  EXPECT_EQ(tracker.refusal(kSn, &device, kBob), "");
  tracker.add(kSn, command("1", kBob), at(10));
  EXPECT_NE(tracker.refusal(kSn, &device, kBob), "");
}

}  // namespace
}  // namespace gridloom::hub
