// Sessions that outlive their connections: waiting messages, takeover, ordering, will delay, and
// what is left after a restart of the server. Every test runs with one loop and with two, since a
// client may reconnect on another loop.
#include "mqtt/client_session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/session_table.h"
#include "mqtt/test_peer.h"
#include "mqtt/test_server.h"

namespace gridloom::mqtt {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using wire::mqtt::Connect;
using wire::mqtt::LastWill;
using wire::mqtt::PropertyId;
using wire::mqtt::Puback;
using wire::mqtt::Publish;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

Connect keeping(std::uint32_t expiry_s = 1000) {
  Connect connect{.clean_start = false, .client_id = "phone"};
  connect.properties.add(PropertyId::kSessionExpiryS, expiry_s);
  return connect;
}

enum class Loops : std::uint8_t { kOne, kTwo };

class ClientSessions : public testing::TestWithParam<Loops> {
 protected:
  // If there are two loops, connections use them in turn.
  std::unique_ptr<Peer> peer(Version version = Version::k5) {
    Loop& loop = GetParam() == Loops::kTwo && turn_++ % 2 == 1 ? *server.home.shard_loops[1]
                                                               : server.home.client_loop;
    return std::make_unique<Peer>(server.home, *server.server, version, loop);
  }
  std::unique_ptr<Peer> app(const Connect& connect, Version version = Version::k5) {
    auto made = peer(version);
    made->join_app("alice", connect);
    return made;
  }
  // Sends CONNECT, without processing it yet.
  void begin(Peer& peer) {
    const registry::Account alice = server.home.account("alice");
    Connect connect = keeping();
    connect.version = Version::k5;
    connect.username = alice.certificate_account;
    connect.password = alice.certificate_password.reveal();
    peer.send(connect);
  }
  std::unique_ptr<Peer> device() {
    auto made = peer();
    made->join_device(kSn, {.client_id = "device"});
    return made;
  }
  void report(Peer& from, int number, Qos qos = Qos::kAtLeastOnce) {
    from.send(Publish{.qos = qos,
                      .topic = device_topic("quota"),
                      .packet_id = static_cast<std::uint16_t>(qos == Qos::kAtMostOnce ? 0 : number),
                      .payload = fmt::format("{{\"n\":{}}}", number)});
    server.home.settle();
  }
  [[nodiscard]] static std::string device_topic(std::string_view verb) {
    return fmt::format("/device/{}/{}", kSn, verb);
  }
  [[nodiscard]] std::string open_topic(std::string_view verb) const {
    return server.home.open("alice", fmt::format("{}/{}", kSn, verb));
  }
  [[nodiscard]] std::string quota(std::string_view how, int number) const {
    return fmt::format("PUBLISH {} {} {{\"n\":{}}}", open_topic("quota"), how, number);
  }

  Server server;
  int turn_ = 0;
};
INSTANTIATE_TEST_SUITE_P(OnLoops, ClientSessions, testing::Values(Loops::kOne, Loops::kTwo));

// A message's packet id is its number: the session and the device's stream have those before.
TEST_P(ClientSessions, MessagesForAnAbsentClientAreQueuedInOrder) {
  const auto sender = device();
  auto first = app(keeping());
  EXPECT_THAT(first->said(), ElementsAre(Not(HasSubstr("present"))));
  first->subscribe({open_topic("quota")});
  report(*sender, 1);
  EXPECT_THAT(first->said(), Contains(quota("q1 id3", 1)));
  first->send(Puback{.packet_id = 3});
  first->drop();
  for (int n = 2; n <= 4; ++n) report(*sender, n);
  report(*sender, 5, Qos::kAtMostOnce);

  auto second = app(keeping());
  report(*sender, 6);
  EXPECT_THAT(second->said(),
              ElementsAre(StartsWith("CONNACK success present"), quota("q1 id4", 2),
                          quota("q1 id5", 3), quota("q1 id6", 4), quota("q1 id7", 6)));
}

TEST_P(ClientSessions, UnacknowledgedMessagesAreSentAgainWithDup) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  report(*sender, 1);
  report(*sender, 2);
  static_cast<void>(first->said());
  first->send(Puback{.packet_id = 3});
  first->drop();
  auto second = app(keeping());
  EXPECT_THAT(second->said(), ElementsAre(StartsWith("CONNACK"), quota("q1 id4 dup", 2)));
}

