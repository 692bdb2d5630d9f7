// Repeated publications, over connections, sessions and crashes: each report is recorded once, and
// a report that only looks like an earlier one is recorded too.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mqtt/test_crash.h"

namespace gridloom::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::mqtt::Connect;
using wire::mqtt::Publish;
using wire::mqtt::Pubrel;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kTopic = "/device/R331ZEB4ZEAL0528/quota";

class Repetitions : public CrashTest {
 protected:
  Repetitions() {
    home.add_account("anna");
    home.add_device(kSn, "anna");
  }
  ~Repetitions() override {
    peer.reset();
    commit();
  }

  void kill() {
    CrashTest::kill([this] { peer.reset(); });
  }

  enum class Session : std::uint8_t { kKept, kClean };
  void join(Session session) {
    peer.reset();
    commit();
    peer = std::make_unique<Peer>(home, *server, Version::k311, home.client_loop);
    peer->join_device(kSn, {.clean_start = session == Session::kClean, .client_id = "device"});
    commit();
    static_cast<void>(peer->said());
  }
  // The response to a publication once it is on disk.
  Lines publish(std::uint16_t id, std::string_view payload, Qos qos, bool dup) {
    peer->send(
        Publish{.dup = dup, .qos = qos, .topic = kTopic, .packet_id = id, .payload = payload});
    commit();
    return peer->said();
  }
  [[nodiscard]] Lines recorded() const { return log.values_of("x"); }

  std::unique_ptr<Peer> peer;
};

constexpr std::string_view kOn = R"({"params":{"x":1}})";
constexpr std::string_view kOff = R"({"params":{"x":0}})";

struct Case {
  Qos qos;
  bool kept;
};
class AnyRepetition : public Repetitions, public testing::WithParamInterface<Case> {
 protected:
  [[nodiscard]] Session session() const {
    return GetParam().kept ? Session::kKept : Session::kClean;
  }
  [[nodiscard]] std::string answer(std::uint16_t id) const {
    return fmt::format("{} {}", GetParam().qos == Qos::kAtLeastOnce ? "PUBACK" : "PUBREC", id);
  }
};
INSTANTIATE_TEST_SUITE_P(Each, AnyRepetition,
                         testing::Values(Case{Qos::kAtLeastOnce, true},
                                         Case{Qos::kAtLeastOnce, false},
                                         Case{Qos::kExactlyOnce, true},
                                         Case{Qos::kExactlyOnce, false}));

TEST_P(AnyRepetition, IsAnsweredAndRecordedOnceOverALostConnection) {
  join(session());
  publish(1, kOn, GetParam().qos, false);
  home.pass(Millis(std::int64_t{3600} * 1000));
  join(session());
  EXPECT_THAT(publish(1, kOn, GetParam().qos, true), ElementsAre(testing::StartsWith(answer(1))));
  EXPECT_THAT(recorded(), ElementsAre("1"));
}

TEST_P(AnyRepetition, IsRecordedOnceAfterAKill) {
  join(session());
  publish(1, kOn, GetParam().qos, false);
  kill();
  join(session());
  EXPECT_THAT(publish(1, kOn, GetParam().qos, true), ElementsAre(testing::StartsWith(answer(1))));
  kill();
  join(session());
  EXPECT_THAT(publish(1, kOn, GetParam().qos, true), ElementsAre(testing::StartsWith(answer(1))));
  EXPECT_THAT(recorded(), ElementsAre("1"));
}

TEST_P(AnyRepetition, ARepetitionOfALostReportIsRecorded) {
  join(session());
  peer->send(Publish{.qos = GetParam().qos, .topic = kTopic, .packet_id = 1, .payload = kOn});
  home.settle();
  kill();
  EXPECT_THAT(recorded(), IsEmpty());
  join(session());
  EXPECT_THAT(publish(1, kOn, GetParam().qos, true), ElementsAre(testing::StartsWith(answer(1))));
  EXPECT_THAT(recorded(), ElementsAre("1"));
}

// The server was down when the last publication was first sent.
TEST_P(AnyRepetition, ARepeatedStateIsNotTakenForARepetition) {
  join(session());
  publish(1, kOff, GetParam().qos, false);
  publish(2, kOn, GetParam().qos, false);
  kill();
  join(session());
  publish(3, kOff, GetParam().qos, true);
  publish(4, kOff, GetParam().qos, true);
  EXPECT_THAT(recorded(), ElementsAre("0", "1", "0", "0"));
}

TEST_P(AnyRepetition, AReusedPacketIdMeansTheLaterMessage) {
  join(session());
  publish(1, kOff, GetParam().qos, false);
  if (GetParam().qos == Qos::kExactlyOnce) peer->send(Pubrel{.packet_id = 1});
  publish(1, kOn, GetParam().qos, false);
  kill();
  join(session());
  publish(1, kOn, GetParam().qos, true);
  EXPECT_EQ(recorded().back(), "1");
}

TEST_F(Repetitions, ARepetitionBeforeTheSyncIsAcknowledgedAfterIt) {
  join(Session::kKept);
  peer->send(Publish{.qos = Qos::kAtLeastOnce, .topic = kTopic, .packet_id = 1, .payload = kOn});
  home.settle();
  auto again = std::make_unique<Peer>(home, *server, Version::k311, home.client_loop);
  again->join_device(kSn, {.clean_start = true, .client_id = "device"});
  home.settle();
  static_cast<void>(again->said());
  again->send(Publish{
      .dup = true, .qos = Qos::kAtLeastOnce, .topic = kTopic, .packet_id = 1, .payload = kOn});
  home.settle();
  EXPECT_THAT(again->said(), IsEmpty());
  commit();
  EXPECT_THAT(again->said(), ElementsAre("PUBACK 1 success"));
  EXPECT_THAT(recorded(), ElementsAre("1"));
}

// PUBREL shows that the client has its PUBREC: the id is free, even for an equal message.
TEST_F(Repetitions, RepetitionsOfQos2EndWithPubrelAlsoAfterAKill) {
  join(Session::kKept);
  publish(1, kOn, Qos::kExactlyOnce, false);
  peer->send(Pubrel{.packet_id = 1});
  home.settle();
  EXPECT_THAT(peer->said(), IsEmpty()) << "PUBCOMP waits for the disk";
  commit();
  EXPECT_THAT(peer->said(), ElementsAre("PUBCOMP 1 success"));
  kill();
  join(Session::kKept);
  publish(1, kOn, Qos::kExactlyOnce, true);
  EXPECT_THAT(recorded(), ElementsAre("1", "1"));
}

TEST_F(Repetitions, AreRecordedAgainWhereNothingTellsThemApart) {
  join(Session::kClean);
  peer->send(Publish{
      .dup = true, .qos = Qos::kAtLeastOnce, .topic = kTopic, .packet_id = 1, .payload = kOn});
  commit();
  EXPECT_THAT(recorded(), ElementsAre("1"));
}

}  // namespace
}  // namespace gridloom::mqtt
