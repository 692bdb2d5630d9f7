// Messages waiting for a member of a shared subscription whose session ends: another member
// receives them, except for those that the first one may have (MQTT 5, 4.8.2).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mqtt/test_conformance.h"

namespace gridloom::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::mqtt::Puback;

class SharedSubscriptions : public MqttStandard {
 protected:
  SharedSubscriptions() { server.limits.in_flight = 1; }

  std::unique_ptr<Peer> member(const Connect& connect, Qos qos = Qos::kExactlyOnce) {
    auto peer = app(connect);
    peer->subscribe({"$share/g/" + quota()}, qos);
    static_cast<void>(peer->said());
    return peer;
  }
  // Acknowledges every message that `to` receives until there are no more; returns their payloads.
  Lines all_of(Peer& to) {
    Lines payloads;
    for (Lines some = published(to); !some.empty(); some = published(to)) {
      for (const std::string& line : some) {
        payloads.push_back(line.substr(line.rfind(' ') + 1));
        const auto id = static_cast<std::uint16_t>(std::stoi(line.substr(line.find("id") + 2)));
        if (line.starts_with("q1")) {
          to.send(Puback{id, {}, {}});
        } else {
          to.send(wire::mqtt::Pubrec{id, {}, {}});
          to.send(wire::mqtt::Pubcomp{id, {}, {}});
        }
      }
      home.settle();
    }
    return payloads;
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, SharedSubscriptions, testing::Values(Version::k311, Version::k5),
                         version_name);

TEST_P(SharedSubscriptions, UntakenMessagesOfAMemberReachTheOthersOnce) {
  for (const Qos qos : {Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
    const auto stays = member(clean("stays"));
    const auto leaves = member(clean("leaves"));
    for (const char* payload : {"1", "2", "3", "4", "5", "6"}) report(payload, qos);
    EXPECT_THAT(all_of(*stays), ElementsAre("1", "3", "5"));
    EXPECT_EQ(published(*leaves).size(), 1U) << "the others wait for its acknowledgement";
    leaves->drop();
    // The client may have the QoS 2 message that was sent.
    if (qos == Qos::kAtLeastOnce) {
      EXPECT_THAT(all_of(*stays), ElementsAre("2", "4", "6"));
    } else {
      EXPECT_THAT(all_of(*stays), ElementsAre("4", "6"));
    }
  }
}

TEST_P(SharedSubscriptions, AMemberThatIsAwayKeepsItAndTheLastOneTakesItAlong) {
  auto away = member(keeping("away"));
  const auto leaves = member(clean("leaves"));
  away->drop();
  for (const char* payload : {"1", "2"}) report(payload);
  leaves->drop();
  away = app(keeping("away"));
  EXPECT_THAT(all_of(*away), ElementsAre("1", "2"));
  report("3");
  away->drop();
  static_cast<void>(app(clean("away")));
  const auto later = member(clean("later"));
  EXPECT_THAT(all_of(*later), IsEmpty());
}

TEST_P(SharedSubscriptions, MessagesOfSeveralEndingMembersAreNeitherLostNorDoubled) {
  const auto first = member(clean("first"));
  const auto second = member(clean("second"));
  const auto third = member(clean("third"));
  for (const char* payload : {"1", "2", "3", "4", "5", "6"}) report(payload);
  // Both end before a shard is told, so that one receives what the other left.
  first->connection().lost();
  second->connection().lost();
  home.settle();
  Lines got = all_of(*third);
  std::ranges::sort(got);
  EXPECT_THAT(got, ElementsAre("1", "2", "3", "4", "5", "6"));
}

TEST_P(SharedSubscriptions, MessagesOfOwnSubscriptionsEndWithTheClient) {
  const auto stays = member(clean("stays"));
  const auto leaves = app(clean("leaves"));
  leaves->subscribe({quota()}, Qos::kAtLeastOnce);
  for (const char* payload : {"1", "2"}) report(payload);
  EXPECT_THAT(all_of(*stays), ElementsAre("1", "2"));
  leaves->drop();
  EXPECT_THAT(all_of(*stays), IsEmpty());
}

}  // namespace
}  // namespace gridloom::mqtt