// The older connection is still open: it is told, and no message is lost or overtakes another.
TEST_P(ClientSessions, ASecondConnectionTakesTheFirstOver) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  static_cast<void>(first->said());

  report(*sender, 1);
  auto second = peer();
  // Reports arrive in the middle of the takeover: nothing has settled yet.
  for (std::uint16_t n = 2; n <= 5; ++n) {
    if (n == 3) begin(*second);
    sender->send(Publish{.qos = Qos::kAtLeastOnce,
                         .topic = device_topic("quota"),
                         .packet_id = n,
                         .payload = fmt::format("{{\"n\":{}}}", n)});
    if (n == 4) server.home.shard_loops[0]->run();
  }
  server.home.settle();
  EXPECT_THAT(first->said(), Contains("DISCONNECT session taken over"));
  EXPECT_TRUE(first->connection().finished());
  Lines numbers;
  for (const std::string& line : second->said()) {
    if (line.starts_with("PUBLISH")) numbers.push_back(line.substr(line.find('{')));
  }
  EXPECT_THAT(numbers,
              ElementsAre(R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})", R"({"n":5})"));
  // One session, whose subscriptions are not doubled.
  static_cast<void>(second->said());
  report(*sender, 6);
  EXPECT_THAT(second->said(), SizeIs(1));
}

TEST_P(ClientSessions, AThirdConnectionMayComeBeforeTheSecondHasTheSession) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  first->drop();
  report(*sender, 1);
  auto second = peer();
  auto third = peer();
  begin(*second);
  begin(*third);
  server.home.settle();
  EXPECT_TRUE(second->connection().finished());
  EXPECT_THAT(third->said(),
              ElementsAre(StartsWith("CONNACK success present"), HasSubstr(R"({"n":1})")));
}

TEST_P(ClientSessions, AConnectionThatEndsBeforeTheTakeoverLeavesTheSessionIntact) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  first->drop();
  report(*sender, 1);
  auto second = peer();
  begin(*second);
  second->connection().lost();
  server.home.settle();
  report(*sender, 2);
  auto third = app(keeping());
  EXPECT_THAT(third->said(), ElementsAre(StartsWith("CONNACK success present"),
                                         HasSubstr(R"({"n":1})"), HasSubstr(R"({"n":2})")));
}

TEST_P(ClientSessions, ACleanStartEndsTheOldSession) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  first->drop();
  report(*sender, 1);
  Connect clean = keeping();
  clean.clean_start = true;
  auto second = app(clean);
  report(*sender, 2);
  EXPECT_THAT(second->said(), ElementsAre(Not(HasSubstr("present"))));
  second->drop();
  auto third = app(keeping());
  EXPECT_THAT(third->said(), ElementsAre(HasSubstr("present")));
}

TEST_P(ClientSessions, ASessionWithoutExpiryEndsWithItsConnection) {
  auto first = app({.clean_start = true, .client_id = "phone"}, Version::k311);
  first->subscribe({open_topic("quota")});
  first->drop();
  EXPECT_EQ(server.table->counts().sessions, 0U);
  auto second = app(keeping(0));
  EXPECT_THAT(second->said(), ElementsAre(Not(HasSubstr("present"))));
}

TEST_P(ClientSessions, ASessionExpires) {
  auto first = app(keeping(10));
  first->subscribe({open_topic("quota")});
  first->drop();
  server.pass(seconds(9));
  EXPECT_EQ(server.table->counts().waiting, 1U);
  server.pass(seconds(1));
  EXPECT_EQ(server.table->counts().sessions, 0U);
  auto second = app(keeping(10));
  EXPECT_THAT(second->said(), ElementsAre(Not(HasSubstr("present"))));
}

