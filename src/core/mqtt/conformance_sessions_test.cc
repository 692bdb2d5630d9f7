// The MQTT standards' statements about sessions, client ids, wills and shared subscriptions, from
// the bytes to the hub, in both versions. `proves` names the statements; see
// tests/conformance/table.py.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/test_conformance.h"

namespace gridloom::mqtt {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using wire::mqtt::Disconnect;
using wire::mqtt::Puback;
using wire::mqtt::Pubrec;
using wire::mqtt::Reason;

using SessionConformance = MqttStandard;
INSTANTIATE_TEST_SUITE_P(Versions, SessionConformance, testing::Values(Version::k311, Version::k5),
                         version_name);
// Only in version 5.
using SessionConformance5 = MqttStandard;
INSTANTIATE_TEST_SUITE_P(Version5, SessionConformance5, testing::Values(Version::k5), version_name);

// proves v3: MQTT-3.1.2-4, MQTT-3.1.2-5, MQTT-3.1.4-3, MQTT-3.2.2-2, MQTT-3.2.2-3, MQTT-4.1.0-1
// proves v3: MQTT-4.5.0-1
// proves v5: MQTT-3.1.2-5, MQTT-3.1.2-6, MQTT-3.1.2-23, MQTT-3.1.4-4, MQTT-3.2.2-3
// proves v5: MQTT-4.5.0-1
TEST_P(SessionConformance, ASessionIsMadeKeptAndResumed) {
  auto first = app(keeping());
  EXPECT_THAT(first->said(),
              ElementsAre(AllOf(StartsWith("CONNACK success"), Not(HasSubstr("present")))));
  first->subscribe({quota()}, Qos::kExactlyOnce);
  first->drop();
  report("1", Qos::kAtLeastOnce);
  report("2", Qos::kExactlyOnce);
  report("3", Qos::kAtMostOnce);
  auto second = app(keeping());
  report("4", Qos::kAtMostOnce);
  const Lines said = second->said();
  ASSERT_THAT(said, SizeIs(4));
  EXPECT_THAT(said[0], StartsWith("CONNACK success present"));
  EXPECT_EQ(said[1], fmt::format("PUBLISH {} q1 id1 1", quota()));
  EXPECT_EQ(said[2], fmt::format("PUBLISH {} q2 id2 2", quota()));
  EXPECT_EQ(said[3], fmt::format("PUBLISH {} q0 4", quota()));
}

// proves v3: MQTT-3.1.2-6, MQTT-3.1.4-3, MQTT-3.2.2-1
// proves v5: MQTT-3.1.2-4, MQTT-3.1.4-4, MQTT-3.2.2-2
TEST_P(SessionConformance, ACleanStartDropsTheOldSession) {
  auto first = app(keeping());
  first->subscribe({quota()});
  report("sent");
  first->drop();
  report("waits");
  auto second = app(clean());
  report("not subscribed");
  EXPECT_THAT(second->said(),
              ElementsAre(AllOf(StartsWith("CONNACK success"), Not(HasSubstr("present")))));
  second->subscribe({quota()});
  second->drop();
  // A clean session of 3.1.1, or one without an expiry, ends with its connection.
  auto third = app(keeping());
  report("not subscribed");
  EXPECT_THAT(third->said(), ElementsAre(Not(HasSubstr("present"))));
}

// proves v3: MQTT-4.1.0-1, MQTT-4.1.0-2
// proves v5: MQTT-4.1.0-1
TEST_P(SessionConformance, ASessionLastsAtLeastAsLongAsItsConnection) {
  for (const Connect& connect : {clean("clean"), keeping("kept", 1)}) {
    Connect patient = connect;
    patient.keepalive_s = 0;
    auto peer = app(patient);
    peer->subscribe({quota()});
    report("1");
    EXPECT_THAT(published(*peer), ElementsAre("q1 id1 1"));
    pass(seconds(100'000));
    report("2");
    EXPECT_THAT(published(*peer), ElementsAre("q1 id2 2"));
    peer->send(Puback{1, {}, {}});
    EXPECT_FALSE(peer->connection().finished());
  }
}

// proves v5: MQTT-3.1.2-23, MQTT-4.1.0-2
TEST_P(SessionConformance5, ASessionEndsWhenItsExpiryIsOver) {
  for (const int away_s : {9, 10}) {
    auto first = app(keeping("phone", 10));
    first->subscribe({quota()});
    first->drop();
    report("waits");
    pass(seconds(away_s));
    auto second = app(keeping("phone", 10));
    if (away_s < 10) {
      EXPECT_THAT(second->said(), ElementsAre(HasSubstr("present"), HasSubstr("waits")));
    } else {
      EXPECT_THAT(second->said(), ElementsAre(Not(HasSubstr("present"))));
    }
  }
}

// proves v3: MQTT-3.1.3-2
// proves v5: MQTT-3.1.3-2
TEST_P(SessionConformance, ClientIdsTellSessionsApart) {
  auto a = app(keeping("a"));
  a->subscribe({quota()});
  auto b = app(keeping("b"));
  b->subscribe({set()});
  a->drop();
  b->drop();
  report("for a");
  auto b_again = app(keeping("b"));
  EXPECT_THAT(b_again->said(), ElementsAre(HasSubstr("present")));
  auto a_upper = app(keeping("A"));
  EXPECT_THAT(a_upper->said(), ElementsAre(Not(HasSubstr("present"))));
  auto a_again = app(keeping("a"));
  EXPECT_THAT(a_again->said(), ElementsAre(HasSubstr("present"), HasSubstr("for a")));
}

// proves v3: MQTT-3.1.4-2
// proves v5: MQTT-3.1.4-3
TEST_P(SessionConformance, ASecondConnectionWithAClientIdEndsTheFirst) {
  auto first = app(clean());
  static_cast<void>(first->said());
  auto second = app(clean());
  EXPECT_TRUE(first->connection().finished());
  EXPECT_EQ(first->said(), is_5() ? Lines{"DISCONNECT session taken over"} : Lines{});
  EXPECT_FALSE(second->connection().finished());
  EXPECT_THAT(second->said(), ElementsAre(StartsWith("CONNACK success")));
}

// proves v3: MQTT-3.1.3-6
// proves v5: MQTT-3.1.3-6, MQTT-3.1.3-7, MQTT-3.2.2-16
TEST_P(SessionConformance, ClientsWithoutAnIdGetOneEach) {
  const registry::Account alice = home.account("alice");
  std::vector<std::unique_ptr<Peer>> peers;
  std::set<std::string> told;
  for (int i = 0; i < 5; ++i) {
    Connect connect{.version = GetParam(),
                    .username = alice.certificate_account,
                    .password = alice.certificate_password.reveal()};
    if (is_5()) connect.properties.add(PropertyId::kSessionExpiryS, 1000U);
    peers.push_back(std::make_unique<Peer>(home, server, GetParam()));
    peers.back()->send(connect);
    home.settle();
    const std::string connack = peers.back()->said().at(0);
    EXPECT_THAT(connack, StartsWith("CONNACK success"));
    const std::size_t at = connack.find(" 18:");
    ASSERT_EQ(at != std::string::npos, is_5());
    if (is_5()) told.insert(connack.substr(at + 4, connack.find(' ', at + 4) - at - 4));
  }
  for (const auto& peer : peers) EXPECT_FALSE(peer->connection().finished());
  EXPECT_EQ(told.size(), is_5() ? 5U : 0U);
  if (!is_5()) return;
  peers[0]->subscribe({quota()});
  peers.clear();
  report("waits");
  int present = 0;
  int waiting = 0;
  for (const std::string& id : told) {
    const Lines said = app(keeping(id))->said();
    present += said.at(0).contains("present") ? 1 : 0;
    waiting += static_cast<int>(said.size()) - 1;
  }
  EXPECT_EQ(present, 5);
  EXPECT_EQ(waiting, 1);
}

// --- wills ---

Connect with_will(Connect connect, const std::string& topic, bool retain = false) {
  connect.will =
      LastWill{.topic = topic, .payload = "gone", .qos = Qos::kAtLeastOnce, .retain = retain};
  return connect;
}

// proves v3: MQTT-3.1.2-8, MQTT-3.1.2-9, MQTT-3.1.2-10, MQTT-3.1.2-12, MQTT-3.1.2-16
// proves v3: MQTT-3.14.4-3
// proves v5: MQTT-3.1.2-7, MQTT-3.1.2-8, MQTT-3.1.2-10, MQTT-3.1.2-14, MQTT-3.14.4-3
TEST_P(SessionConformance, AWillIsPublishedOnceHoweverTheConnectionEndsButByDisconnect) {
  const auto seen = watcher(set());
  const auto after = [&](const Connect& connect, auto how) {
    auto peer = app(connect);
    EXPECT_THAT(published(*seen), IsEmpty());
    how(*peer);
    home.settle();
    peer.reset();
    pass(seconds(1));
    return published(*seen);
  };
  const auto drop = [](Peer& peer) { peer.drop(); };
  const auto breach = [](Peer& peer) { peer.bytes(std::string_view("\0", 1)); };
  const auto silence = [&](Peer& peer) { peer.connection().tick(home.clock.now() + seconds(15)); };
  const auto goodbye = [](Peer& peer) { peer.send(Disconnect{}); };
  Connect connect = with_will(clean(), set());
  connect.keepalive_s = 10;
  EXPECT_THAT(after(connect, drop), ElementsAre("q1 id1 gone"));
  EXPECT_THAT(after(connect, breach), ElementsAre("q1 id2 gone"));
  EXPECT_THAT(after(connect, silence), ElementsAre("q1 id3 gone"));
  EXPECT_THAT(after(connect, [&](Peer&) { static_cast<void>(app(clean())); }),
              ElementsAre("q1 id4 gone"));
  EXPECT_THAT(after(connect, goodbye), IsEmpty());
  EXPECT_THAT(after(clean(), drop), IsEmpty());
  // In a resumed session a will is published once, for the connection that set it, not for the
  // next.
  EXPECT_THAT(after(with_will(keeping(), set()), drop), ElementsAre("q1 id5 gone"));
  EXPECT_THAT(after(keeping(), drop), IsEmpty());
  EXPECT_THAT(after(with_will(keeping(), set()), goodbye), IsEmpty());
  EXPECT_THAT(after(keeping(), drop), IsEmpty());
}

// proves v3: MQTT-3.1.2-16, MQTT-3.1.2-17
// proves v5: MQTT-3.1.2-14, MQTT-3.1.2-15
TEST_P(SessionConformance, AWillIsRetainedIfItsClientSaidSo) {
  for (const bool retain : {false, true}) {
    app(with_will(clean(), set(), retain))->drop();
    auto later = app(clean("later"));
    later->subscribe({set()});
    if (retain) {
      EXPECT_THAT(published(*later), ElementsAre("q1 id1 retained gone"));
    } else {
      EXPECT_THAT(published(*later), IsEmpty());
    }
  }
}

// proves v5: MQTT-3.1.2-8, MQTT-3.1.2-10, MQTT-3.1.3-9
TEST_P(SessionConformance5, AWillWaitsForItsDelayOrTheSessionsEnd) {
  const auto seen = watcher(set());
  const auto delayed = [&](std::uint32_t expiry_s) {
    Connect connect = with_will(keeping("phone", expiry_s), set());
    connect.will->properties.add(PropertyId::kWillDelayS, 10U);
    return connect;
  };
  app(delayed(1000))->drop();
  pass(seconds(9));
  EXPECT_THAT(published(*seen), IsEmpty());
  pass(seconds(1));
  EXPECT_THAT(published(*seen), ElementsAre("q1 id1 gone"));
  pass(seconds(100));
  EXPECT_THAT(published(*seen), IsEmpty()) << "once";

  app(delayed(1000))->drop();
  pass(seconds(9));
  auto back = app(keeping());
  pass(seconds(100));
  EXPECT_THAT(published(*seen), IsEmpty()) << "it was back in time";
  back->drop();

  app(delayed(5))->drop();
  pass(seconds(5));
  EXPECT_THAT(published(*seen), ElementsAre("q1 id2 gone")) << "the session ended before";

  app(delayed(1000))->drop();
  static_cast<void>(app(clean()));
  EXPECT_THAT(published(*seen), ElementsAre("q1 id3 gone")) << "a clean start ended the session";
}

// --- shared subscriptions ---

// proves v5: MQTT-4.8.2-3
TEST_P(SessionConformance, ASharedMessageKeepsToTheQosOfItsClient) {
  const std::string shared = "$share/g/" + quota();
  const auto zero = watcher(shared, Qos::kAtMostOnce, "zero");
  const auto one = watcher(shared, Qos::kAtLeastOnce, "one");
  for (int i = 0; i < 4; ++i) report("x", Qos::kExactlyOnce);
  EXPECT_THAT(published(*zero), ElementsAre("q0 x", "q0 x"));
  EXPECT_THAT(published(*one), ElementsAre("q1 id1 x", "q1 id2 x"));
}

// proves v5: MQTT-4.8.2-4, MQTT-4.8.2-5
TEST_P(SessionConformance, ASharedMessageOfQos2StaysWithTheClientThatItWasSentTo) {
  const std::string shared = "$share/g/" + quota();
  for (const bool comes_back : {true, false}) {
    auto first = app(keeping("first"));
    first->subscribe({shared}, Qos::kExactlyOnce);
    report("hers", Qos::kExactlyOnce);
    EXPECT_THAT(published(*first), ElementsAre("q2 id1 hers"));
    const auto second = watcher(shared, Qos::kExactlyOnce, "second");
    first->drop();
    if (comes_back) {
      auto again = app(keeping("first"));
      EXPECT_THAT(published(*again), ElementsAre("q2 id1 dup hers"));
      again->send(Pubrec{1, {}, {}});
      again->send(wire::mqtt::Pubcomp{1, {}, {}});
      EXPECT_THAT(again->said(), ElementsAre("PUBREL 1 success"));
      again->drop();
    }
    static_cast<void>(app(clean("first")));
    pass(seconds(2000));
    report("for who is there", Qos::kExactlyOnce);
    EXPECT_THAT(published(*second), ElementsAre("q2 id1 for who is there"));
  }
}

// proves v5: MQTT-4.8.2-6
TEST_P(SessionConformance5, ASharedMessageThatIsRefusedIsOfferedToNobodyElse) {
  const std::string shared = "$share/g/" + quota();
  auto first = app(keeping("first"));
  first->subscribe({shared}, Qos::kExactlyOnce);
  report("1", Qos::kAtLeastOnce);
  report("2", Qos::kExactlyOnce);
  EXPECT_THAT(published(*first), ElementsAre("q1 id1 1", "q2 id2 2"));
  const auto second = watcher(shared, Qos::kExactlyOnce, "second");
  first->send(Puback{1, Reason::kQuotaExceeded, {}});
  first->send(Pubrec{2, Reason::kImplementationSpecificError, {}});
  home.settle();
  EXPECT_THAT(published(*second), IsEmpty());
  first->drop();
  auto again = app(keeping("first"));
  EXPECT_THAT(again->said(), ElementsAre(HasSubstr("present")));
  EXPECT_THAT(published(*second), IsEmpty());
}

}  // namespace
}  // namespace gridloom::mqtt
