#include "node/carrier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ownership/test_bus.h"
#include "testing/clock.h"
#include "testing/loop.h"
#include "testing/must.h"

namespace gridloom::node {
namespace {

using cluster::NodeId;
using cluster::TestBus;
using testing::ElementsAre;
using testing::IsEmpty;

// What an endpoint was told.
class Told final : public hub::Peers::Handler {
 public:
  void received(const std::string& from, std::string bytes) override {
    told.push_back(from + ": " + bytes);
  }
  void node_is_there(const std::string& node) override { told.push_back("+" + node); }
  void node_is_away(const std::string& node) override { told.push_back("-" + node); }

  std::vector<std::string> told;
};

const NodeId kPi{.name = "pi", .incarnation = 10};
const NodeId kNas{.name = "nas", .incarnation = 20};

class CarrierTest : public testing::Test {
 protected:
  // Both nodes know these places.
  void place(const Carrier::Places& places) {
    pi_->place(places);
    nas_->place(places);
  }
  // `slot-3` under that revision at the NAS, `door-pi` at the Pi.
  static Carrier::Places with_slot(std::uint64_t revision, const NodeId& owner = kNas) {
    return {{"door-pi", {.node = kPi, .run = 10}}, {"slot-3", {.node = owner, .run = revision}}};
  }
  static std::vector<std::string> taken(Told& ear) { return std::exchange(ear.told, {}); }