TEST_P(ClientSessions, ADisconnectMayChangeTheExpiry) {
  auto first = app(keeping(10));
  wire::mqtt::Disconnect goodbye;
  goodbye.properties.add(PropertyId::kSessionExpiryS, 0U);
  first->send(goodbye);
  server.home.settle();
  EXPECT_EQ(server.table->counts().sessions, 0U);
}

TEST_P(ClientSessions, TheServersLongestExpiryIsReported) {
  server.table.emplace(TableLimits{.session_expiry_s = 60});
  auto first = app(keeping());
  EXPECT_THAT(first->said(), ElementsAre(HasSubstr(" 17:60")));
  first->drop();
  server.pass(seconds(61));
  EXPECT_EQ(server.table->counts().sessions, 0U);
}

TEST_P(ClientSessions, TheSessionsOfAUserHaveALimit) {
  server.table.emplace(TableLimits{.sessions = 3, .kept_sessions = 2});
  const auto with_id = [](std::string_view id, Connect connect) {
    connect.client_id = id;
    return connect;
  };
  auto a = app(with_id("a", keeping()));
  auto b = app(with_id("b", keeping()));
  // Both sessions are connected: none can be ended for a new one.
  auto c = app(with_id("c", keeping()));
  EXPECT_THAT(c->said(), ElementsAre("CONNACK quota exceeded 31:one user has at most 3 sessions, 2 "
                                     "of them beyond their connections"));
  auto clean = app({.clean_start = true, .client_id = "d"});
  EXPECT_THAT(clean->said(), ElementsAre(StartsWith("CONNACK success")));
  auto another = app({.clean_start = true, .client_id = "e"}, Version::k311);
  EXPECT_THAT(another->said(), ElementsAre(StartsWith("CONNACK server unavailable")));
  // A parked session makes room.
  a->drop();
  clean->drop();
  auto d = app(with_id("f", keeping()));
  EXPECT_THAT(d->said(), ElementsAre(StartsWith("CONNACK success")));
  auto a_again = app(with_id("b", keeping()));
  EXPECT_THAT(a_again->said(), ElementsAre(HasSubstr("present")));
}

TEST_P(ClientSessions, TheSessionsOfAnAccountHaveALimit) {
  server.table.emplace(TableLimits{.account = {.sessions = 2}});
  const auto sender = device();
  const auto one = app({.client_id = "one"});
  EXPECT_THAT(one->said(), ElementsAre(StartsWith("CONNACK success")));
  const auto two = app({.client_id = "two"});
  EXPECT_THAT(two->said(), ElementsAre("CONNACK quota exceeded 31:one account has at most 2 "
                                       "sessions"));
  const auto again = app({.client_id = "one"});
  EXPECT_THAT(again->said(), ElementsAre(StartsWith("CONNACK success")))
      << "it takes its own place";
}

TEST_P(ClientSessions, AnAccountsSubscriptionsHaveALimitInBytes) {
  const std::string filter = open_topic("quota");
  server.table.emplace(TableLimits{.account = {.filter_bytes = 2 * cost_of(filter)}});
  const auto one = app({.client_id = "one"});
  const auto two = app({.client_id = "two"});
  one->subscribe({filter});
  two->subscribe({filter});
  two->subscribe({filter});
  static_cast<void>(one->said());
  EXPECT_THAT(two->said(), Each(Not(HasSubstr("quota exceeded")))) << "the same one again";
  one->subscribe({open_topic("get_reply")});
  EXPECT_THAT(one->said(), Contains(HasSubstr("quota exceeded")));
  two->drop();
  server.home.settle();
  one->subscribe({open_topic("set")});
  EXPECT_THAT(one->said(), Each(Not(HasSubstr("quota exceeded")))) << "a session's end gives back";
}

