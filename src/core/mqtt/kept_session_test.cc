// Sessions that outlive their connection, over crashes: a message acknowledged to its sender is
// kept for each of these sessions, and is delivered once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/test_crash.h"

namespace gridloom::mqtt {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using wire::mqtt::Connect;
using wire::mqtt::PropertyId;
using wire::mqtt::Puback;
using wire::mqtt::Pubcomp;
using wire::mqtt::Publish;
using wire::mqtt::Pubrec;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kTopic = "/device/R331ZEB4ZEAL0528/quota";

class KeptSessions : public CrashTest {
 protected:
  KeptSessions() {
    home.add_account("anna");
    home.add_device(kSn, "anna");
  }
  ~KeptSessions() override {
    end_peers();
    commit();
  }

  void end_peers() {
    device.reset();
    app.reset();
  }
  void kill() {
    CrashTest::kill([this] { end_peers(); });
  }
  Lines join_app(std::uint32_t expiry_s = 3600, bool clean = false) {
    app.reset();
    commit();
    app = std::make_unique<Peer>(home, *server, Version::k5, home.client_loop);
    Connect connect{.clean_start = clean, .client_id = "phone"};
    connect.properties.add(PropertyId::kSessionExpiryS, expiry_s);
    app->join_app("anna", connect);
    return heard(*app);
  }
  // Everything that the peer receives, with the log committed in between.
  Lines heard(Peer& peer) {
    Lines all;
    for (Lines some{""}; !some.empty() || !log.waiting.empty();) {
      commit();
      some = peer.said();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }
  void subscribe(Qos qos) {
    app->subscribe({quota()}, qos);
    commit();
    static_cast<void>(app->said());
  }
  // The device sends a report and receives its acknowledgement.
  void report(int n) {
    if (!device) {
      device = std::make_unique<Peer>(home, *server, Version::k311, home.client_loop);
      device->join_device(kSn, {.clean_start = false, .client_id = "device"});
      commit();
      static_cast<void>(device->said());
    }
    const auto id = static_cast<std::uint16_t>(n);
    device->send(Publish{.qos = Qos::kExactlyOnce,
                         .topic = kTopic,
                         .packet_id = id,
                         .payload = fmt::format(R"({{"params":{{"x":{}}}}})", n)});
    commit();
    ASSERT_THAT(device->said(), ElementsAre(fmt::format("PUBREC {} success", id)));
  }
  [[nodiscard]] std::string quota() {
    return fmt::format("/open/{}/{}/quota", home.account("anna").certificate_account, kSn);
  }
  // The packet id of the app's n-th message: its session and two streams have earlier numbers.
  static std::uint16_t id_of(int n) { return static_cast<std::uint16_t>(n + 3); }
  // A PUBLISH of it to the app, without the part after the payload.
  [[nodiscard]] std::string message(std::string_view qos, int n, std::string_view flags = "") {
    return fmt::format(R"(PUBLISH {} {} id{}{} {{"params":{{"x":{}}}}})", quota(), qos, id_of(n),
                       flags, n);
  }
  // The same with whichever packet id.
  [[nodiscard]] auto any_message(std::string_view qos, int n) {
    return AllOf(StartsWith(fmt::format("PUBLISH {} {} id", quota(), qos)),
                 EndsWith(fmt::format(R"({{"params":{{"x":{}}}}})", n)));
  }

  std::unique_ptr<Peer> device;
  std::unique_ptr<Peer> app;
};

TEST_F(KeptSessions, HaveWhatWasAcknowledgedWhileTheyWereAway) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  app.reset();
  for (int n = 1; n <= 3; ++n) report(n);
  kill();
  EXPECT_THAT(join_app(), ElementsAre(StartsWith("CONNACK success present"), message("q1", 1),
                                      message("q1", 2), message("q1", 3)));
}

TEST_F(KeptSessions, HaveItThoughTheirSubscriptionIsAsYoungAsTheMessage) {
  join_app();
  app->subscribe({quota()}, Qos::kAtLeastOnce);
  home.settle();
  EXPECT_THAT(app->said(), IsEmpty()) << "SUBACK waits for the disk";
  commit();
  EXPECT_THAT(app->said(), ElementsAre(StartsWith("SUBACK")));
  report(1);
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q1", 1, " dup")))
      << "nobody knows whether it was sent";
}

TEST_F(KeptSessions, ALostMessageIsLostForAllAndComesAgainForAll) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  app.reset();
  report(1);
  device->send(
      Publish{.qos = Qos::kAtLeastOnce, .topic = kTopic, .packet_id = 9, .payload = "{\"n\":2}"});
  home.settle();
  EXPECT_THAT(device->said(), IsEmpty());
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q1", 1)));
}