  TestClock clock_;
  TestBus bus_{clock_, TestBus::Delivery::kAtOnce};
  TestBus::Member pi_bus_{bus_};
  TestBus::Member nas_bus_{bus_};
  std::unique_ptr<Carrier> pi_ = must(Carrier::start(pi_bus_, kPi));
  std::unique_ptr<Carrier> nas_ = must(Carrier::start(nas_bus_, kNas));
  std::unique_ptr<hub::Peers> door_ = pi_->add(EndpointPart::kRelay, door_name("pi"), 10, nullptr);
  std::unique_ptr<hub::Peers> slot_ =
      nas_->add(EndpointPart::kRelay, slot_name(static_cast<cluster::Slot>(3)), 7, nullptr);
  Told ear_;       // of the door
  Told slot_ear_;  // of the slot
};

TEST_F(CarrierTest, TakesFramesBothWaysBetweenNodes) {
  door_->use(&ear_);
  slot_->use(&slot_ear_);
  place(with_slot(7));
  EXPECT_THAT(taken(ear_), ElementsAre("+slot-3"));
  EXPECT_THAT(taken(slot_ear_), ElementsAre("+door-pi"));
  EXPECT_TRUE(door_->send("slot-3", std::string("a\0b", 3)));
  EXPECT_TRUE(slot_->send("door-pi", "c"));
  EXPECT_THAT(taken(slot_ear_), ElementsAre(std::string("door-pi: a\0b", 12)));
  EXPECT_THAT(taken(ear_), ElementsAre("slot-3: c"));
  EXPECT_EQ(pi_->counts().frames, 1U);
  EXPECT_EQ(pi_->counts().stale, 0U);
}

TEST_F(CarrierTest, TakesFramesWithinANodeWithoutTheBus) {
  const auto own = pi_->add(EndpointPart::kRelay, "slot-3", 8, nullptr);
  own->use(&slot_ear_);
  door_->use(&ear_);
  pi_->place(with_slot(8, kPi));
  pi_bus_.cut();
  EXPECT_TRUE(door_->send("slot-3", "a"));
  EXPECT_TRUE(own->send("door-pi", "b"));
  EXPECT_THAT(taken(slot_ear_), ElementsAre("+door-pi", "door-pi: a"));
  EXPECT_THAT(taken(ear_), ElementsAre("+slot-3", "slot-3: b"));
  EXPECT_EQ(pi_->counts().frames, 0U);
}

TEST_F(CarrierTest, RefusesWhatHasNoPlaceOrNoBus) {
  EXPECT_FALSE(door_->send("slot-3", "a"));
  place(with_slot(7));
  pi_bus_.cut();
  EXPECT_FALSE(door_->send("slot-3", "a"));
}

TEST_F(CarrierTest, JoinsWhatAnEndpointSendsToANodeInATurn) {
  ManualLoop loop;
  const auto slot = nas_->add(EndpointPart::kRelay, "slot-4", 7, &loop);
  const auto door = pi_->add(EndpointPart::kRelay, "door-pi", 10, &loop);
  slot_->use(&slot_ear_);
  slot->use(&slot_ear_);
  Carrier::Places places = with_slot(7);
  places["slot-4"] = places["slot-3"];
  place(places);
  taken(slot_ear_);
  EXPECT_TRUE(door->send("slot-3", "a"));
  EXPECT_TRUE(door->send("slot-4", "b"));
  EXPECT_TRUE(door->send("slot-3", "c"));
  EXPECT_THAT(taken(slot_ear_), IsEmpty()) << "the turn goes on";
  EXPECT_TRUE(loop.run());
  EXPECT_THAT(taken(slot_ear_), ElementsAre("door-pi: a", "door-pi: b", "door-pi: c"));
  EXPECT_EQ(pi_->counts().messages, 1U);
  EXPECT_EQ(pi_->counts().frames, 3U);
  EXPECT_EQ(pi_->counts().bytes, 1U + (3 * 19));
  EXPECT_FALSE(loop.run()) << "nothing is left to send";
}

TEST_F(CarrierTest, CutsWhatItJoinsSoThatServersTakeIt) {
  ManualLoop loop;
  const auto door = pi_->add(EndpointPart::kRelay, "door-pi", 10, &loop);
  slot_->use(&slot_ear_);
  place(with_slot(7));
  taken(slot_ear_);
  const std::string large(std::size_t{200} * 1024, 'x');
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(door->send("slot-3", large));
  loop.run();
  EXPECT_EQ(taken(slot_ear_), std::vector<std::string>(5, "door-pi: " + large));
  EXPECT_EQ(pi_->counts().messages, 5U);
  EXPECT_EQ(pi_->counts().frames, 5U);
}

TEST_F(CarrierTest, SendsWhatAnEndpointHasSaidLast) {
  ManualLoop loop;
  auto door = pi_->add(EndpointPart::kRelay, "door-pi", 10, &loop);
  slot_->use(&slot_ear_);
  place(with_slot(7));
  taken(slot_ear_);
  EXPECT_TRUE(door->send("slot-3", "goodbye"));
  door.reset();
  EXPECT_THAT(taken(slot_ear_), ElementsAre("door-pi: goodbye"));
  loop.run();
  EXPECT_THAT(taken(slot_ear_), IsEmpty());
}

TEST_F(CarrierTest, LeavesOutFramesOfARunThatHasEnded) {
  door_->use(&ear_);
  pi_->place(with_slot(8));
  nas_->place(with_slot(7));
  EXPECT_THAT(taken(ear_), ElementsAre("+slot-3"));
  EXPECT_TRUE(slot_->send("door-pi", "of an owner that woke up"));
  EXPECT_THAT(taken(ear_), IsEmpty());
  EXPECT_EQ(pi_->counts().stale, 1U);
}

TEST_F(CarrierTest, TellsWhoComesAndGoesInOrder) {
  door_->use(&ear_);
  pi_->place(with_slot(7));
  pi_->place(with_slot(7));
  EXPECT_THAT(taken(ear_), ElementsAre("+slot-3")) << "the second time nothing has changed";
  pi_->place(with_slot(8));
  EXPECT_THAT(taken(ear_), ElementsAre("-slot-3", "+slot-3"));
  pi_->place({});
  EXPECT_THAT(taken(ear_), ElementsAre("-slot-3"));
}

TEST_F(CarrierTest, TellsOneThatComesLateWhoIsThere) {
  pi_->place(with_slot(7));
  door_->use(&ear_);
  EXPECT_THAT(taken(ear_), ElementsAre("+slot-3"));
}

TEST_F(CarrierTest, LinksHubsWithAllAndRelaysWithTheOtherKind) {
  const auto hub = pi_->add(EndpointPart::kHub, "door-pi", 10, nullptr);
  Told hub_ear;
  hub->use(&hub_ear);
  door_->use(&ear_);
  Carrier::Places places = with_slot(7);
  places["door-nas"] = {.node = kNas, .run = 20};
  pi_->place(places);
  EXPECT_THAT(taken(hub_ear), ElementsAre("+door-nas", "+slot-3"));
  EXPECT_THAT(taken(ear_), ElementsAre("+slot-3"));
}

TEST_F(CarrierTest, ReachesOneStartOfANode) {
  slot_->use(&slot_ear_);
  Carrier::Places places = with_slot(7);
  places["slot-3"].node.incarnation = 21;
  pi_->place(places);
  EXPECT_TRUE(door_->send("slot-3", "for another start"));
  EXPECT_THAT(taken(slot_ear_), IsEmpty());
}

TEST_F(CarrierTest, LeavesOutWhatIsNoFrame) {
  door_->use(&ear_);
  place(with_slot(7));
  taken(ear_);
  const std::string good(
      "\x02\x01\x07\x07"
      "door-pi"
      "\x06"
      "slot-3"
      "\x01x",
      20);
  const auto publish = [&](std::string_view frame) {
    must(nas_bus_.publish("gl.node.pi.a", frame));
    return taken(ear_);
  };
  EXPECT_THAT(publish(good), ElementsAre("slot-3: x"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(publish(good.substr(0, size)), IsEmpty()) << size;
  }
  EXPECT_THAT(publish("\x01" + good.substr(1)), IsEmpty()) << "another version";
  EXPECT_THAT(publish("\x02\x02" + good.substr(2)), IsEmpty()) << "another part";
  EXPECT_EQ(pi_->counts().stale, good.size() + 2);
  EXPECT_THAT(publish(good + good.substr(1)), ElementsAre("slot-3: x", "slot-3: x"));
  EXPECT_THAT(publish(good + "\x01\x07"), ElementsAre("slot-3: x"));
  EXPECT_EQ(pi_->counts().stale, good.size() + 3);
}

TEST_F(CarrierTest, TellsNothingToAnEndpointThatIsGone) {
  door_->use(&ear_);
  place(with_slot(7));
  taken(ear_);
  door_->use(nullptr);
  EXPECT_TRUE(slot_->send("door-pi", "a"));
  door_.reset();
  EXPECT_TRUE(slot_->send("door-pi", "b"));
  EXPECT_THAT(taken(ear_), IsEmpty());
}

}  // namespace
}  // namespace gridloom::node