TEST_P(ClientSessions, TheQueuedBytesOfAnAccountHaveALimit) {
  const std::size_t each = open_topic("quota").size() + std::string_view(R"({"n":1})").size();
  server.table.emplace(TableLimits{.account = {.queued_bytes = 3 * each}});
  const auto sender = device();
  const auto with_id = [](std::string_view id) {
    Connect connect = keeping();
    connect.client_id = id;
    return connect;
  };
  for (const std::string_view id : {"one", "two"}) {
    const auto away = app(with_id(id));
    away->subscribe({open_topic("quota")});
    away->drop();
  }
  for (int number = 1; number <= 4; ++number) report(*sender, number);
  std::size_t kept = 0;
  for (const std::string_view id : {"one", "two"}) {
    const auto back = app(with_id(id));
    for (const std::string& line : back->said()) kept += line.starts_with("PUBLISH") ? 1 : 0;
  }
  EXPECT_EQ(kept, 3U);
  EXPECT_GT(server.home.platform.counters.dropped_queue_full.load(), 0U);
}

TEST_P(ClientSessions, AWillIsPublishedAfterItsDelayUnlessTheClientComesBack) {
  const auto watcher = app({.client_id = "watcher"});
  watcher->subscribe({open_topic("set")});
  static_cast<void>(watcher->said());
  const std::string topic = open_topic("set");
  LastWill will{.topic = topic, .payload = "{}", .qos = Qos::kAtLeastOnce};
  will.properties.add(PropertyId::kWillDelayS, 10U);
  Connect connect = keeping();
  connect.will = will;

  auto first = app(connect);
  first->drop();
  server.pass(seconds(9));
  EXPECT_THAT(watcher->said(), IsEmpty());
  auto second = app(connect);
  server.pass(seconds(5));
  EXPECT_THAT(watcher->said(), IsEmpty()) << "it came back in time";
  second->drop();
  server.pass(seconds(10));
  EXPECT_THAT(watcher->said(), Contains(StartsWith("PUBLISH " + topic)));
}

TEST_P(ClientSessions, AWillIsPublishedWhenItsSessionEndsBeforeItsDelay) {
  const auto watcher = app({.client_id = "watcher"});
  watcher->subscribe({open_topic("set")});
  static_cast<void>(watcher->said());
  const std::string topic = open_topic("set");
  for (const bool cleaned : {false, true}) {
    LastWill will{.topic = topic, .payload = "{}", .qos = Qos::kAtLeastOnce};
    will.properties.add(PropertyId::kWillDelayS, 1000U);
    Connect connect = keeping(5);
    connect.will = will;
    auto first = app(connect);
    first->drop();
    EXPECT_THAT(watcher->said(), IsEmpty());
    if (cleaned) {
      Connect clean = keeping(5);
      clean.clean_start = true;
      static_cast<void>(app(clean));
    } else {
      server.pass(seconds(5));
    }
    EXPECT_THAT(watcher->said(), Contains(StartsWith("PUBLISH " + topic)));
  }
}

// A device that is disconnected is offline, whatever its will reports.
TEST_P(ClientSessions, AWillDoesNotBringItsDeviceBack) {
  auto gone = peer();
  const std::string topic = device_topic("quota");
  gone->join_device(kSn,
                    {.client_id = "device", .will = LastWill{.topic = topic, .payload = "{}"}});
  ASSERT_TRUE(server.home.platform.presence.online(kSn));
  gone->drop();
  EXPECT_EQ(server.home.platform.counters.reports.load(), 1U);
  EXPECT_FALSE(server.home.platform.presence.online(kSn));
}

TEST_P(ClientSessions, NewCredentialsEndTheSessionsThatWait) {
  auto first = app(keeping());
  first->drop();
  ASSERT_EQ(server.table->counts().waiting, 1U);
  static_cast<void>(must(server.home.registry->rotate_certificate("alice")));
  server.home.settle();
  server.pass(seconds(1));
  EXPECT_EQ(server.table->counts().sessions, 0U);
}