TEST_F(KeptSessions, AcknowledgedMessagesAreNotSentAgain) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  report(1);
  report(2);
  EXPECT_THAT(app->said(), ElementsAre(message("q1", 1), message("q1", 2)));
  app->send(Puback{.packet_id = id_of(1)});
  commit();
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q1", 2, " dup")));
}

TEST_F(KeptSessions, ResentMessagesKeepTheirPacketId) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  for (int n = 1; n <= 3; ++n) report(n);
  static_cast<void>(app->said());
  app->send(Puback{.packet_id = id_of(1)});
  app.reset();
  commit();
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q1", 2, " dup"),
                                      message("q1", 3, " dup")));
}

// A kill at each step of QoS 2, which loses what the log does not have yet: the client sees the
// message's packet id again, and never a second message.
TEST_F(KeptSessions, AMessageOfQos2IsThereOnceWhereverTheCrashComes) {
  join_app();
  subscribe(Qos::kExactlyOnce);
  report(1);
  const std::string again = message("q2", 1, " dup");
  const std::string released = fmt::format("PUBREL {} success", id_of(1));
  EXPECT_THAT(heard(*app), ElementsAre(message("q2", 1)));
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), again));
  // The client acknowledges with PUBREC: PUBREL waits for the disk.
  app->send(Pubrec{.packet_id = id_of(1)});
  home.settle();
  EXPECT_THAT(app->said(), IsEmpty());
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), again)) << "the PUBREC was not heard";
  app->send(Pubrec{.packet_id = id_of(1)});
  commit();
  EXPECT_THAT(app->said(), ElementsAre(released));
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), released));
  app->send(Pubcomp{.packet_id = id_of(1)});
  home.settle();
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), released));
  app->send(Pubcomp{.packet_id = id_of(1)});
  commit();
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present")));
}

TEST_F(KeptSessions, AMessageOfQos2LeavesWhenTheLogHasItsPacketId) {
  join_app();
  subscribe(Qos::kExactlyOnce);
  app.reset();
  report(1);
  app = std::make_unique<Peer>(home, *server, Version::k5, home.client_loop);
  Connect connect{.clean_start = false, .client_id = "phone"};
  connect.properties.add(PropertyId::kSessionExpiryS, 3600U);
  app->join_app("anna", connect);
  home.settle();
  EXPECT_THAT(app->said(), ElementsAre(HasSubstr("present")));
  commit();
  EXPECT_THAT(app->said(), ElementsAre(message("q2", 1)));
}

TEST_F(KeptSessions, QosOneBehindQosTwoKeepsItsPlace) {
  join_app();
  subscribe(Qos::kExactlyOnce);
  app.reset();
  report(1);
  device->send(Publish{.qos = Qos::kAtLeastOnce,
                       .topic = kTopic,
                       .packet_id = 2,
                       .payload = R"({"params":{"x":2}})"});
  EXPECT_THAT(heard(*device), ElementsAre("PUBACK 2 success"));
  report(3);
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q2", 1), message("q1", 2),
                                      message("q2", 3)));
}