TEST_P(ClientSessions, AFullQueueDropsTheOldestAndCountsIt) {
  server.wire_limits.queue_messages = 3;
  server.server->limits.queue_messages = 3;
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  first->drop();
  for (int n = 1; n <= 5; ++n) report(*sender, n);
  EXPECT_EQ(server.home.platform.counters.dropped_queue_full.load(), 2U);
  auto second = app(keeping());
  EXPECT_THAT(second->said(), ElementsAre(StartsWith("CONNACK"), HasSubstr("\"n\":3"),
                                          HasSubstr("\"n\":4"), HasSubstr("\"n\":5")));
}

// --- over a restart of the server ---

TEST_P(ClientSessions, ASessionAndWhatWaitsForItOutliveTheServer) {
  {
    const auto sender = device();
    auto first = app(keeping());
    wire::mqtt::Subscribe packet{.packet_id = 1};
    const std::string filter = open_topic("quota");
    packet.entries.push_back({.filter = filter, .qos = Qos::kAtLeastOnce});
    packet.properties.add(PropertyId::kSubscriptionId, 42U);
    first->send(packet);
    server.home.settle();
    report(*sender, 1);
    static_cast<void>(first->said());
    first->drop();
    report(*sender, 2);
  }
  server.restart();
  const auto sender = device();
  report(*sender, 3);
  auto second = app(keeping());
  EXPECT_THAT(second->said(),
              ElementsAre(StartsWith("CONNACK success present"), quota("q1 id3 dup", 1) + " 11:42",
                          quota("q1 id4", 2) + " 11:42", quota("q1 id5", 3) + " 11:42"));
  for (std::uint16_t id = 3; id <= 5; ++id) second->send(Puback{.packet_id = id});
  second->drop();
  server.restart();
  auto third = app(keeping());
  EXPECT_THAT(third->said(), ElementsAre(HasSubstr("present"))) << "what was taken is gone";
}

TEST_P(ClientSessions, AStoredSharedMessageIsRedeliveredWhenItsSessionEnds) {
  const std::string shared = "$share/g/" + open_topic("quota");
  {
    const auto sender = device();
    auto away = app(keeping(10));
    away->subscribe({shared, open_topic("set")});
    away->drop();
    report(*sender, 1);
  }
  server.restart();
  auto there = app({.client_id = "desk"});
  there->subscribe({shared});
  static_cast<void>(there->said());
  server.pass(seconds(9));
  EXPECT_THAT(there->said(), IsEmpty());
  server.pass(seconds(2));
  EXPECT_THAT(there->said(), ElementsAre(quota("q1 id1", 1)));
}

TEST_P(ClientSessions, AServerThatIsKilledHasWhatItsStoreHas) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  first->drop();
  report(*sender, 1);
  server.sweep();
  const auto loaded = server.as_killed();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  EXPECT_EQ(loaded.sessions[0].client_id, "phone");
  ASSERT_EQ(loaded.sessions[0].messages.size(), 1U);
  EXPECT_EQ(loaded.sessions[0].messages[0].entry.message->payload, "{\"n\":1}");
}

TEST_P(ClientSessions, AcknowledgedMessagesAreNotKept) {
  const auto sender = device();
  auto first = app(keeping());
  first->subscribe({open_topic("quota")});
  report(*sender, 1);
  static_cast<void>(first->said());
  first->send(Puback{.packet_id = 3});
  report(*sender, 2);
  const auto loaded = server.as_killed();
  ASSERT_EQ(loaded.sessions.size(), 1U);
  ASSERT_EQ(loaded.sessions[0].messages.size(), 1U);
  EXPECT_EQ(loaded.sessions[0].messages[0].entry.message->payload, "{\"n\":2}");
}

// After a start with a wrong clock a session lives an hour, or its own expiry if that is shorter.
TEST_P(ClientSessions, NoWrongClockOfTheSystemEndsASessionAtOnce) {
  using std::chrono::days;
  using std::chrono::hours;
  const struct {
    std::uint32_t expiry_s;
    Millis set_while_running;
    Millis set_at_restart;
    seconds stays;
  } rows[] = {
      {7200, Millis{0}, Millis{0}, hours{2}},  {7200, days{365}, days{-365}, hours{2}},
      {7200, days{-365}, days{365}, hours{2}}, {7200, Millis{0}, days{365}, hours{1}},
      {7200, Millis{0}, days{-365}, hours{2}}, {10, Millis{0}, days{365}, seconds{10}},
  };
  TestClock wall;
  wall.set(server.home.clock.now());
  server.home.platform.wall = &wall;
  for (const auto& row : rows) {
    SCOPED_TRACE(fmt::format("{} s, {}, {}", row.expiry_s, row.set_while_running.count(),
                             row.set_at_restart.count()));
    auto away = app(keeping(row.expiry_s));
    away->subscribe({open_topic("quota")});
    away->drop();
    wall.pass(row.set_while_running);
    server.pass(seconds(1));
    EXPECT_EQ(server.table->counts().waiting, 1U);
    wall.pass(row.set_at_restart);
    server.restart();
    server.pass(row.stays - seconds(2));
    EXPECT_EQ(server.table->counts().waiting, 1U);
    server.pass(seconds(3));
    EXPECT_EQ(server.table->counts().waiting, 0U);
  }
  server.home.platform.wall = &server.home.clock;
}

TEST_P(ClientSessions, ADelayedWillOutlivesTheServer) {
  const std::string topic = open_topic("set");
  {
    LastWill will{.topic = topic, .payload = "{}", .qos = Qos::kAtLeastOnce};
    will.properties.add(PropertyId::kWillDelayS, 10U);
    Connect connect = keeping();
    connect.will = will;
    app(connect)->drop();
  }
  server.restart();
  const auto watcher = app({.client_id = "watcher"});
  watcher->subscribe({topic});
  static_cast<void>(watcher->said());
  server.pass(seconds(9));
  EXPECT_THAT(watcher->said(), IsEmpty());
  server.pass(seconds(1));
  EXPECT_THAT(watcher->said(), Contains(StartsWith("PUBLISH " + topic)));
}

TEST_P(ClientSessions, AClientsQosTwoMessageIsTakenOnceOverARestart) {
  const std::string topic = open_topic("set");
  const Publish once{.dup = true,
                     .qos = Qos::kExactlyOnce,
                     .topic = topic,
                     .packet_id = 5,
                     .payload = "{\"id\":1}"};
  {
    auto first = app(keeping());
    first->send(once);
    server.home.settle();
    EXPECT_THAT(first->said(), Contains("PUBREC 5 success"));
    first->drop();
  }
  server.restart();
  const std::uint64_t sets = server.home.platform.counters.deliveries.load();
  auto second = app(keeping());
  second->send(once);
  server.home.settle();
  EXPECT_THAT(second->said(), Contains("PUBREC 5 success"));
  EXPECT_EQ(server.home.platform.counters.deliveries.load(), sets);
}

TEST_P(ClientSessions, RetainedMessagesOutliveTheServerAndCanBeCleared) {
  {
    const auto sender = device();
    sender->send(Publish{.retain = true, .topic = device_topic("quota"), .payload = "{\"n\":1}"});
    server.home.settle();
  }
  server.restart();
  auto first = app({.client_id = "a"});
  first->subscribe({open_topic("quota")});
  EXPECT_THAT(first->said(), Contains(fmt::format("PUBLISH {} q0 retained {}", open_topic("quota"),
                                                  R"({"n":1})")));
  const auto sender = device();
  sender->send(Publish{.retain = true, .topic = device_topic("quota"), .payload = ""});
  server.home.settle();
  server.restart();
  auto second = app({.client_id = "b"});
  second->subscribe({open_topic("quota")});
  EXPECT_THAT(second->said(), Not(Contains(HasSubstr("retained"))));
}

}  // namespace
}  // namespace gridloom::mqtt