TEST_F(KeptSessions, EndedSessionsAreRemoved) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  app.reset();
  report(1);
  EXPECT_THAT(join_app(3600, true), ElementsAre(Not(HasSubstr("present"))));
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"))) << "the new one, without anything";
  app.reset();
  join_app(0, true);
  kill();
  EXPECT_THAT(join_app(), ElementsAre(Not(HasSubstr("present"))));
}

TEST_F(KeptSessions, SessionsThatAreTakenOverContinue) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  report(1);
  const auto before = std::move(app);
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q1", 1, " dup")));
  report(2);
  EXPECT_THAT(app->said(), ElementsAre(message("q1", 2)));
  kill();
  EXPECT_THAT(join_app(), ElementsAre(HasSubstr("present"), message("q1", 1, " dup"),
                                      message("q1", 2, " dup")));
}

TEST_F(KeptSessions, SessionsOfSeveralClientsShareAMessageInTheLog) {
  join_app();
  subscribe(Qos::kAtLeastOnce);
  auto other = std::make_unique<Peer>(home, *server, Version::k311, home.client_loop);
  other->join_app("anna", {.clean_start = false, .client_id = "tablet"});
  commit();
  other->subscribe({quota()}, Qos::kExactlyOnce);
  commit();
  other.reset();
  app.reset();
  report(1);
  kill();
  EXPECT_THAT(join_app(), Contains(any_message("q1", 1)));
  other = std::make_unique<Peer>(home, *server, Version::k311, home.client_loop);
  other->join_app("anna", {.clean_start = false, .client_id = "tablet"});
  EXPECT_THAT(heard(*other), ElementsAre(HasSubstr("present"), any_message("q2", 1)));
}

// A message that an ending session leaves to another group member belongs to one of the two at any
// time.
TEST_F(KeptSessions, EndedSessionsHandSharedMessagesOnWhereverTheCrashComes) {
  const auto join = [this](std::string_view client_id, bool clean) {
    app.reset();
    app = std::make_unique<Peer>(home, *server, Version::k5, home.client_loop);
    Connect connect{.clean_start = clean, .client_id = client_id};
    connect.properties.add(PropertyId::kSessionExpiryS, 3600U);
    app->join_app("anna", connect);
  };
  const auto become_member = [&](std::string_view client_id) {
    join(client_id, true);
    commit();
    app->subscribe({"$share/g/" + quota()}, Qos::kAtLeastOnce);
    commit();
    app.reset();
  };
  std::size_t records = 1;
  for (std::size_t safe = 0; safe <= records; ++safe) {
    const int n = static_cast<int>(safe) + 1;
    become_member("leaves");
    report(n);
    become_member("stays");
    commit();
    join("leaves", true);  // a clean start, to end the earlier session
    records = log.waiting.size();
    ASSERT_GE(records, 2U);
    std::vector<hub::TestLog::Record> survives = std::exchange(log.waiting, {});
    survives.resize(safe);
    std::ranges::move(survives, std::back_inserter(log.safe));
    kill();
    join("leaves", true);
    commit();
    join("stays", false);
    const Lines lines = heard(*app);
    ASSERT_THAT(lines, ElementsAre(HasSubstr("present"), any_message("q1", n)))
        << safe << " of " << records << " records survived";
    const std::string id = lines[1].substr(lines[1].find(" id") + 3);
    app->send(Puback{.packet_id = static_cast<std::uint16_t>(std::stoi(id))});
    commit();
  }
}

TEST_F(KeptSessions, RetainedMessagesSurviveACrash) {
  device = std::make_unique<Peer>(home, *server, Version::k311, home.client_loop);
  device->join_device(kSn, {.clean_start = true, .client_id = "device"});
  device->send(Publish{.qos = Qos::kAtLeastOnce,
                       .retain = true,
                       .topic = kTopic,
                       .packet_id = 1,
                       .payload = R"({"params":{"x":1}})"});
  commit();
  kill();
  join_app();
  app->subscribe({quota()}, Qos::kAtLeastOnce);
  commit();
  EXPECT_THAT(app->said(), Contains(any_message("q1", 1)));
}

}  // namespace
}  // namespace gridloom::mqtt
